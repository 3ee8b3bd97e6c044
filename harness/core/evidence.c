#include "core/evidence_internal.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A marker or connection beyond this is damage in the file, not a scenario. */
#define EVIDENCE_EVENT_COUNT_MAX      (4 * (size_t)TRANSCRIPT_ENTRY_COUNT_MAX)
#define EVIDENCE_CONNECTION_COUNT_MAX 1000000

#define LATE_US_MAX 50000 /* a harness later than this has not measured such times */

static bool name_is(const struct transcript_entry *entry, const char *name)
{
    return entry->name && !strcmp(entry->name, name);
}

/* What a file says may be beyond every integer; a judge goes on. */
static int64_t whole_or_zero(double number)
{
    return fabs(number) < 9e15 ? (int64_t)number : 0;
}

/* ---- sizes ---- */

static void measure(struct evidence *evidence)
{
    const struct transcript *transcript = evidence->transcript;
    evidence->event_count = evidence->connection_count = 1;
    for (size_t index = 0; index < transcript->count; index++) {
        const struct transcript_entry *entry = &transcript->entries[index];
        uint64_t last = entry->marker + (entry->count ? entry->count - 1 : 0);
        bool is_event = entry->kind == TRANSCRIPT_PUBLISH || entry->kind == TRANSCRIPT_SENT ||
                        entry->kind == TRANSCRIPT_FRAME_OUT;
        if (is_event && last >= evidence->event_count && last < EVIDENCE_EVENT_COUNT_MAX)
            evidence->event_count = (size_t)last + 1;
        if (entry->connection >= evidence->connection_count &&
            entry->connection < EVIDENCE_CONNECTION_COUNT_MAX)
            evidence->connection_count = (size_t)entry->connection + 1;
    }
    evidence->events = memory_alloc(evidence->event_count, sizeof(*evidence->events));
    evidence->connections =
        memory_alloc(evidence->connection_count, sizeof(*evidence->connections));
    for (size_t index = 0; index < evidence->event_count; index++) {
        struct evidence_event *event = &evidence->events[index];
        event->identity = index;
        event->seq = NAN;
        event->first_send = event->last_send = event->first_dispatch = EVIDENCE_NONE;
    }
    for (size_t index = 0; index < evidence->connection_count; index++) {
        struct evidence_connection *connection = &evidence->connections[index];
        connection->connect_entry = connection->open_entry = EVIDENCE_NONE;
        connection->end_entry = connection->drop_entry = EVIDENCE_NONE;
        connection->first_resync = connection->last_replay = EVIDENCE_NONE;
        connection->fence_entry = connection->last_fence_entry = EVIDENCE_NONE;
        connection->first_any_resync = connection->first_ack = EVIDENCE_NONE;
        connection->first_malformed = connection->first_raw = EVIDENCE_NONE;
        connection->first_extra_ack = EVIDENCE_NONE;
        connection->first_register = EVIDENCE_NONE;
        connection->end_us = connection->lost_us = INT64_MAX;
    }
}

/* ---- what each entry adds ---- */

static void add_publish(struct evidence *evidence, const struct transcript_entry *entry)
{
    for (uint64_t index = 0; index < entry->count; index++) {
        uint64_t marker = entry->marker + index;
        if (marker == 0 || marker >= evidence->event_count)
            return;
        struct evidence_event *event = &evidence->events[marker];
        event->type = entry->detail ? entry->detail : "";
        event->seq = entry->seq + (double)index;
        event->created_s = whole_or_zero(entry->number);
        event->at_us = entry->at_us;
        event->step = entry->step;
        event->flags = entry->flags;
        event->size_bytes = entry->size_bytes;
        event->is_counted = evidence->first_open != EVIDENCE_NONE &&
                            evidence->stopped == EVIDENCE_NONE;
        event->is_known_type = event_type_find(span_of(event->type)) != NULL;
        if (entry->flags & TRANSCRIPT_FLAG_NO_ID || isnan(entry->number2))
            continue;
        event->id_marker = entry->count > 1 ? marker : (uint64_t)whole_or_zero(entry->number2);
    }
}

/* The first marker with the same type and id. Ids are shared only with earlier markers, and only
 * by `id: same`, so the chain behind the id's own marker is short. */
static void find_identities(struct evidence *evidence)
{
    uint64_t *next_with_id = memory_alloc(evidence->event_count, sizeof(*next_with_id));
    for (uint64_t marker = 1; marker < evidence->event_count; marker++) {
        struct evidence_event *event = &evidence->events[marker];
        uint64_t owner = event->id_marker;
        if (owner == 0 || owner == marker || owner >= evidence->event_count)
            continue;
        uint64_t *link = &next_with_id[owner];
        uint64_t candidate = owner;
        while (candidate && !(evidence->events[candidate].type &&
                              !strcmp(evidence->events[candidate].type, event->type))) {
            link = &next_with_id[candidate];
            candidate = *link;
        }
        if (candidate)
            event->identity = candidate;
        else
            *link = marker;
        if (!candidate || candidate != owner)
            event->is_id_shared = evidence->events[owner].is_id_shared = true;
    }
    free(next_with_id);
}

static void add_send(struct evidence *evidence, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(evidence, index);
    struct evidence_connection *connection = &evidence->connections[entry->connection];
    bool is_fence = false;
    for (uint64_t offset = 0; offset < entry->count; offset++) {
        uint64_t marker = entry->marker + offset;
        if (marker >= evidence->event_count || entry->connection >= evidence->connection_count)
            return;
        evidence->sends = memory_grow(evidence->sends, &evidence->send_capacity_count,
                                      evidence->send_count + 1, sizeof(*evidence->sends));
        struct evidence_send *send = &evidence->sends[evidence->send_count++];
        *send = (struct evidence_send){
            .entry = index,
            .marker = marker,
            .seq = entry->seq + (double)offset,
            .at_us = entry->at_us,
            .connection = entry->connection,
            .is_row = (entry->flags & TRANSCRIPT_FLAG_ROW) != 0,
            .is_ring = name_is(entry, "ring") || name_is(entry, "queue"),
            .is_again = name_is(entry, "again"),
            .previous = EVIDENCE_NONE,
            .replay = EVIDENCE_NONE,
        };
        if (send->is_ring || name_is(entry, "row"))
            send->replay = connection->last_replay;
        is_fence = is_fence || (evidence->events[marker].flags & TRANSCRIPT_FLAG_FENCE);
    }
    connection->has_carried_event = connection->has_carried_frame = true;
    bool is_queued = name_is(entry, "queue");
    if (name_is(entry, "ring") || name_is(entry, "row") || is_queued)
        connection->unsent_count -= entry->count < connection->unsent_count
                                        ? entry->count : connection->unsent_count;
    bool is_live = name_is(entry, "live") && !is_fence;
    bool is_before_replay =
        connection->last_replay == EVIDENCE_NONE || connection->unsent_count > 0;
    /* On the node stream a delay may lie between the replay and what is sent of it. */
    if ((is_live && is_before_replay) || (is_queued && connection->has_carried_live))
        connection->is_overtaken = true;
    connection->has_carried_live = connection->has_carried_live || is_live;
}

static void append_dispatch(struct evidence *evidence, size_t index, uint64_t marker)
{
    evidence->dispatches =
        memory_grow(evidence->dispatches, &evidence->dispatch_capacity_count,
                    evidence->dispatch_count + 1, sizeof(*evidence->dispatches));
    evidence->dispatches[evidence->dispatch_count++] =
        (struct evidence_dispatch){.entry = index,
                                   .marker = marker,
                                   .at_us = evidence_entry(evidence, index)->at_us,
                                   .send = EVIDENCE_NONE};
}

static void add_dispatch(struct evidence *evidence, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(evidence, index);
    if (entry->number != 1 || entry->marker == 0 || entry->marker >= evidence->event_count)
        return;
    append_dispatch(evidence, index, entry->marker);
}

/* Where nobody tells what the application got, a pong shows what has been read: all that was sent
 * before its ping. (Of those that the session sends by itself: others stand between fragments.) */
static void add_answered(struct evidence *evidence, size_t index)
{
    const struct transcript_entry *pong = evidence_entry(evidence, index);
    struct evidence_connection *connection = &evidence->connections[pong->connection];
    size_t ping = EVIDENCE_NONE;
    for (size_t i = index; i-- > 0 && ping == EVIDENCE_NONE;) {
        const struct transcript_entry *entry = evidence_entry(evidence, i);
        if (entry->kind == TRANSCRIPT_WS_OUT && entry->connection == pong->connection &&
            name_is(entry, "ping") && entry->text && strcmp(entry->text, pong->text) == 0)
            ping = i;
    }
    for (size_t i = connection->answered_count; ping != EVIDENCE_NONE && i < evidence->send_count;
         i++) {
        const struct evidence_send *send = &evidence->sends[i];
        if (send->entry > ping)
            return;
        connection->answered_count = i + 1;
        if (send->connection == pong->connection)
            append_dispatch(evidence, index, send->marker);
    }
}

static void add_resync(struct evidence_connection *connection,
                       const struct transcript_entry *entry, size_t index)
{
    if (!entry->detail || strcmp(entry->detail, "resync") != 0)
        return;
    if (connection->resync_count++ == 0)
        connection->first_any_resync = index;
    if (connection->first_resync == EVIDENCE_NONE && !isnan(entry->seq))
        connection->first_resync = index;
}

static void note_first(size_t *first, size_t index)
{
    if (*first == EVIDENCE_NONE)
        *first = index;
}

static void note_loss(struct evidence_connection *connection,
                      const struct transcript_entry *entry)
{
    if (entry->at_us < connection->lost_us)
        connection->lost_us = entry->at_us;
}

/* How a connection began and ended. */
static void follow_life(struct evidence_connection *connection,
                        const struct transcript_entry *entry, size_t index)
{
    switch ((enum transcript_kind)entry->kind) {
    case TRANSCRIPT_CONNECT:
        connection->connect_entry = index;
        connection->connect_us = entry->at_us;
        break;
    case TRANSCRIPT_OPEN:
        connection->open_entry = index;
        connection->open_us = entry->at_us;
        break;
    case TRANSCRIPT_REFUSED:
        connection->is_refused = true;
        break;
    case TRANSCRIPT_DROP:
        connection->drop_entry = index;
        note_loss(connection, entry);
        connection->is_cut = connection->is_cut || (entry->flags & TRANSCRIPT_FLAG_CUT);
        break;
    case TRANSCRIPT_END:
        connection->end_entry = index;
        connection->end_us = entry->at_us;
        note_loss(connection, entry);
        break;
    default:
        break;
    }
}

/* All that an answer holds, also where it is cut off. */
static uint64_t count_replayed(const struct transcript_entry *replay)
{
    bool has_rows = replay->number2 > 0 && replay->number2 < 9e15;
    return replay->count + (has_rows ? (uint64_t)replay->number2 : 0);
}

/* What it carried beside events. */
static void follow_frames(struct evidence_connection *connection,
                          const struct transcript_entry *entry, size_t index)
{
    switch ((enum transcript_kind)entry->kind) {
    case TRANSCRIPT_FRAME_IN:
        add_resync(connection, entry, index);
        if (entry->detail && !strcmp(entry->detail, "node.register"))
            note_first(&connection->first_register, index);
        break;
    case TRANSCRIPT_REPLAY:
        connection->last_replay = index;
        connection->unsent_count = count_replayed(entry);
        break;
    case TRANSCRIPT_FRAME_OUT:
        connection->has_carried_frame = true;
        if (entry->flags & TRANSCRIPT_FLAG_MALFORMED)
            note_first(&connection->first_malformed, index);
        if (connection->first_resync != EVIDENCE_NONE && entry->detail &&
            strcmp(entry->detail, "resync_ack") == 0)
            note_first(&connection->first_extra_ack, index);
        break;
    case TRANSCRIPT_ACK:
        connection->has_carried_frame = true;
        connection->has_repeated_ack = connection->has_repeated_ack || name_is(entry, "repeat");
        note_first(&connection->first_ack, index);
        break;
    case TRANSCRIPT_WS_OUT:
        if (name_is(entry, "close"))
            note_loss(connection, entry);
        if (name_is(entry, "raw") || name_is(entry, "binary"))
            note_first(&connection->first_raw, index);
        break;
    default:
        break;
    }
}

static void add_entry(struct evidence *evidence, size_t index, uint32_t *opened_count)
{
    const struct transcript_entry *entry = evidence_entry(evidence, index);
    if (entry->connection >= evidence->connection_count)
        return;
    follow_life(&evidence->connections[entry->connection], entry, index);
    follow_frames(&evidence->connections[entry->connection], entry, index);
    switch ((enum transcript_kind)entry->kind) {
    case TRANSCRIPT_OPEN:
        evidence->connections[entry->connection].opened_number = ++*opened_count;
        note_first(&evidence->first_open, index);
        break;
    case TRANSCRIPT_OP:
        if (name_is(entry, "throw"))
            note_first(&evidence->first_throw, index);
        break;
    case TRANSCRIPT_RESTART:
        if (!(entry->number < 0))
            note_first(&evidence->first_reset, index);
        break;
    case TRANSCRIPT_PUBLISH:
        add_publish(evidence, entry);
        break;
    case TRANSCRIPT_SENT:
        add_send(evidence, index);
        break;
    case TRANSCRIPT_DISPATCH:
        add_dispatch(evidence, index);
        break;
    case TRANSCRIPT_WS_IN:
        if (evidence->is_wire_only && name_is(entry, "pong") && entry->text &&
            strncmp(entry->text, TRANSCRIPT_PING_TEXT, strlen(TRANSCRIPT_PING_TEXT)) == 0)
            add_answered(evidence, index);
        break;
    case TRANSCRIPT_LIFECYCLE:
        if (name_is(entry, "stopped"))
            note_first(&evidence->stopped, index);
        break;
    case TRANSCRIPT_LATE:
        if (entry->number > (double)evidence->latest_us)
            evidence->latest_us = whole_or_zero(entry->number);
        break;
    case TRANSCRIPT_DONE:
        evidence->done = index;
        break;
    default: /* the rest says nothing about events */
        break;
    }
}

/* ---- all of it ---- */

bool evidence_had_time(const struct evidence *evidence, uint32_t number, size_t entry)
{
    const struct evidence_connection *connection = &evidence->connections[number];
    if (connection->is_settled && connection->last_fence_entry > entry)
        return true;
    if (evidence->latest_us > LATE_US_MAX)
        return false;
    const struct transcript *transcript = evidence->transcript;
    int64_t last_us = transcript->entries[transcript->count - 1].at_us;
    int64_t until_us = connection->lost_us < last_us ? connection->lost_us : last_us;
    return until_us - evidence_entry(evidence, entry)->at_us >= EVIDENCE_TIME_TO_READ_US;
}

struct evidence *evidence_new(const struct transcript *transcript)
{
    struct evidence *evidence = memory_alloc(1, sizeof(*evidence));
    evidence->transcript = transcript;
    evidence->is_wire_only = transcript->header.is_wire_only;
    evidence->first_open = evidence->stopped = evidence->done = EVIDENCE_NONE;
    evidence->first_throw = evidence->first_reset = EVIDENCE_NONE;
    measure(evidence);
    uint32_t opened_count = 0;
    for (size_t index = 0; index < transcript->count; index++)
        add_entry(evidence, index, &opened_count);
    find_identities(evidence);
    evidence_link(evidence);
    return evidence;
}

void evidence_free(struct evidence *evidence)
{
    if (!evidence)
        return;
    free(evidence->events);
    free(evidence->sends);
    free(evidence->dispatches);
    free(evidence->connections);
    free(evidence);
}
