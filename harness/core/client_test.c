/* What the client makes of what comes: events, frames, its application's handlers. Asking again is
 * in client_resync_test.c. */
#include "core/client.h"

#include "core/client_test_world.h"

#include <criterion/criterion.h>

#define RESYNC "send {\"type\":\"resync\""
#define EVENT  "report {\"ev\":\"event\""

static struct world world;

static void begin(void)
{
    world_begin(&world, NULL, NULL);
}

static void end(void)
{
    world_take(&world);
    world_end(&world);
}

TestSuite(client, .fini = end);

/* ---- opening ---- */

Test(client, subscribes_and_sends_no_resync_on_its_first_connection)
{
    begin();
    world_open(&world, NULL);
    cr_assert_str_eq(world_take(&world),
                     "connect \nreport {\"ev\":\"open\"}\n"
                     "send {\"type\":\"subscribe\",\"channels\":[\"general\"]}\n");
}

Test(client, subscribes_then_resyncs_on_a_reconnect)
{
    world_begin_reconnected(&world, 3);
    const char *log = world_take(&world);
    const char *subscribe = strstr(strstr(log, "reconnecting"), "send {\"type\":\"subscribe\"");
    cr_assert_not_null(subscribe);
    cr_assert_not_null(strstr(subscribe, RESYNC ",\"last_seen_seq\":3,\"since\":\""
                                         "2026-06-01T09:58:59.000Z\"}"), "%s", log);
    cr_assert_eq(world_count(log, RESYNC), 1);
}

Test(client, sends_no_resync_while_it_has_seen_no_number)
{
    begin();
    world_open(&world, NULL);
    world_event(&world, "a", 0, false);
    world_message(&world, "{\"type\":\"pong\",\"agent_seq\":7}");
    world_message(&world, "{\"type\":\"x\",\"agent_seq\":\"7\"}");
    world_message(&world, "{\"type\":\"x\",\"agent_seq\":1e999}");
    world_break(&world);
    cr_assert_eq(world_take_count(&world, RESYNC), 0);
}

Test(client, subscribes_to_what_the_application_asked_for_meanwhile)
{
    begin();
    world_open(&world, NULL);
    client_subscribe(world.client, span_of("new\"s"), world.now);
    client_subscribe(world.client, span_of("new\"s"), world.now);
    client_unsubscribe(world.client, span_of("general"), world.now);
    client_unsubscribe(world.client, span_of("nothing"), world.now);
    world_drain(&world);
    const char *log = world_take(&world);
    cr_assert_eq(world_count(log, "subscribe\",\"channels\":[\"new\\\"s\"]"), 2);
    cr_assert_eq(world_count(log, "unsubscribe\",\"channels\":[\"general\"]"), 1);
    world_break(&world);
    log = world_take(&world);
    cr_assert_eq(world_count(log, "\"subscribe\",\"channels\":[\"new\\\"s\"]}"), 1, "%s", log);
}

/* ---- the same event ---- */

Test(client, dispatches_an_event_with_an_id_once)
{
    world_begin_reconnected(&world, 2);
    world_take(&world);
    world_event(&world, "id1", 0, true);
    world_event(&world, "id2", 3, false);
    world_message(&world, "{\"type\":\"message.created\",\"id\":\"\\u0069d1\",\"agent_seq\":4}");
    cr_assert_eq(world_take_count(&world, EVENT), 0);
    world_message(&world, "{\"type\":\"thread.reply\",\"id\":\"id1\"}");
    cr_assert_eq(world_take_count(&world, EVENT), 1, "another type is another event");
    world_message(&world, "{\"type\":\"message.created\",\"id\":1}");
    world_message(&world, "{\"type\":\"message.created\",\"id\":1}");
    cr_assert_eq(world_take_count(&world, EVENT), 2, "an id that is no string is none");
}

Test(client, remembers_the_newest_ids_and_no_more_than_its_capacity)
{
    begin();
    world_open(&world, NULL);
    char id[32];
    for (int i = 0; i < 6000; i++) {
        snprintf(id, sizeof id, "n%d", i);
        world_event(&world, id, 0, false);
    }
    world_take(&world);
    for (int i = 6000 - 2500; i < 6000; i++) {
        snprintf(id, sizeof id, "n%d", i);
        world_event(&world, id, 0, false);
    }
    cr_assert_eq(world_take_count(&world, EVENT), 0);
    world_event(&world, "n0", 0, false);
    cr_assert_eq(world_take_count(&world, EVENT), 1);
}

Test(client, keeps_two_very_long_ids_apart)
{
    begin();
    world_open(&world, NULL);
    char *text = malloc(20000);
    for (int last = 0; last < 2; last++) {
        snprintf(text, 20000, "{\"type\":\"x\",\"id\":\"%015000d\"}", last);
        world_message(&world, text);
        world_message(&world, text);
    }
    free(text);
    cr_assert_eq(world_take_count(&world, EVENT), 2);
}

Test(client, dispatches_an_event_without_id_once_in_a_numbering)
{
    world_begin_reconnected(&world, 2);
    world_take(&world);
    world_reaction(&world, "live", 3, false);
    world_reaction(&world, "live", 3, false);
    world_reaction(&world, "other", 3, false);
    cr_assert_eq(world_take_count(&world, EVENT), 2);
    world_break(&world);
    world_take(&world);
    world_reaction(&world, "live", 3, false);
    cr_assert_eq(world_take_count(&world, EVENT), 0);
    world_ack(&world, 3, 3);
    world_break(&world);
    world_take(&world);
    world_ack(&world, 3, 1);
    world_reaction(&world, "live", 3, false);
    cr_assert_eq(world_take_count(&world, EVENT), 1, "a new numbering");
}

Test(client, dispatches_a_row_without_id_only_if_the_ring_did_not_bring_it)
{
    world_begin_reconnected(&world, 2);
    world_take(&world);
    world_reaction(&world, "a", 3, false);
    world_reaction(&world, "a", 0, true);
    world_reaction(&world, "b", 0, true);
    world_reaction(&world, "b", 4, false);
    cr_assert_eq(world_take_count(&world, EVENT), 2);
    world_reaction(&world, "a", 0, true);
    cr_assert_eq(world_take_count(&world, EVENT), 1, "the ring brought one only");
    world_ack(&world, 2, 4);
    world_take(&world);
    world_reaction(&world, "a", 0, true);
    cr_assert_eq(world_take_count(&world, EVENT), 1, "no replay is going on");
}

/* ---- frames ---- */

Test(client, ignores_malformed_frames_and_dispatches_what_follows)
{
    static const char *const texts[] = {
        "", "{", "[]", "null", "\"x\"", "{}", "{\"type\":1}", "{\"type\":\"x\"} x", "\xff\xfe",
        "{\"type\":\"resync_ack\"}", "{\"type\":\"resync_ack\",\"current_seq\":{}}",
    };
    world_begin_reconnected(&world, 1);
    world_take(&world);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        world_message(&world, texts[i]);
    cr_assert_str_eq(world_take(&world), "");
    world_message(&world, "{\"type\":\"\",\"id\":{},\"agent_seq\":[],\"replayed\":7}");
    world_event(&world, "id2", 2, false);
    cr_assert_eq(world_take_count(&world, EVENT), 2);
}

Test(client, hands_on_the_frame_as_it_was_but_in_one_line)
{
    begin();
    world_open(&world, NULL);
    world_take(&world);
    world_message(&world, "{\n\"type\" : \"a\\u0062\",\r\n\"x\":\"\\n€\" , \"n\":1e999}\n");
    cr_assert_str_eq(world_take(&world),
                     "report {\"ev\":\"event\",\"type\":\"a\\u0062\",\"data\":"
                     "{ \"type\" : \"a\\u0062\",\r \"x\":\"\\n€\" , \"n\":1e999} }\n");
}

Test(client, dispatches_no_prefix_of_a_frame)
{
    static const char text[] = "{\"type\":\"x\",\"emoji\":{\"a\":[1,\"}\\\"]\"]},\"agent_seq\":3}";
    begin();
    world_open(&world, NULL);
    world_take(&world);
    char prefix[sizeof text] = "";
    for (size_t size_bytes = 0; size_bytes < sizeof text - 1; size_bytes++) {
        world_message(&world, prefix);
        prefix[size_bytes] = text[size_bytes];
    }
    cr_assert_str_eq(world_take(&world), "");
    world_message(&world, text);
    cr_assert_eq(world_take_count(&world, EVENT), 1);
}

Test(client, dispatches_a_hundred_thousand_events)
{
    world_begin_reconnected(&world, 1);
    world_take(&world);
    for (int number = 2; number < 100000; number++) {
        world_reaction(&world, "x", number, false);
        if (number % 1000 == 0)
            cr_assert_eq(world_take_count(&world, EVENT), number == 1000 ? 999 : 1000);
    }
}

/* ---- handlers ---- */

Test(client, reaches_the_second_handler_although_the_first_throws)
{
    begin();
    world_open(&world, NULL);
    world_event(&world, "a", 1, false);
    client_throw(world.client);
    world_event(&world, "b", 2, false);
    world_event(&world, "c", 3, false);
    const char *log = world_take(&world);
    cr_assert_eq(world_count(log, EVENT), 5);
    cr_assert_eq(world_count(log, "\"handler\":2"), 2);
}

Test(client, serves_a_slow_handler_in_order)
{
    begin();
    world_open(&world, NULL);
    client_slow(world.client, 100);
    world_event(&world, "a", 1, false);
    world_event(&world, "b", 2, false);
    world_event(&world, "c", 3, false);
    cr_assert_eq(world_take_count(&world, EVENT), 1);
    world_wait(&world, 99);
    cr_assert_eq(world_take_count(&world, EVENT), 0);
    world_wait(&world, 1);
    cr_assert_not_null(strstr(world_take(&world), "\"id\":\"b\""));
    client_slow(world.client, 0);
    world_event(&world, "d", 4, false);
    cr_assert_eq(world_take_count(&world, EVENT), 0, "not before the one that waits");
    world_wait(&world, 100);
    const char *log = world_take(&world);
    cr_assert_eq(world_count(log, EVENT), 2);
    cr_assert_lt(strstr(log, "\"c\""), strstr(log, "\"d\""));
}

Test(client, does_nothing_after_stop)
{
    begin();
    world_open(&world, NULL);
    client_slow(world.client, 100);
    world_event(&world, "a", 1, false);
    world_event(&world, "b", 2, false);
    world_take(&world);
    client_stop(world.client, world.now);
    world_drain(&world);
    cr_assert_str_eq(world_take(&world), "close \nreport {\"ev\":\"stopped\"}\n");
    world_event(&world, "c", 3, false);
    world_wait(&world, 1000);
    world_close(&world, 0, 1000);
    client_reconnect(world.client, world.now);
    world_wait(&world, 100000);
    cr_assert_str_eq(world_take(&world), "");
    cr_assert_eq(client_deadline_us(world.client), INT64_MAX);
}
