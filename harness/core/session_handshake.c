/* How a connection begins: its HTTP request, and whether it is upgraded, refused or left waiting. */
#include "core/session_internal.h"

#include <stdio.h>
#include <string.h>

const char *session_path(const struct session *session)
{
    return session_is_node(session) ? NODE_STREAM_PATH : SESSION_PATH;
}

/* ---- refused ---- */

static void refuse_http(struct session *session, struct connection *connection, unsigned status,
                        const char *headers)
{
    ws_append_refusal(session_write(session, connection->number, false), status, headers, "",
                      session_server_ms(session));
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_REFUSED, connection);
    entry.name = refuse_how_name(REFUSE_HTTP);
    entry.number = status;
    session_record(session, &entry);
    session->refused_count++;
    session->refused_us = session->now_us;
    server_end_now(session, connection, SESSION_END_FIN);
}

static void refuse_as_told(struct session *session, struct connection *connection,
                           const struct refusal *refusal)
{
    if (refusal->how == REFUSE_HTTP) {
        refuse_http(session, connection, refusal->status, refusal->headers);
        return;
    }
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_REFUSED, connection);
    entry.name = refuse_how_name(refusal->how);
    session_record(session, &entry);
    session->refused_count++;
    session->refused_us = session->now_us;
    if (refusal->how == REFUSE_RESET) {
        server_end_now(session, connection, SESSION_END_RESET);
        return;
    }
    if (refusal->how == REFUSE_BAD_ACCEPT)
        ws_append_upgrade_response(session_write(session, connection->number, false),
                                   "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", session_server_ms(session));
    connection->state = CONNECTION_STALLED;
}

static struct connection *first_waiting(struct session *session)
{
    for (size_t index = 0; index < session->connection_count; index++)
        if (session->connections[index].state == CONNECTION_WAITING)
            return &session->connections[index];
    return NULL;
}

void server_refuse_waiting(struct session *session)
{
    while (session->refusal_first < session->refusal_count) {
        struct refusal *refusal = &session->refusals[session->refusal_first];
        if (refusal->how == REFUSE_CLOSED) {
            if (!refusal->is_closed) {
                refusal->is_closed = true;
                refusal->until_us = session->now_us + refusal->for_ms * 1000;
                server_update_port(session);
            }
            if (session->now_us < refusal->until_us)
                return;
            session->refusal_first++;
            server_update_port(session);
            continue;
        }
        struct connection *connection = first_waiting(session);
        if (!connection)
            return;
        refuse_as_told(session, connection, refusal);
        if (--refusal->left == 0)
            session->refusal_first++;
    }
}

/* Answers what no scenario needs to: a request without token, or for another path. */
static bool is_request_good(struct session *session, struct connection *connection,
                            const struct ws_request *request, const char *path, const char *token)
{
    struct buffer given;
    buffer_init(&given, WS_REQUEST_BYTES_MAX);
    bool has_token = ws_request_token(request, &given) && given.size_bytes > 0;
    bool is_token_right = has_token && (!token || !strcmp(buffer_text(&given), token));
    buffer_free(&given);
    if (!request->is_upgrade ||
        !span_equals(request->path, path ? path : session_path(session))) {
        refuse_http(session, connection, 426, "Upgrade: websocket\r\n");
        return false;
    }
    if (!is_token_right) {
        refuse_http(session, connection, 401, "");
        return false;
    }
    return true;
}

/* ---- upgraded ---- */

static void upgrade(struct session *session, struct connection *connection,
                    const struct ws_request *request)
{
    char accept[WS_ACCEPT_TEXT_BYTES];
    ws_accept_key(request->key, accept);
    int64_t server_ms = session_server_ms(session);
    ws_append_upgrade_response(session_write(session, connection->number, false), accept,
                               server_ms);
    connection->state = CONNECTION_OPEN;
    connection->opened_number = ++session->opened_count;
    connection->is_due = session_is_node(session) ||
                         (session->has_sent_number && session->opened_count > 1);
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_OPEN, connection);
    entry.number = (double)server_ms;
    session_begin_window(session, session_record(session, &entry));
}

/* NULL: any. The node stream takes the token that it has issued. */
static const char *wanted_token(const struct session *session)
{
    if (session_is_node(session))
        return session->node.accepts_any_token ? NULL : node_token(session);
    return session->behaviour.token;
}

struct connection *server_accept(struct session *session, const char *path, const char *token)
{
    struct connection *connection;
    while ((connection = first_waiting(session)) != NULL) {
        struct ws_request request;
        ws_request_parse(connection->request.data, connection->request.size_bytes, &request);
        const char *wanted = token ? token : wanted_token(session);
        if (!is_request_good(session, connection, &request, path, wanted))
            continue;
        upgrade(session, connection, &request);
        if (connection->request.size_bytes > request.size_bytes)
            server_violate(session, connection,
                           "it sent frames before its handshake was answered (RFC 6455, 4.1)",
                           1002);
        return connection;
    }
    return NULL;
}

/* ---- what comes ---- */

static const char *printable_method(const struct ws_request *request, char *text, size_t size)
{
    snprintf(text, size, "%.*s %.*s",
             (int)(request->method.size_bytes > 20 ? 20 : request->method.size_bytes),
             request->method.data,
             (int)(request->path.size_bytes > 200 ? 200 : request->path.size_bytes),
             request->path.data);
    return text;
}

void server_read_request(struct session *session, struct connection *connection, const char *data,
                         size_t size_bytes)
{
    struct ws_request request;
    enum ws_request_status status = WS_REQUEST_BAD;
    if (buffer_append(&connection->request, data, size_bytes))
        status = ws_request_parse(connection->request.data, connection->request.size_bytes,
                                  &request);
    if (status == WS_REQUEST_INCOMPLETE)
        return;
    connection->is_http = status == WS_REQUEST_COMPLETE && http_is_exchange(session, &request);
    if (connection->is_http) {
        http_answer(session, connection, &request);
        return;
    }
    server_tell_connect(session, connection);
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_REQUEST, connection);
    if (status == WS_REQUEST_BAD) {
        session_record(session, &entry);
        entry = server_entry_on(session, TRANSCRIPT_VIOLATION, connection);
        entry.text = "its handshake is no HTTP request (RFC 6455, 4.1)";
        session_record(session, &entry);
        refuse_http(session, connection, 400, "");
        return;
    }
    char line[256];
    entry.text = printable_method(&request, line, sizeof(line));
    if (!text_is_utf8(entry.text, strlen(entry.text)))
        entry.text = NULL;
    session_record(session, &entry);
    connection->state = CONNECTION_WAITING;
    server_refuse_waiting(session);
}
