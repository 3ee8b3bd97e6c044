/* Many generated sessions in the simulated world, one a seed, and what they came to. Pure: who
 * plays how many, on how many threads and for how long is the caller's affair, and the sum does not
 * depend on it. */
#ifndef GAPCHECK_SIM_CAMPAIGN_H
#define GAPCHECK_SIM_CAMPAIGN_H

#include "core/client_policy.h"
#include "core/judge.h"
#include "sim/generator.h"

#include <stdint.h>

/* One session. All owned. */
struct campaign_session {
    struct buffer text; /* of its scenario */
    struct scenario *scenario;
    struct transcript *transcript;
    struct judgement *judgement;
};

/* Generates, plays and judges; equal arguments give the same, byte for byte, on every machine. */
void campaign_play(const struct client_policy *policy, enum generator_length length, uint64_t seed,
                   struct campaign_session *session);
void campaign_session_free(struct campaign_session *session);

/* Sessions of one kind: how many, and the one with the lowest seed. */
struct campaign_kind {
    uint64_t count;
    uint64_t seed;
    char *message; /* of that one; owned */
};

enum { CAMPAIGN_MUST, CAMPAIGN_SHOULD, CAMPAIGN_LEVEL_COUNT };

struct campaign_tally {
    uint64_t session_count;
    uint64_t published, owed, dispatched, lost, duplicated, unrecoverable, connections;
    struct campaign_kind broken[RULE_COUNT][CAMPAIGN_LEVEL_COUNT];
    struct campaign_kind unbalanced;   /* the books do not balance: a fault of gapcheck */
    struct campaign_kind inconclusive; /* a verdict that a generated session never deserves */
};

/* A zeroed tally is empty. */
void campaign_tally_free(struct campaign_tally *tally);
void campaign_tally_add(struct campaign_tally *tally, uint64_t seed,
                        const struct judgement *judgement);

/* Adds `other`, which is empty afterwards. */
void campaign_tally_merge(struct campaign_tally *tally, struct campaign_tally *other);

/* How many rules were found broken at that level. */
unsigned campaign_broken_count(const struct campaign_tally *tally, int level);

#endif
