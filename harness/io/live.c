#include "io/live.h"

#include "core/memory.h"
#include "io/clock.h"
#include "io/driver_process.h"
#include "io/live_internal.h"
#include "io/signals.h"

#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define HEARTBEAT_US 10000
#define PROGRESS_US  100000

void live_tell(struct live *live, size_t job_index, struct live_result *result)
{
    bool has_passed = live->callbacks->on_result(live->callbacks->user, job_index, result);
    if (!has_passed && live->config->fail_fast)
        live->starts_nothing = true;
}

/* ---- the loop's own pulse ---- */

/* A descriptor and no libwebsockets timer: those spin through the last millisecond. */
struct heartbeat {
    struct loop_watch watch;
    struct live *live;
};

static int64_t microseconds(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000 + time->tv_nsec / 1000;
}

static void arm_heartbeat(struct heartbeat *heartbeat, int file)
{
    struct itimerspec delay = {.it_value.tv_nsec = HEARTBEAT_US * 1000};
    heartbeat->live->heartbeat_due_us = clock_monotonic_us() + microseconds(&delay.it_value);
    timerfd_settime(file, 0, &delay, NULL);
}

static void tell_progress(struct live *live, int64_t now_us)
{
    if (!live->callbacks->on_progress || now_us - live->progress_us < PROGRESS_US)
        return;
    live->progress_us = now_us;
    live->callbacks->on_progress(live->callbacks->user, live->playing_count);
}

void live_notice_pause(struct live *live)
{
    int64_t now_us = clock_monotonic_us();
    int64_t late_us = now_us - live->heartbeat_due_us;
    if (late_us <= LIVE_LATE_US)
        return;
    live->heartbeat_due_us = now_us;
    for (struct play *play = live->plays; play; play = play->next)
        live_play_late(play, late_us);
}

static bool on_heartbeat(struct loop_watch *watch)
{
    struct heartbeat *heartbeat = watch->user;
    struct live *live = heartbeat->live;
    uint64_t expired_count;
    int file = loop_watch_descriptor(watch);
    if (read(file, &expired_count, sizeof expired_count) != (ssize_t)sizeof expired_count)
        return true;
    live_notice_pause(live);
    tell_progress(live, clock_monotonic_us());
    arm_heartbeat(heartbeat, file);
    return true;
}

static bool start_heartbeat(struct live *live, struct heartbeat *heartbeat)
{
    int file = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    heartbeat->live = live;
    heartbeat->watch = (struct loop_watch){.on_readable = on_heartbeat, .user = heartbeat};
    if (file < 0)
        return false;
    arm_heartbeat(heartbeat, file);
    return loop_watch_file(live->loop, &heartbeat->watch, file);
}

static void on_signal(void *user)
{
    struct live *live = user;
    live->signal_count++;
    live->is_interrupted = live->starts_nothing = true;
    for (struct play *play = live->plays; play; play = play->next)
        live_play_interrupt(play);
}

/* ---- a run ---- */

static void play_all(struct live *live)
{
    live_schedule_soon(live);
    while (!live_is_complete(live) && live->signal_count < 2)
        loop_turn(live->loop);
}

/* Politely, unless somebody is in a hurry. No child is left afterwards. */
static void end_drivers(struct live *live)
{
    live->starts_nothing = true;
    for (struct live_driver *driver = live->drivers; driver; driver = driver->next)
        live_driver_end(driver);
    while (live->drivers && live->signal_count < 2)
        loop_turn(live->loop);
    while (live->drivers)
        live_driver_free(live->drivers);
    driver_process_end_orphans();
    while (live->plays)
        live_play_free(live->plays);
}

static void tell_all_failed(struct live *live, const char *why)
{
    for (size_t i = 0; i < live->count; i++) {
        struct buffer text;
        buffer_init(&text, BUFFER_NO_LIMIT);
        buffer_append_text(&text, why);
        struct live_result result = {.error = buffer_take_text(&text)};
        live_tell(live, i, &result);
    }
}

/* ---- a world that is kept between runs ---- */

struct live_world {
    struct live live;
    struct live_config config;
    struct heartbeat heartbeat;
    struct signals signals;
    struct error error; /* why it is not open */
    bool is_open;
};

static void ignore_hello(void *user, const struct driver_hello *hello)
{
    (void)user;
    (void)hello;
}

/* Who is told what happens between two runs. */
static const struct live_callbacks nobody = {.on_hello = ignore_hello};

struct live_world *live_open(const struct live_config *config)
{
    struct live_world *world = memory_alloc(1, sizeof *world);
    struct live *live = &world->live;
    world->config = *config;
    live->config = &world->config;
    live->callbacks = &nobody;
    live->session_scale = config->timeout_scale;
    world->signals = (struct signals){.on_signal = on_signal, .user = live};
    signals_save(&world->signals);
    driver_process_adopt_orphans();
    live->loop = loop_new(&world->error);
    if (live->loop) {
        world->is_open =
            signals_catch(&world->signals, live->loop) && start_heartbeat(live, &world->heartbeat);
        if (!world->is_open)
            error_set(&world->error, NULL,
                      "cannot open a signalfd or timerfd: too many open files?");
    }
    return world;
}

static void play_batch(struct live_world *world, const struct scenario *const *scenarios,
                       size_t count, const struct live_callbacks *callbacks)
{
    struct live *live = &world->live;
    free(live->jobs);
    free(live->no_driver); /* the next one may fare better */
    live->no_driver = NULL;
    live->jobs = memory_alloc(count, sizeof *live->jobs);
    live->callbacks = callbacks;
    live->scenarios = scenarios;
    live->count = count;
    live->told_count = live->playing_count = live->first_waiting = 0;
    live->starts_nothing = live->is_interrupted;
    if (!world->is_open) {
        tell_all_failed(live, world->error.message);
        return;
    }
    /* Nobody was late for what had not begun. */
    arm_heartbeat(&world->heartbeat, loop_watch_descriptor(&world->heartbeat.watch));
    play_all(live);
}

/* What is told of a scenario is told before its client has stopped: the next ones wait for that. */
static void finish_plays(struct live *live)
{
    while (live->plays && live->signal_count < 2)
        loop_turn(live->loop);
    while (live->plays)
        live_play_free(live->plays);
}

void live_set_timeout_scale(struct live_world *world, double timeout_scale)
{
    world->live.session_scale = timeout_scale;
}

enum live_status live_play(struct live_world *world, const struct scenario *const *scenarios,
                           size_t count, const struct live_callbacks *callbacks)
{
    struct live *live = &world->live;
    play_batch(world, scenarios, count, callbacks);
    if (world->is_open) {
        live_tell_rest(live);
        finish_plays(live);
        loop_timer_cancel(&live->schedule);
    }
    live->callbacks = &nobody;
    return live->is_interrupted ? LIVE_INTERRUPTED : LIVE_DONE;
}

void live_close(struct live_world *world)
{
    if (!world)
        return;
    if (world->is_open)
        end_drivers(&world->live);
    loop_timer_cancel(&world->live.schedule);
    loop_free(world->live.loop);
    tls_identity_free(world->live.identity);
    signals_restore(&world->signals);
    free(world->live.no_driver);
    free(world->live.jobs);
    free(world);
}

enum live_status live_run(const struct live_config *config, const struct scenario *const *scenarios,
                          size_t count, const struct live_callbacks *callbacks)
{
    struct live_world *world = live_open(config);
    play_batch(world, scenarios, count, callbacks);
    if (world->is_open) {
        end_drivers(&world->live);
        live_tell_rest(&world->live);
    }
    enum live_status status = world->live.is_interrupted ? LIVE_INTERRUPTED : LIVE_DONE;
    live_close(world);
    return status;
}
