/* The run that a report folder holds, read back from its results.json. */
#ifndef GAPCHECK_CMD_REPORT_READ_H
#define GAPCHECK_CMD_REPORT_READ_H

#include "report/run.h"

#include <stdbool.h>

#define RESULTS_NAME "results.json"

/* False, and nothing to free, if it cannot be read: that is told, with `hint` where the file itself
 * is missing. */
bool report_read(const char *folder, const char *hint, struct run *run);

#endif
