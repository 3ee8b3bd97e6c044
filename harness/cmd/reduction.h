/* One failure of a live client: played again to see whether it is real, and made smaller. */
#ifndef GAPCHECK_CMD_REDUCTION_H
#define GAPCHECK_CMD_REDUCTION_H

#include "cmd/trial.h"
#include "core/failure.h"
#include "sim/shrink.h"

#define REDUCTION_CONFIRM_COUNT 3  /* how often a failure is played again before it is believed */
#define REDUCTION_PROVE_COUNT   10 /* how often the file that comes of it is played */

/* One scenario, how often it showed the failure, and a play that shows it. */
struct reduction_proof {
    size_t failed_count, played_count;
    int grade;                     /* of that play; 0: there is none */
    struct judgement *judgement;   /* owned, as is the next */
    struct transcript *transcript;
};

struct reduction {
    const struct failure *failure;   /* borrowed */
    const struct scenario *original; /* borrowed */
    struct scenario *smallest;       /* owned; NULL: nothing smaller holds */
    struct reduction_proof proof;    /* of the smallest, or else of the original; failed_count 0: it
                                      * did not happen again */
    size_t play_count;               /* what all this took */
    enum shrink_end end;
    char *client_trouble;            /* why the client could be asked no more; owned; or NULL */
};

struct reduction_progress {
    void *user;
    void (*on_smaller)(void *user, const struct failure *failure, size_t step_count,
                       size_t play_count); /* may be NULL */
};

/* False if it was interrupted: what was found up to then stands in `reduction` all the same.
 * Released with reduction_free either way. */
bool reduction_make(struct trial *trial, const struct scenario *original,
                    const struct failure *failure, const struct reduction_progress *progress,
                    struct reduction *reduction);
void reduction_free(struct reduction *reduction);

/* The smallest scenario that shows it, else the original. */
const struct scenario *reduction_scenario(const struct reduction *reduction);

/* The finding as the kept play shows it; NULL if it did not happen again. */
const struct finding *reduction_finding(const struct reduction *reduction);

#endif
