/* Whether the client asked, and where (C-1, C-2, C-3, C-6). What it asked for is in
 * judge_cursor_test.c. */
#include "core/judge_fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(judge_resync, .fini = story_end);

/* ---- C-1, C-2, C-3 ---- */

Test(judge_resync, no_resync_on_the_first_connection_or_c1_is_broken)
{
    story_begin("", "");
    story_open();
    story_fence();
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C1, RULE_STATUS_PASS);
    story_begin("", "");
    story_open();
    story_resync(0, STORY_SINCE_MS);
    story_answer();
    story_tell_ack();
    story_fence();
    story_expect(VERDICT_FAIL, "C-1");
}

Test(judge_resync, no_resync_while_no_number_was_seen_or_c2_is_broken)
{
    for (int asks = 0; asks < 2; asks++) {
        story_begin("", "");
        story_open();
        story_fence();
        story_drop("reset");
        story_open();
        if (asks) {
            story_resync(0, STORY_SINCE_MS);
            story_answer();
            story_tell_ack();
        }
        story_fence();
        story_expect(asks ? VERDICT_FAIL : VERDICT_PASS, asks ? "C-2" : "");
        story_expect_status(RULE_C2, asks ? RULE_STATUS_FAIL : RULE_STATUS_PASS);
    }
}

Test(judge_resync, a_number_that_may_have_been_read_allows_a_resync_and_demands_none)
{
    for (int asks = 0; asks < 2; asks++) {
        story_begin("", "");
        story_open();
        story_publish(1);
        story_drop("reset");
        story_open();
        if (asks) {
            story_resync(1, STORY_SINCE_MS);
            story_answer();
            story_tell_ack();
        }
        story_fence();
        story_expect(VERDICT_PASS, "");
    }
}

Test(judge_resync, a_reconnect_without_resync_breaks_c3_once)
{
    story_begin_dropped("", 3);
    story_open();
    story_fence();
    story_expect(VERDICT_FAIL, "C-3");
    cr_assert_eq(story.judgement->finding_count, 1);
}

Test(judge_resync, a_reconnect_without_resync_that_lost_something_is_one_finding)
{
    story_begin_dropped("", 3);
    story_publish(3);
    story_open();
    story_fence();
    story_expect(VERDICT_FAIL, "C-3");
    cr_assert_eq(story.judgement->finding_count, 1);
    cr_assert_eq(story.judgement->lost, 3);
}

Test(judge_resync, a_second_resync_without_need_breaks_c3)
{
    story_begin_dropped("", 3);
    story_open();
    story_resync(3, STORY_SINCE_MS);
    story_answer();
    story_tell_ack();
    story_resync(3, STORY_SINCE_MS);
    story_answer();
    story_tell_ack();
    story_fence();
    story_expect(VERDICT_FAIL, "C-3");
}

Test(judge_resync, a_second_resync_after_a_second_without_ack_is_allowed)
{
    static const int64_t waits_ms[] = {1000, 300};
    for (size_t index = 0; index < 2; index++) {
        story_begin_dropped("", 3);
        story_publish(1);
        story_open();
        story_resync(3, STORY_SINCE_MS);
        story_wait(waits_ms[index]);
        story_resync(3, STORY_SINCE_MS);
        story_answer();
        story_dispatch_sent();
        story_tell_ack();
        story_fence();
        story_expect(index ? VERDICT_FAIL : VERDICT_PASS, index ? "C-3" : "");
    }
}

Test(judge_resync, a_second_resync_because_of_a_hole_is_allowed)
{
    story_begin_dropped("", 3);
    story_open();
    story_resync(3, STORY_SINCE_MS);
    story_answer();
    story_tell_ack();
    story_publish_as((struct story_publish){.is_not_live = true});
    story_publish(1); /* number 5 comes, 4 did not */
    story_dispatch(6, 6);
    story_resync(3, STORY_SINCE_MS);
    story_answer();
    story_dispatch(5, 5);
    story_tell_ack();
    story_fence();
    story_expect(VERDICT_PASS, "");
}

/* ---- C-6 ---- */

static void reconnect_and_say(const char *first, const char *second)
{
    story_begin_dropped("", 3);
    story_connect();
    story_upgrade();
    static const char *const subscribe = "{'type':'subscribe','channels':['general']}";
    const char *const words[] = {first, second};
    for (size_t index = 0; index < 2; index++) {
        if (!strcmp(words[index], "resync"))
            story_resync(3, STORY_SINCE_MS);
        else if (*words[index])
            story_frame(words[index], subscribe);
    }
    story_answer();
    story_tell_ack();
    story_fence();
}

Test(judge_resync, it_subscribes_again_and_before_its_resync_or_c6_is_broken)
{
    reconnect_and_say("subscribe", "resync");
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C6, RULE_STATUS_PASS);
    reconnect_and_say("resync", "subscribe");
    story_expect(VERDICT_FAIL, "C-6");
    reconnect_and_say("resync", "");
    story_expect(VERDICT_FAIL, "C-6");
}

static void tell(const char *op, const char *line)
{
    struct transcript_entry entry = story_entry(TRANSCRIPT_OP);
    entry.name = op;
    entry.text = line;
    story_add(&entry);
}

Test(judge_resync, a_later_subscription_is_part_of_every_further_open)
{
    for (int knows = 0; knows < 2; knows++) {
        story_begin("", "");
        story_open();
        tell("subscribe", "{\"channels\":[\"more\"]}");
        story_frame("subscribe", "{'type':'subscribe','channels':['more']}");
        story_fence();
        story_drop("reset");
        story_open();
        if (knows)
            story_frame("subscribe", "{'type':'subscribe','channels':['more']}");
        story_fence();
        story_expect(knows ? VERDICT_PASS : VERDICT_FAIL, knows ? "" : "C-6");
    }
}

Test(judge_resync, a_subscription_that_may_not_have_been_read_is_not_missed_in_a_resync)
{
    story_begin_dropped("", 3);
    story_open();
    tell("subscribe", "{\"channels\":[\"more\"]}");
    story_resync(3, STORY_SINCE_MS); /* sent before it read the line */
    story_frame("subscribe", "{'type':'subscribe','channels':['more']}");
    story_answer();
    story_tell_ack();
    story_fence();
    story_expect(VERDICT_PASS, "");
}

Test(judge_resync, an_unsubscribed_channel_is_not_missed)
{
    story_begin("", "");
    story_open();
    tell("unsubscribe", "{\"channels\":[\"general\"]}");
    story_fence();
    story_drop("reset");
    story_connect();
    story_upgrade();
    story_fence();
    story_expect(VERDICT_PASS, "");
}
