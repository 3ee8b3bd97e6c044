/* What the client asks for after a reconnect, and how it takes the answer. */
#include "core/client.h"

#include "core/client_test_world.h"

#include <criterion/criterion.h>

#define RESYNC "send {\"type\":\"resync\""
#define EVENT  "report {\"ev\":\"event\""

static struct world world;

static void end(void)
{
    world_take(&world);
    world_end(&world);
}

static void assert_asks_from(int number)
{
    char part[64];
    snprintf(part, sizeof part, RESYNC ",\"last_seen_seq\":%d,", number);
    const char *log = world_take(&world);
    cr_assert_eq(world_count(log, part), 1, "not %d: %s", number, log);
    cr_assert_eq(world_count(log, RESYNC), 1, "more than one: %s", log);
}

TestSuite(client_resync, .fini = end);

/* ---- the cursor ---- */

Test(client_resync, does_not_count_over_a_hole)
{
    world_begin_reconnected(&world, 2);
    world_event(&world, "overtakes", 9, false);
    world_event(&world, "id3", 3, false);
    world_take(&world);
    world_break(&world);
    assert_asks_from(3);
}

Test(client_resync, counts_unknown_types_but_neither_rows_nor_control_frames)
{
    world_begin_reconnected(&world, 2);
    world_event(&world, "row", 0, true);
    world_message(&world, "{\"type\":\"never.heard.of\",\"agent_seq\":3}");
    world_message(&world, "{\"type\":\"pong\",\"agent_seq\":4}");
    world_message(&world, "{\"type\":\"x\",\"agent_seq\":3.5}");
    world_take(&world);
    world_break(&world);
    assert_asks_from(3);
}

Test(client_resync, advances_to_what_an_ack_says_and_no_malformed_one)
{
    world_begin_reconnected(&world, 2);
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

Test(client_resync, asks_once_about_a_hole_but_not_on_its_first_connection)
{
    world_begin(&world, NULL, NULL);
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
Test(client_resync, asks_again_after_a_second_of_silence_and_not_while_a_long_event_comes)
{
    world_begin_reconnected(&world, 3);
    world_take(&world);
    for (int piece = 0; piece < 5; piece++) {
        world_wait(&world, 900);
        client_piece(world.client, world.now);
    }
    cr_assert_eq(world_take_count(&world, RESYNC), 0);
    world_wait(&world, 1200);
    cr_assert_eq(world_take_count(&world, RESYNC), 1);
}

Test(client_resync, reports_the_ack_to_its_resync_once)
{
    world_begin_reconnected(&world, 2);
    world_ack(&world, 2, 2);
    world_ack(&world, 2, 2);
    const char *log = world_take(&world);
    cr_assert_eq(world_count(log, "report {\"ev\":\"resynced\",\"replayed\":3,"
                                  "\"gap_detected\":false}"), 1);
    cr_assert_eq(world_count(log, EVENT), 2);
}

Test(client_resync, does_not_ask_again_because_of_an_ack_with_a_wrong_echo)
{
    world_begin_reconnected(&world, 2);
    world_ack(&world, 77, 1);
    world_take(&world);
    world_wait(&world, 5000);
    cr_assert_eq(world_take_count(&world, RESYNC), 0);
    world_ack(&world, 2, 5);
    cr_assert_eq(world_take_count(&world, "resynced"), 1);
}

Test(client_resync, asks_three_times_where_no_ack_comes_and_goes_on)
{
    world_begin_reconnected(&world, 2);
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

Test(client_resync, gives_since_by_the_clock_of_the_server)
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

Test(client_resync, gives_since_by_its_own_clock_where_the_server_tells_none)
{
    struct client_options options = CLIENT_OPTIONS_DEFAULT;
    options.clock_skew_ms = 60000;
    world_begin(&world, &options, NULL);
    world_open(&world, NULL);
    world_event(&world, "a", 1, false);
    world_break(&world);
    assert_since("\"since\":\"2026-06-01T09:59:59.000Z\"");
}

Test(client_resync, does_not_move_since_for_a_replay_that_is_cut)
{
    world_begin_reconnected(&world, 1);
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

Test(client_resync, asks_from_zero_when_the_ack_shows_a_reset)
{
    world_begin_reconnected(&world, 50);
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

Test(client_resync, mixes_no_numbers_of_a_numbering_that_has_outgrown_its_question)
{
    world_begin_reconnected(&world, 3);
    world_event(&world, "overtakes", 34, false);
    world_break(&world);
    world_event(&world, "new4", 4, false);
    world_take(&world);
    world_ack(&world, 3, 7);
    world_break(&world);
    assert_asks_from(7);
}

/* They were published behind the answer, and overtook its ack. */
Test(client_resync, takes_live_numbers_above_a_late_ack_for_no_reset)
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

Test(client_resync, asks_for_what_the_ack_shows_behind_a_number_that_showed_the_reset)
{
    world_begin_reconnected(&world, 50);
    world_event(&world, "new1", 1, false);
    world_take(&world);
    world_ack(&world, 50, 7);
    assert_asks_from(1);
    world_ack(&world, 1, 7);
    world_take(&world);
    world_break(&world);
    assert_asks_from(7);
}

Test(client_resync, asks_nothing_more_where_the_new_numbers_are_all_there)
{
    world_begin_reconnected(&world, 50);
    world_event(&world, "new1", 1, false);
    world_event(&world, "new2", 2, false);
    world_take(&world);
    world_ack(&world, 50, 2);
    cr_assert_eq(world_take_count(&world, "\"type\":\"resync\""), 0);
}

Test(client_resync, takes_the_repeated_ack_of_an_earlier_question_for_no_answer)
{
    world_begin_reconnected(&world, 50);
    world_take(&world);
    world_ack(&world, 50, 2);
    world_ack(&world, 50, 2);
    cr_assert_eq(world_take_count(&world, "resynced"), 1);
    world_ack(&world, 0, 2);
    cr_assert_eq(world_take_count(&world, "resynced"), 1);
}

/* Asked twice for want of an ack, and both are answered at last. */
Test(client_resync, asks_about_a_reset_once_though_two_acks_show_it)
{
    world_begin_reconnected(&world, 50);
    world_wait(&world, 1200);
    cr_assert_eq(world_take_count(&world, "\"type\":\"resync\""), 2);
    world_ack(&world, 50, 2);
    world_ack(&world, 50, 2);
    cr_assert_eq(world_take_count(&world, "\"type\":\"resync\""), 1);
    world_wait(&world, 1200); /* the question in the new numbering is still unanswered */
    assert_asks_from(0);
}

Test(client_resync, sees_a_reset_by_a_lower_number_where_no_ack_comes)
{
    world_begin_reconnected(&world, 50);
    world_event(&world, "new1", 1, false);
    world_event(&world, "new2", 2, false);
    world_take(&world);
    world_break(&world);
    assert_asks_from(2);
}

Test(client_resync, takes_known_events_with_lower_numbers_for_no_reset)
{
    world_begin_reconnected(&world, 50);
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

Test(client_resync, asks_for_what_it_missed_of_a_new_numbering_it_saw_by_number)
{
    world_begin_reconnected(&world, 50);
    world_event(&world, "new9", 9, false);
    world_take(&world);
    world_ack(&world, 50, 9);
    assert_asks_from(0);
}
