/* How connections end: `drop`, `close`, `restart`, and what the client does. */
#include "core/session.h"

#include "core/session_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(session_end, .fini = fixture_stop);

/* ---- drop ---- */

static const struct drop_case {
    const char *how;
    enum session_end end;
    bool ends_at_once; /* else half open */
} drop_cases[] = {
    {"reset", SESSION_END_RESET, true},
    {"fin", SESSION_END_FIN, true},
    {"silent", SESSION_END_SILENT, false},
    {"mid-frame", SESSION_END_RESET, true},
};

#define DROP_CASE_COUNT (sizeof(drop_cases) / sizeof(drop_cases[0]))

static uint32_t play_drop(const char *how)
{
    char steps[200];
    snprintf(steps, sizeof(steps),
             "{'accept':{}},{'publish':{}},{'drop':{'how':'%s'}},{'publish':{}},"
             "{'wait':{'ms':5000}}",
             how);
    fixture_load("'client':{'channels':['general']},", steps);
    fixture.holds_drains = true;
    fixture_start();
    return fixture_open();
}

Test(session_end, drop_waits_until_every_byte_is_acknowledged_then_ends_as_told)
{
    for (size_t index = 0; index < DROP_CASE_COUNT; index++) {
        const struct drop_case *one = &drop_cases[index];
        uint32_t link = play_drop(one->how);
        cr_assert(fixture.links[link].is_drain_wanted);
        fixture_wait(500);
        cr_assert_not(fixture.links[link].is_ended);
        cr_assert_eq(session_step(fixture.session), 3);
        session_drained(fixture.session, link, fixture.now_us);
        fixture_wait(0);
        cr_assert_eq(session_step(fixture.session), 5);
        struct session_effect effect;
        cr_assert(session_next_effect(fixture.session, &effect));
        cr_assert_eq(effect.kind, SESSION_EFFECT_END);
        cr_assert_eq(effect.end, one->end, "%s", one->how);
        const struct transcript_entry *drop = fixture_entry(TRANSCRIPT_DROP, one->how, 0);
        cr_assert_eq(drop->flags, TRANSCRIPT_FLAG_DRAINED);
        cr_assert_eq(fixture_entry_count(TRANSCRIPT_END, "server"), one->ends_at_once);
        cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 1, "the later event is not sent");
        fixture_stop();
    }
}

Test(session_end, drop_waits_a_second_at_most)
{
    for (size_t index = 0; index < DROP_CASE_COUNT; index++) {
        uint32_t link = play_drop(drop_cases[index].how);
        fixture_wait(999);
        cr_assert_not(fixture.links[link].is_ended);
        fixture_wait(1);
        cr_assert(fixture.links[link].is_ended);
        cr_assert_eq(fixture.links[link].end, drop_cases[index].end);
        const struct transcript_entry *drop = fixture_last_entry(TRANSCRIPT_DROP);
        cr_assert_eq(drop->flags, 0, "not drained");
        session_drained(fixture.session, link, fixture.now_us);
        cr_assert_eq(fixture_entry_count(TRANSCRIPT_DROP, NULL), 1, "too late");
        fixture_stop();
    }
}

Test(session_end, drop_in_the_middle_of_a_frame_promises_more_than_comes)
{
    uint32_t link = play_drop("mid-frame");
    const struct buffer *bytes = &fixture.links[link].bytes;
    static const char half[] = {(char)0x81, 100, '{', '"', 't', 'y', 'p', 'e', '"', ':'};
    cr_assert_gt(bytes->size_bytes, sizeof(half));
    cr_assert_eq(memcmp(bytes->data + bytes->size_bytes - sizeof(half), half, sizeof(half)), 0);
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 1, "the half is no message");
}

Test(session_end, drop_politely_sends_1000_behind_the_last_byte)
{
    fixture_play("{'accept':{}},{'publish':{}},{'drop':{'how':'close'}},{'wait':{'ms':5000}}");
    uint32_t link = fixture_open();
    cr_assert_eq(fixture_message(link, WS_EVENT_CLOSE, 0)->close_code, 1000);
    cr_assert_eq(session_step(fixture.session), 3, "the client's answer is still to come");
    fixture_close(link, 1000);
    cr_assert_eq(session_step(fixture.session), 4);
    cr_assert(fixture.links[link].is_ended);
    const struct transcript_entry *end = fixture_entry(TRANSCRIPT_END, "server", 0);
    cr_assert_float_eq(end->number, 1000, 0);
}

Test(session_end, drop_ends_the_newest_open_connection)
{
    fixture_play("{'accept':{}},{'accept':{}},{'drop':{}},{'wait':{'ms':9}}");
    uint32_t older = fixture_open();
    uint32_t newer = fixture_open();
    cr_assert(fixture.links[newer].is_ended);
    cr_assert_not(fixture.links[older].is_ended);
}

Test(session_end, drop_has_nothing_to_do_where_nothing_is_open)
{
    fixture_play("{'accept':{}},{'drop':{}},{'drop':{}},{'close':{}}");
    fixture_open();
    cr_assert_str_eq(fixture_how(), "complete");
}

Test(session_end, a_half_open_connection_hears_and_says_nothing)
{
    uint32_t link = play_drop("silent");
    fixture_wait(1000);
    size_t write_count = fixture.links[link].write_count;
    fixture_text(link, "{'type':'ping'}");
    fixture_frame(link, WS_OPCODE_PING, "", 0);
    fixture_wait(1000);
    cr_assert_eq(fixture.links[link].write_count, write_count);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_FRAME_IN, NULL), 0);
    fixture_end(link, true);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_END, "reset"), 1);
}

Test(session_end, a_client_may_be_quicker_than_a_drop)
{
    uint32_t link = play_drop("reset");
    fixture_end(link, false);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_DROP, "reset"), 1);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_END, "fin"), 1);
    cr_assert_eq(session_step(fixture.session), 5);
    fixture_stop();

    link = play_drop("reset");
    fixture_close(link, 1001);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_DROP, "reset"), 1);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_END, "close"), 1);
    cr_assert_eq(session_step(fixture.session), 5);
}

/* ---- close ---- */

Test(session_end, close_sends_code_and_reason)
{
    fixture_play("{'accept':{}},{'close':{'code':4001,'reason':'go away'}},{'wait':{'ms':9}}");
    uint32_t link = fixture_open();
    const struct fixture_message *close = fixture_message(link, WS_EVENT_CLOSE, 0);
    cr_assert_eq(close->close_code, 4001);
    const struct buffer *bytes = &fixture.links[link].bytes;
    cr_assert_eq(memcmp(bytes->data + bytes->size_bytes - 7, "go away", 7), 0);
    cr_assert_float_eq(fixture_entry(TRANSCRIPT_WS_OUT, "close", 0)->number, 4001, 0);
    fixture_close(link, 4001);
    cr_assert_eq(fixture.links[link].end, SESSION_END_FIN);
    cr_assert(fixture.links[link].is_ended);
}

Test(session_end, close_waits_a_second_for_the_answer)
{
    fixture_play("{'accept':{}},{'close':{}},{'wait':{'ms':9}}");
    uint32_t link = fixture_open();
    fixture_text(link, "{'type':'resync','last_seen_seq':0}");
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_FRAME_IN, NULL), 0, "nothing is answered now");
    fixture_wait(999);
    cr_assert_not(fixture.links[link].is_ended);
    fixture_wait(1);
    cr_assert(fixture.links[link].is_ended);
}

/* ---- the client ends it ---- */

Test(session_end, a_close_of_the_client_is_answered)
{
    static const struct {
        unsigned sent, answered;
    } cases[] = {{1000, 1000}, {4999, 4999}, {0, 1005}};
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        fixture_play("{'accept':{}},{'wait':{'ms':9}}");
        uint32_t link = fixture_open();
        fixture_close(link, cases[index].sent);
        cr_assert_eq(fixture_message(link, WS_EVENT_CLOSE, 0)->close_code,
                     cases[index].answered);
        cr_assert(fixture.links[link].is_ended);
        const struct transcript_entry *end = fixture_entry(TRANSCRIPT_END, "close", 0);
        cr_assert_float_eq(end->number, cases[index].answered, 0);
        fixture_stop();
    }
}

Test(session_end, an_end_of_the_client_is_noted_and_given_back)
{
    static const char *const names[] = {"fin", "reset"};
    for (size_t index = 0; index < 2; index++) {
        fixture_play("{'accept':{}},{'wait':{'ms':9}}");
        uint32_t link = fixture_open();
        fixture_end(link, index == 1);
        cr_assert_eq(fixture_entry_count(TRANSCRIPT_END, names[index]), 1);
        cr_assert(fixture.links[link].is_ended);
        fixture_end(link, index == 1);
        fixture_text(link, "{'type':'ping'}");
        cr_assert_eq(fixture_entry_count(TRANSCRIPT_END, NULL), 1, "once");
        fixture_stop();
    }
}

Test(session_end, connections_that_do_not_exist_are_nothing)
{
    fixture_play("{'accept':{}}");
    session_received(fixture.session, 0, "a", 1, 0);
    session_received(fixture.session, 7, "a", 1, 0);
    session_drained(fixture.session, 7, 0);
    session_ended(fixture.session, 7, true, 0);
    fixture_open();
}

/* ---- restart ---- */

Test(session_end, restart_ends_every_connection_and_closes_the_port_for_a_while)
{
    fixture_play("{'accept':{}},{'refuse':{'how':'stall'}},{'wait':{'ms':100}},"
                 "{'restart':{'down_ms':400,'how':'fin'}},{'accept':{}},{'wait':{'ms':9}}");
    uint32_t open = fixture_open();
    uint32_t stalled = fixture_request("/v1/ws?token=a", "");
    uint32_t waiting = fixture_request("/v1/ws?token=a", "");
    uint32_t silent = fixture_connect();
    fixture_wait(100);
    cr_assert(fixture.links[open].is_ended);
    cr_assert_eq(fixture.links[open].end, SESSION_END_FIN);
    cr_assert(fixture.links[stalled].is_ended && fixture.links[waiting].is_ended);
    cr_assert(fixture.links[silent].is_ended);
    cr_assert_eq(fixture.links[waiting].end, SESSION_END_RESET);
    cr_assert_not(fixture.is_listening);
    fixture_wait(399);
    cr_assert_not(fixture.is_listening);
    fixture_wait(1);
    cr_assert(fixture.is_listening);
    const struct transcript_entry *restart = fixture_entry(TRANSCRIPT_RESTART, NULL, 0);
    cr_assert_float_eq(restart->number, 0, 0);
    cr_assert_float_eq(restart->number2, 400, 0);
    fixture_open();
}

/* What a client that was sent 1 to 3 before gets on asking from 0, and the number after that. */
static const struct {
    const char *restart;
    int ring, rows, gap; /* of the three */
    int next;
} restart_cases[] = {
    {"{}", 0, 0, 0, 1},
    {"{'counter':'keep'}", 0, 3, 1, 4},
    {"{'counter':'keep','ring':'keep'}", 3, 0, 0, 4},
    {"{'counter':'keep','db':'empty'}", 0, 0, 1, 4},
    {"{'counter':100}", 0, 3, 1, 101},
    {"{'counter':1,'ring':'keep'}", 3, 0, 0, 2},
};

Test(session_end, restart_keeps_what_it_is_told_to_keep)
{
    for (size_t index = 0; index < sizeof(restart_cases) / sizeof(restart_cases[0]); index++) {
        char steps[300];
        snprintf(steps, sizeof(steps),
                 "{'publish':{'count':3}},{'restart':%s},{'accept':{}},"
                 "{'expect':{'frame':'resync'}},{'publish':{}},{'wait':{'ms':9}}",
                 restart_cases[index].restart);
        fixture_play(steps);
        uint32_t link = fixture_open();
        fixture_text(link, "{'type':'resync','last_seen_seq':0,'since':'2026-01-01T00:00:00Z'}");
        const char *what = restart_cases[index].restart;
        cr_assert_eq(fixture_texts_with(link, "'replayed':true"), restart_cases[index].rows, "%s",
                     what);
        const struct transcript_entry *replay = fixture_entry(TRANSCRIPT_REPLAY, NULL, 0);
        cr_assert_eq(replay->count, restart_cases[index].ring, "%s", what);
        cr_assert_eq((replay->flags & TRANSCRIPT_FLAG_GAP) != 0, restart_cases[index].gap);
        const struct transcript_entry *publish = fixture_last_entry(TRANSCRIPT_PUBLISH);
        cr_assert_float_eq(publish->seq, restart_cases[index].next, 0, "%s", what);
        fixture_stop();
    }
}

Test(session_end, an_event_after_a_restart_replaces_the_one_of_its_number_in_a_kept_ring)
{
    fixture_play("{'publish':{'count':3}},{'restart':{'ring':'keep'}},{'publish':{'count':2}},"
                 "{'accept':{}},{'wait':{'ms':9}}");
    uint32_t link = fixture_open();
    fixture_text(link, "{'type':'resync','last_seen_seq':1}");
    cr_assert_eq(fixture_texts_with(link, "gc-3"), 1);
    cr_assert_eq(fixture_texts_with(link, "gc-5"), 1);
    cr_assert_eq(fixture_texts_with(link, "gc-2"), 0, "gc-5 has its number");
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 3);
}
