/* A scenario told in words: what it is for, how server and client are set, one sentence a step,
 * and the rules that it shows. */
#ifndef GAPCHECK_CORE_EXPLAIN_H
#define GAPCHECK_CORE_EXPLAIN_H

#include "core/buffer.h"
#include "core/scenario.h"

void explain_scenario(const struct scenario *scenario, struct buffer *out);

/* Where a step stands. */
struct explain_place {
    bool is_node;            /* on the node stream */
    bool is_open;            /* a connection is */
    size_t connection_count; /* so many were accepted before */
};

/* The sentence of one step alone, without number and line break. */
void explain_step(const struct scenario_step *step, const struct explain_place *place,
                  struct buffer *out);

#endif
