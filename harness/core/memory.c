#include "core/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_COUNT 16 /* items */
#define FIRST_BYTES 256

static _Noreturn void memory_exhausted(void)
{
    fputs("gapcheck: out of memory\n", stderr);
    abort();
}

void *memory_alloc(size_t count, size_t size_bytes)
{
    void *block = calloc(count ? count : 1, size_bytes ? size_bytes : 1);
    if (!block)
        memory_exhausted();
    return block;
}

static size_t grown_capacity(size_t capacity_count, size_t needed_count, size_t first_count,
                             size_t item_bytes)
{
    size_t capacity = capacity_count ? capacity_count : first_count;
    while (capacity < needed_count) {
        if (capacity > SIZE_MAX / 2)
            memory_exhausted();
        capacity *= 2;
    }
    if (capacity > SIZE_MAX / item_bytes)
        memory_exhausted();
    return capacity;
}

static void *move_block(void *block, size_t size_bytes)
{
    void *moved = realloc(block, size_bytes);
    if (!moved)
        memory_exhausted();
    return moved;
}

void *memory_grow_bytes(void *bytes, size_t *capacity_bytes, size_t needed_bytes)
{
    if (needed_bytes <= *capacity_bytes)
        return bytes;
    *capacity_bytes = grown_capacity(*capacity_bytes, needed_bytes, FIRST_BYTES, 1);
    return move_block(bytes, *capacity_bytes);
}

void *memory_grow(void *items, size_t *capacity_count, size_t needed_count, size_t item_bytes)
{
    if (needed_count <= *capacity_count)
        return items;
    size_t capacity = grown_capacity(*capacity_count, needed_count, FIRST_COUNT, item_bytes);
    char *block = move_block(items, capacity * item_bytes);
    memset(block + *capacity_count * item_bytes, 0, (capacity - *capacity_count) * item_bytes);
    *capacity_count = capacity;
    return block;
}

char *memory_copy_text(const char *text, size_t size_bytes)
{
    if (size_bytes == SIZE_MAX)
        memory_exhausted();
    char *copy = move_block(NULL, size_bytes + 1);
    if (size_bytes)
        memcpy(copy, text, size_bytes);
    copy[size_bytes] = '\0';
    return copy;
}
