/* What the client sends on an open connection, and the pings whose answers are waited for. */
#include "core/session_internal.h"

#include "core/frame.h"
#include "core/timestamp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* True, and the connection is closed, where it was one frame too many. */
static bool is_too_many(struct session *session, struct connection *connection)
{
    if (++session->frame_in_count <= SESSION_FRAMES_IN_MAX)
        return false;
    server_violate(session, connection, "it sent more than 10,000 frames in one scenario", 1008);
    return true;
}

static void answer_ping_frame(struct session *session, struct connection *connection)
{
    static const char pong[] = "{\"type\":\"pong\"}";
    if (session->behaviour.ignore_pings)
        return;
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_FRAME_OUT, connection);
    entry.detail = "pong";
    entry.flags = TRANSCRIPT_FLAG_CONTROL;
    transcript_set_text(&entry, pong, sizeof(pong) - 1);
    server_send(session, connection, LANE_LIVE, pong, sizeof(pong) - 1, &entry);
}

/* A date may hold escapes: some languages write `+` as \u002b. */
static bool read_since(const struct frame_value *since, int64_t *since_ms)
{
    if (since->kind != FRAME_VALUE_STRING)
        return false;
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    frame_append_string(since, &text);
    struct span span = {text.data, text.size_bytes};
    bool is_date = timestamp_parse(span, since_ms);
    buffer_free(&text);
    return is_date;
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
    if (scratch->size_bytes > 100 || strlen(buffer_text(scratch)) < scratch->size_bytes)
        buffer_clear(scratch); /* no type of the protocol is like that; the text has it */
    entry->detail = buffer_text(scratch);
    if (strcmp(entry->detail, "resync") != 0)
        return false;
    const struct frame_value *seen = &frame->fields[FRAME_FIELD_LAST_SEEN_SEQ];
    *request = (struct resync_request){0};
    request->has_since = read_since(&frame->fields[FRAME_FIELD_SINCE], &request->since_ms);
    if (request->has_since)
        entry->number = (double)request->since_ms;
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
    if (session_is_node(session)) {
        node_read_text(session, connection, text, size_bytes);
        return;
    }
    struct frame frame;
    frame_scan(text, size_bytes, &frame);
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_FRAME_IN, connection);
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
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_WS_IN, connection);
    entry.name = name;
    entry.number = code;
    entry.size_bytes = (uint32_t)size_bytes;
    session_record(session, &entry);
}

/* A ping or pong, with its payload: that says which ping is answered. */
static void record_heartbeat(struct session *session, const struct connection *connection,
                             const char *name, const struct ws_event *event)
{
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_WS_IN, connection);
    entry.name = name;
    struct buffer payload;
    buffer_init(&payload, BUFFER_NO_LIMIT);
    buffer_append(&payload, event->data, event->size_bytes);
    transcript_set_text(&entry, buffer_text(&payload), event->size_bytes);
    session_record(session, &entry);
    buffer_free(&payload);
}

static void read_ping(struct session *session, struct connection *connection,
                      const struct ws_event *event)
{
    record_heartbeat(session, connection, "ping", event);
    if (session->behaviour.ignore_pings || connection->state != CONNECTION_OPEN)
        return;
    struct ws_frame pong = {.opcode = WS_OPCODE_PONG, .is_final = true};
    ws_append_frame(session_write(session, connection->number, false), &pong, event->data,
                    event->size_bytes);
}

static void read_pong(struct session *session, struct connection *connection,
                      const struct ws_event *event)
{
    record_heartbeat(session, connection, "pong", event);
    session->last_progress_us = session->now_us;
    char payload[sizeof(TRANSCRIPT_PING_TEXT) + 10] = "";
    if (event->size_bytes < sizeof(payload))
        memcpy(payload, event->data, event->size_bytes);
    size_t prefix_bytes = strlen(TRANSCRIPT_PING_TEXT);
    if (strncmp(payload, TRANSCRIPT_PING_TEXT, prefix_bytes) != 0)
        return; /* of a ping that the author sent */
    unsigned long number = strtoul(payload + prefix_bytes, NULL, 10);
    if (number > session->pong_number && number <= session->ping_count)
        session->pong_number = (uint32_t)number;
}

static void read_close(struct session *session, struct connection *connection,
                       const struct ws_event *event)
{
    record_ws_in(session, connection, "close", event->close_code, event->size_bytes);
    bool is_answer = connection->state == CONNECTION_CLOSING;
    if (connection->state == CONNECTION_DRAINING)
        server_record_drop(session, connection, false); /* the client was quicker */
    if (!is_answer && connection->state == CONNECTION_OPEN)
        ws_append_close(session_write(session, connection->number, false),
                        event->close_code == 1005 ? 0 : event->close_code, "", NULL);
    session_effect(session, SESSION_EFFECT_END, connection->number)->end = SESSION_END_FIN;
    server_record_end(session, connection, is_answer ? "server" : "close", event->close_code);
}

static void read_event(struct session *session, struct connection *connection,
                       const struct ws_event *event)
{
    bool is_open = connection->state == CONNECTION_OPEN;
    switch (event->kind) {
    case WS_EVENT_NONE:
        break;
    case WS_EVENT_TEXT:
        if (is_open && !is_too_many(session, connection))
            read_text(session, connection, event->data, event->size_bytes);
        break;
    case WS_EVENT_BINARY:
        if (is_open && !is_too_many(session, connection))
            record_ws_in(session, connection, "binary", NAN, event->size_bytes);
        break;
    case WS_EVENT_PING:
        if (!is_open || !is_too_many(session, connection))
            read_ping(session, connection, event);
        break;
    case WS_EVENT_PONG:
        read_pong(session, connection, event);
        break;
    case WS_EVENT_CLOSE:
        read_close(session, connection, event);
        break;
    case WS_EVENT_VIOLATION:
        if (is_open)
            server_violate(session, connection, event->violation, 1002);
        break;
    }
}

void server_read_frames(struct session *session, uint32_t number, const char *data,
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

/* ---- pings of the server ---- */

void server_ping(struct session *session, struct connection *connection)
{
    struct ws_frame ping = {.opcode = WS_OPCODE_PING, .is_final = true};
    char payload[sizeof(TRANSCRIPT_PING_TEXT) + 10];
    int size_bytes = snprintf(payload, sizeof(payload), "%s%u", TRANSCRIPT_PING_TEXT,
                              ++session->ping_count);
    ws_append_frame(session_write(session, connection->number, false), &ping, payload,
                    (size_t)size_bytes);
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_WS_OUT, connection);
    entry.name = "ping";
    transcript_set_text(&entry, payload, (size_t)size_bytes);
    session_record(session, &entry);
}

bool server_has_pong(const struct session *session)
{
    return session->pong_number == session->ping_count;
}
