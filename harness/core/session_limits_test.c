/* What a client may send at most, and what it may not send at all. */
#include "core/session.h"

#include "core/memory.h"
#include "core/session_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(session_limits, .fini = fixture_stop);

static void assert_violation(uint32_t link, const char *part)
{
    const struct transcript_entry *violation = fixture_entry(TRANSCRIPT_VIOLATION, NULL, 0);
    cr_assert_not_null(violation, "no violation was noted");
    cr_assert_not_null(strstr(violation->text, part), "`%s`", violation->text);
    cr_assert_eq(violation->connection, link);
}

static uint32_t open_and_wait(void)
{
    fixture_play("{'accept':{}},{'wait':{'ms':1000}}");
    return fixture_open();
}

/* ---- the handshake ---- */

Test(session_limits, garbage_instead_of_a_handshake_is_a_violation)
{
    fixture_play("{'accept':{}}");
    uint32_t link = fixture_connect();
    fixture_bytes(link, "\x16\x03\x01 no http\r\n\r\n", 14);
    assert_violation(link, "no HTTP request");
    cr_assert(fixture_head_has(link, "HTTP/1.1 400 Bad Request"));
    cr_assert(fixture.links[link].is_ended);
    fixture_open();
}

Test(session_limits, a_request_without_end_is_refused_at_16_KiB)
{
    fixture_play("{'accept':{}}");
    uint32_t link = fixture_connect();
    static const char line[] = "X-Padding: 0123456789012345678901234567890123456789\r\n";
    fixture_bytes(link, "GET /v1/ws HTTP/1.1\r\n", 21);
    for (int count = 0; count < 400 && !fixture.links[link].is_ended; count++)
        fixture_bytes(link, line, sizeof(line) - 1);
    cr_assert(fixture.links[link].is_ended);
    assert_violation(link, "handshake");
}

Test(session_limits, a_waiting_client_cannot_fill_memory)
{
    fixture_play("{'wait':{'ms':10}},{'accept':{}}");
    uint32_t link = fixture_request("/v1/ws?token=a", "");
    static char garbage[100000];
    for (int count = 0; count < 100; count++)
        fixture_bytes(link, garbage, sizeof(garbage));
    fixture_wait(10);
    cr_assert(fixture_head_has(link, " 101 "), "what is too much is dropped");
}

Test(session_limits, a_request_that_is_no_utf_8_or_very_long_is_noted_in_short)
{
    fixture_play("{'accept':{}}");
    uint32_t link = fixture_connect();
    static char request[5000];
    memset(request, 'A', sizeof(request));
    memcpy(request, "PROPFINDPROPFIND /", 18);
    memcpy(request + 4000, " HTTP/1.1\r\nHost: a\r\n\r\n", 22);
    fixture_bytes(link, request, 4022);
    const char *text = fixture_entry(TRANSCRIPT_REQUEST, NULL, 0)->text;
    cr_assert_eq(strncmp(text, "PROPFINDPROPFIND /AAAA", 22), 0, "`%s`", text);
    cr_assert_lt(strlen(text), 256);
    fixture_request("/v1/ws\xFF?token=a", "");
    const struct transcript_entry *second = fixture_entry(TRANSCRIPT_REQUEST, NULL, 1);
    cr_assert(!second || !second->text || text_is_utf8(second->text, strlen(second->text)));
}

/* ---- frames ---- */

/* What is wrong, as bytes of the client. */
static const struct {
    const char *what, *bytes;
    size_t size_bytes;
} wrong_frames[] = {
    {"5.1", "\x81\x02{}", 4},                             /* not masked */
    {"RFC 6455", "\xC1\x80\0\0\0\0", 6},                  /* RSV1 */
    {"RFC 6455", "\x83\x80\0\0\0\0", 6},                  /* opcode 3 */
    {"RFC 6455", "\x09\x80\0\0\0\0", 6},                  /* a ping in fragments */
    {"RFC 6455", "\x80\x80\0\0\0\0", 6},                  /* continues nothing */
    {"RFC 6455", "\x81\x81\0\0\0\0\xFF", 7},              /* no UTF-8 */
    {"RFC 6455", "\x88\x81\0\0\0\0\x03", 7},              /* half a close code */
};

Test(session_limits, a_wrong_frame_is_a_violation_and_ends_the_connection)
{
    for (size_t index = 0; index < sizeof(wrong_frames) / sizeof(wrong_frames[0]); index++) {
        uint32_t link = open_and_wait();
        fixture_bytes(link, wrong_frames[index].bytes, wrong_frames[index].size_bytes);
        assert_violation(link, wrong_frames[index].what);
        cr_assert_eq(fixture_count(link, WS_EVENT_CLOSE), 1);
        fixture_close(link, 1002);
        cr_assert(fixture.links[link].is_ended || fixture_entry_count(TRANSCRIPT_END, NULL) == 0);
        fixture_wait(1000);
        cr_assert(fixture.links[link].is_ended, "at the latest a second later");
        fixture_stop();
    }
}

Test(session_limits, a_message_of_1_MiB_is_taken_and_one_byte_more_is_a_violation)
{
    uint32_t link = open_and_wait();
    size_t size_bytes = (1u << 20) + 1;
    char *text = memory_alloc(size_bytes, 1);
    memset(text, 'a', size_bytes);
    fixture_frame(link, WS_OPCODE_TEXT, text, size_bytes - 1);
    const struct transcript_entry *frame = fixture_entry(TRANSCRIPT_FRAME_IN, NULL, 0);
    cr_assert_eq(frame->size_bytes, size_bytes - 1);
    cr_assert(frame->flags & TRANSCRIPT_FLAG_MALFORMED);
    cr_assert(frame->flags & TRANSCRIPT_FLAG_TRUNCATED);
    cr_assert_null(frame->text);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_VIOLATION, NULL), 0);
    fixture_frame(link, WS_OPCODE_TEXT, text, size_bytes);
    free(text);
    assert_violation(link, "");
}

Test(session_limits, ten_thousand_frames_are_enough)
{
    static const uint8_t opcodes[] = {WS_OPCODE_TEXT, WS_OPCODE_BINARY, WS_OPCODE_PING};
    for (size_t kind = 0; kind < sizeof(opcodes); kind++) {
        fixture_play("{'accept':{}},{'accept':{}},{'wait':{'ms':1000}}");
        uint32_t link = fixture_open();
        for (int count = 0; count < 10000; count++)
            fixture_frame(link, opcodes[kind], "", 0);
        cr_assert_eq(fixture_entry_count(TRANSCRIPT_VIOLATION, NULL), 0);
        fixture_frame(link, opcodes[kind], "", 0);
        assert_violation(link, "more than 10,000 frames");
        size_t count = session_transcript(fixture.session)->count;
        for (int more = 0; more < 100; more++)
            fixture_frame(link, WS_OPCODE_TEXT, "", 0);
        cr_assert_eq(session_transcript(fixture.session)->count, count, "nothing more is noted");
        uint32_t next = fixture_open();
        fixture_text(next, "{'type':'ping'}");
        cr_assert_eq(fixture_count(next, WS_EVENT_CLOSE), 1, "a new connection is no way out");
        fixture_stop();
    }
}

Test(session_limits, resyncs_beyond_a_thousand_are_not_answered)
{
    fixture_play("{'publish':{}},{'accept':{}},{'wait':{'ms':1000}}");
    uint32_t link = fixture_open();
    for (int count = 0; count < 1010; count++)
        fixture_text(link, "{'type':'resync','last_seen_seq':1}");
    cr_assert_eq(fixture_texts_with(link, "'resync_ack'"), 1000);
}

Test(session_limits, two_thousand_connections_are_enough)
{
    fixture_play("{'accept':{}},{'wait':{'ms':1000}}");
    fixture_open();
    for (int count = 1; count < 2000; count++)
        fixture_connect();
    cr_assert_not(fixture.is_done);
    fixture_connect();
    fixture_assert_unmet("C-16", "more than 2000 connections");
}

Test(session_limits, log_lines_cannot_fill_memory)
{
    fixture_play("{'accept':{}},{'wait':{'ms':1000}}");
    char *message = memory_alloc(65001, 1);
    memset(message, 'a', 65000);
    struct driver_line line = {.event = DRIVER_EVENT_LOG, .message = message};
    int count = 0;
    for (; count < 6000 && !session_is_done(fixture.session); count++)
        session_driver_line(fixture.session, &line, 0);
    free(message);
    cr_assert_lt(count, 6000);
    cr_assert_str_eq(fixture_how(), "error");
}

Test(session_limits, a_binary_frame_is_noted_and_ignored)
{
    uint32_t link = open_and_wait();
    fixture_frame(link, WS_OPCODE_BINARY, "\x00\xFF", 2);
    const struct transcript_entry *frame = fixture_entry(TRANSCRIPT_WS_IN, "binary", 0);
    cr_assert_eq(frame->size_bytes, 2);
    cr_assert_eq(fixture.links[link].message_count, 0);
}

Test(session_limits, frames_in_one_segment_or_byte_by_byte_are_the_same)
{
    static const uint8_t mask_key[4] = {9, 8, 7, 6};
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    struct ws_frame frame = {.opcode = WS_OPCODE_TEXT, .is_final = true, .mask_key = mask_key};
    for (int count = 0; count < 5; count++)
        ws_append_frame(&bytes, &frame, "{\"type\":\"ping\"}", 15);
    uint32_t link = open_and_wait();
    fixture_bytes(link, bytes.data, bytes.size_bytes);
    cr_assert_eq(fixture_texts_with(link, "{'type':'pong'}"), 5);
    for (size_t index = 0; index < bytes.size_bytes; index++)
        fixture_bytes(link, bytes.data + index, 1);
    cr_assert_eq(fixture_texts_with(link, "{'type':'pong'}"), 10);
    buffer_free(&bytes);
}
