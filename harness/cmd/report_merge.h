/* gapcheck report --merge: one report and one exit status from the folders that many machines
 * left. */
#ifndef GAPCHECK_CMD_REPORT_MERGE_H
#define GAPCHECK_CMD_REPORT_MERGE_H

#include "cmd/options.h"

/* Merges the folders that options->paths name into --out, or a new folder of reports/out. What
 * cannot be read or is missing is told, the rest is merged, and the exit is 3. */
int report_merge(const struct options *options);

#endif
