#include "io/refclient_internal.h"

#include "core/memory.h"
#include "core/node_stream.h"
#include "io/clock.h"

#include <stdlib.h>
#include <string.h>

/* A client that goes on after `stop` is a mutant: it is heard this long, then its memory and its
 * connections are taken back. */
#define AFTERLIFE_US (5 * INT64_C(1000000))

struct client_time refclient_now(void)
{
    return (struct client_time){clock_monotonic_us(), clock_wall_ms()};
}

/* ---- effects ---- */

void refclient_session_drain(struct refclient_session *session)
{
    struct client_effect effect;
    while (client_next_effect(session->core, &effect)) {
        switch (effect.kind) {
        case CLIENT_EFFECT_NONE:
            break;
        case CLIENT_EFFECT_FETCH_TOKEN:
            session->wants_token = true;
            break;
        case CLIENT_EFFECT_CONNECT:
            session->wanted_connections++;
            free(session->wanted_token);
            session->wanted_token =
                effect.size_bytes ? memory_copy_text(effect.text, effect.size_bytes) : NULL;
            break;
        case CLIENT_EFFECT_SEND:
            if (session->link)
                ws_link_send(session->link, effect.text, effect.size_bytes);
            break;
        case CLIENT_EFFECT_CLOSE:
            session->wants_close = true;
            break;
        case CLIENT_EFFECT_ABORT:
            session->wants_abort = true;
            break;
        case CLIENT_EFFECT_REPORT:
            refclient_write_line(session->shell, session->line_start, effect.text + 1,
                                 effect.size_bytes - 1);
            break;
        }
    }
}

/* ---- what the connection says ---- */

static void on_opened(void *owner, struct span date)
{
    struct refclient_session *session = owner;
    client_opened(session->core, date, refclient_now());
    refclient_session_drain(session);
}

static void on_piece(void *owner)
{
    struct refclient_session *session = owner;
    client_piece(session->core, refclient_now());
}

static void on_message(void *owner, const char *text, size_t size_bytes)
{
    struct refclient_session *session = owner;
    client_message(session->core, text, size_bytes, refclient_now());
    refclient_session_drain(session);
}

static void on_closed(void *owner, unsigned http_status, unsigned close_code)
{
    struct refclient_session *session = owner;
    session->link = NULL;
    client_closed(session->core, http_status, close_code, refclient_now());
    refclient_session_drain(session);
}

static const struct ws_link_events link_events = {
    .opened = on_opened, .piece = on_piece, .message = on_message, .closed = on_closed};

/* A stray connection stays open, but what it brings is dropped. */
static void on_stray_closed(void *owner, unsigned http_status, unsigned close_code)
{
    (void)http_status;
    (void)close_code;
    struct refclient_session *session = owner;
    session->stray = NULL;
}

static const struct ws_link_events stray_events = {.closed = on_stray_closed};

static void on_token(void *owner, unsigned status, const char *body, size_t size_bytes)
{
    struct refclient_session *session = owner;
    session->request = NULL;
    client_token(session->core, status, body, size_bytes, refclient_now());
    refclient_session_drain(session);
}

/* ---- what the core wants ---- */

static struct lws_vhost *vhost_of(const struct refclient_session *session)
{
    return session->tls ? session->tls->vhost : session->shell->vhost;
}

static void ask_for_token(struct refclient_session *session)
{
    struct http_link_target target = {
        .context = session->shell->context,
        .vhost = vhost_of(session),
        .address = session->address,
        .port = session->port,
        .has_tls = session->tls != NULL,
        .path = NODE_STREAM_TOKEN_PATH,
        .bearer = session->token,
    };
    http_link_open(&target, on_token, session, &session->request);
}

/* The address's path with what every client adds to it. */
static char *make_path(const struct refclient_session *session)
{
    const char *token = session->wanted_token ? session->wanted_token : session->token;
    size_t escaped_bytes = 3 * strlen(token) + 1;
    char *escaped = memory_alloc(escaped_bytes, 1);
    lws_urlencode(escaped, token, (int)escaped_bytes);
    struct buffer full;
    buffer_init(&full, BUFFER_NO_LIMIT);
    buffer_printf(&full, "/%s%ctoken=%s&origin_client=gapcheck-reference&origin_version=%s",
                  session->path, strchr(session->path, '?') ? '&' : '?', escaped,
                  GAPCHECK_VERSION);
    free(escaped);
    return buffer_take_text(&full);
}

static void connect_session(struct refclient_session *session)
{
    if (session->link) {
        if (session->stray)
            ws_link_abort(session->stray);
        session->stray = session->link;
        session->link = NULL;
        ws_link_hand_over(session->stray, &stray_events);
    }
    char *path = make_path(session);
    struct ws_link_target target = {
        .context = session->shell->context,
        .vhost = vhost_of(session),
        .address = session->address,
        .port = session->port,
        .trust = session->tls ? session->tls->trust : NULL,
        .path = path,
        .wire = session->wire,
    };
    ws_link_open(&target, &link_events, session, &session->link);
    free(path);
}

/* A request that is under way has no polite end. */
static void abandon_request(struct refclient_session *session)
{
    struct http_link *request = session->request;
    bool is_wanted = request || session->wants_token;
    session->request = NULL;
    session->wants_token = false;
    if (request)
        http_link_abort(request);
    if (!is_wanted)
        return;
    client_closed(session->core, 0, 0, refclient_now());
    refclient_session_drain(session);
}

static bool carry_out(struct refclient_session *session)
{
    if (session->wants_abort || session->wants_close) {
        bool at_once = session->wants_abort;
        session->wants_abort = session->wants_close = false;
        if (session->link && at_once)
            ws_link_abort(session->link);
        else if (session->link)
            ws_link_close(session->link);
        else
            abandon_request(session);
        return true;
    }
    if (session->wants_token) {
        session->wants_token = false;
        ask_for_token(session);
        return true;
    }
    if (session->wanted_connections > 0) {
        session->wanted_connections--;
        connect_session(session);
        return true;
    }
    return false;
}

/* ---- birth and death ---- */

/* ws://127.0.0.1:PORT/v1/ws */
static bool read_url(struct refclient_session *session, const char *url, bool *has_tls)
{
    const char *scheme, *address, *path;
    int port = 0;
    char *copy = memory_copy_text(url, strlen(url));
    bool is_read = lws_parse_uri(copy, &scheme, &address, &port, &path) == 0 && port > 0 &&
                   (strcmp(scheme, "ws") == 0 || strcmp(scheme, "wss") == 0);
    if (is_read) {
        session->path = memory_copy_text(path, strlen(path));
        session->address = memory_copy_text(address, strlen(address));
        session->port = port;
        *has_tls = strcmp(scheme, "wss") == 0;
    }
    free(copy);
    return is_read;
}

static void free_session(struct refclient_session *session)
{
    if (session->link)
        ws_link_abort(session->link);
    if (session->stray)
        ws_link_abort(session->stray);
    if (session->request)
        http_link_abort(session->request);
    client_free(session->core);
    free(session->name);
    free(session->line_start);
    free(session->address);
    free(session->path);
    free(session->token);
    free(session->wanted_token);
    free(session);
}

static char *make_line_start(const char *name)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_append_text(&text, "{\"client\":");
    text_append_json(&text, name, strlen(name));
    buffer_append_text(&text, ",");
    return buffer_take_text(&text);
}

const char *refclient_session_start(struct refclient *shell,
                                    const struct refclient_session_setup *setup)
{
    struct refclient_session *session = memory_alloc(1, sizeof *session);
    session->shell = shell;
    session->end_us = REFCLIENT_NEVER;
    session->name = memory_copy_text(setup->name, strlen(setup->name));
    session->line_start = make_line_start(setup->name);
    session->core = setup->core;
    session->wire = setup->wire;
    const char *token = setup->token ? setup->token : "";
    session->token = memory_copy_text(token, strlen(token));
    const char *problem = NULL;
    bool has_tls = false;
    if (!read_url(session, setup->url, &has_tls))
        problem = "`url` is no ws:// or wss:// address";
    else if (has_tls && !(session->tls = refclient_find_tls(shell, setup->ca_file)))
        problem = "`ca_file` cannot be used";
    if (problem) {
        free_session(session);
        return problem;
    }
    session->next = shell->sessions;
    shell->sessions = session;
    client_start(session->core, refclient_now());
    refclient_session_drain(session);
    return NULL;
}

void refclient_session_expire(struct refclient_session *session)
{
    session->is_stopped = true;
    session->end_us = clock_monotonic_us() + AFTERLIFE_US;
}

void refclient_sessions_free(struct refclient *shell)
{
    for (struct refclient_session *next; shell->sessions; shell->sessions = next) {
        next = shell->sessions->next;
        free_session(shell->sessions);
    }
}

/* ---- time ---- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A timer that comes this late was held up with all else, and what would have stopped it (an ack, a
 * pong) may lie unread: that is read first, in some rounds of the loop that take some time. */
#define LATE_US      (100 * INT64_C(1000))
#define GRACE_US     (20 * INT64_C(1000))
#define GRACE_ROUNDS 4

/* When the core is to be told the time. */
static int64_t tick_due_us(struct refclient_session *session, int64_t now_us)
{
    int64_t due_us = client_deadline_us(session->core);
    if (due_us > now_us - LATE_US) {
        session->grace_end_us = 0;
        return due_us;
    }
    if (session->grace_end_us == 0) {
        session->grace_end_us = now_us + GRACE_US;
        session->grace_end_round = session->shell->round + GRACE_ROUNDS;
    }
    if (session->shell->round >= session->grace_end_round)
        return session->grace_end_us;
    return session->grace_end_us > now_us ? session->grace_end_us : now_us + 1000;
}

int64_t refclient_sessions_turn(struct refclient *shell)
{
    int64_t next_us = REFCLIENT_NEVER;
    struct client_time now = refclient_now();
    for (struct refclient_session **at = &shell->sessions; *at;) {
        struct refclient_session *session = *at;
        if (session->end_us <= now.monotonic_us) {
            *at = session->next;
            free_session(session);
            continue;
        }
        if (tick_due_us(session, now.monotonic_us) <= now.monotonic_us) {
            client_tick(session->core, now);
            refclient_session_drain(session);
        }
        while (carry_out(session))
            ;
        int64_t due_us = tick_due_us(session, now.monotonic_us);
        next_us = earlier(next_us, earlier(session->end_us, due_us));
        at = &session->next;
    }
    return next_us;
}
