/* What the files of the judge share; nobody else includes it.
 *
 *   judge.c             verdict, and the table of checks
 *   judge_losses.c      what was owed, what was lost, and to which rule each loss is charged
 *   judge_received.c    the same for what the client was sent and did not dispatch
 *   judge_repeats.c     what was dispatched more than once, and in which order (C-7, C-13, …)
 *   judge_resync.c      whether it asked, and what it subscribed to (C-1, C-2, C-3, C-6)
 *   judge_cursor.c      what it asked for (C-4, C-5, C-8, C-9, C-21)
 *   judge_connection.c  how it connects, and how it stops (C-16, C-26, C-27, C-28)
 *   judge_websocket.c   how it keeps RFC 6455, and notices silence (C-24, C-26)
 *   judge_node.c        what a client of the node stream owes instead (C-4, C-6, C-17)
 *   judge_wire.c        what it sends, and how it takes acks and faults (C-10, C-23, C-25, …) */
#ifndef GAPCHECK_CORE_JUDGE_INTERNAL_H
#define GAPCHECK_CORE_JUDGE_INTERNAL_H

#include "core/evidence.h"
#include "core/ideal.h"
#include "core/judge.h"

#include <cjson/cJSON.h>

/* A timing rule judged while the harness itself was later than this is inconclusive. */
#define JUDGE_LATE_US_MAX 50000

struct judge {
    const struct transcript *transcript;
    const struct scenario *scenario;
    struct evidence *evidence;
    struct ideal_event *ideal;
    struct judgement *judgement;
    bool has_left; /* it gave up when its token was refused, as it may */
    bool is_node;         /* the scenario speaks the node stream: rules mean their counterparts */
    size_t unjudged_step; /* STEP_END unmet, by a rule that is not judged; or EVIDENCE_NONE */
};

/* One event that was owed and not dispatched. */
struct loss {
    uint64_t marker;
    enum rule rule;
    enum rule_level level;
    size_t entry;        /* where it happened */
    uint32_t connection; /* where the ideal client got it */
    char *cause;         /* owned; NULL: none known */
};

/* Charges the loss to a rule, at the rule's own level; `cause` is copied. */
void loss_charge(struct loss *loss, enum rule rule, size_t entry, const char *cause);

/* Charges an event that the client surely read; false if it did not. */
bool judge_charge_received(const struct judge *judge, struct loss *loss);

/* Whether the client held another connection for a second and more while this one was open, so
 * that it may have looked at the other. */
bool judge_is_doubled(const struct judge *judge, uint32_t connection);

/* The rule came up: without a finding it has passed. */
void judge_exercise(struct judge *judge, enum rule rule);

/* The rule could not be told, because the harness was late. */
void judge_inconclusive(struct judge *judge, enum rule rule);

/* Adds a finding at an entry of the transcript (its step and time), with the rule's own level.
 * Returned for `cause` and `level`; borrowed until the next one. NULL if the rule is not judged. */
struct finding *judge_find(struct judge *judge, enum rule rule, size_t entry, const char *format,
                           ...) __attribute__((format(printf, 4, 5)));
/* What was found by that rule at that entry already (a loss), so that one defect is one finding. */
struct finding *judge_found(struct judge *judge, enum rule rule, size_t entry);
void finding_set_cause(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

bool judge_has_capability(const struct judge *judge, enum driver_capability capability);
bool judge_name_is(const struct transcript_entry *entry, const char *name);

/* The entry of the newest such kind on the connection before `index`, or EVIDENCE_NONE. */
size_t judge_find_before(const struct judge *judge, enum transcript_kind kind,
                         uint32_t connection, size_t index);

/* Who is to blame if the client was waited for and did not connect: C-16, C-26 where it never
 * noticed that its connection had gone silent, or `step` where its connection was still open. */
enum rule judge_missing_connection_rule(const struct judge *judge);
/* Whether it told before entry `index` that it gives up, and its token had been refused (C-16). */
bool judge_may_have_left(const struct judge *judge, size_t index);

/* Whether a message asks something of a client that not every one can do (C-24): it is large, or
 * came in fragments. `level` is what it owes then. */
bool judge_is_demanding(const struct judge *judge, const struct evidence_send *send,
                        enum rule_level *level);

/* Whether the client itself ended the connection after raw or binary bytes on it (C-24). */
bool judge_ended_over_bytes(const struct judge *judge, uint32_t connection);

/* Whether the connection is open at the end to a server that answers no pings, unnoticed (C-26). */
bool judge_is_server_deaf(const struct judge *judge, uint32_t connection);

/* ---- the checks; each looks for what it knows and says what it exercised ---- */
void judge_losses(struct judge *judge);
void judge_repeats(struct judge *judge);
void judge_order(struct judge *judge);
void judge_resyncs(struct judge *judge);
void judge_cursor(struct judge *judge);
void judge_subscriptions(struct judge *judge);
void judge_reconnects(struct judge *judge);
void judge_stop(struct judge *judge);
void judge_frames(struct judge *judge);
void judge_acks(struct judge *judge);
void judge_faults(struct judge *judge);
void judge_websocket(struct judge *judge);
void judge_half_open(struct judge *judge);
void judge_server_rules(struct judge *judge);
void judge_registrations(struct judge *judge);
void judge_delivery_acks(struct judge *judge);

/* Charges a delivery that the ideal client of the node stream got, and this one was not sent or did
 * not surely read. */
void judge_node_charge(const struct judge *judge, struct loss *loss);

/* Whether the reply to the registration on its connection was late, missing or repeated. */
bool judge_node_is_reply_odd(const struct judge *judge, uint32_t connection);

/* What is wrong with a text message on the node stream; NULL: nothing. */
const char *judge_node_frame_fault(const char *type, const cJSON *frame);

#endif
