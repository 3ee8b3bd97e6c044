/* The reference client on the node stream (protocol.md, section 5): it fetches a token, registers
 * before anything else, dispatches each delivery once, and acknowledges the unbroken run of what
 * its handlers have had. */
#include "core/client_internal.h"

#include "core/event.h"
#include "core/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_ID "reference-%u"
#define REQUEST_ID_BYTES 32

#define KEY_SEPARATOR "\xff" /* ends no UTF-8 text: type and id cannot run into one another */

void client_node_free(struct client *client)
{
    struct client_node *node = &client->node;
    free(node->token);
    free(node->node_id);
    free(node->node_name);
    free(node->agent);
    cursor_free(&node->received);
    cursor_free(&node->dispatched);
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void keep_text(char **slot, const char *text)
{
    free(*slot);
    *slot = memory_copy_text(text, strlen(text));
}

/* ---- the token ---- */

static void connect_with_token(struct client *client)
{
    client_push_effect(client, CLIENT_EFFECT_CONNECT, client->node.token);
    if (client->policy.connects_twice && client->connection_count > 0)
        client_push_effect(client, CLIENT_EFFECT_CONNECT, client->node.token);
}

void client_node_connect(struct client *client)
{
    if (client->policy.keeps_token && client->node.token)
        connect_with_token(client);
    else
        client_push_effect(client, CLIENT_EFFECT_FETCH_TOKEN, "");
}

/* {"ok":true,"data":{"token":…,"node_id":…,"node_name":…}} */
static bool read_token(struct client_node *node, const char *body, size_t size_bytes)
{
    cJSON *envelope = cJSON_ParseWithLength(body, size_bytes);
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(envelope, "data");
    const char *token = text_of(data, "token");
    const char *id = text_of(data, "node_id"), *name = text_of(data, "node_name");
    bool is_read = token && token[0] && id && name;
    if (is_read) {
        keep_text(&node->token, token);
        keep_text(&node->node_id, id);
        keep_text(&node->node_name, name);
    }
    cJSON_Delete(envelope);
    return is_read;
}

void client_token(struct client *client, unsigned http_status, const char *body, size_t size_bytes,
                  struct client_time now)
{
    client->now = now;
    if (client->state != CLIENT_STATE_CONNECTING)
        return;
    bool is_good =
        http_status >= 200 && http_status < 300 && read_token(&client->node, body, size_bytes);
    if (is_good)
        connect_with_token(client);
    else /* a lost attempt like any other */
        client_closed(client, http_status, 0, now);
}

/* ---- sending ---- */

static void send_frame(struct client *client, cJSON *frame)
{
    char *text = cJSON_PrintUnformatted(frame);
    client_push_effect(client, CLIENT_EFFECT_SEND, text);
    cJSON_free(text);
    cJSON_Delete(frame);
}

static cJSON *new_frame(const char *type)
{
    cJSON *frame = cJSON_CreateObject();
    cJSON_AddNumberToObject(frame, "v", 1);
    cJSON_AddStringToObject(frame, "type", type);
    return frame;
}

/* A frame that is answered says by its id which one it was. */
static cJSON *new_request(struct client *client, const char *type)
{
    char id[REQUEST_ID_BYTES];
    snprintf(id, sizeof id, REQUEST_ID, ++client->node.request_count);
    cJSON *frame = new_frame(type);
    cJSON_AddStringToObject(frame, "id", id);
    return frame;
}

void client_node_heartbeat(struct client *client)
{
    cJSON *frame = new_request(client, "node.heartbeat");
    cJSON_AddStringToObject(frame, "node_id", client->node.node_id);
    cJSON_AddNumberToObject(frame, "load", 0);
    cJSON_AddNumberToObject(frame, "active_agents", 1);
    cJSON_AddBoolToObject(frame, "handlers_live", true);
    send_frame(client, frame);
}

static void send_registration(struct client *client)
{
    cJSON *frame = new_request(client, "node.register");
    cJSON_AddStringToObject(frame, "node_id", client->node.node_id);
    cJSON_AddStringToObject(frame, "name", client->node.node_name);
    cJSON_AddArrayToObject(frame, "capabilities");
    cJSON_AddNumberToObject(frame, "max_agents", 1);
    cJSON_AddArrayToObject(frame, "tags");
    cJSON_AddStringToObject(frame, "version", "gapcheck/" GAPCHECK_VERSION);
    send_frame(client, frame);
    client->node.registration = client->node.request_count;
    client->node.has_registered = true;
}

void client_node_opened(struct client *client)
{
    struct client_node *node = &client->node;
    node->is_answered = false;
    if (client->policy.delivery_dedupe == CLIENT_DELIVERY_DEDUPE_FORGETFUL)
        cursor_start(&node->received, 0);
    if (client->policy.registering == CLIENT_REGISTER_ONCE && node->has_registered)
        return;
    if (client->policy.registering == CLIENT_REGISTER_LATE)
        client_node_heartbeat(client);
    send_registration(client);
}

/* ---- acknowledging ---- */

static void acknowledge(struct client *client, int64_t up_to)
{
    struct client_node *node = &client->node;
    if (client->state != CLIENT_STATE_OPEN || !node->agent || up_to <= 0)
        return;
    bool is_wrong = client->policy.delivery_ack == CLIENT_DELIVERY_ACK_MISADDRESSED;
    cJSON *frame = new_frame("delivery.ack");
    cJSON_AddStringToObject(frame, "agent", is_wrong ? node->node_name : node->agent);
    cJSON_AddNumberToObject(frame, "up_to_seq", (double)up_to);
    send_frame(client, frame);
}

/* What is acknowledged now, after the run or the newest number has moved. */
static void acknowledge_run(struct client *client)
{
    struct client_node *node = &client->node;
    switch (client->policy.delivery_ack) {
    case CLIENT_DELIVERY_ACK_DISPATCHED_RUN:
    case CLIENT_DELIVERY_ACK_RECEIVED:
    case CLIENT_DELIVERY_ACK_ONCE:
    case CLIENT_DELIVERY_ACK_MISADDRESSED:
        acknowledge(client, node->dispatched.end);
        break;
    case CLIENT_DELIVERY_ACK_LATEST:
        acknowledge(client, node->latest);
        break;
    case CLIENT_DELIVERY_ACK_ONE_HIGH:
        acknowledge(client, node->dispatched.end + 1);
        break;
    case CLIENT_DELIVERY_ACK_NEVER:
        break;
    }
}

void client_node_dispatched(struct client *client, int64_t number)
{
    if (client->policy.delivery_ack == CLIENT_DELIVERY_ACK_RECEIVED)
        return; /* it was said already */
    cursor_add(&client->node.dispatched, number);
    acknowledge_run(client);
}

/* ---- what has come before ---- */

static bool is_known_number(const struct client *client, int64_t number)
{
    const struct cursor *received = &client->node.received;
    switch (client->policy.delivery_dedupe) {
    case CLIENT_DELIVERY_DEDUPE_ID_ONLY:
        return false;
    case CLIENT_DELIVERY_DEDUPE_RISING:
        return received->is_started && number <= cursor_highest(received);
    case CLIENT_DELIVERY_DEDUPE_NUMBER:
    case CLIENT_DELIVERY_DEDUPE_FORGETFUL:
        break;
    }
    return cursor_has(received, number);
}

/* Type and id of what has a stable one; empty else. */
static struct span event_key(struct client *client, const char *type, const cJSON *data)
{
    const struct event_type *known = event_type_find(span_of(type));
    const char *id = text_of(data, "id");
    struct buffer *key = &client->scratch;
    buffer_clear(key);
    if (!id)
        id = text_of(cJSON_GetObjectItemCaseSensitive(data, "message"), "id");
    if (client->policy.dedupe == CLIENT_DEDUPE_OFF || (known && !known->has_id) || !id || !id[0])
        return (struct span){0};
    if (client->policy.dedupe != CLIENT_DEDUPE_ID)
        buffer_append_text(key, type);
    buffer_append_text(key, KEY_SEPARATOR);
    buffer_append_text(key, id);
    return (struct span){key->data, key->size_bytes};
}

/* False if it was known. */
static bool remember_id(struct client *client, const char *type, const cJSON *data)
{
    struct span key = event_key(client, type, data);
    if (key.size_bytes == 0)
        return true;
    if (client->policy.dedupe_evicts_newest && !dedupe_contains(client->ids, key) &&
        dedupe_count(client->ids) == dedupe_capacity(client->ids))
        dedupe_forget_newest(client->ids);
    return dedupe_insert(client->ids, key);
}

/* ---- receiving ---- */

/* What the application is handed: the data, with the type in it. */
static void dispatch(struct client *client, const char *type, const cJSON *data, int64_t number)
{
    const struct event_type *known = event_type_find(span_of(type));
    if (client->policy.unknown_types_dropped && !known) {
        client_node_dispatched(client, number);
        return;
    }
    cJSON *event = cJSON_IsObject(data) ? cJSON_Duplicate(data, true) : cJSON_CreateObject();
    cJSON_DeleteItemFromObjectCaseSensitive(event, "type");
    cJSON *last = cJSON_AddStringToObject(event, "type", type);
    char *text = cJSON_PrintUnformatted(event), *quoted = cJSON_PrintUnformatted(last);
    size_t text_bytes = strlen(text), type_bytes = strlen(quoted) - 2;
    struct client_event handed = {
        .text = {text, text_bytes},
        .type = {text + text_bytes - 2 - type_bytes, type_bytes}, /* before `"}` */
        .is_known_type = known != NULL,
        .delivery = number,
    };
    client_dispatch(client, &handed);
    cJSON_free(quoted);
    cJSON_free(text);
    cJSON_Delete(event);
}

static void note_number(struct client *client, int64_t number)
{
    struct client_node *node = &client->node;
    if (!node->received.is_started)
        cursor_start(&node->received, 0);
    if (!node->dispatched.is_started)
        cursor_start(&node->dispatched, number - 1);
    cursor_add(&node->received, number);
    node->latest = number;
    if (client->policy.delivery_ack == CLIENT_DELIVERY_ACK_RECEIVED) {
        cursor_add(&node->dispatched, number);
        acknowledge_run(client);
    }
}

/* It has come before: the acknowledgement may have been lost. */
static void repeat_acknowledgement(struct client *client)
{
    if (client->policy.delivery_ack != CLIENT_DELIVERY_ACK_ONCE)
        acknowledge_run(client);
}

static void receive_delivery(struct client *client, const cJSON *frame)
{
    const cJSON *payload = cJSON_GetObjectItemCaseSensitive(frame, "payload");
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(payload, "data");
    const cJSON *seq = cJSON_GetObjectItemCaseSensitive(frame, "seq");
    const char *type = text_of(payload, "type"), *agent = text_of(frame, "agent");
    double number = cJSON_IsNumber(seq) ? seq->valuedouble : NAN;
    bool is_gated =
        client->policy.registering == CLIENT_REGISTER_GATES_EVENTS && !client->node.is_answered;
    bool is_number = number >= 0 && number <= (double)CURSOR_NUMBER_MAX && number == floor(number);
    if (!type || !agent || !is_number || is_gated ||
        (number == 0 && client->policy.ephemeral_dropped))
        return;
    keep_text(&client->node.agent, agent);
    if (number == 0) {
        if (remember_id(client, type, data))
            dispatch(client, type, data, 0);
        return;
    }
    bool is_known = is_known_number(client, (int64_t)number);
    note_number(client, (int64_t)number);
    bool is_new_id = remember_id(client, type, data);
    if (!is_known && is_new_id)
        dispatch(client, type, data, (int64_t)number);
    else if (!is_known) /* another delivery of what the application has, or is about to have */
        client_dispatch_nothing(client, (int64_t)number);
    else
        repeat_acknowledgement(client);
}

/* What is pushed beside the deliveries is dispatched too, and owed to nobody. */
static void receive_push(struct client *client, const char *type, const cJSON *data)
{
    if (type && remember_id(client, type, data))
        dispatch(client, type, data, 0);
}

static bool answers_registration(const struct client *client, const cJSON *frame)
{
    char expected[REQUEST_ID_BYTES];
    const char *id = text_of(frame, "id");
    snprintf(expected, sizeof expected, REQUEST_ID, client->node.registration);
    return id && strcmp(id, expected) == 0;
}

/* Without a registration nothing comes: another attempt, after the usual delay. */
static void receive_refusal(struct client *client)
{
    if (client->node.is_answered || client->policy.registering == CLIENT_REGISTER_REFUSAL_UNSEEN)
        return;
    client->connection.message_count = 0; /* good for nothing: the delays go on growing (C-27) */
    client_close(client);
}

void client_node_receive(struct client *client, struct span text, struct span type)
{
    cJSON *frame = cJSON_ParseWithLength(text.data, text.size_bytes);
    if (span_equals(type, "deliver"))
        receive_delivery(client, frame);
    else if (span_equals(type, "context.update"))
        receive_push(client, text_of(frame, "event"),
                     cJSON_GetObjectItemCaseSensitive(frame, "data"));
    else if (span_equals(type, "action.invoke"))
        receive_push(client, "action.invoked", frame);
    else if (span_equals(type, "reply") && answers_registration(client, frame))
        client->node.is_answered = true;
    else if (span_equals(type, "error") && answers_registration(client, frame))
        receive_refusal(client);
    else if (span_equals(type, "ping"))
        client_node_heartbeat(client);
    cJSON_Delete(frame);
}
