/* What the files of the session share; nobody else includes it.
 *
 *   session.c         life, inputs, effects, and the cursor that walks the steps
 *   session_steps.c   the verbs that do something at once or wait for something simple
 *   session_settle.c  the fence
 *   session_expect.c  what the author expects of the client
 *   session_server.c  connections: how they come and how they end
 *   session_handshake.c  how they begin: refused, left waiting or upgraded
 *   session_frames.c  what the client sends on them
 *   session_resync.c  publishing and the answer to a resync (S-1 … S-9)
 *   session_node.c    the node stream: registration, redelivery and acknowledgement
 *   session_http.c    requests of the node stream that are no handshake: tokens and presence
 *   session_driver.c  lines to and from the driver */
#ifndef GAPCHECK_CORE_SESSION_INTERNAL_H
#define GAPCHECK_CORE_SESSION_INTERNAL_H

#include "core/cursor.h"
#include "core/model.h"
#include "core/node_queue.h"
#include "core/node_stream.h"
#include "core/session.h"
#include "core/ws.h"

#define SESSION_TOKEN             "gapcheck-token"
#define SESSION_PATH              "/v1/ws"
#define SESSION_HTTP_BYTES_MAX    65536 /* of a request with its body */
#define SESSION_MESSAGE_BYTES_MAX (1u << 20) /* of the client; a longer one is a violation */
#define SESSION_FRAMES_IN_MAX     10000      /* of the client in one scenario */
#define SESSION_ANSWERS_MAX       1000       /* resyncs that are answered in one scenario */
#define SESSION_CONNECTIONS_MAX   2000
#define SESSION_DRAIN_MS          1000 /* how long an end waits for acknowledgement (scenario.md) */
#define SESSION_RESYNC_DUE_MS     1000 /* how long `settle` waits for a resync that is due */
#define SESSION_FENCE_QUIET_MS    1000 /* without a fence for so long: a numbered one follows */
#define SESSION_REGISTER_DUE_MS   2000 /* how long `settle` waits for a registration */
#define SESSION_DELIVERY_ACK_MS   1000 /* and for the acknowledgement of what was delivered */

enum connection_state {
    CONNECTION_REQUEST,  /* its HTTP request is not complete */
    CONNECTION_WAITING,  /* complete, unanswered: for an `accept` */
    CONNECTION_STALLED,  /* refused by silence, or by a wrong answer: until the client gives up */
    CONNECTION_OPEN,
    CONNECTION_DRAINING, /* will end when its bytes are acknowledged; nothing more is written */
    CONNECTION_CLOSING,  /* a close frame was sent; waits for the client's */
    CONNECTION_SILENT,   /* half open */
    CONNECTION_GONE,
};

struct connection {
    uint32_t number; /* from 1 */
    enum connection_state state;
    struct buffer request;
    struct ws_receiver receiver;
    uint32_t opened_number;  /* how manyth upgraded connection it is; 0: none */
    int64_t end_deadline_us; /* DRAINING, CLOSING */
    enum drop_how end_how;   /* DRAINING */
    bool ends_by_cut;        /* DRAINING: by cut_replay_after */
    bool has_resynced;       /* a well-formed resync came on it */
    bool is_due;             /* it was a reconnect of a client that had been sent a number */
    bool is_told;            /* the transcript has it: in the node stream when it is no HTTP */
    bool is_http;            /* a request that is no handshake: no connection to anybody else */
    bool was_refused;        /* its node.register was answered with an error */
    bool has_held;
    struct resync_request held;
};

/* Frames that `write_delay_ms` keeps back go out one after the other, in two lanes of a connection:
 * live traffic goes on while a resync is answered (S-9). */
enum send_lane { LANE_LIVE, LANE_ANSWER };

/* One of them, with what the transcript will say of it. */
struct delayed_frame {
    int64_t due_us;
    uint32_t connection;
    enum send_lane lane;
    char *text; /* owned */
    size_t size_bytes;
    struct transcript_entry entry;
    bool ends_replay_cut; /* the connection ends behind it */
};

struct pending_effect {
    struct session_effect effect;
    struct buffer data;
};

struct refusal {
    enum refuse_how how;
    int64_t left; /* connections still to treat so */
    unsigned status;
    const char *headers;
    int64_t for_ms;
    bool is_closed; /* CLOSED has begun */
    int64_t until_us;
};

/* The server's side of the node stream. */
struct session_node {
    struct node_queue queue;
    struct cursor sent;      /* numbers that went out, on whatever connection */
    uint32_t registered;     /* the connection that gets deliveries; 0: none */
    int64_t claimed_seq;     /* the highest up_to_seq, taken or not */
    int64_t asked_seq;       /* up to it the driver was asked whether all is dispatched */
    enum register_mode registering;
    bool ignores_acks;
    bool accepts_any_token;
    struct refusal *refusals; /* of requests for a token; owned */
    size_t refusal_count, refusal_capacity_count, refusal_first;
    uint32_t token_refused_count;
};

enum step_state { STEP_WAITING, STEP_DONE, STEP_UNMET, STEP_SKIPPED };

enum settle_phase {
    SETTLE_CONNECTION, /* an open connection is needed */
    SETTLE_RESYNC,     /* a resync that is due */
    SETTLE_FENCE,
    SETTLE_PONG,
    SETTLE_ACKS, /* the node stream: what was delivered is acknowledged */
};

struct settle {
    enum settle_phase phase;
    uint32_t connection;
    int64_t phase_began_us;
    uint64_t fence_marker;    /* without a number */
    uint64_t numbered_marker; /* the one that follows; 0: not yet */
    uint64_t sent_count;      /* of the session when the last fence went out */
    int rounds;
};

struct session {
    struct session_config config;
    const struct scenario *scenario;
    struct transcript *transcript;
    int64_t now_us;
    bool is_started, is_done;

    /* the server */
    struct model model;
    struct connection *connections;
    size_t connection_count, connection_capacity_count;
    uint32_t opened_count, refused_count;
    uint32_t wordless_count; /* ended before one byte of a request came */
    int64_t refused_us;      /* when the newest was refused */
    int64_t advanced_ms;     /* by `advance` */
    bool is_frozen;
    int64_t frozen_ms;
    struct refusal *refusals;
    size_t refusal_count, refusal_capacity_count, refusal_first;
    bool is_port_open;
    bool is_down;            /* by `restart` */
    bool has_sent_number;    /* some event with a number reached the wire */
    uint64_t sent_count;     /* text messages sent, fences aside */
    uint64_t frame_in_count, answer_count;
    uint32_t ping_count;     /* pings of `settle` and `sync`, numbered in their payload */
    uint32_t pong_number;    /* the highest that was answered */
    struct delayed_frame *delayed; /* in the order in which they are due; owned */
    size_t delayed_count, delayed_capacity_count, delayed_first;
    struct {
        enum resync_mode resync;
        enum ack_mode ack;
        const cJSON *ack_fields;
        enum resync_order order;
        int64_t cut_replay_after; /* -1: no cut */
        enum drop_how cut_how;
        int64_t live_before_replay;
        bool ignore_pings;
        int64_t write_delay_ms;
        const char *token; /* NULL: any */
    } behaviour;
    struct session_node node;

    /* the client, as the driver tells */
    bool is_stopped, has_given_up;
    uint64_t dispatched_count; /* handler 1, fences aside */
    uint64_t *dispatch_counts; /* by marker */
    size_t dispatch_capacity_count;
    int64_t last_progress_us;
    uint32_t barrier_count, barrier_answered;

    /* the cursor */
    uint32_t step_index;     /* the step in play; step_count: the closing settle */
    bool is_step_begun;
    int64_t step_began_us, step_deadline_us;
    int64_t late_us;         /* of the harness's own pauses; no time-out counts them */
    int64_t wake_us;         /* when the step in play wants to be polled next */
    char unmet[512];         /* why, for STEP_UNMET and STEP_SKIPPED */
    enum rule unmet_rule;
    struct settle settle;
    uint64_t publish_left;
    uint32_t synced_connection; /* by `sync`; 0: none was open */
    uint64_t last_marker;    /* of the last published event, for `id: same` */
    size_t window_begin;     /* transcript index that `expect` looks back to */
    bool *met;               /* by transcript index: has met an `expect` */
    size_t met_capacity_count;
    const char **alias_names; /* of published events */
    uint64_t *alias_markers;
    size_t alias_count, alias_capacity_count, alias_marker_capacity_count;

    /* effects */
    struct pending_effect *effects;
    size_t effect_count, effect_capacity_count, effect_first;
    struct buffer current_data; /* of the effect last taken */
    struct buffer spare_data;   /* room for the next effect */
    struct buffer scratch;
};

/* ---- session.c ---- */
struct transcript_entry session_entry(const struct session *session, enum transcript_kind kind);
size_t session_record(struct session *session, const struct transcript_entry *entry);
struct session_effect *session_effect(struct session *session, enum session_effect_kind kind,
                                      uint32_t connection);
/* The buffer of bytes to write on a connection, joined with what is queued last for it. */
struct buffer *session_write(struct session *session, uint32_t connection, bool own_segment);
void session_finish(struct session *session, const char *how, const char *why);
int64_t session_scaled_us(const struct session *session, int64_t ms);
int64_t session_server_ms(const struct session *session);
const struct scenario_step *session_current_step(const struct session *session);
/* Says why the step in play is unmet; returns STEP_UNMET. */
enum step_state session_unmet(struct session *session, enum rule rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends the step in play as unmet, and with it the scenario unless only a SHOULD was. */
void session_end_unmet(struct session *session);
/* Polls the step in play (and those behind it) until it has to wait. */
void session_advance(struct session *session);
void session_begin_window(struct session *session, size_t index);

/* ---- session_steps.c ---- */
void step_begin(struct session *session, const struct scenario_step *step);
enum step_state step_poll(struct session *session, const struct scenario_step *step);
/* Why a step that ran out of time is unmet. */
enum step_state step_time_out(struct session *session, const struct scenario_step *step);

/* ---- session_settle.c ---- */
void settle_begin(struct session *session);
enum step_state settle_poll(struct session *session);
enum step_state settle_time_out(struct session *session);
/* Whether the step in play is a settle that waits for a connection. */
bool settle_is_unconnected(const struct session *session);

/* ---- session_expect.c ---- */
enum step_state expect_poll(struct session *session, const struct expect_fields *expect);
enum step_state expect_time_out(struct session *session, const struct expect_fields *expect);

/* ---- session_handshake.c ---- */
/* Upgrades the first waiting connection that the step's path and token allow; NULL if none. */
struct connection *server_accept(struct session *session, const char *path, const char *token);
void server_refuse_waiting(struct session *session);
void server_read_request(struct session *session, struct connection *connection, const char *data,
                         size_t size_bytes);
/* The path that this scenario's client is to ask for. */
const char *session_path(const struct session *session);

/* ---- session_http.c ---- */
/* Whether the request is one of HTTP alone: it is answered and counts as no connection. */
bool http_is_exchange(const struct session *session, const struct ws_request *request);
/* Answers it, once its body has come. */
void http_answer(struct session *session, struct connection *connection,
                 const struct ws_request *request);

/* ---- session_node.c ---- */
bool session_is_node(const struct session *session);
bool node_is_registered(const struct session *session, const struct connection *connection);
void node_print_delivery(const struct event *event, struct buffer *out);
/* A text message of the client on the node stream. */
void node_read_text(struct session *session, struct connection *connection, const char *text,
                    size_t size_bytes);
/* Whether everything that went out without a hole is acknowledged. */
bool node_is_acknowledged(const struct session *session);
/* The driver has read what it was told before: it may be asked again. */
void node_read_barrier(struct session *session);
/* The token that is issued now. */
const char *node_token(const struct session *session);

/* ---- session_server.c ---- */
struct connection *session_connection(struct session *session, uint32_t number);
/* The newest open one, or NULL. */
struct connection *session_newest_open(struct session *session);
void server_end_now(struct session *session, struct connection *connection, enum session_end end);
/* Records that the connection is there, unless that was done. */
void server_tell_connect(struct session *session, struct connection *connection);
/* Ends an open connection as `drop` does: waits for acknowledgement, then ends. */
void server_drop(struct session *session, struct connection *connection, enum drop_how how,
                 bool by_cut);
void server_close(struct session *session, struct connection *connection, unsigned code,
                  const char *reason);
/* Ends every connection that has a peer, as a server that goes away does. */
void server_end_connections(struct session *session, enum drop_how how);
/* Opens or closes the port as `restart` and refusals want it now. */
void server_update_port(struct session *session);
void server_tick(struct session *session);
int64_t server_deadline_us(const struct session *session);
struct transcript_entry server_entry_on(const struct session *session, enum transcript_kind kind,
                                        const struct connection *connection);
void server_record_end(struct session *session, struct connection *connection, const char *how,
                       double code);
void server_record_drop(struct session *session, struct connection *connection, bool is_drained);
/* Notes that the client broke RFC 6455, and closes the connection. */
void server_violate(struct session *session, struct connection *connection, const char *what,
                    unsigned close_code);

/* ---- session_frames.c ---- */
void server_read_frames(struct session *session, uint32_t number, const char *data,
                        size_t size_bytes);
void server_ping(struct session *session, struct connection *connection);
/* Whether the newest such ping was answered. */
bool server_has_pong(const struct session *session);

/* ---- session_resync.c ---- */
struct publish_request {
    const char *type, *channel, *as;
    uint32_t size_bytes;
    uint64_t id_marker; /* 0: none; UINT64_MAX: its own */
    bool is_numbered, has_number;
    int64_t number;
    bool is_live, is_stored, is_fence;
    uint32_t only_connection; /* 0: every open one */
};
uint64_t server_publish(struct session *session, const struct publish_request *request);
void server_resync(struct session *session, struct connection *connection,
                   const struct resync_request *request);
void server_answer(struct session *session, struct connection *connection,
                   const struct resync_request *request);
/* Ends the connection by cut_replay_after, behind what is still to be written. */
void server_cut_connection(struct session *session, struct connection *connection);
/* S-9: events that overtake the replay, though they came to be before it was made. */
void server_publish_before_replay(struct session *session);
/* How many of `count` frames of a replay are sent, cut_replay_after being used up. */
size_t server_take_cut(struct session *session, size_t count, bool *is_cut);
/* Sends a text message, now or, with a write delay, later; `entry` is what is recorded then. */
void server_send(struct session *session, struct connection *connection, enum send_lane lane,
                 const char *text, size_t size_bytes, const struct transcript_entry *entry);
void server_send_event(struct session *session, struct connection *connection,
                       enum send_lane lane, const struct event *event, const char *from,
                       bool as_row);
/* The frame in which the event is sent. */
void server_print_event(const struct session *session, const struct event *event, bool as_row,
                        struct buffer *out);
/* The entry of an event that is sent on the connection. */
struct transcript_entry server_sent_entry(const struct session *session,
                                          const struct connection *connection,
                                          const struct event *event, const char *from,
                                          bool as_row);
/* Records what was put on the wire, and what it means to a later settle. */
void server_note_sent(struct session *session, const struct transcript_entry *entry);
void server_flush_delayed(struct session *session);
void server_forget_delayed(struct session *session, uint32_t connection);
uint64_t session_alias(const struct session *session, const char *name);
/* The first of the client's channels, or NULL. */
const char *session_default_channel(const struct session *session);

/* ---- session_send.c ---- */
bool server_send_fields(struct session *session, struct connection *connection,
                        const struct send_fields *send);

/* ---- session_driver.c ---- */
void driver_tell_start(struct session *session);
void driver_tell(struct session *session, const char *op, const struct text_list *channels,
                 int64_t ms);
void driver_tell_barrier(struct session *session);

#endif
