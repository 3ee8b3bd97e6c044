/* Changes a scenario by the table of its fields, so that most of what comes out loads: steps are
 * edited, made, moved, spliced and wrapped into repeats. What is wrong on purpose is left to
 * mutator.c. */
#ifndef GAPCHECK_FUZZ_MUTATOR_SCENARIO_H
#define GAPCHECK_FUZZ_MUTATOR_SCENARIO_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* Whether the tree has an array `steps` at the top. */
bool mutator_is_scenario(const cJSON *root);

/* One change, decided by `state` (mutator_below). */
void mutator_change_scenario(cJSON *root, uint64_t *state);

/* Copies steps of `donor` into `root`; both are scenarios. */
void mutator_splice_scenario(cJSON *root, const cJSON *donor, uint64_t *state);

#endif
