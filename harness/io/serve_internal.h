/* What the served world's parts share. serve.c runs the loop and plays the session, serve_http.c
 * answers what is asked beside the stream, serve_live.c keeps the pages that look on up to date. */
#ifndef GAPCHECK_IO_SERVE_INTERNAL_H
#define GAPCHECK_IO_SERVE_INTERNAL_H

#include "core/session.h"
#include "core/ws.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/serve.h"
#include "io/server.h"

#define SERVE_CLIENT      "c1"
#define SERVE_OPEN_MAX    64 /* connections beside the client's that are open at once */
#define SERVE_PATIENCE_US 20000000 /* with a request that does not end */

enum serve_link_kind {
    SERVE_LINK_UNKNOWN, /* its request is not complete */
    SERVE_LINK_CLIENT,
    SERVE_LINK_LIVE,    /* a page that looks on */
    SERVE_LINK_GONE,    /* over, or being closed */
};

/* A TCP connection, by the server's number. */
struct serve_link {
    enum serve_link_kind kind;
    int64_t since_us;
    uint32_t session_number;     /* CLIENT */
    struct buffer request;       /* UNKNOWN */
    struct ws_receiver receiver; /* LIVE */
    size_t sent_count;           /* LIVE: lines of the transcript that it was sent */
    bool is_waiting;             /* LIVE: for what was sent to arrive */
    bool has_summary;            /* LIVE: all is sent */
};

struct serve {
    const struct serve_config *config;
    const struct serve_callbacks *callbacks;
    struct serve_result *result;
    struct loop *loop;
    struct server *server;
    struct tls_identity *identity; /* owned; NULL: no TLS */
    struct serve_link *links;      /* [number - 1] */
    size_t link_count, link_capacity_count;
    uint32_t *numbers;             /* [session number - 1]: the server's */
    size_t number_count, number_capacity_count;

    struct session *session; /* owned; NULL until the client is there */
    int64_t begin_us;        /* by the monotonic clock: the session's time 0 */
    bool has_hello;
    bool is_port_closed;     /* as the client sees it */
    struct buffer ops;       /* lines that the driver has not been told yet */
    size_t told_count;       /* entries that on_entry was called with */
    char failure[400];
    struct buffer summary;
    bool is_over;            /* the session is done, or will never begin */
    int64_t end_us;          /* when it ends although pages have not got everything */
    struct loop_timer tick, sweep;
};

/* serve.c */
struct serve_link *serve_link(struct serve *serve, uint32_t number);
/* Writes and then ends the connection. */
void serve_answer(struct serve *serve, uint32_t number, const struct buffer *answer);
/* Begins with a session for a driver with these capabilities (NULL: wire only), which reached it on
 * that connection. False if the scenario cannot be played so; then it is over. */
bool serve_begin(struct serve *serve, uint32_t number, const struct driver_hello *hello);
void serve_driver_line(struct serve *serve, const struct driver_line *line);
int64_t serve_now_us(const struct serve *serve);

/* serve_http.c */
/* Whether the request is for gapcheck itself and not for the fake server. */
bool serve_http_is_own(const struct ws_request *request);
void serve_http_answer(struct serve *serve, uint32_t number);

/* serve_live.c */
void serve_live_begin(struct serve *serve, uint32_t number, const struct ws_request *request);
void serve_live_received(struct serve *serve, uint32_t number, const char *data,
                         size_t size_bytes);
/* Sends every page what it has not got. */
void serve_live_update(struct serve *serve);
void serve_live_drained(struct serve *serve, uint32_t number);
bool serve_live_is_done(const struct serve *serve);

#endif
