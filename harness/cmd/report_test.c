/* `gapcheck report`: what it takes, what it says of folders that are none, where it writes. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#define FORGETFUL "--client \"'" GAPCHECK_BINARY "' reference-client --policy resync-never\" "

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_folder_write("first.jsonc", SAMPLE_SCENARIO);
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(report, .init = set_up, .fini = tear_down, .timeout = 60);

Test(report, a_run_leaves_its_page_and_report_draws_the_same_again)
{
    sample_run("run first.jsonc --out run", 0, "1 pass");
    cr_assert(sample_shell("mv run/index.html as-run.html"));
    sample_run("report run", 0, "report: run/index.html");
    cr_expect(sample_shell("cmp as-run.html run/index.html >&2"));
    sample_run("report run --out elsewhere", 0, "report: elsewhere/index.html");
    cr_expect(sample_shell("cmp as-run.html elsewhere/index.html >&2"));
}

Test(report, the_page_holds_the_exit_that_the_run_ended_with)
{
    sample_run("run first.jsonc --client 'exit 1' --out run", 3, "client-error");
    cr_expect(sample_shell("grep -q '\"exit\": 3,' run/index.html"));
}

Test(report, two_runs_alike_have_no_difference)
{
    sample_run("run first.jsonc --out a", 0, "1 pass");
    cr_assert(sample_shell("cp -r a b"));
    sample_run("report a b", 0, "nothing has changed between the two runs");
    cr_expect(sample_shell("test -s b/compare.html && test ! -e a/compare.html"));
}

Test(report, a_new_failure_is_exit_1_and_a_mended_one_is_not)
{
    sample_scenario_write("first", SAMPLE_RECONNECTS, "general");
    sample_run("run scenarios/first.jsonc --out good", 0, "1 pass");
    sample_run("run scenarios/first.jsonc --out bad " FORGETFUL, 1, "C-3");
    sample_run("report good bad", 1, "✗ newly failing         first  pass → fail");
    sample_run("report bad good", 0, "1 fixed");
    sample_run("run scenarios/first.jsonc --client 'exit 1' --out dead", 3, "client-error");
    sample_run("report good dead", 3, "? cannot be compared    first  pass → client-err");
    sample_run("report dead good", 0, "1 cannot be compared");
}

Test(report, what_is_no_run_is_told_with_what_to_do)
{
    sample_folder_write("empty/note", "");
    sample_folder_write("damaged/results.json", "{ \"gapcheck\": \"0.1.0\", ");
    sample_folder_write("foreign/results.json", "{ \"format\": 1 }\n");
    sample_folder_write("future/results.json", "{ \"gapcheck\": \"9.0.0\", \"format\": 2 }\n");
    sample_folder_write("mutants/mutants.json", "{}\n");
    static const struct {
        const char *arguments, *text;
    } cases[] = {
        {"report", "takes one folder to draw, or two to compare, not 0"},
        {"report a b c", "not 3"},
        {"report nowhere", "there is no folder nowhere"},
        {"report first.jsonc", "there is no folder first.jsonc"},
        {"report empty", "empty holds no results.json and no mutants.json"},
        {"report damaged", "damaged/results.json:1:"},
        {"report foreign", "foreign/results.json:1:1: error: `client` is missing"},
        {"report future", "use the gapcheck that wrote it, version 9.0.0"},
        {"report mutants", "mutants.json is no kill matrix"},
        {"report mutants empty", "mutants holds no results.json"},
        {"report mutants empty", "empty holds no results.json"}, /* both are told */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        sample_run(cases[i].arguments, 2, cases[i].text);
}

Test(report, a_transcript_that_is_gone_spoils_its_drawing_only)
{
    sample_run("run first.jsonc --out run", 0, "1 pass");
    cr_assert(sample_shell("rm -r run/transcripts"));
    sample_run("report run", 0, "run/index.html");
    cr_expect(sample_shell("grep -q '\"problem\":' run/index.html"));
}

Test(report, a_page_that_cannot_be_written_is_exit_3)
{
    sample_run("run first.jsonc --out run", 0, "1 pass");
    sample_folder_write("file", "");
    sample_run("report run --out file/below", 3, "cannot make the folder file");
}
