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

/* What the simulated client can be asked for: all but a process of its own. */
struct driver_capabilities sim_capabilities(void);

/* The transcript is owned by the caller. */
struct transcript *sim_play(const struct scenario *scenario, const struct client_policy *policy,
                            uint64_t seed);

/* Where the time of sessions goes, as the caller's clock has it; pure without one. */
struct sim_stopwatch {
    int64_t (*now_ns)(void);
    int64_t client_ns;  /* the client's core and its end of the WebSocket */
    int64_t session_ns; /* the fake server, its end, the driver's lines and the transcript */
};

/* The same, and adds to the stopwatch, which may be NULL. */
struct transcript *sim_play_timed(const struct scenario *scenario,
                                  const struct client_policy *policy, uint64_t seed,
                                  struct sim_stopwatch *stopwatch);

#endif
