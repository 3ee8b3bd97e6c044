#include "io/live_internal.h"

#include "core/memory.h"
#include "io/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WATCHDOG_US 10000000 /* beyond the scenario's own limit, which the session keeps */
#define STOP_US     3000000  /* patience with a client that is told to stop */

static int64_t now_of(const struct play *play)
{
    return clock_monotonic_us() - play->begin_us;
}

/* ---- effects ---- */

/* What failed is told when the session is not in the middle of its effects. */
static void note_failure(struct play *play, const char *text)
{
    if (!play->failure[0])
        snprintf(play->failure, sizeof play->failure, "%s", text);
}

static void set_listening(struct play *play, bool is_listening)
{
    struct error error = {0};
    if (!server_listen(play->server, is_listening, &error))
        note_failure(play, error.message);
}

static void carry_out(struct play *play, const struct session_effect *effect)
{
    switch (effect->kind) {
    case SESSION_EFFECT_WRITE:
        if (!server_write(play->server, effect->connection, effect->data, effect->size_bytes,
                          effect->own_segment))
            note_failure(play, "more than 1 GiB waits to be written to one connection");
        return;
    case SESSION_EFFECT_DRAIN:
        server_drain(play->server, effect->connection);
        return;
    case SESSION_EFFECT_END:
        server_end(play->server, effect->connection, effect->end);
        return;
    case SESSION_EFFECT_LISTEN:
        set_listening(play, effect->is_listening);
        return;
    case SESSION_EFFECT_DRIVER:
        play->is_client_started = true;
        if (play->driver)
            live_driver_write(play->driver, effect->data, effect->size_bytes);
        return;
    case SESSION_EFFECT_DONE:
        return;
    }
}

static void on_finish(void *user);
static void on_tick(void *user);

/* After every input: carries out what the session wants and sets its timer. */
static void follow(struct play *play)
{
    struct session_effect effect;
    while (session_next_effect(play->session, &effect)) {
        carry_out(play, &effect);
        if (play->failure[0] && !session_is_done(play->session))
            session_fail(play->session, play->failure, now_of(play));
    }
    if (session_is_done(play->session)) {
        loop_timer_cancel(&play->tick);
        loop_timer_cancel(&play->watchdog);
        /* Later: we may be within a callback of a connection that goes with it. */
        loop_timer_set(play->live->loop, &play->finish, 0, on_finish, play);
        return;
    }
    int64_t deadline_us = session_deadline_us(play->session);
    if (deadline_us == INT64_MAX)
        loop_timer_cancel(&play->tick);
    else
        loop_timer_set(play->live->loop, &play->tick, deadline_us - now_of(play), on_tick, play);
}

bool live_play_is_over(const struct play *play)
{
    return !play->session || session_is_done(play->session);
}

/* ---- inputs ---- */

static void on_tick(void *user)
{
    struct play *play = user;
    live_notice_pause(play->live);
    if (live_play_is_over(play))
        return;
    int64_t now_us = now_of(play);
    int64_t late_us = now_us - session_deadline_us(play->session);
    if (late_us > LIVE_LATE_US)
        live_play_late(play, late_us);
    session_tick(play->session, now_us);
    follow(play);
}

static void on_watchdog(void *user)
{
    struct play *play = user;
    if (live_play_is_over(play))
        return;
    session_fail(play->session, "the scenario did not end by itself in its time", now_of(play));
    follow(play);
}

static void on_connected(void *user, uint32_t connection)
{
    struct play *play = user;
    if (live_play_is_over(play)) {
        server_end(play->server, connection, SESSION_END_RESET);
        return;
    }
    uint32_t number = session_connected(play->session, now_of(play));
    assert(number == connection);
    (void)number;
    follow(play);
}

static void on_received(void *user, uint32_t connection, const char *data, size_t size_bytes)
{
    struct play *play = user;
    if (live_play_is_over(play))
        return;
    session_received(play->session, connection, data, size_bytes, now_of(play));
    follow(play);
}

static void on_drained(void *user, uint32_t connection)
{
    struct play *play = user;
    if (live_play_is_over(play))
        return;
    session_drained(play->session, connection, now_of(play));
    follow(play);
}

static void on_ended(void *user, uint32_t connection, bool was_reset)
{
    struct play *play = user;
    if (live_play_is_over(play))
        return;
    session_ended(play->session, connection, was_reset, now_of(play));
    follow(play);
}

static void on_failed(void *user, const char *why)
{
    struct play *play = user;
    if (live_play_is_over(play))
        return;
    session_fail(play->session, why, now_of(play));
    follow(play);
}

/* A client that goes on after its scenario is over is told of once. */
static void ignore_line(struct play *play, const struct driver_line *line)
{
    if (play->is_ignoring_told || !play->driver)
        return;
    play->is_ignoring_told = true;
    char text[120];
    snprintf(text, sizeof text, "%s: its scenario is over, `%s` and what follows is ignored",
             play->client, driver_event_name(line->event));
    driver_note(play->driver->driver, text);
}

void live_play_driver_line(struct play *play, const struct driver_line *line)
{
    if (line->event == DRIVER_EVENT_STOPPED)
        play->is_client_stopped = true;
    if (!live_play_is_over(play)) {
        session_driver_line(play->session, line, now_of(play));
        follow(play);
    } else if (line->event == DRIVER_EVENT_STOPPED) {
        if (!play->session)
            loop_timer_set(play->live->loop, &play->finish, 0, on_finish, play);
    } else {
        ignore_line(play, line);
    }
}

void live_play_driver_gone(struct play *play, struct live_death *death, const char *why)
{
    play->driver = NULL;
    if (live_play_is_over(play)) {
        /* It only waited for its client to stop. */
        loop_timer_set(play->live->loop, &play->finish, 0, on_finish, play);
        return;
    }
    play->has_driver_died = true;
    play->death = death;
    if (death)
        death->open_count++;
    session_driver_gone(play->session, why, play->is_again, now_of(play));
    follow(play);
}

void live_play_interrupt(struct play *play)
{
    if (live_play_is_over(play))
        return;
    session_interrupt(play->session, now_of(play));
    follow(play);
}

void live_play_late(struct play *play, int64_t late_us)
{
    /* The loop and the session's own timer notice the same pause. */
    int64_t now_us = now_of(play);
    if (live_play_is_over(play) || now_us - play->late_told_us < late_us)
        return;
    play->late_told_us = now_us;
    session_late(play->session, late_us, now_us);
    follow(play);
}

/* ---- begin and end ---- */

static struct session *new_session(struct play *play)
{
    const struct live *live = play->live;
    struct session_config config = {
        .scenario = play->scenario,
        .capabilities = play->driver->capabilities,
        .client = play->client,
        .host = live->config->listen,
        .port = server_port(play->server),
        .ca_file = play->scenario->server.tls ? tls_identity_ca_file(live->identity) : NULL,
        .seed = live->config->seed,
        .wall_start_ms = clock_wall_ms(),
        .timeout_scale = live->session_scale,
    };
    return session_new(&config);
}

/* NULL with the error if there can be none. */
static struct server *new_server(struct play *play, struct error *error)
{
    struct live *live = play->live;
    const struct live_config *config = live->config;
    struct server_callbacks callbacks = {play,       on_connected, on_received,
                                         on_drained, on_ended,     on_failed};
    if (!play->scenario->server.tls)
        return server_new(live->loop, config->listen, config->port, NULL, &callbacks, error);
    if (!live->identity)
        live->identity = tls_identity_new(config->listen, error);
    if (!live->identity)
        return NULL;
    return server_new(live->loop, config->listen, config->port, live->identity, &callbacks, error);
}

bool live_play_start(struct live *live, size_t job_index, struct live_driver *driver,
                     struct error *error)
{
    struct play *play = memory_alloc(1, sizeof *play);
    play->live = live;
    play->job_index = job_index;
    play->scenario = live->scenarios[job_index];
    play->driver = driver;
    play->is_again = live->jobs[job_index].state == JOB_PLAYING_AGAIN;
    snprintf(play->client, sizeof play->client, "c%" PRIu32, ++live->client_count);
    play->server = new_server(play, error);
    if (!play->server) {
        free(play);
        return false;
    }
    play->next = live->plays;
    live->plays = play;
    play->session = new_session(play);
    play->begin_us = clock_monotonic_us();
    play->late_told_us = INT64_MIN / 2;
    double limit_us = (double)play->scenario->timeout_ms * 1000 * live->session_scale;
    loop_timer_set(live->loop, &play->watchdog, (int64_t)limit_us + WATCHDOG_US, on_watchdog, play);
    session_start(play->session, 0);
    follow(play);
    return true;
}

/* So that a driver that goes on to serve others does not keep connecting to a dead port. */
static bool stop_client(struct play *play)
{
    if (!play->driver || !play->driver->is_shared || !play->is_client_started ||
        play->is_client_stopped)
        return false;
    char line[64];
    int size_bytes =
        snprintf(line, sizeof line, "{\"op\":\"stop\",\"client\":\"%s\"}", play->client);
    live_driver_write(play->driver, line, (size_t)size_bytes);
    return true;
}

static void on_finish(void *user)
{
    struct play *play = user;
    struct live *live = play->live;
    if (!play->session) {
        live_play_free(play);
        live_schedule_soon(live);
        return;
    }
    /* The port stays ours until the client is known to be quiet: it must not knock at another
     * scenario's door. */
    bool is_waiting = stop_client(play);
    server_listen(play->server, false, NULL);
    server_end_all(play->server, SESSION_END_FIN);
    struct transcript *transcript = session_take_transcript(play->session);
    session_free(play->session);
    play->session = NULL;
    live_play_over(live, play, transcript);
    bool has_own_driver = play->driver && !play->driver->is_shared;
    if (has_own_driver)
        live_driver_end(play->driver);
    if (is_waiting || has_own_driver)
        loop_timer_set(live->loop, &play->finish, STOP_US, on_finish, play);
    else
        live_play_free(play);
    live_schedule_soon(live);
}

void live_play_free(struct play *play)
{
    struct play **link = &play->live->plays;
    while (*link != play)
        link = &(*link)->next;
    *link = play->next;
    loop_timer_cancel(&play->tick);
    loop_timer_cancel(&play->watchdog);
    loop_timer_cancel(&play->finish);
    if (play->death && --play->death->open_count == 0)
        free(play->death);
    session_free(play->session);
    server_free(play->server);
    free(play);
}
