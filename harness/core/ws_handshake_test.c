#include "core/ws.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY        "dGhlIHNhbXBsZSBub25jZQ=="
#define START      "GET /v1/ws?token=abc&x=1 HTTP/1.1\r\n"
#define HOST       "Host: 127.0.0.1:8080\r\n"
#define UPGRADE    "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define KEY_LINE   "Sec-WebSocket-Key: " KEY "\r\n"
#define VERSION    "Sec-WebSocket-Version: 13\r\n"
#define REST       HOST UPGRADE CONNECTION KEY_LINE VERSION
#define REQUEST    START REST "\r\n"

/* Parses every prefix of `text` from memory of exactly that size, up to the first answer that is
 * not INCOMPLETE; returns it, with how many bytes it took. What was told early must stay so. */
static enum ws_request_status parse_bytewise(const char *text, size_t size_bytes,
                                             size_t *needed_bytes)
{
    for (*needed_bytes = 0; *needed_bytes <= size_bytes; ++*needed_bytes) {
        char *copy = malloc(*needed_bytes ? *needed_bytes : 1);
        memcpy(copy, text, *needed_bytes);
        struct ws_request request;
        enum ws_request_status status = ws_request_parse(copy, *needed_bytes, &request);
        free(copy);
        if (status != WS_REQUEST_INCOMPLETE)
            return status;
    }
    return WS_REQUEST_INCOMPLETE;
}

static struct ws_request parse_complete(const char *text)
{
    struct ws_request request;
    size_t needed_bytes;
    cr_assert_eq(ws_request_parse(text, strlen(text), &request), WS_REQUEST_COMPLETE, "%s: %s",
                 text, request.fault);
    cr_assert_eq(parse_bytewise(text, strlen(text), &needed_bytes), WS_REQUEST_COMPLETE);
    cr_assert_eq(needed_bytes, request.size_bytes, "%s", text);
    return request;
}

Test(ws_handshake, a_request_is_taken_apart)
{
    static const char text[] = START REST "Authorization: Bearer t0k\r\n"
                                          "Sec-WebSocket-Protocol: chat, v2\r\n\r\nbehind it";
    struct ws_request request = parse_complete(text);
    cr_assert(request.is_upgrade);
    cr_assert_null(request.fault);
    cr_assert(span_equals(request.method, "GET"));
    cr_assert(span_equals(request.path, "/v1/ws"));
    cr_assert(span_equals(request.query, "token=abc&x=1"));
    cr_assert(span_equals(request.authorization, "Bearer t0k"));
    cr_assert(span_equals(request.key, KEY));
    cr_assert(span_equals(request.protocols, "chat, v2"));
    cr_assert_eq(request.size_bytes, sizeof text - 1 - strlen("behind it"));
}

Test(ws_handshake, what_is_not_there_has_no_data)
{
    struct ws_request request = parse_complete("POST / HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_assert_not(request.is_upgrade);
    cr_assert_null(request.authorization.data);
    cr_assert_null(request.key.data);
    cr_assert_null(request.protocols.data);
    cr_assert_eq(request.query.size_bytes, 0);
    cr_assert(span_equals(request.path, "/"));
}

Test(ws_handshake, every_way_to_write_an_upgrade_is_one)
{
    static const char *const cases[] = {
        REQUEST,
        "GET / HTTP/1.1\r\n" REST "\r\n",
        "GET http://127.0.0.1:8080/v1/ws?a HTTP/1.1\r\n" REST "\r\n",
        "GET HTTP://127.0.0.1 HTTP/1.1\r\n" REST "\r\n",
        "GET /a?b?c HTTP/1.2\r\n" REST "\r\n",
        START VERSION KEY_LINE CONNECTION UPGRADE HOST "\r\n",
        START "hOST:a\r\nUPGRADE:WebSocket\r\nconnection:upgrade\r\n"
              "SEC-WEBSOCKET-KEY:" KEY "\r\nsec-websocket-version:13\r\n\r\n",
        START HOST "Upgrade: h2c, websocket\r\nConnection: keep-alive,\tUpgrade \r\n" KEY_LINE
                   "Sec-WebSocket-Version: \t 13 \t\r\n\r\n",
        START HOST
        "Upgrade: h2c\r\nUpgrade: websocket\r\nConnection: keep-alive\r\n" CONNECTION KEY_LINE
            VERSION "\r\n",
        START REST "Origin: https://example.org\r\nSec-WebSocket-Extensions: permessage-deflate; "
                   "client_max_window_bits\r\nEmpty:\r\nX-Text: \xC3\xA4\r\n\r\n",
        START REST "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n\r\n",
        START HOST UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: +/+/+/+/+/+/+/+/+/+/+Q==\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_request request = parse_complete(cases[i]);
        cr_assert(request.is_upgrade, "%s: %s", cases[i], request.fault);
        cr_assert_null(request.fault);
    }
}

Test(ws_handshake, what_4_2_1_asks_for_is_missed_by_name)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"POST /v1/ws HTTP/1.1\r\n" REST "\r\n", "not GET"},
        {"get /v1/ws HTTP/1.1\r\n" REST "\r\n", "not GET"},
        {"GET /v1/ws HTTP/1.0\r\n" REST "\r\n", "lower than 1.1"},
        {"GET /v1/ws HTTP/0.9\r\n" REST "\r\n", "lower than 1.1"},
        {"GET * HTTP/1.1\r\n" REST "\r\n", "no path"},
        {"GET ?token=a HTTP/1.1\r\n" REST "\r\n", "no path"},
        {"GET ftp://a/ HTTP/1.1\r\n" REST "\r\n", "no path"},
        {START "\r\n", "Host"},
        {START UPGRADE CONNECTION KEY_LINE VERSION "\r\n", "Host"},
        {START HOST REST "\r\n", "Host"},
        {START "Host:\r\n" UPGRADE CONNECTION KEY_LINE VERSION "\r\n", "Host"},
        {START HOST CONNECTION KEY_LINE VERSION "\r\n", "Upgrade header"},
        {START HOST "Upgrade: websockets\r\n" CONNECTION KEY_LINE VERSION "\r\n", "Upgrade header"},
        {START HOST UPGRADE KEY_LINE VERSION "\r\n", "Connection header"},
        {START HOST UPGRADE "Connection: keep-alive\r\n" KEY_LINE VERSION "\r\n", "Connection"},
        {START HOST UPGRADE CONNECTION VERSION "\r\n", "no Sec-WebSocket-Key"},
        {START REST KEY_LINE "\r\n", "more than one Sec-WebSocket-Key"},
        {START HOST UPGRADE CONNECTION VERSION "Sec-WebSocket-Key:\r\n\r\n", "not base64"},
        {START HOST UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhl\r\n\r\n", "not base64"},
        {START HOST UPGRADE CONNECTION VERSION
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=a\r\n\r\n",
         "not base64"},
        {START HOST UPGRADE CONNECTION VERSION
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j_Q==\r\n\r\n",
         "not base64"},
        {START HOST UPGRADE CONNECTION VERSION
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j=Q==\r\n\r\n",
         "not base64"},
        {START HOST UPGRADE CONNECTION VERSION
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSEhIQ==\r\n\r\n",
         "not base64"},
        {START HOST UPGRADE CONNECTION KEY_LINE "\r\n", "Version is not 13"},
        {START HOST UPGRADE CONNECTION KEY_LINE "Sec-WebSocket-Version: 8\r\n\r\n", "is not 13"},
        {START HOST UPGRADE CONNECTION KEY_LINE "Sec-WebSocket-Version: 13, 8\r\n\r\n", "not 13"},
        {START REST VERSION "\r\n", "more than one Sec-WebSocket-Version"},
        {START REST "Sec-WebSocket-Protocol:\r\n\r\n", "no list of tokens"},
        {START REST "Sec-WebSocket-Protocol: a,,b\r\n\r\n", "no list of tokens"},
        {START REST "Sec-WebSocket-Protocol: a b\r\n\r\n", "no list of tokens"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_request request = parse_complete(cases[i].text);
        cr_assert_not(request.is_upgrade, "%s", cases[i].text);
        cr_assert(request.fault && strstr(request.fault, cases[i].fault), "%s: %s", cases[i].text,
                  request.fault);
        cr_assert(strstr(request.fault, "(RFC "), "%s", request.fault);
    }
}

Test(ws_handshake, what_is_no_http_request_is_bad)
{
    static const struct {
        const char *text;
        size_t size_bytes; /* 0: up to the NUL */
    } cases[] = {
        {"\r\n\r\n", 0},
        {"\n", 0},
        {" GET / HTTP/1.1\r\n\r\n", 0},
        {"\x16\x03\x01\x02", 0}, /* TLS */
        {"\0", 1},
        {"G(T / HTTP/1.1\r\n\r\n", 0},
        {"GET\r\n\r\n", 0},
        {"GET /\r\n\r\n", 0},
        {"GET  / HTTP/1.1\r\n\r\n", 0},
        {"GET /  HTTP/1.1\r\n\r\n", 0},
        {"GET / HTTP/1.1 \r\n\r\n", 0},
        {"GET / a HTTP/1.1\r\n\r\n", 0},
        {"GET /#top HTTP/1.1\r\n\r\n", 0},
        {"GET /\xC3\xA4 HTTP/1.1\r\n\r\n", 0},
        {"GET /\x7F HTTP/1.1\r\n\r\n", 0},
        {"GET /a\tb HTTP/1.1\r\n\r\n", 0},
        {"GET / HTTP/1\r\n\r\n", 0},
        {"GET / HTTP/11.1\r\n\r\n", 0},
        {"GET / HTTP/a.1\r\n\r\n", 0},
        {"GET / HTTP/1,1\r\n\r\n", 0},
        {"GET / http/1.1\r\n\r\n", 0},
        {"GET / HTTP/1.1\n\n", 0},
        {"GET / HTTP/1.1\r\nHost: a\n\r\n", 0},
        {"GET / HTTP/1.1\r\nHost: a\r\n\n", 0},
        {START "Host\r\n\r\n", 0},
        {START ": a\r\n\r\n", 0},
        {START "Host : a\r\n\r\n", 0},
        {START HOST " folded: a\r\n\r\n", 0},
        {START "Ho\xC3st: a\r\n\r\n", 0},
        {START "Host: a\rb\r\n\r\n", 0},
        {START "Host: a\x01\r\n\r\n", 0},
        {START "Host: a\x7F\r\n\r\n", 0},
        {START "Host: a\0b\r\n\r\n", sizeof(START "Host: a\0b\r\n\r\n") - 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size_bytes = cases[i].size_bytes ? cases[i].size_bytes : strlen(cases[i].text);
        struct ws_request request;
        cr_assert_eq(ws_request_parse(cases[i].text, size_bytes, &request), WS_REQUEST_BAD,
                     "case %zu: %s", i, cases[i].text);
        cr_assert(request.fault);
        cr_assert_not(request.is_upgrade);
        cr_assert_null(request.method.data);
        size_t needed_bytes;
        cr_assert_eq(parse_bytewise(cases[i].text, size_bytes, &needed_bytes), WS_REQUEST_BAD);
    }
}

Test(ws_handshake, nothing_is_incomplete)
{
    struct ws_request request;
    cr_assert_eq(ws_request_parse(NULL, 0, &request), WS_REQUEST_INCOMPLETE);
    cr_assert_null(request.fault);
}

Test(ws_handshake, a_head_may_be_16384_bytes_and_no_more)
{
    static const char start[] = START REST "Cookie: ";
    size_t filler_bytes = WS_REQUEST_BYTES_MAX - (sizeof start - 1) - 4;
    char text[WS_REQUEST_BYTES_MAX + 100];
    memset(text, 'c', sizeof text);
    memcpy(text, start, sizeof start - 1);
    memcpy(text + sizeof start - 1 + filler_bytes, "\r\n\r\n", 4);
    struct ws_request request;
    cr_assert_eq(ws_request_parse(text, WS_REQUEST_BYTES_MAX - 1, &request), WS_REQUEST_INCOMPLETE);
    for (size_t behind = 0; behind <= 100; behind += 50) {
        cr_assert_eq(ws_request_parse(text, WS_REQUEST_BYTES_MAX + behind, &request),
                     WS_REQUEST_COMPLETE);
        cr_assert_eq(request.size_bytes, WS_REQUEST_BYTES_MAX);
    }
    memcpy(text + sizeof start - 1 + filler_bytes, "c\r\n\r\n", 5);
    for (size_t size_bytes = WS_REQUEST_BYTES_MAX; size_bytes <= sizeof text; size_bytes += 50)
        cr_assert_eq(ws_request_parse(text, size_bytes, &request), WS_REQUEST_BAD);
    cr_assert(strstr(request.fault, "16384"));
}

Test(ws_handshake, query_values_are_decoded)
{
    static const struct {
        const char *query, *name, *value; /* NULL: it is not there */
    } cases[] = {
        {"token=abc&x=1", "token", "abc"},
        {"token=abc&x=1", "x", "1"},
        {"token=abc&x=1", "toke", NULL},
        {"token=abc", "tokens", NULL},
        {"", "token", NULL},
        {"&&", "token", NULL},
        {"token", "token", ""},
        {"token=", "token", ""},
        {"a=1&a=2", "a", "1"},
        {"a=b=c", "a", "b=c"},
        {"t%6Fken=a%20b%C3%A4", "token", "a b\xC3\xA4"},
        {"a=%41%6a%4A", "a", "AjJ"},
        {"a=%zz%4&b=%", "a", "%zz%4"},
        {"a=%zz%4&b=%", "b", "%"},
        {"a=b+c", "a", "b+c"},
        {"token%00=x", "token", NULL},
        {"a=%4%41", "a", "%4A"},
        {"Token=x", "token", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_request request = {.query = span_of(cases[i].query)};
        struct buffer out;
        buffer_init(&out, 100);
        bool is_there = ws_request_query(&request, cases[i].name, &out);
        cr_assert_eq(is_there, cases[i].value != NULL, "%s", cases[i].query);
        if (is_there)
            cr_assert_str_eq(buffer_text(&out), cases[i].value, "%s", cases[i].query);
        cr_assert(is_there || out.size_bytes == 0);
        buffer_free(&out);
    }
}

Test(ws_handshake, a_value_that_does_not_fit_is_not_cut)
{
    struct ws_request request = {.query = span_of("token=abcdef")};
    struct buffer out;
    buffer_init(&out, 6);
    buffer_append_text(&out, "x");
    cr_assert_not(ws_request_query(&request, "token", &out));
    cr_assert_str_eq(buffer_text(&out), "x");
    buffer_free(&out);
}

Test(ws_handshake, the_token_comes_from_query_or_bearer)
{
    static const struct {
        const char *query, *authorization, *token;
    } cases[] = {
        {"token=a%62c", NULL, "abc"}, {"token=q", "Bearer h", "q"}, {"token=", "Bearer h", "h"},
        {"x=1", "bearer  h ", "h"},   {"", "BEARER h", "h"},        {"", NULL, NULL},
        {"token=", NULL, NULL},       {"", "Bearer", NULL},         {"", "Bearer ", NULL},
        {"", "Basic h", NULL},        {"", "Bearerh", NULL},        {"", "", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_request request = {.query = span_of(cases[i].query),
                                     .authorization = span_of(cases[i].authorization)};
        struct buffer out;
        buffer_init(&out, 100);
        cr_assert_eq(ws_request_token(&request, &out), cases[i].token != NULL, "case %zu", i);
        cr_assert_str_eq(buffer_text(&out), cases[i].token ? cases[i].token : "", "case %zu", i);
        buffer_free(&out);
    }
}

Test(ws_handshake, accept_is_the_one_of_the_rfc)
{
    char accept[WS_ACCEPT_TEXT_BYTES];
    ws_accept_key(span_of(KEY), accept);
    cr_assert_str_eq(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    ws_accept_key((struct span){NULL, 0}, accept);
    cr_assert_str_eq(accept, "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=");
}

Test(ws_handshake, the_upgrade_response_is_exact)
{
    struct buffer out;
    buffer_init(&out, 1000);
    ws_append_upgrade_response(&out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 1780308000412);
    cr_assert_str_eq(buffer_text(&out), "HTTP/1.1 101 Switching Protocols\r\n"
                                        "Upgrade: websocket\r\n"
                                        "Connection: Upgrade\r\n"
                                        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                        "Date: Mon, 01 Jun 2026 10:00:00 GMT\r\n"
                                        "\r\n");
    buffer_free(&out);
}

Test(ws_handshake, a_refusal_is_exact)
{
    static const struct {
        unsigned status;
        const char *headers, *body, *start, *end;
    } cases[] = {
        {503, "Retry-After: 1\r\n", "busy", "HTTP/1.1 503 Service Unavailable\r\n",
         "Connection: close\r\nRetry-After: 1\r\nContent-Type: text/plain; charset=utf-8\r\n"
         "Content-Length: 4\r\n\r\nbusy"},
        {401, "", "{}", "HTTP/1.1 401 Unauthorized\r\n",
         "Connection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"},
        {426, "", "", "HTTP/1.1 426 Upgrade Required\r\n",
         "Connection: close\r\nContent-Length: 0\r\n\r\n"},
        {204, "", "", "HTTP/1.1 204 No Content\r\n", "Connection: close\r\n\r\n"},
        {599, "", "", "HTTP/1.1 599 Status\r\n", "Connection: close\r\nContent-Length: 0\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out, expected;
        buffer_init(&out, 1000);
        buffer_init(&expected, 1000);
        ws_append_refusal(&out, cases[i].status, cases[i].headers, cases[i].body, 0);
        buffer_printf(&expected, "%sDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n%s", cases[i].start,
                      cases[i].end);
        cr_assert_str_eq(buffer_text(&out), buffer_text(&expected));
        buffer_free(&out);
        buffer_free(&expected);
    }
}

/* ---- a body behind the head: of requests that are no handshake ---- */

Test(ws_handshake, a_body_is_whole_when_what_was_announced_is_there)
{
    static const struct {
        const char *headers, *body;
        size_t whole_bytes; /* of the body, at least; SIZE_MAX: never */
    } cases[] = {
        {"", "", 0},
        {"", "more than was announced", 0},
        {"Content-Length: 5\r\n", "12345678", 5},
        {"content-length:  5 \r\nContent-Length: 7\r\n", "12345678", 5},
        {"Content-Length: 0\r\n", "", 0},
        {"Content-Length: none\r\n", "x", 0},
        {"Content-Length: -1\r\n", "x", 0},
        {"Content-Length: 99999999999999999999999999\r\n", "xxxx", SIZE_MAX},
        {"Transfer-Encoding: gzip, chunked\r\n", "2\r\n{}\r\n0\r\n\r\n", 12},
        {"Transfer-Encoding: chunked\r\n", "0\r\n\r\n", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[400];
        int head_bytes =
            snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n", cases[i].headers);
        for (size_t there = 0; there <= strlen(cases[i].body); there++) {
            struct ws_request request;
            /* On the heap, so that a read beyond the end is seen. */
            size_t size_bytes = (size_t)head_bytes + there;
            char *copy = malloc(size_bytes);
            memcpy(copy, text, (size_t)head_bytes);
            memcpy(copy + head_bytes, cases[i].body, there);
            cr_assert_eq(ws_request_parse(copy, size_bytes, &request), WS_REQUEST_COMPLETE);
            cr_expect_not(request.is_upgrade);
            cr_expect_eq(ws_request_body_is_whole(&request, copy, size_bytes),
                         there >= cases[i].whole_bytes, "%zu: %zu bytes", i, there);
            free(copy);
        }
    }
}
