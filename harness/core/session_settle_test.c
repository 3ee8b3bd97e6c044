/* `settle`, the fence, and `sync`. */
#include "core/session.h"

#include "core/session_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(session_settle, .fini = fixture_stop);

static uint64_t fence_marker(size_t index)
{
    for (size_t at = 0;; at++) {
        const struct transcript_entry *entry = fixture_entry(TRANSCRIPT_PUBLISH, NULL, at);
        cr_assert_not_null(entry, "no fence %zu was published", index);
        if (entry->flags & TRANSCRIPT_FLAG_FENCE && index-- == 0)
            return entry->marker;
    }
}

static size_t fence_count(void)
{
    size_t count = 0;
    const struct transcript_entry *entry;
    for (size_t at = 0; (entry = fixture_entry(TRANSCRIPT_PUBLISH, NULL, at)) != NULL; at++)
        count += (entry->flags & TRANSCRIPT_FLAG_FENCE) != 0;
    return count;
}

Test(session_settle, sends_a_fence_without_number_then_a_ping)
{
    fixture_play("{'accept':{}},{'publish':{}},{'settle':{}},{'publish':{}},{'wait':{'ms':9}}");
    uint32_t link = fixture_open();
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 2);
    cr_assert_not_null(strstr(fixture_message(link, WS_EVENT_TEXT, 1)->text, "gc-2"));
    cr_assert_eq(fixture_texts_with(link, "'agent_seq'"), 1);
    const struct transcript_entry *fence = fixture_entry(TRANSCRIPT_PUBLISH, NULL, 1);
    cr_assert_eq(fence->flags, TRANSCRIPT_FLAG_FENCE | TRANSCRIPT_FLAG_LIVE, "no row");
    fixture_dispatch(1);
    cr_assert_eq(fixture_count(link, WS_EVENT_PING), 0);
    fixture_dispatch(2);
    cr_assert_eq(fixture_count(link, WS_EVENT_PING), 1);
    cr_assert_eq(session_step(fixture.session), 3);
    fixture_obey(link);
    cr_assert_eq(session_step(fixture.session), 5);
    cr_assert_eq(fixture_texts_with(link, "'agent_seq':2"), 1, "the fence moved nothing");
}

Test(session_settle, comes_at_the_end_of_its_own_accord)
{
    fixture_play("{'accept':{}},{'publish':{}}");
    uint32_t link = fixture_open();
    cr_assert_eq(fence_count(), 1);
    const struct transcript_entry *step = fixture_last_entry(TRANSCRIPT_STEP);
    cr_assert_str_eq(step->name, "settle");
    cr_assert_eq(step->step, 2, "it counts to the last step");
    fixture_finish(link);
    cr_assert_str_eq(fixture_how(), "complete");
}

Test(session_settle, does_not_come_by_itself_behind_a_settle_a_stop_or_without_connection)
{
    static const char *const ends[] = {"{'settle':{}}", "{'client':{'do':'stop'}}", "{'drop':{}}"};
    for (size_t index = 0; index < sizeof(ends) / sizeof(ends[0]); index++) {
        char steps[100];
        snprintf(steps, sizeof(steps), "{'accept':{}},%s", ends[index]);
        fixture_play(steps);
        uint32_t link = fixture_open();
        if (index == 1)
            fixture_line("{'ev':'stopped'}");
        else
            fixture_finish(link);
        cr_assert_str_eq(fixture_how(), "complete", "%s", ends[index]);
        cr_assert_eq(fixture_entry_count(TRANSCRIPT_STEP, NULL), 2, "%s", ends[index]);
        fixture_stop();
    }
}

/* ---- a resync that is due ---- */

Test(session_settle, waits_a_second_for_a_resync_that_is_due)
{
    fixture_play("{'accept':{}},{'publish':{}},{'drop':{}},{'settle':{}}");
    fixture_open();
    fixture_open();
    fixture_wait(999);
    cr_assert_eq(fence_count(), 0);
    fixture_wait(1);
    cr_assert_eq(fence_count(), 1);
}

Test(session_settle, goes_on_as_soon_as_the_resync_has_come)
{
    fixture_play("{'accept':{}},{'publish':{}},{'drop':{}},{'settle':{}}");
    fixture_open();
    uint32_t link = fixture_open();
    fixture_wait(500);
    fixture_text(link, "{'type':'resync','last_seen_seq':1}");
    cr_assert_eq(fixture_texts_with(link, "resync_ack"), 1);
    cr_assert_eq(fence_count(), 1);
}

Test(session_settle, knows_when_no_resync_is_due)
{
    static const char *const steps[] = {
        "{'accept':{}},{'drop':{}},{'settle':{}}",                 /* no number was sent */
        "{'accept':{}},{'publish':{'seq':'none'}},{'drop':{}},{'settle':{}}",
        "{'accept':{}},{'publish':{'live':false}},{'drop':{}},{'settle':{}}",
        "{'accept':{}},{'send':{'frame':{'type':'pong','agent_seq':4}}},{'drop':{}},{'settle':{}}",
    };
    for (size_t index = 0; index < sizeof(steps) / sizeof(steps[0]); index++) {
        fixture_play(steps[index]);
        fixture_open();
        fixture_open();
        cr_assert_eq(fence_count(), 1, "%s", steps[index]);
        fixture_stop();
    }
    fixture_play("{'accept':{}},{'send':{'frame':{'type':'x','agent_seq':4}}},{'drop':{}},"
                 "{'settle':{}}");
    fixture_open();
    fixture_open();
    cr_assert_eq(fence_count(), 0, "a frame of the author with a number counts");
}

Test(session_settle, waits_for_an_answer_that_is_still_being_written)
{
    fixture_play("{'accept':{}},{'publish':{'count':20}},{'drop':{}},"
                 "{'set':{'write_delay_ms':100}},{'accept':{}},{'settle':{}}");
    fixture_open();
    uint32_t link = fixture_open();
    fixture_wait(300);
    fixture_text(link, "{'type':'resync','last_seen_seq':0}");
    fixture_wait(2000);
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 20);
    cr_assert_eq(fence_count(), 0, "the ack is behind them");
    fixture_wait(100);
    cr_assert_eq(fixture_texts_with(link, "resync_ack"), 1);
    cr_assert_eq(fence_count(), 1);
    fixture_finish(link);
    cr_assert_str_eq(fixture_how(), "complete");
    cr_assert_eq(fence_count(), 1, "a slow fence is no traffic");
}

/* ---- the fence ---- */

Test(session_settle, sends_a_numbered_fence_after_a_second_of_silence)
{
    fixture_play("{'accept':{}},{'settle':{}}");
    uint32_t link = fixture_open();
    fixture_wait(600);
    fixture_line("{'ev':'open'}");
    fixture_wait(999);
    cr_assert_eq(fence_count(), 1, "the silence began with the last word of the client");
    fixture_wait(1);
    cr_assert_eq(fence_count(), 2);
    cr_assert_eq(fixture_texts_with(link, "'agent_seq':1"), 1);
    fixture_dispatch(fence_marker(1));
    fixture_obey(link);
    cr_assert_str_eq(fixture_how(), "complete");
}

Test(session_settle, blames_a_client_that_dispatches_nothing)
{
    fixture_play("{'accept':{}},{'settle':{'timeout_ms':3000}}");
    fixture_open();
    fixture_wait(3999);
    cr_assert_not(fixture.is_done, "the second fence began the time anew");
    fixture_wait(1);
    fixture_assert_unmet("step", "connected but dispatches nothing more");
}

Test(session_settle, gives_time_as_long_as_the_client_goes_on)
{
    fixture_load("'timeout_ms':100000,",
                 "{'accept':{}},{'publish':{'count':30}},{'settle':{'timeout_ms':1500}}");
    fixture_start();
    uint32_t link = fixture_open();
    for (uint64_t marker = 1; marker <= 30; marker++) {
        fixture_wait(900);
        fixture_dispatch(marker);
    }
    cr_assert_eq(fence_count(), 1);
    fixture_finish(link);
    cr_assert_str_eq(fixture_how(), "complete");
}

Test(session_settle, blames_a_client_that_answers_no_ping)
{
    fixture_play("{'accept':{}},{'settle':{'timeout_ms':700}}");
    fixture_open();
    fixture_dispatch(fence_marker(0));
    fixture_wait(700);
    fixture_assert_unmet("C-24", "did not answer a WebSocket ping within 700 ms");
}

Test(session_settle, settles_once_more_if_something_was_sent_meanwhile)
{
    fixture_play("{'publish':{'live':false}},{'accept':{}},{'settle':{}}");
    uint32_t link = fixture_open();
    fixture_text(link, "{'type':'resync','last_seen_seq':0}");
    cr_assert_eq(fixture_texts_with(link, "resync_ack"), 1);
    fixture_dispatch(fence_marker(0));
    fixture_obey(link);
    cr_assert_eq(fence_count(), 2);
    fixture_finish(link);
    cr_assert_str_eq(fixture_how(), "complete");
    cr_assert_eq(fence_count(), 2);
}

Test(session_settle, does_not_follow_a_client_that_never_stops_asking)
{
    fixture_play("{'accept':{}},{'settle':{}}");
    uint32_t link = fixture_open();
    for (size_t rounds = 0; rounds < 20 && !fixture.is_done; rounds++) {
        fixture_text(link, "{'type':'resync','last_seen_seq':0}");
        fixture_dispatch(fence_marker(rounds));
        const struct fixture_message *ping = fixture_message(link, WS_EVENT_PING, rounds);
        fixture_frame(link, WS_OPCODE_PONG, ping->text, ping->size_bytes);
    }
    cr_assert_str_eq(fixture_how(), "complete");
    cr_assert_eq(fence_count(), 4);
}

/* ---- connections ---- */

Test(session_settle, waits_for_the_next_connection_and_accepts_it)
{
    fixture_play("{'accept':{}},{'drop':{}},{'settle':{}}");
    fixture_open();
    cr_assert_eq(fence_count(), 0);
    fixture_wait(3000);
    uint32_t link = fixture_open();
    cr_assert_eq(fixture_texts_with(link, "gc-1"), 1);
    fixture_finish(link);
    cr_assert_str_eq(fixture_how(), "complete");
}

Test(session_settle, begins_anew_on_a_new_connection)
{
    fixture_play("{'accept':{}},{'settle':{}}");
    uint32_t first = fixture_open();
    fixture_end(first, true);
    uint32_t second = fixture_open();
    cr_assert_eq(fence_count(), 2);
    fixture_finish(second);
    cr_assert_str_eq(fixture_how(), "complete");
}

Test(session_settle, lets_refusals_come_first)
{
    fixture_play("{'accept':{}},{'drop':{}},{'refuse':{}},{'settle':{}}");
    fixture_open();
    uint32_t refused = fixture_request("/v1/ws?token=a", "");
    cr_assert(fixture_head_has(refused, " 503 "));
    fixture_finish(fixture_open());
    cr_assert_str_eq(fixture_how(), "complete");
}

Test(session_settle, blames_c_16_where_no_connection_comes)
{
    fixture_play("{'settle':{'timeout_ms':300}}");
    fixture_wait(300);
    fixture_assert_unmet("C-16", "did not connect within 300 ms");
}

Test(session_settle, blames_c_16_at_once_if_the_client_has_given_up)
{
    fixture_play("{'accept':{}},{'drop':{}},{'settle':{}}");
    fixture_open();
    fixture_line("{'ev':'permanently_disconnected'}");
    fixture_assert_unmet("C-16", "given up reconnecting");
}

Test(session_settle, believes_a_client_that_opens_after_it_gave_up)
{
    fixture_play("{'accept':{}},{'drop':{}},{'wait':{'ms':10}},{'settle':{}}");
    fixture_open();
    fixture_line("{'ev':'permanently_disconnected'}");
    fixture_line("{'ev':'open'}");
    fixture_wait(10);
    cr_assert_not(fixture.is_done);
}

Test(session_settle, is_an_error_after_stop)
{
    fixture_play("{'accept':{}},{'client':{'do':'stop'}},{'settle':{}}");
    fixture_open();
    fixture_line("{'ev':'stopped'}");
    cr_assert_str_eq(fixture_how(), "error");
    cr_assert_not_null(strstr(fixture_last_entry(TRANSCRIPT_DONE)->text, "after `stop`"));
}

Test(session_settle, is_an_error_while_a_resync_is_held)
{
    fixture_play("{'publish':{}},{'accept':{}},{'set':{'resync':'hold'}},{'sync':{}},"
                 "{'settle':{}}");
    uint32_t link = fixture_open();
    fixture_text(link, "{'type':'resync','last_seen_seq':0}");
    fixture_obey(link);
    cr_assert_str_eq(fixture_how(), "error");
    cr_assert_not_null(strstr(fixture_last_entry(TRANSCRIPT_DONE)->text, "`release`"));
}

/* ---- sync ---- */

Test(session_settle, sync_waits_for_the_pong_to_its_own_ping)
{
    fixture_play("{'accept':{}},{'send':{'text':'abcdef','fragments':2,'between':'ping'}},"
                 "{'sync':{}},{'sync':{}},{'wait':{'ms':9}}");
    uint32_t link = fixture_open();
    cr_assert_eq(fixture_count(link, WS_EVENT_PING), 2);
    fixture_frame(link, WS_OPCODE_PONG, "between", 7);
    fixture_frame(link, WS_OPCODE_PONG, "", 0);
    fixture_frame(link, WS_OPCODE_PONG, "gapcheck-9", 10);
    fixture_frame(link, WS_OPCODE_PONG, "gapcheck-0000000000001", 22);
    cr_assert_eq(session_step(fixture.session), 3, "none of them is the answer");
    const struct fixture_message *ping = fixture_message(link, WS_EVENT_PING, 1);
    fixture_frame(link, WS_OPCODE_PONG, ping->text, ping->size_bytes);
    cr_assert_eq(session_step(fixture.session), 4);
    fixture_frame(link, WS_OPCODE_PONG, ping->text, ping->size_bytes);
    cr_assert_eq(session_step(fixture.session), 4, "an old answer is none to the second sync");
    fixture_obey(link);
    cr_assert_eq(session_step(fixture.session), 5);
}

Test(session_settle, sync_needs_an_open_connection_that_stays)
{
    fixture_play("{'accept':{}},{'drop':{}},{'sync':{}}");
    fixture_open();
    fixture_assert_unmet("step", "no open connection");
    fixture_stop();

    fixture_play("{'accept':{}},{'sync':{}}");
    fixture_end(fixture_open(), true);
    fixture_assert_unmet("step", "ended before the client answered");
    fixture_stop();

    fixture_play("{'accept':{}},{'sync':{'timeout_ms':200}}");
    fixture_open();
    fixture_wait(200);
    fixture_assert_unmet("C-24", "did not answer a WebSocket ping within 200 ms");
}
