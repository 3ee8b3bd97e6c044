/* What an author would not write: steps that mislead a reader, and what hangs on the moment at which
 * it is played. A candidate of the shrinker has no more of it than what it is made from. */
#ifndef GAPCHECK_SIM_SHRINK_FAULTS_H
#define GAPCHECK_SIM_SHRINK_FAULTS_H

#include "core/scenario.h"

/* What lint warns of, steps that read as if nothing were connected there, and where rows may be
 * replayed, a clock that runs and every difference between clocks that is not steady. */
size_t shrink_faults_count(struct scenario *scenario);

/* What else hangs on the moment: see enum shrink_moment. */
size_t shrink_faults_count_moments(const struct scenario *scenario);

/* Whether rows may be replayed: then it counts in which second they were written. */
bool shrink_faults_may_replay_rows(const struct scenario *scenario);

/* Of a difference between two clocks: rows have whole seconds, and a play takes a part of one. With
 * parts of a second, or just one, it counts in which part of a second it is played. */
bool shrink_faults_is_steady(double ms);

enum shrink_moment {
    SHRINK_MOMENT_NONE,
    SHRINK_MOMENT_UNSETTLED_END, /* a connection ends while something is on its way */
    SHRINK_MOMENT_RACING_EVENT,  /* an event is sent when the client is about to send its resync */
};

/* A walk through the steps; begins as zero. */
struct shrink_walk {
    size_t connection_count;
    bool is_open, is_settled, is_racing;
};

/* What the next step hangs on. */
enum shrink_moment shrink_walk_to(struct shrink_walk *walk, enum verb verb);

#endif
