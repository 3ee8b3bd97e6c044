#include "io/serve_internal.h"

#include "core/memory.h"
#include "io/clock.h"
#include "io/signals.h"
#include "io/tls_identity.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_US    50000
#define WATCHDOG_US 10000000 /* beyond the scenario's own limit, which the session keeps */
#define LATE_US     20000
#define GOODBYE_US  2000000  /* for pages to get the rest */
#define TOKEN       "gapcheck-token"

static void follow(struct serve *serve);

int64_t serve_now_us(const struct serve *serve)
{
    return clock_monotonic_us() - serve->begin_us;
}

struct serve_link *serve_link(struct serve *serve, uint32_t number)
{
    assert(number > 0 && number <= serve->link_count);
    return &serve->links[number - 1];
}

/* ---- connections ---- */

static void forget(struct serve_link *link)
{
    if (link->kind == SERVE_LINK_LIVE)
        ws_receiver_free(&link->receiver);
    buffer_free(&link->request);
    link->kind = SERVE_LINK_GONE;
}

static void end_link(struct serve *serve, uint32_t number, enum session_end how)
{
    forget(serve_link(serve, number));
    server_end(serve->server, number, how);
}

void serve_answer(struct serve *serve, uint32_t number, const struct buffer *answer)
{
    server_write(serve->server, number, answer->data, answer->size_bytes, false);
    end_link(serve, number, SESSION_END_FIN);
}

static size_t count_others(const struct serve *serve)
{
    size_t count = 0;
    for (size_t i = 0; i < serve->link_count; i++)
        count += serve->links[i].kind == SERVE_LINK_UNKNOWN ||
                 serve->links[i].kind == SERVE_LINK_LIVE;
    return count;
}

/* ---- effects ---- */

static uint32_t server_number(const struct serve *serve, uint32_t session_number)
{
    assert(session_number > 0 && session_number <= serve->number_count);
    return serve->numbers[session_number - 1];
}

static void end_client(struct serve *serve, uint32_t number, enum session_end how)
{
    if (how != SESSION_END_SILENT)
        forget(serve_link(serve, number));
    server_end(serve->server, number, how);
}

/* The port is never really closed, or the page and the driver's lines would be cut off, too: the
 * client's connections are reset instead. */
static void carry_out(struct serve *serve, const struct session_effect *effect)
{
    switch (effect->kind) {
    case SESSION_EFFECT_WRITE:
        if (!server_write(serve->server, server_number(serve, effect->connection), effect->data,
                          effect->size_bytes, effect->own_segment))
            snprintf(serve->failure, sizeof serve->failure,
                     "more than 1 GiB waits to be written to one connection");
        return;
    case SESSION_EFFECT_DRAIN:
        server_drain(serve->server, server_number(serve, effect->connection));
        return;
    case SESSION_EFFECT_END:
        end_client(serve, server_number(serve, effect->connection), effect->end);
        return;
    case SESSION_EFFECT_LISTEN:
        serve->is_port_closed = !effect->is_listening;
        return;
    case SESSION_EFFECT_DRIVER:
        buffer_append(&serve->ops, effect->data, effect->size_bytes);
        buffer_append_text(&serve->ops, "\n");
        return;
    case SESSION_EFFECT_DONE:
        return;
    }
}

/* ---- begin and end ---- */

/* From here on only pages get what they have not got. */
static void end_play(struct serve *serve)
{
    serve->is_over = true;
    serve->end_us = clock_monotonic_us() + GOODBYE_US;
    loop_timer_cancel(&serve->tick);
    for (uint32_t number = 1; number <= serve->link_count; number++)
        if (serve_link(serve, number)->kind == SERVE_LINK_CLIENT)
            end_link(serve, number, SESSION_END_FIN);
    if (serve->session) {
        serve->result->transcript = session_take_transcript(serve->session);
        session_free(serve->session);
        serve->session = NULL;
    }
    serve->callbacks->on_done(serve->callbacks->user, serve->result, &serve->summary);
    serve_live_update(serve);
}

static bool has_client_steps(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->step_count; i++)
        if (scenario->steps[i].verb == VERB_CLIENT)
            return true;
    return false;
}

/* Why it cannot be played for such a client; owned by the caller, NULL if it can. */
static char *why_not(const struct scenario *scenario, const struct driver_hello *hello)
{
    struct driver_capabilities has = {0};
    const char *because;
    if (hello)
        has = hello->capabilities;
    const char *missing = session_missing_capability(scenario, has, &because);
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    if (missing)
        buffer_printf(&text, "%s needs the capability `%s`, which the client does not have",
                      because, missing);
    else if (!hello && scenario->dialect == DIALECT_NODE)
        buffer_append_text(&text, "the node stream is judged with the application's side only: "
                                  "post `hello` to /gapcheck/events before the client connects");
    else if (!hello && has_client_steps(scenario))
        buffer_append_text(&text, "its `client` steps need the application's side: post `hello` "
                                  "to /gapcheck/events before the client connects");
    char *why = text.size_bytes ? buffer_take_text(&text) : NULL;
    buffer_free(&text);
    return why;
}

static void on_tick(void *user)
{
    struct serve *serve = user;
    if (!serve->session)
        return;
    int64_t now_us = serve_now_us(serve);
    int64_t late_us = now_us - session_deadline_us(serve->session);
    if (late_us > LATE_US)
        session_late(serve->session, late_us, now_us);
    double limit_us = (double)serve->config->scenario->timeout_ms * 1000;
    if ((double)now_us > limit_us * serve->config->timeout_scale * 3 + WATCHDOG_US)
        session_fail(serve->session, "the scenario did not end by itself in its time", now_us);
    session_tick(serve->session, now_us);
    follow(serve);
}

bool serve_begin(struct serve *serve, uint32_t number, const struct driver_hello *hello)
{
    char host[ADDRESS_TEXT_BYTES];
    /* On a machine with several networks the client is told the address that it can reach. A
     * certificate is for one address only. */
    bool is_reached = !serve->identity && server_find_host(serve->server, number, host);
    serve->callbacks->on_client(serve->callbacks->user, hello, !serve->has_hello);
    serve->result->skipped =
        why_not(serve->config->scenario, serve->has_hello ? hello : NULL);
    if (serve->result->skipped) {
        end_play(serve);
        return false;
    }
    struct session_config config = {
        .scenario = serve->config->scenario,
        .is_wire_only = !serve->has_hello,
        .client = SERVE_CLIENT,
        .host = is_reached ? host : serve->config->host,
        .port = server_port(serve->server),
        .ca_file = serve->identity ? tls_identity_ca_file(serve->identity) : NULL,
        .seed = serve->config->seed,
        .wall_start_ms = clock_wall_ms(),
        .timeout_scale = serve->config->timeout_scale,
    };
    if (serve->has_hello)
        config.capabilities = hello->capabilities;
    serve->session = session_new(&config);
    serve->begin_us = clock_monotonic_us();
    session_start(serve->session, 0);
    follow(serve);
    return !serve->is_over;
}

/* After every input: carries out what the session wants and sets its timer. */
static void follow(struct serve *serve)
{
    struct session_effect effect;
    while (serve->session && session_next_effect(serve->session, &effect)) {
        carry_out(serve, &effect);
        if (serve->failure[0] && !session_is_done(serve->session))
            session_fail(serve->session, serve->failure, serve_now_us(serve));
    }
    if (!serve->session)
        return;
    if (session_is_done(serve->session)) {
        end_play(serve);
        return;
    }
    int64_t deadline_us = session_deadline_us(serve->session);
    if (deadline_us == INT64_MAX)
        loop_timer_cancel(&serve->tick);
    else
        loop_timer_set(serve->loop, &serve->tick, deadline_us - serve_now_us(serve), on_tick,
                       serve);
}

void serve_driver_line(struct serve *serve, const struct driver_line *line)
{
    if (!serve->session)
        return;
    session_driver_line(serve->session, line, serve_now_us(serve));
    follow(serve);
}

/* ---- the client's connections ---- */

/* Who it says it is, where it says nothing else: `origin_client` and `origin_version`. */
static void begin_wire_only(struct serve *serve, uint32_t number, const struct ws_request *request)
{
    struct driver_hello hello = {0};
    struct buffer name, version;
    buffer_init(&name, WS_REQUEST_BYTES_MAX);
    buffer_init(&version, WS_REQUEST_BYTES_MAX);
    ws_request_query(request, "origin_client", &name);
    ws_request_query(request, "origin_version", &version);
    hello.name = (char *)buffer_text(&name);
    hello.version = (char *)buffer_text(&version);
    serve_begin(serve, number, &hello);
    buffer_free(&name);
    buffer_free(&version);
}

/* What is no handshake does not begin a scenario: it may be a scanner, or somebody who looks. */
static bool is_refused_yet(struct serve *serve, uint32_t number, const struct ws_request *request)
{
    if (serve->session || serve->is_over || request->is_upgrade)
        return false;
    struct buffer answer;
    static const char text[] = "this is where the client under test connects, by WebSocket\n";
    buffer_init(&answer, BUFFER_NO_LIMIT);
    http_append_answer(&answer, request->path.data ? 426 : 400, "text/plain; charset=utf-8", "",
                       text, strlen(text));
    serve_answer(serve, number, &answer);
    buffer_free(&answer);
    return true;
}

/* From its first byte on, what the connection received is the session's. */
static void hand_over(struct serve *serve, uint32_t number, const struct ws_request *request)
{
    if (is_refused_yet(serve, number, request))
        return;
    if (!serve->session && !serve->is_over)
        begin_wire_only(serve, number, request);
    if (!serve->session || serve->is_port_closed) {
        end_link(serve, number, SESSION_END_RESET);
        return;
    }
    struct serve_link *link = serve_link(serve, number);
    struct buffer received = link->request;
    buffer_init(&link->request, 0);
    link->kind = SERVE_LINK_CLIENT;
    serve->numbers = memory_grow(serve->numbers, &serve->number_capacity_count,
                                 serve->number_count + 1, sizeof *serve->numbers);
    serve->numbers[serve->number_count++] = number;
    link->session_number = session_connected(serve->session, serve_now_us(serve));
    assert(link->session_number == serve->number_count);
    uint32_t session_number = link->session_number;
    follow(serve);
    if (serve->session && received.size_bytes > 0) {
        session_received(serve->session, session_number, received.data, received.size_bytes,
                         serve_now_us(serve));
        follow(serve);
    }
    buffer_free(&received);
}

static void on_connected(void *user, uint32_t number)
{
    struct serve *serve = user;
    serve->links = memory_grow(serve->links, &serve->link_capacity_count, number,
                               sizeof *serve->links);
    serve->link_count = number;
    struct serve_link *link = serve_link(serve, number);
    *link = (struct serve_link){.since_us = clock_monotonic_us()};
    buffer_init(&link->request, HTTP_BODY_BYTES_MAX + WS_REQUEST_BYTES_MAX);
    if (count_others(serve) > SERVE_OPEN_MAX)
        end_link(serve, number, SESSION_END_RESET);
}

/* Whose connection it is shows when its request is complete. What is no HTTP at all is the client's
 * and a finding of the session. */
static void read_request(struct serve *serve, uint32_t number, const char *data, size_t size_bytes)
{
    struct serve_link *link = serve_link(serve, number);
    struct ws_request request;
    if (!buffer_append(&link->request, data, size_bytes)) {
        end_link(serve, number, SESSION_END_RESET);
        return;
    }
    switch (ws_request_parse(link->request.data, link->request.size_bytes, &request)) {
    case WS_REQUEST_INCOMPLETE:
        return;
    case WS_REQUEST_COMPLETE:
        if (serve_http_is_own(&request))
            serve_http_answer(serve, number);
        else
            hand_over(serve, number, &request);
        return;
    case WS_REQUEST_BAD:
        request = (struct ws_request){0};
        hand_over(serve, number, &request);
        return;
    }
}

static void on_received(void *user, uint32_t number, const char *data, size_t size_bytes)
{
    struct serve *serve = user;
    struct serve_link *link = serve_link(serve, number);
    switch (link->kind) {
    case SERVE_LINK_UNKNOWN:
        read_request(serve, number, data, size_bytes);
        return;
    case SERVE_LINK_CLIENT:
        if (!serve->session)
            return;
        session_received(serve->session, link->session_number, data, size_bytes,
                         serve_now_us(serve));
        follow(serve);
        return;
    case SERVE_LINK_LIVE:
        serve_live_received(serve, number, data, size_bytes);
        return;
    case SERVE_LINK_GONE:
        return;
    }
}

static void on_drained(void *user, uint32_t number)
{
    struct serve *serve = user;
    const struct serve_link *link = serve_link(serve, number);
    if (link->kind == SERVE_LINK_CLIENT && serve->session) {
        session_drained(serve->session, link->session_number, serve_now_us(serve));
        follow(serve);
    } else {
        serve_live_drained(serve, number);
    }
}

static void on_ended(void *user, uint32_t number, bool was_reset)
{
    struct serve *serve = user;
    struct serve_link *link = serve_link(serve, number);
    bool is_client = link->kind == SERVE_LINK_CLIENT;
    uint32_t session_number = link->session_number;
    end_link(serve, number, SESSION_END_FIN);
    if (is_client && serve->session) {
        session_ended(serve->session, session_number, was_reset, serve_now_us(serve));
        follow(serve);
    }
}

static void on_failed(void *user, const char *why)
{
    struct serve *serve = user;
    if (serve->session) {
        session_fail(serve->session, why, serve_now_us(serve));
        follow(serve);
    } else if (!serve->is_over) {
        serve->result->error = memory_copy_text(why, strlen(why));
        end_play(serve);
    }
}

/* ---- the loop ---- */

static void on_signal(void *user)
{
    struct serve *serve = user;
    serve->result->is_interrupted = true;
    serve->end_us = 0;
    if (serve->session) {
        session_interrupt(serve->session, serve_now_us(serve));
        follow(serve);
        serve->end_us = 0;
    }
    serve->is_over = true;
}

static void on_sweep(void *user)
{
    struct serve *serve = user;
    int64_t now_us = clock_monotonic_us();
    for (uint32_t number = 1; number <= serve->link_count; number++) {
        const struct serve_link *link = serve_link(serve, number);
        if (link->kind == SERVE_LINK_UNKNOWN && now_us - link->since_us > SERVE_PATIENCE_US)
            end_link(serve, number, SESSION_END_RESET);
    }
    serve_live_update(serve);
    loop_timer_set(serve->loop, &serve->sweep, SWEEP_US, on_sweep, serve);
}

static bool is_finished(const struct serve *serve)
{
    return serve->is_over &&
           (serve_live_is_done(serve) || clock_monotonic_us() >= serve->end_us);
}

static bool open_server(struct serve *serve, struct error *error)
{
    const struct serve_config *config = serve->config;
    struct server_callbacks callbacks = {serve,      on_connected, on_received,
                                         on_drained, on_ended,     on_failed};
    if (config->scenario->server.tls) {
        serve->identity = tls_identity_new(config->listen, error);
        if (!serve->identity)
            return false;
    }
    serve->server = server_new(serve->loop, config->listen, config->port, serve->identity,
                               &callbacks, error);
    return serve->server != NULL;
}

static void play(struct serve *serve)
{
    serve->callbacks->on_listening(serve->callbacks->user, server_port(serve->server), TOKEN,
                                   serve->identity ? tls_identity_ca_file(serve->identity) : NULL);
    loop_timer_set(serve->loop, &serve->sweep, SWEEP_US, on_sweep, serve);
    while (!is_finished(serve))
        loop_turn(serve->loop);
    loop_timer_cancel(&serve->sweep);
    loop_timer_cancel(&serve->tick);
}

static void set_error(struct serve *serve, const struct error *error)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_printf(&text, "%s%s%s", error->message, error->hint[0] ? "; " : "", error->hint);
    serve->result->error = buffer_take_text(&text);
}

void serve_run(const struct serve_config *config, const struct serve_callbacks *callbacks,
               struct serve_result *result)
{
    struct serve serve = {.config = config, .callbacks = callbacks, .result = result};
    struct signals signals = {.on_signal = on_signal, .user = &serve};
    struct error error = {0};
    *result = (struct serve_result){0};
    buffer_init(&serve.ops, BUFFER_NO_LIMIT);
    buffer_init(&serve.summary, BUFFER_NO_LIMIT);
    signals_save(&signals);
    serve.loop = loop_new(&error);
    if (serve.loop && !signals_catch(&signals, serve.loop))
        error_set(&error, NULL, "cannot open a signalfd: too many open files?");
    else if (serve.loop && open_server(&serve, &error))
        play(&serve);
    if (!serve.server)
        set_error(&serve, &error);
    for (size_t i = 0; i < serve.link_count; i++)
        forget(&serve.links[i]);
    server_free(serve.server);
    loop_free(serve.loop);
    tls_identity_free(serve.identity);
    signals_restore(&signals);
    session_free(serve.session);
    buffer_free(&serve.ops);
    buffer_free(&serve.summary);
    free(serve.links);
    free(serve.numbers);
}

void serve_result_free(struct serve_result *result)
{
    transcript_free(result->transcript);
    free(result->skipped);
    free(result->error);
    *result = (struct serve_result){0};
}
