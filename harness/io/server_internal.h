/* What server.c and server_connection.c share. */
#ifndef GAPCHECK_IO_SERVER_INTERNAL_H
#define GAPCHECK_IO_SERVER_INTERNAL_H

#include "io/server.h"
#include "io/tls.h"

struct chunk;

enum connection_state {
    CONNECTION_OPEN,
    CONNECTION_FLUSHING,  /* FIN follows what is queued; what arrives is read away */
    CONNECTION_LINGERING, /* FIN is sent; what arrives is read away until the peer ends it, too */
    CONNECTION_SILENT,
    CONNECTION_DEAD, /* was reset; only its memory is left */
};

struct connection {
    struct loop_watch watch;
    struct server *server; /* borrowed; outlives it */
    uint32_t number;
    enum connection_state state;
    bool is_ended_told;
    struct tls *tls;            /* owned; NULL: plain */
    struct chunk *first, *last; /* queue of what is to be written; owned */
    size_t queued_bytes;
    bool is_drain_wanted;
    int64_t drain_poll_us;
    struct loop_timer timer; /* polls what the kernel tells nobody, or ends the lingering */
    bool is_behind_own_segment;   /* what is written next must not join the one before */
    struct loop_timer pace_timer; /* until the kernel has sent that */
};

struct server {
    struct loop *loop;                   /* borrowed */
    const struct tls_identity *identity; /* borrowed; NULL: plain */
    struct server_callbacks callbacks;
    char *address;
    uint16_t port;
    int reserve; /* bound to the port and never listening: keeps it ours while it is closed */
    struct listener *listener;
    struct connection **connections; /* by number - 1; NULL: gone */
    size_t connection_count;
    size_t connection_capacity_count;
};

/* Takes `file`, a connected socket. NULL if it could not be watched (it is closed then). */
struct connection *connection_new(struct server *server, uint32_t number, int file);
/* Closes it without a callback and frees it. */
void connection_free(struct connection *connection);

bool connection_write(struct connection *connection, const char *data, size_t size_bytes,
                      bool own_segment);
void connection_drain(struct connection *connection);
void connection_end(struct connection *connection, enum session_end how);

#endif
