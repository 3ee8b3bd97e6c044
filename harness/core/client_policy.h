/* How a client decides where the protocol lets it decide wrongly. All zero is the reference, which
 * keeps every rule; a mutant differs from it in one field and breaks one rule. */
#ifndef GAPCHECK_CORE_CLIENT_POLICY_H
#define GAPCHECK_CORE_CLIENT_POLICY_H

#include <stdbool.h>
#include <stddef.h>

/* What makes two events the same one (C-7, C-13 … C-15). */
enum client_dedupe {
    CLIENT_DEDUPE_TYPE_AND_ID,
    CLIENT_DEDUPE_OFF,
    CLIENT_DEDUPE_SEQUENCE,
    CLIENT_DEDUPE_ID,
    CLIENT_DEDUPE_MESSAGE_ID,
    CLIENT_DEDUPE_CONTENT,
};

/* The number that a resync gives (C-4). */
enum client_cursor {
    CLIENT_CURSOR_UNBROKEN_RUN,
    CLIENT_CURSOR_ONE_HIGH,
    CLIENT_CURSOR_ONE_LOW,
    CLIENT_CURSOR_HIGHEST,
    CLIENT_CURSOR_LATEST,
};

/* Which frames move it (C-4, C-8). */
enum client_cursor_counts {
    CLIENT_CURSOR_COUNTS_NUMBERED_EVENTS,
    CLIENT_CURSOR_COUNTS_KNOWN_TYPES,
    CLIENT_CURSOR_COUNTS_CONTROL_TOO,
    CLIENT_CURSOR_COUNTS_ROWS_TOO,
    CLIENT_CURSOR_COUNTS_NO_REPLAY,
    CLIENT_CURSOR_COUNTS_ABSENT_NUMBERS, /* an event without number blanks it */
    CLIENT_CURSOR_COUNTS_STRINGS_TOO,    /* "7" is 7 */
    CLIENT_CURSOR_COUNTS_INFINITY,       /* 1e999 is one, and JSON writes it as null */
    CLIENT_CURSOR_COUNTS_NEW_EVENTS,     /* of what it knows already, the number is not counted */
};

/* The date that a resync gives (C-5). */
enum client_since {
    CLIENT_SINCE_SAFE,
    CLIENT_SINCE_MISSING,
    CLIENT_SINCE_UNBIASED,
    CLIENT_SINCE_NOW,
    CLIENT_SINCE_NUMBER,
    CLIENT_SINCE_LOCAL_CLOCK,
    CLIENT_SINCE_LAST_FRAME, /* safe, but an unfinished replay moves it too */
    CLIENT_SINCE_EPOCH,
};

/* When a resync is sent (C-1 … C-3, C-6). */
enum client_resync {
    CLIENT_RESYNC_EVERY_RECONNECT,
    CLIENT_RESYNC_NEVER,
    CLIENT_RESYNC_FIRST_CONNECTION_TOO,
    CLIENT_RESYNC_BLIND,
    CLIENT_RESYNC_TWICE,
    CLIENT_RESYNC_BEFORE_SUBSCRIBE,
    CLIENT_RESYNC_ONCE_EVER,
};

/* What an ack is to the client (C-10, C-17). */
enum client_ack {
    CLIENT_ACK_REPORTED_ONCE,
    CLIENT_ACK_UNREPORTED,
    CLIENT_ACK_REPORTED_TWICE,
    CLIENT_ACK_IS_EVENT_TOO,
    CLIENT_ACK_GATES_EVENTS, /* events wait for it, and are lost if it does not come */
    CLIENT_ACK_GATES_REPLAY, /* until it, or another try; those of a cut replay are lost */
    CLIENT_ACK_MALFORMED_FATAL,
};

/* What a counter reset does (C-9, C-21). */
enum client_reset {
    CLIENT_RESET_STARTS_NUMBERING,
    CLIENT_RESET_UNNOTICED_IN_ACK,
    CLIENT_RESET_KEEPS_NUMBER,
    CLIENT_RESET_DROPS_LOWER_NUMBERS,
    CLIENT_RESET_AT_ONE_ONLY, /* a counter that starts elsewhere goes unnoticed */
};

/* What a malformed frame does (C-11). */
enum client_malformed {
    CLIENT_MALFORMED_IGNORED,
    CLIENT_MALFORMED_FATAL,
    CLIENT_MALFORMED_DISCONNECTS,
};

/* How delays between attempts develop (C-16, C-27). */
enum client_backoff {
    CLIENT_BACKOFF_GROWS,
    CLIENT_BACKOFF_FLAT,
    CLIENT_BACKOFF_NEVER_RESET,
    CLIENT_BACKOFF_NONE,
    CLIENT_BACKOFF_RESET_BY_OPEN,
};

/* The loss after which it does not come back (C-16). */
enum client_resigns {
    CLIENT_RESIGNS_NEVER,
    CLIENT_RESIGNS_AFTER_NORMAL_CLOSE,
    CLIENT_RESIGNS_AFTER_ABNORMAL_CLOSE,
    CLIENT_RESIGNS_AFTER_REFUSED_FIRST,
    CLIENT_RESIGNS_AFTER_REFUSAL, /* by an HTTP status */
};

/* What happens when the attempts are used up (C-16). */
enum client_limit {
    CLIENT_LIMIT_REPORTED,
    CLIENT_LIMIT_IGNORED,
    CLIENT_LIMIT_SILENT,
};

/* In which order a replay is dispatched (C-22). */
enum client_order {
    CLIENT_ORDER_AS_RECEIVED,
    CLIENT_ORDER_REPLAY_REVERSED,
    CLIENT_ORDER_ROWS_LAST,
};

/* What a handler that throws takes with it (C-25). */
enum client_throw {
    CLIENT_THROW_CONTAINED,
    CLIENT_THROW_ENDS_LATER_HANDLERS,
    CLIENT_THROW_ENDS_CONNECTION_EVENTS,
};

/* What the client does after the application disconnected (C-28). */
enum client_stop_effect {
    CLIENT_STOP_FINAL,
    CLIENT_STOP_DISPATCHES,
    CLIENT_STOP_RECONNECTS,
};

/* The keepalive frame (C-23, C-26). */
enum client_ping {
    CLIENT_PING_VALID,
    CLIENT_PING_INVALID_JSON,
    CLIENT_PING_UNKNOWN_FRAME,
    CLIENT_PING_NONE,
    CLIENT_PING_UNWATCHED, /* whether anything answers it is all the same */
};

/* What its WebSocket layer does wrong (C-23, C-24): the core never sees it, core/ws_client does. */
enum client_wire {
    CLIENT_WIRE_RIGHT,
    CLIENT_WIRE_NO_PONG,
    CLIENT_WIRE_IGNORES_CLOSE,
    CLIENT_WIRE_DROPS_FRAGMENTS,
    CLIENT_WIRE_FRAGMENTS_ARE_MESSAGES,
    CLIENT_WIRE_MANGLES_FRAGMENTS, /* characters that a fragment cuts become U+FFFD */
    CLIENT_WIRE_PING_ENDS_MESSAGE,
    CLIENT_WIRE_SMALL_MESSAGES,    /* 64 KiB, then it closes with 1009 */
    CLIENT_WIRE_VIOLATION_DEAFENS,
    CLIENT_WIRE_VIOLATION_KILLS,   /* it never comes back */
    CLIENT_WIRE_ACCEPT_UNCHECKED,
    CLIENT_WIRE_LOSES_FIRST_FRAMES, /* those in one segment with the response */
    CLIENT_WIRE_CUT_HEADER_DEAFENS, /* one that came in two segments */
    CLIENT_WIRE_UNMASKED,
};

/* What a client of the node stream acknowledges (C-4). */
enum client_delivery_ack {
    CLIENT_DELIVERY_ACK_DISPATCHED_RUN,
    CLIENT_DELIVERY_ACK_RECEIVED,    /* before the handlers have it */
    CLIENT_DELIVERY_ACK_LATEST,      /* the number that came last, over the holes below it */
    CLIENT_DELIVERY_ACK_ONE_HIGH,
    CLIENT_DELIVERY_ACK_ONCE,        /* what comes again is not acknowledged again */
    CLIENT_DELIVERY_ACK_NEVER,
    CLIENT_DELIVERY_ACK_MISADDRESSED,
};

/* What makes two deliveries of the node stream the same one (C-7). */
enum client_delivery_dedupe {
    CLIENT_DELIVERY_DEDUPE_NUMBER,
    CLIENT_DELIVERY_DEDUPE_ID_ONLY,   /* what has no id is dispatched as often as it comes */
    CLIENT_DELIVERY_DEDUPE_RISING,    /* only a number above all others is new */
    CLIENT_DELIVERY_DEDUPE_FORGETFUL, /* of what has no id, on every connection anew */
};

/* How it registers (C-6), and what the answer is to it (C-17). */
enum client_register {
    CLIENT_REGISTER_EVERY_CONNECTION,
    CLIENT_REGISTER_ONCE,
    CLIENT_REGISTER_LATE,           /* after a heartbeat */
    CLIENT_REGISTER_REFUSAL_UNSEEN, /* and so it stays, and gets nothing */
    CLIENT_REGISTER_GATES_EVENTS,   /* what comes before the reply is dropped */
};

struct client_policy {
    enum client_dedupe dedupe;
    size_t dedupe_count; /* 0: CLIENT_DEDUPE_COUNT */
    bool dedupe_forgets_on_reconnect;
    bool dedupe_evicts_newest;
    enum client_cursor cursor;
    enum client_cursor_counts cursor_counts;
    enum client_since since;
    enum client_resync resync;
    bool subscribes_only_once;
    bool subscribes_first_channels_only; /* those of the application's later calls only once */
    enum client_ack ack;
    enum client_reset reset;
    bool rows_ignored;
    bool unknown_types_dropped;
    enum client_malformed malformed;
    enum client_backoff backoff;
    enum client_resigns resigns;
    enum client_limit limit;
    enum client_order order;
    enum client_throw throwing;
    bool repeats_same_number; /* C-20: events without id, live and from the ring */
    bool repeats_rows;        /* C-20: events without id, from the ring and as rows */
    enum client_stop_effect stop;
    enum client_ping ping;
    bool connects_twice;
    bool connects_patiently; /* no time-out in the handshake */
    bool slow_handler_drops; /* events that come while a handler is busy */
    enum client_wire wire;
    enum client_delivery_ack delivery_ack;
    enum client_delivery_dedupe delivery_dedupe;
    enum client_register registering;
    bool keeps_token;       /* of the node stream: fetched once, for all connections */
    bool ephemeral_dropped; /* deliveries with number 0 */
};

/* Ids that the reference remembers: ring and rows of one replay are at most 2,500 (C-13). */
#define CLIENT_DEDUPE_COUNT ((size_t)4096)

struct client_policy_info {
    const char *name;     /* "since-missing" */
    const char *rule;     /* the rule it breaks, "C-5"; "" for the reference */
    const char *sentence; /* what such a client does, for people */
    struct client_policy policy;
};

/* The one table: "reference" first, then the mutants; NULL behind the last. */
const struct client_policy_info *client_policy_at(size_t index);
size_t client_policy_count(void);

/* All names in the order of the table, for text_nearest. */
const char *const *client_policy_names(void);

/* False if no policy has that name. `out` may be NULL. */
bool client_policy_find(const char *name, struct client_policy *out);

#endif
