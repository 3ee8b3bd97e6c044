/* gapcheck run --watch: for authors, plays again what a change of a file concerns. */
#ifndef GAPCHECK_CMD_RUN_WATCH_H
#define GAPCHECK_CMD_RUN_WATCH_H

#include "cmd/options.h"
#include "report/run.h"

/* Plays everything once; then, until it is interrupted, the scenarios whose file changes, and all
 * when the driver or a baseline does. A mistake in a scenario is shown, and the watch goes on.
 * Returns the exit status of the last round. */
enum run_exit run_watch(const struct options *options);

#endif
