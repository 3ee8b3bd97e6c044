/* What ws_link.c (libwebsockets' own client) and ws_link_raw.c (a mutant's codec over a raw
 * connection) share; nobody else includes it. */
#ifndef GAPCHECK_IO_WS_LINK_INTERNAL_H
#define GAPCHECK_IO_WS_LINK_INTERNAL_H

#include "core/ws_client.h"
#include "io/tls.h"
#include "io/ws_link.h"

#define WS_LINK_DATE_BYTES 64

struct ws_link {
    struct lws *wsi; /* NULL before it is made */
    const struct ws_link_events *events;
    void *owner;
    struct outgoing *first, **last;
    struct buffer received; /* the pieces of an unfinished message */
    char date[WS_LINK_DATE_BYTES];
    unsigned close_code;
    bool is_open;
    bool wants_close;
    bool has_ended;
    struct ws_client *raw; /* a mutant's own codec, else NULL; owned */
    struct tls *raw_tls;   /* below it; NULL without TLS; owned */
    struct buffer sealed;  /* of raw_tls: to be sent */
    bool is_dead;    /* a mutant's: it has ended, and the owner must not hear of it */
    bool is_guarded; /* one of our functions still works on it: it frees what has ended */
};

/* It is over: tells the owner, and frees the link unless one of our functions still works on it. */
void ws_link_end(struct ws_link *link, unsigned http_status);

/* ---- ws_link_raw.c ---- */

void ws_link_raw_init(struct ws_link *link, const struct ws_link_target *target);
void ws_link_raw_free(struct ws_link *link);
void ws_link_raw_send(struct ws_link *link, const char *text, size_t size_bytes);
void ws_link_raw_close(struct ws_link *link);

#endif
