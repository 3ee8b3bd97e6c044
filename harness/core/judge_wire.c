/* What the client sends (C-23), how it takes acks (C-10, C-17) and faults (C-11, C-25), which part
 * of the server's behaviour came up (S rules), and what is exercised by that. */
#include "core/judge_internal.h"

#include <cjson/cJSON.h>
#include <math.h>
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
static const char *frame_fault(const struct transcript_entry *entry)
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
            fault = frame_fault(entry);
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

/* The next resynced event behind `from` that no ack has claimed. */
static size_t next_resynced(const struct judge *judge, size_t from)
{
    for (size_t index = from; index < judge->transcript->count; index++)
        if (evidence_entry(judge->evidence, index)->kind == TRANSCRIPT_RESYNCED)
            return index;
    return EVIDENCE_NONE;
}

/* Whether the application surely got what came behind the ack on its connection. */
static bool is_ack_certain(const struct judge *judge, size_t ack)
{
    uint32_t number = evidence_entry(judge->evidence, ack)->connection;
    const struct evidence *evidence = judge->evidence;
    for (size_t position = evidence->send_count; position > 0; position--) {
        const struct evidence_send *send = &evidence->sends[position - 1];
        if (send->entry < ack)
            return false;
        if (send->connection == number && send->is_certain)
            return true;
    }
    return false;
}

struct ack_report {
    size_t ack_count;      /* well-formed, first answers */
    size_t optional_count; /* repeated, malformed: may be reported or not */
    size_t resynced_count;
    size_t search_from;    /* behind the last resynced event that was claimed */
};

static void judge_ack(struct judge *judge, struct ack_report *report, size_t index)
{
    const struct transcript_entry *ack = evidence_entry(judge->evidence, index);
    bool is_repeat = judge_name_is(ack, "repeat");
    if (!judge_name_is(ack, "auto"))
        judge_exercise(judge, RULE_C17);
    if (is_repeat || ack->flags & TRANSCRIPT_FLAG_MALFORMED) {
        report->optional_count++;
        return;
    }
    report->ack_count++;
    if (!is_ack_certain(judge, index))
        return;
    judge_exercise(judge, RULE_C10);
    size_t from = index > report->search_from ? index : report->search_from;
    size_t resynced = next_resynced(judge, from);
    if (resynced == EVIDENCE_NONE) {
        judge_find(judge, RULE_C10, index,
                   "the ack to its resync was not reported as resynced to the application");
        return;
    }
    report->search_from = resynced + 1;
    const struct transcript_entry *told = evidence_entry(judge->evidence, resynced);
    bool is_gap = (ack->flags & TRANSCRIPT_FLAG_GAP) != 0;
    bool is_told_gap = (told->flags & TRANSCRIPT_FLAG_GAP) != 0;
    if (told->number == ack->number2 && is_gap == is_told_gap)
        return;
    judge_find(judge, RULE_C10, resynced,
               "resynced says replayed %.0f, gapDetected %s, but the ack said %.0f, %s",
               told->number, is_told_gap ? "true" : "false", ack->number2,
               is_gap ? "true" : "false");
}

/* Resyncs that got no ack at all, or a late one, put C-17 to the test too. */
static void exercise_missing_acks(struct judge *judge)
{
    for (uint32_t number = 1; number < judge->evidence->connection_count; number++) {
        const struct evidence_connection *connection = &judge->evidence->connections[number];
        if (connection->first_resync == EVIDENCE_NONE || connection->is_cut)
            continue;
        size_t replay = connection->first_replay;
        int64_t asked_us = evidence_entry(judge->evidence, connection->first_resync)->at_us;
        bool is_late = replay != EVIDENCE_NONE &&
                       evidence_entry(judge->evidence, replay)->at_us - asked_us > 20000;
        size_t ack = judge_find_before(judge, TRANSCRIPT_ACK, number, judge->transcript->count);
        if ((ack == EVIDENCE_NONE && connection->is_settled) || is_late)
            judge_exercise(judge, RULE_C17);
    }
}

void judge_acks(struct judge *judge)
{
    struct ack_report report = {0};
    size_t first_as_event = EVIDENCE_NONE;
    size_t unasked_count = 0;
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_ACK)
            judge_ack(judge, &report, index);
        bool is_ack_type = entry->detail && !strcmp(entry->detail, "resync_ack");
        if (entry->kind == TRANSCRIPT_FRAME_OUT && is_ack_type)
            unasked_count++;
        if (entry->kind == TRANSCRIPT_DISPATCH && is_ack_type && first_as_event == EVIDENCE_NONE)
            first_as_event = index;
        report.resynced_count += entry->kind == TRANSCRIPT_RESYNCED;
    }
    exercise_missing_acks(judge);
    if (first_as_event != EVIDENCE_NONE)
        judge_find(judge, RULE_C10, first_as_event,
                   "the ack was handed to the application as an ordinary event");
    size_t allowed = report.ack_count + report.optional_count + unasked_count;
    if (report.resynced_count > allowed)
        judge_find(judge, RULE_C10, next_resynced(judge, report.search_from),
                   "%zu resynced events were reported for %zu acks", report.resynced_count,
                   allowed);
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
    if (is_by_client && is_newest && judge->evidence->stopped == EVIDENCE_NONE)
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

/* After a handler threw, the event must have reached the second handler. */
static void judge_throw(struct judge *judge, size_t thrown)
{
    size_t first = EVIDENCE_NONE;
    bool reached_second = false;
    for (size_t index = thrown; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind != TRANSCRIPT_DISPATCH)
            continue;
        if (first == EVIDENCE_NONE && entry->number == 1)
            first = index;
        else if (first != EVIDENCE_NONE && entry->number == 2 &&
                 entry->marker == evidence_entry(judge->evidence, first)->marker)
            reached_second = true;
    }
    if (first == EVIDENCE_NONE)
        return; /* no event came after it; a loss is told elsewhere */
    judge_exercise(judge, RULE_C25);
    if (!reached_second)
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
