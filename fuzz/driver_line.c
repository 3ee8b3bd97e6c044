/* What a driver says, against a table of what each kind of line must and may hold (driver.md): the
 * same verdict, the same fields, and an error that says something; read without a tree it is the
 * same. */
#include "support/frame_oracle.h"
#include "support/target.h"

#include "core/driver_event.h"
#include "core/driver_line.h"
#include "core/event.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_STRING, KIND_COUNT, KIND_BOOL, KIND_HANDLER, KIND_PROTOCOL, KIND_STRINGS };

struct rule {
    enum driver_event event;
    const char *name;
    enum kind kind;
    bool is_needed;
};

static const struct rule rules[] = {
    {DRIVER_EVENT_HELLO, "protocol", KIND_PROTOCOL, true},
    {DRIVER_EVENT_HELLO, "name", KIND_STRING, true},
    {DRIVER_EVENT_HELLO, "version", KIND_STRING, true},
    {DRIVER_EVENT_HELLO, "capabilities", KIND_STRINGS, true},
    {DRIVER_EVENT_OPEN, "client", KIND_STRING, true},
    {DRIVER_EVENT_OPEN, "message", KIND_STRING, false},
    {DRIVER_EVENT_CLOSE, "client", KIND_STRING, true},
    {DRIVER_EVENT_CLOSE, "message", KIND_STRING, false},
    {DRIVER_EVENT_ERROR, "client", KIND_STRING, false},
    {DRIVER_EVENT_ERROR, "message", KIND_STRING, false},
    {DRIVER_EVENT_RECONNECTING, "client", KIND_STRING, true},
    {DRIVER_EVENT_RECONNECTING, "attempt", KIND_COUNT, false},
    {DRIVER_EVENT_PERMANENTLY_DISCONNECTED, "client", KIND_STRING, true},
    {DRIVER_EVENT_PERMANENTLY_DISCONNECTED, "attempt", KIND_COUNT, false},
    {DRIVER_EVENT_RESYNCED, "client", KIND_STRING, true},
    {DRIVER_EVENT_RESYNCED, "gap_detected", KIND_BOOL, false},
    {DRIVER_EVENT_RESYNCED, "replayed", KIND_COUNT, false},
    {DRIVER_EVENT_EVENT, "client", KIND_STRING, true},
    {DRIVER_EVENT_EVENT, "handler", KIND_HANDLER, false},
    {DRIVER_EVENT_EVENT, "type", KIND_STRING, true},
    {DRIVER_EVENT_STOPPED, "client", KIND_STRING, true},
    {DRIVER_EVENT_LOG, "client", KIND_STRING, false},
    {DRIVER_EVENT_LOG, "message", KIND_STRING, true},
};

/* ---- the oracle ---- */

static const cJSON *field(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool are_strings(const cJSON *list)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item))
            return false;
    }
    return cJSON_IsArray(list);
}

static bool is_of_kind(const cJSON *value, enum kind kind)
{
    switch (kind) {
    case KIND_STRING:
        return cJSON_IsString(value);
    case KIND_COUNT:
        return cJSON_IsNumber(value) || cJSON_IsNull(value);
    case KIND_BOOL:
        return cJSON_IsBool(value) || cJSON_IsNull(value);
    case KIND_HANDLER:
        return cJSON_IsNumber(value) && (value->valuedouble == 1 || value->valuedouble == 2);
    case KIND_PROTOCOL:
        return cJSON_IsNumber(value) && value->valuedouble == DRIVER_PROTOCOL;
    case KIND_STRINGS:
        return are_strings(value);
    }
    return false;
}

static enum driver_event event_of(const cJSON *object)
{
    const char *name = cJSON_GetStringValue(field(object, "ev"));
    for (int event = 0; name && event < DRIVER_EVENT_COUNT; event++)
        if (strcmp(name, driver_event_name((enum driver_event)event)) == 0)
            return (enum driver_event)event;
    return DRIVER_EVENT_COUNT;
}

static bool is_good(const cJSON *object)
{
    enum driver_event event = event_of(object);
    if (!cJSON_IsObject(object) || event == DRIVER_EVENT_COUNT)
        return false;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const cJSON *value = field(object, rules[i].name);
        bool is_wrong = value ? !is_of_kind(value, rules[i].kind) : rules[i].is_needed;
        if (rules[i].event == event && is_wrong)
            return false;
    }
    return true;
}

/* ---- against what was read ---- */

static void check_text(const char *read, const cJSON *object, const char *name)
{
    const char *said = cJSON_GetStringValue(field(object, name));
    TARGET_CHECK(read && said && strcmp(read, said) == 0, "`%s` is `%s` instead of `%s`", name,
                 read ? read : "(none)", said ? said : "(none)");
}

static void check_count(double read, const cJSON *object, const char *name)
{
    const cJSON *said = field(object, name);
    bool is_told = cJSON_IsNumber(said) && isfinite(said->valuedouble) && said->valuedouble >= 0;
    TARGET_CHECK(read == (is_told ? said->valuedouble : -1), "`%s` is %g", name, read);
}

static void check_capabilities(const struct driver_line *line, const cJSON *list)
{
    uint32_t bits = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        for (int i = 0; i < DRIVER_CAPABILITY_COUNT; i++)
            if (!strcmp(item->valuestring, driver_capability_name((enum driver_capability)i)))
                bits |= UINT32_C(1) << i;
    }
    TARGET_CHECK(line->hello.capabilities.bits == bits, "%x instead of %x",
                 line->hello.capabilities.bits, bits);
}

static void check_line(const struct driver_line *line, const cJSON *object)
{
    TARGET_CHECK(line->event == event_of(object), "%s", driver_event_name(line->event));
    if (line->client)
        check_text(line->client, object, "client");
    if (line->message)
        check_text(line->message, object, "message");
    if (line->event == DRIVER_EVENT_EVENT) {
        const cJSON *handler = field(object, "handler");
        check_text(line->type, object, "type");
        TARGET_CHECK(line->handler == (handler ? (int)handler->valuedouble : 1), "%d",
                     line->handler);
        TARGET_CHECK(!line->data == !field(object, "data"), "data");
    } else if (line->event == DRIVER_EVENT_HELLO) {
        check_text(line->hello.name, object, "name");
        check_text(line->hello.version, object, "version");
        check_capabilities(line, field(object, "capabilities"));
    } else if (line->event == DRIVER_EVENT_RESYNCED) {
        const cJSON *gap = field(object, "gap_detected");
        int said = cJSON_IsBool(gap) ? cJSON_IsTrue(gap) : -1;
        TARGET_CHECK(line->gap_detected == said, "%d instead of %d", line->gap_detected, said);
        check_count(line->replayed, object, "replayed");
    } else if (line->event == DRIVER_EVENT_RECONNECTING ||
               line->event == DRIVER_EVENT_PERMANENTLY_DISCONNECTED) {
        check_count(line->attempt, object, "attempt");
    }
}

/* The text of an event as it was sent is whole in whatever holds it; one byte less is not. */
static void check_text_is_whole(const struct driver_line *line)
{
    for (uint64_t marker = 1; marker < 3; marker++)
        for (uint32_t size_bytes = 0; size_bytes < 40; size_bytes += 13)
            driver_line_text_is_whole(line->data, marker, size_bytes);
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    event_append_text(7, 40, &text);
    cJSON *data = cJSON_CreateObject();
    cJSON_AddItemToObject(data, "inner", cJSON_Duplicate(line->data, true));
    bool was_whole = driver_line_text_is_whole(data, 7, 40);
    cJSON_AddStringToObject(data, "text", buffer_text(&text));
    TARGET_CHECK(driver_line_text_is_whole(data, 7, 40) == was_whole, "a whole text changed it");
    cJSON_AddStringToObject(data, "text", "gc-7 mangled");
    TARGET_CHECK(!driver_line_text_is_whole(data, 7, 40), "a mangled text was not seen");
    cJSON_Delete(data);
    buffer_free(&text);
}

/* ---- the reading without a tree ---- */

/* Of the first string that has one; 0: none. */
static uint64_t first_marker(const cJSON *value)
{
    uint64_t marker = cJSON_IsString(value) ? event_find_marker(span_of(value->valuestring)) : 0;
    for (const cJSON *child = value->child; child && !marker; child = child->next)
        marker = first_marker(child);
    return marker;
}

/* What is read in one pass must be what the tree says. */
static void check_one_pass(const char *text, size_t size_bytes, const struct driver_line *line,
                           bool is_read)
{
    struct driver_event_line event;
    if (!driver_event_read(text, size_bytes, &event))
        return;
    TARGET_CHECK(is_read && line->event == DRIVER_EVENT_EVENT, "only in one pass it was read");
    TARGET_CHECK(span_equals(event.client, line->client), "`%s`", line->client);
    TARGET_CHECK(span_equals(event.type, line->type), "`%s`", line->type);
    TARGET_CHECK(event.handler == line->handler, "%d instead of %d", event.handler, line->handler);
    uint64_t marker = first_marker(line->data);
    TARGET_CHECK(driver_event_marker(event.data) == marker, "gc-%llu",
                 (unsigned long long)driver_event_marker(event.data));
    for (uint32_t text_bytes = 0; text_bytes <= 40; text_bytes += 8)
        TARGET_CHECK(driver_event_text_is_whole(event.data, marker, text_bytes) ==
                         driver_line_text_is_whole(line->data, marker, text_bytes),
                     "of %u bytes", (unsigned)text_bytes);
}

static void check_error(const struct error *error)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    TARGET_CHECK(error->message[0], "a refusal without a reason");
    error_print(error, "driver", NULL, 0, &text);
    buffer_free(&text);
}

/* ---- half a surrogate pair ---- */

static long unit_of_escape(const char *at, const char *end)
{
    unsigned unit;
    char digits[5] = "";
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    memcpy(digits, at + 2, 4);
    return strspn(digits, "0123456789abcdefABCDEF") == 4 && sscanf(digits, "%x", &unit) == 1
               ? (long)unit
               : -1;
}

/* cJSON refuses it, a driver may send it: the tree that stands for it has U+FFFD there. */
static cJSON *parse_repaired(const char *text, size_t size_bytes)
{
    const char *end = text + size_bytes;
    struct buffer repaired;
    buffer_init(&repaired, BUFFER_NO_LIMIT);
    for (const char *at = text; at < end;) {
        long unit = unit_of_escape(at, end);
        bool is_half = unit >= 0xD800 && unit <= 0xDFFF;
        long low = is_half && unit < 0xDC00 ? unit_of_escape(at + 6, end) : -1;
        bool is_pair = low >= 0xDC00 && low <= 0xDFFF;
        size_t taken = is_pair ? 12 : is_half ? 6 : *at == '\\' && end - at > 1 ? 2 : 1;
        if (is_half && !is_pair)
            buffer_append_text(&repaired, "\\ufffd");
        else
            buffer_append(&repaired, at, taken);
        at += taken;
    }
    cJSON *object = frame_oracle_parse(buffer_text(&repaired), repaired.size_bytes);
    buffer_free(&repaired);
    return object;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    char *text = target_copy(data, size_bytes);
    struct driver_line line;
    struct error error = {.line = 0};
    bool is_read = driver_line_parse(text, size_bytes, &line, &error);
    unsigned found = frame_differences_of(text, size_bytes);
    cJSON *object = frame_differences_have(found, FRAME_DIFFERENCE_LONE_SURROGATE)
                        ? parse_repaired(text, size_bytes)
                        : frame_oracle_parse(text, size_bytes);
    check_one_pass(text, size_bytes, &line, is_read);
    free(text); /* it must have been copied */
    if (object && !frame_differences_have(found, FRAME_DIFFERENCE_ODD_BLANK))
        TARGET_CHECK(is_read == is_good(object), "%s", is_read ? "it was read" : error.message);
    else if (is_read)
        TARGET_CHECK(frame_differences_have(found, FRAME_DIFFERENCE_ODD_BLANK), "cJSON refuses it");
    if (is_read && object)
        check_line(&line, object);
    if (is_read)
        check_text_is_whole(&line);
    else
        check_error(&error);
    driver_line_free(&line);
    cJSON_Delete(object);
    return 0;
}
