/* `send`: exactly what the author wrote, outside counter, ring and rows. */
#include "core/session_internal.h"

#include "core/frame.h"
#include "core/memory.h"
#include "core/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- templates ---- */

struct template {
    struct session *session;
    uint64_t marker; /* of this frame; 0 until a template asks for it */
    uint32_t size_bytes;
};

/* A marker that belongs to no published event: nothing is owed for it, but it is known again. */
static uint64_t template_marker(struct template *template)
{
    if (!template->marker) {
        struct session *session = template->session;
        struct event event = {
            .marker = session->model.event_count + 1,
            .type = "send",
            .size_bytes = template->size_bytes,
            .row = EVENT_ROW_NONE,
        };
        template->marker = model_publish(&session->model, &event)->marker;
    }
    return template->marker;
}

static void append_value(struct template *template, const char *name, size_t size_bytes,
                         struct buffer *out)
{
    struct span span = {name, size_bytes};
    if (span_equals(span, "seq")) {
        buffer_printf(out, "%lld", (long long)template->session->model.current_seq);
    } else if (span_equals(span, "now")) {
        buffer_printf(out, "%lld", (long long)session_server_ms(template->session));
    } else if (span_equals(span, "marker")) {
        event_append_text(template_marker(template), template->size_bytes, out);
    } else if (span_equals(span, "id")) {
        char id[EVENT_ID_BYTES];
        event_id(template_marker(template), id);
        buffer_append_text(out, id);
    }
}

/* The loader has checked that only known templates occur. */
static void expand_text(struct template *template, const char *text, struct buffer *out)
{
    while (*text) {
        const char *begin = strstr(text, "${");
        const char *end = begin ? strchr(begin, '}') : NULL;
        if (!end) {
            buffer_append_text(out, text);
            return;
        }
        buffer_append(out, text, (size_t)(begin - text));
        append_value(template, begin + 2, (size_t)(end - begin) - 2, out);
        text = end + 1;
    }
}

static bool is_number_alone(const char *text)
{
    return !strcmp(text, "${seq}") || !strcmp(text, "${now}");
}

static void expand_tree(struct template *template, cJSON *node)
{
    for (cJSON *child = node ? node->child : NULL, *next; child; child = next) {
        next = child->next;
        if (!cJSON_IsString(child)) {
            expand_tree(template, child);
            continue;
        }
        if (!strstr(child->valuestring, "${"))
            continue;
        struct buffer text;
        buffer_init(&text, BUFFER_NO_LIMIT);
        expand_text(template, child->valuestring, &text);
        cJSON *value = is_number_alone(child->valuestring)
                           ? cJSON_CreateRaw(buffer_text(&text))
                           : cJSON_CreateString(buffer_text(&text));
        buffer_free(&text);
        if (child->string)
            value->string = memory_copy_text(child->string, strlen(child->string));
        cJSON_ReplaceItemViaPointer(node, child, value);
    }
}

/* ---- what the transcript says ---- */

static void note_frame(const char *text, size_t size_bytes, struct transcript_entry *entry,
                       struct buffer *type)
{
    struct frame frame;
    if (!frame_scan(text, size_bytes, &frame)) {
        entry->flags |= TRANSCRIPT_FLAG_MALFORMED;
        return;
    }
    frame_append_string(&frame.fields[FRAME_FIELD_TYPE], type);
    entry->detail = buffer_text(type);
    if (event_type_is_control(span_of(entry->detail)))
        entry->flags |= TRANSCRIPT_FLAG_CONTROL;
    if (frame_has_sequence(&frame))
        entry->seq = frame.fields[FRAME_FIELD_AGENT_SEQ].number;
}

/* ---- writing ---- */

#define PING_BETWEEN "between"

struct message {
    uint8_t opcode;
    const char *data;
    size_t size_bytes;
};

static void write_fragments(struct buffer *out, const struct message *message,
                            const struct send_fields *send)
{
    size_t count = (size_t)send->fragments;
    size_t begin = 0;
    for (size_t index = 0; index < count; index++) {
        size_t end = message->size_bytes * (index + 1) / count;
        struct ws_frame frame = {
            .opcode = index == 0 ? message->opcode : WS_OPCODE_CONTINUATION,
            .is_final = index + 1 == count,
        };
        ws_append_frame(out, &frame, message->data + begin, end - begin);
        struct ws_frame ping = {.opcode = WS_OPCODE_PING, .is_final = true};
        if (send->ping_between && index + 1 < count)
            ws_append_frame(out, &ping, PING_BETWEEN, strlen(PING_BETWEEN));
        begin = end;
    }
}

/* Puts bytes on the wire as `split_bytes` wants them. */
static void write_bytes(struct session *session, const struct connection *connection,
                        const struct send_fields *send, const char *data, size_t size_bytes)
{
    size_t piece = send->split_bytes ? (size_t)send->split_bytes : size_bytes;
    for (size_t offset = 0; offset < size_bytes; offset += piece) {
        size_t left = size_bytes - offset;
        struct buffer *out =
            session_write(session, connection->number, send->split_bytes != 0);
        buffer_append(out, data + offset, left < piece ? left : piece);
    }
}

/* A message that did not go out as one frame. */
static void record_pieces(struct session *session, struct transcript_entry *entry,
                          const struct send_fields *send)
{
    if (send->fragments > 1)
        entry->flags |= TRANSCRIPT_FLAG_FRAGMENTS;
    server_note_sent(session, entry);
    if (send->fragments <= 1 || !send->ping_between)
        return;
    struct transcript_entry ping = session_entry(session, TRANSCRIPT_WS_OUT);
    ping.connection = entry->connection;
    ping.name = "ping";
    ping.count = (uint64_t)send->fragments - 1;
    transcript_set_text(&ping, PING_BETWEEN, strlen(PING_BETWEEN));
    session_record(session, &ping);
}

static bool is_plain(const struct send_fields *send)
{
    return send->fragments <= 1 && !send->split_bytes;
}

static void send_text(struct session *session, struct connection *connection,
                      const struct send_fields *send, const char *text, size_t size_bytes,
                      uint64_t marker)
{
    struct buffer type, bytes;
    buffer_init(&type, BUFFER_NO_LIMIT);
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_FRAME_OUT);
    entry.connection = connection->number;
    entry.marker = marker;
    note_frame(text, size_bytes, &entry, &type);
    transcript_set_text(&entry, text, size_bytes);
    if (is_plain(send)) {
        server_send(session, connection, LANE_LIVE, text, size_bytes, &entry);
    } else {
        struct message message = {WS_OPCODE_TEXT, text, size_bytes};
        write_fragments(&bytes, &message, send);
        write_bytes(session, connection, send, bytes.data, bytes.size_bytes);
        record_pieces(session, &entry, send);
    }
    buffer_free(&type);
    buffer_free(&bytes);
}

static void send_frame(struct session *session, struct connection *connection,
                       const struct send_fields *send)
{
    struct template template = {session, 0, (uint32_t)send->size_bytes};
    cJSON *root = cJSON_CreateArray(); /* so that a lone string is a child like others */
    cJSON_AddItemToArray(root, cJSON_Duplicate(send->frame, true));
    expand_tree(&template, root);
    char *text = number_print_tree(root->child);
    send_text(session, connection, send, text, strlen(text), template.marker);
    free(text);
    cJSON_Delete(root);
}

static void send_padded_text(struct session *session, struct connection *connection,
                             const struct send_fields *send)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_append_text(&text, send->text);
    while (text.size_bytes < (size_t)send->size_bytes)
        buffer_append(&text, " ", 1);
    send_text(session, connection, send, buffer_text(&text), text.size_bytes, 0);
    buffer_free(&text);
}

static void send_bytes(struct session *session, struct connection *connection,
                       const struct send_fields *send)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    if (send->kind == SEND_BINARY) {
        struct message message = {WS_OPCODE_BINARY, (const char *)send->bytes, send->byte_count};
        write_fragments(&bytes, &message, send);
    } else {
        buffer_append(&bytes, send->bytes, send->byte_count);
    }
    write_bytes(session, connection, send, bytes.data, bytes.size_bytes);
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_WS_OUT);
    entry.connection = connection->number;
    entry.name = send->kind == SEND_BINARY ? "binary" : "raw";
    entry.size_bytes = (uint32_t)send->byte_count;
    entry.hash = text_hash((const char *)send->bytes, send->byte_count);
    record_pieces(session, &entry, send);
    buffer_free(&bytes);
}

/* An event once more, in as many pieces as the author wants. */
static bool send_again(struct session *session, struct connection *connection,
                       const struct send_fields *send)
{
    uint64_t marker = session_alias(session, send->again);
    if (!marker) {
        session_unmet(session, RULE_STEP, "event `%s` has not been published yet", send->again);
        return false;
    }
    const struct event *event = model_event(&session->model, marker);
    if (is_plain(send)) {
        server_send_event(session, connection, LANE_LIVE, event, "again", send->as_row);
        return true;
    }
    struct buffer text, bytes;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    server_print_event(session, event, send->as_row, &text);
    struct message message = {WS_OPCODE_TEXT, text.data, text.size_bytes};
    write_fragments(&bytes, &message, send);
    write_bytes(session, connection, send, bytes.data, bytes.size_bytes);
    struct transcript_entry entry =
        server_sent_entry(session, connection, event, "again", send->as_row);
    record_pieces(session, &entry, send);
    buffer_free(&text);
    buffer_free(&bytes);
    return true;
}

bool server_send_fields(struct session *session, struct connection *connection,
                        const struct send_fields *send)
{
    switch (send->kind) {
    case SEND_FRAME:
        send_frame(session, connection, send);
        break;
    case SEND_TEXT:
        send_padded_text(session, connection, send);
        break;
    case SEND_BINARY:
    case SEND_RAW:
        send_bytes(session, connection, send);
        break;
    case SEND_AGAIN:
        return send_again(session, connection, send);
    }
    return true;
}
