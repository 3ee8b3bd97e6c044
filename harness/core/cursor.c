#include "core/cursor.h"

#include "core/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void cursor_init(struct cursor *cursor)
{
    *cursor = (struct cursor){0};
}

void cursor_free(struct cursor *cursor)
{
    free(cursor->ranges);
    cursor_init(cursor);
}

void cursor_start(struct cursor *cursor, int64_t end)
{
    cursor->is_started = true;
    cursor->end = end;
    cursor->range_count = 0;
}

static void remove_ranges(struct cursor *cursor, size_t index, size_t count)
{
    cursor->range_count -= count;
    memmove(cursor->ranges + index, cursor->ranges + index + count,
            (cursor->range_count - index) * sizeof *cursor->ranges);
}

static void insert_range(struct cursor *cursor, size_t index, int64_t number)
{
    cursor->ranges = memory_grow(cursor->ranges, &cursor->range_capacity_count,
                                 cursor->range_count + 1, sizeof *cursor->ranges);
    memmove(cursor->ranges + index + 1, cursor->ranges + index,
            (cursor->range_count - index) * sizeof *cursor->ranges);
    cursor->ranges[index] = (struct cursor_range){number, number};
    cursor->range_count++;
    if (cursor->range_count > CURSOR_RANGES_MAX)
        remove_ranges(cursor, 0, 1);
}

/* The index of the first range that ends at or above `number`. */
static size_t find_range(const struct cursor *cursor, int64_t number)
{
    size_t low = 0, high = cursor->range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cursor->ranges[middle].last < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool cursor_has(const struct cursor *cursor, int64_t number)
{
    if (!cursor->is_started || number <= cursor->end)
        return cursor->is_started;
    size_t index = find_range(cursor, number);
    return index < cursor->range_count && cursor->ranges[index].first <= number;
}

/* The run swallows the ranges that it has reached. */
static void extend_run(struct cursor *cursor)
{
    size_t reached = 0;
    for (; reached < cursor->range_count; reached++) {
        if (cursor->ranges[reached].first > cursor->end + 1)
            break;
        if (cursor->ranges[reached].last > cursor->end)
            cursor->end = cursor->ranges[reached].last;
    }
    if (reached > 0)
        remove_ranges(cursor, 0, reached);
}

static void add_above_hole(struct cursor *cursor, int64_t number)
{
    /* Looked for one lower, so that a range that ends right below the number is found too. */
    size_t index = find_range(cursor, number - 1);
    if (index == cursor->range_count || cursor->ranges[index].first > number + 1) {
        insert_range(cursor, index, number);
        return;
    }
    struct cursor_range *range = &cursor->ranges[index];
    if (number < range->first)
        range->first = number;
    if (number > range->last)
        range->last = number;
    if (index + 1 < cursor->range_count && range[1].first == range->last + 1) {
        range->last = range[1].last;
        remove_ranges(cursor, index + 1, 1);
    }
}

void cursor_add(struct cursor *cursor, int64_t number)
{
    assert(number >= -CURSOR_NUMBER_MAX && number <= CURSOR_NUMBER_MAX);
    if (!cursor->is_started) {
        cursor_start(cursor, number);
    } else if (number == cursor->end + 1) {
        cursor->end = number;
        extend_run(cursor);
    } else if (number > cursor->end) {
        add_above_hole(cursor, number);
    }
}

void cursor_advance(struct cursor *cursor, int64_t end)
{
    if (!cursor->is_started)
        cursor_start(cursor, end);
    if (end <= cursor->end)
        return;
    cursor->end = end;
    extend_run(cursor);
}

bool cursor_has_hole(const struct cursor *cursor, int64_t *above)
{
    if (cursor->range_count == 0)
        return false;
    *above = cursor->ranges[0].first;
    return true;
}

int64_t cursor_highest(const struct cursor *cursor)
{
    return cursor->range_count ? cursor->ranges[cursor->range_count - 1].last : cursor->end;
}
