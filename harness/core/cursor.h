/* The cursor of a client: the end of the unbroken run of numbers that it has seen, and the numbers
 * above the first hole, kept as ranges. No event up to its end is missing (C-4). */
#ifndef GAPCHECK_CORE_CURSOR_H
#define GAPCHECK_CORE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor_range {
    int64_t first, last; /* both included */
};

struct cursor {
    bool is_started;
    int64_t end; /* of the unbroken run; 0 before it starts */
    struct cursor_range *ranges; /* above the end, ascending, never touching; owned */
    size_t range_count;
    size_t range_capacity_count;
};

/* With more holes than this the lowest range is forgotten: its events are asked for again. */
#define CURSOR_RANGES_MAX 4096

/* Numbers beyond ±2^53 are no agent_seq: JSON does not carry them exactly. */
#define CURSOR_NUMBER_MAX (INT64_C(1) << 53)

void cursor_init(struct cursor *cursor);
void cursor_free(struct cursor *cursor);

/* Forgets all numbers; the run starts (anew) with `end` as its end. */
void cursor_start(struct cursor *cursor, int64_t end);

/* Counts a number (at most CURSOR_NUMBER_MAX either way). The first one ever starts the run. */
void cursor_add(struct cursor *cursor, int64_t number);

/* Nothing up to `end` is missing any more. Never moves back. */
void cursor_advance(struct cursor *cursor, int64_t end);

/* Whether numbers are missing below one that was seen; *above is then the lowest seen number above
 * the first hole. */
bool cursor_has_hole(const struct cursor *cursor, int64_t *above);

/* Whether the number is in the run or above it was seen. */
bool cursor_has(const struct cursor *cursor, int64_t number);

/* The highest number that was seen (or skipped). */
int64_t cursor_highest(const struct cursor *cursor);

#endif
