#define _GNU_SOURCE /* struct tcp_info */
#include "io/server_internal.h"

#include "core/memory.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Small writes are joined up to here: a ring of 500 events is one system call. */
#define CHUNK_BYTES_MAX (256u << 10)
#define READ_BYTES      16384
/* One connection writes no more than this before the others have their turn. */
#define TURN_BYTES_MAX (1u << 20)
/* Under a millisecond libwebsockets' timers spin. */
#define DRAIN_POLL_US 2000
#define SLOW_POLL_US  20000
#define PACE_US       1000
/* How long a FIN waits for the queue to be written, and then for the peer's own. */
#define LINGER_US 5000000

struct chunk {
    struct chunk *next;
    bool own_segment;
    size_t sent_bytes;
    size_t size_bytes;
    size_t capacity_bytes;
    char *data;
};

/* ---- the queue ---- */

static void drop_first_chunk(struct connection *connection)
{
    struct chunk *chunk = connection->first;
    connection->first = chunk->next;
    if (!connection->first)
        connection->last = NULL;
    free(chunk->data);
    free(chunk);
}

static void drop_queue(struct connection *connection)
{
    while (connection->first)
        drop_first_chunk(connection);
    connection->queued_bytes = 0;
}

static struct chunk *add_chunk(struct connection *connection, bool own_segment)
{
    struct chunk *chunk = memory_alloc(1, sizeof *chunk);
    chunk->own_segment = own_segment;
    if (connection->last)
        connection->last->next = chunk;
    else
        connection->first = chunk;
    connection->last = chunk;
    return chunk;
}

/* Queues bytes as they go out on the socket. */
static void queue_bytes(struct connection *connection, const char *data, size_t size_bytes,
                        bool own_segment)
{
    struct chunk *chunk = connection->last;
    if (!chunk || own_segment || chunk->own_segment ||
        chunk->size_bytes + size_bytes > CHUNK_BYTES_MAX)
        chunk = add_chunk(connection, own_segment);
    chunk->data =
        memory_grow(chunk->data, &chunk->capacity_bytes, chunk->size_bytes + size_bytes, 1);
    memcpy(chunk->data + chunk->size_bytes, data, size_bytes);
    chunk->size_bytes += size_bytes;
    connection->queued_bytes += size_bytes;
    /* Not written at once: what follows in the same turn of the loop joins it. */
    loop_watch_want_write(&connection->watch);
}

/* Queues what TLS has to say. */
static void flush_tls(struct connection *connection, bool own_segment)
{
    struct buffer bytes;
    buffer_init(&bytes, BUFFER_NO_LIMIT);
    tls_flush(connection->tls, &bytes);
    if (bytes.size_bytes > 0)
        queue_bytes(connection, bytes.data, bytes.size_bytes, own_segment);
    buffer_free(&bytes);
}

/* ---- what the kernel knows ---- */

/* What is said before TLS is ready is not even in the queue. */
static bool is_waiting_for_handshake(const struct connection *connection)
{
    return connection->tls && tls_waiting_bytes(connection->tls) > 0;
}

static bool is_acknowledged(const struct connection *connection)
{
    int unacknowledged_bytes = 0;
    int file = loop_watch_descriptor(&connection->watch);
    return file >= 0 && ioctl(file, SIOCOUTQ, &unacknowledged_bytes) == 0 &&
           unacknowledged_bytes == 0;
}

/* Whether the next write would become part of a segment that is still to be sent: where the peer's
 * acknowledgements are waited for, even TCP_NODELAY joins what is written meanwhile. */
static bool would_join(const struct connection *connection, int file)
{
    bool must_be_apart = connection->first->own_segment || connection->is_behind_own_segment;
    int unsent_bytes = 0;
    return must_be_apart && connection->first->sent_bytes == 0 &&
           ioctl(file, SIOCOUTQNSD, &unsent_bytes) == 0 && unsent_bytes > 0;
}

/* The socket's state as the kernel names it (TCP_ESTABLISHED, …). libwebsockets eats the errno
 * that would tell a RST from a FIN; the state still does. */
static int tcp_state(int file)
{
    struct tcp_info info = {0};
    socklen_t info_bytes = sizeof info;
    if (getsockopt(file, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) != 0)
        return TCP_CLOSE;
    return info.tcpi_state;
}

/* ---- the peer ends it ---- */

static void tell_ended(struct connection *connection, bool was_reset)
{
    if (connection->is_ended_told)
        return;
    connection->is_ended_told = true;
    const struct server_callbacks *callbacks = &connection->server->callbacks;
    callbacks->on_ended(callbacks->user, connection->number, was_reset);
}

/* ---- reading ---- */

static void deliver_decrypted(struct connection *connection, const char *data, size_t size_bytes)
{
    const struct server_callbacks *callbacks = &connection->server->callbacks;
    char plain[READ_BYTES];
    size_t plain_bytes;
    tls_take(connection->tls, data, size_bytes);
    while (connection->state == CONNECTION_OPEN &&
           (plain_bytes = tls_read(connection->tls, plain, sizeof plain)) > 0)
        callbacks->on_received(callbacks->user, connection->number, plain, plain_bytes);
    if (connection->state != CONNECTION_OPEN)
        return;
    flush_tls(connection, false);
    bool is_broken = tls_state(connection->tls) == TLS_BROKEN;
    if (is_broken || tls_state(connection->tls) == TLS_ENDED)
        tell_ended(connection, false);
    if (is_broken)
        connection_end(connection, SESSION_END_FIN);
}

/* Tells what the socket brought, while somebody wants to hear it. */
static void deliver(struct connection *connection, const char *data, size_t size_bytes)
{
    const struct server_callbacks *callbacks = &connection->server->callbacks;
    if (connection->tls)
        deliver_decrypted(connection, data, size_bytes);
    else
        callbacks->on_received(callbacks->user, connection->number, data, size_bytes);
}

/* What arrived before the end is told before the end: libwebsockets closes without another read
 * where a write fails or the kernel reports a hang-up first. */
static void deliver_rest(struct connection *connection, int file)
{
    char data[READ_BYTES];
    while (connection->state == CONNECTION_OPEN) {
        ssize_t size_bytes = recv(file, data, sizeof data, MSG_DONTWAIT);
        if (size_bytes < 0 && errno == EINTR)
            continue;
        if (size_bytes <= 0)
            return;
        deliver(connection, data, (size_t)size_bytes);
    }
}

static void on_closed(struct loop_watch *watch, int file)
{
    struct connection *connection = watch->user;
    loop_timer_cancel(&connection->timer);
    loop_timer_cancel(&connection->pace_timer);
    if (connection->state == CONNECTION_OPEN || connection->state == CONNECTION_SILENT) {
        bool was_reset = tcp_state(file) == TCP_CLOSE;
        deliver_rest(connection, file);
        /* What was delivered may have made the session end it: then there is nothing to tell. */
        if (connection->state == CONNECTION_OPEN || connection->state == CONNECTION_SILENT)
            tell_ended(connection, was_reset);
    }
    connection->server->connections[connection->number - 1] = NULL;
    drop_queue(connection);
    tls_free(connection->tls);
    free(connection);
}

static void poll_silent(void *user)
{
    struct connection *connection = user;
    /* Nothing is read, so no event tells that the peer ended it. A RST hangs up by itself. */
    if (tcp_state(loop_watch_descriptor(&connection->watch)) == TCP_CLOSE_WAIT) {
        tell_ended(connection, false);
        return;
    }
    loop_timer_set(connection->server->loop, &connection->timer, SLOW_POLL_US, poll_silent,
                   connection);
}

static bool on_received(struct loop_watch *watch, const char *data, size_t size_bytes)
{
    struct connection *connection = watch->user;
    if (connection->state == CONNECTION_OPEN)
        deliver(connection, data, size_bytes);
    return connection->state != CONNECTION_DEAD;
}

/* ---- writing ---- */

static void poll_drained(void *user)
{
    struct connection *connection = user;
    const struct server_callbacks *callbacks = &connection->server->callbacks;
    if (!connection->is_drain_wanted || connection->state != CONNECTION_OPEN)
        return;
    bool is_written = !connection->first && !is_waiting_for_handshake(connection);
    if (is_written && is_acknowledged(connection)) {
        connection->is_drain_wanted = false;
        callbacks->on_drained(callbacks->user, connection->number);
        return;
    }
    /* Rarer with time: a peer that delays its acknowledgement takes 40 ms. */
    loop_timer_set(connection->server->loop, &connection->timer, connection->drain_poll_us,
                   poll_drained, connection);
    if (connection->drain_poll_us < SLOW_POLL_US)
        connection->drain_poll_us *= 2;
}

static void stop_lingering(void *user)
{
    struct connection *connection = user;
    loop_watch_close(&connection->watch);
}

/* Sends the FIN of a connection whose queue is written. */
static void finish_writing(struct connection *connection)
{
    connection->state = CONNECTION_LINGERING;
    shutdown(loop_watch_descriptor(&connection->watch), SHUT_WR);
}

/* Writes what the kernel takes of the first chunk. Our own send and not lws_write: that one would
 * keep the rest of a partial write in a list of its own, stop reading meanwhile (and spin), and
 * hide from us how much is still queued. False if the connection is broken. */
static bool write_first_chunk(struct connection *connection, int file, bool *is_choked)
{
    struct chunk *chunk = connection->first;
    size_t left_bytes = chunk->size_bytes - chunk->sent_bytes;
    ssize_t sent_bytes =
        send(file, chunk->data + chunk->sent_bytes, left_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent_bytes < 0) {
        *is_choked = true;
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS;
    }
    connection->queued_bytes -= (size_t)sent_bytes;
    chunk->sent_bytes += (size_t)sent_bytes;
    *is_choked = chunk->sent_bytes < chunk->size_bytes;
    if (*is_choked)
        return true;
    connection->is_behind_own_segment = chunk->own_segment;
    drop_first_chunk(connection);
    return true;
}

static void go_on_writing(void *user)
{
    struct connection *connection = user;
    loop_watch_want_write(&connection->watch);
}

static bool on_writable(struct loop_watch *watch)
{
    struct connection *connection = watch->user;
    if (connection->state != CONNECTION_OPEN && connection->state != CONNECTION_FLUSHING)
        return connection->state != CONNECTION_DEAD;
    int file = loop_watch_descriptor(watch);
    size_t before_bytes = connection->queued_bytes;
    bool is_choked = false;
    while (connection->first && !is_choked &&
           before_bytes - connection->queued_bytes < TURN_BYTES_MAX) {
        if (would_join(connection, file)) {
            loop_timer_set(connection->server->loop, &connection->pace_timer, PACE_US,
                           go_on_writing, connection);
            return true;
        }
        if (!write_first_chunk(connection, file, &is_choked))
            return false;
    }
    if (connection->first)
        loop_watch_want_write(watch);
    else if (connection->state == CONNECTION_FLUSHING)
        finish_writing(connection);
    else if (connection->is_drain_wanted)
        connection_drain(connection);
    return true;
}

bool connection_write(struct connection *connection, const char *data, size_t size_bytes,
                      bool own_segment)
{
    if (connection->state != CONNECTION_OPEN || size_bytes == 0)
        return true;
    size_t waiting_bytes = connection->tls ? tls_waiting_bytes(connection->tls) : 0;
    if (size_bytes > SERVER_QUEUE_BYTES_MAX - connection->queued_bytes - waiting_bytes)
        return false;
    if (connection->tls) {
        tls_write(connection->tls, data, size_bytes);
        flush_tls(connection, own_segment);
    } else {
        queue_bytes(connection, data, size_bytes, own_segment);
    }
    return true;
}

void connection_drain(struct connection *connection)
{
    if (connection->state != CONNECTION_OPEN)
        return;
    connection->is_drain_wanted = true;
    connection->drain_poll_us = DRAIN_POLL_US;
    loop_timer_set(connection->server->loop, &connection->timer, 0, poll_drained, connection);
}

/* ---- we end it ---- */

static void reset(struct connection *connection)
{
    connection->state = CONNECTION_DEAD;
    drop_queue(connection);
    /* With a linger time of zero close() sends RST and forgets what is unsent. */
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(loop_watch_descriptor(&connection->watch), SOL_SOCKET, SO_LINGER, &at_once,
               sizeof at_once);
    loop_watch_close(&connection->watch);
}

/* A close() with bytes of the peer unread would send RST, so they are read away until the peer
 * closes, too, or the time is up. */
static void end_with_fin(struct connection *connection)
{
    if (connection->tls) {
        tls_close(connection->tls);
        flush_tls(connection, false);
    }
    connection->state = CONNECTION_FLUSHING;
    loop_timer_set(connection->server->loop, &connection->timer, LINGER_US, stop_lingering,
                   connection);
    if (!connection->first)
        finish_writing(connection);
}

static void silence(struct connection *connection)
{
    connection->state = CONNECTION_SILENT;
    drop_queue(connection);
    loop_watch_pause_reading(&connection->watch);
    loop_timer_set(connection->server->loop, &connection->timer, SLOW_POLL_US, poll_silent,
                   connection);
}

void connection_end(struct connection *connection, enum session_end how)
{
    connection->is_drain_wanted = false;
    /* One that is being closed already only has to know that nobody wants to hear of it. */
    if (loop_watch_descriptor(&connection->watch) < 0) {
        connection->state = CONNECTION_DEAD;
        return;
    }
    if (connection->state != CONNECTION_OPEN && connection->state != CONNECTION_SILENT)
        return;
    loop_timer_cancel(&connection->timer);
    switch (how) {
    case SESSION_END_RESET:
        reset(connection);
        return;
    case SESSION_END_FIN:
        end_with_fin(connection);
        return;
    case SESSION_END_SILENT:
        silence(connection);
        return;
    }
}

/* ---- life ---- */

struct connection *connection_new(struct server *server, uint32_t number, int file)
{
    struct connection *connection = memory_alloc(1, sizeof *connection);
    connection->server = server;
    connection->number = number;
    connection->watch = (struct loop_watch){
        .on_received = on_received,
        .on_writable = on_writable,
        .on_closed = on_closed,
        .user = connection,
    };
    int no_delay = 1;
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
    if (server->identity)
        connection->tls = tls_new_server(server->identity);
    if (loop_watch_socket(server->loop, &connection->watch, file))
        return connection;
    tls_free(connection->tls);
    free(connection);
    return NULL;
}

void connection_free(struct connection *connection)
{
    assert(!connection->watch.is_inside);
    connection->state = CONNECTION_DEAD;
    loop_watch_close(&connection->watch);
}
