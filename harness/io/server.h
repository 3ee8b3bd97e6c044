/* The TCP side of one scenario: a listening port and its connections, as bytes, over TLS or plain.
 * Knows nothing of HTTP, WebSocket or scenarios. */
#ifndef GAPCHECK_IO_SERVER_H
#define GAPCHECK_IO_SERVER_H

#include "core/error.h"
#include "core/session.h"
#include "io/address.h"
#include "io/loop.h"
#include "io/tls_identity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What may wait to be written on one connection. */
#define SERVER_QUEUE_BYTES_MAX ((size_t)1 << 30)

/* Connections are told apart by their number: 1, 2, … in the order in which they were accepted.
 * A number whose connection is gone can be used without harm. All calls but server_free are allowed
 * from within these callbacks, and none of them calls back before it returns. */
struct server_callbacks {
    void *user;
    void (*on_connected)(void *user, uint32_t connection);
    void (*on_received)(void *user, uint32_t connection, const char *data, size_t size_bytes);
    void (*on_drained)(void *user, uint32_t connection);
    /* The peer ended it; everything received before has been told. Not called for connections that
     * server_end ended, except SILENT ones. */
    void (*on_ended)(void *user, uint32_t connection, bool was_reset);
    /* No connection can be accepted any more. */
    void (*on_failed)(void *user, const char *why);
};

struct server;

/* Listens on `address` (IPv4, dotted) and `port`, 0 for any free one. With an `identity` (borrowed)
 * every connection speaks TLS: one whose peer does not is told of as ended, and a FIN comes after a
 * close_notify. NULL with the error. */
struct server *server_new(struct loop *loop, const char *address, uint16_t port,
                          const struct tls_identity *identity,
                          const struct server_callbacks *callbacks, struct error *error);

/* Ends every connection that is left and gives the port back. */
void server_free(struct server *server);

uint16_t server_port(const struct server *server);

/* Closes or opens the port again. A closed one refuses from this moment on (connections that were
 * not accepted yet are reset), but stays ours until server_free. */
bool server_listen(struct server *server, bool is_listening, struct error *error);

/* Queues a copy of `data`. Neighbours are joined into one TCP write unless `own_segment`. False if
 * SERVER_QUEUE_BYTES_MAX would be passed. */
bool server_write(struct server *server, uint32_t connection, const char *data, size_t size_bytes,
                  bool own_segment);

/* Asks for one on_drained, once the peer's kernel has acknowledged every byte queued so far. */
void server_drain(struct server *server, uint32_t connection);

void server_end(struct server *server, uint32_t connection, enum session_end how);

/* The address of this machine that the connection reached, dotted. False if it is gone. */
bool server_find_host(const struct server *server, uint32_t number, char host[ADDRESS_TEXT_BYTES]);

/* Ends all connections as `how` says, also ones in the handshake. */
void server_end_all(struct server *server, enum session_end how);

#endif
