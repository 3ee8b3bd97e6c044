/* What the fake server does while a hostile client talks to it: a few scenarios that between them
 * use every verb, small enough for rings and database limits to overflow. */
#ifndef GAPCHECK_FUZZ_HOSTILE_SCRIPTS_H
#define GAPCHECK_FUZZ_HOSTILE_SCRIPTS_H

#include "core/scenario.h"

#include <stddef.h>

#define HOSTILE_SCRIPTS_COUNT 16

/* Loaded once and kept to the end of the program. `index` is below HOSTILE_SCRIPTS_COUNT. */
const struct scenario *hostile_script(size_t index);

#endif
