/* Plain HTTP/1.1 requests and answers on bytes, for what `gapcheck serve` offers beside the stream.
 * One request a connection; the head is parsed as that of a WebSocket handshake is. */
#ifndef GAPCHECK_IO_HTTP_H
#define GAPCHECK_IO_HTTP_H

#include "core/buffer.h"
#include "core/ws.h"

#include <stddef.h>

#define HTTP_BODY_BYTES_MAX ((size_t)8 << 20)

enum http_progress {
    HTTP_REQUEST_PART, /* more bytes are needed */
    HTTP_REQUEST_WHOLE,
    HTTP_REQUEST_BAD, /* to be answered with `refusal` */
};

/* Borrows from the bytes given to http_request_parse. */
struct http_request {
    struct ws_request head;
    struct span body;
    unsigned refusal; /* BAD: 400, 411 or 413 */
};

enum http_progress http_request_parse(const char *data, size_t size_bytes,
                                    struct http_request *request);

/* A whole answer that ends the connection. `headers` are complete lines or "". */
void http_append_answer(struct buffer *out, unsigned status, const char *type,
                        const char *headers, const void *body, size_t size_bytes);

#endif
