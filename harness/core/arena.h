/* Memory that is released all at once. */
#ifndef GAPCHECK_CORE_ARENA_H
#define GAPCHECK_CORE_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_block *blocks; /* owned; the newest first */
};

/* Zeroed memory, aligned for anything, that lives until arena_free. */
void *arena_alloc(struct arena *arena, size_t count, size_t size_bytes);

/* A NUL-terminated copy, likewise. */
char *arena_copy_text(struct arena *arena, const char *text, size_t size_bytes);

void arena_free(struct arena *arena);

#endif
