#include "sim/generator_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LONG_ONE_IN      256
#define LONG_LIVE_ONE_IN 64 /* where fewer are played, the memory of ids has to be met sooner */

/* As the mutants are shared out between the streams, 15 of 103; more would cost the agent stream,
 * which has more to go wrong. */
#define NODE_PERCENT 16

bool generator_has(const struct generator *generator, enum driver_capability capability)
{
    struct driver_capabilities set = generator->config->capabilities;
    bool is_alone =
        driver_capabilities_have(set, DRIVER_CAPABILITY_ALONE) &&
        (capability == DRIVER_CAPABILITY_THROW || capability == DRIVER_CAPABILITY_SLOW ||
         capability == DRIVER_CAPABILITY_CLOCK_SKEW);
    return !is_alone && driver_capabilities_have(set, capability);
}

void generator_step(struct generator *generator, const char *format, ...)
{
    char step[256];
    va_list arguments;
    va_start(arguments, format);
    int size_bytes = vsnprintf(step, sizeof step, format, arguments);
    va_end(arguments);
    assert(size_bytes > 0 && (size_t)size_bytes < sizeof step);
    buffer_append_text(generator->out, "    { ");
    buffer_append(generator->out, step, (size_t)size_bytes);
    buffer_append_text(generator->out, " },\n");
}

void generator_settle(struct generator *generator)
{
    generator_step(generator, "\"settle\": {}");
}

/* ---- the head ---- */

static void write_server(struct generator *generator)
{
    if (generator->is_node)
        return; /* it has no ring and no rows, and asks no clock */
    struct choices *choices = generator->choices;
    uint32_t ring = generator->is_long ? 500 : choices_between(choices, 1, 20);
    uint32_t db_limit = generator->is_long ? 1000 : choices_between(choices, 2, 30);
    /* On real sockets a clock that runs makes rows of one second, or of two, as it happens. */
    bool is_frozen = choices_chance(choices, 70) || generator->config->is_live;
    buffer_printf(generator->out,
                  "  \"server\": { \"ring\": %u, \"db_limit\": %u, \"clock\": { \"freeze\": %s",
                  ring, db_limit, is_frozen ? "true" : "false");
    if (choices_chance(choices, 30))
        buffer_printf(generator->out, ", \"skew_ms\": %d",
                      (int)choices_below(choices, 7200000) - 3600000);
    buffer_append_text(generator->out, " } },\n");
}

static void write_client(struct generator *generator)
{
    struct choices *choices = generator->choices;
    bool is_live = generator->config->is_live;
    buffer_append_text(generator->out, "  \"client\": { \"channels\": [\"general\"]");
    if (generator->has_keepalive)
        buffer_append_text(generator->out, ", \"ping_ms\": 300, \"pong_timeout_ms\": 200");
    /* A handshake that nobody answers yet is no failed attempt where attempts are counted. */
    if (!is_live && generator->ending != GENERATOR_ENDING_GAVE_UP)
        buffer_append_text(generator->out, ", \"connect_timeout_ms\": 400");
    if (!generator->is_node && generator_has(generator, DRIVER_CAPABILITY_CLOCK_SKEW) &&
        choices_chance(choices, 20))
        buffer_printf(generator->out, ", \"clock_skew_ms\": %d",
                      (int)choices_below(choices, 120000) - 60000);
    if (generator->ending == GENERATOR_ENDING_GAVE_UP)
        buffer_printf(generator->out, ", \"max_reconnect_attempts\": %u",
                      choices_between(choices, 6, 8));
    buffer_append_text(generator->out, " },\n");
}

static enum generator_ending choose_ending(struct generator *generator)
{
    uint32_t kind = choices_below(generator->choices, 100);
    if (kind >= 96 && generator_has(generator, DRIVER_CAPABILITY_BACKOFF) &&
        generator_has(generator, DRIVER_CAPABILITY_PERMANENTLY_DISCONNECTED))
        return GENERATOR_ENDING_GAVE_UP;
    return kind >= 90 ? GENERATOR_ENDING_STOPPED : GENERATOR_ENDING_SETTLED;
}

static void write_head(struct generator *generator)
{
    const struct generator_config *config = generator->config;
    buffer_printf(generator->out,
                  "{\n  \"title\": \"generated, seed %" PRIu64 "\",\n  \"rules\": [\"C-7\"],\n",
                  config->seed);
    buffer_printf(generator->out, "  \"timeout_ms\": %d,\n", config->is_live ? 60000 : 300000);
    if (generator->is_node)
        buffer_append_text(generator->out, "  \"dialect\": \"node\",\n");
    write_server(generator);
    write_client(generator);
    buffer_append_text(generator->out, "  \"steps\": [\n");
}

/* ---- the ends ---- */

/* The application disconnects; what comes then is C-28's. */
static void write_stop(struct generator *generator)
{
    struct choices *choices = generator->choices;
    if (choices_chance(choices, 50)) {
        generator_settle(generator);
        generator_step(generator, "\"drop\": {}");
        generator_publish(generator);
        generator_step(generator, "\"client\": { \"do\": \"stop\" }");
    } else {
        generator_settle(generator);
        generator_step(generator, "\"set\": { \"write_delay_ms\": 10 }");
        generator_step(generator, "\"publish\": { \"count\": %u }",
                       choices_between(choices, 1, 20));
        generator_step(generator, "\"client\": { \"do\": \"stop\" }");
        generator_publish(generator);
    }
    if (generator->config->is_live)
        generator_step(generator, "\"expect\": { \"nothing\": \"connection\", \"for_ms\": 200 }");
    else
        generator_step(generator, "\"wait\": { \"ms\": 1500 }");
}

static void write_give_up(struct generator *generator)
{
    generator_settle(generator);
    generator_step(generator, "\"drop\": {}");
    generator_step(generator, "\"refuse\": { \"times\": 20, \"how\": \"%s\" }",
                   CHOICES_ONE_OF(generator->choices, "http", "reset"));
    generator_step(generator, "\"expect\": { \"gave_up\": true, \"timeout_ms\": 20000 }");
}

static void write_end(struct generator *generator)
{
    switch (generator->ending) {
    case GENERATOR_ENDING_SETTLED:
        generator_settle(generator);
        break;
    case GENERATOR_ENDING_STOPPED:
        write_stop(generator);
        break;
    case GENERATOR_ENDING_GAVE_UP:
        write_give_up(generator);
        break;
    }
    generator->out->size_bytes -= 2; /* the last comma, and its line end */
    buffer_append_text(generator->out, "\n  ]\n}\n");
}

/* ---- the whole ---- */

static void write_first_connection(struct generator *generator)
{
    struct choices *choices = generator->choices;
    if (choices_chance(choices, 3)) {
        const char *status = CHOICES_ONE_OF(choices, "503", "500", "429");
        bool is_token = generator->is_node && choices_chance(choices, 50);
        generator_step(generator, "\"refuse\": { \"status\": %s%s }", status,
                       is_token ? ", \"at\": \"token\"" : "");
    }
    generator_step(generator, "\"accept\": {}");
    if (choices_chance(choices, 90)) {
        generator_step(generator, "\"publish\": { \"count\": %u }", choices_between(choices, 1, 5));
        generator_settle(generator);
        generator->is_numbered = true;
    } else if (choices_chance(choices, 50)) {
        generator_step(generator, "\"publish\": { \"seq\": \"none\" }");
        generator_settle(generator);
    } else if (generator->config->is_live && !generator->is_node) {
        /* Live, fewer sessions would come upon it (C-2). */
        generator_settle(generator);
        generator_step(generator,
                       "\"send\": { \"frame\": { \"type\": \"pong\", \"agent_seq\": %u } }",
                       choices_between(choices, 1, 90));
    }
}

/* An event comes again when about so many others have come as a client must remember. On the node
 * stream they have no numbers: these would be remembered for ever. */
static void write_memory_probe(struct generator *generator)
{
    struct choices *choices = generator->choices;
    const char *others = CHOICES_ONE_OF(choices, "2499", "2499", "2498", "2100", "4200", "4200");
    const char *number = generator->is_node ? ", \"seq\": \"none\"" : "";
    unsigned named = generator->named_count++;
    generator_settle(generator);
    generator_step(generator, "\"publish\": { \"as\": \"e%u\"%s }", named, number);
    generator_step(generator, "\"publish\": { \"count\": %s%s }", others, number);
    if (choices_chance(choices, 50)) {
        named = generator->named_count++;
        generator_step(generator, "\"publish\": { \"as\": \"e%u\"%s }", named, number);
        generator_step(generator, "\"publish\": { \"count\": %u%s }",
                       choices_between(choices, 1, 100), number);
    }
    generator_step(generator, "\"send\": { \"again\": \"e%u\" }", named);
    generator_settle(generator);
}

void generator_write(struct choices *choices, const struct generator_config *config,
                     struct buffer *out)
{
    struct generator generator = {.choices = choices, .config = config, .out = out};
    uint32_t long_one_in = config->is_live ? LONG_LIVE_ONE_IN : LONG_ONE_IN;
    void (*live_action)(struct generator *) = generator_agent_live_action;
    void (*loss)(struct generator *) = generator_agent_loss;
    if (driver_capabilities_have(config->capabilities, DRIVER_CAPABILITY_NODE) &&
        choices_chance(choices, NODE_PERCENT)) {
        generator.is_node = true;
        live_action = generator_node_live_action;
        loss = generator_node_loss;
    }
    generator.is_long = config->length == GENERATOR_LONG ||
                        (config->length == GENERATOR_MIXED &&
                         choices_below(choices, long_one_in) == long_one_in - 1);
    generator.ending = choose_ending(&generator);
    generator.has_keepalive = !config->is_live && choices_chance(choices, 75);
    write_head(&generator);
    write_first_connection(&generator);
    if (generator.is_long && choices_chance(choices, 60))
        write_memory_probe(&generator);
    for (uint32_t losses = choices_between(choices, 2, 4); losses > 0; losses--) {
        for (uint32_t left = choices_below(choices, 4); left > 0; left--)
            live_action(&generator);
        loss(&generator);
    }
    for (uint32_t left = choices_below(choices, 3); left > 0; left--)
        live_action(&generator);
    write_end(&generator);
}

struct scenario *generator_load(struct choices *choices, const struct generator_config *config,
                                struct buffer *text)
{
    char name[40];
    struct scenario_set set = {0};
    struct error_list errors;
    buffer_clear(text);
    generator_write(choices, config, text);
    snprintf(name, sizeof name, "generated-%" PRIu64, config->seed);
    error_list_init(&errors);
    bool is_loaded = scenario_load(buffer_text(text), text->size_bytes, name, name, &set, &errors);
    assert(is_loaded && set.count == 1); /* what it writes is valid, or the generator is wrong */
    (void)is_loaded;
    error_list_free(&errors);
    struct scenario *scenario = set.items[0];
    free(set.items);
    return scenario;
}
