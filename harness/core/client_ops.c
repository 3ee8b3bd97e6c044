#include "core/client_ops.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

#define CHANNELS_MAX 1000
#define NUMBER_MAX   (INT64_C(1) << 40) /* some 35 years in milliseconds */

static const cJSON *find_field(const cJSON *line, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(line, name);
}

/* Leaves the default where the field is absent or no sensible number. */
static void read_number(const cJSON *options, const char *name, int64_t least, int64_t *number)
{
    const cJSON *value = find_field(options, name);
    if (!cJSON_IsNumber(value) || !(value->valuedouble >= (double)least) ||
        !(value->valuedouble <= (double)NUMBER_MAX))
        return;
    *number = (int64_t)value->valuedouble;
}

static struct client_options read_options(const cJSON *options)
{
    struct client_options read = CLIENT_OPTIONS_DEFAULT;
    read_number(options, "reconnect_base_ms", 0, &read.reconnect_base_ms);
    read_number(options, "reconnect_max_ms", 0, &read.reconnect_max_ms);
    read_number(options, "ping_ms", 0, &read.ping_ms);
    read_number(options, "pong_timeout_ms", 0, &read.pong_timeout_ms);
    read_number(options, "connect_timeout_ms", 0, &read.connect_timeout_ms);
    read_number(options, "max_reconnect_attempts", -1, &read.max_reconnect_attempts);
    read_number(options, "clock_skew_ms", -NUMBER_MAX, &read.clock_skew_ms);
    const char *dialect = cJSON_GetStringValue(find_field(options, "dialect"));
    read.is_node = dialect && !strcmp(dialect, "node");
    read.reconnect_jitter = cJSON_IsTrue(find_field(options, "reconnect_jitter"));
    return read;
}

/* The strings of `channels`, borrowed from the line; the array is the caller's. */
static const char **read_channels(const cJSON *line, size_t *count)
{
    const cJSON *item;
    const char **channels = memory_alloc(CHANNELS_MAX, sizeof(*channels));
    *count = 0;
    cJSON_ArrayForEach(item, find_field(line, "channels"))
        if (cJSON_IsString(item) && *count < CHANNELS_MAX)
            channels[(*count)++] = item->valuestring;
    return channels;
}

struct client *client_ops_start(const cJSON *line, const struct client_policy *policy,
                                uint64_t seed)
{
    struct client_options options = read_options(find_field(line, "options"));
    size_t count;
    const char **channels = read_channels(line, &count);
    struct client *client = client_new(&options, policy, channels, count, seed);
    free(channels);
    return client;
}

/* ---- one function an op ---- */

static void subscribe(struct client *client, const cJSON *line, struct client_time now)
{
    size_t count;
    const char **channels = read_channels(line, &count);
    for (size_t index = 0; index < count; index++)
        client_subscribe(client, span_of(channels[index]), now);
    free(channels);
}

static void unsubscribe(struct client *client, const cJSON *line, struct client_time now)
{
    size_t count;
    const char **channels = read_channels(line, &count);
    for (size_t index = 0; index < count; index++)
        client_unsubscribe(client, span_of(channels[index]), now);
    free(channels);
}

static void reconnect(struct client *client, const cJSON *line, struct client_time now)
{
    (void)line;
    client_reconnect(client, now);
}

static void throw_on_next(struct client *client, const cJSON *line, struct client_time now)
{
    (void)line;
    (void)now;
    client_throw(client);
}

static void slow_down(struct client *client, const cJSON *line, struct client_time now)
{
    (void)now;
    int64_t ms = 0;
    read_number(line, "ms", 0, &ms);
    client_slow(client, ms);
}

static void stop(struct client *client, const cJSON *line, struct client_time now)
{
    (void)line;
    client_stop(client, now);
}

static const struct {
    const char *name;
    void (*run)(struct client *client, const cJSON *line, struct client_time now);
} ops[] = {
    {"subscribe", subscribe}, {"unsubscribe", unsubscribe}, {"reconnect", reconnect},
    {"throw", throw_on_next}, {"slow", slow_down},          {"stop", stop},
};

bool client_ops_run(struct client *client, const char *op, const cJSON *line,
                    struct client_time now)
{
    for (size_t index = 0; index < sizeof(ops) / sizeof(ops[0]); index++) {
        if (strcmp(op, ops[index].name) != 0)
            continue;
        ops[index].run(client, line, now);
        return true;
    }
    return false;
}
