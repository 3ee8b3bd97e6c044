/* Events that the client was sent and surely read, and kept from the application: why? */
#include "core/judge_internal.h"

#include <math.h>

#define LATE_ACK_US 100000 /* an ack that comes sooner is an ordinary one */

static const struct evidence_connection *connection_of(const struct judge *judge,
                                                       const struct evidence_send *send)
{
    return &judge->evidence->connections[send->connection];
}

/* The first send of the event that the client surely read, or EVIDENCE_NONE. */
static size_t certain_send(const struct judge *judge, uint64_t marker)
{
    size_t found = EVIDENCE_NONE;
    for (size_t position = judge->evidence->events[marker].last_send; position != EVIDENCE_NONE;
         position = judge->evidence->sends[position].previous)
        if (judge->evidence->sends[position].is_certain)
            found = position;
    return found;
}

/* The first dispatch behind an entry, or EVIDENCE_NONE. */
static size_t dispatch_behind(const struct evidence *evidence, size_t entry)
{
    size_t low = 0, high = evidence->dispatch_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (evidence->dispatches[middle].entry <= entry)
            low = middle + 1;
        else
            high = middle;
    }
    return low < evidence->dispatch_count ? low : EVIDENCE_NONE;
}

/* Whether a handler threw on an event before it, on the same connection or for good. */
static bool was_thrown_before(const struct judge *judge, size_t position)
{
    const struct evidence *evidence = judge->evidence;
    if (evidence->first_throw == EVIDENCE_NONE)
        return false;
    size_t throwing = dispatch_behind(evidence, evidence->first_throw);
    if (throwing == EVIDENCE_NONE || evidence->dispatches[throwing].send == EVIDENCE_NONE ||
        evidence->dispatches[throwing].send >= position)
        return false;
    const struct evidence_send *thrown = &evidence->sends[evidence->dispatches[throwing].send];
    return thrown->connection == evidence->sends[position].connection ||
           throwing + 1 == evidence->dispatch_count;
}

static bool was_in_cut_replay(const struct judge *judge, uint64_t marker, size_t before)
{
    for (size_t position = judge->evidence->events[marker].last_send; position != EVIDENCE_NONE;
         position = judge->evidence->sends[position].previous) {
        const struct evidence_send *send = &judge->evidence->sends[position];
        if (send->entry < before && send->replay != EVIDENCE_NONE &&
            connection_of(judge, send)->is_cut)
            return true;
    }
    return false;
}

/* Whether the ack to the resync on its connection was late, missing, repeated or malformed. */
static bool was_ack_odd(const struct judge *judge, const struct evidence_send *send)
{
    const struct evidence_connection *connection = connection_of(judge, send);
    if (connection->first_resync > send->entry || connection->is_cut)
        return false;
    if (connection->first_ack == EVIDENCE_NONE || connection->has_repeated_ack ||
        connection->first_extra_ack < send->entry)
        return true;
    const struct transcript_entry *ack = evidence_entry(judge->evidence, connection->first_ack);
    int64_t asked_us = evidence_entry(judge->evidence, connection->first_resync)->at_us;
    return !judge_name_is(ack, "auto") || ack->at_us - asked_us >= LATE_ACK_US;
}

/* By what came before it on the connection; false if there was nothing special. */
static bool charge_fault(const struct judge *judge, struct loss *loss, size_t position)
{
    const struct evidence_send *send = &judge->evidence->sends[position];
    const struct evidence_connection *connection = connection_of(judge, send);
    enum rule_level level;
    /* What its type explains is no fault of a frame after which others arrived. */
    bool is_only_unknown = !judge->evidence->events[loss->marker].is_known_type &&
                           position < connection->proven_count;
    if (judge_is_doubled(judge, send->connection))
        loss_charge(loss, RULE_C16, connection->open_entry,
                    "it held another connection open at the same time");
    else if (was_thrown_before(judge, position))
        loss_charge(loss, RULE_C25, send->entry, "a handler of the application had thrown before");
    else if (judge_is_demanding(judge, send, &level)) {
        loss_charge(loss, RULE_C24, send->entry, "they are 64 KiB or more, or came in fragments");
        loss->level = level; /* beyond 1 MiB it is only a SHOULD */
    } else if (connection->first_malformed < send->entry && !is_only_unknown)
        loss_charge(loss, RULE_C11, send->entry,
                    "malformed frames came before them on the connection");
    else if (connection->first_raw < send->entry)
        loss_charge(loss, RULE_C24, send->entry,
                    "raw or binary bytes came before them on the connection");
    else
        return false;
    return true;
}

/* Nothing behind it on the connection was dispatched either: its kind says nothing then. */
static void charge_silence(const struct judge *judge, struct loss *loss,
                           const struct evidence_send *send)
{
    if (was_in_cut_replay(judge, loss->marker, send->entry))
        loss_charge(loss, RULE_C18, send->entry,
                    "an earlier replay that held them was cut off, and nothing was dispatched "
                    "from there on");
    else if (judge->is_node && judge_node_is_reply_odd(judge, send->connection))
        loss_charge(loss, RULE_C17, send->entry,
                    "the reply to the registration on their connection was late, missing or "
                    "repeated, and nothing was dispatched from there on");
    else if (was_ack_odd(judge, send))
        loss_charge(loss, RULE_C17, send->entry,
                    "the ack on their connection was late, missing, repeated or malformed, and "
                    "nothing was dispatched from there on");
    else
        loss_charge(loss, RULE_C7, send->entry,
                    "they were sent and read, but nothing was dispatched from there on");
}

static void charge_event(const struct judge *judge, struct loss *loss,
                         const struct evidence_send *send)
{
    const struct evidence_event *event = &judge->evidence->events[loss->marker];
    if (!event->is_known_type)
        loss_charge(loss, RULE_C12, send->entry,
                    "they are of a type that the client does not know");
    else if (event->is_id_shared)
        loss_charge(loss, RULE_C15, send->entry, "an event of another type has the same id");
    else if (judge->is_node && judge_node_is_reply_odd(judge, send->connection))
        loss_charge(loss, RULE_C17, send->entry,
                    "the reply to the registration on their connection was late, missing or "
                    "repeated");
    else if (judge->is_node && !was_in_cut_replay(judge, loss->marker, send->entry))
        loss_charge(loss, RULE_C7, send->entry,
                    isnan(send->seq) ? "they are ephemeral: their seq is 0"
                                     : "they were delivered and read, but not dispatched");
    else if (send->is_row)
        loss_charge(loss, RULE_C8, send->entry,
                    "they came only as rows of the database, which carry no agent_seq");
    else if (isnan(send->seq))
        loss_charge(loss, RULE_C8, send->entry, "they carry no agent_seq");
    else if (send->seq <= send->old_highest)
        loss_charge(loss, RULE_C9, send->entry,
                    "their numbers are lower than those before the counter reset");
    else if (was_in_cut_replay(judge, loss->marker, send->entry))
        loss_charge(loss, RULE_C18, send->entry,
                    "an earlier replay that held them was cut off, and they were not taken from "
                    "the next one");
    else if (was_ack_odd(judge, send))
        loss_charge(loss, RULE_C17, send->entry,
                    "the ack to the resync on their connection was late, missing, repeated or "
                    "malformed");
    else
        loss_charge(loss, RULE_C7, send->entry, "they were sent and read, but not dispatched");
}

bool judge_charge_received(const struct judge *judge, struct loss *loss)
{
    size_t position = certain_send(judge, loss->marker);
    if (position == EVIDENCE_NONE)
        return false;
    const struct evidence_send *send = &judge->evidence->sends[position];
    if (charge_fault(judge, loss, position))
        return true;
    if (position >= connection_of(judge, send)->proven_count)
        charge_silence(judge, loss, send);
    else
        charge_event(judge, loss, send);
    return true;
}
