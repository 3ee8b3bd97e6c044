#include "report/run_merge.h"

#include "report/sample_run.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* Part `index` of `count`, with no scenario yet. */
static struct run_part part_of(const char *name, size_t index, size_t count)
{
    struct run_part part = {name, sample_run_empty()};
    part.run.shard_index = index;
    part.run.shard_count = count;
    return part;
}

static void expect_exit(const struct run_merge *merge, enum run_exit exit)
{
    cr_expect_eq(merge->run.exit, exit, "%d", merge->run.exit);
    cr_expect_eq(run_exit_code(&merge->run), exit);
}

Test(run_merge, all_parts_make_one_run_in_the_order_of_the_files)
{
    struct run_part parts[] = {part_of("a", 2, 3), part_of("b", 1, 3), part_of("c", 3, 3)};
    struct run_merge merge;
    struct error error;
    sample_add(&parts[0].run, "z/last", VERDICT_PASS);
    sample_add(&parts[0].run, "b/second", VERDICT_FAIL);
    sample_add(&parts[1].run, "c/third", VERDICT_PASS);
    sample_add(&parts[1].run, "a/first", VERDICT_WARN);
    parts[1].run.started_ms -= 1000; /* and so it ends 1 s before the others */
    cr_assert(run_merge(parts, 3, &merge, &error), "%s", error.message);
    static const char *const names[] = {"a/first", "b/second", "c/third", "z/last"};
    static const size_t part_indexes[] = {1, 0, 1, 0};
    cr_assert_eq(merge.run.scenario_count, 4);
    for (size_t i = 0; i < 4; i++) {
        cr_expect_str_eq(merge.run.scenarios[i].name, names[i]);
        cr_expect_eq(merge.part_indexes[i], part_indexes[i]);
    }
    cr_expect_eq(merge.run.duration_ms, 5211);
    cr_expect_eq(merge.run.shard_count, 1);
    cr_expect_eq(merge.missing_count, 0);
    expect_exit(&merge, RUN_EXIT_BROKEN);
    run_merge_free(&merge);
}

Test(run_merge, a_missing_shard_is_named_and_inconclusive)
{
    struct run_part parts[] = {part_of("a", 1, 4), part_of("b", 3, 4)};
    struct run_merge merge;
    struct error error;
    sample_add(&parts[0].run, "a", VERDICT_FAIL);
    sample_add(&parts[1].run, "b", VERDICT_PASS);
    cr_assert(run_merge(parts, 2, &merge, &error));
    cr_assert_eq(merge.missing_count, 2);
    cr_expect_eq(merge.missing[0], 2);
    cr_expect_eq(merge.missing[1], 4);
    expect_exit(&merge, RUN_EXIT_INCONCLUSIVE);
    run_merge_free(&merge);
}

/* The order 2, 3, 1, 4 of the exits, of all parts together. */
Test(run_merge, the_exit_is_that_of_the_whole)
{
    static const struct {
        const char *what;
        enum verdict first, second;
        size_t fixed_count;
        bool is_inconclusive, is_interrupted;
        enum run_exit exit;
    } cases[] = {
        {"both pass", VERDICT_PASS, VERDICT_PASS, 0, false, false, RUN_EXIT_EXPECTED},
        {"one fails", VERDICT_PASS, VERDICT_FAIL, 0, false, false, RUN_EXIT_BROKEN},
        {"one was fixed", VERDICT_PASS, VERDICT_PASS, 1, false, false, RUN_EXIT_FIXED},
        {"1 before 4", VERDICT_PASS, VERDICT_FAIL, 1, false, false, RUN_EXIT_BROKEN},
        {"3 before 1", VERDICT_CLIENT_ERROR, VERDICT_FAIL, 0, false, false,
         RUN_EXIT_INCONCLUSIVE},
        {"3 of one part", VERDICT_PASS, VERDICT_FAIL, 0, true, false, RUN_EXIT_INCONCLUSIVE},
        {"interrupted", VERDICT_PASS, VERDICT_PASS, 0, false, true, RUN_EXIT_INCONCLUSIVE},
        {"a part where all was skipped", VERDICT_PASS, VERDICT_SKIP, 0, false, false,
         RUN_EXIT_EXPECTED},
        {"all was skipped", VERDICT_SKIP, VERDICT_SKIP, 0, false, false, RUN_EXIT_INCONCLUSIVE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct run_part parts[] = {part_of("a", 1, 2), part_of("b", 2, 2)};
        struct run_merge merge;
        struct error error;
        sample_add(&parts[0].run, "a", cases[i].first);
        sample_add(&parts[1].run, "b", cases[i].second);
        for (size_t j = 0; j < 2 && cases[i].fixed_count > 0; j++) { /* both say the same */
            parts[j].run.fixed = memory_alloc(1, sizeof(char *));
            parts[j].run.fixed[parts[j].run.fixed_count++] = sample_copy("expired");
        }
        parts[1].run.is_inconclusive = cases[i].is_inconclusive;
        parts[0].run.is_interrupted = cases[i].is_interrupted;
        cr_assert(run_merge(parts, 2, &merge, &error));
        cr_expect_eq(merge.run.exit, cases[i].exit, "%s: %d", cases[i].what, merge.run.exit);
        cr_expect_eq(merge.run.fixed_count, cases[i].fixed_count);
        run_merge_free(&merge);
    }
}

Test(run_merge, empty_shards_are_no_empty_run)
{
    struct run_part parts[] = {part_of("a", 1, 2), part_of("b", 2, 2)};
    struct run_merge merge;
    struct error error;
    cr_assert(run_merge(parts, 2, &merge, &error));
    expect_exit(&merge, RUN_EXIT_INCONCLUSIVE); /* all of them together are */
    run_merge_free(&merge);
    struct run_part again[] = {part_of("a", 1, 2), part_of("b", 2, 2)};
    sample_add(&again[1].run, "a", VERDICT_PASS);
    cr_assert(run_merge(again, 2, &merge, &error));
    expect_exit(&merge, RUN_EXIT_EXPECTED);
    run_merge_free(&merge);
}

Test(run_merge, a_scenario_of_two_parts_counts_as_played_twice)
{
    struct run_part parts[] = {part_of("a", 1, 1), part_of("b", 1, 1), part_of("c", 1, 1)};
    struct run_merge merge;
    struct error error;
    sample_add(&parts[0].run, "same", VERDICT_FAIL);
    sample_add(&parts[1].run, "same", VERDICT_FAIL);
    sample_add(&parts[2].run, "same", VERDICT_FAIL);
    sample_add(&parts[2].run, "other", VERDICT_PASS);
    cr_assert(run_merge(parts, 3, &merge, &error));
    cr_expect_eq(merge.run.scenario_count, 2);
    cr_expect_eq(merge.twice_count, 1);
    cr_expect_eq(merge.run.scenarios[1].play_counts[VERDICT_FAIL], 3);
    expect_exit(&merge, RUN_EXIT_BROKEN);
    run_merge_free(&merge);
    struct run_part differing[] = {part_of("a", 1, 1), part_of("b", 1, 1)};
    sample_add(&differing[0].run, "same", VERDICT_PASS);
    sample_add_finding(sample_add(&differing[1].run, "same", VERDICT_FAIL), RULE_C7,
                       RULE_LEVEL_MUST, "lost", NULL);
    cr_assert(run_merge(differing, 2, &merge, &error));
    cr_expect_eq(merge.run.scenarios[0].judgement->verdict, VERDICT_FAIL);
    cr_expect_eq(merge.part_indexes[0], 1);
    expect_exit(&merge, RUN_EXIT_INCONCLUSIVE); /* nobody knows which is right */
    run_merge_free(&merge);
}

static void change_version(struct run *run)
{
    run->client_version[0] = '9';
}

static void change_command(struct run *run)
{
    run->client_command[0] = 'R';
}

static void change_seed(struct run *run)
{
    run->seed = 7;
}

static void change_strict(struct run *run)
{
    run->is_strict = true;
}

static void change_shards(struct run *run)
{
    run->shard_count = 3;
}

Test(run_merge, other_runs_are_refused)
{
    static const struct {
        void (*change)(struct run *run);
        const char *message;
    } cases[] = {
        {change_version, "the client is @relaycast/sdk 6.0.2 in a, but @relaycast/sdk 9.0.2 in b"},
        {change_command, "--client is relaycast@6.0.2 in a, but Relaycast@6.0.2 in b"},
        {change_seed, "--seed is 1 in a, but 7 in b"},
        {change_strict, "--strict is not given in a, but given in b"},
        {change_shards, "the number of shards is 2 in a, but 3 in b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct run_part parts[] = {part_of("a", 1, 2), part_of("b", 2, 2)};
        struct run_merge merge;
        struct error error = {0};
        sample_add(&parts[1].run, "b", VERDICT_FAIL);
        cases[i].change(&parts[1].run);
        cr_expect_not(run_merge(parts, 2, &merge, &error));
        cr_expect_str_eq(error.message, cases[i].message);
        run_merge_free(&merge);
    }
}

/* Its version is not known, which is no other version. */
Test(run_merge, a_part_whose_driver_never_said_hello_is_no_other_client)
{
    struct run_part parts[] = {part_of("a", 1, 2), part_of("b", 2, 2)};
    struct run_merge merge;
    struct error error;
    parts[0].run.client_version[0] = '\0';
    free(parts[0].run.client_name);
    parts[0].run.client_name = sample_copy(parts[0].run.client_command);
    sample_add(&parts[0].run, "a", VERDICT_CLIENT_ERROR);
    sample_add(&parts[1].run, "b", VERDICT_PASS);
    cr_assert(run_merge(parts, 2, &merge, &error), "%s", error.message);
    cr_expect_str_eq(merge.run.client_version, "6.0.2");
    expect_exit(&merge, RUN_EXIT_INCONCLUSIVE);
    run_merge_free(&merge);
}
