#include "core/judge_internal.h"

#include "core/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const verdict_names[VERDICT_COUNT] = {
#define X(symbol, name) [VERDICT_##symbol] = name,
    JUDGE_VERDICTS(X)
#undef X
};

const char *verdict_name(enum verdict verdict)
{
    return verdict_names[verdict];
}

const char *rule_status_name(enum rule_status status)
{
    switch (status) {
    case RULE_STATUS_NOT_EXERCISED:
        return "not exercised";
    case RULE_STATUS_PASS:
        return "pass";
    case RULE_STATUS_WARN:
        return "warn";
    case RULE_STATUS_FAIL:
        return "fail";
    case RULE_STATUS_SKIP:
        return "skip";
    case RULE_STATUS_INCONCLUSIVE:
        return "inconclusive";
    }
    return "";
}

/* ---- what the checks use ---- */

/* Rules without a counterpart in the node stream do not exist there. */
static bool applies(const struct judge *judge, enum rule rule)
{
    return !judge->is_node || rule_info(rule)->node_sentence;
}

static bool is_judged(const struct judge *judge, enum rule rule)
{
    return applies(judge, rule) && judge->judgement->rules[rule] != RULE_STATUS_SKIP;
}

void judge_exercise(struct judge *judge, enum rule rule)
{
    enum rule_status *status = &judge->judgement->rules[rule];
    if (*status == RULE_STATUS_NOT_EXERCISED && applies(judge, rule))
        *status = RULE_STATUS_PASS;
}

void judge_inconclusive(struct judge *judge, enum rule rule)
{
    enum rule_status *status = &judge->judgement->rules[rule];
    if (*status == RULE_STATUS_NOT_EXERCISED || *status == RULE_STATUS_PASS)
        *status = RULE_STATUS_INCONCLUSIVE;
}

static char *format_text(const char *format, va_list arguments)
{
    va_list copy;
    va_copy(copy, arguments);
    int size = vsnprintf(NULL, 0, format, copy);
    va_end(copy);
    char *text = memory_alloc((size_t)size + 1, 1);
    vsnprintf(text, (size_t)size + 1, format, arguments);
    return text;
}

struct finding *judge_find(struct judge *judge, enum rule rule, size_t entry, const char *format,
                           ...)
{
    if (!is_judged(judge, rule))
        return NULL;
    struct judgement *judgement = judge->judgement;
    judgement->findings =
        memory_grow(judgement->findings, &judgement->finding_capacity_count,
                    judgement->finding_count + 1, sizeof(*judgement->findings));
    struct finding *finding = &judgement->findings[judgement->finding_count++];
    *finding = (struct finding){.rule = rule, .level = rule_info(rule)->level, .entry = entry};
    if (entry != EVIDENCE_NONE) {
        finding->step = evidence_entry(judge->evidence, entry)->step;
        finding->at_us = evidence_entry(judge->evidence, entry)->at_us;
    }
    va_list arguments;
    va_start(arguments, format);
    finding->message = format_text(format, arguments);
    va_end(arguments);
    return finding;
}

struct finding *judge_found(struct judge *judge, enum rule rule, size_t entry)
{
    for (size_t index = 0; index < judge->judgement->finding_count; index++) {
        struct finding *finding = &judge->judgement->findings[index];
        if (finding->rule == rule && finding->entry == entry)
            return finding;
    }
    return NULL;
}

void finding_set_cause(struct finding *finding, const char *format, ...)
{
    if (!finding)
        return;
    va_list arguments;
    va_start(arguments, format);
    free(finding->cause);
    finding->cause = format_text(format, arguments);
    va_end(arguments);
}

bool judge_has_capability(const struct judge *judge, enum driver_capability capability)
{
    return driver_capabilities_have(judge->transcript->header.capabilities, capability);
}

bool judge_name_is(const struct transcript_entry *entry, const char *name)
{
    return entry->name && !strcmp(entry->name, name);
}

size_t judge_find_before(const struct judge *judge, enum transcript_kind kind,
                         uint32_t connection, size_t index)
{
    while (index-- > 0) {
        const struct transcript_entry *entry = evidence_entry(judge->evidence, index);
        if (entry->kind == kind && entry->connection == connection)
            return index;
    }
    return EVIDENCE_NONE;
}

/* ---- which rules are not judged here ---- */

static void skip_rules(struct judge *judge)
{
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const char *needed = rule_info((enum rule)rule)->capability;
        bool has_it = !needed;
        for (int index = 0; needed && index < DRIVER_CAPABILITY_COUNT; index++)
            if (!strcmp(needed, driver_capability_name((enum driver_capability)index)))
                has_it = judge_has_capability(judge, (enum driver_capability)index);
        bool is_unseen = judge->transcript->header.is_wire_only &&
                         rule_wire((enum rule)rule) == RULE_WIRE_NOTHING;
        if (applies(judge, (enum rule)rule) &&
            (!has_it || is_unseen || judge->scenario->rules_off[rule]))
            judge->judgement->rules[rule] = RULE_STATUS_SKIP;
    }
}

/* ---- steps that were unmet ---- */

/* Whether connections had come that nobody answered: then none was missing, they were too many. */
static bool is_connection_waiting(const struct judge *judge)
{
    for (size_t number = 1; number < judge->evidence->connection_count; number++) {
        const struct evidence_connection *connection = &judge->evidence->connections[number];
        if (connection->connect_entry != EVIDENCE_NONE && !connection->opened_number &&
            !connection->is_refused && connection->end_entry == EVIDENCE_NONE)
            return true;
    }
    return false;
}

static void find_unmet_steps(struct judge *judge)
{
    for (size_t index = 0; index < judge->transcript->count; index++) {
        const struct transcript_entry *entry = &judge->transcript->entries[index];
        if (entry->kind != TRANSCRIPT_STEP_END || !judge_name_is(entry, "unmet"))
            continue;
        enum rule rule = entry->detail ? rule_find(span_of(entry->detail)) : RULE_STEP;
        bool is_connection = rule == RULE_C16 && !is_connection_waiting(judge);
        if (is_connection)
            rule = judge_missing_connection_rule(judge);
        if (is_connection && rule == RULE_C16 && judge_may_have_left(judge, index)) {
            judge->has_left = true;
            continue;
        }
        struct finding *finding =
            judge_find(judge, rule < RULE_COUNT ? rule : RULE_STEP, index, "%s",
                       entry->text ? entry->text : "the step was not met");
        if (is_connection && rule == RULE_STEP)
            finding_set_cause(finding, "the connection before was still open: the server had not "
                                       "come to the point where it ends it");
        if (!finding)
            judge->unjudged_step = index;
        if (finding && rule == RULE_C26)
            finding_set_cause(finding, "the connection had gone silent (half open), and the client "
                                       "did not notice");
        if (finding && entry->flags & TRANSCRIPT_FLAG_SHOULD)
            finding->level = RULE_LEVEL_SHOULD;
    }
}

/* The driver died of what the client did: twice, alone. */
static void find_death(struct judge *judge)
{
    size_t done = judge->evidence->done;
    if (done == EVIDENCE_NONE || !judge_name_is(evidence_entry(judge->evidence, done), "fault"))
        return;
    bool was_malformed = judge->judgement->rules[RULE_C11] != RULE_STATUS_NOT_EXERCISED &&
                         judge->judgement->rules[RULE_C11] != RULE_STATUS_SKIP;
    const char *why = evidence_entry(judge->evidence, done)->text;
    judge_find(judge, was_malformed ? RULE_C11 : RULE_STEP, done,
               "the client's process died, twice, at the same scenario: %s",
               why ? why : "no reason is known");
}

/* ---- the verdict ---- */

static int compare_findings(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    if (a->level != b->level)
        return a->level < b->level ? -1 : 1;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    if (a->rule != b->rule)
        return a->rule < b->rule ? -1 : 1;
    return strcmp(a->message, b->message);
}

static void set_rule_status(struct judgement *judgement)
{
    for (size_t index = 0; index < judgement->finding_count; index++) {
        const struct finding *finding = &judgement->findings[index];
        enum rule_status *status = &judgement->rules[finding->rule];
        if (finding->level == RULE_LEVEL_MUST)
            *status = RULE_STATUS_FAIL;
        else if (*status != RULE_STATUS_FAIL)
            *status = RULE_STATUS_WARN;
    }
}

/* Beside other rules S-7 may be named though it does not come up: it tells what becomes of a
 * mistake (a resync that is wrong) which most clients do not make. */
static bool is_owed(const struct judge *judge, enum rule rule)
{
    if (rule != RULE_S7)
        return true;
    for (int other = 0; other < RULE_COUNT; other++)
        if (other != RULE_S7 && judge->scenario->rules[other])
            return false;
    return true;
}

/* The rules that the scenario says it shows and whose status is this: NULL, or a list to free. */
static char *named_rules(const struct judge *judge, enum rule_status status)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    for (int rule = 0; rule < RULE_COUNT; rule++)
        if (judge->scenario->rules[rule] && judge->judgement->rules[rule] == status &&
            is_owed(judge, (enum rule)rule))
            buffer_printf(&text, "%s%s", text.size_bytes ? ", " : "",
                          rule_info((enum rule)rule)->id);
    char *list = text.size_bytes ? buffer_take_text(&text) : NULL;
    buffer_free(&text);
    return list;
}

/* Nobody told what the application got: what only that could show has not passed. */
static void skip_half_seen_rules(struct judgement *judgement)
{
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        enum rule_status *status = &judgement->rules[rule];
        bool is_unbroken = *status == RULE_STATUS_PASS || *status == RULE_STATUS_NOT_EXERCISED;
        if (rule_wire((enum rule)rule) == RULE_WIRE_PART && is_unbroken)
            *status = RULE_STATUS_SKIP;
    }
}

static void set_reason(struct judgement *judgement, enum verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void set_reason(struct judgement *judgement, enum verdict verdict, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    free(judgement->reason);
    judgement->reason = format_text(format, arguments);
    va_end(arguments);
    judgement->verdict = verdict;
}

static enum verdict worst_of_findings(const struct judgement *judgement)
{
    enum verdict verdict = VERDICT_PASS;
    for (size_t index = 0; index < judgement->finding_count; index++) {
        if (judgement->findings[index].level == RULE_LEVEL_MUST)
            return VERDICT_FAIL;
        verdict = VERDICT_WARN;
    }
    return verdict;
}

/* A scenario all of whose rules need the application's side has shown nothing without it. */
static void skip_unseen(struct judge *judge)
{
    bool is_any_judged = false;
    for (int rule = 0; rule < RULE_COUNT; rule++)
        is_any_judged |= judge->scenario->rules[rule] &&
                         rule_info((enum rule)rule)->level != RULE_LEVEL_SERVER &&
                         judge->judgement->rules[rule] != RULE_STATUS_SKIP;
    char *names = named_rules(judge, RULE_STATUS_SKIP);
    if (names && !is_any_judged && judge->judgement->verdict == VERDICT_PASS)
        set_reason(judge->judgement, VERDICT_SKIP,
                   "%s cannot be judged by what the wire shows: it takes the application's side",
                   names);
    free(names);
}

/* So late, and it is the machine: to play once more costs less than a wrong verdict. */
#define BUSY_US 30000

static bool ended_by_time(const struct transcript_entry *done)
{
    return done && (judge_name_is(done, "unmet") || judge_name_is(done, "client-error"));
}

static void set_verdict(struct judge *judge)
{
    struct judgement *judgement = judge->judgement;
    const struct transcript_entry *done =
        judge->evidence->done == EVIDENCE_NONE
            ? NULL
            : evidence_entry(judge->evidence, judge->evidence->done);
    const char *why = done && done->text ? done->text : "the transcript has no end";
    judgement->verdict = worst_of_findings(judgement);
    judgement->was_busy = judge->evidence->latest_us > BUSY_US;
    /* The client may not have had its share of the machine, either. */
    judgement->is_late = judgement->was_busy && ended_by_time(done);
    if (done && judge_name_is(done, "client-error")) {
        set_reason(judgement, VERDICT_CLIENT_ERROR, "%s", why);
        return;
    }
    if (judgement->verdict == VERDICT_FAIL)
        return;
    bool is_over = done && (judge_name_is(done, "complete") || judge_name_is(done, "unmet") ||
                            judge_name_is(done, "fault"));
    if (!is_over) {
        set_reason(judgement, VERDICT_ERROR, "%s", why);
        return;
    }
    if (judge->has_left) {
        set_reason(judgement, VERDICT_SKIP,
                   "the client gave up when its token was refused, as it may (C-16): the rest "
                   "could not be played");
        return;
    }
    char *missing = named_rules(judge, RULE_STATUS_NOT_EXERCISED);
    char *untold = named_rules(judge, RULE_STATUS_INCONCLUSIVE);
    if (judge->unjudged_step != EVIDENCE_NONE && !missing) {
        const char *unmet = evidence_entry(judge->evidence, judge->unjudged_step)->text;
        set_reason(judgement, VERDICT_SKIP,
                   "it ended at a step that no rule is judged by here: %s", unmet ? unmet : "");
    }
    if (missing)
        set_reason(judgement, VERDICT_ERROR,
                   "the scenario names %s, which never came up: it tests nothing there", missing);
    if (judge->transcript->header.is_wire_only && !missing)
        skip_unseen(judge);
    if (untold && !missing) {
        judgement->is_late = true;
        set_reason(judgement, VERDICT_ERROR,
                   "%s could not be judged: the harness itself was late by %.0f ms; play it again "
                   "with less at a time (--jobs 1)",
                   untold, (double)judge->evidence->latest_us / 1000);
    }
    free(missing);
    free(untold);
}

/* ---- the table of checks ---- */

static const struct {
    void (*look)(struct judge *judge);
    bool in_agent, in_node; /* the streams in which there is something to see */
} checks[] = {
    {judge_losses, true, true},         {judge_repeats, true, true},
    {judge_order, true, true},          {judge_resyncs, true, false},
    {judge_cursor, true, false},        {judge_subscriptions, true, false},
    {judge_registrations, false, true}, {judge_delivery_acks, false, true},
    {judge_reconnects, true, true},     {judge_stop, true, true},
    {judge_frames, true, true},         {judge_acks, true, false},
    {judge_faults, true, true},         {judge_websocket, true, true},
    {judge_half_open, true, true},      {judge_server_rules, true, false},
};

struct judgement *judge_transcript(const struct transcript *transcript,
                                   const struct scenario *scenario)
{
    struct judge judge = {
        .transcript = transcript,
        .scenario = scenario,
        .is_node = scenario->dialect == DIALECT_NODE,
        .unjudged_step = EVIDENCE_NONE,
    };
    judge.judgement = memory_alloc(1, sizeof(*judge.judgement));
    judge.evidence = evidence_new(transcript);
    judge.ideal = judge.is_node ? ideal_node_play(judge.evidence, scenario)
                                : ideal_play(judge.evidence, scenario);
    skip_rules(&judge);
    for (size_t index = 0; index < sizeof(checks) / sizeof(checks[0]); index++)
        if (judge.is_node ? checks[index].in_node : checks[index].in_agent)
            checks[index].look(&judge);
    find_unmet_steps(&judge);
    find_death(&judge);
    struct judgement *judgement = judge.judgement;
    if (judgement->finding_count)
        qsort(judgement->findings, judgement->finding_count, sizeof(*judgement->findings),
              compare_findings);
    set_rule_status(judgement);
    if (transcript->header.is_wire_only)
        skip_half_seen_rules(judgement);
    set_verdict(&judge);
    for (size_t number = 1; number < judge.evidence->connection_count; number++)
        judgement->connections += judge.evidence->connections[number].opened_number != 0;
    if (transcript->count)
        judgement->duration_us = transcript->entries[transcript->count - 1].at_us;
    free(judge.ideal);
    evidence_free(judge.evidence);
    return judgement;
}

struct judgement *judge_skipped(const char *capability, const char *because)
{
    struct judgement *judgement = memory_alloc(1, sizeof(*judgement));
    set_reason(judgement, VERDICT_SKIP,
               "%s needs the capability `%s`, which the driver does not have", because, capability);
    return judgement;
}

struct judgement *judge_unplayed(enum verdict verdict, const char *reason)
{
    struct judgement *judgement = memory_alloc(1, sizeof(*judgement));
    set_reason(judgement, verdict, "%s", reason);
    return judgement;
}

void judgement_free(struct judgement *judgement)
{
    if (!judgement)
        return;
    for (size_t index = 0; index < judgement->finding_count; index++) {
        free(judgement->findings[index].message);
        free(judgement->findings[index].cause);
    }
    free(judgement->findings);
    free(judgement->missed);
    free(judgement->reason);
    free(judgement);
}
