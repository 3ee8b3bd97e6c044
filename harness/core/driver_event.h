/* The line that a driver writes for every event, read without building a tree: one pass, no
 * allocation. What it cannot read so (escapes, equal names, anything unusual) is left to
 * driver_line.h, which says the same of every line that both read. */
#ifndef GAPCHECK_CORE_DRIVER_EVENT_H
#define GAPCHECK_CORE_DRIVER_EVENT_H

#include "core/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All borrowed from the line. */
struct driver_event_line {
    struct span client, type;
    struct span data; /* raw JSON without escapes; its `data` is NULL where the line has none */
    int handler;      /* 1 unless the line says so */
};

/* False for every line that is no plain `event` line; nothing is known of it then. */
bool driver_event_read(const char *text, size_t size_bytes, struct driver_event_line *line);

/* The marker of the first string value in `data` that has one; 0: none. */
uint64_t driver_event_marker(struct span data);

/* As driver_line_text_is_whole. */
bool driver_event_text_is_whole(struct span data, uint64_t marker, uint32_t size_bytes);

#endif
