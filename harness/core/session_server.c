/* The fake server's connections: handshake, frames in, and how they end. */
#include "core/session_internal.h"

#include "core/event.h"
#include "core/frame.h"
#include "core/memory.h"
#include "core/timestamp.h"

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

static struct transcript_entry entry_on(const struct session *session, enum transcript_kind kind,
                                        const struct connection *connection)
{
    struct transcript_entry entry = session_entry(session, kind);
    entry.connection = connection->number;
    return entry;
}

/* ---- how a connection ends ---- */

static void record_end(struct session *session, struct connection *connection, const char *how,
                       double code)
{
    connection->state = CONNECTION_GONE;
    connection->has_held = false;
    server_forget_delayed(session, connection->number);
    struct transcript_entry entry = entry_on(session, TRANSCRIPT_END, connection);
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
        record_end(session, connection, "server", NAN);
}

static void record_drop(struct session *session, struct connection *connection, bool is_drained)
{
    struct transcript_entry entry = entry_on(session, TRANSCRIPT_DROP, connection);
    entry.name = drop_how_name(connection->end_how);
    entry.flags = (is_drained ? TRANSCRIPT_FLAG_DRAINED : 0) |
                  (connection->ends_by_cut ? TRANSCRIPT_FLAG_CUT : 0);
    session_record(session, &entry);
}

/* The bytes are acknowledged, or have had their second: the connection ends. */
static void finish_drop(struct session *session, struct connection *connection, bool is_drained)
{
    record_drop(session, connection, is_drained);
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
    struct transcript_entry entry = entry_on(session, TRANSCRIPT_WS_OUT, connection);
    entry.name = "close";
    entry.number = code;
    session_record(session, &entry);
    connection->state = CONNECTION_CLOSING;
    connection->end_deadline_us = session->now_us + session_scaled_us(session, SESSION_DRAIN_MS);
}

void server_open_port(struct session *session, bool is_open)
{
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
    struct transcript_entry entry = entry_on(session, TRANSCRIPT_REFUSED, connection);
    entry.name = refuse_how_name(REFUSE_HTTP);
    entry.number = status;
    session_record(session, &entry);
    session->refused_count++;
    end_now(session, connection, SESSION_END_FIN);
}

static void refuse_as_told(struct session *session, struct connection *connection,
                           const struct refusal *refusal)
{
    if (refusal->how == REFUSE_HTTP) {
        refuse_http(session, connection, refusal->status, refusal->headers);
        return;
    }
    struct transcript_entry entry = entry_on(session, TRANSCRIPT_REFUSED, connection);
    entry.name = refuse_how_name(refusal->how);
    session_record(session, &entry);
    session->refused_count++;
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
                server_open_port(session, false);
            }
            if (session->now_us < refusal->until_us)
                return;
            server_open_port(session, true);
            session->refusal_first++;
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
    struct transcript_entry entry = entry_on(session, TRANSCRIPT_OPEN, connection);
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
        return connection;
    }
    return NULL;
}

static const char *printable_method(const struct ws_request *request, char *text, size_t size)
{
    snprintf(text, size, "%.*s %.*s", (int)(request->method.size_bytes & 15), request->method.data,
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
    struct transcript_entry entry = entry_on(session, TRANSCRIPT_REQUEST, connection);
    if (status == WS_REQUEST_BAD) {
        session_record(session, &entry);
        entry = entry_on(session, TRANSCRIPT_VIOLATION, connection);
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

/* ---- frames in ---- */

static void violate(struct session *session, struct connection *connection, const char *what,
                    unsigned close_code)
{
    struct transcript_entry entry = entry_on(session, TRANSCRIPT_VIOLATION, connection);
    entry.text = what;
    session_record(session, &entry);
    server_close(session, connection, close_code, "");
}

static void answer_ping_frame(struct session *session, struct connection *connection)
{
    static const char pong[] = "{\"type\":\"pong\"}";
    if (session->behaviour.ignore_pings)
        return;
    struct transcript_entry entry = entry_on(session, TRANSCRIPT_FRAME_OUT, connection);
    entry.detail = "pong";
    entry.flags = TRANSCRIPT_FLAG_CONTROL;
    transcript_set_text(&entry, pong, sizeof(pong) - 1);
    server_send(session, connection, pong, sizeof(pong) - 1, &entry);
}

/* What a text message of the client says, noted in its entry; true for a resync to be answered. */
static bool note_frame(const struct frame *frame, struct transcript_entry *entry,
                       struct resync_request *request, struct buffer *scratch)
{
    if (frame->status != FRAME_STATUS_OK) {
        entry->flags |= TRANSCRIPT_FLAG_MALFORMED;
        return false;
    }
    frame_append_string(&frame->fields[FRAME_FIELD_TYPE], scratch);
    if (scratch->size_bytes > 100)
        scratch->size_bytes = 0; /* no type of the protocol is as long; the text has it */
    entry->detail = buffer_text(scratch);
    if (strcmp(entry->detail, "resync") != 0)
        return false;
    const struct frame_value *seen = &frame->fields[FRAME_FIELD_LAST_SEEN_SEQ];
    const struct frame_value *since = &frame->fields[FRAME_FIELD_SINCE];
    *request = (struct resync_request){0};
    if (since->kind == FRAME_VALUE_STRING && !since->has_escapes &&
        timestamp_parse(since->text, &request->since_ms)) {
        request->has_since = true;
        entry->number = (double)request->since_ms;
    }
    if (seen->kind != FRAME_VALUE_NUMBER || !isfinite(seen->number)) {
        entry->flags |= TRANSCRIPT_FLAG_MALFORMED;
        return false; /* S-7: ignored */
    }
    request->last_seen_seq = entry->seq = seen->number;
    return true;
}

static void read_text(struct session *session, struct connection *connection, const char *text,
                      size_t size_bytes)
{
    if (++session->frame_in_count > SESSION_FRAMES_IN_MAX) {
        violate(session, connection, "it sent more than 10,000 frames in one scenario", 1008);
        return;
    }
    struct frame frame;
    frame_scan(text, size_bytes, &frame);
    struct transcript_entry entry = entry_on(session, TRANSCRIPT_FRAME_IN, connection);
    struct buffer type;
    buffer_init(&type, BUFFER_NO_LIMIT);
    struct resync_request request;
    bool is_resync = note_frame(&frame, &entry, &request, &type);
    bool is_ping = entry.detail && !strcmp(entry.detail, "ping");
    transcript_set_text(&entry, text, size_bytes);
    session_record(session, &entry);
    session->last_progress_us = session->now_us;
    if (is_ping)
        answer_ping_frame(session, connection);
    if (is_resync)
        server_resync(session, connection, &request);
    buffer_free(&type);
}

static void record_ws_in(struct session *session, struct connection *connection, const char *name,
                         double code, size_t size_bytes)
{
    struct transcript_entry entry = entry_on(session, TRANSCRIPT_WS_IN, connection);
    entry.name = name;
    entry.number = code;
    entry.size_bytes = (uint32_t)size_bytes;
    session_record(session, &entry);
}

static void read_ping(struct session *session, struct connection *connection,
                      const struct ws_event *event)
{
    record_ws_in(session, connection, "ping", NAN, event->size_bytes);
    if (session->behaviour.ignore_pings || connection->state != CONNECTION_OPEN)
        return;
    struct ws_frame pong = {.opcode = WS_OPCODE_PONG, .is_final = true};
    ws_append_frame(session_write(session, connection->number, false), &pong, event->data,
                    event->size_bytes);
}

static void read_close(struct session *session, struct connection *connection,
                       const struct ws_event *event)
{
    record_ws_in(session, connection, "close", event->close_code, event->size_bytes);
    bool is_answer = connection->state == CONNECTION_CLOSING;
    if (!is_answer && connection->state == CONNECTION_OPEN)
        ws_append_close(session_write(session, connection->number, false),
                        event->close_code == 1005 ? 0 : event->close_code, "", NULL);
    session_effect(session, SESSION_EFFECT_END, connection->number)->end = SESSION_END_FIN;
    record_end(session, connection, is_answer ? "server" : "close", event->close_code);
}

static void read_event(struct session *session, struct connection *connection,
                       const struct ws_event *event)
{
    bool is_open = connection->state == CONNECTION_OPEN;
    switch (event->kind) {
    case WS_EVENT_NONE:
        break;
    case WS_EVENT_TEXT:
        if (is_open)
            read_text(session, connection, event->data, event->size_bytes);
        break;
    case WS_EVENT_BINARY:
        record_ws_in(session, connection, "binary", NAN, event->size_bytes);
        if (++session->frame_in_count > SESSION_FRAMES_IN_MAX && is_open)
            violate(session, connection, "it sent more than 10,000 frames in one scenario", 1008);
        break;
    case WS_EVENT_PING:
        read_ping(session, connection, event);
        break;
    case WS_EVENT_PONG:
        record_ws_in(session, connection, "pong", NAN, event->size_bytes);
        session->last_progress_us = session->now_us;
        break;
    case WS_EVENT_CLOSE:
        read_close(session, connection, event);
        break;
    case WS_EVENT_VIOLATION:
        if (is_open)
            violate(session, connection, event->violation, 1002);
        break;
    }
}

static void read_frames(struct session *session, uint32_t number, const char *data,
                        size_t size_bytes)
{
    for (size_t offset = 0; offset < size_bytes;) {
        /* Looked up each time: what a frame does may move the array. */
        struct connection *connection = session_connection(session, number);
        bool is_read = connection->state == CONNECTION_OPEN ||
                       connection->state == CONNECTION_CLOSING ||
                       connection->state == CONNECTION_DRAINING;
        if (!is_read || session->is_done)
            return;
        struct ws_event event;
        offset += ws_receiver_feed(&connection->receiver, data + offset, size_bytes - offset,
                                   &event);
        if (event.kind == WS_EVENT_NONE)
            return;
        read_event(session, connection, &event);
        if (event.kind == WS_EVENT_VIOLATION)
            return;
    }
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
    struct transcript_entry entry = entry_on(session, TRANSCRIPT_CONNECT, connection);
    if (!session->is_done)
        session_record(session, &entry);
    if (session->connection_count > SESSION_CONNECTIONS_MAX && !session->is_done) {
        session_unmet(session, RULE_C16, "it opened more than %d connections",
                      SESSION_CONNECTIONS_MAX);
        session_finish(session, "unmet", session->unmet);
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
        read_frames(session, number, data, size_bytes);
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
        record_drop(session, connection, false);
    }
    session_effect(session, SESSION_EFFECT_END, number)->end = SESSION_END_FIN;
    record_end(session, connection, was_reset ? "reset" : "fin", NAN);
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

void server_ping(struct session *session, struct connection *connection)
{
    struct ws_frame ping = {.opcode = WS_OPCODE_PING, .is_final = true};
    ws_append_frame(session_write(session, connection->number, false), &ping, "gapcheck", 8);
    struct transcript_entry entry = entry_on(session, TRANSCRIPT_WS_OUT, connection);
    entry.name = "ping";
    session_record(session, &entry);
}
