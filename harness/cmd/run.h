/* What a run leaves: its reports in a folder, and the verdicts on standard output. */
#ifndef GAPCHECK_CMD_RUN_H
#define GAPCHECK_CMD_RUN_H

#include "cmd/options.h"
#include "cmd/report_folder.h"
#include "report/run.h"

/* Writes every report and sets the run's exit. */
void run_write_reports(struct run *run, struct report_folder *folder);

/* Returns the exit status: the run's, or 3 if nobody could be shown it. */
int run_print_reports(const struct run *run, const struct options *options,
                      const struct report_folder *folder);

#endif
