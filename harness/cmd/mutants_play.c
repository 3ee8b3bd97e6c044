#include "cmd/mutants_play.h"

#include "cmd/driver_json.h"
#include "cmd/mutants_simulate.h"
#include "core/client_policy.h"
#include "core/memory.h"
#include "io/live.h"

#include <stdlib.h>
#include <string.h>

/* Played live too: so many mutants of behaviour, and of each of them so many scenarios. */
#define SAMPLE_MUTANTS_MAX   16
#define SAMPLE_SCENARIOS_MAX 6
#define SAMPLE_KILLERS_MAX   2

/* Every mutant of the wire, and the more of what kills it. */
#define WIRE_KILLERS_MAX 8

/* A scenario that may take longer is left out of the sample: it would outlast all others. */
#define SAMPLE_TIMEOUT_MS_MAX 30000

/* What the harness was late for is played again, with less at a time. */
#define AGAIN_JOBS 4

/* ---- live: all pairs at once, one reference client for all mutants ---- */

/* A mutant and a scenario, which is a copy that tells the client which mutant it is to be. */
struct pair {
    size_t mutant, scenario;
    struct scenario copy; /* shares all but its options with the original */
    cJSON *options;       /* owned */
    struct kill_cell cell;
    bool is_due; /* to be played */
};

struct pairs {
    struct pair *items; /* owned */
    size_t count, capacity_count;
    const struct mutants_play *play;
    size_t *due; /* indexes of those that are played now */
    size_t due_count, done_count;
};

static void add_pair(struct pairs *pairs, const struct kill_matrix *matrix, size_t mutant,
                     size_t scenario)
{
    for (size_t i = pairs->count; i > 0 && pairs->items[i - 1].mutant == mutant; i--)
        if (pairs->items[i - 1].scenario == scenario)
            return;
    pairs->items = memory_grow(pairs->items, &pairs->capacity_count, pairs->count + 1,
                               sizeof *pairs->items);
    const struct scenario *original = pairs->play->set->items[scenario];
    struct pair *pair = &pairs->items[pairs->count++];
    *pair = (struct pair){
        .mutant = mutant, .scenario = scenario, .copy = *original, .is_due = true};
    pair->options = cJSON_Duplicate(original->client_options, true);
    cJSON_AddStringToObject(pair->options, "policy", matrix->mutants[mutant].name);
    pair->copy.client_options = pair->options;
}

static void free_pairs(struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++)
        cJSON_Delete(pairs->items[i].options);
    free(pairs->items);
}

static void on_hello(void *user, const struct driver_hello *hello)
{
    (void)user;
    (void)hello;
}

static bool on_result(void *user, size_t index, struct live_result *result)
{
    struct pairs *pairs = user;
    struct pair *pair = &pairs->items[pairs->due[index]];
    pair->is_due = false;
    pairs->play->on_progress(pairs->play->user, NULL, ++pairs->done_count, pairs->due_count);
    if (result->transcript) {
        struct judgement *judgement = judge_transcript(result->transcript, &pair->copy);
        pair->cell = kill_cell_of(judgement);
        judgement_free(judgement);
    } else if (result->missing_capability) {
        pair->cell = (struct kill_cell){.is_played = true, .verdict = VERDICT_SKIP};
    } else if (result->client_error || result->error) {
        pair->cell = (struct kill_cell){.is_played = true, .verdict = VERDICT_CLIENT_ERROR};
        fprintf(pairs->play->client_log, "[gapcheck] %s as %s: %s\n", pair->copy.name,
                cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(pair->options, "policy")),
                result->client_error ? result->client_error : result->error);
    }
    transcript_free(result->transcript);
    free(result->client_error);
    free(result->error);
    return true;
}

/* Plays those that are due. False if it was interrupted. */
static bool play_due(const struct mutants_play *play, struct pairs *pairs, size_t job_count)
{
    struct buffer command;
    buffer_init(&command, BUFFER_NO_LIMIT);
    driver_json_append_quoted(play->executable, &command);
    buffer_append_text(&command, " reference-client");
    const struct scenario **scenarios = memory_alloc(pairs->count, sizeof *scenarios);
    pairs->due = memory_alloc(pairs->count, sizeof *pairs->due);
    pairs->due_count = pairs->done_count = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        if (!pairs->items[i].is_due)
            continue;
        scenarios[pairs->due_count] = &pairs->items[i].copy;
        pairs->due[pairs->due_count++] = i;
    }
    struct live_config config = {
        .command = buffer_text(&command),
        .listen = "127.0.0.1",
        .jobs = job_count,
        .seed = play->seed,
        .timeout_scale = play->timeout_scale,
        .client_log = play->client_log,
    };
    struct live_callbacks callbacks = {.user = pairs, .on_hello = on_hello, .on_result = on_result};
    enum live_status status = LIVE_DONE;
    if (pairs->due_count > 0)
        status = live_run(&config, scenarios, pairs->due_count, &callbacks);
    free(scenarios);
    free(pairs->due);
    buffer_free(&command);
    return status == LIVE_DONE;
}

static bool is_on_wire(const struct kill_mutant *mutant)
{
    struct client_policy policy;
    client_policy_find(mutant->name, &policy);
    return policy.wire != CLIENT_WIRE_RIGHT;
}

static void play_all_live(const struct mutants_play *play, struct kill_matrix *matrix)
{
    struct pairs pairs = {.play = play};
    for (size_t i = 0; i < matrix->mutant_count; i++) {
        matrix->mutants[i].world = KILL_WORLD_LIVE;
        for (size_t j = 0; j < matrix->scenario_count; j++)
            add_pair(&pairs, matrix, i, j);
    }
    bool is_done = play_due(play, &pairs, play->job_count);
    for (size_t i = 0; i < pairs.count; i++)
        pairs.items[i].is_due = pairs.items[i].cell.late != 0;
    matrix->is_interrupted = !is_done || !play_due(play, &pairs, AGAIN_JOBS);
    for (size_t i = 0; i < pairs.count; i++)
        *kill_matrix_cell(matrix, pairs.items[i].mutant, pairs.items[i].scenario) =
            pairs.items[i].cell;
    free_pairs(&pairs);
}

/* ---- the sample ---- */

static bool has_frames_with_upgrade(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->step_count; i++)
        if (scenario->steps[i].verb == VERB_ACCEPT && scenario->steps[i].accept.with_count > 0)
            return true;
    return false;
}

static bool has_split_frames(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->step_count; i++)
        if (scenario->steps[i].verb == VERB_SEND && scenario->steps[i].send.split_bytes > 0)
            return true;
    return false;
}

/* Two mutants hang on how bytes fall into reads, which on a real socket is chance: of them only
 * those scenarios are comparable that force it. */
static bool is_comparable(const struct kill_mutant *mutant, const struct scenario *scenario)
{
    struct client_policy policy;
    client_policy_find(mutant->name, &policy);
    if (policy.wire == CLIENT_WIRE_LOSES_FIRST_FRAMES)
        return has_frames_with_upgrade(scenario);
    if (policy.wire == CLIENT_WIRE_CUT_HEADER_DEAFENS)
        return has_split_frames(scenario);
    return true;
}

static void add_to_sample(struct pairs *pairs, const struct kill_matrix *matrix, size_t mutant,
                          size_t scenario)
{
    if (kill_matrix_cell(matrix, mutant, scenario)->is_played &&
        is_comparable(&matrix->mutants[mutant], pairs->play->set->items[scenario]) &&
        pairs->play->set->items[scenario]->timeout_ms <= SAMPLE_TIMEOUT_MS_MAX)
        add_pair(pairs, matrix, mutant, scenario);
}

/* The first that kill it, and a few others, spread over the library; another seed takes others. */
static void add_sample(struct pairs *pairs, struct kill_matrix *matrix, size_t mutant,
                       size_t killers_max)
{
    size_t total_count = matrix->scenario_count, killer_count = 0;
    matrix->mutants[mutant].world = KILL_WORLD_BOTH;
    for (size_t i = 0; i < total_count && killer_count < killers_max; i++) {
        if (!kill_matrix_kills_by_rule(matrix, mutant, i) ||
            !is_comparable(&matrix->mutants[mutant], pairs->play->set->items[i]))
            continue;
        add_to_sample(pairs, matrix, mutant, i);
        killer_count++;
    }
    size_t first = (size_t)((pairs->play->seed + 7 * mutant) % total_count);
    for (size_t i = 0; i < SAMPLE_SCENARIOS_MAX; i++)
        add_to_sample(pairs, matrix, mutant,
                      (first + i * total_count / SAMPLE_SCENARIOS_MAX) % total_count);
}

/* Spread over the table, so that each kind of fault is among them; another seed takes others. */
static bool is_sampled(const struct kill_matrix *matrix, size_t mutant, uint64_t seed)
{
    size_t count = matrix->mutant_count;
    size_t place = (mutant + (size_t)(seed % count)) % count;
    if (count <= SAMPLE_MUTANTS_MAX || kill_mutant_is_reference(&matrix->mutants[mutant]))
        return true;
    return place == 0 ||
           place * SAMPLE_MUTANTS_MAX / count != (place - 1) * SAMPLE_MUTANTS_MAX / count;
}

static struct kill_sample sample_of(const struct kill_matrix *matrix, const struct pair *pair)
{
    return (struct kill_sample){
        .mutant = pair->mutant,
        .scenario = pair->scenario,
        .simulated = *kill_matrix_cell(matrix, pair->mutant, pair->scenario),
        .live = pair->cell,
    };
}

static void play_sample(const struct mutants_play *play, struct kill_matrix *matrix)
{
    struct pairs pairs = {.play = play};
    for (size_t i = 0; i < matrix->mutant_count; i++) {
        if (is_on_wire(&matrix->mutants[i]))
            add_sample(&pairs, matrix, i, WIRE_KILLERS_MAX);
        else if (is_sampled(matrix, i, play->seed))
            add_sample(&pairs, matrix, i, SAMPLE_KILLERS_MAX);
    }
    bool is_done = play_due(play, &pairs, play->job_count);
    for (size_t i = 0; i < pairs.count; i++) {
        struct kill_sample sample = sample_of(matrix, &pairs.items[i]);
        pairs.items[i].is_due = sample.live.late != 0 || !kill_sample_agrees(&sample);
    }
    matrix->is_interrupted = !is_done || !play_due(play, &pairs, AGAIN_JOBS);
    for (size_t i = 0; i < pairs.count; i++) {
        struct kill_sample sample = sample_of(matrix, &pairs.items[i]);
        kill_matrix_add_sample(matrix, &sample);
    }
    free_pairs(&pairs);
}

/* ---- all of it ---- */

void mutants_play(const struct mutants_play *play, struct kill_matrix *matrix)
{
    for (size_t i = 0; i < matrix->scenario_count; i++)
        matrix->scenarios[i] = play->set->items[i]->name;
    switch (play->worlds) {
    case MUTANTS_WORLDS_SIMULATED:
        mutants_simulate(play, matrix);
        break;
    case MUTANTS_WORLDS_LIVE:
        play_all_live(play, matrix);
        break;
    case MUTANTS_WORLDS_BOTH:
        mutants_simulate(play, matrix);
        play_sample(play, matrix);
        break;
    }
}
