/* What the generator can have happen on either stream: one function an idea. */
#include "sim/generator_internal.h"

#include "core/event.h"

#include <stdio.h>

/* ---- events ---- */

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
    if (generator->is_long && generator->is_node) /* each is acknowledged, and may come again */
        return choices_between(choices, 1, 300);
    if (generator->is_long)
        return choices_chance(choices, 40) ? choices_between(choices, 300, 1200)
                                           : choices_between(choices, 1, 60);
    return choices_chance(choices, 15) ? choices_between(choices, 7, 30)
                                       : choices_between(choices, 1, 6);
}

/* In the data of a delivery, the id may be that of a message which the event is only about. */
static bool takes_id(const struct generator *generator, const char *type)
{
    const struct event_type *known = event_type_find(span_of(type));
    return !generator->is_node || !known || known->has_id;
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
    if (!generator->is_node && choices_chance(choices, 8))
        ADD(", \"store\": false");
    if (choices_chance(choices, 8))
        ADD(", \"seq\": \"none\"");
    const char *id = "";
    if (choices_chance(choices, 6))
        id = CHOICES_ONE_OF(choices, ", \"id\": \"none\"", ", \"id\": \"same\"");
    if (choices_chance(choices, 12) && !generator->is_long)
        ADD(", \"every_ms\": %u",
            generator->config->is_live ? 1 : choices_between(choices, 1, 400));
    if (choices_chance(choices, 3))
        ADD(", \"size\": %u", choices_between(choices, 1, 400));
    if (choices_chance(choices, 20))
        ADD(", \"as\": \"e%u\"", generator->named_count++);
#undef ADD
    const char *type = choose_type(generator);
    generator_step(generator, "\"publish\": { \"type\": \"%s\", \"count\": %u%s%s }", type,
                   choose_count(generator), takes_id(generator, type) ? id : "", fields);
}

unsigned generator_choose_named(struct generator *generator)
{
    unsigned fresh_count = generator->named_count - generator->stale_count;
    return generator->stale_count + choices_below(generator->choices, fresh_count);
}

bool generator_has_named(const struct generator *generator)
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

void generator_again(struct generator *generator)
{
    struct choices *choices = generator->choices;
    if (!generator_has_named(generator))
        return;
    generator_settle(generator); /* so that there is a connection: a cut may have ended it */
    const char *how = "";
    char pieces[80];
    if (choices_chance(choices, 30)) {
        choose_pieces(generator, pieces, sizeof pieces);
        how = pieces;
    } else if (choices_chance(choices, 30)) {
        how = generator->is_node ? ", \"split_bytes\": 1"
                                 : CHOICES_ONE_OF(choices, ", \"row\": true", ", \"row\": true",
                                                  ", \"split_bytes\": 1");
    }
    generator_step(generator, "\"send\": { \"again\": \"e%u\"%s }",
                   generator_choose_named(generator), how);
}

/* One that the client gets in pieces only: with it, what it makes of the pieces shows. */
void generator_pieces(struct generator *generator)
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
void generator_same_id(struct generator *generator)
{
    struct choices *choices = generator->choices;
    generator_step(generator, "\"publish\": { \"type\": \"message.created\" }");
    generator_step(generator, "\"publish\": { \"type\": \"%s\", \"id\": \"same\" }",
                   CHOICES_ONE_OF(choices, "thread.reply", "dm.received", "message.created"));
}

/* Most often not so large: it costs as much as all the rest of a session. */
void generator_large(struct generator *generator)
{
    struct choices *choices = generator->choices;
    const char *size = choices_chance(choices, 10) ? "66000" : "1500";
    generator_step(generator, "\"publish\": { \"size\": %s, \"seq\": \"none\"%s }", size,
                   generator->is_node ? "" : ", \"store\": false");
}

/* Bytes that break RFC 6455: the client ends the connection or ignores them, as it likes. */
void generator_violation(struct generator *generator)
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

void generator_cut(struct generator *generator)
{
    struct choices *choices = generator->choices;
    uint32_t frames = choices_chance(choices, 30) ? 0 : choices_below(choices, 12);
    generator_step(generator, "\"set\": { \"cut_replay_after\": %u, \"cut_how\": \"%s\" }", frames,
                   CHOICES_ONE_OF(choices, "reset", "fin", "mid-frame", "close"));
}

/* ---- the application ---- */

void generator_slow(struct generator *generator)
{
    struct choices *choices = generator->choices;
    uint32_t ms_max = generator->is_long ? 0 : generator->config->is_live ? 3 : 60;
    generator_step(generator, "\"client\": { \"do\": \"slow\", \"ms\": %u }",
                   choices_chance(choices, 60) ? choices_below(choices, ms_max + 1) : 0);
}

void generator_throw(struct generator *generator)
{
    generator_settle(generator);
    generator_step(generator, "\"client\": { \"do\": \"throw\" }");
    generator_publish(generator);
}

/* ---- how connections end, and what happens while there is none ---- */

void generator_drop(struct generator *generator)
{
    generator_step(
        generator, "\"drop\": { \"how\": \"%s\" }",
        generator->has_keepalive
            ? CHOICES_ONE_OF(generator->choices, "reset", "fin", "mid-frame", "close", "silent")
            : CHOICES_ONE_OF(generator->choices, "reset", "fin", "mid-frame", "close"));
}

void generator_close(struct generator *generator)
{
    generator_step(generator, "\"close\": { \"code\": %s }",
                   CHOICES_ONE_OF(generator->choices, "1000", "1001", "1011", "1013", "4000"));
}

void generator_reconnect(struct generator *generator)
{
    if (generator_has(generator, DRIVER_CAPABILITY_RECONNECT))
        generator_step(generator, "\"client\": { \"do\": \"reconnect\" }");
    else
        generator_drop(generator);
}

/* The socket lives, but nobody answers. */
void generator_hang(struct generator *generator)
{
    if (!generator->has_keepalive) {
        generator_drop(generator);
        return;
    }
    generator_settle(generator);
    generator_step(generator, "\"set\": { \"pong\": \"ignore\" }");
    generator->is_hanging = true;
}

/* More is promised than comes. */
void generator_promise(struct generator *generator)
{
    generator_settle(generator);
    generator_step(generator, "\"send\": { \"raw\": \"%s7b2274797065\" }",
                   CHOICES_ONE_OF(generator->choices, "8179", "817e1000", "017e1000"));
    generator_step(generator, "\"drop\": {}");
}

/* Accepted and closed at once, over and over (C-27). */
void generator_flapping(struct generator *generator)
{
    if (generator->ending == GENERATOR_ENDING_GAVE_UP) {
        generator_drop(generator);
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

void generator_refusal(struct generator *generator)
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

/* ---- drawing one ---- */

static bool is_possible(const struct generator *generator, const struct generator_action *action)
{
    return action->capability < 0 ||
           generator_has(generator, (enum driver_capability)action->capability);
}

void generator_draw(struct generator *generator, const struct generator_action *actions,
                    size_t count)
{
    uint32_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += is_possible(generator, &actions[i]) ? actions[i].weight : 0;
    uint32_t chosen = choices_below(generator->choices, total);
    for (size_t i = 0; i < count; i++) {
        if (!is_possible(generator, &actions[i]))
            continue;
        if (chosen < actions[i].weight) {
            actions[i].write(generator);
            return;
        }
        chosen -= actions[i].weight;
    }
}
