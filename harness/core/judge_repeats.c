/* What was dispatched more than once (C-7, C-13, C-14, C-15, C-20), and in which order (C-22). */
#include "core/judge_internal.h"

#include "core/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define WINDOW_COUNT       2500 /* other ids after which an event may be dispatched again (C-13) */
#define NEAR_COUNT         500  /* a repetition this near needs no large memory: plain C-7 */

static const struct evidence_send *send_at(const struct judge *judge, size_t position)
{
    return position == EVIDENCE_NONE ? NULL : &judge->evidence->sends[position];
}

/* ---- a number or a row that comes twice, of an event without id (C-20) ---- */

/* Whether the counter was reset between two entries: then equal numbers are not the same. */
static bool is_reset_between(const struct judge *judge, size_t from, size_t to)
{
    for (size_t index = from; index < to; index++)
        if (evidence_entry(judge->evidence, index)->kind == TRANSCRIPT_RESTART &&
            !(evidence_entry(judge->evidence, index)->number < 0))
            return true;
    return false;
}

static bool is_same_number_twice(const struct judge *judge, const struct evidence_send *send)
{
    for (const struct evidence_send *before = send_at(judge, send->previous); before;
         before = send_at(judge, before->previous))
        if (!isnan(send->seq) && before->seq == send->seq && before->is_certain &&
            !is_reset_between(judge, before->entry, send->entry))
            return true;
    return false;
}

/* With a row on the connection that no replay had brought, the ring's may have been taken for that
 * one, and this for another event. */
static bool is_row_after_ring(const struct judge *judge, const struct evidence_send *send)
{
    bool is_after_ring = false;
    if (!send->is_row || send->replay == EVIDENCE_NONE)
        return false;
    for (const struct evidence_send *before = send_at(judge, send->previous); before;
         before = send_at(judge, before->previous)) {
        if (before->is_again && before->is_row && before->connection == send->connection)
            return false;
        is_after_ring |= before->replay == send->replay && before->is_ring;
    }
    return is_after_ring;
}

/* Whether every send that may have led to the dispatch, those behind position `from`, was one that
 * a client can know again. */
static bool is_idless_repeat(const struct judge *judge, const struct evidence_send *send,
                             size_t from)
{
    for (;; send = send_at(judge, send->previous)) {
        if (!is_same_number_twice(judge, send) && !is_row_after_ring(judge, send))
            return false;
        if (send->previous == EVIDENCE_NONE || send->previous < from)
            return true;
    }
}

/* ---- how far a repetition is from what came before ---- */

/* Distinct other ids since the event was last dispatched, at most: SIZE_MAX if it was not. A memory
 * may count an event's age from there, and not from a repetition that it suppressed; which send led
 * to the dispatch is unknown: it is the earliest that leaves enough for those before the `nth`. */
static size_t window_distance(const struct judge *judge, const struct evidence_send *send,
                              uint32_t nth)
{
    size_t distance = 0, before_count = 0;
    for (const struct evidence_send *at = send_at(judge, send->previous); at;
         at = send_at(judge, at->previous))
        before_count++;
    if (before_count == 0)
        return SIZE_MAX;
    for (; before_count + 1 >= nth && before_count > 0; before_count--) {
        distance += send->distance;
        send = send_at(judge, send->previous);
    }
    return distance;
}

/* Whether repetitions that the window covers came up at all. */
static void exercise_repeats(struct judge *judge)
{
    for (size_t position = 0; position < judge->evidence->send_count; position++) {
        const struct evidence_send *send = &judge->evidence->sends[position];
        const struct evidence_event *event = &judge->evidence->events[send->marker];
        if (event->is_id_shared && send->is_certain)
            judge_exercise(judge, RULE_C15);
        if (send->previous == EVIDENCE_NONE || !send->is_certain)
            continue;
        if (!event->id_marker) {
            if (is_same_number_twice(judge, send) || is_row_after_ring(judge, send))
                judge_exercise(judge, RULE_C20);
            continue;
        }
        bool is_known = judge->is_node && is_same_number_twice(judge, send);
        if (send->distance < WINDOW_COUNT || is_known)
            judge_exercise(judge, RULE_C13);
        if (send->ids_before > WINDOW_COUNT && send->distance < WINDOW_COUNT)
            judge_exercise(judge, RULE_C14);
    }
}

/* ---- repetitions that reached the application ---- */

struct repeats {
    enum rule rule;
    uint64_t count;
    uint64_t first_marker;
    size_t entry;       /* of the first repeated dispatch */
    size_t distance;    /* of the first */
    const char *cause;
};

enum { REPEAT_C7, REPEAT_C13, REPEAT_C14, REPEAT_C20, REPEAT_KIND_COUNT };

static struct repeats *classify(struct judge *judge, struct repeats *kinds, uint64_t identity,
                                const struct evidence_dispatch *dispatch, uint32_t nth,
                                size_t from)
{
    const struct evidence_event *event = &judge->evidence->events[identity];
    const struct evidence_send *send = send_at(judge, dispatch->send);
    bool is_out_of_nothing = !send || nth > event->send_count;
    if (is_out_of_nothing) {
        kinds[REPEAT_C7].cause = "it was sent less often than it was dispatched";
        return &kinds[REPEAT_C7];
    }
    /* The node stream's numbers tell whatever came before, by whatever id, however long ago. */
    bool is_known = judge->is_node && is_idless_repeat(judge, send, from);
    if (!event->id_marker && judge->is_node) {
        kinds[REPEAT_C7].cause = "the same delivery came again";
        return is_known ? &kinds[REPEAT_C7] : NULL;
    }
    if (!event->id_marker) {
        bool is_blamed = is_idless_repeat(judge, send, from);
        kinds[REPEAT_C20].cause = send->is_row
                                      ? "the ring part of the same replay had just brought it"
                                      : "it had come before with the same agent_seq";
        return is_blamed ? &kinds[REPEAT_C20] : NULL;
    }
    size_t distance = window_distance(judge, send, nth);
    if (distance >= WINDOW_COUNT && !is_known)
        return NULL;
    if (distance >= NEAR_COUNT)
        return &kinds[REPEAT_C13];
    if (send->ids_before > WINDOW_COUNT)
        return &kinds[REPEAT_C14];
    kinds[REPEAT_C7].cause = send->is_row    ? "it came again as a row of the database"
                             : send->is_ring && judge->is_node ? "it was redelivered"
                             : send->is_ring ? "it came again from the ring"
                                             : "it was sent again";
    return &kinds[REPEAT_C7];
}

static void add_repeat(struct repeats *kind, uint64_t marker,
                       const struct evidence_dispatch *dispatch, size_t distance)
{
    if (kind->count++)
        return;
    kind->first_marker = marker;
    kind->entry = dispatch->entry;
    kind->distance = distance;
}

static void tell_repeats(struct judge *judge, const struct repeats *kinds)
{
    for (size_t index = 0; index < REPEAT_KIND_COUNT; index++) {
        const struct repeats *kind = &kinds[index];
        if (!kind->count)
            continue;
        const char *what = index == REPEAT_C20 ? "event without id" : "event";
        struct finding *finding = judge_find(
            judge, kind->rule, kind->entry,
            "%" PRIu64 " further dispatch%s of an %s that the application had already: "
            "first gc-%" PRIu64,
            kind->count, kind->count == 1 ? "" : "es", what, kind->first_marker);
        if (index == REPEAT_C13)
            finding_set_cause(finding,
                              "it came again after %zu other ids; the client remembers fewer than "
                              "%d", kind->distance, WINDOW_COUNT);
        else if (index == REPEAT_C14)
            finding_set_cause(finding,
                              "it came again after only %zu other ids, but after more than %d in "
                              "all: not the oldest were forgotten", kind->distance, WINDOW_COUNT);
        else
            finding_set_cause(finding, "%s", kind->cause);
    }
}

/* Of events that there never were: with numbers above that of the last one. */
static void judge_inventions(struct judge *judge)
{
    size_t first = EVIDENCE_NONE, count = 0;
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind != TRANSCRIPT_DISPATCH || entry->marker < judge->evidence->event_count)
            continue;
        first = count++ ? first : index;
    }
    if (count)
        judge_find(judge, RULE_C7, first,
                   "%zu dispatch%s of events that were never sent: first gc-%" PRIu64, count,
                   count == 1 ? "" : "es", evidence_entry(judge->evidence, first)->marker);
}

void judge_repeats(struct judge *judge)
{
    struct repeats kinds[REPEAT_KIND_COUNT] = {
        [REPEAT_C7] = {.rule = RULE_C7},
        [REPEAT_C13] = {.rule = RULE_C13},
        [REPEAT_C14] = {.rule = RULE_C14},
        [REPEAT_C20] = {.rule = RULE_C20},
    };
    exercise_repeats(judge);
    struct evidence *evidence = judge->evidence;
    uint32_t *nth = memory_alloc(evidence->event_count, sizeof(*nth));
    size_t *behind = memory_alloc(evidence->event_count, sizeof(*behind)); /* the last's send + 1 */
    for (size_t index = 0; index < evidence->dispatch_count; index++) {
        const struct evidence_dispatch *dispatch = &evidence->dispatches[index];
        uint64_t identity = evidence->events[dispatch->marker].identity;
        size_t from = behind[identity];
        behind[identity] = dispatch->send == EVIDENCE_NONE ? 0 : dispatch->send + 1;
        if (++nth[identity] == 1 || !evidence->events[identity].type)
            continue;
        struct repeats *kind = classify(judge, kinds, identity, dispatch, nth[identity], from);
        if (kind)
            add_repeat(kind, dispatch->marker, dispatch,
                       dispatch->send == EVIDENCE_NONE
                           ? 0
                           : evidence->sends[dispatch->send].distance);
    }
    free(behind);
    free(nth);
    tell_repeats(judge, kinds);
    judge_inventions(judge);
}

/* ---- order ---- */

/* Whether a send of the dispatched event explains it: sent before it, and not before what the same
 * connection was last seen to have delivered (`from`, by connection). `*only` is the earliest of
 * those, if all are on one connection, else EVIDENCE_NONE: then nobody knows which it was. */
static bool is_explained(const struct judge *judge, const struct evidence_dispatch *dispatch,
                         const size_t *from, size_t *only)
{
    const struct evidence *evidence = judge->evidence;
    bool is_found = false, is_ambiguous = false;
    *only = EVIDENCE_NONE;
    for (size_t position = dispatch->send; position != EVIDENCE_NONE;
         position = evidence->sends[position].previous) {
        uint32_t number = evidence->sends[position].connection;
        if (position < from[number])
            continue;
        is_ambiguous = is_ambiguous || (is_found && evidence->sends[*only].connection != number);
        is_found = true;
        *only = position;
    }
    if (is_ambiguous)
        *only = EVIDENCE_NONE;
    return is_found;
}

/* Every first dispatch must be explained by a send, and the sends of one connection must not go
 * back. Taking the earliest that fits each time finds an explanation whenever there is one. */
void judge_order(struct judge *judge)
{
    struct evidence *evidence = judge->evidence;
    size_t *from = memory_alloc(evidence->connection_count, sizeof(*from));
    uint64_t *behind = memory_alloc(evidence->connection_count, sizeof(*behind));
    size_t swapped_count = 0, first = EVIDENCE_NONE;
    uint64_t first_behind = 0;
    if (evidence->dispatch_count > 1)
        judge_exercise(judge, RULE_C22);
    for (size_t index = 0; index < evidence->dispatch_count; index++) {
        const struct evidence_dispatch *dispatch = &evidence->dispatches[index];
        uint64_t identity = evidence->events[dispatch->marker].identity;
        size_t only;
        if (evidence->events[identity].first_dispatch != index || dispatch->send == EVIDENCE_NONE)
            continue; /* a repetition is not judged by its place */
        if (!is_explained(judge, dispatch, from, &only) && swapped_count++ == 0) {
            first = index;
            first_behind = behind[evidence->sends[dispatch->send].connection];
        } else if (only != EVIDENCE_NONE) {
            from[evidence->sends[only].connection] = only;
            behind[evidence->sends[only].connection] = dispatch->marker;
        }
    }
    if (swapped_count) {
        const struct evidence_dispatch *dispatch = &evidence->dispatches[first];
        struct finding *finding = judge_find(
            judge, RULE_C22, dispatch->entry,
            "%zu event%s dispatched out of order: gc-%" PRIu64 " came after gc-%" PRIu64
            ", but had been sent before it",
            swapped_count, swapped_count == 1 ? " was" : "s were", dispatch->marker,
            first_behind);
        finding_set_cause(finding, "one connection delivers in order, and so must the client");
    }
    free(behind);
    free(from);
}
