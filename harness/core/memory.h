/* Heap memory that cannot fail: running out of it ends the program in one place.
 * Nothing here is for sizes that come from outside unchecked: callers bound those first. */
#ifndef GAPCHECK_CORE_MEMORY_H
#define GAPCHECK_CORE_MEMORY_H

#include <stddef.h>

/* Zeroed memory for `count` items of `size` bytes; owned by the caller, released with free(). */
void *memory_alloc(size_t count, size_t size_bytes);

/* Makes room for at least `needed_count` items: doubles *capacity_count until they fit and
 * returns the moved block. New items are zero. Takes `items`, which may be NULL. */
void *memory_grow(void *items, size_t *capacity_count, size_t needed_count, size_t item_bytes);

/* The same, but new items hold anything: for megabytes that are written over at once. */
void *memory_reserve(void *items, size_t *capacity_count, size_t needed_count, size_t item_bytes);

/* A NUL-terminated copy of `size_bytes` bytes; owned by the caller. */
char *memory_copy_text(const char *text, size_t size_bytes);

#endif
