/* Publishing, and the answer to a resync: what the server owes (S-1 … S-9). */
#include "core/session_internal.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- sending ---- */

void server_note_sent(struct session *session, const struct transcript_entry *entry)
{
    session_record(session, entry);
    bool is_event = entry->kind == TRANSCRIPT_SENT ||
                    (entry->kind == TRANSCRIPT_FRAME_OUT &&
                     !(entry->flags & TRANSCRIPT_FLAG_CONTROL));
    if (is_event && !isnan(entry->seq))
        session->has_sent_number = true;
    if (session_is_node(session) && entry->kind == TRANSCRIPT_SENT && !isnan(entry->seq))
        cursor_add(&session->node.sent, (int64_t)entry->seq);
    /* A fence is not traffic that another fence must cover, nor is the answer to a heartbeat. */
    bool is_fence = entry->kind == TRANSCRIPT_SENT &&
                    model_event(&session->model, entry->marker)->is_fence;
    bool is_reply = session_is_node(session) && entry->flags & TRANSCRIPT_FLAG_CONTROL;
    if (!is_fence && !is_reply)
        session->sent_count++;
}

static void send_now(struct session *session, uint32_t connection, const char *text,
                     size_t size_bytes, const struct transcript_entry *entry)
{
    ws_append_text(session_write(session, connection, false), text, size_bytes);
    struct transcript_entry copy = *entry;
    copy.at_us = session->now_us;
    copy.connection = connection;
    server_note_sent(session, &copy);
}

/* The last one that waits in the lane, or NULL. */
static struct delayed_frame *last_delayed(const struct session *session, uint32_t connection,
                                          enum send_lane lane)
{
    for (size_t index = session->delayed_count; index > session->delayed_first; index--) {
        struct delayed_frame *frame = &session->delayed[index - 1];
        if (frame->connection == connection && frame->lane == lane)
            return frame;
    }
    return NULL;
}

/* Room for one more, behind all that are due until then. */
static struct delayed_frame *delay(struct session *session, uint32_t connection,
                                   enum send_lane lane)
{
    const struct delayed_frame *last = last_delayed(session, connection, lane);
    int64_t last_us = last && last->due_us > session->now_us ? last->due_us : session->now_us;
    int64_t due_us = last_us + session->behaviour.write_delay_ms * 1000;
    if (session->delayed_first == session->delayed_count)
        session->delayed_first = session->delayed_count = 0;
    session->delayed = memory_grow(session->delayed, &session->delayed_capacity_count,
                                   session->delayed_count + 1, sizeof(*session->delayed));
    size_t place = session->delayed_count++;
    for (; place > session->delayed_first && session->delayed[place - 1].due_us > due_us; place--)
        session->delayed[place] = session->delayed[place - 1];
    struct delayed_frame *frame = &session->delayed[place];
    *frame = (struct delayed_frame){.due_us = due_us, .connection = connection, .lane = lane};
    return frame;
}

void server_send(struct session *session, struct connection *connection, enum send_lane lane,
                 const char *text, size_t size_bytes, const struct transcript_entry *entry)
{
    bool is_delayed = session->behaviour.write_delay_ms > 0 ||
                      last_delayed(session, connection->number, lane) != NULL;
    if (!is_delayed) {
        send_now(session, connection->number, text, size_bytes, entry);
        return;
    }
    struct delayed_frame *frame = delay(session, connection->number, lane);
    frame->text = memory_copy_text(text, size_bytes);
    frame->size_bytes = size_bytes;
    frame->entry = *entry;
    if (entry->text)
        frame->entry.text = frame->text; /* an entry's text is the frame's own */
    if (entry->detail) /* its owner does not wait */
        frame->entry.detail = text_pool_take(&session->transcript->pool, entry->detail);
}

void server_flush_delayed(struct session *session)
{
    while (session->delayed_first < session->delayed_count &&
           session->delayed[session->delayed_first].due_us <= session->now_us) {
        struct delayed_frame frame = session->delayed[session->delayed_first++];
        struct connection *connection = session_connection(session, frame.connection);
        if (connection && connection->state == CONNECTION_OPEN) {
            if (frame.text)
                send_now(session, frame.connection, frame.text, frame.size_bytes, &frame.entry);
            if (frame.ends_replay_cut)
                server_drop(session, connection, session->behaviour.cut_how, true);
        }
        free(frame.text);
    }
}

void server_forget_delayed(struct session *session, uint32_t connection)
{
    size_t kept = session->delayed_first;
    for (size_t index = session->delayed_first; index < session->delayed_count; index++) {
        if (session->delayed[index].connection == connection)
            free(session->delayed[index].text);
        else
            session->delayed[kept++] = session->delayed[index];
    }
    session->delayed_count = kept;
}

struct transcript_entry server_sent_entry(const struct session *session,
                                          const struct connection *connection,
                                          const struct event *event, const char *from,
                                          bool as_row)
{
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_SENT);
    entry.connection = connection->number;
    entry.name = from;
    entry.marker = event->marker;
    entry.count = 1;
    entry.flags = as_row ? TRANSCRIPT_FLAG_ROW : 0;
    if (event->is_numbered && !as_row)
        entry.seq = (double)event->seq;
    return entry;
}

void server_print_event(const struct session *session, const struct event *event, bool as_row,
                        struct buffer *out)
{
    if (session_is_node(session))
        node_print_delivery(event, out);
    else
        event_print(event, as_row, out);
}

void server_send_event(struct session *session, struct connection *connection,
                       enum send_lane lane, const struct event *event, const char *from,
                       bool as_row)
{
    buffer_clear(&session->scratch);
    server_print_event(session, event, as_row, &session->scratch);
    struct transcript_entry entry = server_sent_entry(session, connection, event, from, as_row);
    server_send(session, connection, lane, session->scratch.data, session->scratch.size_bytes,
                &entry);
}

/* ---- publishing ---- */

static void name_event(struct session *session, const char *name, uint64_t marker)
{
    session->alias_names =
        memory_grow(session->alias_names, &session->alias_capacity_count,
                    session->alias_count + 1, sizeof(*session->alias_names));
    session->alias_markers =
        memory_grow(session->alias_markers, &session->alias_marker_capacity_count,
                    session->alias_count + 1, sizeof(*session->alias_markers));
    session->alias_names[session->alias_count] = name;
    session->alias_markers[session->alias_count++] = marker;
}

/* The newest event of that name; 0 if it was not published. */
uint64_t session_alias(const struct session *session, const char *name)
{
    for (size_t index = session->alias_count; index > 0; index--)
        if (!strcmp(session->alias_names[index - 1], name))
            return session->alias_markers[index - 1];
    return 0;
}

const char *session_default_channel(const struct session *session)
{
    const struct text_list *channels = &session->scenario->channels;
    return channels->count ? channels->items[0] : NULL;
}

static struct event make_event(struct session *session, const struct publish_request *request)
{
    const struct event_type *type = event_type_find(span_of(request->type));
    uint64_t marker = session->model.event_count + 1;
    struct event event = {
        .marker = marker,
        .id_marker = request->id_marker == UINT64_MAX ? marker : request->id_marker,
        .created_s = (int64_t)floor((double)session_server_ms(session) / 1000.0),
        .type = request->type,
        .channel = request->channel,
        .size_bytes = request->size_bytes,
        .step = session->step_index + 1,
        .row = request->is_stored && type ? type->row : EVENT_ROW_NONE,
        .is_numbered = request->is_numbered,
        .is_live = request->is_live,
        .is_fence = request->is_fence,
    };
    if (request->is_numbered)
        event.seq = request->has_number ? request->number : session->model.current_seq + 1;
    return event;
}

static void record_publish(struct session *session, const struct event *event, const char *as)
{
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_PUBLISH);
    entry.marker = event->marker;
    entry.count = 1;
    entry.detail = event->type;
    entry.name = as;
    entry.size_bytes = event->size_bytes;
    entry.number = (double)event->created_s;
    if (event->id_marker)
        entry.number2 = (double)event->id_marker;
    if (event->is_numbered)
        entry.seq = (double)event->seq;
    entry.flags = (event->is_live ? TRANSCRIPT_FLAG_LIVE : 0) |
                  (event->row != EVENT_ROW_NONE ? TRANSCRIPT_FLAG_ROW : 0) |
                  (event->is_fence ? TRANSCRIPT_FLAG_FENCE : 0) |
                  (event->id_marker ? 0 : TRANSCRIPT_FLAG_NO_ID);
    session_record(session, &entry);
}

uint64_t server_publish(struct session *session, const struct publish_request *request)
{
    /* From the first `publish` on, which a fence is not. */
    if (session->scenario->server.clock_freeze && !session->is_frozen && !request->is_fence) {
        session->frozen_ms = session_server_ms(session) - session->advanced_ms;
        session->is_frozen = true;
    }
    struct event event = make_event(session, request);
    struct event published = *model_publish(&session->model, &event);
    if (session_is_node(session) && published.is_numbered)
        node_queue_add(&session->node.queue, published.marker);
    record_publish(session, &published, request->as);
    if (request->as)
        name_event(session, request->as, published.marker);
    for (size_t index = 0; request->is_live && index < session->connection_count; index++) {
        struct connection *connection = &session->connections[index];
        bool is_meant = !request->only_connection || request->only_connection == connection->number;
        if (session_is_node(session))
            is_meant = is_meant && node_is_registered(session, connection);
        if (connection->state == CONNECTION_OPEN && is_meant)
            server_send_event(session, connection, LANE_LIVE, &published, "live", false);
    }
    return published.marker;
}

/* ---- the answer ---- */

struct ack {
    double last_seen_seq;
    int64_t current_seq;
    size_t replayed;
    bool gap_detected;
};

static cJSON *make_ack(const struct session *session, const struct ack *ack)
{
    cJSON *frame = cJSON_CreateObject();
    cJSON_AddStringToObject(frame, "type", "resync_ack");
    cJSON_AddNumberToObject(frame, "last_seen_seq", ack->last_seen_seq);
    cJSON_AddNumberToObject(frame, "current_seq", (double)ack->current_seq);
    cJSON_AddNumberToObject(frame, "replayed", (double)ack->replayed);
    cJSON_AddBoolToObject(frame, "gap_detected", ack->gap_detected);
    if (session->behaviour.ack != ACK_OVERRIDE)
        return frame;
    const cJSON *field;
    cJSON_ArrayForEach(field, session->behaviour.ack_fields) {
        cJSON_DeleteItemFromObjectCaseSensitive(frame, field->string);
        cJSON_AddItemToObject(frame, field->string, cJSON_Duplicate(field, true));
    }
    return frame;
}

static double number_of(const cJSON *frame, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(frame, name);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

static void send_ack(struct session *session, struct connection *connection,
                     const struct ack *ack, const char *how)
{
    cJSON *frame = make_ack(session, ack);
    char *text = cJSON_PrintUnformatted(frame);
    const cJSON *gap = cJSON_GetObjectItemCaseSensitive(frame, "gap_detected");
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(frame, "type");
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_ACK);
    entry.name = how;
    entry.seq = number_of(frame, "last_seen_seq");
    entry.number = number_of(frame, "current_seq");
    entry.number2 = number_of(frame, "replayed");
    entry.flags = cJSON_IsTrue(gap) ? TRANSCRIPT_FLAG_GAP : 0;
    bool is_well_formed = !isnan(entry.seq) && !isnan(entry.number) && !isnan(entry.number2) &&
                          cJSON_IsBool(gap) && cJSON_IsString(type) &&
                          !strcmp(type->valuestring, "resync_ack");
    if (!is_well_formed)
        entry.flags |= TRANSCRIPT_FLAG_MALFORMED;
    transcript_set_text(&entry, text, strlen(text));
    server_send(session, connection, LANE_ANSWER, text, strlen(text), &entry);
    cJSON_free(text);
    cJSON_Delete(frame);
}

static void record_replay(struct session *session, const struct connection *connection,
                          const struct resync_request *request,
                          const struct resync_answer *answer, bool is_cut)
{
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_REPLAY);
    entry.connection = connection->number;
    entry.seq = request->last_seen_seq;
    entry.number = (double)answer->current_seq;
    entry.number2 = (double)answer->row_count;
    entry.count = answer->ring_count;
    entry.flags = (answer->gap_detected ? TRANSCRIPT_FLAG_GAP : 0) |
                  (is_cut ? TRANSCRIPT_FLAG_CUT : 0);
    session_record(session, &entry);
}

void server_cut_connection(struct session *session, struct connection *connection)
{
    if (last_delayed(session, connection->number, LANE_ANSWER))
        delay(session, connection->number, LANE_ANSWER)->ends_replay_cut = true;
    else
        server_drop(session, connection, session->behaviour.cut_how, true);
}

void server_publish_before_replay(struct session *session)
{
    int64_t count = session->behaviour.live_before_replay;
    session->behaviour.live_before_replay = 0;
    for (int64_t index = 0; index < count; index++) {
        struct publish_request request = {
            .type = "message.created",
            .channel = session_default_channel(session),
            .id_marker = UINT64_MAX,
            .is_numbered = true,
            .is_live = true,
            .is_stored = true,
        };
        server_publish(session, &request);
    }
}

size_t server_take_cut(struct session *session, size_t count, bool *is_cut)
{
    int64_t cut_after = session->behaviour.cut_replay_after;
    session->behaviour.cut_replay_after = -1;
    *is_cut = cut_after >= 0 && (size_t)cut_after <= count;
    return *is_cut ? (size_t)cut_after : count;
}

void server_answer(struct session *session, struct connection *connection,
                   const struct resync_request *request)
{
    uint32_t number = connection->number;
    server_publish_before_replay(session);
    connection = session_connection(session, number);
    struct resync_answer answer;
    model_answer_resync(&session->model, request, session->behaviour.order, session->config.seed,
                        &answer);
    bool is_cut;
    size_t sent_count = server_take_cut(session, answer.count, &is_cut);
    record_replay(session, connection, request, &answer, is_cut);
    for (size_t index = 0; index < sent_count; index++) {
        struct resync_item item = answer.items[index];
        server_send_event(session, connection, LANE_ANSWER,
                          model_event(&session->model, item.marker),
                          item.is_row ? "row" : "ring", item.is_row);
    }
    struct ack ack = {request->last_seen_seq, answer.current_seq, answer.count,
                      answer.gap_detected};
    resync_answer_free(&answer);
    if (is_cut) {
        server_cut_connection(session, connection);
        return;
    }
    enum ack_mode mode = session->behaviour.ack;
    if (mode == ACK_OMIT)
        return;
    send_ack(session, connection, &ack, mode == ACK_OVERRIDE ? "override" : "auto");
    if (mode == ACK_TWICE)
        send_ack(session, connection, &ack, "repeat");
}

void server_resync(struct session *session, struct connection *connection,
                   const struct resync_request *request)
{
    connection->has_resynced = true;
    if (session->behaviour.resync == RESYNC_IGNORE)
        return;
    if (session->behaviour.resync == RESYNC_HOLD) {
        connection->has_held = true;
        connection->held = *request;
        return;
    }
    if (session->answer_count++ < SESSION_ANSWERS_MAX)
        server_answer(session, connection, request);
}
