/* One scenario played against one client: the fake server and the step cursor, without sockets,
 * processes or clock. What happens goes in with a time, what to do comes out as effects, and the
 * transcript records both. */
#ifndef GAPCHECK_CORE_SESSION_H
#define GAPCHECK_CORE_SESSION_H

#include "core/driver_event.h"
#include "core/driver_line.h"
#include "core/scenario.h"
#include "core/transcript.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session_config {
    const struct scenario *scenario; /* borrowed for the life of the session */
    struct driver_capabilities capabilities;
    bool is_wire_only;               /* there is no driver: fences are pings, and what the
                                        application got is not known */
    const char *client;              /* the `client` of driver lines; borrowed */
    const char *host;                /* "127.0.0.1"; borrowed */
    uint16_t port;                   /* where the world listens for it */
    const char *ca_file;             /* signs the world's certificate; NULL: no TLS; borrowed */
    uint64_t seed;
    int64_t wall_start_ms;           /* wall clock at time 0, since 1970 */
    double timeout_scale;            /* stretches every time-out; 1 is as written */
};

enum session_end {
    SESSION_END_RESET,   /* TCP RST, at once */
    SESSION_END_FIN,     /* TCP FIN after what is queued; then the connection is forgotten */
    SESSION_END_SILENT,  /* write no byte more and read none, but keep it open to the end */
};

enum session_effect_kind {
    SESSION_EFFECT_WRITE,  /* queue `data` on the connection */
    SESSION_EFFECT_DRAIN,  /* call session_drained when every byte queued so far is acknowledged */
    SESSION_EFFECT_END,    /* end the connection as `end` says */
    SESSION_EFFECT_LISTEN, /* open or close the listening port (`is_listening`) */
    SESSION_EFFECT_DRIVER, /* write the line `data` (no newline) to the driver */
    SESSION_EFFECT_DONE,   /* nothing more will come; the world tears down what is left */
};

struct session_effect {
    enum session_effect_kind kind;
    uint32_t connection;
    const char *data; /* borrowed until the next call on the session */
    size_t size_bytes;
    bool own_segment; /* WRITE: one TCP write of its own, not joined with its neighbours */
    enum session_end end;
    bool is_listening;
};

/* The first capability that the scenario needs and `has` lacks, with the reason why it does; NULL
 * if there is none. */
const char *session_missing_capability(const struct scenario *scenario,
                                       struct driver_capabilities has, const char **because);

struct session; /* opaque */

struct session *session_new(const struct session_config *config);

/* The transcript stays with the caller if it was taken. */
void session_free(struct session *session);
struct transcript *session_take_transcript(struct session *session);
const struct transcript *session_transcript(const struct session *session);

/* ---- inputs; `now_us` counts from the scenario's begin and never goes back ---- */

/* The port is open and the driver has said hello. Starts the client. */
void session_start(struct session *session, int64_t now_us);

/* A TCP connection was accepted. Returns its number (1, 2, …). */
uint32_t session_connected(struct session *session, int64_t now_us);
void session_received(struct session *session, uint32_t connection, const char *data,
                      size_t size_bytes, int64_t now_us);
void session_drained(struct session *session, uint32_t connection, int64_t now_us);
/* The peer ended it (FIN or, `was_reset`, RST). Not called for connections that the session ended,
 * except SILENT ones that the peer ends later. */
void session_ended(struct session *session, uint32_t connection, bool was_reset, int64_t now_us);

/* A parsed line of the driver for this client. */
/* Likewise, of an event that was read without a tree. */
void session_driver_event(struct session *session, const struct driver_event_line *line,
                          int64_t now_us);
void session_driver_line(struct session *session, const struct driver_line *line, int64_t now_us);

/* The driver process is gone or unusable. `is_repeat` says that it happened to this scenario
 * before, alone in its own process: then it is the client's doing. */
void session_driver_gone(struct session *session, const char *why, bool is_repeat, int64_t now_us);

/* The harness could not do its part, or was interrupted: the scenario ends there. */
void session_fail(struct session *session, const char *why, int64_t now_us);
void session_interrupt(struct session *session, int64_t now_us);

/* The world's loop woke `late_us` after the deadline it was asked for. */
void session_late(struct session *session, int64_t late_us, int64_t now_us);

/* When session_tick wants to be called; INT64_MAX for never. */
int64_t session_deadline_us(const struct session *session);
void session_tick(struct session *session, int64_t now_us);

/* ---- outputs ---- */

/* Takes the next effect; false when there is none. Drain after every input. */
bool session_next_effect(struct session *session, struct session_effect *effect);
bool session_is_done(const struct session *session);

/* How far it is, for progress: the step in play and how many there are. */
uint32_t session_step(const struct session *session);

#endif
