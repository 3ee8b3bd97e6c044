/* Frames that come: which are events, and which of these have come before (C-7 … C-15, C-20). */
#include "core/client_internal.h"

#include "core/event.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

/* A longer key is kept as check sums: what is remembered stays bounded in bytes too. */
#define KEY_BYTES_MAX 512

/* ---- the content of an event without id ---- */

static const char *skip_string(const char *at)
{
    for (at++; *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at + 1;
}

/* The end of the member that starts at `at`: its comma, or the brace that closes the object. */
static const char *skip_member(const char *at)
{
    for (int depth = 0;;) {
        switch (*at) {
        case '"':
            at = skip_string(at);
            continue;
        case '{':
        case '[':
            depth++;
            break;
        case '}':
        case ']':
            if (depth-- == 0)
                return at;
            break;
        case ',':
            if (depth == 0)
                return at;
            break;
        }
        at++;
    }
}

static const char *skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')
        at++;
    return at;
}

/* Whether the member says how the event was sent and not what it is. */
static bool is_delivery_member(const char *at)
{
    static const char *const names[] = {"\"agent_seq\"", "\"channel_seq\"", "\"replayed\""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(at, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* The check sum of all members that belong to the event, in their order. `text` is valid JSON. */
static uint64_t fingerprint(struct span text)
{
    uint64_t sum = 0;
    const char *at = skip_blanks(text.data) + 1;
    for (;;) {
        at = skip_blanks(at);
        const char *end = skip_member(at);
        if (!is_delivery_member(at))
            sum = (sum ^ text_hash(at, (size_t)(end - at))) * UINT64_C(0x9e3779b97f4a7c15);
        if (*end == '}')
            return sum;
        at = end + 1;
    }
}

/* ---- what makes two events the same ---- */

/* Ends no UTF-8 text, so that type and id cannot run into one another. */
#define KEY_SEPARATOR "\xff"

static void shorten_key(struct buffer *key)
{
    if (key->size_bytes <= KEY_BYTES_MAX)
        return;
    size_t half = key->size_bytes / 2;
    uint64_t parts[3] = {key->size_bytes, text_hash(key->data, half),
                         text_hash(key->data + half, key->size_bytes - half)};
    buffer_clear(key);
    buffer_append(key, parts, sizeof parts);
}

static struct span key_of_id(struct client *client, const struct frame *frame, bool with_type)
{
    const struct frame_value *id = &frame->fields[FRAME_FIELD_ID];
    struct buffer *key = &client->scratch;
    buffer_clear(key);
    if (id->kind != FRAME_VALUE_STRING || id->text.size_bytes == 0)
        return (struct span){0};
    if (with_type)
        frame_append_string(&frame->fields[FRAME_FIELD_TYPE], key);
    buffer_append_text(key, KEY_SEPARATOR);
    frame_append_string(id, key);
    shorten_key(key);
    return (struct span){key->data, key->size_bytes};
}

/* The mutant's: `message.id` or `message_id`, else as it should be. */
static struct span key_of_message_id(struct client *client, const struct frame *frame,
                                     struct span text)
{
    struct span key = key_of_id(client, frame, true);
    cJSON *document = cJSON_ParseWithLength(text.data, text.size_bytes);
    const cJSON *message = cJSON_GetObjectItemCaseSensitive(document, "message");
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(message, "id");
    if (!id)
        id = cJSON_GetObjectItemCaseSensitive(document, "message_id");
    if (cJSON_IsString(id)) {
        buffer_clear(&client->scratch);
        buffer_append_text(&client->scratch, id->valuestring);
        shorten_key(&client->scratch);
        key = (struct span){client->scratch.data, client->scratch.size_bytes};
    }
    cJSON_Delete(document);
    return key;
}

static struct span key_of_number(struct client *client, const struct frame *frame)
{
    buffer_clear(&client->scratch);
    if (!frame_has_sequence(frame))
        return (struct span){0};
    double sequence = frame->fields[FRAME_FIELD_AGENT_SEQ].number;
    buffer_append(&client->scratch, &sequence, sizeof sequence);
    return (struct span){client->scratch.data, client->scratch.size_bytes};
}

static struct span key_of_content(struct client *client, struct span text)
{
    uint64_t sum = fingerprint(text);
    buffer_clear(&client->scratch);
    buffer_append(&client->scratch, &sum, sizeof sum);
    return (struct span){client->scratch.data, client->scratch.size_bytes};
}

static struct span event_key(struct client *client, const struct frame *frame, struct span text)
{
    switch (client->policy.dedupe) {
    case CLIENT_DEDUPE_TYPE_AND_ID:
        break;
    case CLIENT_DEDUPE_OFF:
        return (struct span){0};
    case CLIENT_DEDUPE_SEQUENCE:
        return key_of_number(client, frame);
    case CLIENT_DEDUPE_ID:
        return key_of_id(client, frame, false);
    case CLIENT_DEDUPE_MESSAGE_ID:
        return key_of_message_id(client, frame, text);
    case CLIENT_DEDUPE_CONTENT:
        return key_of_content(client, text);
    }
    return key_of_id(client, frame, true);
}

/* ---- an event as a whole ---- */

static bool is_known_type(const struct frame *frame)
{
    const struct frame_value *type = &frame->fields[FRAME_FIELD_TYPE];
    return !type->has_escapes && event_type_find(type->text) != NULL;
}

static struct client_event describe(struct client *client, const struct frame *frame,
                                    struct span text)
{
    const struct frame_value *replayed = &frame->fields[FRAME_FIELD_REPLAYED];
    struct client_event event = {
        .text = text,
        .type = frame->fields[FRAME_FIELD_TYPE].text,
        .key = event_key(client, frame, text),
        .is_known_type = is_known_type(frame),
        .is_numbered = frame_has_sequence(frame),
    };
    event.is_row =
        !event.is_numbered && replayed->kind == FRAME_VALUE_BOOL && replayed->boolean;
    if (event.is_numbered) {
        event.sequence = frame->fields[FRAME_FIELD_AGENT_SEQ].number;
        /* A counter counts 1, 2, 3, …: what lies below is of no numbering, an old or a new one. */
        event.is_countable = event.sequence >= 1 &&
                             event.sequence <= (double)CURSOR_NUMBER_MAX &&
                             floor(event.sequence) == event.sequence;
        event.number = event.is_countable ? (int64_t)event.sequence : 0;
    }
    bool has_id = frame->fields[FRAME_FIELD_ID].kind == FRAME_VALUE_STRING &&
                  frame->fields[FRAME_FIELD_ID].text.size_bytes > 0;
    if (!has_id && (event.is_numbered || event.is_row))
        event.fingerprint = fingerprint(text);
    return event;
}

/* ---- what has come before ---- */

/* Number and content: another event may bear the same number after a reset that went unseen. */
struct numbered_key {
    double sequence;
    uint64_t fingerprint;
};

static bool knows_numbered(const struct client *client, const struct client_event *event)
{
    struct numbered_key key = {event->sequence, event->fingerprint};
    struct span span = {(const char *)&key, sizeof key};
    return dedupe_contains(client->numbering.events, span) ||
           dedupe_contains(client->on_connection.events, span);
}

static bool knows(const struct client *client, const struct client_event *event)
{
    if (event->key.size_bytes > 0)
        return dedupe_contains(client->ids, event->key);
    return event->fingerprint != 0 && event->is_numbered && knows_numbered(client, event);
}

static void remember(struct client *client, const struct client_event *event)
{
    if (event->key.size_bytes > 0) {
        if (client->policy.dedupe_evicts_newest &&
            dedupe_count(client->ids) == dedupe_capacity(client->ids))
            dedupe_forget_newest(client->ids);
        dedupe_insert(client->ids, event->key);
    } else if (event->fingerprint != 0 && event->is_numbered) {
        struct numbered_key key = {event->sequence, event->fingerprint};
        struct span span = {(const char *)&key, sizeof key};
        dedupe_insert(client->numbering.events, span);
        dedupe_insert(client->on_connection.events, span);
    }
}

/* Whether ring and rows of one replay bring an event without id twice, and this is the second. */
static bool is_repeated_in_replay(struct client *client, const struct client_event *event)
{
    if (event->fingerprint == 0 || !client->connection.is_awaiting_ack)
        return false;
    if (event->is_row)
        return replay_tally_row(client->tally, event->fingerprint);
    return replay_tally_number(client->tally, event->sequence, event->fingerprint);
}

static bool is_dropped_by_policy(const struct client *client, const struct client_event *event)
{
    const struct client_policy *policy = &client->policy;
    return (policy->rows_ignored && event->is_row) ||
           (policy->unknown_types_dropped && !event->is_known_type) ||
           (policy->reset == CLIENT_RESET_DROPS_LOWER_NUMBERS && event->is_countable &&
            client->connection.has_asked && event->number <= client->connection.first_asked);
}

static void receive_event(struct client *client, const struct frame *frame, struct span text)
{
    struct client_event event = describe(client, frame, text);
    bool is_known = knows(client, &event);
    if (event.is_numbered)
        client_notice_reset(client, &event, is_known);
    remember(client, &event);
    client_count_number(client, &event, is_known);
    client_count_odd_number(client, frame);

    bool came_by_number = is_known && event.key.size_bytes == 0;
    bool came_in_replay = is_repeated_in_replay(client, &event);
    bool is_repeat = (is_known && !(came_by_number && client->policy.repeats_same_number)) ||
                     (came_in_replay && !client->policy.repeats_rows);
    if (!is_repeat && !is_dropped_by_policy(client, &event))
        client_dispatch(client, &event);
}

/* ---- frames ---- */

static void receive_malformed(struct client *client)
{
    switch (client->policy.malformed) {
    case CLIENT_MALFORMED_IGNORED:
        return;
    case CLIENT_MALFORMED_DISCONNECTS:
        client_push_effect(client, CLIENT_EFFECT_CLOSE, "");
        break;
    case CLIENT_MALFORMED_FATAL:
        break;
    }
    client->state = CLIENT_STATE_STOPPED;
    client->state_deadline_us = CLIENT_NEVER;
}

void client_message(struct client *client, const char *text, size_t size_bytes,
                    struct client_time now)
{
    client_piece(client, now);
    if (client->state != CLIENT_STATE_OPEN && client->state != CLIENT_STATE_CLOSING)
        return;
    client->connection.message_count++;
    struct frame frame;
    if (!frame_scan(text, size_bytes, &frame)) {
        receive_malformed(client);
        return;
    }
    const struct frame_value *type = &frame.fields[FRAME_FIELD_TYPE];
    struct span span = {text, size_bytes};
    if (client->options.is_node) {
        client_node_receive(client, span, type->text);
        return;
    }
    if (frame_string_equals(type, "resync_ack"))
        client_receive_ack(client, &frame, span);
    else if (frame_string_equals(type, "pong"))
        client_count_control(client, &frame);
    else
        receive_event(client, &frame, span);
    client_settle_frame(client);
}
