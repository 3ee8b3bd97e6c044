/* What the server's tests share: a server that writes down what it is told, and its peer, a plain
 * socket. Both live in one process; whoever waits turns the loop. */
#ifndef GAPCHECK_IO_SERVER_FIXTURE_H
#define GAPCHECK_IO_SERVER_FIXTURE_H

#include "io/server.h"

#include "core/memory.h"
#include "io/clock.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a server that writes down what it is told ---- */

struct record {
    struct loop *loop;
    struct server *server;
    struct loop_timer pulse;
    uint32_t connected_count, drained_count, ended_count;
    bool was_reset;
    struct buffer received;
    char order[64]; /* c, r, d, e as they came (runs of r once) */
    /* What to do from within the next on_received or on_connected. */
    void (*on_next_received)(struct record *record, uint32_t connection);
    void (*on_next_connected)(struct record *record, uint32_t connection);
};

static struct record record;

static inline void note(char event)
{
    size_t length = strlen(record.order);
    if (length + 1 < sizeof record.order &&
        (event != 'r' || length == 0 || record.order[length - 1] != 'r'))
        record.order[length] = event;
}

static inline void on_connected(void *user, uint32_t connection)
{
    (void)user;
    note('c');
    cr_expect_eq(connection, ++record.connected_count);
    if (record.on_next_connected)
        record.on_next_connected(&record, connection);
}

static inline void on_received(void *user, uint32_t connection, const char *data, size_t size_bytes)
{
    (void)user;
    note('r');
    buffer_append(&record.received, data, size_bytes);
    if (record.on_next_received)
        record.on_next_received(&record, connection);
}

static inline void on_drained(void *user, uint32_t connection)
{
    (void)user, (void)connection;
    note('d');
    record.drained_count++;
}

static inline void on_ended(void *user, uint32_t connection, bool was_reset)
{
    (void)user, (void)connection;
    note('e');
    record.ended_count++;
    record.was_reset = was_reset;
}

static inline void on_failed(void *user, const char *why)
{
    (void)user;
    cr_expect_fail("%s", why);
}

static inline void on_pulse(void *user)
{
    loop_timer_set(record.loop, &record.pulse, 2000, on_pulse, user);
}

static const struct tls_identity *identity; /* of the servers that are opened */

static inline struct server *open_server(uint16_t port, struct error *error)
{
    struct server_callbacks callbacks = {NULL,       on_connected, on_received,
                                         on_drained, on_ended,     on_failed};
    return server_new(record.loop, "127.0.0.1", port, identity, &callbacks, error);
}

static inline void begin(void)
{
    struct error error = {0};
    record = (struct record){0};
    buffer_init(&record.received, BUFFER_NO_LIMIT);
    record.loop = loop_new(&error);
    cr_assert(record.loop, "%s", error.message);
    record.server = open_server(0, &error);
    cr_assert(record.server, "%s", error.message);
    on_pulse(NULL);
}

static inline void end(void)
{
    server_free(record.server);
    loop_timer_cancel(&record.pulse);
    loop_free(record.loop);
    buffer_free(&record.received);
}

static inline void turn_for(int64_t ms)
{
    for (int64_t end_us = clock_monotonic_us() + ms * 1000; clock_monotonic_us() < end_us;)
        loop_turn(record.loop);
}

static inline void turn_until(const uint32_t *count, uint32_t wanted)
{
    for (int64_t end_us = clock_monotonic_us() + 8000000; *count < wanted;) {
        cr_assert(clock_monotonic_us() < end_us, "still %u and not %u", *count, wanted);
        loop_turn(record.loop);
    }
}

/* ---- the peer: a plain socket ---- */

static inline int try_connect(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons(server_port(record.server)),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(peer, (struct sockaddr *)&name, sizeof name) == 0) {
        fcntl(peer, F_SETFL, O_NONBLOCK);
        return peer;
    }
    int reason = errno;
    close(peer);
    errno = reason;
    return -1;
}

static inline int connect_peer(void)
{
    uint32_t count = record.connected_count;
    int peer = try_connect();
    cr_assert(peer >= 0, "%s", strerror(errno));
    turn_until(&record.connected_count, count + 1);
    return peer;
}

/* What the peer reads next: a size, 0 for FIN, or -errno. Serves meanwhile. */
static inline ssize_t peer_read(int peer, char *data, size_t size_bytes, int64_t patience_ms)
{
    int64_t end_us = clock_monotonic_us() + patience_ms * 1000;
    for (;;) {
        ssize_t read_bytes = recv(peer, data, size_bytes, 0);
        if (read_bytes >= 0)
            return read_bytes;
        if (errno != EAGAIN || clock_monotonic_us() > end_us)
            return -errno;
        loop_turn(record.loop);
    }
}

static inline void peer_reset(int peer)
{
    struct linger at_once = {1, 0};
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(peer);
}

#endif
