/* What was owed, what was lost, and to which rule each loss is charged: the first reason, in a
 * fixed order, that the transcript proves. What the client was sent is in judge_received.c. */
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

struct losses {
    struct loss *items;
    size_t count, capacity_count;
};

static const struct evidence_event *event_of(const struct judge *judge, uint64_t marker)
{
    return &judge->evidence->events[marker];
}

void loss_charge(struct loss *loss, enum rule rule, size_t entry, const char *cause)
{
    loss->rule = rule;
    loss->level = rule_info(rule)->level;
    loss->entry = entry;
    loss->cause = cause ? memory_copy_text(cause, strlen(cause)) : NULL;
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

/* Its `since` lost them: it came too late, or so early that older rows filled the answer. */
static void charge_since(struct judge *judge, struct loss *loss,
                         const struct transcript_entry *resync, size_t entry)
{
    const struct evidence_event *event = event_of(judge, loss->marker);
    char text[TIMESTAMP_TEXT_BYTES], row[TIMESTAMP_TEXT_BYTES], cause[256];
    loss_charge(loss, RULE_C5, entry, NULL);
    if (!(fabs(resync->number) < 1e15)) {
        snprintf(cause, sizeof(cause), "its resync had no valid since, so no row was sent");
        loss->cause = memory_copy_text(cause, strlen(cause));
        return;
    }
    double late_s = resync->number / 1000.0 - (double)event->created_s;
    timestamp_format((int64_t)resync->number, text);
    timestamp_format(event->created_s * 1000, row);
    if (late_s >= 0)
        snprintf(cause, sizeof(cause),
                 "their rows were cut off by since=%s, %.1f s after the second (%.19sZ) that they "
                 "were written in", text, late_s, row);
    else
        snprintf(cause, sizeof(cause),
                 "since=%s was so early, %.0f s before their second, that the %" PRId64
                 " oldest rows of their class filled the answer",
                 text, -late_s, judge->scenario->server.db_limit);
    double skew_ms = scenario_client_number(judge->scenario, "clock_skew_ms", 0) -
                     (double)judge->scenario->server.clock_skew_ms;
    size_t cause_bytes = strlen(cause);
    if (late_s >= 0 && skew_ms >= 1000)
        snprintf(cause + cause_bytes, sizeof(cause) - cause_bytes,
                 ", by a client whose clock is %.0f s ahead", skew_ms / 1000.0);
    if (late_s >= 0 && skew_ms > MINUTE_MS)
        loss->level = RULE_LEVEL_SHOULD; /* C-5: by more than a minute it is only a SHOULD */
    loss->cause = memory_copy_text(cause, strlen(cause));
}

/* The highest number it was given on that connection live, before it asked. */
static bool was_overtaken(const struct judge *judge, const struct evidence_connection *cut,
                          double number)
{
    const struct evidence *evidence = judge->evidence;
    for (size_t position = 0; position < evidence->send_count; position++) {
        const struct evidence_send *send = &evidence->sends[position];
        if (send->entry >= cut->drop_entry)
            break;
        if (send->entry > cut->open_entry && send->replay == EVIDENCE_NONE && send->seq >= number)
            return true;
    }
    return false;
}

/* Its last_seen_seq was past what it had: why did it believe that? */
static void charge_cursor(struct judge *judge, struct loss *loss,
                          const struct transcript_entry *resync, size_t entry)
{
    const struct evidence_connection *cut = cut_before(judge, entry);
    const struct evidence_event *event = event_of(judge, loss->marker);
    char cause[256];
    if (isnan(event->seq))
        snprintf(cause, sizeof(cause),
                 "it asked with last_seen_seq %.0f, so high that the server saw no gap and sent no "
                 "rows", resync->seq);
    else
        snprintf(cause, sizeof(cause),
                 "it asked with last_seen_seq %.0f, but had not got agent_seq %.0f", resync->seq,
                 event->seq);
    if (cut && cut->is_overtaken && was_overtaken(judge, cut, resync->seq))
        loss_charge(loss, RULE_C19, entry,
               "a live event with a higher number overtook the replay; when the replay was cut "
               "off, the client asked from that number on");
    else if (cut)
        loss_charge(loss, RULE_C18, entry, cause);
    else if (judge->evidence->first_reset < entry)
        loss_charge(loss, RULE_C9, entry, "it asked with a number from before the counter reset");
    else
        loss_charge(loss, RULE_C4, entry, cause);
}

/* The ideal got it where the client's resync was answered: what had the client asked for? */
static void charge_answer(struct judge *judge, struct loss *loss, size_t replay)
{
    const struct evidence *evidence = judge->evidence;
    uint32_t number = judge->ideal[loss->marker].connection;
    bool is_reset = judge->ideal[loss->marker].way == IDEAL_RESET;
    const struct evidence_connection *connection = &evidence->connections[number];
    const struct transcript_entry *answer = evidence_entry(evidence, replay);
    size_t entry = connection->first_resync;
    if (entry == EVIDENCE_NONE || entry > replay) { /* no session writes such a transcript */
        loss_charge(loss, RULE_C7, replay, "a replay was sent that the transcript shows no resync "
                                           "for");
        return;
    }
    for (size_t index = replay; index-- > connection->first_resync;) {
        const struct transcript_entry *asked = evidence_entry(evidence, index);
        if (asked->kind != TRANSCRIPT_FRAME_IN || asked->connection != number ||
            isnan(asked->seq))
            continue;
        entry = index;
        break;
    }
    const struct transcript_entry *resync = evidence_entry(evidence, entry);
    const struct evidence_event *event = event_of(judge, loss->marker);
    bool is_past = !isnan(event->seq) && resync->seq >= event->seq;
    if (is_reset)
        loss_charge(loss, RULE_C21, entry,
               "the ack showed a counter reset (current_seq below last_seen_seq), and it did not "
               "ask for the new numbers");
    else if (judge->ideal[loss->marker].way != IDEAL_RING &&
             (answer->flags & TRANSCRIPT_FLAG_GAP || !is_past))
        charge_since(judge, loss, resync, entry);
    else
        charge_cursor(judge, loss, resync, entry);
}

static void charge_unasked(struct judge *judge, struct loss *loss)
{
    const struct ideal_event *ideal = &judge->ideal[loss->marker];
    const struct evidence_connection *connection = &judge->evidence->connections[ideal->connection];
    if (ideal->way == IDEAL_RECONNECT)
        loss_charge(loss, judge_missing_connection_rule(judge), judge->evidence->done,
               "it did not connect again");
    else if (judge_is_doubled(judge, ideal->connection))
        loss_charge(loss, RULE_C16, connection->open_entry,
                    "it held another connection open at the same time");
    else if (evidence_entry(judge->evidence, ideal->entry)->kind == TRANSCRIPT_REPLAY)
        charge_answer(judge, loss, ideal->entry);
    else if (connection->resync_count)
        loss_charge(loss, RULE_C4, ideal->entry,
               "its resync had no number in last_seen_seq, so the server ignored it");
    else
        loss_charge(loss, RULE_C3, connection->open_entry,
               "it sent no resync after it had reconnected, so nothing was replayed");
}

static void charge_not_received(struct judge *judge, struct loss *loss)
{
    const struct ideal_event *ideal = &judge->ideal[loss->marker];
    bool is_special = ideal->way == IDEAL_RECONNECT || judge_is_doubled(judge, ideal->connection);
    if (judge->is_node && !is_special)
        judge_node_charge(judge, loss);
    else
        charge_unasked(judge, loss);
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
    if (!judge_charge_received(judge, loss))
        charge_not_received(judge, loss);
}

static void add_missed(struct judgement *judgement, uint64_t marker, enum rule rule)
{
    struct missed_range *last =
        judgement->missed_count ? &judgement->missed[judgement->missed_count - 1] : NULL;
    if (last && last->rule == rule && last->marker + last->count == marker) {
        last->count++;
        return;
    }
    judgement->missed = memory_grow(judgement->missed, &judgement->missed_capacity_count,
                                    judgement->missed_count + 1, sizeof(*judgement->missed));
    judgement->missed[judgement->missed_count++] = (struct missed_range){marker, 1, rule};
}

static void count_events(struct judge *judge, struct losses *losses)
{
    struct judgement *judgement = judge->judgement;
    for (uint64_t marker = 1; marker < judge->evidence->event_count; marker++) {
        const struct evidence_event *event = event_of(judge, marker);
        if (!event->type || !event->is_counted || event->identity != marker)
            continue;
        judgement->published++;
        if (judge->evidence->is_wire_only && event->send_count) {
            /* It was sent, and that is all that can be known of it. */
            judgement->owed++;
            judgement->dispatched++;
        } else if (event->dispatch_count) {
            judgement->owed++;
            judgement->dispatched++;
            judgement->duplicated += event->dispatch_count - 1;
        } else if (judge->ideal[marker].way == IDEAL_NOT || cannot_be_told(judge, event)) {
            judgement->unrecoverable++;
            add_missed(judgement, marker, RULE_COUNT);
        } else {
            judgement->owed++;
            judgement->lost++;
            add_loss(judge, losses, marker);
            add_missed(judgement, marker, losses->items[losses->count - 1].rule);
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
