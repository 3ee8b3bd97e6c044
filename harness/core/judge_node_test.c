/* What a client of the node stream owes: registration, acknowledgement, each delivery once. */
#include "core/judge_fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define REGISTER                                                                                   \
    "{'v':1,'id':'r1','type':'node.register','node_id':'node-gapcheck','name':'n',"                \
    "'capabilities':[],'max_agents':1,'tags':[],'version':'x'}"

TestSuite(judge_node, .fini = story_end);

static int64_t acknowledged;

static void begin(void)
{
    acknowledged = 0;
    story_begin("'dialect':'node','rules':['C-7'],", "");
}

static void begin_with(const char *rules, const char *members)
{
    char text[200];
    acknowledged = 0;
    snprintf(text, sizeof text, "'dialect':'node','rules':[%s],%s", rules, members);
    story_begin(text, "");
}

/* ---- what happens on the node stream ---- */

static void open_unregistered(void)
{
    story_connect();
    story_upgrade();
    story.is_open = false; /* nothing is delivered yet */
}

static void send_from_queue(int64_t seq)
{
    struct transcript_entry entry = story_entry(TRANSCRIPT_SENT);
    entry.connection = story.connection;
    entry.name = "queue";
    entry.seq = (double)seq;
    entry.count = 1;
    for (uint64_t marker = 1; marker <= story.model.event_count; marker++)
        if (model_event(&story.model, marker)->is_numbered &&
            model_event(&story.model, marker)->seq == seq)
            entry.marker = marker;
    story_add(&entry);
}

static void redeliver(int64_t cut_after)
{
    int64_t count = story.model.current_seq - acknowledged;
    bool is_cut = cut_after >= 0;
    struct transcript_entry entry = story_entry(TRANSCRIPT_REPLAY);
    entry.connection = story.connection;
    entry.seq = (double)acknowledged;
    entry.number = (double)story.model.current_seq;
    entry.count = (uint64_t)count;
    entry.flags = is_cut ? TRANSCRIPT_FLAG_CUT : 0;
    story_add(&entry);
    for (int64_t index = 1; index <= (is_cut ? cut_after : count); index++)
        send_from_queue(acknowledged + index);
    if (!is_cut)
        return;
    entry = story_entry(TRANSCRIPT_DROP);
    entry.connection = story.connection;
    entry.name = "reset";
    entry.flags = TRANSCRIPT_FLAG_CUT;
    story_add(&entry);
    entry.kind = TRANSCRIPT_END;
    entry.name = "server";
    entry.flags = 0;
    story_add(&entry);
    story.is_open = false;
}

static void reply(void)
{
    struct transcript_entry entry = story_entry(TRANSCRIPT_FRAME_OUT);
    entry.connection = story.connection;
    entry.detail = "reply";
    entry.flags = TRANSCRIPT_FLAG_CONTROL;
    story_add(&entry);
}

static void open_stream(void)
{
    open_unregistered();
    story_frame("node.register", REGISTER);
    reply();
    redeliver(-1);
    story.is_open = true;
}

/* The server takes it. */
static void acknowledge(double up_to_seq)
{
    struct transcript_entry entry = story_entry(TRANSCRIPT_FRAME_IN);
    char text[120];
    snprintf(text, sizeof text,
             "{\"v\":1,\"type\":\"delivery.ack\",\"agent\":\"gapcheck-agent\",\"up_to_seq\":%.17g}",
             up_to_seq);
    entry.connection = story.connection;
    entry.detail = "delivery.ack";
    entry.text = text;
    entry.number2 = up_to_seq;
    story_add(&entry);
    if (up_to_seq > (double)acknowledged)
        acknowledged = (int64_t)fmin(up_to_seq, (double)story.model.current_seq);
}

/* The acknowledgement is lost on its way. */
static void acknowledge_in_vain(double up_to_seq)
{
    int64_t before = acknowledged;
    acknowledge(up_to_seq);
    acknowledged = before;
}

static void settle(int64_t waited_ms)
{
    story_note(TRANSCRIPT_STEP, "settle");
    story_fence();
    story_wait(waited_ms);
    story_note(TRANSCRIPT_STEP_END, "done");
}

/* Three deliveries, dispatched and acknowledged. */
static void have_three(void)
{
    open_stream();
    story_publish(3);
    story_dispatch_sent();
    acknowledge(3);
    settle(0);
}

/* ---- as it should be ---- */

Test(judge_node, finds_nothing_wrong_with_a_good_client)
{
    begin_with("'C-4','C-6','C-7','C-16','C-22','C-23'", "");
    have_three();
    story_drop("reset");
    story_publish(4);
    open_stream();
    story_dispatch_sent();
    acknowledge(7);
    settle(0);
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->published, 9);
    cr_assert_eq(story.judgement->dispatched, 9);
}

Test(judge_node, judges_no_rule_that_has_no_counterpart)
{
    begin();
    have_three();
    story_drop("reset");
    story_publish(2);
    story_publish_as((struct story_publish){.is_unnumbered = true, .is_not_live = true});
    open_stream();
    story_dispatch_sent();
    acknowledge(5);
    settle(0);
    story_expect(VERDICT_PASS, "");
    for (int rule = 0; rule < RULE_COUNT; rule++)
        if (!rule_info((enum rule)rule)->node_sentence)
            cr_expect_eq(story.judgement->rules[rule], RULE_STATUS_NOT_EXERCISED, "%s",
                         rule_info((enum rule)rule)->id);
    cr_assert_eq(story.judgement->unrecoverable, 1, "an ephemeral one that nobody was sent");
}

Test(judge_node, tells_a_rule_that_is_named_and_never_came_up)
{
    begin_with("'C-7','C-18'", "");
    have_three();
    story_expect(VERDICT_ERROR, "");
    cr_assert(strstr(story.judgement->reason, "C-18"));
}

/* ---- C-6 ---- */

Test(judge_node, wants_the_registration_before_anything_else)
{
    begin();
    open_unregistered();
    story_frame("node.heartbeat", "{'v':1,'type':'node.heartbeat'}");
    story_frame("node.register", REGISTER);
    reply();
    redeliver(-1);
    story.is_open = true;
    settle(0);
    story_expect(VERDICT_FAIL, "C-6");
    cr_assert(strstr(story_finding(RULE_C6)->message, "node.heartbeat"));
}

Test(judge_node, charges_what_is_not_delivered_to_a_client_that_does_not_register)
{
    begin();
    have_three();
    story_drop("reset");
    story_publish(2);
    open_unregistered();
    story_publish(1);
    story_wait(2100);
    story_unmet("C-6", "it did not register");
    story_expect(VERDICT_FAIL, "C-6");
    cr_assert_eq(story.judgement->lost, 3);
    story_expect_cause(RULE_C6, "did not register");
}

Test(judge_node, charges_a_refusal_that_was_not_noticed)
{
    begin();
    open_unregistered();
    story_frame("node.register", REGISTER);
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
    begin();
    have_three();
    story_drop("reset");
    open_unregistered();
    story_drop("reset");
    open_stream();
    settle(0);
    story_expect(VERDICT_PASS, "");
}

/* ---- C-4 ---- */

Test(judge_node, charges_what_was_acknowledged_over_a_hole)
{
    begin();
    have_three();
    story_publish_as((struct story_publish){.count = 2, .is_not_live = true});
    story_publish(1);
    story_dispatch_sent();
    acknowledge(6);
    story_drop("reset");
    open_stream();
    settle(0);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert_eq(story.judgement->lost, 2);
    story_expect_cause(RULE_C4, "never sent again");
}

/* Nothing is lost yet, since it has not come again. */
Test(judge_node, tells_an_acknowledgement_over_a_hole_without_a_loss)
{
    begin();
    have_three();
    story_publish_as((struct story_publish){.count = 2, .is_not_live = true});
    story_publish(1);
    story_dispatch_sent();
    acknowledge(6);
    settle(0);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert_eq(story.judgement->lost, 0);
    cr_assert_eq(story.judgement->unrecoverable, 2);
    cr_assert(strstr(story_finding(RULE_C4)->message, "over 2 deliveries"));
}

/* Nothing tells a new client of what stands before the first number that it is sent. */
Test(judge_node, takes_the_first_number_for_the_beginning)
{
    begin();
    open_stream();
    story_publish_as((struct story_publish){.count = 2, .is_not_live = true});
    story_publish(2);
    story_dispatch_sent();
    acknowledge(4);
    settle(0);
    story_drop("reset");
    open_stream();
    settle(0);
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->unrecoverable, 2);
}

/* It has the event, and was sent it under another number. */
Test(judge_node, asks_for_no_acknowledgement_of_a_number_that_was_not_sent)
{
    begin();
    open_stream();
    story_publish(1);
    story_dispatch_sent();
    acknowledge(1);
    story_publish_as((struct story_publish){.id_marker = 1, .is_not_live = true});
    settle(1000);
    story_expect(VERDICT_PASS, "");
}

Test(judge_node, tells_an_acknowledgement_of_what_does_not_exist)
{
    begin();
    open_stream();
    story_publish(2);
    story_dispatch_sent();
    acknowledge(3);
    settle(0);
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

Test(judge_node, tells_an_acknowledgement_before_the_dispatch)
{
    begin();
    open_stream();
    story_publish(2);
    acknowledge(2);
    question(TRANSCRIPT_OP, 1);
    story_dispatch(1, 1);
    question(TRANSCRIPT_READ, 1);
    story_wait(250);
    story_dispatch(2, 2);
    settle(0);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert(strstr(story_finding(RULE_C4)->message, "gc-2 only 250 ms later"));
}

/* Lines take another way than frames, and may be late by any time: only the driver's answer, which
 * comes behind them, says that nothing more is on its way. */
Test(judge_node, waits_for_lines_that_are_late)
{
    static const double asked[] = {NAN, 2}, answered[] = {NAN, 1};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        begin();
        open_stream();
        story_publish(2);
        question(TRANSCRIPT_OP, 1); /* before the acknowledgement: it says nothing about it */
        acknowledge(2);
        question(TRANSCRIPT_OP, asked[i]);
        question(TRANSCRIPT_READ, answered[i]);
        story_wait(5000);
        story_dispatch(1, 2);
        question(TRANSCRIPT_READ, 2);
        settle(0);
        story_expect(VERDICT_PASS, "");
    }
}

/* What was sent before may have been lost with its connection. */
Test(judge_node, takes_the_first_number_that_was_read_for_the_beginning)
{
    begin();
    open_stream();
    uint64_t first = story_publish(2);
    story_drop("reset");
    open_unregistered();
    story_frame("node.register", REGISTER);
    reply();
    story.is_open = true;
    uint64_t live = story_publish(1);
    story_dispatch(live, live);
    acknowledge(3);
    acknowledged = 0;
    redeliver(-1);
    question(TRANSCRIPT_OP, 1);
    question(TRANSCRIPT_READ, 1);
    story_wait(50);
    story_dispatch(first, first + 1);
    settle(0);
    story_expect(VERDICT_PASS, "");
}

Test(judge_node, charges_what_was_acknowledged_and_kept_from_the_application)
{
    begin();
    have_three();
    story_publish(2);
    acknowledge(5);
    story_drop("reset");
    open_stream();
    settle(0);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert_eq(story.judgement->lost, 2);
    story_expect_cause(RULE_C4, "did not dispatch them");
}

Test(judge_node, wants_an_acknowledgement_within_a_second)
{
    begin();
    open_stream();
    story_publish(3);
    story_dispatch_sent();
    acknowledge(1);
    settle(1000);
    settle(1000);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert_eq(story.judgement->finding_count, 1);
    cr_assert(strstr(story_finding(RULE_C4)->message, "up to 3 for 1000 ms"));
    cr_assert(strstr(story_finding(RULE_C4)->message, "only up to 1"));
}

Test(judge_node, does_not_want_one_where_nobody_waited_for_it)
{
    begin();
    open_stream();
    story_publish(3);
    story_dispatch_sent();
    settle(100);
    story_expect(VERDICT_PASS, "");
}

/* What the server sends again it knows of no acknowledgement for. */
Test(judge_node, wants_what_comes_again_acknowledged_again)
{
    begin();
    open_stream();
    story_publish(3);
    story_dispatch_sent();
    acknowledge_in_vain(3);
    settle(0);
    story_drop("reset");
    open_stream();
    settle(1000);
    story_expect(VERDICT_FAIL, "C-4");
    cr_assert(strstr(story_finding(RULE_C4)->message, "only up to 0"));
}

/* They may not have been read before the connection broke, and no other came. */
Test(judge_node, owes_nothing_that_was_on_its_way_when_the_last_connection_broke)
{
    begin();
    have_three();
    story_publish(2);
    story_drop("reset");
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->unrecoverable, 2);
}

/* ---- C-7, C-13: each once ---- */

static void deliver_twice(struct story_publish publish)
{
    begin();
    open_stream();
    uint64_t first = story_publish_as(publish);
    uint64_t last = first + (publish.count ? publish.count : 1) - 1;
    story_dispatch(first, last);
    acknowledge_in_vain((double)last);
    settle(0);
    story_drop("reset");
    open_stream();
    story_dispatch(first, last);
    acknowledge((double)last);
    settle(0);
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
    begin();
    open_stream();
    uint64_t marker = story_publish_as((struct story_publish){
        .type = "message.updated", .is_unnumbered = true, .has_no_id = true});
    story_dispatch(marker, marker);
    story_send_again(marker, false);
    story_dispatch(marker, marker);
    settle(0);
    story_expect(VERDICT_PASS, "");
}

Test(judge_node, charges_ephemeral_ones_that_were_read_and_not_dispatched)
{
    begin();
    open_stream();
    story_publish_as((struct story_publish){.is_unnumbered = true});
    settle(0);
    story_expect(VERDICT_FAIL, "C-7");
    story_expect_cause(RULE_C7, "ephemeral");
}

/* ---- C-17, C-18, C-19 ---- */

Test(judge_node, charges_what_a_missing_reply_keeps_back)
{
    begin_with("'C-17'", "");
    open_unregistered();
    story_frame("node.register", REGISTER);
    redeliver(-1);
    story.is_open = true;
    story_publish(2);
    settle(0);
    story_expect(VERDICT_FAIL, "C-17");
    cr_assert_eq(story.judgement->lost, 2);
}

Test(judge_node, loses_nothing_by_a_cut)
{
    begin_with("'C-18'", "");
    have_three();
    story_drop("reset");
    story_publish(5);
    open_unregistered();
    story_frame("node.register", REGISTER);
    reply();
    redeliver(2);
    open_stream();
    story_dispatch_sent();
    acknowledge(8);
    settle(0);
    story_expect(VERDICT_PASS, "");
}

Test(judge_node, charges_a_cut_redelivery_that_was_overtaken)
{
    begin_with("'C-19'", "");
    have_three();
    story_drop("reset");
    uint64_t first = story_publish(5);
    open_unregistered();
    story_frame("node.register", REGISTER);
    reply();
    story.is_open = true;
    uint64_t live = story_publish(1);
    story_dispatch(live, live);
    acknowledge(9);
    acknowledged = 3;
    redeliver(2);
    story_dispatch(first, first + 1);
    acknowledged = 9;
    open_stream();
    settle(0);
    story_expect(VERDICT_FAIL, "C-19");
    cr_assert_eq(story.judgement->lost, 3);
}

/* ---- C-23 ---- */

static const struct {
    const char *type, *text, *fault; /* NULL: nothing is wrong with it */
} frames[] = {
    {"node.register", REGISTER, NULL},
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
        begin();
        open_stream();
        story_frame(frames[i].type, frames[i].text);
        settle(0);
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
        begin_with("'C-16'", "'client':{'max_reconnect_attempts':3},");
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
    begin_with("'C-28'", "");
    have_three();
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
