#include "core/node_queue.h"

#include "core/memory.h"

#include <assert.h>
#include <stdlib.h>

void node_queue_free(struct node_queue *queue)
{
    free(queue->markers);
    *queue = (struct node_queue){0};
}

int64_t node_queue_add(struct node_queue *queue, uint64_t marker)
{
    queue->markers = memory_grow(queue->markers, &queue->capacity_count, queue->count + 1,
                                 sizeof(*queue->markers));
    queue->markers[queue->count++] = marker;
    return (int64_t)queue->count;
}

uint64_t node_queue_marker(const struct node_queue *queue, int64_t seq)
{
    assert(seq > 0 && (size_t)seq <= queue->count);
    return queue->markers[seq - 1];
}

void node_queue_ack(struct node_queue *queue, double up_to_seq)
{
    if (!(up_to_seq > (double)queue->acked_seq))
        return;
    queue->acked_seq =
        up_to_seq < (double)queue->count ? (int64_t)up_to_seq : (int64_t)queue->count;
}
