/* What one replay has brought of events without id, so that one that comes from the ring and as a
 * row is known for the same (C-20). Nothing but its content tells such a row from others, so equal
 * ones are counted: the second row is a repeat only if the ring brought two. */
#ifndef GAPCHECK_CORE_REPLAY_TALLY_H
#define GAPCHECK_CORE_REPLAY_TALLY_H

#include <stdbool.h>
#include <stdint.h>

struct replay_tally;

/* Owned by the caller. */
struct replay_tally *replay_tally_new(void);
void replay_tally_free(struct replay_tally *tally);

/* Another replay begins. */
void replay_tally_clear(struct replay_tally *tally);

/* An event with number `sequence` came, whose content has the check sum `fingerprint`. Returns
 * whether a row had brought it. The same number and content once more, live and from the ring, is
 * one event. */
bool replay_tally_number(struct replay_tally *tally, double sequence, uint64_t fingerprint);

/* A row came. Returns whether the ring, or live traffic, had brought it. */
bool replay_tally_row(struct replay_tally *tally, uint64_t fingerprint);

#endif
