#include "core/frame.h"

#include "core/event.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Scans a copy that ends where its block ends, so that ASan sees a byte read too many. The fields
 * borrow from `*copy`, which the caller frees. */
static bool scan_guarded(const char *text, size_t size_bytes, struct frame *frame, char **copy)
{
    *copy = malloc(size_bytes ? size_bytes : 1);
    cr_assert(*copy);
    if (size_bytes)
        memcpy(*copy, text, size_bytes);
    return frame_scan(size_bytes ? *copy : *copy + 1, size_bytes, frame);
}

static enum frame_status status_of(const char *text, size_t size_bytes, size_t *offset)
{
    struct frame frame;
    char *copy;
    bool is_ok = scan_guarded(text, size_bytes, &frame, &copy);
    cr_assert(is_ok == (frame.status == FRAME_STATUS_OK));
    cr_assert((frame.fault == NULL) == is_ok, "every other status says why");
    if (offset)
        *offset = frame.offset;
    free(copy);
    return frame.status;
}

#define TYPED(rest) "{\"type\":\"x\"," rest "}"

Test(frame, json_is_accepted)
{
    static const struct {
        const char *text;
        enum frame_status status;
    } cases[] = {
        {"{\"type\":\"x\"}", FRAME_STATUS_OK},
        {" \t\r\n{ \"type\" :\n\"x\" , \"a\" : [ ] } \n", FRAME_STATUS_OK},
        {"{\"type\":\"\"}", FRAME_STATUS_OK},
        {TYPED("\"a\":[1,2,[],{},[[]],{\"b\":{}}]"), FRAME_STATUS_OK},
        {TYPED("\"a\":{\"\":null,\"b\":[true,false,{\"c\":[1]}]},\"d\":0"), FRAME_STATUS_OK},
        {TYPED("\"a\":[0,-0,0.0,-0.5,10,1e5,1E+5,1e-5,1.5e0,1e00,123456789012345678901]"),
         FRAME_STATUS_OK},
        {TYPED("\"a\":1e999,\"b\":-1e999,\"c\":1e-999"), FRAME_STATUS_OK},
        {TYPED("\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uD83D\\uDE00\\uABCD\\uabcd\""),
         FRAME_STATUS_OK},
        {TYPED("\"a\":\"\\uD800\",\"b\":\"\\uDC00\\uD800\""), FRAME_STATUS_OK},
        {TYPED("\"a\":\"\x7f é € 😀 \xf4\x8f\xbf\xbf \xed\x9f\xbf \xee\x80\x80 \xc2\x80\""),
         FRAME_STATUS_OK},
        {TYPED("\"a\":1,\"a\":2"), FRAME_STATUS_OK},
        {"null", FRAME_STATUS_NOT_OBJECT},
        {"true", FRAME_STATUS_NOT_OBJECT},
        {"false", FRAME_STATUS_NOT_OBJECT},
        {"0", FRAME_STATUS_NOT_OBJECT},
        {"-1.5e3 ", FRAME_STATUS_NOT_OBJECT},
        {"\"type\"", FRAME_STATUS_NOT_OBJECT},
        {"[]", FRAME_STATUS_NOT_OBJECT},
        {"[{\"type\":\"x\"}]", FRAME_STATUS_NOT_OBJECT},
        {"{}", FRAME_STATUS_NO_TYPE},
        {"{ }", FRAME_STATUS_NO_TYPE},
        {"{\"type\":1}", FRAME_STATUS_NO_TYPE},
        {"{\"type\":null}", FRAME_STATUS_NO_TYPE},
        {"{\"type\":{\"type\":\"x\"}}", FRAME_STATUS_NO_TYPE},
        {"{\"a\":{\"type\":\"x\"}}", FRAME_STATUS_NO_TYPE},
        {"{\"Type\":\"x\"}", FRAME_STATUS_NO_TYPE},
        {"{\"typ\":\"x\"}", FRAME_STATUS_NO_TYPE},
        {"{\"type \":\"x\"}", FRAME_STATUS_NO_TYPE},
        {"{\"type\":\"x\",\"type\":7}", FRAME_STATUS_NO_TYPE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert(status_of(cases[i].text, strlen(cases[i].text), NULL) == cases[i].status, "%s",
                  cases[i].text);
}

Test(frame, what_is_no_json_is_refused_at_its_first_wrong_byte)
{
    static const struct {
        const char *text;
        size_t offset;
    } cases[] = {
        {"", 0},
        {" ", 1},
        {"x", 0},
        {"{", 1},
        {"}", 0},
        {"[", 1},
        {"]", 0},
        {"[}", 1},
        {"{]", 1},
        {"[1}", 2},
        {"{\"a\":1]", 6},
        {"{\"a\"}", 4},
        {"{\"a\":}", 5},
        {"{a:1}", 1},
        {"{'a':1}", 1},
        {"{1:2}", 1},
        {"{\"a\":1,}", 7},
        {"{,}", 1},
        {"[1,]", 3},
        {"[,1]", 1},
        {"[1 2]", 3},
        {"[1,,2]", 3},
        {"{\"a\":1 \"b\":2}", 7},
        {"{\"a\" 1}", 5},
        {"{\"a\"::1}", 5},
        {"[[1]", 4},
        {"[1]]", 3},
        {"{}{}", 2},
        {"{} x", 3},
        {"1 2", 2},
        {"nul", 3},
        {"nulL", 3},
        {"nullx", 4},
        {"True", 0},
        {"tru3", 3},
        {"fals\0", 4},
        {"NaN", 0},
        {"[Infinity]", 1},
        {"-Infinity", 1},
        {"+1", 0},
        {".5", 0},
        {"-", 1},
        {"-x", 1},
        {"01", 1},
        {"-01", 2},
        {"1.", 2},
        {"[1.]", 3},
        {"1.e5", 2},
        {"1e", 2},
        {"1e+", 3},
        {"[1e-]", 4},
        {"0x10", 1},
        {"1_000", 1},
        {"[1.2.3]", 4},
        {"--1", 1},
        {"\"", 1},
        {"\"a", 2},
        {"\"\\", 2},
        {"\"\\\"", 3},
        {"\"\\x\"", 2},
        {"\"\\u12\"", 5},
        {"\"\\u123", 6},
        {"\"\\uGGGG\"", 3},
        {"\"\\U0041\"", 2},
        {"\"\\'\"", 2},
        {"\"a\nb\"", 2},
        {"\"\t\"", 1},
        {"\"\x1f\"", 1},
        {"'a'", 0},
        {"[\"a\",\"\x01\"]", 6},
        {"[1]\v", 3},
        {"\f1", 0},
        {"\xc2\xa0"
         "1",
         0},
        {"\xef\xbb\xbf{}", 0},
        {"// c\n{}", 0},
        {"{}/* c */", 2},
        {"{\"type\":\"x\"}\x80", 12},
        {"\"\x80\"", 1},
        {"\"\xff\"", 1},
        {"\"\xc0\x80\"", 1},
        {"\"\xc1\xbf\"", 1},
        {"\"\xc3\"", 2},
        {"\"\xc3", 2},
        {"\"\xe0\x9f\xbf\"", 2},
        {"\"\xed\xa0\x80\"", 2},
        {"\"\xe2\x82\"", 3},
        {"\"\xe2\x28\xa1\"", 2},
        {"\"\xf0\x8f\xbf\xbf\"", 2},
        {"\"\xf4\x90\x80\x80\"", 2},
        {"\"\xf5\x80\x80\x80\"", 1},
        {"\"\xf0\x9f\x98\"", 4},
        {"{\"\xff\":1}", 2},
        {"{\"a\\q\":1}", 4},
        {"[\"12345678\x01\"]", 10},
        {"[\"1234567\xff\"]", 9},
        {"[\"12345\xc3\xa9\x1f\"]", 9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t offset = 999;
        enum frame_status status = status_of(cases[i].text, strlen(cases[i].text), &offset);
        cr_assert(status == FRAME_STATUS_NOT_JSON, "accepted: %s", cases[i].text);
        cr_assert(offset == cases[i].offset, "%s: offset %zu", cases[i].text, offset);
    }
    size_t offset;
    cr_assert(status_of("{\"type\":\"x\"}\0", 13, &offset) == FRAME_STATUS_NOT_JSON &&
              offset == 12);
    cr_assert(status_of("\"\0\"", 3, &offset) == FRAME_STATUS_NOT_JSON && offset == 1);
    cr_assert(status_of("\"\\\0\"", 4, &offset) == FRAME_STATUS_NOT_JSON && offset == 2);
    struct frame frame;
    cr_assert(!frame_scan(NULL, 0, &frame) && frame.status == FRAME_STATUS_NOT_JSON);
}

/* Any byte at any place of a string long enough for the fast path. */
Test(frame, every_special_byte_is_found_at_every_place)
{
    for (unsigned byte = 0; byte < 256; byte++)
        for (size_t place = 0; place < 20; place++) {
            char text[24];
            memset(text, 'p', sizeof text);
            text[0] = text[21] = '"';
            text[place + 1] = (char)byte;
            size_t offset;
            enum frame_status status = status_of(text, 22, &offset);
            bool is_plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            cr_assert(status == (is_plain ? FRAME_STATUS_NOT_OBJECT : FRAME_STATUS_NOT_JSON));
            if (byte < 0x20 || byte == 0x80)
                cr_assert(offset == place + 1, "byte %u at %zu: %zu", byte, place, offset);
        }
}

static const char rich_frame[] =
    " {\"type\":\"message.created\",\"id\":\"a\\u00e9\",\"agent_seq\":-12.5e-1,\"replayed\":true,"
    "\"last_seen_seq\":12345678901234567890,\"current_seq\":null,\"gap_detected\":false,"
    "\"since\":\"é€😀\",\"channels\":[\"a\",{\"b\":[[],{}]}],\"message\":{\"text\":"
    "\"\\uD83D\\uDE00\"}}";

Test(frame, every_proper_prefix_of_a_frame_is_refused)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    for (size_t i = 0; i <= 30; i++) {
        buffer_clear(&out);
        if (i < 30)
            event_print(&(struct event){.marker = 7,
                                        .id_marker = 7,
                                        .is_numbered = true,
                                        .seq = 5,
                                        .size_bytes = 60,
                                        .type = event_type_at(i)->name},
                        i % 2 == 1, &out);
        else
            buffer_append_text(&out, rich_frame);
        cr_assert(status_of(out.data, out.size_bytes, NULL) == FRAME_STATUS_OK);
        for (size_t size = 0; size < out.size_bytes; size++) {
            size_t offset;
            cr_assert(status_of(out.data, size, &offset) == FRAME_STATUS_NOT_JSON);
            cr_assert(offset == size, "only the end is missing");
        }
    }
    buffer_free(&out);
}

static const struct frame_value *value_of(const struct frame *frame, enum frame_field field)
{
    return &frame->fields[field];
}

static void check_raw(const struct frame *frame, enum frame_field field, const char *raw)
{
    struct span text = frame->fields[field].text;
    cr_assert(span_equals(text, raw), "%s is %.*s", frame_field_name(field), (int)text.size_bytes,
              text.data);
}

Test(frame, fields_are_noted_with_kind_and_raw_text)
{
    static const enum frame_value_kind kinds[FRAME_FIELD_COUNT] = {
        FRAME_VALUE_STRING, FRAME_VALUE_STRING, FRAME_VALUE_NUMBER,
        FRAME_VALUE_BOOL,   FRAME_VALUE_NUMBER, FRAME_VALUE_NULL,
        FRAME_VALUE_BOOL,   FRAME_VALUE_STRING, FRAME_VALUE_ARRAY,
    };
    struct frame frame;
    cr_assert(frame_scan(rich_frame, strlen(rich_frame), &frame));
    for (int i = 0; i < FRAME_FIELD_COUNT; i++)
        cr_assert(frame.fields[i].kind == kinds[i], "%s", frame_field_name(i));
    check_raw(&frame, FRAME_FIELD_TYPE, "message.created");
    check_raw(&frame, FRAME_FIELD_ID, "a\\u00e9");
    check_raw(&frame, FRAME_FIELD_AGENT_SEQ, "-12.5e-1");
    check_raw(&frame, FRAME_FIELD_REPLAYED, "true");
    check_raw(&frame, FRAME_FIELD_CURRENT_SEQ, "null");
    check_raw(&frame, FRAME_FIELD_CHANNELS, "[\"a\",{\"b\":[[],{}]}]");
    cr_assert(value_of(&frame, FRAME_FIELD_REPLAYED)->boolean);
    cr_assert(!value_of(&frame, FRAME_FIELD_GAP_DETECTED)->boolean);
    cr_assert(value_of(&frame, FRAME_FIELD_AGENT_SEQ)->number == -1.25);
    cr_assert(value_of(&frame, FRAME_FIELD_ID)->has_escapes);
    cr_assert(!value_of(&frame, FRAME_FIELD_SINCE)->has_escapes);
}

Test(frame, of_equal_names_the_last_counts)
{
    static const char text[] =
        "{\"type\":\"a\",\"id\":\"\\n\",\"id\":{\"id\":1},\"agent_seq\":\"1\","
        "\"typ\\u0065\":\"b\",\"agent_seq\":3,\"id\":\"z\"}";
    struct frame frame;
    cr_assert(frame_scan(text, strlen(text), &frame));
    check_raw(&frame, FRAME_FIELD_TYPE, "b");
    check_raw(&frame, FRAME_FIELD_ID, "z");
    cr_assert(!value_of(&frame, FRAME_FIELD_ID)->has_escapes);
    cr_assert(value_of(&frame, FRAME_FIELD_AGENT_SEQ)->number == 3);
}

Test(frame, escaped_names_are_known_by_what_they_decode_to)
{
    static const struct {
        const char *text;
        enum frame_status status;
    } cases[] = {
        {"{\"\\u0074ype\":\"x\"}", FRAME_STATUS_OK},
        {"{\"\\u0074\\u0079\\u0070\\u0065\":\"x\"}", FRAME_STATUS_OK},
        {"{\"typ\\u0065\\u0000\":\"x\"}", FRAME_STATUS_NO_TYPE},
        {"{\"\\u0074yp\":\"x\"}", FRAME_STATUS_NO_TYPE},
        {"{\"type\\n\":\"x\"}", FRAME_STATUS_NO_TYPE},
        {"{\"\\u0054ype\":\"x\"}", FRAME_STATUS_NO_TYPE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert(status_of(cases[i].text, strlen(cases[i].text), NULL) == cases[i].status, "%s",
                  cases[i].text);
}

Test(frame, not_json_leaves_no_fields)
{
    static const char text[] = "{\"type\":\"x\",\"agent_seq\":1,}";
    struct frame frame;
    cr_assert(!frame_scan(text, strlen(text), &frame));
    for (int i = 0; i < FRAME_FIELD_COUNT; i++)
        cr_assert(frame.fields[i].kind == FRAME_VALUE_ABSENT);
    cr_assert(!frame_has_sequence(&frame));
}

Test(frame, sequence_is_a_finite_number)
{
    static const struct {
        const char *text;
        bool has_sequence;
    } cases[] = {
        {TYPED("\"agent_seq\":1"), true},       {TYPED("\"agent_seq\":-1.5"), true},
        {TYPED("\"agent_seq\":1e308"), true},   {TYPED("\"agent_seq\":1e999"), false},
        {TYPED("\"agent_seq\":-1e999"), false}, {TYPED("\"agent_seq\":\"1\""), false},
        {TYPED("\"agent_seq\":null"), false},   {TYPED("\"seq\":1"), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct frame frame;
        cr_assert(frame_scan(cases[i].text, strlen(cases[i].text), &frame));
        cr_assert(frame_has_sequence(&frame) == cases[i].has_sequence, "%s", cases[i].text);
    }
}

static void repeat(struct buffer *out, const char *text, size_t times)
{
    while (times-- > 0)
        buffer_append_text(out, text);
}

Test(frame, nesting_ends_at_the_limit)
{
    static const struct {
        const char *before, *open, *close, *after;
        size_t base_depth;
    } cases[] = {
        {"", "[", "]", "", 0},
        {"{\"type\":\"x\",\"a\":", "[", "]", "}", 1},
        {"{\"type\":\"x\",\"channels\":", "{\"b\":", "}", "}", 1},
        {"{\"type\":\"x\",\"a\":", "[0,{\"b\":", "},1]", "}", 1},
    };
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t depth = FRAME_DEPTH_MAX - 3; depth <= FRAME_DEPTH_MAX + 3; depth++) {
            size_t each = i == 3 ? 2 : 1, times = (depth - cases[i].base_depth) / each;
            size_t reached = cases[i].base_depth + times * each;
            buffer_clear(&out);
            buffer_append_text(&out, cases[i].before);
            repeat(&out, cases[i].open, times);
            repeat(&out, "1", 1);
            repeat(&out, cases[i].close, times);
            buffer_append_text(&out, cases[i].after);
            enum frame_status status = status_of(out.data, out.size_bytes, NULL);
            cr_assert((status == FRAME_STATUS_NOT_JSON) == (reached > FRAME_DEPTH_MAX),
                      "case %zu, depth %zu", i, reached);
        }
    buffer_clear(&out);
    repeat(&out, "[", 1000000);
    cr_assert(status_of(out.data, out.size_bytes, NULL) == FRAME_STATUS_NOT_JSON);
    buffer_free(&out);
}

Test(frame, strings_are_decoded)
{
    static const struct {
        const char *raw, *decoded;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"é😀", "é😀"},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
        {"a\\u0041\\u00e9\\u20AC\\uD83D\\uDE00z", "aAé€😀z"},
        {"\\uD800", "\uFFFD"},
        {"\\uDFFF!", "\uFFFD!"},
        {"\\uD800\\u0041", "\uFFFD"
                           "A"},
        {"\\uD800\\n", "\uFFFD\n"},
        {"\\uD800x12345", "\uFFFDx12345"},
        {"\\uD800\\uD83D\\uDE00", "\uFFFD😀"},
        {"\\uDE00\\uD83D", "\uFFFD\uFFFD"},
        {"\\\\u0041", "\\u0041"},
        {"\\uDBFF\\uDFFF", "\xf4\x8f\xbf\xbf"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        struct buffer out;
        buffer_init(&out, BUFFER_NO_LIMIT);
        snprintf(text, sizeof text, "{\"type\":\"%s\"}", cases[i].raw);
        struct frame frame;
        char *copy;
        cr_assert(scan_guarded(text, strlen(text), &frame, &copy), "%s", text);
        frame_append_string(&frame.fields[FRAME_FIELD_TYPE], &out);
        cr_assert_str_eq(buffer_text(&out), cases[i].decoded);
        cr_assert(frame_string_equals(&frame.fields[FRAME_FIELD_TYPE], cases[i].decoded));
        cr_assert(!frame_string_equals(&frame.fields[FRAME_FIELD_TYPE], "other"));
        buffer_append_text(&out, "x");
        cr_assert(!frame_string_equals(&frame.fields[FRAME_FIELD_TYPE], buffer_text(&out)));
        cr_assert(!frame_string_equals(&frame.fields[FRAME_FIELD_ID], ""), "absent is no string");
        buffer_free(&out);
        free(copy);
    }
}

/* ---- against cJSON ---- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static cJSON *random_node(uint64_t *state, int depth)
{
    static const double numbers[] = {
        0, -1, 1e15, 1e16, 0.1, -2.5e-300, 1e308, 9007199254740993.0, 5e-324, 123456.789};
    static const char *const strings[] = {"", "gc-1", "é\n\"\\😀", "a\x01z", "2026-06-01T10:00:00Z"};
    uint64_t random = next_random(state);
    cJSON *node;
    switch (random % (depth > 4 ? 5 : 7)) {
    case 0:
        return cJSON_CreateNull();
    case 1:
        return cJSON_CreateBool(random & 64);
    case 2:
        return cJSON_CreateNumber(numbers[random / 64 % 10]);
    case 3:
        return cJSON_CreateNumber((double)(int64_t)next_random(state));
    case 4:
        return cJSON_CreateString(strings[random / 64 % 5]);
    case 5:
        node = cJSON_CreateArray();
        for (uint64_t left = random / 64 % 4; left > 0; left--)
            cJSON_AddItemToArray(node, random_node(state, depth + 1));
        return node;
    default:
        node = cJSON_CreateObject();
        for (uint64_t left = random / 64 % 6; left > 0; left--) {
            const char *name = frame_field_name(next_random(state) % FRAME_FIELD_COUNT);
            if (!cJSON_GetObjectItemCaseSensitive(node, name))
                cJSON_AddItemToObject(node, name, random_node(state, depth + 1));
        }
        return node;
    }
}

static void check_field(const struct frame_value *value, const cJSON *node, const char *text)
{
    struct buffer decoded;
    buffer_init(&decoded, BUFFER_NO_LIMIT);
    switch (value->kind) {
    case FRAME_VALUE_ABSENT:
        cr_assert(!node, "%s", text);
        break;
    case FRAME_VALUE_NULL:
        cr_assert(cJSON_IsNull(node), "%s", text);
        break;
    case FRAME_VALUE_BOOL:
        cr_assert(cJSON_IsBool(node) && cJSON_IsTrue(node) == value->boolean, "%s", text);
        break;
    case FRAME_VALUE_NUMBER:
        cr_assert(cJSON_IsNumber(node) && node->valuedouble == value->number, "%s", text);
        break;
    case FRAME_VALUE_STRING:
        frame_append_string(value, &decoded);
        cr_assert(cJSON_IsString(node), "%s", text);
        cr_assert_str_eq(buffer_text(&decoded), node->valuestring);
        break;
    case FRAME_VALUE_OBJECT:
    case FRAME_VALUE_ARRAY: {
        cr_assert(cJSON_IsArray(node) == (value->kind == FRAME_VALUE_ARRAY), "%s", text);
        cJSON *again = cJSON_ParseWithLength(value->text.data, value->text.size_bytes);
        cr_assert(cJSON_Compare(again, node, true), "%s", text);
        cJSON_Delete(again);
    }
    }
    buffer_free(&decoded);
}

Test(frame, agrees_with_cjson_on_generated_frames)
{
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < 4000; i++) {
        cJSON *node = random_node(&state, 0);
        char *text = i % 2 ? cJSON_Print(node) : cJSON_PrintUnformatted(node), *copy;
        cJSON *parsed = cJSON_Parse(text);
        struct frame frame;
        scan_guarded(text, strlen(text), &frame, &copy);
        cr_assert(frame.status != FRAME_STATUS_NOT_JSON, "%s", text);
        cr_assert(cJSON_IsObject(node) == (frame.status != FRAME_STATUS_NOT_OBJECT), "%s", text);
        for (int f = 0; f < FRAME_FIELD_COUNT; f++)
            check_field(&frame.fields[f],
                        cJSON_GetObjectItemCaseSensitive(parsed, frame_field_name(f)), text);
        free(copy);

        /* One byte changed: what the scan still accepts, cJSON accepts too. */
        size_t size_bytes = strlen(text);
        text[next_random(&state) % size_bytes] =
            "\"\\{}[],:019-+.eE nt\xc3"[next_random(&state) % 20];
        scan_guarded(text, size_bytes, &frame, &copy);
        cJSON_Delete(parsed);
        const char *end;
        parsed = cJSON_ParseWithLengthOpts(text, size_bytes + 1, &end, true);
        bool has_nul_escape =
            strstr(text, "\\u0000") || strstr(text, "\\uD") || strstr(text, "\\ud");
        if (frame.status != FRAME_STATUS_NOT_JSON && !has_nul_escape)
            cr_assert(parsed, "%s", text);
        free(copy);
        cJSON_Delete(parsed);
        cJSON_free(text);
        cJSON_Delete(node);
    }
}
