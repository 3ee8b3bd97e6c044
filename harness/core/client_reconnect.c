/* Connections: opening, losing, waiting longer each time, noticing half-open ones (C-16, C-26 …
 * C-28). */
#include "core/client_internal.h"

#include <string.h>

/* How long a polite end may take before the connection is ended at once. */
#define CLOSE_PATIENCE_MS 1000

static int64_t after_ms(const struct client *client, int64_t delay_ms)
{
    return client->now.monotonic_us + delay_ms * 1000;
}

static void enter(struct client *client, enum client_state state, int64_t deadline_us)
{
    client->state = state;
    client->state_deadline_us = deadline_us;
}

/* ---- sending ---- */

void client_send_channels(struct client *client, const char *type, const char *const *channels,
                          size_t count)
{
    struct buffer *text = client_begin_effect(client);
    buffer_printf(text, "{\"type\":\"%s\",\"channels\":[", type);
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(text, i ? "," : "");
        text_append_json(text, channels[i], strlen(channels[i]));
    }
    buffer_append_text(text, "]}");
    client_end_effect(client, CLIENT_EFFECT_SEND);
}

static void subscribe_all(struct client *client)
{
    size_t count = client->channel_count;
    if (client->policy.subscribes_only_once && client->connection_count > 1)
        count = 0;
    if (client->policy.subscribes_first_channels_only && count > client->first_channel_count)
        count = client->first_channel_count;
    if (count > 0)
        client_send_channels(client, "subscribe", (const char *const *)client->channels, count);
}

static const char *ping_text(enum client_ping ping)
{
    switch (ping) {
    case CLIENT_PING_VALID:
    case CLIENT_PING_NONE:
    case CLIENT_PING_UNWATCHED:
        break;
    case CLIENT_PING_INVALID_JSON:
        return "{type:'ping'}";
    case CLIENT_PING_UNKNOWN_FRAME:
        return "{\"type\":\"heartbeat\"}";
    }
    return "{\"type\":\"ping\"}";
}

/* ---- opening ---- */

void client_connect(struct client *client)
{
    client->connection = (struct client_connection){
        .ping_us = CLIENT_NEVER, .pong_deadline_us = CLIENT_NEVER, .retry_us = CLIENT_NEVER};
    client->reconnects_at_once = false;
    enter(client, CLIENT_STATE_CONNECTING,
          client->policy.connects_patiently ? CLIENT_NEVER
                                            : after_ms(client, client->options.connect_timeout_ms));
    if (client->options.is_node) {
        client_node_connect(client);
        return;
    }
    client_push_effect(client, CLIENT_EFFECT_CONNECT, "");
    if (client->policy.connects_twice && client->connection_count > 0)
        client_push_effect(client, CLIENT_EFFECT_CONNECT, "");
}

static bool sends_pings(const struct client *client)
{
    return client->options.ping_ms > 0 && client->policy.ping != CLIENT_PING_NONE;
}

void client_opened(struct client *client, struct span date, struct client_time now)
{
    client->now = now;
    if (client->state != CLIENT_STATE_CONNECTING)
        return;
    enter(client, CLIENT_STATE_OPEN, CLIENT_NEVER);
    client->connection.has_opened = true;
    client->connection.opened_us = now.monotonic_us;
    if (sends_pings(client))
        client->connection.ping_us = after_ms(client, client->options.ping_ms);
    client->connection_count++;
    client->failure_count = 0;
    if (client->policy.backoff == CLIENT_BACKOFF_RESET_BY_OPEN)
        client->backoff_step = 0;
    client->mutant.is_deaf = false;
    if (client->policy.dedupe_forgets_on_reconnect)
        dedupe_clear(client->ids);

    client_push_effect(client, CLIENT_EFFECT_REPORT, "{\"ev\":\"open\"}");
    if (client->options.is_node) {
        client_node_opened(client);
        return;
    }
    bool resync_first = client->policy.resync == CLIENT_RESYNC_BEFORE_SUBSCRIBE;
    if (!resync_first)
        subscribe_all(client);
    client_resync_opened(client, date);
    if (resync_first)
        subscribe_all(client);
}

/* ---- losing ---- */

void client_close(struct client *client)
{
    client_push_effect(client, CLIENT_EFFECT_CLOSE, "");
    enter(client, CLIENT_STATE_CLOSING, after_ms(client, CLOSE_PATIENCE_MS));
}

static void abort_connection(struct client *client)
{
    client_push_effect(client, CLIENT_EFFECT_ABORT, "");
    enter(client, CLIENT_STATE_CLOSING, CLIENT_NEVER);
}

/* splitmix64, as a fraction of 1. */
static double next_random(struct client *client)
{
    uint64_t mixed = client->random += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((mixed ^ (mixed >> 31)) >> 11) / 9007199254740992.0;
}

/* base · 2^(step - 1), at most the greatest delay, ± 50 % with jitter. */
static int64_t next_delay_ms(struct client *client)
{
    const struct client_options *options = &client->options;
    int64_t delay_ms = options->reconnect_base_ms > 0 ? options->reconnect_base_ms : 1;
    bool grows = client->policy.backoff != CLIENT_BACKOFF_FLAT;
    for (int64_t step = 1; grows && step < client->backoff_step; step++) {
        if (delay_ms >= options->reconnect_max_ms)
            break;
        delay_ms *= 2;
    }
    if (delay_ms > options->reconnect_max_ms)
        delay_ms = options->reconnect_max_ms;
    if (options->reconnect_jitter)
        delay_ms = (int64_t)((double)delay_ms * (0.5 + next_random(client)) + 0.5);
    return client->policy.backoff == CLIENT_BACKOFF_NONE ? 0 : delay_ms;
}

/* Whether the connection was good for something: a server that accepts and closes at once must not
 * bring the delays back to the smallest (C-27). */
static bool was_healthy(const struct client *client)
{
    const struct client_connection *connection = &client->connection;
    if (!connection->has_opened)
        return false;
    int64_t lasted_us = client->now.monotonic_us - connection->opened_us;
    return connection->message_count > 0 || lasted_us >= client->options.reconnect_max_ms * 1000;
}

static bool resigns(const struct client *client, unsigned http_status, unsigned close_code)
{
    switch (client->policy.resigns) {
    case CLIENT_RESIGNS_NEVER:
        break;
    case CLIENT_RESIGNS_AFTER_NORMAL_CLOSE:
        return client->connection.has_opened && close_code == 1000;
    case CLIENT_RESIGNS_AFTER_ABNORMAL_CLOSE:
        return client->connection.has_opened && close_code == 0;
    case CLIENT_RESIGNS_AFTER_REFUSED_FIRST:
        return client->connection_count == 0;
    case CLIENT_RESIGNS_AFTER_REFUSAL:
        return http_status != 0;
    }
    return false;
}

static void give_up(struct client *client)
{
    enter(client, CLIENT_STATE_GIVEN_UP, CLIENT_NEVER);
    if (client->policy.limit == CLIENT_LIMIT_SILENT)
        return;
    buffer_printf(client_begin_effect(client),
                  "{\"ev\":\"permanently_disconnected\",\"attempt\":%lld}",
                  (long long)client->failure_count);
    client_end_effect(client, CLIENT_EFFECT_REPORT);
}

static void schedule_attempt(struct client *client)
{
    int64_t limit = client->options.max_reconnect_attempts;
    bool is_limited = limit >= 0 && client->policy.limit != CLIENT_LIMIT_IGNORED;
    if (is_limited && client->failure_count >= limit) {
        give_up(client);
        return;
    }
    client->failure_count++;
    client->backoff_step++;
    enter(client, CLIENT_STATE_WAITING, after_ms(client, next_delay_ms(client)));
    buffer_printf(client_begin_effect(client), "{\"ev\":\"reconnecting\",\"attempt\":%lld}",
                  (long long)client->backoff_step);
    client_end_effect(client, CLIENT_EFFECT_REPORT);
}

static void report_loss(struct client *client, unsigned http_status, unsigned close_code)
{
    struct buffer *text = client_begin_effect(client);
    if (client->connection.has_opened)
        buffer_printf(text, "{\"ev\":\"close\",\"message\":\"close code %u\"}",
                      close_code ? close_code : 1006);
    else if (http_status)
        buffer_printf(text, "{\"ev\":\"error\",\"message\":\"refused with HTTP %u\"}", http_status);
    else
        buffer_printf(text, "{\"ev\":\"error\",\"message\":\"%s\"}",
                      client->connection.has_timed_out ? "connecting took too long"
                                                       : "no connection");
    client_end_effect(client, CLIENT_EFFECT_REPORT);
}

void client_closed(struct client *client, unsigned http_status, unsigned close_code,
                   struct client_time now)
{
    client->now = now;
    if (client->state != CLIENT_STATE_CONNECTING && client->state != CLIENT_STATE_OPEN &&
        client->state != CLIENT_STATE_CLOSING)
        return;
    client_release_held(client, false);
    bool is_wanted = client->reconnects_at_once;
    if (client->connection.has_opened || !is_wanted)
        report_loss(client, http_status, close_code);
    if (is_wanted) {
        client_connect(client);
        return;
    }
    if (was_healthy(client) && client->policy.backoff != CLIENT_BACKOFF_NEVER_RESET)
        client->backoff_step = 0;
    if (resigns(client, http_status, close_code))
        enter(client, CLIENT_STATE_GIVEN_UP, CLIENT_NEVER);
    else
        schedule_attempt(client);
}

/* ---- time ---- */

void client_piece(struct client *client, struct client_time now)
{
    client->now = now;
    client->connection.pong_deadline_us = CLIENT_NEVER;
    client_put_off_retry(client); /* a long event that still comes is no missing ack */
}

static void tick_keepalive(struct client *client)
{
    struct client_connection *connection = &client->connection;
    if (client->now.monotonic_us >= connection->pong_deadline_us) {
        abort_connection(client);
        return;
    }
    if (client->now.monotonic_us < connection->ping_us)
        return;
    bool is_ping_right = client->policy.ping == CLIENT_PING_VALID ||
                         client->policy.ping == CLIENT_PING_UNWATCHED;
    if (client->options.is_node && is_ping_right)
        client_node_heartbeat(client);
    else
        client_push_effect(client, CLIENT_EFFECT_SEND, ping_text(client->policy.ping));
    connection->ping_us = after_ms(client, client->options.ping_ms);
    if (connection->pong_deadline_us == CLIENT_NEVER &&
        client->policy.ping != CLIENT_PING_UNWATCHED)
        connection->pong_deadline_us = after_ms(client, client->options.pong_timeout_ms);
}

void client_tick_connection(struct client *client)
{
    bool is_due = client->now.monotonic_us >= client->state_deadline_us;
    switch (client->state) {
    case CLIENT_STATE_OPEN:
        tick_keepalive(client);
        break;
    case CLIENT_STATE_CONNECTING:
        if (is_due) {
            client->connection.has_timed_out = true;
            client_close(client);
        }
        break;
    case CLIENT_STATE_CLOSING:
        if (is_due)
            abort_connection(client);
        break;
    case CLIENT_STATE_WAITING:
        if (is_due)
            client_connect(client);
        break;
    case CLIENT_STATE_IDLE:
    case CLIENT_STATE_GIVEN_UP:
    case CLIENT_STATE_STOPPED:
        break;
    }
}

int64_t client_connection_deadline_us(const struct client *client)
{
    if (client->state != CLIENT_STATE_OPEN)
        return client->state_deadline_us;
    const struct client_connection *connection = &client->connection;
    return connection->ping_us < connection->pong_deadline_us ? connection->ping_us
                                                              : connection->pong_deadline_us;
}
