/* Judging by the wire alone (gapcheck serve, without the application's side): it never blames the
 * reference client, never says that something passed which it cannot see, and still finds what a
 * wrong client asks for. The transcripts are those of the simulated world with all that the
 * application told taken out. */
#include "cmd/select.h"
#include "core/client_policy.h"
#include "core/judge.h"
#include "core/session.h"
#include "sim/generator.h"
#include "sim/world.h"

#include <criterion/criterion.h>
#include <string.h>

#define SEED_COUNT 2000

static bool is_of_application(const struct transcript_entry *entry)
{
    return entry->kind == TRANSCRIPT_DISPATCH || entry->kind == TRANSCRIPT_RESYNCED ||
           entry->kind == TRANSCRIPT_LIFECYCLE || entry->kind == TRANSCRIPT_OP;
}

static void blind(struct transcript *transcript)
{
    size_t count = 0;
    for (size_t i = 0; i < transcript->count; i++)
        if (!is_of_application(&transcript->entries[i]))
            transcript->entries[count++] = transcript->entries[i];
    transcript->count = count;
    transcript->header.is_wire_only = true;
    transcript->header.capabilities.bits = 0;
}

static struct judgement *judge_blind(const struct scenario *scenario,
                                     const struct client_policy *policy, uint64_t seed)
{
    struct transcript *transcript = sim_play(scenario, policy, seed);
    blind(transcript);
    struct judgement *judgement = judge_transcript(transcript, scenario);
    transcript_free(transcript);
    return judgement;
}

static void assert_nothing_unseen_passed(const struct judgement *judgement)
{
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const struct rule_info *info = rule_info((enum rule)rule);
        bool is_whole = rule_wire((enum rule)rule) == RULE_WIRE_WHOLE;
        cr_assert(is_whole || judgement->rules[rule] != RULE_STATUS_PASS, "%s", info->id);
        cr_assert(rule_wire((enum rule)rule) != RULE_WIRE_NOTHING ||
                      judgement->rules[rule] == RULE_STATUS_SKIP,
                  "%s", info->id);
    }
}

static void assert_not_blamed(const struct judgement *judgement, const char *name)
{
    const struct finding *finding = judgement->finding_count ? judgement->findings : NULL;
    cr_assert_null(finding, "%s: %s %s (%s)", name, rule_info(finding->rule)->id,
                   finding->message, finding->cause ? finding->cause : "");
    cr_assert(judgement->verdict == VERDICT_PASS || judgement->verdict == VERDICT_SKIP, "%s: %s %s",
              name, verdict_name(judgement->verdict), judgement->reason ? judgement->reason : "");
    cr_assert_eq(judgement->published, judgement->owed + judgement->unrecoverable, "%s", name);
    cr_assert_eq(judgement->owed, judgement->dispatched + judgement->lost, "%s", name);
}

/* What serve plays without a driver. */
static bool needs_application(const struct scenario *scenario)
{
    const char *because;
    return scenario_has_verb(scenario, VERB_CLIENT) ||
           session_missing_capability(scenario, (struct driver_capabilities){0}, &because);
}

static void load_library(struct scenario_set *library)
{
    struct buffer messages;
    const char *path = GAPCHECK_SOURCE_DIR "/scenarios";
    struct select_query query = {.paths = &path, .path_count = 1};
    buffer_init(&messages, BUFFER_NO_LIMIT);
    cr_assert_eq(select_scenarios(&query, library, &messages), SELECT_DONE);
    buffer_free(&messages);
}

Test(wire_only, the_reference_client_is_never_blamed_in_the_library)
{
    static const struct client_policy reference;
    struct scenario_set library;
    size_t played_count = 0, passed_count = 0;
    load_library(&library);
    for (size_t i = 0; i < library.count; i++) {
        if (needs_application(library.items[i]))
            continue;
        struct judgement *judgement = judge_blind(library.items[i], &reference, 1);
        assert_not_blamed(judgement, library.items[i]->name);
        assert_nothing_unseen_passed(judgement);
        played_count++;
        passed_count += judgement->verdict == VERDICT_PASS;
        judgement_free(judgement);
    }
    cr_expect_gt(played_count, 150, "%zu", played_count);
    cr_expect_gt(passed_count, 100, "%zu", passed_count);
    scenario_set_free(&library);
}

Test(wire_only, the_reference_client_is_never_blamed_in_generated_scenarios)
{
    static const struct client_policy reference;
    size_t played_count = 0;
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
        struct generator_config config = {.length = GENERATOR_SHORT, .seed = seed};
        struct choices choices;
        choices_init_seed(&choices, seed);
        struct scenario *scenario = generator_load(&choices, &config, &text);
        if (!needs_application(scenario)) {
            struct judgement *judgement = judge_blind(scenario, &reference, seed);
            assert_not_blamed(judgement, scenario->name);
            assert_nothing_unseen_passed(judgement);
            judgement_free(judgement);
            played_count++;
        }
        scenario_free(scenario);
    }
    buffer_free(&text);
    cr_expect_gt(played_count, SEED_COUNT / 10, "%zu", played_count); /* most have `client` steps */
}

/* By the rule that it breaks, in some scenario of the library. */
Test(wire_only, what_a_client_asks_wrongly_is_found)
{
    static const struct {
        const char *policy;
        enum rule rule;
    } cases[] = {
        {"resync-never", RULE_C3},     {"resync-twice", RULE_C3},  {"cursor-one-high", RULE_C4},
        {"since-missing", RULE_C5},    {"since-unbiased", RULE_C5}, {"subscribe-once", RULE_C6},
        {"resync-on-first-connection", RULE_C1},
    };
    struct scenario_set library;
    load_library(&library);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct client_policy policy;
        bool is_found = false;
        cr_assert(client_policy_find(cases[c].policy, &policy), "%s", cases[c].policy);
        for (size_t i = 0; i < library.count && !is_found; i++) {
            if (needs_application(library.items[i]))
                continue;
            struct judgement *judgement = judge_blind(library.items[i], &policy, 1);
            is_found = judgement->rules[cases[c].rule] == RULE_STATUS_FAIL;
            assert_nothing_unseen_passed(judgement);
            judgement_free(judgement);
        }
        cr_expect(is_found, "%s is not found by %s", cases[c].policy,
                  rule_info(cases[c].rule)->id);
    }
    scenario_set_free(&library);
}

/* A scenario that is only about what the application gets is skipped, with the reason. */
Test(wire_only, a_scenario_of_unseen_rules_is_skipped_and_says_why)
{
    static const struct client_policy reference;
    struct scenario_set library;
    size_t skipped_count = 0;
    load_library(&library);
    for (size_t i = 0; i < library.count; i++) {
        if (needs_application(library.items[i]))
            continue;
        struct judgement *judgement = judge_blind(library.items[i], &reference, 1);
        if (judgement->verdict == VERDICT_SKIP) {
            cr_expect_not_null(strstr(judgement->reason, "the application's side"), "%s: %s",
                               library.items[i]->name, judgement->reason);
            skipped_count++;
        }
        judgement_free(judgement);
    }
    cr_expect_gt(skipped_count, 10);
    scenario_set_free(&library);
}
