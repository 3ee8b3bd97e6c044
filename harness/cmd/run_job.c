#include "cmd/run_job.h"

#include "cmd/command.h"
#include "cmd/play.h"
#include "cmd/run_reports.h"
#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>

static void say(const char *text)
{
    fputs(text, stderr);
    fflush(stderr);
}

/* ---- clients and baselines ---- */

static enum run_exit choose_client(struct run_job *job, const char *asked)
{
    struct error error;
    struct client_choice *choice = &job->clients[job->client_count++];
    switch (client_choose(job->places, asked, say, choice, &error)) {
    case CLIENT_CHOICE_DONE:
        return RUN_EXIT_EXPECTED;
    case CLIENT_CHOICE_WRONG:
        command_print_error(&error);
        return RUN_EXIT_USAGE;
    case CLIENT_CHOICE_TROUBLE:
        break;
    }
    command_print_error(&error);
    return RUN_EXIT_INCONCLUSIVE;
}

static enum run_exit choose_clients(struct run_job *job)
{
    const struct option_texts *asked = &job->options->clients;
    enum run_exit status = RUN_EXIT_EXPECTED;
    job->clients = memory_alloc(asked->count + 1, sizeof *job->clients);
    if (asked->count == 0)
        return choose_client(job, job->options->client);
    for (size_t i = 0; i < asked->count; i++)
        status = run_exit_worst(status, choose_client(job, asked->items[i]));
    return status;
}

static enum run_exit open_baselines(struct run_job *job)
{
    const struct option_texts *paths = &job->options->baselines;
    enum run_exit status = RUN_EXIT_EXPECTED;
    job->baselines = memory_alloc(paths->count + 1, sizeof *job->baselines);
    job->baseline_is_used = memory_alloc(paths->count + 1, sizeof *job->baseline_is_used);
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
    free(job->baseline_is_used);
    *job = (struct run_job){0};
}

/* ---- playing ---- */

/* One client and one baseline must fit, and a run is not played to its end if they do not. Of
 * several each client takes its own, and one without any simply has none. */
static const struct baseline *only_baseline(const struct run_job *job)
{
    return job->client_count == 1 && job->baseline_count == 1 ? &job->baselines[0].baseline
                                                              : NULL;
}

static void apply_baselines(struct run_job *job, struct run *run)
{
    struct error unused;
    job->has_unknown_client |= run->client_version[0] == '\0';
    for (size_t i = 0; i < job->baseline_count; i++) {
        if (job->baseline_is_used[i] ||
            !baseline_file_is_for(&job->baselines[i].baseline, run->client_name,
                                  run->client_version, &unused))
            continue;
        baseline_file_apply(&job->baselines[i], run);
        job->baseline_is_used[i] = true;
        return;
    }
}

bool run_job_play(struct run_job *job, size_t client_index, const struct scenario_set *set,
                  struct report_folder *folder, struct run *run)
{
    if (!play_scenarios(job->options, &job->clients[client_index], set, only_baseline(job),
                        folder, run))
        return false;
    job->is_interrupted |= run->is_interrupted;
    apply_baselines(job, run);
    run_reports_write(run, folder);
    return true;
}

bool run_job_check_baselines(const struct run_job *job)
{
    bool is_right = true;
    for (size_t i = 0; i < job->baseline_count && !job->has_unknown_client; i++) {
        const struct baseline *baseline = &job->baselines[i].baseline;
        struct error error;
        if (job->baseline_is_used[i])
            continue;
        error_set(&error, "a baseline counts for one client in one version, and only once",
                  "%s is for %.100s %.60s, which was not played", job->options->baselines.items[i],
                  baseline->client, baseline->version);
        command_print_error(&error);
        is_right = false;
    }
    return is_right;
}
