/* The judge: a pure function from a transcript to findings. It works out what an ideal client
 * would have got under the same schedule (protocol.md, "What is owed"), charges every loss to one
 * rule, and checks every other rule that the transcript touches. */
#ifndef GAPCHECK_CORE_JUDGE_H
#define GAPCHECK_CORE_JUDGE_H

#include "core/rules.h"
#include "core/scenario.h"
#include "core/transcript.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of scenario.md: the first that applies counts. */
#define JUDGE_VERDICTS(X)                                                                          \
    X(CLIENT_ERROR, "client-error") X(FAIL, "fail") X(ERROR, "error") X(SKIP, "skip")              \
    X(WARN, "warn") X(PASS, "pass")

enum verdict {
#define X(symbol, name) VERDICT_##symbol,
    JUDGE_VERDICTS(X)
#undef X
        VERDICT_COUNT
};
const char *verdict_name(enum verdict verdict);

enum rule_status {
    RULE_STATUS_NOT_EXERCISED, /* it never came up: not reported */
    RULE_STATUS_PASS,
    RULE_STATUS_WARN,
    RULE_STATUS_FAIL,
    RULE_STATUS_SKIP,         /* the driver lacks what it needs, or the scenario turned it off */
    RULE_STATUS_INCONCLUSIVE, /* the harness itself was too late to tell */
};
const char *rule_status_name(enum rule_status status);

struct finding {
    enum rule rule;
    enum rule_level level; /* MUST or SHOULD; of the loss, where the rule's own level bends (C-5) */
    char *message;         /* one sentence with numbers; owned */
    char *cause;           /* where the transcript shows it, else NULL; owned */
    uint32_t step;         /* where it happened; 0: none */
    int64_t at_us;
    size_t entry;          /* of the transcript; SIZE_MAX: none */
};

/* Events with markers in a row that the application never got. */
struct missed_range {
    uint64_t marker, count;
    enum rule rule; /* to which their loss is charged; RULE_COUNT: they are unrecoverable */
};

struct judgement {
    enum verdict verdict;
    bool was_busy; /* the machine: the harness was late itself, what hangs on time may be amiss */
    bool is_late;  /* so, perhaps, only since the machine was busy (a rule could not be told, or a
                    * step's time was up): another play may tell */
    char *reason; /* for client-error, error and skip: what happened; else NULL; owned */
    struct finding *findings; /* worst first, then by time; owned */
    size_t finding_count;
    size_t finding_capacity_count;
    struct missed_range *missed; /* in the order of their markers; owned */
    size_t missed_count, missed_capacity_count;
    enum rule_status rules[RULE_COUNT];
    uint64_t published, owed, dispatched, lost, duplicated, unrecoverable;
    uint32_t connections;
    int64_t duration_us;
};

/* Judges what was played. `scenario` is the one that the transcript's header names. */
struct judgement *judge_transcript(const struct transcript *transcript,
                                   const struct scenario *scenario);

/* A scenario that was not played because the driver lacks `capability`. */
struct judgement *judge_skipped(const char *capability, const char *because);

/* A scenario that could not be played: CLIENT_ERROR or ERROR with its reason. */
struct judgement *judge_unplayed(enum verdict verdict, const char *reason);

void judgement_free(struct judgement *judgement);

#endif
