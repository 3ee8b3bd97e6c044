#include "core/judge_fixture.h"

#include "core/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct story story;

static char *with_double_quotes(const char *text)
{
    char *copy = memory_copy_text(text, strlen(text));
    for (char *at = copy; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    return copy;
}

void story_begin(const char *members, const char *steps)
{
    struct buffer text;
    struct error_list errors;
    story_end();
    buffer_init(&text, BUFFER_NO_LIMIT);
    error_list_init(&errors);
    buffer_printf(&text, "{'title':'t',%s%s'steps':[{'accept':{}}%s%s]}", members,
                  strstr(members, "'rules'") ? "" : "'rules':['C-1'],", *steps ? "," : "", steps);
    char *json = with_double_quotes(buffer_text(&text));
    cr_assert(scenario_load(json, text.size_bytes, "story", "story", &story.set, &errors), "%s: %s",
              json, errors.count ? errors.items[0].message : "");
    story.scenario = story.set.items[0];
    story.transcript = transcript_new();
    for (int capability = 0; capability < DRIVER_CAPABILITY_COUNT; capability++)
        story.transcript->header.capabilities.bits |= UINT32_C(1) << capability;
    model_init(&story.model, (size_t)story.scenario->server.ring,
               (size_t)story.scenario->server.db_limit);
    story.server_ms = STORY_CLOCK_MS + story.scenario->server.clock_skew_ms;
    struct transcript_entry start = story_entry(TRANSCRIPT_OP);
    start.name = "start";
    start.text = "{\"op\":\"start\",\"channels\":[\"general\"]}";
    story_add(&start);
    free(json);
    buffer_free(&text);
    error_list_free(&errors);
}

void story_end(void)
{
    judgement_free(story.judgement);
    if (story.transcript)
        model_free(&story.model);
    transcript_free(story.transcript);
    scenario_set_free(&story.set);
    story = (struct story){0};
}

void story_lack(enum driver_capability capability)
{
    story.transcript->header.capabilities.bits &= ~(UINT32_C(1) << capability);
}

/* ---- what happens ---- */

struct transcript_entry story_entry(enum transcript_kind kind)
{
    struct transcript_entry entry = transcript_entry_of(kind, story.now_us);
    entry.step = story.step;
    return entry;
}

static struct transcript_entry entry_on_connection(enum transcript_kind kind, const char *name)
{
    struct transcript_entry entry = story_entry(kind);
    entry.connection = story.connection;
    entry.name = name;
    return entry;
}

size_t story_add(const struct transcript_entry *entry)
{
    story.now_us += 10;
    return transcript_add(story.transcript, entry);
}

static void add_on_connection(enum transcript_kind kind, const char *name)
{
    struct transcript_entry entry = entry_on_connection(kind, name);
    story_add(&entry);
}

void story_note(enum transcript_kind kind, const char *name)
{
    struct transcript_entry entry = story_entry(kind);
    entry.name = name;
    story_add(&entry);
}

void story_wait(int64_t ms)
{
    story.now_us += ms * 1000;
}

void story_advance(int64_t ms)
{
    story.server_ms += ms;
    struct transcript_entry entry = story_entry(TRANSCRIPT_CLOCK);
    entry.number = (double)story.server_ms;
    story_add(&entry);
}

void story_step(uint32_t step)
{
    story.step = step;
    story_note(TRANSCRIPT_STEP, "set");
}

/* ---- the server ---- */

void story_connect(void)
{
    story.connection++;
    add_on_connection(TRANSCRIPT_CONNECT, NULL);
}

void story_upgrade(void)
{
    struct transcript_entry entry = entry_on_connection(TRANSCRIPT_OPEN, NULL);
    entry.number = (double)story.server_ms;
    story_add(&entry);
    story.is_open = true;
}

void story_open(void)
{
    story_connect();
    story_upgrade();
    story_frame("subscribe", "{'type':'subscribe','channels':['general']}");
}

void story_refuse(unsigned status)
{
    struct transcript_entry entry = entry_on_connection(TRANSCRIPT_REFUSED, "http");
    entry.number = status;
    story_add(&entry);
    add_on_connection(TRANSCRIPT_END, "server");
}

static void send_event(uint64_t marker, const char *from, bool as_row)
{
    const struct event *event = model_event(&story.model, marker);
    struct transcript_entry entry = entry_on_connection(TRANSCRIPT_SENT, from);
    entry.marker = marker;
    entry.count = 1;
    entry.flags = as_row ? TRANSCRIPT_FLAG_ROW : 0;
    if (event->is_numbered && !as_row)
        entry.seq = (double)event->seq;
    story_add(&entry);
}

static uint64_t publish_one(const struct story_publish *publish, const char *name, double seq)
{
    const struct event_type *type = event_type_find(span_of(name));
    uint64_t marker = story.model.event_count + 1;
    bool has_id = !publish->has_no_id && (!type || type->has_id);
    bool is_stored = !publish->is_unstored && !publish->is_fence && type;
    struct event event = {
        .marker = marker,
        .created_s = story.server_ms / 1000,
        .is_numbered = !publish->is_unnumbered,
        .seq = publish->is_unnumbered ? 0 : (int64_t)seq,
        .row = is_stored ? type->row : EVENT_ROW_NONE,
    };
    model_publish(&story.model, &event);
    struct transcript_entry entry = story_entry(TRANSCRIPT_PUBLISH);
    entry.marker = marker;
    entry.count = 1;
    entry.detail = name;
    entry.size_bytes = publish->size_bytes;
    entry.number = (double)event.created_s;
    if (has_id)
        entry.number2 = (double)(publish->id_marker ? publish->id_marker : marker);
    if (event.is_numbered)
        entry.seq = (double)event.seq;
    entry.flags = (publish->is_not_live ? 0 : TRANSCRIPT_FLAG_LIVE) |
                  (event.row != EVENT_ROW_NONE ? TRANSCRIPT_FLAG_ROW : 0) |
                  (publish->is_fence ? TRANSCRIPT_FLAG_FENCE : 0) |
                  (has_id ? 0 : TRANSCRIPT_FLAG_NO_ID);
    story_add(&entry);
    if (story.is_open && !publish->is_not_live)
        send_event(marker, "live", false);
    return marker;
}

uint64_t story_publish_as(struct story_publish publish)
{
    uint64_t first = 0;
    for (unsigned index = 0; index < (publish.count ? publish.count : 1); index++) {
        double next = (double)story.model.current_seq + 1;
        uint64_t marker = publish_one(&publish, publish.type ? publish.type : "message.created",
                                      publish.seq > 0 ? publish.seq + index : next);
        first = first ? first : marker;
    }
    return first;
}

uint64_t story_publish(unsigned count)
{
    return story_publish_as((struct story_publish){.count = count});
}

void story_send_again(uint64_t marker, bool as_row)
{
    send_event(marker, "again", as_row);
}

void story_drop(const char *how)
{
    struct transcript_entry entry = entry_on_connection(TRANSCRIPT_DROP, how);
    entry.flags = TRANSCRIPT_FLAG_DRAINED;
    story_add(&entry);
    if (strcmp(how, "silent") != 0)
        add_on_connection(TRANSCRIPT_END, "server");
    story.is_open = false;
}

void story_end_by_client(void)
{
    add_on_connection(TRANSCRIPT_END, "fin");
    story.is_open = false;
}

void story_restart(int64_t counter)
{
    if (story.is_open)
        story_drop("reset");
    struct transcript_entry entry = story_entry(TRANSCRIPT_RESTART);
    entry.number = (double)counter;
    entry.number2 = 0;
    entry.flags = TRANSCRIPT_FLAG_KEEP_DB;
    model_restart(&story.model, counter, false, true);
    story_add(&entry);
}

void story_ack(const char *how, double replayed, bool is_gap)
{
    struct transcript_entry entry = entry_on_connection(TRANSCRIPT_ACK, how);
    entry.seq = story.asked;
    entry.number = (double)story.model.current_seq;
    entry.number2 = replayed;
    entry.flags = is_gap ? TRANSCRIPT_FLAG_GAP : 0;
    if (isnan(replayed))
        entry.flags |= TRANSCRIPT_FLAG_MALFORMED;
    story_add(&entry);
}

static void answer(size_t cut_after, bool is_acked)
{
    struct resync_request request = {.last_seen_seq = story.asked};
    request.has_since = !isnan(story.since_ms);
    request.since_ms = request.has_since ? (int64_t)story.since_ms : 0;
    struct resync_answer answer;
    model_answer_resync(&story.model, &request, RESYNC_ORDER_RING_FIRST, 0, &answer);
    bool is_cut = cut_after < SIZE_MAX;
    struct transcript_entry entry = entry_on_connection(TRANSCRIPT_REPLAY, NULL);
    entry.seq = story.asked;
    entry.number = (double)answer.current_seq;
    entry.number2 = (double)answer.row_count;
    entry.count = answer.ring_count;
    entry.flags = (answer.gap_detected ? TRANSCRIPT_FLAG_GAP : 0) |
                  (is_cut ? TRANSCRIPT_FLAG_CUT : 0);
    story_add(&entry);
    for (size_t index = 0; index < answer.count && index < cut_after; index++)
        send_event(answer.items[index].marker, answer.items[index].is_row ? "row" : "ring",
                   answer.items[index].is_row);
    if (is_acked)
        story_ack("auto", (double)answer.count, answer.gap_detected);
    resync_answer_free(&answer);
}

void story_answer(void)
{
    answer(SIZE_MAX, true);
}

void story_answer_without_ack(void)
{
    answer(SIZE_MAX, false);
}

void story_answer_cut(size_t after)
{
    answer(after, false);
    struct transcript_entry entry = entry_on_connection(TRANSCRIPT_DROP, "reset");
    entry.flags = TRANSCRIPT_FLAG_CUT;
    story_add(&entry);
    add_on_connection(TRANSCRIPT_END, "server");
    story.is_open = false;
}

/* ---- the client ---- */

void story_frame(const char *type, const char *text)
{
    struct transcript_entry entry = entry_on_connection(TRANSCRIPT_FRAME_IN, NULL);
    char *json = text ? with_double_quotes(text) : NULL;
    entry.detail = type;
    entry.text = json;
    story_add(&entry);
    free(json);
}

void story_resync(double last_seen_seq, double since_ms)
{
    struct transcript_entry entry = entry_on_connection(TRANSCRIPT_FRAME_IN, NULL);
    entry.detail = "resync";
    entry.seq = story.asked = last_seen_seq;
    entry.number = story.since_ms = since_ms;
    entry.text = isnan(since_ms) ? "{\"type\":\"resync\",\"last_seen_seq\":1,\"since\":1}"
                                 : "{\"type\":\"resync\"}";
    story_add(&entry);
}

void story_dispatch_by(int handler, uint64_t marker)
{
    struct transcript_entry entry = story_entry(TRANSCRIPT_DISPATCH);
    entry.detail = "message.created";
    entry.marker = marker;
    entry.number = handler;
    story_add(&entry);
}

void story_dispatch(uint64_t first, uint64_t last)
{
    for (uint64_t marker = first; marker <= last; marker++)
        story_dispatch_by(1, marker);
}

static bool was_dispatched(uint64_t marker)
{
    for (size_t index = 0; index < story.transcript->count; index++)
        if (story.transcript->entries[index].kind == TRANSCRIPT_DISPATCH &&
            story.transcript->entries[index].marker == marker)
            return true;
    return false;
}

void story_dispatch_sent(void)
{
    size_t count = story.transcript->count;
    for (size_t index = 0; index < count; index++) {
        struct transcript_entry entry = story.transcript->entries[index];
        for (uint64_t offset = 0; entry.kind == TRANSCRIPT_SENT && offset < entry.count; offset++)
            if (!was_dispatched(entry.marker + offset))
                story_dispatch_by(1, entry.marker + offset);
    }
}

void story_resynced(double replayed, bool is_gap)
{
    struct transcript_entry entry = story_entry(TRANSCRIPT_RESYNCED);
    entry.number = replayed;
    entry.flags = is_gap ? TRANSCRIPT_FLAG_GAP : 0;
    story_add(&entry);
}

void story_fence(void)
{
    uint64_t marker =
        story_publish_as((struct story_publish){.is_unnumbered = true, .is_fence = true});
    story_dispatch(marker, marker);
    struct transcript_entry ping = entry_on_connection(TRANSCRIPT_WS_OUT, "ping");
    ping.text = TRANSCRIPT_PING_TEXT "1";
    story_add(&ping);
    struct transcript_entry pong = entry_on_connection(TRANSCRIPT_WS_IN, "pong");
    pong.text = TRANSCRIPT_PING_TEXT "1";
    story_add(&pong);
}

void story_tell_ack(void)
{
    size_t index = story.transcript->count;
    while (story.transcript->entries[--index].kind != TRANSCRIPT_ACK)
        cr_assert_gt(index, 0, "no ack was sent");
    struct transcript_entry ack = story.transcript->entries[index];
    story_resynced(ack.number2, (ack.flags & TRANSCRIPT_FLAG_GAP) != 0);
}

void story_reconnect(double last_seen_seq)
{
    story_open();
    story_resync(last_seen_seq, STORY_SINCE_MS);
    story_answer();
    story_dispatch_sent();
    story_tell_ack();
    story_fence();
}

void story_begin_dropped(const char *members, unsigned count)
{
    story_begin(members, "");
    story_open();
    story_publish(count);
    story_dispatch_sent();
    story_fence();
    story_drop("reset");
}

/* ---- the judge ---- */

void story_done(const char *how, const char *why)
{
    struct transcript_entry entry = story_entry(TRANSCRIPT_DONE);
    entry.name = how;
    entry.text = why;
    story_add(&entry);
}

void story_unmet(const char *rule, const char *why)
{
    struct transcript_entry entry = story_entry(TRANSCRIPT_STEP_END);
    entry.name = "unmet";
    entry.detail = rule;
    entry.text = why;
    story_add(&entry);
    story_done("unmet", NULL);
}

void story_judge(void)
{
    judgement_free(story.judgement);
    story.judgement = judge_transcript(story.transcript, story.scenario);
    const struct judgement *judgement = story.judgement;
    cr_assert_eq(judgement->published, judgement->owed + judgement->unrecoverable);
    cr_assert_eq(judgement->owed, judgement->dispatched + judgement->lost);
    uint64_t lost = 0, unrecoverable = 0;
    for (size_t i = 0; i < judgement->missed_count; i++)
        *(judgement->missed[i].rule < RULE_COUNT ? &lost : &unrecoverable) +=
            judgement->missed[i].count;
    cr_assert_eq(lost, judgement->lost);
    cr_assert_eq(unrecoverable, judgement->unrecoverable);
}

/* All findings, for the message of an assertion. */
static void list_findings(struct buffer *rules, struct buffer *all)
{
    const char *last = "";
    for (size_t index = 0; index < story.judgement->finding_count; index++) {
        const struct finding *finding = &story.judgement->findings[index];
        const char *id = rule_info(finding->rule)->id;
        if (strcmp(id, last) != 0)
            buffer_printf(rules, "%s%s", rules->size_bytes ? " " : "", id);
        buffer_printf(all, "\n%s %s: %s (%s)", id, rule_level_name(finding->level),
                      finding->message, finding->cause ? finding->cause : "");
        last = id;
    }
}

void story_expect(enum verdict verdict, const char *rules)
{
    struct buffer found, all;
    buffer_init(&found, BUFFER_NO_LIMIT);
    buffer_init(&all, BUFFER_NO_LIMIT);
    const struct transcript *transcript = story.transcript;
    if (transcript->entries[transcript->count - 1].kind != TRANSCRIPT_DONE)
        story_done("complete", NULL);
    story_judge();
    list_findings(&found, &all);
    cr_assert_str_eq(buffer_text(&found), rules, "findings `%s`, not `%s`:%s", buffer_text(&found),
                     rules, buffer_text(&all));
    cr_assert_eq(story.judgement->verdict, verdict, "%s: %s%s",
                 verdict_name(story.judgement->verdict),
                 story.judgement->reason ? story.judgement->reason : "", buffer_text(&all));
    buffer_free(&found);
    buffer_free(&all);
}

const struct finding *story_finding(enum rule rule)
{
    for (size_t index = 0; index < story.judgement->finding_count; index++)
        if (story.judgement->findings[index].rule == rule)
            return &story.judgement->findings[index];
    cr_assert_fail("no finding of %s", rule_info(rule)->id);
    return NULL;
}

void story_expect_cause(enum rule rule, const char *part)
{
    const struct finding *finding = story_finding(rule);
    cr_assert(finding->cause && strstr(finding->cause, part), "`%s` not in: %s", part,
              finding->cause ? finding->cause : "(no cause)");
}

void story_expect_status(enum rule rule, enum rule_status status)
{
    cr_assert_eq(story.judgement->rules[rule], status, "%s is %s", rule_info(rule)->id,
                 rule_status_name(story.judgement->rules[rule]));
}
