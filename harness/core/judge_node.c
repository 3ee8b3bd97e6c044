/* What a client of the node stream owes beside what both streams ask: it registers before anything
 * else (C-6), and acknowledges only what it has dispatched, never over a hole (C-4). */
#include "core/judge_internal.h"

#include "core/memory.h"
#include "core/node_stream.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What `settle` waits for an acknowledgement, less some room. */
#define UNACKNOWLEDGED_US 900000

static bool is_type(const struct transcript_entry *entry, const char *type)
{
    return entry->detail && !strcmp(entry->detail, type);
}

static bool is_ack(const struct transcript_entry *entry)
{
    return entry->kind == TRANSCRIPT_FRAME_IN && is_type(entry, "delivery.ack");
}

/* ---- C-6 ---- */

static bool is_unmet_by(const struct judge *judge, enum rule rule)
{
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_STEP_END && judge_name_is(entry, "unmet") && entry->detail &&
            !strcmp(entry->detail, rule_info(rule)->id))
            return true;
    }
    return false;
}

static void judge_registration(struct judge *judge, uint32_t number)
{
    const struct evidence_connection *connection = &judge->evidence->connections[number];
    size_t open = connection->open_entry;
    size_t first = open;
    while (first < judge->transcript->count &&
           !(evidence_entry(judge->evidence, first)->kind == TRANSCRIPT_FRAME_IN &&
             evidence_entry(judge->evidence, first)->connection == number))
        first++;
    bool has_first = first < judge->transcript->count;
    bool had_time = evidence_had_time(judge->evidence, number, open);
    if (has_first || had_time)
        judge_exercise(judge, RULE_C6);
    if (has_first && first != connection->first_register) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, first);
        judge_find(judge, RULE_C6, first,
                   "its first frame on connection %u was %s, and not "
                   "node.register",
                   connection->opened_number,
                   entry->detail ? entry->detail : "no frame of the protocol");
    } else if (!has_first && had_time && !judge_found(judge, RULE_C6, open) &&
               !is_unmet_by(judge, RULE_C6)) {
        judge_find(judge, RULE_C6, open, "it did not register on connection %u though it lasted",
                   connection->opened_number);
    }
}

/* ---- C-17 ---- */

static size_t count_replies(const struct judge *judge, uint32_t number)
{
    size_t count = 0;
    size_t from = judge->evidence->connections[number].first_register;
    size_t until = judge->evidence->connections[number].last_replay;
    for (size_t index = from; index < until && index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        count += entry->kind == TRANSCRIPT_FRAME_OUT && entry->connection == number &&
                 is_type(entry, "reply");
    }
    return count;
}

bool judge_node_is_reply_odd(const struct judge *judge, uint32_t number)
{
    const struct evidence_connection *connection = &judge->evidence->connections[number];
    return connection->first_register != EVIDENCE_NONE &&
           connection->last_replay != EVIDENCE_NONE && count_replies(judge, number) != 1;
}

void judge_registrations(struct judge *judge)
{
    for (uint32_t number = 1; number < judge->evidence->connection_count; number++) {
        const struct evidence_connection *connection = &judge->evidence->connections[number];
        if (!connection->opened_number)
            continue;
        judge_registration(judge, number);
        if (judge_node_is_reply_odd(judge, number) && connection->is_settled)
            judge_exercise(judge, RULE_C17);
    }
}

/* ---- C-4 ---- */

/* The deliveries so far, by number, and what the client has said of them. */
struct acknowledged {
    uint64_t *markers; /* [number - 1]; owned */
    size_t count, capacity_count;
    int64_t first_seq; /* that the client has read: nothing tells it of earlier ones; 0: none */
    int64_t up_to_seq;
    int64_t run_end; /* up to it everything was dispatched */
    int64_t run_us;  /* since when */
    size_t op, read; /* entries that told_by has come to */
    bool is_settling;
    bool is_told; /* that it acknowledges nothing */
};

static const struct evidence_event *event_of(const struct judge *judge,
                                             const struct acknowledged *state, int64_t seq)
{
    const struct evidence *evidence = judge->evidence;
    return &evidence->events[evidence->events[state->markers[seq - 1]].identity];
}

static void note_publish(const struct judge *judge, struct acknowledged *state,
                         const struct transcript_entry *entry)
{
    for (uint64_t offset = 0; offset < entry->count && !isnan(entry->seq); offset++) {
        uint64_t marker = entry->marker + offset;
        if (marker == 0 || marker >= judge->evidence->event_count ||
            judge->evidence->events[marker].seq != (double)state->count + 1)
            return;
        state->markers = memory_grow(state->markers, &state->capacity_count, state->count + 1,
                                     sizeof(*state->markers));
        state->markers[state->count++] = marker;
    }
}

/* What is wrong with one number of an acknowledgement at that entry. */
enum fault { FAULT_NONE, FAULT_HOLE, FAULT_EARLY };

/* `connection` is one of which the client has said something just before `index`; 0: none. */
static void find_first(const struct judge *judge, struct acknowledged *state, size_t index,
                       uint32_t connection)
{
    const struct evidence *evidence = judge->evidence;
    for (size_t position = 0; position < evidence->send_count && !state->first_seq; position++) {
        const struct evidence_send *send = &evidence->sends[position];
        if (send->entry >= index)
            return;
        if (send->seq >= 1 && send->seq < 9e15 &&
            (send->is_certain || send->connection == connection))
            state->first_seq = (int64_t)send->seq;
    }
}

/* Behind which entry everything that had happened to the client at entry `index` has been told:
 * the answer to the next question to the driver. EVIDENCE_NONE if there was none. To be asked with
 * rising indexes. */
static size_t told_by(const struct judge *judge, struct acknowledged *state, size_t index)
{
    size_t count = judge->transcript->count;
    if (state->op < index)
        state->op = index;
    while (state->op < count &&
           !(evidence_entry(judge->evidence, state->op)->kind == TRANSCRIPT_OP &&
             !isnan(evidence_entry(judge->evidence, state->op)->number)))
        state->op++;
    if (state->read < state->op)
        state->read = state->op;
    while (state->read < count &&
           !(evidence_entry(judge->evidence, state->read)->kind == TRANSCRIPT_READ &&
             evidence_entry(judge->evidence, state->read)->number >=
                 evidence_entry(judge->evidence, state->op)->number))
        state->read++;
    return state->read < count ? state->read : EVIDENCE_NONE;
}

/* `told`: what told_by says of that entry. */
static enum fault fault_of(const struct judge *judge, const struct evidence_event *event,
                           size_t index, size_t told)
{
    const struct evidence *evidence = judge->evidence;
    if (event->first_send == EVIDENCE_NONE || evidence->sends[event->first_send].entry > index)
        return FAULT_HOLE;
    if (event->first_dispatch == EVIDENCE_NONE)
        return FAULT_NONE; /* a loss: that is told with the others */
    return told != EVIDENCE_NONE && evidence->dispatches[event->first_dispatch].entry > told
               ? FAULT_EARLY
               : FAULT_NONE;
}

static void find_hole(struct judge *judge, size_t index, double up_to_seq, uint64_t first,
                      size_t count)
{
    if (judge_found(judge, RULE_C4, index) || judge_found(judge, RULE_C19, index))
        return; /* with what was lost by it */
    struct finding *finding = judge_find(judge, RULE_C4, index,
                                         "it acknowledged up to %.17g, over %zu deliver%s that it "
                                         "had not been sent: first gc-%" PRIu64,
                                         up_to_seq, count, count == 1 ? "y" : "ies", first);
    finding_set_cause(finding, "what is acknowledged does not come again");
}

static void find_early(struct judge *judge, size_t index, double up_to_seq,
                       const struct evidence_event *event)
{
    const struct evidence_dispatch *dispatch = &judge->evidence->dispatches[event->first_dispatch];
    judge_find(judge, RULE_C4, index,
               "it acknowledged up to %.17g, but dispatched gc-%" PRIu64 " only %.0f ms later",
               up_to_seq, dispatch->marker,
               (double)(dispatch->at_us - evidence_entry(judge->evidence, index)->at_us) / 1000);
}

static void judge_ack(struct judge *judge, struct acknowledged *state, size_t index)
{
    double up_to_seq = evidence_entry(judge->evidence, index)->number2;
    judge_exercise(judge, RULE_C4);
    if (isnan(up_to_seq))
        return; /* C-23 says it */
    find_first(judge, state, index, evidence_entry(judge->evidence, index)->connection);
    if (up_to_seq > (double)state->count)
        judge_find(judge, RULE_C4, index,
                   "it acknowledged up to %.17g, but the newest delivery is number %zu", up_to_seq,
                   state->count);
    int64_t last = up_to_seq < (double)state->count ? (int64_t)up_to_seq : (int64_t)state->count;
    size_t hole_count = 0;
    uint64_t first_hole = 0;
    const struct evidence_event *early = NULL;
    size_t told = last > state->up_to_seq ? told_by(judge, state, index) : EVIDENCE_NONE;
    for (int64_t seq = state->up_to_seq + 1; seq <= last; seq++) {
        if (seq < state->first_seq)
            continue;
        const struct evidence_event *event = event_of(judge, state, seq);
        enum fault fault = fault_of(judge, event, index, told);
        if (fault == FAULT_HOLE && hole_count++ == 0)
            first_hole = state->markers[seq - 1];
        if (fault == FAULT_EARLY && !early)
            early = event;
    }
    if (hole_count)
        find_hole(judge, index, up_to_seq, first_hole, hole_count);
    else if (early)
        find_early(judge, index, up_to_seq, early);
    if (last > state->up_to_seq)
        state->up_to_seq = last;
}

/* It may have come under another number (`id: same`): nobody acknowledges this one for that. */
static bool was_number_sent(const struct judge *judge, const struct acknowledged *state,
                            int64_t seq, size_t index)
{
    const struct evidence_send *sends = judge->evidence->sends;
    for (size_t position = event_of(judge, state, seq)->last_send; position != EVIDENCE_NONE;
         position = sends[position].previous)
        if (sends[position].seq == (double)seq && sends[position].entry < index)
            return true;
    return false;
}

/* Everything up to `run_end` was sent and dispatched by entry `index`. */
static void extend_run(const struct judge *judge, struct acknowledged *state, size_t index)
{
    int64_t now_us = evidence_entry(judge->evidence, index)->at_us;
    if (state->run_end < state->first_seq - 1)
        state->run_end = state->first_seq - 1;
    while (state->first_seq && state->run_end < (int64_t)state->count) {
        size_t dispatch = event_of(judge, state, state->run_end + 1)->first_dispatch;
        if (dispatch == EVIDENCE_NONE || judge->evidence->dispatches[dispatch].at_us > now_us ||
            !was_number_sent(judge, state, state->run_end + 1, index))
            return;
        state->run_end++;
        if (judge->evidence->dispatches[dispatch].at_us > state->run_us)
            state->run_us = judge->evidence->dispatches[dispatch].at_us;
    }
}

/* A settle has waited: a client that acknowledges at all has done so. */
static void judge_settled(struct judge *judge, struct acknowledged *state, size_t index)
{
    int64_t now_us = evidence_entry(judge->evidence, index)->at_us;
    find_first(judge, state, index, 0);
    extend_run(judge, state, index);
    if (state->run_end < state->first_seq || state->is_told || !state->first_seq)
        return;
    judge_exercise(judge, RULE_C4);
    if (state->up_to_seq >= state->run_end || now_us - state->run_us < UNACKNOWLEDGED_US)
        return;
    if (judge->evidence->latest_us > JUDGE_LATE_US_MAX) {
        judge_inconclusive(judge, RULE_C4);
        return;
    }
    struct finding *finding =
        judge_find(judge, RULE_C4, index,
                   "it had dispatched every delivery up to %" PRId64
                   " for %.0f ms, and acknowledged only up to %" PRId64,
                   state->run_end, (double)(now_us - state->run_us) / 1000, state->up_to_seq);
    finding_set_cause(finding, "without it the server keeps them, and sends them again each time");
    state->is_told = true;
}

/* The server says what it knows of: acknowledgements that were lost must come again. */
static void note_redelivery(struct acknowledged *state, const struct transcript_entry *entry)
{
    if (entry->seq < (double)state->up_to_seq)
        state->up_to_seq = (int64_t)entry->seq;
    state->run_us = entry->at_us;
}

static void follow_entry(struct judge *judge, struct acknowledged *state, size_t index)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    if (entry->kind == TRANSCRIPT_PUBLISH)
        note_publish(judge, state, entry);
    else if (entry->kind == TRANSCRIPT_REPLAY)
        note_redelivery(state, entry);
    else if (is_ack(entry))
        judge_ack(judge, state, index);
    else if (entry->kind == TRANSCRIPT_STEP)
        state->is_settling = judge_name_is(entry, verb_name(VERB_SETTLE));
    else if (entry->kind == TRANSCRIPT_STEP_END && state->is_settling &&
             judge_name_is(entry, "done"))
        judge_settled(judge, state, index);
}

void judge_delivery_acks(struct judge *judge)
{
    struct acknowledged state = {0};
    for (size_t index = 0; index < judge->transcript->count; index++)
        follow_entry(judge, &state, index);
    free(state.markers);
}

/* ---- losses ---- */

/* The acknowledgement because of which it was not sent again, or EVIDENCE_NONE. */
static size_t ack_over(const struct judge *judge, double seq, size_t until)
{
    for (size_t index = 0; index < until; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (is_ack(entry) && entry->number2 >= seq)
            return index;
    }
    return EVIDENCE_NONE;
}

/* Whether a redelivery that an event had overtaken was cut off, and what it overtook it with was
 * then acknowledged. */
static bool was_overtaken(const struct judge *judge, size_t ack)
{
    uint32_t number = evidence_entry(judge->evidence, ack)->connection;
    const struct evidence_connection *connection = &judge->evidence->connections[number];
    return connection->is_cut && connection->is_overtaken;
}

static bool was_sent_on(const struct judge *judge, uint64_t marker, uint32_t connection)
{
    for (size_t position = judge->evidence->events[marker].last_send; position != EVIDENCE_NONE;
         position = judge->evidence->sends[position].previous)
        if (judge->evidence->sends[position].connection == connection)
            return true;
    return false;
}

void judge_node_charge(const struct judge *judge, struct loss *loss)
{
    const struct ideal_event *ideal = &judge->ideal[loss->marker];
    const struct evidence_connection *connection = &judge->evidence->connections[ideal->connection];
    const struct transcript_entry *entry = evidence_entry(judge->evidence, ideal->entry);
    double seq = judge->evidence->events[loss->marker].seq;
    size_t ack = isnan(seq) ? EVIDENCE_NONE : ack_over(judge, seq, judge->transcript->count);
    if (connection->first_register == EVIDENCE_NONE && entry->kind == TRANSCRIPT_OPEN)
        loss_charge(loss, RULE_C6, connection->open_entry,
                    "it did not register on their connection, so nothing was delivered");
    else if (ack != EVIDENCE_NONE && was_overtaken(judge, ack))
        loss_charge(loss, RULE_C19, ack,
                    "a live delivery overtook the redelivery, and was acknowledged over those that "
                    "the cut kept from it");
    else if (ack != EVIDENCE_NONE && !was_sent_on(judge, loss->marker, ideal->connection))
        loss_charge(loss, RULE_C4, ack,
                    "it acknowledged a higher number, so they were never sent again");
    else if (ack != EVIDENCE_NONE)
        loss_charge(loss, RULE_C4, ack,
                    "it acknowledged them, and did not dispatch them: they never come again");
    else if (entry->kind == TRANSCRIPT_OPEN)
        loss_charge(loss, RULE_C6, connection->open_entry,
                    "its registration was refused, and it did not register again");
    else
        loss_charge(loss, RULE_C7, ideal->entry, "they were sent, but not dispatched");
}

/* ---- C-23 ---- */

static bool is_text(const cJSON *frame, const char *name)
{
    return cJSON_IsString(cJSON_GetObjectItemCaseSensitive(frame, name));
}

static bool is_list(const cJSON *frame, const char *name)
{
    return cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(frame, name));
}

static const char *register_fault(const cJSON *frame)
{
    static const char *const texts[] = {"id", "node_id", "name", "version"};
    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++)
        if (!is_text(frame, texts[index]))
            return "id, node_id, name and version of node.register are not all strings";
    if (!is_list(frame, "capabilities") || !is_list(frame, "tags"))
        return "capabilities and tags of node.register are not both arrays";
    if (!cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(frame, "max_agents")))
        return "max_agents of node.register is no number";
    if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(frame, "node_id")),
               NODE_STREAM_NODE_ID) != 0)
        return "node_id is not the one that came with the token";
    return NULL;
}

static const char *ack_fault(const cJSON *frame)
{
    const cJSON *up_to = cJSON_GetObjectItemCaseSensitive(frame, "up_to_seq");
    const char *agent = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(frame, "agent"));
    if (!agent || strcmp(agent, NODE_STREAM_AGENT) != 0)
        return "agent of delivery.ack is not the one that the deliveries were for";
    if (!cJSON_IsNumber(up_to) || !(up_to->valuedouble >= 0) ||
        up_to->valuedouble != floor(up_to->valuedouble))
        return "up_to_seq is no whole number of 0 or more";
    return NULL;
}

const char *judge_node_frame_fault(const char *type, const cJSON *frame)
{
    bool is_register = !strcmp(type, "node.register"), is_delivery = !strcmp(type, "delivery.ack");
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(frame, "v");
    if (!is_register && !is_delivery)
        return strcmp(type, "node.heartbeat") != 0 && strcmp(type, "node.deregister") != 0
                   ? "the node stream has no such type"
                   : NULL;
    if (!cJSON_IsNumber(version) || version->valuedouble != 1)
        return "v is not 1";
    return is_register ? register_fault(frame) : ack_fault(frame);
}
