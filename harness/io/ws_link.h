/* One WebSocket connection of a client, on libwebsockets' client role. Knows nothing of what the
 * messages mean. */
#ifndef GAPCHECK_IO_WS_LINK_H
#define GAPCHECK_IO_WS_LINK_H

#include "core/client_policy.h"
#include "core/text.h"

#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <stddef.h>

struct ws_link;

/* Messages longer than this end the connection; a driver line (64 MiB) still holds one. */
#define WS_LINK_MESSAGE_BYTES_MAX (((size_t)64 << 20) - 65536)

/* What a link tells its owner; any may be NULL. They may be called from within libwebsockets, and
 * must not call ws_link_abort or ws_link_open. */
struct ws_link_events {
    /* The upgrade succeeded; `date` is its Date header, {NULL, 0} without one. */
    void (*opened)(void *owner, struct span date);
    /* A piece of a message came, but not its last. */
    void (*piece)(void *owner);
    /* A text message, whole. A binary one is told as an empty text. */
    void (*message)(void *owner, const char *text, size_t size_bytes);
    /* It ended, or never came to be: the last that is heard of the link, which is gone after it.
     * `close_code` is the server's (1005: a close frame without one), 0 without a close frame. */
    void (*closed)(void *owner, unsigned http_status, unsigned close_code);
};

struct ws_link_target {
    struct lws_context *context;
    struct lws_vhost *vhost;
    const char *address; /* numeric: names are not looked up */
    int port;
    SSL_CTX *trust; /* as the vhost's; NULL: without TLS */
    const char *path;    /* with its query */
    enum client_wire wire; /* a mutant's fault: then the codec is not libwebsockets' */
};

/* The libwebsockets protocols that links use: for the table of the vhost. */
extern const struct lws_protocols WS_LINK_PROTOCOL;
extern const struct lws_protocols WS_LINK_RAW_PROTOCOL;

/* Starts to connect. Sets *slot before anything is told to `owner`; the owner clears it when it
 * hears `closed`. Borrows `events` and `owner` for the life of the link. */
void ws_link_open(const struct ws_link_target *target, const struct ws_link_events *events,
                  void *owner, struct ws_link **slot);

/* Queues a text message. */
void ws_link_send(struct ws_link *link, const char *text, size_t size_bytes);

/* Ends it politely with 1000 once the queue is sent; one that is not open yet is abandoned. */
void ws_link_close(struct ws_link *link);

/* Ends it at once. */
void ws_link_abort(struct ws_link *link);

/* Somebody else listens from here on; the owner stays. Events that are NULL are not told. */
void ws_link_hand_over(struct ws_link *link, const struct ws_link_events *events);

#endif
