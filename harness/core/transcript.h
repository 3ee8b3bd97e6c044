/* The one record of what happened while a scenario was played, append-only. Everything that is
 * judged or shown comes from it. In memory it is an array of small entries; as a file it is NDJSON
 * (transcript_file.h), and reading that back gives the same entries. */
#ifndef GAPCHECK_CORE_TRANSCRIPT_H
#define GAPCHECK_CORE_TRANSCRIPT_H

#include "core/arena.h"
#include "core/driver_line.h"
#include "core/scenario.h"
#include "core/text.h"
#include "core/text_pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRANSCRIPT_FORMAT          1
#define TRANSCRIPT_TEXT_BYTES_MAX  65536   /* a longer frame stands in it as size and check sum */
#define TRANSCRIPT_ENTRY_COUNT_MAX 4000000 /* more ends the scenario with an error */


/* The one list of kinds: symbol, name in the file. How the members of each are called there is said
 * by the table in transcript_file.c. */
#define TRANSCRIPT_KINDS(X)                                                                        \
    X(STEP, "step")             /* a step begins: name = verb */                                   \
    X(STEP_END, "step-end")     /* name = done, unmet or skipped; text = why; detail = rule id */  \
    X(CONNECT, "connect")       /* a TCP connection is there */                                    \
    X(REQUEST, "request")       /* its HTTP request; text = the request line, token left out */    \
    X(OPEN, "open")             /* upgraded; number = the server's clock in ms (Date) */           \
    X(REFUSED, "refused")       /* name = how; number = HTTP status */                             \
    X(HTTP, "http")             /* a request that is no handshake, whole: text = its line; name =  \
                                   answered, refused, reset or stall; number = HTTP status */      \
    X(PUBLISH, "publish")       /* events marker … marker+count-1 came to be */                    \
    X(SENT, "sent")             /* those events were sent; name = live, ring, row, again, queue */ \
    X(FRAME_OUT, "frame-out")   /* another text message to the client */                           \
    X(REPLAY, "replay")         /* a resync or a registration is answered; SENT and ACK follow */  \
    X(ACK, "ack")               /* resync_ack; name = auto, repeat or override */                  \
    X(WS_OUT, "ws-out")         /* name = ping, pong, close, binary or raw */                      \
    X(FRAME_IN, "frame-in")     /* a text message of the client */                                 \
    X(WS_IN, "ws-in")           /* name = ping, pong, close or binary */                           \
    X(VIOLATION, "violation")   /* the client broke RFC 6455; text = how */                        \
    X(DROP, "drop")             /* the server ends the connection; name = how */                   \
    X(END, "end")               /* the connection is gone; name = server, fin, reset or close */   \
    X(RESTART, "restart")       /* number = counter, -1 keep */                                    \
    X(CLOCK, "clock")           /* the server's clock moved; number = ms it shows now */           \
    X(OP, "op")                 /* told the driver; name = op, text = the line */                  \
    X(READ, "read")             /* the driver has read op number `number`: what happened to the     \
                                   client before it was told has been told before this */          \
    X(DISPATCH, "dispatch")     /* an application handler got an event; detail = type */           \
    X(RESYNCED, "resynced")     /* the client's resynced event */                                  \
    X(LIFECYCLE, "lifecycle")   /* name = open, close, error, reconnecting, …, stopped */          \
    X(LOG, "log")               /* text of the driver */                                           \
    X(LATE, "late")             /* the harness's own loop was late; number = microseconds */       \
    X(FAULT, "fault")           /* name = driver or harness; text = what failed */                 \
    X(DONE, "done")             /* the last entry; name = complete, unmet, client-error, error,    \
                                   interrupted or fault */

enum transcript_kind {
#define X(symbol, name) TRANSCRIPT_##symbol,
    TRANSCRIPT_KINDS(X)
#undef X
        TRANSCRIPT_KIND_COUNT
};
/* What the payload of the server's own pings begins with, a number behind it: a pong says which of
 * them it answers. */
#define TRANSCRIPT_PING_TEXT "gapcheck-"

const char *transcript_kind_name(enum transcript_kind kind);

enum transcript_flag {
    TRANSCRIPT_FLAG_LIVE = 1 << 0,       /* PUBLISH: sent to the open connections */
    TRANSCRIPT_FLAG_ROW = 1 << 1,        /* PUBLISH: is in the database; SENT again: as a row */
    TRANSCRIPT_FLAG_FENCE = 1 << 2,      /* PUBLISH: of a settle */
    TRANSCRIPT_FLAG_GAP = 1 << 3,        /* REPLAY, ACK, RESYNCED: gap_detected */
    TRANSCRIPT_FLAG_MALFORMED = 1 << 4,  /* FRAME_IN, FRAME_OUT, ACK, RESYNCED: fields are wrong */
    TRANSCRIPT_FLAG_MANGLED = 1 << 5,    /* DISPATCH: the text was changed on the way */
    TRANSCRIPT_FLAG_KEEP_RING = 1 << 6,  /* RESTART */
    TRANSCRIPT_FLAG_KEEP_DB = 1 << 7,    /* RESTART */
    TRANSCRIPT_FLAG_DRAINED = 1 << 8,    /* DROP: the kernel had acknowledged every byte */
    TRANSCRIPT_FLAG_CUT = 1 << 9,        /* REPLAY: will be cut off; DROP: by cut_replay_after */
    TRANSCRIPT_FLAG_CONTROL = 1 << 10,   /* FRAME_OUT: pong and the like, no event */
    TRANSCRIPT_FLAG_SHOULD = 1 << 11,    /* STEP_END unmet: only a SHOULD */
    TRANSCRIPT_FLAG_TRUNCATED = 1 << 12, /* text was too long: size_bytes and hash stand for it */
    TRANSCRIPT_FLAG_NO_ID = 1 << 13,     /* PUBLISH: without a stable id */
    TRANSCRIPT_FLAG_FRAGMENTS = 1 << 14, /* SENT, FRAME_OUT, WS_OUT: in WebSocket fragments */
};

/* NAN in a double means that it is not there. */
struct transcript_entry {
    int64_t at_us;       /* since the scenario began */
    uint64_t marker;     /* an event, or the first of `count`; 0: none */
    uint64_t count;      /* events of a fold; REPLAY: ring part */
    double seq;          /* agent_seq of the (first) event; resync, ack: last_seen_seq */
    double number;       /* see the kinds; ACK, REPLAY: current_seq; FRAME_IN resync: since in ms */
    double number2;      /* PUBLISH: marker of its id; REPLAY: rows; ACK: replayed; FRAME_IN
                            delivery.ack: up_to_seq */
    const char *name;    /* static or in the transcript's arena; NULL: none */
    const char *detail;  /* event type, frame type; likewise */
    const char *text;    /* likewise, NUL-terminated */
    uint64_t hash;       /* TRUNCATED: text_hash of the whole */
    uint32_t size_bytes; /* of the frame; PUBLISH: padding */
    uint32_t step;       /* the step in play, from 1; 0: none */
    uint32_t connection; /* from 1; 0: none */
    uint16_t flags;
    uint8_t kind;        /* enum transcript_kind */
};

/* What stands in the first line of the file. All owned by the transcript. */
struct transcript_header {
    char *scenario_name, *scenario_path;
    char *scenario_text; /* the file's, NUL-terminated */
    char *client_name, *client_version, *client_command;
    struct driver_capabilities capabilities;
    bool is_wire_only; /* nobody told what the application got */
    char *gapcheck_version;
    uint64_t seed;
    int64_t started_ms; /* wall clock, since 1970 */
    double timeout_scale;
};

struct transcript {
    struct transcript_header header;
    struct transcript_entry *entries;
    size_t count;
    size_t capacity_count;
    struct arena arena;    /* of the strings; private, as is the pool */
    struct text_pool pool; /* of names and types */
    size_t text_bytes;     /* of the other texts */
};

struct transcript *transcript_new(void);
void transcript_free(struct transcript *transcript);

/* Appends a copy of `entry`: its strings are copied too (type names and other short ones only
 * once). Folds into the last entry where it continues it: PUBLISH and SENT with the next marker
 * and number, all else equal, within a millisecond. Returns the index it stands at. */
size_t transcript_add(struct transcript *transcript, const struct transcript_entry *entry);

/* An entry with every number absent. */
struct transcript_entry transcript_entry_of(enum transcript_kind kind, int64_t at_us);

/* A frame's text as an entry holds it: whole, or as size, hash and nothing (FLAG_TRUNCATED). */
void transcript_set_text(struct transcript_entry *entry, const char *text, size_t size_bytes);

size_t transcript_memory_bytes(const struct transcript *transcript);

#endif
