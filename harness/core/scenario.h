/* A scenario: what the server does, step by step, to one client. Loading is strict: every unknown
 * key, wrong type and number out of range is told, all of a file at once, with its place. */
#ifndef GAPCHECK_CORE_SCENARIO_H
#define GAPCHECK_CORE_SCENARIO_H

#include "core/error.h"
#include "core/rules.h"
#include "core/text.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCENARIO_FILE_BYTES_MAX (16u << 20) /* a larger file is an error */
#define SCENARIO_DEPTH_MAX      64          /* of nesting */
#define SCENARIO_STEPS_MAX      10000       /* repeats unrolled */
#define SCENARIO_INSTANCES_MAX  10000       /* of `each` */
#define SCENARIO_COUNT_MAX      1000000
#define SCENARIO_SIZE_MAX       (16u << 20) /* bytes */
#define SCENARIO_TIME_MAX_MS    3600000

/* ---- names; each list has this one source ---- */

#define SCENARIO_VERBS(X)                                                                          \
    X(ACCEPT, "accept") X(REFUSE, "refuse") X(PUBLISH, "publish") X(SEND, "send")                  \
    X(SETTLE, "settle") X(SYNC, "sync") X(EXPECT, "expect") X(DROP, "drop") X(CLOSE, "close")      \
    X(RESTART, "restart") X(SET, "set") X(RELEASE, "release") X(ADVANCE, "advance")                \
    X(CLIENT, "client") X(WAIT, "wait") X(REPEAT, "repeat")

enum verb {
#define X(symbol, name) VERB_##symbol,
    SCENARIO_VERBS(X)
#undef X
        VERB_COUNT
};
const char *verb_name(enum verb verb);

/* How a connection ends. */
enum drop_how { DROP_RESET, DROP_FIN, DROP_SILENT, DROP_MID_FRAME, DROP_CLOSE, DROP_HOW_COUNT };
const char *drop_how_name(enum drop_how how);

/* What is refused: connections, or in the node stream the request for a token before them. */
enum refuse_at { REFUSE_AT_UPGRADE, REFUSE_AT_TOKEN };

enum refuse_how {
    REFUSE_HTTP,
    REFUSE_RESET,
    REFUSE_STALL,
    REFUSE_CLOSED,
    REFUSE_BAD_ACCEPT,
    REFUSE_HOW_COUNT
};
const char *refuse_how_name(enum refuse_how how);

enum dialect { DIALECT_AGENT, DIALECT_NODE };
enum publish_id { PUBLISH_ID_FRESH, PUBLISH_ID_NONE, PUBLISH_ID_SAME };
enum publish_seq { PUBLISH_SEQ_NEXT, PUBLISH_SEQ_NONE, PUBLISH_SEQ_NUMBER };
enum resync_mode { RESYNC_AUTO, RESYNC_IGNORE, RESYNC_HOLD };
enum ack_mode { ACK_AUTO, ACK_OMIT, ACK_TWICE, ACK_OVERRIDE };
/* How `node.register` is answered: with a reply, with none, with two, or with an error. */
enum register_mode { REGISTER_AUTO, REGISTER_OMIT, REGISTER_TWICE, REGISTER_ERROR };
enum client_do {
    CLIENT_DO_SUBSCRIBE,
    CLIENT_DO_UNSUBSCRIBE,
    CLIENT_DO_RECONNECT,
    CLIENT_DO_STOP,
    CLIENT_DO_THROW,
    CLIENT_DO_SLOW,
    CLIENT_DO_COUNT
};
const char *client_do_name(enum client_do action);

/* ---- values ---- */

struct text_list {
    const char **items; /* owned with the scenario */
    size_t count;
};

/* What a field of a frame or an event must be. */
enum matcher_kind {
    MATCHER_NONE, /* the field was not given: anything holds */
    MATCHER_LITERAL,
    MATCHER_RANGE,
    MATCHER_ISO8601,
    MATCHER_KIND,
    MATCHER_ABSENT,
};

struct matcher {
    enum matcher_kind kind;
    const cJSON *literal; /* LITERAL: borrowed from the scenario */
    bool has_min, has_max;
    double min, max;       /* RANGE, both inclusive */
    const char *json_kind; /* KIND: "number", "string", "boolean", "object", "array" or "null" */
};

/* A field that `expect` matches beside the one that says what is expected. */
struct field_matcher {
    const char *name;
    struct matcher matcher;
};

struct field_matchers {
    struct field_matcher *items;
    size_t count;
};

enum send_kind { SEND_FRAME, SEND_TEXT, SEND_BINARY, SEND_RAW, SEND_AGAIN };

struct send_fields {
    enum send_kind kind;
    const cJSON *frame;      /* FRAME: template, borrowed from the scenario */
    const char *text;        /* TEXT */
    const uint8_t *bytes;    /* BINARY, RAW: decoded hex */
    size_t byte_count;
    const char *again;       /* AGAIN: name of a published event */
    bool as_row;             /* AGAIN */
    int64_t size_bytes;      /* pads the text of FRAME and TEXT */
    int64_t fragments;       /* 1: not fragmented */
    bool ping_between;       /* a PING between fragments */
    int64_t split_bytes;     /* 0: one TCP write */
};

enum expect_kind {
    EXPECT_FRAME,
    EXPECT_CONNECTION,
    EXPECT_REFUSED,
    EXPECT_RECONNECTING,
    EXPECT_RESYNCED,
    EXPECT_DISPATCHED,
    EXPECT_GAVE_UP,
    EXPECT_NOTHING,
};

struct expect_fields {
    enum expect_kind kind;
    const char *frame;            /* FRAME: type of the client's frame */
    struct field_matchers fields; /* FRAME, RESYNCED */
    struct matcher number;        /* CONNECTION, RECONNECTING, REFUSED */
    struct matcher after_ms;      /* CONNECTION */
    int64_t dispatched_count;     /* DISPATCHED: at least; used if dispatched_names is empty */
    struct field_matchers dispatched_names; /* DISPATCHED: how often the named event */
    struct text_list nothing;     /* NOTHING: frame types, "connection", "event", "frame" */
    int64_t for_ms;               /* NOTHING */
    bool is_should;               /* level */
};

struct scenario_step {
    enum verb verb;
    size_t line, column; /* of the step in the file, from 1 */
    int64_t timeout_ms;
    union {
        struct {
            const char *path;  /* NULL: any */
            const char *token; /* NULL: any */
            struct send_fields *with;
            size_t with_count;
        } accept;
        struct {
            int64_t times;
            enum refuse_at at;
            enum refuse_how how;
            int64_t status;
            const char *headers; /* complete lines, "" where there are none */
            int64_t for_ms;
        } refuse;
        struct {
            int64_t count;
            const char *type;
            const char *channel; /* NULL: the first of the client's channels */
            int64_t size_bytes;
            int64_t every_ms;
            enum publish_id id;
            enum publish_seq seq;
            int64_t seq_number;
            bool live, store;
            const char *as; /* NULL: unnamed */
        } publish;
        struct send_fields send;
        struct expect_fields expect;
        struct {
            enum drop_how how;
        } drop;
        struct {
            int64_t code;
            const char *reason;
        } close;
        struct {
            int64_t down_ms;
            int64_t counter; /* -1: keep */
            bool keep_ring, keep_db;
            enum drop_how how;
        } restart;
        struct {
            bool has_resync, has_ack, has_order, has_pong, has_token; /* what this `set` changes */
            bool has_cut, has_live_before, has_write_delay;
            bool has_registering, has_delivery_ack;
            enum resync_mode resync;
            enum ack_mode ack;
            const cJSON *ack_fields; /* ACK_OVERRIDE: borrowed from the scenario */
            int order;               /* enum resync_order of model.h */
            int64_t cut_replay_after;
            enum drop_how cut_how;
            int64_t live_before_replay;
            bool ignore_pings;
            int64_t write_delay_ms;
            const char *token; /* NULL: any */
            enum register_mode registering;
            bool ignores_delivery_acks;
        } set;
        struct {
            int64_t ms;
        } advance, wait;
        struct {
            enum client_do action;
            struct text_list channels;
            int64_t ms;
        } client;
    };
};

struct scenario_server {
    int64_t ring, db_limit;
    int64_t clock_skew_ms; /* positive: the server is ahead of the client */
    bool clock_freeze;
    bool tls; /* in the live world; the simulated one has none */
};

struct scenario {
    char *name;     /* "resync/ring-overflow[501]"; owned, as is all below */
    char *path;     /* of the file, as it was given */
    const char *title, *why;
    bool rules[RULE_COUNT];     /* which it shows */
    bool rules_off[RULE_COUNT]; /* `judge`: not judged here */
    struct text_list tags;
    enum dialect dialect;
    struct scenario_server server;
    struct text_list channels;
    const cJSON *client_options; /* the driver's options, checked; an object */
    struct scenario_step *steps; /* unrolled; the first has number 1 */
    size_t step_count;
    int64_t timeout_ms;
    cJSON *document;  /* what strings and templates borrow from */
    const char *text; /* of the file, for the transcript's header; shared by its scenarios */
    size_t text_bytes;
    void *arena;      /* private */
};

struct scenario_set {
    struct scenario **items; /* owned */
    size_t count;
    size_t capacity_count;
};

/* Adds the scenario of the text, or one for every combination of `each`, to `set`. `path` is what
 * errors and reports call the file, `name` the scenario's name without its brackets. On errors
 * nothing is added, `errors` has them all, and the result is false. */
bool scenario_load(const char *text, size_t size_bytes, const char *path, const char *name,
                   struct scenario_set *set, struct error_list *errors);
void scenario_set_free(struct scenario_set *set);
void scenario_free(struct scenario *scenario);

/* An option of the client as a number (or a bool as 0 and 1), else `fallback`. */
double scenario_client_number(const struct scenario *scenario, const char *option, double fallback);

/* Whether the scenario has a step of that kind. */
bool scenario_has_verb(const struct scenario *scenario, enum verb verb);

/* Why a driver without some capability cannot play it ("`client: throw` needs the capability
 * throw"): walks the capabilities a scenario needs. NULL behind the last. */
const char *scenario_needed_capability(const struct scenario *scenario, size_t index,
                                       const char **because);

#endif
