/* gapcheck fuzz: scenarios that nobody wrote, against a live client. What fails is played again,
 * made smaller, told at once and written as a file; equal failures once. */
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/found.h"
#include "cmd/fuzz_failures.h"
#include "cmd/fuzz_progress.h"
#include "cmd/play.h"
#include "cmd/report_folder.h"
#include "cmd/reproducer.h"
#include "cmd/style.h"
#include "cmd/trial.h"
#include "core/memory.h"
#include "io/clock.h"
#include "io/files.h"
#include "report/report.h"
#include "sim/generator.h"
#include "sim/resemblance.h"
#include "sim/shrink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_DEFAULT      2000
#define FIRST_BATCH_COUNT 64 /* the first failure shall be there soon */
#define BATCH_COUNT       256
#define DEATHS_KEPT_MAX   5

#define OWN_PROCESS_ONE_IN 4

#define SCENARIO_FOLDER    "reproducers"
#define UNCONFIRMED_FOLDER "unconfirmed"
#define DEATH_FOLDER       "client-errors"

struct fuzz {
    const struct options *options; /* borrowed */
    struct places places;
    struct client_choice client;
    struct report_folder folder;
    struct trial trial;
    struct fuzz_progress progress;
    struct fuzz_failures failures;
    struct run run;
    size_t scenario_capacity_count;   /* of the run */
    bool is_shrinking;                /* what is played is not counted */
    size_t generated_count, unfair_count;
    size_t played_count, failed_count, death_count, error_count;
};

/* One scenario that was made up and played. */
struct fuzz_play {
    struct scenario *scenario; /* owned */
    uint64_t number;           /* of the campaign, from 1 */
};

/* ---- scenarios ---- */

/* What makes a handler throw or sleep, or sets a clock, needs a process of its own with some clients:
 * that is slow, and so it is not always among what may happen. */
static struct driver_capabilities choose_capabilities(const struct fuzz *fuzz, uint64_t number)
{
    struct driver_capabilities capabilities = fuzz->trial.capabilities;
    return number % OWN_PROCESS_ONE_IN == 0
               ? driver_capabilities_without(capabilities, DRIVER_CAPABILITY_ALONE)
               : capabilities;
}

/* NULL if not even the reference client gets through it: nobody is to be blamed for that. */
static struct scenario *generate(struct fuzz *fuzz, uint64_t number)
{
    struct choices choices;
    struct buffer text;
    struct generator_config config = {.length = GENERATOR_MIXED,
                                      .is_live = true,
                                      .capabilities = choose_capabilities(fuzz, number),
                                      .seed = number};
    buffer_init(&text, BUFFER_NO_LIMIT);
    choices_init_seed(&choices, fuzz->options->seed * UINT64_C(0x9e3779b97f4a7c15) + number);
    struct scenario *scenario = generator_load(&choices, &config, &text);
    buffer_free(&text);
    fuzz->generated_count++;
    if (shrink_suits_reference(scenario))
        return scenario;
    fuzz->unfair_count++;
    scenario_free(scenario);
    return NULL;
}

/* ---- one failure ---- */

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
    play_fill_scenario(origin, scenario->title, transcript != NULL, judgement, result);
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
    struct judgement **shown = &reduction->judgement;
    const struct transcript *transcript = reduction->transcript;
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
    bool is_confirmed = reduction->confirmed_count > 0;
    const char *folder = is_confirmed ? SCENARIO_FOLDER : UNCONFIRMED_FOLDER;
    struct scenario *kept = NULL;
    struct buffer origin, text;
    buffer_init(&origin, BUFFER_NO_LIMIT);
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_printf(&origin, "fuzz --seed %" PRIu64 ", scenario %" PRIu64, fuzz->options->seed,
                  number);
    struct fuzz_failure *known =
        fuzz_failures_add(&fuzz->failures, reduction->failure, is_confirmed, message);
    char *path = path_of(fuzz, folder, known->name);
    struct found found = {.trial = &fuzz->trial,
                          .places = &fuzz->places,
                          .reduction = reduction,
                          .message = message,
                          .origin = buffer_text(&origin),
                          .path = path};
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

static void look_at(struct fuzz *fuzz, const struct fuzz_play *play, const struct failure *failure,
                    const char *message)
{
    struct reduction reduction;
    const struct reduction_progress progress = {fuzz, on_smaller};
    if (!fuzz_failures_is_new(&fuzz->failures, failure, play->scenario))
        return;
    fuzz->is_shrinking = true;
    reduction_make(&fuzz->trial, play->scenario, failure, &progress, &reduction);
    fuzz->is_shrinking = false;
    struct fuzz_failure *known =
        reduction.confirmed_count > 0
            ? fuzz_failures_find(&fuzz->failures, failure, reduction_scenario(&reduction))
            : NULL;
    if (known) {
        known->seen_count++;
        known->look_count++;
    } else {
        keep(fuzz, &reduction, message, play->number);
        fuzz->progress.failure_count = fuzz->failures.count;
    }
    reduction_free(&reduction);
}

/* A client that dies of what a server does is worth a file, though no rule has a name for it. */
static void keep_death(struct fuzz *fuzz, const struct fuzz_play *play, const char *reason)
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

/* ---- a batch ---- */

struct batch {
    struct fuzz_play *plays; /* owned */
    struct trial_play *trials;
    size_t count;
};

static void batch_free(struct batch *batch)
{
    trial_play_free(batch->trials, batch->count);
    for (size_t i = 0; i < batch->count; i++)
        scenario_free(batch->plays[i].scenario);
    free(batch->plays);
    free(batch->trials);
}

static void batch_make(struct fuzz *fuzz, size_t count, struct batch *batch)
{
    *batch = (struct batch){memory_alloc(count, sizeof *batch->plays),
                            memory_alloc(count, sizeof *batch->trials), 0};
    for (size_t i = 0; i < count; i++) {
        uint64_t number = fuzz->generated_count + 1;
        struct scenario *scenario = generate(fuzz, number);
        if (!scenario)
            continue;
        batch->trials[batch->count].scenario = scenario;
        batch->plays[batch->count++] = (struct fuzz_play){scenario, number};
    }
}

/* What is plain is quickly made smaller, and explains what is not. */
static size_t weigh(const struct scenario *scenario)
{
    return resemblance_count_unusual(scenario) * SCENARIO_STEPS_MAX + scenario->step_count;
}

/* The order in which failures are looked at. */
static size_t *order_by_weight(const struct batch *batch)
{
    size_t *order = memory_alloc(batch->count, sizeof *order);
    size_t *weights = memory_alloc(batch->count, sizeof *weights);
    for (size_t i = 0; i < batch->count; i++) {
        size_t at = i;
        weights[i] = weigh(batch->plays[i].scenario);
        for (; at > 0 && weights[order[at - 1]] > weights[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    free(weights);
    return order;
}

static void look_at_play(struct fuzz *fuzz, const struct fuzz_play *play,
                         const struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->finding_count && !fuzz->trial.is_interrupted; i++) {
        struct failure failure;
        failure_of(&judgement->findings[i], &failure);
        look_at(fuzz, play, &failure, judgement->findings[i].message);
        failure_free(&failure);
    }
}

static void count_play(struct fuzz *fuzz, const struct judgement *judgement)
{
    if (!judgement)
        return;
    fuzz->played_count++;
    fuzz->failed_count += judgement->finding_count > 0;
    fuzz->error_count += judgement->verdict == VERDICT_ERROR;
    fuzz->progress.failed_count = fuzz->failed_count;
}

static void play_batch(struct fuzz *fuzz, size_t count)
{
    struct batch batch;
    batch_make(fuzz, count, &batch);
    if (batch.count > 0)
        trial_play(&fuzz->trial, batch.trials, batch.count);
    for (size_t i = 0; i < batch.count; i++)
        count_play(fuzz, batch.trials[i].judgement);
    size_t *order = order_by_weight(&batch);
    for (size_t i = 0; i < batch.count && !fuzz->trial.is_interrupted; i++) {
        const struct fuzz_play *play = &batch.plays[order[i]];
        const struct judgement *judgement = batch.trials[order[i]].judgement;
        if (judgement->verdict == VERDICT_CLIENT_ERROR)
            keep_death(fuzz, play, judgement->reason);
        else
            look_at_play(fuzz, play, judgement);
    }
    free(order);
    fuzz->progress.done_count = fuzz->generated_count;
    batch_free(&batch);
}

static void on_progress(void *user, size_t done_count, size_t running_count)
{
    struct fuzz *fuzz = user;
    if (fuzz->is_shrinking)
        return;
    fuzz_progress_playing(&fuzz->progress, done_count, running_count);
}

/* Without --runs and --time a number that is soon played. */
static uint64_t run_max(const struct options *options)
{
    if (options->run_count > 0)
        return options->run_count;
    return options->time_ms > 0 ? UINT64_MAX : RUNS_DEFAULT;
}

/* Until the runs are played or the time is over, whatever comes first. */
static void play_all(struct fuzz *fuzz)
{
    const struct options *options = fuzz->options;
    int64_t start_us = clock_monotonic_us();
    uint64_t batch_count = FIRST_BATCH_COUNT;
    while (!fuzz->trial.is_interrupted && fuzz->generated_count < run_max(options)) {
        if (options->time_ms > 0 && clock_monotonic_us() - start_us >= options->time_ms * 1000)
            break;
        uint64_t left = run_max(options) - fuzz->generated_count;
        play_batch(fuzz, (size_t)(left < batch_count ? left : batch_count));
        batch_count = BATCH_COUNT;
    }
}

/* ---- what comes of it ---- */

static enum run_exit exit_code(const struct fuzz *fuzz)
{
    size_t must = fuzz_failures_count(&fuzz->failures, true, RULE_LEVEL_MUST);
    size_t should = fuzz_failures_count(&fuzz->failures, true, RULE_LEVEL_SHOULD);
    if (fuzz->run.is_interrupted || fuzz->run.is_inconclusive || fuzz->folder.is_broken ||
        fuzz->death_count > 0 || fuzz->error_count > 0 || fuzz->played_count == 0)
        return RUN_EXIT_INCONCLUSIVE;
    if (must > 0 || (should > 0 && fuzz->options->is_strict))
        return RUN_EXIT_BROKEN;
    return RUN_EXIT_EXPECTED;
}

static void write_file(struct fuzz *fuzz, const char *name,
                       void (*report)(const struct run *run, struct buffer *out))
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    report(&fuzz->run, &text);
    report_folder_write(&fuzz->folder, name, &text);
    buffer_free(&text);
}

/* As of a run whose scenarios are the reproducers. */
static void write_reports(struct fuzz *fuzz)
{
    struct run *run = &fuzz->run;
    run->client_name = memory_copy_text(fuzz->trial.client_name, strlen(fuzz->trial.client_name));
    run->client_version =
        memory_copy_text(fuzz->trial.client_version, strlen(fuzz->trial.client_version));
    run->client_command = memory_copy_text(fuzz->client.label, strlen(fuzz->client.label));
    run->capabilities = fuzz->trial.capabilities;
    run->seed = fuzz->options->seed;
    run->is_strict = fuzz->options->is_strict;
    run->is_interrupted = fuzz->trial.is_interrupted;
    run->duration_ms = clock_wall_ms() - run->started_ms;
    run->exit = exit_code(fuzz);
    write_file(fuzz, "junit.xml", report_junit);
    write_file(fuzz, "summary.md", report_summary);
    report_folder_publish(&fuzz->folder);
    run->exit = exit_code(fuzz);
    write_file(fuzz, "results.json", report_json);
    run->exit = exit_code(fuzz);
}

/* Every failure with how often it was seen. */
static void append_list(const struct fuzz *fuzz, bool is_confirmed, struct buffer *out)
{
    for (size_t i = 0; i < fuzz->failures.count; i++) {
        const struct fuzz_failure *known = &fuzz->failures.items[i];
        if (known->is_confirmed != is_confirmed)
            continue;
        buffer_printf(out, "  %-7s %6zu× ", known->name, known->seen_count);
        text_append_escaped(out, known->message, strlen(known->message), 200);
        buffer_append_text(out, "\n");
    }
}

static void append_summary(const struct fuzz *fuzz, struct buffer *out)
{
    size_t must = fuzz_failures_count(&fuzz->failures, true, RULE_LEVEL_MUST);
    size_t should = fuzz_failures_count(&fuzz->failures, true, RULE_LEVEL_SHOULD);
    size_t unconfirmed = fuzz->failures.count - must - should;
    if (must + should > 0)
        buffer_append_text(out, "\nseen how often:\n");
    append_list(fuzz, true, out);
    if (unconfirmed > 0)
        buffer_append_text(out, "\nunconfirmed, not counted (they did not happen again):\n");
    append_list(fuzz, false, out);
    buffer_append_text(out, "\n");
    trial_append_client(&fuzz->trial, out);
    buffer_printf(out, ", seed %" PRIu64 ": %zu scenarios in %.1f s, ", fuzz->options->seed,
                  fuzz->played_count, (double)fuzz->run.duration_ms / 1000);
    if (must + should == 0)
        buffer_append_text(out, "nothing found");
    else
        buffer_printf(out, "%zu failed, by %zu different failure%s (%zu must, %zu should)",
                      fuzz->failed_count, must + should, must + should == 1 ? "" : "s", must,
                      should);
    if (fuzz->death_count > 0)
        buffer_printf(out, ", %zu client-error", fuzz->death_count);
    if (fuzz->run.is_interrupted)
        buffer_append_text(out, "; interrupted");
    if (fuzz->run.exit != RUN_EXIT_EXPECTED)
        buffer_printf(out, "; exit %d", fuzz->run.exit);
    buffer_append_text(out, "\n");
    if (fuzz->folder.path)
        buffer_printf(out, "report: %s\n", fuzz->folder.path);
}

static int print_summary(const struct fuzz *fuzz)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    append_summary(fuzz, &text);
    fwrite(text.data, 1, text.size_bytes, stdout);
    int status = fflush(stdout) == 0 ? fuzz->run.exit : RUN_EXIT_INCONCLUSIVE;
    buffer_free(&text);
    return status;
}

/* ---- the command ---- */

static int play_and_report(struct fuzz *fuzz)
{
    struct error error;
    int status = RUN_EXIT_INCONCLUSIVE;
    char *parent = fuzz->places.root ? places_join(fuzz->places.root, "reports/out")
                                     : memory_copy_text("reports/out", strlen("reports/out"));
    fuzz->run.started_ms = clock_wall_ms();
    report_folder_open(&fuzz->folder, fuzz->options->out, parent, fuzz->client.label,
                       fuzz->run.started_ms);
    trial_begin(&fuzz->trial, fuzz->options, &fuzz->client, fuzz->folder.client_log);
    if (trial_say_hello(&fuzz->trial, &error)) {
        fuzz->trial.user = fuzz;
        fuzz->trial.on_progress = on_progress;
        fuzz_progress_init(&fuzz->progress, stderr, fuzz->options, run_max(fuzz->options));
        play_all(fuzz);
        fuzz_progress_clear(&fuzz->progress);
        write_reports(fuzz);
        status = print_summary(fuzz);
    } else {
        command_print_error(&error);
    }
    trial_end(&fuzz->trial);
    report_folder_close(&fuzz->folder);
    free(parent);
    return status;
}

int command_fuzz(const struct command *command, int argc, char **argv)
{
    struct options options;
    struct error error;
    int status = RUN_EXIT_USAGE;
    if (!options_parse(command->name, argc, argv, &options, &error)) {
        command_print_error(&error);
    } else if (options.is_help) {
        status = command_print_help(command);
    } else if (options.path_count > 0) {
        error_set(&error, "`gapcheck run` and `gapcheck shrink` take files",
                  "fuzz takes no file: it makes its scenarios up");
        command_print_error(&error);
    } else {
        struct fuzz fuzz = {.options = &options};
        places_find(&fuzz.places);
        status = trial_choose_client(&fuzz.places, options.client, &fuzz.client);
        if (status == RUN_EXIT_EXPECTED)
            status = play_and_report(&fuzz);
        fuzz_failures_free(&fuzz.failures);
        run_free(&fuzz.run);
        client_choice_free(&fuzz.client);
        places_free(&fuzz.places);
    }
    options_free(&options);
    return status;
}
