#include "core/ring.h"

#include "core/memory.h"

#include <assert.h>
#include <stdlib.h>

void ring_init(struct ring *ring, size_t capacity_count)
{
    *ring = (struct ring){.capacity_count = capacity_count};
}

void ring_free(struct ring *ring)
{
    free(ring->entries);
    ring_init(ring, ring->capacity_count);
}

void ring_clear(struct ring *ring)
{
    ring->first = ring->count = 0;
}

/* Where the entry with `index` stands. */
static size_t ring_slot(const struct ring *ring, size_t index)
{
    size_t slot = ring->first + index;
    return slot < ring->allocated_count ? slot : slot - ring->allocated_count;
}

struct ring_entry ring_at(const struct ring *ring, size_t index)
{
    assert(index < ring->count);
    return ring->entries[ring_slot(ring, index)];
}

/* Moves the entries, oldest first, into a block twice the size (at most the capacity). */
static void ring_grow(struct ring *ring)
{
    size_t doubled_count = ring->allocated_count ? ring->allocated_count * 2 : 16;
    size_t allocated_count =
        doubled_count < ring->capacity_count ? doubled_count : ring->capacity_count;
    struct ring_entry *entries = memory_alloc(allocated_count, sizeof *entries);
    for (size_t i = 0; i < ring->count; i++)
        entries[i] = ring_at(ring, i);
    free(ring->entries);
    ring->entries = entries;
    ring->allocated_count = allocated_count;
    ring->first = 0;
}

static void ring_remove_oldest(struct ring *ring)
{
    ring->first = ring_slot(ring, 1);
    ring->count--;
}

static void ring_remove(struct ring *ring, size_t index)
{
    if (index == 0) {
        ring_remove_oldest(ring);
        return;
    }
    for (size_t i = index; i + 1 < ring->count; i++)
        ring->entries[ring_slot(ring, i)] = ring->entries[ring_slot(ring, i + 1)];
    ring->count--;
}

/* Removes the entry that holds `seq`. The search starts at the oldest: after a restart that kept
 * the ring and reset the counter, that is where the numbers are met again. A search that finds
 * nothing has seen all entries and corrects the bound, which grows stale as the highest leave. */
static void ring_remove_seq(struct ring *ring, int64_t seq)
{
    int64_t highest_seq = seq;
    for (size_t i = 0; i < ring->count; i++) {
        int64_t held_seq = ring->entries[ring_slot(ring, i)].seq;
        if (held_seq == seq) {
            ring_remove(ring, i);
            return;
        }
        if (held_seq > highest_seq)
            highest_seq = held_seq;
    }
    ring->highest_seq = highest_seq;
}

void ring_push(struct ring *ring, struct ring_entry entry)
{
    if (ring->capacity_count == 0)
        return;
    if (ring->count > 0 && entry.seq <= ring->highest_seq)
        ring_remove_seq(ring, entry.seq);
    else
        ring->highest_seq = entry.seq;
    if (ring->count == ring->capacity_count)
        ring_remove_oldest(ring);
    else if (ring->count == ring->allocated_count)
        ring_grow(ring);
    ring->entries[ring_slot(ring, ring->count)] = entry;
    ring->count++;
}

int64_t ring_oldest_seq(const struct ring *ring, int64_t current_seq)
{
    return ring->count ? ring_at(ring, 0).seq : current_seq + 1;
}
