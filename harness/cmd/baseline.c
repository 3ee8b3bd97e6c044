/* gapcheck baseline check|update: what a run would change in a file of known failures. */
#include "cmd/baseline_file.h"
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/library.h"
#include "cmd/options.h"
#include "cmd/play.h"
#include "core/memory.h"
#include "io/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SENTENCE_BYTES_MAX 400

struct baseline_job {
    bool is_update;
    const char *path;
    bool is_new; /* the file is not there yet */
    struct options options; /* those of the command, without its first two arguments */
    struct places places;
    struct scenario_set set;
    struct client_choice client;
    struct baseline_file file;
    struct buffer changes;
    size_t added_count, dropped_count;
};

/* ---- what would change ---- */

static void tell_change(void *user, const struct baseline_change *change)
{
    struct baseline_job *job = user;
    static const char marks[] = {
        [BASELINE_CHANGE_ADDED] = '+',
        [BASELINE_CHANGE_DROPPED] = '-',
        [BASELINE_CHANGE_NARROWED] = '~',
    };
    const struct baseline_entry *entry = change->entry;
    buffer_printf(&job->changes, "%c %-5s", marks[change->kind], rule_info(entry->rule)->id);
    text_append_escaped(&job->changes, entry->scenario, strlen(entry->scenario),
                        SENTENCE_BYTES_MAX);
    buffer_append_text(&job->changes, ": ");
    text_append_escaped(&job->changes, entry->reason, strlen(entry->reason), SENTENCE_BYTES_MAX);
    buffer_append_text(&job->changes, "\n");
    if (change->kind == BASELINE_CHANGE_ADDED)
        job->added_count++;
    else
        job->dropped_count++;
}

static void make_updated(struct baseline_job *job, const struct run *run, struct baseline *updated)
{
    struct baseline_play *plays = memory_alloc(run->scenario_count + 1, sizeof *plays);
    for (size_t i = 0; i < run->scenario_count; i++) {
        plays[i].scenario = run->scenarios[i].name;
        plays[i].judgement = run->scenarios[i].judgement;
        baseline_note(&job->file.baseline, plays[i].scenario, plays[i].judgement);
    }
    baseline_update(&job->file.baseline, job->file.names, job->file.name_count, plays,
                    run->scenario_count, updated, tell_change, job);
    free(plays);
}

/* People must know of entries whose day has come: neither command takes them out. */
static size_t tell_expired(struct baseline_job *job)
{
    size_t count = 0;
    for (size_t i = 0; i < job->file.baseline.count; i++) {
        const struct baseline_entry *entry = &job->file.baseline.entries[i];
        if (!entry->is_expired)
            continue;
        buffer_printf(&job->changes, "! %-5s%s: counted until %s only\n",
                      rule_info(entry->rule)->id, entry->scenario, entry->until);
        count++;
    }
    return count;
}

static bool write_updated(const struct baseline_job *job, const struct baseline *updated)
{
    struct buffer text;
    struct error error;
    buffer_init(&text, BUFFER_NO_LIMIT);
    baseline_append_json(updated, &text);
    bool is_written = files_write(job->path, text.data, text.size_bytes, &error);
    if (!is_written)
        command_print_error(&error);
    buffer_free(&text);
    return is_written;
}

/* ---- from a run ---- */

/* What was not played to a verdict is left as it was; but then nobody knows all. */
static bool is_complete(const struct run *run)
{
    struct run_summary summary = run_summarize(run);
    return !run->is_interrupted && !run->is_inconclusive && run->unplayed_count == 0 &&
           summary.flaky_count == 0 && summary.verdict_counts[VERDICT_ERROR] == 0 &&
           summary.verdict_counts[VERDICT_CLIENT_ERROR] == 0;
}

static int report_changes(struct baseline_job *job, const struct run *run)
{
    struct baseline updated;
    if (job->is_new) {
        job->file.baseline.client = memory_copy_text(run->client_name, strlen(run->client_name));
        job->file.baseline.version =
            memory_copy_text(run->client_version, strlen(run->client_version));
    }
    make_updated(job, run, &updated);
    size_t expired_count = tell_expired(job);
    fputs(buffer_text(&job->changes), stdout);
    printf("%s: %zu %s, %zu %s, %zu %s\n", job->path, job->added_count,
           job->is_update ? "added" : "to add", job->dropped_count,
           job->is_update ? "dropped or narrowed" : "to drop or narrow", expired_count, "expired");
    int status = RUN_EXIT_EXPECTED;
    if (!is_complete(run)) {
        fputs("gapcheck: not everything was played to a verdict; the entries of the rest stay as "
              "they are\n", stderr);
        status = RUN_EXIT_INCONCLUSIVE;
    } else if (!job->is_update && job->added_count > 0) {
        status = RUN_EXIT_BROKEN;
    } else if (expired_count > 0 || (!job->is_update && job->dropped_count > 0)) {
        status = RUN_EXIT_FIXED;
    }
    if (job->is_update && !write_updated(job, &updated))
        status = RUN_EXIT_INCONCLUSIVE;
    baseline_free(&updated);
    return status;
}

static int play_job(struct baseline_job *job)
{
    struct run run;
    struct report_folder folder = {.client_log = fopen("/dev/null", "we")};
    if (!folder.client_log)
        folder.client_log = stderr;
    struct play_baselines baselines = {&job->file, job->is_new ? 0 : 1, true};
    bool is_right =
        play_scenarios(&job->options, &job->client, &job->set, &baselines, &folder, &run);
    bool has_client = run.client_version[0] != '\0';
    int status = RUN_EXIT_USAGE;
    if (is_right && !has_client) {
        fputs("gapcheck: the client never said who it is; nothing was changed\n", stderr);
        status = RUN_EXIT_INCONCLUSIVE;
    } else if (is_right) {
        status = report_changes(job, &run);
    }
    run_free(&run);
    report_folder_close(&folder);
    return status;
}

/* ---- the command ---- */

static int run_job(struct baseline_job *job)
{
    int status = library_select(&job->options, &job->places, &job->set);
    if (status != RUN_EXIT_EXPECTED)
        return status;
    job->is_new = job->is_update && access(job->path, F_OK) != 0;
    if (job->is_new)
        baseline_file_init(&job->file, &job->options, &job->places);
    else if (!baseline_file_open(&job->file, job->path, &job->options, &job->places))
        return RUN_EXIT_USAGE;
    status = (int)client_open(&job->places, job->options.client, &job->client);
    if (status == RUN_EXIT_EXPECTED)
        status = play_job(job);
    baseline_file_close(&job->file);
    return status;
}

static bool check_arguments(const struct options *options)
{
    struct error error;
    const char *action = options->path_count > 0 ? options->paths[0] : NULL;
    bool is_known =
        action && (strcmp(action, "check") == 0 || strcmp(action, "update") == 0);
    if (is_known && options->path_count > 1)
        return true;
    if (is_known)
        error_set(&error, "as in reports/baselines/NAME-VERSION.json",
                  "`gapcheck baseline %s` wants a file", action);
    else
        error_set(&error, "`check` tells what would change, `update` changes it",
                  "`gapcheck baseline` wants `check` or `update`, not `%s`",
                  action ? action : "nothing");
    command_print_error(&error);
    return false;
}

int command_baseline(const struct options *options)
{
    if (!check_arguments(options))
        return RUN_EXIT_USAGE;
    struct baseline_job job = {
        .is_update = strcmp(options->paths[0], "update") == 0,
        .path = options->paths[1],
        .options = *options,
    };
    job.options.paths += 2;
    job.options.path_count -= 2;
    job.options.is_quiet = true;
    buffer_init(&job.changes, BUFFER_NO_LIMIT);
    places_find(&job.places);
    int status = run_job(&job);
    client_choice_free(&job.client);
    scenario_set_free(&job.set);
    places_free(&job.places);
    buffer_free(&job.changes);
    return status;
}
