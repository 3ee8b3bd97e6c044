#include "core/timestamp.h"
#include "core/ws.h"

#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

#define KEY_TEXT_BYTES 24 /* base64 of 16 bytes */

/* ---- characters and lists of HTTP (RFC 9110, 5.6) ---- */

static bool is_alphanumeric(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z');
}

static bool is_token_character(char byte)
{
    return is_alphanumeric(byte) || (byte && strchr("!#$%&'*+-.^_`|~", byte));
}

static bool is_token(struct span text)
{
    for (size_t i = 0; i < text.size_bytes; i++)
        if (!is_token_character(text.data[i]))
            return false;
    return text.size_bytes > 0;
}

static char to_lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

/* Header names, `websocket` and `Upgrade` are compared without case. `lower` is in lower case. */
static bool equals_ignoring_case(struct span text, const char *lower)
{
    if (text.size_bytes != strlen(lower))
        return false;
    for (size_t i = 0; i < text.size_bytes; i++)
        if (to_lower(text.data[i]) != lower[i])
            return false;
    return true;
}

static struct span trim(struct span text)
{
    while (text.size_bytes > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size_bytes--;
    }
    while (text.size_bytes > 0 &&
           (text.data[text.size_bytes - 1] == ' ' || text.data[text.size_bytes - 1] == '\t'))
        text.size_bytes--;
    return text;
}

/* Takes what stands before the first `separator`, or all, off the front of `rest`; false when
 * `rest` has been used up (its data is NULL). */
static bool take_until(struct span *rest, char separator, struct span *taken)
{
    if (!rest->data)
        return false;
    const char *end = memchr(rest->data, separator, rest->size_bytes);
    *taken = *rest;
    if (!end) {
        *rest = (struct span){0};
        return true;
    }
    taken->size_bytes = (size_t)(end - rest->data);
    rest->data = end + 1;
    rest->size_bytes -= taken->size_bytes + 1;
    return true;
}

static bool list_contains(struct span list, const char *lower)
{
    struct span item;
    while (take_until(&list, ',', &item))
        if (equals_ignoring_case(trim(item), lower))
            return true;
    return false;
}

static bool is_list_of_tokens(struct span list)
{
    struct span item;
    while (take_until(&list, ',', &item))
        if (!is_token(trim(item)))
            return false;
    return true;
}

/* ---- the request ---- */

/* What 4.2.1 asks about and struct ws_request does not keep. */
struct head {
    bool is_http_1_1; /* or higher */
    bool has_host, has_upgrade, has_connection, has_bad_protocols;
    size_t host_count, key_count, version_count;
    struct span version;
};

/* Only what a URI may be written with: RFC 3986 without the fragment, which never is sent. */
static bool is_target(struct span target)
{
    for (size_t i = 0; i < target.size_bytes; i++) {
        char byte = target.data[i];
        if (byte <= ' ' || byte >= 0x7F || byte == '#')
            return false;
    }
    return target.size_bytes > 0;
}

/* Splits "/path?query", or what an absolute URI has behind its authority (4.2.1, item 1). */
static void split_target(struct span target, struct ws_request *request)
{
    static const char *const schemes[] = {"http://", "https://"};
    bool is_absolute = false;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t scheme_bytes = strlen(schemes[i]);
        if (target.size_bytes < scheme_bytes ||
            !equals_ignoring_case((struct span){target.data, scheme_bytes}, schemes[i]))
            continue;
        while (scheme_bytes < target.size_bytes && target.data[scheme_bytes] != '/' &&
               target.data[scheme_bytes] != '?')
            scheme_bytes++;
        target.data += scheme_bytes;
        target.size_bytes -= scheme_bytes;
        is_absolute = true;
        break;
    }
    request->query = (struct span){target.data + target.size_bytes, 0};
    request->path = target;
    struct span rest = target;
    take_until(&rest, '?', &request->path);
    if (rest.data)
        request->query = rest;
    if (is_absolute && request->path.size_bytes == 0)
        request->path = span_of("/"); /* section 3: what an empty path means */
}

/* Returns what is wrong with the request line, or NULL. */
static const char *parse_request_line(struct span line, struct ws_request *request,
                                      struct head *head)
{
    struct span rest = line;
    struct span target = {0};
    take_until(&rest, ' ', &request->method);
    if (!is_token(request->method))
        return "the request line starts with no method (RFC 9112, 3.1)";
    if (!take_until(&rest, ' ', &target) || !is_target(target))
        return "the request line has no valid target (RFC 9112, 3.2)";
    if (rest.size_bytes != 8 || memcmp(rest.data, "HTTP/", 5) != 0 || rest.data[6] != '.' ||
        rest.data[5] < '0' || rest.data[5] > '9' || rest.data[7] < '0' || rest.data[7] > '9')
        return "the request line does not end with an HTTP version (RFC 9112, 2.3)";
    head->is_http_1_1 = rest.data[5] > '1' || (rest.data[5] == '1' && rest.data[7] > '0');
    split_target(target, request);
    return NULL;
}

/* The first of equal headers counts; those that must not be repeated are counted. */
static void keep_header(struct span name, struct span value, struct ws_request *request,
                        struct head *head)
{
    if (equals_ignoring_case(name, "host")) {
        head->host_count++;
        head->has_host = value.size_bytes > 0;
    } else if (equals_ignoring_case(name, "upgrade")) {
        head->has_upgrade = head->has_upgrade || list_contains(value, "websocket");
    } else if (equals_ignoring_case(name, "connection")) {
        head->has_connection = head->has_connection || list_contains(value, "upgrade");
    } else if (equals_ignoring_case(name, "sec-websocket-version")) {
        head->version_count++;
        head->version = value;
    } else if (equals_ignoring_case(name, "sec-websocket-key")) {
        if (head->key_count++ == 0)
            request->key = value;
    } else if (equals_ignoring_case(name, "sec-websocket-protocol")) {
        head->has_bad_protocols = head->has_bad_protocols || !is_list_of_tokens(value);
        if (!request->protocols.data)
            request->protocols = value;
    } else if (equals_ignoring_case(name, "authorization") && !request->authorization.data) {
        request->authorization = value;
    } else if (equals_ignoring_case(name, "content-length") && !request->content_length.data) {
        request->content_length = value;
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
        request->is_chunked = request->is_chunked || list_contains(value, "chunked");
    }
}

/* Returns what is wrong with a header line, or NULL. */
static const char *parse_header_line(struct span line, struct ws_request *request,
                                     struct head *head)
{
    struct span rest = line;
    struct span name;
    take_until(&rest, ':', &name);
    if (!rest.data || !is_token(name))
        return "a header line is not `name: value` (RFC 9112, 5.1)";
    struct span value = trim(rest);
    for (size_t i = 0; i < value.size_bytes; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if ((byte < ' ' && byte != '\t') || byte == 0x7F)
            return "a header value holds a control character (RFC 9110, 5.5)";
    }
    keep_header(name, value, request, head);
    return NULL;
}

/* Whether it is base64 of 16 bytes: 22 characters of the alphabet and `==`. */
static bool is_key(struct span key)
{
    if (key.size_bytes != KEY_TEXT_BYTES || memcmp(key.data + KEY_TEXT_BYTES - 2, "==", 2) != 0)
        return false;
    for (size_t i = 0; i < KEY_TEXT_BYTES - 2; i++)
        if (!is_alphanumeric(key.data[i]) && key.data[i] != '+' && key.data[i] != '/')
            return false;
    return true;
}

/* The list of 4.2.1 in its order. Returns the first that is not met, or NULL. */
static const char *find_upgrade_fault(const struct ws_request *request, const struct head *head)
{
    if (!span_equals(request->method, "GET"))
        return "the method is not GET (RFC 6455, 4.2.1, item 1)";
    if (!head->is_http_1_1)
        return "the HTTP version is lower than 1.1 (RFC 6455, 4.2.1, item 1)";
    if (request->path.size_bytes == 0 || request->path.data[0] != '/')
        return "the target is no path (RFC 6455, 4.2.1, item 1)";
    if (head->host_count != 1 || !head->has_host)
        return "there is not exactly one Host header with a value (RFC 6455, 4.2.1, item 2)";
    if (!head->has_upgrade)
        return "no Upgrade header with `websocket` (RFC 6455, 4.2.1, item 3)";
    if (!head->has_connection)
        return "no Connection header with `Upgrade` (RFC 6455, 4.2.1, item 4)";
    if (head->key_count == 0)
        return "no Sec-WebSocket-Key header (RFC 6455, 4.2.1, item 5)";
    if (head->key_count > 1)
        return "more than one Sec-WebSocket-Key header (RFC 6455, 11.3.1)";
    if (!is_key(request->key))
        return "Sec-WebSocket-Key is not base64 of 16 bytes (RFC 6455, 4.2.1, item 5)";
    if (head->version_count > 1)
        return "more than one Sec-WebSocket-Version header (RFC 6455, 11.3.5)";
    if (!span_equals(head->version, "13"))
        return "Sec-WebSocket-Version is not 13 (RFC 6455, 4.2.1, item 6)";
    if (head->has_bad_protocols)
        return "Sec-WebSocket-Protocol is no list of tokens (RFC 6455, 4.2.1, item 8)";
    return NULL;
}

/* Takes one line off `rest`, without its CRLF; false if its end has not come yet. */
static bool take_line(struct span *rest, struct span *line)
{
    const char *end = rest->size_bytes ? memchr(rest->data, '\n', rest->size_bytes) : NULL;
    if (!end)
        return false;
    *line = (struct span){rest->data, (size_t)(end - rest->data)};
    rest->data += line->size_bytes + 1;
    rest->size_bytes -= line->size_bytes + 1;
    return true;
}

static enum ws_request_status refuse_request(struct ws_request *request, const char *fault)
{
    *request = (struct ws_request){.fault = fault};
    return WS_REQUEST_BAD;
}

/* The head has no end yet. Bytes that start no method are told at once: a client that speaks TLS
 * to a plain port would else wait for an answer, and so would we. */
static enum ws_request_status judge_part(struct span start, struct ws_request *request)
{
    if (start.size_bytes >= WS_REQUEST_BYTES_MAX)
        return refuse_request(request, "the request head is longer than 16384 bytes");
    struct span method = {0};
    if (start.size_bytes > 0 && take_until(&start, ' ', &method) && !is_token(method) &&
        (method.size_bytes == 0 || !memchr(method.data, '\r', method.size_bytes)))
        return refuse_request(request, "the bytes start no HTTP request");
    *request = (struct ws_request){0};
    return WS_REQUEST_INCOMPLETE;
}

enum ws_request_status ws_request_parse(const char *data, size_t size_bytes,
                                        struct ws_request *request)
{
    struct head head = {0};
    bool is_cut = size_bytes > WS_REQUEST_BYTES_MAX;
    struct span rest = {data, is_cut ? WS_REQUEST_BYTES_MAX : size_bytes};
    struct span start = rest;
    struct span line;
    *request = (struct ws_request){0};
    while (take_line(&rest, &line)) {
        if (line.size_bytes == 0 || line.data[line.size_bytes - 1] != '\r')
            return refuse_request(request, "a line does not end with CR LF (RFC 9112, 2.2)");
        line.size_bytes--;
        const char *fault = NULL;
        if (line.data == data) {
            fault = parse_request_line(line, request, &head);
        } else if (line.size_bytes > 0) {
            fault = parse_header_line(line, request, &head);
        } else {
            request->size_bytes = (size_t)(rest.data - data);
            request->fault = find_upgrade_fault(request, &head);
            request->is_upgrade = !request->fault;
            return WS_REQUEST_COMPLETE;
        }
        if (fault)
            return refuse_request(request, fault);
    }
    return judge_part(start, request);
}

/* ---- what the request asks ---- */

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte = to_lower(byte);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Takes one decoded byte off `rest`, which is not empty. A `%` without two hex digits is itself. */
static char take_decoded(struct span *rest)
{
    size_t taken_bytes = 1;
    char byte = rest->data[0];
    if (byte == '%' && rest->size_bytes >= 3) {
        int high = hex_digit(rest->data[1]);
        int low = hex_digit(rest->data[2]);
        if (high >= 0 && low >= 0) {
            byte = (char)(high << 4 | low);
            taken_bytes = 3;
        }
    }
    rest->data += taken_bytes;
    rest->size_bytes -= taken_bytes;
    return byte;
}

static bool decodes_to(struct span encoded, const char *text)
{
    for (; encoded.size_bytes > 0; text++)
        if (*text == '\0' || take_decoded(&encoded) != *text)
            return false;
    return *text == '\0';
}

bool ws_request_query(const struct ws_request *request, const char *name, struct buffer *out)
{
    struct span rest = request->query;
    struct span pair, pair_name;
    while (take_until(&rest, '&', &pair)) {
        take_until(&pair, '=', &pair_name);
        if (!decodes_to(pair_name, name))
            continue;
        size_t before_bytes = out->size_bytes;
        while (pair.size_bytes > 0) {
            char byte = take_decoded(&pair);
            if (!buffer_append(out, &byte, 1)) {
                out->size_bytes = before_bytes; /* half a token would be another one */
                return false;
            }
        }
        return true;
    }
    return false;
}

bool ws_request_token(const struct ws_request *request, struct buffer *out)
{
    size_t before_bytes = out->size_bytes;
    if (ws_request_query(request, "token", out) && out->size_bytes > before_bytes)
        return true;
    struct span rest = request->authorization;
    struct span scheme;
    if (!take_until(&rest, ' ', &scheme) || !equals_ignoring_case(scheme, "bearer"))
        return false;
    struct span token = trim(rest);
    return token.size_bytes > 0 && buffer_append(out, token.data, token.size_bytes);
}

bool ws_request_body_is_whole(const struct ws_request *request, const char *data,
                              size_t size_bytes)
{
    static const char last_chunk[] = "0\r\n\r\n";
    size_t body_bytes = size_bytes - request->size_bytes;
    if (request->is_chunked) {
        size_t last_bytes = sizeof last_chunk - 1;
        return body_bytes >= last_bytes &&
               memcmp(data + size_bytes - last_bytes, last_chunk, last_bytes) == 0;
    }
    size_t wanted_bytes = 0;
    struct span length = request->content_length;
    for (; length.size_bytes > 0 && length.data[0] >= '0' && length.data[0] <= '9' &&
           wanted_bytes <= SIZE_MAX / 16;
         length.data++, length.size_bytes--)
        wanted_bytes = wanted_bytes * 10 + (size_t)(length.data[0] - '0');
    return body_bytes >= wanted_bytes;
}

/* ---- the answer ---- */

void ws_accept_key(struct span key, char accept[WS_ACCEPT_TEXT_BYTES])
{
    struct buffer text;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_bytes = 0;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_append(&text, key.data, key.size_bytes);
    buffer_append_text(&text, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    int is_done = EVP_Digest(text.data, text.size_bytes, digest, &digest_bytes, EVP_sha1(), NULL);
    buffer_free(&text);
    assert(is_done == 1 && digest_bytes == 20);
    (void)is_done;
    EVP_EncodeBlock((unsigned char *)accept, digest, 20);
}

void ws_append_upgrade_response(struct buffer *out, const char *accept, int64_t unix_ms)
{
    char date[TIMESTAMP_TEXT_BYTES];
    timestamp_format_http(unix_ms, date);
    buffer_printf(out,
                  "HTTP/1.1 101 Switching Protocols\r\n"
                  "Upgrade: websocket\r\n"
                  "Connection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: %s\r\n"
                  "Date: %s\r\n"
                  "\r\n",
                  accept, date);
}

const char *ws_status_phrase(unsigned status)
{
    static const struct {
        unsigned status;
        const char *phrase;
    } phrases[] = {
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {418, "I'm a Teapot"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {451, "Unavailable For Legal Reasons"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {511, "Network Authentication Required"},
    };
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "Status";
}

void ws_append_refusal(struct buffer *out, unsigned status, const char *headers, const char *body,
                       int64_t unix_ms)
{
    char date[TIMESTAMP_TEXT_BYTES];
    timestamp_format_http(unix_ms, date);
    buffer_printf(out, "HTTP/1.1 %u %s\r\nDate: %s\r\nConnection: close\r\n%s", status,
                  ws_status_phrase(status), date, headers);
    /* These have neither a body nor its length (RFC 9110, 8.6). */
    if (status < 200 || status == 204 || status == 304) {
        buffer_append_text(out, "\r\n");
        return;
    }
    if (body[0])
        buffer_printf(out, "Content-Type: %s\r\n",
                      body[0] == '{' ? "application/json" : "text/plain; charset=utf-8");
    buffer_printf(out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
}
