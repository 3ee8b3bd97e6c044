/* The server's ring of the newest events (S-1): the oldest leaves first. It holds markers and
 * numbers, not the events. */
#ifndef GAPCHECK_CORE_RING_H
#define GAPCHECK_CORE_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring_entry {
    uint64_t marker; /* which event */
    int64_t seq;     /* its agent_seq */
};

struct ring {
    struct ring_entry *entries; /* owned */
    size_t allocated_count;     /* grows up to the capacity */
    size_t capacity_count;
    size_t first;               /* where the oldest stands */
    size_t count;
    int64_t highest_seq;        /* no entry is above it; meaningless while count is 0 */
};

/* A capacity of 0 keeps nothing. */
void ring_init(struct ring *ring, size_t capacity_count);
void ring_free(struct ring *ring);
void ring_clear(struct ring *ring);

/* Adds the newest. One that already holds the same number is replaced: it leaves, the new one
 * becomes the newest. Otherwise, at capacity, the oldest leaves. A number above all others costs
 * no search. */
void ring_push(struct ring *ring, struct ring_entry entry);

/* The entry with `index` 0 for the oldest; `index` must be below ring->count. */
struct ring_entry ring_at(const struct ring *ring, size_t index);

/* S-4: oldest number in the ring, or `current_seq + 1` where it is empty. */
int64_t ring_oldest_seq(const struct ring *ring, int64_t current_seq);

#endif
