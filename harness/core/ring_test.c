#include "core/ring.h"

#include <criterion/criterion.h>
#include <string.h>

#define NAIVE_MAX 600

/* The same rules, written for the reader: an array, the oldest first. */
struct naive {
    struct ring_entry entries[NAIVE_MAX];
    size_t count, capacity_count;
};

static void naive_remove(struct naive *naive, size_t index)
{
    naive->count--;
    memmove(naive->entries + index, naive->entries + index + 1,
            (naive->count - index) * sizeof *naive->entries);
}

static void naive_push(struct naive *naive, struct ring_entry entry)
{
    for (size_t i = 0; i < naive->count; i++)
        if (naive->entries[i].seq == entry.seq) {
            naive_remove(naive, i);
            break;
        }
    naive->entries[naive->count++] = entry;
    if (naive->count > naive->capacity_count)
        naive_remove(naive, 0);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static void check_same(const struct ring *ring, const struct naive *naive)
{
    cr_assert(ring->count == naive->count);
    cr_assert(ring->allocated_count <= ring->capacity_count);
    for (size_t i = 0; i < naive->count; i++) {
        struct ring_entry entry = ring_at(ring, i);
        cr_assert(entry.seq == naive->entries[i].seq && entry.marker == naive->entries[i].marker,
                  "capacity %zu, index %zu", ring->capacity_count, i);
    }
    cr_assert(ring_oldest_seq(ring, 41) == (naive->count ? naive->entries[0].seq : 42));
}

/* Mostly the next number; now and then a jump back or ahead, as restarts and `"seq": n` make it. */
static int64_t next_seq(int64_t seq, size_t capacity, uint64_t *state)
{
    uint64_t random = next_random(state);
    if (random % 64 < 60)
        return seq + 1;
    return (int64_t)(random / 64 % (2 * capacity + 4)) - 1;
}

Test(ring, holds_what_a_naive_ring_holds)
{
    static const size_t capacities[] = {0, 1, 2, 3, 7, 16, 17, 499, 500, 501};
    for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
        size_t capacity = capacities[c];
        struct naive naive = {.capacity_count = capacity};
        struct ring ring;
        ring_init(&ring, capacity);
        uint64_t state = 88172645463325252u + c;
        int64_t seq = 0;
        for (uint64_t marker = 1; marker <= 4 * capacity + 400; marker++) {
            seq = next_seq(seq, capacity, &state);
            struct ring_entry entry = {.marker = marker, .seq = seq};
            ring_push(&ring, entry);
            naive_push(&naive, entry);
            check_same(&ring, &naive);
            if (next_random(&state) % 1000 == 0) {
                ring_clear(&ring);
                naive.count = 0;
            }
        }
        ring_free(&ring);
    }
}

Test(ring, drops_the_oldest_first)
{
    struct ring ring;
    ring_init(&ring, 500);
    for (int64_t seq = 1; seq <= 700; seq++)
        ring_push(&ring, (struct ring_entry){(uint64_t)seq, seq});
    cr_assert(ring.count == 500);
    cr_assert(ring_at(&ring, 0).seq == 201 && ring_at(&ring, 499).seq == 700);
    ring_free(&ring);
}

Test(ring, numbers_met_again_after_a_counter_reset_are_replaced)
{
    struct ring ring;
    ring_init(&ring, 500);
    for (int64_t seq = 1; seq <= 500; seq++)
        ring_push(&ring, (struct ring_entry){(uint64_t)seq, seq});
    for (int64_t seq = 1; seq <= 3; seq++)
        ring_push(&ring, (struct ring_entry){(uint64_t)(500 + seq), seq});
    cr_assert(ring.count == 500);
    cr_assert(ring_at(&ring, 0).seq == 4);
    for (size_t i = 0; i < 3; i++)
        cr_assert(ring_at(&ring, 497 + i).marker == 501 + i);
    ring_free(&ring);
}

Test(ring, a_high_number_below_one_still_held_is_replaced)
{
    static const int64_t numbers[] = {5, 9, 3, 6, 9};
    struct ring ring;
    ring_init(&ring, 10);
    for (size_t i = 0; i < 5; i++)
        ring_push(&ring, (struct ring_entry){i + 1, numbers[i]});
    cr_assert(ring.count == 4);
    cr_assert(ring_at(&ring, 1).seq == 3 && ring_at(&ring, 3).marker == 5);
    ring_free(&ring);
}

Test(ring, takes_memory_only_as_it_fills)
{
    struct ring ring;
    ring_init(&ring, 1000000);
    cr_assert(ring.allocated_count == 0);
    for (int64_t seq = 1; seq <= 100; seq++)
        ring_push(&ring, (struct ring_entry){1, seq});
    cr_assert(ring.allocated_count <= 256);
    ring_free(&ring);
    cr_assert(ring.count == 0 && ring.capacity_count == 1000000);
    ring_free(&ring);
}

Test(ring, increasing_numbers_are_never_searched_for)
{
    struct ring ring;
    ring_init(&ring, 1000000);
    for (int64_t seq = 1; seq <= 3000000; seq++) /* hours if each were searched for */
        ring_push(&ring, (struct ring_entry){(uint64_t)seq, seq});
    cr_assert(ring.count == 1000000 && ring_at(&ring, 0).seq == 2000001);
    ring_free(&ring);
}
