#include "io/http.h"

#include <string.h>
#include <strings.h>

/* The value of a header in the head, or {NULL, 0}; `is_twice` tells that it stands there again. */
static struct span find_header(struct span head, const char *name, bool *is_twice)
{
    size_t name_bytes = strlen(name);
    struct span found = {NULL, 0};
    const char *end = head.data + head.size_bytes;
    *is_twice = false;
    for (const char *line = head.data; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t line_bytes = (size_t)((newline ? newline : end) - line);
        bool is_it = line_bytes > name_bytes && line[name_bytes] == ':' &&
                     strncasecmp(line, name, name_bytes) == 0;
        if (is_it) {
            *is_twice = found.data != NULL;
            found = (struct span){line + name_bytes + 1, line_bytes - name_bytes - 1};
        }
        line += line_bytes + 1;
    }
    while (found.size_bytes > 0 && strchr(" \t\r", found.data[found.size_bytes - 1]))
        found.size_bytes--;
    while (found.size_bytes > 0 && strchr(" \t", found.data[0])) {
        found.data++;
        found.size_bytes--;
    }
    return found;
}

/* Digits only. Beyond the limit it is one more than that. */
static bool read_length(struct span text, size_t *length)
{
    *length = 0;
    for (size_t i = 0; i < text.size_bytes; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *length = *length * 10 + (size_t)(text.data[i] - '0');
        if (*length > HTTP_BODY_BYTES_MAX)
            *length = HTTP_BODY_BYTES_MAX + 1;
    }
    return text.size_bytes > 0;
}

static enum http_progress refuse(struct http_request *request, unsigned status)
{
    request->refusal = status;
    return HTTP_REQUEST_BAD;
}

enum http_progress http_request_parse(const char *data, size_t size_bytes,
                                    struct http_request *request)
{
    *request = (struct http_request){0};
    switch (ws_request_parse(data, size_bytes, &request->head)) {
    case WS_REQUEST_INCOMPLETE:
        return HTTP_REQUEST_PART;
    case WS_REQUEST_BAD:
        return refuse(request, 400);
    case WS_REQUEST_COMPLETE:
        break;
    }
    struct span head = {data, request->head.size_bytes};
    bool is_twice;
    size_t body_bytes = 0;
    if (find_header(head, "Transfer-Encoding", &is_twice).data)
        return refuse(request, 411);
    struct span length = find_header(head, "Content-Length", &is_twice);
    if (is_twice || (length.data && !read_length(length, &body_bytes)))
        return refuse(request, 400);
    if (body_bytes > HTTP_BODY_BYTES_MAX)
        return refuse(request, 413);
    if (size_bytes - head.size_bytes < body_bytes)
        return HTTP_REQUEST_PART;
    request->body = (struct span){data + head.size_bytes, body_bytes};
    return HTTP_REQUEST_WHOLE;
}

void http_append_answer(struct buffer *out, unsigned status, const char *type,
                        const char *headers, const void *body, size_t size_bytes)
{
    buffer_printf(out, "HTTP/1.1 %u %s\r\n", status, ws_status_phrase(status));
    if (type)
        buffer_printf(out, "Content-Type: %s\r\n", type);
    buffer_printf(out,
                  "Content-Length: %zu\r\nCache-Control: no-store\r\n"
                  "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n%s"
                  "Connection: close\r\n\r\n",
                  size_bytes, headers);
    buffer_append(out, body, size_bytes);
}
