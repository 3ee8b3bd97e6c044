/* Whether the client asked after a reconnect, and what it subscribed to (C-1, C-2, C-3, C-6). */
#include "core/judge_internal.h"

#include "core/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNANSWERED_US 900000 /* C-3 says 1 s; a tenth of it is room for clocks and queues */

static bool is_frame(const struct transcript_entry *entry, const char *type)
{
    return entry->kind == TRANSCRIPT_FRAME_IN && entry->detail && !strcmp(entry->detail, type);
}

/* ---- C-1, C-2, C-3: whether and how often ---- */

/* What the client knew when a connection was upgraded. */
enum knowledge { KNOWS_NO_NUMBER, KNOWS_MAYBE, KNOWS_NUMBER };

/* From which entries on it may have known a number, and surely did. */
struct first_number {
    size_t possible, sure;
};

static struct first_number find_first_number(const struct judge *judge)
{
    const struct evidence *evidence = judge->evidence;
    struct first_number first = {EVIDENCE_NONE, EVIDENCE_NONE};
    for (size_t position = 0; position < evidence->send_count; position++) {
        const struct evidence_send *send = &evidence->sends[position];
        if (isnan(send->seq))
            continue;
        if (send->entry < first.possible)
            first.possible = send->entry;
        uint64_t identity = evidence->events[send->marker].identity;
        size_t dispatch = evidence->events[identity].first_dispatch;
        if (send->is_certain && dispatch != EVIDENCE_NONE &&
            evidence->dispatches[dispatch].entry > send->entry &&
            evidence->dispatches[dispatch].entry < first.sure)
            first.sure = evidence->dispatches[dispatch].entry;
    }
    for (size_t index = 0; index < judge->transcript->count && index < first.possible; index++) {
        const struct transcript_entry *entry = evidence_entry(evidence, index);
        if (entry->kind == TRANSCRIPT_FRAME_OUT && isfinite(entry->seq) &&
            !(entry->flags & TRANSCRIPT_FLAG_CONTROL))
            first.possible = index;
    }
    return first;
}

static enum knowledge knowledge_at(const struct first_number *first, size_t entry)
{
    if (first->sure < entry)
        return KNOWS_NUMBER;
    return first->possible < entry ? KNOWS_MAYBE : KNOWS_NO_NUMBER;
}

/* Whether an entry on the connection, sent behind a resync that asked from `asked`, shows a hole
 * or another numbering; *highest is the highest number so far. */
static bool shows_need(const struct transcript_entry *entry, double asked, double *highest)
{
    if (entry->kind == TRANSCRIPT_ACK && !(entry->flags & TRANSCRIPT_FLAG_MALFORMED))
        return entry->number < entry->seq || entry->number < asked || entry->number > *highest;
    if (entry->kind == TRANSCRIPT_FRAME_OUT)
        return entry->detail && !strcmp(entry->detail, "resync_ack"); /* unasked: who knows */
    if (entry->kind != TRANSCRIPT_SENT || isnan(entry->seq))
        return false;
    /* Below what was asked from, nothing comes but after a reset, or as an author sent it again. */
    if (entry->seq > *highest + 1 || entry->seq <= asked)
        return true;
    *highest = fmax(*highest, entry->seq + (double)entry->count - 1);
    return false;
}

/* The highest number in the numbering at `index` that the client may have been given before. */
static double highest_before(const struct judge *judge, size_t index)
{
    double highest = -INFINITY;
    while (index-- > 0) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_RESTART && !(entry->number < 0))
            break;
        bool is_control = (entry->flags & TRANSCRIPT_FLAG_CONTROL) != 0;
        bool is_event = entry->kind == TRANSCRIPT_SENT ||
                        (entry->kind == TRANSCRIPT_FRAME_OUT && !is_control);
        if (is_event && isfinite(entry->seq))
            highest = fmax(highest, entry->seq + (entry->count ? (double)entry->count - 1 : 0));
    }
    return highest;
}

/* What allows a further resync between entries `from` and `to` on a connection. */
static bool may_resync_again(const struct judge *judge, uint32_t number, size_t from, size_t to)
{
    const struct transcript_entry *first = evidence_entry(judge->evidence, from);
    bool has_ack = false;
    if (highest_before(judge, from) > first->seq + 1)
        return true; /* it may have known of a hole all along */
    double highest = first->seq;
    for (size_t index = judge->evidence->connections[number].open_entry; index < to; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        bool is_before = index <= from && entry->kind != TRANSCRIPT_SENT;
        if (entry->connection != number || is_before)
            continue;
        if (shows_need(entry, first->seq, &highest))
            return true;
        has_ack = has_ack || (entry->kind == TRANSCRIPT_ACK && entry->seq == first->seq &&
                              !(entry->flags & TRANSCRIPT_FLAG_MALFORMED));
    }
    int64_t waited_us = evidence_entry(judge->evidence, to)->at_us - first->at_us;
    return !has_ack && waited_us >= UNANSWERED_US;
}

static void judge_resync_count(struct judge *judge, uint32_t number)
{
    const struct evidence_connection *connection = &judge->evidence->connections[number];
    size_t previous = EVIDENCE_NONE, count = 0;
    size_t forbidden = 0, first_forbidden = EVIDENCE_NONE;
    for (size_t index = connection->open_entry;
         index < judge->transcript->count && index <= connection->end_entry; index++) {
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
                   connection->opened_number, forbidden);
    finding_set_cause(finding, "no ack showed a reset, no number a hole, and less than 1 s had "
                               "passed without an ack");
}

static void judge_connection_resync(struct judge *judge, const struct first_number *first,
                                    uint32_t number)
{
    const struct evidence_connection *connection = &judge->evidence->connections[number];
    if (connection->opened_number == 1) {
        judge_exercise(judge, RULE_C1);
        if (connection->resync_count)
            judge_find(judge, RULE_C1, connection->first_any_resync,
                       "a resync was sent on the first connection, where nothing can be missed");
        return;
    }
    enum knowledge knowledge = knowledge_at(first, connection->open_entry);
    if (knowledge == KNOWS_NO_NUMBER) {
        judge_exercise(judge, RULE_C2);
        if (connection->resync_count && knowledge_at(first, connection->first_any_resync) ==
                                            KNOWS_NO_NUMBER)
            judge_find(judge, RULE_C2, connection->first_any_resync,
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
        !evidence_had_time(judge->evidence, number, connection->open_entry))
        return;
    judge_exercise(judge, RULE_C3);
    if (judge_found(judge, RULE_C3, connection->open_entry) || judge_is_doubled(judge, number))
        return; /* with what was lost by it; or it looked at another connection (C-16) */
    judge_find(judge, RULE_C3, connection->open_entry,
               "no resync was sent on connection %u, though events with an agent_seq had come "
               "before",
               connection->opened_number);
}

void judge_resyncs(struct judge *judge)
{
    struct first_number first = find_first_number(judge);
    for (uint32_t number = 1; number < judge->evidence->connection_count; number++)
        if (judge->evidence->connections[number].opened_number)
            judge_connection_resync(judge, &first, number);
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
    struct channel_set fresh; /* wanted since the last fence: the client may not know it yet */
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

static void want_fresh(struct subscriptions *subscriptions)
{
    for (size_t index = 0; index < subscriptions->fresh.count; index++)
        channels_add(&subscriptions->wanted, subscriptions->fresh.names[index]);
    channels_clear(&subscriptions->fresh);
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

/* The pong of a settle: the client had read the fence before, and has sent all it had to. A pong
 * for a ping between fragments says nothing of the kind: it may have been on its way for long.
 * (Wire only, the pong itself stands for the fence.) */
static bool is_settled_pong(const struct judge *judge, const struct transcript_entry *entry,
                            size_t index)
{
    return entry->kind == TRANSCRIPT_WS_IN && judge_name_is(entry, "pong") && entry->text &&
           strncmp(entry->text, TRANSCRIPT_PING_TEXT, strlen(TRANSCRIPT_PING_TEXT)) == 0 &&
           judge->evidence->connections[entry->connection].fence_entry <= index;
}

/* Where nobody knows what the application asked for, it is what the client did once. */
static void want_what_it_asks(struct subscriptions *subscriptions,
                              const struct transcript_entry *entry)
{
    if (is_frame(entry, "subscribe"))
        channels_apply(&subscriptions->fresh, entry->text, false);
    if (is_frame(entry, "unsubscribe")) {
        channels_apply(&subscriptions->wanted, entry->text, true);
        channels_apply(&subscriptions->fresh, entry->text, true);
    }
}

static void follow_subscriptions(struct judge *judge, struct subscriptions *subscriptions,
                                 size_t index)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    bool is_on_newest = entry->connection && entry->connection == subscriptions->connection;
    if (entry->kind == TRANSCRIPT_OP && judge_name_is(entry, "start"))
        channels_apply(&subscriptions->wanted, entry->text, false);
    if (entry->kind == TRANSCRIPT_OP && judge_name_is(entry, "subscribe"))
        channels_apply(&subscriptions->fresh, entry->text, false);
    if (entry->kind == TRANSCRIPT_OP && judge_name_is(entry, "unsubscribe")) {
        channels_apply(&subscriptions->wanted, entry->text, true);
        channels_apply(&subscriptions->fresh, entry->text, true);
    }
    if (entry->kind == TRANSCRIPT_OPEN) {
        subscriptions->connection = entry->connection;
        subscriptions->is_told = false;
        channels_clear(&subscriptions->given);
    }
    if (is_on_newest && is_frame(entry, "subscribe"))
        channels_apply(&subscriptions->given, entry->text, false);
    if (is_on_newest && is_frame(entry, "unsubscribe"))
        channels_apply(&subscriptions->given, entry->text, true);
    if (judge->evidence->is_wire_only)
        want_what_it_asks(subscriptions, entry);
    if (is_on_newest && is_frame(entry, "resync"))
        check_subscribed(judge, subscriptions, index, "before its resync");
    if (is_on_newest && is_settled_pong(judge, entry, index)) {
        want_fresh(subscriptions);
        check_subscribed(judge, subscriptions, index, "though it lasted");
    }
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
    channels_free(&subscriptions.fresh);
}
