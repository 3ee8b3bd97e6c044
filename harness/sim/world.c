#include "sim/world.h"

#include "core/client_ops.h"
#include "core/memory.h"
#include "core/node_stream.h"
#include "core/session.h"
#include "core/ws_client.h"
#include "sim/token_request.h"

#include <stdlib.h>
#include <string.h>

#define LATENCY_US       100                    /* of every message, either way */
#define WALL_START_MS    INT64_C(1780308000250) /* 2026-06-01T10:00:00.250Z */
#define TURNS_MAX        20000000               /* a client that never comes to rest is an error */
#define MESSAGE_MAX      ((size_t)64 << 20)
#define CLIENT_NAME      "sim"
#define HOST             "127.0.0.1"
#define AGENT_TOKEN      "gapcheck-token"
#define ORIGIN           "&origin_client=sim"

/* What is on its way. All messages take equally long, so the queue is in order of time. */
enum message_kind {
    MESSAGE_CONNECT,     /* client → server */
    MESSAGE_TO_SERVER,
    MESSAGE_CLIENT_ENDS,
    MESSAGE_TO_CLIENT,   /* server → client */
    MESSAGE_SERVER_ENDS,
    MESSAGE_REFUSED,     /* nobody listens */
    MESSAGE_DRAINED,
    MESSAGE_OP,
    MESSAGE_LINE,
};

struct message {
    enum message_kind kind;
    uint32_t link;
    int64_t at_us;
    char *data; /* owned */
    size_t size_bytes;
};

/* One TCP connection, seen from both ends. */
struct link {
    uint32_t server_number; /* of the session; 0: not accepted */
    struct ws_client client;
    bool is_request;        /* for a token, by HTTP alone: */
    struct buffer response; /* its answer so far */
    bool is_ended;          /* for the client */
    bool is_dead;           /* the server says no more and hears no more */
    bool is_silent;         /* half open: of it, the server still hears the end */
};

struct world {
    struct session *session;
    const struct client_policy *policy;
    struct client *client;
    uint64_t seed;
    int64_t now_us;
    bool is_listening;
    struct message *queue;
    size_t queue_first, queue_count, queue_capacity_count;
    struct link *links; /* [number]; [0] is not used */
    size_t link_count, link_capacity_count;
    uint32_t current; /* the client's newest link */
    uint32_t stray;   /* a mutant's older one, still open */
    struct sim_stopwatch *stopwatch; /* NULL: nobody asks */
};

static struct client_time client_now(const struct world *world)
{
    return (struct client_time){world->now_us, WALL_START_MS + world->now_us / 1000};
}

/* ---- the queue ---- */

/* Takes `data`. */
static void post_owned(struct world *world, enum message_kind kind, uint32_t link, char *data,
                       size_t size_bytes)
{
    if (world->queue_first == world->queue_count)
        world->queue_first = world->queue_count = 0;
    world->queue = memory_grow(world->queue, &world->queue_capacity_count,
                               world->queue_count + 1, sizeof(*world->queue));
    world->queue[world->queue_count++] = (struct message){
        .kind = kind,
        .link = link,
        .at_us = world->now_us + LATENCY_US,
        .data = data,
        .size_bytes = size_bytes,
    };
}

static void post(struct world *world, enum message_kind kind, uint32_t link, const char *data,
                 size_t size_bytes)
{
    post_owned(world, kind, link, size_bytes ? memory_copy_text(data, size_bytes) : NULL,
               size_bytes);
}

/* ---- the client's side ---- */

static void end_link(struct world *world, uint32_t number)
{
    struct link *link = &world->links[number];
    if (link->is_ended)
        return;
    link->is_ended = true;
    post(world, MESSAGE_CLIENT_ENDS, number, NULL, 0);
}

/* What the client's end wants written. */
static void flush_link(struct world *world, uint32_t number)
{
    struct buffer *output = &world->links[number].client.output;
    if (output->size_bytes == 0)
        return;
    post(world, MESSAGE_TO_SERVER, number, output->data, output->size_bytes);
    buffer_clear(output);
}

static uint32_t add_link(struct world *world)
{
    world->links = memory_grow(world->links, &world->link_capacity_count, world->link_count + 1,
                               sizeof(*world->links));
    uint32_t number = (uint32_t)world->link_count++;
    world->links[number] = (struct link){0};
    buffer_init(&world->links[number].response, MESSAGE_MAX);
    world->current = number;
    post(world, MESSAGE_CONNECT, number, NULL, 0);
    return number;
}

/* Every byte, so that none needs to be known as harmless. */
static void append_encoded(struct buffer *out, struct span text)
{
    for (size_t i = 0; i < text.size_bytes; i++)
        buffer_printf(out, "%%%02X", (unsigned char)text.data[i]);
}

/* `token` is the node stream's; empty on the agent stream. */
static void connect_client(struct world *world, struct span token)
{
    struct buffer path;
    buffer_init(&path, BUFFER_NO_LIMIT);
    if (token.size_bytes > 0) {
        buffer_append_text(&path, NODE_STREAM_PATH "?token=");
        append_encoded(&path, token);
    } else {
        buffer_append_text(&path, "/v1/ws?token=" AGENT_TOKEN);
    }
    buffer_append_text(&path, ORIGIN);
    uint32_t number = add_link(world);
    ws_client_init(&world->links[number].client, world->policy->wire, HOST, buffer_text(&path),
                   MESSAGE_MAX);
    buffer_free(&path);
    flush_link(world, number);
}

static void fetch_token(struct world *world)
{
    struct buffer request;
    buffer_init(&request, BUFFER_NO_LIMIT);
    token_request_append(&request, HOST, AGENT_TOKEN);
    uint32_t number = add_link(world);
    world->links[number].is_request = true;
    post(world, MESSAGE_TO_SERVER, number, request.data, request.size_bytes);
    buffer_free(&request);
}

/* A mutant asks for a connection while it has one: that stays open, but not a third. */
static void keep_stray(struct world *world)
{
    if (world->current && !world->links[world->current].is_ended) {
        if (world->stray)
            end_link(world, world->stray);
        world->stray = world->current;
    }
}

static void send_text(struct world *world, const char *text, size_t size_bytes)
{
    struct link *link = &world->links[world->current];
    if (!world->current || link->is_ended)
        return;
    ws_client_send(&link->client, text, size_bytes);
    flush_link(world, world->current);
}

static void close_client(struct world *world)
{
    struct link *link = &world->links[world->current];
    if (!world->current || link->is_ended)
        return;
    if (!link->is_request)
        ws_client_close(&link->client);
    flush_link(world, world->current);
    end_link(world, world->current);
    client_closed(world->client, 0, 0, client_now(world));
}

static void report(struct world *world, const char *text, size_t size_bytes)
{
    /* The shell puts `client` in behind the brace (client.h). */
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    buffer_append_text(&line, "{\"client\":\"" CLIENT_NAME "\",");
    buffer_append(&line, text + 1, size_bytes - 1);
    post_owned(world, MESSAGE_LINE, 0, line.data, line.size_bytes);
}

static void drain_client(struct world *world)
{
    struct client_effect effect;
    while (world->client && client_next_effect(world->client, &effect)) {
        switch (effect.kind) {
        case CLIENT_EFFECT_NONE:
            break;
        case CLIENT_EFFECT_FETCH_TOKEN:
            fetch_token(world);
            break;
        case CLIENT_EFFECT_CONNECT:
            keep_stray(world);
            connect_client(world, (struct span){effect.text, effect.size_bytes});
            break;
        case CLIENT_EFFECT_SEND:
            send_text(world, effect.text, effect.size_bytes);
            break;
        case CLIENT_EFFECT_CLOSE:
        case CLIENT_EFFECT_ABORT:
            close_client(world);
            break;
        case CLIENT_EFFECT_REPORT:
            report(world, effect.text, effect.size_bytes);
            break;
        }
    }
}

/* ---- what reaches the client ---- */

static void client_lost(struct world *world, uint32_t number, unsigned status,
                        unsigned close_code)
{
    struct link *link = &world->links[number];
    if (link->is_ended)
        return;
    link->is_ended = true;
    if (number != world->current)
        return;
    if (!link->is_request) {
        client_closed(world->client, status, close_code, client_now(world));
        return;
    }
    struct span body;
    status = token_response_read(&link->response, &body);
    client_token(world->client, status, body.data, body.size_bytes, client_now(world));
}

/* What the client's end made of the bytes; what comes over a stray link is dropped. */
static void tell_client(struct world *world, uint32_t number, const struct ws_client_event *event)
{
    bool is_current = number == world->current;
    switch (event->kind) {
    case WS_CLIENT_EVENT_NONE:
        break;
    case WS_CLIENT_EVENT_OPENED:
        if (is_current)
            client_opened(world->client, event->text, client_now(world));
        break;
    case WS_CLIENT_EVENT_PIECE:
        if (is_current)
            client_piece(world->client, client_now(world));
        break;
    case WS_CLIENT_EVENT_TEXT:
        if (is_current)
            client_message(world->client, event->text.data, event->text.size_bytes,
                           client_now(world));
        break;
    case WS_CLIENT_EVENT_REFUSED:
    case WS_CLIENT_EVENT_ENDED:
        end_link(world, number);
        world->links[number].is_ended = false;
        client_lost(world, number, event->status, event->close_code);
        break;
    case WS_CLIENT_EVENT_DEAD:
        end_link(world, number);
        break;
    }
}

static void bytes_to_client(struct world *world, uint32_t number, const char *data,
                            size_t size_bytes)
{
    if (world->links[number].is_request) {
        buffer_append(&world->links[number].response, data, size_bytes);
        return;
    }
    for (size_t offset = 0; offset < size_bytes && !world->links[number].is_ended;) {
        struct ws_client_event event;
        offset += ws_client_feed(&world->links[number].client, data + offset, size_bytes - offset,
                                 &event);
        flush_link(world, number);
        tell_client(world, number, &event);
        drain_client(world);
    }
}

static void obey(struct world *world, const char *text, size_t size_bytes)
{
    cJSON *line = cJSON_ParseWithLength(text, size_bytes);
    const char *op = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "op"));
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "client"));
    static const char unknown[] = "{\"ev\":\"error\",\"client\":\"" CLIENT_NAME "/\"}";
    if (strcmp(name, CLIENT_NAME) != 0) {
        post(world, MESSAGE_LINE, 0, unknown, sizeof(unknown) - 1);
    } else if (!strcmp(op, "start")) {
        world->client = client_ops_start(line, world->policy, world->seed);
        client_start(world->client, client_now(world));
    } else {
        client_ops_run(world->client, op, line, client_now(world));
    }
    cJSON_Delete(line);
}

/* ---- what reaches the session ---- */

static void line_to_session(struct world *world, const struct message *message)
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
        post(world, MESSAGE_REFUSED, number, NULL, 0);
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
        struct link *link = &world->links[number];
        switch (effect.kind) {
        case SESSION_EFFECT_WRITE:
            if (!link->is_dead && effect.size_bytes)
                post(world, MESSAGE_TO_CLIENT, number, effect.data, effect.size_bytes);
            break;
        case SESSION_EFFECT_DRAIN:
            post(world, MESSAGE_DRAINED, number, NULL, 0);
            break;
        case SESSION_EFFECT_END:
            if (!link->is_dead && effect.end != SESSION_END_SILENT)
                post(world, MESSAGE_SERVER_ENDS, number, NULL, 0);
            link->is_dead = true;
            link->is_silent = effect.end == SESSION_END_SILENT;
            break;
        case SESSION_EFFECT_LISTEN:
            world->is_listening = effect.is_listening;
            break;
        case SESSION_EFFECT_DRIVER:
            post(world, MESSAGE_OP, 0, effect.data, effect.size_bytes);
            break;
        case SESSION_EFFECT_DONE:
            break;
        }
    }
}

/* ---- time ---- */

static void deliver(struct world *world, const struct message *message)
{
    struct link *link = &world->links[message->link];
    switch (message->kind) {
    case MESSAGE_CONNECT:
        connect_server(world, message->link);
        break;
    case MESSAGE_TO_SERVER:
        if (link->server_number && !link->is_dead)
            session_received(world->session, link->server_number, message->data,
                             message->size_bytes, world->now_us);
        break;
    case MESSAGE_CLIENT_ENDS:
        if (link->server_number && (!link->is_dead || link->is_silent))
            session_ended(world->session, link->server_number, false, world->now_us);
        link->is_dead = true;
        break;
    case MESSAGE_TO_CLIENT:
        bytes_to_client(world, message->link, message->data, message->size_bytes);
        break;
    case MESSAGE_SERVER_ENDS:
    case MESSAGE_REFUSED:
        client_lost(world, message->link, 0, 0);
        break;
    case MESSAGE_DRAINED:
        session_drained(world->session, link->server_number, world->now_us);
        break;
    case MESSAGE_OP:
        obey(world, message->data, message->size_bytes);
        break;
    case MESSAGE_LINE:
        line_to_session(world, message);
        break;
    }
    drain_client(world);
    drain_session(world);
}

/* Whose work a message is. */
static bool is_for_client(enum message_kind kind)
{
    switch (kind) {
    case MESSAGE_TO_CLIENT:
    case MESSAGE_SERVER_ENDS:
    case MESSAGE_REFUSED:
    case MESSAGE_OP:
        return true;
    case MESSAGE_CONNECT:
    case MESSAGE_TO_SERVER:
    case MESSAGE_CLIENT_ENDS:
    case MESSAGE_DRAINED:
    case MESSAGE_LINE:
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
        struct message message = world->queue[world->queue_first++];
        deliver(world, &message);
        free(message.data);
        stop(world, start_ns, is_for_client(message.kind));
        return;
    }
    bool is_client = client_us <= next_us;
    if (is_client)
        client_tick(world->client, client_now(world));
    else
        session_tick(world->session, world->now_us);
    drain_client(world);
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
        .client = CLIENT_NAME,
        .host = HOST,
        .port = 80,
        .seed = seed,
        .wall_start_ms = WALL_START_MS,
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
