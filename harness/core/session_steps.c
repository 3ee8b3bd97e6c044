/* The verbs: what each does when it begins, and what it waits for. */
#include "core/session_internal.h"

#include "core/memory.h"

#include <stdio.h>
#include <string.h>

#define BARRIER_MS 1000 /* how long an op that nobody answers is waited for */

/* ---- accept, refuse ---- */

static enum step_state poll_accept(struct session *session, const struct scenario_step *step)
{
    if (session->refusal_first < session->refusal_count) {
        /* Those to refuse come first. Each shows that the client goes on trying, with delays that
         * grow: the time counts from the last of them. */
        int64_t timeout_us = session_scaled_us(session, step->timeout_ms);
        if (session->refused_us + timeout_us > session->step_deadline_us)
            session->step_deadline_us = session->refused_us + timeout_us;
        return STEP_WAITING;
    }
    struct connection *connection =
        server_accept(session, step->accept.path, step->accept.token);
    if (!connection)
        return STEP_WAITING;
    uint32_t number = connection->number;
    for (size_t index = 0; index < step->accept.with_count; index++)
        if (!server_send_fields(session, session_connection(session, number),
                                &step->accept.with[index]))
            return STEP_UNMET;
    return STEP_DONE;
}

static enum step_state never_connected(struct session *session, long long waited_ms)
{
    unsigned token_refused_count = session->node.token_refused_count;
    char wordless[160] = "", tokens[60] = "";
    if (token_refused_count > 0)
        snprintf(tokens, sizeof tokens, ", %u request%s for a token refused", token_refused_count,
                 token_refused_count == 1 ? "" : "s");
    if (session->wordless_count > 0)
        snprintf(wordless, sizeof wordless, ", %u ended before a request%s",
                 session->wordless_count,
                 session->config.ca_file
                     ? ", as by a client that does not trust the certificate in options.ca_file"
                     : "");
    return session_unmet(session, RULE_C16,
                         "the client never connected: no upgrade of %s within %lld ms "
                         "(%u connection%s refused%s%s)",
                         session_path(session), waited_ms, session->refused_count,
                         session->refused_count == 1 ? "" : "s", tokens, wordless);
}

static enum step_state time_out_accept(struct session *session)
{
    if (session->is_stopped)
        return session_unmet(session, RULE_STEP, "no connection came: the application had stopped");
    if (session->has_given_up)
        return session_unmet(session, RULE_C16,
                             "the client gave up reconnecting while the server waited for it");
    long long waited_ms = (session->now_us - session->step_began_us) / 1000;
    if (session->opened_count == 0)
        return never_connected(session, waited_ms);
    return session_unmet(session, RULE_C16,
                         "the client did not reconnect within %lld ms after connection %u was lost",
                         waited_ms, session->opened_count);
}

static void begin_refuse(struct session *session, const struct scenario_step *step)
{
    struct refusal refusal = {
        .how = step->refuse.how,
        .left = step->refuse.times,
        .status = (unsigned)step->refuse.status,
        .headers = step->refuse.headers ? step->refuse.headers : "",
        .for_ms = step->refuse.for_ms,
    };
    struct session_node *node = &session->node;
    if (step->refuse.at == REFUSE_AT_TOKEN) {
        node->refusals = memory_grow(node->refusals, &node->refusal_capacity_count,
                                     node->refusal_count + 1, sizeof(*node->refusals));
        node->refusals[node->refusal_count++] = refusal;
        return;
    }
    session->refusals = memory_grow(session->refusals, &session->refusal_capacity_count,
                                    session->refusal_count + 1, sizeof(*session->refusals));
    session->refusals[session->refusal_count++] = refusal;
    server_refuse_waiting(session);
}

/* ---- publish ---- */

static void publish_one(struct session *session, const struct scenario_step *step)
{
    uint64_t index = (uint64_t)step->publish.count - session->publish_left;
    const char *channel = step->publish.channel;
    struct publish_request request = {
        .type = step->publish.type,
        .channel = channel ? channel : session_default_channel(session),
        .size_bytes = (uint32_t)step->publish.size_bytes,
        .is_numbered = step->publish.seq != PUBLISH_SEQ_NONE,
        .has_number = step->publish.seq == PUBLISH_SEQ_NUMBER,
        .number = step->publish.seq_number + (int64_t)index,
        .is_live = step->publish.live,
        .is_stored = step->publish.store,
    };
    const struct event_type *type = event_type_find(span_of(step->publish.type));
    bool has_id = !type || type->has_id;
    switch (step->publish.id) {
    case PUBLISH_ID_FRESH:
        request.id_marker = has_id ? UINT64_MAX : 0;
        break;
    case PUBLISH_ID_NONE:
        request.id_marker = 0;
        break;
    case PUBLISH_ID_SAME:
        request.id_marker = session->last_marker
                                ? model_event(&session->model, session->last_marker)->id_marker
                                : UINT64_MAX;
        break;
    }
    session->publish_left--;
    if (session->publish_left == 0)
        request.as = step->publish.as;
    session->last_marker = server_publish(session, &request);
}

static enum step_state poll_publish(struct session *session, const struct scenario_step *step)
{
    while (session->publish_left && !session->is_done) {
        uint64_t done = (uint64_t)step->publish.count - session->publish_left;
        int64_t due_us = session->step_began_us + (int64_t)done * step->publish.every_ms * 1000;
        if (session->now_us < due_us) {
            session->wake_us = due_us;
            session->step_deadline_us = INT64_MAX; /* its own pace; the scenario's time bounds it */
            return STEP_WAITING;
        }
        publish_one(session, step);
    }
    return STEP_DONE;
}

/* ---- sync ---- */

static void begin_sync(struct session *session)
{
    struct connection *connection = session_newest_open(session);
    session->synced_connection = connection ? connection->number : 0;
    if (connection)
        server_ping(session, connection);
}

static enum step_state poll_sync(struct session *session)
{
    const struct connection *connection = session_connection(session, session->synced_connection);
    if (!connection)
        return session_unmet(session, RULE_STEP,
                             "there is no open connection to sync: the client had ended it");
    if (server_has_pong(session))
        return STEP_DONE;
    if (connection->state != CONNECTION_OPEN)
        return session_unmet(session, RULE_STEP,
                             "the connection ended before the client answered a WebSocket ping");
    return STEP_WAITING;
}

/* ---- ends ---- */

static void begin_drop(struct session *session, enum drop_how how)
{
    struct connection *connection = session_newest_open(session);
    if (connection)
        server_drop(session, connection, how, false);
    session_begin_window(session, session->transcript->count);
}

static bool is_any_ending(const struct session *session)
{
    for (size_t index = 0; index < session->connection_count; index++) {
        enum connection_state state = session->connections[index].state;
        if (state == CONNECTION_DRAINING || state == CONNECTION_CLOSING)
            return true;
    }
    return false;
}

static void begin_close(struct session *session, const struct scenario_step *step)
{
    struct connection *connection = session_newest_open(session);
    if (connection)
        server_close(session, connection, (unsigned)step->close.code, step->close.reason);
    session_begin_window(session, session->transcript->count);
}

/* ---- restart ---- */

static void begin_restart(struct session *session, const struct scenario_step *step)
{
    session_begin_window(session, session->transcript->count);
    session->is_down = true;
    server_update_port(session);
    server_end_connections(session, step->restart.how);
}

static void come_back(struct session *session, const struct scenario_step *step)
{
    /* The node stream's numbers and its queue are durable. */
    bool is_node = session_is_node(session);
    int64_t counter = is_node ? -1 : step->restart.counter;
    model_restart(&session->model, counter, is_node || step->restart.keep_ring,
                  step->restart.keep_db);
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_RESTART);
    entry.number = (double)counter;
    entry.number2 = (double)step->restart.down_ms;
    entry.flags = (is_node || step->restart.keep_ring ? TRANSCRIPT_FLAG_KEEP_RING : 0) |
                  (step->restart.keep_db ? TRANSCRIPT_FLAG_KEEP_DB : 0);
    session_record(session, &entry);
    session->is_down = false;
    server_update_port(session);
}

static enum step_state poll_restart(struct session *session, const struct scenario_step *step)
{
    if (is_any_ending(session))
        return STEP_WAITING;
    int64_t back_us = session->step_began_us + step->restart.down_ms * 1000;
    if (session->now_us < back_us) {
        session->wake_us = back_us;
        session->step_deadline_us = INT64_MAX;
        return STEP_WAITING;
    }
    come_back(session, step);
    return STEP_DONE;
}

/* ---- set, release, advance ---- */

static void begin_set(struct session *session, const struct scenario_step *step)
{
    if (step->set.has_resync)
        session->behaviour.resync = step->set.resync;
    if (step->set.has_ack) {
        session->behaviour.ack = step->set.ack;
        session->behaviour.ack_fields = step->set.ack_fields;
    }
    if (step->set.has_order)
        session->behaviour.order = (enum resync_order)step->set.order;
    if (step->set.has_pong)
        session->behaviour.ignore_pings = step->set.ignore_pings;
    if (step->set.has_token) {
        session->behaviour.token = step->set.token;
        session->node.accepts_any_token = !step->set.token;
    }
    if (step->set.has_registering)
        session->node.registering = step->set.registering;
    if (step->set.has_delivery_ack)
        session->node.ignores_acks = step->set.ignores_delivery_acks;
    if (step->set.has_write_delay)
        session->behaviour.write_delay_ms = step->set.write_delay_ms;
    if (step->set.has_live_before)
        session->behaviour.live_before_replay = step->set.live_before_replay;
    if (step->set.has_cut) {
        session->behaviour.cut_replay_after = step->set.cut_replay_after;
        session->behaviour.cut_how = step->set.cut_how;
    }
}

static enum step_state poll_release(struct session *session)
{
    bool is_open = false;
    for (size_t index = 0; index < session->connection_count; index++) {
        struct connection *connection = &session->connections[index];
        is_open = is_open || connection->state == CONNECTION_OPEN;
        if (!connection->has_held || connection->state != CONNECTION_OPEN)
            continue;
        connection->has_held = false;
        struct resync_request held = connection->held;
        server_answer(session, connection, &held);
        return STEP_DONE;
    }
    return is_open ? STEP_WAITING : STEP_DONE; /* its connection is gone: forgotten */
}

static void begin_advance(struct session *session, const struct scenario_step *step)
{
    session->advanced_ms += step->advance.ms;
    struct transcript_entry entry = session_entry(session, TRANSCRIPT_CLOCK);
    entry.number = (double)session_server_ms(session);
    session_record(session, &entry);
}

/* ---- client ---- */

static void begin_client(struct session *session, const struct scenario_step *step)
{
    driver_tell(session, client_do_name(step->client.action), &step->client.channels,
                step->client.ms);
    if (step->client.action != CLIENT_DO_THROW && step->client.action != CLIENT_DO_SLOW)
        return;
    driver_tell_barrier(session);
    session->step_deadline_us = session->now_us + session_scaled_us(session, BARRIER_MS);
}

static enum step_state poll_client(struct session *session, const struct scenario_step *step)
{
    switch (step->client.action) {
    case CLIENT_DO_STOP:
        return session->is_stopped ? STEP_DONE : STEP_WAITING;
    case CLIENT_DO_THROW:
    case CLIENT_DO_SLOW:
        return session->barrier_answered >= session->barrier_count ? STEP_DONE : STEP_WAITING;
    case CLIENT_DO_SUBSCRIBE:
    case CLIENT_DO_UNSUBSCRIBE:
    case CLIENT_DO_RECONNECT:
    case CLIENT_DO_COUNT:
        break;
    }
    return STEP_DONE;
}

/* ---- the table ---- */

static void begin_send(struct session *session, const struct scenario_step *step)
{
    struct connection *connection = session_newest_open(session);
    if (connection)
        server_send_fields(session, connection, &step->send);
    else
        session_unmet(session, RULE_STEP,
                      "there is no open connection to send on: the client had ended it");
}

void step_begin(struct session *session, const struct scenario_step *step)
{
    switch (step->verb) {
    case VERB_REFUSE:
        begin_refuse(session, step);
        break;
    case VERB_PUBLISH:
        session->publish_left = (uint64_t)step->publish.count;
        break;
    case VERB_SEND:
        begin_send(session, step);
        break;
    case VERB_SETTLE:
        settle_begin(session);
        break;
    case VERB_SYNC:
        begin_sync(session);
        break;
    case VERB_DROP:
        begin_drop(session, step->drop.how);
        break;
    case VERB_CLOSE:
        begin_close(session, step);
        break;
    case VERB_RESTART:
        begin_restart(session, step);
        break;
    case VERB_SET:
        begin_set(session, step);
        break;
    case VERB_ADVANCE:
        begin_advance(session, step);
        break;
    case VERB_CLIENT:
        begin_client(session, step);
        break;
    case VERB_WAIT:
        session->wake_us = session->step_began_us + step->wait.ms * 1000;
        session->step_deadline_us = INT64_MAX;
        break;
    case VERB_ACCEPT:
    case VERB_EXPECT:
    case VERB_RELEASE:
    case VERB_REPEAT:
    case VERB_COUNT:
        break;
    }
}

enum step_state step_poll(struct session *session, const struct scenario_step *step)
{
    switch (step->verb) {
    case VERB_ACCEPT:
        return poll_accept(session, step);
    case VERB_PUBLISH:
        return poll_publish(session, step);
    case VERB_SEND:
        return session->unmet[0] ? STEP_UNMET : STEP_DONE;
    case VERB_SETTLE:
        return settle_poll(session);
    case VERB_SYNC:
        return poll_sync(session);
    case VERB_EXPECT:
        return expect_poll(session, &step->expect);
    case VERB_DROP:
    case VERB_CLOSE:
        return is_any_ending(session) ? STEP_WAITING : STEP_DONE;
    case VERB_RESTART:
        return poll_restart(session, step);
    case VERB_RELEASE:
        return poll_release(session);
    case VERB_CLIENT:
        return poll_client(session, step);
    case VERB_WAIT:
        return session->now_us >= session->wake_us ? STEP_DONE : STEP_WAITING;
    case VERB_REFUSE:
    case VERB_SET:
    case VERB_ADVANCE:
    case VERB_REPEAT:
    case VERB_COUNT:
        break;
    }
    return STEP_DONE;
}

enum step_state step_time_out(struct session *session, const struct scenario_step *step)
{
    switch (step->verb) {
    case VERB_ACCEPT:
        return time_out_accept(session);
    case VERB_SETTLE:
        return settle_time_out(session);
    case VERB_EXPECT:
        return expect_time_out(session, &step->expect);
    case VERB_SYNC:
        return session_unmet(session, RULE_C24,
                             "the client did not answer a WebSocket ping within %lld ms",
                             (long long)step->timeout_ms);
    case VERB_RELEASE:
        return session_unmet(session, RULE_STEP,
                             "no resync came within %lld ms that could be released",
                             (long long)step->timeout_ms);
    case VERB_CLIENT:
        if (step->client.action != CLIENT_DO_STOP)
            return STEP_DONE; /* an old driver that does not answer: the order is not certain */
        return session_unmet(session, RULE_STEP, "the driver did not answer `stop` within %lld ms",
                             (long long)step->timeout_ms);
    default:
        return session_unmet(session, RULE_STEP, "the step did not end within %lld ms",
                             (long long)step->timeout_ms);
    }
}
