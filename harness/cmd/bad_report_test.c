/* Report folders that cannot be written, from end to end: the verdicts are printed all the same,
 * the trouble is told with the path, and the exit is 3. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#define NOBODY 65534

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_folder_write("scenarios/gap/one.jsonc", SAMPLE_SCENARIO);
    sample_folder_write("scenarios/gap/two.jsonc", SAMPLE_SCENARIO);
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(bad_report, .init = set_up, .fini = tear_down, .timeout = 60);

static void expect_trouble(const char *arguments, const char *text)
{
    sample_run(arguments, 3, text);
    cr_expect(sample_printed("2 scenarios: 2 pass"), "the verdicts are not printed: %s", arguments);
    cr_expect(sample_shell("test -z \"$(find . -name '*.tmp')\""), "left half: %s", arguments);
}

Test(bad_report, a_path_that_cannot_be_is_told)
{
    sample_folder_write("file", "");
    cr_assert_eq(symlink("nowhere/at-all", "dangling"), 0);
    expect_trouble("run --out file", "file");
    expect_trouble("run --out file/below/it", "cannot make the folder file");
    expect_trouble("run --out /proc/gapcheck", "/proc/gapcheck");
    expect_trouble("run --out dangling", "dangling");
}

Test(bad_report, one_report_that_cannot_be_written_leaves_the_others)
{
    static const struct {
        const char *spoil, *text, *written;
    } cases[] = {
        {"mkdir -p r/results.json", "r/results.json", "r/junit.xml"},
        {"mkdir -p r/junit.xml", "r/junit.xml", "r/results.json"},
        {"mkdir -p r/summary.md/x", "r/summary.md", "r/results.json"},
        {"mkdir -p r && touch r/transcripts", "r/transcripts", "r/results.json"},
        {"mkdir -p r/client.log", "r/client.log", "r/results.json"},
        {"mkdir -p r/transcripts/gap/one.ndjson", "r/transcripts/gap/one.ndjson",
         "r/transcripts/gap/two.ndjson"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(sample_shell("rm -rf r"));
        cr_assert(sample_shell(cases[i].spoil));
        expect_trouble("run --out r", cases[i].text);
        cr_expect_eq(access(cases[i].written, F_OK), 0, "no %s after %s", cases[i].written,
                     cases[i].spoil);
    }
}

/* results.json comes last, and so knows of it. */
Test(bad_report, results_json_holds_the_exit_that_came_of_it)
{
    cr_assert(sample_shell("mkdir -p r/junit.xml"));
    expect_trouble("run --out r", "r/junit.xml");
    cJSON *results = sample_results("r");
    cr_expect_eq(cJSON_GetObjectItemCaseSensitive(results, "exit")->valueint, 3);
    cJSON_Delete(results);
}

Test(bad_report, a_folder_without_the_right_to_write_is_told)
{
    cr_assert(sample_shell("mkdir -p closed/r reports/out && touch out err && chmod 777 . out err "
                           "&& chmod 555 closed closed/r reports reports/out"));
    sample_user = NOBODY;
    if (sample_program_wait(sample_program_start("", "--version"), 0).status != 0)
        cr_skip("others may not run the binary");
    expect_trouble("run --out closed/r", "closed/r");
    expect_trouble("run --out closed/new", "cannot make the folder closed/new: Permission denied");
    expect_trouble("run", "reports/out");
}

Test(bad_report, a_full_standard_output_is_told_by_the_exit)
{
    int status = system("'" GAPCHECK_BINARY "' run --out r >/dev/full 2>err </dev/null");
    cr_expect_eq(WEXITSTATUS(status), 3);
    cr_expect_not(sample_shell("grep -E 'Sanitizer|runtime error' err >&2"));
    cr_expect(sample_shell("test -s r/results.json"));
}
