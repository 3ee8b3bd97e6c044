#include "cmd/trial.h"

#include "cmd/command.h"
#include "core/memory.h"
#include "io/live.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROCESS_PLAYS_MAX 5000 /* scenarios that one process of the client serves */

#define HURRY      0.33 /* of the time-outs */
#define PAUSE_MS   370  /* three of them meet three parts of a second */
#define JOBS_USUAL 16   /* more at once, and it counts how busy the machine is */

struct progress_state {
    struct trial *trial;
    struct trial_play *plays;
    size_t done_count;
};

/* ---- interrupts ---- */

static void fill_signals(sigset_t *signals)
{
    struct sigaction hang_up;
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    /* What nohup has us ignore stays ignored. */
    if (sigaction(SIGHUP, NULL, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN)
        sigaddset(signals, SIGHUP);
}

void trial_begin(struct trial *trial, const struct options *options,
                 const struct client_choice *client, FILE *client_log)
{
    sigset_t signals;
    *trial = (struct trial){
        .options = options, .client = client, .client_log = client_log, .seed = 1};
    fill_signals(&signals);
    sigprocmask(SIG_BLOCK, &signals, &trial->earlier_mask);
}

/* Takes what came while nothing was played. */
static bool check_interrupt(struct trial *trial)
{
    static const struct timespec at_once = {0};
    sigset_t signals;
    fill_signals(&signals);
    while (sigtimedwait(&signals, NULL, &at_once) > 0)
        trial->is_interrupted = true;
    return trial->is_interrupted;
}

void trial_end(struct trial *trial)
{
    live_close(trial->world);
    trial->world = NULL;
    check_interrupt(trial);
    sigprocmask(SIG_SETMASK, &trial->earlier_mask, NULL);
    free(trial->client_name);
    free(trial->client_version);
    trial->client_name = trial->client_version = NULL;
}

/* ---- playing ---- */

static char *copy(const char *text)
{
    return memory_copy_text(text ? text : "", text ? strlen(text) : 0);
}

static void on_hello(void *user, const struct driver_hello *hello)
{
    struct trial *trial = ((struct progress_state *)user)->trial;
    if (trial->client_name)
        return;
    trial->client_name = copy(hello->name);
    trial->client_version = copy(hello->version);
    trial->capabilities = hello->capabilities;
}

static void replace_text(char **text, const char *value)
{
    free(*text);
    *text = copy(value);
}

/* What the session does not know, as in every transcript of a run. */
static void complete_header(const struct trial *trial, struct transcript_header *header)
{
    replace_text(&header->client_command, trial->client->label);
    replace_text(&header->client_name, trial->client_name);
    replace_text(&header->client_version, trial->client_version);
}

static bool on_result(void *user, size_t index, struct live_result *result)
{
    struct progress_state *state = user;
    struct trial *trial = state->trial;
    struct trial_play *play = &state->plays[index];
    play->transcript = result->transcript;
    if (result->transcript) {
        complete_header(trial, &result->transcript->header);
        play->judgement = judge_transcript(result->transcript, play->scenario);
    } else if (result->missing_capability) {
        play->judgement = judge_skipped(result->missing_capability, result->because);
    } else if (result->client_error) {
        play->judgement = judge_unplayed(VERDICT_CLIENT_ERROR, result->client_error);
    } else if (result->error) {
        play->judgement = judge_unplayed(VERDICT_ERROR, result->error);
    }
    trial->played_count += play->judgement != NULL;
    state->done_count++;
    free(result->client_error);
    free(result->error);
    return true;
}

static void on_progress(void *user, size_t running_count)
{
    const struct progress_state *state = user;
    if (state->trial->on_progress)
        state->trial->on_progress(state->trial->user, state->done_count, running_count);
}

/* The client's process stays from play to play, but not for ever: it may leak. */
static void open_world(struct trial *trial)
{
    if (trial->world && trial->played_count - trial->played_before < PROCESS_PLAYS_MAX)
        return;
    struct live_config config = {
        .command = trial->client->command,
        .listen = "127.0.0.1",
        .jobs = trial->options->job_count ? trial->options->job_count : JOBS_USUAL,
        .seed = trial->seed,
        .timeout_scale = trial->options->timeout_scale,
        .client_log = trial->client_log,
    };
    live_close(trial->world);
    trial->world = live_open(&config);
    trial->played_before = trial->played_count;
}

bool trial_play(struct trial *trial, struct trial_play *plays, size_t count)
{
    if (check_interrupt(trial))
        return false;
    const struct scenario **scenarios = memory_alloc(count, sizeof *scenarios);
    for (size_t i = 0; i < count; i++)
        scenarios[i] = plays[i].scenario;
    struct progress_state state = {.trial = trial, .plays = plays};
    struct live_callbacks callbacks = {&state, on_hello, on_result, on_progress};
    open_world(trial);
    double scale = trial->options->timeout_scale;
    live_set_timeout_scale(trial->world, trial->is_hurried ? scale * HURRY : scale);
    if (live_play(trial->world, scenarios, count, &callbacks) == LIVE_INTERRUPTED)
        trial->is_interrupted = true;
    free(scenarios);
    return !trial->is_interrupted;
}

void trial_play_free(struct trial_play *plays, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        judgement_free(plays[i].judgement);
        transcript_free(plays[i].transcript);
        plays[i].judgement = NULL;
        plays[i].transcript = NULL;
    }
}

void trial_pause(void)
{
    static const struct timespec part_of_a_second = {.tv_nsec = PAUSE_MS * 1000000};
    nanosleep(&part_of_a_second, NULL);
}

/* ---- the client ---- */

bool trial_say_hello(struct trial *trial, struct error *error)
{
    static const char text[] =
        "{\"title\":\"hello\",\"rules\":[\"C-1\"],\"steps\":[{\"accept\":{}},{\"settle\":{}}]}";
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    scenario_load(text, sizeof text - 1, "hello.jsonc", "hello", &set, &errors);
    struct trial_play play = {.scenario = set.items[0]};
    bool is_played = trial_play(trial, &play, 1);
    const struct judgement *judgement = play.judgement;
    bool is_there = is_played && judgement && judgement->verdict != VERDICT_CLIENT_ERROR &&
                    judgement->verdict != VERDICT_ERROR;
    if (!is_there)
        error_set(error, "`gapcheck doctor --client …` checks a driver step by step",
                  "the client does not get as far as one event: %.300s",
                  judgement && judgement->reason ? judgement->reason : "interrupted");
    trial_play_free(&play, 1);
    scenario_set_free(&set);
    error_list_free(&errors);
    return is_there;
}

void trial_append_client(const struct trial *trial, struct buffer *out)
{
    const char *name =
        trial->client_name && trial->client_name[0] ? trial->client_name : trial->client->label;
    text_append_escaped(out, name, strlen(name), 200);
    if (trial->client_version && trial->client_version[0]) {
        buffer_append_text(out, " ");
        text_append_escaped(out, trial->client_version, strlen(trial->client_version), 100);
    }
}
