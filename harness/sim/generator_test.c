#include "sim/generator.h"

#include "core/text.h"
#include "sim/world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct generator_config all_of(enum generator_length length, uint64_t seed)
{
    return (struct generator_config){
        .length = length, .capabilities = sim_capabilities(), .seed = seed};
}

static struct scenario *load(const struct generator_config *config, struct buffer *text)
{
    struct choices choices;
    choices_init_seed(&choices, config->seed);
    return generator_load(&choices, config, text);
}

static int64_t published_count(const struct scenario *scenario)
{
    int64_t count = 0;
    for (size_t i = 0; i < scenario->step_count; i++)
        if (scenario->steps[i].verb == VERB_PUBLISH)
            count += scenario->steps[i].publish.count;
    return count;
}

Test(generator, every_seed_gives_a_scenario_that_the_loader_takes)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct generator_config config = all_of((enum generator_length)(seed % 3), seed);
        config.is_live = seed % 2;
        struct scenario *scenario = load(&config, &text);
        cr_expect_gt(scenario->step_count, 4);
        scenario_free(scenario);
    }
    buffer_free(&text);
}

Test(generator, a_seed_gives_the_same_text_on_every_machine)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    for (uint64_t seed = 1; seed <= 500; seed++) {
        struct generator_config config = all_of(GENERATOR_MIXED, seed);
        struct choices choices;
        choices_init_seed(&choices, seed);
        generator_write(&choices, &config, &text);
    }
    uint64_t hash = text_hash(text.data, text.size_bytes);
    cr_expect_eq(hash, UINT64_C(0xb041b3b7e4f47e98),
                 "%zu bytes with the hash 0x%016lx: change it only if the generator was meant to "
                 "change",
                 text.size_bytes, hash);
    buffer_free(&text);
}

Test(generator, a_short_session_has_about_40_events_and_3_losses_on_either_stream)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    int64_t sessions[2] = {0}, events[2] = {0}, accepts[2] = {0};
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct generator_config config = all_of(GENERATOR_SHORT, seed);
        struct scenario *scenario = load(&config, &text);
        sessions[scenario->dialect]++;
        events[scenario->dialect] += published_count(scenario);
        for (size_t i = 0; i < scenario->step_count; i++)
            accepts[scenario->dialect] += scenario->steps[i].verb == VERB_ACCEPT;
        cr_expect_lt(published_count(scenario), 400);
        scenario_free(scenario);
    }
    for (int dialect = DIALECT_AGENT; dialect <= DIALECT_NODE; dialect++) {
        double count = (double)sessions[dialect];
        double mean_events = (double)events[dialect] / count;
        double mean_losses = (double)accepts[dialect] / count - 1;
        cr_expect(mean_events > 30 && mean_events < 50, "%f events", mean_events);
        cr_expect(mean_losses > 2.5 && mean_losses < 4, "%f losses", mean_losses);
    }
    cr_expect(sessions[DIALECT_NODE] > 200 && sessions[DIALECT_NODE] < 500,
              "%ld of the node stream", sessions[DIALECT_NODE]);
    buffer_free(&text);
}

/* What the node stream has beside drops: else its sessions show only half of it. */
Test(generator, everything_that_the_node_stream_knows_is_made_up)
{
    static const char *const texts[] = {
        "\"register\": \"error\"", "\"register\": \"omit\"", "\"register\": \"twice\"",
        "\"delivery_ack\": \"ignore\"", "\"token\": \"token-1\"", "\"at\": \"token\"",
        "\"live_before_replay\"", "\"cut_replay_after\"", "\"seq\": \"none\"", "\"live\": false",
        "\"context.update\"", "\"how\": \"mid-frame\"", "\"do\": \"slow\"", "\"do\": \"throw\"",
        "\"restart\"", "\"how\": \"stall\"",
    };
    bool is_made[sizeof texts / sizeof *texts] = {0};
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct generator_config config = all_of(GENERATOR_SHORT, seed);
        struct scenario *scenario = load(&config, &text);
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            if (scenario->dialect == DIALECT_NODE && strstr(buffer_text(&text), texts[i]))
                is_made[i] = true;
        scenario_free(scenario);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect(is_made[i], "%s", texts[i]);
    buffer_free(&text);
}

/* Whatever bytes a fuzzer hands in, and also when they end in the middle. */
Test(generator, any_bytes_give_a_valid_scenario)
{
    uint8_t bytes[400];
    struct buffer text;
    struct choices noise;
    buffer_init(&text, BUFFER_NO_LIMIT);
    choices_init_seed(&noise, 1);
    for (size_t size_bytes = 0; size_bytes < sizeof bytes; size_bytes++) {
        struct generator_config config = all_of(GENERATOR_SHORT, size_bytes);
        struct choices choices;
        for (size_t i = 0; i < size_bytes; i++)
            bytes[i] = (uint8_t)choices_below(&noise, 256);
        choices_init_bytes(&choices, bytes, size_bytes);
        struct scenario *scenario = generator_load(&choices, &config, &text);
        cr_expect_gt(scenario->step_count, 2);
        scenario_free(scenario);
    }
    buffer_free(&text);
}

Test(generator, nothing_is_made_up_that_the_driver_cannot_do)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct generator_config config = {.is_live = true, .seed = seed};
        struct scenario *scenario = load(&config, &text);
        const char *because = NULL, *needed = scenario_needed_capability(scenario, 0, &because);
        cr_expect_null(needed, "seed %lu needs %s: %s", seed, needed, because);
        scenario_free(scenario);
    }
    buffer_free(&text);
}

Test(generator, live_there_is_no_wait_and_nothing_hangs)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct generator_config config = all_of(GENERATOR_MIXED, seed);
        config.is_live = true;
        struct scenario *scenario = load(&config, &text);
        cr_expect_not(scenario_has_verb(scenario, VERB_WAIT));
        cr_expect_null(strstr(buffer_text(&text), "\"stall\""));
        cr_expect_null(strstr(buffer_text(&text), "\"silent\""));
        scenario_free(scenario);
    }
    buffer_free(&text);
}
