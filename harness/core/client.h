/* The core of the reference client: a Relaycast agent client that keeps every rule C-1 … C-28, on
 * the agent stream or on the node stream. It is a state machine without sockets or clock: what
 * happened goes in with a time, what to do comes out as effects. One policy field set wrong makes it
 * a mutant: a client that breaks one rule. */
#ifndef GAPCHECK_CORE_CLIENT_H
#define GAPCHECK_CORE_CLIENT_H

#include "core/buffer.h"
#include "core/client_policy.h"
#include "core/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The driver's options (driver.md); times in milliseconds. */
struct client_options {
    int64_t reconnect_base_ms;      /* 20 */
    int64_t reconnect_max_ms;       /* 500 */
    bool reconnect_jitter;          /* false */
    int64_t ping_ms;                /* 30,000; 0: never */
    int64_t pong_timeout_ms;        /* 10,000 */
    int64_t connect_timeout_ms;     /* 10,000 */
    int64_t max_reconnect_attempts; /* -1: no limit */
    int64_t clock_skew_ms;          /* added to the wall clock that it is told */
    bool is_node;                   /* false: the agent stream */
};

extern const struct client_options CLIENT_OPTIONS_DEFAULT;

/* Two clocks: one that only runs on, for delays, and the wall clock, for `since`. */
struct client_time {
    int64_t monotonic_us;
    int64_t wall_ms; /* since 1970, as the machine has it (the skew is added inside) */
};

enum client_effect_kind {
    CLIENT_EFFECT_NONE,
    CLIENT_EFFECT_FETCH_TOKEN, /* ask for a node token by HTTP, then client_token (node_token.h) */
    CLIENT_EFFECT_CONNECT, /* open a connection with the token `text`, or where it is empty with the
                              agent's own. Only a mutant asks while one is there: that one
                              then stays open, and what it brings is dropped */
    CLIENT_EFFECT_SEND,    /* `text`: a text message on the open connection */
    CLIENT_EFFECT_CLOSE,   /* end the connection politely (1000), or abandon one half made */
    CLIENT_EFFECT_ABORT,   /* end it at once: it is believed dead */
    CLIENT_EFFECT_REPORT,  /* `text`: a line for the harness (driver.md), without its newline and
                              without the `client` member, which the shell puts in after `{` */
};

struct client_effect {
    enum client_effect_kind kind;
    const char *text; /* borrowed until the next call on the client */
    size_t size_bytes;
};

struct client; /* opaque */

/* Takes nothing; copies the channels and the policy. `seed` feeds the jitter. */
struct client *client_new(const struct client_options *options, const struct client_policy *policy,
                          const char *const *channels, size_t channel_count, uint64_t seed);
void client_free(struct client *client);

/* ---- what the application asks ---- */
void client_start(struct client *client, struct client_time now);
void client_subscribe(struct client *client, struct span channel, struct client_time now);
void client_unsubscribe(struct client *client, struct span channel, struct client_time now);
void client_reconnect(struct client *client, struct client_time now);
void client_stop(struct client *client, struct client_time now); /* reports `stopped` */
void client_throw(struct client *client);
void client_slow(struct client *client, int64_t ms_per_event);

/* ---- what the connection does ---- */

/* The answer to FETCH_TOKEN: its body, or none with the HTTP status 0. Not called after CLOSE and
 * ABORT, which abandon the request and are answered with client_closed. */
void client_token(struct client *client, unsigned http_status, const char *body, size_t size_bytes,
                  struct client_time now);

/* The upgrade succeeded. `date` is the value of the response's Date header, or {NULL, 0}. */
void client_opened(struct client *client, struct span date, struct client_time now);
void client_message(struct client *client, const char *text, size_t size_bytes,
                    struct client_time now);
/* A piece of a message came: the connection is alive, however long the whole takes. */
void client_piece(struct client *client, struct client_time now);
/* It ended or never came to be; also after CLOSE and ABORT. `http_status` of a refusal, else 0;
 * `close_code` of the server's close frame (1005: one without a code), 0 if none came. */
void client_closed(struct client *client, unsigned http_status, unsigned close_code,
                   struct client_time now);

/* ---- time ---- */

/* When client_tick wants to be called next, on the monotonic clock; INT64_MAX for never. */
int64_t client_deadline_us(const struct client *client);
void client_tick(struct client *client, struct client_time now);

/* Takes the next effect; false when there is none. Drain after every call above. */
bool client_next_effect(struct client *client, struct client_effect *effect);

#endif
