/* What the client asked for after a reconnect (C-1 … C-6, C-8, C-9, C-21). */
#include "core/judge_internal.h"

#include "core/memory.h"
#include "core/timestamp.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNANSWERED_US 900000 /* C-3 says 1 s; a tenth of it is room for clocks and queues */

static bool is_frame(const struct transcript_entry *entry, const char *type)
{
    return entry->kind == TRANSCRIPT_FRAME_IN && entry->detail && !strcmp(entry->detail, type);
}

/* The number that a text message carries for the client's cursor, NAN if none (C-4). */
static double event_number(const struct transcript_entry *entry)
{
    if (entry->kind == TRANSCRIPT_FRAME_OUT && !(entry->flags & TRANSCRIPT_FLAG_CONTROL))
        return entry->seq;
    return NAN;
}

/* ---- C-1, C-2, C-3: whether and how often ---- */

/* What the client knew when a connection was upgraded. */
enum knowledge { KNOWS_NO_NUMBER, KNOWS_MAYBE, KNOWS_NUMBER };

static enum knowledge knowledge_before(const struct judge *judge, size_t entry)
{
    enum knowledge knowledge = KNOWS_NO_NUMBER;
    for (size_t position = 0; position < judge->evidence->send_count; position++) {
        const struct evidence_send *send = &judge->evidence->sends[position];
        if (send->entry >= entry)
            break;
        if (isnan(send->seq))
            continue;
        if (send->is_certain)
            return KNOWS_NUMBER;
        knowledge = KNOWS_MAYBE;
    }
    for (size_t index = 0; index < entry; index++)
        if (isfinite(event_number(evidence_entry(judge->evidence, index))))
            return knowledge == KNOWS_NO_NUMBER ? KNOWS_MAYBE : knowledge;
    return knowledge;
}

/* Whether the connection lasted long enough that a resync on it must have been seen. */
static bool had_time_to_resync(const struct judge *judge,
                               const struct evidence_connection *connection)
{
    int64_t last_us = judge->transcript->entries[judge->transcript->count - 1].at_us;
    int64_t end_us = connection->end_us < last_us ? connection->end_us : last_us;
    return connection->is_settled || end_us - connection->open_us >= 1000000;
}

/* What allows a further resync between entries `from` and `to` on a connection. */
static bool may_resync_again(const struct judge *judge, uint32_t number, size_t from, size_t to)
{
    const struct transcript_entry *first = evidence_entry(judge->evidence, from);
    bool has_ack = false;
    double highest = first->seq;
    for (size_t index = from + 1; index < to; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->connection != number)
            continue;
        if (entry->kind == TRANSCRIPT_ACK && !(entry->flags & TRANSCRIPT_FLAG_MALFORMED)) {
            has_ack = true;
            if (entry->number < entry->seq || entry->number < first->seq)
                return true; /* it shows a reset */
        }
        bool is_hole = entry->kind == TRANSCRIPT_SENT && entry->seq > highest + 1;
        if (is_hole)
            return true;
        if (entry->kind == TRANSCRIPT_SENT && entry->seq + (double)entry->count - 1 > highest)
            highest = entry->seq + (double)entry->count - 1;
    }
    int64_t waited_us = evidence_entry(judge->evidence, to)->at_us - first->at_us;
    return !has_ack && waited_us >= UNANSWERED_US;
}

static void judge_resync_count(struct judge *judge, uint32_t number)
{
    size_t previous = EVIDENCE_NONE, count = 0;
    size_t forbidden = 0, first_forbidden = EVIDENCE_NONE;
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->connection != number || !is_frame(entry, "resync"))
            continue;
        count++;
        if (previous != EVIDENCE_NONE && !may_resync_again(judge, number, previous, index) &&
            forbidden++ == 0)
            first_forbidden = index;
        previous = index;
    }
    if (!forbidden)
        return;
    struct finding *finding =
        judge_find(judge, RULE_C3, first_forbidden,
                   "%zu resyncs were sent on connection %u, %zu of them without need", count,
                   judge->evidence->connections[number].opened_number, forbidden);
    finding_set_cause(finding, "no ack showed a reset, no number a hole, and none was a second "
                               "without an ack");
}

static void judge_connection_resync(struct judge *judge, uint32_t number)
{
    const struct evidence_connection *connection = &judge->evidence->connections[number];
    if (connection->opened_number == 1) {
        judge_exercise(judge, RULE_C1);
        if (connection->first_resync != EVIDENCE_NONE)
            judge_find(judge, RULE_C1, connection->first_resync,
                       "a resync was sent on the first connection, where nothing can be missed");
        return;
    }
    enum knowledge knowledge = knowledge_before(judge, connection->open_entry);
    if (knowledge == KNOWS_NO_NUMBER) {
        judge_exercise(judge, RULE_C2);
        if (connection->first_resync != EVIDENCE_NONE)
            judge_find(judge, RULE_C2, connection->first_resync,
                       "a resync was sent on connection %u, though no event with an agent_seq had "
                       "come before",
                       connection->opened_number);
        return;
    }
    if (connection->resync_count)
        judge_exercise(judge, RULE_C3);
    if (connection->resync_count > 1)
        judge_resync_count(judge, number);
    if (knowledge != KNOWS_NUMBER || connection->resync_count ||
        !had_time_to_resync(judge, connection))
        return;
    judge_exercise(judge, RULE_C3);
    if (judge_found(judge, RULE_C3, connection->open_entry))
        return; /* with what was lost by it */
    judge_find(judge, RULE_C3, connection->open_entry,
               "no resync was sent on connection %u, though events with an agent_seq had come "
               "before",
               connection->opened_number);
}

void judge_resyncs(struct judge *judge)
{
    for (uint32_t number = 1; number < judge->evidence->connection_count; number++)
        if (judge->evidence->connections[number].opened_number)
            judge_connection_resync(judge, number);
}

/* ---- C-4, C-5, C-8, C-9: what stands in it ---- */

/* Between which bounds a last_seen_seq may lie, followed entry by entry. */
struct bounds {
    bool has_run;
    double run_end;           /* the end of the unbroken run that was dispatched so far */
    double must_count;        /* the same when the connection was upgraded; NAN: nothing */
    size_t *read_until;       /* [connection]: sends on it below this were dispatched, or passed */
    size_t dispatch;          /* the next dispatch to look at */
    double highest;           /* of all numbers that it may have been given */
    double highest_of_ack;    /* it may advance to an ack's current_seq */
    size_t run_from;          /* entry behind which the numbering began */
    double new_highest;       /* highest number of the new numbering; NAN: no reset */
    bool has_new_live;        /* a lower live number of it surely came */
    bool had_row;             /* a row came since the last resync */
    bool ack_showed_reset;    /* on this connection */
    size_t send;              /* the next send to look at */
};

static void note_given(struct bounds *bounds, double seq)
{
    if (seq > bounds->highest)
        bounds->highest = seq;
    if (!isnan(bounds->new_highest) && seq > bounds->new_highest)
        bounds->new_highest = seq;
}

static void extend_run(struct bounds *bounds, double seq)
{
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
    for (size_t position = bounds->read_until[number]; position <= last; position++)
        if (evidence->sends[position].connection == number &&
            evidence->sends[position].entry >= bounds->run_from &&
            !isnan(evidence->sends[position].seq))
            extend_run(bounds, evidence->sends[position].seq);
    if (last + 1 > bounds->read_until[number])
        bounds->read_until[number] = last + 1;
}

static void note_sends(const struct judge *judge, struct bounds *bounds, size_t index)
{
    for (; bounds->send < judge->evidence->send_count &&
           judge->evidence->sends[bounds->send].entry == index;
         bounds->send++) {
        const struct evidence_send *send = &judge->evidence->sends[bounds->send];
        bounds->had_row = bounds->had_row || (send->is_row && send->is_certain);
        if (isnan(send->seq))
            continue;
        bool is_lower_live = !isnan(bounds->new_highest) && !send->is_ring && !send->is_again &&
                             send->seq <= bounds->highest && send->is_certain;
        bounds->has_new_live = bounds->has_new_live || is_lower_live;
        note_given(bounds, send->seq);
    }
}

static void note_restart(struct bounds *bounds, const struct transcript_entry *entry, size_t index)
{
    if (entry->number < 0)
        return; /* the counter was kept */
    bounds->has_run = false;
    bounds->run_from = index;
    bounds->new_highest = entry->number;
    bounds->has_new_live = false;
}

static const char *rule_of_rows(const struct bounds *bounds)
{
    return bounds->had_row ? "rows without agent_seq had come since its last resync" : NULL;
}

static void judge_number(struct judge *judge, struct bounds *bounds, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    double limit = fmax(bounds->highest, bounds->highest_of_ack);
    enum rule rule = bounds->had_row ? RULE_C8 : RULE_C4;
    struct finding *finding = NULL;
    judge_exercise(judge, RULE_C4);
    if (bounds->has_new_live) {
        judge_exercise(judge, RULE_C9);
        if (entry->seq > fmax(bounds->new_highest, bounds->highest_of_ack)) {
            finding = judge_find(judge, RULE_C9, index,
                                 "last_seen_seq is %.17g after a counter reset, though the newest "
                                 "number of the new numbering was %.17g",
                                 entry->seq, bounds->new_highest);
            finding_set_cause(finding, "it kept the number from before the reset");
            return;
        }
    }
    if (entry->seq > limit && (finding = judge_found(judge, rule, index))) {
        finding_set_cause(finding,
                          "it asked with last_seen_seq %.17g, but the highest number that it was "
                          "given is %.17g%s%s",
                          entry->seq, limit, rule_of_rows(bounds) ? "; " : "",
                          rule_of_rows(bounds) ? rule_of_rows(bounds) : "");
    } else if (entry->seq > limit) {
        finding = judge_find(judge, rule, index,
                             "last_seen_seq is %.17g, but the highest number that the client was "
                             "given is %.17g",
                             entry->seq, limit);
        if (rule_of_rows(bounds))
            finding_set_cause(finding, "%s", rule_of_rows(bounds));
    } else if (!bounds->ack_showed_reset && entry->seq < bounds->must_count) {
        finding = judge_find(judge, rule, index,
                             "last_seen_seq is %.17g, though the client had every event up to "
                             "%.17g",
                             entry->seq, bounds->must_count);
        finding_set_cause(finding, "%s",
                          rule_of_rows(bounds) ? rule_of_rows(bounds)
                                               : "some event with a number was not counted");
    }
    bounds->had_row = false;
}

static void judge_since(struct judge *judge, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    judge_exercise(judge, RULE_C5);
    if (!isnan(entry->number))
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
    bool is_first = judge->evidence->connections[entry->connection].opened_number == 1;
    if (is_first)
        return; /* C-1 has said it */
    judge_since(judge, index);
    if (isnan(entry->seq)) {
        judge_exercise(judge, RULE_C4);
        judge_find(judge, RULE_C4, index, "last_seen_seq is missing or no number: %.120s",
                   entry->text ? entry->text : "");
        return;
    }
    judge_number(judge, bounds, index);
}

static void note_open(struct bounds *bounds)
{
    bounds->ack_showed_reset = false;
    bounds->must_count = bounds->has_run ? bounds->run_end : NAN;
}

void judge_cursor(struct judge *judge)
{
    struct bounds bounds = {
        .new_highest = NAN,
        .must_count = NAN,
        .highest = -INFINITY,
        .highest_of_ack = -INFINITY,
        .read_until = memory_alloc(judge->evidence->connection_count, sizeof(size_t)),
    };
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->connection >= judge->evidence->connection_count)
            continue;
        if (entry->kind == TRANSCRIPT_SENT)
            note_sends(judge, &bounds, index);
        else if (isfinite(event_number(entry)))
            note_given(&bounds, event_number(entry));
        else if (entry->kind == TRANSCRIPT_RESTART)
            note_restart(&bounds, entry, index);
        else if (entry->kind == TRANSCRIPT_DISPATCH)
            note_dispatch(judge, &bounds, index);
        else if (entry->kind == TRANSCRIPT_OPEN)
            note_open(&bounds);
        else if (is_frame(entry, "resync"))
            judge_resync_fields(judge, &bounds, index);
        if (entry->kind == TRANSCRIPT_ACK && entry->number > bounds.highest_of_ack)
            bounds.highest_of_ack = entry->number;
        if (entry->kind == TRANSCRIPT_ACK && entry->number < entry->seq)
            bounds.ack_showed_reset = true;
        bool shows_reset = entry->kind == TRANSCRIPT_REPLAY && entry->number < entry->seq;
        if (shows_reset)
            judge_exercise(judge, RULE_C21);
    }
    free(bounds.read_until);
}

/* ---- C-6: subscriptions ---- */

struct channel_set {
    char **names;
    size_t count, capacity_count;
};

static bool channels_have(const struct channel_set *set, const char *name)
{
    for (size_t index = 0; index < set->count; index++)
        if (!strcmp(set->names[index], name))
            return true;
    return false;
}

static void channels_add(struct channel_set *set, const char *name)
{
    if (channels_have(set, name))
        return;
    set->names =
        memory_grow(set->names, &set->capacity_count, set->count + 1, sizeof(*set->names));
    set->names[set->count++] = memory_copy_text(name, strlen(name));
}

static void channels_remove(struct channel_set *set, const char *name)
{
    for (size_t index = 0; index < set->count; index++) {
        if (strcmp(set->names[index], name) != 0)
            continue;
        free(set->names[index]);
        set->names[index--] = set->names[--set->count];
    }
}

static void channels_clear(struct channel_set *set)
{
    while (set->count)
        free(set->names[--set->count]);
}

static void channels_free(struct channel_set *set)
{
    channels_clear(set);
    free(set->names);
}

/* Adds or removes the channels of a JSON line (`op` or frame). */
static void channels_apply(struct channel_set *set, const char *json, bool is_removed)
{
    cJSON *line = json ? cJSON_Parse(json) : NULL;
    const cJSON *channel;
    cJSON_ArrayForEach(channel, cJSON_GetObjectItemCaseSensitive(line, "channels")) {
        if (!cJSON_IsString(channel))
            continue;
        if (is_removed)
            channels_remove(set, channel->valuestring);
        else
            channels_add(set, channel->valuestring);
    }
    cJSON_Delete(line);
}

struct subscriptions {
    struct channel_set wanted, given;
    uint32_t connection;
    bool is_told; /* one finding a connection is enough */
};

static const char *first_missing(const struct subscriptions *subscriptions)
{
    for (size_t index = 0; index < subscriptions->wanted.count; index++)
        if (!channels_have(&subscriptions->given, subscriptions->wanted.names[index]))
            return subscriptions->wanted.names[index];
    return NULL;
}

static void check_subscribed(struct judge *judge, struct subscriptions *subscriptions,
                             size_t index, const char *before)
{
    const char *missing = first_missing(subscriptions);
    if (!subscriptions->wanted.count || subscriptions->is_told)
        return;
    judge_exercise(judge, RULE_C6);
    if (!missing)
        return;
    subscriptions->is_told = true;
    judge_find(judge, RULE_C6, index, "channel `%.80s` was not subscribed on connection %u %s",
               missing,
               judge->evidence->connections[subscriptions->connection].opened_number, before);
}

static void follow_subscriptions(struct judge *judge, struct subscriptions *subscriptions,
                                 size_t index)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    bool is_on_newest = entry->connection && entry->connection == subscriptions->connection;
    if (entry->kind == TRANSCRIPT_OP && entry->text &&
        (judge_name_is(entry, "start") || judge_name_is(entry, "subscribe")))
        channels_apply(&subscriptions->wanted, entry->text, false);
    if (entry->kind == TRANSCRIPT_OP && judge_name_is(entry, "unsubscribe"))
        channels_apply(&subscriptions->wanted, entry->text, true);
    if (entry->kind == TRANSCRIPT_OPEN) {
        subscriptions->connection = entry->connection;
        subscriptions->is_told = false;
        channels_clear(&subscriptions->given);
    }
    if (is_on_newest && is_frame(entry, "subscribe"))
        channels_apply(&subscriptions->given, entry->text, false);
    if (is_on_newest && is_frame(entry, "unsubscribe"))
        channels_apply(&subscriptions->given, entry->text, true);
    if (is_on_newest && is_frame(entry, "resync"))
        check_subscribed(judge, subscriptions, index, "before its resync");
    /* A pong comes behind all that the client sent before; a dispatch takes another way. */
    if (is_on_newest && entry->kind == TRANSCRIPT_WS_IN && judge_name_is(entry, "pong"))
        check_subscribed(judge, subscriptions, index, "though it lasted");
}

void judge_subscriptions(struct judge *judge)
{
    struct subscriptions subscriptions = {0};
    for (size_t index = 0; index < judge->transcript->count; index++)
        if (evidence_entry(judge->evidence, index)->connection <
            judge->evidence->connection_count)
            follow_subscriptions(judge, &subscriptions, index);
    channels_free(&subscriptions.wanted);
    channels_free(&subscriptions.given);
}
