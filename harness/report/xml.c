#include "report/xml.h"

#include "core/text.h"

#include <string.h>

static const char *entity_of(char letter)
{
    switch (letter) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

/* U+FFFE and U+FFFF are the two that UTF-8 can write and XML 1.0 cannot. */
static bool is_no_character(const char *text)
{
    return memcmp(text, "\xEF\xBF\xBE", 3) == 0 || memcmp(text, "\xEF\xBF\xBF", 3) == 0;
}

/* One line, without line breaks. */
static void append_line(const char *line, size_t size_bytes, struct buffer *out)
{
    struct buffer safe;
    buffer_init(&safe, BUFFER_NO_LIMIT);
    text_append_escaped(&safe, line, size_bytes, size_bytes);
    const char *text = buffer_text(&safe);
    for (; *text; text++) {
        const char *entity = entity_of(*text);
        if (entity) {
            buffer_append_text(out, entity);
        } else if (strncmp(text, "\xEF\xBF", 2) == 0 && is_no_character(text)) {
            buffer_append_text(out, "\xEF\xBF\xBD"); /* U+FFFD */
            text += 2;
        } else {
            buffer_append(out, text, 1);
        }
    }
    buffer_free(&safe);
}

void xml_append_text(const char *text, struct buffer *out)
{
    for (;;) {
        size_t line_bytes = strcspn(text, "\n");
        append_line(text, line_bytes, out);
        text += line_bytes;
        if (!*text)
            return;
        buffer_append_text(out, "\n");
        text++;
    }
}

void xml_append_attribute(const char *name, const char *value, struct buffer *out)
{
    buffer_printf(out, " %s=\"", name);
    append_line(value, strlen(value), out);
    buffer_append_text(out, "\"");
}
