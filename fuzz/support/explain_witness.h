/* Reads what `explain` says about a scenario and compares it with the file's tree and the steps that
 * the loader made of it, without a look at how the sentences are made: every step in its order under
 * its number, in its place (connected or not), with every number and every text that its author
 * wrote. */
#ifndef GAPCHECK_FUZZ_EXPLAIN_WITNESS_H
#define GAPCHECK_FUZZ_EXPLAIN_WITNESS_H

#include "core/buffer.h"
#include "core/scenario.h"

/* Whether the words are right; if not, `fault` says what is wrong. */
bool explain_witness_agrees(const struct scenario *scenario, const char *words,
                            struct buffer *fault);

#endif
