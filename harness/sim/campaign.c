#include "sim/campaign.h"

#include "core/memory.h"
#include "sim/world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- one session ---- */

void campaign_play(const struct client_policy *policy, enum generator_length length, uint64_t seed,
                   struct campaign_session *session)
{
    struct generator_config config = {
        .length = length,
        .capabilities = sim_capabilities(),
        .seed = seed,
    };
    struct choices choices;
    choices_init_seed(&choices, seed);
    buffer_init(&session->text, BUFFER_NO_LIMIT);
    session->scenario = generator_load(&choices, &config, &session->text);
    session->transcript = sim_play(session->scenario, policy, seed);
    session->judgement = judge_transcript(session->transcript, session->scenario);
}

void campaign_session_free(struct campaign_session *session)
{
    judgement_free(session->judgement);
    transcript_free(session->transcript);
    scenario_free(session->scenario);
    buffer_free(&session->text);
    *session = (struct campaign_session){0};
}

/* Whether every published event is owed or unrecoverable, and every owed one dispatched or lost. */
static bool do_books_balance(const struct judgement *judgement)
{
    return judgement->published == judgement->owed + judgement->unrecoverable &&
           judgement->owed == judgement->dispatched + judgement->lost;
}

/* ---- the sum ---- */

static void take_message(struct campaign_kind *kind, uint64_t seed, char *message)
{
    free(kind->message);
    kind->seed = seed;
    kind->message = message;
}

static void add_to_kind(struct campaign_kind *kind, uint64_t seed, const char *message)
{
    if (kind->count++ == 0 || seed < kind->seed)
        take_message(kind, seed, memory_copy_text(message, strlen(message)));
}

static void merge_kind(struct campaign_kind *kind, struct campaign_kind *other)
{
    if (other->count > 0 && (kind->count == 0 || other->seed < kind->seed)) {
        take_message(kind, other->seed, other->message);
        other->message = NULL;
    }
    kind->count += other->count;
    free(other->message);
    *other = (struct campaign_kind){0};
}

/* A rule counts once a session, however often it was broken. */
static void add_findings(struct campaign_tally *tally, uint64_t seed,
                         const struct judgement *judgement)
{
    bool is_counted[RULE_COUNT][CAMPAIGN_LEVEL_COUNT] = {0};
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct finding *finding = &judgement->findings[i];
        int level = finding->level == RULE_LEVEL_MUST ? CAMPAIGN_MUST : CAMPAIGN_SHOULD;
        if (is_counted[finding->rule][level])
            continue;
        is_counted[finding->rule][level] = true;
        add_to_kind(&tally->broken[finding->rule][level], seed, finding->message);
    }
}

static void add_imbalance(struct campaign_tally *tally, uint64_t seed,
                          const struct judgement *judgement)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_printf(&text,
                  "published %" PRIu64 ", owed %" PRIu64 ", unrecoverable %" PRIu64
                  ", dispatched %" PRIu64 ", lost %" PRIu64,
                  judgement->published, judgement->owed, judgement->unrecoverable,
                  judgement->dispatched, judgement->lost);
    add_to_kind(&tally->unbalanced, seed, buffer_text(&text));
    buffer_free(&text);
}

void campaign_tally_add(struct campaign_tally *tally, uint64_t seed,
                        const struct judgement *judgement)
{
    tally->session_count++;
    tally->published += judgement->published;
    tally->owed += judgement->owed;
    tally->dispatched += judgement->dispatched;
    tally->lost += judgement->lost;
    tally->duplicated += judgement->duplicated;
    tally->unrecoverable += judgement->unrecoverable;
    tally->connections += judgement->connections;
    add_findings(tally, seed, judgement);
    if (!do_books_balance(judgement))
        add_imbalance(tally, seed, judgement);
    bool is_conclusive = judgement->verdict == VERDICT_PASS || judgement->verdict == VERDICT_WARN ||
                         judgement->verdict == VERDICT_FAIL;
    if (!is_conclusive)
        add_to_kind(&tally->inconclusive, seed,
                    judgement->reason ? judgement->reason : verdict_name(judgement->verdict));
}

void campaign_tally_merge(struct campaign_tally *tally, struct campaign_tally *other)
{
    tally->session_count += other->session_count;
    tally->published += other->published;
    tally->owed += other->owed;
    tally->dispatched += other->dispatched;
    tally->lost += other->lost;
    tally->duplicated += other->duplicated;
    tally->unrecoverable += other->unrecoverable;
    tally->connections += other->connections;
    for (int rule = 0; rule < RULE_COUNT; rule++)
        for (int level = 0; level < CAMPAIGN_LEVEL_COUNT; level++)
            merge_kind(&tally->broken[rule][level], &other->broken[rule][level]);
    merge_kind(&tally->unbalanced, &other->unbalanced);
    merge_kind(&tally->inconclusive, &other->inconclusive);
    *other = (struct campaign_tally){0};
}

void campaign_tally_free(struct campaign_tally *tally)
{
    for (int rule = 0; rule < RULE_COUNT; rule++)
        for (int level = 0; level < CAMPAIGN_LEVEL_COUNT; level++)
            free(tally->broken[rule][level].message);
    free(tally->unbalanced.message);
    free(tally->inconclusive.message);
    *tally = (struct campaign_tally){0};
}

unsigned campaign_broken_count(const struct campaign_tally *tally, int level)
{
    unsigned count = 0;
    for (int rule = 0; rule < RULE_COUNT; rule++)
        count += tally->broken[rule][level].count > 0;
    return count;
}
