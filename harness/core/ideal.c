#include "core/ideal.h"

#include "core/client_numbers.h"
#include "core/memory.h"
#include "core/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EARLY_SINCE_S 120 /* how early a client's own `since` may be and still be taken */

struct ideal {
    const struct evidence *evidence;
    const struct scenario *scenario;
    struct ideal_event *got;
    struct model model;

    struct client_numbers numbers;
    bool may_have_number; /* any, even one that no counter gives: enough to resync for a client */
    double asked; /* last_seen_seq of its resync on this connection; NAN: none */
    size_t reset_ack;    /* entry of an ack that shows a reset, to be acted on; or EVIDENCE_NONE */
    size_t reset_replay; /* the answer that it closes */

    /* Rows up to this marker were given or will never be: an answered resync came behind them. */
    uint64_t answered_marker;
    bool is_complete;   /* on this connection nothing is missing, as far as a client can know */
    int64_t complete_s; /* the server's clock when that was last so, as a client can know it */
    double open_ms;     /* the server's clock when the connection was upgraded (S-10); or NAN */
    int64_t open_us;
    int64_t open_end;   /* the end of its run then */

    /* how the server behaves, as the steps set it */
    enum resync_mode resync;
    enum ack_mode ack;
    uint32_t waiting; /* connection that waits for `release`; 0: none */
    uint32_t connection;
};

static bool is_whole(double number)
{
    return number == floor(number) && fabs(number) <= (double)CURSOR_NUMBER_MAX; /* not for NAN */
}

/* ---- what it gets ---- */

static void take(struct ideal *ideal, uint64_t marker, enum ideal_way way, size_t entry)
{
    struct ideal_event *event = &ideal->got[ideal->evidence->events[marker].identity];
    if (event->way != IDEAL_NOT)
        return;
    *event = (struct ideal_event){.way = way, .connection = ideal->connection, .entry = entry};
}

static bool has(const struct ideal *ideal, uint64_t marker)
{
    return ideal->got[ideal->evidence->events[marker].identity].way != IDEAL_NOT;
}

/* A client knows the server's clock from the Date of the upgrade and its own watch. */
static void note_complete(struct ideal *ideal, int64_t at_us)
{
    int64_t above;
    if (!ideal->is_complete || ideal->numbers.has_fresh || !(fabs(ideal->open_ms) < 1e15) ||
        cursor_has_hole(&ideal->numbers.now.sure, &above))
        return;
    ideal->complete_s = (int64_t)floor(ideal->open_ms / 1000.0) +
                        (at_us - ideal->open_us) / 1000000;
}

static void take_send(struct ideal *ideal, const struct evidence_send *send)
{
    ideal->may_have_number |= !isnan(send->seq);
    if (!send->is_certain) {
        client_numbers_add(&ideal->numbers, send->seq, false);
        return;
    }
    /* A number that it had asked past, on an event that it has not: a new numbering. */
    bool is_live = send->replay == EVIDENCE_NONE && !send->is_again;
    if (is_live && ideal->numbers.has_fresh && send->seq <= ideal->asked &&
        !has(ideal, send->marker))
        client_numbers_take_fresh(&ideal->numbers);
    take(ideal, send->marker, IDEAL_SENT, send->entry);
    client_numbers_add(&ideal->numbers, send->seq, true);
    if (is_live)
        note_complete(ideal, send->at_us);
}

/* ---- its resync ---- */

/* Which events the ring holds: one flag a marker. */
static bool *mark_ring(const struct ideal *ideal)
{
    bool *is_in_ring = memory_alloc(ideal->model.event_count + 1, sizeof(*is_in_ring));
    for (size_t index = 0; index < ideal->model.ring.count; index++)
        is_in_ring[ring_at(&ideal->model.ring, index).marker] = true;
    return is_in_ring;
}

/* The seconds of the oldest row that it misses and that the ring does not bring; INT64_MAX if
 * none. Rows behind which a resync was answered are not waited for: no client knows of them. */
static int64_t oldest_missed_row(const struct ideal *ideal, double last_seen)
{
    int64_t oldest_s = INT64_MAX;
    bool *is_in_ring = mark_ring(ideal);
    for (int row_class = 0; row_class < EVENT_ROW_CLASS_COUNT; row_class++) {
        const struct model_rows *rows = &ideal->model.rows[row_class];
        for (size_t index = 0; index < rows->count; index++) {
            const struct event *event = model_event(&ideal->model, rows->markers[index]);
            if (event->created_s >= oldest_s)
                break; /* they are in the order of time */
            bool is_brought = is_in_ring[event->marker] && (double)event->seq > last_seen;
            if (event->marker > ideal->answered_marker && !has(ideal, event->marker) &&
                ideal->evidence->events[event->marker].is_counted && !is_brought)
                oldest_s = event->created_s;
        }
    }
    free(is_in_ring);
    return oldest_s;
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
    /* Nobody can know when the first missed row was written, only until when none was missed. */
    int64_t early_s = (ideal->complete_s < safe_s ? ideal->complete_s : safe_s) - EARLY_SINCE_S;
    request.since_ms = safe_s * 1000;
    if (fabs(client_since_ms) < 1e15) {
        int64_t own_s = (int64_t)floor(client_since_ms / 1000.0);
        if (own_s <= safe_s && own_s >= early_s)
            request.since_ms = own_s * 1000;
    }
    return request;
}

/* Where in the transcript the server gave (or would have given) the answer. */
static void take_answer(struct ideal *ideal, double last_seen, double client_since_ms,
                        enum ideal_way ring_way, size_t entry)
{
    struct resync_request request = make_request(ideal, last_seen, client_since_ms);
    struct resync_answer answer;
    model_answer_resync(&ideal->model, &request, RESYNC_ORDER_RING_FIRST, 0, &answer);
    enum ideal_way row_way = ring_way == IDEAL_RING ? IDEAL_ROW : ring_way;
    for (size_t index = 0; index < answer.count; index++) {
        struct resync_item item = answer.items[index];
        take(ideal, item.marker, item.is_row ? row_way : ring_way, entry);
        if (!item.is_row)
            client_numbers_add(&ideal->numbers,
                               (double)model_event(&ideal->model, item.marker)->seq, true);
    }
    ideal->answered_marker = ideal->model.event_count;
    resync_answer_free(&answer);
}

/* What the client asked for; NAN: nothing. */
struct question {
    double number, since_ms;
};

static bool sees_acks(const struct ideal *ideal)
{
    return ideal->ack == ACK_AUTO || ideal->ack == ACK_TWICE;
}

static double choose_number(struct ideal *ideal, double client_number)
{
    return client_numbers_choose(&ideal->numbers, client_number, ideal->open_end);
}

/* Whether the ack to a resync with that number shows a reset. */
static bool shows_reset(const struct ideal *ideal, double number)
{
    return sees_acks(ideal) && (double)ideal->model.current_seq < number;
}

/* Whether a number came live on the connection while the answer begun at `entry` was written: when
 * its ack came, the client may have seen a hole already. */
static bool was_outrun(const struct ideal *ideal, size_t entry)
{
    const struct transcript *transcript = ideal->evidence->transcript;
    for (size_t index = entry; index < transcript->count; index++) {
        const struct transcript_entry *at = &transcript->entries[index];
        if (at->connection != ideal->connection)
            continue;
        if (at->kind == TRANSCRIPT_ACK || at->kind == TRANSCRIPT_END)
            return false;
        if (at->kind == TRANSCRIPT_SENT && at->name && !strcmp(at->name, "live") &&
            !isnan(at->seq))
            return true;
    }
    return false;
}

/* One resync, answered at `entry`. */
static void resync(struct ideal *ideal, const struct question *question, enum ideal_way way,
                   size_t entry)
{
    double number = choose_number(ideal, question->number);
    if (isnan(number))
        return;
    ideal->asked = number;
    take_answer(ideal, number, question->since_ms, way, entry);
    if (!sees_acks(ideal))
        return;
    double asked = isnan(question->number) ? number : question->number;
    ideal->is_complete = !shows_reset(ideal, asked) && !was_outrun(ideal, entry);
    note_complete(ideal, evidence_entry(ideal->evidence, entry)->at_us);
}

/* A second one where the ack of the first shows a reset (C-21). */
static void resync_after_reset(struct ideal *ideal, double since_ms, enum ideal_way way,
                               size_t entry)
{
    client_numbers_take_fresh(&ideal->numbers);
    ideal->asked = (double)ideal->numbers.now.sure.end;
    take_answer(ideal, ideal->asked, since_ms, way, entry);
}

/* The client asked nothing, and the ideal would have. */
static void resync_unasked(struct ideal *ideal, enum ideal_way way, size_t entry)
{
    struct question question = {NAN, NAN};
    resync(ideal, &question, way, entry);
    if (shows_reset(ideal, ideal->asked))
        resync_after_reset(ideal, NAN, way == IDEAL_RING ? IDEAL_RESET : way, entry);
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
            .is_numbered = is_whole(seq),
            .seq = is_whole(seq) ? (int64_t)seq : 0,
            .row = (entry->flags & TRANSCRIPT_FLAG_ROW) && type ? type->row : EVENT_ROW_NONE,
        };
        model_publish(&ideal->model, &event);
    }
}

static void open_connection(struct ideal *ideal, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(ideal->evidence, index);
    const struct evidence_connection *connection =
        &ideal->evidence->connections[entry->connection];
    ideal->connection = entry->connection;
    ideal->asked = NAN;
    ideal->reset_ack = EVIDENCE_NONE;
    ideal->waiting = 0;
    ideal->open_ms = entry->number;
    ideal->open_us = entry->at_us;
    ideal->open_end = client_numbers_sure_end(&ideal->numbers);
    bool asks = ideal->numbers.now.sure.is_started || (ideal->numbers.now.possible.is_started &&
                                                     connection->first_resync != EVIDENCE_NONE);
    /* One that may have a number, and had no time to ask, may know that something is missing. */
    ideal->is_complete = !asks && !ideal->may_have_number;
    note_complete(ideal, entry->at_us);
    if (!asks)
        ideal->answered_marker = ideal->model.event_count; /* it cannot ask (C-2) */
    if (connection->opened_number <= 1 || connection->first_resync != EVIDENCE_NONE ||
        !evidence_had_time(ideal->evidence, entry->connection, index))
        return; /* it resyncs when the client does */
    if (ideal->resync == RESYNC_AUTO)
        resync_unasked(ideal, IDEAL_RING, index);
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

/* The last entry of the answer that was begun at entry `index`, its ack included; EVIDENCE_NONE if
 * the connection ended before all of it was written (write_delay_ms). */
static size_t end_of_answer(const struct ideal *ideal, size_t index)
{
    const struct transcript *transcript = ideal->evidence->transcript;
    const struct transcript_entry *replay = &transcript->entries[index];
    uint64_t left_count = replay->count;
    if (replay->number2 > 0 && replay->number2 < 9e15)
        left_count += (uint64_t)replay->number2;
    bool is_acked = ideal->ack == ACK_OMIT;
    size_t end = index;
    for (size_t at = index + 1; at < transcript->count && (left_count || !is_acked); at++) {
        const struct transcript_entry *entry = &transcript->entries[at];
        if (entry->connection != replay->connection)
            continue;
        if (entry->kind == TRANSCRIPT_END)
            return EVIDENCE_NONE;
        bool is_item = entry->kind == TRANSCRIPT_SENT && entry->name &&
                       (!strcmp(entry->name, "ring") || !strcmp(entry->name, "row"));
        if (is_item)
            left_count -= entry->count < left_count ? entry->count : left_count;
        is_acked = is_acked || entry->kind == TRANSCRIPT_ACK;
        if (is_item || entry->kind == TRANSCRIPT_ACK)
            end = at;
    }
    return left_count || !is_acked ? EVIDENCE_NONE : end;
}

/* Whether the client has surely read an answer that ended at that entry. */
static bool is_answer_read(const struct ideal *ideal, uint32_t number, size_t end)
{
    const struct evidence *evidence = ideal->evidence;
    size_t count = evidence->connections[number].certain_count;
    return end != EVIDENCE_NONE &&
           (evidence_had_time(evidence, number, end) ||
            (count && evidence->sends[count - 1].entry > end));
}

static bool is_asked_again(const struct ideal *ideal, uint32_t connection, size_t since)
{
    for (size_t index = since; index < ideal->evidence->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(ideal->evidence, index);
        if (entry->kind == TRANSCRIPT_FRAME_IN && entry->connection == connection &&
            entry->detail && !strcmp(entry->detail, "resync"))
            return true;
    }
    return false;
}

/* The client's resync is answered. Of a replay that was cut off, or may not have been read before
 * the connection broke, only what the client surely read counts: the ideal asks again. */
static void answer_resync(struct ideal *ideal, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(ideal->evidence, index);
    bool is_first = ideal->evidence->connections[entry->connection].opened_number <= 1;
    if (is_first)
        return; /* nobody resyncs on a first connection (C-1) */
    size_t end = end_of_answer(ideal, index);
    bool is_cut = (entry->flags & TRANSCRIPT_FLAG_CUT) != 0;
    if (is_cut || !is_answer_read(ideal, entry->connection, end)) {
        ideal->asked = choose_number(ideal, entry->seq);
        if (!is_cut && end != EVIDENCE_NONE) /* perhaps it was read: then nothing is asked again */
            ideal->answered_marker = ideal->model.event_count;
        return;
    }
    struct question question = {entry->seq, client_since(ideal, index, entry->connection)};
    resync(ideal, &question, IDEAL_RING, index);
    /* Where the client asked once more itself, that is when the ideal does, answered or not. */
    if (shows_reset(ideal, entry->seq) &&
        ideal->evidence->connections[ideal->connection].last_replay == index &&
        !is_asked_again(ideal, entry->connection, end) &&
        evidence_had_time(ideal->evidence, entry->connection, end)) {
        ideal->reset_ack = end;
        ideal->reset_replay = index;
    }
}

static void follow_step(struct ideal *ideal, const struct transcript_entry *entry, size_t index)
{
    if (entry->step == 0 || entry->step > ideal->scenario->step_count)
        return;
    const struct scenario_step *step = &ideal->scenario->steps[entry->step - 1];
    if (step->verb == VERB_SET) {
        if (step->set.has_resync)
            ideal->resync = step->set.resync;
        if (step->set.has_ack)
            ideal->ack = step->set.ack;
    }
    if (step->verb == VERB_RELEASE && ideal->waiting && ideal->waiting == ideal->connection) {
        ideal->waiting = 0;
        if (evidence_had_time(ideal->evidence, ideal->connection, index))
            resync_unasked(ideal, IDEAL_RING, index);
    }
}

/* The client was waited for and did not come: the ideal would have. */
static void reconnect_at_end(struct ideal *ideal, const struct transcript_entry *entry,
                             size_t index)
{
    bool is_missing = entry->name && !strcmp(entry->name, "unmet") && entry->detail &&
                      !strcmp(entry->detail, rule_info(RULE_C16)->id) &&
                      ideal->evidence->connections[ideal->connection].lost_us != INT64_MAX;
    if (is_missing && ideal->resync == RESYNC_AUTO)
        resync_unasked(ideal, IDEAL_RECONNECT, index);
}

/* Whether the client had asked from that number, on the connection of entry `index`. */
static bool has_asked(const struct ideal *ideal, size_t index, double number)
{
    uint32_t connection = evidence_entry(ideal->evidence, index)->connection;
    while (index-- > 0) {
        const struct transcript_entry *entry = evidence_entry(ideal->evidence, index);
        if (entry->kind == TRANSCRIPT_FRAME_IN && entry->connection == connection &&
            entry->seq == number)
            return true;
    }
    return false;
}

/* What another frame may have told it: an event of `send` its number, an ack that an author wrote
 * that all has come. */
static void note_frame(struct ideal *ideal, const struct transcript_entry *entry, size_t index)
{
    bool is_ack = entry->detail && !strcmp(entry->detail, "resync_ack");
    if (!(entry->flags & TRANSCRIPT_FLAG_CONTROL)) {
        ideal->may_have_number |= !isnan(entry->seq);
        client_numbers_add(&ideal->numbers, entry->seq, false);
    }
    if (!is_ack || !entry->text)
        return;
    cJSON *frame = cJSON_Parse(entry->text);
    const cJSON *current = cJSON_GetObjectItemCaseSensitive(frame, "current_seq");
    const cJSON *echo = cJSON_GetObjectItemCaseSensitive(frame, "last_seen_seq");
    if (cJSON_IsNumber(current))
        client_numbers_may_advance(&ideal->numbers, current->valuedouble);
    if (cJSON_IsNumber(current) && cJSON_IsNumber(echo) &&
        has_asked(ideal, index, echo->valuedouble))
        ideal->answered_marker = ideal->model.event_count;
    cJSON_Delete(frame);
}

static void restart(struct ideal *ideal, const struct transcript_entry *entry)
{
    int64_t counter = is_whole(entry->number) ? (int64_t)entry->number : 0;
    model_restart(&ideal->model, counter, (entry->flags & TRANSCRIPT_FLAG_KEEP_RING) != 0,
                  (entry->flags & TRANSCRIPT_FLAG_KEEP_DB) != 0);
    if (counter >= 0)
        client_numbers_begin_fresh(&ideal->numbers);
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
    case TRANSCRIPT_FRAME_OUT:
        note_frame(ideal, entry, index);
        break;
    case TRANSCRIPT_ACK:
        client_numbers_may_advance(&ideal->numbers, entry->number);
        break;
    case TRANSCRIPT_OPEN:
        if (entry->connection < evidence->connection_count)
            open_connection(ideal, index);
        break;
    case TRANSCRIPT_REPLAY:
        if (entry->connection && entry->connection == ideal->connection)
            answer_resync(ideal, index);
        break;
    case TRANSCRIPT_RESTART:
        restart(ideal, entry);
        break;
    case TRANSCRIPT_STEP:
        follow_step(ideal, entry, index);
        break;
    case TRANSCRIPT_STEP_END:
        reconnect_at_end(ideal, entry, index);
        break;
    default: /* nothing that the ideal would notice */
        break;
    }
    if (index != ideal->reset_ack)
        return;
    ideal->reset_ack = EVIDENCE_NONE;
    double since_ms = client_since(ideal, ideal->reset_replay, ideal->connection);
    resync_after_reset(ideal, since_ms, IDEAL_RESET, ideal->reset_replay);
}

struct ideal_event *ideal_play(const struct evidence *evidence, const struct scenario *scenario)
{
    struct ideal ideal = {.evidence = evidence, .scenario = scenario, .asked = NAN, .open_ms = NAN,
                          .reset_ack = EVIDENCE_NONE};
    ideal.got = memory_alloc(evidence->event_count, sizeof(*ideal.got));
    model_init(&ideal.model, (size_t)scenario->server.ring, (size_t)scenario->server.db_limit);
    size_t send = 0;
    size_t end = evidence->stopped != EVIDENCE_NONE ? evidence->stopped
                                                    : evidence->transcript->count;
    for (size_t index = 0; index < end; index++)
        play_entry(&ideal, index, &send);
    model_free(&ideal.model);
    client_numbers_free(&ideal.numbers);
    return ideal.got;
}
