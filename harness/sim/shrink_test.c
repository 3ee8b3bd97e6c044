#include "sim/shrink.h"

#include "core/client_policy.h"
#include "core/failure.h"
#include "core/judge.h"
#include "core/scenario_print.h"
#include "sim/generator.h"
#include "sim/shrink_faults.h"
#include "sim/world.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* A mutant in memory, and the failure that is followed. */
struct oracle {
    struct client_policy policy;
    struct failure failure;
    size_t batch_max;     /* the largest that was asked for */
    size_t refused_after; /* calls; 0: never */
    size_t call_count;
};

static struct judgement *play(const struct oracle *oracle, const struct scenario *scenario)
{
    struct transcript *transcript = sim_play(scenario, &oracle->policy, 1);
    struct judgement *judgement = judge_transcript(transcript, scenario);
    transcript_free(transcript);
    return judgement;
}

static bool ask(void *user, const struct scenario *const *candidates, size_t count, int *grades)
{
    struct oracle *oracle = user;
    oracle->call_count++;
    oracle->batch_max = count > oracle->batch_max ? count : oracle->batch_max;
    if (oracle->refused_after && oracle->call_count > oracle->refused_after)
        return false;
    for (size_t i = 0; i < count; i++) {
        cr_assert(shrink_suits_reference(candidates[i]), "%s", candidates[i]->text);
        struct judgement *judgement = play(oracle, candidates[i]);
        grades[i] = failure_grade(&oracle->failure, judgement);
        judgement_free(judgement);
    }
    return true;
}

static struct scenario *load_text(const char *text)
{
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    cr_assert(scenario_load(text, strlen(text), "a.jsonc", "a", &set, &errors), "%s:\n%s",
              errors.count ? errors.items[0].message : "", text);
    struct scenario *scenario = set.items[0];
    free(set.items);
    error_list_free(&errors);
    return scenario;
}

static void begin(struct oracle *oracle, const char *policy)
{
    *oracle = (struct oracle){0};
    cr_assert(client_policy_find(policy, &oracle->policy), "%s", policy);
}

/* Follows the first finding of that rule; its grade, or 0 if there is none. */
static int follow(struct oracle *oracle, const struct scenario *scenario, enum rule rule)
{
    int grade = 0;
    struct judgement *judgement = play(oracle, scenario);
    for (size_t i = 0; i < judgement->finding_count && grade == 0; i++) {
        if (judgement->findings[i].rule != rule)
            continue;
        failure_of(&judgement->findings[i], &oracle->failure);
        grade = failure_grade(&oracle->failure, judgement);
    }
    judgement_free(judgement);
    return grade;
}

/* The first generated scenario of at least so many steps in which the mutant breaks the rule. */
static struct scenario *find_failure(struct oracle *oracle, enum rule rule, size_t step_count,
                                     int *grade)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    struct scenario *found = NULL;
    for (uint64_t seed = 1; !found && seed < 5000; seed++) {
        struct generator_config config = {
            .length = GENERATOR_SHORT, .capabilities = sim_capabilities(), .seed = seed};
        struct choices choices;
        choices_init_seed(&choices, seed);
        struct scenario *scenario = generator_load(&choices, &config, &text);
        *grade = scenario->step_count >= step_count && shrink_suits_reference(scenario)
                     ? follow(oracle, scenario, rule)
                     : 0;
        if (*grade > 0)
            found = scenario;
        else
            scenario_free(scenario);
    }
    buffer_free(&text);
    cr_assert_not_null(found);
    return found;
}

static const struct shrink_limits limits = {.batch_count = 64, .asked_max = 5000};

static struct shrink_result shrink_with(struct oracle *oracle, const struct scenario *scenario,
                                        int grade, const struct shrink_limits *with)
{
    struct shrink_oracle asked = {.user = oracle, .ask = ask};
    struct shrink_result result;
    shrink(scenario, oracle->failure.rule, grade, &asked, with, &result);
    cr_assert_not_null(result.scenario);
    return result;
}

static char *print(const struct scenario *scenario)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    scenario_print(scenario, NULL, &text);
    return buffer_take_text(&text);
}

static void check_mutant(const char *policy, enum rule rule, size_t step_count)
{
    struct oracle oracle;
    int grade;
    begin(&oracle, policy);
    struct scenario *scenario = find_failure(&oracle, rule, step_count, &grade);
    struct shrink_result result = shrink_with(&oracle, scenario, grade, &limits);
    struct judgement *judgement = play(&oracle, result.scenario);
    char *text = print(result.scenario);
    cr_log_info("%s: %zu steps to %zu, %zu asked in %zu calls\n%s", policy, scenario->step_count,
                result.scenario->step_count, result.asked_count, result.call_count, text);
    cr_expect_leq(result.scenario->step_count, 10, "%s: %s", policy, text);
    cr_expect_geq((int)failure_grade(&oracle.failure, judgement), grade, "%s: %s", policy, text);
    cr_expect_eq(result.end, SHRINK_END_SMALLEST, "%s", policy);
    cr_expect_leq(oracle.batch_max, limits.batch_count);
    free(text);
    judgement_free(judgement);
    failure_free(&oracle.failure);
    scenario_free(result.scenario);
    scenario_free(scenario);
}

Test(shrink, long_sessions_come_down_to_ten_steps_and_keep_their_rule)
{
    check_mutant("resync-never", RULE_C3, 40);
    check_mutant("since-unbiased", RULE_C5, 30);
    check_mutant("cursor-latest", RULE_C19, 20);
    check_mutant("cursor-control-frames", RULE_C4, 20);
    check_mutant("dedupe-by-id", RULE_C15, 20);
    check_mutant("idless-row-repeated", RULE_C20, 20);
    check_mutant("throw-ends-later-handlers", RULE_C25, 20);
    check_mutant("stop-reconnects", RULE_C28, 20);
    check_mutant("node-ack-over-holes", RULE_C4, 20);
    check_mutant("node-register-refusal-unseen", RULE_C6, 20);
}

Test(shrink, the_same_failure_gives_the_same_file)
{
    struct oracle oracle;
    char *texts[2];
    for (size_t i = 0; i < 2; i++) {
        int grade;
        begin(&oracle, "rows-ignored");
        struct scenario *scenario = find_failure(&oracle, RULE_C8, 20, &grade);
        struct shrink_result result = shrink_with(&oracle, scenario, grade, &limits);
        texts[i] = print(result.scenario);
        failure_free(&oracle.failure);
        scenario_free(result.scenario);
        scenario_free(scenario);
    }
    cr_expect_str_eq(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
}

#define HAND_WRITTEN                                                                               \
    "{ \"title\": \"t\", \"rules\": [\"C-3\"], \"tags\": [\"a\"], \"timeout_ms\": 9000,"           \
    "  \"server\": { \"ring\": 7, \"clock\": { \"skew_ms\": -5000, \"freeze\": true } },"          \
    "  \"client\": { \"channels\": [\"b\"], \"reconnect_base_ms\": 30 },"                          \
    "  \"steps\": [ { \"accept\": {} }, { \"publish\": { \"count\": 6, \"as\": \"x\" } },"         \
    "    { \"repeat\": { \"times\": 3, \"steps\": [ { \"send\": { \"again\": \"x\" } },"           \
    "      { \"settle\": { \"timeout_ms\": 9000 } }, { \"drop\": { \"how\": \"fin\" } },"          \
    "      { \"publish\": { \"count\": 2, \"every_ms\": 3 } }, { \"accept\": {} } ] } } ] }"

/* Repeats unrolled, numbers at their least, fields and settings gone, nothing left to take away. */
Test(shrink, what_is_not_needed_is_gone)
{
    struct oracle oracle;
    begin(&oracle, "resync-never");
    struct scenario *scenario = load_text(HAND_WRITTEN);
    int grade = follow(&oracle, scenario, RULE_C3);
    struct shrink_result result = shrink_with(&oracle, scenario, grade, &limits);
    char *text = print(result.scenario);
    cr_expect_str_eq(text, "{\n"
                           "  \"title\": \"t\",\n"
                           "  \"rules\": [\"C-3\"],\n"
                           "  \"steps\": [\n"
                           "    { \"accept\": {} },\n"
                           "    { \"publish\": {} },\n"
                           "    { \"drop\": {} },\n"
                           "    { \"publish\": {} },\n"
                           "    { \"accept\": {} }\n"
                           "  ]\n"
                           "}\n");
    free(text);
    failure_free(&oracle.failure);
    scenario_free(result.scenario);
    scenario_free(scenario);
}

/* As if something broke with the 137th event. */
static bool ask_count(void *user, const struct scenario *const *candidates, size_t count,
                      int *grades)
{
    size_t *called_count = user;
    (*called_count)++;
    for (size_t i = 0; i < count; i++) {
        int64_t published = 0;
        for (size_t j = 0; j < candidates[i]->step_count; j++)
            if (candidates[i]->steps[j].verb == VERB_PUBLISH)
                published += candidates[i]->steps[j].publish.count;
        grades[i] = published >= 137;
    }
    return true;
}

Test(shrink, numbers_come_down_to_the_edge_in_few_calls)
{
    size_t called_count = 0;
    struct shrink_oracle asked = {.user = &called_count, .ask = ask_count};
    struct shrink_result result;
    struct scenario *scenario =
        load_text("{ \"title\": \"t\", \"rules\": [\"C-7\"], \"steps\": [ { \"accept\": {} },"
                  "{ \"publish\": { \"count\": 190 } }, { \"settle\": {} },"
                  "{ \"publish\": { \"count\": 50 } }, { \"settle\": {} } ] }");
    shrink(scenario, RULE_C7, 1, &asked, &limits, &result);
    const struct scenario *small = result.scenario;
    char *text = print(small);
    cr_expect_eq(small->step_count, 2, "%s", text);
    cr_expect_eq(small->steps[1].publish.count, 137, "%s", text);
    cr_expect_leq(called_count, 20, "%zu calls", called_count);
    free(text);
    scenario_free(result.scenario);
    scenario_free(scenario);
}

Test(shrink, an_oracle_that_gives_up_leaves_the_smallest_so_far)
{
    struct oracle oracle;
    begin(&oracle, "resync-never");
    struct scenario *scenario = load_text(HAND_WRITTEN);
    int grade = follow(&oracle, scenario, RULE_C3);
    oracle.refused_after = 3;
    struct shrink_result result = shrink_with(&oracle, scenario, grade, &limits);
    cr_expect_eq(result.end, SHRINK_END_STOPPED);
    cr_expect_lt(result.scenario->step_count, scenario->step_count);
    oracle.refused_after = 0;
    struct judgement *judgement = play(&oracle, result.scenario);
    cr_expect_geq((int)failure_grade(&oracle.failure, judgement), grade);
    judgement_free(judgement);
    scenario_free(result.scenario);
    const struct shrink_limits few = {.batch_count = 4, .asked_max = 8};
    result = shrink_with(&oracle, scenario, grade, &few);
    cr_expect_eq(result.end, SHRINK_END_LIMIT);
    cr_expect_leq(result.asked_count, 16);
    failure_free(&oracle.failure);
    scenario_free(result.scenario);
    scenario_free(scenario);
}

/* ---- what hangs on the moment ---- */

/* As if every play that hangs on the moment might pass. */
static bool look_at_moments(void *user, const struct scenario *candidate, int *grade)
{
    (void)user;
    if (shrink_faults_count_moments(candidate) > 0)
        *grade = 0;
    return true;
}

/* The event overtakes the replay; live, that depends on who is quicker. */
#define RACING                                                                                     \
    "{ \"title\": \"t\", \"rules\": [\"C-20\"], \"steps\": [ { \"accept\": {} },"                 \
    "  { \"publish\": {} }, { \"settle\": {} }, { \"drop\": {} }, { \"accept\": {} },"               \
    "  { \"publish\": { \"type\": \"agent.status.idle\" } } ] }"

static char *shrink_race(bool is_careful, size_t *moment_count)
{
    struct oracle oracle;
    begin(&oracle, "idless-number-repeated");
    struct scenario *scenario = load_text(RACING);
    int grade = follow(&oracle, scenario, RULE_C20);
    cr_assert_gt(grade, 0);
    const struct shrink_oracle asked = {
        .user = &oracle, .ask = ask, .look = is_careful ? look_at_moments : NULL};
    const struct shrink_limits with = {
        .batch_count = 64, .asked_max = 5000, .is_careful = is_careful};
    struct shrink_result result;
    shrink(scenario, RULE_C20, grade, &asked, &with, &result);
    *moment_count = shrink_faults_count_moments(result.scenario);
    char *text = print(result.scenario);
    failure_free(&oracle.failure);
    scenario_free(result.scenario);
    scenario_free(scenario);
    return text;
}

Test(shrink, a_race_is_made_sure_and_stays_so_though_it_takes_more_steps)
{
    size_t moment_count;
    char *text = shrink_race(false, &moment_count);
    cr_expect_gt(moment_count, 0, "%s", text);
    free(text);
    text = shrink_race(true, &moment_count);
    cr_expect_eq(moment_count, 0, "%s", text);
    cr_expect_not_null(strstr(text, "\"hold\""), "%s", text);
    cr_expect_not_null(strstr(text, "\"release\""), "%s", text);
    free(text);
}

/* Its answers are those of a quick look: none of them stands a closer one. */
static bool look_in_vain(void *user, const struct scenario *candidate, int *grade)
{
    size_t *look_count = user;
    (void)candidate;
    (*look_count)++;
    *grade = 0;
    return true;
}

Test(shrink, what_does_not_stand_a_closer_look_is_not_taken)
{
    size_t look_count = 0;
    struct shrink_oracle asked = {.user = &look_count, .ask = ask_count, .look = look_in_vain};
    struct shrink_result result;
    struct scenario *scenario =
        load_text("{ \"title\": \"t\", \"rules\": [\"C-7\"], \"steps\": [ { \"accept\": {} },"
                  "{ \"publish\": { \"count\": 190 } }, { \"settle\": {} } ] }");
    shrink(scenario, RULE_C7, 1, &asked, &limits, &result);
    cr_expect_eq(result.end, SHRINK_END_SMALLEST);
    cr_expect_eq(result.scenario->step_count, 3);
    cr_expect_gt(look_count, 0);
    scenario_free(result.scenario);
    scenario_free(scenario);
}
