/* How the client keeps RFC 6455 (C-24), and whether it notices that nobody answers (C-26). */
#include "core/judge_internal.h"

#include "core/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LARGE_BYTES        (64u << 10) /* from here on a message puts a client to the test */
#define MUST_BYTES         (1u << 20)  /* up to here a client MUST take it (C-24) */
#define TIME_TO_ANSWER_US  1000000
#define NOTICE_ROOM_MS     1000        /* beside its own times (C-26) */

static const struct evidence_connection *connection_of(const struct judge *judge, uint32_t number)
{
    return number < judge->evidence->connection_count ? &judge->evidence->connections[number]
                                                      : NULL;
}

static bool is_same_payload(const struct transcript_entry *a, const struct transcript_entry *b)
{
    if (a->text && b->text)
        return !strcmp(a->text, b->text);
    return a->text == b->text && a->hash == b->hash; /* none, or bytes that are no text */
}

/* Whether the application disconnected, or asked for a new connection, between two entries: then
 * what the connection does says nothing. */
static bool was_asked_to_end(const struct judge *judge, size_t from, size_t until)
{
    for (size_t index = from; index < until && index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_OP &&
            (judge_name_is(entry, "stop") || judge_name_is(entry, "reconnect")))
            return true;
    }
    return false;
}

/* ---- pings ---- */

/* Pings that one pong may answer (5.5.3): nothing that came behind them had been read before the
 * last of them was sent. */
struct ping_group {
    uint32_t connection;
    size_t first, last;  /* WS_OUT entries */
    size_t odd_pong;     /* WS_IN entry of one that answers no ping, or EVIDENCE_NONE */
    bool is_answered;
    bool is_read_past;   /* something that was sent behind them was dispatched */
};

struct ping {
    size_t entry, group;
};

struct pings {
    struct ping_group *groups;
    size_t group_count, group_capacity_count;
    struct ping *items;
    size_t count, capacity_count;
};

static struct ping_group *newest_group(const struct pings *pings, uint32_t connection)
{
    for (size_t index = pings->group_count; index > 0; index--)
        if (pings->groups[index - 1].connection == connection)
            return &pings->groups[index - 1];
    return NULL;
}

static void add_ping(struct pings *pings, const struct transcript_entry *entry, size_t index)
{
    struct ping_group *group = newest_group(pings, entry->connection);
    if (!group || group->is_read_past) {
        pings->groups = memory_grow(pings->groups, &pings->group_capacity_count,
                                    pings->group_count + 1, sizeof(*pings->groups));
        group = &pings->groups[pings->group_count++];
        *group = (struct ping_group){
            .connection = entry->connection, .first = index, .odd_pong = EVIDENCE_NONE};
    }
    group->last = index;
    pings->items = memory_grow(pings->items, &pings->capacity_count, pings->count + 1,
                               sizeof(*pings->items));
    pings->items[pings->count++] =
        (struct ping){.entry = index, .group = (size_t)(group - pings->groups)};
}

static void add_pong(const struct judge *judge, struct pings *pings,
                     const struct transcript_entry *pong, size_t index)
{
    for (size_t position = pings->count; position > 0; position--) {
        const struct ping *ping = &pings->items[position - 1];
        const struct transcript_entry *entry = evidence_entry(judge->evidence, ping->entry);
        if (entry->connection == pong->connection && is_same_payload(entry, pong)) {
            pings->groups[ping->group].is_answered = true;
            return;
        }
    }
    struct ping_group *group = newest_group(pings, pong->connection);
    if (group && group->odd_pong == EVIDENCE_NONE)
        group->odd_pong = index;
}

static void add_dispatch(const struct judge *judge, struct pings *pings,
                         const struct transcript_entry *entry)
{
    const struct evidence *evidence = judge->evidence;
    if (entry->number != 1 || entry->marker == 0 || entry->marker >= evidence->event_count)
        return;
    size_t position = evidence->events[entry->marker].last_send;
    if (position == EVIDENCE_NONE)
        return;
    const struct evidence_send *send = &evidence->sends[position];
    struct ping_group *group = newest_group(pings, send->connection);
    if (group && send->previous == EVIDENCE_NONE && send->entry > group->last)
        group->is_read_past = true;
}

/* A step that waited for the pong has told of it. */
static bool is_told_by_step(const struct judge *judge, size_t ping)
{
    for (size_t index = ping; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_STEP_END && judge_name_is(entry, "unmet") &&
            entry->detail && !strcmp(entry->detail, rule_info(RULE_C24)->id))
            return true;
    }
    return false;
}

/* Whether the connection lasted so long behind the entry that a client must have answered it. */
static bool had_time(const struct judge *judge, uint32_t number, size_t index)
{
    const struct evidence_connection *connection = connection_of(judge, number);
    const struct transcript *transcript = judge->transcript;
    int64_t until_us = transcript->entries[transcript->count - 1].at_us;
    if (connection && connection->lost_us < until_us)
        until_us = connection->lost_us;
    double lasted_us = (double)(until_us - evidence_entry(judge->evidence, index)->at_us);
    return judge->evidence->latest_us <= JUDGE_LATE_US_MAX &&
           lasted_us >= TIME_TO_ANSWER_US * transcript->header.timeout_scale;
}

/* A pong behind it has come: what was not answered by then never will be. */
static bool is_passed_over(const struct pings *pings, const struct ping_group *group)
{
    for (const struct ping_group *later = group + 1; later < pings->groups + pings->group_count;
         later++)
        if (later->connection == group->connection && later->is_answered)
            return true;
    return false;
}

static void judge_group(struct judge *judge, const struct pings *pings,
                        const struct ping_group *group)
{
    if (group->is_answered)
        return;
    bool is_passed = is_passed_over(pings, group);
    if (!is_passed && !had_time(judge, group->connection, group->last))
        return;
    if (is_told_by_step(judge, group->last))
        return;
    const struct transcript_entry *ping = evidence_entry(judge->evidence, group->first);
    struct finding *finding =
        judge_find(judge, RULE_C24, group->first,
                   "it did not answer the WebSocket ping `%s`%s", ping->text ? ping->text : "",
                   is_passed ? ", but one that came later" : " within a second");
    if (group->odd_pong != EVIDENCE_NONE) {
        const char *text = evidence_entry(judge->evidence, group->odd_pong)->text;
        finding_set_cause(finding, "its pong carried `%.125s`, not the ping's payload",
                          text ? text : "(bytes that are no text)");
    }
}

static void judge_pings(struct judge *judge)
{
    struct pings pings = {0};
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_WS_OUT && judge_name_is(entry, "ping"))
            add_ping(&pings, entry, index);
        else if (entry->kind == TRANSCRIPT_WS_IN && judge_name_is(entry, "pong"))
            add_pong(judge, &pings, entry, index);
        else if (entry->kind == TRANSCRIPT_DISPATCH)
            add_dispatch(judge, &pings, entry);
    }
    for (size_t index = 0; index < pings.group_count; index++)
        judge_group(judge, &pings, &pings.groups[index]);
    free(pings.items);
    free(pings.groups);
}

/* ---- close frames ---- */

/* The first entry of a kind (and name) on the connection behind `index`, or EVIDENCE_NONE. */
static size_t next_on(const struct judge *judge, enum transcript_kind kind, const char *name,
                      uint32_t connection, size_t index)
{
    while (++index < judge->transcript->count) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == kind && entry->connection == connection &&
            (!name || judge_name_is(entry, name)))
            return index;
    }
    return EVIDENCE_NONE;
}

/* An application that blocks for long cannot answer in time. */
static bool is_slowed(const struct judge *judge)
{
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_OP && judge_name_is(entry, "slow"))
            return true;
    }
    return false;
}

/* The server waits a second for the answer and then ends the connection itself: a client that was
 * there all the time has not honoured it. One that vanished meanwhile is not blamed. */
static void judge_close(struct judge *judge, size_t index)
{
    const struct transcript_entry *close = evidence_entry(judge->evidence, index);
    const struct evidence_connection *connection = connection_of(judge, close->connection);
    if (!connection || connection->end_entry == EVIDENCE_NONE || connection->end_entry < index)
        return;
    bool is_answered =
        next_on(judge, TRANSCRIPT_WS_IN, "close", close->connection, index) != EVIDENCE_NONE;
    bool has_violated =
        judge_find_before(judge, TRANSCRIPT_VIOLATION, close->connection,
                          connection->end_entry) != EVIDENCE_NONE; /* nothing more was read */
    bool is_ended_by_server =
        judge_name_is(evidence_entry(judge->evidence, connection->end_entry), "server");
    if (is_answered || has_violated || !is_ended_by_server || is_slowed(judge))
        return;
    judge_exercise(judge, RULE_C24);
    if (judge->evidence->latest_us > JUDGE_LATE_US_MAX) {
        judge_inconclusive(judge, RULE_C24);
        return;
    }
    judge_find(judge, RULE_C24, index,
               "it neither answered the close frame (code %.0f) nor ended the connection within "
               "%.0f ms",
               close->number, (double)(connection->end_us - close->at_us) / 1000);
}

static void judge_closes(struct judge *judge)
{
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == TRANSCRIPT_WS_OUT && judge_name_is(entry, "close"))
            judge_close(judge, index);
    }
}

/* ---- large messages, and fragments ---- */

/* Whether a message of that size asks something of a client, and how much it owes then. */
static bool is_demanding(uint16_t flags, uint32_t size_bytes, enum rule_level *level)
{
    *level = size_bytes > MUST_BYTES ? RULE_LEVEL_SHOULD : RULE_LEVEL_MUST;
    return flags & TRANSCRIPT_FLAG_FRAGMENTS || size_bytes >= LARGE_BYTES;
}

bool judge_is_demanding(const struct judge *judge, const struct evidence_send *send,
                        enum rule_level *level)
{
    return is_demanding(evidence_entry(judge->evidence, send->entry)->flags,
                        judge->evidence->events[send->marker].size_bytes, level);
}

/* What the message at the entry asks; its size if anything. */
static bool is_demanding_entry(const struct judge *judge, size_t index, uint32_t *size_bytes,
                               enum rule_level *level)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    if (entry->kind == TRANSCRIPT_FRAME_OUT)
        *size_bytes = entry->size_bytes;
    else if (entry->kind == TRANSCRIPT_SENT && entry->marker < judge->evidence->event_count)
        *size_bytes = judge->evidence->events[entry->marker].size_bytes;
    else
        return false;
    return is_demanding(entry->flags, *size_bytes, level);
}

/* Faults that a client may answer by ending the connection. */
static bool may_be_ended_over(const struct transcript_entry *entry)
{
    if (entry->kind == TRANSCRIPT_WS_OUT)
        return !judge_name_is(entry, "ping");
    return entry->kind == TRANSCRIPT_VIOLATION ||
           (entry->kind == TRANSCRIPT_FRAME_OUT && entry->flags & TRANSCRIPT_FLAG_MALFORMED);
}

/* The last message on the connection before its end if it was demanding and nothing shows that it
 * was read, else EVIDENCE_NONE. */
static size_t unread_demand(const struct judge *judge, uint32_t number, uint32_t *size_bytes,
                            enum rule_level *level)
{
    const struct evidence *evidence = judge->evidence;
    const struct evidence_connection *connection = &evidence->connections[number];
    size_t read = connection->certain_count
                      ? evidence->sends[connection->certain_count - 1].entry
                      : connection->open_entry;
    size_t demand = EVIDENCE_NONE;
    for (size_t index = connection->open_entry; index < connection->end_entry; index++) {
        const struct transcript_entry *entry = evidence_entry(evidence, index);
        if (entry->connection != number)
            continue;
        if (may_be_ended_over(entry))
            return EVIDENCE_NONE;
        uint32_t bytes;
        enum rule_level owed;
        if (index > read && is_demanding_entry(judge, index, &bytes, &owed)) {
            demand = index;
            *size_bytes = bytes;
            *level = owed;
        }
    }
    return demand;
}

/* Whether the client is known to have seen its connection open: a time-out of its own may have ended
 * the handshake while the answer was on its way. */
static bool has_said_anything(const struct judge *judge, uint32_t number)
{
    const struct evidence_connection *connection = &judge->evidence->connections[number];
    for (size_t index = connection->open_entry; index < connection->end_entry; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->connection == number &&
            (entry->kind == TRANSCRIPT_FRAME_IN || entry->kind == TRANSCRIPT_WS_IN))
            return true;
    }
    return false;
}

static bool is_ended_by_client(const struct judge *judge, uint32_t number)
{
    const struct evidence_connection *connection = connection_of(judge, number);
    return connection && connection->opened_number && connection->end_entry != EVIDENCE_NONE &&
           connection->drop_entry == EVIDENCE_NONE &&
           !judge_name_is(evidence_entry(judge->evidence, connection->end_entry), "server") &&
           !was_asked_to_end(judge, connection->connect_entry, connection->end_entry) &&
           has_said_anything(judge, number);
}

bool judge_ended_over_bytes(const struct judge *judge, uint32_t number)
{
    if (!is_ended_by_client(judge, number))
        return false;
    size_t open = judge->evidence->connections[number].open_entry;
    return next_on(judge, TRANSCRIPT_WS_OUT, "raw", number, open) != EVIDENCE_NONE ||
           next_on(judge, TRANSCRIPT_WS_OUT, "binary", number, open) != EVIDENCE_NONE;
}

/* A client that ends the connection over such a message gets what has a number from the next one:
 * nothing is lost then, but it has not accepted the message. */
static void judge_demands(struct judge *judge)
{
    for (uint32_t number = 1; number < judge->evidence->connection_count; number++) {
        uint32_t size_bytes = 0;
        enum rule_level level = RULE_LEVEL_MUST;
        if (!is_ended_by_client(judge, number))
            continue;
        size_t demand = unread_demand(judge, number, &size_bytes, &level);
        if (demand == EVIDENCE_NONE)
            continue;
        bool has_fragments =
            evidence_entry(judge->evidence, demand)->flags & TRANSCRIPT_FLAG_FRAGMENTS;
        struct finding *finding =
            judge_find(judge, RULE_C24, demand, "it ended the connection over a message of %" PRIu32
                       " bytes%s", size_bytes, has_fragments ? " in fragments" : "");
        if (finding)
            finding->level = level;
        size_t close = next_on(judge, TRANSCRIPT_WS_IN, "close", number, demand);
        if (close != EVIDENCE_NONE)
            finding_set_cause(finding, "its close frame has the code %.0f",
                              evidence_entry(judge->evidence, close)->number);
    }
}

/* ---- strings ---- */

static bool is_websocket_test(const struct transcript_entry *entry)
{
    switch ((enum transcript_kind)entry->kind) {
    case TRANSCRIPT_WS_IN:
        return judge_name_is(entry, "pong") || judge_name_is(entry, "close");
    case TRANSCRIPT_WS_OUT:
        return judge_name_is(entry, "raw") || judge_name_is(entry, "binary");
    default:
        return false;
    }
}

/* What the application got of a text must be what was sent. */
static void judge_strings(struct judge *judge)
{
    size_t mangled_count = 0, first = EVIDENCE_NONE;
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (is_websocket_test(entry))
            judge_exercise(judge, RULE_C24);
        if (entry->kind != TRANSCRIPT_DISPATCH || !(entry->flags & TRANSCRIPT_FLAG_MANGLED))
            continue;
        if (mangled_count++ == 0)
            first = index;
    }
    if (mangled_count)
        judge_find(judge, RULE_C24, first,
                   "the text of %zu dispatched event%s is not what was sent: first gc-%" PRIu64,
                   mangled_count, mangled_count == 1 ? "" : "s",
                   evidence_entry(judge->evidence, first)->marker);
}

void judge_websocket(struct judge *judge)
{
    judge_strings(judge);
    judge_pings(judge);
    judge_closes(judge);
    judge_demands(judge);
}

/* ---- C-26 ---- */

static size_t next_connect(const struct judge *judge, size_t index)
{
    while (++index < judge->transcript->count)
        if (evidence_entry(judge->evidence, index)->kind == TRANSCRIPT_CONNECT)
            return index;
    return EVIDENCE_NONE;
}

/* The entry with which the server said its last before entry `until`, or `index`. */
static size_t last_said(const struct judge *judge, size_t index, size_t until)
{
    while (--until > index) {
        unsigned kind = evidence_entry(judge->evidence, until)->kind;
        if (kind == TRANSCRIPT_SENT || kind == TRANSCRIPT_FRAME_OUT || kind == TRANSCRIPT_WS_OUT)
            break;
    }
    return until;
}

/* From `index` on nobody answers it. That it never connects again is found with the step that
 * waited for it; here only that it took too long. */
static void judge_notice(struct judge *judge, size_t index)
{
    double ping_ms = scenario_client_number(judge->scenario, "ping_ms", 0);
    double pong_ms = scenario_client_number(judge->scenario, "pong_timeout_ms", 10000);
    double max_ms = scenario_client_number(judge->scenario, "reconnect_max_ms", 500);
    size_t connect = next_connect(judge, index);
    if (ping_ms <= 0 || connect == EVIDENCE_NONE || was_asked_to_end(judge, index, connect))
        return;
    judge_exercise(judge, RULE_C26);
    size_t silent = last_said(judge, index, connect);
    double waited_ms = (double)(evidence_entry(judge->evidence, connect)->at_us -
                                evidence_entry(judge->evidence, silent)->at_us) / 1000;
    double room_ms = (NOTICE_ROOM_MS + ping_ms + max_ms) * judge->transcript->header.timeout_scale;
    if (waited_ms <= ping_ms + pong_ms + room_ms)
        return;
    if (judge->evidence->latest_us > JUDGE_LATE_US_MAX)
        judge_inconclusive(judge, RULE_C26);
    else
        judge_find(judge, RULE_C26, connect,
                   "it connected again %.0f ms after the connection had gone silent; it pings "
                   "every %.0f ms and waits %.0f ms for an answer",
                   waited_ms, ping_ms, pong_ms);
}

/* Whether the entry begins a `set` of `pong`, and to what. */
static bool is_set_pong(const struct judge *judge, size_t index, bool *ignores)
{
    const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
    if (entry->kind != TRANSCRIPT_STEP || entry->step == 0 ||
        entry->step > judge->scenario->step_count)
        return false;
    const struct scenario_step *step = &judge->scenario->steps[entry->step - 1];
    *ignores = step->verb == VERB_SET && step->set.has_pong && step->set.ignore_pings;
    return step->verb == VERB_SET && step->set.has_pong;
}

bool judge_is_server_deaf(const struct judge *judge, uint32_t number)
{
    const struct evidence_connection *connection = connection_of(judge, number);
    size_t since = EVIDENCE_NONE;
    bool ignores;
    for (size_t index = 0; index < judge->transcript->count; index++)
        if (is_set_pong(judge, index, &ignores))
            since = ignores ? index : EVIDENCE_NONE;
    return since != EVIDENCE_NONE && connection && connection->end_entry == EVIDENCE_NONE &&
           connection->open_entry < since && next_connect(judge, since) == EVIDENCE_NONE;
}

/* From `since` until `until` the server answered no pings. */
static void judge_deaf_server(struct judge *judge, size_t since, size_t until)
{
    size_t connect = next_connect(judge, since);
    if (connect == EVIDENCE_NONE || connect > until)
        return;
    for (size_t index = since; index < connect; index++)
        if (evidence_entry(judge->evidence, index)->kind == TRANSCRIPT_DROP)
            return; /* the server was quicker */
    judge_notice(judge, since);
}

void judge_half_open(struct judge *judge)
{
    for (uint32_t number = 1; number < judge->evidence->connection_count; number++) {
        size_t drop = judge->evidence->connections[number].drop_entry;
        if (drop != EVIDENCE_NONE && judge_name_is(evidence_entry(judge->evidence, drop), "silent"))
            judge_notice(judge, drop);
    }
    size_t since = EVIDENCE_NONE;
    for (size_t index = 0; index < judge->transcript->count; index++) {
        bool ignores;
        if (!is_set_pong(judge, index, &ignores))
            continue;
        if (since != EVIDENCE_NONE)
            judge_deaf_server(judge, since, index);
        since = ignores ? index : EVIDENCE_NONE;
    }
    if (since != EVIDENCE_NONE)
        judge_deaf_server(judge, since, judge->transcript->count);
}
