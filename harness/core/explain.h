/* A scenario told in words: what it is for, how server and client are set, one sentence a step,
 * and the rules that it shows. */
#ifndef GAPCHECK_CORE_EXPLAIN_H
#define GAPCHECK_CORE_EXPLAIN_H

#include "core/buffer.h"
#include "core/scenario.h"

void explain_scenario(const struct scenario *scenario, struct buffer *out);

/* The sentence of one step alone, without number and line break. `is_open`: a connection is open;
 * `connection_count`: so many were accepted before. */
void explain_step(const struct scenario_step *step, bool is_open, size_t connection_count,
                  struct buffer *out);

#endif
