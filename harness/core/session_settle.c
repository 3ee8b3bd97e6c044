/* The fence: everything sent so far has reached the application (scenario.md, `settle`). */
#include "core/session_internal.h"

#include <string.h>

#define SETTLE_ROUNDS_MAX 4 /* a client that goes on asking is not waited for for ever */

static void enter(struct session *session, enum settle_phase phase)
{
    session->settle.phase = phase;
    session->settle.phase_began_us = session->now_us;
    /* Time-outs count from the last progress, and a new phase is one. */
    session->last_progress_us = session->now_us;
}

void settle_begin(struct session *session)
{
    session->settle = (struct settle){0};
    enter(session, SETTLE_CONNECTION);
}

/* The settle's deadline follows the progress; `poll` sets the next moment to look. */
static void follow_progress(struct session *session)
{
    const struct scenario_step *step = session_current_step(session);
    int64_t timeout_us = session_scaled_us(session, step ? step->timeout_ms : 5000);
    session->step_deadline_us = session->last_progress_us + timeout_us;
}

static enum step_state refuse_to_settle(struct session *session)
{
    const char *why = NULL;
    const struct connection *open = session_newest_open(session);
    if (session->is_stopped)
        why = "the scenario settles after `stop`: nothing is owed any more";
    else if (session->has_given_up && !open)
        return session_unmet(session, RULE_C16,
                             "the client had given up reconnecting: nothing can reach it");
    else if (open && open->has_held)
        why = "the scenario settles while a resync is held: use `sync`, or `release` it first";
    if (!why)
        return STEP_WAITING;
    session_finish(session, "error", why);
    return STEP_DONE;
}

static void send_fence(struct session *session, bool is_numbered)
{
    struct publish_request request = {
        .type = "message.created",
        .channel = session_default_channel(session),
        .id_marker = UINT64_MAX,
        .is_numbered = is_numbered,
        .is_live = true,
        .is_fence = true,
        .only_connection = session->settle.connection,
    };
    uint64_t marker = server_publish(session, &request);
    if (is_numbered)
        session->settle.numbered_marker = marker;
    else
        session->settle.fence_marker = marker;
    session->settle.sent_count = session->sent_count;
}

static bool is_dispatched(const struct session *session, uint64_t marker)
{
    return marker && marker < session->dispatch_capacity_count && session->dispatch_counts[marker];
}

static enum step_state poll_resync(struct session *session, const struct connection *connection)
{
    int64_t wait_us = session_scaled_us(session, SESSION_RESYNC_DUE_MS);
    int64_t until_us = session->settle.phase_began_us + wait_us;
    bool is_missing = connection->is_due && !connection->has_resynced;
    if (is_missing && session->now_us < until_us) {
        session->wake_us = until_us;
        return STEP_WAITING;
    }
    session->wake_us = INT64_MAX; /* a moment that has passed would wake the loop for ever */
    if (session->delayed_first < session->delayed_count)
        return STEP_WAITING; /* the answer is still being written */
    session->settle.numbered_marker = 0;
    send_fence(session, false);
    enter(session, SETTLE_FENCE);
    return STEP_DONE;
}

static enum step_state poll_fence(struct session *session, struct connection *connection)
{
    struct settle *settle = &session->settle;
    /* The newest counts: a late first fence says nothing about the numbered one behind it. Where
     * nobody tells of dispatches, the pong behind it has to do. */
    if (session->config.is_wire_only ||
        is_dispatched(session, settle->numbered_marker ? settle->numbered_marker
                                                       : settle->fence_marker)) {
        server_ping(session, connection);
        enter(session, SETTLE_PONG);
        return STEP_DONE;
    }
    int64_t quiet_us = session_scaled_us(session, SESSION_FENCE_QUIET_MS);
    int64_t until_us = session->last_progress_us + quiet_us;
    if (settle->numbered_marker || session->delayed_first < session->delayed_count)
        return STEP_WAITING;
    if (session->now_us < until_us) {
        session->wake_us = until_us;
        return STEP_WAITING;
    }
    send_fence(session, true);
    session->last_progress_us = session->now_us;
    return STEP_WAITING;
}

static enum step_state poll_pong(struct session *session)
{
    struct settle *settle = &session->settle;
    if (!server_has_pong(session))
        return STEP_WAITING;
    bool is_quiet = session->sent_count == settle->sent_count &&
                    session->delayed_first == session->delayed_count;
    settle->rounds++;
    if (!is_quiet && settle->rounds < SETTLE_ROUNDS_MAX) {
        enter(session, SETTLE_RESYNC);
        return STEP_DONE;
    }
    if (session_is_node(session)) {
        enter(session, SETTLE_ACKS);
        return STEP_DONE;
    }
    settle->phase = SETTLE_CONNECTION; /* over; `settle_poll` sees the rounds */
    return STEP_SKIPPED;
}

/* The node stream has nothing to say before the client has registered. */
static enum step_state poll_registration(struct session *session,
                                         const struct connection *connection)
{
    if (node_is_registered(session, connection))
        return STEP_DONE;
    if (session->node.registering == REGISTER_ERROR && connection->was_refused) {
        session_finish(session, "error",
                       "the scenario settles while registrations are refused: `set` `register` to "
                       "`auto` first");
        return STEP_WAITING;
    }
    int64_t wait_us = session_scaled_us(session, SESSION_REGISTER_DUE_MS);
    int64_t until_us = session->last_progress_us + wait_us;
    if (session->now_us < until_us) {
        session->wake_us = until_us;
        return STEP_WAITING;
    }
    if (connection->was_refused)
        return session_unmet(session, RULE_C6,
                             "its registration on connection %u was refused with an error, and it "
                             "neither registered again nor reconnected: nothing can be delivered",
                             connection->opened_number);
    return session_unmet(session, RULE_C6,
                         "it did not register on connection %u: nothing can be delivered",
                         connection->opened_number);
}

/* What went out without a hole is acknowledged, or would have been by now. */
static enum step_state poll_acks(struct session *session)
{
    int64_t wait_us = session_scaled_us(session, SESSION_DELIVERY_ACK_MS);
    int64_t until_us = session->last_progress_us + wait_us;
    if (node_is_acknowledged(session) || session->now_us >= until_us)
        return STEP_SKIPPED;
    session->wake_us = until_us;
    return STEP_WAITING;
}

/* One phase: WAITING stays in it, DONE went on to another, SKIPPED means that all are over. */
static enum step_state poll_phase(struct session *session, struct connection *connection)
{
    switch (session->settle.phase) {
    case SETTLE_CONNECTION:
        session->settle.connection = connection->number;
        session->settle.fence_marker = session->settle.numbered_marker = 0;
        enter(session, SETTLE_RESYNC);
        return STEP_DONE;
    case SETTLE_RESYNC: {
        enum step_state state =
            session_is_node(session) ? poll_registration(session, connection) : STEP_DONE;
        return state == STEP_DONE ? poll_resync(session, connection) : state;
    }
    case SETTLE_FENCE:
        return poll_fence(session, connection);
    case SETTLE_PONG:
        return poll_pong(session);
    case SETTLE_ACKS:
        return poll_acks(session);
    }
    return STEP_WAITING;
}

enum step_state settle_poll(struct session *session)
{
    for (;;) {
        session->wake_us = INT64_MAX; /* an old moment to wake must not stay behind */
        enum step_state state = refuse_to_settle(session);
        if (state != STEP_WAITING)
            return state;
        struct connection *connection = session_newest_open(session);
        if (!connection && session->refusal_first == session->refusal_count)
            connection = server_accept(session, NULL, NULL);
        bool is_other = connection && connection->number != session->settle.connection;
        if ((!connection || is_other) && session->settle.phase != SETTLE_CONNECTION)
            enter(session, SETTLE_CONNECTION);
        if (!connection) {
            follow_progress(session);
            return STEP_WAITING;
        }
        state = poll_phase(session, connection);
        follow_progress(session);
        if (state == STEP_SKIPPED)
            return STEP_DONE;
        if (state != STEP_DONE)
            return state;
    }
}

bool settle_is_unconnected(const struct session *session)
{
    const struct scenario_step *step = session_current_step(session);
    return session->is_step_begun && (!step || step->verb == VERB_SETTLE) &&
           session->settle.phase == SETTLE_CONNECTION;
}

enum step_state settle_time_out(struct session *session)
{
    long long quiet_ms = (session->now_us - session->last_progress_us) / 1000;
    switch (session->settle.phase) {
    case SETTLE_CONNECTION:
        if (session->opened_count == 0)
            return session_unmet(session, RULE_C16,
                                 "the client did not connect within %lld ms", quiet_ms);
        return session_unmet(session, RULE_C16,
                             "the client did not reconnect within %lld ms after connection %u "
                             "was lost",
                             quiet_ms, session->opened_count);
    case SETTLE_FENCE:
        return session_unmet(session, RULE_STEP,
                             "the application did not get the fence events gc-%llu and gc-%llu "
                             "within %lld ms: the client is connected but dispatches nothing more",
                             (unsigned long long)session->settle.fence_marker,
                             (unsigned long long)session->settle.numbered_marker, quiet_ms);
    case SETTLE_PONG:
        return session_unmet(session, RULE_C24,
                             "the client did not answer a WebSocket ping within %lld ms", quiet_ms);
    case SETTLE_RESYNC:
    case SETTLE_ACKS:
        break;
    }
    return session_unmet(session, RULE_STEP, "the scenario did not settle within %lld ms",
                         quiet_ms);
}
