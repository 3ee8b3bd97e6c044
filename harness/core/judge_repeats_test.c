/* What comes more than once, and in which order (C-7, C-13, C-14, C-20, C-22). */
#include "core/judge_fixture.h"

#include <criterion/criterion.h>

TestSuite(judge_repeats, .fini = story_end);

/* ---- events with an id ---- */

/* gc-1, then `others` more with ids, then gc-1 again, dispatched or not. */
static void repeat_after(unsigned others, bool is_dispatched)
{
    story_begin("", "");
    story_open();
    story_publish(1 + others);
    story_dispatch_sent();
    story_send_again(1, false);
    if (is_dispatched)
        story_dispatch(1, 1);
    story_fence();
}

Test(judge_repeats, an_event_repeated_at_once_is_dispatched_once_or_c7_is_broken)
{
    repeat_after(3, false);
    story_expect(VERDICT_PASS, "");
    repeat_after(3, true);
    story_expect(VERDICT_FAIL, "C-7");
    cr_assert_eq(story.judgement->duplicated, 1);
}

Test(judge_repeats, the_window_of_c13_ends_at_2500_other_ids)
{
    repeat_after(2499, false);
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C13, RULE_STATUS_PASS);
    repeat_after(2499, true);
    story_expect(VERDICT_FAIL, "C-13");
    repeat_after(2500, true);
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->duplicated, 1);
}

/* 2,600 ids, then one of the newest again. */
static void repeat_new_after_many(bool is_dispatched)
{
    story_begin("", "");
    story_open();
    story_publish(2600);
    story_dispatch_sent();
    story_send_again(2590, false);
    if (is_dispatched)
        story_dispatch(2590, 2590);
    story_fence();
}

Test(judge_repeats, the_newest_ids_are_known_after_many_or_c14_is_broken)
{
    repeat_new_after_many(false);
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C14, RULE_STATUS_PASS);
    repeat_new_after_many(true);
    story_expect(VERDICT_FAIL, "C-14");
}

Test(judge_repeats, a_dispatch_without_a_send_breaks_c7)
{
    story_begin("", "");
    story_open();
    story_publish_as((struct story_publish){.type = "member.joined"});
    story_dispatch(1, 1);
    story_dispatch(1, 1);
    story_fence();
    story_expect(VERDICT_FAIL, "C-7");
    story_expect_cause(RULE_C7, "sent less often");
}

Test(judge_repeats, an_event_that_was_never_published_breaks_c7)
{
    story_begin("", "");
    story_open();
    story_publish(1);
    story_dispatch_sent();
    story_fence();
    story_dispatch(77, 77);
    story_expect(VERDICT_FAIL, "C-7");
}

/* ---- events without id ---- */

/* An id-less event live and then again from the ring, because the client asks from 0. */
static void idless_live_and_ring(bool is_repeated, bool is_restarted)
{
    story_begin("", "");
    story_open();
    story_publish_as((struct story_publish){.type = "member.joined", .count = 2});
    story_dispatch_sent();
    story_fence();
    story_drop("reset");
    if (is_restarted) {
        story_restart(0);
        story_publish_as((struct story_publish){.type = "member.joined", .count = 2});
    }
    story_open();
    story_resync(is_restarted ? 2 : 0, STORY_SINCE_MS);
    story_answer();
    if (is_repeated)
        story_dispatch(1, 2);
    story_tell_ack();
    story_fence();
    story_done("complete", NULL);
    story_judge();
}

Test(judge_repeats, an_event_without_id_comes_once_by_its_number_or_c20_warns)
{
    idless_live_and_ring(false, false);
    story_expect_status(RULE_C20, RULE_STATUS_PASS);
    idless_live_and_ring(true, false);
    story_expect_status(RULE_C20, RULE_STATUS_WARN);
    cr_assert_eq(story_finding(RULE_C20)->level, RULE_LEVEL_SHOULD);
}

/* A reaction in the ring part and as a row of the same replay. */
static void idless_ring_and_row(bool is_repeated, bool is_unasked)
{
    story_begin("'server':{'ring':2},", "");
    story_open();
    story_publish(1);
    story_dispatch_sent();
    story_fence(); /* gc-2 */
    story_drop("reset");
    story_publish(2); /* gc-3, gc-4: one of them leaves the ring */
    story_publish_as((struct story_publish){.type = "message.reacted"}); /* gc-5 */
    story_open();
    if (is_unasked)
        story_send_again(5, true);
    story_resync(1, STORY_SINCE_MS);
    story_answer();
    if (is_unasked)
        story_dispatch(5, 5);
    story_dispatch(4, is_unasked ? 4 : 5);
    story_dispatch(3, 3);
    if (is_repeated)
        story_dispatch(5, 5);
    story_tell_ack();
    story_fence();
}

Test(judge_repeats, a_row_of_what_the_ring_has_just_brought_comes_once_or_c20_warns)
{
    idless_ring_and_row(false, false);
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C20, RULE_STATUS_PASS);
    idless_ring_and_row(true, false);
    story_expect(VERDICT_WARN, "C-20");
}

/* The ring's was taken for it, and the row of the replay for one more. */
Test(judge_repeats, behind_a_row_that_nobody_asked_for_nothing_tells_which_is_the_repeat)
{
    idless_ring_and_row(true, true);
    story_expect(VERDICT_PASS, "");
}

Test(judge_repeats, a_row_that_repeats_an_older_live_event_is_counted_and_not_blamed)
{
    story_begin("'server':{'ring':1},", "");
    story_open();
    story_publish_as((struct story_publish){.type = "message.reacted"}); /* gc-1 */
    story_dispatch_sent();
    story_fence(); /* gc-2 */
    story_drop("reset");
    story_publish(3); /* gc-3 … gc-5 */
    story_open();
    story_resync(1, STORY_SINCE_MS);
    story_answer();
    story_dispatch(5, 5);
    story_dispatch(3, 4);
    story_dispatch(1, 1); /* as a row once more */
    story_tell_ack();
    story_fence();
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->duplicated, 1);
}

Test(judge_repeats, a_repetition_that_an_unknowable_row_explains_is_not_blamed_on_a_number)
{
    story_begin("", "");
    story_open();
    story_publish_as((struct story_publish){.type = "message.reacted"});
    story_dispatch(1, 1);
    story_send_again(1, true);
    story_send_again(1, false);
    story_dispatch(1, 1); /* of the row: the other was known by its number */
    story_fence();
    story_expect(VERDICT_PASS, "");
}

/* ---- order ---- */

Test(judge_repeats, what_one_connection_delivers_is_dispatched_in_order_or_c22_is_broken)
{
    for (int is_swapped = 0; is_swapped < 2; is_swapped++) {
        story_begin("", "");
        story_open();
        story_publish(3);
        story_dispatch(1, 1);
        story_dispatch(is_swapped ? 3 : 2, is_swapped ? 3 : 2);
        story_dispatch(is_swapped ? 2 : 3, is_swapped ? 2 : 3);
        story_fence();
        story_expect(is_swapped ? VERDICT_FAIL : VERDICT_PASS, is_swapped ? "C-22" : "");
        story_expect_status(RULE_C22, is_swapped ? RULE_STATUS_FAIL : RULE_STATUS_PASS);
    }
}

Test(judge_repeats, rows_after_newer_ring_events_are_in_order)
{
    story_begin_dropped("'server':{'ring':2},", 1);
    story_publish(5);
    story_reconnect(1);
    story_expect(VERDICT_PASS, "");
}

Test(judge_repeats, connections_may_be_interleaved)
{
    story_begin("", "");
    story_open();
    story_publish(4);
    story_dispatch(1, 1);
    story_drop("fin");
    story_publish(1); /* gc-5 */
    story_open();
    story_resync(4, STORY_SINCE_MS);
    story_answer();
    story_dispatch(2, 2);
    story_dispatch(5, 5); /* of the second connection, before the rest of the first */
    story_dispatch(3, 4);
    story_tell_ack();
    story_fence();
    story_expect(VERDICT_PASS, "");
}

Test(judge_repeats, an_event_sent_again_later_does_not_explain_an_early_dispatch)
{
    story_begin("", "");
    story_open();
    story_publish(3);
    story_dispatch(2, 3);
    story_dispatch(1, 1);
    story_send_again(1, false);
    story_publish(2);
    story_dispatch(4, 5);
    story_fence();
    story_expect(VERDICT_FAIL, "C-22");
    cr_assert_str_eq(story_finding(RULE_C22)->message,
                     "1 event was dispatched out of order: gc-1 came after gc-3, but had been sent "
                     "before it");
}
