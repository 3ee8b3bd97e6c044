#include "core/client.h"

#include "core/client_test_world.h"

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

/* A second connection after numbers 1 to `count`, its resync still unanswered. */
static void begin_reconnected(int count)
{
    begin();
    world_open(&world, NULL);
    for (int number = 1; number <= count; number++) {
        char id[32];
        snprintf(id, sizeof id, "id%d", number);
        world_event(&world, id, number, false);
    }
    world_break(&world);
}

static void assert_asks_from(int number)
{
    char part[64];
    snprintf(part, sizeof part, RESYNC ",\"last_seen_seq\":%d,", number);
    const char *log = world_take(&world);
    cr_assert_eq(world_count(log, part), 1, "not %d: %s", number, log);
    cr_assert_eq(world_count(log, RESYNC), 1, "more than one: %s", log);
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
    begin_reconnected(3);
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

/* ---- the cursor ---- */

Test(client, does_not_count_over_a_hole)
{
    begin_reconnected(2);
    world_event(&world, "overtakes", 9, false);
    world_event(&world, "id3", 3, false);
    world_take(&world);
    world_break(&world);
    assert_asks_from(3);
}

Test(client, counts_unknown_types_but_neither_rows_nor_control_frames)
{
    begin_reconnected(2);
    world_event(&world, "row", 0, true);
    world_message(&world, "{\"type\":\"never.heard.of\",\"agent_seq\":3}");
    world_message(&world, "{\"type\":\"pong\",\"agent_seq\":4}");
    world_message(&world, "{\"type\":\"x\",\"agent_seq\":3.5}");
    world_take(&world);
    world_break(&world);
    assert_asks_from(3);
}

Test(client, advances_to_what_an_ack_says_and_no_malformed_one)
{
    begin_reconnected(2);
    world_message(&world, "{\"type\":\"resync_ack\",\"last_seen_seq\":2,\"current_seq\":\"9\","
                          "\"replayed\":0,\"gap_detected\":false}");
    world_message(&world, "{\"type\":\"resync_ack\",\"last_seen_seq\":2,\"current_seq\":1e999,"
                          "\"replayed\":0,\"gap_detected\":false}");
    cr_assert_eq(world_take_count(&world, "resynced"), 0);
    world_break(&world);
    assert_asks_from(2);
    world_ack(&world, 2, 70);
    world_break(&world);
    assert_asks_from(70);
}

Test(client, asks_once_about_a_hole_but_not_on_its_first_connection)
{
    begin();
    world_open(&world, NULL);
    world_event(&world, "a", 1, false);
    world_event(&world, "c", 3, false);
    cr_assert_eq(world_take_count(&world, RESYNC), 0);
    world_break(&world);
    world_ack(&world, 1, 3);
    world_take(&world);
    world_event(&world, "f", 6, false);
    assert_asks_from(3);
    world_event(&world, "g", 7, false);
    world_event(&world, "i", 9, false);
    world_ack(&world, 3, 5);
    world_event(&world, "j", 10, false);
    const char *log = world_take(&world);
    cr_assert_eq(world_count(log, RESYNC ",\"last_seen_seq\":7,"), 1, "%s", log);
    cr_assert_eq(world_count(log, RESYNC), 1, "%s", log);
}

/* ---- acks ---- */

/* A replay may hold one event of megabytes. */
Test(client, asks_again_after_a_second_of_silence_and_not_while_a_long_event_comes)
{
    begin_reconnected(3);
    world_take(&world);
    for (int piece = 0; piece < 5; piece++) {
        world_wait(&world, 900);
        client_piece(world.client, world.now);
    }
    cr_assert_eq(world_take_count(&world, RESYNC), 0);
    world_wait(&world, 1200);
    cr_assert_eq(world_take_count(&world, RESYNC), 1);
}

Test(client, reports_the_ack_to_its_resync_once)
{
    begin_reconnected(2);
    world_ack(&world, 2, 2);
    world_ack(&world, 2, 2);
    const char *log = world_take(&world);
    cr_assert_eq(world_count(log, "report {\"ev\":\"resynced\",\"replayed\":3,"
                                  "\"gap_detected\":false}"), 1);
    cr_assert_eq(world_count(log, EVENT), 2);
}

Test(client, does_not_ask_again_because_of_an_ack_with_a_wrong_echo)
{
    begin_reconnected(2);
    world_ack(&world, 77, 1);
    world_take(&world);
    world_wait(&world, 5000);
    cr_assert_eq(world_take_count(&world, RESYNC), 0);
    world_ack(&world, 2, 5);
    cr_assert_eq(world_take_count(&world, "resynced"), 1);
}

Test(client, asks_three_times_where_no_ack_comes_and_goes_on)
{
    begin_reconnected(2);
    world_wait(&world, 1050);
    cr_assert_eq(world_take_count(&world, RESYNC), 1);
    world_wait(&world, 10000);
    cr_assert_eq(world_take_count(&world, RESYNC), 2);
    world_event(&world, "id3", 3, false);
    cr_assert_eq(world_take_count(&world, EVENT), 1);
}

/* ---- since ---- */

static void assert_since(const char *since)
{
    const char *log = world_take(&world);
    cr_assert_not_null(strstr(log, since), "not %s: %s", since, log);
}

Test(client, gives_since_by_the_clock_of_the_server)
{
    struct client_options options = CLIENT_OPTIONS_DEFAULT;
    options.clock_skew_ms = 3600000;
    world_begin(&world, &options, NULL);
    world_open(&world, "Mon, 01 Jun 2026 08:00:00 GMT");
    world_wait(&world, 2500);
    world_event(&world, "a", 1, false);
    world_close(&world, 0, 0);
    world_wait(&world, 20);
    /* The server's clock jumps while the client is away: what it missed came before that. */
    world_open(&world, "Mon, 01 Jun 2026 12:00:00 GMT");
    assert_since("\"since\":\"2026-06-01T07:59:01.500Z\"");
}

Test(client, gives_since_by_its_own_clock_where_the_server_tells_none)
{
    struct client_options options = CLIENT_OPTIONS_DEFAULT;
    options.clock_skew_ms = 60000;
    world_begin(&world, &options, NULL);
    world_open(&world, NULL);
    world_event(&world, "a", 1, false);
    world_break(&world);
    assert_since("\"since\":\"2026-06-01T09:59:59.000Z\"");
}

Test(client, does_not_move_since_for_a_replay_that_is_cut)
{
    begin_reconnected(1);
    for (int i = 2; i < 5; i++) {
        world_wait(&world, 300);
        world_event(&world, "new", i, false);
    }
    world_take(&world);
    world_break(&world);
    assert_since("\"since\":\"2026-06-01T09:58:59.000Z\"");
    world_wait(&world, 600);
    world_ack(&world, 4, 4);
    world_break(&world);
    /* 0.5 + 0.9 + 0.5 + 0.6 s after the start the ack said that all is there */
    assert_since("\"since\":\"2026-06-01T09:59:01.500Z\"");
}

/* ---- resets ---- */

Test(client, asks_from_zero_when_the_ack_shows_a_reset)
{
    begin_reconnected(50);
    world_take(&world);
    world_event(&world, "new2", 2, false);
    world_ack(&world, 50, 2);
    assert_asks_from(0);
    world_event(&world, "new1", 1, false);
    world_event(&world, "new2", 2, false);
    world_ack(&world, 0, 2);
    const char *log = world_take(&world);
    cr_assert_eq(world_count(log, EVENT), 1, "%s", log);
    cr_assert_eq(world_count(log, "resynced"), 1);
    world_break(&world);
    assert_asks_from(2);
}

Test(client, mixes_no_numbers_of_a_numbering_that_has_outgrown_its_question)
{
    begin_reconnected(3);
    world_event(&world, "overtakes", 34, false);
    world_break(&world);
    world_event(&world, "new4", 4, false);
    world_take(&world);
    world_ack(&world, 3, 7);
    world_break(&world);
    assert_asks_from(7);
}

/* They were published behind the answer, and overtook its ack. */
Test(client, takes_live_numbers_above_a_late_ack_for_no_reset)
{
    world_begin(&world, NULL, NULL);
    world_open(&world, NULL);
    world_reaction(&world, "eyes", 1, false);
    world_break(&world);
    world_event(&world, "answered", 2, false);
    world_event(&world, "behind", 3, false);
    world_take(&world);
    world_ack(&world, 1, 2);
    world_reaction(&world, "eyes", 1, false);
    cr_assert_eq(world_take_count(&world, EVENT), 0);
    world_break(&world);
    assert_asks_from(3);
}

Test(client, asks_for_what_the_ack_shows_behind_a_number_that_showed_the_reset)
{
    begin_reconnected(50);
    world_event(&world, "new1", 1, false);
    world_take(&world);
    world_ack(&world, 50, 7);
    assert_asks_from(1);
    world_ack(&world, 1, 7);
    world_take(&world);
    world_break(&world);
    assert_asks_from(7);
}

Test(client, asks_nothing_more_where_the_new_numbers_are_all_there)
{
    begin_reconnected(50);
    world_event(&world, "new1", 1, false);
    world_event(&world, "new2", 2, false);
    world_take(&world);
    world_ack(&world, 50, 2);
    cr_assert_eq(world_take_count(&world, "\"type\":\"resync\""), 0);
}

Test(client, takes_the_repeated_ack_of_an_earlier_question_for_no_answer)
{
    begin_reconnected(50);
    world_take(&world);
    world_ack(&world, 50, 2);
    world_ack(&world, 50, 2);
    cr_assert_eq(world_take_count(&world, "resynced"), 1);
    world_ack(&world, 0, 2);
    cr_assert_eq(world_take_count(&world, "resynced"), 1);
}

/* Asked twice for want of an ack, and both are answered at last. */
Test(client, asks_about_a_reset_once_though_two_acks_show_it)
{
    begin_reconnected(50);
    world_wait(&world, 1200);
    cr_assert_eq(world_take_count(&world, "\"type\":\"resync\""), 2);
    world_ack(&world, 50, 2);
    world_ack(&world, 50, 2);
    cr_assert_eq(world_take_count(&world, "\"type\":\"resync\""), 1);
    world_wait(&world, 1200); /* the question in the new numbering is still unanswered */
    assert_asks_from(0);
}

Test(client, sees_a_reset_by_a_lower_number_where_no_ack_comes)
{
    begin_reconnected(50);
    world_event(&world, "new1", 1, false);
    world_event(&world, "new2", 2, false);
    world_take(&world);
    world_break(&world);
    assert_asks_from(2);
}

Test(client, takes_known_events_with_lower_numbers_for_no_reset)
{
    begin_reconnected(50);
    world_event(&world, "id7", 7, false);
    world_take(&world);
    world_break(&world);
    assert_asks_from(50);
    world_ack(&world, 50, 50);
    world_event(&world, "late", 3, false);
    cr_assert_eq(world_take_count(&world, EVENT), 1);
    world_break(&world);
    assert_asks_from(50);
}

Test(client, asks_for_what_it_missed_of_a_new_numbering_it_saw_by_number)
{
    begin_reconnected(50);
    world_event(&world, "new9", 9, false);
    world_take(&world);
    world_ack(&world, 50, 9);
    assert_asks_from(0);
}

/* ---- the same event ---- */

Test(client, dispatches_an_event_with_an_id_once)
{
    begin_reconnected(2);
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
    begin_reconnected(2);
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
    begin_reconnected(2);
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
    begin_reconnected(1);
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
    begin_reconnected(1);
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
