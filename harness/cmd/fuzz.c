/* gapcheck fuzz: scenarios that nobody wrote, against a live client. What fails is played again,
 * made smaller, told at once and written as a file; equal failures once. */
#include "cmd/command.h"
#include "cmd/fuzz_internal.h"
#include "core/memory.h"
#include "io/clock.h"
#include "sim/generator.h"
#include "sim/resemblance.h"
#include "sim/shrink.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_DEFAULT      2000
#define FIRST_BATCH_COUNT 64 /* the first failure shall be there soon */
#define BATCH_COUNT       256

#define OWN_PROCESS_ONE_IN 4

/* ---- scenarios ---- */

/* What makes a handler throw or sleep, or sets a clock, needs a process of its own with some
 * clients: that is slow, and so it is not always among what may happen. */
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
        fuzz_look_at(fuzz, play, &failure, judgement->findings[i].message);
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
    fuzz->progress.done_count = fuzz->generated_count;
    size_t *order = order_by_weight(&batch);
    for (size_t i = 0; i < batch.count && !fuzz->trial.is_interrupted; i++) {
        const struct fuzz_play *play = &batch.plays[order[i]];
        const struct judgement *judgement = batch.trials[order[i]].judgement;
        if (judgement->verdict == VERDICT_CLIENT_ERROR)
            fuzz_keep_death(fuzz, play, judgement->reason);
        else
            look_at_play(fuzz, play, judgement);
    }
    free(order);
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
        fuzz_write_reports(fuzz);
        status = fuzz_print_summary(fuzz);
    } else {
        command_print_error(&error);
    }
    trial_end(&fuzz->trial);
    report_folder_close(&fuzz->folder);
    free(parent);
    return status;
}

int command_fuzz(const struct options *options)
{
    struct fuzz fuzz = {.options = options};
    places_find(&fuzz.places);
    int status = (int)client_open(&fuzz.places, options->client, &fuzz.client);
    if (status == RUN_EXIT_EXPECTED)
        status = play_and_report(&fuzz);
    fuzz_failures_free(&fuzz.failures);
    run_free(&fuzz.run);
    client_choice_free(&fuzz.client);
    places_free(&fuzz.places);
    return status;
}
