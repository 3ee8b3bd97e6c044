/* The reports of a run: written to its folder, shown on the terminal. */
#ifndef GAPCHECK_CMD_RUN_REPORTS_H
#define GAPCHECK_CMD_RUN_REPORTS_H

#include "cmd/options.h"
#include "cmd/report_folder.h"
#include "report/run.h"

/* Writes every report and works out run->exit, which is 3 if one of them could not be written. */
void run_reports_write(struct run *run, struct report_folder *folder);

/* Shows it on standard output. Returns the exit status: run->exit, or 3 if nobody could see it. */
int run_reports_print(const struct run *run, const struct options *options,
                      const struct report_folder *folder);

/* Writes a text to standard output; false if it did not get there. */
bool run_reports_put(const struct buffer *text);

#endif
