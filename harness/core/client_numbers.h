/* What a client may know of the numbers that it was given: as much as the transcript proves, and as
 * much as may be. Between the two it is free (C-4); across a counter reset it may be in the old
 * numbering or in the new one, until something shows which (C-9, C-21). */
#ifndef GAPCHECK_CORE_CLIENT_NUMBERS_H
#define GAPCHECK_CORE_CLIENT_NUMBERS_H

#include "core/cursor.h"

#include <stdbool.h>
#include <stdint.h>

/* One numbering. */
struct numbering {
    struct cursor sure;     /* what was surely read */
    struct cursor possible; /* and what may count: read or not, or passed over by an ack */
};

struct client_numbers {
    struct numbering now;
    struct numbering fresh; /* the one since the newest reset, as long as that is not noticed */
    bool has_fresh;
    int64_t skipped_end;    /* highest number of numberings that came and went unnoticed */
};

void client_numbers_free(struct client_numbers *numbers);

/* A number came (any double: what is no whole number in range is left alone). */
void client_numbers_add(struct client_numbers *numbers, double number, bool is_sure);

/* It may take it that nothing up to an ack's current_seq is missing. */
void client_numbers_may_advance(struct client_numbers *numbers, double current_seq);

/* The server counts anew, and the client does not know it yet; then it does. */
void client_numbers_begin_fresh(struct client_numbers *numbers);
void client_numbers_take_fresh(struct client_numbers *numbers);

/* Where the run surely ends; INT64_MIN before it has begun. */
int64_t client_numbers_sure_end(const struct client_numbers *numbers);

/* The last_seen_seq of an ideal client: the client's own (NAN: it did not ask) where that may be
 * right, else the nearest that is; NAN if no number is known. `open_end` is the sure end at the
 * upgrade: who asks below it has noticed a reset. */
double client_numbers_choose(struct client_numbers *numbers, double own, int64_t open_end);

#endif
