/* Whether a scenario holds another one in it: the same things happen in the same order, whatever
 * else happens between them. Numbers, names and event types do not count. */
#ifndef GAPCHECK_SIM_RESEMBLANCE_H
#define GAPCHECK_SIM_RESEMBLANCE_H

#include "core/scenario.h"

/* Whether `large` does all that `small` does: then what `small` shows is likely to be what is wrong
 * in `large` too. Settings of server and client are not looked at. */
bool resemblance_holds(const struct scenario *large, const struct scenario *small);

/* Whether each holds the other. */
bool resemblance_is_mutual(const struct scenario *left, const struct scenario *right);

#endif
