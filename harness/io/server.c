#define _GNU_SOURCE /* accept4 */
#include "io/server_internal.h"

#include "core/memory.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG_COUNT    1024
#define PORT_TRIES_COUNT 20

/* A listening socket. It may live a little longer than the server wants it: until the callback
 * from within which it was closed returns. */
struct listener {
    struct loop_watch watch;
    struct server *server; /* NULL: closed */
};

static void tell_failed(struct server *server, const char *what)
{
    struct buffer why;
    buffer_init(&why, BUFFER_NO_LIMIT);
    buffer_printf(&why, "%s: %s", what, strerror(errno));
    server->callbacks.on_failed(server->callbacks.user, buffer_text(&why));
    buffer_free(&why);
}

static void take_connection(struct server *server, int file)
{
    server->connections = memory_grow(server->connections, &server->connection_capacity_count,
                                      server->connection_count + 1, sizeof *server->connections);
    uint32_t number = (uint32_t)server->connection_count + 1;
    struct connection *connection = connection_new(server, number, file);
    if (!connection) {
        errno = EMFILE;
        tell_failed(server, "cannot watch a connection");
        return;
    }
    server->connections[server->connection_count++] = connection;
    server->callbacks.on_connected(server->callbacks.user, number);
}

/* Accepts all that wait. A callback may close the port meanwhile. */
static bool on_readable(struct loop_watch *watch)
{
    struct listener *listener = watch->user;
    int file = loop_watch_descriptor(watch);
    while (listener->server) {
        int accepted = accept4(file, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            take_connection(listener->server, accepted);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return true;
        } else if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO) {
            /* Out of descriptors, say: trying again would only spin. */
            struct server *server = listener->server;
            tell_failed(server, "cannot accept a connection");
            server_listen(server, false, NULL);
        }
    }
    return false;
}

static void on_closed(struct loop_watch *watch, int file)
{
    (void)file;
    struct listener *listener = watch->user;
    if (listener->server)
        listener->server->listener = NULL;
    free(listener);
}

/* ---- sockets ---- */

static int bind_socket(const char *address, uint16_t port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, address, &name.sin_addr) != 1) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (file < 0)
        return -1;
    /* Also while connections of an earlier life of the port are open or in TIME_WAIT. */
    int reuse = 1;
    if (setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) == 0 &&
        bind(file, (struct sockaddr *)&name, sizeof name) == 0)
        return file;
    int reason = errno;
    close(file);
    errno = reason;
    return -1;
}

static uint16_t bound_port(int file)
{
    struct sockaddr_in name = {0};
    socklen_t name_bytes = sizeof name;
    getsockname(file, (struct sockaddr *)&name, &name_bytes);
    return ntohs(name.sin_port);
}

static bool fail_listen(const struct server *server, uint16_t port, struct error *error)
{
    if (!error)
        return false;
    if (errno == EADDRINUSE)
        error_set(error, "free it or choose another with --port",
                  "cannot listen on %s:%u: address already in use", server->address, port);
    else
        error_set(error, NULL, "cannot listen on %s:%u: %s", server->address, port,
                  strerror(errno));
    return false;
}

static bool open_listener(struct server *server)
{
    int file = bind_socket(server->address, server->port);
    if (file < 0)
        return false;
    if (listen(file, BACKLOG_COUNT) != 0) {
        int reason = errno;
        close(file);
        errno = reason;
        return false;
    }
    struct listener *listener = memory_alloc(1, sizeof *listener);
    listener->server = server;
    listener->watch = (struct loop_watch){
        .on_readable = on_readable,
        .on_closed = on_closed,
        .user = listener,
    };
    server->listener = listener;
    if (loop_watch_file(server->loop, &listener->watch, file))
        return true;
    free(listener);
    server->listener = NULL;
    errno = EMFILE;
    return false;
}

static void close_listener(struct server *server)
{
    struct listener *listener = server->listener;
    server->listener = NULL;
    listener->server = NULL;
    /* Refuses at once, also where the descriptor is closed a little later. */
    shutdown(loop_watch_descriptor(&listener->watch), SHUT_RDWR);
    loop_watch_close(&listener->watch);
}

bool server_listen(struct server *server, bool is_listening, struct error *error)
{
    if (is_listening == (server->listener != NULL))
        return true;
    if (!is_listening) {
        close_listener(server);
        return true;
    }
    return open_listener(server) || fail_listen(server, server->port, error);
}

/* ---- life ---- */

struct server *server_new(struct loop *loop, const char *address, uint16_t port,
                          const struct tls_identity *identity,
                          const struct server_callbacks *callbacks, struct error *error)
{
    struct server *server = memory_alloc(1, sizeof *server);
    server->loop = loop;
    server->identity = identity;
    server->callbacks = *callbacks;
    server->address = memory_copy_text(address, strlen(address));
    /* A free port may be taken by somebody else between the two binds. */
    for (int i = 0; i < (port ? 1 : PORT_TRIES_COUNT); i++) {
        server->reserve = bind_socket(address, port);
        if (server->reserve < 0)
            break;
        server->port = bound_port(server->reserve);
        if (open_listener(server))
            return server;
        int reason = errno;
        close(server->reserve);
        errno = reason;
    }
    fail_listen(server, port, error);
    free(server->address);
    free(server);
    return NULL;
}

void server_free(struct server *server)
{
    if (!server)
        return;
    if (server->listener)
        close_listener(server);
    for (size_t i = 0; i < server->connection_count; i++)
        if (server->connections[i])
            connection_free(server->connections[i]);
    close(server->reserve);
    free(server->connections);
    free(server->address);
    free(server);
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

/* ---- connections by number ---- */

static struct connection *find_connection(const struct server *server, uint32_t number)
{
    assert(number > 0);
    return number <= server->connection_count ? server->connections[number - 1] : NULL;
}

bool server_write(struct server *server, uint32_t connection, const char *data, size_t size_bytes,
                  bool own_segment)
{
    struct connection *found = find_connection(server, connection);
    return !found || connection_write(found, data, size_bytes, own_segment);
}

void server_drain(struct server *server, uint32_t connection)
{
    struct connection *found = find_connection(server, connection);
    if (found)
        connection_drain(found);
}

void server_end(struct server *server, uint32_t connection, enum session_end how)
{
    struct connection *found = find_connection(server, connection);
    if (found)
        connection_end(found, how);
}

bool server_find_host(const struct server *server, uint32_t number, char host[ADDRESS_TEXT_BYTES])
{
    const struct connection *connection = find_connection(server, number);
    struct sockaddr_in name = {0};
    socklen_t name_bytes = sizeof name;
    return connection &&
           getsockname(loop_watch_descriptor(&connection->watch), (struct sockaddr *)&name,
                       &name_bytes) == 0 &&
           inet_ntop(AF_INET, &name.sin_addr, host, ADDRESS_TEXT_BYTES) != NULL;
}

void server_end_all(struct server *server, enum session_end how)
{
    for (size_t i = 0; i < server->connection_count; i++)
        if (server->connections[i])
            connection_end(server->connections[i], how);
}
