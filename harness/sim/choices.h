/* A stream of small decisions, drawn from a seed or from given bytes. What makes something up from
 * it does the same on every machine, and a fuzzer that owns the bytes steers it. */
#ifndef GAPCHECK_SIM_CHOICES_H
#define GAPCHECK_SIM_CHOICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct choices {
    uint64_t state;       /* of the generator, where there are no bytes */
    const uint8_t *bytes; /* NULL: from the seed */
    size_t byte_count, used_count;
};

void choices_init_seed(struct choices *choices, uint64_t seed);

/* Borrows `bytes` as long as decisions are drawn. Behind their end every decision is the first of
 * its kind: 0, false, the first item. */
void choices_init_bytes(struct choices *choices, const void *bytes, size_t byte_count);

/* A number from 0 to limit - 1; `limit` is at least 1. Of bytes it uses as few as can hold it. */
uint32_t choices_below(struct choices *choices, uint32_t limit);

/* A number from `min` to `max`, both inclusive. */
uint32_t choices_between(struct choices *choices, uint32_t min, uint32_t max);

/* True in so many of a hundred. */
bool choices_chance(struct choices *choices, uint32_t percent);

const char *choices_text(struct choices *choices, const char *const *items, size_t count);

/* One of the texts that are listed. */
#define CHOICES_ONE_OF(choices, ...)                                                               \
    choices_text((choices), (const char *const[]){__VA_ARGS__},                                    \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

#endif
