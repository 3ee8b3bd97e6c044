/* The ideal client: what it would have got under the same schedule (protocol.md, "What is owed").
 * It resyncs when the client did, or at the upgrade if the client did not and had the time to; it
 * asks the same model of the server that the live session used. Where a client may do either
 * (count what was on its way when a connection broke, advance to an ack, notice a reset early), it
 * does what the client's own resync shows. */
#ifndef GAPCHECK_CORE_IDEAL_H
#define GAPCHECK_CORE_IDEAL_H

#include "core/evidence.h"
#include "core/scenario.h"

#include <stdint.h>

/* How the ideal client came to an event. */
enum ideal_way {
    IDEAL_NOT,       /* it did not */
    IDEAL_SENT,      /* the client was sent it, and surely read it */
    IDEAL_RING,      /* from the ring, after its resync; or redelivered, on the node stream */
    IDEAL_ROW,       /* from the database */
    IDEAL_RESET,     /* from the ring, after it had noticed a counter reset */
    IDEAL_RECONNECT, /* by the reconnect that the client did not make */
};

struct ideal_event {
    enum ideal_way way;
    uint32_t connection; /* on which */
    size_t entry;        /* of the transcript: REPLAY of the client's resync, or OPEN, or SENT */
};

/* What the ideal client gets: one element a marker, only those of identities are filled; owned by
 * the caller, evidence->event_count elements. */
struct ideal_event *ideal_play(const struct evidence *evidence, const struct scenario *scenario);

/* The same for the node stream (ideal_node.c): it registers when the client did, or at the upgrade,
 * has acknowledged what it got without a hole, and is sent everything else again. */
struct ideal_event *ideal_node_play(const struct evidence *evidence,
                                    const struct scenario *scenario);

#endif
