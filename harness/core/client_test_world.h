/* A client without a world: tests tell it what happened and read what it wants done. Header only,
 * for the tests of the client. */
#ifndef GAPCHECK_CORE_CLIENT_TEST_WORLD_H
#define GAPCHECK_CORE_CLIENT_TEST_WORLD_H

#include "core/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2026-06-01T10:00:00Z */
#define WORLD_START_MS INT64_C(1780308000000)

struct world {
    struct client *client;
    struct client_time now;
    struct buffer log; /* effects, one a line: kind and text */
};

static inline void world_drain(struct world *world)
{
    static const char *const kinds[] = {"none",  "fetch-token", "connect", "send",
                                        "close", "abort",       "report"};
    struct client_effect effect;
    while (client_next_effect(world->client, &effect))
        buffer_printf(&world->log, "%s %.*s\n", kinds[effect.kind], (int)effect.size_bytes,
                      effect.text);
}

static inline void world_begin(struct world *world, const struct client_options *options,
                               const struct client_policy *policy)
{
    static const char *const channels[] = {"general"};
    static const struct client_policy reference;
    *world = (struct world){.now = {1000000, WORLD_START_MS}};
    buffer_init(&world->log, BUFFER_NO_LIMIT);
    world->client = client_new(options ? options : &CLIENT_OPTIONS_DEFAULT,
                               policy ? policy : &reference, channels, 1, 1);
    client_start(world->client, world->now);
    world_drain(world);
}

static inline void world_end(struct world *world)
{
    client_free(world->client);
    buffer_free(&world->log);
}

/* Lets time pass, and the client act when it wants to. */
static inline void world_wait(struct world *world, int64_t ms)
{
    int64_t end_us = world->now.monotonic_us + ms * 1000;
    for (int64_t due_us; (due_us = client_deadline_us(world->client)) <= end_us;) {
        if (due_us > world->now.monotonic_us) {
            world->now.wall_ms += (due_us - world->now.monotonic_us) / 1000;
            world->now.monotonic_us = due_us;
        }
        client_tick(world->client, world->now);
        world_drain(world);
    }
    world->now.wall_ms += (end_us - world->now.monotonic_us) / 1000;
    world->now.monotonic_us = end_us;
}

static inline void world_open(struct world *world, const char *date)
{
    client_opened(world->client, date ? span_of(date) : (struct span){0}, world->now);
    world_drain(world);
}

static inline void world_close(struct world *world, unsigned http_status, unsigned close_code)
{
    client_closed(world->client, http_status, close_code, world->now);
    world_drain(world);
}

static inline void world_message(struct world *world, const char *text)
{
    /* On the heap and without a NUL, so that a read beyond the end is seen. */
    size_t size_bytes = strlen(text);
    char *copy = malloc(size_bytes ? size_bytes : 1);
    memcpy(copy, text, size_bytes);
    client_message(world->client, copy, size_bytes, world->now);
    free(copy);
    world_drain(world);
}

/* An event with id. A number of 0: none, and then it may be a row. */
static inline void world_event(struct world *world, const char *id, int number, bool is_row)
{
    char text[256], tail[64] = "";
    if (number)
        snprintf(tail, sizeof tail, ",\"agent_seq\":%d", number);
    snprintf(text, sizeof text,
             "{\"type\":\"message.created\",\"id\":\"%s\",\"message\":{\"id\":\"m\"}%s%s}", id,
             tail, is_row ? ",\"replayed\":true" : "");
    world_message(world, text);
}

/* One without id, known by what it says. */
static inline void world_reaction(struct world *world, const char *emoji, int number, bool is_row)
{
    char text[256], tail[64] = "";
    if (number)
        snprintf(tail, sizeof tail, ",\"agent_seq\":%d", number);
    snprintf(text, sizeof text, "{\"type\":\"message.reacted\",\"emoji\":\"%s\"%s%s}", emoji, tail,
             is_row ? ",\"replayed\":true" : "");
    world_message(world, text);
}

static inline void world_ack(struct world *world, int last_seen, int current)
{
    char text[160];
    snprintf(text, sizeof text,
             "{\"type\":\"resync_ack\",\"last_seen_seq\":%d,\"current_seq\":%d,\"replayed\":3,"
             "\"gap_detected\":false}",
             last_seen, current);
    world_message(world, text);
}

/* The connection breaks, and the next one is there as soon as the client wants it. */
static inline void world_break(struct world *world)
{
    world_close(world, 0, 0);
    world_wait(world, 500);
    world_open(world, NULL);
}

/* What happened since the last call, owned by the world until then. */
static inline const char *world_take(struct world *world)
{
    static char *taken;
    free(taken);
    taken = buffer_take_text(&world->log);
    return taken;
}

static inline int world_count(const char *log, const char *part)
{
    int count = 0;
    for (const char *at = log; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

/* How often `part` stands in what happened since the last call, which is forgotten. */
static inline int world_take_count(struct world *world, const char *part)
{
    return world_count(world_take(world), part);
}

/* A second connection after numbers 1 to `count`, its resync still unanswered. */
static inline void world_begin_reconnected(struct world *world, int count)
{
    world_begin(world, NULL, NULL);
    world_open(world, NULL);
    for (int number = 1; number <= count; number++) {
        char id[32];
        snprintf(id, sizeof id, "id%d", number);
        world_event(world, id, number, false);
    }
    world_break(world);
}

#endif
