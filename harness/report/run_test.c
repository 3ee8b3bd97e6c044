#include "report/run.h"

#include "report/sample_run.h"

#include <criterion/criterion.h>
#include <stdlib.h>

struct exit_case {
    const char *what;
    enum verdict verdicts[4];
    size_t count;
    bool is_strict, is_interrupted, is_inconclusive, is_known;
    size_t fixed_count;
    enum run_exit exit;
};

static const struct exit_case exit_cases[] = {
    {"all pass", {VERDICT_PASS, VERDICT_PASS}, 2, .exit = RUN_EXIT_EXPECTED},
    {"a skip beside a pass", {VERDICT_PASS, VERDICT_SKIP}, 2, .exit = RUN_EXIT_EXPECTED},
    {"a warning", {VERDICT_WARN}, 1, .exit = RUN_EXIT_EXPECTED},
    {"a warning, strict", {VERDICT_WARN}, 1, .is_strict = true, .exit = RUN_EXIT_BROKEN},
    {"a known warning, strict",
     {VERDICT_WARN}, 1, .is_strict = true, .is_known = true, .exit = RUN_EXIT_EXPECTED},
    {"a failure", {VERDICT_PASS, VERDICT_FAIL}, 2, .exit = RUN_EXIT_BROKEN},
    {"a known failure", {VERDICT_FAIL}, 1, .is_known = true, .exit = RUN_EXIT_EXPECTED},
    {"a fixed failure", {VERDICT_PASS}, 1, .fixed_count = 1, .exit = RUN_EXIT_FIXED},
    {"a failure beside a fixed one",
     {VERDICT_FAIL}, 1, .fixed_count = 1, .exit = RUN_EXIT_BROKEN},
    {"nothing selected", {0}, 0, .exit = RUN_EXIT_INCONCLUSIVE},
    {"all skipped", {VERDICT_SKIP, VERDICT_SKIP}, 2, .exit = RUN_EXIT_INCONCLUSIVE},
    {"a client error", {VERDICT_PASS, VERDICT_CLIENT_ERROR}, 2, .exit = RUN_EXIT_INCONCLUSIVE},
    {"a known client error",
     {VERDICT_CLIENT_ERROR}, 1, .is_known = true, .exit = RUN_EXIT_INCONCLUSIVE},
    {"an error before a failure",
     {VERDICT_FAIL, VERDICT_ERROR}, 2, .exit = RUN_EXIT_INCONCLUSIVE},
    {"an error before a fixed failure",
     {VERDICT_ERROR}, 1, .fixed_count = 1, .exit = RUN_EXIT_INCONCLUSIVE},
    {"interrupted", {VERDICT_PASS}, 1, .is_interrupted = true, .exit = RUN_EXIT_INCONCLUSIVE},
    {"interrupted before a failure",
     {VERDICT_FAIL}, 1, .is_interrupted = true, .exit = RUN_EXIT_INCONCLUSIVE},
    {"a report that could not be written",
     {VERDICT_PASS}, 1, .is_inconclusive = true, .exit = RUN_EXIT_INCONCLUSIVE},
};

Test(run, exit_code_is_that_of_the_design)
{
    for (size_t i = 0; i < sizeof exit_cases / sizeof exit_cases[0]; i++) {
        const struct exit_case *expected = &exit_cases[i];
        struct run run = sample_run_empty();
        for (size_t j = 0; j < expected->count; j++)
            sample_add(&run, "name", expected->verdicts[j])->is_known = expected->is_known;
        run.is_strict = expected->is_strict;
        run.is_interrupted = expected->is_interrupted;
        run.is_inconclusive = expected->is_inconclusive;
        run.fixed_count = expected->fixed_count;
        cr_expect_eq(run_exit_code(&run), expected->exit, "%s: %d", expected->what,
                     run_exit_code(&run));
        run_free(&run);
    }
}

Test(run, the_worst_of_two_exits_is_in_the_order_of_the_design)
{
    static const enum run_exit order[] = {RUN_EXIT_EXPECTED, RUN_EXIT_FIXED, RUN_EXIT_BROKEN,
                                          RUN_EXIT_INCONCLUSIVE, RUN_EXIT_USAGE};
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 5; j++)
            cr_expect_eq(run_exit_worst(order[i], order[j]), order[i > j ? i : j]);
}

Test(run, an_empty_shard_is_as_expected_and_an_empty_run_is_not)
{
    struct run run = sample_run_empty();
    cr_expect_eq(run_exit_code(&run), RUN_EXIT_INCONCLUSIVE);
    run.shard_index = run.shard_count = 1;
    cr_expect_eq(run_exit_code(&run), RUN_EXIT_INCONCLUSIVE);
    run.shard_count = 2;
    cr_expect_eq(run_exit_code(&run), RUN_EXIT_EXPECTED);
    run.unplayed_count = 1; /* it has one, but it was left out */
    cr_expect_eq(run_exit_code(&run), RUN_EXIT_INCONCLUSIVE);
    run.unplayed_count = 0;
    sample_add(&run, "name", VERDICT_SKIP);
    cr_expect_eq(run_exit_code(&run), RUN_EXIT_INCONCLUSIVE);
    run_free(&run);
}

Test(run, verdicts_that_differ_between_plays_are_inconclusive)
{
    struct run run = sample_run_empty();
    struct run_scenario *scenario = sample_add(&run, "name", VERDICT_FAIL);
    scenario->play_counts[VERDICT_FAIL] = 50;
    cr_expect_eq(run_exit_code(&run), RUN_EXIT_BROKEN);
    scenario->play_counts[VERDICT_PASS] = 1;
    cr_expect_eq(run_exit_code(&run), RUN_EXIT_INCONCLUSIVE);
    cr_expect_eq(run_summarize(&run).flaky_count, 1);
    run_free(&run);
}

Test(run, summary_counts_every_verdict_and_known_findings)
{
    struct run run = sample_run();
    bool known[] = {true, false};
    run.scenarios[1].finding_is_known = memory_alloc(2, sizeof known[0]);
    memcpy(run.scenarios[1].finding_is_known, known, sizeof known);
    struct run_summary summary = run_summarize(&run);
    cr_expect_eq(summary.scenario_count, 6);
    for (int i = 0; i < VERDICT_COUNT; i++)
        cr_expect_eq(summary.verdict_counts[i], 1, "%s", verdict_name((enum verdict)i));
    cr_expect_eq(summary.known_count, 1);
    cr_expect_eq(summary.fixed_count, 0);
    run_free(&run);
}

Test(run, reproduce_command_is_one_safe_shell_command)
{
    static const struct {
        struct run_origin origin;
        const char *command;
    } cases[] = {
        {{"resync/short-gap", "scenarios/resync/short-gap.jsonc", "reference", 1, 1},
         "./gapcheck run scenarios/resync/short-gap.jsonc --client reference"},
        {{"a/b[1,x]", "a/b.jsonc", "relaycast@6.0.2", 7, 2.5},
         "./gapcheck run a/b.jsonc --filter 'a/b[1,x]' --client relaycast@6.0.2 --seed 7 "
         "--timeout-scale 2.5"},
        {{"it's", "it's; rm.jsonc", "node \"my driver.mjs\" $HOME", 1, 1},
         "./gapcheck run 'it'\\''s; rm.jsonc' --client 'node \"my driver.mjs\" $HOME'"},
        {{"", "", "", 1, 1}, "./gapcheck run '' --client ''"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *command = run_reproduce_command(&cases[i].origin);
        cr_expect_str_eq(command, cases[i].command);
        free(command);
    }
}

Test(run, transcript_path_never_leaves_its_folder)
{
    static const char *const cases[][2] = {
        {"resync/short-gap", "transcripts/resync/short-gap.ndjson"},
        {"a/b[reset,501]", "transcripts/a/b[reset,501].ndjson"},
        {"../../etc/passwd", "transcripts/_../_../etc/passwd.ndjson"},
        {"/abs", "transcripts/_/abs.ndjson"},
        {"a b\nc:\xC3\xA9", "transcripts/a_b_c___.ndjson"},
        {"", "transcripts/_.ndjson"},
        {".", "transcripts/_..ndjson"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *path = run_transcript_path(cases[i][0]);
        cr_expect_str_eq(path, cases[i][1]);
        free(path);
    }
}
