/* gapcheck run with several clients, from end to end. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

/* Two releases of one client, the second of which forgot the resync. */
#define OLD "--client ./sdk-1 "
#define NEW "--client ./sdk-2 "

static const char *folder;

static void write_release(const char *path, const char *version, const char *policy)
{
    char text[1000];
    snprintf(text, sizeof text,
             "#!/bin/sh\n'%s' reference-client %s | sed -u 's/\"version\":\"[^\"]*\"/"
             "\"version\":\"%s\"/'\n", GAPCHECK_BINARY, policy, version);
    sample_folder_write(path, text);
    cr_assert_eq(chmod(path, 0755), 0);
}

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_scenario_write("s/gap", SAMPLE_RECONNECTS, "general");
    sample_scenario_write("s/once", SAMPLE_GOOD, "general");
    write_release("sdk-1", "1.0", "");
    write_release("sdk-2", "2.0", "--policy resync-never");
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(run_clients, .init = set_up, .fini = tear_down, .timeout = 120);

Test(run_clients, each_has_an_ordinary_report_and_the_matrix_tells_what_changed)
{
    sample_run("run --out r " OLD NEW, 1, "what did ./sdk-2 change against ./sdk-1?");
    cr_expect(sample_shell("grep -A1 'newly failing:' out | grep -q 's/gap  ✓ → ✗ C-3'"));
    cr_expect(sample_shell("test $(ls r | tr '\\n' ,) = sdk-1,sdk-2,summary.md,"));
    cJSON *old = sample_results("r/sdk-1"), *new = sample_results("r/sdk-2");
    cr_expect_str_eq(sample_verdict(old, "s/gap"), "pass");
    cr_expect_str_eq(sample_verdict(new, "s/gap"), "fail");
    cr_expect_eq(cJSON_GetObjectItem(old, "exit")->valueint, 0);
    cr_expect_eq(cJSON_GetObjectItem(new, "exit")->valueint, 1);
    cr_expect(sample_shell("test -s r/sdk-1/junit.xml -a -s r/sdk-2/transcripts/s/gap.ndjson"));
    cr_expect(sample_shell("grep -q 'newly failing' r/summary.md"));
    cr_expect(sample_shell("grep -q '\"kind\":\"newly failing\",\"name\":\"s/gap\"' "
                           "r/sdk-2/compare.html && test ! -e r/sdk-1/compare.html"));
    cJSON_Delete(old);
    cJSON_Delete(new);
    sample_run("run --out q " NEW OLD, 1, "  fixed:");
    sample_run("run --out q2 --quiet " OLD NEW, 1, "newly failing:");
    cr_expect(sample_shell("test ! -s err && ! grep -q 'without a finding' out"));
}

Test(run_clients, a_baseline_counts_for_the_client_that_it_is_for)
{
    sample_run("run --out r " OLD NEW, 1, "✗ C-3");
    cr_expect(sample_shell("grep -q '^fail s/gap: C-3' err"));
    sample_run("baseline update new.json " NEW, 0, "1 added");
    sample_run("run --out r --baseline new.json " OLD NEW, 0, "✗ C-3 known");
    cr_expect(sample_shell("test ! -s err"), "what is known is told as if it were new");
    sample_run("baseline update old.json " OLD, 0, "0 added");
    sample_run("run --out r --baseline new.json --baseline old.json " OLD NEW, 0, "newly failing:");
    sample_run("run --out r2 --baseline old.json " NEW, 2, "the baseline is for");
    sample_run("run --out r --baseline old.json " NEW "--client reference", 2,
               "old.json is for gapcheck reference client 1.0, which was not played");
    sample_run("run --out r --baseline old.json --baseline new.json " NEW, 2, "old.json is for");
}

Test(run_clients, the_worst_exit_counts)
{
    sample_run("run --out r " NEW "--client false", 3, "client-error");
    cr_expect(sample_printed("false  2 scenarios: 2 client-error"));
    sample_run("run --out r2 " OLD "--client reference", 0, "nothing: each scenario");
}

Test(run_clients, folders_of_one_name_are_told_apart_and_the_same_in_the_next_run)
{
    for (int i = 0; i < 2; i++)
        sample_run("run --out r --client ./sdk-1 --client sdk-1 --client '. ./sdk-1'",
                   0, "report: r");
    cr_expect(sample_shell("test \"$(ls r | tr '\\n' ,)\" = sdk-1,sdk-1-2,sdk-1-3,summary.md,"));
}

Test(run_clients, usage_is_exit_2_before_anything_is_played)
{
    static const char *const cases[][2] = {
        {"run --out r " OLD OLD, "--client ./sdk-1 is given twice"},
        {"run --out r " OLD "--client refrence", "did you mean `reference`?"},
        {"run --out r --baseline x --baseline x", "--baseline x is given twice"},
        {"run --out r --baseline nowhere " OLD NEW, "cannot open nowhere"},
        {"doctor " OLD NEW, "`gapcheck doctor` takes one --client, not 2"},
        {"baseline check x " OLD NEW, "`gapcheck baseline` takes one --client, not 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        sample_run(cases[i][0], 2, cases[i][1]);
    cr_expect_neq(access("r", F_OK), 0);
}

Test(run_clients, a_report_that_cannot_be_written_is_exit_3)
{
    sample_folder_write("file", "");
    sample_run("run --out file/below " OLD NEW, 3, "newly failing:");
    sample_run("run --out r " OLD "--client reference", 0, "report: r");
    cr_assert(sample_shell("rm -rf r/summary.md && mkdir r/summary.md"));
    sample_run("run --out r " OLD "--client reference", 3, "cannot write");
}
