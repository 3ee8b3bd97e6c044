#include "io/serve_internal.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_BYTES 16

/* The lines may come from a page of another origin, and from one that is not on this network. What
 * guards them is the key. */
#define CROSS_ORIGIN                                                                               \
    "Access-Control-Allow-Origin: *\r\n"                                                           \
    "Access-Control-Allow-Methods: POST\r\n"                                                       \
    "Access-Control-Allow-Headers: authorization, content-type\r\n"                                \
    "Access-Control-Allow-Private-Network: true\r\n"                                               \
    "Access-Control-Max-Age: 600\r\n"

/* ---- who is asked ---- */

static bool begins_with(struct span text, const char *start)
{
    size_t size_bytes = strlen(start);
    return text.size_bytes >= size_bytes && memcmp(text.data, start, size_bytes) == 0;
}

/* The fake server's own are its paths, and every handshake: a client that gets the path wrong is to
 * be told so by it. */
bool serve_http_is_own(const struct ws_request *request)
{
    if (begins_with(request->path, "/gapcheck/"))
        return true;
    return !request->is_upgrade && !begins_with(request->path, "/v1/");
}

/* ---- answers ---- */

static void answer(struct serve *serve, uint32_t number, unsigned status, const char *type,
                   const char *headers, const char *body, size_t size_bytes)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    http_append_answer(&out, status, type, headers, body, size_bytes);
    serve_answer(serve, number, &out);
    buffer_free(&out);
}

static void answer_text(struct serve *serve, uint32_t number, unsigned status, const char *text)
{
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    buffer_printf(&line, "%s\n", text);
    answer(serve, number, status, "text/plain; charset=utf-8", CROSS_ORIGIN, line.data,
           line.size_bytes);
    buffer_free(&line);
}

static void append_hex(const unsigned char *bytes, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "%02x", bytes[i]);
}

/* The script of the page itself runs, and nothing that anybody may have put into it. */
static void answer_page(struct serve *serve, uint32_t number)
{
    unsigned char bytes[NONCE_BYTES];
    struct buffer nonce, page, headers;
    buffer_init(&nonce, BUFFER_NO_LIMIT);
    buffer_init(&page, BUFFER_NO_LIMIT);
    buffer_init(&headers, BUFFER_NO_LIMIT);
    RAND_bytes(bytes, sizeof bytes);
    append_hex(bytes, sizeof bytes, &nonce);
    const char *rest = serve->config->page;
    const char *end = rest + strlen(rest);
    static const char mark[] = "@NONCE@";
    while (rest < end) {
        const char *found = strstr(rest, mark);
        buffer_append(&page, rest, found ? (size_t)(found - rest) : (size_t)(end - rest));
        if (found)
            buffer_append_text(&page, buffer_text(&nonce));
        rest = found ? found + strlen(mark) : end;
    }
    buffer_printf(&headers,
                  "Content-Security-Policy: default-src 'none'; script-src 'nonce-%s'; "
                  "style-src 'unsafe-inline'; connect-src 'self' ws: wss:; img-src data:; "
                  "base-uri 'none'; form-action 'none'\r\n",
                  buffer_text(&nonce));
    answer(serve, number, 200, "text/html; charset=utf-8", buffer_text(&headers), page.data,
           page.size_bytes);
    buffer_free(&headers);
    buffer_free(&page);
    buffer_free(&nonce);
}

/* ---- driver lines ---- */

static void refuse_line(struct serve *serve, uint32_t number, unsigned status, size_t line,
                        const struct error *error)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_printf(&text, "line %zu: %s%s%s\n", line, error->message, error->hint[0] ? "; " : "",
                  error->hint);
    answer(serve, number, status, "text/plain; charset=utf-8", CROSS_ORIGIN, text.data,
           text.size_bytes);
    buffer_free(&text);
}

/* Takes one line; false, with the status and the error, if it cannot be. */
static bool take_line(struct serve *serve, uint32_t number, const struct driver_line *line,
                      unsigned *status, struct error *error)
{
    *status = 409;
    if (line->event != DRIVER_EVENT_HELLO) {
        if (serve->has_hello)
            serve_driver_line(serve, line);
        else
            error_set(error, NULL, "the first line must be `hello`, before the client connects");
        return serve->has_hello;
    }
    if (serve->has_hello || serve->session || serve->is_over) {
        error_set(error, NULL, serve->has_hello ? "there was a `hello` already"
                                                : "`hello` must come before the client connects");
        return false;
    }
    serve->has_hello = true;
    serve_begin(serve, number, &line->hello);
    return true;
}

/* Every line, then the ops that wait for the driver. */
static void take_lines(struct serve *serve, uint32_t number, struct span body)
{
    const char *rest = body.data, *end = body.data + body.size_bytes;
    for (size_t index = 1; rest < end; index++) {
        const char *newline = memchr(rest, '\n', (size_t)(end - rest));
        size_t size_bytes = (size_t)((newline ? newline : end) - rest);
        bool is_blank = size_bytes == 0 || (size_bytes == 1 && rest[0] == '\r');
        struct driver_line line = {0};
        struct error error = {0};
        unsigned status = 400;
        bool is_taken = is_blank || (driver_line_parse(rest, size_bytes, &line, &error) &&
                                     take_line(serve, number, &line, &status, &error));
        driver_line_free(&line);
        if (!is_taken) {
            refuse_line(serve, number, status, index, &error);
            return;
        }
        rest += size_bytes + (newline != NULL);
    }
    answer(serve, number, 200, "application/x-ndjson", CROSS_ORIGIN, serve->ops.data,
           serve->ops.size_bytes);
    buffer_clear(&serve->ops);
}

/* ---- requests ---- */

static bool has_key(const struct serve *serve, const struct ws_request *request)
{
    struct buffer given;
    buffer_init(&given, WS_REQUEST_BYTES_MAX);
    bool is_given = ws_request_query(request, "key", &given);
    static const char bearer[] = "Bearer ";
    if (!is_given && begins_with(request->authorization, bearer)) {
        size_t start = strlen(bearer);
        is_given = buffer_append(&given, request->authorization.data + start,
                                 request->authorization.size_bytes - start);
    }
    bool is_right = is_given && given.size_bytes == SERVE_KEY_BYTES &&
                    CRYPTO_memcmp(given.data, serve->config->key, SERVE_KEY_BYTES) == 0;
    buffer_free(&given);
    return is_right;
}

static void route(struct serve *serve, uint32_t number, const struct http_request *request)
{
    const struct ws_request *head = &request->head;
    bool is_get = span_equals(head->method, "GET");
    bool is_events = span_equals(head->path, "/gapcheck/events");
    bool is_live = span_equals(head->path, "/gapcheck/live");
    bool is_page = span_equals(head->path, "/");
    if (!is_events && !is_live && !is_page)
        answer_text(serve, number, 404, "there are /, /gapcheck/live and /gapcheck/events");
    else if (is_events && span_equals(head->method, "OPTIONS"))
        answer(serve, number, 204, NULL, CROSS_ORIGIN, "", 0);
    else if (!has_key(serve, head))
        answer_text(serve, number, 403, "the key is missing or wrong: take the address that "
                                        "`gapcheck serve` printed");
    else if (is_events && span_equals(head->method, "POST"))
        take_lines(serve, number, request->body);
    else if (is_live && head->is_upgrade)
        serve_live_begin(serve, number, head);
    else if (is_live)
        answer_text(serve, number, 426, "this is a WebSocket");
    else if (is_page && is_get)
        answer_page(serve, number);
    else
        answer_text(serve, number, 405, is_events ? "driver lines are posted" : "this is to read");
}

void serve_http_answer(struct serve *serve, uint32_t number)
{
    struct serve_link *link = serve_link(serve, number);
    struct http_request request;
    struct buffer bytes = link->request;
    switch (http_request_parse(bytes.data, bytes.size_bytes, &request)) {
    case HTTP_REQUEST_PART:
        return;
    case HTTP_REQUEST_BAD:
        answer_text(serve, number, request.refusal, "this request is not understood");
        break;
    case HTTP_REQUEST_WHOLE:
        buffer_init(&link->request, HTTP_BODY_BYTES_MAX); /* the bytes are ours meanwhile */
        route(serve, number, &request);
        buffer_free(&bytes);
        return;
    }
}
