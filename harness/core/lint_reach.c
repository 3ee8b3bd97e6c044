#include "core/lint_internal.h"

#include "core/event.h"
#include "core/rules.h"

#include <stdio.h>

#define WINDOW_COUNT   2500 /* of C-13 */
#define ADVANCE_MS_MIN 2000 /* rows have whole seconds: that far apart is surely another one */

/* ---- rule → what it needs ---- */

/* Every bit of `all`, and one of `any` where that is not 0. */
struct need {
    uint32_t all, any;
    const char *words; /* what to add to the steps */
};

#define NEEDS_RESYNC                                                                               \
    {                                                                                              \
        LINT_RESYNCS, 0, "an event, then a `drop` and an `accept`"                                 \
    }
#define NEEDS_NOTHING                                                                              \
    {                                                                                              \
        LINT_CONNECTS, 0, "an `accept`"                                                            \
    }

static const struct need needs[RULE_COUNT] = {
    [RULE_C1] = NEEDS_NOTHING,
    [RULE_C2] = {LINT_RECONNECTS_FRESH, 0, "a reconnect before the first event"},
    [RULE_C3] = NEEDS_RESYNC,
    [RULE_C4] = NEEDS_RESYNC,
    [RULE_C5] = NEEDS_RESYNC,
    [RULE_C6] = NEEDS_NOTHING,
    [RULE_C7] = NEEDS_NOTHING,
    [RULE_C8] = {LINT_CONNECTS, LINT_ROWS | LINT_UNNUMBERED,
                 "more missed events than the ring holds, or a `publish` with `seq: none`"},
    [RULE_C9] = {LINT_RENUMBERS, 0, "a `restart`, events after it, and another reconnect"},
    [RULE_C10] = NEEDS_RESYNC,
    [RULE_C11] = {LINT_SENDS, 0, "a `send` of something malformed"},
    [RULE_C12] = {0, LINT_UNKNOWN_TYPE | LINT_SENDS, "a `publish` of a type that nobody knows"},
    [RULE_C13] = {LINT_REPEATS, 0, "an event that comes twice, as with `send: again`"},
    [RULE_C14] = {LINT_REPEATS | LINT_MANY, 0, "more than 2,500 events, and one that comes again"},
    [RULE_C15] = {LINT_SAME_ID, 0, "a `publish` of another type with `id: same`"},
    [RULE_C16] = {0, LINT_RECONNECTS | LINT_REFUSES, "a `drop` and an `accept`, or a `refuse`"},
    [RULE_C17] = {LINT_RESYNCS, LINT_ACK | LINT_SENDS,
                  "a `set` of `ack` or `resync`, and a reconnect"},
    [RULE_C18] = {LINT_RESYNCS | LINT_CUTS, 0, "a `set` of `cut_replay_after`, and a reconnect"},
    [RULE_C19] = {LINT_RESYNCS | LINT_CUTS | LINT_OVERTAKES, 0,
                  "a `set` of `cut_replay_after` and `live_before_replay`, and a reconnect"},
    [RULE_C20] = {LINT_NO_ID | LINT_REPEATS, 0, "an event without id that comes twice"},
    [RULE_C21] = {LINT_RESYNCS | LINT_RESTARTS, 0, "an event, then a `restart` and an `accept`"},
    [RULE_C22] = NEEDS_NOTHING,
    [RULE_C23] = NEEDS_NOTHING,
    [RULE_C24] = NEEDS_NOTHING,
    [RULE_C25] = {LINT_THROWS, 0, "a `client` with `do: throw`, and an event after it"},
    [RULE_C26] = {LINT_SILENT, 0, "a `drop` with `how: silent`, or a `set` with `pong: ignore`"},
    [RULE_C27] = {LINT_EMPTY, 0, "an `accept` with a `drop` directly behind it, several times"},
    [RULE_C28] = {LINT_STOPS, 0, "a `client` with `do: stop`"},
    [RULE_S1] = {LINT_FILLS_RING, 0, "more events than the ring holds"},
    [RULE_S2] = {LINT_RESYNCS, LINT_NOTHING_MISSED | LINT_RESTARTS,
                 "a reconnect after which nothing was missed, or a `restart`"},
    [RULE_S3] = {LINT_MISSES, 0, "events between a `drop` and the next `accept`"},
    [RULE_S4] = {LINT_OVERFLOWS, 0, "more missed events than the ring holds"},
    [RULE_S5] = {LINT_OVERFLOWS | LINT_ROWS, 0,
                 "more missed events than the ring holds, of a type that has rows"},
    [RULE_S6] = NEEDS_RESYNC,
    [RULE_S7] = NEEDS_RESYNC, /* whether it is a wrong one is up to the client */
    [RULE_S8] = {LINT_RESTARTS, 0, "a `restart`"},
    [RULE_S9] = {LINT_RESYNCS | LINT_OVERTAKES, 0,
                 "a `set` of `live_before_replay`, and a reconnect"},
    [RULE_S10] = NEEDS_NOTHING,
};

/* What differs on the node stream, where the rules stand for their counterparts. */
static const struct need node_needs[RULE_COUNT] = {
    [RULE_C4] = {LINT_CONNECTS | LINT_EVENTS, 0, "an `accept`, and a `publish` with a number"},
    [RULE_C17] = {LINT_CONNECTS | LINT_ACK, 0, "a `set` of `register`, and an `accept`"},
    [RULE_C18] = {LINT_CONNECTS | LINT_CUTS, 0, "a `set` of `cut_replay_after`, and an `accept`"},
    [RULE_C19] = {LINT_CONNECTS | LINT_CUTS | LINT_OVERTAKES, 0,
                  "a `set` of `cut_replay_after` and `live_before_replay`, and an `accept`"},
};

static const struct need *need_of(const struct lint *lint, enum rule rule)
{
    bool is_node = lint->scenario->dialect == DIALECT_NODE;
    return is_node && node_needs[rule].words ? &node_needs[rule] : &needs[rule];
}

/* ---- the course of the steps ---- */

struct course {
    uint32_t events; /* enum lint_event */
    bool is_open;
    bool is_carrying;     /* something went out on the connection */
    bool is_settled;      /* and has surely arrived */
    bool has_number;      /* the client has seen one */
    bool may_have_number; /* or something that is sent had one */
    bool is_held, is_cut_next;
    bool has_new_numbers, has_new_live;
    bool is_ring_lost;
    bool loses_acks; /* of the node stream: what was delivered comes again */
    int64_t missed_count, missed_row_count;
    int64_t numbered_count, id_count;
    int64_t advanced_ms; /* since the last event that went out live */
    int64_t gap_ms;      /* that, when the first event was missed */
    size_t missed_step;  /* the last one that was missed */
};

static void end_connection(struct course *course)
{
    if (course->is_open && !course->is_carrying)
        course->events |= LINT_EMPTY;
    if (course->is_open && !course->is_settled)
        course->events |= LINT_REPEATS; /* what was on its way may come again */
    course->is_open = false;
}

/* More is missed than the ring holds: it counts in which second each event happened. */
static void lint_overflow(struct lint *lint, struct course *course)
{
    const struct scenario_server *server = &lint->scenario->server;
    course->events |= LINT_OVERFLOWS;
    if (course->missed_row_count > 0)
        course->events |= LINT_ROWS | LINT_REPEATS;
    if (server->clock_freeze || course->gap_ms >= ADVANCE_MS_MIN || course->missed_row_count == 0)
        return;
    lint_add(
        lint, lint->nodes[course->missed_step], LINT_KEY, false,
        "write \"clock\": { \"freeze\": true } in `server`, or { \"advance\": { \"ms\": 2000 } } "
        "between the events that the client has and those that it misses",
        "%lld events are missed and the ring holds %lld: which rows come depends on the "
        "second in which the run starts",
        (long long)course->missed_count, (long long)server->ring);
}

static void begin_connection(struct lint *lint, struct course *course)
{
    if (course->events & LINT_CONNECTS) {
        course->events |= LINT_RECONNECTS;
        course->events |= course->has_number ? 0 : LINT_RECONNECTS_FRESH;
        course->events |= course->may_have_number ? LINT_RESYNCS : 0;
        course->events |= course->loses_acks ? LINT_REPEATS : 0;
        if (course->has_new_live)
            course->events |= LINT_RENUMBERS;
    }
    if (course->may_have_number && (course->events & LINT_RECONNECTS)) {
        course->events |= course->missed_count > 0 ? LINT_MISSES : LINT_NOTHING_MISSED;
        bool is_overflow =
            course->missed_count > lint->scenario->server.ring || course->is_ring_lost;
        if (is_overflow && lint->scenario->dialect == DIALECT_AGENT)
            lint_overflow(lint, course);
    }
    course->events |= LINT_CONNECTS;
    course->is_open = course->is_settled = true;
    course->is_carrying = false;
    if (!course->is_cut_next)
        course->missed_count = course->missed_row_count = 0;
    course->is_cut_next = course->is_ring_lost = false;
    course->advanced_ms = 0;
}

static void publish(struct course *course, const struct scenario_step *step, size_t index)
{
    const struct event_type *type = event_type_find(span_of(step->publish.type));
    bool has_id = step->publish.id != PUBLISH_ID_NONE && (!type || type->has_id);
    bool is_numbered = step->publish.seq != PUBLISH_SEQ_NONE;
    bool is_live = course->is_open && step->publish.live;
    int64_t count = step->publish.count;
    course->events |= LINT_EVENTS | (type ? 0 : LINT_UNKNOWN_TYPE) | (has_id ? 0 : LINT_NO_ID) |
                      (is_numbered ? 0 : LINT_UNNUMBERED) |
                      (step->publish.id == PUBLISH_ID_SAME ? LINT_SAME_ID | LINT_REPEATS : 0);
    course->has_new_numbers |= step->publish.seq == PUBLISH_SEQ_NUMBER;
    course->has_new_live |= course->has_new_numbers && is_numbered;
    course->id_count += has_id ? count : 0;
    course->numbered_count += is_numbered ? count : 0;
    if (is_live) {
        /* Directly behind the accept it goes out before the resync can come (S-9). */
        if (!course->is_carrying && (course->events & LINT_RESYNCS))
            course->events |= LINT_OVERTAKES | LINT_REPEATS;
        course->is_carrying = true;
        course->is_settled = false;
        course->has_number |= is_numbered;
        course->may_have_number |= is_numbered;
        course->advanced_ms = 0;
        if (course->is_held)
            course->events |= LINT_OVERTAKES | LINT_REPEATS;
    } else if (is_numbered && (course->events & LINT_CONNECTS)) {
        if (course->missed_count == 0)
            course->gap_ms = course->advanced_ms;
        course->missed_count += count;
        course->missed_step = index;
        if (type && type->row != EVENT_ROW_NONE && step->publish.store)
            course->missed_row_count += count;
    }
}

static void restart(struct course *course, const struct scenario_step *step)
{
    end_connection(course);
    course->events |= LINT_RESTARTS | (step->restart.how == DROP_SILENT ? LINT_SILENT : 0);
    if (step->restart.counter >= 0) {
        course->has_new_numbers = true;
        course->missed_count = course->missed_row_count = 0;
    } else if (!step->restart.keep_ring && course->missed_count > 0) {
        course->is_ring_lost = true;
    }
}

static void set(struct course *course, const struct scenario_step *step)
{
    if (step->set.has_resync) {
        course->is_held = step->set.resync == RESYNC_HOLD;
        course->events |= step->set.resync != RESYNC_AUTO ? LINT_ACK : 0;
    }
    if (step->set.has_ack && step->set.ack != ACK_AUTO)
        course->events |= LINT_ACK;
    if (step->set.has_write_delay)
        course->events |= LINT_ACK | LINT_OVERTAKES; /* live events go on beside a slow answer */
    if (step->set.has_cut) {
        course->is_cut_next = true;
        course->events |= LINT_CUTS | LINT_REPEATS;
        course->events |= step->set.cut_how == DROP_SILENT ? LINT_SILENT : 0;
    }
    if (step->set.has_live_before && step->set.live_before_replay > 0)
        course->events |= LINT_OVERTAKES | LINT_REPEATS;
    if (step->set.has_pong && step->set.ignore_pings)
        course->events |= LINT_SILENT;
    if (step->set.has_registering &&
        (step->set.registering == REGISTER_OMIT || step->set.registering == REGISTER_TWICE))
        course->events |= LINT_ACK;
    if (step->set.has_delivery_ack && step->set.ignores_delivery_acks)
        course->loses_acks = true;
}

static void send(struct course *course, const struct send_fields *send)
{
    course->events |= LINT_SENDS | LINT_EVENTS;
    if (send->kind == SEND_AGAIN)
        course->events |= LINT_REPEATS;
    if (send->as_row || send->kind != SEND_AGAIN)
        course->events |= LINT_UNNUMBERED;
    if (send->kind == SEND_FRAME) /* it may hold anything, the same number or id twice as well */
        course->events |= LINT_NO_ID | LINT_REPEATS;
    course->may_have_number = true;
    course->is_carrying = true;
    course->is_settled = false;
}

static void act(struct course *course, enum client_do action)
{
    if (action == CLIENT_DO_RECONNECT)
        end_connection(course);
    if (action == CLIENT_DO_THROW)
        course->events |= LINT_THROWS;
    if (action == CLIENT_DO_STOP)
        course->events |= LINT_STOPS;
}

static void follow(struct lint *lint, struct course *course, size_t index)
{
    const struct scenario_step *step = &lint->scenario->steps[index];
    switch (step->verb) {
    case VERB_ACCEPT:
        end_connection(course);
        begin_connection(lint, course);
        for (size_t i = 0; i < step->accept.with_count; i++)
            send(course, &step->accept.with[i]);
        break;
    case VERB_SETTLE:
        if (!course->is_open)
            begin_connection(lint, course);
        course->is_settled = course->is_carrying = true;
        break;
    case VERB_REFUSE:
        course->events |= LINT_REFUSES;
        break;
    case VERB_PUBLISH:
        publish(course, step, index);
        break;
    case VERB_SEND:
        send(course, &step->send);
        break;
    case VERB_DROP:
        course->events |= step->drop.how == DROP_SILENT ? LINT_SILENT : 0;
        end_connection(course);
        break;
    case VERB_CLOSE:
        end_connection(course);
        break;
    case VERB_RESTART:
        restart(course, step);
        break;
    case VERB_SET:
        set(course, step);
        break;
    case VERB_RELEASE:
        course->is_held = false;
        break;
    case VERB_ADVANCE:
        course->advanced_ms += step->advance.ms;
        break;
    case VERB_CLIENT:
        act(course, step->client.action);
        break;
    case VERB_SYNC:
    case VERB_EXPECT:
    case VERB_WAIT:
    case VERB_REPEAT:
    case VERB_COUNT:
        break;
    }
}

void lint_reach(struct lint *lint)
{
    struct course course = {.is_settled = true};
    for (size_t i = 0; i < lint->scenario->step_count; i++)
        follow(lint, &course, i);
    if (course.numbered_count > lint->scenario->server.ring)
        course.events |= LINT_FILLS_RING;
    if (course.id_count > WINDOW_COUNT)
        course.events |= LINT_MANY;
    struct jsonc_node root = {lint->scenario->document, 0};
    for (struct jsonc_node item = jsonc_child(lint_member(lint, root, "rules")); item.json;
         item = jsonc_next(&lint->document, item)) {
        const struct need *need = need_of(lint, rule_find(span_of(item.json->valuestring)));
        bool has_all = (course.events & need->all) == need->all;
        bool has_any = need->any == 0 || (course.events & need->any);
        if (has_all && has_any)
            continue;
        char hint[240];
        snprintf(hint, sizeof hint, "it needs %s", need->words);
        lint_add(lint, item, LINT_VALUE, false, hint,
                 "%s cannot come up in these steps: the scenario would test nothing by it",
                 item.json->valuestring);
    }
}
