/* Lines to and from the driver. */
#include "core/session_internal.h"

#include "core/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNMARKED_TEXT_BYTES_MAX 2048 /* of an event that is none of ours */
#define TYPE_BYTES_MAX          1000 /* of an event's type; longer ones are not told */

/* ---- to the driver ---- */

/* `number`: of one that waits for an answer; NAN for others. */
static void tell(struct session *session, cJSON *line, const char *op, double number)
{
    char *text = cJSON_PrintUnformatted(line);
    session_effect(session, SESSION_EFFECT_DRIVER, 0);
    buffer_append_text(&session->effects[session->effect_count - 1].data, text);
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_OP);
    entry.name = op;
    entry.number = number;
    transcript_set_text(&entry, text, strlen(text));
    session_record(session, &entry);
    cJSON_free(text);
    cJSON_Delete(line);
}

static cJSON *make_line(const char *op, const char *client)
{
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "op", op);
    cJSON_AddStringToObject(line, "client", client);
    return line;
}

static void add_channels(cJSON *line, const struct text_list *channels)
{
    cJSON *list = cJSON_AddArrayToObject(line, "channels");
    for (size_t index = 0; index < channels->count; index++)
        cJSON_AddItemToArray(list, cJSON_CreateString(channels->items[index]));
}

void driver_tell_start(struct session *session)
{
    char url[128], base_url[96];
    const char *secure = session->config.ca_file ? "s" : "";
    snprintf(base_url, sizeof(base_url), "http%s://%s:%u", secure, session->config.host,
             session->config.port);
    snprintf(url, sizeof(url), "ws%s://%s:%u%s", secure, session->config.host,
             session->config.port, session_path(session));
    cJSON *line = make_line("start", session->config.client);
    cJSON_AddStringToObject(line, "url", url);
    cJSON_AddStringToObject(line, "base_url", base_url);
    cJSON_AddStringToObject(line, "token", SESSION_TOKEN);
    add_channels(line, &session->scenario->channels);
    cJSON *options = cJSON_Duplicate(session->scenario->client_options, true);
    bool is_node = session->scenario->dialect == DIALECT_NODE;
    cJSON_AddStringToObject(options, "dialect", is_node ? "node" : "agent");
    if (session->config.ca_file)
        cJSON_AddStringToObject(options, "ca_file", session->config.ca_file);
    cJSON_AddItemToObject(line, "options", options);
    tell(session, line, "start", NAN);
}

void driver_tell(struct session *session, const char *op, const struct text_list *channels,
                 int64_t ms)
{
    cJSON *line = make_line(op, session->config.client);
    if (channels->count)
        add_channels(line, channels);
    if (!strcmp(op, "slow"))
        cJSON_AddNumberToObject(line, "ms", (double)ms);
    tell(session, line, op, NAN);
}

/* `throw` and `slow` have no answer, and the next event takes another way: it could overtake them.
 * A driver answers an op for an unknown client with `error` (driver.md), in order; so one follows,
 * for a client that does not exist, and its answer shows that the op before was read. */
void driver_tell_barrier(struct session *session)
{
    char client[64];
    snprintf(client, sizeof(client), "%s/%u", session->config.client, ++session->barrier_count);
    cJSON *line = make_line("unsubscribe", client);
    cJSON_AddArrayToObject(line, "channels");
    tell(session, line, "unsubscribe", session->barrier_count);
}

static void read_barrier(struct session *session)
{
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_READ);
    entry.number = ++session->barrier_answered;
    session_record(session, &entry);
    node_read_barrier(session);
}

/* ---- from the driver ---- */

static uint64_t find_marker(const cJSON *data)
{
    if (cJSON_IsString(data))
        return event_find_marker(span_of(data->valuestring));
    const cJSON *child;
    cJSON_ArrayForEach(child, data) {
        uint64_t marker = find_marker(child);
        if (marker)
            return marker;
    }
    return 0;
}

static bool is_ours(const struct session *session, uint64_t marker)
{
    return marker && marker <= session->model.event_count;
}

static void count_dispatch(struct session *session, uint64_t marker)
{
    if (!is_ours(session, marker) || !model_event(&session->model, marker)->is_fence)
        session->dispatched_count++;
    if (!is_ours(session, marker))
        return;
    session->dispatch_counts =
        memory_grow(session->dispatch_counts, &session->dispatch_capacity_count,
                    (size_t)marker + 1, sizeof(*session->dispatch_counts));
    session->dispatch_counts[marker]++;
}

/* Data without a marker of ours is kept as text, unless there is too much of it. */
static void record_unmarked(struct session *session, struct transcript_entry *entry,
                            const cJSON *data)
{
    char *text = data ? cJSON_PrintUnformatted(data) : NULL;
    size_t text_bytes = text ? strlen(text) : 0;
    if (text && text_bytes <= UNMARKED_TEXT_BYTES_MAX && text_is_utf8(text, text_bytes))
        entry->text = text;
    session_record(session, entry);
    cJSON_free(text);
}

static void read_event(struct session *session, const struct driver_line *line)
{
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_DISPATCH);
    size_t type_bytes = strlen(line->type);
    if (type_bytes <= TYPE_BYTES_MAX && text_is_utf8(line->type, type_bytes))
        entry.detail = line->type;
    entry.number = line->handler;
    entry.marker = find_marker(line->data);
    if (is_ours(session, entry.marker)) {
        const struct event *event = model_event(&session->model, entry.marker);
        if (!driver_line_text_is_whole(line->data, entry.marker, event->size_bytes))
            entry.flags |= TRANSCRIPT_FLAG_MANGLED;
        session_record(session, &entry);
    } else {
        record_unmarked(session, &entry, line->data);
    }
    if (line->handler == 1)
        count_dispatch(session, entry.marker);
}

static void read_plain_event(struct session *session, const struct driver_event_line *line)
{
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_DISPATCH);
    char type[TYPE_BYTES_MAX + 1];
    if (line->type.size_bytes <= TYPE_BYTES_MAX) {
        memcpy(type, line->type.data, line->type.size_bytes);
        type[line->type.size_bytes] = '\0';
        entry.detail = type;
    }
    entry.number = line->handler;
    entry.marker = driver_event_marker(line->data);
    if (is_ours(session, entry.marker)) {
        const struct event *event = model_event(&session->model, entry.marker);
        if (!driver_event_text_is_whole(line->data, entry.marker, event->size_bytes))
            entry.flags |= TRANSCRIPT_FLAG_MANGLED;
        session_record(session, &entry);
    } else {
        cJSON *data = cJSON_ParseWithLength(line->data.data, line->data.size_bytes);
        record_unmarked(session, &entry, data);
        cJSON_Delete(data);
    }
    if (line->handler == 1)
        count_dispatch(session, entry.marker);
}

static void read_lifecycle(struct session *session, const struct driver_line *line)
{
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_LIFECYCLE);
    entry.name = driver_event_name(line->event);
    if (line->attempt >= 0)
        entry.number = line->attempt;
    if (line->message)
        transcript_set_text(&entry, line->message, strlen(line->message));
    session_record(session, &entry);
    if (line->event == DRIVER_EVENT_STOPPED)
        session->is_stopped = true;
    if (line->event == DRIVER_EVENT_PERMANENTLY_DISCONNECTED)
        session->has_given_up = true;
    if (line->event == DRIVER_EVENT_OPEN)
        session->has_given_up = false;
}

static void read_resynced(struct session *session, const struct driver_line *line)
{
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_RESYNCED);
    if (line->replayed >= 0)
        entry.number = line->replayed;
    entry.flags = line->gap_detected == 1 ? TRANSCRIPT_FLAG_GAP : 0;
    if (line->replayed < 0 || line->gap_detected < 0)
        entry.flags |= TRANSCRIPT_FLAG_MALFORMED;
    session_record(session, &entry);
}

static void read_log(struct session *session, const struct driver_line *line)
{
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_LOG);
    if (line->message)
        transcript_set_text(&entry, line->message, strlen(line->message));
    session_record(session, &entry);
}

void session_driver_event(struct session *session, const struct driver_event_line *line,
                          int64_t now_us)
{
    if (session->is_done)
        return;
    session->now_us = now_us;
    session->last_progress_us = now_us;
    read_plain_event(session, line);
    session_advance(session);
}

void session_driver_line(struct session *session, const struct driver_line *line, int64_t now_us)
{
    if (session->is_done)
        return;
    session->now_us = now_us;
    if (line->event != DRIVER_EVENT_LOG)
        session->last_progress_us = now_us;
    switch (line->event) {
    case DRIVER_EVENT_EVENT:
        read_event(session, line);
        break;
    case DRIVER_EVENT_RESYNCED:
        read_resynced(session, line);
        break;
    case DRIVER_EVENT_LOG:
        read_log(session, line);
        break;
    case DRIVER_EVENT_ERROR:
        if (line->client && strchr(line->client, '/')) {
            read_barrier(session);
            break;
        }
        read_lifecycle(session, line);
        break;
    case DRIVER_EVENT_OPEN:
    case DRIVER_EVENT_CLOSE:
    case DRIVER_EVENT_RECONNECTING:
    case DRIVER_EVENT_PERMANENTLY_DISCONNECTED:
    case DRIVER_EVENT_STOPPED:
        read_lifecycle(session, line);
        break;
    case DRIVER_EVENT_HELLO:
    case DRIVER_EVENT_COUNT:
        break;
    }
    session_advance(session);
}

void session_driver_gone(struct session *session, const char *why, bool is_repeat, int64_t now_us)
{
    if (session->is_done)
        return;
    session->now_us = now_us;
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_FAULT);
    entry.name = "driver";
    transcript_set_text(&entry, why, strlen(why));
    session_record(session, &entry);
    session_finish(session, is_repeat ? "fault" : "client-error", why);
}
