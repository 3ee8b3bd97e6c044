/* `sim`, `bench` and `soak` from end to end. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(sim, .init = set_up, .fini = tear_down, .timeout = 240);

Test(sim, the_reference_breaks_no_must)
{
    sample_run("sim --runs 100", 0, "reference: 100 sessions from seed 1");
    cr_expect(sample_shell("grep -q 'no MUST broken' out"));
}

Test(sim, a_mutant_is_found_and_its_session_can_be_played_again)
{
    sample_run("sim --policy since-missing --seed 3", 0, "found in session 1, seed 3");
    cr_expect(sample_shell("grep -q 'C-5 must: ' out"));
    cr_expect(sample_printed("gapcheck sim --policy since-missing --seed 3 --runs 1"));
}

Test(sim, a_mutant_of_the_node_stream_is_found_too)
{
    sample_run("sim --policy node-ack-never --out kept", 0, "found in session");
    cr_expect(sample_shell("grep -q '\"dialect\": \"node\"' kept/*.jsonc"));
}

Test(sim, a_mutant_that_hides_is_exit_1)
{
    sample_run("sim --policy dedupe-evicts-newest --runs 3", 1, "not found in 3 sessions");
}

Test(sim, several_mutants_make_a_table)
{
    sample_run("sim --policy resync-twice --policy rows-ignored --runs 200", 0, "2 of 2 found");
}

Test(sim, the_session_that_is_told_is_kept_and_is_a_scenario_like_others)
{
    sample_run("sim --policy resync-never --out kept", 0, "found in session");
    cr_expect(sample_shell("test $(ls kept/*.jsonc | wc -l) = 1"));
    cr_expect(sample_shell("test $(ls kept/*.ndjson | wc -l) = 1"));
    sample_run("lint kept", 0, "");
    sample_run("judge kept/generated-1.ndjson", 1, "C-3");
}

/* All but the time that it took. */
Test(sim, the_number_of_jobs_changes_nothing)
{
    sample_run("sim --runs 150 --json --jobs 1", 0, "");
    cr_expect(sample_shell("grep -v 'duration_ms\\|jobs' out >one"));
    sample_run("sim --runs 150 --json --jobs 3", 0, "");
    cr_expect(sample_shell("grep -v 'duration_ms\\|jobs' out >three && cmp one three"));
    sample_run("sim --policy cursor-highest --json --jobs 3", 0, "");
    cr_expect(sample_shell("grep found_seed out >three"));
    sample_run("sim --policy cursor-highest --json --jobs 1", 0, "");
    cr_expect(sample_shell("grep found_seed out >one && cmp one three"));
    sample_run("sim --policy cursor-highest --jobs 3 --out three.d", 0, "found");
    sample_run("sim --policy cursor-highest --jobs 1 --out one.d", 0, "found");
    cr_expect(sample_shell("diff -r one.d three.d && test -n \"$(ls one.d)\""), "another transcript");
}

Test(sim, the_reference_among_mutants_is_none_that_is_to_be_found)
{
    sample_run("sim --policy reference --policy resync-never --runs 20", 0, "no MUST broken");
    cr_expect(sample_shell("grep -qx '1 of 1 found' out"));
}

Test(sim, a_time_ends_it)
{
    sample_run("sim --time 300ms", 0, "no MUST broken");
}

Test(sim, who_is_told_to_end_tells_what_was_played)
{
    pid_t pid = sample_program_start("", "sim --time 1h");
    sleep(1);
    kill(pid, SIGTERM);
    struct sample_result result = sample_program_wait(pid, sample_seconds());
    cr_expect_eq(result.status, 3);
    cr_expect(sample_printed("sessions from seed 1"));
    cr_expect(sample_printed("  interrupted\n"));
}

Test(sim, bad_usage_is_exit_2_with_the_next_step)
{
    sample_run("sim --policy since-mising", 2, "did you mean `since-missing`?");
    sample_run("sim --time 10", 2, "write 90s, 10m or 2h");
    sample_run("sim --time 99d", 2, "at most 30d");
    sample_run("sim --runs 0", 2, "--runs takes a number from 1");
    sample_run("sim scenarios", 2, "takes no argument");
    sample_run("bench scenarios", 2, "takes no argument");
}

/* ---- bench: that it measures, and not what ---- */

Test(sim, bench_prints_every_figure_with_its_peer)
{
    static const char *const fields[] = {
        "short sessions on one core", "generate the text", "play: the client", "play: the server",
        "judge", "cJSON_ParseWithLength", "uthash", "plain TCP sender", "memory_peak_kib",
    };
    sample_run("bench --rounds 1 --runs 5 --json", 0, "");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        cr_expect(sample_printed(fields[i]), "no `%s`", fields[i]);
    }
    cr_expect_not(sample_shell("grep -q '\"median\":[^0-9]*0,' out"), "nothing was measured");
    sample_run("bench --rounds 1 --runs 5", 0, "× of plain TCP sender of the same bytes");
}

/* ---- soak ---- */

#define SHORT_GAP                                                                                  \
    "{ \"title\": \"A short gap\", \"rules\": [\"C-3\"],\n"                                        \
    "  \"steps\": [ { \"accept\": {} }, { \"publish\": { \"count\": 5 } }, { \"settle\": {} },\n"  \
    "    { \"drop\": { \"how\": \"reset\" } }, { \"publish\": { \"count\": 7 } },\n"               \
    "    { \"accept\": {} }, { \"settle\": {} } ] }\n"

/* A good client but for its third start. */
#define FLAKY                                                                                      \
    "#!/bin/sh\n"                                                                                  \
    "echo x >>starts\n"                                                                            \
    "[ $(wc -l <starts) = 3 ] && policy='--policy resync-never'\n"                                 \
    "exec '" GAPCHECK_BINARY "' reference-client $policy\n"

Test(sim, soak_keeps_both_transcripts_of_what_changes_and_nothing_else)
{
    sample_folder_write("scenarios/steady.jsonc", SAMPLE_SCENARIO);
    sample_folder_write("scenarios/gap.jsonc", SHORT_GAP);
    sample_folder_write("client.sh", FLAKY);
    sample_run("soak --rounds 4 --out r --client 'sh client.sh'", 3,
               "gap: fail in round 3, pass before");
    cr_expect(sample_shell("test -s r/transcripts/gap.ndjson"));
    cr_expect(sample_shell("test -s r/round-3/transcripts/gap.ndjson"));
    cr_expect(sample_shell("test ! -e r/round-3/transcripts/steady.ndjson"));
    cr_expect(sample_shell("test ! -e r/round-2 -a ! -e r/round-4"));
    cr_expect(sample_shell("grep -q 'round-3/transcripts/gap.ndjson' r/results.json"));
    cr_expect(sample_shell("grep -c '^round ' out | grep -qx 4"));
}

Test(sim, soak_without_a_change_is_a_run_like_others)
{
    sample_folder_write("scenarios/steady.jsonc", SAMPLE_SCENARIO);
    sample_run("soak --rounds 2 --out r", 0, "1 scenario: 1 pass");
    cr_expect(sample_shell("grep -q '0 changed; .* MiB, .* descriptors' out"));
}
