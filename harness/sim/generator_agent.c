/* What the generator can have happen on the agent stream alone. */
#include "sim/generator_internal.h"

#include <stdio.h>

/* ---- time ---- */

/* No server sends an event live that is older than this, and no client has to know that it is. */
#define STALE_MS 30000

static void write_advance(struct generator *generator)
{
    struct choices *choices = generator->choices;
    uint32_t ms = choices_chance(choices, 20) ? choices_below(choices, 400000)
                                              : choices_below(choices, 3000);
    generator->advanced_ms += ms;
    if (generator->advanced_ms >= STALE_MS) {
        generator->stale_count = generator->named_count;
        generator->advanced_ms = 0;
    }
    generator_step(generator, "\"advance\": { \"ms\": %u }", ms);
}

/* ---- frames ---- */

/* Two events that speak of one message are two. */
static void write_about_one_message(struct generator *generator)
{
    generator_settle(generator);
    generator_step(generator,
                   "\"send\": { \"frame\": { \"type\": \"message.created\", \"id\": \"${id}\", "
                   "\"channel\": \"general\", \"message\": { \"id\": \"m-1\", \"agent_id\": \"a\", "
                   "\"agent_name\": \"a\", \"text\": \"${marker}\", \"attachments\": [] } } }");
    generator_step(
        generator,
        "\"send\": { \"frame\": { \"type\": \"message.reacted\", \"message_id\": \"m-1\", "
        "\"emoji\": \"eyes\", \"agent_name\": \"${marker}\", \"action\": \"added\" } }");
}

/* No events. */
static void write_frame(struct generator *generator)
{
    static const char *const frames[] = {
        "\"text\": \"no JSON {\"",
        "\"text\": \"\"",
        "\"frame\": [1, 2]",
        "\"frame\": {\"type\": 7}",
        "\"frame\": {\"type\": \"pong\", \"agent_seq\": 90}",
        "\"frame\": {\"type\": \"message.created\", \"id\": 3, \"agent_seq\": \"x\"}",
        "\"frame\": {\"type\": \"channel.archived\", \"agent_seq\": \"90\"}",
        "\"frame\": {\"type\": \"channel.archived\", \"agent_seq\": 2.5}",
        "\"frame\": {\"type\": \"channel.archived\", \"agent_seq\": -1}",
        "\"frame\": {\"type\": \"channel.archived\", \"agent_seq\": 0}",
        "\"text\": \"{\\\"type\\\":\\\"channel.archived\\\",\\\"agent_seq\\\":1e999}\"",
        "\"frame\": {\"type\": \"message.created\", \"id\": null, \"message\": \"text\"}",
        "\"frame\": {\"type\": \"resync_ack\", \"last_seen_seq\": 1, \"current_seq\": 900,"
        " \"replayed\": 0, \"gap_detected\": false}",
        "\"frame\": {\"type\": \"resync_ack\", \"current_seq\": null}",
        "\"binary\": \"00ff\"",
    };
    generator_settle(generator);
    generator_step(generator, "\"send\": { %s }",
                   choices_text(generator->choices, frames, sizeof frames / sizeof *frames));
}

/* ---- the server's behaviour ---- */

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
        generator_step(generator, "\"set\": { \"order\": \"%s\" }",
                       CHOICES_ONE_OF(choices, "ring-first", "db-first", "shuffled"));
        break;
    case 3:
        generator_step(generator, "\"set\": { \"ack\": %s }",
                       CHOICES_ONE_OF(choices, "\"auto\"", "\"auto\"", "\"omit\"", "\"twice\"",
                                      "{ \"current_seq\": null }", "{ \"gap_detected\": 1 }"));
        break;
    case 4:
        generator_step(generator, "\"set\": { \"resync\": \"%s\" }",
                       CHOICES_ONE_OF(choices, "auto", "auto", "ignore"));
        break;
    case 5:
        generator_step(generator, "\"set\": { \"write_delay_ms\": %u }",
                       choices_chance(choices, 60) || generator->is_long
                           ? 0
                           : choices_between(choices, 1, generator->config->is_live ? 2 : 30));
        break;
    }
}

/* ---- the application ---- */

static void write_subscribe(struct generator *generator)
{
    generator_step(generator, "\"client\": { \"do\": \"subscribe\", \"channels\": [\"%s\"] }",
                   CHOICES_ONE_OF(generator->choices, "support", "news"));
}

/* ---- losses ---- */

static void write_restart(struct generator *generator)
{
    struct choices *choices = generator->choices;
    char fields[120];
    int at;
#define ADD(...) at += snprintf(fields + at, sizeof fields - (size_t)at, __VA_ARGS__)
    bool keeps_counter = choices_chance(choices, 30);
    if (keeps_counter)
        at = snprintf(fields, sizeof fields, "\"counter\": \"keep\"");
    else
        at = snprintf(fields, sizeof fields, "\"counter\": %u",
                      choices_chance(choices, 60) ? 0 : choices_below(choices, 30));
    if (!keeps_counter) /* no server sends the old numbers again */
        generator->stale_count = generator->named_count;
    /* A ring of two numberings at once is none that a client can make sense of. */
    if (keeps_counter && choices_chance(choices, 20))
        ADD(", \"ring\": \"keep\"");
    if (choices_chance(choices, 20))
        ADD(", \"db\": \"empty\"");
    if (choices_chance(choices, 20) && generator->ending != GENERATOR_ENDING_GAVE_UP)
        ADD(", \"down_ms\": %u", choices_below(choices, generator->config->is_live ? 60 : 300));
#undef ADD
    generator_step(generator, "\"restart\": { %s, \"how\": \"%s\" }", fields,
                   CHOICES_ONE_OF(choices, "reset", "fin", "mid-frame", "close"));
}

static void write_outage(struct generator *generator)
{
    struct choices *choices = generator->choices;
    for (uint32_t left = choices_below(choices, 4); left > 0; left--) {
        if (choices_chance(choices, 30))
            write_advance(generator);
        else
            generator_publish(generator);
    }
    if (choices_chance(choices, 30))
        write_set(generator);
    if (choices_chance(choices, 10))
        generator_refusal(generator);
    if (generator_has(generator, DRIVER_CAPABILITY_SUBSCRIBE) && choices_chance(choices, 3))
        write_subscribe(generator);
}

static void write_accept(struct generator *generator)
{
    struct choices *choices = generator->choices;
    if (choices_chance(choices, 8) && generator_has_named(generator)) {
        /* As a row: with its number it would be an event that no resync has asked for. */
        const char *pieces = choices_chance(choices, 30) ? ", \"fragments\": 3" : "";
        generator_step(generator,
                       "\"accept\": { \"with\": [ { \"again\": \"e%u\", \"row\": true%s } ] }",
                       generator_choose_named(generator), pieces);
    } else if (choices_chance(choices, 4)) {
        generator_step(generator, "\"accept\": { \"with\": [ { \"text\": \"{]\" } ] }");
    } else {
        generator_step(generator, "\"accept\": {}");
    }
}

/* ---- the tables ---- */

void generator_agent_live_action(struct generator *generator)
{
    static const struct generator_action actions[] = {
        {40, generator_publish, -1},
        {12, generator_settle, -1},
        {10, write_advance, -1},
        {10, write_set, -1},
        {6, generator_again, -1},
        {5, write_frame, -1},
        {3, generator_pieces, -1},
        {3, generator_same_id, -1},
        {2, generator_violation, -1},
        {1, write_about_one_message, -1},
        {1, generator_large, -1},
        {3, generator_slow, DRIVER_CAPABILITY_SLOW},
        {2, generator_throw, DRIVER_CAPABILITY_THROW},
        {2, write_subscribe, DRIVER_CAPABILITY_SUBSCRIBE},
    };
    generator_draw(generator, actions, sizeof actions / sizeof *actions);
}

void generator_agent_loss(struct generator *generator)
{
    static const struct generator_action ends[] = {
        {62, generator_drop, -1},     {15, write_restart, -1}, {10, generator_close, -1},
        {6, generator_reconnect, -1}, {2, generator_hang, -1},     {2, generator_promise, -1},
        {2, generator_flapping, -1},
    };
    struct choices *choices = generator->choices;
    generator_draw(generator, ends, sizeof ends / sizeof *ends);
    write_outage(generator);
    bool is_held = generator->is_numbered && choices_chance(choices, 15);
    if (is_held)
        generator_step(generator, "\"set\": { \"resync\": \"hold\" }");
    write_accept(generator);
    if (generator->is_hanging)
        generator_step(generator, "\"set\": { \"pong\": \"auto\" }");
    generator->is_hanging = false;
    if (!is_held)
        return;
    if (choices_chance(choices, 60))
        generator_publish(generator);
    if (!generator->config->is_live && choices_chance(choices, 30))
        generator_step(generator, "\"wait\": { \"ms\": 1500 }");
    generator_step(generator, "\"release\": {}");
    generator_step(generator, "\"set\": { \"resync\": \"auto\" }");
}
