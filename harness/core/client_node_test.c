/* The reference client on the node stream. */
#include "core/client_test_world.h"

#include <criterion/criterion.h>

#include <math.h>

static struct world world;

#define TOKEN "{\"ok\":true,\"data\":{\"token\":\"t1\",\"node_id\":\"n1\",\"node_name\":\"name\"}}"
#define REGISTRATION(id)                                                                           \
    "send {\"v\":1,\"type\":\"node.register\",\"id\":\"reference-" id "\",\"node_id\":\"n1\","     \
    "\"name\":\"name\",\"capabilities\":[],\"max_agents\":1,\"tags\":[],\"version\":"              \
    "\"gapcheck/" GAPCHECK_VERSION "\"}\n"
#define ACK(seq) "send {\"v\":1,\"type\":\"delivery.ack\",\"agent\":\"a\",\"up_to_seq\":" #seq "}\n"

static void begin(const struct client_policy *policy)
{
    struct client_options options = CLIENT_OPTIONS_DEFAULT;
    options.is_node = true;
    world_begin(&world, &options, policy);
}

static void give_token(unsigned status, const char *body)
{
    client_token(world.client, status, body, strlen(body), world.now);
    world_drain(&world);
}

static void open_stream(const struct client_policy *policy)
{
    begin(policy);
    give_token(200, TOKEN);
    world_open(&world, NULL);
    world_message(&world, "{\"v\":1,\"type\":\"reply\",\"id\":\"reference-1\",\"ok\":true}");
    world_take(&world);
}

static void come_again(void)
{
    world_close(&world, 0, 0);
    world_wait(&world, 500);
    give_token(200, TOKEN);
    world_open(&world, NULL);
    world_take(&world);
}

/* A message with its own id, or an event without one. */
static void deliver(int seq, const char *type, const char *id)
{
    char text[400];
    snprintf(
        text, sizeof text,
        "{\"v\":1,\"type\":\"deliver\",\"agent\":\"a\",\"seq\":%d,\"payload\":{\"type\":\"%s\","
        "\"data\":{%s%s%s\"text\":\"x%d\"}}}",
        seq, type, id ? "\"id\":\"" : "", id ? id : "", id ? "\"," : "", seq);
    world_message(&world, text);
}

static void deliver_message(int seq)
{
    char id[20];
    snprintf(id, sizeof id, "id-%d", seq);
    deliver(seq, "message.created", id);
}

static void expect(const char *log)
{
    const char *taken = world_take(&world);
    cr_expect_str_eq(taken, log, "`%s`, not `%s`", taken, log);
}

#define EVENT(seq)                                                                                 \
    "report {\"ev\":\"event\",\"type\":\"message.created\",\"data\":{\"id\":\"id-" #seq            \
    "\",\"text\":\"x" #seq "\",\"type\":\"message.created\"}}\n"

static void end(void)
{
    world_end(&world);
}

TestSuite(client_node, .fini = end);

/* ---- token and registration ---- */

Test(client_node, fetches_a_token_connects_with_it_and_registers_first)
{
    begin(NULL);
    expect("fetch-token \n");
    give_token(200, TOKEN);
    expect("connect t1\n");
    world_open(&world, NULL);
    expect("report {\"ev\":\"open\"}\n" REGISTRATION("1"));
}

Test(client_node, takes_a_refused_or_broken_token_for_a_lost_attempt)
{
    static const struct {
        unsigned status;
        const char *body, *told;
    } answers[] = {
        {401, "{\"ok\":false}", "refused with HTTP 401"},
        {0, "", "no connection"},
        {200, "", "refused with HTTP 200"},
        {200, "{\"ok\":true,\"data\":{\"token\":\"\",\"node_id\":\"a\",\"node_name\":\"b\"}}", ""},
        {200, "{\"ok\":true,\"data\":{\"token\":7,\"node_id\":\"a\",\"node_name\":\"b\"}}", ""},
        {200, "{\"ok\":true,\"data\":[]}", ""},
        {200, "[", ""},
    };
    begin(NULL);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        give_token(answers[i].status, answers[i].body);
        const char *log = world_take(&world);
        cr_expect(strstr(log, answers[i].told) && strstr(log, "\"ev\":\"reconnecting\""), "%s",
                  log);
        world_wait(&world, 500);
        expect("fetch-token \n");
    }
    give_token(201, TOKEN);
    expect("connect t1\n");
}

Test(client_node, abandons_a_request_that_takes_too_long)
{
    begin(NULL);
    world_take(&world);
    world_wait(&world, 10000);
    expect("close \n");
    give_token(200, TOKEN); /* too late */
    expect("");
    world_close(&world, 0, 0);
    world_wait(&world, 500);
    cr_assert_eq(world_take_count(&world, "fetch-token"), 1);
}

Test(client_node, asks_for_a_new_token_and_registers_on_every_connection)
{
    open_stream(NULL);
    world_close(&world, 0, 0);
    world_wait(&world, 500);
    cr_assert_eq(world_take_count(&world, "fetch-token"), 1);
    give_token(200, "{\"data\":{\"token\":\"t2\",\"node_id\":\"n1\",\"node_name\":\"name\"}}");
    expect("connect t2\n");
    world_open(&world, NULL);
    expect("report {\"ev\":\"open\"}\n" REGISTRATION("2"));
}

static void refuse_registration(int request)
{
    char text[100];
    snprintf(text, sizeof text,
             "{\"v\":1,\"type\":\"error\",\"id\":\"reference-%d\",\"ok\":false}", request);
    world_message(&world, text);
}

/* With delays that grow, for a server that refuses each time. */
Test(client_node, comes_again_when_its_registration_is_refused)
{
    begin(NULL);
    for (int attempt = 1; attempt <= 4; attempt++) {
        char told[60];
        give_token(200, TOKEN);
        world_open(&world, NULL);
        world_take(&world);
        refuse_registration(attempt);
        expect("close \n");
        world_close(&world, 0, 1000);
        snprintf(told, sizeof told, "\"reconnecting\",\"attempt\":%d", attempt);
        cr_expect(strstr(world_take(&world), told));
        world_wait(&world, 500);
    }
}

Test(client_node, minds_no_error_once_it_is_registered)
{
    open_stream(NULL);
    refuse_registration(1);
    expect("");
}

/* Nor is a reply to something else the end of its waiting. */
Test(client_node, minds_no_answer_that_is_not_about_its_registration)
{
    static const char *const ids[] = {"", ",\"id\":7", ",\"id\":\"of-nothing\"",
                                      ",\"id\":\"reference-2\""};
    static const char *const types[] = {"error", "reply", "error"};
    char text[100];
    begin(NULL);
    give_token(200, TOKEN);
    world_open(&world, NULL);
    world_take(&world);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        for (size_t j = 0; j < sizeof types / sizeof *types; j++) {
            snprintf(text, sizeof text, "{\"v\":1,\"type\":\"%s\"%s}", types[j], ids[i]);
            world_message(&world, text);
            expect("");
        }
    }
    refuse_registration(1);
    expect("close \n");
}

/* ---- dispatching and acknowledging ---- */

Test(client_node, dispatches_and_then_acknowledges)
{
    open_stream(NULL);
    deliver_message(1);
    expect(EVENT(1) ACK(1));
    deliver_message(2);
    expect(EVENT(2) ACK(2));
}

Test(client_node, dispatches_ephemeral_ones_and_acknowledges_nothing_for_them)
{
    open_stream(NULL);
    deliver(0, "message.updated", NULL);
    deliver(0, "message.updated", NULL);
    cr_expect_eq(world_count(world_take(&world), "report"), 2);
    deliver_message(1);
    expect(EVENT(1) ACK(1));
}

Test(client_node, acknowledges_no_number_over_a_hole)
{
    open_stream(NULL);
    deliver_message(1);
    world_take(&world);
    deliver_message(3);
    expect(EVENT(3) ACK(1));
    deliver_message(2);
    expect(EVENT(2) ACK(3));
}

Test(client_node, starts_with_the_first_number_that_it_is_sent)
{
    open_stream(NULL);
    deliver_message(57);
    expect(EVENT(57) ACK(57));
    deliver_message(56); /* not known, however */
    expect(EVENT(56) ACK(57));
}

Test(client_node, knows_a_delivery_by_its_number_and_acknowledges_it_again)
{
    open_stream(NULL);
    deliver(1, "message.updated", NULL);
    deliver(2, "message.updated", NULL);
    world_take(&world);
    come_again();
    deliver(1, "message.updated", NULL);
    expect(ACK(2));
    deliver(2, "message.updated", NULL);
    expect(ACK(2));
    deliver(3, "message.updated", NULL);
    cr_expect_eq(world_take_count(&world, "\"ev\":\"event\""), 1);
}

Test(client_node, takes_the_same_id_for_the_same_event_and_acknowledges_the_delivery)
{
    open_stream(NULL);
    deliver(1, "message.created", "i");
    world_take(&world);
    deliver(2, "message.created", "i");
    expect(ACK(2));
    deliver(3, "thread.reply", "i");
    cr_expect_eq(world_take_count(&world, "thread.reply\",\"data"), 1);
    deliver(4, "message.updated", "i"); /* its id is the message's */
    deliver(5, "message.updated", "i");
    cr_expect_eq(world_take_count(&world, "\"ev\":\"event\""), 2);
}

Test(client_node, acknowledges_what_a_slow_handler_has_had_and_no_more)
{
    open_stream(NULL);
    client_slow(world.client, 100);
    deliver_message(1);
    deliver_message(2);
    deliver(3, "odd \\\"type\\\"", NULL);
    expect(EVENT(1) ACK(1));
    world_wait(&world, 150);
    expect(EVENT(2) ACK(2));
    world_wait(&world, 100);
    const char *log = world_take(&world);
    cr_expect(strstr(log, "\"type\":\"odd \\\"type\\\"\",\"data\":{\"text\":\"x3\""), "%s", log);
    cr_expect(strstr(log, ACK(3)), "%s", log);
}

/* It has come, but the application has not had it. */
Test(client_node, acknowledges_a_known_id_only_when_what_waits_has_been_handled)
{
    open_stream(NULL);
    client_slow(world.client, 100);
    deliver(0, "message.created", "first");
    deliver(0, "message.created", "second");
    world_take(&world);
    deliver(1, "message.created", "second");
    expect("");
    world_wait(&world, 150);
    const char *log = world_take(&world);
    const char *event = strstr(log, "\"second\""), *ack = strstr(log, ACK(1));
    cr_expect(event && ack && event < ack, "%s", log);
    cr_expect_eq(strstr(event + 1, "\"second\""), NULL, "%s", log);
    deliver(2, "message.created", "second");
    expect(ACK(2));
}

/* What waits when the connection breaks is dispatched all the same, and said on the next. */
Test(client_node, keeps_what_waits_over_a_lost_connection)
{
    open_stream(NULL);
    client_slow(world.client, 100);
    deliver_message(1);
    deliver_message(2);
    world_close(&world, 0, 0);
    world_take(&world);
    world_wait(&world, 150);
    const char *log = world_take(&world);
    cr_expect(strstr(log, EVENT(2)) && !strstr(log, "delivery.ack"), "%s", log);
    give_token(200, TOKEN);
    world_open(&world, NULL);
    world_take(&world);
    deliver_message(2);
    expect(ACK(2));
}

/* ---- what else comes ---- */

Test(client_node, hands_on_what_is_pushed_beside_deliveries)
{
    open_stream(NULL);
    world_message(&world, "{\"v\":1,\"type\":\"context.update\",\"topic\":\"presence\",\"event\":"
                          "\"agent.status.idle\",\"data\":{\"agent\":{\"name\":\"n\"}}}");
    expect("report {\"ev\":\"event\",\"type\":\"agent.status.idle\",\"data\":{\"agent\":{\"name\":"
           "\"n\"},\"type\":\"agent.status.idle\"}}\n");
    world_message(&world, "{\"v\":1,\"type\":\"action.invoke\",\"invocation_id\":\"i\"}");
    cr_expect_eq(world_take_count(&world, "\"type\":\"action.invoked\",\"data"), 1);
    world_message(&world, "{\"v\":1,\"type\":\"ping\"}");
    cr_expect_eq(world_take_count(&world, "node.heartbeat"), 1);
}

Test(client_node, survives_deliveries_that_are_none)
{
    static const char *const odd[] = {
        "{\"type\":\"deliver\"}",
        "{\"type\":\"deliver\",\"agent\":\"a\",\"seq\":1}",
        "{\"type\":\"deliver\",\"agent\":\"a\",\"seq\":1,\"payload\":{\"type\":7}}",
        "{\"type\":\"deliver\",\"seq\":1,\"payload\":{\"type\":\"x\"}}",
        "{\"type\":\"deliver\",\"agent\":\"a\",\"seq\":\"1\",\"payload\":{\"type\":\"x\"}}",
        "{\"type\":\"deliver\",\"agent\":\"a\",\"seq\":-1,\"payload\":{\"type\":\"x\"}}",
        "{\"type\":\"deliver\",\"agent\":\"a\",\"seq\":1.5,\"payload\":{\"type\":\"x\"}}",
        "{\"type\":\"deliver\",\"agent\":\"a\",\"seq\":1e300,\"payload\":{\"type\":\"x\"}}",
        "{\"type\":\"deliver\",\"agent\":\"a\",\"seq\":1e999,\"payload\":{\"type\":\"x\"}}",
        "{\"type\":\"context.update\"}",
        "{\"type\":\"reply\"}",
        "{\"type\":\"subscribe\"}",
        "{",
        "[]",
    };
    open_stream(NULL);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        world_message(&world, odd[i]);
        const char *log = world_take(&world);
        cr_expect_str_empty(log, "%s: %s", odd[i], log);
    }
    world_message(&world, "{\"type\":\"deliver\",\"agent\":\"a\",\"seq\":1,\"payload\":{\"type\":"
                          "\"x\",\"data\":[]}}");
    expect("report {\"ev\":\"event\",\"type\":\"x\",\"data\":{\"type\":\"x\"}}\n" ACK(1));
}

Test(client_node, sends_heartbeats_and_notices_that_nothing_answers)
{
    struct client_options options = CLIENT_OPTIONS_DEFAULT;
    options.is_node = true;
    options.ping_ms = 100;
    options.pong_timeout_ms = 150;
    world_begin(&world, &options, NULL);
    give_token(200, TOKEN);
    world_open(&world, NULL);
    world_take(&world);
    world_wait(&world, 100);
    const char *log = world_take(&world);
    cr_expect(strstr(log, "\"type\":\"node.heartbeat\",\"id\":\"reference-2\""), "%s", log);
    world_message(&world, "{\"v\":1,\"type\":\"reply\",\"id\":\"reference-2\",\"ok\":true}");
    world_wait(&world, 100);
    cr_expect_eq(world_take_count(&world, "node.heartbeat"), 1);
    world_wait(&world, 160);
    cr_expect_eq(world_take_count(&world, "abort"), 1);
}

Test(client_node, subscribes_to_nothing)
{
    open_stream(NULL);
    client_subscribe(world.client, span_of("c"), world.now);
    client_unsubscribe(world.client, span_of("c"), world.now);
    world_drain(&world);
    expect("");
}

Test(client_node, stops_while_it_waits_for_a_token)
{
    begin(NULL);
    world_take(&world);
    client_stop(world.client, world.now);
    world_drain(&world);
    expect("close \nreport {\"ev\":\"stopped\"}\n");
    give_token(200, TOKEN);
    world_wait(&world, 60000);
    expect("");
}

/* ---- mutants: each breaks just what it says; the matrix shows that they are found ---- */

Test(client_node, a_mutant_may_keep_its_token)
{
    struct client_policy policy = {.keeps_token = true};
    open_stream(&policy);
    world_close(&world, 0, 0);
    world_wait(&world, 500);
    cr_assert_eq(world_take_count(&world, "connect t1"), 1);
}
