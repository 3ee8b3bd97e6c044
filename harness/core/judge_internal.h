/* What the files of the judge share; nobody else includes it.
 *
 *   judge.c             verdict, and the table of checks
 *   judge_losses.c      what was owed, what was lost, and to which rule each loss is charged
 *   judge_repeats.c     what was dispatched more than once, and in which order (C-7, C-13, …)
 *   judge_resync.c      what the client asked for (C-1 … C-6, C-9, C-21)
 *   judge_connection.c  how it connects, and how it stops (C-16, C-27, C-28)
 *   judge_wire.c        what it sends, and how it takes acks and faults (C-10, C-23, C-25, …) */
#ifndef GAPCHECK_CORE_JUDGE_INTERNAL_H
#define GAPCHECK_CORE_JUDGE_INTERNAL_H

#include "core/evidence.h"
#include "core/ideal.h"
#include "core/judge.h"

/* A timing rule judged while the harness itself was later than this is inconclusive. */
#define JUDGE_LATE_US_MAX 50000

struct judge {
    const struct transcript *transcript;
    const struct scenario *scenario;
    struct evidence *evidence;
    struct ideal_event *ideal;
    struct judgement *judgement;
};

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
void judge_server_rules(struct judge *judge);

#endif
