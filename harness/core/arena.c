#include "core/arena.h"

#include "core/memory.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 4096

struct arena_block {
    struct arena_block *next;
    size_t used_bytes;
    size_t size_bytes;
    max_align_t data[];
};

void *arena_alloc(struct arena *arena, size_t count, size_t size_bytes)
{
    assert(size_bytes == 0 || count <= (SIZE_MAX / 2) / size_bytes);
    size_t needed_bytes = count * size_bytes;
    size_t unit = sizeof(max_align_t);
    needed_bytes = (needed_bytes + unit - 1) / unit * unit;
    struct arena_block *block = arena->blocks;
    if (!block || block->size_bytes - block->used_bytes < needed_bytes) {
        size_t block_bytes = needed_bytes > BLOCK_BYTES ? needed_bytes : BLOCK_BYTES;
        block = memory_alloc(1, sizeof *block + block_bytes);
        block->size_bytes = block_bytes;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *memory = (char *)block->data + block->used_bytes;
    block->used_bytes += needed_bytes;
    return memory;
}

char *arena_copy_text(struct arena *arena, const char *text, size_t size_bytes)
{
    char *copy = arena_alloc(arena, size_bytes + 1, 1);
    if (size_bytes)
        memcpy(copy, text, size_bytes);
    return copy;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}
