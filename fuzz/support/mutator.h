/* Changes a JSON text, JSON with comments or NDJSON to a similar one that is mostly still JSON, so
 * that a fuzzer gets behind the syntax. Both engines use it: libFuzzer by the names it asks for,
 * AFL++ through mutator_afl.c. */
#ifndef GAPCHECK_FUZZ_MUTATOR_H
#define GAPCHECK_FUZZ_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

/* Changes `data` in place; returns its new size, at most `max_bytes`. The same seed does the same,
 * where the engine brings no changes of its own. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size_bytes, size_t max_bytes, unsigned seed);

/* Writes the left text with a value of the right one put in. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *left, size_t left_bytes, const uint8_t *right,
                                 size_t right_bytes, uint8_t *out, size_t max_bytes, unsigned seed);

/* A number below `limit` (0 for 0), the next of those that `state` gives. */
size_t mutator_below(uint64_t *state, size_t limit);

/* Changes some bytes in place, as the engine does it where it brings a way; returns the new size. */
size_t mutator_change_bytes(uint8_t *data, size_t size_bytes, size_t max_bytes, uint64_t *state);

#endif
