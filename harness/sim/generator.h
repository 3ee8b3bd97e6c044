/* Scenarios that nobody wrote: what a server may do to a client and what an application may ask of
 * it, in any order, small enough that rings and database limits overflow. The same choices give the
 * same text on every machine. */
#ifndef GAPCHECK_SIM_GENERATOR_H
#define GAPCHECK_SIM_GENERATOR_H

#include "core/buffer.h"
#include "core/driver_line.h"
#include "core/scenario.h"
#include "sim/choices.h"

#include <stdint.h>

enum generator_length {
    GENERATOR_SHORT, /* about 40 events and 3 reconnects */
    GENERATOR_LONG,  /* thousands of events: full rings, full replays, full memories of ids */
    GENERATOR_MIXED, /* short, but for one in 256 */
};

struct generator_config {
    enum generator_length length;
    /* For real sockets: no step that waits long, none that hangs on the moment it happens at. */
    bool is_live;
    /* What needs one that is missing is not made up. With ALONE, neither is what needs a process
     * of its own. */
    struct driver_capabilities capabilities;
    uint64_t seed; /* for title and name; the decisions come from the choices */
};

/* Appends the text of a scenario, as a file has it. It lists only a rule that always comes up. */
void generator_write(struct choices *choices, const struct generator_config *config,
                     struct buffer *out);

/* Writes the scenario to `text`, which it clears, and loads it. Owned by the caller; named
 * "generated-SEED". */
struct scenario *generator_load(struct choices *choices, const struct generator_config *config,
                                struct buffer *text);

#endif
