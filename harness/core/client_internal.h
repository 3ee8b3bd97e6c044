/* What the parts of the reference client share: client.c (the application's calls, effects, time),
 * client_reconnect.c (connections, back-off, keepalive), client_receive.c (frames, what is the same
 * event), client_resync.c (cursor, since, acks, resets), client_node.c (all of that on the node
 * stream) and client_dispatch.c (handlers). */
#ifndef GAPCHECK_CORE_CLIENT_INTERNAL_H
#define GAPCHECK_CORE_CLIENT_INTERNAL_H

#include "core/client.h"
#include "core/cursor.h"
#include "core/dedupe.h"
#include "core/frame.h"
#include "core/replay_tally.h"

#define CLIENT_NEVER INT64_MAX

enum client_state {
    CLIENT_STATE_IDLE,       /* not started */
    CLIENT_STATE_CONNECTING,
    CLIENT_STATE_OPEN,
    CLIENT_STATE_CLOSING,    /* we have asked for its end */
    CLIENT_STATE_WAITING,    /* for the next attempt */
    CLIENT_STATE_GIVEN_UP,
    CLIENT_STATE_STOPPED,
};

struct client_queued_effect {
    enum client_effect_kind kind;
    size_t offset, size_bytes; /* in effect_text */
};

/* One numbering of the server: until its counter starts again. */
struct client_numbering {
    struct cursor cursor;
    struct dedupe *events; /* number and content of events without id (C-20); owned */
};

/* An event frame, seen from what matters here. Borrows from the frame's text. */
struct client_event {
    struct span text;
    struct span type;     /* raw, as it stands between the quotes */
    struct span key;      /* what makes it the same event; empty where it has no id */
    bool is_known_type;
    bool is_row;          /* replayed and without number */
    bool is_numbered;     /* a finite agent_seq of any value */
    double sequence;      /* meaningful if is_numbered */
    bool is_countable;    /* and one that can be counted: */
    int64_t number;
    uint64_t fingerprint; /* of the content; only where it has no id */
    int64_t delivery;     /* its number on the node stream; 0: none, or it is no delivery */
};

/* An event that waits for its handlers. */
struct client_pending_event {
    char *text; /* owned */
    size_t size_bytes;
    size_t type_offset, type_bytes;
    int64_t delivery;
};

struct client_pending_queue {
    struct client_pending_event *items; /* owned */
    size_t first, count; /* the items from `first` on are waiting */
    size_t capacity_count;
};

/* A resync that was sent and not yet acknowledged. */
struct client_question {
    int64_t last_seen;
    int64_t highest;          /* that had been seen by then */
    unsigned numbering_index; /* in which it was asked */
};

#define CLIENT_QUESTIONS_MAX 8

struct client_connection {
    bool has_opened;
    bool has_timed_out;      /* in the handshake */
    uint64_t message_count;
    int64_t opened_us;
    int64_t ping_us;         /* when the next ping is due */
    int64_t pong_deadline_us;
    bool has_asked;          /* a resync was sent on it */
    int64_t first_asked;     /* its last_seen_seq */
    bool is_confirmed;       /* an ack has shown that the numbering is still the old one */
    bool has_reset;          /* the numbering has started anew on it */
    bool is_awaiting_ack;    /* of the newest resync */
    bool is_up_to_date;      /* no replay is missing or unfinished */
    unsigned try_count;
    int64_t asked_us;    /* when the newest resync was sent */
    int64_t retry_us;
    bool has_asked_about_hole;
    int64_t hole_above;      /* the number that showed the hole asked about last */
    struct client_question questions[CLIENT_QUESTIONS_MAX];
    size_t question_count;
    bool has_answer;
    int64_t last_answered;   /* the last_seen_seq that the newest ack answered */
};

/* On the node stream: who it is, and what it has of the numbers of its agent. */
struct client_node {
    char *token, *node_id, *node_name; /* owned; NULL before the first token */
    char *agent;                       /* of the deliveries; owned, likewise */
    struct cursor received;  /* numbers that came, from 1 on; those that wait for handlers too */
    struct cursor dispatched; /* from the first that came on */
    int64_t latest;          /* number of the newest delivery */
    unsigned request_count;  /* each request has an id */
    unsigned registration;   /* the newest of them that was a registration */
    bool has_registered;     /* ever */
    bool is_answered;        /* the registration, on this connection */
};

/* What only mutants remember. */
struct client_mutant_state {
    int64_t highest, latest;
    bool is_blank;            /* the cursor was lost */
    bool is_deaf;             /* nothing more is dispatched on this connection */
    bool has_ever_asked;
    int64_t frame_server_ms;  /* when the last frame came, and the same by the client's clock */
    int64_t frame_local_ms;
    struct client_pending_queue held;
};

struct client {
    struct client_options options;
    struct client_policy policy;
    struct client_time now;
    uint64_t random;

    char **channels; /* owned, and each of them */
    size_t channel_count, channel_capacity_count;
    size_t first_channel_count; /* those that it was made with */

    enum client_state state;
    int64_t state_deadline_us;  /* of CONNECTING, CLOSING, WAITING */
    bool reconnects_at_once;    /* CLOSING because the application asked for a new connection */
    unsigned connection_count;  /* that have opened */
    int64_t backoff_step;       /* 1 is the smallest delay; what `reconnecting` tells */
    int64_t failure_count;      /* attempts since a connection was open: what the limit is for */
    struct client_connection connection;

    bool has_seen_number;
    struct client_numbering numbering;
    struct client_numbering on_connection; /* what this connection brought, in case of a reset */
    unsigned numbering_index;
    struct dedupe *ids; /* owned */
    struct replay_tally *tally; /* owned */
    int64_t clock_offset_ms; /* server's clock minus ours, by the last Date header */
    int64_t up_to_date_ms;   /* the server's time at which nothing was missing */

    bool has_second_handler;
    bool throws_on_next;
    int64_t handler_ms;
    int64_t handler_free_us; /* when the slow handler takes its next event */
    struct client_pending_queue slow;

    struct client_node node;

    struct client_mutant_state mutant;

    struct client_queued_effect *effects; /* owned */
    size_t effect_count, effect_capacity_count;
    size_t effect_taken_count;
    struct buffer effect_text;
    struct buffer scratch; /* for keys */
};

/* ---- client.c ---- */

/* Where the text of the next effect goes; client_end_effect makes one of what was appended. */
struct buffer *client_begin_effect(struct client *client);
void client_end_effect(struct client *client, enum client_effect_kind kind);
void client_push_effect(struct client *client, enum client_effect_kind kind, const char *text);
int64_t client_local_ms(const struct client *client);  /* the client's own clock, skew and all */
int64_t client_server_ms(const struct client *client);

/* ---- client_reconnect.c ---- */

void client_connect(struct client *client);
void client_close(struct client *client); /* politely; a bound time later at once */
void client_send_channels(struct client *client, const char *type, const char *const *channels,
                          size_t count);
void client_tick_connection(struct client *client);
int64_t client_connection_deadline_us(const struct client *client);

/* ---- client_resync.c ---- */

void client_resync_opened(struct client *client, struct span date);
/* A numbered event came; `is_known` says that it had come before. May start a new numbering, so it
 * goes before client_remember_event and client_count_number. */
void client_notice_reset(struct client *client, const struct client_event *event, bool is_known);
void client_count_number(struct client *client, const struct client_event *event, bool is_known);
void client_receive_ack(struct client *client, const struct frame *frame, struct span text);
void client_count_control(struct client *client, const struct frame *frame);
void client_count_odd_number(struct client *client, const struct frame *frame);
/* Something came: while a long replay arrives, its ack is not missing yet. */
void client_put_off_retry(struct client *client);
/* After every frame: asks about a hole, and notes that the client is up to date. */
void client_settle_frame(struct client *client);
void client_tick_resync(struct client *client);

/* ---- client_node.c ---- */

void client_node_free(struct client *client);
/* Asks for a token, or connects with the one that it has. */
void client_node_connect(struct client *client);
void client_node_opened(struct client *client);
void client_node_receive(struct client *client, struct span text, struct span type);
void client_node_heartbeat(struct client *client);
/* A delivery with a number has reached its handlers. */
void client_node_dispatched(struct client *client, int64_t number);

/* ---- client_dispatch.c ---- */

void client_dispatch(struct client *client, const struct client_event *event);

/* Of the node stream: a delivery with nothing new in it, which counts as dispatched as soon as
 * everything before it has been. */
void client_dispatch_nothing(struct client *client, int64_t delivery);
void client_release_held(struct client *client, bool was_acknowledged);
void client_tick_dispatch(struct client *client);
int64_t client_dispatch_deadline_us(const struct client *client);
void client_drop_pending(struct client *client);
void client_pending_free(struct client_pending_queue *queue);

#endif
