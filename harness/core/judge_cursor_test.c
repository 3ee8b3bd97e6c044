/* What the client asked for: last_seen_seq and since (C-4, C-5, C-8, C-9, C-21). */
#include "core/judge_fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(judge_cursor, .fini = story_end);

/* ---- C-4, C-8: last_seen_seq ---- */

Test(judge_cursor, a_number_above_all_that_were_given_breaks_c4)
{
    story_begin_dropped("", 3);
    story_reconnect(4);
    story_expect(VERDICT_FAIL, "C-4");
}

Test(judge_cursor, a_number_below_what_was_dispatched_breaks_c4)
{
    story_begin_dropped("", 3);
    story_open();
    story_resync(2, STORY_SINCE_MS);
    story_answer();
    story_tell_ack();
    story_fence();
    story_expect(VERDICT_FAIL, "C-4");
}

Test(judge_cursor, an_event_that_was_asked_past_is_lost_by_c4)
{
    story_begin_dropped("", 3);
    story_publish(2); /* numbers 4 and 5 */
    story_reconnect(4);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert_eq(story.judgement->finding_count, 1);
    cr_assert_str_eq(story_finding(RULE_C4)->message, "1 of 7 events lost: gc-5");
    story_expect_cause(RULE_C4, "last_seen_seq 4");
}

Test(judge_cursor, a_number_may_advance_to_that_of_an_ack)
{
    story_begin_dropped("'server':{'ring':2},", 3);
    story_publish_as((struct story_publish){.type = "message.read", .count = 5});
    story_reconnect(3); /* 4 to 6 are gone for good; the ack says 8 */
    story_drop("reset");
    story_publish(1);
    story_reconnect(8);
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->unrecoverable, 3);
}

Test(judge_cursor, a_number_may_stay_below_a_hole_that_nothing_fills)
{
    story_begin_dropped("'server':{'ring':2},", 3);
    story_publish_as((struct story_publish){.type = "message.read", .count = 5});
    story_reconnect(3);
    story_drop("reset");
    story_publish(1);
    story_reconnect(3);
    story_expect(VERDICT_PASS, "");
}

Test(judge_cursor, rows_that_moved_the_number_break_c8)
{
    story_begin_dropped("'server':{'ring':2},", 3);
    story_publish(4); /* numbers 4 to 7 */
    story_reconnect(3);
    story_drop("reset");
    story_reconnect(11);
    story_expect(VERDICT_FAIL, "C-8");
    story_expect_cause(RULE_C8, "rows");
}

Test(judge_cursor, a_resync_without_a_number_breaks_c4_and_what_it_loses_is_c4)
{
    story_begin_dropped("", 3);
    story_publish(2);
    story_open();
    story_frame("resync", "{'type':'resync','last_seen_seq':null,'since':'2026-06-01T10:00:00Z'}");
    story_fence();
    story_done("complete", NULL);
    story_judge();
    cr_assert_eq(story.judgement->lost, 2);
    for (size_t index = 0; index < story.judgement->finding_count; index++)
        cr_assert_neq(story.judgement->findings[index].rule, RULE_C3);
    story_expect_cause(RULE_C4, "no number");
}

/* ---- C-5: since ---- */

/* Five messages missed, two of which the ring has, in the server's second 0. */
static void overflow(const char *members)
{
    story_begin_dropped(members, 3);
    story_publish(5); /* gc-5 … gc-9 */
    story_open();
}

static void take_all(void)
{
    story_answer();
    story_dispatch_sent();
    story_tell_ack();
    story_fence();
}

Test(judge_cursor, a_since_early_enough_loses_nothing)
{
    overflow("'server':{'ring':2},");
    story_resync(3, STORY_SINCE_MS);
    take_all();
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C5, RULE_STATUS_PASS);
}

Test(judge_cursor, a_since_in_the_second_of_the_rows_cuts_them_off_by_c5)
{
    overflow("'server':{'ring':2},");
    story_resync(3, (double)STORY_CLOCK_MS);
    take_all();
    story_expect(VERDICT_FAIL, "C-5");
    cr_assert_eq(story.judgement->lost, 3);
    story_expect_cause(RULE_C5, "0.2 s after the second (2026-06-01T10:00:00Z)");
}

Test(judge_cursor, a_resync_without_valid_since_breaks_c5_once)
{
    for (int has_loss = 0; has_loss < 2; has_loss++) {
        story_begin_dropped("'server':{'ring':2},", 3);
        story_publish(has_loss ? 5 : 0);
        story_open();
        story_resync(3, STORY_NO_SINCE);
        take_all();
        story_done("complete", NULL);
        story_judge();
        cr_assert_eq(story_finding(RULE_C5)->level, RULE_LEVEL_MUST);
        cr_assert_eq(story.judgement->lost, has_loss ? 3u : 0u);
    }
}

Test(judge_cursor, a_clock_ahead_by_more_than_a_minute_makes_a_late_since_a_should)
{
    static const char *const skews[] = {
        "'server':{'ring':2},'client':{'clock_skew_ms':61000},",
        "'server':{'ring':2,'clock':{'skew_ms':-59000}},",
    };
    for (size_t index = 0; index < 2; index++) {
        overflow(skews[index]);
        story_resync(3, (double)story.server_ms);
        take_all();
        story_done("complete", NULL);
        story_judge();
        story_expect_cause(RULE_C5, ", by a client whose clock is ");
        cr_assert_eq(story_finding(RULE_C5)->level,
                     index == 0 ? RULE_LEVEL_SHOULD : RULE_LEVEL_MUST);
    }
}

/* Six rows that the client has, then six that it missed; the database gives six. */
static void crowd(double early_s)
{
    story_begin("'server':{'ring':1,'db_limit':6,'clock':{'freeze':true}},", "");
    story_open();
    story_publish(6);
    story_dispatch_sent();
    story_fence(); /* gc-7 */
    story_advance(30000);
    story_drop("reset");
    story_publish(6);
    story_open();
    story_resync(6, (double)STORY_CLOCK_MS - early_s * 1000);
    take_all();
    story_done("complete", NULL);
    story_judge();
}

Test(judge_cursor, what_a_since_up_to_two_minutes_early_crowds_out_is_unrecoverable)
{
    crowd(61);
    cr_assert_eq(story.judgement->verdict, VERDICT_PASS);
    cr_assert_eq(story.judgement->unrecoverable, 5);
}

Test(judge_cursor, what_an_earlier_since_crowds_out_is_lost_by_c5)
{
    crowd(300);
    cr_assert_eq(story.judgement->verdict, VERDICT_FAIL);
    cr_assert_eq(story.judgement->lost, 5);
    story_expect_cause(RULE_C5, "the 6 oldest rows");
}

/* It may have got a number at the end of the second connection; if so, it knew on the third, which
 * broke before it could ask, that something was missing since minutes. */
Test(judge_cursor, a_client_that_had_no_time_to_ask_may_know_for_how_long_something_is_missing)
{
    static const double numbers[] = {0, 2.5}; /* the second is of no counter */
    for (size_t index = 0; index < sizeof(numbers) / sizeof(numbers[0]); index++) {
        story_begin("'server':{'ring':1,'db_limit':6,'clock':{'freeze':true}},", "");
        story_open();
        story_drop("reset");
        story_publish(6);
        story_open();
        story_fence();
        struct transcript_entry frame = story_entry(TRANSCRIPT_FRAME_OUT);
        frame.connection = story.connection;
        frame.detail = "channel.archived";
        frame.seq = numbers[index];
        story_add(&frame);
        story_drop("reset");
        story_advance(300000);
        story_open();
        story_drop("reset");
        story_publish(6);
        story_open();
        story_resync(0, (double)STORY_CLOCK_MS - 61000);
        take_all();
        story_expect(VERDICT_PASS, "");
    }
}

/* An author's ack to the client's own question: who believes it has all, until then. */
Test(judge_cursor, what_a_made_up_ack_says_has_come_need_not_be_asked_for_again)
{
    for (int is_answer = 0; is_answer < 2; is_answer++) {
        overflow("'server':{'ring':2},");
        story_resync(3, STORY_SINCE_MS);
        struct transcript_entry ack = story_entry(TRANSCRIPT_FRAME_OUT);
        ack.connection = story.connection;
        ack.detail = "resync_ack";
        ack.text = is_answer ? "{\"last_seen_seq\":3,\"current_seq\":8}"
                             : "{\"last_seen_seq\":2,\"current_seq\":8}";
        story_add(&ack);
        story_fence();
        story_drop("reset");
        story_advance(300000);
        story_open();
        story_resync(3, (double)story.server_ms);
        take_all();
        story_done("complete", NULL);
        story_judge();
        cr_expect_eq(story.judgement->verdict, is_answer ? VERDICT_PASS : VERDICT_FAIL);
    }
}

Test(judge_cursor, repeats_that_an_early_since_brings_are_not_blamed)
{
    overflow("'server':{'ring':2},");
    story_resync(3, (double)STORY_CLOCK_MS - 600000);
    story_answer(); /* with the rows of gc-1 … gc-3 once more */
    story_dispatch(8, 9);
    story_dispatch(5, 7);
    story_tell_ack();
    story_fence();
    story_expect(VERDICT_PASS, "");
}

Test(judge_cursor, a_since_is_not_to_reach_back_to_what_an_answer_did_not_bring)
{
    story_begin_dropped("'server':{'ring':9,'clock':{'freeze':true}},", 3);
    /* A row without number is missed, and no gap shows it. */
    story_publish_as((struct story_publish){.is_unnumbered = true});
    story_reconnect(3);
    story_advance(600000);
    story_drop("reset");
    story_publish(12);
    story_open();
    story_resync(3, (double)story.server_ms - 61000);
    take_all();
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->unrecoverable, 1);
}

/* ---- C-9, C-21: resets ---- */

Test(judge_cursor, a_reset_that_the_ack_shows_is_recovered_or_c21_is_broken)
{
    for (int asks_again = 0; asks_again < 2; asks_again++) {
        story_begin_dropped("", 3);
        story_restart(0);
        story_publish(2); /* gc-5, gc-6: numbers 1 and 2 */
        story_open();
        story_resync(3, STORY_SINCE_MS);
        story_answer();
        story_tell_ack();
        if (asks_again) {
            story_resync(0, STORY_SINCE_MS);
            story_answer();
            story_dispatch(5, 6);
            story_tell_ack();
        }
        story_fence();
        story_expect(asks_again ? VERDICT_PASS : VERDICT_WARN, asks_again ? "" : "C-21");
        story_expect_status(RULE_C21, asks_again ? RULE_STATUS_PASS : RULE_STATUS_WARN);
    }
}

/* It asked for the new numbers, and the server did not answer. */
Test(judge_cursor, a_reset_after_which_no_answer_came_is_unrecoverable)
{
    story_begin_dropped("", 3);
    story_restart(0);
    story_publish(2);
    story_open();
    story_resync(3, STORY_SINCE_MS);
    story_answer();
    story_tell_ack();
    story_resync(0, STORY_SINCE_MS);
    story_fence();
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->unrecoverable, 2);
}

Test(judge_cursor, a_reset_that_was_outgrown_unnoticed_is_unrecoverable)
{
    story_begin_dropped("", 3);
    story_restart(0);
    story_publish(5); /* numbers 1 to 5; 3 are gone for who asks from 3 */
    story_reconnect(3);
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->unrecoverable, 3);
}

Test(judge_cursor, a_counter_that_was_kept_or_rewound_by_a_few_is_understood)
{
    static const int64_t counters[] = {-1, 2};
    for (size_t index = 0; index < 2; index++) {
        story_begin_dropped("", 3);
        story_restart(counters[index]);
        story_open();
        story_resync(3, STORY_SINCE_MS);
        story_answer();
        story_tell_ack();
        story_publish(2);
        story_dispatch_sent();
        story_fence();
        story_expect(VERDICT_PASS, "");
        cr_assert_eq(story.judgement->unrecoverable, 0);
    }
}

Test(judge_cursor, a_client_that_keeps_the_old_number_after_new_live_events_breaks_c9)
{
    for (int is_new = 0; is_new < 2; is_new++) {
        story_begin_dropped("", 3);
        story_restart(0);
        story_open();
        story_resync(3, STORY_SINCE_MS);
        story_answer();
        story_tell_ack();
        story_publish(2); /* 1 and 2, live */
        story_dispatch_sent();
        story_fence();
        story_drop("reset");
        story_reconnect(is_new ? 2 : 3);
        story_expect(is_new ? VERDICT_PASS : VERDICT_FAIL, is_new ? "" : "C-9");
        story_expect_status(RULE_C9, is_new ? RULE_STATUS_PASS : RULE_STATUS_FAIL);
    }
}

Test(judge_cursor, a_number_sent_before_the_new_live_events_came_is_not_blamed)
{
    story_begin_dropped("", 3);
    story_restart(0);
    story_open();
    story_publish(1); /* on its way to the client ... */
    story_resync(3, STORY_SINCE_MS); /* ... as this is to the server */
    story_answer();
    story_dispatch_sent();
    story_tell_ack();
    story_fence();
    story_expect(VERDICT_PASS, "");
}
