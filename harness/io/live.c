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

enum live_status live_run(const struct live_config *config, const struct scenario *const *scenarios,
                          size_t count, const struct live_callbacks *callbacks)
{
    struct live live = {
        .config = config, .callbacks = callbacks, .scenarios = scenarios, .count = count};
    struct heartbeat heartbeat = {0};
    struct signals signals = {.on_signal = on_signal, .user = &live};
    struct error error = {0};
    signals_save(&signals);
    driver_process_adopt_orphans();
    live.jobs = memory_alloc(count, sizeof *live.jobs);
    live.loop = loop_new(&error);
    if (!live.loop) {
        tell_all_failed(&live, error.message);
    } else if (!signals_catch(&signals, live.loop) || !start_heartbeat(&live, &heartbeat)) {
        tell_all_failed(&live, "cannot open a signalfd or timerfd: too many open files?");
    } else {
        play_all(&live);
        end_drivers(&live);
        live_tell_rest(&live);
        loop_timer_cancel(&live.schedule);
    }
    loop_free(live.loop);
    tls_identity_free(live.identity);
    signals_restore(&signals);
    free(live.no_driver);
    free(live.jobs);
    return live.is_interrupted ? LIVE_INTERRUPTED : LIVE_DONE;
}
