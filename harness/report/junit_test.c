#include "report/report.h"

#include "report/sample_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *render(const struct run *run)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    report_junit(run, &out);
    return buffer_take_text(&out);
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* xmllint is what reads it here: another implementation than the one that wrote it. */
static void expect_valid(const char *text)
{
    char path[] = "/tmp/gapcheck-junit-XXXXXX";
    int descriptor = mkstemp(path);
    cr_assert_geq(descriptor, 0);
    FILE *file = fdopen(descriptor, "w");
    fputs(text, file);
    fclose(file);
    char command[512];
    snprintf(command, sizeof command,
             "xmllint --noout --nonet --schema '%s/reports/junit.xsd' %s >/dev/null",
             GAPCHECK_SOURCE_DIR, path);
    cr_expect_eq(system(command), 0, "%s", text);
    unlink(path);
}

Test(junit, is_valid_whatever_the_client_wrote)
{
    struct run run = sample_run();
    char *text = render(&run);
    expect_valid(text);
    free(text);
    run_free(&run);
}

Test(junit, a_run_of_nothing_is_valid)
{
    struct run run = sample_run_empty();
    char *text = render(&run);
    expect_valid(text);
    free(text);
    run_free(&run);
}

Test(junit, every_verdict_has_its_element)
{
    struct run run = sample_run();
    char *text = render(&run);
    cr_expect(has(text, "tests=\"6\" failures=\"1\" errors=\"2\" skipped=\"1\""), "%s", text);
    cr_expect(has(text, "<testcase name=\"short-gap\" classname=\"gapcheck.resync\" "
                        "time=\"0.061\"/>"));
    cr_expect(has(text, "<failure message=\"C-5: 200 of 707 events lost: gc-7 … gc-206\" "
                        "type=\"C-5\">"));
    cr_expect(has(text, "cause: their rows were cut off\n"));
    cr_expect(has(text, "reproduce: ./gapcheck run 'scenarios/some file.jsonc'"));
    cr_expect(has(text, "<skipped message=\"`client: throw` needs the capability throw\"/>"));
    cr_expect(has(text, "<error message=\"no port is free\" type=\"error\">"));
    cr_expect(has(text, "type=\"client-error\">"));
    cr_expect(has(text, "<system-out>C-21 (should"));
    cr_expect(has(text, "<testcase name=\"throw\" classname=\"gapcheck\""));
    free(text);
    run_free(&run);
}

Test(junit, a_warning_fails_only_if_strict)
{
    struct run run = sample_run_empty();
    sample_add_finding(sample_add(&run, "reset", VERDICT_WARN), RULE_C21, RULE_LEVEL_SHOULD,
                       "did not notice", NULL);
    char *text = render(&run);
    cr_expect(has(text, "failures=\"0\"") && has(text, "<system-out>C-21"));
    free(text);
    run.is_strict = true;
    text = render(&run);
    cr_expect(has(text, "failures=\"1\"") && has(text, "<failure"));
    expect_valid(text);
    free(text);
    run_free(&run);
}

Test(junit, a_known_failure_is_no_failure)
{
    struct run run = sample_run_empty();
    struct run_scenario *scenario = sample_add(&run, "gap", VERDICT_FAIL);
    sample_add_finding(scenario, RULE_C3, RULE_LEVEL_MUST, "no resync", NULL);
    sample_know(scenario, "it never resyncs <b>");
    char *text = render(&run);
    cr_expect(has(text, "failures=\"0\" errors=\"0\" skipped=\"1\""));
    cr_expect(has(text, "<system-out>C-3"));
    cr_expect(has(text, "<skipped message=\"known: it never resyncs &lt;b&gt;\"/>"), "%s", text);
    expect_valid(text);
    free(text);
    run_free(&run);
}
