#include "core/client_policy.h"

#include "core/client_test_world.h"
#include "core/rules.h"

/* What the mutants are told apart by: each script touches a few rules. */

static void finish(struct world *world)
{
    client_stop(world->client, world->now);
    world_drain(world);
    world_event(world, "after stop", 900, false);
    world_close(world, 0, 1000);
    world_wait(world, 1000);
}

/* Loss, replay from ring and rows, live events in between, another loss. */
static void play_replay(struct world *world)
{
    world_open(world, "Mon, 01 Jun 2026 08:00:00 GMT");
    world_event(world, "a", 1, false);
    world_event(world, "b", 2, false);
    world_message(world, "{\"type\":\"custom\",\"agent_seq\":3}");
    world_reaction(world, "live", 4, false);
    world_wait(world, 100);
    world_event(world, "fence", 0, false);
    world_break(world);
    world_event(world, "overtakes", 9, false);
    world_reaction(world, "live", 4, false);
    world_reaction(world, "ring", 5, false);
    world_event(world, "row", 0, true);
    world_event(world, "a", 0, true);
    world_event(world, "f", 6, false);
    world_reaction(world, "ring", 0, true);
    world_message(world, "{\"type\":\"pong\",\"agent_seq\":8}");
    world_break(world);
    world_event(world, "g", 7, false);
    world_ack(world, 6, 9);
    world_message(world, "{\"type\":\"thread.reply\",\"id\":\"a\"}");
    world_event(world, "last", 10, false);
    world_break(world);
    world_ack(world, 10, 10);
    finish(world);
}

/* The same numbers again, lower ones, and an ack that tells. */
static void play_reset(struct world *world)
{
    world_open(world, NULL);
    for (int number = 1; number < 9; number++) {
        char id[16];
        snprintf(id, sizeof id, "id%d", number);
        world_event(world, id, number, false);
    }
    world_break(world);
    world_event(world, "new1", 1, false);
    world_ack(world, 8, 1);
    world_ack(world, 0, 1);
    world_break(world);
    world_ack(world, 1, 1);
    finish(world);
}

/* A live event overtakes a replay that is cut at once; then only the ack tells of a reset. */
static void play_cut(struct world *world)
{
    world_open(world, NULL);
    world_event(world, "a", 1, false);
    world_break(world);
    world_event(world, "overtakes", 9, false);
    world_break(world);
    world_ack(world, 1, 0);
    finish(world);
}

/* More ids than anybody remembers. */
static void play_many_ids(struct world *world)
{
    world_open(world, NULL);
    for (int round = 0; round < 2; round++)
        for (int i = round ? 2500 : 0; i < 5000; i++) {
            char id[16];
            snprintf(id, sizeof id, "id%d", i);
            world_event(world, id, 0, false);
        }
    finish(world);
}

static void play_malformed(struct world *world)
{
    world_open(world, NULL);
    world_break(world);
    world_message(world, "{");
    world_event(world, "a", 1, false);
    world_close(world, 0, 1000);
    world_wait(world, 500);
    finish(world);
}

static void play_handlers(struct world *world)
{
    world_open(world, NULL);
    client_throw(world->client);
    world_event(world, "a", 1, false);
    world_event(world, "b", 2, false);
    world_wait(world, 100000);
    finish(world);
}

static void play_losses(struct world *world)
{
    world_close(world, 503, 0);
    world_wait(world, 500);
    for (int i = 0; i < 4; i++) {
        world_open(world, NULL);
        world_close(world, 0, i % 2 ? 1000 : 0);
        world_wait(world, 30);
    }
    world_wait(world, 500);
    world_open(world, NULL);
    world_event(world, "a", 1, false);
    for (int i = 0; i < 8; i++) {
        world_close(world, 0, 0);
        world_wait(world, 500);
    }
    finish(world);
}

static void (*const scripts[])(struct world *world) = {
    play_replay, play_reset, play_cut, play_many_ids, play_malformed, play_handlers, play_losses,
};
#define SCRIPT_COUNT (sizeof scripts / sizeof scripts[0])

static char *play(size_t script, const struct client_policy *policy)
{
    struct client_options options = CLIENT_OPTIONS_DEFAULT;
    options.max_reconnect_attempts = 5;
    struct world world;
    world_begin(&world, &options, policy);
    scripts[script](&world);
    char *log = buffer_take_text(&world.log);
    world_end(&world);
    return log;
}

Test(client_policy, every_mutant_behaves_differently_from_the_reference)
{
    char *expected[SCRIPT_COUNT];
    for (size_t script = 0; script < SCRIPT_COUNT; script++)
        expected[script] = play(script, &client_policy_at(0)->policy);
    const struct client_policy_info *info;
    for (size_t index = 1; (info = client_policy_at(index)) != NULL; index++) {
        bool differs = false;
        for (size_t script = 0; script < SCRIPT_COUNT && !differs; script++) {
            char *log = play(script, &info->policy);
            differs = strcmp(log, expected[script]) != 0;
            free(log);
        }
        cr_expect(differs, "%s", info->name);
    }
    for (size_t script = 0; script < SCRIPT_COUNT; script++)
        free(expected[script]);
}

Test(client_policy, every_mutant_names_a_rule_that_clients_can_break)
{
    cr_assert_str_eq(client_policy_at(0)->name, "reference");
    cr_assert_str_eq(client_policy_at(0)->rule, "");
    const struct client_policy_info *info;
    for (size_t index = 1; (info = client_policy_at(index)) != NULL; index++) {
        cr_expect_lt(rule_find(span_of(info->rule)), RULE_STEP, "%s", info->name);
        cr_expect_str_not_empty(info->sentence);
    }
    cr_assert_null(client_policy_at(client_policy_count()));
}

Test(client_policy, finds_every_policy_by_its_name)
{
    for (size_t index = 0; index < client_policy_count(); index++) {
        const struct client_policy_info *info = client_policy_at(index);
        struct client_policy found = {.dedupe_count = 7};
        cr_assert_str_eq(client_policy_names()[index], info->name);
        cr_assert(client_policy_find(info->name, &found));
        cr_assert_eq(memcmp(&found, &info->policy, sizeof found), 0, "%s: listed twice?",
                     info->name);
    }
    cr_assert_not(client_policy_find("refrence", NULL));
    cr_assert_not(client_policy_find("", NULL));
}

Test(client_policy, a_mutant_differs_from_the_reference_in_its_policy)
{
    for (size_t a = 0; a < client_policy_count(); a++)
        for (size_t b = 0; b < a; b++)
            cr_expect_neq(memcmp(&client_policy_at(a)->policy, &client_policy_at(b)->policy,
                                 sizeof(struct client_policy)), 0, "%s and %s",
                          client_policy_at(a)->name, client_policy_at(b)->name);
}
