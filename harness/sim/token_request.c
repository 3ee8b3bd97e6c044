#include "sim/token_request.h"

#include "core/node_stream.h"

#include <stdlib.h>
#include <string.h>

void token_request_append(struct buffer *out, const char *host, const char *agent_token)
{
    buffer_printf(out,
                  "POST " NODE_STREAM_TOKEN_PATH " HTTP/1.1\r\n"
                  "Host: %s\r\n"
                  "Authorization: Bearer %s\r\n"
                  "Content-Type: application/json\r\n"
                  "Content-Length: 2\r\n"
                  "\r\n"
                  "{}",
                  host, agent_token);
}

unsigned token_response_read(const struct buffer *response, struct span *body)
{
    static const char start[] = "HTTP/1.1 ", end[] = "\r\n\r\n";
    *body = (struct span){"", 0};
    if (response->size_bytes < sizeof start + 2 ||
        memcmp(response->data, start, sizeof start - 1) != 0)
        return 0;
    for (size_t at = 0; at + sizeof end - 1 <= response->size_bytes; at++) {
        if (memcmp(response->data + at, end, sizeof end - 1) != 0)
            continue;
        at += sizeof end - 1;
        *body = (struct span){response->data + at, response->size_bytes - at};
        return (unsigned)strtoul(response->data + sizeof start - 1, NULL, 10);
    }
    return 0;
}
