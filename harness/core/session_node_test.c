/* The fake server of the node stream: tokens, registration, redelivery and acknowledgement. */
#include "core/session.h"

#include "core/session_fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TARGET "/v1/node/ws?token=gapcheck-node-token&origin_client=test"
#define REGISTER                                                                                   \
    "{'v':1,'id':'r1','type':'node.register','node_id':'node-gapcheck','name':'gapcheck-node',"    \
    "'capabilities':[],'max_agents':1,'tags':[],'version':'x'}"
#define ACK(seq) "{'v':1,'type':'delivery.ack','agent':'gapcheck-agent','up_to_seq':" #seq "}"
#define WAIT     ",{'wait':{'ms':60000}}"

TestSuite(session_node, .fini = fixture_stop);

static void play(const char *steps)
{
    fixture_load("'dialect':'node','timeout_ms':100000,", steps);
    fixture_start();
}

static uint32_t open_stream(void)
{
    uint32_t link = fixture_request(TARGET, "");
    cr_assert(fixture_head_has(link, "HTTP/1.1 101 "), "%s",
              buffer_text(&fixture.links[link].head));
    return link;
}

static uint32_t open_registered(void)
{
    uint32_t link = open_stream();
    fixture_text(link, REGISTER);
    return link;
}

static const char *text_at(uint32_t link, size_t index)
{
    return fixture_message(link, WS_EVENT_TEXT, index)->text;
}

/* Whether the text messages from `first` on are the deliveries with these numbers, and no more. */
static void expect_deliveries(uint32_t link, size_t first, const int *numbers, size_t count)
{
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), first + count, "%zu texts",
                 fixture_count(link, WS_EVENT_TEXT));
    for (size_t index = 0; index < count; index++) {
        char part[40];
        snprintf(part, sizeof part, "\"seq\":%d,", numbers[index]);
        cr_expect(strstr(text_at(link, first + index), part), "%s", text_at(link, first + index));
    }
}

#define EXPECT_DELIVERIES(link, first, ...)                                                        \
    expect_deliveries(link, first, (const int[]){__VA_ARGS__},                                     \
                      sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

/* ---- HTTP ---- */

static uint32_t ask(const char *line, const char *token, const char *rest)
{
    char request[600];
    uint32_t link = fixture_connect();
    int size_bytes =
        snprintf(request, sizeof request,
                 "%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n%s", line, token, rest);
    /* In two pieces: the head alone, and a body that comes later, are no request yet. */
    fixture_bytes(link, request, (size_t)size_bytes - 1);
    fixture_bytes(link, request + size_bytes - 1, 1);
    return link;
}

static const struct {
    const char *line, *token, *rest, *status, *body;
} exchanges[] = {
    {"POST /v1/agent/node-token", "gapcheck-token", "Content-Length: 2\r\n\r\n{}", "200 OK",
     "{\"ok\":true,\"data\":{\"token\":\"gapcheck-node-token\",\"node_id\":\"node-gapcheck\","
     "\"node_name\":\"gapcheck-node\"}}"},
    {"POST /v1/agent/node-token", "gapcheck-token",
     "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "200 OK", "\"ok\":true"},
    {"POST /v1/agent/node-token", "gapcheck-token", "\r\n", "200 OK", "\"ok\":true"},
    {"POST /v1/agent/node-token", "another", "\r\n", "401 Unauthorized",
     "\"ok\":false,\"error\":{"
     "\"code\":\"unauthorized\",\"message\":"},
    {"GET /v1/agent/node-token", "gapcheck-token", "\r\n", "405 Method Not Allowed",
     "\"code\":\"method_not_allowed\""},
    {"POST /v1/agents/heartbeat", "x", "Content-Length: 2\r\n\r\n{}", "200 OK",
     "{\"ok\":true,\"data\":{}}"},
    {"POST /v1/agents/disconnect", "x", "Content-Length: 2\r\n\r\n{}", "200 OK",
     "{\"ok\":true,\"data\":{}}"},
    {"GET /v1/agent", "x", "\r\n", "404 Not Found", "\"code\":\"not_found\""},
};

Test(session_node, answers_http_and_counts_it_as_no_connection)
{
    play("{'expect':{'nothing':'connection','for_ms':1000}},{'accept':{}}" WAIT);
    for (size_t i = 0; i < sizeof exchanges / sizeof exchanges[0]; i++) {
        uint32_t link = ask(exchanges[i].line, exchanges[i].token, exchanges[i].rest);
        cr_expect(fixture_head_has(link, exchanges[i].status), "%s: %s", exchanges[i].line,
                  buffer_text(&fixture.links[link].head));
        cr_expect(strstr(buffer_text(&fixture.links[link].bytes), exchanges[i].body), "%s: %s",
                  exchanges[i].line, buffer_text(&fixture.links[link].bytes));
        cr_expect(fixture_head_has(link, "Connection: close"));
        cr_expect(fixture.links[link].is_ended);
        const struct transcript_entry *entry = fixture_entry(TRANSCRIPT_HTTP, NULL, i);
        cr_assert_not_null(entry);
        cr_expect_str_eq(entry->text, exchanges[i].line);
    }
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_CONNECT, NULL), 0);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_END, NULL), 0);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_REFUSED, NULL), 0);
    fixture_wait(1001);
    open_stream();
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_CONNECT, NULL), 1);
}

/* A body that is announced and does not come; bytes that are no HTTP; a peer that leaves. */
Test(session_node, takes_what_is_no_request_calmly)
{
    play("{'accept':{}}" WAIT);
    uint32_t waiting = fixture_connect();
    static const char head[] = "POST /v1/agent/node-token HTTP/1.1\r\nHost: a\r\n"
                               "Content-Length: 99999999999999999999999\r\n\r\n{}";
    fixture_bytes(waiting, head, sizeof head - 1);
    cr_assert_eq(fixture.links[waiting].head.size_bytes, 0);
    fixture_end(waiting, true);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_CONNECT, NULL), 0);
    uint32_t bad = fixture_connect();
    fixture_bytes(bad, "\x16\x03\x01 \r\n\r\n", 8);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_VIOLATION, NULL), 1);
    uint32_t silent = fixture_connect();
    fixture_end(silent, false);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_CONNECT, NULL), 2);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_END, NULL), 2);
}

Test(session_node, refuses_requests_for_a_token_as_told)
{
    play("{'refuse':{'at':'token','status':503,'times':2,'headers':{'Retry-After':'1'}}},"
         "{'refuse':{'at':'token','how':'reset'}},{'refuse':{'at':'token','how':'stall'}},"
         "{'accept':{}},{'expect':{'refused':0}}" WAIT);
    static const char line[] = "POST /v1/agent/node-token";
    for (int i = 0; i < 2; i++) {
        uint32_t link = ask(line, "gapcheck-token", "\r\n");
        cr_expect(fixture_head_has(link, "503 ") && fixture_head_has(link, "Retry-After: 1"));
        cr_expect(strstr(buffer_text(&fixture.links[link].bytes), "\"ok\":false"));
    }
    cr_expect_eq(fixture.links[ask(line, "gapcheck-token", "\r\n")].end, SESSION_END_RESET);
    uint32_t stalled = ask(line, "gapcheck-token", "\r\n");
    cr_expect_not(fixture.links[stalled].is_ended);
    fixture_end(stalled, false);
    cr_expect(fixture_head_has(ask(line, "gapcheck-token", "\r\n"), "200 OK"));
    open_stream();
    cr_assert_str_eq(fixture_last_entry(TRANSCRIPT_STEP)->name, "wait");
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_CONNECT, NULL), 1);
}

Test(session_node, never_connected_is_the_clients_doing_once_its_token_was_refused)
{
    play("{'refuse':{'at':'token'}},{'accept':{'timeout_ms':100}}");
    ask("POST /v1/agent/node-token", "gapcheck-token", "\r\n");
    fixture_wait(200);
    fixture_assert_unmet("C-16", "no upgrade of /v1/node/ws within 100 ms (0 connections refused, "
                                 "1 request for a token refused)");
}

/* ---- the handshake ---- */

Test(session_node, takes_only_the_token_that_it_issues)
{
    play("{'accept':{}}" WAIT);
    cr_assert(fixture_head_has(fixture_request("/v1/node/ws?token=gapcheck-token", ""), " 401 "));
    cr_assert(fixture_head_has(fixture_request("/v1/node/ws", ""), " 401 "));
    cr_assert(fixture_head_has(fixture_request("/v1/ws?token=gapcheck-node-token", ""), " 426 "));
    cr_assert(fixture_ops_have("ws://127.0.0.1:8080/v1/node/ws"));
    cr_assert(fixture_ops_have("'dialect':'node'"));
    open_stream();
}

Test(session_node, issues_the_token_that_is_set)
{
    play("{'set':{'token':'fresh'}},{'accept':{}},{'set':{'token':'any'}},{'accept':{}}" WAIT);
    uint32_t link = ask("POST /v1/agent/node-token", "gapcheck-token", "\r\n");
    cr_assert(strstr(buffer_text(&fixture.links[link].bytes), "\"token\":\"fresh\""));
    cr_assert(fixture_head_has(fixture_request(TARGET, ""), " 401 "));
    cr_assert(fixture_head_has(fixture_request("/v1/node/ws?token=fresh", ""), " 101 "));
    cr_assert(fixture_head_has(fixture_request("/v1/node/ws?token=whatever", ""), " 101 "));
}

/* ---- registration ---- */

Test(session_node, says_nothing_before_the_client_has_registered)
{
    play("{'accept':{}},{'publish':{'count':2}},{'publish':{'seq':'none'}}" WAIT);
    uint32_t link = open_stream();
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 0);
    fixture_text(link, REGISTER);
    cr_assert(strstr(text_at(link, 0), "{\"v\":1,\"type\":\"reply\",\"id\":\"r1\",\"ok\":true,"
                                       "\"data\":{"));
    EXPECT_DELIVERIES(link, 1, 1, 2); /* the ephemeral one is gone */
    fixture_text(link, REGISTER);
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 4, "a reply, and nothing twice");
}

Test(session_node, delivers_in_the_shape_of_the_protocol)
{
    play("{'accept':{}},{'expect':{'frame':'node.register'}},{'publish':{}},"
         "{'publish':{'type':'dm.received','seq':'none'}},{'publish':{'type':'x.y'}}" WAIT);
    uint32_t link = open_registered();
    cr_assert_str_eq(
        text_at(link, 1),
        "{\"v\":1,\"type\":\"deliver\",\"delivery_id\":\"delivery-1\",\"agent_id\":"
        "\"agent-gapcheck\",\"agent\":\"gapcheck-agent\",\"msg_id\":\"message-1\",\"seq\":1,"
        "\"mode\":\"wait\",\"payload\":{\"type\":\"message.created\",\"data\":{\"id\":"
        "\"00000000-0000-4000-8000-000000000001\",\"channel_name\":\"general\",\"agent_id\":"
        "\"agent-gapcheck\",\"from_name\":\"gapcheck\",\"text\":\"gc-1\",\"attachments\":[]}}}");
    cr_assert(strstr(text_at(link, 2), "\"seq\":0,"));
    cr_assert(strstr(text_at(link, 2), "\"message\":{\"id\":\"00000000-0000-4000-8000-"));
    cr_assert(strstr(text_at(link, 3), "\"seq\":2,"));
    cr_assert(strstr(text_at(link, 3), "{\"type\":\"x.y\",\"data\":{\"id\":"));
    cr_assert(isnan(fixture_entry(TRANSCRIPT_SENT, "live", 1)->seq));
}

Test(session_node, answers_a_registration_as_set)
{
    play("{'set':{'register':'error'}},{'accept':{}},{'expect':{'frame':'node.register'}},"
         "{'set':{'register':'twice'}},{'publish':{}}" WAIT);
    uint32_t link = open_registered();
    cr_assert_str_eq(text_at(link, 0), "{\"v\":1,\"type\":\"error\",\"id\":\"r1\",\"ok\":false,"
                                       "\"code\":\"registration_refused\",\"message\":"
                                       "\"refused on purpose\"}");
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 1);
    fixture_text(link, REGISTER);
    cr_assert_eq(fixture_texts_with(link, "'type':'reply'"), 2);
    EXPECT_DELIVERIES(link, 3, 1);
}

Test(session_node, leaves_a_reply_out_and_delivers_all_the_same)
{
    play("{'set':{'register':'omit'}},{'accept':{}},{'publish':{}}" WAIT);
    EXPECT_DELIVERIES(open_registered(), 0, 1);
}

Test(session_node, refuses_a_registration_for_another_node)
{
    static const char *const wrong[] = {"{'v':1,'type':'node.register','id':'a'}",
                                        "{'v':1,'type':'node.register','id':'a','node_id':'b'}",
                                        "{'v':1,'type':'node.register','node_id':'node-gapcheck'}",
                                        "{'v':1,'type':'node.register','id':3,'node_id':[]}"};
    play("{'accept':{}},{'publish':{}}" WAIT);
    uint32_t link = open_stream();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        fixture_text(link, wrong[i]);
        cr_expect_eq(fixture_texts_with(link, "'code':'invalid_registration'"), i + 1, "%s",
                     wrong[i]);
    }
    cr_assert_eq(fixture_texts_with(link, "deliver"), 0);
}

Test(session_node, delivers_nothing_more_after_a_deregistration)
{
    play("{'accept':{}},{'expect':{'frame':'node.deregister'}},{'publish':{}}" WAIT);
    uint32_t link = open_registered();
    fixture_text(link, "{'v':1,'type':'node.deregister'}");
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 1);
}

Test(session_node, ignores_what_it_cannot_read)
{
    static const char *const odd[] = {"",
                                      "[",
                                      "[]",
                                      "7",
                                      "{}",
                                      "{'type':3}",
                                      "{'type':'x'}",
                                      "{'type':'delivery.ack'}",
                                      "{'type':'node.heartbeat'}",
                                      "{'type':'delivery.ack','agent':'gapcheck-agent'}"};
    play("{'accept':{}}" WAIT);
    uint32_t link = open_registered();
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        fixture_text(link, odd[i]);
    cr_assert_eq(fixture_count(link, WS_EVENT_TEXT), 1);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_FRAME_IN, NULL), 11);
    fixture_text(link, "{'v':1,'type':'node.heartbeat','id':'h'}");
    cr_assert(strstr(text_at(link, 1), "\"type\":\"reply\",\"id\":\"h\""));
}

/* ---- acknowledgement and redelivery ---- */

/* Five are delivered, the client says `acks`, and comes again. Returns the new connection. */
static uint32_t come_again(const char *const *acks, size_t count)
{
    play("{'accept':{}},{'publish':{'count':5}},{'wait':{'ms':10}},{'drop':{}},{'accept':{}}" WAIT);
    uint32_t link = open_registered();
    for (size_t i = 0; i < count; i++)
        fixture_text(link, acks[i]);
    fixture_wait(20);
    return open_registered();
}

Test(session_node, sends_again_what_was_not_acknowledged)
{
    uint32_t link = come_again(NULL, 0);
    EXPECT_DELIVERIES(link, 1, 1, 2, 3, 4, 5);
    const struct transcript_entry *replay = fixture_entry(TRANSCRIPT_REPLAY, NULL, 1);
    cr_assert_float_eq(replay->seq, 0, 0);
    cr_assert_float_eq(replay->number, 5, 0);
    cr_assert_eq(replay->count, 5);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_SENT, "queue"), 2, "folded, once a connection");
}

Test(session_node, takes_acknowledgements_as_cumulative)
{
    static const char *const acks[] = {ACK(2), ACK(4), ACK(3)};
    EXPECT_DELIVERIES(come_again(acks, 3), 1, 5);
    const struct transcript_entry *entry = fixture_entry(TRANSCRIPT_FRAME_IN, NULL, 2);
    cr_assert_str_eq(entry->detail, "delivery.ack");
    cr_assert_float_eq(entry->number2, 4, 0);
}

Test(session_node, takes_one_beyond_the_newest_for_the_newest)
{
    static const char *const acks[] = {ACK(1e300)};
    cr_assert_eq(fixture_count(come_again(acks, 1), WS_EVENT_TEXT), 1, "the reply alone");
}

Test(session_node, takes_no_acknowledgement_of_another_agent_or_of_no_number)
{
    static const char *const acks[] = {
        "{'v':1,'type':'delivery.ack','agent':'x','up_to_seq':3}",
        "{'v':1,'type':'delivery.ack','up_to_seq':3}",
        "{'v':1,'type':'delivery.ack','agent':'gapcheck-agent','up_to_seq':'3'}",
        "{'v':1,'type':'delivery.ack','agent':'gapcheck-agent','up_to_seq':1e999}", ACK(-3)};
    EXPECT_DELIVERIES(come_again(acks, 5), 1, 1, 2, 3, 4, 5);
}

Test(session_node, takes_no_acknowledgement_before_the_registration)
{
    play("{'accept':{}},{'publish':{'count':2}}" WAIT);
    uint32_t link = open_stream();
    fixture_text(link, ACK(2));
    fixture_text(link, REGISTER);
    EXPECT_DELIVERIES(link, 1, 1, 2);
}

Test(session_node, forgets_acknowledgements_that_are_lost)
{
    play("{'set':{'delivery_ack':'ignore'}},{'accept':{}},{'publish':{'count':2}},"
         "{'wait':{'ms':10}},{'drop':{}},{'set':{'delivery_ack':'auto'}},{'accept':{}},"
         "{'wait':{'ms':10}},{'drop':{}},{'accept':{}}" WAIT);
    fixture_text(open_registered(), ACK(2));
    fixture_wait(20);
    uint32_t second = open_registered();
    EXPECT_DELIVERIES(second, 1, 1, 2);
    fixture_text(second, ACK(1));
    fixture_wait(20);
    EXPECT_DELIVERIES(open_registered(), 1, 2);
}

Test(session_node, keeps_its_queue_over_a_restart)
{
    play("{'accept':{}},{'publish':{'count':2}},{'wait':{'ms':10}},{'restart':{'down_ms':30}},"
         "{'publish':{}},{'accept':{}}" WAIT);
    fixture_text(open_registered(), ACK(1));
    fixture_wait(100);
    EXPECT_DELIVERIES(open_registered(), 1, 2, 3);
    cr_assert_float_eq(fixture_last_entry(TRANSCRIPT_RESTART)->number, -1, 0);
}

Test(session_node, fills_a_hole_on_the_next_connection_only)
{
    play("{'accept':{}},{'expect':{'frame':'node.register'}},{'publish':{'live':false}},"
         "{'publish':{}},{'wait':{'ms':10}},{'drop':{}},{'accept':{}}" WAIT);
    EXPECT_DELIVERIES(open_registered(), 1, 2);
    fixture_wait(20);
    EXPECT_DELIVERIES(open_registered(), 1, 1, 2);
}

Test(session_node, is_overtaken_and_cut_as_set)
{
    play("{'set':{'live_before_replay':1,'cut_replay_after':2}},{'publish':{'count':3}},"
         "{'accept':{}},{'accept':{}}" WAIT);
    uint32_t link = open_registered();
    EXPECT_DELIVERIES(link, 1, 4, 1, 2);
    cr_assert(fixture.links[link].is_ended);
    cr_assert(fixture_last_entry(TRANSCRIPT_DROP)->flags & TRANSCRIPT_FLAG_CUT);
    EXPECT_DELIVERIES(open_registered(), 1, 1, 2, 3, 4);
}

Test(session_node, delivers_to_the_connection_that_registered_last)
{
    play("{'accept':{}},{'accept':{}},{'expect':{'frame':'node.register'}},{'publish':{}}" WAIT);
    uint32_t first = open_registered(), second = open_registered();
    cr_assert_eq(fixture_count(first, WS_EVENT_TEXT), 1);
    EXPECT_DELIVERIES(second, 1, 1);
}

Test(session_node, sends_a_delivery_again_as_it_was)
{
    play("{'accept':{}},{'expect':{'frame':'node.register'}},{'publish':{'as':'e'}},"
         "{'send':{'again':'e'}},{'send':{'again':'e','fragments':3}}" WAIT);
    uint32_t link = open_registered();
    EXPECT_DELIVERIES(link, 1, 1, 1, 1);
    cr_assert_str_eq(text_at(link, 1), text_at(link, 2));
    cr_assert_str_eq(text_at(link, 1), text_at(link, 3));
}

/* ---- settle ---- */

Test(session_node, settles_when_all_is_dispatched_and_acknowledged)
{
    play("{'accept':{}},{'publish':{'count':2}},{'settle':{}}");
    uint32_t link = open_registered();
    fixture_obey(link);
    fixture_obey(link); /* the ping */
    cr_assert_str_eq(fixture_how(), "");
    fixture_text(link, ACK(1));
    cr_assert_str_eq(fixture_how(), "");
    fixture_text(link, ACK(2));
    cr_assert_str_eq(fixture_how(), "complete");
    cr_assert_eq(fixture_texts_with(link, "'seq':0,"), 1, "the fence is ephemeral");
}

Test(session_node, settles_without_acknowledgements_after_a_second)
{
    play("{'accept':{}},{'publish':{'count':2}},{'settle':{}}");
    uint32_t link = open_registered();
    fixture_obey(link);
    fixture_obey(link);
    fixture_wait(990);
    cr_assert_str_eq(fixture_how(), "");
    fixture_wait(20);
    cr_assert_str_eq(fixture_how(), "complete");
}

/* What the server did not take must be said again when it delivers again. */
Test(session_node, settles_when_what_was_lost_is_acknowledged_once_more)
{
    play("{'set':{'delivery_ack':'ignore'}},{'accept':{}},{'publish':{'count':2}},{'wait':{'ms':"
         "10}},{'drop':{}},{'set':{'delivery_ack':'auto'}},{'accept':{}},{'settle':{}}");
    fixture_text(open_registered(), ACK(2));
    fixture_wait(20);
    uint32_t link = open_registered();
    fixture_obey(link);
    fixture_obey(link);
    cr_assert_str_eq(fixture_how(), "");
    fixture_text(link, ACK(2));
    cr_assert_str_eq(fixture_how(), "complete");
}

Test(session_node, does_not_settle_without_a_registration)
{
    play("{'accept':{}},{'publish':{'count':2}},{'settle':{}}");
    open_stream();
    fixture_wait(3000);
    fixture_assert_unmet("C-6", "did not register on connection 1");
}

Test(session_node, does_not_settle_after_a_refusal_that_nobody_minds)
{
    play("{'set':{'register':'error'}},{'accept':{}},{'expect':{'frame':'node.register'}},"
         "{'set':{'register':'auto'}},{'settle':{}}");
    open_registered();
    fixture_wait(3000);
    fixture_assert_unmet("C-6", "refused with an error");
}

Test(session_node, settling_while_registrations_are_refused_is_the_authors_mistake)
{
    play("{'set':{'register':'error'}},{'accept':{}},{'settle':{}}");
    open_registered();
    cr_assert_str_eq(fixture_how(), "error");
    cr_assert(strstr(fixture_last_entry(TRANSCRIPT_DONE)->text, "`register`"));
}

/* ---- what was first, the dispatch or its acknowledgement ---- */

Test(session_node, asks_the_driver_what_it_has_told_when_a_line_is_missing)
{
    play("{'accept':{}},{'publish':{'count':3}}" WAIT);
    uint32_t link = open_registered();
    fixture_dispatch(1);
    fixture_text(link, ACK(1));
    cr_assert_not(fixture_ops_have("c1/1"), "nothing is missing");
    fixture_text(link, ACK(2));
    cr_assert(fixture_ops_have("'client':'c1/1'"));
    cr_assert_float_eq(fixture_last_entry(TRANSCRIPT_OP)->number, 1, 0);
    fixture_text(link, ACK(3));
    cr_assert_not(fixture_ops_have("c1/2"), "one question at a time");
    fixture_line("{'ev':'error','client':'c1/1','message':'unknown client'}");
    cr_assert_float_eq(fixture_last_entry(TRANSCRIPT_READ)->number, 1, 0);
    cr_assert(fixture_ops_have("'client':'c1/2'"), "about the third");
    fixture_dispatch(2);
    fixture_dispatch(3);
    fixture_line("{'ev':'error','client':'c1/2','message':'unknown client'}");
    cr_assert_not(fixture_ops_have("c1/3"));
}
