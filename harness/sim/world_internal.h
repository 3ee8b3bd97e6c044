/* What the parts of the simulated world share: world.c (the session's side, and time) and
 * world_client.c (the client's side); nobody else includes it. */
#ifndef GAPCHECK_SIM_WORLD_INTERNAL_H
#define GAPCHECK_SIM_WORLD_INTERNAL_H

#include "core/buffer.h"
#include "core/client.h"
#include "core/session.h"
#include "core/ws_client.h"
#include "sim/world.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORLD_START_MS    INT64_C(1780308000250) /* 2026-06-01T10:00:00.250Z, by the wall */
#define WORLD_CLIENT_NAME "sim"
#define WORLD_HOST        "127.0.0.1"

/* What is on its way. All messages take equally long, so the queue is in order of time. */
enum world_message_kind {
    WORLD_MESSAGE_CONNECT, /* client → server */
    WORLD_MESSAGE_TO_SERVER,
    WORLD_MESSAGE_CLIENT_ENDS,
    WORLD_MESSAGE_TO_CLIENT, /* server → client */
    WORLD_MESSAGE_SERVER_ENDS,
    WORLD_MESSAGE_REFUSED, /* nobody listens */
    WORLD_MESSAGE_DRAINED,
    WORLD_MESSAGE_OP,
    WORLD_MESSAGE_LINE,
};

struct world_message {
    enum world_message_kind kind;
    uint32_t link;
    int64_t at_us;
    char *data; /* owned */
    size_t size_bytes;
};

/* One TCP connection, seen from both ends. */
struct world_link {
    uint32_t server_number; /* of the session; 0: not accepted */
    struct ws_client client;
    bool is_request;        /* for a token, by HTTP alone: */
    struct buffer response; /* its answer so far */
    bool is_ended;          /* for the client */
    bool is_dead;           /* the server says no more and hears no more */
    bool is_silent;         /* half open: of it, the server still hears the end */
};

struct world {
    struct session *session;
    const struct client_policy *policy;
    struct client *client;
    uint64_t seed;
    int64_t now_us;
    bool is_listening;
    struct world_message *queue;
    size_t queue_first, queue_count, queue_capacity_count;
    struct world_link *links; /* [number]; [0] is not used */
    size_t link_count, link_capacity_count;
    uint32_t current;                /* the client's newest link */
    uint32_t stray;                  /* a mutant's older one, still open */
    struct sim_stopwatch *stopwatch; /* NULL: nobody asks */
};

/* Puts a message on its way; the first copies `data`, the other takes it. */
void world_post(struct world *world, enum world_message_kind kind, uint32_t link, const char *data,
                size_t size_bytes);
void world_post_owned(struct world *world, enum world_message_kind kind, uint32_t link, char *data,
                      size_t size_bytes);

/* ---- world_client.c ---- */

struct client_time world_client_time(const struct world *world);

/* Does what the client wants done. */
void world_drain_client(struct world *world);

/* A link is gone, or never came to be: by the server, or (status and code) as its bytes said. */
void world_lose_link(struct world *world, uint32_t number, unsigned status, unsigned close_code);

/* Bytes of the server have come over a link. */
void world_feed_client(struct world *world, uint32_t number, const char *data, size_t size_bytes);

/* A line to the driver has come. */
void world_obey(struct world *world, const char *text, size_t size_bytes);

#endif
