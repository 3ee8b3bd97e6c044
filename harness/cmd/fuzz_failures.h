/* The different failures that a campaign has found, each once; where the judge gives one cause for
 * what needs different things to happen, both are kept, and the second is told to be its variant. */
#ifndef GAPCHECK_CMD_FUZZ_FAILURES_H
#define GAPCHECK_CMD_FUZZ_FAILURES_H

#include "core/failure.h"
#include "core/scenario.h"

#include <stdbool.h>
#include <stddef.h>

struct fuzz_failure {
    struct failure failure;    /* owned, as is all here */
    bool is_confirmed;
    bool is_variant;           /* an earlier one has the same cause, in the judge's words */
    struct scenario *scenario; /* the smallest that shows it; NULL: there is none */
    char *name;                /* "C-5-2", of its file in the folder of the (un)confirmed */
    char *message;
    size_t seen_count;         /* scenarios that failed so */
    size_t look_count;         /* those of them that were played again and made smaller */
};

struct fuzz_failures {
    struct fuzz_failure *items; /* owned; in the order in which they were found */
    size_t count, capacity_count;
};

/* Whether a confirmed one breaks it. */
bool fuzz_failures_know_rule(const struct fuzz_failures *failures, enum rule rule);

/* Whether any scenario has failed so before, in the judge's words. */
bool fuzz_failures_know(const struct fuzz_failures *failures, const struct failure *failure);

/* Whether a scenario that failed so has something new: counts it where it is the failure of a known
 * reproducer that it holds, or where its kind was looked at often enough. In haste once is enough. */
bool fuzz_failures_is_new(struct fuzz_failures *failures, const struct failure *failure,
                          const struct scenario *scenario, bool is_in_haste);

/* The known failure that this reproducer shows again, or NULL. */
struct fuzz_failure *fuzz_failures_find(struct fuzz_failures *failures,
                                        const struct failure *failure,
                                        const struct scenario *smallest);

/* The first confirmed one with the same cause in the judge's words, or NULL. */
const struct fuzz_failure *fuzz_failures_first(const struct fuzz_failures *failures,
                                               const struct failure *failure);

/* Adds one with a name that no other of its folder has, and copies what it is given. Its scenario
 * is set by the caller, and then owned here. Borrowed until the next one is added. */
struct fuzz_failure *fuzz_failures_add(struct fuzz_failures *failures,
                                       const struct failure *failure, bool is_confirmed,
                                       const char *message);

/* How many are confirmed (or not) and of that level; variants are not counted. */
size_t fuzz_failures_count(const struct fuzz_failures *failures, bool is_confirmed,
                           enum rule_level level);

void fuzz_failures_free(struct fuzz_failures *failures);

#endif
