/* What a client of the node stream owes: registration, each delivery once, frames as they must be.
 * Acknowledgements are in judge_node_acks_test.c. */
#include "core/judge_node_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(judge_node, .fini = story_end);

/* ---- as it should be ---- */

Test(judge_node, finds_nothing_wrong_with_a_good_client)
{
    node_begin_with("'C-4','C-6','C-7','C-16','C-22','C-23'", "");
    node_have_three();
    story_drop("reset");
    story_publish(4);
    node_open();
    story_dispatch_sent();
    node_acknowledge(7);
    node_settle(0);
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->published, 9);
    cr_assert_eq(story.judgement->dispatched, 9);
}

Test(judge_node, judges_no_rule_that_has_no_counterpart)
{
    node_begin();
    node_have_three();
    story_drop("reset");
    story_publish(2);
    story_publish_as((struct story_publish){.is_unnumbered = true, .is_not_live = true});
    node_open();
    story_dispatch_sent();
    node_acknowledge(5);
    node_settle(0);
    story_expect(VERDICT_PASS, "");
    for (int rule = 0; rule < RULE_COUNT; rule++)
        if (!rule_info((enum rule)rule)->node_sentence)
            cr_expect_eq(story.judgement->rules[rule], RULE_STATUS_NOT_EXERCISED, "%s",
                         rule_info((enum rule)rule)->id);
    cr_assert_eq(story.judgement->unrecoverable, 1, "an ephemeral one that nobody was sent");
}

Test(judge_node, tells_a_rule_that_is_named_and_never_came_up)
{
    node_begin_with("'C-7','C-18'", "");
    node_have_three();
    story_expect(VERDICT_ERROR, "");
    cr_assert(strstr(story.judgement->reason, "C-18"));
}

/* ---- C-6 ---- */

Test(judge_node, wants_the_registration_before_anything_else)
{
    node_begin();
    node_open_unregistered();
    story_frame("node.heartbeat", "{'v':1,'type':'node.heartbeat'}");
    story_frame("node.register", NODE_REGISTER);
    node_reply();
    node_redeliver(-1);
    story.is_open = true;
    node_settle(0);
    story_expect(VERDICT_FAIL, "C-6");
    cr_assert(strstr(story_finding(RULE_C6)->message, "node.heartbeat"));
}

Test(judge_node, charges_what_is_not_delivered_to_a_client_that_does_not_register)
{
    node_begin();
    node_have_three();
    story_drop("reset");
    story_publish(2);
    node_open_unregistered();
    story_publish(1);
    story_wait(2100);
    story_unmet("C-6", "it did not register");
    story_expect(VERDICT_FAIL, "C-6");
    cr_assert_eq(story.judgement->lost, 3);
    story_expect_cause(RULE_C6, "did not register");
}

Test(judge_node, charges_a_refusal_that_was_not_noticed)
{
    node_begin();
    node_open_unregistered();
    story_frame("node.register", NODE_REGISTER);
    story_publish(2);
    story_wait(2100);
    story_unmet("C-6", "its registration was refused");
    story_expect(VERDICT_FAIL, "C-6");
    cr_assert_eq(story.judgement->lost, 2);
    story_expect_cause(RULE_C6, "refused");
}

/* It had no time to: the connection was gone at once. */
Test(judge_node, blames_nobody_for_a_connection_without_time)
{
    node_begin();
    node_have_three();
    story_drop("reset");
    node_open_unregistered();
    story_drop("reset");
    node_open();
    node_settle(0);
    story_expect(VERDICT_PASS, "");
}

/* ---- C-7, C-13: each once ---- */

static void deliver_twice(struct story_publish publish)
{
    node_begin();
    node_open();
    uint64_t first = story_publish_as(publish);
    uint64_t last = first + (publish.count ? publish.count : 1) - 1;
    story_dispatch(first, last);
    node_acknowledge_in_vain((double)last);
    node_settle(0);
    story_drop("reset");
    node_open();
    story_dispatch(first, last);
    node_acknowledge((double)last);
    node_settle(0);
}

Test(judge_node, tells_a_delivery_that_is_dispatched_twice)
{
    deliver_twice((struct story_publish){.count = 2});
    story_expect(VERDICT_FAIL, "C-7");
    cr_assert_eq(story.judgement->duplicated, 2);
    story_expect_cause(RULE_C7, "redelivered");
}

Test(judge_node, tells_one_without_id_too_for_it_has_its_number)
{
    deliver_twice((struct story_publish){.type = "message.updated", .count = 2, .has_no_id = true});
    story_expect(VERDICT_FAIL, "C-7");
    story_expect_cause(RULE_C7, "the same delivery");
}

Test(judge_node, tells_one_that_came_again_however_many_ids_ago)
{
    deliver_twice((struct story_publish){.count = 2600});
    story_expect(VERDICT_FAIL, "C-13");
    cr_assert_eq(story.judgement->duplicated, 2600);
}

Test(judge_node, cannot_tell_ephemeral_ones_without_id_apart)
{
    node_begin();
    node_open();
    uint64_t marker = story_publish_as((struct story_publish){
        .type = "message.updated", .is_unnumbered = true, .has_no_id = true});
    story_dispatch(marker, marker);
    story_send_again(marker, false);
    story_dispatch(marker, marker);
    node_settle(0);
    story_expect(VERDICT_PASS, "");
}

Test(judge_node, charges_ephemeral_ones_that_were_read_and_not_dispatched)
{
    node_begin();
    node_open();
    story_publish_as((struct story_publish){.is_unnumbered = true});
    node_settle(0);
    story_expect(VERDICT_FAIL, "C-7");
    story_expect_cause(RULE_C7, "ephemeral");
}

/* ---- C-17, C-18, C-19 ---- */

Test(judge_node, charges_what_a_missing_reply_keeps_back)
{
    node_begin_with("'C-17'", "");
    node_open_unregistered();
    story_frame("node.register", NODE_REGISTER);
    node_redeliver(-1);
    story.is_open = true;
    story_publish(2);
    node_settle(0);
    story_expect(VERDICT_FAIL, "C-17");
    cr_assert_eq(story.judgement->lost, 2);
}

Test(judge_node, loses_nothing_by_a_cut)
{
    node_begin_with("'C-18'", "");
    node_have_three();
    story_drop("reset");
    story_publish(5);
    node_open_unregistered();
    story_frame("node.register", NODE_REGISTER);
    node_reply();
    node_redeliver(2);
    node_open();
    story_dispatch_sent();
    node_acknowledge(8);
    node_settle(0);
    story_expect(VERDICT_PASS, "");
}

Test(judge_node, charges_a_cut_redelivery_that_was_overtaken)
{
    node_begin_with("'C-19'", "");
    node_have_three();
    story_drop("reset");
    uint64_t first = story_publish(5);
    node_open_unregistered();
    story_frame("node.register", NODE_REGISTER);
    node_reply();
    story.is_open = true;
    uint64_t live = story_publish(1);
    story_dispatch(live, live);
    node_acknowledge(9);
    node_acknowledged = 3;
    node_redeliver(2);
    story_dispatch(first, first + 1);
    node_acknowledged = 9;
    node_open();
    node_settle(0);
    story_expect(VERDICT_FAIL, "C-19");
    cr_assert_eq(story.judgement->lost, 3);
}

/* ---- C-23 ---- */

static const struct {
    const char *type, *text, *fault; /* NULL: nothing is wrong with it */
} frames[] = {
    {"node.register", NODE_REGISTER, NULL},
    {"node.heartbeat", "{'v':1,'type':'node.heartbeat','load':0}", NULL},
    {"node.deregister", "{'v':1,'type':'node.deregister'}", NULL},
    {"delivery.ack", "{'v':1,'type':'delivery.ack','agent':'gapcheck-agent','up_to_seq':0}", NULL},
    {"subscribe", "{'type':'subscribe','channels':[]}", "no such type"},
    {"resync", "{'type':'resync','last_seen_seq':1}", "no such type"},
    {"node.register", "{'type':'node.register'}", "v is not 1"},
    {"node.register", "{'v':'1','type':'node.register'}", "v is not 1"},
    {"node.register", "{'v':1,'type':'node.register'}", "not all strings"},
    {"node.register",
     "{'v':1,'id':'a','type':'node.register','node_id':'b','name':'n',"
     "'version':'x','capabilities':[],'tags':[],'max_agents':1}",
     "node_id"},
    {"node.register",
     "{'v':1,'id':'a','type':'node.register','node_id':'node-gapcheck',"
     "'name':'n','version':'x','capabilities':{},'tags':[],'max_agents':1}",
     "arrays"},
    {"node.register",
     "{'v':1,'id':'a','type':'node.register','node_id':'node-gapcheck',"
     "'name':'n','version':'x','capabilities':[],'tags':[]}",
     "max_agents"},
    {"delivery.ack", "{'v':1,'type':'delivery.ack','agent':'x','up_to_seq':0}", "agent"},
    {"delivery.ack", "{'v':1,'type':'delivery.ack','up_to_seq':0}", "agent"},
    {"delivery.ack", "{'v':1,'type':'delivery.ack','agent':'gapcheck-agent'}", "up_to_seq"},
    {"delivery.ack", "{'v':1,'type':'delivery.ack','agent':'gapcheck-agent','up_to_seq':-1}",
     "up_to_seq"},
    {"delivery.ack", "{'v':1,'type':'delivery.ack','agent':'gapcheck-agent','up_to_seq':1.5}",
     "up_to_seq"},
};

Test(judge_node, knows_the_frames_of_the_stream)
{
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        node_begin();
        node_open();
        story_frame(frames[i].type, frames[i].text);
        node_settle(0);
        story_expect(frames[i].fault ? VERDICT_FAIL : VERDICT_PASS, frames[i].fault ? "C-23" : "");
        if (frames[i].fault)
            cr_expect(strstr(story_finding(RULE_C23)->message, frames[i].fault), "%s: %s",
                      frames[i].text, story_finding(RULE_C23)->message);
    }
}

/* ---- HTTP ---- */

static void refuse_token(void)
{
    struct transcript_entry http = story_entry(TRANSCRIPT_HTTP);
    http.connection = 9;
    http.name = "reset";
    http.text = "POST /v1/agent/node-token";
    story_add(&http);
    story_wait(20);
}

/* So many refused requests for a token and connections with a limit of 3, then word that it gave
 * up. */
Test(judge_node, a_refused_token_may_count_as_a_failed_attempt_or_not)
{
    static const struct {
        unsigned tokens, connections;
        bool is_good;
    } cases[] = {
        {3, 0, true}, {1, 2, true}, {2, 3, true}, {2, 4, true}, {2, 5, false}, {1, 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        node_begin_with("'C-16'", "'client':{'max_reconnect_attempts':3},");
        for (unsigned left = cases[i].tokens; left > 0; left--)
            refuse_token();
        for (unsigned left = cases[i].connections; left > 0; left--) {
            story_connect();
            story_refuse(503);
            story_wait(20);
        }
        story_note(TRANSCRIPT_LIFECYCLE, "permanently_disconnected");
        bool is_good = cases[i].is_good;
        story_expect(is_good ? VERDICT_PASS : VERDICT_FAIL, is_good ? "" : "C-16");
    }
}

Test(judge_node, does_not_take_a_request_for_a_connection)
{
    node_begin_with("'C-28'", "");
    node_have_three();
    struct transcript_entry http = story_entry(TRANSCRIPT_HTTP);
    http.connection = 7;
    http.name = "answered";
    http.number = 200;
    http.text = "POST /v1/agents/disconnect";
    story_add(&http);
    story_note(TRANSCRIPT_LIFECYCLE, "stopped");
    story_wait(500);
    http.at_us = story.now_us;
    story_add(&http);
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->connections, 1);
}
