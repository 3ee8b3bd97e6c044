/* The fake server's connections: how they come and how they end. */
#include "core/session_internal.h"

#include "core/memory.h"

#include <math.h>
#include <string.h>

struct connection *session_connection(struct session *session, uint32_t number)
{
    if (number == 0 || number > session->connection_count)
        return NULL;
    return &session->connections[number - 1];
}

struct connection *session_newest_open(struct session *session)
{
    for (size_t index = session->connection_count; index > 0; index--)
        if (session->connections[index - 1].state == CONNECTION_OPEN)
            return &session->connections[index - 1];
    return NULL;
}

struct transcript_entry server_entry_on(const struct session *session, enum transcript_kind kind,
                                        const struct connection *connection)
{
    struct transcript_entry entry = session_entry(session, kind);
    entry.connection = connection->number;
    return entry;
}

void server_tell_connect(struct session *session, struct connection *connection)
{
    if (connection->is_told)
        return;
    connection->is_told = true;
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_CONNECT, connection);
    session_record(session, &entry);
}

/* ---- how a connection ends ---- */

void server_record_end(struct session *session, struct connection *connection, const char *how,
                       double code)
{
    connection->state = CONNECTION_GONE;
    connection->has_held = false;
    if (session->node.registered == connection->number)
        session->node.registered = 0;
    server_forget_delayed(session, connection->number);
    if (connection->is_http)
        return; /* its exchange is told as a whole */
    server_tell_connect(session, connection);
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_END, connection);
    entry.name = how;
    entry.number = code;
    session_record(session, &entry);
}

void server_end_now(struct session *session, struct connection *connection, enum session_end end)
{
    session_effect(session, SESSION_EFFECT_END, connection->number)->end = end;
    if (end == SESSION_END_SILENT)
        connection->state = CONNECTION_SILENT;
    else
        server_record_end(session, connection, "server", NAN);
}

void server_record_drop(struct session *session, struct connection *connection, bool is_drained)
{
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_DROP, connection);
    entry.name = drop_how_name(connection->end_how);
    entry.flags = (is_drained ? TRANSCRIPT_FLAG_DRAINED : 0) |
                  (connection->ends_by_cut ? TRANSCRIPT_FLAG_CUT : 0);
    session_record(session, &entry);
}

/* The bytes are acknowledged, or have had their second: the connection ends. */
static void finish_drop(struct session *session, struct connection *connection, bool is_drained)
{
    server_record_drop(session, connection, is_drained);
    connection->end_deadline_us = INT64_MAX;
    switch (connection->end_how) {
    case DROP_RESET:
    case DROP_MID_FRAME:
        server_end_now(session, connection, SESSION_END_RESET);
        break;
    case DROP_FIN:
        server_end_now(session, connection, SESSION_END_FIN);
        break;
    case DROP_SILENT:
        server_end_now(session, connection, SESSION_END_SILENT);
        break;
    case DROP_CLOSE:
        server_close(session, connection, 1000, "");
        break;
    case DROP_HOW_COUNT:
        break;
    }
}

/* Half a frame: its header promises more than comes. */
static void write_half_frame(struct session *session, struct connection *connection)
{
    struct buffer *out = session_write(session, connection->number, false);
    static const char half[] = {(char)0x81, 100, '{', '"', 't', 'y', 'p', 'e', '"', ':'};
    buffer_append(out, half, sizeof(half));
}

void server_drop(struct session *session, struct connection *connection, enum drop_how how,
                 bool by_cut)
{
    if (how == DROP_MID_FRAME)
        write_half_frame(session, connection);
    server_forget_delayed(session, connection->number);
    connection->state = CONNECTION_DRAINING;
    connection->end_how = how;
    connection->ends_by_cut = by_cut;
    connection->end_deadline_us = session->now_us + session_scaled_us(session, SESSION_DRAIN_MS);
    session_effect(session, SESSION_EFFECT_DRAIN, connection->number);
}

void server_close(struct session *session, struct connection *connection, unsigned code,
                  const char *reason)
{
    ws_append_close(session_write(session, connection->number, false), code, reason, NULL);
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_WS_OUT, connection);
    entry.name = "close";
    entry.number = code;
    session_record(session, &entry);
    connection->state = CONNECTION_CLOSING;
    connection->end_deadline_us = session->now_us + session_scaled_us(session, SESSION_DRAIN_MS);
}

void server_violate(struct session *session, struct connection *connection, const char *what,
                    unsigned close_code)
{
    struct transcript_entry entry = server_entry_on(session, TRANSCRIPT_VIOLATION, connection);
    entry.text = what;
    session_record(session, &entry);
    server_close(session, connection, close_code, "");
}

/* What is no handshake yet, or was refused by silence, has nothing to wait for. */
void server_end_connections(struct session *session, enum drop_how how)
{
    for (size_t index = 0; index < session->connection_count; index++) {
        struct connection *connection = &session->connections[index];
        switch (connection->state) {
        case CONNECTION_OPEN:
            server_drop(session, connection, how, false);
            break;
        case CONNECTION_REQUEST:
        case CONNECTION_WAITING:
        case CONNECTION_STALLED:
            server_end_now(session, connection, SESSION_END_RESET);
            break;
        case CONNECTION_DRAINING:
        case CONNECTION_CLOSING:
        case CONNECTION_SILENT:
        case CONNECTION_GONE:
            break;
        }
    }
}

void server_update_port(struct session *session)
{
    bool is_open = !session->is_down;
    if (session->refusal_first < session->refusal_count)
        is_open = is_open && !session->refusals[session->refusal_first].is_closed;
    if (session->is_port_open == is_open)
        return;
    session->is_port_open = is_open;
    session_effect(session, SESSION_EFFECT_LISTEN, 0)->is_listening = is_open;
}

/* ---- inputs ---- */

uint32_t session_connected(struct session *session, int64_t now_us)
{
    session->now_us = now_us;
    session->connections = memory_reserve(
        session->connections, &session->connection_capacity_count, session->connection_count + 1,
        sizeof(*session->connections));
    struct connection *connection = &session->connections[session->connection_count++];
    *connection = (struct connection){
        .number = (uint32_t)session->connection_count,
        .end_deadline_us = INT64_MAX,
    };
    buffer_init(&connection->request,
                session_is_node(session) ? SESSION_HTTP_BYTES_MAX : WS_REQUEST_BYTES_MAX);
    ws_receiver_init(&connection->receiver, WS_ROLE_SERVER, SESSION_MESSAGE_BYTES_MAX);
    /* In the node stream its first bytes say whether it is one at all. */
    if (!session->is_done && !session_is_node(session))
        server_tell_connect(session, connection);
    if (session->connection_count > SESSION_CONNECTIONS_MAX && !session->is_done) {
        session_unmet(session, RULE_C16, "the client opened more than %d connections",
                      SESSION_CONNECTIONS_MAX);
        session_end_unmet(session);
        session_finish(session, "unmet", NULL);
    }
    return connection->number;
}

void session_received(struct session *session, uint32_t number, const char *data,
                      size_t size_bytes, int64_t now_us)
{
    struct connection *connection = session_connection(session, number);
    if (!connection || session->is_done)
        return;
    session->now_us = now_us;
    if (connection->state == CONNECTION_REQUEST)
        server_read_request(session, connection, data, size_bytes);
    else if (connection->state == CONNECTION_WAITING)
        buffer_append(&connection->request, data, size_bytes); /* early frames; bounded */
    else
        server_read_frames(session, number, data, size_bytes);
    session_advance(session);
}

void session_drained(struct session *session, uint32_t number, int64_t now_us)
{
    struct connection *connection = session_connection(session, number);
    if (!connection || connection->state != CONNECTION_DRAINING || session->is_done)
        return;
    session->now_us = now_us;
    finish_drop(session, connection, true);
    session_advance(session);
}

void session_ended(struct session *session, uint32_t number, bool was_reset, int64_t now_us)
{
    struct connection *connection = session_connection(session, number);
    if (!connection || connection->state == CONNECTION_GONE || session->is_done)
        return;
    session->now_us = now_us;
    if (connection->state == CONNECTION_REQUEST && connection->request.size_bytes == 0)
        session->wordless_count++;
    if (connection->state == CONNECTION_DRAINING) {
        /* The client was quicker: the drop is noted so that the schedule can be read. */
        server_record_drop(session, connection, false);
    }
    session_effect(session, SESSION_EFFECT_END, number)->end = SESSION_END_FIN;
    server_record_end(session, connection, was_reset ? "reset" : "fin", NAN);
    session_advance(session);
}

/* ---- time ---- */

void server_tick(struct session *session)
{
    server_flush_delayed(session);
    server_refuse_waiting(session);
    for (size_t index = 0; index < session->connection_count; index++) {
        struct connection *connection = &session->connections[index];
        if (session->now_us < connection->end_deadline_us)
            continue;
        if (connection->state == CONNECTION_DRAINING)
            finish_drop(session, connection, false);
        else if (connection->state == CONNECTION_CLOSING)
            server_end_now(session, connection, SESSION_END_FIN);
        else
            connection->end_deadline_us = INT64_MAX;
    }
}

int64_t server_deadline_us(const struct session *session)
{
    int64_t deadline_us = INT64_MAX;
    if (session->delayed_first < session->delayed_count)
        deadline_us = session->delayed[session->delayed_first].due_us;
    if (session->refusal_first < session->refusal_count) {
        const struct refusal *refusal = &session->refusals[session->refusal_first];
        if (refusal->is_closed && refusal->until_us < deadline_us)
            deadline_us = refusal->until_us;
    }
    for (size_t index = 0; index < session->connection_count; index++) {
        const struct connection *connection = &session->connections[index];
        bool is_ending = connection->state == CONNECTION_DRAINING ||
                         connection->state == CONNECTION_CLOSING;
        if (is_ending && connection->end_deadline_us < deadline_us)
            deadline_us = connection->end_deadline_us;
    }
    return deadline_us;
}
