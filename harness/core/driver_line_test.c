#include "core/driver_line.h"

#include "core/event.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static bool parse(const char *text, struct driver_line *line, struct error *error)
{
    *error = (struct error){0};
    return driver_line_parse(text, strlen(text), line, error);
}

static void assert_parses(const char *text, struct driver_line *line)
{
    struct error error;
    cr_assert(parse(text, line, &error), "%s: %s", text, error.message);
}

Test(driver_line, reads_a_hello_and_ignores_capabilities_it_does_not_know)
{
    struct driver_line line;
    assert_parses("{\"ev\":\"hello\",\"protocol\":1,\"name\":\"x\",\"version\":\"2\",\"new\":{},"
                  "\"capabilities\":[\"multi\",\"telepathy\",\"keepalive\"]}\n", &line);
    cr_assert_eq(line.event, DRIVER_EVENT_HELLO);
    cr_assert_str_eq(line.hello.name, "x");
    cr_assert_str_eq(line.hello.version, "2");
    cr_assert_eq(line.hello.protocol, 1);
    cr_assert(driver_capabilities_have(line.hello.capabilities, DRIVER_CAPABILITY_MULTI));
    cr_assert(driver_capabilities_have(line.hello.capabilities, DRIVER_CAPABILITY_KEEPALIVE));
    cr_assert_not(driver_capabilities_have(line.hello.capabilities, DRIVER_CAPABILITY_NODE));
    driver_line_free(&line);
}

Test(driver_line, reads_an_event_with_its_handler)
{
    struct driver_line line;
    assert_parses("{\"ev\":\"event\",\"client\":\"a\",\"type\":\"t\",\"data\":{\"x\":1}}", &line);
    cr_assert_str_eq(line.client, "a");
    cr_assert_str_eq(line.type, "t");
    cr_assert_eq(line.handler, 1);
    cr_assert(cJSON_IsObject(line.data));
    driver_line_free(&line);
    assert_parses("{\"ev\":\"event\",\"client\":\"a\",\"type\":\"t\",\"handler\":2}", &line);
    cr_assert_eq(line.handler, 2);
    cr_assert_null(line.data);
    driver_line_free(&line);
}

Test(driver_line, reads_lifecycle_lines_and_what_they_leave_out)
{
    struct driver_line line;
    assert_parses("{\"ev\":\"resynced\",\"client\":\"a\",\"replayed\":7,\"gap_detected\":true}",
                  &line);
    cr_assert_eq(line.replayed, 7);
    cr_assert_eq(line.gap_detected, 1);
    driver_line_free(&line);
    assert_parses("{\"ev\":\"resynced\",\"client\":\"a\",\"replayed\":null}", &line);
    cr_assert_eq(line.replayed, -1);
    cr_assert_eq(line.gap_detected, -1);
    driver_line_free(&line);
    assert_parses("{\"ev\":\"reconnecting\",\"client\":\"a\",\"attempt\":3}", &line);
    cr_assert_eq(line.attempt, 3);
    driver_line_free(&line);
    assert_parses("{\"ev\":\"log\",\"message\":\"hi\"}", &line);
    cr_assert_null(line.client);
    cr_assert_str_eq(line.message, "hi");
    driver_line_free(&line);
    assert_parses("{\"ev\":\"error\",\"message\":\"unknown op\"}", &line);
    driver_line_free(&line);
}

Test(driver_line, refuses_what_the_protocol_does_not_allow)
{
    static const char *const texts[] = {
        "", "x", "[]", "3", "{", "{}", "{\"ev\":1}", "{\"ev\":\"hello\"}", "{\"ev\":\"open\"} x",
        "{\"ev\":\"open\"}", "{\"ev\":\"open\",\"client\":1}", "{\"EV\":\"log\",\"message\":\"\"}",
        "{\"ev\":\"open\",\"client\":\"a\",\"message\":{}}",
        "{\"ev\":\"stopped\",\"client\":null}",
        "{\"ev\":\"hello\",\"protocol\":2,\"name\":\"\",\"version\":\"\",\"capabilities\":[]}",
        "{\"ev\":\"hello\",\"protocol\":\"1\",\"name\":\"\",\"version\":\"\",\"capabilities\":[]}",
        "{\"ev\":\"hello\",\"protocol\":1,\"name\":\"\",\"capabilities\":[]}",
        "{\"ev\":\"hello\",\"protocol\":1,\"name\":\"\",\"version\":\"\",\"capabilities\":{}}",
        "{\"ev\":\"hello\",\"protocol\":1,\"name\":\"\",\"version\":\"\",\"capabilities\":[1]}",
        "{\"ev\":\"event\",\"client\":\"a\"}", "{\"ev\":\"event\",\"client\":\"a\",\"type\":null}",
        "{\"ev\":\"event\",\"client\":\"a\",\"type\":\"t\",\"handler\":3}",
        "{\"ev\":\"event\",\"client\":\"a\",\"type\":\"t\",\"handler\":\"2\"}",
        "{\"ev\":\"reconnecting\",\"client\":\"a\",\"attempt\":\"1\"}",
        "{\"ev\":\"resynced\",\"client\":\"a\",\"gap_detected\":1}",
        "{\"ev\":\"resynced\",\"client\":\"a\",\"replayed\":[]}", "{\"ev\":\"log\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct driver_line line;
        struct error error;
        cr_assert_not(parse(texts[i], &line, &error), "%s", texts[i]);
        cr_assert_str_not_empty(error.message, "%s", texts[i]);
        driver_line_free(&line);
    }
}

Test(driver_line, names_the_nearest_event_and_escapes_what_was_found)
{
    struct driver_line line;
    struct error error;
    cr_assert_not(parse("{\"ev\":\"resinced\",\"client\":\"a\"}", &line, &error));
    cr_assert_str_eq(error.message, "unknown `ev`: `resinced`");
    cr_assert_str_eq(error.hint, "did you mean `resynced`?");
    driver_line_free(&line);
    cr_assert_not(parse("{\"ev\":\"\\u001b[2J\"}", &line, &error));
    cr_assert_null(strchr(error.message, 27));
    driver_line_free(&line);
}

Test(driver_line, survives_every_prefix_of_a_line)
{
    static const char text[] = "{\"ev\":\"event\",\"client\":\"a\",\"type\":\"t\",\"data\":[1,{}]}";
    for (size_t size_bytes = 0; size_bytes < sizeof text - 1; size_bytes++) {
        char *copy = malloc(size_bytes + 1);
        memcpy(copy, text, size_bytes);
        struct driver_line line;
        struct error error;
        cr_assert_not(driver_line_parse(copy, size_bytes, &line, &error));
        driver_line_free(&line);
        free(copy);
    }
}

Test(driver_line, has_a_name_for_every_event_and_capability)
{
    for (int i = 0; i < DRIVER_EVENT_COUNT; i++)
        cr_assert_str_not_empty(driver_event_name((enum driver_event)i));
    for (int i = 0; i < DRIVER_CAPABILITY_COUNT; i++)
        cr_assert_str_not_empty(driver_capability_name((enum driver_capability)i));
}

/* Whether `data` with "text": the event's text, with `harm` done to it, counts as whole. */
static bool is_whole(const char *text, uint64_t marker, uint32_t size_bytes)
{
    cJSON *data = cJSON_CreateObject(), *message = cJSON_AddObjectToObject(data, "message");
    cJSON_AddNumberToObject(data, "n", 1);
    cJSON_AddArrayToObject(message, "attachments");
    cJSON_AddStringToObject(message, "id", "gc-7");
    cJSON_AddStringToObject(message, "text", text);
    bool whole = driver_line_text_is_whole(data, marker, size_bytes);
    cJSON_Delete(data);
    return whole;
}

Test(driver_line, tells_a_whole_text_from_a_mangled_one)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    event_append_text(7, 5000, &text);
    char *whole = buffer_take_text(&text);
    cr_assert(is_whole(whole, 7, 5000));
    cr_assert_not(is_whole(whole, 7, 4999));
    for (size_t at = 4; at < 5000; at += 97) {
        char kept = whole[at];
        whole[at] = kept == '?' ? '!' : '?';
        cr_assert_not(is_whole(whole, 7, 5000), "byte %zu", at);
        whole[at] = kept;
    }
    whole[4000] = '\0';
    cr_assert_not(is_whole(whole, 7, 5000));
    cr_assert(is_whole("gc-7", 7, 5000), "only the marker");
    cr_assert(is_whole("gc-71 and more", 7, 5000), "another event's marker");
    cr_assert(is_whole("about gc-7", 7, 5000), "not at the start");
    cr_assert(driver_line_text_is_whole(NULL, 7, 5000));
    free(whole);
}

Test(driver_line, half_a_surrogate_pair_is_taken_as_javascript_writes_it)
{
    static const char *const lines[] = {
        "{\"ev\":\"event\",\"client\":\"c1\",\"type\":\"a\",\"data\":{\"name\":\"\\ud800\"}}",
        "{\"ev\":\"event\",\"client\":\"c1\",\"type\":\"a\","
        "\"data\":{\"name\":\"x\\udc00\\ud83d\\ude00\"}}",
        "{\"ev\":\"event\",\"client\":\"c1\",\"type\":\"a\","
        "\"data\":{\"name\":\"\\\\ud800\\ud800\\u0041\"}}",
    };
    static const char *const names[] = {"\xEF\xBF\xBD", "x\xEF\xBF\xBD\xF0\x9F\x98\x80",
                                        "\\ud800\xEF\xBF\xBD" "A"};
    for (size_t index = 0; index < sizeof(lines) / sizeof(lines[0]); index++) {
        struct driver_line line;
        struct error error;
        cr_assert(driver_line_parse(lines[index], strlen(lines[index]), &line, &error), "%s",
                  lines[index]);
        cr_assert_str_eq(cJSON_GetObjectItemCaseSensitive(line.data, "name")->valuestring,
                         names[index]);
        driver_line_free(&line);
    }
}
