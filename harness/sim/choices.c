#include "sim/choices.h"

#include <assert.h>

void choices_init_seed(struct choices *choices, uint64_t seed)
{
    *choices = (struct choices){.state = seed};
}

void choices_init_bytes(struct choices *choices, const void *bytes, size_t byte_count)
{
    /* No bytes at all are bytes too: without them the stream would be that of a seed. */
    static const uint8_t nothing[1];
    *choices = (struct choices){.bytes = byte_count ? bytes : nothing, .byte_count = byte_count};
}

/* splitmix64 */
static uint64_t next_mixed(struct choices *choices)
{
    uint64_t mixed = choices->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* Little end first, so that the same bytes mean the same everywhere. */
static uint32_t next_bytes(struct choices *choices, uint32_t limit)
{
    uint32_t value = 0;
    unsigned shift = 0;
    for (uint32_t rest = limit - 1; rest > 0; rest >>= 8, shift += 8) {
        if (choices->used_count == choices->byte_count)
            break;
        value |= (uint32_t)choices->bytes[choices->used_count++] << shift;
    }
    return value;
}

uint32_t choices_below(struct choices *choices, uint32_t limit)
{
    assert(limit > 0);
    if (choices->bytes)
        return next_bytes(choices, limit) % limit;
    /* The high half times the limit: no division, and no bias that matters at these sizes. */
    return (uint32_t)(((next_mixed(choices) >> 32) * limit) >> 32);
}

uint32_t choices_between(struct choices *choices, uint32_t min, uint32_t max)
{
    return min + choices_below(choices, max - min + 1);
}

bool choices_chance(struct choices *choices, uint32_t percent)
{
    return choices_below(choices, 100) + percent >= 100; /* 0, where bytes end, is false */
}

const char *choices_text(struct choices *choices, const char *const *items, size_t count)
{
    return items[choices_below(choices, (uint32_t)count)];
}
