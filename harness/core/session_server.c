/* The fake server's connections: handshake, and how they end. */
#include "core/session_internal.h"

#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct connection *session_connection(struct session *session, uint32_t number)
{
    if (number == 0 || number > session->connection_count)
        return NULL;
    return &session->connections[number - 1];
}

struct connection *session_newest_open(struct session *session)
{
    for (size_t index = session->connection_count; index > 0; index--)
        if (session->connections[index - 1].state == CONNECTION_OPEN)
            return &session->connections[index - 1];
    return NULL;
}

struct transcript_entry server_entry_on(const struct session *session, enum transcript_kind kind,
                                        const struct connection *connection)
{
    struct transcript_entry entry = session_entry(session, kind);
    entry.connection = connection->number;
    return entry;
}

/* ---- how a connection ends ---- */

void server_record_end(struct session *session, struct connection *connection, const char *how,
                       double code)
{
    connection->state = CONNECTION_GONE;
    connection->has_held = false;
    server_forget_delayed(session, connection->number);
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_END, connection);
    entry.name = how;
    entry.number = code;
    session_record(session, &entry);
}

static void end_now(struct session *session, struct connection *connection, enum session_end end)
{
    session_effect(session, SESSION_EFFECT_END, connection->number)->end = end;
    if (end == SESSION_END_SILENT)
        connection->state = CONNECTION_SILENT;
    else
        server_record_end(session, connection, "server", NAN);
}

void server_record_drop(struct session *session, struct connection *connection, bool is_drained)
{
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_DROP, connection);
    entry.name = drop_how_name(connection->end_how);
    entry.flags = (is_drained ? TRANSCRIPT_FLAG_DRAINED : 0) |
                  (connection->ends_by_cut ? TRANSCRIPT_FLAG_CUT : 0);
    session_record(session, &entry);
}

/* The bytes are acknowledged, or have had their second: the connection ends. */
static void finish_drop(struct session *session, struct connection *connection, bool is_drained)
{
    server_record_drop(session, connection, is_drained);
    connection->end_deadline_us = INT64_MAX;
    switch (connection->end_how) {
    case DROP_RESET:
    case DROP_MID_FRAME:
        end_now(session, connection, SESSION_END_RESET);
        break;
    case DROP_FIN:
        end_now(session, connection, SESSION_END_FIN);
        break;
    case DROP_SILENT:
        end_now(session, connection, SESSION_END_SILENT);
        break;
    case DROP_CLOSE:
        server_close(session, connection, 1000, "");
        break;
    case DROP_HOW_COUNT:
        break;
    }
}

/* Half a frame: its header promises more than comes. */
static void write_half_frame(struct session *session, struct connection *connection)
{
    struct buffer *out = session_write(session, connection->number, false);
    static const char half[] = {(char)0x81, 100, '{', '"', 't', 'y', 'p', 'e', '"', ':'};
    buffer_append(out, half, sizeof(half));
}

void server_drop(struct session *session, struct connection *connection, enum drop_how how,
                 bool by_cut)
{
    if (how == DROP_MID_FRAME)
        write_half_frame(session, connection);
    server_forget_delayed(session, connection->number);
    connection->state = CONNECTION_DRAINING;
    connection->end_how = how;
    connection->ends_by_cut = by_cut;
    connection->end_deadline_us = session->now_us + session_scaled_us(session, SESSION_DRAIN_MS);
    session_effect(session, SESSION_EFFECT_DRAIN, connection->number);
}

void server_close(struct session *session, struct connection *connection, unsigned code,
                  const char *reason)
{
    ws_append_close(session_write(session, connection->number, false), code, reason, NULL);
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_WS_OUT, connection);
    entry.name = "close";
    entry.number = code;
    session_record(session, &entry);
    connection->state = CONNECTION_CLOSING;
    connection->end_deadline_us = session->now_us + session_scaled_us(session, SESSION_DRAIN_MS);
}

void server_violate(struct session *session, struct connection *connection, const char *what,
                    unsigned close_code)
{
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_VIOLATION, connection);
    entry.text = what;
    session_record(session, &entry);
    server_close(session, connection, close_code, "");
}

/* What is no handshake yet, or was refused by silence, has nothing to wait for. */
void server_end_connections(struct session *session, enum drop_how how)
{
    for (size_t index = 0; index < session->connection_count; index++) {
        struct connection *connection = &session->connections[index];
        switch (connection->state) {
        case CONNECTION_OPEN:
            server_drop(session, connection, how, false);
            break;
        case CONNECTION_REQUEST:
        case CONNECTION_WAITING:
        case CONNECTION_STALLED:
            end_now(session, connection, SESSION_END_RESET);
            break;
        case CONNECTION_DRAINING:
        case CONNECTION_CLOSING:
        case CONNECTION_SILENT:
        case CONNECTION_GONE:
            break;
        }
    }
}

void server_update_port(struct session *session)
{
    bool is_open = !session->is_down;
    if (session->refusal_first < session->refusal_count)
        is_open = is_open && !session->refusals[session->refusal_first].is_closed;
    if (session->is_port_open == is_open)
        return;
    session->is_port_open = is_open;
    session_effect(session, SESSION_EFFECT_LISTEN, 0)->is_listening = is_open;
}

/* ---- handshake ---- */

static void refuse_http(struct session *session, struct connection *connection, unsigned status,
                        const char *headers)
{
    ws_append_refusal(session_write(session, connection->number, false), status, headers, "",
                      session_server_ms(session));
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_REFUSED, connection);
    entry.name = refuse_how_name(REFUSE_HTTP);
    entry.number = status;
    session_record(session, &entry);
    session->refused_count++;
    session->refused_us = session->now_us;
    end_now(session, connection, SESSION_END_FIN);
}

static void refuse_as_told(struct session *session, struct connection *connection,
                           const struct refusal *refusal)
{
    if (refusal->how == REFUSE_HTTP) {
        refuse_http(session, connection, refusal->status, refusal->headers);
        return;
    }
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_REFUSED, connection);
    entry.name = refuse_how_name(refusal->how);
    session_record(session, &entry);
    session->refused_count++;
    session->refused_us = session->now_us;
    if (refusal->how == REFUSE_RESET) {
        end_now(session, connection, SESSION_END_RESET);
        return;
    }
    if (refusal->how == REFUSE_BAD_ACCEPT)
        ws_append_upgrade_response(session_write(session, connection->number, false),
                                   "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", session_server_ms(session));
    connection->state = CONNECTION_STALLED;
}

static struct connection *first_waiting(struct session *session)
{
    for (size_t index = 0; index < session->connection_count; index++)
        if (session->connections[index].state == CONNECTION_WAITING)
            return &session->connections[index];
    return NULL;
}

void server_refuse_waiting(struct session *session)
{
    while (session->refusal_first < session->refusal_count) {
        struct refusal *refusal = &session->refusals[session->refusal_first];
        if (refusal->how == REFUSE_CLOSED) {
            if (!refusal->is_closed) {
                refusal->is_closed = true;
                refusal->until_us = session->now_us + refusal->for_ms * 1000;
                server_update_port(session);
            }
            if (session->now_us < refusal->until_us)
                return;
            session->refusal_first++;
            server_update_port(session);
            continue;
        }
        struct connection *connection = first_waiting(session);
        if (!connection)
            return;
        refuse_as_told(session, connection, refusal);
        if (--refusal->left == 0)
            session->refusal_first++;
    }
}

/* Answers what no scenario needs to: a request without token, or for another path. */
static bool is_request_good(struct session *session, struct connection *connection,
                            const struct ws_request *request, const char *path, const char *token)
{
    struct buffer given;
    buffer_init(&given, WS_REQUEST_BYTES_MAX);
    bool has_token = ws_request_token(request, &given) && given.size_bytes > 0;
    bool is_token_right = has_token && (!token || !strcmp(buffer_text(&given), token));
    buffer_free(&given);
    if (!request->is_upgrade || !span_equals(request->path, path ? path : SESSION_PATH)) {
        refuse_http(session, connection, 426, "Upgrade: websocket\r\n");
        return false;
    }
    if (!is_token_right) {
        refuse_http(session, connection, 401, "");
        return false;
    }
    return true;
}

static void upgrade(struct session *session, struct connection *connection,
                    const struct ws_request *request)
{
    char accept[WS_ACCEPT_TEXT_BYTES];
    ws_accept_key(request->key, accept);
    int64_t server_ms = session_server_ms(session);
    ws_append_upgrade_response(session_write(session, connection->number, false), accept,
                               server_ms);
    connection->state = CONNECTION_OPEN;
    connection->opened_number = ++session->opened_count;
    connection->is_due = session->has_sent_number && session->opened_count > 1;
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_OPEN, connection);
    entry.number = (double)server_ms;
    session_begin_window(session, session_record(session, &entry));
}

struct connection *server_accept(struct session *session, const char *path, const char *token)
{
    struct connection *connection;
    while ((connection = first_waiting(session)) != NULL) {
        struct ws_request request;
        ws_request_parse(connection->request.data, connection->request.size_bytes, &request);
        const char *wanted = token ? token : session->behaviour.token;
        if (!is_request_good(session, connection, &request, path, wanted))
            continue;
        upgrade(session, connection, &request);
        if (connection->request.size_bytes > request.size_bytes)
            server_violate(session, connection,
                           "it sent frames before its handshake was answered (RFC 6455, 4.1)",
                           1002);
        return connection;
    }
    return NULL;
}

static const char *printable_method(const struct ws_request *request, char *text, size_t size)
{
    snprintf(text, size, "%.*s %.*s",
             (int)(request->method.size_bytes > 20 ? 20 : request->method.size_bytes),
             request->method.data,
             (int)(request->path.size_bytes > 200 ? 200 : request->path.size_bytes),
             request->path.data);
    return text;
}

static void read_request(struct session *session, struct connection *connection, const char *data,
                         size_t size_bytes)
{
    struct ws_request request;
    enum ws_request_status status = WS_REQUEST_BAD;
    if (buffer_append(&connection->request, data, size_bytes))
        status = ws_request_parse(connection->request.data, connection->request.size_bytes,
                                  &request);
    if (status == WS_REQUEST_INCOMPLETE)
        return;
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_REQUEST, connection);
    if (status == WS_REQUEST_BAD) {
        session_record(session, &entry);
        entry = server_entry_on(session, TRANSCRIPT_VIOLATION, connection);
        entry.text = "its handshake is no HTTP request (RFC 6455, 4.1)";
        session_record(session, &entry);
        refuse_http(session, connection, 400, "");
        return;
    }
    char line[256];
    entry.text = printable_method(&request, line, sizeof(line));
    if (!text_is_utf8(entry.text, strlen(entry.text)))
        entry.text = NULL;
    session_record(session, &entry);
    connection->state = CONNECTION_WAITING;
    server_refuse_waiting(session);
}

/* ---- inputs ---- */

uint32_t session_connected(struct session *session, int64_t now_us)
{
    session->now_us = now_us;
    session->connections = memory_grow(session->connections, &session->connection_capacity_count,
                                       session->connection_count + 1,
                                       sizeof(*session->connections));
    struct connection *connection = &session->connections[session->connection_count++];
    *connection = (struct connection){
        .number = (uint32_t)session->connection_count,
        .end_deadline_us = INT64_MAX,
    };
    buffer_init(&connection->request, WS_REQUEST_BYTES_MAX);
    ws_receiver_init(&connection->receiver, WS_ROLE_SERVER, SESSION_MESSAGE_BYTES_MAX);
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_CONNECT, connection);
    if (!session->is_done)
        session_record(session, &entry);
    if (session->connection_count > SESSION_CONNECTIONS_MAX && !session->is_done) {
        session_unmet(session, RULE_C16, "the client opened more than %d connections",
                      SESSION_CONNECTIONS_MAX);
        session_end_unmet(session);
        session_finish(session, "unmet", NULL);
    }
    return connection->number;
}

void session_received(struct session *session, uint32_t number, const char *data,
                      size_t size_bytes, int64_t now_us)
{
    struct connection *connection = session_connection(session, number);
    if (!connection || session->is_done)
        return;
    session->now_us = now_us;
    if (connection->state == CONNECTION_REQUEST)
        read_request(session, connection, data, size_bytes);
    else if (connection->state == CONNECTION_WAITING)
        buffer_append(&connection->request, data, size_bytes); /* early frames; bounded */
    else
        server_read_frames(session, number, data, size_bytes);
    session_advance(session);
}

void session_drained(struct session *session, uint32_t number, int64_t now_us)
{
    struct connection *connection = session_connection(session, number);
    if (!connection || connection->state != CONNECTION_DRAINING || session->is_done)
        return;
    session->now_us = now_us;
    finish_drop(session, connection, true);
    session_advance(session);
}

void session_ended(struct session *session, uint32_t number, bool was_reset, int64_t now_us)
{
    struct connection *connection = session_connection(session, number);
    if (!connection || connection->state == CONNECTION_GONE || session->is_done)
        return;
    session->now_us = now_us;
    if (connection->state == CONNECTION_DRAINING) {
        /* The client was quicker: the drop is noted so that the schedule can be read. */
        server_record_drop(session, connection, false);
    }
    session_effect(session, SESSION_EFFECT_END, number)->end = SESSION_END_FIN;
    server_record_end(session, connection, was_reset ? "reset" : "fin", NAN);
    session_advance(session);
}

/* ---- time ---- */

void server_tick(struct session *session)
{
    server_flush_delayed(session);
    server_refuse_waiting(session);
    for (size_t index = 0; index < session->connection_count; index++) {
        struct connection *connection = &session->connections[index];
        if (session->now_us < connection->end_deadline_us)
            continue;
        if (connection->state == CONNECTION_DRAINING)
            finish_drop(session, connection, false);
        else if (connection->state == CONNECTION_CLOSING)
            end_now(session, connection, SESSION_END_FIN);
        else
            connection->end_deadline_us = INT64_MAX;
    }
}

int64_t server_deadline_us(const struct session *session)
{
    int64_t deadline_us = INT64_MAX;
    if (session->delayed_first < session->delayed_count)
        deadline_us = session->delayed[session->delayed_first].due_us;
    if (session->refusal_first < session->refusal_count) {
        const struct refusal *refusal = &session->refusals[session->refusal_first];
        if (refusal->is_closed && refusal->until_us < deadline_us)
            deadline_us = refusal->until_us;
    }
    for (size_t index = 0; index < session->connection_count; index++) {
        const struct connection *connection = &session->connections[index];
        bool is_ending = connection->state == CONNECTION_DRAINING ||
                         connection->state == CONNECTION_CLOSING;
        if (is_ending && connection->end_deadline_us < deadline_us)
            deadline_us = connection->end_deadline_us;
    }
    return deadline_us;
}
