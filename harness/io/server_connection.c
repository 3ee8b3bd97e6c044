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
/* One connection writes no more than this before the others have their turn. */
#define TURN_BYTES_MAX (1u << 20)
/* Under a millisecond libwebsockets' timers spin. */
#define DRAIN_POLL_US 2000
#define SLOW_POLL_US  20000
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

/* ---- what the kernel knows ---- */

static bool is_acknowledged(const struct connection *connection)
{
    int unacknowledged_bytes = 0;
    int file = loop_watch_descriptor(&connection->watch);
    return file >= 0 && ioctl(file, SIOCOUTQ, &unacknowledged_bytes) == 0 &&
           unacknowledged_bytes == 0;
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

/* What arrived before the end is told before the end: libwebsockets closes without another read
 * where a write fails or the kernel reports a hang-up first. */
static void deliver_rest(struct connection *connection, int file)
{
    const struct server_callbacks *callbacks = &connection->server->callbacks;
    char data[16384];
    while (connection->state == CONNECTION_OPEN) {
        ssize_t size_bytes = recv(file, data, sizeof data, MSG_DONTWAIT);
        if (size_bytes < 0 && errno == EINTR)
            continue;
        if (size_bytes <= 0)
            return;
        callbacks->on_received(callbacks->user, connection->number, data, (size_t)size_bytes);
    }
}

static void on_closed(struct loop_watch *watch, int file)
{
    struct connection *connection = watch->user;
    loop_timer_cancel(&connection->timer);
    if (connection->state == CONNECTION_OPEN || connection->state == CONNECTION_SILENT) {
        bool was_reset = tcp_state(file) == TCP_CLOSE;
        deliver_rest(connection, file);
        /* What was delivered may have made the session end it: then there is nothing to tell. */
        if (connection->state == CONNECTION_OPEN || connection->state == CONNECTION_SILENT)
            tell_ended(connection, was_reset);
    }
    connection->server->connections[connection->number - 1] = NULL;
    drop_queue(connection);
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

/* ---- reading and writing ---- */

static bool on_received(struct loop_watch *watch, const char *data, size_t size_bytes)
{
    struct connection *connection = watch->user;
    const struct server_callbacks *callbacks = &connection->server->callbacks;
    if (connection->state == CONNECTION_OPEN)
        callbacks->on_received(callbacks->user, connection->number, data, size_bytes);
    return connection->state != CONNECTION_DEAD;
}

static void poll_drained(void *user)
{
    struct connection *connection = user;
    const struct server_callbacks *callbacks = &connection->server->callbacks;
    if (!connection->is_drain_wanted || connection->state != CONNECTION_OPEN)
        return;
    if (!connection->first && is_acknowledged(connection)) {
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
    if (!*is_choked)
        drop_first_chunk(connection);
    return true;
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
           before_bytes - connection->queued_bytes < TURN_BYTES_MAX)
        if (!write_first_chunk(connection, file, &is_choked))
            return false;
    if (connection->first)
        loop_watch_want_write(watch);
    else if (connection->state == CONNECTION_FLUSHING)
        finish_writing(connection);
    else if (connection->is_drain_wanted)
        connection_drain(connection);
    return true;
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

bool connection_write(struct connection *connection, const char *data, size_t size_bytes,
                      bool own_segment)
{
    if (connection->state != CONNECTION_OPEN || size_bytes == 0)
        return true;
    if (size_bytes > SERVER_QUEUE_BYTES_MAX - connection->queued_bytes)
        return false;
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
    if (loop_watch_socket(server->loop, &connection->watch, file))
        return connection;
    free(connection);
    return NULL;
}

void connection_free(struct connection *connection)
{
    assert(!connection->watch.is_inside);
    connection->state = CONNECTION_DEAD;
    loop_watch_close(&connection->watch);
}
