#include "core/driver_line.h"

#include "core/event.h"
#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

static const char *const event_names[DRIVER_EVENT_COUNT] = {
#define X(symbol, name) [DRIVER_EVENT_##symbol] = name,
    DRIVER_EVENTS(X)
#undef X
};

const char *driver_event_name(enum driver_event event)
{
    return event_names[event];
}

static const char *const capability_names[DRIVER_CAPABILITY_COUNT] = {
#define X(symbol, name) [DRIVER_CAPABILITY_##symbol] = name,
    DRIVER_CAPABILITIES(X)
#undef X
};

const char *driver_capability_name(enum driver_capability capability)
{
    return capability_names[capability];
}

bool driver_capabilities_have(struct driver_capabilities set, enum driver_capability capability)
{
    return (set.bits >> capability & 1) != 0;
}

struct driver_capabilities driver_capabilities_without(struct driver_capabilities set,
                                                       enum driver_capability capability)
{
    return (struct driver_capabilities){set.bits & ~((uint32_t)1 << capability)};
}

/* The index of `name`, or -1. */
static int find_name(const char *name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

/* ---- fields ---- */

static const char *kind_name(const cJSON *value)
{
    switch (value->type & 0xff) {
    case cJSON_NULL:
        return "null";
    case cJSON_False:
    case cJSON_True:
        return "true or false";
    case cJSON_Number:
        return "a number";
    case cJSON_String:
        return "a string";
    case cJSON_Array:
        return "an array";
    }
    return "an object";
}

static const cJSON *find_field(const struct driver_line *line, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(line->document, name);
}

static bool fail_kind(const struct driver_line *line, const char *name, const char *wanted,
                      struct error *error)
{
    const cJSON *value = find_field(line, name);
    if (value)
        error_set(error, NULL, "`%s` of an `%s` line is %s, not %s", name,
                  driver_event_name(line->event), kind_name(value), wanted);
    else
        error_set(error, NULL, "an `%s` line without `%s` (%s)", driver_event_name(line->event),
                  name, wanted);
    return false;
}

/* Copies a string field. One that is not there is left NULL unless it is `needed`. */
static bool read_string(const struct driver_line *line, const char *name, bool needed, char **copy,
                        struct error *error)
{
    const cJSON *value = find_field(line, name);
    if (!value && !needed)
        return true;
    if (!cJSON_IsString(value))
        return fail_kind(line, name, "a string", error);
    *copy = memory_copy_text(value->valuestring, strlen(value->valuestring));
    return true;
}

/* A count that may be left out (-1 then), or be null where an SDK does not tell it. */
static bool read_count(const struct driver_line *line, const char *name, double *count,
                       struct error *error)
{
    const cJSON *value = find_field(line, name);
    *count = -1;
    if (!value || cJSON_IsNull(value))
        return true;
    if (!cJSON_IsNumber(value))
        return fail_kind(line, name, "a number", error);
    if (isfinite(value->valuedouble) && value->valuedouble >= 0)
        *count = value->valuedouble;
    return true;
}

/* ---- what each kind of line holds ---- */

static bool read_capabilities(struct driver_line *line, struct error *error)
{
    const cJSON *list = find_field(line, "capabilities"), *item;
    if (!cJSON_IsArray(list))
        return fail_kind(line, "capabilities", "an array of strings", error);
    cJSON_ArrayForEach(item, list) {
        if (!cJSON_IsString(item)) {
            error_set(error, NULL, "`capabilities` holds %s where a string must stand",
                      kind_name(item));
            return false;
        }
        int capability = find_name(item->valuestring, capability_names, DRIVER_CAPABILITY_COUNT);
        if (capability >= 0)
            line->hello.capabilities.bits |= UINT32_C(1) << capability;
    }
    return true;
}

static bool read_hello(struct driver_line *line, struct error *error)
{
    const cJSON *protocol = find_field(line, "protocol");
    if (!cJSON_IsNumber(protocol))
        return fail_kind(line, "protocol", "a number", error);
    if (protocol->valuedouble != DRIVER_PROTOCOL) {
        error_set(error, "see harness/drivers/README.md for the protocol",
                  "the driver speaks protocol %g, gapcheck speaks %d", protocol->valuedouble,
                  DRIVER_PROTOCOL);
        return false;
    }
    line->hello.protocol = DRIVER_PROTOCOL;
    return read_string(line, "name", true, &line->hello.name, error) &&
           read_string(line, "version", true, &line->hello.version, error) &&
           read_capabilities(line, error);
}

static bool read_resynced(struct driver_line *line, struct error *error)
{
    const cJSON *gap = find_field(line, "gap_detected");
    if (gap && cJSON_IsBool(gap))
        line->gap_detected = cJSON_IsTrue(gap);
    else if (gap && !cJSON_IsNull(gap))
        return fail_kind(line, "gap_detected", "true or false", error);
    return read_count(line, "replayed", &line->replayed, error);
}

static bool read_event(struct driver_line *line, struct error *error)
{
    const cJSON *handler = find_field(line, "handler");
    if (handler) {
        if (!cJSON_IsNumber(handler) || (handler->valuedouble != 1 && handler->valuedouble != 2))
            return fail_kind(line, "handler", "1 or 2", error);
        line->handler = (int)handler->valuedouble;
    }
    line->data = find_field(line, "data");
    return read_string(line, "type", true, &line->type, error);
}

static bool read_members(struct driver_line *line, struct error *error)
{
    bool about_client = line->event != DRIVER_EVENT_HELLO && line->event != DRIVER_EVENT_LOG &&
                        line->event != DRIVER_EVENT_ERROR;
    if (line->event != DRIVER_EVENT_HELLO &&
        !read_string(line, "client", about_client, &line->client, error))
        return false;
    switch (line->event) {
    case DRIVER_EVENT_HELLO:
        return read_hello(line, error);
    case DRIVER_EVENT_OPEN:
    case DRIVER_EVENT_CLOSE:
    case DRIVER_EVENT_ERROR:
        return read_string(line, "message", false, &line->message, error);
    case DRIVER_EVENT_RECONNECTING:
    case DRIVER_EVENT_PERMANENTLY_DISCONNECTED:
        return read_count(line, "attempt", &line->attempt, error);
    case DRIVER_EVENT_RESYNCED:
        return read_resynced(line, error);
    case DRIVER_EVENT_EVENT:
        return read_event(line, error);
    case DRIVER_EVENT_STOPPED:
        return true;
    case DRIVER_EVENT_LOG:
        return read_string(line, "message", true, &line->message, error);
    case DRIVER_EVENT_COUNT:
        break;
    }
    return true;
}

static bool read_event_name(struct driver_line *line, struct error *error)
{
    const cJSON *name = find_field(line, "ev");
    if (!cJSON_IsString(name)) {
        error_set(error, "driver.md lists what a driver can say", "a line without a string `ev`");
        return false;
    }
    int event = find_name(name->valuestring, event_names, DRIVER_EVENT_COUNT);
    if (event >= 0) {
        line->event = (enum driver_event)event;
        return true;
    }
    char hint[80] = "driver.md lists what a driver can say";
    int nearest = text_nearest(span_of(name->valuestring), event_names, DRIVER_EVENT_COUNT);
    if (nearest >= 0)
        snprintf(hint, sizeof hint, "did you mean `%s`?", event_names[nearest]);
    struct buffer shown;
    buffer_init(&shown, BUFFER_NO_LIMIT);
    text_append_escaped(&shown, name->valuestring, strlen(name->valuestring), 60);
    error_set(error, hint, "unknown `ev`: `%s`", buffer_text(&shown));
    buffer_free(&shown);
    return false;
}

/* ---- a line ---- */

static bool fail_json(const char *text, size_t size_bytes, const char *message, size_t offset,
                      struct error *error)
{
    error_set(error, "the driver must write one JSON object a line on standard output, and its log "
                     "on standard error", "%s", message);
    error_locate(text, size_bytes, offset, &error->line, &error->column);
    return false;
}

/* The code unit of a \uXXXX escape at `text`, or -1 if none stands there. */
static long escaped_unit(const char *text, size_t size_bytes)
{
    char digits[5] = "";
    if (size_bytes < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    memcpy(digits, text + 2, 4);
    return strspn(digits, "0123456789abcdefABCDEF") == 4 ? strtol(digits, NULL, 16) : -1;
}

/* Half of a surrogate pair is good JSON (RFC 8259, 8.2), JavaScript writes it, and cJSON refuses
 * it: it becomes U+FFFD. */
static void replace_lone_surrogates(char *text, size_t size_bytes)
{
    for (size_t offset = 0; offset < size_bytes; offset++) {
        if (text[offset] != '\\')
            continue;
        long unit = escaped_unit(text + offset, size_bytes - offset);
        bool is_high = unit >= 0xD800 && unit <= 0xDBFF;
        long next = is_high ? escaped_unit(text + offset + 6, size_bytes - offset - 6) : -1;
        bool is_pair = is_high && next >= 0xDC00 && next <= 0xDFFF;
        if (is_pair)
            offset += 11;
        else if (unit >= 0xD800 && unit <= 0xDFFF)
            memcpy(text + offset + 2, "fffd", 4);
        else
            offset++; /* what stands behind the backslash begins no escape */
    }
}

static bool parse_object(const char *text, size_t size_bytes, struct driver_line *line,
                         struct error *error)
{
    const char *end = text;
    /* Without a NUL of its own the text cannot be checked for its end by cJSON. */
    line->document = cJSON_ParseWithLengthOpts(text, size_bytes, &end, false);
    size_t offset = (size_t)(end - text);
    if (!line->document) {
        char *repaired = memory_copy_text(text, size_bytes);
        replace_lone_surrogates(repaired, size_bytes);
        const char *repaired_end = repaired;
        line->document = cJSON_ParseWithLengthOpts(repaired, size_bytes, &repaired_end, false);
        if (line->document)
            offset = (size_t)(repaired_end - repaired);
        free(repaired);
    }
    if (!line->document)
        return fail_json(text, size_bytes, "a line that is no JSON", offset, error);
    while (offset < size_bytes && memchr(" \t\r\n", text[offset], 4))
        offset++;
    if (offset < size_bytes)
        return fail_json(text, size_bytes, "a line with something after its JSON", offset, error);
    if (!cJSON_IsObject(line->document))
        return fail_json(text, size_bytes, "a line that is no JSON object", 0, error);
    return true;
}

bool driver_line_parse(const char *text, size_t size_bytes, struct driver_line *line,
                       struct error *error)
{
    *line = (struct driver_line){.event = DRIVER_EVENT_COUNT,
                                 .attempt = -1,
                                 .replayed = -1,
                                 .gap_detected = -1,
                                 .handler = 1};
    if (size_bytes > DRIVER_LINE_BYTES_MAX) {
        error_set(error, NULL, "a line of %zu bytes; at most %zu are allowed", size_bytes,
                  DRIVER_LINE_BYTES_MAX);
        return false;
    }
    return parse_object(text, size_bytes, line, error) && read_event_name(line, error) &&
           read_members(line, error);
}

void driver_line_free(struct driver_line *line)
{
    free(line->client);
    free(line->type);
    free(line->message);
    free(line->hello.name);
    free(line->hello.version);
    cJSON_Delete(line->document);
    *line = (struct driver_line){.event = DRIVER_EVENT_COUNT};
}

/* ---- the text of an event ---- */

/* Whether the string is something else than the event's padded text, or that text unharmed. */
static bool string_is_whole(const char *string, struct span marker, struct span text)
{
    if (strncmp(string, marker.data, marker.size_bytes) != 0)
        return true;
    const char *padding = string + marker.size_bytes;
    if (*padding == '\0' || (*padding >= '0' && *padding <= '9'))
        return true; /* only the marker, or another event's */
    if (strcmp(padding, ".txt") == 0)
        return true; /* the name of an uploaded file; padding holds no x */
    return span_equals(text, string);
}

/* A walk without recursion: how deep an SDK nests is not ours to decide. */
static const cJSON *next_value(const cJSON *value, const cJSON **parents, size_t *depth)
{
    if (value->child && *depth < CJSON_NESTING_LIMIT) {
        parents[(*depth)++] = value;
        return value->child;
    }
    while (*depth > 0 && !value->next)
        value = parents[--*depth];
    return *depth > 0 ? value->next : NULL;
}

bool driver_line_text_is_whole(const cJSON *data, uint64_t marker, uint32_t size_bytes)
{
    struct buffer text, bare;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_init(&bare, BUFFER_NO_LIMIT);
    event_append_text(marker, 0, &bare);
    event_append_text(marker, size_bytes, &text);
    struct span bare_span = {bare.data, bare.size_bytes}, text_span = {text.data, text.size_bytes};

    const cJSON *parents[CJSON_NESTING_LIMIT];
    size_t depth = 0;
    bool is_whole = true;
    for (const cJSON *at = data; at && is_whole; at = next_value(at, parents, &depth))
        if (cJSON_IsString(at))
            is_whole = string_is_whole(at->valuestring, bare_span, text_span);
    buffer_free(&text);
    buffer_free(&bare);
    return is_whole;
}
