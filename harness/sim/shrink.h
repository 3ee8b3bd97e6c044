/* Makes a scenario smaller while it still shows the same failure: steps first, then numbers, then
 * fields, until nothing can be taken away. Whom it is played against is the oracle's business; what
 * is decided here depends on its answers only. */
#ifndef GAPCHECK_SIM_SHRINK_H
#define GAPCHECK_SIM_SHRINK_H

#include "core/scenario.h"

#include <stdbool.h>
#include <stddef.h>

struct shrink_oracle {
    void *user;
    /* Plays all of them and says of each how clearly it shows the failure: 0 is not at all. A
     * candidate is taken if it shows it as clearly as what was there before, or more so. False:
     * nothing can be asked any more, and `grades` says nothing. */
    bool (*ask)(void *user, const struct scenario *const *candidates, size_t count, int *grades);
    /* May be NULL: then that answer is enough. Looks more closely at one that is about to be taken,
     * and sets its grade anew; what of it is taken is told by on_step. */
    bool (*look)(void *user, const struct scenario *candidate, int *grade);
    /* May be NULL. A smaller one was found: the one that was looked at last. */
    void (*on_step)(void *user, size_t step_count);
};

struct shrink_limits {
    size_t batch_count; /* candidates of one call; at least 1 */
    size_t asked_max;   /* candidates in all */
    bool is_careful;    /* first less is made to hang on the moment, then it is kept so, though it may
                         * take more steps (shrink_faults.h) */
};

enum shrink_end {
    SHRINK_END_SMALLEST, /* nothing can be taken away */
    SHRINK_END_LIMIT,    /* asked_max candidates were asked for */
    SHRINK_END_STOPPED,  /* the oracle refused */
};

struct shrink_result {
    struct scenario *scenario; /* owned by the caller; the smallest that shows the failure. NULL
                                * if its repeats unrolled are more than a file can hold */
    enum shrink_end end;
    size_t asked_count, call_count; /* candidates, and calls of the oracle */
};

/* `grade` is what the oracle says of `scenario`, `rule` the one that is broken in it. What is asked
 * for is fair where `scenario` is: the reference client passes it in the simulated world, so that
 * no client is blamed for what none could do, and lint warns of no more than before. Repeats come
 * out unrolled; `rules` is the one rule, or C-7 where that is not for scenarios to show. */
void shrink(const struct scenario *scenario, enum rule rule, int grade,
            const struct shrink_oracle *oracle, const struct shrink_limits *limits,
            struct shrink_result *result);

/* Whether the reference client gets through it in the simulated world with nothing to blame. */
bool shrink_suits_reference(const struct scenario *scenario);

#endif
