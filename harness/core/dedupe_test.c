#include "core/dedupe.h"

#include "core/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_COUNT 6000

/* The same rules, written for the reader: for each of KEY_COUNT keys the time of its insertion. */
struct naive {
    unsigned long inserted_at[KEY_COUNT]; /* 0: not there */
    unsigned long now;
    size_t count, capacity_count;
};

static size_t naive_extreme(const struct naive *naive, bool newest)
{
    size_t found = KEY_COUNT;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        unsigned long at = naive->inserted_at[i];
        if (at && (found == KEY_COUNT || (at > naive->inserted_at[found]) == newest))
            found = i;
    }
    return found;
}

static bool naive_insert(struct naive *naive, size_t key)
{
    if (naive->inserted_at[key])
        return false;
    if (naive->capacity_count == 0)
        return true;
    if (naive->count == naive->capacity_count)
        naive->inserted_at[naive_extreme(naive, false)] = 0;
    else
        naive->count++;
    naive->inserted_at[key] = ++naive->now;
    return true;
}

static void naive_forget_newest(struct naive *naive)
{
    if (naive->count == 0)
        return;
    naive->inserted_at[naive_extreme(naive, true)] = 0;
    naive->count--;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/* Keys of every length from 1 on, short and long of one beginning, the empty key, zero bytes. */
static struct span make_key(size_t number, char text[300])
{
    if (number == 0)
        return (struct span){NULL, 0};
    int size = snprintf(text, 300, "message.created%c%zu", '\0', number);
    memset(text + size, 'x', 300 - (size_t)size);
    return (struct span){text, (size_t)size + number % 97};
}

static void check_same(const struct dedupe *dedupe, const struct naive *naive)
{
    char text[300];
    cr_assert(dedupe_count(dedupe) == naive->count);
    for (size_t i = 0; i < KEY_COUNT; i++)
        cr_assert(dedupe_contains(dedupe, make_key(i, text)) == (naive->inserted_at[i] != 0),
                  "capacity %zu, key %zu", naive->capacity_count, i);
}

Test(dedupe, remembers_what_a_naive_memory_remembers)
{
    static const size_t capacities[] = {0, 1, 2, 3, 2499, 2500, 2501};
    char text[300];
    for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
        struct naive *naive = memory_alloc(1, sizeof *naive);
        naive->capacity_count = capacities[c];
        struct dedupe *dedupe = dedupe_new(capacities[c]);
        cr_assert(dedupe_capacity(dedupe) == capacities[c]);
        uint64_t state = 88172645463325252u + c;
        size_t range = capacities[c] < 100 ? 6 : KEY_COUNT;
        for (unsigned step = 1; step <= 12000; step++) {
            uint64_t random = next_random(&state);
            if (random % 16 == 0) {
                dedupe_forget_newest(dedupe);
                naive_forget_newest(naive);
            } else {
                size_t key = (size_t)(random / 16 % range);
                bool is_new = naive_insert(naive, key);
                cr_assert(dedupe_insert(dedupe, make_key(key, text)) == is_new);
            }
            if (step % 1500 == 0)
                check_same(dedupe, naive);
        }
        dedupe_clear(dedupe);
        memset(naive->inserted_at, 0, sizeof naive->inserted_at);
        naive->count = 0;
        check_same(dedupe, naive);
        cr_assert(dedupe_insert(dedupe, make_key(5, text)));
        dedupe_free(dedupe);
        free(naive);
    }
}

Test(dedupe, an_id_is_known_after_2499_others_and_forgotten_after_2500)
{
    struct dedupe *dedupe = dedupe_new(2500);
    char text[300];
    for (size_t i = 1; i <= 2500; i++)
        cr_assert(dedupe_insert(dedupe, make_key(i, text)));
    cr_assert(dedupe_contains(dedupe, make_key(1, text)));
    cr_assert(!dedupe_insert(dedupe, make_key(1, text)), "and that does not make it younger");
    cr_assert(dedupe_insert(dedupe, make_key(2501, text)));
    cr_assert(!dedupe_contains(dedupe, make_key(1, text)));
    cr_assert(dedupe_contains(dedupe, make_key(2, text)));
    dedupe_free(dedupe);
}

Test(dedupe, keys_are_told_apart_whole)
{
    static const char bytes[] = "a\0b\0";
    struct dedupe *dedupe = dedupe_new(10);
    for (size_t size = 0; size <= 4; size++)
        cr_assert(dedupe_insert(dedupe, (struct span){bytes, size}), "%zu", size);
    cr_assert(dedupe_count(dedupe) == 5);
    cr_assert(!dedupe_insert(dedupe, (struct span){NULL, 0}));
    dedupe_free(dedupe);
}

Test(dedupe, copies_its_keys_and_reads_no_byte_beyond_them)
{
    struct dedupe *dedupe = dedupe_new(200);
    for (size_t size = 1; size <= 130; size++) {
        char *exact = malloc(size);
        memset(exact, 'k', size);
        cr_assert(dedupe_insert(dedupe, (struct span){exact, size}));
        cr_assert(dedupe_contains(dedupe, (struct span){exact, size}));
        memset(exact, 'z', size);
        free(exact);
    }
    char again[130];
    memset(again, 'k', sizeof again);
    for (size_t size = 1; size <= 130; size++)
        cr_assert(dedupe_contains(dedupe, (struct span){again, size}));
    dedupe_free(dedupe);
}

Test(dedupe, memory_stays_bounded)
{
    struct dedupe *dedupe = dedupe_new(2500);
    char key[1000];
    size_t empty_bytes = dedupe_memory_bytes(dedupe), full_bytes = 0;
    cr_assert(empty_bytes < 1000, "memory is taken as it fills");
    for (int i = 0; i < 200000; i++) {
        int size = snprintf(key, sizeof key, "id-%d", i);
        dedupe_insert(dedupe, (struct span){key, (size_t)size});
        if (i == 2500)
            full_bytes = dedupe_memory_bytes(dedupe);
    }
    cr_assert(dedupe_memory_bytes(dedupe) == full_bytes);
    cr_assert(full_bytes < 1000 * 1000, "%zu", full_bytes);

    memset(key, 'x', sizeof key);
    for (int i = 0; i < 10000; i++) {
        snprintf(key, 20, "%d", i);
        dedupe_insert(dedupe, (struct span){key, sizeof key});
    }
    cr_assert(dedupe_memory_bytes(dedupe) == full_bytes + 2500 * sizeof key);
    for (int i = 0; i < 2500; i++)
        dedupe_insert(dedupe, (struct span){key, (size_t)(i % 50 + 1)});
    dedupe_clear(dedupe);
    cr_assert(dedupe_memory_bytes(dedupe) == full_bytes);
    dedupe_free(dedupe);
    dedupe_free(NULL);
}
