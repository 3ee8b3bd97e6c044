/* What belongs together in the evidence: a send and its repetition, a dispatch and the send that it
 * came from; and what of that proves that the client has read what it was sent. */
#include "core/evidence_internal.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_COUNT_MAX 64 /* sends of one event that are looked back at */

/* ---- distances between a send and its repetition ---- */

/* A Fenwick tree over send positions: a 1 where the latest send of some id stands. */
static void tree_add(uint32_t *tree, size_t size, size_t position, uint32_t delta)
{
    for (size_t index = position + 1; index <= size; index += index & (~index + 1))
        tree[index] += delta;
}

static uint32_t tree_sum(const uint32_t *tree, size_t position)
{
    uint32_t sum = 0;
    for (size_t index = position + 1; index > 0; index -= index & (~index + 1))
        sum += tree[index];
    return sum;
}

static void link_sends(struct evidence *evidence)
{
    size_t count = evidence->send_count;
    uint32_t *tree = memory_alloc(count + 1, sizeof(*tree));
    size_t *latest = memory_alloc(evidence->event_count, sizeof(*latest)); /* position + 1 */
    size_t id_count = 0;
    for (size_t position = 0; position < count; position++) {
        struct evidence_send *send = &evidence->sends[position];
        send->ids_before = id_count;
        uint64_t identity = evidence->events[send->marker].identity;
        struct evidence_event *event = &evidence->events[identity];
        event->send_count++;
        event->last_send = position;
        if (event->first_send == EVIDENCE_NONE)
            event->first_send = position;
        if (latest[identity]) {
            send->previous = latest[identity] - 1;
            uint32_t until = position ? tree_sum(tree, position - 1) : 0;
            send->distance = until - tree_sum(tree, send->previous);
            if (event->id_marker)
                tree_add(tree, count, send->previous, UINT32_MAX); /* -1 */
        } else {
            id_count += event->id_marker != 0;
        }
        if (event->id_marker)
            tree_add(tree, count, position, 1);
        latest[identity] = position + 1;
    }
    free(tree);
    free(latest);
}

/* What was numbered before the newest counter reset. */
static void find_old_numbers(struct evidence *evidence)
{
    double highest = -INFINITY, old_highest = NAN;
    size_t position = 0;
    for (size_t index = 0; index < evidence->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(evidence, index);
        if (entry->kind == TRANSCRIPT_RESTART && !(entry->number < 0))
            old_highest = highest;
        for (; position < evidence->send_count && evidence->sends[position].entry == index;
             position++) {
            evidence->sends[position].old_highest = old_highest;
            if (evidence->sends[position].seq > highest)
                highest = evidence->sends[position].seq;
        }
    }
}

/* ---- which send a dispatch came from, and what that proves ---- */

static void link_dispatches(struct evidence *evidence)
{
    size_t *latest = memory_alloc(evidence->event_count, sizeof(*latest)); /* send + 1 */
    size_t position = 0;
    for (size_t index = 0; index < evidence->dispatch_count; index++) {
        struct evidence_dispatch *dispatch = &evidence->dispatches[index];
        while (position < evidence->send_count &&
               evidence->sends[position].entry < dispatch->entry) {
            uint64_t marker = evidence->sends[position].marker;
            latest[evidence->events[marker].identity] = ++position;
        }
        uint64_t identity = evidence->events[dispatch->marker].identity;
        struct evidence_event *event = &evidence->events[identity];
        event->dispatch_count++;
        if (event->first_dispatch == EVIDENCE_NONE)
            event->first_dispatch = index;
        if (latest[identity])
            dispatch->send = latest[identity] - 1;
    }
    free(latest);
}

/* A scenario that ended because the client did nothing any more: on a connection that was still
 * open, what was sent a second before, and a second before its last dispatch, has been read. */
static bool had_time_to_read(const struct evidence *evidence, const struct evidence_send *send)
{
    const struct evidence_connection *connection = &evidence->connections[send->connection];
    if (evidence->done == EVIDENCE_NONE || evidence->stopped != EVIDENCE_NONE ||
        connection->end_entry != EVIDENCE_NONE || connection->drop_entry != EVIDENCE_NONE)
        return false;
    const struct transcript_entry *done = evidence_entry(evidence, evidence->done);
    int64_t from_us = send->at_us;
    if (evidence->dispatch_count &&
        evidence->dispatches[evidence->dispatch_count - 1].at_us > from_us)
        from_us = evidence->dispatches[evidence->dispatch_count - 1].at_us;
    return done->name && !strcmp(done->name, "unmet") &&
           done->at_us - from_us >= EVIDENCE_TIME_TO_READ_US;
}

/* Which send the `nth` dispatch of an event proves to have been read, or EVIDENCE_NONE. Every
 * dispatch used up one send, and those on other connections may have been used up late: it proves
 * the newest connection only where they do not suffice. */
static size_t proven_send(const struct evidence *evidence, size_t newest, uint32_t nth)
{
    size_t chain[CHAIN_COUNT_MAX];
    size_t count = 0, elsewhere_count = 0;
    uint32_t connection = evidence->sends[newest].connection;
    for (size_t at = newest; at != EVIDENCE_NONE; at = evidence->sends[at].previous) {
        if (count + elsewhere_count == CHAIN_COUNT_MAX)
            return EVIDENCE_NONE;
        if (evidence->sends[at].connection == connection)
            chain[count++] = at;
        else
            elsewhere_count++;
    }
    if (nth <= elsewhere_count)
        return EVIDENCE_NONE;
    size_t used_count = nth - elsewhere_count; /* of those on the newest connection, at least */
    return chain[used_count >= count ? 0 : count - used_count];
}

static void note_fence(struct evidence *evidence, const struct evidence_dispatch *dispatch)
{
    const struct evidence_send *send = &evidence->sends[dispatch->send];
    struct evidence_connection *connection = &evidence->connections[send->connection];
    if (!(evidence->events[send->marker].flags & TRANSCRIPT_FLAG_FENCE))
        return;
    if (!connection->is_settled)
        connection->fence_entry = dispatch->entry;
    connection->last_fence_entry = dispatch->entry;
    connection->is_settled = true;
}

/* An event that was dispatched was read, and so was all that was sent before it on its
 * connection. */
static void find_certain_sends(struct evidence *evidence)
{
    uint32_t *nth = memory_alloc(evidence->event_count, sizeof(*nth)); /* dispatches so far */
    for (size_t index = 0; index < evidence->dispatch_count; index++) {
        const struct evidence_dispatch *dispatch = &evidence->dispatches[index];
        uint32_t count = ++nth[evidence->events[dispatch->marker].identity];
        if (dispatch->send == EVIDENCE_NONE)
            continue;
        size_t proof = proven_send(evidence, dispatch->send, count);
        if (proof != EVIDENCE_NONE) {
            struct evidence_connection *connection =
                &evidence->connections[evidence->sends[proof].connection];
            if (proof + 1 > connection->certain_count)
                connection->certain_count = proof + 1;
        }
        note_fence(evidence, dispatch);
    }
    for (size_t number = 1; number < evidence->connection_count; number++)
        evidence->connections[number].proven_count = evidence->connections[number].certain_count;
    for (size_t position = 0; position < evidence->send_count; position++) {
        struct evidence_send *send = &evidence->sends[position];
        struct evidence_connection *connection = &evidence->connections[send->connection];
        if (had_time_to_read(evidence, send) && position >= connection->certain_count)
            connection->certain_count = position + 1;
        send->is_certain = position < connection->certain_count;
    }
    free(nth);
}

void evidence_link(struct evidence *evidence)
{
    link_sends(evidence);
    find_old_numbers(evidence);
    link_dispatches(evidence);
    find_certain_sends(evidence);
}
