/* The client's end of a WebSocket connection, on bytes alone: handshake, frames and messages. It
 * is right, or it has one of the faults of enum client_wire, which a client's core never sees. The
 * simulated world uses it for every client, the live one for mutants only: its reference stands on
 * libwebsockets' own codec. */
#ifndef GAPCHECK_CORE_WS_CLIENT_H
#define GAPCHECK_CORE_WS_CLIENT_H

#include "core/client_policy.h"
#include "core/ws.h"

enum ws_client_event_kind {
    WS_CLIENT_EVENT_NONE,
    WS_CLIENT_EVENT_OPENED,  /* `text` is the response's Date, or {NULL, 0} */
    WS_CLIENT_EVENT_REFUSED, /* with an HTTP status, or 0: end the connection */
    WS_CLIENT_EVENT_PIECE,   /* of a message, and not its last */
    WS_CLIENT_EVENT_TEXT,
    WS_CLIENT_EVENT_ENDED,   /* end the connection once `output` is written */
    WS_CLIENT_EVENT_DEAD,    /* likewise, and never tell the client's core of it (a mutant) */
};

struct ws_client_event {
    enum ws_client_event_kind kind;
    struct span text;    /* borrowed until the next call */
    unsigned status;     /* REFUSED */
    unsigned close_code; /* ENDED: of the server's close frame; 0: there was none */
};

struct ws_client {
    enum client_wire fault;
    struct buffer output;  /* bytes for the server: the owner writes them, and clears it */
    struct buffer response;
    struct ws_receiver receiver;
    bool is_open;
    bool is_deaf; /* it hears nothing more */
    /* Of mutants: */
    struct buffer decoded;  /* a message that came in fragments, as it understood them */
    size_t fragments_bytes; /* of the message in progress: taken fragments */
    bool is_interrupted;    /* and a ping came between them */
};

/* Appends the request for `path` (with its query) to `output`. */
void ws_client_init(struct ws_client *client, enum client_wire fault, const char *host,
                    const char *path, size_t message_bytes_max);
void ws_client_free(struct ws_client *client);

/* Takes bytes up to and including the first event and returns how many were taken. Call again with
 * the rest until they are all taken. */
size_t ws_client_feed(struct ws_client *client, const char *data, size_t size_bytes,
                      struct ws_client_event *event);

void ws_client_send(struct ws_client *client, const char *text, size_t size_bytes);
void ws_client_close(struct ws_client *client); /* 1000 */

#endif
