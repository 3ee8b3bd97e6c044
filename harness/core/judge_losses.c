/* What was owed, what was lost, and to which rule each loss is charged: the first reason, in a
 * fixed order, that the transcript proves. */
#include "core/judge_internal.h"

#include "core/memory.h"
#include "core/timestamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANGES_SHOWN_MAX 3
#define MINUTE_MS        60000

struct loss {
    uint64_t marker;
    enum rule rule;
    enum rule_level level;
    size_t entry;        /* where it happened */
    uint32_t connection; /* where the ideal client got it */
    char *cause;         /* owned; NULL: none known */
};

struct losses {
    struct loss *items;
    size_t count, capacity_count;
};

/* ---- what is known of one lost event ---- */

static const struct evidence_event *event_of(const struct judge *judge, uint64_t marker)
{
    return &judge->evidence->events[marker];
}

/* The first send of the event that the client surely read, or EVIDENCE_NONE. */
static size_t certain_send(const struct judge *judge, uint64_t marker)
{
    size_t found = EVIDENCE_NONE;
    for (size_t position = event_of(judge, marker)->last_send; position != EVIDENCE_NONE;
         position = judge->evidence->sends[position].previous)
        if (judge->evidence->sends[position].is_certain)
            found = position;
    return found;
}

/* The newest entry of a kind (and name) before `index`, on any connection. */
static size_t newest_before(const struct judge *judge, enum transcript_kind kind,
                            const char *name, size_t index)
{
    while (index-- > 0) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == kind && (!name || judge_name_is(entry, name)))
            return index;
    }
    return EVIDENCE_NONE;
}

static bool was_malformed_before(const struct judge *judge, const struct evidence_send *send)
{
    for (size_t index = send->entry; index-- > 0;) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_OPEN && entry->connection == send->connection)
            return false;
        if (entry->kind == TRANSCRIPT_FRAME_OUT && entry->connection == send->connection &&
            entry->flags & TRANSCRIPT_FLAG_MALFORMED)
            return true;
    }
    return false;
}

/* The highest number that was stamped on anything before the newest counter reset. */
static bool is_below_old_numbers(const struct judge *judge, const struct evidence_send *send)
{
    size_t restart = newest_before(judge, TRANSCRIPT_RESTART, NULL, send->entry);
    if (restart == EVIDENCE_NONE || isnan(send->seq))
        return false;
    for (size_t position = 0; position < judge->evidence->send_count; position++) {
        const struct evidence_send *old = &judge->evidence->sends[position];
        if (old->entry > restart)
            return false;
        if (!isnan(old->seq) && old->seq >= send->seq)
            return true;
    }
    return false;
}

static bool ack_was_odd(const struct judge *judge, const struct evidence_send *send)
{
    const struct evidence_connection *connection = &judge->evidence->connections[send->connection];
    if (connection->first_resync == EVIDENCE_NONE || send->entry < connection->first_resync)
        return false;
    size_t ack = judge_find_before(judge, TRANSCRIPT_ACK, send->connection, send->entry);
    return ack == EVIDENCE_NONE ||
           !judge_name_is(evidence_entry(judge->evidence, ack), "auto");
}

static bool was_in_cut_replay(const struct judge *judge, uint64_t marker, size_t before)
{
    for (size_t position = event_of(judge, marker)->last_send; position != EVIDENCE_NONE;
         position = judge->evidence->sends[position].previous) {
        const struct evidence_send *send = &judge->evidence->sends[position];
        if (send->entry < before && send->replay != EVIDENCE_NONE &&
            judge->evidence->connections[send->connection].is_cut)
            return true;
    }
    return false;
}

/* ---- an event that the client was sent, and kept from the application ---- */

static void charge(struct loss *loss, enum rule rule, size_t entry, const char *cause)
{
    loss->rule = rule;
    loss->level = rule_info(rule)->level;
    loss->entry = entry;
    loss->cause = cause ? memory_copy_text(cause, strlen(cause)) : NULL;
}

static void charge_received(struct judge *judge, struct loss *loss, size_t position)
{
    const struct evidence_send *send = &judge->evidence->sends[position];
    const struct evidence_event *event = event_of(judge, loss->marker);
    size_t thrown = newest_before(judge, TRANSCRIPT_OP, "throw", send->entry);
    bool is_unnumbered = isnan(send->seq);
    if (!event->is_known_type)
        charge(loss, RULE_C12, send->entry, "they are of a type that the client does not know");
    else if (thrown != EVIDENCE_NONE)
        charge(loss, RULE_C25, send->entry, "a handler of the application had thrown before");
    else if (was_malformed_before(judge, send))
        charge(loss, RULE_C11, send->entry, "malformed frames came before them on the connection");
    else if (event->is_id_shared)
        charge(loss, RULE_C15, send->entry, "an event of another type has the same id");
    else if (send->is_row)
        charge(loss, RULE_C8, send->entry,
               "they came only as rows of the database, which carry no agent_seq");
    else if (is_unnumbered)
        charge(loss, RULE_C8, send->entry, "they carry no agent_seq");
    else if (is_below_old_numbers(judge, send))
        charge(loss, RULE_C9, send->entry,
               "their numbers are lower than those before the counter reset");
    else if (was_in_cut_replay(judge, loss->marker, send->entry))
        charge(loss, RULE_C18, send->entry,
               "an earlier replay that held them was cut off, and they were not taken from the "
               "next one");
    else if (ack_was_odd(judge, send))
        charge(loss, RULE_C17, send->entry,
               "the ack to the resync before them was late, missing, repeated or malformed");
    else
        charge(loss, RULE_C7, send->entry, "they were sent and read, but not dispatched");
}

/* ---- an event that the client could have had, and did not ask for ---- */

/* The cut replay before entry `index`, if there was one; tells whether it was overtaken. */
static const struct evidence_connection *cut_before(const struct judge *judge, size_t index)
{
    const struct evidence_connection *found = NULL;
    for (size_t number = 1; number < judge->evidence->connection_count; number++) {
        const struct evidence_connection *connection = &judge->evidence->connections[number];
        if (connection->is_cut && connection->drop_entry < index)
            found = connection;
    }
    return found;
}

static void charge_since(struct judge *judge, struct loss *loss,
                         const struct transcript_entry *resync, size_t entry)
{
    const struct evidence_event *event = event_of(judge, loss->marker);
    charge(loss, RULE_C5, entry, NULL);
    char text[TIMESTAMP_TEXT_BYTES], row[TIMESTAMP_TEXT_BYTES], cause[256];
    if (isnan(resync->number)) {
        snprintf(cause, sizeof(cause), "its resync had no valid since, so no row was sent");
    } else {
        double late_s = resync->number / 1000.0 - (double)event->created_s;
        timestamp_format((int64_t)resync->number, text);
        timestamp_format(event->created_s * 1000, row);
        if (late_s >= 0)
            snprintf(cause, sizeof(cause),
                     "their rows were cut off by since=%s, %.1f s after the second (%.19sZ) that "
                     "they were written in", text, late_s, row);
        else
            snprintf(cause, sizeof(cause),
                     "since=%s was so early, %.0f s before the rows, that the 1,000 oldest filled "
                     "the answer", text, -late_s);
        double skew_ms = scenario_client_number(judge->scenario, "clock_skew_ms", 0) -
                         (double)judge->scenario->server.clock_skew_ms;
        if (late_s >= 0 && skew_ms > MINUTE_MS)
            loss->level = RULE_LEVEL_SHOULD; /* C-5: by more than a minute it is only a SHOULD */
    }
    loss->cause = memory_copy_text(cause, strlen(cause));
}

/* Its last_seen_seq was past what it had: why did it believe that? */
static void charge_cursor(struct judge *judge, struct loss *loss,
                          const struct transcript_entry *resync, size_t entry)
{
    const struct evidence_connection *cut = cut_before(judge, entry);
    const struct evidence_event *event = event_of(judge, loss->marker);
    char cause[256];
    snprintf(cause, sizeof(cause),
             "it asked with last_seen_seq %.0f, but had not got agent_seq %.0f", resync->seq,
             event->seq);
    bool is_reset = newest_before(judge, TRANSCRIPT_RESTART, NULL, entry) != EVIDENCE_NONE;
    if (cut && cut->is_overtaken)
        charge(loss, RULE_C19, entry,
               "a live event with a higher number overtook the replay; when the replay was cut "
               "off, the client asked from that number on");
    else if (cut)
        charge(loss, RULE_C18, entry, cause);
    else if (is_reset)
        charge(loss, RULE_C9, entry, "it asked with a number from before the counter reset");
    else
        charge(loss, RULE_C4, entry, cause);
}

static void charge_unasked(struct judge *judge, struct loss *loss)
{
    const struct ideal_event *ideal = &judge->ideal[loss->marker];
    const struct evidence_connection *connection = &judge->evidence->connections[ideal->connection];
    const struct evidence_event *event = event_of(judge, loss->marker);
    if (ideal->way == IDEAL_RECONNECT) {
        charge(loss, RULE_C16, judge->evidence->done, "it did not connect again");
        return;
    }
    if (connection->first_resync == EVIDENCE_NONE) {
        charge(loss, RULE_C3, connection->open_entry,
               "it sent no resync after it had reconnected, so nothing was replayed");
        return;
    }
    size_t entry = connection->first_resync;
    const struct transcript_entry *resync = evidence_entry(judge->evidence, entry);
    if (ideal->way == IDEAL_RESET) {
        charge(loss, RULE_C21, entry,
               "the ack showed a counter reset (current_seq below last_seen_seq), and it did not "
               "ask for the new numbers");
        return;
    }
    bool is_past = !isnan(event->seq) && resync->seq >= event->seq;
    if (ideal->way == IDEAL_ROW && (isnan(resync->number) || !is_past ||
                                    connection->first_replay == EVIDENCE_NONE ||
                                    evidence_entry(judge->evidence, connection->first_replay)
                                            ->flags & TRANSCRIPT_FLAG_GAP))
        charge_since(judge, loss, resync, entry);
    else
        charge_cursor(judge, loss, resync, entry);
}

/* ---- what the application should have got ---- */

/* No driver without `wildcard` can be handed an event of an unknown type. */
static bool cannot_be_told(const struct judge *judge, const struct evidence_event *event)
{
    return !event->is_known_type && !judge_has_capability(judge, DRIVER_CAPABILITY_WILDCARD);
}

static void add_loss(struct judge *judge, struct losses *losses, uint64_t marker)
{
    losses->items = memory_grow(losses->items, &losses->capacity_count, losses->count + 1,
                                sizeof(*losses->items));
    struct loss *loss = &losses->items[losses->count++];
    *loss = (struct loss){.marker = marker, .connection = judge->ideal[marker].connection};
    size_t position = certain_send(judge, marker);
    if (position != EVIDENCE_NONE)
        charge_received(judge, loss, position);
    else
        charge_unasked(judge, loss);
}

static void count_events(struct judge *judge, struct losses *losses)
{
    struct judgement *judgement = judge->judgement;
    for (uint64_t marker = 1; marker < judge->evidence->event_count; marker++) {
        const struct evidence_event *event = event_of(judge, marker);
        if (!event->type || !event->is_counted || event->identity != marker)
            continue;
        judgement->published++;
        if (event->dispatch_count) {
            judgement->owed++;
            judgement->dispatched++;
            judgement->duplicated += event->dispatch_count - 1;
        } else if (judge->ideal[marker].way == IDEAL_NOT || cannot_be_told(judge, event)) {
            judgement->unrecoverable++;
        } else {
            judgement->owed++;
            judgement->lost++;
            add_loss(judge, losses, marker);
        }
    }
}

/* ---- one finding for all losses of one kind ---- */

static bool is_same_kind(const struct loss *a, const struct loss *b)
{
    return a->rule == b->rule && a->level == b->level && a->connection == b->connection;
}

/* `gc-7 … gc-206, gc-210` of the losses in `kind`, which are sorted by marker. */
static void append_ranges(const struct losses *losses, const bool *is_told, size_t first,
                          struct buffer *out)
{
    size_t range_count = 0;
    for (size_t index = first; index < losses->count;) {
        size_t last = index, next = index + 1;
        if (is_told[index] || !is_same_kind(&losses->items[first], &losses->items[index])) {
            index++;
            continue;
        }
        while (next < losses->count && !is_told[next] &&
               is_same_kind(&losses->items[first], &losses->items[next]) &&
               losses->items[next].marker == losses->items[last].marker + 1)
            last = next++;
        if (range_count++ == RANGES_SHOWN_MAX) {
            buffer_append_text(out, ", …");
            return;
        }
        buffer_printf(out, "%sgc-%" PRIu64, range_count > 1 ? ", " : "",
                      losses->items[index].marker);
        if (last > index)
            buffer_printf(out, " … gc-%" PRIu64, losses->items[last].marker);
        index = next;
    }
}

static void tell_losses(struct judge *judge, struct losses *losses)
{
    bool *is_told = memory_alloc(losses->count, sizeof(*is_told));
    for (size_t first = 0; first < losses->count; first++) {
        if (is_told[first])
            continue;
        const struct loss *loss = &losses->items[first];
        struct buffer ranges;
        buffer_init(&ranges, BUFFER_NO_LIMIT);
        append_ranges(losses, is_told, first, &ranges);
        size_t count = 0;
        for (size_t index = first; index < losses->count; index++) {
            if (!is_told[index] && is_same_kind(loss, &losses->items[index])) {
                is_told[index] = true;
                count++;
            }
        }
        struct finding *finding =
            judge_find(judge, loss->rule, loss->entry, "%zu of %" PRIu64 " event%s lost: %s", count,
                       judge->judgement->published,
                       judge->judgement->published == 1 ? "" : "s", buffer_text(&ranges));
        if (finding)
            finding->level = loss->level;
        if (loss->cause)
            finding_set_cause(finding, "%s", loss->cause);
        buffer_free(&ranges);
    }
    free(is_told);
}

void judge_losses(struct judge *judge)
{
    struct losses losses = {0};
    count_events(judge, &losses);
    if (judge->judgement->owed)
        judge_exercise(judge, RULE_C7);
    tell_losses(judge, &losses);
    for (size_t index = 0; index < losses.count; index++)
        free(losses.items[index].cause);
    free(losses.items);
}
