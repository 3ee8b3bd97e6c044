/* A transcript laid out for judging: events, sends, dispatches and connections, each with what is
 * known of the others. It only reorders what the transcript says and blames nobody. */
#ifndef GAPCHECK_CORE_EVIDENCE_H
#define GAPCHECK_CORE_EVIDENCE_H

#include "core/event.h"
#include "core/transcript.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVIDENCE_NONE SIZE_MAX

/* One marker. Several markers are one event to the application if they share type and id; the
 * first of them is the identity that stands for all. */
struct evidence_event {
    const char *type;    /* NULL: never published (a marker of `send`) */
    uint64_t id_marker;  /* 0: no id */
    uint64_t identity;   /* marker that stands for the event; of itself if it has no id */
    double seq;          /* NAN: not numbered */
    int64_t created_s, at_us;
    uint32_t step;
    uint16_t flags;      /* of its PUBLISH entry */
    uint32_t size_bytes; /* of its padding */
    bool is_counted;     /* published from the first upgrade until the application stopped */
    bool is_known_type;
    bool is_id_shared;   /* an event of another type has the same id */

    /* of the identity: only meaningful where identity is the marker itself */
    size_t first_send, last_send; /* index into sends, or EVIDENCE_NONE */
    size_t first_dispatch;        /* index into dispatches, or EVIDENCE_NONE */
    uint32_t dispatch_count;
    uint32_t send_count;
};

struct evidence_send {
    size_t entry; /* in the transcript */
    uint64_t marker;
    double seq;   /* as it was stamped; NAN: none */
    int64_t at_us;
    uint32_t connection;
    bool is_row, is_ring, is_again; /* else live; ring: also from the queue of the node stream */
    bool is_certain; /* the client has read it: something sent behind it was dispatched */
    size_t previous; /* the send of the same identity before it, or EVIDENCE_NONE */
    size_t distance; /* distinct other ids sent since `previous` */
    size_t ids_before; /* distinct ids sent before it at all */
    size_t replay;   /* entry of the REPLAY it belongs to, or EVIDENCE_NONE */
    double old_highest; /* highest number sent before the newest counter reset; NAN: no reset */
};

struct evidence_dispatch {
    size_t entry;
    uint64_t marker;
    int64_t at_us;
    size_t send; /* the newest send of its identity before it, or EVIDENCE_NONE */
};

struct evidence_connection {
    size_t connect_entry, open_entry, end_entry, drop_entry; /* EVIDENCE_NONE where there is none */
    uint32_t opened_number;       /* 0: never upgraded */
    size_t first_resync;          /* FRAME_IN entry of its first well-formed resync */
    size_t first_any_resync;      /* malformed ones too */
    size_t resync_count;          /* likewise */
    size_t last_replay;           /* REPLAY entry */
    bool is_cut;                  /* its replay was cut off */
    uint64_t unsent_count;        /* events of its last replay that are still to come */
    bool is_overtaken;            /* a live event came before its replay, or in the middle of it */
    bool has_carried_live;        /* but for fences */
    bool is_settled;              /* a fence sent on it reached the application */
    size_t fence_entry;           /* DISPATCH entry of the first such fence, and of the last */
    size_t last_fence_entry;
    size_t certain_count;         /* index behind the last send that was certainly read; 0: none */
    size_t proven_count;          /* likewise, that a dispatch proves to have been read */
    size_t answered_count;        /* wire only: index behind the last send before an answered ping */
    size_t first_malformed, first_raw; /* FRAME_OUT, WS_OUT entries of what no client asked for */
    size_t first_ack;             /* ACK entry */
    size_t first_extra_ack;       /* FRAME_OUT entry: one that the scenario sent after the resync */
    size_t first_register;        /* FRAME_IN entry of its first node.register */
    bool has_repeated_ack;
    bool is_refused;
    bool has_carried_event, has_carried_frame;
    int64_t connect_us, open_us;
    int64_t lost_us; /* when its end began: a drop or close, else its end; INT64_MAX: never */
    int64_t end_us;  /* INT64_MAX: open to the end */
};

struct evidence {
    const struct transcript *transcript;
    struct evidence_event *events; /* [marker]; [0] is not used */
    size_t event_count;            /* highest marker + 1 */
    struct evidence_send *sends;
    size_t send_count, send_capacity_count;
    struct evidence_dispatch *dispatches; /* handler 1 and known markers only */
    size_t dispatch_count, dispatch_capacity_count;
    struct evidence_connection *connections; /* [number]; [0] is not used */
    size_t connection_count;                 /* highest number + 1 */
    size_t first_open, stopped, done;        /* entries, or EVIDENCE_NONE */
    size_t first_throw, first_reset;         /* likewise: OP `throw`, RESTART of the counter */
    int64_t latest_us;                       /* worst lateness of the harness */
    bool is_wire_only; /* `dispatches` are what stands before pings that were answered */
};

/* Owned by the caller. Tolerates any transcript that transcript_read accepts. */
struct evidence *evidence_new(const struct transcript *transcript);
void evidence_free(struct evidence *evidence);

/* Whether the connection lasted long enough behind that entry that a client must have done what it
 * does at once: a fence was dispatched since, or a second has passed on a punctual harness. */
bool evidence_had_time(const struct evidence *evidence, uint32_t connection, size_t entry);

static inline const struct transcript_entry *evidence_entry(const struct evidence *evidence,
                                                            size_t index)
{
    return &evidence->transcript->entries[index];
}

#endif
