/* What a client of the node stream may acknowledge, and when it must (C-4). */
#include "core/judge_node_fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(judge_node_acks, .fini = story_end);

Test(judge_node_acks, charges_what_was_acknowledged_over_a_hole)
{
    node_begin();
    node_have_three();
    story_publish_as((struct story_publish){.count = 2, .is_not_live = true});
    story_publish(1);
    story_dispatch_sent();
    node_acknowledge(6);
    story_drop("reset");
    node_open();
    node_settle(0);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert_eq(story.judgement->lost, 2);
    story_expect_cause(RULE_C4, "never sent again");
}

/* Nothing is lost yet, since it has not come again. */
Test(judge_node_acks, tells_an_acknowledgement_over_a_hole_without_a_loss)
{
    node_begin();
    node_have_three();
    story_publish_as((struct story_publish){.count = 2, .is_not_live = true});
    story_publish(1);
    story_dispatch_sent();
    node_acknowledge(6);
    node_settle(0);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert_eq(story.judgement->lost, 0);
    cr_assert_eq(story.judgement->unrecoverable, 2);
    cr_assert(strstr(story_finding(RULE_C4)->message, "over 2 deliveries"));
}

/* Nothing tells a new client of what stands before the first number that it is sent. */
Test(judge_node_acks, takes_the_first_number_for_the_beginning)
{
    node_begin();
    node_open();
    story_publish_as((struct story_publish){.count = 2, .is_not_live = true});
    story_publish(2);
    story_dispatch_sent();
    node_acknowledge(4);
    node_settle(0);
    story_drop("reset");
    node_open();
    node_settle(0);
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->unrecoverable, 2);
}

/* It has the event, and was sent it under another number. */
Test(judge_node_acks, asks_for_no_acknowledgement_of_a_number_that_was_not_sent)
{
    node_begin();
    node_open();
    story_publish(1);
    story_dispatch_sent();
    node_acknowledge(1);
    story_publish_as((struct story_publish){.id_marker = 1, .is_not_live = true});
    node_settle(1000);
    story_expect(VERDICT_PASS, "");
}

Test(judge_node_acks, tells_an_acknowledgement_of_what_does_not_exist)
{
    node_begin();
    node_open();
    story_publish(2);
    story_dispatch_sent();
    node_acknowledge(3);
    node_settle(0);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert(strstr(story_finding(RULE_C4)->message, "the newest delivery is number 2"));
}

/* A question to the driver, or its answer. */
static void question(enum transcript_kind kind, double number)
{
    struct transcript_entry entry = story_entry(kind);
    entry.name = kind == TRANSCRIPT_OP ? "unsubscribe" : NULL;
    entry.number = number;
    story_add(&entry);
}

Test(judge_node_acks, tells_an_acknowledgement_before_the_dispatch)
{
    node_begin();
    node_open();
    story_publish(2);
    node_acknowledge(2);
    question(TRANSCRIPT_OP, 1);
    story_dispatch(1, 1);
    question(TRANSCRIPT_READ, 1);
    story_wait(250);
    story_dispatch(2, 2);
    node_settle(0);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert(strstr(story_finding(RULE_C4)->message, "gc-2 only 250 ms later"));
}

/* Lines take another way than frames, and may be late by any time: only the driver's answer, which
 * comes behind them, says that nothing more is on its way. */
Test(judge_node_acks, waits_for_lines_that_are_late)
{
    static const double asked[] = {NAN, 2}, answered[] = {NAN, 1};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        node_begin();
        node_open();
        story_publish(2);
        question(TRANSCRIPT_OP, 1); /* before the acknowledgement: it says nothing about it */
        node_acknowledge(2);
        question(TRANSCRIPT_OP, asked[i]);
        question(TRANSCRIPT_READ, answered[i]);
        story_wait(5000);
        story_dispatch(1, 2);
        question(TRANSCRIPT_READ, 2);
        node_settle(0);
        story_expect(VERDICT_PASS, "");
    }
}

/* What was sent before may have been lost with its connection. */
Test(judge_node_acks, takes_the_first_number_that_was_read_for_the_beginning)
{
    node_begin();
    node_open();
    uint64_t first = story_publish(2);
    story_drop("reset");
    node_open_unregistered();
    story_frame("node.register", NODE_REGISTER);
    node_reply();
    story.is_open = true;
    uint64_t live = story_publish(1);
    story_dispatch(live, live);
    node_acknowledge(3);
    node_acknowledged = 0;
    node_redeliver(-1);
    question(TRANSCRIPT_OP, 1);
    question(TRANSCRIPT_READ, 1);
    story_wait(50);
    story_dispatch(first, first + 1);
    node_settle(0);
    story_expect(VERDICT_PASS, "");
}

Test(judge_node_acks, charges_what_was_acknowledged_and_kept_from_the_application)
{
    node_begin();
    node_have_three();
    story_publish(2);
    node_acknowledge(5);
    story_drop("reset");
    node_open();
    node_settle(0);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert_eq(story.judgement->lost, 2);
    story_expect_cause(RULE_C4, "did not dispatch them");
}

Test(judge_node_acks, wants_an_acknowledgement_within_a_second)
{
    node_begin();
    node_open();
    story_publish(3);
    story_dispatch_sent();
    node_acknowledge(1);
    node_settle(1000);
    node_settle(1000);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert_eq(story.judgement->finding_count, 1);
    cr_assert(strstr(story_finding(RULE_C4)->message, "up to 3 for 1000 ms"));
    cr_assert(strstr(story_finding(RULE_C4)->message, "only up to 1"));
}

Test(judge_node_acks, does_not_want_one_where_nobody_waited_for_it)
{
    node_begin();
    node_open();
    story_publish(3);
    story_dispatch_sent();
    node_settle(100);
    story_expect(VERDICT_PASS, "");
}

/* What the server sends again it knows of no acknowledgement for. */
Test(judge_node_acks, wants_what_comes_again_acknowledged_again)
{
    node_begin();
    node_open();
    story_publish(3);
    story_dispatch_sent();
    node_acknowledge_in_vain(3);
    node_settle(0);
    story_drop("reset");
    node_open();
    node_settle(1000);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert(strstr(story_finding(RULE_C4)->message, "only up to 0"));
}

/* They may not have been read before the connection broke, and no other came. */
Test(judge_node_acks, owes_nothing_that_was_on_its_way_when_the_last_connection_broke)
{
    node_begin();
    node_have_three();
    story_publish(2);
    story_drop("reset");
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->unrecoverable, 2);
}
