/* Campaigns: the same everywhere, whoever plays them, and every mutant in reach. */
#include "sim/campaign.h"

#include "core/text.h"
#include "core/transcript_file.h"
#include "sim/world.h"

#include <criterion/criterion.h>
#include <string.h>

static void append_transcript(const struct transcript *transcript, struct buffer *out)
{
    for (size_t i = 0; transcript_write_line(transcript, i, out); i++)
        ;
}

Test(campaign, a_seed_gives_the_same_transcript_byte_for_byte_on_every_machine)
{
    const struct client_policy *reference = &client_policy_at(0)->policy;
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct campaign_session session;
        campaign_play(reference, GENERATOR_SHORT, seed, &session);
        append_transcript(session.transcript, &text);
        campaign_session_free(&session);
    }
    uint64_t hash = text_hash(text.data, text.size_bytes);
    cr_expect_eq(hash, UINT64_C(0xddc2b8b1980d5438),
                 "%zu bytes with the hash 0x%016lx: change it only where the generator, the session "
                 "or the client were meant to do something else",
                 text.size_bytes, hash);
    buffer_free(&text);
}

Test(campaign, the_sum_does_not_depend_on_who_played_which)
{
    struct client_policy policy;
    struct campaign_tally whole = {0}, parts[2] = {{0}};
    cr_assert(client_policy_find("cursor-highest", &policy));
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct campaign_session session;
        campaign_play(&policy, GENERATOR_SHORT, seed, &session);
        campaign_tally_add(&whole, seed, session.judgement);
        campaign_tally_add(&parts[seed % 2], seed, session.judgement);
        campaign_session_free(&session);
    }
    campaign_tally_merge(&parts[0], &parts[1]); /* the lowest seed stands in the second */
    cr_expect_eq(parts[1].session_count, 0);
    cr_expect_eq(parts[0].session_count, whole.session_count);
    cr_expect_eq(parts[0].published, whole.published);
    cr_expect_eq(parts[0].lost, whole.lost);
    cr_expect_gt(campaign_broken_count(&whole, CAMPAIGN_MUST), 0);
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const struct campaign_kind *a = &whole.broken[rule][CAMPAIGN_MUST];
        const struct campaign_kind *b = &parts[0].broken[rule][CAMPAIGN_MUST];
        cr_expect_eq(a->count, b->count);
        cr_expect_eq(a->seed, b->seed);
        if (a->message && b->message)
            cr_expect_str_eq(a->message, b->message);
    }
    campaign_tally_free(&whole);
    campaign_tally_free(&parts[0]);
}

Test(campaign, books_that_do_not_balance_and_sessions_without_verdict_are_told)
{
    struct campaign_tally tally = {0};
    struct judgement judgement = {.verdict = VERDICT_PASS, .published = 5, .owed = 4};
    campaign_tally_add(&tally, 9, &judgement);
    cr_expect_eq(tally.unbalanced.count, 1);
    cr_expect_eq(tally.unbalanced.seed, 9);
    cr_expect(strstr(tally.unbalanced.message, "published 5, owed 4"));
    cr_expect_eq(tally.inconclusive.count, 0);
    judgement = (struct judgement){.verdict = VERDICT_ERROR, .reason = "the world came to rest"};
    campaign_tally_add(&tally, 7, &judgement);
    cr_expect_eq(tally.unbalanced.count, 1);
    cr_expect_eq(tally.inconclusive.seed, 7);
    cr_expect_str_eq(tally.inconclusive.message, "the world came to rest");
    campaign_tally_free(&tally);
}

#define SESSION_COUNT 15

/* The first sessions of a stream. */
static void find_seeds(enum dialect dialect, uint64_t seeds[SESSION_COUNT])
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    size_t count = 0;
    for (uint64_t seed = 1; count < SESSION_COUNT; seed++) {
        struct generator_config config = {
            .length = GENERATOR_SHORT, .capabilities = sim_capabilities(), .seed = seed};
        struct choices choices;
        choices_init_seed(&choices, seed);
        struct scenario *scenario = generator_load(&choices, &config, &text);
        if (scenario->dialect == dialect)
            seeds[count++] = seed;
        scenario_free(scenario);
    }
    buffer_free(&text);
}

static bool is_found(const struct client_policy_info *mutant, const uint64_t seeds[SESSION_COUNT])
{
    enum rule rule = rule_find(span_of(mutant->rule));
    bool is_found = false;
    for (size_t i = 0; i < SESSION_COUNT && !is_found; i++) {
        struct campaign_session session;
        campaign_play(&mutant->policy, GENERATOR_SHORT, seeds[i], &session);
        for (size_t j = 0; j < session.judgement->finding_count; j++)
            is_found |= session.judgement->findings[j].rule == rule;
        campaign_session_free(&session);
    }
    return is_found;
}

/* All of them: `gapcheck sim --policy all`; a few need long sessions, or hundreds. */
Test(campaign, most_mutants_are_found_by_their_rule_within_15_sessions_of_their_stream,
     .timeout = 120)
{
    uint64_t seeds[2][SESSION_COUNT];
    size_t mutant_counts[2] = {0}, found_counts[2] = {0};
    const struct client_policy_info *mutant;
    find_seeds(DIALECT_AGENT, seeds[DIALECT_AGENT]);
    find_seeds(DIALECT_NODE, seeds[DIALECT_NODE]);
    for (size_t i = 1; (mutant = client_policy_at(i)) != NULL; i++) {
        bool is_node = strncmp(mutant->name, "node-", 5) == 0;
        enum dialect dialect = is_node ? DIALECT_NODE : DIALECT_AGENT;
        mutant_counts[dialect]++;
        found_counts[dialect] += is_found(mutant, seeds[dialect]);
    }
    for (int dialect = DIALECT_AGENT; dialect <= DIALECT_NODE; dialect++)
        cr_expect_geq(found_counts[dialect] * 3, mutant_counts[dialect] * 2,
                      "stream %d: only %zu of %zu", dialect, found_counts[dialect],
                      mutant_counts[dialect]);
}
