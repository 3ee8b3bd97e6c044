/* Whether two scenarios do the same: equal steps, server, client and dialect once every default is
 * filled in. Titles, rules, tags and time-outs do not count. */
#ifndef GAPCHECK_CORE_SCENARIO_SAME_H
#define GAPCHECK_CORE_SCENARIO_SAME_H

#include "core/scenario.h"

#include <stdint.h>

bool scenario_is_same(const struct scenario *left, const struct scenario *right);

/* Equal for scenarios that do the same; others differ but for a chance in 2^64. */
uint64_t scenario_same_hash(const struct scenario *scenario);

#endif
