#include "report/github.h"

#include "report/sample_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const struct report_github_place nowhere;

static char *render(struct run *run, const struct report_github_place *place)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    report_github(run, place, &out);
    return buffer_take_text(&out);
}

static void expect(struct run *run, const struct report_github_place *place, const char *text)
{
    char *found = render(run, place);
    cr_expect_str_eq(found, text);
    free(found);
    run_free(run);
}

static void set_place(struct run_scenario *scenario, size_t line)
{
    size_t count = scenario->judgement->finding_count;
    free(scenario->finding_places);
    scenario->finding_places = memory_alloc(count, sizeof *scenario->finding_places);
    for (size_t i = 0; i < count; i++)
        scenario->finding_places[i] = (struct run_place){line, 5};
}

static struct run_scenario *add_failure(struct run *run, const char *name, size_t line)
{
    struct run_scenario *scenario = sample_add(run, name, VERDICT_FAIL);
    sample_add_finding(scenario, RULE_C5, RULE_LEVEL_MUST, "2 of 7 events lost: 100% sure",
                       "cut off, by since: 10:00");
    set_place(scenario, line);
    return scenario;
}

Test(github, a_finding_stands_on_the_line_of_its_step)
{
    struct run run = sample_run_empty();
    struct run_scenario *scenario = add_failure(&run, "gap/long", 12);
    free(scenario->path);
    scenario->path = sample_copy("scenarios/gap/long.jsonc");
    expect(&run, &nowhere,
           "::error file=scenarios/gap/long.jsonc,line=12,col=5,"
           "title=C-5 gap/long (relaycast@6.0.2)::"
           "2 of 7 events lost: 100%25 sure%0Acause: cut off, by since: 10:00%0A"
           "again: ./gapcheck run 'scenarios/some file.jsonc' --client reference\n");
}

Test(github, properties_escape_what_would_end_them)
{
    struct run run = sample_run_empty();
    struct run_scenario *scenario = add_failure(&run, "a[x,1]", 3);
    free(scenario->path);
    scenario->path = sample_copy("odd: 5%,::error::/a.jsonc");
    char *text = render(&run, &nowhere);
    cr_expect_not_null(strstr(text, "::error file=odd%3A 5%25%2C%3A%3Aerror%3A%3A/a.jsonc,line=3,"
                                    "col=5,title=C-5 a[x%2C1] (relaycast@6.0.2)::2 of"),
                       "%s", text);
    free(text);
    run_free(&run);
}

/* A line of a client could be a command of its own. */
Test(github, text_of_a_client_never_begins_a_line)
{
    struct run run = sample_run_empty();
    struct run_scenario *scenario = sample_add(&run, "a", VERDICT_FAIL);
    sample_add_finding(scenario, RULE_C5, RULE_LEVEL_MUST, "lost\n::error::me\r::set-env", "\n::x");
    sample_add(&run, "b", VERDICT_CLIENT_ERROR)->judgement->reason =
        sample_copy("dead\n::warning::" SAMPLE_EVIL);
    char *text = render(&run, &nowhere);
    size_t line_count = 0;
    for (const char *line = text; *line; line = strchr(line, '\n') + 1, line_count++)
        cr_expect_eq(strncmp(line, "::error file=", 13), 0, "%s", line);
    cr_expect_eq(line_count, 2, "%s", text);
    cr_expect_null(strpbrk(text, "\r\033\x07"));
    free(text);
    run_free(&run);
}

Test(github, paths_count_from_the_workspace)
{
    static const struct {
        const char *path, *workspace, *folder, *shown;
    } cases[] = {
        {"scenarios/a.jsonc", "/w/repo", "/w/repo", "file=scenarios/a.jsonc,"},
        {"scenarios/a.jsonc", "/w/repo", "/w/repo/sdk", "file=sdk/scenarios/a.jsonc,"},
        {"./a.jsonc", "/w/repo", "/w/repo/sdk", "file=sdk/a.jsonc,"},
        {"/w/repo/x/a.jsonc", "/w/repo", "/elsewhere", "file=x/a.jsonc,"},
        {"/w/repository/a.jsonc", "/w/repo", "/elsewhere", "file=/w/repository/a.jsonc,"},
        {"a.jsonc", "/w/repo", "/elsewhere", "file=a.jsonc,"},
        {"a.jsonc", NULL, NULL, "file=a.jsonc,"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct run run = sample_run_empty();
        struct run_scenario *scenario = add_failure(&run, "a", 3);
        free(scenario->path);
        scenario->path = sample_copy(cases[i].path);
        char *text = render(&run, &(struct report_github_place){cases[i].workspace,
                                                                cases[i].folder});
        cr_expect_not_null(strstr(text, cases[i].shown), "%s: %s", cases[i].shown, text);
        free(text);
        run_free(&run);
    }
}

Test(github, should_warns_strict_errs_and_what_is_known_is_a_notice)
{
    for (int is_strict = 0; is_strict < 2; is_strict++) {
        struct run run = sample_run_empty();
        run.is_strict = is_strict;
        struct run_scenario *scenario = sample_add(&run, "a", VERDICT_WARN);
        sample_add_finding(scenario, RULE_C21, RULE_LEVEL_SHOULD, "did not notice", NULL);
        scenario = add_failure(&run, "b", 3);
        sample_know(scenario, "waits for 7.0");
        char *text = render(&run, &nowhere);
        cr_expect_eq(strncmp(text, is_strict ? "::error " : "::warning ", 8), 0, "%s", text);
        const char *notice = strstr(text, "\n::notice ");
        cr_expect(notice && strstr(notice, "%0Aknown: waits for 7.0%0A"), "%s", text);
        free(text);
        run_free(&run);
    }
}

Test(github, instances_that_fail_at_one_step_share_an_annotation)
{
    struct run run = sample_run_empty();
    add_failure(&run, "a[1]", 12);
    add_failure(&run, "a[2]", 12);
    add_failure(&run, "a[3]", 12);
    add_failure(&run, "a[4]", 13);
    char *text = render(&run, &nowhere);
    cr_expect_not_null(strstr(text, "%0Aand so in 2 more scenarios\n"), "%s", text);
    cr_expect_not_null(strstr(text, "line=13,"));
    cr_expect_null(strstr(text, "a[2]"));
    free(text);
    run_free(&run);
}

/* A driver that does not start: one trouble, not one for each scenario. */
Test(github, one_reason_of_many_scenarios_is_one_annotation_of_no_file)
{
    struct run run = sample_run_empty();
    for (int i = 0; i < 3; i++) {
        struct run_scenario *scenario = sample_add(&run, i ? i > 1 ? "c" : "b" : "a",
                                                   VERDICT_CLIENT_ERROR);
        scenario->judgement->reason = sample_copy("the driver exited with status 1");
        free(scenario->path);
        scenario->path = sample_copy(i ? "b.jsonc" : "a.jsonc");
        free(scenario->reproduce);
        scenario->reproduce = NULL;
    }
    expect(&run, &nowhere,
           "::error title=client-error a (relaycast@6.0.2)::the driver exited with status 1%0A"
           "and so in 2 more scenarios\n");
}

Test(github, never_more_than_github_shows_and_the_rest_is_counted)
{
    struct run run = sample_run_empty();
    for (size_t i = 0; i < 25; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%zu", i);
        add_failure(&run, name, 100 + i);
    }
    char *text = render(&run, &nowhere);
    size_t line_count = 0;
    for (const char *at = text; *at; at++)
        line_count += *at == '\n';
    cr_expect_eq(line_count, REPORT_GITHUB_NOTES_MAX);
    cr_expect_not_null(strstr(text, "::error title=gapcheck::16 more like these"), "%s", text);
    free(text);
    run_free(&run);
}

Test(github, flaky_verdicts_and_a_stale_baseline_are_errors)
{
    struct run run = sample_run_empty();
    struct run_scenario *scenario = sample_add(&run, "a", VERDICT_PASS);
    scenario->play_counts[VERDICT_FAIL] = 1;
    run.fixed = memory_alloc(1, sizeof *run.fixed);
    run.fixed[run.fixed_count++] = sample_copy("C-5 in a no longer happens");
    char *text = render(&run, &nowhere);
    cr_expect_not_null(strstr(text, "title=flaky a (relaycast@6.0.2)::the verdict was not the"));
    cr_expect_not_null(strstr(text, "::error title=baseline (relaycast@6.0.2)::C-5 in a no longer"
                                    " happens\n"), "%s", text);
    free(text);
    run_free(&run);
}

Test(github, what_passes_and_what_is_skipped_says_nothing)
{
    struct run run = sample_run_empty();
    sample_add(&run, "a", VERDICT_PASS);
    sample_add(&run, "b", VERDICT_SKIP)->judgement->reason = sample_copy("needs throw");
    expect(&run, &nowhere, "");
}
