/* Scenarios from a seed, for tests: what a server may do to a client, in any order and small
 * enough that rings and database limits overflow. */
#ifndef GAPCHECK_SIM_CHAOS_FIXTURE_H
#define GAPCHECK_SIM_CHAOS_FIXTURE_H

#include "core/buffer.h"
#include "core/scenario.h"

#include <stdint.h>

/* Appends the text of the seed's scenario. */
void chaos_write(uint64_t seed, struct buffer *out);

/* Loads it into `set`, empty before and freed by the caller; asserts that the loader takes it. */
const struct scenario *chaos_load(uint64_t seed, struct buffer *text, struct scenario_set *set);

#endif
