/* What the client sends, and how it takes acks (C-10, C-11, C-17, C-23). */
#include "core/judge_fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(judge_wire, .fini = story_end);

static void reconnect_and_answer(void)
{
    story_begin_dropped("", 3);
    story_publish(2);
    story_open();
    story_resync(3, STORY_SINCE_MS);
    story_answer();
    story_dispatch_sent();
}

/* ---- C-10 ---- */

Test(judge_wire, the_ack_is_reported_once_as_it_is_or_c10_is_broken)
{
    static const struct {
        unsigned times;
        double replayed;
        bool is_gap, is_good;
    } cases[] = {{1, 2, false, true}, {0, 2, false, false}, {2, 2, false, false},
                 {1, 3, false, false}, {1, 2, true, false}, {1, NAN, false, false}};
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        reconnect_and_answer();
        for (unsigned time = 0; time < cases[index].times; time++)
            story_resynced(cases[index].replayed, cases[index].is_gap);
        story_fence();
        story_expect(cases[index].is_good ? VERDICT_PASS : VERDICT_FAIL,
                     cases[index].is_good ? "" : "C-10");
    }
}

Test(judge_wire, an_ack_handed_on_as_an_event_breaks_c10)
{
    reconnect_and_answer();
    struct transcript_entry entry = story_entry(TRANSCRIPT_DISPATCH);
    entry.detail = "resync_ack";
    entry.number = 1;
    story_add(&entry);
    story_resynced(2, false);
    story_fence();
    story_expect(VERDICT_FAIL, "C-10");
}

Test(judge_wire, a_repeated_or_malformed_or_unasked_ack_may_be_reported_or_not)
{
    for (int kind = 0; kind < 3; kind++) {
        for (unsigned times = 1; times <= 2; times++) {
            reconnect_and_answer();
            if (kind == 0) {
                story_ack("repeat", 2, false);
            } else if (kind == 1) {
                story_ack("override", NAN, false);
            } else {
                struct transcript_entry entry = story_entry(TRANSCRIPT_FRAME_OUT);
                entry.connection = story.connection;
                entry.detail = "resync_ack";
                entry.flags = TRANSCRIPT_FLAG_CONTROL;
                story_add(&entry);
            }
            for (unsigned time = 0; time < times; time++)
                story_resynced(2, false);
            story_fence();
            story_expect(VERDICT_PASS, "");
        }
    }
}

Test(judge_wire, the_report_of_an_unasked_ack_is_not_taken_for_that_of_the_asked_one)
{
    story_begin("", "");
    story_open();
    struct transcript_entry entry = story_entry(TRANSCRIPT_FRAME_OUT);
    entry.connection = story.connection;
    entry.detail = "resync_ack";
    entry.flags = TRANSCRIPT_FLAG_CONTROL;
    story_add(&entry);
    story_resynced(99, true);
    story_publish(1);
    story_dispatch_sent();
    story_fence();
    story_drop("reset");
    story_reconnect(1);
    story_expect(VERDICT_PASS, "");
}

Test(judge_wire, an_ack_that_may_not_have_been_read_need_not_be_reported)
{
    reconnect_and_answer();
    story_drop("reset");
    story_reconnect(5);
    story_expect(VERDICT_PASS, "");
}

Test(judge_wire, a_retried_question_need_not_be_reported_twice)
{
    story_begin_dropped("", 1);
    story_open();
    story_resync(1, STORY_SINCE_MS);
    story_wait(1100);
    story_resync(1, STORY_SINCE_MS);
    story_answer();
    story_answer();
    story_resynced(0, false);
    story_fence();
    story_expect(VERDICT_PASS, "");
}

/* ---- C-11 ---- */

Test(judge_wire, a_client_that_ends_the_connection_over_a_malformed_frame_breaks_c11)
{
    story_begin("", "");
    story_open();
    story_publish(1);
    story_dispatch_sent();
    story_fence();
    struct transcript_entry entry = story_entry(TRANSCRIPT_FRAME_OUT);
    entry.connection = story.connection;
    entry.flags = TRANSCRIPT_FLAG_MALFORMED;
    story_add(&entry);
    story_end_by_client();
    story_unmet("C-16", "the client did not reconnect");
    story_judge();
    cr_assert_eq(story_finding(RULE_C11)->level, RULE_LEVEL_MUST);
}

/* ---- C-17 ---- */

Test(judge_wire, a_late_missing_repeated_or_malformed_ack_puts_c17_to_the_test)
{
    for (int kind = 0; kind < 5; kind++) {
        story_begin_dropped("", 1);
        story_open();
        story_resync(1, STORY_SINCE_MS);
        if (kind == 1)
            story_wait(500);
        story_answer_without_ack();
        if (kind <= 1 || kind == 3)
            story_ack("auto", 0, false);
        if (kind == 3)
            story_ack("repeat", 0, false);
        if (kind == 4)
            story_ack("override", NAN, false);
        if (kind <= 1 || kind == 3)
            story_resynced(0, false);
        story_fence();
        story_expect(VERDICT_PASS, "");
        story_expect_status(RULE_C17, kind ? RULE_STATUS_PASS : RULE_STATUS_NOT_EXERCISED);
    }
}

Test(judge_wire, an_ack_beside_that_of_the_server_puts_c17_to_the_test)
{
    for (int has_asked = 0; has_asked < 2; has_asked++) {
        story_begin_dropped("", 1);
        story_publish(1);
        story_open();
        if (has_asked)
            story_resync(1, STORY_SINCE_MS);
        struct transcript_entry extra = story_entry(TRANSCRIPT_FRAME_OUT);
        extra.connection = story.connection;
        extra.detail = "resync_ack";
        extra.flags = TRANSCRIPT_FLAG_CONTROL;
        story_add(&extra);
        if (!has_asked)
            story_resync(1, STORY_SINCE_MS);
        story_answer();
        story_dispatch_sent();
        story_tell_ack();
        story_fence();
        story_expect(VERDICT_PASS, "");
        story_expect_status(RULE_C17,
                            has_asked ? RULE_STATUS_PASS : RULE_STATUS_NOT_EXERCISED);
    }
}

/* ---- C-23 ---- */

Test(judge_wire, only_well_formed_frames_of_the_protocol_or_c23_is_broken)
{
    static const struct {
        const char *type, *text;
        bool is_good;
    } cases[] = {
        {"ping", "{'type':'ping'}", true},
        {"subscribe", "{'type':'subscribe','channels':['a','b']}", true},
        {"unsubscribe", "{'type':'unsubscribe','channels':[]}", true},
        {"subscribe", "{'type':'subscribe'}", false},
        {"subscribe", "{'type':'subscribe','channels':[1]}", false},
        {"subscribe", "{'type':'subscribe','channels':'a'}", false},
        {"hello", "{'type':'hello'}", false},
        {NULL, "{'type':7}", false},
        {NULL, "ping", false},
        {NULL, "[]", false},
        {NULL, NULL, false},
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        story_begin("", "");
        story_open();
        story_frame(cases[index].type, cases[index].text);
        story_fence();
        story_expect(cases[index].is_good ? VERDICT_PASS : VERDICT_FAIL,
                     cases[index].is_good ? "" : "C-23");
    }
}

Test(judge_wire, a_binary_message_or_a_broken_frame_breaks_c23)
{
    for (int is_binary = 0; is_binary < 2; is_binary++) {
        story_begin("", "");
        story_open();
        struct transcript_entry entry =
            story_entry(is_binary ? TRANSCRIPT_WS_IN : TRANSCRIPT_VIOLATION);
        entry.connection = story.connection;
        entry.name = is_binary ? "binary" : NULL;
        entry.text = is_binary ? NULL : "a frame without a mask";
        story_add(&entry);
        story_fence();
        story_expect(VERDICT_FAIL, "C-23");
    }
}
