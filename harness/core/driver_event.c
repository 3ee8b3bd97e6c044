#include "core/driver_event.h"

#include "core/event.h"
#include "core/frame.h"

#include <string.h>

enum member { MEMBER_EV, MEMBER_CLIENT, MEMBER_TYPE, MEMBER_DATA, MEMBER_HANDLER, MEMBER_COUNT };

static bool is_plain_string(const struct frame_value *value)
{
    /* A NUL would end a C string, but is no valid JSON without an escape. */
    return value->kind == FRAME_VALUE_STRING && !value->has_escapes;
}

bool driver_event_read(const char *text, size_t size_bytes, struct driver_event_line *line)
{
#define NAME(literal)                                                                              \
    {                                                                                              \
        literal, sizeof literal - 1                                                                \
    }
    static const struct span names[MEMBER_COUNT] = {NAME("ev"), NAME("client"), NAME("type"),
                                                    NAME("data"), NAME("handler")};
#undef NAME
    struct frame_value values[MEMBER_COUNT];
    if (!text || memchr(text, '\\', size_bytes))
        return false;
    if (!frame_scan_members(text, size_bytes, names, MEMBER_COUNT, values))
        return false;
    if (!frame_string_equals(&values[MEMBER_EV], "event") ||
        !is_plain_string(&values[MEMBER_CLIENT]) || !is_plain_string(&values[MEMBER_TYPE]))
        return false;
    const struct frame_value *handler = &values[MEMBER_HANDLER];
    bool has_handler = handler->kind != FRAME_VALUE_ABSENT;
    if (has_handler &&
        (handler->kind != FRAME_VALUE_NUMBER || (handler->number != 1 && handler->number != 2)))
        return false;
    const struct frame_value *data = &values[MEMBER_DATA];
    if (data->kind != FRAME_VALUE_OBJECT && data->kind != FRAME_VALUE_ARRAY)
        return false;
    *line = (struct driver_event_line){
        .client = values[MEMBER_CLIENT].text,
        .type = values[MEMBER_TYPE].text,
        .data = data->text,
        .handler = has_handler ? (int)handler->number : 1,
    };
    return true;
}

/* ---- the strings in valid JSON without escapes ---- */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* The next string value behind `*at`, names left out; false if there is none. */
static bool next_string(struct span data, size_t *at, struct span *string)
{
    const char *end = data.data + data.size_bytes, *from = data.data + *at;
    for (;;) {
        while (from < end && *from != '"') /* most often it is the very next byte */
            from++;
        if (from == end)
            return false;
        const char *open = from + 1;
        const char *close = memchr(open, '"', (size_t)(end - open));
        for (from = close + 1; from < end && is_blank(*from); from++)
            ;
        if (from < end && *from == ':')
            continue; /* the name of a member */
        *string = (struct span){open, (size_t)(close - open)};
        *at = (size_t)(from - data.data);
        return true;
    }
}

uint64_t driver_event_marker(struct span data)
{
    struct span string;
    for (size_t at = 0; next_string(data, &at, &string);) {
        uint64_t marker = event_find_marker(string);
        if (marker)
            return marker;
    }
    return 0;
}

static bool starts_with(struct span text, struct span start)
{
    return text.size_bytes >= start.size_bytes && text.data[0] == start.data[0] &&
           memcmp(text.data, start.data, start.size_bytes) == 0;
}

/* Whether it is something else than the event's padded text, or that text unharmed. */
static bool string_is_whole(struct span string, struct span bare, uint64_t marker,
                            uint32_t size_bytes)
{
    if (!starts_with(string, bare) || string.size_bytes == bare.size_bytes)
        return true;
    struct span padding = {string.data + bare.size_bytes, string.size_bytes - bare.size_bytes};
    if (padding.data[0] >= '0' && padding.data[0] <= '9')
        return true; /* another event's */
    if (span_equals(padding, ".txt"))
        return true; /* the name of an uploaded file; padding holds no x */
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    event_append_text(marker, size_bytes, &text);
    bool is_whole = text.size_bytes == string.size_bytes &&
                    memcmp(text.data, string.data, string.size_bytes) == 0;
    buffer_free(&text);
    return is_whole;
}

bool driver_event_text_is_whole(struct span data, uint64_t marker, uint32_t size_bytes)
{
    char digits[EVENT_MARKER_BYTES];
    struct span bare = event_marker_text(marker, digits), string;
    for (size_t at = 0; next_string(data, &at, &string);)
        if (!string_is_whole(string, bare, marker, size_bytes))
            return false;
    return true;
}
