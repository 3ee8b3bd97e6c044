/* gapcheck shrink: one failing scenario, made smaller by hand. */
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/found.h"
#include "cmd/library.h"
#include "cmd/places.h"
#include "cmd/reduction.h"
#include "cmd/trial.h"
#include "core/memory.h"
#include "io/files.h"
#include "report/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".jsonc"

struct shrink_job {
    const struct options *options; /* borrowed */
    struct places places;
    char *file;     /* of the scenario; owned, as is the next */
    char *instance; /* "[reset,501]"; NULL: any */
    char *out;      /* owned */
    enum rule rule; /* RULE_COUNT: the worst that is broken */
    struct scenario_set set;
    struct client_choice client;
    FILE *client_log; /* owned */
    struct trial trial;
};

/* ---- what is asked for ---- */

/* `file.jsonc[reset,501]` is a file and one of its scenarios, unless there is such a file. */
static void split_path(const char *path, struct shrink_job *job)
{
    const char *bracket = strstr(path, SUFFIX "[");
    bool has_instance = bracket && access(path, F_OK) != 0;
    size_t size_bytes = has_instance ? (size_t)(bracket - path) + strlen(SUFFIX) : strlen(path);
    job->file = memory_copy_text(path, size_bytes);
    if (has_instance)
        job->instance = memory_copy_text(path + size_bytes, strlen(path + size_bytes));
}

static bool choose_out(struct shrink_job *job, struct error *error)
{
    if (job->options->out) {
        job->out = memory_copy_text(job->options->out, strlen(job->options->out));
        return true;
    }
    size_t size_bytes = strlen(job->file), suffix_bytes = strlen(SUFFIX);
    if (size_bytes > suffix_bytes && strcmp(job->file + size_bytes - suffix_bytes, SUFFIX) == 0)
        size_bytes -= suffix_bytes;
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    buffer_append(&out, job->file, size_bytes);
    buffer_append_text(&out, ".small" SUFFIX);
    job->out = buffer_take_text(&out);
    if (access(job->out, F_OK) != 0)
        return true;
    error_set(error, "remove it, or name another file with --out", "%s: it is there already",
              job->out);
    return false;
}

static bool choose_rule(struct shrink_job *job, struct error *error)
{
    const char *id = job->options->rule;
    job->rule = id ? rule_find(span_of(id)) : RULE_COUNT;
    if (!id || (job->rule < RULE_COUNT && rule_info(job->rule)->level != RULE_LEVEL_SERVER))
        return true;
    error_set(error, "C-1 to C-28, or `step` for a step that is not met",
              "no client can break a rule `%s`", id);
    return false;
}

static bool is_instance(const struct scenario *scenario, const char *instance)
{
    const char *bracket = strchr(scenario->name, '[');
    return bracket && strcmp(bracket, instance) == 0;
}

/* Leaves only the instance that was asked for. */
static bool choose_instance(struct shrink_job *job, struct error *error)
{
    struct scenario_set *set = &job->set;
    size_t index = 0;
    while (job->instance && index < set->count && !is_instance(set->items[index], job->instance))
        index++;
    if (index == set->count) {
        char hint[120];
        const char *bracket = strchr(set->items[0]->name, '[');
        snprintf(hint, sizeof hint, bracket ? "there is %.80s, for example" : "it has only one",
                 bracket);
        error_set(error, hint, "%s has no scenario `%s`", job->file, job->instance);
        return false;
    }
    for (size_t i = 0; job->instance && i < set->count; i++)
        if (i != index)
            scenario_free(set->items[i]);
    if (job->instance) {
        set->items[0] = set->items[index];
        set->count = 1;
    }
    return true;
}

/* ---- playing ---- */

static const struct finding *find_broken(const struct shrink_job *job,
                                         const struct judgement *judgement)
{
    for (size_t i = 0; judgement && i < judgement->finding_count; i++) {
        if (job->rule == RULE_COUNT || judgement->findings[i].rule == job->rule)
            return &judgement->findings[i];
    }
    return NULL;
}

static void set_not_failing(const struct shrink_job *job, const struct judgement *judgement,
                            struct error *error)
{
    const char *verdict = judgement ? verdict_name(judgement->verdict) : "not played";
    const char *reason = judgement && judgement->reason ? judgement->reason : NULL;
    if (job->options->rule)
        error_set(error, "without --rule the worst failure is taken",
                  "%s does not break %s with this client: %s", job->file, job->options->rule,
                  verdict);
    else
        error_set(error, reason ? NULL : "only a failure can be made smaller",
                  "%s does not fail with this client: %s%s%.250s", job->file, verdict,
                  reason ? ": " : "", reason ? reason : "");
}

/* The first scenario of the file that fails; its failure is the caller's to free. */
static const struct scenario *find_failing(struct shrink_job *job, struct failure *failure,
                                           char **message, struct error *error)
{
    const struct scenario *failing = NULL;
    struct trial_play *plays = memory_alloc(job->set.count, sizeof *plays);
    for (size_t i = 0; i < job->set.count; i++)
        plays[i].scenario = job->set.items[i];
    trial_play(&job->trial, plays, job->set.count);
    for (size_t i = 0; i < job->set.count && !failing; i++) {
        const struct finding *finding = find_broken(job, plays[i].judgement);
        if (!finding)
            continue;
        failing = plays[i].scenario;
        failure_of(finding, failure);
        *message = memory_copy_text(finding->message, strlen(finding->message));
    }
    if (!failing && job->trial.is_interrupted)
        error_set(error, NULL, "interrupted before anything was found");
    else if (!failing)
        set_not_failing(job, plays[0].judgement, error);
    trial_play_free(plays, job->set.count);
    free(plays);
    return failing;
}

static void on_smaller(void *user, const struct failure *failure, size_t step_count,
                       size_t play_count)
{
    const struct shrink_job *job = user;
    if (job->options->is_quiet)
        return;
    bool is_terminal = isatty(fileno(stderr)) == 1;
    fprintf(stderr, "%s%s: %zu steps, %zu played%s", is_terminal ? "\r\033[K" : "",
            rule_info(failure->rule)->id, step_count, play_count, is_terminal ? "" : "\n");
    fflush(stderr);
}

/* ---- what comes of it ---- */

static bool write_and_tell(const struct shrink_job *job, const struct reduction *reduction,
                           const char *message, struct error *error)
{
    struct buffer origin, text;
    buffer_init(&origin, BUFFER_NO_LIMIT);
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_printf(&origin, "from %s", reduction->original->name);
    const struct found found = {.trial = &job->trial,
                                .places = &job->places,
                                .reduction = reduction,
                                .message = message,
                                .origin = buffer_text(&origin),
                                .path = job->out};
    found_append_file(&found, &text);
    bool is_written = files_write(job->out, text.data, text.size_bytes, error);
    if (is_written && !found_print(&found)) {
        error_set(error, NULL, "standard output cannot be written");
        is_written = false;
    }
    buffer_free(&origin);
    buffer_free(&text);
    return is_written;
}

static void set_unconfirmed(const struct shrink_job *job, const struct failure *failure,
                            const char *message, struct error *error)
{
    if (job->trial.is_interrupted)
        error_set(error, NULL, "interrupted before the failure was seen again");
    else
        error_set(error, "`gapcheck run FILE --repeat 20` tells how often it fails",
                  "unconfirmed: it failed once (%s %.200s), and 0 of %d times again",
                  rule_info(failure->rule)->id, message, REDUCTION_CONFIRM_COUNT);
}

/* ---- the command ---- */

static int shrink_failure(struct shrink_job *job)
{
    struct error error;
    struct failure failure = {0};
    struct reduction reduction;
    char *message = NULL;
    int status = RUN_EXIT_INCONCLUSIVE;
    const struct scenario *failing = find_failing(job, &failure, &message, &error);
    if (!failing) {
        command_print_error(&error);
        return status;
    }
    const struct reduction_progress progress = {job, on_smaller};
    reduction_make(&job->trial, failing, &failure, &progress, &reduction);
    if (isatty(fileno(stderr)) == 1)
        fputs("\r\033[K", stderr);
    if (reduction.proof.failed_count == 0) {
        set_unconfirmed(job, &failure, message, &error);
        command_print_error(&error);
    } else if (!write_and_tell(job, &reduction, message, &error)) {
        command_print_error(&error);
    } else if (!job->trial.is_interrupted && !reduction.client_trouble) {
        bool counts = failure.level == RULE_LEVEL_MUST || job->options->is_strict;
        status = counts ? RUN_EXIT_BROKEN : RUN_EXIT_EXPECTED;
    }
    reduction_free(&reduction);
    failure_free(&failure);
    free(message);
    return status;
}

static int play_job(struct shrink_job *job)
{
    job->client_log = fopen("/dev/null", "we");
    trial_begin(&job->trial, job->options, &job->client,
                job->client_log ? job->client_log : stderr);
    job->trial.seed = job->options->seed;
    int status = shrink_failure(job);
    trial_end(&job->trial);
    if (job->client_log)
        fclose(job->client_log);
    return status;
}

/* RUN_EXIT_EXPECTED if there is something to play. */
static int prepare(struct shrink_job *job)
{
    struct error error;
    const char *path = job->file;
    struct options named = *job->options;
    named.paths = &path;
    named.path_count = 1;
    if (!choose_rule(job, &error) || !choose_out(job, &error)) {
        command_print_error(&error);
        return RUN_EXIT_USAGE;
    }
    int status = library_select(&named, &job->places, &job->set);
    if (status == RUN_EXIT_EXPECTED && !choose_instance(job, &error)) {
        command_print_error(&error);
        status = RUN_EXIT_USAGE;
    }
    return status == RUN_EXIT_EXPECTED
               ? (int)client_open(&job->places, job->options->client, &job->client)
               : status;
}

int command_shrink(const struct options *options)
{
    struct shrink_job job = {.options = options};
    places_find(&job.places);
    split_path(options->paths[0], &job);
    int status = prepare(&job);
    if (status == RUN_EXIT_EXPECTED)
        status = play_job(&job);
    client_choice_free(&job.client);
    scenario_set_free(&job.set);
    places_free(&job.places);
    free(job.file);
    free(job.instance);
    free(job.out);
    return status;
}
