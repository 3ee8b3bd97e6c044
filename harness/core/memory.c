#include "core/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Most lines and frames fit the first block of bytes, most lists the first of items. */
static size_t first_count(size_t item_bytes)
{
    return item_bytes == 1 ? 256 : 16;
}

void *memory_reserve(void *items, size_t *capacity_count, size_t needed_count, size_t item_bytes)
{
    if (needed_count <= *capacity_count)
        return items;
    size_t capacity = *capacity_count ? *capacity_count : first_count(item_bytes);
    while (capacity < needed_count) {
        if (capacity > SIZE_MAX / 2)
            memory_exhausted();
        capacity *= 2;
    }
    if (capacity > SIZE_MAX / item_bytes)
        memory_exhausted();
    void *block = realloc(items, capacity * item_bytes);
    if (!block)
        memory_exhausted();
    *capacity_count = capacity;
    return block;
}

void *memory_grow(void *items, size_t *capacity_count, size_t needed_count, size_t item_bytes)
{
    size_t old_count = *capacity_count;
    char *block = memory_reserve(items, capacity_count, needed_count, item_bytes);
    if (*capacity_count > old_count)
        memset(block + old_count * item_bytes, 0, (*capacity_count - old_count) * item_bytes);
    return block;
}

char *memory_copy_text(const char *text, size_t size_bytes)
{
    if (size_bytes == SIZE_MAX)
        memory_exhausted();
    char *copy = malloc(size_bytes + 1);
    if (!copy)
        memory_exhausted();
    if (size_bytes)
        memcpy(copy, text, size_bytes);
    copy[size_bytes] = '\0';
    return copy;
}
