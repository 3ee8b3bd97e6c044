#include "cmd/command.h"
#include "cmd/found.h"
#include "cmd/fuzz_internal.h"
#include "cmd/play.h"
#include "cmd/reproducer.h"
#include "core/memory.h"
#include "io/clock.h"
#include "io/files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCENARIO_FOLDER    "reproducers"
#define UNCONFIRMED_FOLDER "unconfirmed"
#define DEATH_FOLDER       "client-errors"
#define DEATHS_KEPT_MAX    5

static char *path_of(const struct fuzz *fuzz, const char *folder, const char *name)
{
    struct buffer path;
    buffer_init(&path, BUFFER_NO_LIMIT);
    buffer_printf(&path, "%s%s%s/%s.jsonc", fuzz->folder.path ? fuzz->folder.path : "",
                  fuzz->folder.path ? "/" : "", folder, name);
    return buffer_take_text(&path);
}

static void make_folder(struct fuzz *fuzz, const char *name)
{
    struct error error;
    if (!fuzz->folder.path)
        return;
    char *path = places_join(fuzz->folder.path, name);
    if (!places_is_folder(path) && !files_make_folder(path, &error)) {
        command_print_error(&error);
        fuzz->folder.is_broken = true;
    }
    free(path);
}

static void add_result(struct fuzz *fuzz, const struct run_origin *origin,
                       const struct scenario *scenario, struct judgement *judgement,
                       const struct transcript *transcript)
{
    struct run *run = &fuzz->run;
    run->scenarios = memory_grow(run->scenarios, &fuzz->scenario_capacity_count,
                                 run->scenario_count + 1, sizeof *run->scenarios);
    struct run_scenario *result = &run->scenarios[run->scenario_count++];
    play_fill_scenario(origin, scenario, transcript != NULL, judgement, result);
    if (transcript)
        report_folder_write_transcript(&fuzz->folder, result->transcript, transcript);
}

/* Plays the file as `gapcheck run` does, so that judgement and transcript of the reports are its
 * own; one that fails now and then may have to be taken from the play before. */
static void record(struct fuzz *fuzz, struct reduction *reduction, const char *path,
                   const struct buffer *text, const char *name)
{
    char *full_name = places_join(SCENARIO_FOLDER, name);
    struct scenario *scenario = reproducer_load(text, path, full_name);
    struct trial_play plays[REDUCTION_CONFIRM_COUNT] = {0};
    struct judgement **shown = &reduction->proof.judgement;
    const struct transcript *transcript = reduction->proof.transcript;
    const struct run_origin origin = {full_name, path, fuzz->client.label, fuzz->trial.seed,
                                      fuzz->options->timeout_scale};
    for (size_t i = 0; i < REDUCTION_CONFIRM_COUNT; i++)
        plays[i].scenario = scenario;
    if (scenario)
        trial_play(&fuzz->trial, plays, REDUCTION_CONFIRM_COUNT);
    for (size_t i = 0; i < REDUCTION_CONFIRM_COUNT; i++) {
        if (!plays[i].judgement || !failure_find(reduction->failure, plays[i].judgement))
            continue;
        shown = &plays[i].judgement;
        transcript = plays[i].transcript;
    }
    add_result(fuzz, &origin, scenario ? scenario : reduction->original, *shown, transcript);
    *shown = NULL;
    trial_play_free(plays, REDUCTION_CONFIRM_COUNT);
    scenario_free(scenario);
    free(full_name);
}

/* Writes the file, tells it, and takes the scenario over into the list. */
static void keep(struct fuzz *fuzz, struct reduction *reduction, const char *message,
                 uint64_t number)
{
    bool is_confirmed = reduction->proof.failed_count > 0;
    const char *folder = is_confirmed ? SCENARIO_FOLDER : UNCONFIRMED_FOLDER;
    struct scenario *kept = NULL;
    struct buffer origin, text;
    buffer_init(&origin, BUFFER_NO_LIMIT);
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_printf(&origin, "fuzz --seed %" PRIu64 ", scenario %" PRIu64, fuzz->options->seed,
                  number);
    const struct fuzz_failure *first =
        is_confirmed ? fuzz_failures_first(&fuzz->failures, reduction->failure) : NULL;
    const char *first_name = first ? first->name : NULL; /* stays where it is */
    struct fuzz_failure *known =
        fuzz_failures_add(&fuzz->failures, reduction->failure, is_confirmed, message);
    char *path = path_of(fuzz, folder, known->name);
    struct found found = {.trial = &fuzz->trial,
                          .places = &fuzz->places,
                          .reduction = reduction,
                          .message = message,
                          .origin = buffer_text(&origin),
                          .path = path,
                          .same_cause_as = first_name};
    make_folder(fuzz, folder); /* the way to the schema begins there */
    found_append_file(&found, &text);
    char *relative = places_join(folder, strrchr(path, '/') + 1);
    report_folder_write(&fuzz->folder, relative, &text);
    fuzz_progress_clear(&fuzz->progress);
    if (!found_print(&found))
        fuzz->run.is_inconclusive = true;
    if (is_confirmed) {
        kept = reproducer_load(&text, path, known->name);
        record(fuzz, reduction, path, &text, known->name); /* takes the judgement */
    }
    known->scenario = kept;
    free(relative);
    free(path);
    buffer_free(&origin);
    buffer_free(&text);
}

static void on_smaller(void *user, const struct failure *failure, size_t step_count,
                       size_t play_count)
{
    struct fuzz *fuzz = user;
    fuzz_progress_shrinking(&fuzz->progress, rule_info(failure->rule)->id, step_count, play_count);
}

bool fuzz_is_late(const struct fuzz *fuzz)
{
    int64_t time_us = fuzz->options->time_ms * 1000;
    return time_us > 0 && clock_monotonic_us() - fuzz->progress.start_us >= time_us;
}

void fuzz_look_at(struct fuzz *fuzz, const struct fuzz_play *play, const struct failure *failure,
                  const char *message)
{
    struct reduction reduction;
    const struct reduction_progress progress = {fuzz, on_smaller};
    if (!fuzz_failures_is_new(&fuzz->failures, failure, play->scenario, fuzz_is_late(fuzz)))
        return;
    fuzz->is_shrinking = true;
    reduction_make(&fuzz->trial, play->scenario, failure, &progress, &reduction);
    fuzz->is_shrinking = false;
    struct fuzz_failure *known =
        reduction.proof.failed_count > 0
            ? fuzz_failures_find(&fuzz->failures, failure, reduction_scenario(&reduction))
            : NULL;
    if (known) {
        known->seen_count++;
        known->look_count++;
    } else {
        keep(fuzz, &reduction, message, play->number);
        fuzz->progress.failure_count =
            fuzz_failures_count(&fuzz->failures, true, RULE_LEVEL_MUST) +
            fuzz_failures_count(&fuzz->failures, true, RULE_LEVEL_SHOULD);
    }
    reduction_free(&reduction);
}

void fuzz_keep_death(struct fuzz *fuzz, const struct fuzz_play *play, const char *reason)
{
    char name[40];
    if (fuzz->death_count++ >= DEATHS_KEPT_MAX)
        return;
    snprintf(name, sizeof name, "generated-%" PRIu64, play->number);
    make_folder(fuzz, DEATH_FOLDER);
    char *path = path_of(fuzz, DEATH_FOLDER, name);
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_append(&text, play->scenario->text, play->scenario->text_bytes);
    char *relative = places_join(DEATH_FOLDER, strrchr(path, '/') + 1);
    report_folder_write(&fuzz->folder, relative, &text);
    fuzz_progress_clear(&fuzz->progress);
    buffer_clear(&text);
    text_append_escaped(&text, reason, strlen(reason), 300);
    printf("? the client cannot be judged: %s\n      file:  %s\n", buffer_text(&text), path);
    fflush(stdout);
    free(relative);
    free(path);
    buffer_free(&text);
}
