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
#define FIRST_BATCH_COUNT 16 /* the first failure shall be there soon */
#define BATCH_GROWTH      4
#define BATCH_COUNT_MAX   256
#define SURVEY_BATCHES    3  /* before what is known is looked at more closely */
#define DEAD_BATCHES_MAX  2  /* in a row */

#define OWN_PROCESS_ONE_IN 8

/* ---- scenarios ---- */

/* What makes a handler throw or sleep, or sets a clock, needs a process of its own with some
 * clients: that is slow, and so it is not always among what may happen. */
static struct driver_capabilities choose_capabilities(const struct fuzz *fuzz, uint64_t number)
{
    struct driver_capabilities capabilities = fuzz->trial.capabilities;
    return number > FIRST_BATCH_COUNT && number % OWN_PROCESS_ONE_IN == 0
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

/* ---- what failed in it ---- */

/* One failure in one play. */
struct sighting {
    const struct fuzz_play *play; /* borrowed, as is the message */
    const char *message;
    struct failure failure;       /* owned */
    size_t weight;
    bool is_done;
};

struct sightings {
    struct sighting *items; /* owned; the lightest first */
    size_t count, capacity_count;
};

/* What is plain is quickly made smaller, and explains what is not. */
static size_t weigh(const struct scenario *scenario)
{
    return resemblance_count_unusual(scenario) * SCENARIO_STEPS_MAX + scenario->step_count;
}

static void add_sightings(const struct fuzz_play *play, const struct judgement *judgement,
                          struct sightings *sightings)
{
    size_t weight = weigh(play->scenario);
    for (size_t i = 0; i < judgement->finding_count; i++) {
        sightings->items = memory_grow(sightings->items, &sightings->capacity_count,
                                       sightings->count + 1, sizeof *sightings->items);
        size_t at = sightings->count++;
        for (; at > 0 && sightings->items[at - 1].weight > weight; at--)
            sightings->items[at] = sightings->items[at - 1];
        sightings->items[at] = (struct sighting){
            .play = play, .message = judgement->findings[i].message, .weight = weight};
        failure_of(&judgement->findings[i], &sightings->items[at].failure);
    }
}

static void sightings_free(struct sightings *sightings)
{
    for (size_t i = 0; i < sightings->count; i++)
        failure_free(&sightings->items[i].failure);
    free(sightings->items);
    *sightings = (struct sightings){0};
}

enum novelty {
    NOVELTY_NONE, /* failed so before */
    NOVELTY_KIND, /* a known rule by another cause */
    NOVELTY_RULE,
};

static enum novelty novelty_of(const struct fuzz *fuzz, const struct sighting *sighting)
{
    if (!fuzz_failures_know_rule(&fuzz->failures, sighting->failure.rule))
        return NOVELTY_RULE;
    return fuzz_failures_know(&fuzz->failures, &sighting->failure) ? NOVELTY_NONE : NOVELTY_KIND;
}

/* The newest first, at least as new as that; NULL if all such were looked at. */
static struct sighting *choose_next(const struct fuzz *fuzz, const struct sightings *sightings,
                                    enum novelty least)
{
    struct sighting *newest = NULL;
    enum novelty newest_novelty = NOVELTY_NONE;
    for (size_t i = 0; i < sightings->count && newest_novelty < NOVELTY_RULE; i++) {
        struct sighting *sighting = &sightings->items[i];
        if (sighting->is_done)
            continue;
        enum novelty novelty = novelty_of(fuzz, sighting);
        if (novelty < least || (newest && novelty <= newest_novelty))
            continue;
        newest = sighting;
        newest_novelty = novelty;
    }
    return newest;
}

static void look_at(struct fuzz *fuzz, const struct sightings *sightings, enum novelty least)
{
    struct sighting *next;
    do {
        /* When the time is over, only what has no file at all. */
        next = choose_next(fuzz, sightings, fuzz_is_late(fuzz) ? NOVELTY_RULE : least);
        if (next) {
            next->is_done = true;
            fuzz_look_at(fuzz, next->play, &next->failure, next->message);
        }
    } while (next && !fuzz->trial.is_interrupted);
}

/* Batches of which not everything was looked at yet. */
struct survey {
    struct batch batches[SURVEY_BATCHES];
    size_t count;
    struct sightings sightings; /* of all of them */
};

/* What was not looked at is counted where its cause has a file. */
static void survey_clear(struct fuzz *fuzz, struct survey *survey)
{
    for (size_t i = 0; i < survey->sightings.count; i++) {
        const struct sighting *sighting = &survey->sightings.items[i];
        fuzz->left_count += !sighting->is_done &&
                            fuzz_failures_is_new(&fuzz->failures, &sighting->failure,
                                                 sighting->play->scenario, true);
    }
    sightings_free(&survey->sightings);
    while (survey->count > 0)
        batch_free(&survey->batches[--survey->count]);
}

/* ---- playing ---- */

static void count_play(struct fuzz *fuzz, const struct judgement *judgement)
{
    if (!judgement)
        return;
    fuzz->played_count++;
    fuzz->failed_count += judgement->finding_count > 0;
    fuzz->error_count += judgement->verdict == VERDICT_ERROR;
    fuzz->progress.failed_count = fuzz->failed_count;
}

static void play_batch(struct fuzz *fuzz, size_t count, struct survey *survey)
{
    struct batch *batch = &survey->batches[survey->count++];
    size_t death_count = 0;
    batch_make(fuzz, count, batch);
    if (batch->count > 0)
        trial_play(&fuzz->trial, batch->trials, batch->count);
    fuzz->progress.done_count = fuzz->generated_count;
    for (size_t i = 0; i < batch->count; i++) {
        const struct judgement *judgement = batch->trials[i].judgement;
        count_play(fuzz, judgement);
        if (judgement && judgement->verdict == VERDICT_CLIENT_ERROR) {
            fuzz_keep_death(fuzz, &batch->plays[i], judgement->reason);
            death_count++;
        } else if (judgement) {
            add_sightings(&batch->plays[i], judgement, &survey->sightings);
        }
    }
    fuzz->dead_batch_count =
        batch->count > 0 && death_count == batch->count ? fuzz->dead_batch_count + 1 : 0;
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

/* It died of everything, and not only once: there is nothing to be found any more. */
static bool is_client_dead(const struct fuzz *fuzz)
{
    return fuzz->dead_batch_count >= DEAD_BATCHES_MAX;
}

/* Until the runs are played or the time is over, whatever comes first. Of the first batches only
 * what breaks a rule that nothing broke before is looked at, so that a client with a fault that
 * shows everywhere does not hide its others behind it; then all that is left of them. */
static void play_all(struct fuzz *fuzz)
{
    struct survey survey = {.count = 0};
    uint64_t batch_count = FIRST_BATCH_COUNT, run_count = run_max(fuzz->options);
    size_t played_batches = 0;
    while (!fuzz->trial.is_interrupted && !fuzz_is_late(fuzz) && !is_client_dead(fuzz) &&
           fuzz->generated_count < run_count) {
        uint64_t left = run_count - fuzz->generated_count;
        play_batch(fuzz, (size_t)(left < batch_count ? left : batch_count), &survey);
        batch_count = batch_count < BATCH_COUNT_MAX / BATCH_GROWTH ? batch_count * BATCH_GROWTH
                                                                  : BATCH_COUNT_MAX;
        look_at(fuzz, &survey.sightings, NOVELTY_RULE);
        if (++played_batches < SURVEY_BATCHES)
            continue;
        look_at(fuzz, &survey.sightings, NOVELTY_NONE);
        survey_clear(fuzz, &survey);
    }
    look_at(fuzz, &survey.sightings, NOVELTY_NONE);
    survey_clear(fuzz, &survey);
    if (!is_client_dead(fuzz))
        return;
    struct error error;
    fuzz_progress_clear(&fuzz->progress);
    error_set(&error, "`gapcheck doctor --client …` checks a driver step by step",
              "stopped: the client can be played with no more");
    command_print_error(&error);
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
