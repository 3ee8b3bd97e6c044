#include "sim/world_internal.h"

#include "core/client_ops.h"
#include "core/memory.h"
#include "core/node_stream.h"
#include "sim/token_request.h"

#include <string.h>

#define MESSAGE_MAX ((size_t)64 << 20)
#define AGENT_TOKEN "gapcheck-token"
#define ORIGIN      "&origin_client=sim"

struct client_time world_client_time(const struct world *world)
{
    return (struct client_time){world->now_us, WORLD_START_MS + world->now_us / 1000};
}

/* ---- what the client does ---- */

static void end_link(struct world *world, uint32_t number)
{
    struct world_link *link = &world->links[number];
    if (link->is_ended)
        return;
    link->is_ended = true;
    world_post(world, WORLD_MESSAGE_CLIENT_ENDS, number, NULL, 0);
}

/* What the client's end wants written. */
static void flush_link(struct world *world, uint32_t number)
{
    struct buffer *output = &world->links[number].client.output;
    if (output->size_bytes == 0)
        return;
    world_post(world, WORLD_MESSAGE_TO_SERVER, number, output->data, output->size_bytes);
    buffer_clear(output);
}

static uint32_t add_link(struct world *world)
{
    world->links = memory_grow(world->links, &world->link_capacity_count, world->link_count + 1,
                               sizeof(*world->links));
    uint32_t number = (uint32_t)world->link_count++;
    world->links[number] = (struct world_link){0};
    buffer_init(&world->links[number].response, MESSAGE_MAX);
    world->current = number;
    world_post(world, WORLD_MESSAGE_CONNECT, number, NULL, 0);
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
    ws_client_init(&world->links[number].client, world->policy->wire, WORLD_HOST,
                   buffer_text(&path), MESSAGE_MAX);
    buffer_free(&path);
    flush_link(world, number);
}

static void fetch_token(struct world *world)
{
    struct buffer request;
    buffer_init(&request, BUFFER_NO_LIMIT);
    token_request_append(&request, WORLD_HOST, AGENT_TOKEN);
    uint32_t number = add_link(world);
    world->links[number].is_request = true;
    world_post(world, WORLD_MESSAGE_TO_SERVER, number, request.data, request.size_bytes);
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
    struct world_link *link = &world->links[world->current];
    if (!world->current || link->is_ended)
        return;
    ws_client_send(&link->client, text, size_bytes);
    flush_link(world, world->current);
}

static void close_client(struct world *world)
{
    struct world_link *link = &world->links[world->current];
    if (!world->current || link->is_ended)
        return;
    if (!link->is_request)
        ws_client_close(&link->client);
    flush_link(world, world->current);
    end_link(world, world->current);
    client_closed(world->client, 0, 0, world_client_time(world));
}

static void report(struct world *world, const char *text, size_t size_bytes)
{
    /* The shell puts `client` in behind the brace (client.h). */
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    buffer_append_text(&line, "{\"client\":\"" WORLD_CLIENT_NAME "\",");
    buffer_append(&line, text + 1, size_bytes - 1);
    world_post_owned(world, WORLD_MESSAGE_LINE, 0, line.data, line.size_bytes);
}

void world_drain_client(struct world *world)
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

void world_lose_link(struct world *world, uint32_t number, unsigned status, unsigned close_code)
{
    struct world_link *link = &world->links[number];
    if (link->is_ended)
        return;
    link->is_ended = true;
    if (number != world->current)
        return;
    if (!link->is_request) {
        client_closed(world->client, status, close_code, world_client_time(world));
        return;
    }
    struct span body;
    status = token_response_read(&link->response, &body);
    client_token(world->client, status, body.data, body.size_bytes, world_client_time(world));
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
            client_opened(world->client, event->text, world_client_time(world));
        break;
    case WS_CLIENT_EVENT_PIECE:
        if (is_current)
            client_piece(world->client, world_client_time(world));
        break;
    case WS_CLIENT_EVENT_TEXT:
        if (is_current)
            client_message(world->client, event->text.data, event->text.size_bytes,
                           world_client_time(world));
        break;
    case WS_CLIENT_EVENT_REFUSED:
    case WS_CLIENT_EVENT_ENDED:
        end_link(world, number);
        world->links[number].is_ended = false;
        world_lose_link(world, number, event->status, event->close_code);
        break;
    case WS_CLIENT_EVENT_DEAD:
        end_link(world, number);
        break;
    }
}

void world_feed_client(struct world *world, uint32_t number, const char *data, size_t size_bytes)
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
        world_drain_client(world);
    }
}

void world_obey(struct world *world, const char *text, size_t size_bytes)
{
    cJSON *line = cJSON_ParseWithLength(text, size_bytes);
    const char *op = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "op"));
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, "client"));
    static const char unknown[] = "{\"ev\":\"error\",\"client\":\"" WORLD_CLIENT_NAME "/\"}";
    if (strcmp(name, WORLD_CLIENT_NAME) != 0) {
        world_post(world, WORLD_MESSAGE_LINE, 0, unknown, sizeof(unknown) - 1);
    } else if (!strcmp(op, "start")) {
        world->client = client_ops_start(line, world->policy, world->seed);
        client_start(world->client, world_client_time(world));
    } else {
        client_ops_run(world->client, op, line, world_client_time(world));
    }
    cJSON_Delete(line);
}
