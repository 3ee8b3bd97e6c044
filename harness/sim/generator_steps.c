/* What the generator can have happen: one function an idea, drawn by weight from a table. */
#include "sim/generator_internal.h"

#include <stdio.h>

/* ---- events and time ---- */

static const char *choose_type(struct generator *generator)
{
    return CHOICES_ONE_OF(generator->choices, "message.created", "message.created",
                          "message.created", "message.created", "thread.reply", "dm.received",
                          "dm.received", "group_dm.received", "message.reacted", "message.reacted",
                          "message.read", "message.updated", "member.joined", "agent.status.idle",
                          "file.uploaded", "custom.thing");
}

static uint32_t choose_count(struct generator *generator)
{
    struct choices *choices = generator->choices;
    if (generator->is_long)
        return choices_chance(choices, 40) ? choices_between(choices, 300, 1200)
                                           : choices_between(choices, 1, 60);
    return choices_chance(choices, 15) ? choices_between(choices, 7, 30)
                                       : choices_between(choices, 1, 6);
}

void generator_publish(struct generator *generator)
{
    struct choices *choices = generator->choices;
    char fields[200];
    int at = 0;
    fields[0] = '\0';
#define ADD(...) at += snprintf(fields + at, sizeof fields - (size_t)at, __VA_ARGS__)
    if (choices_chance(choices, 8))
        ADD(", \"live\": false");
    if (choices_chance(choices, 8))
        ADD(", \"store\": false");
    if (choices_chance(choices, 8))
        ADD(", \"seq\": \"none\"");
    if (choices_chance(choices, 6))
        ADD(", \"id\": \"%s\"", CHOICES_ONE_OF(choices, "none", "same"));
    if (choices_chance(choices, 12) && !generator->is_long)
        ADD(", \"every_ms\": %u",
            generator->config->is_live ? 1 : choices_between(choices, 1, 400));
    if (choices_chance(choices, 3))
        ADD(", \"size\": %u", choices_between(choices, 1, 400));
    if (choices_chance(choices, 20))
        ADD(", \"as\": \"e%u\"", generator->named_count++);
#undef ADD
    const char *type = choose_type(generator);
    generator_step(generator, "\"publish\": { \"type\": \"%s\", \"count\": %u%s }", type,
                   choose_count(generator), fields);
}

/* No server sends an event live that is older than this, and no client has to know that it is. */
#define STALE_MS 30000

void generator_advance(struct generator *generator)
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

/* One of the named events that are not stale; there must be one. */
static unsigned choose_named(struct generator *generator)
{
    unsigned fresh_count = generator->named_count - generator->stale_count;
    return generator->stale_count + choices_below(generator->choices, fresh_count);
}

static bool has_named(const struct generator *generator)
{
    return generator->named_count > generator->stale_count;
}

static void choose_pieces(struct generator *generator, char *fields, size_t size_bytes)
{
    struct choices *choices = generator->choices;
    uint32_t fragments = choices_between(choices, 2, 60);
    const char *between = choices_chance(choices, 50) ? ", \"between\": \"ping\"" : "";
    const char *split = choices_chance(choices, 20) ? ", \"split_bytes\": 3" : "";
    snprintf(fields, size_bytes, ", \"fragments\": %u%s%s", fragments, between, split);
}

static void write_again(struct generator *generator)
{
    struct choices *choices = generator->choices;
    if (!has_named(generator))
        return;
    generator_settle(generator); /* so that there is a connection: a cut may have ended it */
    const char *how = "";
    char pieces[80];
    if (choices_chance(choices, 30)) {
        choose_pieces(generator, pieces, sizeof pieces);
        how = pieces;
    } else if (choices_chance(choices, 30)) {
        how = CHOICES_ONE_OF(choices, ", \"row\": true", ", \"row\": true", ", \"split_bytes\": 1");
    }
    generator_step(generator, "\"send\": { \"again\": \"e%u\"%s }", choose_named(generator), how);
}

/* One that the client gets in pieces only: with it, what it makes of the pieces shows. */
static void write_pieces(struct generator *generator)
{
    struct choices *choices = generator->choices;
    unsigned named = generator->named_count++;
    generator_settle(generator);
    generator_step(generator, "\"publish\": { \"size\": %u, \"live\": false, \"as\": \"e%u\" }",
                   choices_between(choices, 100, 600), named);
    char pieces[80];
    choose_pieces(generator, pieces, sizeof pieces);
    generator_step(generator, "\"send\": { \"again\": \"e%u\"%s }", named, pieces);
}

/* One id, two types (C-15). */
static void write_same_id(struct generator *generator)
{
    struct choices *choices = generator->choices;
    generator_step(generator, "\"publish\": { \"type\": \"message.created\" }");
    generator_step(generator, "\"publish\": { \"type\": \"%s\", \"id\": \"same\" }",
                   CHOICES_ONE_OF(choices, "thread.reply", "dm.received", "message.created"));
}

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

/* Most often not so large: it costs as much as all the rest of a session. */
static void write_large(struct generator *generator)
{
    struct choices *choices = generator->choices;
    const char *size = choices_chance(choices, 10) ? "66000" : "1500";
    generator_step(generator, "\"publish\": { \"size\": %s, \"seq\": \"none\", \"store\": false }",
                   size);
}

/* ---- frames that are no events ---- */

void generator_frame(struct generator *generator)
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

/* Bytes that break RFC 6455: the client ends the connection or ignores them, as it likes. */
static void write_violation(struct generator *generator)
{
    struct choices *choices = generator->choices;
    generator_settle(generator);
    generator_step(generator, "\"send\": { \"raw\": \"%s\" }",
                   CHOICES_ONE_OF(choices, "c1027b7d", "83027b7d", "8b00", "8182000000007b7d",
                                  "8102c328", "00017b", "0900", "88020000", "880103",
                                  "817e00027b7d", "817fffffffffffffffff", "880203ee"));
    generator_publish(generator);
    generator_settle(generator);
}

/* ---- the server's behaviour ---- */

static void write_cut(struct generator *generator)
{
    struct choices *choices = generator->choices;
    uint32_t frames = choices_chance(choices, 30) ? 0 : choices_below(choices, 12);
    generator_step(generator, "\"set\": { \"cut_replay_after\": %u, \"cut_how\": \"%s\" }", frames,
                   CHOICES_ONE_OF(choices, "reset", "fin", "mid-frame", "close"));
}

static void write_set(struct generator *generator)
{
    struct choices *choices = generator->choices;
    switch (choices_below(choices, 6)) {
    case 0:
        write_cut(generator);
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

static void write_slow(struct generator *generator)
{
    struct choices *choices = generator->choices;
    uint32_t ms_max = generator->is_long ? 0 : generator->config->is_live ? 3 : 60;
    generator_step(generator, "\"client\": { \"do\": \"slow\", \"ms\": %u }",
                   choices_chance(choices, 60) ? choices_below(choices, ms_max + 1) : 0);
}

static void write_throw(struct generator *generator)
{
    generator_settle(generator);
    generator_step(generator, "\"client\": { \"do\": \"throw\" }");
    generator_publish(generator);
}

static void write_subscribe(struct generator *generator)
{
    generator_step(generator, "\"client\": { \"do\": \"subscribe\", \"channels\": [\"%s\"] }",
                   CHOICES_ONE_OF(generator->choices, "support", "news"));
}

/* ---- how connections end, and what happens while there is none ---- */

static void write_drop(struct generator *generator)
{
    generator_step(
        generator, "\"drop\": { \"how\": \"%s\" }",
        generator->has_keepalive
            ? CHOICES_ONE_OF(generator->choices, "reset", "fin", "mid-frame", "close", "silent")
            : CHOICES_ONE_OF(generator->choices, "reset", "fin", "mid-frame", "close"));
}

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

static void write_close(struct generator *generator)
{
    generator_step(generator, "\"close\": { \"code\": %s }",
                   CHOICES_ONE_OF(generator->choices, "1000", "1001", "1011", "1013", "4000"));
}

static void write_reconnect(struct generator *generator)
{
    if (generator_has(generator, DRIVER_CAPABILITY_RECONNECT))
        generator_step(generator, "\"client\": { \"do\": \"reconnect\" }");
    else
        write_drop(generator);
}

/* The socket lives, but nobody answers. */
static void write_hang(struct generator *generator)
{
    if (!generator->has_keepalive) {
        write_drop(generator);
        return;
    }
    generator_settle(generator);
    generator_step(generator, "\"set\": { \"pong\": \"ignore\" }");
    generator->is_hanging = true;
}

/* More is promised than comes. */
static void write_promise(struct generator *generator)
{
    generator_settle(generator);
    generator_step(generator, "\"send\": { \"raw\": \"%s7b2274797065\" }",
                   CHOICES_ONE_OF(generator->choices, "8179", "817e1000", "017e1000"));
    generator_step(generator, "\"drop\": {}");
}

/* Accepted and closed at once, over and over (C-27). */
static void write_flapping(struct generator *generator)
{
    if (generator->ending == GENERATOR_ENDING_GAVE_UP) {
        write_drop(generator);
        return;
    }
    generator_settle(generator);
    generator_step(generator, "\"drop\": {}");
    /* The more often, the more a client that does not slow down differs from a busy machine. */
    generator_step(generator,
                   "\"repeat\": { \"times\": %d, \"steps\": [ { \"accept\": {} }, "
                   "{ \"close\": { \"code\": 1013 } } ] }",
                   generator->config->is_live ? 9 : 6);
}

static void write_refusal(struct generator *generator)
{
    struct choices *choices = generator->choices;
    bool is_short = generator->config->is_live || generator->ending == GENERATOR_ENDING_GAVE_UP;
    uint32_t kind = choices_below(choices, is_short ? 2 : 5);
    uint32_t times = choices_between(choices, 1, 2);
    switch (kind) {
    case 0:
        generator_step(generator, "\"refuse\": { \"times\": %u, \"status\": %s }", times,
                       CHOICES_ONE_OF(choices, "503", "500", "429", "404"));
        break;
    case 1:
        generator_step(generator, "\"refuse\": { \"times\": %u, \"how\": \"%s\" }", times,
                       CHOICES_ONE_OF(choices, "reset", "bad-accept"));
        break;
    case 2:
        generator_step(generator, "\"refuse\": { \"how\": \"stall\" }");
        break;
    case 3:
        generator_step(generator, "\"refuse\": { \"how\": \"closed\", \"for_ms\": %u }",
                       choices_between(choices, 1, 300));
        break;
    case 4: /* enough failures to see how delays grow */
        generator_step(generator, "\"refuse\": { \"times\": %u }", choices_between(choices, 5, 8));
        break;
    }
}

static void write_outage(struct generator *generator)
{
    struct choices *choices = generator->choices;
    for (uint32_t left = choices_below(choices, 4); left > 0; left--) {
        if (choices_chance(choices, 30))
            generator_advance(generator);
        else
            generator_publish(generator);
    }
    if (choices_chance(choices, 30))
        write_set(generator);
    if (choices_chance(choices, 10))
        write_refusal(generator);
    if (generator_has(generator, DRIVER_CAPABILITY_SUBSCRIBE) && choices_chance(choices, 3))
        write_subscribe(generator);
}

static void write_accept(struct generator *generator)
{
    struct choices *choices = generator->choices;
    if (choices_chance(choices, 8) && has_named(generator)) {
        /* As a row: with its number it would be an event that no resync has asked for. */
        const char *pieces = choices_chance(choices, 30) ? ", \"fragments\": 3" : "";
        generator_step(generator,
                       "\"accept\": { \"with\": [ { \"again\": \"e%u\", \"row\": true%s } ] }",
                       choose_named(generator), pieces);
    } else if (choices_chance(choices, 4)) {
        generator_step(generator, "\"accept\": { \"with\": [ { \"text\": \"{]\" } ] }");
    } else {
        generator_step(generator, "\"accept\": {}");
    }
}

/* ---- the tables ---- */

struct action {
    unsigned weight; /* among those that are possible */
    void (*write)(struct generator *generator);
    int capability; /* that it needs; -1: none */
};

static void write_action(struct generator *generator, const struct action *actions, size_t count)
{
    uint32_t total = 0;
    for (size_t i = 0; i < count; i++)
        if (actions[i].capability < 0 ||
            generator_has(generator, (enum driver_capability)actions[i].capability))
            total += actions[i].weight;
    uint32_t chosen = choices_below(generator->choices, total);
    for (size_t i = 0; i < count; i++) {
        if (actions[i].capability >= 0 &&
            !generator_has(generator, (enum driver_capability)actions[i].capability))
            continue;
        if (chosen < actions[i].weight) {
            actions[i].write(generator);
            return;
        }
        chosen -= actions[i].weight;
    }
}

void generator_live_action(struct generator *generator)
{
    static const struct action actions[] = {
        {40, generator_publish, -1},
        {12, generator_settle, -1},
        {10, generator_advance, -1},
        {10, write_set, -1},
        {6, write_again, -1},
        {5, generator_frame, -1},
        {3, write_pieces, -1},
        {3, write_same_id, -1},
        {2, write_violation, -1},
        {1, write_about_one_message, -1},
        {1, write_large, -1},
        {3, write_slow, DRIVER_CAPABILITY_SLOW},
        {2, write_throw, DRIVER_CAPABILITY_THROW},
        {2, write_subscribe, DRIVER_CAPABILITY_SUBSCRIBE},
    };
    write_action(generator, actions, sizeof actions / sizeof *actions);
}

void generator_loss(struct generator *generator)
{
    static const struct action ends[] = {
        {62, write_drop, -1},     {15, write_restart, -1}, {10, write_close, -1},
        {6, write_reconnect, -1}, {2, write_hang, -1},     {2, write_promise, -1},
        {2, write_flapping, -1},
    };
    struct choices *choices = generator->choices;
    write_action(generator, ends, sizeof ends / sizeof *ends);
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
