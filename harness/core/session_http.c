/* Requests of the node stream's client that are no handshake (protocol.md, section 5): the token
 * that it connects with, and what it tells of its presence. They are answered at once, whatever the
 * steps wait for, and count as no connection. */
#include "core/session_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a client tells of itself: taken, and nothing is made of it. */
static const char *const presence_paths[] = {"/v1/agents/heartbeat", "/v1/agents/disconnect"};

/* What a request is answered with. */
struct answer {
    unsigned status;
    const char *headers; /* complete lines, or "" */
    const char *code;    /* of an error; NULL: `data` */
    const char *message;
    cJSON *data; /* owned */
};

bool http_is_exchange(const struct session *session, const struct ws_request *request)
{
    return session_is_node(session) && !request->is_upgrade &&
           !span_equals(request->path, NODE_STREAM_PATH);
}

const char *node_token(const struct session *session)
{
    return session->behaviour.token ? session->behaviour.token : NODE_STREAM_TOKEN;
}

/* ---- what is answered ---- */

static struct answer fail(unsigned status, const char *code, const char *message)
{
    return (struct answer){.status = status, .headers = "", .code = code, .message = message};
}

/* The agent's own token, which the driver was given. */
static bool is_authorized(const struct ws_request *request)
{
    struct buffer token;
    buffer_init(&token, WS_REQUEST_BYTES_MAX);
    bool is_right =
        ws_request_token(request, &token) && strcmp(buffer_text(&token), SESSION_TOKEN) == 0;
    buffer_free(&token);
    return is_right;
}

static struct answer issue_token(const struct session *session, const struct ws_request *request)
{
    if (!span_equals(request->method, "POST"))
        return fail(405, "method_not_allowed", "a token is asked for by POST");
    if (!is_authorized(request))
        return fail(401, "unauthorized", "the agent's token is missing or wrong");
    struct answer answer = {.status = 200, .headers = "", .data = cJSON_CreateObject()};
    cJSON_AddStringToObject(answer.data, "token", node_token(session));
    cJSON_AddStringToObject(answer.data, "node_id", NODE_STREAM_NODE_ID);
    cJSON_AddStringToObject(answer.data, "node_name", NODE_STREAM_NODE_NAME);
    return answer;
}

static struct answer choose_answer(const struct session *session, const struct ws_request *request)
{
    if (span_equals(request->path, NODE_STREAM_TOKEN_PATH))
        return issue_token(session, request);
    for (size_t index = 0; index < sizeof(presence_paths) / sizeof(presence_paths[0]); index++)
        if (span_equals(request->path, presence_paths[index]))
            return (struct answer){.status = 200, .headers = "", .data = cJSON_CreateObject()};
    return fail(404, "not_found", "the fake server has no such resource");
}

/* ---- writing ---- */

/* `text` is the request line, token left out. */
static void record_exchange(struct session *session, const struct connection *connection,
                            const struct ws_request *request, const char *how, double status)
{
    char line[256];
    snprintf(line, sizeof(line), "%.*s %.*s",
             (int)(request->method.size_bytes > 20 ? 20 : request->method.size_bytes),
             request->method.data,
             (int)(request->path.size_bytes > 200 ? 200 : request->path.size_bytes),
             request->path.data);
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_HTTP, connection);
    entry.name = how;
    entry.number = status;
    entry.text = text_is_utf8(line, strlen(line)) ? line : NULL;
    session_record(session, &entry);
}

static void write_answer(struct session *session, struct connection *connection,
                         const struct ws_request *request, struct answer *answer)
{
    cJSON *envelope = cJSON_CreateObject();
    cJSON_AddBoolToObject(envelope, "ok", !answer->code);
    if (answer->code) {
        cJSON *error = cJSON_AddObjectToObject(envelope, "error");
        cJSON_AddStringToObject(error, "code", answer->code);
        cJSON_AddStringToObject(error, "message", answer->message);
        cJSON_Delete(answer->data);
    } else {
        cJSON_AddItemToObject(envelope, "data", answer->data);
    }
    char *text = cJSON_PrintUnformatted(envelope);
    ws_append_refusal(session_write(session, connection->number, false), answer->status,
                      answer->headers, text, session_server_ms(session));
    record_exchange(session, connection, request, answer->code ? "refused" : "answered",
                    answer->status);
    cJSON_free(text);
    cJSON_Delete(envelope);
    server_end_now(session, connection, SESSION_END_FIN);
}

/* ---- requests for a token that are refused ---- */

static bool refuse_token(struct session *session, struct connection *connection,
                         const struct ws_request *request)
{
    struct session_node *node = &session->node;
    if (node->refusal_first == node->refusal_count ||
        !span_equals(request->path, NODE_STREAM_TOKEN_PATH))
        return false;
    struct refusal refusal = node->refusals[node->refusal_first];
    if (--node->refusals[node->refusal_first].left == 0)
        node->refusal_first++;
    node->token_refused_count++;
    if (refusal.how == REFUSE_HTTP) {
        struct answer answer = fail(refusal.status, "refused", "refused on purpose");
        answer.headers = refusal.headers;
        write_answer(session, connection, request, &answer);
        return true;
    }
    record_exchange(session, connection, request, refuse_how_name(refusal.how), NAN);
    if (refusal.how == REFUSE_RESET)
        server_end_now(session, connection, SESSION_END_RESET);
    else
        connection->state = CONNECTION_STALLED;
    return true;
}

void http_answer(struct session *session, struct connection *connection,
                 const struct ws_request *request)
{
    if (!ws_request_body_is_whole(request, connection->request.data,
                                  connection->request.size_bytes))
        return;
    session->last_progress_us = session->now_us;
    if (refuse_token(session, connection, request))
        return;
    struct answer answer = choose_answer(session, request);
    write_answer(session, connection, request, &answer);
}
