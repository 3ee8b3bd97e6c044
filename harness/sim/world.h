/* The simulated world: one scenario against the reference client (or a mutant) in memory, in
 * virtual time. The same session, client core and judge as live, and the same bytes between them;
 * what is missing is the kernel. Equal arguments give an equal transcript. */
#ifndef GAPCHECK_SIM_WORLD_H
#define GAPCHECK_SIM_WORLD_H

#include "core/client_policy.h"
#include "core/driver_line.h"
#include "core/scenario.h"
#include "core/transcript.h"

#include <stdint.h>

/* What the simulated client can be asked for: all but the node stream. */
struct driver_capabilities sim_capabilities(void);

/* The transcript is owned by the caller. */
struct transcript *sim_play(const struct scenario *scenario, const struct client_policy *policy,
                            uint64_t seed);

#endif
