#include "core/ws.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_BYTES 300000

static const uint8_t key[4] = {0x37, 0xFA, 0x21, 0x3D};

/* What a receiver told about some bytes, one line an event; owned by the caller. After a violation
 * the rest is fed all the same: it must be ignored. */
static char *told(enum ws_role role, size_t limit_bytes, const char *data, size_t size_bytes,
                  size_t piece_bytes)
{
    struct ws_receiver receiver;
    struct buffer log;
    ws_receiver_init(&receiver, role, limit_bytes);
    buffer_init(&log, BUFFER_NO_LIMIT);
    while (size_bytes > 0) {
        /* a piece of its own memory, so that the sanitizer sees a byte too far */
        size_t fed_bytes = piece_bytes < size_bytes ? piece_bytes : size_bytes;
        char *piece = malloc(fed_bytes);
        memcpy(piece, data, fed_bytes);
        struct ws_event event;
        size_t taken_bytes = ws_receiver_feed(&receiver, piece, fed_bytes, &event);
        free(piece);
        cr_assert_leq(taken_bytes, fed_bytes);
        data += taken_bytes;
        size_bytes -= taken_bytes;
        if (event.kind == WS_EVENT_NONE) {
            cr_assert(taken_bytes == fed_bytes || receiver.is_dead);
            if (receiver.is_dead)
                break;
            continue;
        }
        static const char *const names[] = {"none", "text",  "binary",   "ping",
                                            "pong", "close", "violation"};
        buffer_printf(&log, "%s", names[event.kind]);
        if (event.kind == WS_EVENT_VIOLATION) {
            cr_assert_null(event.data);
            cr_assert(strstr(event.violation, "(RFC 6455, "));
            buffer_printf(&log, " %s, %zu left\n", event.violation, size_bytes);
            continue;
        }
        cr_assert(event.data);
        if (event.kind == WS_EVENT_CLOSE)
            buffer_printf(&log, " %u", event.close_code);
        buffer_printf(&log, " %zu ", event.size_bytes);
        if (event.size_bytes <= 200)
            text_append_escaped(&log, event.data, event.size_bytes, 200);
        else
            buffer_printf(&log, "%llx",
                          (unsigned long long)text_hash(event.data, event.size_bytes));
        buffer_append_text(&log, "\n");
    }
    ws_receiver_free(&receiver);
    return buffer_take_text(&log);
}

/* The same must be told whatever the pieces are. Owned by the caller. */
static char *told_anyhow(enum ws_role role, size_t limit_bytes, const char *data, size_t size_bytes)
{
    static const size_t pieces[] = {1, 2, 3, 5, 7, 16, 4099};
    char *whole = told(role, limit_bytes, data, size_bytes, size_bytes);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        char *parts = told(role, limit_bytes, data, size_bytes, pieces[i]);
        cr_assert_str_eq(parts, whole, "pieces of %zu: %s, whole: %s", pieces[i], parts, whole);
        free(parts);
    }
    return whole;
}

static void append(struct buffer *out, uint8_t opcode, bool is_final, const char *payload)
{
    struct ws_frame frame = {.opcode = opcode, .is_final = is_final, .mask_key = key};
    ws_append_frame(out, &frame, payload, strlen(payload));
}

/* ---- writing ---- */

Test(ws_frame, writes_the_examples_of_5_7)
{
    static const struct {
        struct ws_frame frame;
        const char *payload, *bytes;
        size_t size_bytes;
    } cases[] = {
        {{.opcode = WS_OPCODE_TEXT, .is_final = true}, "Hello", "\x81\x05Hello", 7},
        {{.opcode = WS_OPCODE_TEXT, .is_final = true, .mask_key = key},
         "Hello",
         "\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58",
         11},
        {{.opcode = WS_OPCODE_TEXT}, "Hel", "\x01\x03Hel", 5},
        {{.opcode = WS_OPCODE_CONTINUATION, .is_final = true}, "lo", "\x80\x02lo", 4},
        {{.opcode = WS_OPCODE_PING, .is_final = true}, "Hello", "\x89\x05Hello", 7},
        {{.opcode = WS_OPCODE_PONG, .is_final = true, .mask_key = key},
         "Hello",
         "\x8A\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58",
         11},
        /* wrong ones on purpose */
        {{.opcode = 0xB, .is_final = true, .reserved_bits = 7}, "", "\xFB\x00", 2},
        {{.opcode = WS_OPCODE_TEXT, .is_final = true, .reserved_bits = 4}, "", "\xC1\x00", 2},
        {{.opcode = 0xF1, .reserved_bits = 0xF8}, "", "\x01\x00", 2}, /* no room for more bits */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        buffer_init(&out, 100);
        ws_append_frame(&out, &cases[i].frame, cases[i].payload, strlen(cases[i].payload));
        cr_assert_eq(out.size_bytes, cases[i].size_bytes, "case %zu", i);
        cr_assert_arr_eq(out.data, cases[i].bytes, out.size_bytes, "case %zu", i);
        buffer_free(&out);
    }
}

Test(ws_frame, writes_the_shortest_length)
{
    static const struct {
        size_t payload_bytes;
        const char *header;
        size_t header_bytes;
    } cases[] = {
        {0, "\x81\x00", 2},
        {125, "\x81\x7D", 2},
        {126, "\x81\x7E\x00\x7E", 4},
        {65535, "\x81\x7E\xFF\xFF", 4},
        {65536, "\x81\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10},
    };
    char *payload = calloc(1, 65536);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        buffer_init(&out, BUFFER_NO_LIMIT);
        ws_append_text(&out, payload, cases[i].payload_bytes);
        cr_assert_eq(out.size_bytes, cases[i].header_bytes + cases[i].payload_bytes);
        cr_assert_arr_eq(out.data, cases[i].header, cases[i].header_bytes, "case %zu", i);
        buffer_free(&out);
    }
    free(payload);
}

Test(ws_frame, a_frame_that_does_not_fit_is_not_written)
{
    for (size_t limit_bytes = 0; limit_bytes <= 7; limit_bytes++) {
        struct buffer out;
        buffer_init(&out, limit_bytes);
        ws_append_text(&out, "Hello", 5);
        cr_assert_eq(out.size_bytes, limit_bytes == 7 ? 7 : 0);
        buffer_free(&out);
    }
}

Test(ws_frame, writes_close_frames_that_are_read_back)
{
    char reason[131];
    memset(reason, 'r', 130);
    memcpy(reason + 122, "\xC3\xA4", 3); /* 123 bytes would end within it */
    static const struct {
        unsigned code;
        const char *reason, *expected;
    } cases[] = {
        {0, NULL, "close 1005 0 \n"},
        {0, "ignored", "close 1005 0 \n"},
        {1000, NULL, "close 1000 0 \n"},
        {4001, "token expired", "close 4001 13 token expired\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        buffer_init(&out, 1000);
        ws_append_close(&out, cases[i].code, cases[i].reason, NULL);
        char *events = told_anyhow(WS_ROLE_CLIENT, 0, out.data, out.size_bytes);
        cr_assert_str_eq(events, cases[i].expected);
        free(events);
        buffer_free(&out);
    }
    struct buffer out;
    buffer_init(&out, 1000);
    ws_append_close(&out, 1001, reason, key);
    char *events = told_anyhow(WS_ROLE_SERVER, 0, out.data, out.size_bytes);
    cr_assert(strncmp(events, "close 1001 122 rrr", 18) == 0, "%s", events);
    free(events);
    buffer_free(&out);
}

/* ---- receiving what is right ---- */

Test(ws_frame, reads_the_examples_of_5_7)
{
    char *events =
        told_anyhow(WS_ROLE_SERVER, 100, "\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58", 11);
    cr_assert_str_eq(events, "text 5 Hello\n");
    free(events);
    static const char unmasked[] = "\x01\x03Hel\x89\x05Hello\x80\x02lo\x8A\x00";
    events =
        told_anyhow(WS_ROLE_CLIENT, 100, unmasked, sizeof unmasked); /* its NUL: half a frame */
    cr_assert(strncmp(events, "ping 5 Hello\ntext 5 Hello\npong 0 \n", 34) == 0, "%s", events);
    free(events);
}

Test(ws_frame, reads_every_length_at_every_border)
{
    static const size_t sizes[] = {0,   1,   3,   4,     7,     8,     9,     124,
                                   125, 126, 127, 65534, 65535, 65536, 65537, LIMIT_BYTES};
    char *payload = malloc(LIMIT_BYTES);
    for (size_t i = 0; i < LIMIT_BYTES; i++)
        payload[i] = (char)('a' + i * i % 23);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int is_masked = 0; is_masked <= 1; is_masked++) {
            struct ws_frame frame = {
                .opcode = WS_OPCODE_BINARY, .is_final = true, .mask_key = is_masked ? key : NULL};
            struct buffer out, expected;
            buffer_init(&out, BUFFER_NO_LIMIT);
            buffer_init(&expected, BUFFER_NO_LIMIT);
            ws_append_frame(&out, &frame, payload, sizes[i]);
            ws_append_frame(&out, &frame, "next", 4);
            char *events = told_anyhow(is_masked ? WS_ROLE_SERVER : WS_ROLE_CLIENT, LIMIT_BYTES,
                                       out.data, out.size_bytes);
            buffer_printf(&expected, "binary %zu ", sizes[i]);
            if (sizes[i] <= 200)
                buffer_append(&expected, payload, sizes[i]);
            else
                buffer_printf(&expected, "%llx", (unsigned long long)text_hash(payload, sizes[i]));
            buffer_append_text(&expected, "\nbinary 4 next\n");
            cr_assert_str_eq(events, buffer_text(&expected));
            free(events);
            buffer_free(&out);
            buffer_free(&expected);
        }
    }
    free(payload);
}

Test(ws_frame, fragments_become_one_message_and_control_frames_pass_between)
{
    struct buffer out;
    buffer_init(&out, 10000);
    append(&out, WS_OPCODE_TEXT, false, "one ");
    append(&out, WS_OPCODE_PING, true, "are you there");
    append(&out, WS_OPCODE_CONTINUATION, false, "");
    append(&out, WS_OPCODE_CONTINUATION, false, "two \xE2\x82"); /* a character is split */
    append(&out, WS_OPCODE_PONG, true, "");
    append(&out, WS_OPCODE_CONTINUATION, false, "\xAC ");
    append(&out, WS_OPCODE_CONTINUATION, true, "three");
    append(&out, WS_OPCODE_BINARY, false, "");
    append(&out, WS_OPCODE_CONTINUATION, true, "");
    append(&out, WS_OPCODE_BINARY, true, "\xFF\xFE");
    append(&out, WS_OPCODE_TEXT, true, "");
    append(&out, WS_OPCODE_CLOSE, true,
           "\x03\xE8"
           "bye");
    char *events = told_anyhow(WS_ROLE_SERVER, 100, out.data, out.size_bytes);
    cr_assert_str_eq(events, "ping 13 are you there\n"
                             "pong 0 \n"
                             "text 17 one two \xE2\x82\xAC three\n"
                             "binary 0 \n"
                             "binary 2 \\xFF\\xFE\n"
                             "text 0 \n"
                             "close 1000 3 bye\n");
    free(events);
    buffer_free(&out);
}

Test(ws_frame, every_proper_prefix_of_a_frame_tells_nothing)
{
    static const size_t sizes[] = {0, 1, 125, 126, 65536};
    static const uint8_t opcodes[] = {WS_OPCODE_TEXT, WS_OPCODE_BINARY, WS_OPCODE_PING,
                                      WS_OPCODE_PONG, WS_OPCODE_CLOSE};
    char *payload = malloc(65536);
    memset(payload, 3, 65536); /* also a close code, 0x0303 = 771: never judged too early */
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t j = 0; j < sizeof opcodes; j++) {
            if (opcodes[j] >= WS_OPCODE_CLOSE && sizes[i] > 125)
                continue;
            struct ws_frame frame = {.opcode = opcodes[j], .is_final = true, .mask_key = key};
            struct buffer out;
            buffer_init(&out, BUFFER_NO_LIMIT);
            ws_append_frame(&out, &frame, payload, sizes[i]);
            size_t step_bytes = out.size_bytes > 1000 ? 997 : 1;
            for (size_t prefix = 0; prefix < out.size_bytes; prefix += step_bytes) {
                struct ws_receiver receiver;
                struct ws_event event;
                ws_receiver_init(&receiver, WS_ROLE_SERVER, 65536);
                cr_assert_eq(ws_receiver_feed(&receiver, out.data, prefix, &event), prefix);
                cr_assert_eq(event.kind, WS_EVENT_NONE, "prefix %zu of %zu", prefix, sizes[i]);
                /* and the rest completes it */
                ws_receiver_feed(&receiver, out.data + prefix, out.size_bytes - prefix, &event);
                cr_assert_neq(event.kind, WS_EVENT_NONE);
                ws_receiver_free(&receiver);
            }
            buffer_free(&out);
        }
    }
    free(payload);
}

Test(ws_frame, feeding_nothing_changes_nothing)
{
    struct ws_receiver receiver;
    struct ws_event event;
    ws_receiver_init(&receiver, WS_ROLE_CLIENT, 100);
    cr_assert_eq(ws_receiver_feed(&receiver, NULL, 0, &event), 0);
    cr_assert_eq(event.kind, WS_EVENT_NONE);
    cr_assert_eq(ws_receiver_feed(&receiver, "\x81\x01", 2, &event), 2);
    cr_assert_eq(ws_receiver_feed(&receiver, NULL, 0, &event), 0);
    cr_assert_eq(ws_receiver_feed(&receiver, "a", 1, &event), 1);
    cr_assert_eq(event.kind, WS_EVENT_TEXT);
    ws_receiver_free(&receiver);
}

Test(ws_frame, one_feed_takes_one_event)
{
    struct ws_receiver receiver;
    struct ws_event event;
    ws_receiver_init(&receiver, WS_ROLE_CLIENT, 100);
    cr_assert_eq(ws_receiver_feed(&receiver,
                                  "\x81\x01"
                                  "a\x81\x01"
                                  "b",
                                  6, &event),
                 3);
    cr_assert_eq(event.kind, WS_EVENT_TEXT);
    cr_assert_eq(event.data[0], 'a');
    cr_assert_eq(ws_receiver_feed(&receiver,
                                  "\x81\x01"
                                  "b",
                                  3, &event),
                 3);
    cr_assert_eq(event.data[0], 'b');
    ws_receiver_free(&receiver);
}

/* ---- receiving what is wrong ---- */

struct wrong {
    const char *bytes;
    size_t size_bytes;
    enum ws_role role;
    const char *violation; /* a part of it */
    size_t taken_bytes;    /* up to where it must be told */
};

#define BYTES(text) text, sizeof(text) - 1
#define MASK        "\x37\xFA\x21\x3D"

static const struct wrong wrongs[] = {
    /* 5.1 */
    {BYTES("\x81\x05Hello"), WS_ROLE_SERVER, "not masked (RFC 6455, 5.1)", 2},
    {BYTES("\x89\x00"), WS_ROLE_SERVER, "not masked (RFC 6455, 5.1)", 2},
    {BYTES("\x81\x85" MASK "Hello"), WS_ROLE_CLIENT, "is masked (RFC 6455, 5.1)", 2},
    {BYTES("\x88\x80" MASK), WS_ROLE_CLIENT, "is masked (RFC 6455, 5.1)", 2},
    /* 5.2: reserved bits, also on control frames and continuations */
    {BYTES("\xC1\x00"), WS_ROLE_CLIENT, "reserved bit", 1},
    {BYTES("\xA1\x00"), WS_ROLE_CLIENT, "reserved bit", 1},
    {BYTES("\x91\x00"), WS_ROLE_CLIENT, "reserved bit", 1},
    {BYTES("\xC9\x80" MASK), WS_ROLE_SERVER, "reserved bit", 1},
    {BYTES("\x01\x01"
           "a\xC0\x00"),
     WS_ROLE_CLIENT, "reserved bit", 4},
    /* 5.2: lengths */
    {BYTES("\x81\x7E\x00\x7D"), WS_ROLE_CLIENT, "shortest form", 4},
    {BYTES("\x81\x7E\x00\x00"), WS_ROLE_CLIENT, "shortest form", 4},
    {BYTES("\x81\xFE\x00\x05" MASK), WS_ROLE_SERVER, "shortest form", 4},
    {BYTES("\x81\x7F\0\0\0\0\0\0\xFF\xFF"), WS_ROLE_CLIENT, "shortest form", 10},
    {BYTES("\x82\xFF\0\0\0\0\0\0\0\0" MASK), WS_ROLE_SERVER, "shortest form", 10},
    {BYTES("\x81\x7F\x80\0\0\0\0\0\0\0"), WS_ROLE_CLIENT, "top bit", 10},
    {BYTES("\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF" MASK), WS_ROLE_SERVER, "top bit", 10},
    /* 5.4 */
    {BYTES("\x80\x00"), WS_ROLE_CLIENT, "continues nothing (RFC 6455, 5.4)", 1},
    {BYTES("\x00\x81" MASK "a"), WS_ROLE_SERVER, "continues nothing", 1},
    {BYTES("\x01\x01"
           "a\x80\x01"
           "b\x80\x01"
           "c"),
     WS_ROLE_CLIENT, "continues nothing", 7},
    {BYTES("\x81\x01"
           "a\x80\x01"
           "b"),
     WS_ROLE_CLIENT, "continues nothing", 4},
    {BYTES("\x01\x01"
           "a\x81\x01"
           "b"),
     WS_ROLE_CLIENT, "before the fragmented one ended", 4},
    {BYTES("\x02\x00\x89\x00\x01\x01"
           "b"),
     WS_ROLE_CLIENT, "before the fragmented one", 5},
    {BYTES("\x01\x00\x00\x00\x82\x00"), WS_ROLE_CLIENT, "before the fragmented one", 5},
    /* 5.5 */
    {BYTES("\x09\x00"), WS_ROLE_CLIENT, "control frame is fragmented (RFC 6455, 5.5)", 1},
    {BYTES("\x0A\x80" MASK), WS_ROLE_SERVER, "control frame is fragmented", 1},
    {BYTES("\x08\x02\x03\xE8"), WS_ROLE_CLIENT, "control frame is fragmented", 1},
    {BYTES("\x89\x7E\x00\x7E"), WS_ROLE_CLIENT, "more than 125 bytes (RFC 6455, 5.5)", 2},
    {BYTES("\x8A\xFF\0\0\0\0\0\1\0\0" MASK), WS_ROLE_SERVER, "more than 125 bytes", 2},
    {BYTES("\x88\x7E\x00\x05"), WS_ROLE_CLIENT, "more than 125 bytes", 2},
    /* 5.5.1 */
    {BYTES("\x88\x01\x03"), WS_ROLE_CLIENT, "body is one byte (RFC 6455, 5.5.1)", 3},
    {BYTES("\x88\x03\x03\xE8\xFF"), WS_ROLE_CLIENT, "reason is not UTF-8", 5},
    {BYTES("\x88\x04\x03\xE8\xC3\x28"), WS_ROLE_CLIENT, "reason is not UTF-8", 6},
    {BYTES("\x88\x04\x03\xE8\xE2\x82"), WS_ROLE_CLIENT, "reason is not UTF-8", 6},
    {BYTES("\x88\x00\x81\x01"
           "a"),
     WS_ROLE_CLIENT, "follows the close frame", 3},
    {BYTES("\x88\x00\x89\x00\x82\x01"
           "a"),
     WS_ROLE_CLIENT, "follows the close frame", 5},
    {BYTES("\x01\x01"
           "a\x88\x00\x80\x01"
           "a"),
     WS_ROLE_CLIENT, "follows the close frame", 6},
    /* 8.1 */
    {BYTES("\x81\x01\xFF"), WS_ROLE_CLIENT, "not UTF-8 (RFC 6455, 8.1)", 3},
    {BYTES("\x81\x03\xED\xA0\x80"), WS_ROLE_CLIENT, "not UTF-8", 5},
    {BYTES("\x81\x02\xE2\x82"), WS_ROLE_CLIENT, "not UTF-8", 4},
    {BYTES("\x01\x01\xE2\x80\x01\x82"), WS_ROLE_CLIENT, "not UTF-8", 6},
    {BYTES("\x01\x01\xC3\x00\x00\x80\x01"
           "("),
     WS_ROLE_CLIENT, "not UTF-8", 8},
    {BYTES("\x01\x01\xFF\x80\x01"
           "a"),
     WS_ROLE_CLIENT, "not UTF-8", 6},
    /* too long for the receiver (limit 20): told before a byte of it comes */
    {BYTES("\x81\x15"), WS_ROLE_CLIENT, "limit", 2},
    {BYTES("\x82\x95" MASK), WS_ROLE_SERVER, "limit", 2},
    {BYTES("\x81\x7E\xFF\xFF"), WS_ROLE_CLIENT, "limit", 4},
    {BYTES("\x81\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), WS_ROLE_CLIENT, "limit", 10},
    {BYTES("\x01\x01"
           "a\x89\x00\x00\x01"
           "b\x80\x13"),
     WS_ROLE_CLIENT, "limit", 10},
    {BYTES("\x01\x01"
           "a\x80\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
     WS_ROLE_CLIENT, "limit", 13},
};

Test(ws_frame, every_violation_is_told_at_once_and_ends_the_receiver)
{
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        const struct wrong *wrong = &wrongs[i];
        char *events = told_anyhow(wrong->role, 20, wrong->bytes, wrong->size_bytes);
        const char *line = strstr(events, "violation ");
        cr_assert(line, "case %zu: %s", i, events);
        cr_assert(strstr(line, wrong->violation), "case %zu: %s", i, events);
        struct buffer left;
        buffer_init(&left, 100);
        buffer_printf(&left, ", %zu left\n", wrong->size_bytes - wrong->taken_bytes);
        const char *end = strstr(line, buffer_text(&left));
        cr_assert(end && end[left.size_bytes] == '\0', "case %zu: %s", i, events);
        buffer_free(&left);
        free(events);
    }
}

Test(ws_frame, nothing_is_taken_after_a_violation)
{
    struct ws_receiver receiver;
    struct ws_event event;
    ws_receiver_init(&receiver, WS_ROLE_CLIENT, 100);
    cr_assert_eq(ws_receiver_feed(&receiver, "\x83\x00\x81\x00", 4, &event), 1);
    cr_assert_eq(event.kind, WS_EVENT_VIOLATION);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(ws_receiver_feed(&receiver, "\x81\x00", 2, &event), 0);
        cr_assert_eq(event.kind, WS_EVENT_NONE);
    }
    ws_receiver_free(&receiver);
}

Test(ws_frame, only_the_six_defined_opcodes_are_taken)
{
    for (uint8_t opcode = 0; opcode < 16; opcode++) {
        struct ws_frame frame = {.opcode = opcode, .is_final = true, .mask_key = key};
        struct buffer out;
        buffer_init(&out, 100);
        ws_append_frame(&out, &frame, "\x03\xE8", 2);
        char *events = told_anyhow(WS_ROLE_SERVER, 100, out.data, out.size_bytes);
        bool is_reserved = (opcode > 2 && opcode < 8) || opcode > 10;
        cr_assert_eq(strstr(events, "opcode is a reserved one") != NULL, is_reserved, "%u: %s",
                     opcode, events);
        free(events);
        buffer_free(&out);
    }
}

Test(ws_frame, close_codes_are_those_that_may_stand_in_a_frame)
{
    for (unsigned code = 0; code <= 0xFFFF; code += code > 5100 ? 997 : 1) {
        bool may_be_sent = (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) ||
                           (code >= 3000 && code <= 4999);
        char bytes[] = {(char)0x88, 2, (char)(code >> 8), (char)code};
        struct ws_receiver receiver;
        struct ws_event event;
        ws_receiver_init(&receiver, WS_ROLE_CLIENT, 100);
        cr_assert_eq(ws_receiver_feed(&receiver, bytes, 4, &event), 4);
        cr_assert_eq(event.kind, may_be_sent ? WS_EVENT_CLOSE : WS_EVENT_VIOLATION, "%u", code);
        if (may_be_sent)
            cr_assert_eq(event.close_code, code);
        ws_receiver_free(&receiver);
    }
}

Test(ws_frame, the_limit_is_exact_also_over_fragments)
{
    for (size_t limit_bytes = 0; limit_bytes < 30; limit_bytes++) {
        struct buffer out;
        buffer_init(&out, 1000);
        append(&out, WS_OPCODE_TEXT, false, "0123456789");
        append(&out, WS_OPCODE_PING, true, "a ping is not part of it");
        append(&out, WS_OPCODE_CONTINUATION, true, "0123456789");
        append(&out, WS_OPCODE_TEXT, true, "01234567890123456789");
        char *events = told_anyhow(WS_ROLE_SERVER, limit_bytes, out.data, out.size_bytes);
        cr_assert_eq(strstr(events, "violation") != NULL, limit_bytes < 20, "%zu: %s", limit_bytes,
                     events);
        free(events);
        buffer_free(&out);
    }
}

Test(ws_frame, a_promised_length_takes_no_memory)
{
    struct ws_receiver receiver;
    struct ws_event event;
    ws_receiver_init(&receiver, WS_ROLE_CLIENT, (size_t)1 << 39);
    ws_receiver_feed(&receiver, "\x82\x7F\0\0\0\x7F\0\0\0\0abc", 13, &event);
    cr_assert_eq(event.kind, WS_EVENT_NONE);
    cr_assert_lt(receiver.message.capacity_bytes, 1000);
    ws_receiver_free(&receiver);
}

Test(ws_frame, any_bytes_are_told_the_same_whole_and_in_pieces)
{
    uint32_t state = 7;
    for (int round = 0; round < 3000; round++) {
        char bytes[64];
        for (size_t i = 0; i < sizeof bytes; i++) {
            state = state * 1664525 + 1013904223;
            bytes[i] = (char)(state >> 24);
            if (round % 2 == 0 && i % 3 == 0)
                bytes[i] &= (char)0x8F; /* more that look like a frame */
            if (round % 2 == 0 && i % 3 == 1)
                bytes[i] &= 0x0F;
        }
        enum ws_role role = round % 4 < 2 ? WS_ROLE_CLIENT : WS_ROLE_SERVER;
        free(told_anyhow(role, 40, bytes, sizeof bytes));
    }
}
