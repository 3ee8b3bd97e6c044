/* The answer to a resync, and how `set` and `release` change it. */
#include "core/session.h"

#include "core/session_fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define RESYNC_ALL "{'type':'resync','last_seen_seq':0,'since':'2026-01-01T00:00:00Z'}"

TestSuite(session_resync, .fini = fixture_stop);

/* Two events missed, of which the ring of one holds the second; then `steps` and an accept. */
static uint32_t play_gap(const char *steps)
{
    char text[600];
    snprintf(text, sizeof(text), "{'publish':{'count':2}},%s{'accept':{}},{'wait':{'ms':60000}}",
             steps);
    fixture_load("'timeout_ms':100000,'server':{'ring':1},", text);
    fixture_start();
    return fixture_open();
}

static const char *text_at(uint32_t link, size_t index)
{
    return fixture_message(link, WS_EVENT_TEXT, index)->text;
}

static bool is_row(uint32_t link, size_t index)
{
    return strstr(text_at(link, index), "\"replayed\":true") != NULL;
}

/* ---- as it should be ---- */

Test(session_resync, sends_ring_then_rows_then_the_ack)
{
    uint32_t link = play_gap("");
    fixture_text(link, RESYNC_ALL);
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 4);
    cr_assert_not_null(strstr(text_at(link, 0), "gc-2"));
    cr_assert_not_null(strstr(text_at(link, 0), "\"agent_seq\":2"));
    cr_assert(is_row(link, 1) && strstr(text_at(link, 1), "gc-1"));
    cr_assert(is_row(link, 2) && strstr(text_at(link, 2), "gc-2"));
    cr_assert_str_eq(text_at(link, 3), "{\"type\":\"resync_ack\",\"last_seen_seq\":0,"
                                       "\"current_seq\":2,\"replayed\":3,\"gap_detected\":true}");
    const struct transcript_entry *in = fixture_entry(TRANSCRIPT_FRAME_IN, NULL, 0);
    cr_assert_str_eq(in->detail, "resync");
    cr_assert_float_eq(in->seq, 0, 0);
    cr_assert_float_eq(in->number, 1767225600000.0, 0);
    const struct transcript_entry *replay = fixture_entry(TRANSCRIPT_REPLAY, NULL, 0);
    cr_assert_eq(replay->count, 1);
    cr_assert_float_eq(replay->number, 2, 0);
    cr_assert_float_eq(replay->number2, 2, 0);
    cr_assert_eq(replay->flags, TRANSCRIPT_FLAG_GAP);
    const struct transcript_entry *ack = fixture_entry(TRANSCRIPT_ACK, "auto", 0);
    cr_assert_float_eq(ack->number2, 3, 0);
    cr_assert_eq(ack->flags, TRANSCRIPT_FLAG_GAP);
}

/* Resyncs of the client: how many texts answer, and what is noted. */
static const struct {
    const char *frame;
    int texts;
    bool is_malformed, has_since;
} resync_cases[] = {
    {"{'type':'resync','last_seen_seq':2}", 1, false, false},
    {"{'type':'resync','last_seen_seq':99}", 1, false, false},
    {"{'type':'resync','last_seen_seq':1}", 2, false, false},
    {"{'type':'resync','last_seen_seq':1.5}", 2, false, false},
    {"{'type':'resync','last_seen_seq':-3}", 2, false, false},
    {"{'type':'resync','last_seen_seq':0,'since':'yesterday'}", 2, false, false},
    {"{'type':'resync','last_seen_seq':0,'since':1780308000250}", 2, false, false},
    {"{'type':'resync','last_seen_seq':0,'since':'2027-01-01T00:00:00Z'}", 2, false, true},
    {"{'type':'resync','last_seen_seq':0,'since':'2026-06-01T00:00:00\\u002B00:00'}", 4, false,
     true},
    {"{'type':'re\\u0073ync','last_seen_seq':2}", 1, false, false},
    {"{'type':'resync'}", 0, true, false},
    {"{'type':'resync','last_seen_seq':'2'}", 0, true, false},
    {"{'type':'resync','last_seen_seq':null}", 0, true, false},
    {"{'type':'resync','last_seen_seq':1e999}", 0, true, false},
};

Test(session_resync, answers_every_resync_as_s_2_to_s_7_say)
{
    for (size_t index = 0; index < sizeof(resync_cases) / sizeof(resync_cases[0]); index++) {
        uint32_t link = play_gap("");
        const char *frame = resync_cases[index].frame;
        fixture_text(link, frame);
        cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), resync_cases[index].texts, "%s", frame);
        const struct transcript_entry *in = fixture_entry(TRANSCRIPT_FRAME_IN, NULL, 0);
        cr_assert_eq((in->flags & TRANSCRIPT_FLAG_MALFORMED) != 0,
                     resync_cases[index].is_malformed, "%s", frame);
        cr_assert_eq(!isnan(in->number), resync_cases[index].has_since, "%s", frame);
        fixture_stop();
    }
}

/* Frames that are no resync: nothing answers, and the connection stays. */
static const struct {
    const char *frame, *type;
    bool is_malformed;
} other_frames[] = {
    {"{'type':'subscribe','channels':['a']}", "subscribe", false},
    {"{'type':'unsubscribe','channels':['a']}", "unsubscribe", false},
    {"{'type':'nobody.knows'}", "nobody.knows", false},
    {"{'type':'resync\\u0000','last_seen_seq':0}", "", false},
    {"{'type':5}", NULL, true},
    {"{'no':'type'}", NULL, true},
    {"[]", NULL, true},
    {"not json", NULL, true},
    {"", NULL, true},
};

Test(session_resync, ignores_what_it_does_not_understand)
{
    for (size_t index = 0; index < sizeof(other_frames) / sizeof(other_frames[0]); index++) {
        uint32_t link = play_gap("");
        const char *frame = other_frames[index].frame;
        fixture_text(link, frame);
        cr_assert_eq(fixture.links[link].message_count, 0, "%s", frame);
        const struct transcript_entry *in = fixture_entry(TRANSCRIPT_FRAME_IN, NULL, 0);
        const char *type = other_frames[index].type;
        cr_assert(type ? in->detail && !strcmp(in->detail, type) : !in->detail, "%s", frame);
        cr_assert_eq((in->flags & TRANSCRIPT_FLAG_MALFORMED) != 0,
                     other_frames[index].is_malformed, "%s", frame);
        cr_assert_eq(strlen(in->text), strlen(frame));
        fixture_stop();
    }
}

/* ---- set ---- */

Test(session_resync, set_resync_ignore_answers_nothing)
{
    uint32_t link = play_gap("{'set':{'resync':'ignore'}},");
    fixture_text(link, RESYNC_ALL);
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 0);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_REPLAY, NULL), 0);
}

Test(session_resync, set_resync_hold_answers_at_release_with_what_is_there_then)
{
    fixture_play("{'publish':{}},{'set':{'resync':'hold'}},{'accept':{}},"
                 "{'expect':{'frame':'resync'}},{'publish':{}},{'release':{}},{'wait':{'ms':9}}");
    uint32_t link = fixture_open();
    fixture_text(link, RESYNC_ALL);
    cr_assert_eq(session_step(fixture.session), 7);
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 1 + 2 + 1);
    cr_assert_not_null(strstr(text_at(link, 0), "gc-2"), "live, before the replay");
    cr_assert_not_null(strstr(text_at(link, 1), "gc-1"));
}

Test(session_resync, release_waits_for_a_resync_that_is_held)
{
    fixture_play("{'set':{'resync':'hold'}},{'accept':{}},{'release':{'timeout_ms':500}},"
                 "{'wait':{'ms':9}}");
    uint32_t link = fixture_open();
    cr_assert_eq(session_step(fixture.session), 3);
    fixture_text(link, RESYNC_ALL);
    cr_assert_eq(session_step(fixture.session), 4);
    cr_assert_eq(fixture_texts_with(link, "resync_ack"), 1);
}

Test(session_resync, release_blames_a_client_that_sends_none)
{
    fixture_play("{'set':{'resync':'hold'}},{'accept':{}},{'release':{'timeout_ms':500}}");
    fixture_open();
    fixture_wait(500);
    fixture_assert_unmet("step", "no resync came within 500 ms");
}

Test(session_resync, release_forgets_a_resync_whose_connection_is_gone)
{
    fixture_play("{'set':{'resync':'hold'}},{'accept':{}},{'expect':{'frame':'resync'}},"
                 "{'drop':{}},{'release':{}},{'accept':{}},{'wait':{'ms':9}}");
    uint32_t link = fixture_open();
    fixture_text(link, RESYNC_ALL);
    cr_assert_eq(session_step(fixture.session), 6);
    uint32_t next = fixture_open();
    cr_assert_eq(fixture_count(next, WS_EVENT_TEXT), 0);
}

/* Acks: how often one comes, what it says, and how it is noted. */
static const struct {
    const char *ack;
    int count;
    const char *part, *name;
    bool is_malformed;
} ack_cases[] = {
    {"'auto'", 1, "'gap_detected':true", "auto", false},
    {"'omit'", 0, NULL, NULL, false},
    {"'twice'", 2, "'replayed':3", "repeat", false},
    {"{'current_seq':0}", 1, "'current_seq':0", "override", false},
    {"{'replayed':'many'}", 1, "'replayed':'many'", "override", true},
    {"{'gap_detected':null}", 1, "'gap_detected':null", "override", true},
    {"{'extra':[1]}", 1, "'extra':[1]", "override", false},
};

Test(session_resync, set_ack_changes_the_ack)
{
    for (size_t index = 0; index < sizeof(ack_cases) / sizeof(ack_cases[0]); index++) {
        char steps[100];
        snprintf(steps, sizeof(steps), "{'set':{'ack':%s}},", ack_cases[index].ack);
        uint32_t link = play_gap(steps);
        fixture_text(link, RESYNC_ALL);
        cr_assert_eq(fixture_texts_with(link, "resync_ack"), ack_cases[index].count, "%s", steps);
        if (ack_cases[index].count) {
            cr_assert_geq(fixture_texts_with(link, ack_cases[index].part), 1, "%s", steps);
            const struct transcript_entry *ack =
                fixture_entry(TRANSCRIPT_ACK, ack_cases[index].name, 0);
            cr_assert_not_null(ack, "%s", steps);
            cr_assert_eq((ack->flags & TRANSCRIPT_FLAG_MALFORMED) != 0,
                         ack_cases[index].is_malformed, "%s", steps);
        }
        fixture_stop();
    }
}

Test(session_resync, set_order_sends_the_rows_first_or_mixes)
{
    uint32_t link = play_gap("{'set':{'order':'db-first'}},");
    fixture_text(link, RESYNC_ALL);
    cr_assert(is_row(link, 0) && is_row(link, 1) && !is_row(link, 2));
    fixture_stop();

    fixture_play("{'publish':{'count':50}},{'set':{'order':'shuffled'}},{'accept':{}},"
                 "{'wait':{'ms':9}}");
    link = fixture_open();
    fixture_text(link, "{'type':'resync','last_seen_seq':0}");
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 51);
    bool is_sorted = true;
    for (size_t index = 0; index < 50; index++) {
        char number[40];
        snprintf(number, sizeof(number), "\"agent_seq\":%zu", index + 1);
        is_sorted = is_sorted && strstr(text_at(link, index), number);
    }
    cr_assert_not(is_sorted);
    cr_assert_not_null(strstr(text_at(link, 50), "resync_ack"), "the ack is always last");
}

Test(session_resync, set_cut_ends_the_next_replay_after_exactly_so_many_frames)
{
    for (int count = 0; count <= 3; count++) {
        char steps[100];
        snprintf(steps, sizeof(steps), "{'set':{'cut_replay_after':%d,'cut_how':'fin'}},", count);
        uint32_t link = play_gap(steps);
        fixture_text(link, RESYNC_ALL);
        cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), count, "and no ack");
        cr_assert_eq(fixture.links[link].end, SESSION_END_FIN);
        cr_assert(fixture.links[link].is_ended);
        const struct transcript_entry *drop = fixture_entry(TRANSCRIPT_DROP, "fin", 0);
        cr_assert_eq(drop->flags, TRANSCRIPT_FLAG_CUT | TRANSCRIPT_FLAG_DRAINED);
        const struct transcript_entry *replay = fixture_entry(TRANSCRIPT_REPLAY, NULL, 0);
        cr_assert(replay->flags & TRANSCRIPT_FLAG_CUT);
        fixture_stop();
    }
}

Test(session_resync, set_cut_beyond_the_replay_cuts_nothing_and_holds_for_one_replay)
{
    uint32_t link = play_gap("{'set':{'cut_replay_after':4}},");
    fixture_text(link, RESYNC_ALL);
    cr_assert_eq(fixture_texts_with(link, "resync_ack"), 1);
    fixture_text(link, RESYNC_ALL);
    cr_assert_eq(fixture_texts_with(link, "resync_ack"), 2);
}

Test(session_resync, set_live_before_replay_lets_live_events_overtake_the_next_replay)
{
    fixture_load("'client':{'channels':['news']},",
                 "{'publish':{'count':2}},{'set':{'live_before_replay':2}},{'accept':{}},"
                 "{'wait':{'ms':9}}");
    fixture_start();
    uint32_t link = fixture_open();
    fixture_text(link, RESYNC_ALL);
    static const char *const markers[] = {"gc-3", "gc-4", "gc-1", "gc-2", "gc-3", "gc-4"};
    for (size_t index = 0; index < 6; index++)
        cr_assert_not_null(strstr(text_at(link, index), markers[index]));
    cr_assert_not_null(strstr(text_at(link, 0), "\"channel\":\"news\""));
    cr_assert_not_null(strstr(text_at(link, 6), "\"current_seq\":4,\"replayed\":4"));
    fixture_text(link, RESYNC_ALL);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_SENT, "live"), 2, "for one replay");
}

Test(session_resync, set_pong_ignores_pings_of_both_kinds)
{
    fixture_play("{'accept':{}},{'set':{'pong':'ignore'}},{'expect':{'frame':'ping'}},"
                 "{'set':{'pong':'auto'}},{'wait':{'ms':9}}");
    uint32_t link = fixture_open();
    fixture_frame(link, WS_OPCODE_PING, "a", 1);
    fixture_text(link, "{'type':'ping'}");
    cr_assert_eq(fixture.links[link].message_count, 0);
    fixture_frame(link, WS_OPCODE_PING, "b", 1);
    fixture_text(link, "{'type':'ping'}");
    cr_assert_str_eq(fixture_message(link, WS_EVENT_PONG, 0)->text, "b");
    cr_assert_str_eq(text_at(link, 0), "{\"type\":\"pong\"}");
    const struct transcript_entry *pong = fixture_entry(TRANSCRIPT_FRAME_OUT, NULL, 0);
    cr_assert_eq(pong->flags, TRANSCRIPT_FLAG_CONTROL);
}

Test(session_resync, set_token_asks_for_one_until_any_will_do)
{
    fixture_play("{'set':{'token':'one'}},{'accept':{}},{'set':{'token':'any'}},{'accept':{}},"
                 "{'wait':{'ms':9}}");
    uint32_t wrong = fixture_request("/v1/ws?token=two", "");
    cr_assert(fixture_head_has(wrong, "HTTP/1.1 401 "));
    uint32_t right = fixture_request("/v1/ws?token=one", "");
    cr_assert(fixture_head_has(right, "HTTP/1.1 101 "));
    uint32_t any = fixture_request("/v1/ws?token=two", "");
    cr_assert(fixture_head_has(any, "HTTP/1.1 101 "));
}

/* ---- write_delay_ms ---- */

/* Live traffic does not wait for what answers the resync (S-9). */
Test(session_resync, set_write_delay_writes_one_frame_after_the_other_in_two_lanes)
{
    fixture_load("'server':{'ring':1},",
                 "{'publish':{'count':2}},{'set':{'write_delay_ms':100}},{'accept':{}},"
                 "{'wait':{'ms':70}},{'publish':{'count':2}},{'wait':{'ms':9000}}");
    fixture_start();
    uint32_t link = fixture_open();
    fixture_text(link, "{'type':'ping'}");
    fixture_wait(50);
    fixture_text(link, RESYNC_ALL);
    fixture_wait(1000);
    static const struct {
        const char *part;
        int64_t at_ms;
    } sent[] = {{"pong", 100}, {"gc-2", 150}, {"gc-3", 200},      {"gc-1", 250},
                {"gc-4", 300}, {"gc-2", 350}, {"resync_ack", 450}};
    for (size_t index = 0; index < sizeof(sent) / sizeof(sent[0]); index++) {
        const struct fixture_message *message = fixture_message(link, WS_EVENT_TEXT, index);
        cr_expect_not_null(strstr(message->text, sent[index].part), "%s", message->text);
        cr_expect_eq(message->at_us, sent[index].at_ms * 1000, "%s: %lld", message->text,
                     (long long)message->at_us);
    }
    const struct transcript_entry *entry = fixture_entry(TRANSCRIPT_SENT, "ring", 0);
    cr_assert_eq(entry->at_us, 150000, "it is noted when it is sent");
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), sizeof(sent) / sizeof(sent[0]));
}

Test(session_resync, a_delayed_frame_of_the_author_keeps_its_type)
{
    fixture_play("{'accept':{}},{'set':{'write_delay_ms':50}},"
                 "{'send':{'frame':{'type':'first.type'}}},{'send':{'frame':{'type':'second'}}},"
                 "{'set':{'write_delay_ms':0}},{'publish':{}},{'wait':{'ms':1000}}");
    uint32_t link = fixture_open();
    fixture_wait(200);
    cr_assert_str_eq(text_at(link, 0), "{\"type\":\"first.type\"}");
    cr_assert_str_eq(fixture_entry(TRANSCRIPT_FRAME_OUT, NULL, 0)->detail, "first.type");
    cr_assert_str_eq(fixture_entry(TRANSCRIPT_FRAME_OUT, NULL, 0)->text, text_at(link, 0));
    cr_assert_str_eq(fixture_entry(TRANSCRIPT_FRAME_OUT, NULL, 1)->detail, "second");
    const struct fixture_message *event = fixture_message(link, WS_EVENT_TEXT, 2);
    cr_assert_eq(event->at_us, 100000, "it stays behind what waits");
}

Test(session_resync, a_delayed_replay_is_cut_where_it_should_be)
{
    uint32_t link = play_gap("{'set':{'write_delay_ms':100,'cut_replay_after':2}},");
    fixture_text(link, RESYNC_ALL);
    fixture_wait(199);
    cr_assert_not(fixture.links[link].is_ended);
    fixture_wait(500);
    cr_assert(fixture.links[link].is_ended);
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 2);
    cr_assert_eq(fixture_last_entry(TRANSCRIPT_DROP)->at_us, 300000);
}

Test(session_resync, what_waits_is_forgotten_with_its_connection)
{
    fixture_play("{'accept':{}},{'accept':{}},{'set':{'write_delay_ms':100}},"
                 "{'publish':{'count':3}},{'drop':{}},{'wait':{'ms':9000}}");
    uint32_t older = fixture_open();
    uint32_t newer = fixture_open();
    fixture_wait(8000);
    cr_assert_eq(fixture_count(newer, WS_EVENT_TEXT), 0);
    cr_assert_eq(fixture_count(older, WS_EVENT_TEXT), 3);
    fixture_end(older, false);
}
