/* The session's life: how it starts and ends, `accept`, `refuse`, handshakes and limits. */
#include "core/session.h"

#include "core/session_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define TARGET "/v1/ws?token=gapcheck-token"

TestSuite(session, .fini = fixture_stop);

/* ---- start ---- */

Test(session, tells_the_driver_to_start_before_anything_else)
{
    fixture_load("'client':{'channels':['general','news'],'reconnect_base_ms':7},",
                 "{'accept':{}}");
    fixture_start();
    cr_assert(fixture_ops_have("'op':'start','client':'c1'"));
    cr_assert(fixture_ops_have("'url':'ws://127.0.0.1:8080/v1/ws'"));
    cr_assert(fixture_ops_have("'base_url':'http://127.0.0.1:8080'"));
    cr_assert(fixture_ops_have("'token':'gapcheck-token'"));
    cr_assert(fixture_ops_have("'channels':['general','news']"));
    cr_assert(fixture_ops_have("'reconnect_base_ms':7"));
    cr_assert(fixture_ops_have("'reconnect_max_ms':500"));
    cr_assert(fixture_ops_have("'dialect':'agent'"));
    cr_assert_eq(session_step(fixture.session), 1);
    const struct transcript_entry *op = fixture_entry(TRANSCRIPT_OP, "start", 0);
    cr_assert_eq(op->step, 0, "the start comes before the first step");
}

Test(session, notes_in_the_header_what_a_judge_needs)
{
    fixture_load("", "{'accept':{}}");
    fixture.config.seed = 42;
    fixture.config.timeout_scale = 2;
    fixture_start();
    const struct transcript_header *header = &session_transcript(fixture.session)->header;
    cr_assert_str_eq(header->scenario_name, "a/b");
    cr_assert_str_eq(header->scenario_path, "a/b.jsonc");
    cr_assert_not_null(strstr(header->scenario_text, "\"accept\""));
    cr_assert_eq(header->seed, 42);
    cr_assert_eq(header->started_ms, FIXTURE_WALL_MS);
    cr_assert_float_eq(header->timeout_scale, 2, 0);
    cr_assert_eq(header->capabilities.bits, UINT32_MAX);
}

Test(session, leaves_its_transcript_to_who_takes_it)
{
    fixture_play("{'accept':{}}");
    struct transcript *transcript = session_take_transcript(fixture.session);
    session_free(fixture.session);
    fixture.session = NULL;
    cr_assert_gt(transcript->count, 0);
    transcript_free(transcript);
}

Test(session, wants_no_tick_before_its_start_and_after_its_end)
{
    fixture_load("", "{'accept':{}}");
    fixture.session = session_new(&fixture.config);
    cr_assert_eq(session_deadline_us(fixture.session), INT64_MAX);
    session_tick(fixture.session, INT64_C(100000000));
    cr_assert_not(session_is_done(fixture.session), "its time starts with it");
    session_interrupt(fixture.session, INT64_C(100000000));
    cr_assert_eq(session_deadline_us(fixture.session), INT64_MAX);
    cr_assert(session_is_done(fixture.session));
}

/* ---- accept ---- */

Test(session, upgrades_the_connection_that_an_accept_waits_for)
{
    fixture_play("{'accept':{}}");
    uint32_t link = fixture_request(TARGET, "");
    cr_assert(fixture_head_has(link, "HTTP/1.1 101 Switching Protocols\r\n"));
    cr_assert(fixture_head_has(link, "Sec-WebSocket-Accept: " FIXTURE_ACCEPT "\r\n"));
    cr_assert(fixture_head_has(link, "Date: Mon, 01 Jun 2026 10:00:00 GMT\r\n"));
    const struct transcript_entry *open = fixture_entry(TRANSCRIPT_OPEN, NULL, 0);
    cr_assert_eq(open->connection, 1);
    cr_assert_float_eq(open->number, (double)FIXTURE_WALL_MS, 0);
    const struct transcript_entry *request = fixture_entry(TRANSCRIPT_REQUEST, NULL, 0);
    cr_assert_str_eq(request->text, "GET /v1/ws", "the token is left out");
}

Test(session, answers_a_request_that_comes_byte_by_byte)
{
    static const char request[] = "GET " TARGET " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: " FIXTURE_KEY "\r\n\r\n";
    fixture_play("{'accept':{}}");
    uint32_t link = fixture_connect();
    for (size_t index = 0; index + 1 < sizeof(request); index++) {
        cr_assert_not(fixture_head_has(link, "HTTP"));
        fixture_bytes(link, request + index, 1);
    }
    cr_assert(fixture_head_has(link, "HTTP/1.1 101 "));
}

Test(session, keeps_connections_in_the_handshake_until_an_accept_and_takes_the_oldest_first)
{
    fixture_play("{'accept':{}},{'wait':{'ms':50}},{'accept':{}},{'wait':{'ms':50}}");
    fixture_open();
    uint32_t older = fixture_request(TARGET, "");
    uint32_t newer = fixture_request(TARGET, "");
    fixture_wait(49);
    cr_assert_not(fixture_head_has(older, "HTTP"));
    fixture_wait(2);
    cr_assert(fixture_head_has(older, " 101 "));
    cr_assert_not(fixture_head_has(newer, "HTTP"));
}

Test(session, forgets_a_waiting_connection_that_its_client_gave_up)
{
    fixture_play("{'wait':{'ms':10}},{'accept':{}},{'wait':{'ms':50}}");
    uint32_t given_up = fixture_request(TARGET, "");
    fixture_end(given_up, false);
    uint32_t waiting = fixture_request(TARGET, "");
    fixture_wait(10);
    cr_assert_not(fixture_head_has(given_up, "HTTP"));
    cr_assert(fixture_head_has(waiting, " 101 "));
}

Test(session, sends_what_stands_in_with_in_the_same_write_as_the_upgrade)
{
    fixture_play("{'accept':{'with':[{'text':'one'},{'frame':{'type':'two'}},{'raw':'8900'}]}}");
    uint32_t link = fixture_open();
    cr_assert_eq(fixture.links[link].write_count, 1);
    cr_assert_str_eq(fixture_message(link, WS_EVENT_TEXT, 0)->text, "one");
    cr_assert_str_eq(fixture_message(link, WS_EVENT_TEXT, 1)->text, "{\"type\":\"two\"}");
    cr_assert_eq(fixture_count(link, WS_EVENT_PING), 1);
}

/* What a request that no scenario needs is answered with, and that the accept goes on waiting. */
static const struct handshake_case {
    const char *accept, *target, *headers, *status;
} handshake_cases[] = {
    {"", "/v1/ws", "", "401 Unauthorized"},
    {"", "/v1/ws?token=", "", "401 Unauthorized"},
    {"", "/v1/ws?token=anything", "", "101 Switching"},
    {"", "/v1/ws", "Authorization: Bearer x\r\n", "101 Switching"},
    {"", "/v1/node/ws?token=a", "", "426 Upgrade Required"},
    {"", "/?token=a", "", "426 Upgrade Required"},
    {"'path':'/other'", "/other?token=a", "", "101 Switching"},
    {"'path':'/other'", "/v1/ws?token=a", "", "426 Upgrade Required"},
    {"'token':'secret'", "/v1/ws?token=secret", "", "101 Switching"},
    {"'token':'secret'", "/v1/ws", "Authorization: Bearer secret\r\n", "101 Switching"},
    {"'token':'secret'", "/v1/ws?token=wrong", "", "401 Unauthorized"},
};

Test(session, answers_every_kind_of_request_as_the_protocol_says)
{
    for (size_t index = 0; index < sizeof(handshake_cases) / sizeof(handshake_cases[0]); index++) {
        const struct handshake_case *one = &handshake_cases[index];
        char steps[100];
        snprintf(steps, sizeof(steps), "{'accept':{%s}}", one->accept);
        fixture_play(steps);
        uint32_t link = fixture_request(one->target, one->headers);
        cr_assert(fixture_head_has(link, one->status), "%s with {%s}: %s", one->target,
                  one->accept, buffer_text(&fixture.links[link].head));
        bool is_open = !strcmp(one->status, "101 Switching");
        cr_assert_eq(fixture.links[link].is_ended, !is_open);
        cr_assert_eq(fixture_entry_count(TRANSCRIPT_REFUSED, "http"), !is_open);
        cr_assert_eq(fixture_entry_count(TRANSCRIPT_STEP_END, "done"), is_open);
        fixture_stop();
    }
}

Test(session, refuses_an_ordinary_request)
{
    fixture_play("{'accept':{}}");
    uint32_t link = fixture_connect();
    static const char request[] = "GET /v1/ws?token=a HTTP/1.1\r\nHost: a\r\n\r\n";
    fixture_bytes(link, request, sizeof(request) - 1);
    cr_assert(fixture_head_has(link, "426 Upgrade Required"));
    cr_assert(fixture_head_has(link, "Upgrade: websocket\r\n"));
}

Test(session, calls_frames_before_the_answer_to_the_handshake_a_violation)
{
    fixture_play("{'wait':{'ms':10}},{'accept':{}},{'wait':{'ms':10}}");
    uint32_t link = fixture_request(TARGET, "");
    fixture_text(link, "{'type':'ping'}");
    fixture_wait(10);
    cr_assert(fixture_head_has(link, " 101 "));
    cr_assert_eq(fixture_message(link, WS_EVENT_CLOSE, 0)->close_code, 1002);
    cr_assert_not_null(strstr(fixture_entry(TRANSCRIPT_VIOLATION, NULL, 0)->text, "4.1"));
}

/* ---- refuse ---- */

Test(session, refuses_by_http_so_often_with_status_and_headers)
{
    fixture_play("{'refuse':{'times':2,'status':429,'headers':{'Retry-After':'7'}}},"
                 "{'refuse':{}},{'accept':{}}");
    for (int index = 0; index < 2; index++) {
        uint32_t link = fixture_request(TARGET, "");
        cr_assert(fixture_head_has(link, "HTTP/1.1 429 Too Many Requests\r\n"));
        cr_assert(fixture_head_has(link, "Retry-After: 7\r\n"));
        cr_assert(fixture.links[link].is_ended);
        cr_assert_eq(fixture.links[link].end, SESSION_END_FIN);
    }
    uint32_t third = fixture_request(TARGET, "");
    cr_assert(fixture_head_has(third, "HTTP/1.1 503 Service Unavailable\r\n"));
    cr_assert_float_eq(fixture_entry(TRANSCRIPT_REFUSED, "http", 2)->number, 503, 0);
    fixture_open();
}

Test(session, refuses_waiting_connections_first_while_the_steps_go_on)
{
    fixture_play("{'wait':{'ms':10}},{'refuse':{'how':'reset'}},{'publish':{}},{'accept':{}}");
    uint32_t waiting = fixture_request(TARGET, "");
    fixture_wait(10);
    cr_assert_eq(fixture.links[waiting].end, SESSION_END_RESET);
    cr_assert(fixture.links[waiting].is_ended);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_PUBLISH, NULL), 1);
    fixture_open();
}

Test(session, stalls_until_the_client_gives_up)
{
    fixture_play("{'refuse':{'how':'stall'}},{'accept':{}}");
    uint32_t link = fixture_request(TARGET, "");
    fixture_wait(1000);
    cr_assert_eq(fixture.links[link].write_count, 0);
    cr_assert_not(fixture.links[link].is_ended);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_REFUSED, "stall"), 1);
    fixture_end(link, false);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_END, "fin"), 1);
    fixture_open();
}

Test(session, answers_bad_accept_with_a_wrong_key_and_leaves_the_rest_to_the_client)
{
    fixture_play("{'refuse':{'how':'bad-accept'}},{'accept':{}}");
    uint32_t link = fixture_request(TARGET, "");
    cr_assert(fixture_head_has(link, "HTTP/1.1 101 "));
    cr_assert_not(fixture_head_has(link, FIXTURE_ACCEPT));
    fixture_text(link, "{'type':'ping'}");
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_FRAME_IN, NULL), 0, "it is not open");
    fixture_open();
}

Test(session, closes_its_port_for_a_while)
{
    fixture_play("{'refuse':{'how':'closed','for_ms':300}},{'publish':{}},{'accept':{}}");
    cr_assert_not(fixture.is_listening);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_PUBLISH, NULL), 1, "the steps go on");
    fixture_wait(299);
    cr_assert_not(fixture.is_listening);
    fixture_wait(1);
    cr_assert(fixture.is_listening);
    fixture_open();
}

Test(session, keeps_its_port_closed_while_a_refusal_or_a_restart_wants_it)
{
    fixture_play("{'accept':{}},{'refuse':{'how':'closed','for_ms':100}},"
                 "{'restart':{'down_ms':300}},{'wait':{'ms':1000}}");
    fixture_open();
    cr_assert_not(fixture.is_listening);
    fixture_wait(200);
    cr_assert_not(fixture.is_listening, "the refusal is over, the restart is not");
    fixture_wait(100);
    cr_assert(fixture.is_listening);
}

Test(session, keeps_its_port_closed_for_a_refusal_that_outlasts_a_restart)
{
    fixture_play("{'accept':{}},{'refuse':{'how':'closed','for_ms':300}},"
                 "{'restart':{'down_ms':100}},{'wait':{'ms':1000}}");
    fixture_open();
    fixture_wait(200);
    cr_assert_not(fixture.is_listening, "the restart is over, the refusal is not");
    fixture_wait(100);
    cr_assert(fixture.is_listening);
}

/* ---- times that run out ---- */

Test(session, is_a_client_error_if_the_client_never_connects)
{
    fixture_play("{'accept':{'timeout_ms':400}}");
    fixture_wait(399);
    cr_assert_not(fixture.is_done);
    fixture_wait(1);
    cr_assert_str_eq(fixture_how(), "client-error");
    cr_assert_not_null(strstr(fixture_last_entry(TRANSCRIPT_DONE)->text, "never connected"));
}

Test(session, is_a_client_error_too_if_the_scenario_has_no_more_time_for_the_first_accept)
{
    fixture_load("'timeout_ms':300,", "{'accept':{}}");
    fixture_start();
    fixture_wait(300);
    cr_assert_str_eq(fixture_how(), "client-error");
}

Test(session, blames_c_16_if_a_client_that_was_refused_does_not_come_again)
{
    fixture_play("{'refuse':{}},{'accept':{'timeout_ms':400}}");
    fixture_request(TARGET, "");
    fixture_wait(400);
    fixture_assert_unmet("C-16", "(1 connection refused)");
}

Test(session, tells_that_connections_ended_before_a_request)
{
    fixture_load("'timeout_ms':300,", "{'accept':{}}");
    fixture_start();
    fixture_end(fixture_connect(), true);
    fixture_wait(300);
    cr_assert_not_null(strstr(fixture_last_entry(TRANSCRIPT_DONE)->text,
                              "(0 connections refused, 1 ended before a request)"));
}

/* Drops the connection and waits for another, until the scenario's time or the step's is out. */
static void miss_a_connection(const char *settings, const char *wait, int64_t ms)
{
    char steps[100];
    snprintf(steps, sizeof(steps), "{'accept':{}},{'drop':{}},%s", wait);
    fixture_load(settings, steps);
    fixture_start();
    fixture_open();
    fixture_wait(ms);
}

Test(session, blames_c_16_if_the_client_does_not_reconnect)
{
    miss_a_connection("", "{'accept':{'timeout_ms':400}}", 400);
    fixture_assert_unmet("C-16", "did not reconnect within 400 ms after connection 1");
    fixture_stop();
    miss_a_connection("'timeout_ms':3000,", "{'settle':{}}", 3000);
    fixture_assert_unmet("C-16", "did not reconnect within 3000 ms after connection 1");
    fixture_stop();
    miss_a_connection("'timeout_ms':3000,", "{'accept':{}}", 3000);
    fixture_assert_unmet("C-16", "did not reconnect within 3000 ms after connection 1");
}

/* It may be waiting between two attempts, as it should. */
Test(session, blames_the_step_if_the_scenario_has_no_time_for_the_delays_of_the_client)
{
    static const char *const waits[] = {"{'settle':{}}", "{'accept':{}}"};
    for (size_t index = 0; index < 2; index++) {
        miss_a_connection("'timeout_ms':400,", waits[index], 400);
        fixture_assert_unmet("step", "the scenario's time of 400 ms ran out");
        fixture_stop();
        miss_a_connection("'client':{'reconnect_max_ms':5000},'timeout_ms':4900,", waits[index],
                          4900);
        fixture_assert_unmet("step", "the scenario's time of 4900 ms ran out");
        fixture_stop();
    }
}

Test(session, blames_c_16_if_the_client_gave_up)
{
    fixture_play("{'accept':{}},{'drop':{}},{'accept':{'timeout_ms':400}}");
    fixture_open();
    fixture_line("{'ev':'permanently_disconnected','attempt':3}");
    fixture_wait(400);
    fixture_assert_unmet("C-16", "gave up reconnecting");
}

Test(session, blames_the_step_if_nobody_comes_after_stop)
{
    fixture_play("{'accept':{}},{'client':{'do':'stop'}},{'accept':{'timeout_ms':400}}");
    fixture_open();
    fixture_line("{'ev':'stopped'}");
    fixture_wait(400);
    fixture_assert_unmet("step", "had stopped");
}

Test(session, blames_the_step_in_play_if_the_scenario_has_no_more_time)
{
    fixture_load("'timeout_ms':1000,",
                 "{'accept':{}},{'expect':{'frame':'subscribe','timeout_ms':5000}}");
    fixture_start();
    fixture_open();
    fixture_wait(1000);
    fixture_assert_unmet("step", "the scenario's time of 1000 ms ran out");
    cr_assert_eq(fixture_last_entry(TRANSCRIPT_STEP_END)->step, 2);
}

Test(session, ends_at_its_time_even_if_the_step_is_only_a_should)
{
    fixture_load("'timeout_ms':1000,", "{'accept':{}},{'expect':{'frame':'subscribe',"
                                       "'level':'should','timeout_ms':5000}},{'wait':{'ms':10}}");
    fixture_start();
    fixture_open();
    fixture_wait(1000);
    cr_assert_str_eq(fixture_how(), "unmet");
}

Test(session, stretches_its_time_outs_and_not_its_waits)
{
    fixture_load("", "{'wait':{'ms':100}},{'accept':{'timeout_ms':400}}");
    fixture.config.timeout_scale = 2.5;
    fixture_start();
    fixture_wait(100);
    cr_assert_eq(session_step(fixture.session), 2);
    fixture_wait(999);
    cr_assert_not(fixture.is_done);
    fixture_wait(1);
    cr_assert_str_eq(fixture_how(), "client-error");
}

/* ---- other ends ---- */

Test(session, completes_when_its_steps_are_done)
{
    fixture_play("{'accept':{}},{'publish':{}},{'drop':{}}");
    fixture_open();
    cr_assert_str_eq(fixture_how(), "complete");
    cr_assert(fixture.is_done);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_STEP, NULL), 3);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_STEP_END, "done"), 3);
}

Test(session, takes_nothing_more_after_its_end)
{
    fixture_play("{'accept':{}},{'drop':{}}");
    uint32_t link = fixture_open();
    size_t count = session_transcript(fixture.session)->count;
    fixture_text(link, "{'type':'ping'}");
    fixture_line("{'ev':'open'}");
    fixture_end(link, false);
    session_drained(fixture.session, link, fixture.now_us);
    session_late(fixture.session, 5, fixture.now_us);
    session_fail(fixture.session, "late", fixture.now_us);
    session_interrupt(fixture.session, fixture.now_us);
    session_driver_gone(fixture.session, "late", true, fixture.now_us);
    session_tick(fixture.session, fixture.now_us + 100000000);
    cr_assert_eq(session_transcript(fixture.session)->count, count);
}

static void be_interrupted(void)
{
    session_interrupt(fixture.session, 7000);
}

static void fail(void)
{
    session_fail(fixture.session, "no memory \xFF", 7000);
}

static void lose_driver(void)
{
    session_driver_gone(fixture.session, "exit status 3", false, 7000);
}

static void lose_driver_again(void)
{
    session_driver_gone(fixture.session, "signal 11", true, 7000);
}

Test(session, ends_as_what_ended_it_says)
{
    static const struct {
        void (*end)(void);
        const char *how, *of;
    } cases[] = {
        {be_interrupted, "interrupted", NULL},
        {fail, "error", "harness"},
        {lose_driver, "client-error", "driver"},
        {lose_driver_again, "fault", "driver"},
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        fixture_play("{'accept':{}}");
        fixture_open();
        cases[index].end();
        cr_assert_str_eq(fixture_how(), cases[index].how);
        cr_assert_eq(fixture_last_entry(TRANSCRIPT_DONE)->at_us, 7000);
        cr_assert_eq(fixture_entry_count(TRANSCRIPT_FAULT, cases[index].of),
                     cases[index].of ? 1 : 0);
        fixture_stop();
    }
}

Test(session, notes_how_late_the_world_is)
{
    fixture_play("{'accept':{}}");
    session_late(fixture.session, 1234, 5000);
    const struct transcript_entry *late = fixture_last_entry(TRANSCRIPT_LATE);
    cr_assert_eq(late->at_us, 5000);
    cr_assert_float_eq(late->number, 1234, 0);
}

Test(session, no_time_out_counts_what_the_world_was_late)
{
    fixture_play("{'accept':{}}");
    int64_t deadline_us = session_deadline_us(fixture.session);
    session_late(fixture.session, 3000000, 4000000);
    cr_assert_eq(session_deadline_us(fixture.session), deadline_us + 3000000);
    for (int i = 0; i < 100; i++) /* but one that floods us cannot go on for ever */
        session_late(fixture.session, 3000000, 5000000);
    cr_assert_leq(session_deadline_us(fixture.session), 2 * 15000000);
}

/* ---- the clock ---- */

static double created_s(size_t index)
{
    return fixture_entry(TRANSCRIPT_PUBLISH, NULL, index)->number;
}

#define WALL_S ((double)(FIXTURE_WALL_MS / 1000))

Test(session, has_a_clock_that_goes_and_can_be_moved)
{
    fixture_load("'server':{'clock':{'skew_ms':-90000}},",
                 "{'publish':{}},{'wait':{'ms':800}},{'publish':{}},"
                 "{'advance':{'ms':5000}},{'publish':{}},{'accept':{}}");
    fixture_start();
    fixture_wait(800);
    cr_assert_float_eq(created_s(0), WALL_S - 90, 0);
    cr_assert_float_eq(created_s(1), WALL_S - 89, 0, "0.25 s and 0.8 s are more than one");
    cr_assert_float_eq(created_s(2), WALL_S - 84, 0);
    uint32_t link = fixture_open();
    cr_assert(fixture_head_has(link, "Date: Mon, 01 Jun 2026 09:58:36 GMT\r\n"));
    const struct transcript_entry *clock = fixture_entry(TRANSCRIPT_CLOCK, NULL, 0);
    cr_assert_float_eq(clock->number, (double)FIXTURE_WALL_MS - 90000 + 800 + 5000, 0);
}

Test(session, has_a_clock_that_stands_still_from_the_first_publish_on)
{
    fixture_load("'server':{'clock':{'freeze':true,'skew_ms':1000}},",
                 "{'accept':{}},{'settle':{}},{'wait':{'ms':2000}},{'publish':{}},"
                 "{'wait':{'ms':3000}},{'publish':{'seq':'none'}},{'advance':{'ms':2000}},"
                 "{'publish':{}},{'drop':{}}");
    fixture_start();
    uint32_t link = fixture_open();
    for (int turns = 0; turns < 10; turns++) {
        fixture_obey(link);
        fixture_wait(1);
    }
    fixture_wait(6000);
    cr_assert_str_eq(fixture_how(), "complete");
    cr_assert_float_eq(created_s(1), WALL_S + 3, 0, "a fence does not stop it");
    cr_assert_float_eq(created_s(2), WALL_S + 3, 0);
    cr_assert_float_eq(created_s(3), WALL_S + 5, 0);
}
