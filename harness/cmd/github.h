/* GitHub Actions: the only place that asks the environment whether we run there. */
#ifndef GAPCHECK_CMD_GITHUB_H
#define GAPCHECK_CMD_GITHUB_H

#include "report/run.h"

#include <stdbool.h>

/* Writes the run's annotations to standard output if that is GitHub's; else nothing. False if
 * nobody could see them. */
bool github_annotate(const struct run *run);

#endif
