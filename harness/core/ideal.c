#include "core/ideal.h"

#include "core/cursor.h"
#include "core/memory.h"
#include "core/model.h"

#include <math.h>
#include <string.h>

#define EARLY_SINCE_S 120 /* how early a client's own `since` may be and still be taken */

struct ideal {
    const struct evidence *evidence;
    const struct scenario *scenario;
    struct ideal_event *got;
    struct model model;

    struct cursor cursor;
    double asked; /* last_seen_seq of its resync on this connection; NAN: none */

    /* how the server behaves, as the steps set it */
    enum resync_mode resync;
    enum ack_mode ack;
    enum resync_order order;
    uint32_t waiting; /* connection that waits for `release`; 0: none */
    uint32_t connection;
};

/* ---- its cursor ---- */

static void add_number(struct ideal *ideal, double seq)
{
    if (seq == floor(seq) && fabs(seq) <= (double)CURSOR_NUMBER_MAX)
        cursor_add(&ideal->cursor, (int64_t)seq);
}

/* ---- what it gets ---- */

static void take(struct ideal *ideal, uint64_t marker, enum ideal_way way)
{
    struct ideal_event *event = &ideal->got[ideal->evidence->events[marker].identity];
    if (event->way != IDEAL_NOT)
        return;
    event->way = way;
    event->connection = ideal->connection;
}

static bool has(const struct ideal *ideal, uint64_t marker)
{
    return ideal->got[ideal->evidence->events[marker].identity].way != IDEAL_NOT;
}

static void take_send(struct ideal *ideal, const struct evidence_send *send)
{
    bool is_replayed = send->replay != EVIDENCE_NONE; /* the client's replay is not the ideal's */
    if (!send->is_certain || is_replayed)
        return;
    /* A number that it has passed, on an event that it has not: a new numbering. */
    bool is_new_numbering = !isnan(send->seq) && ideal->cursor.is_started &&
                            send->seq <= (double)ideal->cursor.end && !has(ideal, send->marker) &&
                            !isnan(ideal->asked);
    if (is_new_numbering)
        cursor_start(&ideal->cursor, 0);
    take(ideal, send->marker, IDEAL_LIVE);
    if (!isnan(send->seq))
        add_number(ideal, send->seq);
}

/* ---- its resync ---- */

/* The seconds of the oldest row that it would miss; INT64_MAX if none. */
static int64_t oldest_missed_row(const struct ideal *ideal, double last_seen)
{
    int64_t oldest_s = INT64_MAX;
    for (int row_class = 0; row_class < EVENT_ROW_CLASS_COUNT; row_class++) {
        const struct model_rows *rows = &ideal->model.rows[row_class];
        for (size_t index = 0; index < rows->count; index++) {
            const struct event *event = model_event(&ideal->model, rows->markers[index]);
            bool is_in_replay = event->is_numbered && (double)event->seq > last_seen &&
                                ideal->model.ring.count &&
                                event->seq >= ring_oldest_seq(&ideal->model.ring, 0);
            if (has(ideal, event->marker) || is_in_replay ||
                !ideal->evidence->events[event->marker].is_counted)
                continue;
            if (event->created_s < oldest_s)
                oldest_s = event->created_s;
        }
    }
    return oldest_s;
}

static int64_t floor_s(double ms)
{
    return (int64_t)floor(ms / 1000.0);
}

/* The client's own `since` (NAN: none) where it is safe and not too early, else the latest safe. */
static struct resync_request make_request(const struct ideal *ideal, double last_seen,
                                          double client_since_ms)
{
    struct resync_request request = {.last_seen_seq = last_seen, .has_since = true};
    int64_t oldest_s = oldest_missed_row(ideal, last_seen);
    if (oldest_s == INT64_MAX) {
        request.has_since = false; /* no row is missed, so none is asked for */
        return request;
    }
    int64_t safe_s = oldest_s - 1;
    request.since_ms = safe_s * 1000;
    if (fabs(client_since_ms) < 1e15) {
        int64_t own_s = floor_s(client_since_ms);
        if (own_s <= safe_s && own_s >= safe_s - EARLY_SINCE_S)
            request.since_ms = own_s * 1000;
    }
    return request;
}

static void take_answer(struct ideal *ideal, double last_seen, double client_since_ms,
                        enum ideal_way ring_way)
{
    struct resync_request request = make_request(ideal, last_seen, client_since_ms);
    struct resync_answer answer;
    model_answer_resync(&ideal->model, &request, RESYNC_ORDER_RING_FIRST, 0, &answer);
    for (size_t index = 0; index < answer.count; index++) {
        struct resync_item item = answer.items[index];
        const struct event *event = model_event(&ideal->model, item.marker);
        enum ideal_way row_way = ring_way == IDEAL_RING ? IDEAL_ROW : ring_way;
        take(ideal, item.marker, item.is_row ? row_way : ring_way);
        if (!item.is_row)
            add_number(ideal, (double)event->seq);
    }
    resync_answer_free(&answer);
}

/* One answered resync, and a second one where the ack of the first shows a reset (C-21). */
static void resync(struct ideal *ideal, double client_since_ms, enum ideal_way way)
{
    if (!ideal->cursor.is_started)
        return;
    ideal->asked = (double)ideal->cursor.end;
    take_answer(ideal, ideal->asked, client_since_ms, way);
    bool sees_ack = ideal->ack == ACK_AUTO || ideal->ack == ACK_TWICE;
    if (!sees_ack || (double)ideal->model.current_seq >= ideal->asked)
        return;
    cursor_start(&ideal->cursor, 0);
    take_answer(ideal, 0, client_since_ms, way == IDEAL_RING ? IDEAL_RESET : way);
}

/* ---- the schedule ---- */

static void publish(struct ideal *ideal, const struct transcript_entry *entry)
{
    const struct event_type *type = event_type_find(span_of(entry->detail ? entry->detail : ""));
    for (uint64_t offset = 0; offset < entry->count; offset++) {
        uint64_t marker = entry->marker + offset;
        if (marker >= ideal->evidence->event_count || marker <= ideal->model.event_count)
            return;
        /* Markers in between belong to frames of `send`: they are no events. */
        while (ideal->model.event_count + 1 < marker) {
            struct event none = {.marker = ideal->model.event_count + 1, .row = EVENT_ROW_NONE};
            model_publish(&ideal->model, &none);
        }
        double seq = entry->seq + (double)offset;
        struct event event = {
            .marker = marker,
            .created_s = ideal->evidence->events[marker].created_s,
            .is_numbered = fabs(seq) < 9.0e15,
            .seq = fabs(seq) < 9.0e15 ? (int64_t)seq : 0,
            .row = (entry->flags & TRANSCRIPT_FLAG_ROW) && type ? type->row : EVENT_ROW_NONE,
        };
        model_publish(&ideal->model, &event);
    }
}

static void open_connection(struct ideal *ideal, const struct transcript_entry *entry)
{
    const struct evidence_connection *connection =
        &ideal->evidence->connections[entry->connection];
    ideal->connection = entry->connection;
    ideal->asked = NAN;
    ideal->waiting = 0;
    if (connection->opened_number <= 1 || connection->first_resync != EVIDENCE_NONE)
        return; /* it resyncs when the client does */
    if (ideal->resync == RESYNC_AUTO)
        resync(ideal, NAN, IDEAL_RING);
    else if (ideal->resync == RESYNC_HOLD)
        ideal->waiting = entry->connection;
}

/* `since` of the newest resync of the client before entry `index`, on that connection. */
static double client_since(const struct ideal *ideal, size_t index, uint32_t connection)
{
    while (index-- > 0) {
        const struct transcript_entry *entry = evidence_entry(ideal->evidence, index);
        if (entry->kind == TRANSCRIPT_FRAME_IN && entry->connection == connection &&
            !isnan(entry->seq))
            return entry->number;
    }
    return NAN;
}

/* The client's resync is answered. A replay that is cut off is not counted: the ideal asks again
 * from where it was, which only ever brings more. */
static void answer_resync(struct ideal *ideal, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(ideal->evidence, index);
    bool is_first = ideal->evidence->connections[entry->connection].opened_number <= 1;
    if ((entry->flags & TRANSCRIPT_FLAG_CUT) || is_first)
        return; /* nobody resyncs on a first connection (C-1) */
    resync(ideal, client_since(ideal, index, entry->connection), IDEAL_RING);
}

static void follow_step(struct ideal *ideal, const struct transcript_entry *entry)
{
    if (entry->step == 0 || entry->step > ideal->scenario->step_count)
        return;
    const struct scenario_step *step = &ideal->scenario->steps[entry->step - 1];
    if (step->verb == VERB_SET) {
        if (step->set.has_resync)
            ideal->resync = step->set.resync;
        if (step->set.has_ack)
            ideal->ack = step->set.ack;
        if (step->set.has_order)
            ideal->order = (enum resync_order)step->set.order;
    }
    if (step->verb == VERB_RELEASE && ideal->waiting && ideal->waiting == ideal->connection) {
        ideal->waiting = 0;
        resync(ideal, NAN, IDEAL_RING);
    }
}

/* The client was waited for and did not come: the ideal would have. */
static void reconnect_at_end(struct ideal *ideal, const struct transcript_entry *entry)
{
    bool is_missing = entry->name && !strcmp(entry->name, "unmet") && entry->detail &&
                      !strcmp(entry->detail, rule_info(RULE_C16)->id);
    if (is_missing)
        resync(ideal, NAN, IDEAL_RECONNECT);
}

static void play_entry(struct ideal *ideal, size_t index, size_t *send)
{
    const struct evidence *evidence = ideal->evidence;
    const struct transcript_entry *entry = evidence_entry(evidence, index);
    switch ((enum transcript_kind)entry->kind) {
    case TRANSCRIPT_PUBLISH:
        publish(ideal, entry);
        break;
    case TRANSCRIPT_SENT:
        for (; *send < evidence->send_count && evidence->sends[*send].entry == index; ++*send)
            if (evidence->sends[*send].marker <= ideal->model.event_count)
                take_send(ideal, &evidence->sends[*send]);
        break;
    case TRANSCRIPT_OPEN:
        open_connection(ideal, entry);
        break;
    case TRANSCRIPT_REPLAY:
        if (entry->connection == ideal->connection)
            answer_resync(ideal, index);
        break;
    case TRANSCRIPT_RESTART:
        model_restart(&ideal->model, isnan(entry->number) ? 0 : (int64_t)entry->number,
                      (entry->flags & TRANSCRIPT_FLAG_KEEP_RING) != 0,
                      (entry->flags & TRANSCRIPT_FLAG_KEEP_DB) != 0);
        break;
    case TRANSCRIPT_STEP:
        follow_step(ideal, entry);
        break;
    case TRANSCRIPT_STEP_END:
        reconnect_at_end(ideal, entry);
        break;
    default: /* nothing that the ideal would notice */
        break;
    }
}

struct ideal_event *ideal_play(const struct evidence *evidence, const struct scenario *scenario)
{
    struct ideal ideal = {.evidence = evidence, .scenario = scenario, .asked = NAN};
    ideal.got = memory_alloc(evidence->event_count, sizeof(*ideal.got));
    cursor_init(&ideal.cursor);
    model_init(&ideal.model, (size_t)scenario->server.ring, (size_t)scenario->server.db_limit);
    size_t send = 0;
    size_t end = evidence->stopped != EVIDENCE_NONE ? evidence->stopped
                                                    : evidence->transcript->count;
    for (size_t index = 0; index < end; index++)
        play_entry(&ideal, index, &send);
    model_free(&ideal.model);
    cursor_free(&ideal.cursor);
    return ideal.got;
}
