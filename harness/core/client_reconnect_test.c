#include "core/client.h"

#include "core/client_test_world.h"

#include <criterion/criterion.h>

static struct world world;

static void end(void)
{
    world_take(&world);
    world_end(&world);
}

TestSuite(client_reconnect, .fini = end);

static struct client_options options_of(int64_t base_ms, int64_t max_ms)
{
    struct client_options options = CLIENT_OPTIONS_DEFAULT;
    options.reconnect_base_ms = base_ms;
    options.reconnect_max_ms = max_ms;
    return options;
}

/* How long the client waits before it connects. */
static int64_t next_delay_ms(void)
{
    int64_t delay_ms = (client_deadline_us(world.client) - world.now.monotonic_us) / 1000;
    world_wait(&world, delay_ms);
    cr_assert_eq(world_take_count(&world, "connect \n"), 1);
    return delay_ms;
}

Test(client_reconnect, waits_twice_as_long_each_time_up_to_the_greatest_delay)
{
    static const int64_t delays_ms[] = {20, 40, 80, 150, 150};
    struct client_options options = options_of(20, 150);
    world_begin(&world, &options, NULL);
    world_take(&world);
    for (int i = 0; i < 5; i++) {
        world_close(&world, i % 2 ? 503 : 0, 0);
        cr_assert_eq(next_delay_ms(), delays_ms[i]);
    }
}

Test(client_reconnect, starts_small_again_after_a_connection_that_carried_a_frame)
{
    world_begin(&world, NULL, NULL);
    for (int i = 0; i < 4; i++) {
        world_close(&world, 0, 0);
        world_take(&world);
        next_delay_ms();
    }
    world_open(&world, NULL);
    world_event(&world, "a", 1, false);
    world_close(&world, 0, 1000);
    world_take(&world);
    cr_assert_eq(next_delay_ms(), 20);
}

Test(client_reconnect, slows_down_for_a_server_that_accepts_and_closes_at_once)
{
    world_begin(&world, NULL, NULL);
    for (int64_t delay_ms = 20; delay_ms <= 320; delay_ms *= 2) {
        world_open(&world, NULL);
        world_close(&world, 0, 1000);
        world_take(&world);
        cr_assert_eq(next_delay_ms(), delay_ms);
    }
    world_open(&world, NULL);
    world_wait(&world, 500);
    world_close(&world, 0, 0);
    world_take(&world);
    cr_assert_eq(next_delay_ms(), 20, "it has lasted");
}

Test(client_reconnect, keeps_jitter_within_half_of_the_delay)
{
    struct client_options options = options_of(100, 100);
    options.reconnect_jitter = true;
    world_begin(&world, &options, NULL);
    int64_t least_ms = 1000, greatest_ms = 0;
    world_take(&world);
    for (int i = 0; i < 500; i++) {
        world_close(&world, 0, 0);
        int64_t delay_ms = next_delay_ms();
        cr_assert(delay_ms >= 50 && delay_ms <= 150);
        least_ms = delay_ms < least_ms ? delay_ms : least_ms;
        greatest_ms = delay_ms > greatest_ms ? delay_ms : greatest_ms;
    }
    cr_assert(least_ms < 60 && greatest_ms > 140);
}

Test(client_reconnect, gives_up_visibly_at_its_limit_and_comes_back_when_asked)
{
    struct client_options options = CLIENT_OPTIONS_DEFAULT;
    options.max_reconnect_attempts = 2;
    world_begin(&world, &options, NULL);
    for (int i = 0; i < 3; i++) {
        world_close(&world, 401, 0);
        world_wait(&world, 500);
    }
    const char *log = world_take(&world);
    cr_assert_eq(world_count(log, "reconnecting"), 2);
    cr_assert_not_null(strstr(log, "report {\"ev\":\"permanently_disconnected\",\"attempt\":2}"));
    cr_assert_not_null(strstr(log, "refused with HTTP 401"));
    cr_assert_eq(client_deadline_us(world.client), INT64_MAX);
    client_reconnect(world.client, world.now);
    world_drain(&world);
    cr_assert_str_eq(world_take(&world), "connect \n");
}

Test(client_reconnect, gives_up_at_once_where_no_attempt_is_allowed)
{
    struct client_options options = CLIENT_OPTIONS_DEFAULT;
    options.max_reconnect_attempts = 0;
    world_begin(&world, &options, NULL);
    world_open(&world, NULL);
    world_close(&world, 0, 0);
    cr_assert_not_null(strstr(world_take(&world), "permanently_disconnected\",\"attempt\":0"));
}

Test(client_reconnect, opens_the_next_connection_only_when_the_old_one_has_ended)
{
    world_begin(&world, NULL, NULL);
    world_open(&world, NULL);
    world_take(&world);
    client_reconnect(world.client, world.now);
    world_drain(&world);
    cr_assert_str_eq(world_take(&world), "close \n");
    world_event(&world, "on its way", 1, false);
    cr_assert_eq(world_take_count(&world, "event"), 1);
    world_wait(&world, 1000);
    cr_assert_str_eq(world_take(&world), "abort \n");
    world_close(&world, 0, 0);
    cr_assert_eq(world_take_count(&world, "connect \n"), 1);
}

Test(client_reconnect, abandons_a_handshake_that_takes_too_long)
{
    world_begin(&world, NULL, NULL);
    world_take(&world);
    world_wait(&world, 10000);
    cr_assert_str_eq(world_take(&world), "close \n");
    world_close(&world, 0, 0);
    cr_assert_not_null(strstr(world_take(&world), "connecting took too long"));
    next_delay_ms();
}

static struct client_options keepalive_options(void)
{
    struct client_options options = CLIENT_OPTIONS_DEFAULT;
    options.ping_ms = 100;
    options.pong_timeout_ms = 50;
    return options;
}

Test(client_reconnect, notices_a_connection_on_which_nothing_comes)
{
    struct client_options options = keepalive_options();
    world_begin(&world, &options, NULL);
    world_open(&world, NULL);
    world_take(&world);
    world_wait(&world, 149);
    cr_assert_str_eq(world_take(&world), "send {\"type\":\"ping\"}\n");
    world_wait(&world, 1);
    cr_assert_str_eq(world_take(&world), "abort \n");
    world_close(&world, 0, 0);
    cr_assert_eq(world_take_count(&world, "reconnecting"), 1);
}

Test(client_reconnect, takes_anything_that_comes_for_a_sign_of_life)
{
    struct client_options options = keepalive_options();
    world_begin(&world, &options, NULL);
    world_open(&world, NULL);
    world_wait(&world, 110);
    client_piece(world.client, world.now);
    world_wait(&world, 110);
    world_message(&world, "no JSON at all");
    world_wait(&world, 110);
    world_message(&world, "{\"type\":\"pong\"}");
    world_take(&world);
    world_wait(&world, 60);
    cr_assert_eq(world_take_count(&world, "abort"), 0);
}
