/* One client or several in one run. Of several each is played in turn and leaves an ordinary
 * report, and what they did differently is shown side by side. */
#ifndef GAPCHECK_CMD_RUN_CLIENTS_H
#define GAPCHECK_CMD_RUN_CLIENTS_H

#include "cmd/run_job.h"

/* Returns the exit status: the worst of theirs. */
enum run_exit run_clients_play(struct run_job *job, const struct scenario_set *set);

#endif
