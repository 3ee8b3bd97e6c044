#include "cmd/play.h"

#include "cmd/command.h"
#include "core/memory.h"
#include "io/live.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Scenarios at once of those that are played again. A client that does not answer at all has many,
 * each of which waits until its time is up: then some more, which is still few. */
#define AGAIN_JOBS_MIN   2
#define AGAIN_JOBS_MAX   8
#define AGAIN_PLAYS_EACH 4

static char *copy(const char *text)
{
    return memory_copy_text(text, strlen(text));
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Where the steps of the findings stand; NULL if there are none. */
static struct run_place *find_places(const struct scenario *scenario,
                                     const struct judgement *judgement)
{
    if (judgement->finding_count == 0)
        return NULL;
    struct run_place *places = memory_alloc(judgement->finding_count, sizeof *places);
    for (size_t i = 0; i < judgement->finding_count; i++) {
        size_t step = judgement->findings[i].step;
        if (step >= 1 && step <= scenario->step_count)
            places[i] = (struct run_place){scenario->steps[step - 1].line,
                                           scenario->steps[step - 1].column};
    }
    return places;
}

void play_fill_scenario(const struct run_origin *origin, const struct scenario *scenario,
                        bool has_transcript, struct judgement *judgement,
                        struct run_scenario *result)
{
    size_t tag_count = scenario->tags.count;
    *result = (struct run_scenario){
        .name = copy(origin->name),
        .path = copy(origin->path),
        .title = copy(scenario->title),
        .why = scenario->why ? copy(scenario->why) : NULL,
        .tags = memory_alloc(tag_count, sizeof(char *)),
        .tag_count = tag_count,
        .dialect = scenario->dialect,
        .transcript = has_transcript ? run_transcript_path(origin->name) : NULL,
        .reproduce = run_reproduce_command(origin),
        .judgement = judgement,
        .finding_places = find_places(scenario, judgement),
    };
    for (size_t i = 0; i < tag_count; i++)
        result->tags[i] = copy(scenario->tags.items[i]);
    result->play_counts[judgement->verdict] = 1;
}

static void find_baseline(struct play *play)
{
    const struct play_baselines *baselines = play->baselines;
    const struct baseline_file *file =
        baseline_file_find(baselines->files, baselines->count, play->run->client_name,
                           play->run->client_version);
    play->baseline = file ? &file->baseline : NULL;
    play->is_other_client = !file && baselines->must_fit && baselines->count > 0;
}

/* The first hello tells who the client is. */
static void on_hello(void *user, const struct driver_hello *hello)
{
    struct play *play = user;
    struct run *run = play->run;
    if (run->client_name)
        return;
    run->client_name = copy(hello->name ? hello->name : "");
    run->client_version = copy(hello->version ? hello->version : "");
    run->capabilities = hello->capabilities;
    find_baseline(play);
    const struct option_texts *required = &play->options->required;
    for (int i = 0; i < DRIVER_CAPABILITY_COUNT; i++) {
        enum driver_capability capability = (enum driver_capability)i;
        if (driver_capabilities_have(hello->capabilities, capability))
            continue;
        for (size_t j = 0; j < required->count; j++)
            if (strcmp(required->items[j], driver_capability_name(capability)) == 0)
                play->missing_capability = required->items[j];
    }
}

/* NULL if the scenario was left out. */
static struct judgement *judge_result(const struct live_result *result,
                                      const struct scenario *scenario)
{
    if (result->transcript)
        return judge_transcript(result->transcript, scenario);
    if (result->missing_capability)
        return judge_skipped(result->missing_capability, result->because);
    if (result->client_error)
        return judge_unplayed(VERDICT_CLIENT_ERROR, result->client_error);
    if (result->error)
        return judge_unplayed(VERDICT_ERROR, result->error);
    return NULL;
}

/* Of several plays of a scenario the worst is reported; the others are only counted. */
static bool keep_worst(struct run_scenario *kept, struct run_scenario *played)
{
    enum verdict verdict = played->judgement->verdict;
    if (kept->judgement && kept->judgement->verdict <= verdict) {
        kept->play_counts[verdict]++;
        run_scenario_free(played);
        return false;
    }
    for (size_t i = 0; kept->judgement && i < VERDICT_COUNT; i++)
        played->play_counts[i] += kept->play_counts[i];
    run_scenario_free(kept);
    *kept = *played;
    return true;
}

static void replace_text(char **text, const char *value)
{
    free(*text);
    *text = copy(value);
}

/* What the session does not know. The command is what was asked for and not what the shell got:
 * that holds paths of this machine. */
static void complete_header(const struct play *play, struct transcript_header *header)
{
    replace_text(&header->client_command, play->client->label);
    if (play->run->client_name) {
        replace_text(&header->client_name, play->run->client_name);
        replace_text(&header->client_version, play->run->client_version);
    }
}

static bool is_known(const struct baseline *baseline, const char *name,
                     const struct judgement *judgement)
{
    for (size_t i = 0; baseline && i < judgement->finding_count; i++)
        if (judgement->findings[i].level == RULE_LEVEL_MUST &&
            !baseline_find(baseline, name, judgement->findings[i].rule))
            return false;
    return baseline != NULL;
}

static bool record(struct play *play, const struct scenario *scenario,
                   struct judgement *judgement, struct transcript *transcript, size_t index)
{
    struct run_origin origin = {
        .name = scenario->name,
        .path = scenario->path,
        .client = play->client->label,
        .seed = play->options->seed,
        .timeout_scale = play->options->timeout_scale,
        .program = play->client->program,
    };
    struct run_scenario *kept = &play->run->scenarios[index];
    struct run_scenario played;
    enum verdict verdict = judgement->verdict;
    play_fill_scenario(&origin, scenario, transcript != NULL, judgement, &played);
    progress_done(&play->progress, scenario->name, judgement,
                  is_known(play->baseline, scenario->name, judgement));
    if (keep_worst(kept, &played) && transcript) {
        complete_header(play, &transcript->header);
        report_folder_write_transcript(play->folder, kept->transcript, transcript);
    }
    return verdict != VERDICT_FAIL && verdict != VERDICT_CLIENT_ERROR && verdict != VERDICT_ERROR;
}

static bool take_result(struct play *play, size_t index, struct live_result *result)
{
    const struct scenario *scenario = play->set->items[index];
    struct judgement *judgement = judge_result(result, scenario);
    bool is_fine = true;
    if (judgement)
        is_fine = record(play, scenario, judgement, result->transcript, index);
    transcript_free(result->transcript);
    free(result->client_error);
    free(result->error);
    bool is_stopping = play->missing_capability != NULL || play->is_other_client;
    return !is_stopping && (is_fine || !play->options->is_fail_fast);
}

static bool on_result(void *user, size_t play_index, struct live_result *result)
{
    struct play *play = user;
    return take_result(play, play->order[play_index % play->set->count], result);
}

static void on_progress(void *user, size_t running_count)
{
    struct play *play = user;
    progress_running(&play->progress, running_count, clock_ms(CLOCK_MONOTONIC));
}

/* ---- what the harness was late for ---- */

/* This play tells more than the one before, which it takes the place of. */
static bool on_again(void *user, size_t play_index, struct live_result *result)
{
    struct play *play = user;
    size_t index = play->late_indexes[play_index];
    if (result->transcript) {
        run_scenario_free(&play->run->scenarios[index]);
        play->run->scenarios[index] = (struct run_scenario){0};
    }
    return take_result(play, index, result);
}

/* What may be so only since too much went on at once. Not what is known anyway; and where somebody
 * asked for many plays, what a busy machine makes of a client is among the things to be seen. */
static bool is_worth_another(const struct play *play, const struct run_scenario *played)
{
    if (!played->judgement || !played->judgement->is_late)
        return false;
    if (played->judgement->verdict == VERDICT_ERROR)
        return true;
    bool is_expected = played->judgement->verdict == VERDICT_FAIL &&
                       is_known(play->baseline, played->name, played->judgement);
    return !is_expected && play->options->repeat_count == 1;
}

/* With less at a time, it can be told. */
static enum live_status play_late_again(struct play *play, struct live_config *config)
{
    struct run *run = play->run;
    const struct scenario **plays = memory_alloc(run->scenario_count, sizeof *plays);
    size_t count = 0;
    play->late_indexes = memory_alloc(run->scenario_count, sizeof *play->late_indexes);
    for (size_t i = 0; i < run->scenario_count; i++) {
        if (!is_worth_another(play, &run->scenarios[i]))
            continue;
        play->late_indexes[count] = i;
        plays[count++] = play->set->items[i];
    }
    enum live_status status = LIVE_DONE;
    run->again_count = count;
    if (count > 0) {
        /* Every callback gets the play. */
        struct live_callbacks callbacks = {play, on_hello, on_again, on_progress};
        size_t jobs = count / AGAIN_PLAYS_EACH;
        config->jobs = jobs < AGAIN_JOBS_MIN ? AGAIN_JOBS_MIN
                                             : (jobs > AGAIN_JOBS_MAX ? AGAIN_JOBS_MAX : jobs);
        progress_again(&play->progress, count);
        status = live_run(config, plays, count, &callbacks);
    }
    free(play->late_indexes);
    play->late_indexes = NULL;
    free(plays);
    return status;
}

/* Takes out what was never played. */
static void close_gaps(struct run *run)
{
    size_t played_count = 0;
    for (size_t i = 0; i < run->scenario_count; i++)
        if (run->scenarios[i].judgement)
            run->scenarios[played_count++] = run->scenarios[i];
    run->unplayed_count = run->scenario_count - played_count;
    run->scenario_count = played_count;
}

/* ---- the order of plays ---- */

/* How long it may wait for a client and do nothing else. */
static int64_t longest_accept_ms(const struct scenario *scenario)
{
    int64_t longest_ms = 0;
    for (size_t i = 0; i < scenario->step_count; i++)
        if (scenario->steps[i].verb == VERB_ACCEPT && scenario->steps[i].timeout_ms > longest_ms)
            longest_ms = scenario->steps[i].timeout_ms;
    return longest_ms;
}

struct wait {
    int64_t longest_ms;
    size_t index;
};

static int compare_waits(const void *left, const void *right)
{
    const struct wait *a = left, *b = right;
    if (a->longest_ms != b->longest_ms)
        return a->longest_ms > b->longest_ms ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

/* What may wait longest begins first, so that nothing is left to wait for at the end. */
static size_t *order_plays(const struct scenario_set *set)
{
    size_t *order = memory_alloc(set->count, sizeof *order);
    struct wait *waits = memory_alloc(set->count, sizeof *waits);
    for (size_t i = 0; i < set->count; i++)
        waits[i] = (struct wait){longest_accept_ms(set->items[i]), i};
    qsort(waits, set->count, sizeof *waits, compare_waits);
    for (size_t i = 0; i < set->count; i++)
        order[i] = waits[i].index;
    free(waits);
    return order;
}

/* With --repeat the whole list stands there so many times, one after the other. */
static const struct scenario **list_plays(const struct scenario_set *set, const size_t *order,
                                          size_t repeat_count)
{
    const struct scenario **plays = memory_alloc(set->count * repeat_count, sizeof *plays);
    for (size_t i = 0; i < set->count * repeat_count; i++)
        plays[i] = set->items[order[i % set->count]];
    return plays;
}

/* ---- all of it ---- */

static void tell_missing(const struct play *play)
{
    struct error error;
    error_set(&error, NULL, "the driver does not have the capability `%s` that --require asks for",
              play->missing_capability);
    command_print_error(&error);
    play->run->is_inconclusive = true;
}

static void tell_other_client(const struct play *play)
{
    struct error error;
    baseline_file_is_for(&play->baselines->files[0].baseline, play->run->client_name,
                         play->run->client_version, &error);
    command_print_error(&error);
}

bool play_scenarios(const struct options *options, const struct client_choice *client,
                    const struct scenario_set *set, const struct play_baselines *baselines,
                    struct report_folder *folder, struct run *run)
{
    struct play play = {.options = options,
                        .client = client,
                        .set = set,
                        .baselines = baselines,
                        .folder = folder,
                        .run = run};
    size_t play_count = set->count * options->repeat_count;
    play.order = order_plays(set);
    const struct scenario **plays = list_plays(set, play.order, options->repeat_count);
    *run = (struct run){
        .client_command = copy(client->label),
        .seed = options->seed,
        .started_ms = clock_ms(CLOCK_REALTIME),
        .shard_index = options->shard_index,
        .shard_count = options->shard_count,
        .is_strict = options->is_strict,
        .scenarios = memory_alloc(set->count, sizeof *run->scenarios),
        .scenario_count = set->count,
    };
    struct live_config config = {
        .command = client->command,
        .listen = "127.0.0.1",
        .jobs = options->job_count,
        .seed = options->seed,
        .timeout_scale = options->timeout_scale,
        .fail_fast = true, /* on_result says false where there is something to stop for */
        .client_log = folder->client_log,
    };
    struct live_callbacks callbacks = {&play, on_hello, on_result, on_progress};
    int64_t start_ms = clock_ms(CLOCK_MONOTONIC);
    progress_init(&play.progress, stderr, options->is_quiet, play_count, start_ms);
    play.progress.label = options->clients.count > 1 ? client->label : NULL;
    enum live_status status = live_run(&config, plays, play_count, &callbacks);
    bool is_stopped = play.missing_capability || play.is_other_client || options->is_fail_fast;
    if (status == LIVE_DONE && !is_stopped)
        status = play_late_again(&play, &config);
    run->duration_ms = clock_ms(CLOCK_MONOTONIC) - start_ms;
    run->is_interrupted = status == LIVE_INTERRUPTED;
    progress_clear(&play.progress);
    if (!run->client_name) {
        run->client_name = copy(client->label);
        run->client_version = copy("");
    }
    if (play.missing_capability)
        tell_missing(&play);
    if (play.is_other_client)
        tell_other_client(&play);
    close_gaps(run);
    free(plays);
    free(play.order);
    return !play.is_other_client;
}
