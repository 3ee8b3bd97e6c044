#include "core/ws_client.h"

#include <stdlib.h>
#include <string.h>

#define RESPONSE_BYTES_MAX       65536
#define SMALL_MESSAGE_BYTES      65536
#define KEY                      "dGhlIHNhbXBsZSBub25jZQ==" /* the example of RFC 6455, 1.3 */
#define CLOSE_WITHOUT_CODE       1005
#define CLOSE_VIOLATION          1002
#define CLOSE_MESSAGE_TOO_BIG    1009
#define REPLACEMENT              "\xEF\xBF\xBD" /* U+FFFD */

static const uint8_t mask_key[4] = {1, 2, 3, 4};

void ws_client_init(struct ws_client *client, enum client_wire fault, const char *host,
                    const char *path, size_t message_bytes_max)
{
    bool is_small = fault == CLIENT_WIRE_SMALL_MESSAGES;
    *client = (struct ws_client){.fault = fault};
    buffer_init(&client->output, BUFFER_NO_LIMIT);
    buffer_init(&client->response, RESPONSE_BYTES_MAX);
    buffer_init(&client->decoded, BUFFER_NO_LIMIT);
    ws_receiver_init(&client->receiver, WS_ROLE_CLIENT,
                     is_small ? SMALL_MESSAGE_BYTES : message_bytes_max);
    buffer_append_text(&client->output, "GET ");
    buffer_append_text(&client->output, path);
    buffer_append_text(&client->output, " HTTP/1.1\r\nHost: ");
    buffer_append_text(&client->output, host);
    buffer_append_text(&client->output,
                       "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n\r\n");
}

void ws_client_free(struct ws_client *client)
{
    buffer_free(&client->output);
    buffer_free(&client->response);
    buffer_free(&client->decoded);
    ws_receiver_free(&client->receiver);
}

/* ---- sending ---- */

static void send_frame(struct ws_client *client, uint8_t opcode, const char *data,
                       size_t size_bytes)
{
    bool is_masked = client->fault != CLIENT_WIRE_UNMASKED;
    struct ws_frame frame = {
        .opcode = opcode, .is_final = true, .mask_key = is_masked ? mask_key : NULL};
    ws_append_frame(&client->output, &frame, data, size_bytes);
}

void ws_client_send(struct ws_client *client, const char *text, size_t size_bytes)
{
    if (client->is_open)
        send_frame(client, WS_OPCODE_TEXT, text, size_bytes);
}

void ws_client_close(struct ws_client *client)
{
    if (client->is_open)
        ws_append_close(&client->output, 1000, NULL, mask_key);
}

/* ---- how it ends ---- */

static void take_close(struct ws_client *client, unsigned code, struct ws_client_event *event)
{
    client->is_deaf = true; /* nothing may follow it */
    if (client->fault == CLIENT_WIRE_IGNORES_CLOSE)
        return;
    ws_append_close(&client->output, code == CLOSE_WITHOUT_CODE ? 0 : code, NULL, mask_key);
    *event = (struct ws_client_event){.kind = WS_CLIENT_EVENT_ENDED, .close_code = code};
}

/* The server broke the RFC: the connection is failed (7.1.7). */
static void take_violation(struct ws_client *client, struct ws_client_event *event)
{
    bool is_too_big = client->fault == CLIENT_WIRE_SMALL_MESSAGES;
    client->is_deaf = true;
    if (client->fault == CLIENT_WIRE_VIOLATION_DEAFENS)
        return;
    event->kind = client->fault == CLIENT_WIRE_VIOLATION_KILLS ? WS_CLIENT_EVENT_DEAD
                                                               : WS_CLIENT_EVENT_ENDED;
    ws_append_close(&client->output, is_too_big ? CLOSE_MESSAGE_TOO_BIG : CLOSE_VIOLATION, NULL,
                    mask_key);
}

/* ---- the response ---- */

/* The value of a header line of the response, or {NULL, 0}. */
static struct span find_header(const char *head, const char *head_end, const char *name)
{
    struct span value = {NULL, 0};
    const char *line = strstr(head, name);
    if (!line || line > head_end)
        return value;
    value.data = line + strlen(name);
    value.size_bytes = (size_t)(strstr(value.data, "\r\n") - value.data);
    return value;
}

static void read_response(struct ws_client *client, const char *head, const char *head_end,
                          struct ws_client_event *event)
{
    char accept[WS_ACCEPT_TEXT_BYTES];
    ws_accept_key(span_of(KEY), accept);
    unsigned status = (unsigned)strtoul(head + strcspn(head, " "), NULL, 10);
    struct span given = find_header(head, head_end, "\r\nSec-WebSocket-Accept: ");
    bool is_accepted =
        span_equals(given, accept) || client->fault == CLIENT_WIRE_ACCEPT_UNCHECKED;
    if (status != 101 || !is_accepted) {
        event->kind = WS_CLIENT_EVENT_REFUSED;
        event->status = status == 101 ? 0 : status;
        return;
    }
    client->is_open = true;
    event->kind = WS_CLIENT_EVENT_OPENED;
    event->text = find_header(head, head_end, "\r\nDate: ");
}

static size_t feed_response(struct ws_client *client, const char *data, size_t size_bytes,
                            struct ws_client_event *event)
{
    size_t before_bytes = client->response.size_bytes;
    size_t room_bytes = RESPONSE_BYTES_MAX - before_bytes;
    buffer_append(&client->response, data, size_bytes < room_bytes ? size_bytes : room_bytes);
    const char *head = buffer_text(&client->response);
    const char *head_end = strstr(head, "\r\n\r\n");
    if (!head_end) {
        bool is_too_long = size_bytes >= room_bytes;
        event->kind = is_too_long ? WS_CLIENT_EVENT_REFUSED : WS_CLIENT_EVENT_NONE;
        return size_bytes;
    }
    read_response(client, head, head_end, event);
    size_t taken_bytes = (size_t)(head_end - head) + 4 - before_bytes;
    return client->fault == CLIENT_WIRE_LOSES_FIRST_FRAMES ? size_bytes : taken_bytes;
}

/* ---- fragments, and how mutants take them ---- */

/* As a decoder that starts anew with every fragment: what is no UTF-8 by itself is replaced. */
static void append_decoded(struct buffer *out, const char *data, size_t size_bytes)
{
    for (size_t at = 0; at < size_bytes;) {
        size_t character_bytes = 1;
        while (character_bytes < 4 && at + character_bytes < size_bytes &&
               !text_is_utf8(data + at, character_bytes))
            character_bytes++;
        bool is_whole = text_is_utf8(data + at, character_bytes);
        buffer_append_text(out, is_whole ? "" : REPLACEMENT);
        buffer_append(out, data + at, is_whole ? character_bytes : 0);
        at += is_whole ? character_bytes : 1;
    }
}

static struct span take_rest(struct ws_client *client, struct span message)
{
    size_t done_bytes = client->fragments_bytes;
    client->fragments_bytes = message.size_bytes;
    return (struct span){message.data + done_bytes, message.size_bytes - done_bytes};
}

/* A fragment that is not the last ended; `message` is what there is of the whole. */
static void take_fragment(struct ws_client *client, struct span message,
                          struct ws_client_event *event)
{
    struct span fragment = take_rest(client, message);
    if (client->fault == CLIENT_WIRE_MANGLES_FRAGMENTS) {
        append_decoded(&client->decoded, fragment.data, fragment.size_bytes);
    } else if (client->fault == CLIENT_WIRE_FRAGMENTS_ARE_MESSAGES) {
        event->kind = WS_CLIENT_EVENT_TEXT;
        event->text = fragment;
    }
}

/* A message of several frames is whole. False: it is not told. */
static bool finish_fragments(struct ws_client *client, struct span *message)
{
    bool was_interrupted = client->is_interrupted;
    struct span fragment = take_rest(client, *message);
    client->fragments_bytes = 0;
    client->is_interrupted = false;
    if (client->fault == CLIENT_WIRE_MANGLES_FRAGMENTS) {
        append_decoded(&client->decoded, fragment.data, fragment.size_bytes);
        *message = (struct span){client->decoded.data, client->decoded.size_bytes};
    } else if (client->fault == CLIENT_WIRE_FRAGMENTS_ARE_MESSAGES) {
        *message = fragment;
    }
    return client->fault != CLIENT_WIRE_DROPS_FRAGMENTS &&
           !(client->fault == CLIENT_WIRE_PING_ENDS_MESSAGE && was_interrupted);
}

/* ---- frames ---- */

static void take_text(struct ws_client *client, struct span text, struct ws_client_event *event)
{
    if (client->fragments_bytes > 0 && !finish_fragments(client, &text))
        return;
    event->kind = WS_CLIENT_EVENT_TEXT;
    event->text = text;
}

static void take_event(struct ws_client *client, const struct ws_event *frame,
                       struct ws_client_event *event)
{
    switch (frame->kind) {
    case WS_EVENT_NONE:
    case WS_EVENT_PONG:
        break;
    case WS_EVENT_TEXT:
        take_text(client, (struct span){frame->data, frame->size_bytes}, event);
        break;
    case WS_EVENT_BINARY: /* told as an empty text: it is no JSON */
        take_text(client, span_of(""), event);
        client->fragments_bytes = 0;
        break;
    case WS_EVENT_PING:
        client->is_interrupted = client->fragments_bytes > 0;
        if (client->fault != CLIENT_WIRE_NO_PONG)
            send_frame(client, WS_OPCODE_PONG, frame->data, frame->size_bytes);
        break;
    case WS_EVENT_CLOSE:
        take_close(client, frame->close_code, event);
        break;
    case WS_EVENT_VIOLATION:
        take_violation(client, event);
        break;
    }
}

/* Whether the end of every fragment must be seen: then bytes are fed one by one. */
static bool sees_fragments(enum client_wire fault)
{
    return fault == CLIENT_WIRE_DROPS_FRAGMENTS || fault == CLIENT_WIRE_FRAGMENTS_ARE_MESSAGES ||
           fault == CLIENT_WIRE_MANGLES_FRAGMENTS || fault == CLIENT_WIRE_PING_ENDS_MESSAGE;
}

static bool is_between_frames(const struct ws_receiver *receiver)
{
    return !receiver->in_payload && receiver->header_size_bytes == 0;
}

static size_t feed_frames(struct ws_client *client, const char *data, size_t size_bytes,
                          struct ws_client_event *event)
{
    struct ws_receiver *receiver = &client->receiver;
    bool is_bytewise = sees_fragments(client->fault);
    size_t taken_bytes = 0;
    if (client->fragments_bytes == 0)
        buffer_clear(&client->decoded);
    while (taken_bytes < size_bytes && event->kind == WS_CLIENT_EVENT_NONE) {
        struct ws_event frame;
        taken_bytes += ws_receiver_feed(receiver, data + taken_bytes,
                                        is_bytewise ? 1 : size_bytes - taken_bytes, &frame);
        take_event(client, &frame, event);
        if (frame.kind == WS_EVENT_VIOLATION || client->is_deaf)
            return size_bytes;
        if (is_bytewise && frame.kind == WS_EVENT_NONE && is_between_frames(receiver) &&
            receiver->message_opcode == WS_OPCODE_TEXT)
            take_fragment(client,
                          (struct span){receiver->message.data, receiver->message.size_bytes},
                          event);
    }
    return taken_bytes;
}

size_t ws_client_feed(struct ws_client *client, const char *data, size_t size_bytes,
                      struct ws_client_event *event)
{
    *event = (struct ws_client_event){.kind = WS_CLIENT_EVENT_NONE};
    if (client->is_deaf)
        return size_bytes;
    if (!client->is_open)
        return feed_response(client, data, size_bytes, event);
    size_t taken_bytes = feed_frames(client, data, size_bytes, event);
    if (event->kind != WS_CLIENT_EVENT_NONE || taken_bytes < size_bytes)
        return taken_bytes;
    bool is_cut_header = !client->receiver.in_payload && client->receiver.header_size_bytes > 0;
    if (client->fault == CLIENT_WIRE_CUT_HEADER_DEAFENS && is_cut_header)
        client->is_deaf = true;
    if (client->receiver.in_payload)
        event->kind = WS_CLIENT_EVENT_PIECE;
    return taken_bytes;
}
