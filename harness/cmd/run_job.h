/* What `gapcheck run` plays with: the clients and the baselines that its options name, and how one
 * client is played and reported. */
#ifndef GAPCHECK_CMD_RUN_JOB_H
#define GAPCHECK_CMD_RUN_JOB_H

#include "cmd/baseline_file.h"
#include "cmd/client.h"
#include "cmd/options.h"
#include "cmd/places.h"
#include "cmd/report_folder.h"
#include "core/scenario.h"
#include "report/run.h"

#include <stdbool.h>
#include <stddef.h>

struct run_job {
    const struct options *options; /* borrowed, as are the places */
    const struct places *places;
    struct client_choice *clients; /* owned */
    size_t client_count;
    struct baseline_file *baselines; /* owned */
    size_t baseline_count;
    bool has_unknown_client; /* one never said who it is */
    bool is_interrupted;
};

/* Installs what is missing and reads the baselines; what is wrong is told. Returns the exit status:
 * EXPECTED if everything is there. Closed with run_job_close either way. */
enum run_exit run_job_open(struct run_job *job, const struct options *options,
                           const struct places *places);
void run_job_close(struct run_job *job);

/* Plays the scenarios against one of the clients and writes its reports to the folder. `run` is
 * freed with run_free either way. False, and told, if the baseline is for another client: then
 * nothing was written. */
bool run_job_play(struct run_job *job, size_t client_index, const struct scenario_set *set,
                  struct report_folder *folder, struct run *run);

/* Whether every baseline was for one of the clients; tells which were not. */
bool run_job_check_baselines(const struct run_job *job);

#endif
