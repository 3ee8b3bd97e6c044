#include "report/markdown.h"

#include "core/text.h"

#include <string.h>

void markdown_append(const char *text, struct buffer *out)
{
    struct buffer safe;
    buffer_init(&safe, BUFFER_NO_LIMIT);
    text_append_escaped(&safe, text ? text : "", text ? strlen(text) : 0, MARKDOWN_TEXT_BYTES_MAX);
    for (const char *at = buffer_text(&safe); *at; at++) {
        if (*at == '<')
            buffer_append_text(out, "&lt;");
        else if (*at == '&')
            buffer_append_text(out, "&amp;");
        else if (strchr("|*_`\\[]#~>", *at))
            buffer_printf(out, "\\%c", *at);
        else
            buffer_append(out, at, 1);
    }
    buffer_free(&safe);
}
