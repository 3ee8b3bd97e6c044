/* The fake server's queue of the node stream: every delivery with its number, kept until the client
 * has acknowledged it (protocol.md, section 5). Numbers count from 1 and have no holes. */
#ifndef GAPCHECK_CORE_NODE_QUEUE_H
#define GAPCHECK_CORE_NODE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct node_queue {
    uint64_t *markers; /* [number - 1]; owned */
    size_t count;
    size_t capacity_count;
    int64_t acked_seq; /* nothing up to it is sent again */
};

void node_queue_free(struct node_queue *queue);

/* Takes an event; returns its number. */
int64_t node_queue_add(struct node_queue *queue, uint64_t marker);

/* The event of that number, which must be there. */
uint64_t node_queue_marker(const struct node_queue *queue, int64_t seq);

/* Cumulative: an old number changes nothing, one beyond the newest counts as the newest. */
void node_queue_ack(struct node_queue *queue, double up_to_seq);

#endif
