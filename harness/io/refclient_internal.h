/* What the parts of the reference client's shell share: refclient.c (the event loop, standard input
 * and output), refclient_ops.c (what the harness asks) and refclient_session.c (one client). */
#ifndef GAPCHECK_IO_REFCLIENT_INTERNAL_H
#define GAPCHECK_IO_REFCLIENT_INTERNAL_H

#include "core/buffer.h"
#include "core/client.h"
#include "io/http_link.h"
#include "io/ws_link.h"

#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>

#define REFCLIENT_NEVER INT64_MAX

/* A client of the harness: its core, and its connection. */
struct refclient_session {
    struct refclient_session *next;
    struct refclient *shell;
    char *name;         /* as the harness calls it; owned */
    char *line_start;   /* {"client":NAME, to which a report's text is appended; owned */
    struct client *core; /* owned */
    enum client_wire wire; /* a mutant's fault */

    char *address, *path; /* owned; the path without its query */
    char *token;           /* the agent's own; owned */
    char *wanted_token;    /* with which the core wants to connect; NULL: its own; owned */
    int port;
    const struct refclient_tls *tls; /* NULL: without */
    struct ws_link *link; /* the newest connection; NULL if there is none */
    struct ws_link *stray; /* a mutant's older one */
    struct http_link *request; /* for a token of the node stream; NULL if there is none */

    /* What the core wants of the connection: done between libwebsockets' callbacks. */
    unsigned wanted_connections;
    bool wants_close, wants_abort, wants_token;

    int64_t grace_end_us; /* until when a timer that comes late waits; 0: none does */
    uint64_t grace_end_round;
    bool is_stopped;
    int64_t end_us; /* when it is forgotten, after `stop` */
};

struct refclient_tls {
    struct refclient_tls *next;
    char *ca_file; /* owned; NULL: what the system trusts */
    struct lws_vhost *vhost;
    SSL_CTX *trust; /* the same for links without libwebsockets' TLS; owned */
};

struct refclient {
    const struct client_policy *policy; /* of clients that are not started with another */
    struct lws_context *context;
    struct lws_vhost *vhost;       /* without TLS */
    struct refclient_tls *tls;     /* one for each file of certificates, and none; owned */
    struct refclient_session *sessions; /* owned */
    uint64_t session_count;        /* ever */
    lws_sorted_usec_list_t timer;
    int64_t timer_us;              /* for when it is set */
    uint64_t round;                /* of the event loop: what could be read has been */
    struct buffer input;           /* an unfinished line */
    struct buffer output;
    bool is_done;
};

/* ---- refclient.c ---- */

void refclient_write_line(struct refclient *shell, const char *start, const char *rest,
                          size_t rest_bytes);
/* {"ev":"error","message":…}; `client` may be NULL. */
void refclient_write_error(struct refclient *shell, const char *client, const char *message);
/* The one that trusts `ca_file` (NULL: what the system does); NULL if it cannot be had. */
const struct refclient_tls *refclient_find_tls(struct refclient *shell, const char *ca_file);

/* ---- refclient_ops.c ---- */

/* One line of the harness. */
void refclient_obey(struct refclient *shell, const char *text, size_t size_bytes);

/* ---- refclient_session.c ---- */

struct refclient_session_setup {
    const char *name, *url, *token, *ca_file; /* borrowed; `token` and `ca_file` may be NULL */
    struct client *core; /* taken */
    enum client_wire wire;
};

/* Adds a session and starts it. Returns NULL, or a static text that says why it cannot be. */
const char *refclient_session_start(struct refclient *shell,
                                    const struct refclient_session_setup *setup);
struct client_time refclient_now(void);
/* Takes what the core wants done: after every call on the core. */
void refclient_session_drain(struct refclient_session *session);
/* After `stop`: it lives on for a while, so that what it does then can be judged. */
void refclient_session_expire(struct refclient_session *session);
/* Does what is due and wanted of all sessions; not from within libwebsockets' callbacks. Returns
 * when the next is due, on the monotonic clock. */
int64_t refclient_sessions_turn(struct refclient *shell);
void refclient_sessions_free(struct refclient *shell);

#endif
