#include "core/client_internal.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

const struct client_options CLIENT_OPTIONS_DEFAULT = {
    .reconnect_base_ms = 20,
    .reconnect_max_ms = 500,
    .ping_ms = 30000,
    .pong_timeout_ms = 10000,
    .connect_timeout_ms = 10000,
    .max_reconnect_attempts = -1,
};

/* Effect text beyond this is given back once it was taken: one long message must not stay. */
#define EFFECT_TEXT_KEPT_BYTES ((size_t)1 << 20)

/* ---- birth and death ---- */

static void add_channel(struct client *client, struct span channel)
{
    client->channels = memory_grow(client->channels, &client->channel_capacity_count,
                                   client->channel_count + 1, sizeof *client->channels);
    client->channels[client->channel_count++] = memory_copy_text(channel.data, channel.size_bytes);
}

struct client *client_new(const struct client_options *options, const struct client_policy *policy,
                          const char *const *channels, size_t channel_count, uint64_t seed)
{
    struct client *client = memory_alloc(1, sizeof *client);
    client->options = *options;
    client->policy = *policy;
    client->random = seed;
    client->ids = dedupe_new(policy->dedupe_count ? policy->dedupe_count : CLIENT_DEDUPE_COUNT);
    client->numbering.events = dedupe_new(CLIENT_DEDUPE_COUNT);
    client->on_connection.events = dedupe_new(CLIENT_DEDUPE_COUNT);
    client->tally = replay_tally_new();
    client->state_deadline_us = CLIENT_NEVER;
    buffer_init(&client->effect_text, BUFFER_NO_LIMIT);
    buffer_init(&client->scratch, BUFFER_NO_LIMIT);
    for (size_t i = 0; i < channel_count; i++)
        add_channel(client, span_of(channels[i]));
    client->first_channel_count = channel_count;
    return client;
}

void client_free(struct client *client)
{
    if (!client)
        return;
    for (size_t i = 0; i < client->channel_count; i++)
        free(client->channels[i]);
    free(client->channels);
    dedupe_free(client->ids);
    dedupe_free(client->numbering.events);
    dedupe_free(client->on_connection.events);
    cursor_free(&client->numbering.cursor);
    cursor_free(&client->on_connection.cursor);
    replay_tally_free(client->tally);
    client_node_free(client);
    client_pending_free(&client->slow);
    client_pending_free(&client->mutant.held);
    free(client->effects);
    buffer_free(&client->effect_text);
    buffer_free(&client->scratch);
    free(client);
}

/* ---- effects ---- */

struct buffer *client_begin_effect(struct client *client)
{
    if (client->effect_taken_count == client->effect_count) {
        client->effect_taken_count = client->effect_count = 0;
        buffer_clear(&client->effect_text);
        if (client->effect_text.capacity_bytes > EFFECT_TEXT_KEPT_BYTES)
            buffer_free(&client->effect_text);
    }
    client->effects = memory_grow(client->effects, &client->effect_capacity_count,
                                  client->effect_count + 1, sizeof *client->effects);
    client->effects[client->effect_count].offset = client->effect_text.size_bytes;
    return &client->effect_text;
}

void client_end_effect(struct client *client, enum client_effect_kind kind)
{
    struct client_queued_effect *effect = &client->effects[client->effect_count++];
    effect->kind = kind;
    effect->size_bytes = client->effect_text.size_bytes - effect->offset;
}

void client_push_effect(struct client *client, enum client_effect_kind kind, const char *text)
{
    buffer_append_text(client_begin_effect(client), text);
    client_end_effect(client, kind);
}

bool client_next_effect(struct client *client, struct client_effect *effect)
{
    *effect = (struct client_effect){.kind = CLIENT_EFFECT_NONE};
    if (client->effect_taken_count == client->effect_count)
        return false;
    const struct client_queued_effect *queued = &client->effects[client->effect_taken_count++];
    effect->kind = queued->kind;
    effect->text = client->effect_text.data ? client->effect_text.data + queued->offset : "";
    effect->size_bytes = queued->size_bytes;
    return true;
}

/* ---- clocks ---- */

int64_t client_local_ms(const struct client *client)
{
    return client->now.wall_ms + client->options.clock_skew_ms;
}

int64_t client_server_ms(const struct client *client)
{
    return client_local_ms(client) + client->clock_offset_ms;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t client_deadline_us(const struct client *client)
{
    int64_t deadline_us = client_connection_deadline_us(client);
    if (client->state == CLIENT_STATE_OPEN && client->connection.is_awaiting_ack)
        deadline_us = earlier(deadline_us, client->connection.retry_us);
    return earlier(deadline_us, client_dispatch_deadline_us(client));
}

void client_tick(struct client *client, struct client_time now)
{
    client->now = now;
    client_tick_dispatch(client);
    client_tick_resync(client);
    client_tick_connection(client);
}

/* ---- what the application asks ---- */

void client_start(struct client *client, struct client_time now)
{
    client->now = now;
    if (client->state == CLIENT_STATE_IDLE)
        client_connect(client);
}

static size_t find_channel(const struct client *client, struct span channel)
{
    size_t index = 0;
    while (index < client->channel_count && !span_equals(channel, client->channels[index]))
        index++;
    return index;
}

void client_subscribe(struct client *client, struct span channel, struct client_time now)
{
    client->now = now;
    size_t index = find_channel(client, channel);
    if (index == client->channel_count)
        add_channel(client, channel);
    if (client->state == CLIENT_STATE_OPEN && !client->options.is_node)
        client_send_channels(client, "subscribe", (const char *const *)&client->channels[index], 1);
}

void client_unsubscribe(struct client *client, struct span channel, struct client_time now)
{
    client->now = now;
    size_t index = find_channel(client, channel);
    if (index == client->channel_count)
        return;
    char *name = client->channels[index];
    client->channel_count--;
    memmove(&client->channels[index], &client->channels[index + 1],
            (client->channel_count - index) * sizeof *client->channels);
    if (client->state == CLIENT_STATE_OPEN && !client->options.is_node)
        client_send_channels(client, "unsubscribe", (const char *const *)&name, 1);
    free(name);
}

void client_reconnect(struct client *client, struct client_time now)
{
    client->now = now;
    client->backoff_step = client->failure_count = 0;
    switch (client->state) {
    case CLIENT_STATE_IDLE:
    case CLIENT_STATE_STOPPED:
        return;
    case CLIENT_STATE_CLOSING:
        client->reconnects_at_once = true;
        return;
    case CLIENT_STATE_CONNECTING:
    case CLIENT_STATE_OPEN:
        /* The new one waits for the end of the old one: one connection at a time (C-16). */
        client->reconnects_at_once = true;
        client_close(client);
        return;
    case CLIENT_STATE_WAITING:
    case CLIENT_STATE_GIVEN_UP:
        client_connect(client);
        return;
    }
}

void client_stop(struct client *client, struct client_time now)
{
    client->now = now;
    bool has_connection = client->state == CLIENT_STATE_CONNECTING ||
                          client->state == CLIENT_STATE_OPEN ||
                          client->state == CLIENT_STATE_CLOSING;
    switch (client->policy.stop) {
    case CLIENT_STOP_FINAL:
        if (has_connection)
            client_push_effect(client, CLIENT_EFFECT_CLOSE, "");
        client->state = CLIENT_STATE_STOPPED;
        client->state_deadline_us = CLIENT_NEVER;
        client_drop_pending(client);
        break;
    case CLIENT_STOP_DISPATCHES:
        break;
    case CLIENT_STOP_RECONNECTS:
        if (has_connection)
            client_close(client);
        break;
    }
    client_push_effect(client, CLIENT_EFFECT_REPORT, "{\"ev\":\"stopped\"}");
}

void client_throw(struct client *client)
{
    client->has_second_handler = true;
    client->throws_on_next = true;
}

void client_slow(struct client *client, int64_t ms_per_event)
{
    client->handler_ms = ms_per_event;
}
