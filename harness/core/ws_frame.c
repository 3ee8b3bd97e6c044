#include "core/ws.h"

#include <assert.h>
#include <string.h>

#define CONTROL_BYTES_MAX 125 /* 5.5 */
#define MASK_KEY_BYTES    4

static bool is_control(uint8_t opcode)
{
    return opcode & 0x8;
}

/* 5.3, both ways. `offset` is where `data` stands in its payload. The key repeats every four
 * bytes, so that eight bytes at a time are one step, which compilers widen further. */
static void apply_mask(char *data, size_t size_bytes, const uint8_t mask_key[MASK_KEY_BYTES],
                       uint64_t offset)
{
    uint8_t pattern[8];
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = mask_key[(offset + i) % MASK_KEY_BYTES];
    uint64_t wide_pattern;
    memcpy(&wide_pattern, pattern, sizeof wide_pattern);
    size_t i = 0;
    for (; size_bytes - i >= sizeof wide_pattern; i += sizeof wide_pattern) {
        uint64_t eight;
        memcpy(&eight, data + i, sizeof eight);
        eight ^= wide_pattern;
        memcpy(data + i, &eight, sizeof eight);
    }
    for (; i < size_bytes; i++)
        data[i] = (char)((uint8_t)data[i] ^ pattern[i % sizeof pattern]);
}

/* ---- writing ---- */

static void put_big_endian(uint8_t *out, uint64_t value, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++)
        out[i] = (uint8_t)(value >> (8 * (size_bytes - 1 - i)));
}

static uint64_t get_big_endian(const uint8_t *data, size_t size_bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size_bytes; i++)
        value = value << 8 | data[i];
    return value;
}

/* Writes the header with the shortest length (5.2) and returns its size. */
static size_t put_header(uint8_t header[14], const struct ws_frame *frame, size_t payload_bytes)
{
    size_t header_bytes = 2;
    uint8_t short_length = (uint8_t)payload_bytes;
    if (payload_bytes > 0xFFFF) {
        short_length = 127;
        put_big_endian(header + 2, payload_bytes, 8);
        header_bytes += 8;
    } else if (payload_bytes > 125) {
        short_length = 126;
        put_big_endian(header + 2, payload_bytes, 2);
        header_bytes += 2;
    }
    header[0] = (uint8_t)((frame->is_final ? 0x80 : 0) | (frame->reserved_bits & 0x7) << 4 |
                          (frame->opcode & 0xF));
    header[1] = (uint8_t)((frame->mask_key ? 0x80 : 0) | short_length);
    if (frame->mask_key) {
        memcpy(header + header_bytes, frame->mask_key, MASK_KEY_BYTES);
        header_bytes += MASK_KEY_BYTES;
    }
    return header_bytes;
}

void ws_append_frame(struct buffer *out, const struct ws_frame *frame, const void *payload,
                     size_t size_bytes)
{
    uint8_t header[14];
    size_t header_bytes = put_header(header, frame, size_bytes);
    size_t before_bytes = out->size_bytes;
    if (!buffer_append(out, header, header_bytes))
        return;
    if (!buffer_append(out, payload, size_bytes)) {
        /* A header without its payload would spoil all frames behind it. */
        out->size_bytes = before_bytes;
        return;
    }
    if (frame->mask_key && size_bytes > 0)
        apply_mask(out->data + before_bytes + header_bytes, size_bytes, frame->mask_key, 0);
}

void ws_append_text(struct buffer *out, const void *payload, size_t size_bytes)
{
    struct ws_frame frame = {.opcode = WS_OPCODE_TEXT, .is_final = true};
    ws_append_frame(out, &frame, payload, size_bytes);
}

void ws_append_close(struct buffer *out, unsigned code, const char *reason, const uint8_t *mask_key)
{
    struct ws_frame frame = {.opcode = WS_OPCODE_CLOSE, .is_final = true, .mask_key = mask_key};
    char body[CONTROL_BYTES_MAX];
    size_t body_bytes = 0;
    if (code != 0) {
        put_big_endian((uint8_t *)body, code, 2);
        body_bytes = 2;
        size_t reason_bytes = reason ? strlen(reason) : 0;
        if (reason_bytes > sizeof body - body_bytes) {
            reason_bytes = sizeof body - body_bytes;
            while (reason_bytes > 0 && ((uint8_t)reason[reason_bytes] & 0xC0) == 0x80)
                reason_bytes--; /* cut between characters: the reason must be UTF-8 */
        }
        if (reason_bytes > 0)
            memcpy(body + body_bytes, reason, reason_bytes);
        body_bytes += reason_bytes;
    }
    ws_append_frame(out, &frame, body, body_bytes);
}

/* ---- receiving ---- */

static void expect_header(struct ws_receiver *receiver)
{
    receiver->in_payload = false;
    receiver->header_size_bytes = 0;
    receiver->header_needed_bytes = 1;
}

void ws_receiver_init(struct ws_receiver *receiver, enum ws_role role, size_t message_bytes_max)
{
    *receiver = (struct ws_receiver){.role = role, .message_bytes_max = message_bytes_max};
    buffer_init(&receiver->message, message_bytes_max);
    buffer_init(&receiver->control, CONTROL_BYTES_MAX);
    expect_header(receiver);
}

void ws_receiver_free(struct ws_receiver *receiver)
{
    buffer_free(&receiver->message);
    buffer_free(&receiver->control);
}

/* FIN, RSV and opcode. Returns what is wrong, or NULL. */
static const char *check_first_byte(struct ws_receiver *receiver)
{
    uint8_t byte = receiver->header[0];
    receiver->is_final = byte & 0x80;
    receiver->opcode = byte & 0x0F;
    if (byte & 0x70)
        return "a reserved bit is set without an extension that defines it (RFC 6455, 5.2)";
    if (receiver->opcode > WS_OPCODE_PONG ||
        (receiver->opcode > WS_OPCODE_BINARY && receiver->opcode < WS_OPCODE_CLOSE))
        return "the opcode is a reserved one (RFC 6455, 5.2)";
    if (is_control(receiver->opcode))
        return receiver->is_final ? NULL : "a control frame is fragmented (RFC 6455, 5.5)";
    if (receiver->is_closed)
        return "a data frame follows the close frame (RFC 6455, 5.5.1)";
    if (receiver->opcode == WS_OPCODE_CONTINUATION && !receiver->message_opcode)
        return "a continuation frame continues nothing (RFC 6455, 5.4)";
    if (receiver->opcode != WS_OPCODE_CONTINUATION && receiver->message_opcode)
        return "a new message starts before the fragmented one ended (RFC 6455, 5.4)";
    return NULL;
}

/* The length is known. Judged before the payload comes, so that nothing too long is buffered. */
static const char *check_payload_length(struct ws_receiver *receiver)
{
    receiver->header_needed_bytes += receiver->is_masked ? MASK_KEY_BYTES : 0;
    if (is_control(receiver->opcode))
        return NULL;
    size_t before_bytes =
        receiver->opcode == WS_OPCODE_CONTINUATION ? receiver->message.size_bytes : 0;
    if (receiver->payload_left_bytes > receiver->message_bytes_max - before_bytes)
        return "the message is longer than the receiver's limit (RFC 6455, 7.4.1: 1009)";
    return NULL;
}

/* MASK and the short length. */
static const char *check_second_byte(struct ws_receiver *receiver)
{
    uint8_t length = receiver->header[1] & 0x7F;
    receiver->is_masked = receiver->header[1] & 0x80;
    if (receiver->role == WS_ROLE_SERVER && !receiver->is_masked)
        return "a client's frame is not masked (RFC 6455, 5.1)";
    if (receiver->role == WS_ROLE_CLIENT && receiver->is_masked)
        return "a server's frame is masked (RFC 6455, 5.1)";
    if (is_control(receiver->opcode) && length > CONTROL_BYTES_MAX)
        return "a control frame has more than 125 bytes (RFC 6455, 5.5)";
    receiver->header_needed_bytes = length == 127 ? 10 : length == 126 ? 4 : 2;
    if (length > 125)
        return NULL;
    receiver->payload_left_bytes = length;
    return check_payload_length(receiver);
}

static const char *check_extended_length(struct ws_receiver *receiver)
{
    size_t length_bytes = receiver->header_size_bytes - 2;
    uint64_t length = get_big_endian(receiver->header + 2, length_bytes);
    if (length >> 63)
        return "the top bit of a 64-bit length is set (RFC 6455, 5.2)";
    if (length <= (length_bytes == 8 ? 0xFFFF : 125))
        return "the length is not in its shortest form (RFC 6455, 5.2)";
    receiver->payload_left_bytes = length;
    return check_payload_length(receiver);
}

/* All header bytes asked for are there: judges them as early as they can be, whatever pieces they
 * came in, and asks for more (header_needed_bytes) if there are more. */
static const char *check_header(struct ws_receiver *receiver)
{
    switch (receiver->header_size_bytes) {
    case 1:
        receiver->header_needed_bytes = 2;
        return check_first_byte(receiver);
    case 2:
        return check_second_byte(receiver);
    case 4:
    case 10:
        return check_extended_length(receiver); /* no mask key ends there */
    default:
        return NULL; /* the mask key is complete */
    }
}

static void start_payload(struct ws_receiver *receiver)
{
    receiver->in_payload = true;
    receiver->payload_offset_bytes = 0;
    if (receiver->is_masked)
        memcpy(receiver->mask_key, receiver->header + receiver->header_size_bytes - MASK_KEY_BYTES,
               MASK_KEY_BYTES);
    /* Until now they held what the last event lent out. */
    if (is_control(receiver->opcode))
        buffer_clear(&receiver->control);
    else if (receiver->opcode != WS_OPCODE_CONTINUATION)
        buffer_clear(&receiver->message);
}

static size_t take_payload(struct ws_receiver *receiver, const char *data, size_t size_bytes)
{
    struct buffer *into = is_control(receiver->opcode) ? &receiver->control : &receiver->message;
    if (size_bytes > receiver->payload_left_bytes)
        size_bytes = (size_t)receiver->payload_left_bytes;
    if (size_bytes == 0)
        return 0;
    bool fits = buffer_append(into, data, size_bytes);
    assert(fits); /* the header was checked against the limit */
    (void)fits;
    if (receiver->is_masked)
        apply_mask(into->data + into->size_bytes - size_bytes, size_bytes, receiver->mask_key,
                   receiver->payload_offset_bytes);
    receiver->payload_left_bytes -= size_bytes;
    receiver->payload_offset_bytes += size_bytes;
    return size_bytes;
}

static void set_violation(struct ws_receiver *receiver, struct ws_event *event,
                          const char *violation)
{
    receiver->is_dead = true;
    *event = (struct ws_event){.kind = WS_EVENT_VIOLATION, .violation = violation};
}

/* 7.4.1 and 7.4.2. 1012 to 1014 are not in the RFC but in the IANA registry that it founds; 1004,
 * 1005, 1006 and 1015 must never stand in a frame. */
static bool is_close_code(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

const char *ws_close_fault(const char *body, size_t size_bytes)
{
    if (size_bytes == 0)
        return NULL;
    if (size_bytes == 1)
        return "the close frame's body is one byte (RFC 6455, 5.5.1)";
    if (!is_close_code((unsigned)get_big_endian((const uint8_t *)body, 2)))
        return "the close code must not be sent (RFC 6455, 7.4)";
    if (!text_is_utf8(body + 2, size_bytes - 2))
        return "the close reason is not UTF-8 (RFC 6455, 5.5.1)";
    return NULL;
}

static void finish_close(struct ws_receiver *receiver, struct ws_event *event)
{
    size_t size_bytes = receiver->control.size_bytes;
    const char *body = buffer_text(&receiver->control);
    receiver->is_closed = true;
    *event = (struct ws_event){.kind = WS_EVENT_CLOSE, .data = "", .close_code = 1005};
    if (size_bytes == 0)
        return;
    const char *fault = ws_close_fault(body, size_bytes);
    if (fault) {
        set_violation(receiver, event, fault);
        return;
    }
    event->close_code = (unsigned)get_big_endian((const uint8_t *)body, 2);
    event->data = body + 2;
    event->size_bytes = size_bytes - 2;
}

static void finish_message(struct ws_receiver *receiver, struct ws_event *event)
{
    uint8_t opcode = receiver->opcode;
    if (opcode == WS_OPCODE_CONTINUATION)
        opcode = receiver->message_opcode;
    receiver->message_opcode = receiver->is_final ? 0 : opcode;
    if (!receiver->is_final)
        return;
    event->kind = opcode == WS_OPCODE_TEXT ? WS_EVENT_TEXT : WS_EVENT_BINARY;
    event->size_bytes = receiver->message.size_bytes;
    event->data = buffer_text(&receiver->message);
    if (opcode == WS_OPCODE_TEXT && !text_is_utf8(event->data, event->size_bytes))
        set_violation(receiver, event, "the text message is not UTF-8 (RFC 6455, 8.1)");
}

/* The last byte of a frame was taken. */
static void finish_frame(struct ws_receiver *receiver, struct ws_event *event)
{
    expect_header(receiver);
    switch (receiver->opcode) {
    case WS_OPCODE_CLOSE:
        finish_close(receiver, event);
        break;
    case WS_OPCODE_PING:
    case WS_OPCODE_PONG:
        event->kind = receiver->opcode == WS_OPCODE_PING ? WS_EVENT_PING : WS_EVENT_PONG;
        event->size_bytes = receiver->control.size_bytes;
        event->data = buffer_text(&receiver->control);
        break;
    default:
        finish_message(receiver, event);
    }
}

/* Takes header bytes as far as they are asked for; true when the header is complete. */
static bool take_header(struct ws_receiver *receiver, const char *data, size_t size_bytes,
                        size_t *taken_bytes, struct ws_event *event)
{
    while (receiver->header_size_bytes < receiver->header_needed_bytes) {
        size_t chunk_bytes = receiver->header_needed_bytes - receiver->header_size_bytes;
        if (chunk_bytes > size_bytes - *taken_bytes)
            chunk_bytes = size_bytes - *taken_bytes;
        if (chunk_bytes == 0)
            return false;
        memcpy(receiver->header + receiver->header_size_bytes, data + *taken_bytes, chunk_bytes);
        receiver->header_size_bytes += chunk_bytes;
        *taken_bytes += chunk_bytes;
        if (receiver->header_size_bytes < receiver->header_needed_bytes)
            return false;
        const char *violation = check_header(receiver);
        if (violation) {
            set_violation(receiver, event, violation);
            return false;
        }
    }
    return true;
}

size_t ws_receiver_feed(struct ws_receiver *receiver, const char *data, size_t size_bytes,
                        struct ws_event *event)
{
    size_t taken_bytes = 0;
    *event = (struct ws_event){.kind = WS_EVENT_NONE};
    if (receiver->is_dead)
        return 0;
    while (taken_bytes < size_bytes && event->kind == WS_EVENT_NONE) {
        if (!receiver->in_payload) {
            if (!take_header(receiver, data, size_bytes, &taken_bytes, event))
                break;
            start_payload(receiver);
        }
        taken_bytes += take_payload(receiver, data + taken_bytes, size_bytes - taken_bytes);
        if (receiver->payload_left_bytes == 0)
            finish_frame(receiver, event);
    }
    return taken_bytes;
}
