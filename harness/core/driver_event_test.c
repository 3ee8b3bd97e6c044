/* What is read without a tree must be what is read with one. */
#include "core/driver_event.h"

#include "core/driver_line.h"
#include "core/event.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <string.h>

static uint64_t marker_in_tree(const cJSON *data)
{
    if (cJSON_IsString(data))
        return event_find_marker(span_of(data->valuestring));
    const cJSON *child;
    cJSON_ArrayForEach(child, data) {
        uint64_t marker = marker_in_tree(child);
        if (marker)
            return marker;
    }
    return 0;
}

static void expect_same(const char *text, size_t size_bytes, uint32_t size_of_event)
{
    struct driver_event_line quick;
    struct driver_line line;
    struct error error;
    if (!driver_event_read(text, size_bytes, &quick))
        return;
    cr_assert(driver_line_parse(text, size_bytes, &line, &error), "%.*s", (int)size_bytes, text);
    cr_expect_eq(line.event, DRIVER_EVENT_EVENT);
    cr_expect(span_equals(quick.client, line.client), "%.*s", (int)size_bytes, text);
    cr_expect(span_equals(quick.type, line.type));
    cr_expect_eq(quick.handler, line.handler);
    uint64_t marker = marker_in_tree(line.data);
    cr_expect_eq(driver_event_marker(quick.data), marker, "%.*s", (int)size_bytes, text);
    for (uint64_t asked = marker; asked <= marker + 1; asked++)
        cr_expect_eq(driver_event_text_is_whole(quick.data, asked, size_of_event),
                     driver_line_text_is_whole(line.data, asked, size_of_event), "%.*s",
                     (int)size_bytes, text);
    driver_line_free(&line);
}

static void print_line(const struct event *event, struct buffer *out)
{
    buffer_clear(out);
    buffer_printf(out, "{\"client\":\"c1\",\"ev\":\"event\",\"type\":\"%s\",\"data\":", event->type);
    event_print(event, false, out);
    buffer_append_text(out, "}");
}

Test(driver_event, every_type_is_read_as_the_tree_reads_it)
{
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    const struct event_type *type;
    for (size_t i = 0; (type = event_type_at(i)) != NULL; i++) {
        for (uint32_t size_bytes = 0; size_bytes < 60; size_bytes += 7) {
            struct event event = {.marker = 1 + i * 100, .id_marker = 1 + i * 100, .seq = 5,
                                  .type = type->name, .size_bytes = size_bytes,
                                  .is_numbered = true};
            struct driver_event_line quick;
            print_line(&event, &line);
            cr_assert(driver_event_read(line.data, line.size_bytes, &quick), "%s", type->name);
            cr_expect_eq(driver_event_marker(quick.data), event.marker, "%s", type->name);
            expect_same(line.data, line.size_bytes, size_bytes);
        }
    }
    buffer_free(&line);
}

/* Every byte of a line replaced by many others: it is refused, or read as the tree reads it. */
Test(driver_event, a_line_with_any_byte_wrong_is_read_alike_or_left_to_the_tree)
{
    static const char bytes[] = "\"\\{}[]:,0123 \n\tx\x01\xC3\xFF";
    struct event event = {.marker = 12, .id_marker = 12, .type = "dm.received", .size_bytes = 40};
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    print_line(&event, &line);
    for (size_t at = 0; at < line.size_bytes; at++) {
        char kept = line.data[at];
        for (size_t i = 0; i + 1 < sizeof bytes; i++) {
            line.data[at] = bytes[i];
            expect_same(line.data, line.size_bytes, 40);
        }
        line.data[at] = kept;
        expect_same(line.data, at, 40); /* cut off there */
    }
    buffer_free(&line);
}

Test(driver_event, what_is_no_plain_event_is_left_to_the_tree)
{
    static const char *const lines[] = {
        "", "{", "[]", "{}", "{\"ev\":\"open\",\"client\":\"c\"}",
        "{\"ev\":\"event\",\"type\":\"t\",\"data\":{}}",
        "{\"ev\":\"event\",\"client\":\"c\",\"data\":{}}",
        "{\"ev\":\"event\",\"client\":\"c\",\"type\":7,\"data\":{}}",
        "{\"ev\":\"event\",\"client\":\"c\",\"type\":\"t\"}",
        "{\"ev\":\"event\",\"client\":\"c\",\"type\":\"t\",\"data\":\"gc-1\"}",
        "{\"ev\":\"event\",\"client\":\"c\",\"type\":\"t\",\"data\":{\"a\":\"\\n\"}}",
        "{\"ev\":\"event\",\"client\":\"c\",\"type\":\"t\",\"data\":{},\"handler\":3}",
        "{\"ev\":\"event\",\"client\":\"c\",\"type\":\"t\",\"data\":{},\"type\":\"u\"}",
        "{\"ev\":\"event\",\"client\":\"c\",\"type\":\"t\",\"data\":{}} x",
    };
    struct driver_event_line quick;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_expect_not(driver_event_read(lines[i], strlen(lines[i]), &quick), "%s", lines[i]);
}

Test(driver_event, a_marker_in_a_name_is_none)
{
    static const char line[] = "{\"ev\":\"event\",\"client\":\"c\",\"type\":\"t\",\"handler\":2,"
                               "\"data\":{\"gc-7\" : [1,\"x\", {\"gc-8\":\"a gc-9\"}]}}";
    struct driver_event_line quick;
    cr_assert(driver_event_read(line, sizeof line - 1, &quick));
    cr_expect_eq(driver_event_marker(quick.data), 9);
    cr_expect_eq(quick.handler, 2);
}
