/* Texts that come again and again, each kept once: two equal texts have one address. */
#ifndef GAPCHECK_CORE_TEXT_POOL_H
#define GAPCHECK_CORE_TEXT_POOL_H

#include "core/arena.h"

#include <stddef.h>

struct text_pool {
    struct arena *arena; /* where the texts lie; borrowed */
    const char **slots;  /* owned; open addressing, a power of two, at most half full */
    size_t slot_count;
    size_t count;
};

void text_pool_init(struct text_pool *pool, struct arena *arena);
void text_pool_free(struct text_pool *pool);

/* The one copy of `text`, which lives as long as the arena. */
const char *text_pool_take(struct text_pool *pool, const char *text);

#endif
