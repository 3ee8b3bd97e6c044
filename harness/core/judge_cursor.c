/* What stands in a resync: last_seen_seq and since (C-4, C-5, C-8, C-9, C-21). A number that loses
 * something is told with the loss; here is what can be told without one. */
#include "core/judge_internal.h"

#include "core/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Between which bounds a last_seen_seq may lie, followed entry by entry. */
struct bounds {
    /* at least: what was dispatched without a hole */
    bool has_run;
    bool is_run_unknown; /* of the new numbering the first number is not known: no lower bound */
    double run_end;
    double must_count;   /* run_end when the connection was upgraded; NAN: nothing */
    size_t run_from;     /* entry behind which the numbering began */
    size_t *read_until;  /* [connection]: sends on it below this were counted, or passed */
    size_t dispatch;     /* the next dispatch to look at */

    /* at most: all numbers that it may have been given, acks included */
    double highest;
    bool was_reset;
    double new_highest;           /* the same since the newest reset */
    uint32_t connection;          /* the newest */
    double asked;                 /* from which number the client asked on it; NAN: it did not */
    double lowest_new;            /* lowest live number of the new numbering surely read on it */
    uint32_t new_read_connection; /* on which it read one that it had asked past; 0: none */
    size_t send;                  /* the next send to look at */
    size_t first_numbered;        /* the first send with a number at all; or EVIDENCE_NONE */

    bool had_row; /* a row came since the last resync */
};

static void note_given(struct bounds *bounds, double seq)
{
    if (!isfinite(seq))
        return;
    bounds->highest = fmax(bounds->highest, seq);
    bounds->new_highest = fmax(bounds->new_highest, seq);
}

static void extend_run(struct bounds *bounds, double seq, bool is_first)
{
    if (!bounds->has_run && !is_first)
        bounds->is_run_unknown = true; /* it may have counted others and not dispatched them */
    if (bounds->is_run_unknown)
        return;
    if (!bounds->has_run) {
        bounds->has_run = true;
        bounds->run_end = seq;
    } else if (seq == bounds->run_end + 1) {
        bounds->run_end = seq;
    }
}

/* What is dispatched has been read, with all that was sent before it on the same connection. */
static void note_dispatch(const struct judge *judge, struct bounds *bounds, size_t index)
{
    const struct evidence *evidence = judge->evidence;
    if (bounds->dispatch >= evidence->dispatch_count ||
        evidence->dispatches[bounds->dispatch].entry != index)
        return; /* of a second handler, or of nothing that was published */
    size_t last = evidence->dispatches[bounds->dispatch++].send;
    if (last == EVIDENCE_NONE || !evidence->sends[last].is_certain)
        return;
    uint32_t number = evidence->sends[last].connection;
    size_t previous = evidence->sends[last].previous;
    if (previous != EVIDENCE_NONE && evidence->sends[previous].connection != number)
        return; /* it may be the one from another connection, dispatched late */
    for (size_t position = bounds->read_until[number]; position <= last; position++)
        if (evidence->sends[position].connection == number &&
            evidence->sends[position].entry >= bounds->run_from &&
            !isnan(evidence->sends[position].seq))
            extend_run(bounds, evidence->sends[position].seq,
                       position == bounds->first_numbered);
    if (last + 1 > bounds->read_until[number])
        bounds->read_until[number] = last + 1;
}

/* Live events below the number it asked from tell it that the counter was reset (C-9). */
static void note_lower(struct bounds *bounds)
{
    if (bounds->was_reset && bounds->lowest_new <= bounds->asked && !bounds->new_read_connection)
        bounds->new_read_connection = bounds->connection;
}

static void note_sends(const struct judge *judge, struct bounds *bounds, size_t index)
{
    for (; bounds->send < judge->evidence->send_count &&
           judge->evidence->sends[bounds->send].entry == index;
         bounds->send++) {
        const struct evidence_send *send = &judge->evidence->sends[bounds->send];
        bounds->had_row = bounds->had_row || (send->is_row && send->is_certain);
        if (!isnan(send->seq) && bounds->first_numbered == EVIDENCE_NONE)
            bounds->first_numbered = bounds->send;
        if (isnan(send->seq))
            continue;
        double given_before = bounds->new_highest;
        note_given(bounds, send->seq);
        /* An old number on what may be a new event: it may see a reset. */
        if (send->is_again || (!send->is_ring && send->seq <= given_before &&
                               send->previous == EVIDENCE_NONE))
            bounds->is_run_unknown = true;
        /* What has an id that it knows tells it nothing: it may be an old event once more. */
        if (bounds->was_reset && send->is_certain && !send->is_again && !send->is_ring &&
            send->previous == EVIDENCE_NONE && send->connection == bounds->connection)
            bounds->lowest_new = fmin(bounds->lowest_new, send->seq);
        note_lower(bounds);
    }
}

static void note_restart(struct bounds *bounds, const struct transcript_entry *entry, size_t index)
{
    if (entry->number < 0)
        return; /* the counter was kept */
    /* After a second reset nobody can tell which of the two the client has noticed. */
    bounds->is_run_unknown = entry->number != 0 || bounds->was_reset;
    bounds->was_reset = true;
    bounds->new_highest = -INFINITY;
    bounds->new_read_connection = 0;
    bounds->run_from = index;
    bounds->must_count = NAN;
    bounds->has_run = true;
    bounds->run_end = 0;
}

/* An ack that shows a reset makes a client count anew: what it had before says nothing then. */
static void note_ack(struct bounds *bounds, double last_seen_seq, double current_seq)
{
    note_given(bounds, current_seq);
    if (!(current_seq < last_seen_seq))
        return;
    bounds->must_count = NAN;
    bounds->is_run_unknown = true;
}

/* A frame of `send`: what counts as an event, and an ack that nobody asked for. */
static void note_frame(struct bounds *bounds, const struct transcript_entry *entry)
{
    if (!(entry->flags & TRANSCRIPT_FLAG_CONTROL) && isfinite(entry->seq)) {
        note_given(bounds, entry->seq);
        bounds->is_run_unknown = bounds->is_run_unknown || !bounds->has_run;
    }
    if (!entry->detail || strcmp(entry->detail, "resync_ack") != 0 || !entry->text)
        return;
    cJSON *frame = cJSON_Parse(entry->text);
    const cJSON *current = cJSON_GetObjectItemCaseSensitive(frame, "current_seq");
    if (cJSON_IsNumber(current))
        note_given(bounds, current->valuedouble);
    bounds->is_run_unknown = true; /* it may take it for the answer to a question */
    cJSON_Delete(frame);
}

/* ---- one resync ---- */

static const char rows_came[] = "rows without agent_seq had come since its last resync";

/* Returns whether it kept its old number, although it knew of the new ones. */
static bool judge_new_numbering(struct judge *judge, const struct bounds *bounds, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    if (!bounds->new_read_connection || bounds->new_read_connection >= entry->connection)
        return false;
    judge_exercise(judge, RULE_C9);
    if (entry->seq <= bounds->new_highest)
        return false;
    if (judge_found(judge, RULE_C9, index))
        return true; /* with what was lost by it */
    struct finding *finding =
        judge_find(judge, RULE_C9, index,
                   "last_seen_seq is %.17g after a counter reset, though the newest number of the "
                   "new numbering was %.17g",
                   entry->seq, bounds->new_highest);
    finding_set_cause(finding, "it kept the number from before the reset");
    return true;
}

static void find_too_high(struct judge *judge, const struct bounds *bounds, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    enum rule rule = bounds->had_row ? RULE_C8 : RULE_C4;
    struct finding *finding = judge_found(judge, rule, index);
    static const enum rule others[] = {RULE_C4, RULE_C8, RULE_C9, RULE_C18, RULE_C19};
    for (size_t other = 0; other < sizeof(others) / sizeof(others[0]) && !finding; other++)
        if (judge_found(judge, others[other], index))
            return; /* it is told with what was lost by it */
    if (finding) {
        finding_set_cause(finding,
                          "it asked with last_seen_seq %.17g, but the highest number that it was "
                          "given is %.17g%s%s",
                          entry->seq, bounds->highest, bounds->had_row ? "; " : "",
                          bounds->had_row ? rows_came : "");
        return;
    }
    finding = judge_find(judge, rule, index,
                         "last_seen_seq is %.17g, but the highest number that the client was "
                         "given is %.17g",
                         entry->seq, bounds->highest);
    if (bounds->had_row)
        finding_set_cause(finding, "%s", rows_came);
}

static void judge_number(struct judge *judge, struct bounds *bounds, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    judge_exercise(judge, RULE_C4);
    if (judge_new_numbering(judge, bounds, index))
        return;
    if (entry->seq > fmax(bounds->highest, 0)) { /* 0 asks for all, whatever it was given */
        find_too_high(judge, bounds, index);
    } else if (entry->seq < bounds->must_count) {
        struct finding *finding = judge_find(
            judge, RULE_C4, index,
            "last_seen_seq is %.17g, though the client had every event up to %.17g", entry->seq,
            bounds->must_count);
        finding_set_cause(finding, "some event with a number was not counted");
    }
    bounds->had_row = false;
}

static void judge_since(struct judge *judge, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    judge_exercise(judge, RULE_C5);
    if (!isnan(entry->number) || judge_found(judge, RULE_C5, index))
        return;
    cJSON *frame = entry->text ? cJSON_Parse(entry->text) : NULL;
    const cJSON *since = cJSON_GetObjectItemCaseSensitive(frame, "since");
    char *shown = since ? cJSON_PrintUnformatted(since) : NULL;
    if (shown)
        judge_find(judge, RULE_C5, index, "since is no RFC 3339 date: %.80s", shown);
    else
        judge_find(judge, RULE_C5, index, "a resync was sent without since");
    cJSON_free(shown);
    cJSON_Delete(frame);
}

static void judge_resync_fields(struct judge *judge, struct bounds *bounds, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    if (judge->evidence->connections[entry->connection].opened_number == 1)
        return; /* C-1 has said it */
    judge_since(judge, index);
    if (isnan(entry->seq)) {
        judge_exercise(judge, RULE_C4);
        judge_find(judge, RULE_C4, index, "last_seen_seq is missing or no number: %.120s",
                   entry->text ? entry->text : "");
        return;
    }
    if (isfinite(bounds->highest)) /* else C-2 has said it */
        judge_number(judge, bounds, index);
    if (entry->connection == bounds->connection && isnan(bounds->asked))
        bounds->asked = entry->seq;
    bounds->must_count = NAN; /* a second one on a connection may be about another numbering */
    note_lower(bounds);
}

static void follow_entry(struct judge *judge, struct bounds *bounds, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    switch ((enum transcript_kind)entry->kind) {
    case TRANSCRIPT_SENT:
        note_sends(judge, bounds, index);
        break;
    case TRANSCRIPT_FRAME_OUT:
        note_frame(bounds, entry);
        break;
    case TRANSCRIPT_ACK:
        note_ack(bounds, entry->seq, entry->number);
        break;
    case TRANSCRIPT_REPLAY:
        if (entry->number < entry->seq)
            judge_exercise(judge, RULE_C21);
        break;
    case TRANSCRIPT_RESTART:
        note_restart(bounds, entry, index);
        break;
    case TRANSCRIPT_DISPATCH:
        note_dispatch(judge, bounds, index);
        break;
    case TRANSCRIPT_OPEN:
        bounds->read_until[entry->connection] = bounds->send;
        bounds->connection = entry->connection;
        bounds->asked = NAN;
        bounds->lowest_new = INFINITY;
        bounds->must_count = bounds->has_run && !bounds->is_run_unknown ? bounds->run_end : NAN;
        break;
    case TRANSCRIPT_FRAME_IN:
        if (entry->detail && !strcmp(entry->detail, "resync"))
            judge_resync_fields(judge, bounds, index);
        break;
    default: /* nothing that concerns a number */
        break;
    }
}

void judge_cursor(struct judge *judge)
{
    struct bounds bounds = {
        .must_count = NAN,
        .highest = -INFINITY,
        .asked = NAN,
        .new_highest = -INFINITY,
        .first_numbered = EVIDENCE_NONE,
        .read_until = memory_alloc(judge->evidence->connection_count, sizeof(size_t)),
    };
    for (size_t index = 0; index < judge->transcript->count; index++)
        if (evidence_entry(judge->evidence, index)->connection <
            judge->evidence->connection_count)
            follow_entry(judge, &bounds, index);
    free(bounds.read_until);
}
