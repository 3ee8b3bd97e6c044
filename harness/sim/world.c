#include "sim/world_internal.h"

#include "core/memory.h"

#include <stdlib.h>

#define LATENCY_US 100      /* of every message, either way */
#define TURNS_MAX  20000000 /* a client that never comes to rest is an error */

/* ---- the queue ---- */

void world_post_owned(struct world *world, enum world_message_kind kind, uint32_t link, char *data,
                      size_t size_bytes)
{
    if (world->queue_first == world->queue_count)
        world->queue_first = world->queue_count = 0;
    world->queue = memory_grow(world->queue, &world->queue_capacity_count, world->queue_count + 1,
                               sizeof(*world->queue));
    world->queue[world->queue_count++] = (struct world_message){
        .kind = kind,
        .link = link,
        .at_us = world->now_us + LATENCY_US,
        .data = data,
        .size_bytes = size_bytes,
    };
}

void world_post(struct world *world, enum world_message_kind kind, uint32_t link, const char *data,
                size_t size_bytes)
{
    world_post_owned(world, kind, link, size_bytes ? memory_copy_text(data, size_bytes) : NULL,
                     size_bytes);
}

/* ---- what reaches the session ---- */

static void line_to_session(struct world *world, const struct world_message *message)
{
    struct driver_event_line event;
    if (driver_event_read(message->data, message->size_bytes, &event)) {
        session_driver_event(world->session, &event, world->now_us);
        return;
    }
    struct driver_line line;
    struct error error;
    if (driver_line_parse(message->data, message->size_bytes, &line, &error))
        session_driver_line(world->session, &line, world->now_us);
    else
        session_fail(world->session, error.message, world->now_us);
    driver_line_free(&line);
}

static void connect_server(struct world *world, uint32_t number)
{
    if (!world->is_listening) {
        world_post(world, WORLD_MESSAGE_REFUSED, number, NULL, 0);
        world->links[number].is_dead = true;
        return;
    }
    world->links[number].server_number = session_connected(world->session, world->now_us);
}

static uint32_t link_of(const struct world *world, uint32_t server_number)
{
    for (uint32_t number = 1; number < world->link_count; number++)
        if (world->links[number].server_number == server_number)
            return number;
    return 0;
}

static void drain_session(struct world *world)
{
    struct session_effect effect;
    while (session_next_effect(world->session, &effect)) {
        uint32_t number = effect.connection ? link_of(world, effect.connection) : 0;
        struct world_link *link = &world->links[number];
        switch (effect.kind) {
        case SESSION_EFFECT_WRITE:
            if (!link->is_dead && effect.size_bytes)
                world_post(world, WORLD_MESSAGE_TO_CLIENT, number, effect.data, effect.size_bytes);
            break;
        case SESSION_EFFECT_DRAIN:
            world_post(world, WORLD_MESSAGE_DRAINED, number, NULL, 0);
            break;
        case SESSION_EFFECT_END:
            if (!link->is_dead && effect.end != SESSION_END_SILENT)
                world_post(world, WORLD_MESSAGE_SERVER_ENDS, number, NULL, 0);
            link->is_dead = true;
            link->is_silent = effect.end == SESSION_END_SILENT;
            break;
        case SESSION_EFFECT_LISTEN:
            world->is_listening = effect.is_listening;
            break;
        case SESSION_EFFECT_DRIVER:
            world_post(world, WORLD_MESSAGE_OP, 0, effect.data, effect.size_bytes);
            break;
        case SESSION_EFFECT_DONE:
            break;
        }
    }
}

/* ---- time ---- */

static void deliver(struct world *world, const struct world_message *message)
{
    struct world_link *link = &world->links[message->link];
    switch (message->kind) {
    case WORLD_MESSAGE_CONNECT:
        connect_server(world, message->link);
        break;
    case WORLD_MESSAGE_TO_SERVER:
        if (link->server_number && !link->is_dead)
            session_received(world->session, link->server_number, message->data,
                             message->size_bytes, world->now_us);
        break;
    case WORLD_MESSAGE_CLIENT_ENDS:
        if (link->server_number && (!link->is_dead || link->is_silent))
            session_ended(world->session, link->server_number, false, world->now_us);
        link->is_dead = true;
        break;
    case WORLD_MESSAGE_TO_CLIENT:
        world_feed_client(world, message->link, message->data, message->size_bytes);
        break;
    case WORLD_MESSAGE_SERVER_ENDS:
    case WORLD_MESSAGE_REFUSED:
        world_lose_link(world, message->link, 0, 0);
        break;
    case WORLD_MESSAGE_DRAINED:
        session_drained(world->session, link->server_number, world->now_us);
        break;
    case WORLD_MESSAGE_OP:
        world_obey(world, message->data, message->size_bytes);
        break;
    case WORLD_MESSAGE_LINE:
        line_to_session(world, message);
        break;
    }
    world_drain_client(world);
    drain_session(world);
}

/* Whose work a message is. */
static bool is_for_client(enum world_message_kind kind)
{
    switch (kind) {
    case WORLD_MESSAGE_TO_CLIENT:
    case WORLD_MESSAGE_SERVER_ENDS:
    case WORLD_MESSAGE_REFUSED:
    case WORLD_MESSAGE_OP:
        return true;
    case WORLD_MESSAGE_CONNECT:
    case WORLD_MESSAGE_TO_SERVER:
    case WORLD_MESSAGE_CLIENT_ENDS:
    case WORLD_MESSAGE_DRAINED:
    case WORLD_MESSAGE_LINE:
        break;
    }
    return false;
}

static int64_t stopwatch_ns(const struct world *world)
{
    return world->stopwatch ? world->stopwatch->now_ns() : 0;
}

static void stop(struct world *world, int64_t start_ns, bool is_client)
{
    if (!world->stopwatch)
        return;
    int64_t passed_ns = world->stopwatch->now_ns() - start_ns;
    *(is_client ? &world->stopwatch->client_ns : &world->stopwatch->session_ns) += passed_ns;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void turn(struct world *world)
{
    int64_t session_us = session_deadline_us(world->session);
    int64_t client_us = world->client ? client_deadline_us(world->client) : INT64_MAX;
    bool has_message = world->queue_first < world->queue_count;
    int64_t message_us = has_message ? world->queue[world->queue_first].at_us : INT64_MAX;
    int64_t next_us = earlier(message_us, earlier(session_us, client_us));
    if (next_us == INT64_MAX) {
        session_fail(world->session, "the simulated world came to rest", world->now_us);
        return;
    }
    if (next_us > world->now_us)
        world->now_us = next_us;
    int64_t start_ns = stopwatch_ns(world);
    if (message_us <= next_us) {
        struct world_message message = world->queue[world->queue_first++];
        deliver(world, &message);
        free(message.data);
        stop(world, start_ns, is_for_client(message.kind));
        return;
    }
    bool is_client = client_us <= next_us;
    if (is_client)
        client_tick(world->client, world_client_time(world));
    else
        session_tick(world->session, world->now_us);
    world_drain_client(world);
    drain_session(world);
    stop(world, start_ns, is_client);
}

static void free_world(struct world *world)
{
    while (world->queue_first < world->queue_count)
        free(world->queue[world->queue_first++].data);
    for (size_t number = 1; number < world->link_count; number++) {
        ws_client_free(&world->links[number].client);
        buffer_free(&world->links[number].response);
    }
    free(world->queue);
    free(world->links);
    client_free(world->client);
    session_free(world->session);
}

struct driver_capabilities sim_capabilities(void)
{
    struct driver_capabilities set = {0};
    for (int capability = 0; capability < DRIVER_CAPABILITY_COUNT; capability++)
        if (capability != DRIVER_CAPABILITY_ALONE)
            set.bits |= UINT32_C(1) << capability;
    return set;
}

struct transcript *sim_play(const struct scenario *scenario, const struct client_policy *policy,
                            uint64_t seed)
{
    return sim_play_timed(scenario, policy, seed, NULL);
}

struct transcript *sim_play_timed(const struct scenario *scenario,
                                  const struct client_policy *policy, uint64_t seed,
                                  struct sim_stopwatch *stopwatch)
{
    struct session_config config = {
        .scenario = scenario,
        .capabilities = sim_capabilities(),
        .client = WORLD_CLIENT_NAME,
        .host = WORLD_HOST,
        .port = 80,
        .seed = seed,
        .wall_start_ms = WORLD_START_MS,
        .timeout_scale = 1,
    };
    struct world world = {
        .policy = policy, .seed = seed, .is_listening = true, .stopwatch = stopwatch};
    world.links = memory_grow(NULL, &world.link_capacity_count, 1, sizeof(*world.links));
    world.link_count = 1;
    world.session = session_new(&config);
    session_start(world.session, 0);
    drain_session(&world);
    for (long turns = 0; !session_is_done(world.session) && turns < TURNS_MAX; turns++)
        turn(&world);
    if (!session_is_done(world.session))
        session_fail(world.session, "the client never came to rest", world.now_us);
    struct transcript *transcript = session_take_transcript(world.session);
    free_world(&world);
    return transcript;
}
