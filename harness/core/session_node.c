/* The node stream on the server's side (protocol.md, section 5): a client registers, is sent again
 * what it has not acknowledged, and acknowledges what it has. */
#include "core/session_internal.h"

#include <math.h>
#include <string.h>

bool session_is_node(const struct session *session)
{
    return session->scenario->dialect == DIALECT_NODE;
}

bool node_is_registered(const struct session *session, const struct connection *connection)
{
    return session->node.registered == connection->number;
}

bool node_is_acknowledged(const struct session *session)
{
    return session->node.claimed_seq >= session->node.sent.end;
}

/* ---- deliveries ---- */

void node_print_delivery(const struct event *event, struct buffer *out)
{
    buffer_printf(out,
                  "{\"v\":1,\"type\":\"deliver\",\"delivery_id\":\"delivery-%llu\","
                  "\"agent_id\":\"" NODE_STREAM_AGENT_ID "\",\"agent\":\"" NODE_STREAM_AGENT
                  "\",\"msg_id\":\"message-%llu\",\"seq\":%lld,\"mode\":\"wait\",\"payload\":",
                  (unsigned long long)event->marker, (unsigned long long)event->marker,
                  event->is_numbered ? (long long)event->seq : 0LL);
    event_print_payload(event, out);
    buffer_append_text(out, "}");
}

/* Everything above what was acknowledged, oldest first. */
static void redeliver(struct session *session, struct connection *connection)
{
    uint32_t number = connection->number;
    server_publish_before_replay(session);
    connection = session_connection(session, number);
    struct node_queue *queue = &session->node.queue;
    session->node.claimed_seq = queue->acked_seq; /* what was lost of it must be said again */
    size_t first = (size_t)queue->acked_seq, count = queue->count - first;
    bool is_cut;
    size_t sent_count = server_take_cut(session, count, &is_cut);
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_REPLAY, connection);
    entry.seq = (double)queue->acked_seq;
    entry.number = (double)queue->count;
    entry.count = count;
    entry.flags = is_cut ? TRANSCRIPT_FLAG_CUT : 0;
    session_record(session, &entry);
    for (size_t index = 0; index < sent_count; index++) {
        uint64_t marker = node_queue_marker(queue, (int64_t)(first + index) + 1);
        server_send_event(session, connection, LANE_ANSWER,
                          model_event(&session->model, marker), "queue", false);
    }
    if (is_cut)
        server_cut_connection(session, connection);
}

/* ---- answers ---- */

static void send_json(struct session *session, struct connection *connection, cJSON *frame)
{
    char *text = cJSON_PrintUnformatted(frame);
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_FRAME_OUT, connection);
    entry.detail = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(frame, "type"));
    entry.flags = TRANSCRIPT_FLAG_CONTROL;
    transcript_set_text(&entry, text, strlen(text));
    server_send(session, connection, LANE_LIVE, text, strlen(text), &entry);
    cJSON_free(text);
    cJSON_Delete(frame);
}

static cJSON *new_answer(const char *type, const char *id, bool is_ok)
{
    cJSON *frame = cJSON_CreateObject();
    cJSON_AddNumberToObject(frame, "v", 1);
    cJSON_AddStringToObject(frame, "type", type);
    cJSON_AddStringToObject(frame, "id", id);
    cJSON_AddBoolToObject(frame, "ok", is_ok);
    return frame;
}

static void send_error(struct session *session, struct connection *connection, const char *id,
                       const char *code, const char *message)
{
    cJSON *frame = new_answer("error", id, false);
    cJSON_AddStringToObject(frame, "code", code);
    cJSON_AddStringToObject(frame, "message", message);
    connection->was_refused = true;
    send_json(session, connection, frame);
}

static void send_reply(struct session *session, struct connection *connection, const char *id)
{
    cJSON *frame = new_answer("reply", id, true);
    cJSON *data = cJSON_AddObjectToObject(frame, "data");
    cJSON *provider = cJSON_AddObjectToObject(data, "provider");
    cJSON_AddStringToObject(provider, "name", "default");
    cJSON_AddStringToObject(provider, "instance_id", id);
    cJSON_AddArrayToObject(data, "accepted_capabilities");
    cJSON_AddStringToObject(data, "node_id", NODE_STREAM_NODE_ID);
    cJSON_AddStringToObject(data, "name", NODE_STREAM_NODE_NAME);
    send_json(session, connection, frame);
}

/* ---- what the client sends ---- */

static const char *text_of(const cJSON *frame, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(frame, name));
}

static void read_register(struct session *session, struct connection *connection,
                          const cJSON *frame)
{
    const char *id = text_of(frame, "id");
    const char *node_id = text_of(frame, "node_id");
    uint32_t number = connection->number;
    if (!id || !node_id || strcmp(node_id, NODE_STREAM_NODE_ID) != 0) {
        send_error(session, connection, id ? id : "", "invalid_registration",
                   "node.register needs an id, and the node_id that came with the token");
        return;
    }
    enum register_mode mode = session->node.registering;
    if (mode == REGISTER_ERROR) {
        send_error(session, connection, id, "registration_refused", "refused on purpose");
        return;
    }
    connection->was_refused = false;
    connection->has_resynced = true;
    bool is_again = node_is_registered(session, connection);
    if (mode != REGISTER_OMIT)
        send_reply(session, connection, id);
    if (mode == REGISTER_TWICE)
        send_reply(session, connection, id);
    session->node.registered = number;
    if (!is_again) /* once registered, everything comes by itself */
        redeliver(session, session_connection(session, number));
}

/* The number that it says, NAN where it is no acknowledgement of ours. */
static double acknowledged_seq(const cJSON *frame)
{
    const cJSON *up_to = cJSON_GetObjectItemCaseSensitive(frame, "up_to_seq");
    const char *agent = text_of(frame, "agent");
    if (!agent || strcmp(agent, NODE_STREAM_AGENT) != 0 || !cJSON_IsNumber(up_to) ||
        !isfinite(up_to->valuedouble))
        return NAN;
    return up_to->valuedouble;
}

/* Whether the application has told of an acknowledged delivery, as far as the lines that came. */
static bool is_told(const struct session *session, int64_t seq)
{
    uint64_t marker = node_queue_marker(&session->node.queue, seq);
    return marker < session->dispatch_capacity_count && session->dispatch_counts[marker];
}

/* Frames and lines take different ways: an acknowledgement may be here before the line of its
 * dispatch. What the driver answers comes behind all that it said before, so asking it anything
 * tells the judge which was first. One question at a time. */
static void ask_driver(struct session *session)
{
    struct session_node *node = &session->node;
    int64_t last = node->claimed_seq < (int64_t)node->queue.count ? node->claimed_seq
                                                                  : (int64_t)node->queue.count;
    if (session->barrier_answered < session->barrier_count || session->is_stopped)
        return;
    bool is_missing = false;
    while (node->asked_seq < last)
        is_missing = !is_told(session, ++node->asked_seq) || is_missing;
    if (is_missing)
        driver_tell_barrier(session);
}

void node_read_barrier(struct session *session)
{
    if (session_is_node(session))
        ask_driver(session);
}

static void read_ack(struct session *session, const struct connection *connection, double up_to_seq)
{
    struct session_node *node = &session->node;
    if (isnan(up_to_seq) || !node_is_registered(session, connection))
        return;
    if (up_to_seq > (double)node->claimed_seq)
        node->claimed_seq = up_to_seq < 9e15 ? (int64_t)up_to_seq : INT64_MAX;
    ask_driver(session);
    if (!node->ignores_acks)
        node_queue_ack(&node->queue, up_to_seq);
}

/* A heartbeat that wants an answer says so by its id. */
static void read_heartbeat(struct session *session, struct connection *connection,
                           const cJSON *frame)
{
    const char *id = text_of(frame, "id");
    if (id && !session->behaviour.ignore_pings)
        send_json(session, connection, new_answer("reply", id, true));
}

static void read_frame(struct session *session, struct connection *connection, const char *type,
                       const cJSON *frame)
{
    if (!strcmp(type, "node.register"))
        read_register(session, connection, frame);
    else if (!strcmp(type, "delivery.ack"))
        read_ack(session, connection, acknowledged_seq(frame));
    else if (!strcmp(type, "node.heartbeat"))
        read_heartbeat(session, connection, frame);
    else if (!strcmp(type, "node.deregister") && node_is_registered(session, connection))
        session->node.registered = 0;
}

void node_read_text(struct session *session, struct connection *connection, const char *text,
                    size_t size_bytes)
{
    cJSON *frame = cJSON_ParseWithLength(text, size_bytes);
    const char *type = text_of(frame, "type");
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_FRAME_IN, connection);
    if (!type)
        entry.flags |= TRANSCRIPT_FLAG_MALFORMED;
    /* No type of the protocol is longer; the text has it. */
    entry.detail = type && strlen(type) <= 100 ? type : NULL;
    if (entry.detail && !strcmp(entry.detail, "delivery.ack"))
        entry.number2 = acknowledged_seq(frame);
    transcript_set_text(&entry, text, size_bytes);
    session_record(session, &entry);
    session->last_progress_us = session->now_us;
    if (entry.detail)
        read_frame(session, connection, entry.detail, frame);
    cJSON_Delete(frame);
}
