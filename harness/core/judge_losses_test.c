/* What is owed, and to which rule each loss is charged. */
#include "core/judge_fixture.h"

#include <criterion/criterion.h>

TestSuite(judge_losses, .fini = story_end);

/* ---- C-7, C-8, C-9, C-12, C-15: sent and kept back ---- */

Test(judge_losses, an_event_that_was_read_and_not_dispatched_is_charged_to_c7)
{
    story_begin("", "");
    story_open();
    story_publish(3);
    story_dispatch(1, 1);
    story_dispatch(3, 3);
    story_fence();
    story_expect(VERDICT_FAIL, "C-7");
}

Test(judge_losses, rows_that_were_read_and_not_dispatched_are_charged_to_c8)
{
    story_begin_dropped("'server':{'ring':2},", 3);
    story_publish(5); /* gc-5 … gc-9: the ring has the last two */
    story_open();
    story_resync(3, STORY_SINCE_MS);
    story_answer();
    story_dispatch(8, 9);
    story_tell_ack();
    story_fence();
    story_expect(VERDICT_FAIL, "C-8");
    cr_assert_eq(story.judgement->lost, 3);
    story_expect_cause(RULE_C8, "rows");
}

Test(judge_losses, unnumbered_live_events_that_were_not_dispatched_are_charged_to_c8)
{
    story_begin("", "");
    story_open();
    story_publish_as((struct story_publish){.is_unnumbered = true});
    story_fence();
    story_expect(VERDICT_FAIL, "C-8");
}

Test(judge_losses, lower_numbers_after_a_reset_that_were_not_dispatched_are_charged_to_c9)
{
    story_begin_dropped("", 3);
    story_restart(0);
    story_open();
    story_resync(3, STORY_SINCE_MS);
    story_answer();
    story_tell_ack();
    story_publish(2);
    story_fence();
    story_expect(VERDICT_FAIL, "C-9");
    cr_assert_eq(story.judgement->lost, 2);
}

Test(judge_losses, an_unknown_type_that_was_not_dispatched_is_charged_to_c12)
{
    story_begin("", "");
    story_open();
    story_publish_as((struct story_publish){.type = "brand.new"});
    story_fence();
    story_expect(VERDICT_WARN, "C-12");
}

Test(judge_losses, the_same_id_under_another_type_is_another_event)
{
    for (int is_dispatched = 0; is_dispatched < 2; is_dispatched++) {
        story_begin("", "");
        story_open();
        uint64_t first = story_publish(1);
        story_publish_as((struct story_publish){.type = "thread.reply", .id_marker = first});
        story_dispatch(1, is_dispatched ? 2 : 1);
        story_fence();
        if (is_dispatched)
            story_expect(VERDICT_PASS, "");
        else
            story_expect(VERDICT_FAIL, "C-15");
        story_expect_status(RULE_C15, is_dispatched ? RULE_STATUS_PASS : RULE_STATUS_FAIL);
    }
}

/* ---- C-11, C-17, C-18, C-25: lost by what came before ---- */

static void send_malformed(void)
{
    struct transcript_entry entry = story_entry(TRANSCRIPT_FRAME_OUT);
    entry.connection = story.connection;
    entry.flags = TRANSCRIPT_FLAG_MALFORMED;
    story_add(&entry);
}

Test(judge_losses, what_is_lost_after_a_malformed_frame_is_charged_to_c11)
{
    for (int is_dispatched = 0; is_dispatched < 2; is_dispatched++) {
        story_begin("", "");
        story_open();
        send_malformed();
        story_publish(2);
        if (is_dispatched)
            story_dispatch_sent();
        story_fence();
        if (is_dispatched)
            story_expect(VERDICT_PASS, "");
        else
            story_expect(VERDICT_FAIL, "C-11");
        story_expect_status(RULE_C11, is_dispatched ? RULE_STATUS_PASS : RULE_STATUS_FAIL);
    }
}

Test(judge_losses, an_unknown_type_after_a_malformed_frame_is_charged_to_c12_if_others_arrive)
{
    story_begin("", "");
    story_open();
    send_malformed();
    story_publish_as((struct story_publish){.type = "custom.thing"});
    story_fence();
    story_expect(VERDICT_WARN, "C-12");
}

Test(judge_losses, a_client_that_falls_silent_after_a_malformed_frame_is_charged_to_c11)
{
    story_begin("", "");
    story_open();
    send_malformed();
    story_publish_as((struct story_publish){.is_unnumbered = true, .is_fence = true});
    story_wait(5000);
    story_unmet("step", "no fence");
    story_judge();
    cr_assert_str_eq(story_finding(RULE_C11)->message, "1 of 1 event lost: gc-1");
}

Test(judge_losses, what_is_lost_after_a_missing_ack_is_charged_to_c17)
{
    story_begin_dropped("", 3);
    story_publish(1);
    story_open();
    story_resync(3, STORY_SINCE_MS);
    story_answer_without_ack();
    story_publish(2); /* gc-6, gc-7 */
    story_dispatch(5, 5);
    story_fence();
    story_expect(VERDICT_FAIL, "C-17");
    cr_assert_eq(story.judgement->lost, 2);
}

Test(judge_losses, events_of_a_cut_replay_that_come_again_are_taken_or_charged_to_c18)
{
    for (int is_dispatched = 0; is_dispatched < 2; is_dispatched++) {
        story_begin_dropped("", 3);
        story_publish(4); /* gc-5 … gc-8 */
        story_open();
        story_resync(3, STORY_SINCE_MS);
        story_answer_cut(2);
        story_open();
        story_resync(3, STORY_SINCE_MS);
        story_answer();
        story_dispatch(is_dispatched ? 5 : 7, 8);
        story_tell_ack();
        story_fence();
        if (is_dispatched)
            story_expect(VERDICT_PASS, "");
        else
            story_expect(VERDICT_FAIL, "C-18");
        story_expect_status(RULE_C18, is_dispatched ? RULE_STATUS_PASS : RULE_STATUS_FAIL);
    }
}

Test(judge_losses, a_replay_cut_before_its_first_event_and_at_its_end_loses_nothing)
{
    for (size_t cut_after = 0; cut_after <= 4; cut_after += 4) {
        story_begin_dropped("", 3);
        story_publish(4);
        story_open();
        story_resync(3, STORY_SINCE_MS);
        story_answer_cut(cut_after);
        if (cut_after)
            story_dispatch_sent();
        story_reconnect(cut_after ? 7 : 3);
        story_expect(VERDICT_PASS, "");
        cr_assert_eq(story.judgement->dispatched, 9);
    }
}

Test(judge_losses, asking_past_the_rest_of_a_cut_replay_is_charged_to_c18)
{
    story_begin_dropped("", 3);
    story_publish(4);
    story_open();
    story_resync(3, STORY_SINCE_MS);
    story_answer_cut(2);
    story_dispatch_sent();
    story_reconnect(7); /* as if the whole replay had come */
    story_expect(VERDICT_FAIL, "C-18");
    cr_assert_eq(story.judgement->lost, 2);
}

Test(judge_losses, asking_from_a_live_event_that_overtook_a_cut_replay_is_charged_to_c19)
{
    story_begin_dropped("", 3);
    story_publish(4); /* gc-5 … gc-8 */
    story_open();
    story_publish(1); /* gc-9 overtakes */
    story_resync(3, STORY_SINCE_MS);
    story_answer_cut(1);
    story_dispatch(9, 9);
    story_dispatch(5, 5);
    story_reconnect(8);
    story_expect(VERDICT_FAIL, "C-19");
    cr_assert_eq(story.judgement->lost, 3);
    story_expect_cause(RULE_C19, "overtook");
}

Test(judge_losses, a_client_that_asks_below_the_overtaking_event_passes_c19)
{
    story_begin_dropped("", 3);
    story_publish(4);
    story_open();
    story_publish(1);
    story_resync(3, STORY_SINCE_MS);
    story_answer_cut(1);
    story_dispatch(9, 9);
    story_dispatch(5, 5);
    story_reconnect(4);
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C19, RULE_STATUS_PASS);
}

static void throw_once(void)
{
    story_note(TRANSCRIPT_OP, "throw");
    story_note(TRANSCRIPT_STEP_END, "done");
}

Test(judge_losses, a_handler_that_throws_keeps_nothing_from_the_other_or_c25_is_broken)
{
    for (int is_reached = 0; is_reached < 2; is_reached++) {
        story_begin("", "");
        story_open();
        throw_once();
        story_publish(1);
        story_dispatch_by(1, 1);
        if (is_reached)
            story_dispatch_by(2, 1);
        story_fence();
        if (is_reached)
            story_expect(VERDICT_PASS, "");
        else
            story_expect(VERDICT_FAIL, "C-25");
    }
}

Test(judge_losses, an_event_in_flight_when_the_handler_is_told_to_throw_is_not_the_one)
{
    story_begin("", "");
    story_open();
    story_publish(1);
    story_note(TRANSCRIPT_OP, "throw");
    story_dispatch_by(1, 1); /* the second handler was not in place yet */
    story_note(TRANSCRIPT_STEP_END, "done");
    story_publish(1);
    story_dispatch_by(1, 2);
    story_dispatch_by(2, 2);
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C25, RULE_STATUS_PASS);
}

Test(judge_losses, what_is_lost_after_a_handler_threw_is_charged_to_c25)
{
    story_begin("", "");
    story_open();
    throw_once();
    story_publish(3);
    story_dispatch_by(1, 1);
    story_dispatch_by(2, 1);
    story_publish_as((struct story_publish){.is_unnumbered = true, .is_fence = true});
    story_wait(5000);
    story_unmet("step", "no fence");
    story_judge();
    cr_assert_eq(story_finding(RULE_C25)->level, RULE_LEVEL_MUST);
    cr_assert_eq(story.judgement->lost, 3);
}

/* ---- what nothing can be blamed for ---- */

static const char *const drops[] = {"reset", "fin", "mid-frame", "close", "silent"};

Test(judge_losses, events_in_flight_at_a_drop_may_count_or_not)
{
    for (size_t how = 0; how < sizeof(drops) / sizeof(drops[0]); how++) {
        for (int counted = 0; counted <= 2; counted++) {
            story_begin("", "");
            story_open();
            story_publish(3);
            story_dispatch_sent();
            story_fence(); /* gc-4 */
            story_publish(2); /* gc-5, gc-6: no fence covers them */
            story_drop(drops[how]);
            story_publish(2); /* gc-7, gc-8 */
            story_open();
            story_resync(3 + counted, STORY_SINCE_MS);
            story_answer();
            story_dispatch_sent();
            /* Those that counted were read and not dispatched: let that be. */
            story_tell_ack();
            story_fence();
            story_expect(VERDICT_PASS, "");
        }
    }
}

Test(judge_losses, events_in_flight_do_not_excuse_those_that_came_after_the_drop)
{
    story_begin("", "");
    story_open();
    story_publish(3);
    story_dispatch_sent();
    story_fence();
    story_publish(2);
    story_drop("reset");
    story_publish(2); /* gc-7, gc-8, numbers 6 and 7 */
    story_reconnect(7);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert_eq(story.judgement->lost, 2);
}

Test(judge_losses, a_connection_that_is_dropped_at_once_owes_no_resync)
{
    story_begin_dropped("'server':{'ring':2},", 3);
    story_publish(2);
    story_open();
    story_drop("reset");
    story_publish_as((struct story_publish){.type = "message.read", .count = 4});
    story_reconnect(3);
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->unrecoverable, 2); /* the first two of the four: no rows */
}

Test(judge_losses, an_answer_that_may_not_have_been_read_is_not_blamed)
{
    story_begin_dropped("'server':{'ring':2},", 3);
    story_publish_as((struct story_publish){.type = "message.read", .count = 2});
    story_open();
    story_resync(3, STORY_SINCE_MS);
    story_answer();
    story_drop("reset"); /* what was on its way is gone */
    story_publish(2); /* gc-7, gc-8 */
    story_open();
    story_resync(3, STORY_SINCE_MS);
    story_answer();
    story_dispatch(7, 8);
    story_tell_ack();
    story_fence();
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->unrecoverable, 2);
}

Test(judge_losses, what_the_ring_and_the_database_do_not_have_is_unrecoverable)
{
    story_begin_dropped("'server':{'ring':2},", 3);
    story_publish_as((struct story_publish){.type = "member.joined", .count = 5});
    story_reconnect(3);
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->unrecoverable, 3);
}

Test(judge_losses, what_a_held_or_ignored_resync_does_not_bring_is_not_blamed)
{
    story_begin_dropped("", 3);
    story_publish(3);
    story_open();
    story_resync(3, STORY_SINCE_MS); /* never answered */
    story_fence();
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->unrecoverable, 3);
    story_expect_status(RULE_C17, RULE_STATUS_PASS);
}

Test(judge_losses, a_resync_that_the_server_would_have_ignored_is_not_missed)
{
    story_begin("", "{'set':{'resync':'ignore'}}");
    story_open();
    story_publish(3);
    story_dispatch_sent();
    story_fence();
    story_drop("reset");
    story_publish(2);
    story_step(2);
    story_open();
    story_fence();
    story_expect(VERDICT_FAIL, "C-3"); /* that it sent none is broken, but nothing is lost by it */
    cr_assert_eq(story.judgement->lost, 0);
    cr_assert_eq(story.judgement->unrecoverable, 2);
}

Test(judge_losses, slow_handlers_may_dispatch_after_a_reconnect)
{
    story_begin("", "");
    story_open();
    story_publish(5);
    story_dispatch(1, 2);
    story_drop("fin");
    story_publish(1); /* gc-6 */
    story_open();
    story_dispatch(3, 5); /* of the first connection, late */
    story_resync(5, STORY_SINCE_MS);
    story_answer();
    story_dispatch(6, 6);
    story_tell_ack();
    story_fence();
    story_expect(VERDICT_PASS, "");
}

Test(judge_losses, events_dispatched_late_and_sent_again_meanwhile_are_no_loss)
{
    story_begin("", "");
    story_open();
    story_publish(5);
    story_dispatch(1, 2);
    story_drop("fin");
    story_open();
    story_resync(2, STORY_SINCE_MS); /* it had not counted the others */
    story_answer();
    story_dispatch(3, 5);
    story_tell_ack();
    story_fence();
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->duplicated, 0);
}

/* ---- C-16, C-26: a client that does not come back ---- */

Test(judge_losses, a_client_that_never_reconnects_loses_what_the_ideal_would_have_got)
{
    story_begin_dropped("", 3);
    story_publish(2);
    story_unmet("C-16", "the client did not reconnect");
    story_judge();
    cr_assert_eq(story.judgement->verdict, VERDICT_FAIL);
    cr_assert_eq(story.judgement->lost, 2);
    for (size_t index = 0; index < story.judgement->finding_count; index++)
        cr_assert_eq(story.judgement->findings[index].rule, RULE_C16);
}

Test(judge_losses, a_client_that_does_not_notice_a_silent_drop_is_only_warned)
{
    story_begin("", "");
    story_open();
    story_publish(1);
    story_dispatch_sent();
    story_fence();
    story_drop("silent");
    story_publish(2);
    story_unmet("C-16", "the client did not reconnect");
    story_judge();
    cr_assert_eq(story.judgement->verdict, VERDICT_WARN);
    cr_assert_eq(story_finding(RULE_C26)->level, RULE_LEVEL_SHOULD);
}

Test(judge_losses, a_silent_drop_is_skipped_for_a_driver_without_keepalive_and_never_passed)
{
    story_begin("", "");
    story_lack(DRIVER_CAPABILITY_KEEPALIVE);
    story_open();
    story_fence();
    story_drop("silent");
    story_unmet("C-16", "the client did not reconnect");
    story_judge();
    cr_assert_eq(story.judgement->verdict, VERDICT_SKIP);
}

Test(judge_losses, a_connection_that_is_still_open_needs_no_other)
{
    story_begin("", "");
    story_open();
    story_publish(1);
    story_dispatch_sent();
    story_fence();
    story_unmet("C-16", "the client did not reconnect");
    story_judge();
    cr_assert_eq(story_finding(RULE_STEP)->rule, RULE_STEP);
    story_expect_cause(RULE_STEP, "still open");
}
