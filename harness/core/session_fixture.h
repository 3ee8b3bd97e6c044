/* A session driven by hand, for tests: what happens goes in by calls, what the session does is
 * collected and taken apart. One play at a time: Criterion runs each test in its own process.
 * Texts of JSON are written with single quotes. Time is virtual and starts at FIXTURE_WALL_MS. */
#ifndef GAPCHECK_CORE_SESSION_FIXTURE_H
#define GAPCHECK_CORE_SESSION_FIXTURE_H

#include "core/session.h"
#include "core/ws.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIXTURE_WALL_MS  INT64_C(1780308000250) /* 2026-06-01T10:00:00.250Z */
#define FIXTURE_LINK_MAX 2100
#define FIXTURE_KEY      "dGhlIHNhbXBsZSBub25jZQ=="
#define FIXTURE_ACCEPT   "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/* One message or control frame of the server. */
struct fixture_message {
    enum ws_event_kind kind;
    char *text; /* owned, NUL-terminated */
    size_t size_bytes;
    unsigned close_code;
    int64_t at_us;
};

/* One connection as the client sees it. */
struct fixture_link {
    struct buffer head;  /* the HTTP answer, up to its blank line */
    struct buffer bytes; /* everything behind it */
    struct ws_receiver receiver;
    struct fixture_message *messages;
    size_t message_count, message_capacity_count;
    size_t obeyed_count; /* messages that fixture_obey has seen */
    size_t write_count, own_segment_count;
    bool is_drain_wanted, is_ended;
    enum session_end end;
};

struct fixture {
    struct session_config config;
    struct scenario_set set;
    struct session *session;
    int64_t now_us;
    struct fixture_link links[FIXTURE_LINK_MAX]; /* [number]; [0] is not used */
    struct buffer ops;   /* lines to the driver */
    bool is_listening, is_done;
    bool holds_drains;   /* the test calls session_drained itself */
};

extern struct fixture fixture;

/* Loads a scenario of these steps (and top-level members, with a comma behind), does not start it.
 * Tests may change fixture.config before fixture_start. */
void fixture_load(const char *members, const char *steps);
void fixture_start(void);
void fixture_play(const char *steps); /* both, without members */
void fixture_stop(void);              /* the suite's .fini; another play may follow */

/* ---- the client's side ---- */

/* A TCP connection; with its request; upgraded (asserts so). All return its number. */
uint32_t fixture_connect(void);
uint32_t fixture_request(const char *target, const char *headers);
uint32_t fixture_open(void);

void fixture_bytes(uint32_t link, const void *data, size_t size_bytes);
void fixture_text(uint32_t link, const char *text); /* one masked text frame */
void fixture_frame(uint32_t link, uint8_t opcode, const char *payload, size_t size_bytes);
void fixture_close(uint32_t link, unsigned code);
void fixture_end(uint32_t link, bool is_reset);

/* A line of the driver; `client` is put in unless the text has it. */
void fixture_line(const char *text);
void fixture_dispatch(uint64_t marker);

/* Does what a good client does with what came since the last call: dispatches events (each once a
 * send), answers pings and closes. */
void fixture_obey(uint32_t link);

/* Lets so much time pass, from one deadline of the session to the next. */
void fixture_wait(int64_t ms);

/* fixture_obey on that connection after every millisecond, until the scenario is done. */
void fixture_finish(uint32_t link);

/* ---- what came of it ---- */

/* The messages of the kind, counted; the one with that index (asserted). */
size_t fixture_count(uint32_t link, enum ws_event_kind kind);
const struct fixture_message *fixture_message(uint32_t link, enum ws_event_kind kind, size_t index);
/* The text messages that have `part` (in single quotes) in them. */
size_t fixture_texts_with(uint32_t link, const char *part);
bool fixture_head_has(uint32_t link, const char *part);
bool fixture_ops_have(const char *part);

/* Entries of the transcript of that kind (and name, unless NULL); the index-th one, or NULL. */
size_t fixture_entry_count(enum transcript_kind kind, const char *name);
const struct transcript_entry *fixture_entry(enum transcript_kind kind, const char *name,
                                             size_t index);
const struct transcript_entry *fixture_last_entry(enum transcript_kind kind);

/* How the scenario ended ("complete"), "" while it goes on. */
const char *fixture_how(void);
/* Asserts that it ended in an unmet step of that rule, whose reason has `part` in it. */
void fixture_assert_unmet(const char *rule, const char *part);

#endif
