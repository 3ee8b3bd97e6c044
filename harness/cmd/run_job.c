#include "cmd/run_job.h"

#include "cmd/command.h"
#include "cmd/play.h"
#include "cmd/run_reports.h"
#include "core/memory.h"

#include <stdlib.h>

/* ---- clients and baselines ---- */

static enum run_exit choose_clients(struct run_job *job)
{
    const struct option_texts *asked = &job->options->clients;
    enum run_exit status = RUN_EXIT_EXPECTED;
    job->clients = memory_alloc(asked->count + 1, sizeof *job->clients);
    if (asked->count == 0)
        return client_open(job->places, job->options->client, &job->clients[job->client_count++]);
    for (size_t i = 0; i < asked->count; i++)
        status = run_exit_worst(status, client_open(job->places, asked->items[i],
                                                    &job->clients[job->client_count++]));
    return status;
}

static enum run_exit open_baselines(struct run_job *job)
{
    const struct option_texts *paths = &job->options->baselines;
    enum run_exit status = RUN_EXIT_EXPECTED;
    job->baselines = memory_alloc(paths->count + 1, sizeof *job->baselines);
    for (size_t i = 0; i < paths->count; i++) {
        if (baseline_file_open(&job->baselines[job->baseline_count], paths->items[i],
                               job->options, job->places))
            job->baseline_count++;
        else
            status = RUN_EXIT_USAGE;
    }
    return status;
}

enum run_exit run_job_open(struct run_job *job, const struct options *options,
                           const struct places *places)
{
    *job = (struct run_job){.options = options, .places = places};
    enum run_exit status = open_baselines(job);
    return run_exit_worst(status, choose_clients(job));
}

void run_job_close(struct run_job *job)
{
    for (size_t i = 0; i < job->client_count; i++)
        client_choice_free(&job->clients[i]);
    for (size_t i = 0; i < job->baseline_count; i++)
        baseline_file_close(&job->baselines[i]);
    free(job->clients);
    free(job->baselines);
    *job = (struct run_job){0};
}

/* ---- playing ---- */

static void apply_baseline(struct run_job *job, struct run *run)
{
    job->has_unknown_client |= run->client_version[0] == '\0';
    struct baseline_file *file = baseline_file_find(job->baselines, job->baseline_count,
                                                    run->client_name, run->client_version);
    if (!file)
        return;
    baseline_file_apply(file, run);
    file->is_used = true;
}

bool run_job_play(struct run_job *job, size_t client_index, const struct scenario_set *set,
                  struct report_folder *folder, struct run *run)
{
    /* One client and one baseline must fit, and a run is not played to its end if they do not. Of
     * several each client takes its own, and one without any simply has none. */
    struct play_baselines baselines = {job->baselines, job->baseline_count,
                                       job->client_count == 1 && job->baseline_count == 1};
    if (!play_scenarios(job->options, &job->clients[client_index], set, &baselines, folder, run))
        return false;
    job->is_interrupted |= run->is_interrupted;
    apply_baseline(job, run);
    run_reports_write(run, folder);
    return true;
}

bool run_job_check_baselines(const struct run_job *job)
{
    bool is_right = true;
    for (size_t i = 0; i < job->baseline_count && !job->has_unknown_client; i++) {
        const struct baseline *baseline = &job->baselines[i].baseline;
        struct error error;
        if (job->baselines[i].is_used)
            continue;
        error_set(&error, "a baseline counts for one client in one version, and only once",
                  "%s is for %.100s %.60s, which was not played", job->options->baselines.items[i],
                  baseline->client, baseline->version);
        command_print_error(&error);
        is_right = false;
    }
    return is_right;
}
