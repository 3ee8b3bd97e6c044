#include "io/http.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define HEAD "POST /gapcheck/events?key=k HTTP/1.1\r\nHost: a\r\n"

static enum http_progress parse(const char *text, struct http_request *request)
{
    return http_request_parse(text, strlen(text), request);
}

Test(http, a_body_of_the_length_that_was_said_is_taken)
{
    struct http_request request;
    cr_expect_eq(parse(HEAD "content-length:  5 \r\n\r\nhello", &request), HTTP_REQUEST_WHOLE);
    cr_expect(span_equals(request.body, "hello"));
    cr_expect(span_equals(request.head.path, "/gapcheck/events"));
    cr_expect_eq(parse(HEAD "Content-Length: 5\r\n\r\nhello, more", &request), HTTP_REQUEST_WHOLE);
    cr_expect(span_equals(request.body, "hello"));
    cr_expect_eq(parse(HEAD "\r\n", &request), HTTP_REQUEST_WHOLE);
    cr_expect_eq(request.body.size_bytes, 0);
}

Test(http, every_prefix_of_a_request_waits_for_more)
{
    static const char text[] = HEAD "X-Content-Length: 99\r\nContent-Length: 5\r\n\r\nhello";
    struct http_request request;
    for (size_t size_bytes = 0; size_bytes < strlen(text); size_bytes++)
        cr_expect_eq(http_request_parse(text, size_bytes, &request), HTTP_REQUEST_PART, "%zu",
                     size_bytes);
    cr_expect_eq(parse(text, &request), HTTP_REQUEST_WHOLE);
}

Test(http, wrong_lengths_are_refused)
{
    static const struct {
        const char *headers;
        unsigned status;
    } cases[] = {
        {"Content-Length: \r\n", 400},
        {"Content-Length: -1\r\n", 400},
        {"Content-Length: +1\r\n", 400},
        {"Content-Length: 1 1\r\n", 400},
        {"Content-Length: 0x1\r\n", 400},
        {"Content-Length: 5\r\nContent-Length: 6\r\n", 400},
        {"Content-Length: 5\r\nContent-Length: 5\r\n", 400},
        {"Content-Length: 8388609\r\n", 413},
        {"Content-Length: 99999999999999999999999999\r\n", 413},
        {"Transfer-Encoding: chunked\r\n", 411},
        {"transfer-encoding: chunked\r\nContent-Length: 5\r\n", 411},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[300];
        struct http_request request;
        snprintf(text, sizeof text, HEAD "%s\r\nhello", cases[i].headers);
        cr_expect_eq(parse(text, &request), HTTP_REQUEST_BAD, "%s", cases[i].headers);
        cr_expect_eq(request.refusal, cases[i].status, "%s: %u", cases[i].headers,
                     request.refusal);
    }
}

Test(http, what_is_no_request_is_refused)
{
    struct http_request request;
    cr_expect_eq(parse("\x16\x03\x01 hello\r\n\r\n", &request), HTTP_REQUEST_BAD);
    cr_expect_eq(request.refusal, 400);
}

Test(http, an_answer_ends_its_connection_and_is_not_kept)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    http_append_answer(&out, 200, "text/plain", "X-One: 1\r\n", "hello", 5);
    const char *text = buffer_text(&out);
    cr_expect_eq(strncmp(text, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", 43), 0);
    cr_expect_not_null(strstr(text, "\r\nX-One: 1\r\n"));
    cr_expect_not_null(strstr(text, "\r\nContent-Length: 5\r\n"));
    cr_expect_not_null(strstr(text, "\r\nCache-Control: no-store\r\n"));
    cr_expect_not_null(strstr(text, "\r\nConnection: close\r\n\r\nhello"));
    buffer_free(&out);
}
