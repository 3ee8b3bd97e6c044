#include "core/event.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const cJSON *field(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static uint64_t marker_in(const char *text)
{
    return event_find_marker(span_of(text));
}

static struct event event_of(const char *type, uint64_t marker)
{
    const struct event_type *known = event_type_find(span_of(type));
    return (struct event){
        .marker = marker,
        .id_marker = known && !known->has_id ? 0 : marker,
        .type = type,
        .row = known ? known->row : EVENT_ROW_NONE,
        .is_numbered = true,
        .seq = 7,
    };
}

static cJSON *print_and_parse(const struct event *event, bool as_row)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    event_print(event, as_row, &out);
    cr_assert(text_is_utf8(out.data, out.size_bytes), "%s", event->type);
    cJSON *json = cJSON_ParseWithOpts(buffer_text(&out), NULL, true);
    cr_assert(json, "%s: %s", event->type, buffer_text(&out));
    cr_assert(marker_in(buffer_text(&out)) == event->marker, "%s", event->type);
    buffer_free(&out);
    return json;
}

/* Every string that holds a marker at all, at any depth, holds this one. */
static size_t count_marked_strings(const cJSON *node, uint64_t marker)
{
    size_t count = 0;
    if (cJSON_IsString(node) && marker_in(node->valuestring)) {
        cr_assert(marker_in(node->valuestring) == marker, "%s", node->valuestring);
        count++;
    }
    for (const cJSON *child = node->child; child; child = child->next)
        count += count_marked_strings(child, marker);
    return count;
}

static void check_frame(const char *type)
{
    struct event event = event_of(type, 4711);
    cJSON *live = print_and_parse(&event, false), *row = print_and_parse(&event, true);
    cr_assert_str_eq(field(live, "type")->valuestring, type);
    cr_assert(count_marked_strings(live, 4711) > 0, "%s", type);
    cr_assert(field(live, "agent_seq")->valuedouble == 7);
    cr_assert(!field(live, "replayed"));
    cr_assert(!field(row, "agent_seq"), "S-5: a row carries no agent_seq");
    cr_assert(cJSON_IsTrue(field(row, "replayed")));
    if (event.id_marker)
        cr_assert_str_eq(field(live, "id")->valuestring, "00000000-0000-4000-8000-000000001267");
    else
        cr_assert(!field(live, "id"), "%s", type);

    /* But for these two fields the row is the same event. */
    cJSON_DeleteItemFromObjectCaseSensitive(live, "agent_seq");
    cJSON_DeleteItemFromObjectCaseSensitive(row, "replayed");
    cr_assert(cJSON_Compare(live, row, true), "%s", type);
    cJSON_Delete(live);
    cJSON_Delete(row);
}

Test(event, every_type_prints_its_marker_its_id_and_its_row)
{
    for (size_t i = 0; event_type_at(i); i++)
        check_frame(event_type_at(i)->name);
    check_frame("message.exploded");
    check_frame("odd \"type\"\n");
}

Test(event, table_is_that_of_the_protocol)
{
    static const struct {
        const char *name;
        bool has_id;
        enum event_row_class row;
    } cases[] = {
        {"message.created", true, EVENT_ROW_MESSAGE},
        {"thread.reply", true, EVENT_ROW_MESSAGE},
        {"dm.received", true, EVENT_ROW_DM},
        {"group_dm.received", true, EVENT_ROW_DM},
        {"message.reacted", false, EVENT_ROW_REACTION},
        {"message.updated", false, EVENT_ROW_NONE},
        {"agent.status.changed", false, EVENT_ROW_NONE},
        {"member.channel_unmuted", false, EVENT_ROW_NONE},
        {"delivery.failed", false, EVENT_ROW_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct event_type *type = event_type_find(span_of(cases[i].name));
        cr_assert(type, "%s", cases[i].name);
        cr_assert(type->has_id == cases[i].has_id && type->row == cases[i].row, "%s", type->name);
    }
    size_t count = 0;
    for (; event_type_at(count); count++)
        cr_assert(event_type_find(span_of(event_type_at(count)->name)) == event_type_at(count),
                  "no name twice");
    cr_assert(count == 30);
    cr_assert(!event_type_find(span_of("message")) && !event_type_find(span_of("")));
    cr_assert(!event_type_find(span_of("pong")));
}

Test(event, control_frames_are_no_events)
{
    cr_assert(event_type_is_control(span_of("pong")));
    cr_assert(event_type_is_control(span_of("resync_ack")));
    cr_assert(!event_type_is_control(span_of("message.created")));
    cr_assert(!event_type_is_control(span_of("ping")));
    cr_assert(!event_type_is_control((struct span){NULL, 0}));
}

Test(event, id_sequence_and_channel_are_as_the_event_says)
{
    struct event event = event_of("message.created", 9);
    event.id_marker = 8;
    event.seq = INT64_MIN;
    event.channel = "ops \"x\"";
    cJSON *json = print_and_parse(&event, false);
    cr_assert_str_eq(field(json, "id")->valuestring, "00000000-0000-4000-8000-000000000008");
    cr_assert_str_eq(field(json, "channel")->valuestring, "ops \"x\"");
    cr_assert(field(json, "agent_seq")->valuedouble == (double)INT64_MIN);
    cJSON_Delete(json);

    event.id_marker = 0;
    event.is_numbered = false;
    event.channel = NULL;
    json = print_and_parse(&event, false);
    cr_assert(!field(json, "id") && !field(json, "agent_seq") && !field(json, "replayed"));
    cr_assert_str_eq(field(json, "channel")->valuestring, "general");
    cJSON_Delete(json);
}

Test(event, id_holds_every_bit_of_the_marker)
{
    static const struct {
        uint64_t marker;
        const char *id;
    } cases[] = {
        {1, "00000000-0000-4000-8000-000000000001"},
        {0xffffffffffff, "00000000-0000-4000-8000-ffffffffffff"},
        {0x1000000000000, "00000001-0000-4000-8000-000000000000"},
        {UINT64_MAX, "0000ffff-0000-4000-8000-ffffffffffff"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char id[EVENT_ID_BYTES];
        event_id(cases[i].marker, id);
        cr_assert_str_eq(id, cases[i].id);
    }
}

Test(event, text_has_its_size_is_utf8_and_needs_no_escapes)
{
    static const uint64_t markers[] = {1, 2, 99, 123456, UINT64_MAX};
    struct buffer text, again, quoted;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_init(&again, BUFFER_NO_LIMIT);
    buffer_init(&quoted, BUFFER_NO_LIMIT);
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++)
        for (uint32_t size = 0; size <= 700; size++) {
            event_append_text(markers[i], 0, &text);
            size_t least_bytes = text.size_bytes;
            buffer_clear(&text);
            event_append_text(markers[i], size, &text);
            event_append_text(markers[i], size, &again);
            cr_assert(text.size_bytes == (size > least_bytes ? size : least_bytes));
            cr_assert(text_is_utf8(text.data, text.size_bytes));
            cr_assert(marker_in(buffer_text(&text)) == markers[i]);
            cr_assert_str_eq(buffer_text(&text), buffer_text(&again), "made from the marker");
            text_append_json(&quoted, text.data, text.size_bytes);
            cr_assert(quoted.size_bytes == text.size_bytes + 2);
            cr_assert(memcmp(quoted.data + 1, text.data, text.size_bytes) == 0);
            buffer_clear(&text);
            buffer_clear(&again);
            buffer_clear(&quoted);
        }
    buffer_free(&text);
    buffer_free(&again);
    buffer_free(&quoted);
}

Test(event, padding_mixes_characters_of_every_width)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    event_append_text(3, 300, &text);
    size_t counts[5] = {0};
    for (size_t i = 0; i < text.size_bytes; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        counts[byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0]++;
    }
    for (int width = 1; width <= 4; width++)
        cr_assert(counts[width] >= 10, "%d bytes: %zu", width, counts[width]);
    buffer_free(&text);
}

Test(event, size_pads_the_text_of_the_frame)
{
    static const char *const types[] = {"message.created", "dm.received", "webhook.received"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct event event = event_of(types[i], 5);
        event.size_bytes = 1000;
        cJSON *json = print_and_parse(&event, false);
        cr_assert(strlen(field(field(json, "message"), "text")->valuestring) == 1000);
        cJSON_Delete(json);
    }
    struct event event = event_of("no.such.type", 5);
    event.size_bytes = 1000;
    cJSON *json = print_and_parse(&event, false);
    cr_assert(strlen(field(field(json, "data"), "text")->valuestring) == 1000);
    cJSON_Delete(json);
}

Test(event, marker_is_found_only_where_one_stands)
{
    static const struct {
        const char *text;
        uint64_t marker;
    } cases[] = {
        {"", 0}, {"gc-", 0}, {"gc", 0}, {"gc-x", 0}, {"gc-0", 0}, {"gc-1", 1}, {"gc-12x", 12},
        {"gc-007", 7}, {"agc-1", 0}, {"1gc-1", 0}, {"Zgc-1", 0}, {"_gc-1", 1}, {"-gc-1", 1},
        {"ggc-1 gc-2", 2}, {"gc-gc-3", 3}, {"é" "gc-4", 4}, {"gc- gc-5", 5}, {"GC-1", 0},
        {"gc-18446744073709551615", UINT64_MAX}, {"gc-18446744073709551616", 0},
        {"gc-99999999999999999999999999 gc-6", 6}, {"\"text\":\"gc-41\",\"id\":\"gc-42\"", 41},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert(marker_in(cases[i].text) == cases[i].marker, "%s", cases[i].text);
    cr_assert(event_find_marker((struct span){NULL, 0}) == 0);
}

Test(event, marker_search_stops_at_the_end_of_the_span)
{
    for (size_t size = 1; size <= 6; size++) {
        char *exact = malloc(size);
        memcpy(exact, "gc-123", size);
        uint64_t expected = size == 6 ? 123 : size == 5 ? 12 : size == 4 ? 1 : 0;
        cr_assert(event_find_marker((struct span){exact, size}) == expected);
        free(exact);
    }
}

/* What the node stream delivers: the marker is there, and the id where its clients look for it. */
Test(event, every_type_has_a_payload_with_its_marker_and_its_id)
{
    static const char *const others[] = {"space.launched", "odd \"type\"\n"};
    for (size_t i = 0; i < 32; i++) {
        const struct event_type *known = event_type_at(i);
        struct event event = {.marker = 4711, .id_marker = 4711, .channel = "a \"b\"",
                              .type = known ? known->name : others[i % 2], .size_bytes = 40};
        struct buffer text;
        buffer_init(&text, BUFFER_NO_LIMIT);
        if (known && !known->has_id)
            event.id_marker = 0;
        event_print_payload(&event, &text);
        cJSON *payload = cJSON_Parse(buffer_text(&text));
        const cJSON *data = field(payload, "data");
        cr_assert(cJSON_IsObject(data), "%s", buffer_text(&text));
        cr_assert_str_eq(field(payload, "type")->valuestring, event.type);
        cr_assert_gt(count_marked_strings(data, 4711), 0, "%s", buffer_text(&text));
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(data, "id");
        if (!id)
            id = cJSON_GetObjectItemCaseSensitive(field(data, "message"), "id");
        if (event.id_marker)
            cr_assert_str_eq(id->valuestring, "00000000-0000-4000-8000-000000001267");
        cJSON_Delete(payload);
        buffer_free(&text);
    }
}

Test(event, a_payload_of_a_message_without_id_has_none)
{
    struct event event = {.marker = 3, .type = "dm.received"};
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    event_print_payload(&event, &text);
    cr_assert_str_eq(buffer_text(&text),
                     "{\"type\":\"dm.received\",\"data\":{\"conversation_id\":\"conversation-1\","
                     "\"message\":{\"agent_id\":\"agent-gapcheck\",\"agent_name\":\"gapcheck\","
                     "\"text\":\"gc-3\"}}}");
    buffer_free(&text);
}
