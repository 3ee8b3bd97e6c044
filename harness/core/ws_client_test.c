#include "core/ws_client.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define LIMIT  ((size_t)1 << 20)
#define MOMENT INT64_C(1780308000000)

/* Everything that one client was told, as text, and what it wrote. */
struct story {
    struct ws_client client;
    struct buffer told;
};

static void tell(struct story *story, const struct ws_client_event *event)
{
    struct buffer *told = &story->told;
    switch (event->kind) {
    case WS_CLIENT_EVENT_NONE:
    case WS_CLIENT_EVENT_PIECE: /* as many as there are pieces of bytes */
        return;
    case WS_CLIENT_EVENT_OPENED:
        buffer_printf(told, "opened %.*s|", (int)event->text.size_bytes, event->text.data);
        return;
    case WS_CLIENT_EVENT_TEXT:
        buffer_printf(told, "%.*s|", (int)event->text.size_bytes, event->text.data);
        return;
    case WS_CLIENT_EVENT_REFUSED:
        buffer_printf(told, "refused %u|", event->status);
        return;
    case WS_CLIENT_EVENT_ENDED:
        buffer_printf(told, "ended %u|", event->close_code);
        return;
    case WS_CLIENT_EVENT_DEAD:
        buffer_printf(told, "dead|");
        return;
    }
}

static void feed(struct story *story, const struct buffer *bytes, size_t segment_bytes)
{
    for (size_t start = 0; start < bytes->size_bytes; start += segment_bytes) {
        size_t end = start + segment_bytes < bytes->size_bytes ? start + segment_bytes
                                                               : bytes->size_bytes;
        for (size_t offset = start; offset < end;) {
            struct ws_client_event event;
            offset += ws_client_feed(&story->client, bytes->data + offset, end - offset, &event);
            tell(story, &event);
        }
    }
}

static void begin(struct story *story, enum client_wire fault)
{
    ws_client_init(&story->client, fault, "127.0.0.1:80", "/v1/ws?token=t", LIMIT);
    buffer_init(&story->told, BUFFER_NO_LIMIT);
}

static void end(struct story *story)
{
    ws_client_free(&story->client);
    buffer_free(&story->told);
}

static void append_frame(struct buffer *out, uint8_t opcode, bool is_final, const char *text)
{
    struct ws_frame frame = {.opcode = opcode, .is_final = is_final};
    ws_append_frame(out, &frame, text, strlen(text));
}

static void append_upgrade(struct buffer *out)
{
    char accept[WS_ACCEPT_TEXT_BYTES];
    ws_accept_key(span_of(KEY), accept);
    ws_append_upgrade_response(out, accept, MOMENT);
}

/* Opens, then reads what `append` makes, in segments of that size; what was told after the Date. */
static char *told_after(enum client_wire fault, void (*append)(struct buffer *out),
                        size_t segment_bytes)
{
    struct story story;
    struct buffer bytes;
    begin(&story, fault);
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    append_upgrade(&bytes);
    feed(&story, &bytes, segment_bytes);
    cr_assert_str_eq(buffer_text(&story.told), "opened Mon, 01 Jun 2026 10:00:00 GMT|");
    buffer_clear(&story.told);
    buffer_clear(&bytes);
    append(&bytes);
    feed(&story, &bytes, segment_bytes);
    char *told = buffer_take_text(&story.told);
    buffer_free(&bytes);
    end(&story);
    return told;
}

/* ---- the handshake ---- */

Test(ws_client, its_request_is_an_upgrade_that_the_server_takes)
{
    struct story story;
    struct ws_request request;
    begin(&story, CLIENT_WIRE_RIGHT);
    const struct buffer *output = &story.client.output;
    cr_assert_eq(ws_request_parse(output->data, output->size_bytes, &request),
                 WS_REQUEST_COMPLETE);
    cr_expect(request.is_upgrade, "%s", request.fault);
    cr_expect(span_equals(request.path, "/v1/ws"));
    end(&story);
}

Test(ws_client, a_refusal_is_told_with_its_status)
{
    struct story story;
    struct buffer bytes;
    begin(&story, CLIENT_WIRE_RIGHT);
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    ws_append_refusal(&bytes, 503, "Retry-After: 1\r\n", "", MOMENT);
    feed(&story, &bytes, 7);
    cr_expect_eq(strncmp(buffer_text(&story.told), "refused 503|", 12), 0);
    buffer_free(&bytes);
    end(&story);
}

Test(ws_client, a_wrong_accept_is_refused_unless_a_mutant_does_not_look)
{
    static const struct {
        enum client_wire fault;
        const char *told;
    } rows[] = {{CLIENT_WIRE_RIGHT, "refused 0|"}, {CLIENT_WIRE_ACCEPT_UNCHECKED, "opened "}};
    for (size_t i = 0; i < 2; i++) {
        struct story story;
        struct buffer bytes;
        begin(&story, rows[i].fault);
        buffer_init(&bytes, BUFFER_NO_LIMIT);
        ws_append_upgrade_response(&bytes, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", MOMENT);
        feed(&story, &bytes, bytes.size_bytes);
        cr_expect_eq(strncmp(buffer_text(&story.told), rows[i].told, strlen(rows[i].told)), 0);
        buffer_free(&bytes);
        end(&story);
    }
}

Test(ws_client, an_endless_response_is_refused)
{
    struct story story;
    struct buffer bytes;
    begin(&story, CLIENT_WIRE_RIGHT);
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    buffer_append_text(&bytes, "HTTP/1.1 101 Switching Protocols\r\n");
    for (int i = 0; i < 7000; i++)
        buffer_append_text(&bytes, "X-More: 1\r\n");
    feed(&story, &bytes, 1000);
    cr_expect_eq(strncmp(buffer_text(&story.told), "refused 0|", 10), 0);
    buffer_free(&bytes);
    end(&story);
}

Test(ws_client, frames_in_one_segment_with_the_response_are_read)
{
    static const struct {
        enum client_wire fault;
        const char *told;
    } rows[] = {
        {CLIENT_WIRE_RIGHT, "opened Mon, 01 Jun 2026 10:00:00 GMT|first|"},
        {CLIENT_WIRE_LOSES_FIRST_FRAMES, "opened Mon, 01 Jun 2026 10:00:00 GMT|"},
    };
    for (size_t i = 0; i < 2; i++) {
        struct story story;
        struct buffer bytes;
        begin(&story, rows[i].fault);
        buffer_init(&bytes, BUFFER_NO_LIMIT);
        append_upgrade(&bytes);
        ws_append_text(&bytes, "first", 5);
        feed(&story, &bytes, bytes.size_bytes);
        cr_expect_str_eq(buffer_text(&story.told), rows[i].told);
        buffer_free(&bytes);
        end(&story);
    }
}

/* ---- messages ---- */

static void append_whole(struct buffer *out)
{
    append_frame(out, WS_OPCODE_TEXT, true, "one");
    append_frame(out, WS_OPCODE_TEXT, true, "two");
}

/* "aé€b" in three fragments that cut both characters, then a whole message. */
static void append_fragments(struct buffer *out)
{
    append_frame(out, WS_OPCODE_TEXT, false, "a\xC3");
    append_frame(out, WS_OPCODE_CONTINUATION, false, "\xA9\xE2\x82");
    append_frame(out, WS_OPCODE_CONTINUATION, true, "\xAC" "b");
    append_frame(out, WS_OPCODE_TEXT, true, "whole");
}

static void append_interrupted(struct buffer *out)
{
    append_frame(out, WS_OPCODE_TEXT, false, "a");
    append_frame(out, WS_OPCODE_PING, true, "");
    append_frame(out, WS_OPCODE_CONTINUATION, true, "b");
    append_frame(out, WS_OPCODE_PING, true, "");
    append_frame(out, WS_OPCODE_TEXT, true, "whole");
}

static void append_close(struct buffer *out)
{
    ws_append_close(out, 1001, "bye", NULL);
}

static void append_violation(struct buffer *out)
{
    append_frame(out, WS_OPCODE_TEXT, true, "one");
    append_frame(out, 0x3, true, "");
    append_frame(out, WS_OPCODE_TEXT, true, "two");
}

static void append_binary(struct buffer *out)
{
    append_frame(out, WS_OPCODE_BINARY, true, "xy");
    append_frame(out, WS_OPCODE_TEXT, true, "two");
}

static void append_large(struct buffer *out)
{
    char *text = calloc(1, 70001);
    memset(text, 'x', 70000);
    append_frame(out, WS_OPCODE_TEXT, true, text);
    free(text);
}

Test(ws_client, each_fault_shows_where_it_should_and_nowhere_else)
{
    static const struct {
        enum client_wire fault;
        void (*append)(struct buffer *out);
        const char *told;
    } rows[] = {
        {CLIENT_WIRE_RIGHT, append_whole, "one|two|"},
        {CLIENT_WIRE_RIGHT, append_fragments, "a\xC3\xA9\xE2\x82\xAC" "b|whole|"},
        {CLIENT_WIRE_RIGHT, append_interrupted, "ab|whole|"},
        {CLIENT_WIRE_RIGHT, append_close, "ended 1001|"},
        {CLIENT_WIRE_RIGHT, append_violation, "one|ended 0|"},
        {CLIENT_WIRE_RIGHT, append_binary, "|two|"},
        {CLIENT_WIRE_DROPS_FRAGMENTS, append_whole, "one|two|"},
        {CLIENT_WIRE_DROPS_FRAGMENTS, append_fragments, "whole|"},
        {CLIENT_WIRE_FRAGMENTS_ARE_MESSAGES, append_interrupted, "a|b|whole|"},
        {CLIENT_WIRE_FRAGMENTS_ARE_MESSAGES, append_whole, "one|two|"},
        {CLIENT_WIRE_MANGLES_FRAGMENTS, append_fragments,
         "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" "b|whole|"},
        {CLIENT_WIRE_MANGLES_FRAGMENTS, append_interrupted, "ab|whole|"},
        {CLIENT_WIRE_PING_ENDS_MESSAGE, append_interrupted, "whole|"},
        {CLIENT_WIRE_PING_ENDS_MESSAGE, append_fragments, "a\xC3\xA9\xE2\x82\xAC" "b|whole|"},
        {CLIENT_WIRE_IGNORES_CLOSE, append_close, ""},
        {CLIENT_WIRE_VIOLATION_DEAFENS, append_violation, "one|"},
        {CLIENT_WIRE_VIOLATION_KILLS, append_violation, "one|dead|"},
        {CLIENT_WIRE_SMALL_MESSAGES, append_large, "ended 0|"},
        {CLIENT_WIRE_SMALL_MESSAGES, append_whole, "one|two|"},
    };
    static const size_t segments[] = {1, 3, 1 << 20};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t j = 0; j < 3; j++) {
            char *told = told_after(rows[i].fault, rows[i].append, segments[j]);
            cr_expect_str_eq(told, rows[i].told, "row %zu in segments of %zu: %s", i, segments[j],
                             told);
            free(told);
        }
    }
}

Test(ws_client, a_header_in_two_segments_deafens_one_mutant_only)
{
    char *told = told_after(CLIENT_WIRE_CUT_HEADER_DEAFENS, append_whole, 1);
    cr_expect_str_eq(told, "");
    free(told);
    told = told_after(CLIENT_WIRE_CUT_HEADER_DEAFENS, append_whole, 1 << 20);
    cr_expect_str_eq(told, "one|two|");
    free(told);
}

/* ---- what it writes ---- */

/* The server's view of what the client writes after a ping and a close, without the request. */
static char *written(enum client_wire fault)
{
    struct story story;
    struct buffer bytes, seen;
    struct ws_receiver server;
    begin(&story, fault);
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    buffer_init(&seen, BUFFER_NO_LIMIT);
    buffer_clear(&story.client.output);
    append_upgrade(&bytes);
    append_frame(&bytes, WS_OPCODE_PING, true, "p");
    feed(&story, &bytes, bytes.size_bytes);
    ws_client_send(&story.client, "hello", 5);
    buffer_clear(&bytes);
    append_close(&bytes);
    feed(&story, &bytes, bytes.size_bytes);
    ws_receiver_init(&server, WS_ROLE_SERVER, LIMIT);
    const struct buffer *output = &story.client.output;
    for (size_t offset = 0; offset < output->size_bytes && !server.is_dead;) {
        struct ws_event event;
        offset += ws_receiver_feed(&server, output->data + offset, output->size_bytes - offset,
                                   &event);
        buffer_printf(&seen, "%s%.*s|", event.kind == WS_EVENT_VIOLATION ? "violation" : "",
                      (int)event.size_bytes, event.size_bytes ? event.data : "");
        if (event.kind == WS_EVENT_CLOSE)
            buffer_printf(&seen, "close %u", event.close_code);
    }
    ws_receiver_free(&server);
    buffer_free(&bytes);
    end(&story);
    return buffer_take_text(&seen);
}

Test(ws_client, it_answers_pings_and_closes_with_masked_frames)
{
    static const struct {
        enum client_wire fault;
        const char *seen;
    } rows[] = {
        {CLIENT_WIRE_RIGHT, "p|hello||close 1001"},
        {CLIENT_WIRE_NO_PONG, "hello||close 1001"},
        {CLIENT_WIRE_IGNORES_CLOSE, "p|hello|"},
        {CLIENT_WIRE_UNMASKED, "violation|"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *seen = written(rows[i].fault);
        cr_expect_str_eq(seen, rows[i].seen, "%s", seen);
        free(seen);
    }
}

Test(ws_client, nothing_is_sent_before_the_upgrade)
{
    struct story story;
    begin(&story, CLIENT_WIRE_RIGHT);
    size_t request_bytes = story.client.output.size_bytes;
    ws_client_send(&story.client, "hello", 5);
    ws_client_close(&story.client);
    cr_expect_eq(story.client.output.size_bytes, request_bytes);
    end(&story);
}
