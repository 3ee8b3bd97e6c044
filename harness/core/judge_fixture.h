/* Transcripts written by hand, for tests of the judge. The server's side is kept true by the model;
 * what the client does (resyncs, dispatches, pongs) is what the test says. One story at a time:
 * Criterion runs each test in its own process. Texts of JSON are written with single quotes. */
#ifndef GAPCHECK_CORE_JUDGE_FIXTURE_H
#define GAPCHECK_CORE_JUDGE_FIXTURE_H

#include "core/judge.h"
#include "core/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORY_CLOCK_MS INT64_C(1780308000250) /* 2026-06-01T10:00:00.250Z */
#define STORY_SINCE_MS ((double)STORY_CLOCK_MS - 61000)
#define STORY_NO_SINCE NAN

struct story {
    struct transcript *transcript;
    struct scenario_set set;
    const struct scenario *scenario;
    struct judgement *judgement; /* of the last story_judge */
    struct model model;
    int64_t now_us;
    int64_t server_ms;
    uint32_t connection; /* the newest */
    bool is_open;
    uint32_t step;
    double asked, since_ms; /* of the newest resync */
};

extern struct story story;

/* `members` of the scenario with a comma behind each, or ""; `steps` without brackets, or "". */
void story_begin(const char *members, const char *steps);
void story_end(void); /* the suite's .fini */
void story_lack(enum driver_capability capability);

/* ---- what happens ---- */

struct transcript_entry story_entry(enum transcript_kind kind);
size_t story_add(const struct transcript_entry *entry);
void story_note(enum transcript_kind kind, const char *name); /* an entry with that name alone */
void story_wait(int64_t ms);
void story_advance(int64_t ms); /* the server's clock */
void story_step(uint32_t step); /* begins */

/* ---- the server ---- */

struct story_publish {
    const char *type;  /* NULL: message.created */
    unsigned count;    /* 0: 1 */
    bool is_unnumbered, has_no_id, is_unstored, is_not_live, is_fence;
    double seq;        /* 0: the next */
    uint64_t id_marker; /* 0: its own */
    uint32_t size_bytes;
};

void story_connect(void);        /* without upgrade */
void story_upgrade(void);        /* of the newest connection */
void story_open(void);           /* both, and the client subscribes to `general` */
void story_refuse(unsigned status);
uint64_t story_publish(unsigned count); /* messages; returns the first marker */
uint64_t story_publish_as(struct story_publish publish);
void story_send_again(uint64_t marker, bool as_row);
void story_drop(const char *how); /* drop, and its end unless it is `silent` */
void story_end_by_client(void);
void story_restart(int64_t counter);
void story_answer(void);          /* to the newest resync: replay and ack */
void story_answer_cut(size_t after);
void story_answer_without_ack(void);
void story_ack(const char *how, double replayed, bool is_gap);

/* ---- the client ---- */

void story_frame(const char *type, const char *text); /* text with single quotes, or NULL */
void story_resync(double last_seen_seq, double since_ms);
void story_dispatch(uint64_t first, uint64_t last);
void story_dispatch_by(int handler, uint64_t marker);
void story_dispatch_sent(void); /* all that was sent and not dispatched yet, in order */
void story_resynced(double replayed, bool is_gap);
void story_tell_ack(void);      /* resynced as the newest ack says */
void story_fence(void);         /* sent, dispatched; ping and pong */
void story_reconnect(double last_seen_seq); /* open, resync, all taken, resynced, fence */

/* Begins; so many messages (gc-1 …) and a fence are taken on a first connection, which is reset. */
void story_begin_dropped(const char *members, unsigned count);

/* ---- the judge ---- */

void story_done(const char *how, const char *why);
void story_unmet(const char *rule, const char *why); /* the step, and the end by it */
void story_judge(void);

/* Ends the story as complete, judges it and requires that verdict and findings of just these rules
 * ("C-3 C-5", in their order; "" for none). The books must balance. */
void story_expect(enum verdict verdict, const char *rules);
const struct finding *story_finding(enum rule rule); /* the first; asserts that there is one */
void story_expect_cause(enum rule rule, const char *part);
void story_expect_status(enum rule rule, enum rule_status status);

#endif
