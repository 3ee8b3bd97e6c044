/* What the generator can have happen on the node stream alone (protocol.md, section 5). */
#include "sim/generator_internal.h"

/* ---- frames ---- */

/* No deliveries: broken ones, answers that nobody waits for, and what is pushed beside them. */
static void write_frame(struct generator *generator)
{
    static const char *const frames[] = {
        "\"text\": \"no JSON {\"",
        "\"text\": \"\"",
        "\"text\": \"{\\\"v\\\":1,\\\"type\\\":\\\"deliver\\\",\\\"seq\\\":\"",
        "\"binary\": \"00ff\"",
        "\"frame\": [1, 2]",
        "\"frame\": {\"v\": 1}",
        "\"frame\": {\"v\": 1, \"type\": 7}",
        "\"frame\": {\"v\": 1, \"type\": \"deliver\"}",
        "\"frame\": {\"v\": 1, \"type\": \"deliver\", \"agent\": \"gapcheck-agent\", \"seq\": null,"
        " \"payload\": {\"type\": \"message.created\", \"data\": {}}}",
        "\"frame\": {\"v\": 1, \"type\": \"deliver\", \"agent\": 3, \"seq\": \"2\","
        " \"payload\": []}",
        "\"frame\": {\"v\": 1, \"type\": \"reply\", \"id\": \"of-nothing\", \"ok\": true,"
        " \"data\": null}",
        "\"frame\": {\"v\": 1, \"type\": \"error\", \"id\": \"of-nothing\", \"ok\": false,"
        " \"code\": \"unknown\", \"message\": \"nothing was asked\"}",
        "\"frame\": {\"v\": 1, \"type\": \"context.update\", \"topic\": \"presence\","
        " \"event\": \"agent.status.idle\", \"data\": {\"agent\": {\"name\": \"${marker}\"},"
        " \"status\": \"idle\"}}",
        "\"frame\": {\"v\": 1, \"type\": \"action.invoke\", \"invocation_id\": \"${marker}\","
        " \"action\": \"deploy\", \"input\": {}}",
        "\"frame\": {\"v\": 1, \"type\": \"ping\"}",
        "\"frame\": {\"v\": 1, \"type\": \"space.weather\", \"seq\": 900,"
        " \"agent\": \"gapcheck-agent\"}",
    };
    generator_settle(generator);
    generator_step(generator, "\"send\": { %s }",
                   choices_text(generator->choices, frames, sizeof frames / sizeof *frames));
}

/* ---- the server's behaviour ---- */

static uint32_t choose_delay_ms(struct generator *generator)
{
    if (generator->is_long)
        return 0;
    return choices_between(generator->choices, 1, generator->config->is_live ? 2 : 30);
}

/* A redelivery that a live one overtakes and that is then cut, slowly enough for the live one to be
 * acknowledged before (C-19). */
static void write_overtaken_cut(struct generator *generator)
{
    struct choices *choices = generator->choices;
    generator_step(generator,
                   "\"set\": { \"live_before_replay\": %u, \"cut_replay_after\": %u, "
                   "\"write_delay_ms\": %u }",
                   choices_between(choices, 1, 2), choices_below(choices, 4),
                   choose_delay_ms(generator));
}

static void write_set(struct generator *generator)
{
    struct choices *choices = generator->choices;
    switch (choices_below(choices, 6)) {
    case 0:
        generator_cut(generator);
        break;
    case 1:
        generator_step(generator, "\"set\": { \"live_before_replay\": %u }",
                       choices_between(choices, 1, 3));
        break;
    case 2:
        generator_step(generator, "\"set\": { \"register\": \"%s\" }",
                       CHOICES_ONE_OF(choices, "auto", "omit", "twice"));
        break;
    case 3:
        generator_step(generator, "\"set\": { \"delivery_ack\": \"%s\" }",
                       CHOICES_ONE_OF(choices, "auto", generator->is_long ? "auto" : "ignore"));
        break;
    case 4:
        generator_step(generator, "\"set\": { \"write_delay_ms\": %u }",
                       choices_chance(choices, 60) ? 0 : choose_delay_ms(generator));
        break;
    case 5:
        write_overtaken_cut(generator);
        break;
    }
}

/* ---- how connections end, and what happens while there is none ---- */

static void write_restart(struct generator *generator)
{
    struct choices *choices = generator->choices;
    /* A port that is closed is a failed attempt, where attempts are counted. */
    bool is_down =
        choices_chance(choices, 40) && generator->ending != GENERATOR_ENDING_GAVE_UP;
    uint32_t down_ms =
        is_down ? choices_below(choices, generator->config->is_live ? 60 : 300) : 0;
    generator_step(generator, "\"restart\": { \"down_ms\": %u, \"how\": \"%s\" }", down_ms,
                   CHOICES_ONE_OF(choices, "reset", "fin", "mid-frame", "close"));
}

/* Tokens expire. It is settled before, so that no token is on its way when it changes. */
static void write_token(struct generator *generator)
{
    generator_settle(generator);
    generator_step(generator, "\"set\": { \"token\": \"token-%u\" }", ++generator->token_count);
    generator_drop(generator);
}

/* The registration is refused: by a server that closes the connection, or leaves that, and whether
 * to register on it once more, to the client. */
static void write_refused_registration(struct generator *generator)
{
    generator_settle(generator);
    generator_step(generator, "\"set\": { \"register\": \"error\" }");
    generator_step(generator, "\"drop\": {}");
    if (choices_chance(generator->choices, 60))
        generator_publish(generator);
    generator_step(generator, "\"accept\": {}");
    generator_step(generator, "\"expect\": { \"frame\": \"node.register\" }");
    bool is_closed = choices_chance(generator->choices, 40);
    if (is_closed)
        generator_step(generator, "\"close\": { \"code\": 1008 }");
    generator_step(generator, "\"set\": { \"register\": \"auto\" }");
    if (is_closed)
        return;
    generator_settle(generator);
    generator_step(generator, "\"drop\": {}");
}

static void write_refused_token(struct generator *generator)
{
    struct choices *choices = generator->choices;
    bool may_stall = !generator->config->is_live && generator->ending != GENERATOR_ENDING_GAVE_UP;
    switch (choices_below(choices, may_stall ? 3 : 2)) {
    case 0:
        generator_step(generator,
                       "\"refuse\": { \"at\": \"token\", \"times\": %u, \"status\": %s }",
                       choices_between(choices, 1, 2),
                       CHOICES_ONE_OF(choices, "503", "500", "429", "404", "401"));
        break;
    case 1:
        generator_step(generator,
                       "\"refuse\": { \"at\": \"token\", \"times\": %u, \"how\": \"reset\" }",
                       choices_between(choices, 1, 2));
        break;
    case 2:
        generator_step(generator, "\"refuse\": { \"at\": \"token\", \"how\": \"stall\" }");
        break;
    }
}

static void write_outage(struct generator *generator)
{
    struct choices *choices = generator->choices;
    for (uint32_t left = choices_below(choices, 4); left > 0; left--)
        generator_publish(generator);
    if (choices_chance(choices, 30))
        write_set(generator);
    if (choices_chance(choices, 8))
        generator_refusal(generator);
    if (choices_chance(choices, 8))
        write_refused_token(generator);
}

static void write_accept(struct generator *generator)
{
    struct choices *choices = generator->choices;
    if (choices_chance(choices, 6)) { /* gone, perhaps before it has registered */
        generator_step(generator, "\"accept\": {}");
        generator_step(generator, "\"drop\": { \"how\": \"%s\" }",
                       CHOICES_ONE_OF(choices, "reset", "fin", "close"));
    }
    if (choices_chance(choices, 4))
        generator_step(generator, "\"accept\": { \"with\": [ { \"text\": \"{]\" } ] }");
    else
        generator_step(generator, "\"accept\": {}");
}

/* ---- the tables ---- */

void generator_node_live_action(struct generator *generator)
{
    static const struct generator_action actions[] = {
        {40, generator_publish, -1},
        {12, generator_settle, -1},
        {12, write_set, -1},
        {6, generator_again, -1},
        {5, write_frame, -1},
        {3, generator_pieces, -1},
        {3, generator_same_id, -1},
        {2, generator_violation, -1},
        {1, generator_large, -1},
        {4, generator_slow, DRIVER_CAPABILITY_SLOW},
        {2, generator_throw, DRIVER_CAPABILITY_THROW},
    };
    generator_draw(generator, actions, sizeof actions / sizeof *actions);
}

void generator_node_loss(struct generator *generator)
{
    static const struct generator_action ends[] = {
        {56, generator_drop, -1},
        {12, write_restart, -1},
        {10, generator_close, -1},
        {6, generator_reconnect, -1},
        {5, write_token, -1},
        {5, write_refused_registration, -1},
        {2, generator_hang, -1},
        {2, generator_promise, -1},
        {2, generator_flapping, -1},
    };
    generator_draw(generator, ends, sizeof ends / sizeof *ends);
    write_outage(generator);
    write_accept(generator);
    if (generator->is_hanging)
        generator_step(generator, "\"set\": { \"pong\": \"auto\" }");
    generator->is_hanging = false;
}
