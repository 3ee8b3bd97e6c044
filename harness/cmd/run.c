/* gapcheck run: plays scenarios against one client or several, judges and reports. */
#include "cmd/command.h"
#include "cmd/library.h"
#include "cmd/options.h"
#include "cmd/places.h"
#include "cmd/run_clients.h"
#include "cmd/run_job.h"
#include "cmd/run_watch.h"

static enum run_exit run_with(const struct options *options)
{
    struct places places;
    struct run_job job;
    struct scenario_set set = {0};
    places_find(&places);
    /* A client that does not exist is told even if nothing is selected: 2 comes before 3. */
    enum run_exit status = (enum run_exit)library_select(options, &places, &set);
    if (status == RUN_EXIT_USAGE) {
        job = (struct run_job){0};
    } else {
        status = run_exit_worst(status, run_job_open(&job, options, &places));
        if (status == RUN_EXIT_EXPECTED)
            status = run_clients_play(&job, &set);
    }
    run_job_close(&job);
    scenario_set_free(&set);
    places_free(&places);
    return status;
}

int command_run(const struct options *options)
{
    return (int)(options->is_watch ? run_watch(options) : run_with(options));
}
