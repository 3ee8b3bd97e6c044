#include "core/session_fixture.h"

#include "core/event.h"
#include "core/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture fixture;

static const uint8_t mask_key[4] = {0x11, 0x22, 0x33, 0x44};

/* ---- texts in single quotes ---- */

static char *quote(const char *text)
{
    char *copy = memory_copy_text(text, strlen(text));
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    return copy;
}

/* ---- effects ---- */

static void keep_message(struct fixture_link *link, const struct ws_event *event)
{
    link->messages = memory_grow(link->messages, &link->message_capacity_count,
                                 link->message_count + 1, sizeof(*link->messages));
    link->messages[link->message_count++] = (struct fixture_message){
        .kind = event->kind,
        .text = memory_copy_text(event->size_bytes ? event->data : "", event->size_bytes),
        .size_bytes = event->size_bytes,
        .close_code = event->close_code,
        .at_us = fixture.now_us,
    };
}

static void read_frames(struct fixture_link *link, const char *data, size_t size_bytes)
{
    buffer_append(&link->bytes, data, size_bytes);
    for (size_t offset = 0; offset < size_bytes;) {
        struct ws_event event;
        offset += ws_receiver_feed(&link->receiver, data + offset, size_bytes - offset, &event);
        if (event.kind == WS_EVENT_NONE)
            return;
        keep_message(link, &event);
        if (event.kind == WS_EVENT_VIOLATION)
            return;
    }
}

static void read_write(struct fixture_link *link, const struct session_effect *effect)
{
    link->write_count++;
    link->own_segment_count += effect->own_segment;
    const char *data = effect->data;
    size_t size_bytes = effect->size_bytes;
    while (size_bytes && !strstr(buffer_text(&link->head), "\r\n\r\n")) {
        buffer_append(&link->head, data++, 1);
        size_bytes--;
    }
    if (size_bytes)
        read_frames(link, data, size_bytes);
}

static void take_effect(const struct session_effect *effect)
{
    cr_assert_lt(effect->connection, FIXTURE_LINK_MAX);
    cr_assert_not(fixture.is_done, "an effect came after DONE");
    struct fixture_link *link = &fixture.links[effect->connection];
    switch (effect->kind) {
    case SESSION_EFFECT_WRITE:
        cr_assert_not(link->is_ended, "bytes on connection %u, which has ended",
                      effect->connection);
        read_write(link, effect);
        break;
    case SESSION_EFFECT_DRAIN:
        link->is_drain_wanted = true;
        break;
    case SESSION_EFFECT_END:
        link->is_ended = true;
        link->end = effect->end;
        break;
    case SESSION_EFFECT_LISTEN:
        cr_assert_neq(fixture.is_listening, effect->is_listening);
        fixture.is_listening = effect->is_listening;
        break;
    case SESSION_EFFECT_DRIVER:
        buffer_append(&fixture.ops, effect->data, effect->size_bytes);
        buffer_append_text(&fixture.ops, "\n");
        break;
    case SESSION_EFFECT_DONE:
        fixture.is_done = true;
        break;
    }
}

static void take_effects(void)
{
    struct session_effect effect;
    bool is_drained;
    do {
        is_drained = false;
        while (session_next_effect(fixture.session, &effect))
            take_effect(&effect);
        for (uint32_t number = 1; number < FIXTURE_LINK_MAX && !fixture.holds_drains; number++) {
            if (!fixture.links[number].is_drain_wanted)
                continue;
            fixture.links[number].is_drain_wanted = false;
            is_drained = true;
            session_drained(fixture.session, number, fixture.now_us);
        }
    } while (is_drained);
}

/* ---- life ---- */

void fixture_load(const char *members, const char *steps)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_printf(&text, "{'title':'t','rules':['C-7'],%s'steps':[", members);
    buffer_append_text(&text, steps);
    buffer_append_text(&text, "]}");
    char *file = quote(buffer_text(&text));
    buffer_free(&text);
    struct error_list errors;
    error_list_init(&errors);
    bool is_good =
        scenario_load(file, strlen(file), "a/b.jsonc", "a/b", &fixture.set, &errors);
    cr_assert(is_good, "%zu: %s", errors.items[0].column, errors.items[0].message);
    error_list_free(&errors);
    free(file);
    fixture.config = (struct session_config){
        .scenario = fixture.set.items[0],
        .capabilities = {UINT32_MAX},
        .client = "c1",
        .host = "127.0.0.1",
        .port = 8080,
        .seed = 1,
        .wall_start_ms = FIXTURE_WALL_MS,
        .timeout_scale = 1,
    };
    fixture.is_listening = true;
    buffer_init(&fixture.ops, BUFFER_NO_LIMIT);
}

void fixture_start(void)
{
    fixture.session = session_new(&fixture.config);
    session_start(fixture.session, fixture.now_us);
    take_effects();
}

void fixture_play(const char *steps)
{
    fixture_load("", steps);
    fixture_start();
}

void fixture_stop(void)
{
    session_free(fixture.session);
    scenario_set_free(&fixture.set);
    for (size_t number = 1; number < FIXTURE_LINK_MAX; number++) {
        struct fixture_link *link = &fixture.links[number];
        for (size_t index = 0; index < link->message_count; index++)
            free(link->messages[index].text);
        free(link->messages);
        buffer_free(&link->head);
        buffer_free(&link->bytes);
        ws_receiver_free(&link->receiver);
    }
    buffer_free(&fixture.ops);
    fixture = (struct fixture){0};
}

/* ---- the client's side ---- */

uint32_t fixture_connect(void)
{
    uint32_t number = session_connected(fixture.session, fixture.now_us);
    cr_assert_lt(number, FIXTURE_LINK_MAX);
    struct fixture_link *link = &fixture.links[number];
    buffer_init(&link->head, BUFFER_NO_LIMIT);
    buffer_init(&link->bytes, BUFFER_NO_LIMIT);
    ws_receiver_init(&link->receiver, WS_ROLE_CLIENT, (size_t)64 << 20);
    take_effects();
    return number;
}

uint32_t fixture_request(const char *target, const char *headers)
{
    uint32_t link = fixture_connect();
    struct buffer request;
    buffer_init(&request, BUFFER_NO_LIMIT);
    buffer_printf(&request,
                  "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Key: " FIXTURE_KEY "\r\n"
                  "Sec-WebSocket-Version: 13\r\n%s\r\n",
                  target, headers);
    fixture_bytes(link, request.data, request.size_bytes);
    buffer_free(&request);
    return link;
}

uint32_t fixture_open(void)
{
    uint32_t link = fixture_request("/v1/ws?token=gapcheck-token&origin_client=test", "");
    cr_assert(fixture_head_has(link, "HTTP/1.1 101 "), "not upgraded: `%s`",
              buffer_text(&fixture.links[link].head));
    return link;
}

void fixture_bytes(uint32_t link, const void *data, size_t size_bytes)
{
    session_received(fixture.session, link, data, size_bytes, fixture.now_us);
    take_effects();
}

void fixture_frame(uint32_t link, uint8_t opcode, const char *payload, size_t size_bytes)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    struct ws_frame frame = {.opcode = opcode, .is_final = true, .mask_key = mask_key};
    ws_append_frame(&bytes, &frame, payload, size_bytes);
    fixture_bytes(link, bytes.data, bytes.size_bytes);
    buffer_free(&bytes);
}

void fixture_text(uint32_t link, const char *text)
{
    char *json = quote(text);
    fixture_frame(link, WS_OPCODE_TEXT, json, strlen(json));
    free(json);
}

void fixture_close(uint32_t link, unsigned code)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    ws_append_close(&bytes, code, NULL, mask_key);
    fixture_bytes(link, bytes.data, bytes.size_bytes);
    buffer_free(&bytes);
}

void fixture_end(uint32_t link, bool is_reset)
{
    session_ended(fixture.session, link, is_reset, fixture.now_us);
    take_effects();
}

void fixture_line(const char *text)
{
    char *json = quote(text);
    struct buffer whole;
    buffer_init(&whole, BUFFER_NO_LIMIT);
    bool has_client = strstr(json, "\"client\"") != NULL;
    buffer_append_text(&whole, has_client ? "{" : "{\"client\":\"c1\",");
    buffer_append_text(&whole, json + 1);
    struct driver_line line;
    struct error error;
    cr_assert(driver_line_parse(whole.data, whole.size_bytes, &line, &error), "%s: %s",
              error.message, buffer_text(&whole));
    session_driver_line(fixture.session, &line, fixture.now_us);
    driver_line_free(&line);
    buffer_free(&whole);
    free(json);
    take_effects();
}

void fixture_dispatch(uint64_t marker)
{
    char line[120];
    snprintf(line, sizeof(line),
             "{'ev':'event','type':'message.created','data':{'text':'gc-%llu'}}",
             (unsigned long long)marker);
    fixture_line(line);
}

static void obey_message(uint32_t number, const struct fixture_message *message)
{
    uint64_t marker;
    switch (message->kind) {
    case WS_EVENT_TEXT:
        marker = event_find_marker(span_of(message->text));
        if (marker)
            fixture_dispatch(marker);
        break;
    case WS_EVENT_PING:
        fixture_frame(number, WS_OPCODE_PONG, message->text, message->size_bytes);
        break;
    case WS_EVENT_CLOSE:
        fixture_close(number, message->close_code == 1005 ? 0 : message->close_code);
        break;
    case WS_EVENT_NONE:
    case WS_EVENT_BINARY:
    case WS_EVENT_PONG:
    case WS_EVENT_VIOLATION:
        break;
    }
}

void fixture_obey(uint32_t number)
{
    struct fixture_link *link = &fixture.links[number];
    while (link->obeyed_count < link->message_count) {
        struct fixture_message message = link->messages[link->obeyed_count++];
        obey_message(number, &message);
    }
}

void fixture_wait(int64_t ms)
{
    int64_t until_us = fixture.now_us + ms * 1000;
    for (int turns = 0;; turns++) {
        int64_t deadline_us = session_deadline_us(fixture.session);
        if (deadline_us > until_us)
            break;
        cr_assert_lt(turns, 100000, "the session asks for a moment that has passed, for ever");
        if (deadline_us > fixture.now_us)
            fixture.now_us = deadline_us;
        session_tick(fixture.session, fixture.now_us);
        take_effects();
    }
    fixture.now_us = until_us;
}

void fixture_finish(uint32_t link)
{
    for (int turns = 0; !session_is_done(fixture.session); turns++) {
        cr_assert_lt(turns, 100000, "the scenario does not end");
        fixture_obey(link);
        fixture_wait(1);
    }
}

/* ---- what came of it ---- */

size_t fixture_count(uint32_t link, enum ws_event_kind kind)
{
    size_t count = 0;
    for (size_t index = 0; index < fixture.links[link].message_count; index++)
        count += fixture.links[link].messages[index].kind == kind;
    return count;
}

const struct fixture_message *fixture_message(uint32_t link, enum ws_event_kind kind, size_t index)
{
    for (size_t at = 0; at < fixture.links[link].message_count; at++)
        if (fixture.links[link].messages[at].kind == kind && index-- == 0)
            return &fixture.links[link].messages[at];
    cr_assert_fail("connection %u has no message %zu of that kind", link, index);
    return NULL;
}

size_t fixture_texts_with(uint32_t link, const char *part)
{
    char *json = quote(part);
    size_t count = 0;
    for (size_t index = 0; index < fixture.links[link].message_count; index++) {
        const struct fixture_message *message = &fixture.links[link].messages[index];
        count += message->kind == WS_EVENT_TEXT && strstr(message->text, json) != NULL;
    }
    free(json);
    return count;
}

bool fixture_head_has(uint32_t link, const char *part)
{
    return strstr(buffer_text(&fixture.links[link].head), part) != NULL;
}

bool fixture_ops_have(const char *part)
{
    char *json = quote(part);
    bool has_it = strstr(buffer_text(&fixture.ops), json) != NULL;
    free(json);
    return has_it;
}

const struct transcript_entry *fixture_entry(enum transcript_kind kind, const char *name,
                                             size_t index)
{
    const struct transcript *transcript = session_transcript(fixture.session);
    for (size_t at = 0; at < transcript->count; at++) {
        const struct transcript_entry *entry = &transcript->entries[at];
        bool is_named = !name || (entry->name && !strcmp(entry->name, name));
        if (entry->kind == kind && is_named && index-- == 0)
            return entry;
    }
    return NULL;
}

size_t fixture_entry_count(enum transcript_kind kind, const char *name)
{
    size_t count = 0;
    while (fixture_entry(kind, name, count))
        count++;
    return count;
}

const struct transcript_entry *fixture_last_entry(enum transcript_kind kind)
{
    size_t count = fixture_entry_count(kind, NULL);
    return count ? fixture_entry(kind, NULL, count - 1) : NULL;
}

const char *fixture_how(void)
{
    const struct transcript_entry *done = fixture_last_entry(TRANSCRIPT_DONE);
    return done ? done->name : "";
}

void fixture_assert_unmet(const char *rule, const char *part)
{
    cr_assert_str_eq(fixture_how(), "unmet");
    const struct transcript_entry *end = fixture_last_entry(TRANSCRIPT_STEP_END);
    cr_assert_not_null(end);
    cr_assert_str_eq(end->name, "unmet");
    cr_assert_str_eq(end->detail, rule, "`%s` with rule %s", end->text, end->detail);
    cr_assert_not_null(strstr(end->text, part), "`%s` has no `%s`", end->text, part);
}
