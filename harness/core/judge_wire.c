/* What the client sends (C-23), how it takes acks (C-10, C-17) and faults (C-11, C-25), which part
 * of the server's behaviour came up (S rules), and what is exercised by that. */
#include "core/judge_internal.h"

#include "core/memory.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- C-23 ---- */

static bool is_channel_list(const cJSON *frame)
{
    const cJSON *channels = cJSON_GetObjectItemCaseSensitive(frame, "channels");
    const cJSON *channel;
    if (!cJSON_IsArray(channels))
        return false;
    cJSON_ArrayForEach(channel, channels) if (!cJSON_IsString(channel)) return false;
    return true;
}

/* What is wrong with a text message of the client; NULL: nothing. */
static const char *frame_fault(const struct judge *judge, const struct transcript_entry *entry)
{
    static const char *const types[] = {"subscribe", "unsubscribe", "ping", "resync"};
    if (entry->flags & TRANSCRIPT_FLAG_TRUNCATED)
        return "it is longer than any frame of the protocol, or no UTF-8";
    cJSON *frame = entry->text ? cJSON_Parse(entry->text) : NULL;
    const char *fault = NULL;
    bool is_known = false;
    for (size_t index = 0; index < sizeof(types) / sizeof(types[0]); index++)
        is_known = is_known || (entry->detail && !strcmp(entry->detail, types[index]));
    if (!cJSON_IsObject(frame) || !entry->detail)
        fault = "it is no JSON object with a string type";
    else if (judge->is_node)
        fault = judge_node_frame_fault(entry->detail, frame);
    else if (!is_known)
        fault = "the protocol has no such type";
    else if (strstr(entry->detail, "subscribe") && !is_channel_list(frame))
        fault = "channels is no list of strings";
    cJSON_Delete(frame);
    return fault;
}

void judge_frames(struct judge *judge)
{
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        const char *fault = NULL;
        if (entry->kind == TRANSCRIPT_FRAME_IN) {
            judge_exercise(judge, RULE_C23);
            fault = frame_fault(judge, entry);
        } else if (entry->kind == TRANSCRIPT_WS_IN && judge_name_is(entry, "binary")) {
            fault = "it is a binary message; the protocol has text only";
        } else if (entry->kind == TRANSCRIPT_VIOLATION) {
            fault = entry->text ? entry->text : "it breaks RFC 6455";
        }
        if (!fault)
            continue;
        judge_exercise(judge, RULE_C23);
        struct finding *finding =
            judge_find(judge, RULE_C23, index, "it sent what the server cannot take: %s", fault);
        if (entry->kind == TRANSCRIPT_FRAME_IN && entry->text)
            finding_set_cause(finding, "the frame was %.160s", entry->text);
        return; /* the first says enough; thousands would hide it */
    }
}

/* ---- C-10, C-17 ---- */

/* One ack that was sent, and which resynced event tells it. */
struct ack {
    size_t entry;
    double replayed; /* NAN: anything */
    bool is_gap;
    bool is_owed;    /* well-formed, the answer to a resync, and surely read; else it may be told */
    bool is_told;
};

struct acks {
    struct ack *items;
    size_t count, capacity_count;
};

/* Whether the application got something that came behind the ack on its connection. */
static bool is_ack_certain(const struct judge *judge, size_t ack)
{
    uint32_t number = evidence_entry(judge->evidence, ack)->connection;
    size_t count = judge->evidence->connections[number].proven_count;
    return count && judge->evidence->sends[count - 1].entry > ack;
}

/* Whether it is what the client waits for: not a repetition, with the number that was asked. */
static bool is_answer(const struct judge *judge, const struct acks *acks, size_t index)
{
    const struct transcript_entry *ack = evidence_entry(judge->evidence, index);
    if (judge_name_is(ack, "repeat") || ack->flags & TRANSCRIPT_FLAG_MALFORMED)
        return false;
    size_t replay = judge_find_before(judge, TRANSCRIPT_REPLAY, ack->connection, index);
    if (replay != EVIDENCE_NONE && evidence_entry(judge->evidence, replay)->seq != ack->seq)
        return false;
    for (size_t at = acks->count; at-- > 0;) { /* the same question, asked and answered twice */
        const struct transcript_entry *before =
            evidence_entry(judge->evidence, acks->items[at].entry);
        if (before->connection != ack->connection)
            break;
        if (before->seq == ack->seq)
            return false;
    }
    return true;
}

static void add_ack(struct judge *judge, struct acks *acks, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    struct ack ack = {.entry = index, .replayed = NAN};
    if (entry->kind == TRANSCRIPT_ACK && !(entry->flags & TRANSCRIPT_FLAG_MALFORMED)) {
        ack.replayed = entry->number2;
        ack.is_gap = (entry->flags & TRANSCRIPT_FLAG_GAP) != 0;
        ack.is_owed = is_answer(judge, acks, index) && is_ack_certain(judge, index);
    }
    if (entry->kind == TRANSCRIPT_ACK && !judge_name_is(entry, "auto"))
        judge_exercise(judge, RULE_C17);
    if (ack.is_owed)
        judge_exercise(judge, RULE_C10);
    acks->items =
        memory_grow(acks->items, &acks->capacity_count, acks->count + 1, sizeof(*acks->items));
    acks->items[acks->count++] = ack;
}

static bool says_the_same(const struct transcript_entry *told, const struct ack *ack)
{
    if (isnan(ack->replayed))
        return true; /* malformed, or not asked for: who knows what is made of it */
    return told->number == ack->replayed &&
           ((told->flags & TRANSCRIPT_FLAG_GAP) != 0) == ack->is_gap;
}

/* The ack that a resynced event tells: one that is owed rather than another, the oldest first. */
static struct ack *find_told(struct acks *acks, const struct transcript_entry *told)
{
    struct ack *found = NULL;
    for (size_t index = 0; index < acks->count; index++) {
        struct ack *ack = &acks->items[index];
        if (ack->is_told || !says_the_same(told, ack))
            continue;
        if (ack->is_owed)
            return ack;
        found = found ? found : ack;
    }
    return found;
}

static void find_untold(struct judge *judge, const struct acks *acks, size_t wrong)
{
    const struct ack *untold = NULL;
    for (size_t index = 0; index < acks->count && !untold; index++)
        if (acks->items[index].is_owed && !acks->items[index].is_told)
            untold = &acks->items[index];
    if (wrong != EVIDENCE_NONE && untold) {
        const struct transcript_entry *told = evidence_entry(judge->evidence, wrong);
        judge_find(judge, RULE_C10, wrong,
                   "resynced says replayed %.0f, gapDetected %s, but the ack said %.0f, %s",
                   told->number, told->flags & TRANSCRIPT_FLAG_GAP ? "true" : "false",
                   untold->replayed, untold->is_gap ? "true" : "false");
    } else if (wrong != EVIDENCE_NONE) {
        judge_find(judge, RULE_C10, wrong,
                   "a resynced event was reported that no ack explains: %zu acks had come",
                   acks->count);
    } else if (untold) {
        judge_find(judge, RULE_C10, untold->entry,
                   "the ack to its resync was not reported as resynced to the application");
    }
}

/* Resyncs that got no ack, a late one, or one more from the scenario put C-17 to the test too. */
static void exercise_odd_acks(struct judge *judge)
{
    for (uint32_t number = 1; number < judge->evidence->connection_count; number++) {
        const struct evidence_connection *connection = &judge->evidence->connections[number];
        if (connection->first_resync == EVIDENCE_NONE || connection->is_cut)
            continue;
        size_t replay = connection->last_replay;
        int64_t asked_us = evidence_entry(judge->evidence, connection->first_resync)->at_us;
        bool is_late = replay != EVIDENCE_NONE &&
                       evidence_entry(judge->evidence, replay)->at_us - asked_us > 20000;
        size_t ack = judge_find_before(judge, TRANSCRIPT_ACK, number, judge->transcript->count);
        bool has_extra = connection->first_extra_ack != EVIDENCE_NONE;
        if ((ack == EVIDENCE_NONE && connection->is_settled) || is_late || has_extra)
            judge_exercise(judge, RULE_C17);
    }
}

void judge_acks(struct judge *judge)
{
    struct acks acks = {0};
    size_t first_as_event = EVIDENCE_NONE, first_wrong = EVIDENCE_NONE;
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        bool is_ack_type = entry->detail && !strcmp(entry->detail, "resync_ack");
        if (entry->connection >= judge->evidence->connection_count)
            continue;
        if (entry->kind == TRANSCRIPT_ACK || (entry->kind == TRANSCRIPT_FRAME_OUT && is_ack_type))
            add_ack(judge, &acks, index);
        if (entry->kind == TRANSCRIPT_DISPATCH && is_ack_type && first_as_event == EVIDENCE_NONE)
            first_as_event = index;
        if (entry->kind != TRANSCRIPT_RESYNCED)
            continue;
        struct ack *told = find_told(&acks, entry);
        if (told)
            told->is_told = true;
        else if (first_wrong == EVIDENCE_NONE)
            first_wrong = index;
    }
    exercise_odd_acks(judge);
    if (first_as_event != EVIDENCE_NONE)
        judge_find(judge, RULE_C10, first_as_event,
                   "the ack was handed to the application as an ordinary event");
    find_untold(judge, &acks, first_wrong);
    free(acks.items);
}

/* ---- C-8, C-11, C-12, C-18, C-19, C-25: what was put to the test ---- */

static void exercise_sends(struct judge *judge)
{
    for (size_t position = 0; position < judge->evidence->send_count; position++) {
        const struct evidence_send *send = &judge->evidence->sends[position];
        const struct evidence_event *event = &judge->evidence->events[send->marker];
        if (!send->is_certain || event->flags & TRANSCRIPT_FLAG_FENCE)
            continue;
        if (isnan(send->seq))
            judge_exercise(judge, RULE_C8);
        if (!event->is_known_type)
            judge_exercise(judge, RULE_C12);
    }
}

/* A client that ends the connection over a malformed frame and stays away has not survived it. */
static void judge_malformed_end(struct judge *judge, size_t malformed)
{
    uint32_t number = evidence_entry(judge->evidence, malformed)->connection;
    const struct evidence_connection *connection = &judge->evidence->connections[number];
    bool is_by_client = connection->end_entry != EVIDENCE_NONE &&
                        connection->drop_entry == EVIDENCE_NONE &&
                        !judge_name_is(evidence_entry(judge->evidence, connection->end_entry),
                                       "server");
    bool is_newest = true;
    for (uint32_t next = number + 1; next < judge->evidence->connection_count; next++)
        is_newest = is_newest && judge->evidence->connections[next].connect_entry == EVIDENCE_NONE;
    size_t done = judge->evidence->done;
    bool was_waited_for = done != EVIDENCE_NONE &&
                          judge_name_is(evidence_entry(judge->evidence, done), "unmet");
    if (is_by_client && is_newest && was_waited_for && judge->evidence->stopped == EVIDENCE_NONE)
        judge_find(judge, RULE_C11, connection->end_entry,
                   "after a malformed frame it ended the connection and did not come back");
}

static void judge_malformed(struct judge *judge)
{
    size_t last = EVIDENCE_NONE;
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_FRAME_OUT && entry->flags & TRANSCRIPT_FLAG_MALFORMED &&
            entry->connection < judge->evidence->connection_count)
            last = index;
    }
    if (last == EVIDENCE_NONE)
        return;
    judge_exercise(judge, RULE_C11);
    judge_malformed_end(judge, last);
}

static void exercise_cuts(struct judge *judge)
{
    for (uint32_t number = 1; number < judge->evidence->connection_count; number++) {
        const struct evidence_connection *connection = &judge->evidence->connections[number];
        if (!connection->is_cut)
            continue;
        judge_exercise(judge, RULE_C18);
        if (connection->is_overtaken)
            judge_exercise(judge, RULE_C19);
    }
}

/* After a handler threw, the event must have reached the second handler, which is in place since
 * the `throw` was read: surely when its step has ended, or when it has spoken. */
static void judge_throw(struct judge *judge, size_t thrown)
{
    bool is_in_place = false;
    size_t first = EVIDENCE_NONE; /* the event on which it threw */
    for (size_t index = thrown; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        bool is_dispatch = entry->kind == TRANSCRIPT_DISPATCH;
        if (is_dispatch && entry->number == 2 && first != EVIDENCE_NONE &&
            entry->marker == evidence_entry(judge->evidence, first)->marker)
            return;
        if (is_dispatch && entry->number == 1 && first != EVIDENCE_NONE)
            break; /* another event came first */
        if (is_dispatch && entry->number == 1 && is_in_place) {
            judge_exercise(judge, RULE_C25);
            first = index;
        }
        is_in_place = is_in_place || entry->kind == TRANSCRIPT_STEP_END ||
                      (is_dispatch && entry->number == 2);
    }
    if (first != EVIDENCE_NONE)
        judge_find(judge, RULE_C25, first,
                   "one handler threw, and gc-%llu did not reach the other handler",
                   (unsigned long long)evidence_entry(judge->evidence, first)->marker);
}

void judge_faults(struct judge *judge)
{
    exercise_sends(judge);
    judge_malformed(judge);
    exercise_cuts(judge);
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_OP && judge_name_is(entry, "throw"))
            judge_throw(judge, index);
    }
}

/* ---- S rules: which came up ---- */

static void exercise_replay(struct judge *judge, const struct transcript_entry *replay)
{
    judge_exercise(judge, RULE_S6);
    if (replay->seq >= replay->number)
        judge_exercise(judge, RULE_S2);
    if (replay->count)
        judge_exercise(judge, RULE_S3);
    if (replay->flags & TRANSCRIPT_FLAG_GAP)
        judge_exercise(judge, RULE_S4);
    if (replay->number2 > 0)
        judge_exercise(judge, RULE_S5);
    if (judge->evidence->connections[replay->connection].is_overtaken)
        judge_exercise(judge, RULE_S9);
}

void judge_server_rules(struct judge *judge)
{
    uint64_t numbered_count = 0;
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_PUBLISH && !isnan(entry->seq))
            numbered_count += entry->count;
        if (numbered_count > (uint64_t)judge->scenario->server.ring)
            judge_exercise(judge, RULE_S1);
        if (entry->kind == TRANSCRIPT_REPLAY &&
            entry->connection < judge->evidence->connection_count)
            exercise_replay(judge, entry);
        if (entry->kind == TRANSCRIPT_RESTART)
            judge_exercise(judge, RULE_S8);
        if (entry->kind == TRANSCRIPT_OPEN)
            judge_exercise(judge, RULE_S10);
        bool is_resync = entry->kind == TRANSCRIPT_FRAME_IN && entry->detail &&
                         !strcmp(entry->detail, "resync");
        if (is_resync && (isnan(entry->seq) || isnan(entry->number)))
            judge_exercise(judge, RULE_S7);
    }
}
