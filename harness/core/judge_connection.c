/* How the client connects again, and how it stops (C-16, C-26, C-27, C-28). */
#include "core/judge_internal.h"

#include "core/node_stream.h"

#include <math.h>
#include <string.h>

#define STREAK_COUNT_MIN  5      /* failures over which delays are judged (C-16) */
#define GROWTH_FACTOR     1.5    /* the slowest growth that still counts as one */
#define JITTER_FACTOR     0.5    /* room below the bound */
#define STOP_GRACE_US     100000 /* a connection begun before `stop` may still show up */
#define RESET_ROOM_US     50000
#define OVERLAP_US        1000000 /* a client that changes connections is done with it by then */
#define OVERLAP_COUNT     4       /* connections before and behind one that are looked at */

/* The delay that fell shortest of its bound, and how many did. */
struct short_delay {
    size_t count;
    size_t entry;          /* of the connection that came too early */
    size_t failure_count;  /* connections in a row that had failed by then */
    double delay_us, bound_us;
};

struct streak {
    size_t count;         /* connections in a row that carried no event */
    bool has_opened;      /* one of them was upgraded: then it is C-27 */
    double greatest_us;   /* delay within it */
    int64_t last_lost_us; /* of the connection before: when its end began; -1: none */
    int64_t last_end_us;
    bool was_good;        /* the connection before carried an event, surely read */
    double grown_us;      /* greatest delay of the streak before the good connection */
    size_t grown_count;   /* and how many failures it had */
    struct short_delay short_c16, short_c27;
};

static double option(const struct judge *judge, const char *name, double fallback)
{
    return scenario_client_number(judge->scenario, name, fallback);
}

static bool is_refused_token(const struct transcript_entry *entry)
{
    return entry->kind == TRANSCRIPT_HTTP && entry->text && entry->name &&
           strcmp(entry->name, "answered") != 0 && strstr(entry->text, NODE_STREAM_TOKEN_PATH);
}

/* ---- delays ---- */

/* A late harness may have seen the connection before end later than it did: the delay was longer
 * by so much at most. */
static void judge_delay(struct judge *judge, struct streak *streak, size_t entry, double delay_us)
{
    enum rule rule = streak->has_opened ? RULE_C27 : RULE_C16;
    double base_us = option(judge, "reconnect_base_ms", 20) * 1000;
    double max_us = option(judge, "reconnect_max_ms", 500) * 1000;
    double grown_us = base_us * pow(GROWTH_FACTOR, (double)streak->count - 1);
    double bound_us = JITTER_FACTOR * fmin(max_us, grown_us);
    judge_exercise(judge, rule);
    if (delay_us >= bound_us)
        return;
    if (delay_us + (double)judge->evidence->latest_us >= bound_us) {
        judge_inconclusive(judge, rule);
        return;
    }
    struct short_delay *shortest = streak->has_opened ? &streak->short_c27 : &streak->short_c16;
    size_t count = shortest->count + 1;
    if (count == 1 || delay_us / bound_us < shortest->delay_us / shortest->bound_us)
        *shortest = (struct short_delay){
            .entry = entry, .failure_count = streak->count, .delay_us = delay_us,
            .bound_us = bound_us};
    shortest->count = count;
}

/* One finding for all: such a client does it every time. */
static void find_short_delay(struct judge *judge, enum rule rule,
                             const struct short_delay *shortest)
{
    if (shortest->count == 0)
        return;
    struct finding *finding = judge_find(
        judge, rule, shortest->entry,
        "after %zu failed connections in a row it waited only %.0f ms, at least %.0f ms were due",
        shortest->failure_count, shortest->delay_us / 1000, shortest->bound_us / 1000);
    finding_set_cause(finding,
                      "delays are to grow from %.0f ms to %.0f ms; half of the slowest growth "
                      "(factor %.1f) is the bound, and %zu of them fell short of it",
                      option(judge, "reconnect_base_ms", 20),
                      option(judge, "reconnect_max_ms", 500), GROWTH_FACTOR, shortest->count);
}

/* Whether there were attempts since then that came to no connection. */
static bool was_token_refused(const struct judge *judge, size_t entry, int64_t since_us)
{
    for (; entry > 0 && evidence_entry(judge->evidence, entry)->at_us >= since_us; entry--)
        if (is_refused_token(evidence_entry(judge->evidence, entry)))
            return true;
    return false;
}

/* The first delay after a connection that carried an event must be small again. */
static void judge_fresh_start(struct judge *judge, const struct streak *streak, size_t entry,
                              double delay_us)
{
    double base_us = option(judge, "reconnect_base_ms", 20) * 1000;
    if (streak->grown_count < STREAK_COUNT_MIN || streak->grown_us < 4 * base_us)
        return; /* too few failures: a delay may have been a busy machine's */
    if (was_token_refused(judge, entry, streak->last_end_us))
        return; /* it is not the first */
    judge_exercise(judge, RULE_C16);
    bool is_small = delay_us <= 0.5 * streak->grown_us || delay_us <= 1.5 * base_us + RESET_ROOM_US;
    if (is_small)
        return;
    if (judge->evidence->latest_us > JUDGE_LATE_US_MAX) {
        judge_inconclusive(judge, RULE_C16);
        return;
    }
    judge_find(judge, RULE_C16, entry,
               "after a connection that carried an event it waited %.0f ms to reconnect, as if the "
               "failures before (%.0f ms at most) went on; its base is %.0f ms",
               delay_us / 1000, streak->grown_us / 1000, base_us / 1000);
}

static void follow_connection(struct judge *judge, struct streak *streak, uint32_t number)
{
    const struct evidence_connection *connection = &judge->evidence->connections[number];
    if (connection->connect_entry == EVIDENCE_NONE)
        return;
    bool has_backoff = judge_has_capability(judge, DRIVER_CAPABILITY_BACKOFF);
    if (streak->last_lost_us >= 0) {
        double delay_us = (double)(connection->connect_us - streak->last_lost_us);
        judge_exercise(judge, RULE_C16);
        if (has_backoff && streak->was_good)
            judge_fresh_start(judge, streak, connection->connect_entry,
                              (double)(connection->connect_us - streak->last_end_us));
        if (has_backoff && streak->count >= STREAK_COUNT_MIN)
            judge_delay(judge, streak, connection->connect_entry, delay_us);
        if (delay_us > streak->greatest_us)
            streak->greatest_us = delay_us;
    }
    double max_us = option(judge, "reconnect_max_ms", 500) * 1000;
    bool has_lasted = connection->opened_number && connection->lost_us != INT64_MAX &&
                      (double)(connection->lost_us - connection->open_us) >= max_us;
    streak->was_good = connection->certain_count != 0;
    if (connection->has_carried_event || connection->has_carried_frame || has_lasted) {
        streak->grown_us = streak->greatest_us;
        streak->grown_count = streak->count;
        streak->count = 0;
        streak->greatest_us = 0;
        streak->has_opened = false;
    } else {
        streak->count++;
        streak->has_opened = streak->has_opened || connection->opened_number != 0;
    }
    bool has_ended = connection->end_us != INT64_MAX;
    streak->last_lost_us = has_ended ? connection->lost_us : -1;
    streak->last_end_us = connection->end_us;
}

/* An application that asks for a new connection, or a port that is closed, makes delays that say
 * nothing about the client's own. */
static bool has_foreign_delays(const struct judge *judge)
{
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_OP && judge_name_is(entry, "reconnect"))
            return true;
        if (entry->kind == TRANSCRIPT_RESTART && entry->number2 > 0)
            return true;
        if (entry->kind == TRANSCRIPT_DROP && judge_name_is(entry, "silent"))
            return true;
    }
    return false;
}

/* ---- one at a time ---- */

/* How long both connections were there, as far as the client is to blame for it. */
static int64_t overlap_us(const struct judge *judge, const struct evidence_connection *old,
                          const struct evidence_connection *fresh)
{
    int64_t until_us = judge->transcript->entries[judge->transcript->count - 1].at_us;
    until_us = old->lost_us < until_us ? old->lost_us : until_us;
    until_us = fresh->lost_us < until_us ? fresh->lost_us : until_us;
    return until_us - (old->connect_us > fresh->connect_us ? old->connect_us : fresh->connect_us);
}

bool judge_is_doubled(const struct judge *judge, uint32_t number)
{
    const struct evidence_connection *connections = judge->evidence->connections;
    uint32_t first = number > OVERLAP_COUNT ? number - OVERLAP_COUNT : 1;
    for (uint32_t other = first;
         other < judge->evidence->connection_count && other <= number + OVERLAP_COUNT; other++)
        if (other != number && connections[other].connect_entry != EVIDENCE_NONE &&
            connections[number].opened_number &&
            overlap_us(judge, &connections[number], &connections[other]) >= OVERLAP_US)
            return true;
    return false;
}

static void judge_one_at_a_time(struct judge *judge, uint32_t number, uint32_t next)
{
    const struct evidence_connection *old = &judge->evidence->connections[number];
    const struct evidence_connection *fresh = &judge->evidence->connections[next];
    bool is_dead = old->lost_us <= fresh->open_us; /* the server had begun to end it */
    if (is_dead || fresh->fence_entry == EVIDENCE_NONE ||
        (old->end_entry != EVIDENCE_NONE && old->end_entry < fresh->fence_entry))
        return;
    judge_find(judge, RULE_C16, fresh->open_entry,
               "connection %u was opened while connection %u was still open and in use",
               fresh->opened_number, old->opened_number);
}

/* ---- half open ---- */

/* The newest connection that was upgraded; 0: none. */
static uint32_t newest_opened(const struct judge *judge)
{
    uint32_t newest = 0;
    for (uint32_t number = 1; number < judge->evidence->connection_count; number++)
        if (judge->evidence->connections[number].opened_number)
            newest = number;
    return newest;
}

static bool was_dropped_silently(const struct judge *judge, uint32_t number)
{
    size_t drop = number ? judge->evidence->connections[number].drop_entry : EVIDENCE_NONE;
    return drop != EVIDENCE_NONE && judge_name_is(evidence_entry(judge->evidence, drop), "silent");
}

static bool has_connected_after(const struct judge *judge, size_t index)
{
    for (uint32_t number = 1; number < judge->evidence->connection_count; number++) {
        size_t connect = judge->evidence->connections[number].connect_entry;
        if (connect != EVIDENCE_NONE && connect > index)
            return true;
    }
    return false;
}

enum rule judge_missing_connection_rule(const struct judge *judge)
{
    uint32_t newest = newest_opened(judge);
    bool is_unnoticed =
        was_dropped_silently(judge, newest) &&
        judge->evidence->connections[newest].end_entry == EVIDENCE_NONE &&
        !has_connected_after(judge, judge->evidence->connections[newest].drop_entry);
    if (is_unnoticed || judge_is_server_deaf(judge, newest))
        return RULE_C26;
    if (judge_ended_over_bytes(judge, newest))
        return RULE_C24;
    return newest && judge->evidence->connections[newest].lost_us == INT64_MAX ? RULE_STEP
                                                                               : RULE_C16;
}

/* ---- giving up ---- */

/* In a row. Whether a client counts a refused request for a token, too, is up to it. */
struct failures {
    size_t connections;
    size_t tokens;
    bool was_denied; /* the last refusal of a connection was a 401 or 403 */
};

static struct failures failures_before(const struct judge *judge, size_t end)
{
    struct failures failures = {0};
    for (size_t index = 0; index < end; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (is_refused_token(entry))
            failures.tokens++;
        else if (entry->kind == TRANSCRIPT_REFUSED)
            failures.was_denied = entry->number == 401 || entry->number == 403;
        else if (entry->kind != TRANSCRIPT_CONNECT ||
                 entry->connection >= judge->evidence->connection_count)
            continue;
        else if (judge->evidence->connections[entry->connection].opened_number)
            failures.connections = failures.tokens = 0;
        else
            failures.connections++;
    }
    return failures;
}

static size_t find_giving_up(const struct judge *judge, size_t end)
{
    for (size_t index = 0; index < end; index++)
        if (judge_name_is(evidence_entry(judge->evidence, index), "permanently_disconnected"))
            return index;
    return EVIDENCE_NONE;
}

bool judge_may_have_left(const struct judge *judge, size_t index)
{
    size_t told = find_giving_up(judge, index);
    return told != EVIDENCE_NONE && failures_before(judge, told).was_denied;
}

static bool was_port_closed(const struct judge *judge)
{
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_RESTART && entry->number2 > 0)
            return true;
    }
    for (size_t index = 0; index < judge->scenario->step_count; index++) {
        const struct scenario_step *step = &judge->scenario->steps[index];
        if (step->verb == VERB_REFUSE && step->refuse.how == REFUSE_CLOSED)
            return true; /* attempts that the server cannot count */
    }
    return false;
}

/* It has stopped trying, a second long and longer than its delays, and nobody was told. */
static void judge_silence(struct judge *judge, double failures, double limit)
{
    size_t last = judge->transcript->count - 1;
    int64_t quiet_from_us = 0;
    for (size_t index = 0; index < last; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_CONNECT || is_refused_token(entry))
            quiet_from_us = entry->at_us;
    }
    double quiet_us = (double)(evidence_entry(judge->evidence, last)->at_us - quiet_from_us);
    double due_us = 1000000 + 2000 * option(judge, "reconnect_max_ms", 500);
    if (failures >= limit && quiet_us >= due_us &&
        judge_has_capability(judge, DRIVER_CAPABILITY_PERMANENTLY_DISCONNECTED))
        judge_find(judge, RULE_C16, last,
                   "after %.0f failed attempts it tried no more, and did not tell the application",
                   failures);
}

static void judge_limit(struct judge *judge)
{
    double limit = option(judge, "max_reconnect_attempts", NAN);
    if (isnan(limit) || was_port_closed(judge) || judge->evidence->stopped != EVIDENCE_NONE)
        return;
    size_t end = judge->transcript->count - 1, told = find_giving_up(judge, end + 1);
    struct failures failures = failures_before(judge, told < end ? told : end);
    size_t most = failures.connections + failures.tokens;
    if (most > 0)
        judge_exercise(judge, RULE_C16);
    if (told != EVIDENCE_NONE && (double)most < limit && !failures.was_denied)
        judge_find(judge, RULE_C16, told,
                   "it gave up after %zu failed attempts, its limit is %.0f", most, limit);
    double fewest = (double)failures_before(judge, end).connections;
    if (fewest > limit + 1)
        judge_find(judge, RULE_C16, end,
                   "it went on after its limit: %.0f attempts failed, %.0f are allowed", fewest,
                   limit);
    else if (told == EVIDENCE_NONE)
        judge_silence(judge, fewest, limit);
}

/* One finding for all, here too. */
static void judge_doubled(struct judge *judge)
{
    for (uint32_t number = 1; number < judge->evidence->connection_count; number++) {
        const struct evidence_connection *connection = &judge->evidence->connections[number];
        if (!connection->opened_number || !judge_is_doubled(judge, number))
            continue;
        if (judge->evidence->latest_us > JUDGE_LATE_US_MAX)
            judge_inconclusive(judge, RULE_C16);
        else
            judge_find(judge, RULE_C16, connection->open_entry,
                       "it held another connection open beside connection %u",
                       connection->opened_number);
        return;
    }
}

void judge_reconnects(struct judge *judge)
{
    struct streak streak = {.last_lost_us = -1};
    uint32_t previous = 0;
    bool is_foreign = has_foreign_delays(judge) || was_port_closed(judge);
    for (uint32_t number = 1; number < judge->evidence->connection_count; number++) {
        const struct evidence_connection *connection = &judge->evidence->connections[number];
        if (connection->opened_number > 1)
            judge_exercise(judge, RULE_C16);
        if (!is_foreign)
            follow_connection(judge, &streak, number);
        if (!connection->opened_number)
            continue;
        if (previous)
            judge_one_at_a_time(judge, previous, number);
        previous = number;
    }
    find_short_delay(judge, RULE_C16, &streak.short_c16);
    find_short_delay(judge, RULE_C27, &streak.short_c27);
    judge_doubled(judge);
    judge_limit(judge);
}

/* ---- C-28 ---- */

void judge_stop(struct judge *judge)
{
    size_t stopped = judge->evidence->stopped;
    if (stopped == EVIDENCE_NONE)
        return;
    judge_exercise(judge, RULE_C28);
    int64_t stopped_us = evidence_entry(judge->evidence, stopped)->at_us;
    size_t dispatches = 0, first_dispatch = EVIDENCE_NONE;
    for (size_t index = stopped; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_DISPATCH && dispatches++ == 0)
            first_dispatch = index;
        bool is_late = entry->at_us > stopped_us + STOP_GRACE_US;
        if (entry->kind == TRANSCRIPT_CONNECT && is_late &&
            judge->evidence->latest_us > JUDGE_LATE_US_MAX) {
            judge_inconclusive(judge, RULE_C28);
        } else if (entry->kind == TRANSCRIPT_CONNECT && is_late) {
            judge_find(judge, RULE_C28, index,
                       "it connected again %.0f ms after the application had disconnected",
                       (double)(entry->at_us - stopped_us) / 1000);
            break;
        }
    }
    if (dispatches)
        judge_find(judge, RULE_C28, first_dispatch,
                   "%zu event%s dispatched after the application had disconnected", dispatches,
                   dispatches == 1 ? " was" : "s were");
}
