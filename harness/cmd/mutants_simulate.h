/* The simulated half of the kill matrix: every mutant through every scenario in memory. */
#ifndef GAPCHECK_CMD_MUTANTS_SIMULATE_H
#define GAPCHECK_CMD_MUTANTS_SIMULATE_H

#include "cmd/mutants_play.h"

/* Fills the cells. Takes a thread for every processor, `job_count` at most where it is given; what
 * comes out is the same with any number of them. */
void mutants_simulate(const struct mutants_play *play, struct kill_matrix *matrix);

#endif
