/* gapcheck report --merge from end to end: what shards left becomes one report. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#define NEVER_RESYNCS "--client '" GAPCHECK_BINARY " reference-client --policy resync-never'"
#define SCENARIO_COUNT 8

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
    for (int i = 0; i < SCENARIO_COUNT; i++) {
        char name[40];
        snprintf(name, sizeof name, "s/%d", i);
        sample_scenario_write(name, i % 2 ? SAMPLE_GOOD : SAMPLE_RECONNECTS, "general");
    }
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(report_merge, .init = set_up, .fini = tear_down, .timeout = 120);

static void run_shards(int count, const char *options)
{
    for (int i = 1; i <= count; i++) {
        char arguments[600];
        snprintf(arguments, sizeof arguments, "run --shard %d/%d --out part-%d %s", i, count, i,
                 options);
        sample_program_wait(sample_program_start("", arguments), sample_seconds());
        cr_expect_not(sample_shell("grep -E 'Sanitizer|runtime error' err >&2"));
    }
}

Test(report_merge, shards_come_to_what_one_machine_comes_to)
{
    run_shards(3, NEVER_RESYNCS);
    sample_run("report --merge part-1 part-2 part-3 --out whole", 1, "8 scenarios: 4 pass, 4 fail");
    sample_run("run --out alone " NEVER_RESYNCS, 1, "8 scenarios: 4 pass, 4 fail");
    cJSON *whole = sample_results("whole"), *alone = sample_results("alone");
    cr_assert(whole && alone);
    for (int i = 0; i < SCENARIO_COUNT; i++) {
        char name[40], command[200];
        snprintf(name, sizeof name, "s/%d", i);
        cr_expect_str_eq(sample_verdict(whole, name), i % 2 ? "pass" : "fail");
        cr_expect_str_eq(sample_verdict(whole, name), sample_verdict(alone, name));
        snprintf(command, sizeof command, "cmp whole/transcripts/%s.ndjson "
                 "part-*/transcripts/%s.ndjson", name, name);
        cr_expect(sample_shell(command), "%s", name);
    }
    cr_expect(sample_shell("cd whole && test -s junit.xml -a -s summary.md -a -s index.html"));
    cr_expect(sample_shell("test $(grep -c '^==> part-[123]/client.log <==$' whole/client.log)"
                           " = 3"));
    cr_expect(sample_shell("! ls -R whole | grep tmp"));
    cJSON_Delete(whole);
    cJSON_Delete(alone);
}

Test(report_merge, a_merged_transcript_can_be_judged_again)
{
    run_shards(2, NEVER_RESYNCS);
    sample_run("report --merge part-1 part-2 --out whole", 1, "4 fail");
    sample_run("judge whole/transcripts/s/0.ndjson", 1, "C-3");
}

Test(report_merge, what_is_missing_or_damaged_is_told_and_exit_3)
{
    run_shards(3, "");
    sample_run("report --merge part-1 part-3 --out r", 3, "the shard 2/3 is missing");
    sample_run("report --merge part-1 nowhere part-3 --out r", 3,
               "cannot open nowhere/results.json");
    cr_assert(sample_shell("head -c 500 part-2/results.json >cut && mv cut part-2/results.json"));
    sample_run("report --merge part-1 part-2 part-3 --out r", 3, "part-2/results.json:");
    cr_expect(sample_printed("the shard 2/3 is missing"));
    cJSON *results = sample_results("r"); /* the rest is there all the same */
    cr_expect_eq(cJSON_GetObjectItem(results, "exit")->valueint, 3);
    cr_expect_gt(cJSON_GetArraySize(cJSON_GetObjectItem(results, "scenarios")), 0);
    cJSON_Delete(results);
    sample_run("report --merge part-2 --out none", 3, "part-2/results.json:");
    cr_expect_neq(access("none", F_OK), 0);
}

Test(report_merge, transcripts_that_are_gone_are_left_out)
{
    run_shards(2, NEVER_RESYNCS);
    /* A link is no file of the report: it may point anywhere. */
    cr_assert(sample_shell("rm part-*/transcripts/s/0.ndjson part-*/transcripts/s/1.ndjson &&"
                           "for p in part-*; do ln -s /etc/passwd $p/transcripts/s/1.ndjson;"
                           "done"));
    sample_run("report --merge part-1 part-2 --out r", 1,
               "2 transcripts could not be read and are left out");
    cr_expect(sample_shell("! grep -rq root: r"));
    cJSON *results = sample_results("r");
    cr_expect(cJSON_IsNull(cJSON_GetObjectItem(sample_scenario(results, "s/0"), "transcript")));
    cr_expect(cJSON_IsString(cJSON_GetObjectItem(sample_scenario(results, "s/2"), "transcript")));
    cJSON_Delete(results);
}

Test(report_merge, usage_is_exit_2)
{
    run_shards(2, "");
    cr_assert(sample_shell("mkdir other && sed 's/\"seed\": 1/\"seed\": 7/' part-2/results.json "
                           ">other/results.json"));
    static const char *const cases[][2] = {
        {"report --merge --watch", "has no option `--watch`"},
        {"report --merge", "there are none"},
        {"report --merge part-1 part-1", "part-1 is named twice"},
        {"report --merge part-1 ./part-1/", "part-1/ is named twice"},
        {"report --merge part-1 part-2 --out part-2", "part-2 is merged and cannot be --out"},
        {"report --merge part-1 other --out r", "--seed is 1 in part-1, but 7 in other"},
        {"report --mrege part-1", "did you mean `--merge`?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        sample_run(cases[i][0], 2, cases[i][1]);
    cr_expect_neq(access("r", F_OK), 0);
}

Test(report_merge, an_empty_shard_is_fine_and_part_of_the_whole)
{
    static const char filter[] = "--filter s/1";
    run_shards(3, filter);
    sample_run("report --merge part-1 part-2 part-3 --out r", 0, "1 scenario: 1 pass");
    sample_run("run --shard 1/3 --filter nothing --out r", 3, "none of 8 scenarios");
    sample_run("run --shard 3/1000 --filter s/1 --out e", 0,
               "the shard 3/1000 is empty: the others have 1 scenario");
}

Test(report_merge, a_report_that_cannot_be_written_is_exit_3)
{
    run_shards(2, "");
    sample_folder_write("file", "");
    sample_run("report --merge part-1 part-2 --out file/below", 3, "8 pass");
}
