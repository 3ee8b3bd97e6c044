/* The ideal client of the node stream. It acknowledges the unbroken run of numbers that it has, and
 * nothing above; so whatever else was published comes again when it registers. */
#include "core/ideal.h"

#include "core/cursor.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ideal_node {
    const struct evidence *evidence;
    struct ideal_event *got;
    uint64_t *markers; /* of numbered events so far, [number - 1]; owned */
    size_t count, capacity_count;
    struct cursor had;
    uint32_t connection;
    bool is_registered;  /* on it, where the client is not */
    size_t open_entry;   /* of the connection */
    size_t send;         /* the next to look at */
    size_t acknowledged; /* the sends below it need not be looked at for an acknowledgement */
    double highest_ack;
};

static void take(struct ideal_node *ideal, uint64_t marker, enum ideal_way way, size_t entry)
{
    const struct evidence_event *event = &ideal->evidence->events[marker];
    if (!isnan(event->seq))
        cursor_add(&ideal->had, (int64_t)event->seq);
    struct ideal_event *got = &ideal->got[event->identity];
    if (got->way == IDEAL_NOT)
        *got = (struct ideal_event){.way = way, .connection = ideal->connection, .entry = entry};
}

/* Everything above what it has acknowledged. */
static void take_queue(struct ideal_node *ideal, enum ideal_way way, size_t entry)
{
    for (int64_t seq = ideal->had.end + 1; seq <= (int64_t)ideal->count; seq++)
        take(ideal, ideal->markers[seq - 1], way, entry);
}

/* ---- the schedule ---- */

static void publish(struct ideal_node *ideal, const struct transcript_entry *entry)
{
    bool is_live = (entry->flags & TRANSCRIPT_FLAG_LIVE) != 0;
    for (uint64_t offset = 0; offset < entry->count; offset++) {
        uint64_t marker = entry->marker + offset;
        if (marker == 0 || marker >= ideal->evidence->event_count)
            return;
        if (!isnan(entry->seq) && ideal->evidence->events[marker].seq == (double)ideal->count + 1) {
            ideal->markers = memory_grow(ideal->markers, &ideal->capacity_count, ideal->count + 1,
                                         sizeof(*ideal->markers));
            ideal->markers[ideal->count++] = marker;
        }
        if (is_live && ideal->is_registered)
            take(ideal, marker, IDEAL_RING, ideal->open_entry);
    }
}

static void take_sends(struct ideal_node *ideal, size_t index)
{
    const struct evidence *evidence = ideal->evidence;
    for (; ideal->send < evidence->send_count && evidence->sends[ideal->send].entry == index;
         ideal->send++)
        if (evidence->sends[ideal->send].is_certain)
            take(ideal, evidence->sends[ideal->send].marker, IDEAL_SENT, index);
}

/* A number that the client acknowledges it has read, and so what came before it on the connection:
 * whatever it made of them. */
static void take_acknowledged(struct ideal_node *ideal, const struct transcript_entry *entry,
                              size_t index)
{
    const struct evidence_send *sends = ideal->evidence->sends;
    if (!(entry->number2 > ideal->highest_ack))
        return;
    ideal->highest_ack = entry->number2;
    size_t last = ideal->acknowledged;
    while (last < ideal->send &&
           !(sends[last].connection == entry->connection && sends[last].seq == entry->number2))
        last++;
    for (; last < ideal->send && ideal->acknowledged <= last; ideal->acknowledged++)
        if (sends[ideal->acknowledged].connection == entry->connection)
            take(ideal, sends[ideal->acknowledged].marker, IDEAL_SENT, index);
}

/* A client that does not register on a connection which lasts: the ideal does so at once. */
static void open_connection(struct ideal_node *ideal, size_t index)
{
    uint32_t number = evidence_entry(ideal->evidence, index)->connection;
    const struct evidence_connection *connection = &ideal->evidence->connections[number];
    ideal->connection = number;
    ideal->open_entry = index;
    ideal->is_registered = connection->first_register == EVIDENCE_NONE &&
                           evidence_had_time(ideal->evidence, number, index);
    if (ideal->is_registered)
        take_queue(ideal, IDEAL_RING, index);
}

/* Whether the client has surely read what a redelivery begun at entry `index` brought it. */
static bool is_read(const struct ideal_node *ideal, size_t index)
{
    const struct evidence *evidence = ideal->evidence;
    const struct transcript_entry *replay = evidence_entry(evidence, index);
    if (evidence_had_time(evidence, replay->connection, index))
        return true;
    for (size_t position = ideal->send; position < evidence->send_count; position++) {
        const struct evidence_send *send = &evidence->sends[position];
        if (send->connection == replay->connection && send->entry > index && send->is_certain)
            return true;
    }
    return false;
}

/* The client is sent again what it has not acknowledged; the ideal may have acknowledged less. Of a
 * redelivery that is cut off only what was surely read counts. */
static void redeliver(struct ideal_node *ideal, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(ideal->evidence, index);
    if (entry->connection != ideal->connection || entry->flags & TRANSCRIPT_FLAG_CUT ||
        !is_read(ideal, index))
        return;
    /* What the client itself is sent again counts as that, if it is read. */
    int64_t client_seq = entry->seq < 9e15 ? (int64_t)entry->seq : INT64_MAX;
    for (int64_t seq = ideal->had.end + 1; seq <= (int64_t)ideal->count && seq <= client_seq; seq++)
        take(ideal, ideal->markers[seq - 1], IDEAL_RING, index);
}

/* The client was waited for and did not come, or did not register: the ideal would have. */
static void end_unmet(struct ideal_node *ideal, const struct transcript_entry *entry)
{
    if (!entry->name || strcmp(entry->name, "unmet") != 0 || !entry->detail)
        return;
    bool is_gone = ideal->evidence->connections[ideal->connection].lost_us != INT64_MAX;
    if (!strcmp(entry->detail, rule_info(RULE_C16)->id) && is_gone)
        take_queue(ideal, IDEAL_RECONNECT, ideal->open_entry);
    else if (!strcmp(entry->detail, rule_info(RULE_C6)->id))
        take_queue(ideal, IDEAL_RING, ideal->open_entry);
}

static void play_entry(struct ideal_node *ideal, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(ideal->evidence, index);
    if (entry->connection >= ideal->evidence->connection_count)
        return;
    switch ((enum transcript_kind)entry->kind) {
    case TRANSCRIPT_PUBLISH:
        publish(ideal, entry);
        break;
    case TRANSCRIPT_SENT:
        take_sends(ideal, index);
        break;
    case TRANSCRIPT_FRAME_IN:
        if (entry->detail && !strcmp(entry->detail, "delivery.ack"))
            take_acknowledged(ideal, entry, index);
        break;
    case TRANSCRIPT_OPEN:
        open_connection(ideal, index);
        break;
    case TRANSCRIPT_REPLAY:
        redeliver(ideal, index);
        break;
    case TRANSCRIPT_STEP_END:
        end_unmet(ideal, entry);
        break;
    default: /* nothing that the ideal would notice */
        break;
    }
}

struct ideal_event *ideal_node_play(const struct evidence *evidence,
                                    const struct scenario *scenario)
{
    (void)scenario;
    struct ideal_node ideal = {.evidence = evidence, .open_entry = EVIDENCE_NONE};
    ideal.got = memory_alloc(evidence->event_count, sizeof(*ideal.got));
    cursor_init(&ideal.had);
    size_t end =
        evidence->stopped != EVIDENCE_NONE ? evidence->stopped : evidence->transcript->count;
    for (size_t index = 0; index < end; index++)
        play_entry(&ideal, index);
    cursor_free(&ideal.had);
    free(ideal.markers);
    return ideal.got;
}
