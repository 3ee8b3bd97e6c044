/* A client that says anything, against the server side of the session: whatever comes in, the fake
 * server answers by S-1 … S-6, writes good frames, records what it sent, and takes no more memory
 * than what it was told explains. */
#include "support/hostile_scripts.h"
#include "support/server_witness.h"
#include "support/target.h"

#include "core/session.h"
#include "core/timestamp.h"
#include "sim/choices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WALL_START_MS   INT64_C(1780308000250) /* 2026-06-01T10:00:00.250Z */
#define OPERATIONS_MAX  600                    /* of one input: time is bounded, too */
#define CONNECTIONS_MAX 40
#define WAIT_US_MAX     INT64_C(3000000)
#define MEMORY_BYTES    ((size_t)4 << 20) /* what a script may need by itself */

struct play {
    struct choices choices;
    struct session *session;
    struct witness witness;
    int64_t now_us;
    uint32_t connection_count;
    uint32_t connection; /* the one that is talked on */
    bool is_drain_wanted[CONNECTIONS_MAX + 1];
    bool is_ended[CONNECTIONS_MAX + 1];
    size_t received_bytes, line_bytes;
    size_t dispatched_count; /* of what came over the wire */
};

static struct span take_bytes(struct play *play, size_t size_bytes)
{
    struct choices *choices = &play->choices;
    size_t left = choices->byte_count - choices->used_count;
    size_bytes = size_bytes < left ? size_bytes : left;
    struct span bytes = {(const char *)choices->bytes + choices->used_count, size_bytes};
    choices->used_count += size_bytes;
    return bytes;
}

/* ---- effects ---- */

static void take_effect(struct play *play, const struct session_effect *effect)
{
    uint32_t number = effect->connection;
    TARGET_CHECK(number <= play->connection_count, "connection %u", number);
    switch (effect->kind) {
    case SESSION_EFFECT_WRITE:
        TARGET_CHECK(!play->is_ended[number], "bytes on connection %u, which has ended", number);
        witness_read_bytes(&play->witness, number, effect->data, effect->size_bytes);
        break;
    case SESSION_EFFECT_DRAIN:
        play->is_drain_wanted[number] = true;
        break;
    case SESSION_EFFECT_END:
        play->is_ended[number] = true;
        break;
    case SESSION_EFFECT_DRIVER:
        TARGET_CHECK(text_is_utf8(effect->data, effect->size_bytes), "a line to the driver");
        break;
    case SESSION_EFFECT_LISTEN:
    case SESSION_EFFECT_DONE:
        break;
    }
}

static void take_effects(struct play *play)
{
    struct session_effect effect;
    while (session_next_effect(play->session, &effect))
        take_effect(play, &effect);
    witness_read_transcript(&play->witness, session_transcript(play->session));
}

/* ---- bytes of the client ---- */

static void receive(struct play *play, const char *data, size_t size_bytes)
{
    if (!play->connection || play->is_ended[play->connection])
        return;
    char *copy = target_copy(data, size_bytes);
    play->received_bytes += size_bytes;
    session_received(play->session, play->connection, copy, size_bytes, play->now_us);
    free(copy);
    take_effects(play);
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n"
#define UPGRADE     "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define KEY         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

static void connect_client(struct play *play)
{
    static const char *const requests[] = {
        GET("/v1/ws?token=gapcheck-token") UPGRADE KEY "\r\n",
        GET("/v1/ws") UPGRADE KEY "Authorization: Bearer gapcheck-token\r\n\r\n",
        GET("/v1/ws") UPGRADE KEY "\r\n",
        GET("/other?token=%67") "\r\n",
        "POST / HTTP/1.0\r\n\r\n",
        GET("/v1/ws?token=x"),
        "no HTTP\r\n\r\n",
        "",
    };
    static const char *const node_requests[] = {
        GET("/v1/node/ws?token=gapcheck-node-token") UPGRADE KEY "\r\n",
        "POST /v1/agent/node-token HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer gapcheck-token\r\n"
        "Content-Length: 2\r\n\r\n{}",
        "POST /v1/agent/node-token HTTP/1.1\r\nHost: a\r\n\r\n",
        GET("/v1/agent/node-token") "\r\n",
        "POST /v1/agents/heartbeat HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n",
        GET("/v1/node/ws?token=x") UPGRADE KEY "\r\n",
        GET("/v1/other") "\r\n",
        "",
    };
    if (play->connection_count == CONNECTIONS_MAX)
        return;
    play->connection_count++;
    play->connection = session_connected(play->session, play->now_us);
    TARGET_CHECK(play->connection == play->connection_count, "%u", play->connection);
    take_effects(play);
    unsigned chosen = choices_below(&play->choices, 12) % 8; /* often the first */
    bool is_node = play->witness.scenario->dialect == DIALECT_NODE;
    const char *request = is_node ? node_requests[chosen] : requests[chosen];
    receive(play, request, strlen(request));
}

static void send_frame(struct play *play, uint8_t opcode, const char *payload, size_t size_bytes)
{
    static const uint8_t mask_key[4] = {0x11, 0x22, 0x33, 0x44};
    struct ws_frame frame = {.opcode = opcode, .is_final = true, .mask_key = mask_key};
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    ws_append_frame(&bytes, &frame, payload, size_bytes);
    receive(play, bytes.data, bytes.size_bytes);
    buffer_free(&bytes);
}

/* A frame with any bits: unmasked, reserved, fragmented, of an unknown kind. */
static void send_odd_frame(struct play *play)
{
    static const uint8_t mask_key[4] = {0xAA, 0, 0xFF, 1};
    struct ws_frame frame = {
        .opcode = (uint8_t)choices_below(&play->choices, 16),
        .is_final = choices_chance(&play->choices, 50),
        .reserved_bits = choices_chance(&play->choices, 10) ? 4 : 0,
        .mask_key = choices_chance(&play->choices, 10) ? NULL : mask_key,
    };
    struct span payload = take_bytes(play, choices_below(&play->choices, 200));
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    ws_append_frame(&bytes, &frame, payload.data, payload.size_bytes);
    receive(play, bytes.data, bytes.size_bytes);
    buffer_free(&bytes);
}

static void send_resync(struct play *play)
{
    static const char *const numbers[] = {
        "null", "\"5\"", "-1", "1e300", "-1e300", "0.5", "1e999", "true", "4564581423457801", "{}"};
    char seen[32], since[TIMESTAMP_TEXT_BYTES], text[200];
    snprintf(seen, sizeof seen, "%u", choices_below(&play->choices, 100));
    if (choices_chance(&play->choices, 15))
        snprintf(seen, sizeof seen, "%s", numbers[choices_below(&play->choices, 10)]);
    int64_t back_ms = (int64_t)choices_below(&play->choices, 60000) - 10000;
    timestamp_format(WALL_START_MS + play->now_us / 1000 - back_ms, since);
    const char *format = "{\"type\":\"resync\",\"last_seen_seq\":%s,\"since\":\"%s\"}";
    if (choices_chance(&play->choices, 20))
        format = "{\"type\":\"resync\",\"last_seen_seq\":%s}";
    int size = snprintf(text, sizeof text, format, seen, since);
    send_frame(play, WS_OPCODE_TEXT, text, (size_t)size);
}

static void send_node_frame(struct play *play)
{
    static const char *const frames[] = {
        "{\"v\":1,\"id\":\"r1\",\"type\":\"node.register\",\"node_id\":\"node-gapcheck\"}",
        "{\"v\":1,\"id\":\"r2\",\"type\":\"node.register\",\"node_id\":\"another\"}",
        "{\"v\":1,\"type\":\"node.register\"}",
        "{\"v\":1,\"id\":\"h1\",\"type\":\"node.heartbeat\"}",
        "{\"v\":1,\"type\":\"node.deregister\"}",
        "{\"v\":1,\"type\":\"delivery.ack\",\"agent\":\"gapcheck-agent\",\"up_to_seq\":1e300}",
        "{\"v\":1,\"type\":\"delivery.ack\",\"agent\":\"another\",\"up_to_seq\":\"1\"}",
    };
    char ack[120];
    unsigned count = sizeof frames / sizeof *frames;
    unsigned chosen = choices_below(&play->choices, 12);
    unsigned up_to_seq = choices_below(&play->choices, 24);
    snprintf(ack, sizeof ack,
             "{\"v\":1,\"type\":\"delivery.ack\",\"agent\":\"gapcheck-agent\",\"up_to_seq\":%u}",
             up_to_seq);
    const char *text = chosen < count ? frames[chosen] : ack;
    send_frame(play, WS_OPCODE_TEXT, text, strlen(text));
}

static void send_text(struct play *play)
{
    static const char *const texts[] = {
        "{\"type\":\"subscribe\",\"channels\":[\"general\"]}",
        "{\"type\":\"unsubscribe\",\"channels\":[]}",
        "{\"type\":\"ping\"}",
        "{\"type\":\"res\\u0079nc\",\"last_seen_seq\":1,\"since\":\"2026-06-01T10:00:00\\u005a\"}",
        "{\"type\":\"resync\"}",
        "{\"type\":7}",
        "[]",
        "{",
    };
    const char *text = texts[choices_below(&play->choices, 8)];
    send_frame(play, WS_OPCODE_TEXT, text, strlen(text));
}

static void send_own_text(struct play *play)
{
    struct span text = take_bytes(play, choices_below(&play->choices, 250));
    send_frame(play, WS_OPCODE_TEXT, text.data ? text.data : "", text.size_bytes);
}

static void send_raw(struct play *play)
{
    struct span bytes = take_bytes(play, choices_below(&play->choices, 250));
    receive(play, bytes.data ? bytes.data : "", bytes.size_bytes);
}

/* The same small frame until the server has had enough. */
static void send_flood(struct play *play)
{
    static const char ping[] = {(char)0x89, (char)0x80, 0, 0, 0, 0};
    unsigned count = choices_below(&play->choices, 300);
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    for (; count > 0; count--)
        buffer_append(&bytes, ping, sizeof ping);
    receive(play, bytes.data ? bytes.data : "", bytes.size_bytes);
    buffer_free(&bytes);
}

/* ---- lines of the driver ---- */

static void say(struct play *play, const char *text, size_t size_bytes)
{
    struct driver_line line;
    struct error error;
    play->line_bytes += size_bytes;
    if (driver_line_parse(text, size_bytes, &line, &error))
        session_driver_line(play->session, &line, play->now_us);
    driver_line_free(&line);
    take_effects(play);
}

static void dispatch(struct play *play, uint64_t marker)
{
    char text[160];
    int size = snprintf(text, sizeof text,
                        "{\"ev\":\"event\",\"client\":\"c1\",\"type\":\"message.created\","
                        "\"data\":{\"text\":\"gc-%llu\"}}",
                        (unsigned long long)marker);
    say(play, text, (size_t)size);
}

static void say_something(struct play *play)
{
    static const char *const lines[] = {
        "{\"ev\":\"open\",\"client\":\"c1\"}",
        "{\"ev\":\"close\",\"client\":\"c1\",\"message\":\"gone\"}",
        "{\"ev\":\"error\",\"client\":\"c1/1\"}",
        "{\"ev\":\"error\",\"client\":\"c1\",\"message\":\"\\u0000\"}",
        "{\"ev\":\"reconnecting\",\"client\":\"c1\",\"attempt\":2}",
        "{\"ev\":\"permanently_disconnected\",\"client\":\"c1\",\"attempt\":1}",
        "{\"ev\":\"resynced\",\"client\":\"c1\",\"replayed\":3,\"gap_detected\":false}",
        "{\"ev\":\"resynced\",\"client\":\"c1\",\"replayed\":null,\"gap_detected\":true}",
        "{\"ev\":\"stopped\",\"client\":\"c1\"}",
        "{\"ev\":\"log\",\"message\":\"something\"}",
        "{\"ev\":\"event\",\"client\":\"c1\",\"type\":\"x\",\"data\":[[\"a\"]],\"handler\":2}",
        "{\"ev\":\"event\",\"client\":\"c1\",\"type\":\"x\"}",
    };
    unsigned count = sizeof lines / sizeof *lines;
    unsigned chosen = choices_below(&play->choices, count + 2);
    if (chosen < count) {
        say(play, lines[chosen], strlen(lines[chosen]));
    } else if (chosen == count) {
        dispatch(play, 1 + choices_below(&play->choices, 80));
    } else {
        struct span line = take_bytes(play, choices_below(&play->choices, 250));
        say(play, line.data ? line.data : "", line.size_bytes);
    }
}

/* ---- what a good client does, so that the script gets on ---- */

static void obey_link(struct play *play, uint32_t number)
{
    struct witness_link *link = &play->witness.links[number];
    uint32_t before = play->connection;
    play->connection = number;
    if (link->has_ping) {
        link->has_ping = false;
        send_frame(play, WS_OPCODE_PONG, link->ping, link->ping_bytes);
    }
    if (link->has_close) {
        link->has_close = false;
        send_frame(play, WS_OPCODE_CLOSE, "\x03\xE8", 2);
    }
    play->connection = before;
}

static void obey(struct play *play)
{
    for (uint32_t number = 1; number <= play->connection_count; number++) {
        obey_link(play, number);
        if (!play->is_drain_wanted[number])
            continue;
        play->is_drain_wanted[number] = false;
        session_drained(play->session, number, play->now_us);
        take_effects(play);
    }
    const struct witness_events *wired = &play->witness.wired;
    for (; play->dispatched_count < wired->count; play->dispatched_count++)
        dispatch(play, wired->items[play->dispatched_count].marker);
}

/* ---- time, and other blows of fate ---- */

static void pass_time(struct play *play, int64_t wait_us)
{
    int64_t until_us = play->now_us + wait_us;
    for (int turns = 0; turns < 100 && !session_is_done(play->session); turns++) {
        int64_t deadline_us = session_deadline_us(play->session);
        if (deadline_us > until_us)
            break;
        if (deadline_us > play->now_us)
            play->now_us = deadline_us;
        session_tick(play->session, play->now_us);
        take_effects(play);
    }
    play->now_us = until_us > play->now_us ? until_us : play->now_us;
}

static void end_connection(struct play *play)
{
    if (!play->connection || play->is_ended[play->connection])
        return;
    session_ended(play->session, play->connection, choices_chance(&play->choices, 50),
                  play->now_us);
    take_effects(play);
}

static void strike(struct play *play)
{
    switch (choices_below(&play->choices, 16)) {
    case 1:
        session_driver_gone(play->session, "it exited", choices_chance(&play->choices, 50),
                            play->now_us);
        break;
    case 2:
        session_fail(play->session, "no port", play->now_us);
        break;
    case 3:
        session_interrupt(play->session, play->now_us);
        break;
    default:
        session_late(play->session, choices_below(&play->choices, 2000000), play->now_us);
    }
    take_effects(play);
}

static void operate(struct play *play)
{
    switch (choices_below(&play->choices, 16)) {
    case 0:
        connect_client(play);
        break;
    case 1:
    case 2:
        if (play->witness.scenario->dialect == DIALECT_NODE)
            send_node_frame(play);
        else
            send_resync(play);
        break;
    case 3:
        send_text(play);
        break;
    case 4:
        send_own_text(play);
        break;
    case 5:
        send_raw(play);
        break;
    case 6:
        send_odd_frame(play);
        break;
    case 7:
        send_flood(play);
        break;
    case 8:
        say_something(play);
        break;
    case 9:
    case 10:
    case 11:
        obey(play);
        break;
    case 12:
        pass_time(play, choices_below(&play->choices, 200) * INT64_C(1000));
        break;
    case 13:
        pass_time(play, choices_below(&play->choices, 256) * WAIT_US_MAX / 256);
        break;
    case 14:
        end_connection(play);
        break;
    case 15:
        if (play->connection_count) /* back to an older one */
            play->connection = 1 + choices_below(&play->choices, play->connection_count);
        if (choices_chance(&play->choices, 30))
            strike(play);
        break;
    }
}

static void check_memory(const struct play *play)
{
    size_t memory_bytes = transcript_memory_bytes(session_transcript(play->session));
    size_t said_bytes = play->received_bytes + play->line_bytes;
    TARGET_CHECK(memory_bytes <= MEMORY_BYTES + said_bytes * 64, "%zu bytes for %zu of the client",
                 memory_bytes, said_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static struct play play;
    memset(&play, 0, sizeof play);
    choices_init_bytes(&play.choices, data, size_bytes);
    const struct scenario *scenario =
        hostile_script(choices_below(&play.choices, HOSTILE_SCRIPTS_COUNT));
    struct session_config config = {
        .scenario = scenario,
        .capabilities = {choices_chance(&play.choices, 10) ? 0 : UINT32_MAX},
        .client = "c1",
        .host = "127.0.0.1",
        .port = 8080,
        .seed = 1,
        .wall_start_ms = WALL_START_MS,
        .timeout_scale = 1,
    };
    play.session = session_new(&config);
    witness_init(&play.witness, scenario);
    session_start(play.session, 0);
    take_effects(&play);
    for (int left = OPERATIONS_MAX; left > 0 && play.choices.used_count < size_bytes; left--) {
        operate(&play);
        if (session_is_done(play.session))
            break;
    }
    witness_check(&play.witness);
    check_memory(&play);
    session_free(play.session);
    witness_free(&play.witness);
    return 0;
}
