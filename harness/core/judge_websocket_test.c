/* How the client keeps RFC 6455 (C-24), and whether it notices that nobody answers (C-26). */
#include "core/judge_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(judge_websocket, .fini = story_end);

/* Something on the newest connection, or on an older one. */
static void add_on(uint32_t connection, enum transcript_kind kind, const char *name,
                   const char *text)
{
    struct transcript_entry entry = story_entry(kind);
    entry.connection = connection;
    entry.name = name;
    if (text)
        transcript_set_text(&entry, text, strlen(text));
    story_add(&entry);
}

static void ping(const char *payload)
{
    add_on(story.connection, TRANSCRIPT_WS_OUT, "ping", payload);
}

static void pong(const char *payload)
{
    add_on(story.connection, TRANSCRIPT_WS_IN, "pong", payload);
}

static void fence(void)
{
    uint64_t marker =
        story_publish_as((struct story_publish){.is_unnumbered = true, .is_fence = true});
    story_dispatch(marker, marker);
}

static void begin_open(const char *members)
{
    story_begin(members, "");
    story_open();
    story_publish(2);
    story_dispatch_sent();
}

/* With nothing missed; what was sent before and not dispatched stays so. */
static void reconnect(void)
{
    story_open();
    story_resync((double)story.model.current_seq, STORY_SINCE_MS);
    story_answer();
    story_resynced(0, false);
    fence();
}

/* ---- pings ---- */

Test(judge_websocket, pings_that_are_answered_with_their_payload_keep_c24)
{
    begin_open("");
    ping("one");
    pong("one");
    ping("two");
    fence();
    pong("two"); /* the dispatch came by another way, and earlier */
    ping("three");
    pong("three");
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C24, RULE_STATUS_PASS);
}

Test(judge_websocket, a_ping_that_a_later_pong_passed_over_breaks_c24)
{
    begin_open("");
    ping("one");
    fence();
    ping("two");
    pong("two");
    story_expect(VERDICT_FAIL, "C-24");
    cr_assert(strstr(story_finding(RULE_C24)->message, "ping `one`, but one that came later"));
}

Test(judge_websocket, one_pong_is_enough_for_pings_that_came_in_one_go)
{
    for (int answered = 0; answered < 3; answered++) {
        static const char *const payloads[] = {"a", "b", "c"};
        begin_open("");
        for (int index = 0; index < 3; index++)
            ping(payloads[index]);
        pong(payloads[answered]);
        fence();
        ping("next");
        pong("next");
        story_expect(VERDICT_PASS, "");
    }
}

Test(judge_websocket, another_payload_is_no_answer)
{
    begin_open("");
    ping("one");
    pong("other");
    fence();
    ping("two");
    pong("two");
    story_expect(VERDICT_FAIL, "C-24");
    story_expect_cause(RULE_C24, "`other`");
}

Test(judge_websocket, an_unanswered_ping_is_blamed_only_if_the_connection_lived_a_second)
{
    for (int lived_ms = 100; lived_ms <= 1500; lived_ms += 1400) {
        begin_open("");
        fence();
        ping("one");
        story_wait(lived_ms);
        story_drop("reset");
        reconnect();
        story_expect(lived_ms > 1000 ? VERDICT_FAIL : VERDICT_PASS,
                     lived_ms > 1000 ? "C-24" : "");
    }
}

Test(judge_websocket, a_pong_on_another_connection_is_no_answer)
{
    begin_open("");
    ping("one");
    story_wait(1500);
    story_drop("reset");
    reconnect();
    pong("one");
    story_expect(VERDICT_FAIL, "C-24");
}

Test(judge_websocket, a_ping_that_a_step_waited_for_is_told_once)
{
    begin_open("");
    ping("one");
    story_wait(5000);
    story_unmet("C-24", "the client did not answer a WebSocket ping within 5000 ms");
    story_expect(VERDICT_FAIL, "C-24");
    cr_assert_eq(story.judgement->finding_count, 1);
}

/* ---- close frames ---- */

static void close_by_server(const char *answer, int64_t waited_ms, const char *end)
{
    struct transcript_entry entry = story_entry(TRANSCRIPT_WS_OUT);
    entry.connection = story.connection;
    entry.name = "close";
    entry.number = 1001;
    story_add(&entry);
    story_wait(waited_ms);
    if (answer)
        add_on(story.connection, TRANSCRIPT_WS_IN, answer, NULL);
    add_on(story.connection, TRANSCRIPT_END, end, NULL);
    story.is_open = false;
}

Test(judge_websocket, a_close_frame_is_answered_or_c24_is_broken)
{
    static const struct {
        const char *answer, *end;
        bool is_good;
    } cases[] = {
        {"close", "server", true}, {NULL, "server", false}, {"pong", "server", false},
        {NULL, "fin", true},       {NULL, "reset", true}, /* it vanished: nobody knows */
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        begin_open("");
        fence();
        close_by_server(cases[index].answer, 1000, cases[index].end);
        reconnect();
        story_expect(cases[index].is_good ? VERDICT_PASS : VERDICT_FAIL,
                     cases[index].is_good ? "" : "C-24");
    }
    cr_assert_eq(story.judgement->finding_count, 0);
}

Test(judge_websocket, nobody_can_answer_a_close_frame_who_is_not_heard_or_kept_busy)
{
    begin_open("");
    fence();
    add_on(story.connection, TRANSCRIPT_VIOLATION, NULL, "a reserved bit is set");
    close_by_server(NULL, 1000, "server");
    reconnect();
    story_expect(VERDICT_FAIL, "C-23");

    begin_open("");
    fence();
    story_note(TRANSCRIPT_OP, "slow");
    close_by_server(NULL, 1000, "server");
    reconnect();
    story_expect(VERDICT_PASS, "");
}

/* ---- large messages, and fragments ---- */

static uint64_t send_in_fragments(uint32_t size_bytes)
{
    uint64_t marker = story_publish_as((struct story_publish){
        .is_unnumbered = true, .is_unstored = true, .is_not_live = true, .size_bytes = size_bytes});
    struct transcript_entry entry = story_entry(TRANSCRIPT_SENT);
    entry.connection = story.connection;
    entry.name = "again";
    entry.marker = marker;
    entry.count = 1;
    entry.flags = TRANSCRIPT_FLAG_FRAGMENTS;
    story_add(&entry);
    return marker;
}

static const struct {
    uint32_t size_bytes;
    bool is_whole;
    enum verdict verdict;
    const char *rules;
} messages[] = {
    {10, false, VERDICT_FAIL, "C-24"},      {1 << 20, false, VERDICT_FAIL, "C-24"},
    {64 << 10, true, VERDICT_FAIL, "C-24"}, {(1 << 20) + 1, false, VERDICT_WARN, "C-24"},
    {16 << 20, true, VERDICT_WARN, "C-24"},
};

static void send_message(size_t index)
{
    if (messages[index].is_whole)
        story_publish_as((struct story_publish){.is_unnumbered = true, .is_unstored = true,
                                                .size_bytes = messages[index].size_bytes});
    else
        send_in_fragments(messages[index].size_bytes);
}

Test(judge_websocket, a_large_or_fragmented_message_that_is_lost_is_charged_to_c24)
{
    for (size_t index = 0; index < sizeof(messages) / sizeof(messages[0]); index++) {
        begin_open("");
        send_message(index);
        fence();
        story_expect(messages[index].verdict, messages[index].rules);
    }
}

Test(judge_websocket, a_client_that_ends_the_connection_over_such_a_message_breaks_c24)
{
    for (size_t index = 0; index < sizeof(messages) / sizeof(messages[0]); index++) {
        begin_open("");
        fence();
        send_message(index);
        struct transcript_entry entry = story_entry(TRANSCRIPT_WS_IN);
        entry.connection = story.connection;
        entry.name = "close";
        entry.number = 1009;
        story_add(&entry);
        story_end_by_client();
        reconnect();
        story_expect(messages[index].verdict, messages[index].rules);
        story_expect_cause(RULE_C24, "the code 1009");
    }
}

enum excuse { EXCUSE_READ, EXCUSE_SMALL, EXCUSE_RAW, EXCUSE_ASKED, EXCUSE_DROPPED, EXCUSE_COUNT };

Test(judge_websocket, an_end_that_has_another_reason_is_no_answer_to_the_message)
{
    for (int excuse = 0; excuse < EXCUSE_COUNT; excuse++) {
        begin_open("");
        fence();
        uint64_t marker = story_publish_as((struct story_publish){
            .is_unnumbered = true, .is_unstored = true,
            .size_bytes = excuse == EXCUSE_SMALL ? 60000 : 70000});
        if (excuse == EXCUSE_READ)
            story_dispatch(marker, marker);
        if (excuse == EXCUSE_RAW)
            add_on(story.connection, TRANSCRIPT_WS_OUT, "raw", NULL);
        if (excuse == EXCUSE_ASKED)
            story_note(TRANSCRIPT_OP, "reconnect");
        if (excuse == EXCUSE_DROPPED)
            story_drop("reset");
        else
            story_end_by_client();
        reconnect();
        story_expect(VERDICT_PASS, "");
    }
}

Test(judge_websocket, texts_that_are_not_what_was_sent_break_c24_once)
{
    begin_open("");
    uint64_t first = story_publish(3);
    for (uint64_t marker = first; marker < first + 3; marker++) {
        struct transcript_entry entry = story_entry(TRANSCRIPT_DISPATCH);
        entry.detail = "message.created";
        entry.number = 1;
        entry.marker = marker;
        entry.flags = marker > first ? TRANSCRIPT_FLAG_MANGLED : 0;
        story_add(&entry);
    }
    fence();
    story_expect(VERDICT_FAIL, "C-24");
    cr_assert_eq(story.judgement->finding_count, 1);
    cr_assert(strstr(story_finding(RULE_C24)->message, "2 dispatched events"));
}

/* ---- bytes that break RFC 6455 ---- */

Test(judge_websocket, what_is_lost_behind_raw_or_binary_bytes_is_charged_to_c24)
{
    static const char *const kinds[] = {"raw", "binary"};
    for (int kind = 0; kind < 2; kind++) {
        begin_open("");
        add_on(story.connection, TRANSCRIPT_WS_OUT, kinds[kind], NULL);
        story_publish(1);
        fence();
        story_expect(VERDICT_FAIL, "C-24");
    }
}

Test(judge_websocket, a_client_that_ends_over_raw_bytes_and_stays_away_breaks_c24)
{
    for (int is_raw = 0; is_raw < 2; is_raw++) {
        begin_open("");
        fence();
        if (is_raw)
            add_on(story.connection, TRANSCRIPT_WS_OUT, "raw", NULL);
        story_end_by_client();
        story_wait(5000);
        story_unmet("C-16", "the client did not reconnect within 5000 ms");
        story_expect(VERDICT_FAIL, is_raw ? "C-24" : "C-16");
    }
}

/* ---- C-26 ---- */

#define KEEPALIVE "'client': {'ping_ms': 100, 'pong_timeout_ms': 400},"

Test(judge_websocket, a_silent_connection_is_noticed_in_time_or_c26_is_broken)
{
    for (int64_t waited_ms = 450; waited_ms <= 3000; waited_ms += 2550) {
        begin_open(KEEPALIVE);
        fence();
        story_drop("silent");
        story_wait(waited_ms);
        reconnect();
        story_expect(waited_ms > 2100 ? VERDICT_WARN : VERDICT_PASS,
                     waited_ms > 2100 ? "C-26" : "");
        if (waited_ms < 2100)
            story_expect_status(RULE_C26, RULE_STATUS_PASS);
    }
}

Test(judge_websocket, without_ping_times_nobody_says_how_long_it_may_take)
{
    begin_open("");
    fence();
    story_drop("silent");
    story_wait(3000);
    reconnect();
    story_expect(VERDICT_PASS, "");
}

Test(judge_websocket, what_the_application_asked_for_shows_nothing_of_c26)
{
    begin_open(KEEPALIVE);
    fence();
    story_drop("silent");
    story_wait(3000);
    story_note(TRANSCRIPT_OP, "reconnect");
    reconnect();
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C26, RULE_STATUS_NOT_EXERCISED);
}

Test(judge_websocket, a_late_harness_cannot_tell_c26)
{
    begin_open(KEEPALIVE);
    fence();
    story_drop("silent");
    struct transcript_entry late = story_entry(TRANSCRIPT_LATE);
    late.number = 2000000;
    story_add(&late);
    story_wait(3000);
    reconnect();
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C26, RULE_STATUS_INCONCLUSIVE);
}

/* Behind the first accept: step 2 makes the server deaf, 4 heals it. */
static void begin_deaf(void)
{
    story_begin(KEEPALIVE, "{'set': {'pong': 'ignore'}}, {'accept': {}}, "
                           "{'set': {'pong': 'auto'}}, {'settle': {}}");
    story_open();
    story_publish(2);
    story_dispatch_sent();
    fence();
    story_step(2);
}

Test(judge_websocket, a_server_that_answers_no_pings_is_left_in_time_or_c26_is_broken)
{
    for (int64_t waited_ms = 450; waited_ms <= 3000; waited_ms += 2550) {
        begin_deaf();
        story_wait(waited_ms);
        story_end_by_client();
        reconnect();
        story_step(4);
        story_expect(waited_ms > 2100 ? VERDICT_WARN : VERDICT_PASS,
                     waited_ms > 2100 ? "C-26" : "");
    }
}

/* It is silent when nothing comes any more, either. */
Test(judge_websocket, a_server_that_goes_on_sending_is_not_silent)
{
    begin_deaf();
    for (int events = 0; events < 10; events++) {
        story_publish(1);
        story_dispatch_sent();
        story_wait(300);
    }
    story_end_by_client();
    reconnect();
    story_step(4);
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C26, RULE_STATUS_PASS);
}

Test(judge_websocket, a_client_that_never_leaves_a_deaf_server_is_only_warned)
{
    begin_deaf();
    story_wait(5000);
    story_unmet("C-16", "the client did not reconnect within 5000 ms");
    story_expect(VERDICT_WARN, "C-26");
}

Test(judge_websocket, without_keepalive_c26_is_skipped)
{
    begin_open("");
    story_lack(DRIVER_CAPABILITY_KEEPALIVE);
    fence();
    story_drop("silent");
    story_wait(3000);
    reconnect();
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C26, RULE_STATUS_SKIP);
}
