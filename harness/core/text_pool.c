#include "core/text_pool.h"

#include "core/memory.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

#define SLOT_COUNT_FIRST 64

void text_pool_init(struct text_pool *pool, struct arena *arena)
{
    *pool = (struct text_pool){.arena = arena};
}

void text_pool_free(struct text_pool *pool)
{
    free(pool->slots);
}

/* The slot that holds `text`, or the empty one where it belongs. */
static const char **find_slot(struct text_pool *pool, const char *text)
{
    size_t slot = (size_t)text_hash(text, strlen(text)) & (pool->slot_count - 1);
    while (pool->slots[slot] && strcmp(pool->slots[slot], text) != 0)
        slot = (slot + 1) & (pool->slot_count - 1);
    return &pool->slots[slot];
}

static void grow(struct text_pool *pool)
{
    const char **old = pool->slots;
    size_t old_count = pool->slot_count;
    pool->slot_count = old_count ? old_count * 2 : SLOT_COUNT_FIRST;
    pool->slots = memory_alloc(pool->slot_count, sizeof(*pool->slots));
    for (size_t index = 0; index < old_count; index++)
        if (old[index])
            *find_slot(pool, old[index]) = old[index];
    free(old);
}

const char *text_pool_take(struct text_pool *pool, const char *text)
{
    if (pool->count * 2 >= pool->slot_count)
        grow(pool);
    const char **slot = find_slot(pool, text);
    if (!*slot) {
        *slot = arena_copy_text(pool->arena, text, strlen(text));
        pool->count++;
    }
    return *slot;
}
