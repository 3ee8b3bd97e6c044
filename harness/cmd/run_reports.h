/* The reports of a run: files in its folder, and what the terminal shows. */
#ifndef GAPCHECK_CMD_RUN_REPORTS_H
#define GAPCHECK_CMD_RUN_REPORTS_H

#include "cmd/options.h"
#include "cmd/report_folder.h"
#include "report/run.h"

/* Sets the run's exit, which a report that cannot be written makes 3. */
void run_write_reports(struct run *run, struct report_folder *folder);

/* Returns the exit status: 3 if nobody could see the verdicts. */
int run_print_reports(const struct run *run, const struct options *options,
                      const struct report_folder *folder);

#endif
