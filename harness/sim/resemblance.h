/* What is unusual about scenarios, and whether two share it. Numbers, names and event types do not
 * count. */
#ifndef GAPCHECK_SIM_RESEMBLANCE_H
#define GAPCHECK_SIM_RESEMBLANCE_H

#include "core/scenario.h"

/* How many unusual things a scenario has: what goes beyond connecting, publishing, losing a
 * connection and waiting. A clock that is wrong is one. */
size_t resemblance_count_unusual(const struct scenario *scenario);

/* Whether `large` has everything unusual that `small` has, in any order: then what `small` shows is
 * likely to be what is wrong in `large` too. */
bool resemblance_has_unusual(const struct scenario *large, const struct scenario *small);

#endif
