#include "io/live_internal.h"

#include "core/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Scenarios begin a few at a time: many in step with each other would all want the loop at the same
 * moment, and find it late. */
#define BURST_COUNT 8
#define BURST_US    5000

static void schedule(void *user);

/* ---- what a scenario needs ---- */

/* Whether it does something to the whole process of an `alone` driver. */
static bool acts_on_process(const struct scenario *scenario)
{
    if (scenario_client_number(scenario, "clock_skew_ms", 0) != 0)
        return true;
    for (size_t i = 0; i < scenario->step_count; i++) {
        const struct scenario_step *step = &scenario->steps[i];
        if (step->verb == VERB_CLIENT &&
            (step->client.action == CLIENT_DO_SLOW || step->client.action == CLIENT_DO_THROW))
            return true;
    }
    return false;
}

static bool needs_own_driver(const struct live *live, size_t job_index)
{
    struct driver_capabilities has = live->capabilities;
    return live->jobs[job_index].state == JOB_WAITING_AGAIN ||
           !driver_capabilities_have(has, DRIVER_CAPABILITY_MULTI) ||
           (driver_capabilities_have(has, DRIVER_CAPABILITY_ALONE) &&
            acts_on_process(live->scenarios[job_index]));
}

/* ---- results ---- */

static void tell_job(struct live *live, size_t job_index, struct live_result *result)
{
    struct job *job = &live->jobs[job_index];
    assert(job->state != JOB_TOLD);
    if (job->state == JOB_PLAYING || job->state == JOB_PLAYING_AGAIN)
        live->playing_count--;
    job->state = JOB_TOLD;
    live->told_count++;
    live_tell(live, job_index, result);
}

/* Tells one whose driver died under it. If the death came again, somewhere, the play without it is
 * worth a verdict; if it did not, nobody knows whose doing it was, and it is never a pass. */
static void tell_after_death(struct live *live, size_t job_index)
{
    struct job *job = &live->jobs[job_index];
    bool is_again_told = job->again && job->death->has_repeated;
    struct live_result result = {.transcript = is_again_told ? job->again : job->first};
    transcript_free(is_again_told ? job->first : job->again);
    job->first = job->again = NULL;
    job->death = NULL;
    tell_job(live, job_index, &result);
}

static void close_death(struct live *live, struct live_death *death)
{
    for (size_t i = 0; i < live->count; i++)
        if (live->jobs[i].death == death)
            tell_after_death(live, i);
    free(death);
}

/* The second play of a member is over, or cannot be had. */
static void member_done(struct live *live, size_t job_index)
{
    struct job *job = &live->jobs[job_index];
    live->playing_count--;
    job->state = JOB_HELD;
    if (--job->death->open_count == 0)
        close_death(live, job->death);
}

void live_play_over(struct live *live, struct play *play, struct transcript *transcript)
{
    struct job *job = &live->jobs[play->job_index];
    if (play->is_again) {
        job->again = transcript;
        job->death->has_repeated = job->death->has_repeated || play->has_driver_died;
        member_done(live, play->job_index);
    } else if (play->death) {
        job->first = transcript;
        job->death = play->death;
        play->death = NULL;
        job->state = JOB_WAITING_AGAIN;
        live->playing_count--;
        if (play->job_index < live->first_waiting)
            live->first_waiting = play->job_index;
    } else {
        struct live_result result = {.transcript = transcript};
        tell_job(live, play->job_index, &result);
    }
}

void live_job_without_driver(struct live *live, size_t job_index, const char *why)
{
    if (live->jobs[job_index].state == JOB_PLAYING_AGAIN) {
        member_done(live, job_index);
        return;
    }
    struct live_result result = {.client_error = memory_copy_text(why, strlen(why))};
    tell_job(live, job_index, &result);
}

void live_tell_rest(struct live *live)
{
    for (size_t i = 0; i < live->count; i++) {
        struct job *job = &live->jobs[i];
        if (job->death && job->first) {
            struct live_death *death = job->death;
            close_death(live, death);
        } else if (job->state != JOB_TOLD) {
            struct live_result nothing = {0};
            tell_job(live, i, &nothing);
        }
    }
}

/* ---- what is next ---- */

static void start_play(struct live *live, size_t job_index, struct live_driver *driver)
{
    struct error error = {0};
    if (live_play_start(live, job_index, driver, &error))
        return;
    if (!driver->is_shared)
        live_driver_end(driver);
    if (live->jobs[job_index].state == JOB_PLAYING_AGAIN) {
        member_done(live, job_index);
        return;
    }
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_append_text(&text, error.message);
    if (error.hint[0])
        buffer_printf(&text, "; %s", error.hint);
    struct live_result result = {.error = buffer_take_text(&text)};
    tell_job(live, job_index, &result);
}

static struct live_driver *find_driver(const struct live *live, bool is_shared)
{
    for (struct live_driver *driver = live->drivers; driver; driver = driver->next)
        if (!driver->is_over && driver->is_shared == is_shared &&
            (is_shared || driver->job_index == LIVE_NO_JOB))
            return driver;
    return NULL;
}

static void begin_job(struct live *live, size_t job_index)
{
    struct job *job = &live->jobs[job_index];
    job->state = job->state == JOB_WAITING ? JOB_PLAYING : JOB_PLAYING_AGAIN;
    live->playing_count++;
}

/* Gives the job a process of its own: the first one, where that serves nobody, or a new one. */
static bool begin_with_own_driver(struct live *live, size_t job_index)
{
    struct live_driver *idle = find_driver(live, false);
    if (!idle && live_driver_own_count(live) >= LIVE_OWN_DRIVERS_MAX)
        return false;
    begin_job(live, job_index);
    if (idle) {
        idle->job_index = job_index;
        start_play(live, job_index, idle);
    } else {
        live_driver_new(live, job_index);
    }
    return true;
}

static bool begin_with_shared_driver(struct live *live, size_t job_index)
{
    struct live_driver *shared = find_driver(live, true);
    if (!shared && live->no_driver) {
        begin_job(live, job_index);
        live_job_without_driver(live, job_index, live->no_driver);
        return true;
    }
    if (!shared)
        shared = live_driver_new(live, LIVE_NO_JOB);
    if (!shared->is_ready)
        return false;
    begin_job(live, job_index);
    start_play(live, job_index, shared);
    return true;
}

/* Own processes that have said hello since begin with what they are for. */
static void start_ready_drivers(struct live *live)
{
    for (struct live_driver *driver = live->drivers; driver; driver = driver->next) {
        if (driver->is_shared || !driver->is_ready || driver->job_index == LIVE_NO_JOB)
            continue;
        bool is_playing = false;
        for (const struct play *play = live->plays; play; play = play->next)
            is_playing = is_playing || play->driver == driver;
        if (!is_playing)
            start_play(live, driver->job_index, driver);
    }
}

static size_t room_count(const struct live *live)
{
    const struct live_config *config = live->config;
    /* With one port for all, the one before must have given it back. */
    if (config->port)
        return live->playing_count == 0 && !live->plays;
    size_t most = config->jobs ? config->jobs : LIVE_JOBS_MAX;
    return live->playing_count < most ? most - live->playing_count : 0;
}

/* Tries the job; false if it has to go on waiting. */
static bool begin(struct live *live, size_t job_index)
{
    struct live_result skipped = {0};
    skipped.missing_capability =
        session_missing_capability(live->scenarios[job_index], live->capabilities,
                                   &skipped.because);
    if (skipped.missing_capability) {
        tell_job(live, job_index, &skipped);
        return true;
    }
    return needs_own_driver(live, job_index) ? begin_with_own_driver(live, job_index)
                                             : begin_with_shared_driver(live, job_index);
}

static void begin_waiting_jobs(struct live *live)
{
    size_t begun_count = 0;
    bool is_shared = driver_capabilities_have(live->capabilities, DRIVER_CAPABILITY_MULTI);
    bool all_before_begun = true;
    for (size_t i = live->first_waiting; i < live->count && room_count(live) > 0; i++) {
        struct job *job = &live->jobs[i];
        if (live->starts_nothing)
            return;
        bool is_waiting = job->state == JOB_WAITING || job->state == JOB_WAITING_AGAIN;
        if (is_waiting && !begin(live, i)) {
            /* Where each has a process of its own, the next would wait for the same. */
            if (!is_shared)
                return;
            all_before_begun = false;
        } else if (is_waiting && ++begun_count == BURST_COUNT) {
            loop_timer_set(live->loop, &live->schedule, BURST_US, schedule, live);
            return;
        }
        if (all_before_begun)
            live->first_waiting = i + 1;
    }
}

static void tell_all_without_driver(struct live *live)
{
    for (size_t i = 0; i < live->count && !live->starts_nothing; i++)
        if (live->jobs[i].state == JOB_WAITING)
            live_job_without_driver(live, i, live->no_driver);
}

static void schedule(void *user)
{
    struct live *live = user;
    if (live->starts_nothing)
        return;
    if (live->has_hello) {
        start_ready_drivers(live);
        begin_waiting_jobs(live);
    } else if (live->no_driver) {
        tell_all_without_driver(live);
    } else if (!live->drivers && live->count > 0) {
        live_driver_new(live, LIVE_NO_JOB);
    }
}

void live_schedule_soon(struct live *live)
{
    loop_timer_set(live->loop, &live->schedule, 0, schedule, live);
}

bool live_is_complete(const struct live *live)
{
    if (live->told_count == live->count)
        return true;
    if (!live->starts_nothing)
        return false;
    for (const struct play *play = live->plays; play; play = play->next)
        if (play->session)
            return false;
    return true;
}
