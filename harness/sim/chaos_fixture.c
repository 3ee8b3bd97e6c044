#include "sim/chaos_fixture.h"

#include <assert.h>
#include <stdbool.h>

struct chaos {
    uint64_t state;
    struct buffer *out;
    bool is_numbered; /* a settled event had a number: a resync is due on every reconnect */
    unsigned named_count;
};

/* ---- chance ---- */

/* splitmix64 */
static uint64_t next_random(struct chaos *chaos)
{
    uint64_t mixed = chaos->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static unsigned below(struct chaos *chaos, unsigned limit)
{
    return (unsigned)(next_random(chaos) % limit);
}

static bool chance(struct chaos *chaos, unsigned percent)
{
    return below(chaos, 100) < percent;
}

static const char *one_of(struct chaos *chaos, const char *const *items, size_t count)
{
    return items[below(chaos, (unsigned)count)];
}

#define ONE_OF(chaos, ...)                                                                         \
    one_of(chaos, (const char *const[]){__VA_ARGS__},                                              \
           sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* ---- what the server does ---- */

static void write_publish(struct chaos *chaos)
{
    const char *type =
        ONE_OF(chaos, "message.created", "message.created", "message.created", "thread.reply",
               "dm.received", "group_dm.received", "message.reacted", "message.reacted",
               "message.read", "member.joined", "agent.status.idle", "custom.thing");
    unsigned count = chance(chaos, 30) ? 1 + below(chaos, 40) : 1 + below(chaos, 6);
    buffer_printf(chaos->out, "  { \"publish\": { \"type\": \"%s\", \"count\": %u", type, count);
    if (chance(chaos, 10))
        buffer_append_text(chaos->out, ", \"live\": false");
    if (chance(chaos, 10))
        buffer_append_text(chaos->out, ", \"store\": false");
    if (chance(chaos, 10))
        buffer_append_text(chaos->out, ", \"seq\": \"none\"");
    if (chance(chaos, 8))
        buffer_printf(chaos->out, ", \"id\": \"%s\"", ONE_OF(chaos, "none", "same"));
    if (chance(chaos, 15))
        buffer_printf(chaos->out, ", \"every_ms\": %u", 1 + below(chaos, 400));
    if (chance(chaos, 20))
        buffer_printf(chaos->out, ", \"as\": \"e%u\"", chaos->named_count++);
    buffer_append_text(chaos->out, " } },\n");
}

static void write_advance(struct chaos *chaos)
{
    unsigned ms = chance(chaos, 20) ? below(chaos, 400000) : below(chaos, 3000);
    buffer_printf(chaos->out, "  { \"advance\": { \"ms\": %u } },\n", ms);
}

static void write_settle(struct chaos *chaos)
{
    buffer_append_text(chaos->out, "  { \"settle\": {} },\n");
}

static void write_again(struct chaos *chaos)
{
    if (!chaos->named_count)
        return;
    write_settle(chaos); /* so that there is a connection: a cut may have ended it */
    buffer_printf(chaos->out, "  { \"send\": { \"again\": \"e%u\"%s } },\n",
                  below(chaos, chaos->named_count), chance(chaos, 30) ? ", \"row\": true" : "");
}

static void write_frame(struct chaos *chaos)
{
    write_settle(chaos);
    const char *frame = ONE_OF(
        chaos, "\"text\": \"no JSON {\"", "\"frame\": [1, 2]", "\"frame\": {\"type\": 7}",
        "\"frame\": {\"type\": \"pong\", \"agent_seq\": 90}",
        "\"frame\": {\"type\": \"message.created\", \"id\": 3, \"agent_seq\": \"x\"}",
        "\"frame\": {\"type\": \"resync_ack\", \"last_seen_seq\": 1, \"current_seq\": 900,"
        " \"replayed\": 0, \"gap_detected\": false}",
        "\"frame\": {\"type\": \"resync_ack\", \"current_seq\": null}");
    buffer_printf(chaos->out, "  { \"send\": { %s } },\n", frame);
}

static void write_set(struct chaos *chaos)
{
    switch (below(chaos, 6)) {
    case 0:
        buffer_printf(chaos->out,
                      "  { \"set\": { \"cut_replay_after\": %u, \"cut_how\": \"%s\" } },\n",
                      chance(chaos, 30) ? 0 : below(chaos, 12),
                      ONE_OF(chaos, "reset", "fin", "mid-frame", "close"));
        break;
    case 1:
        buffer_printf(chaos->out, "  { \"set\": { \"live_before_replay\": %u } },\n",
                      1 + below(chaos, 3));
        break;
    case 2:
        buffer_printf(chaos->out, "  { \"set\": { \"order\": \"%s\" } },\n",
                      ONE_OF(chaos, "ring-first", "db-first", "shuffled"));
        break;
    case 3:
        buffer_printf(chaos->out, "  { \"set\": { \"ack\": %s } },\n",
                      ONE_OF(chaos, "\"auto\"", "\"auto\"", "\"omit\"", "\"twice\"",
                             "{ \"current_seq\": null }", "{ \"gap_detected\": 1 }"));
        break;
    case 4:
        buffer_printf(chaos->out, "  { \"set\": { \"resync\": \"%s\" } },\n",
                      ONE_OF(chaos, "auto", "auto", "ignore"));
        break;
    case 5:
        buffer_printf(chaos->out, "  { \"set\": { \"write_delay_ms\": %u } },\n",
                      chance(chaos, 60) ? 0 : 1 + below(chaos, 30));
        break;
    }
}

/* ---- how connections end, and what happens while there is none ---- */

static void write_outage(struct chaos *chaos)
{
    for (unsigned left = below(chaos, 4); left > 0; left--)
        chance(chaos, 70) ? write_publish(chaos) : write_advance(chaos);
    if (chance(chaos, 30))
        write_set(chaos);
    if (chance(chaos, 10))
        buffer_printf(chaos->out, "  { \"refuse\": { \"times\": %u, \"how\": \"%s\" } },\n",
                      1 + below(chaos, 3), ONE_OF(chaos, "http", "reset"));
}

static void write_restart(struct chaos *chaos)
{
    buffer_append_text(chaos->out, "  { \"restart\": { ");
    if (chance(chaos, 30))
        buffer_append_text(chaos->out, "\"counter\": \"keep\"");
    else
        buffer_printf(chaos->out, "\"counter\": %u", chance(chaos, 60) ? 0 : below(chaos, 30));
    if (chance(chaos, 20))
        buffer_append_text(chaos->out, ", \"ring\": \"keep\"");
    if (chance(chaos, 20))
        buffer_append_text(chaos->out, ", \"db\": \"empty\"");
    if (chance(chaos, 20))
        buffer_printf(chaos->out, ", \"down_ms\": %u", below(chaos, 300));
    buffer_printf(chaos->out, ", \"how\": \"%s\" } },\n",
                  ONE_OF(chaos, "reset", "fin", "mid-frame", "close", "silent"));
}

static void write_loss(struct chaos *chaos)
{
    if (chance(chaos, 15)) {
        write_restart(chaos);
    } else if (chance(chaos, 10)) {
        buffer_append_text(chaos->out, "  { \"close\": {} },\n");
    } else if (chance(chaos, 8)) {
        buffer_append_text(chaos->out, "  { \"client\": { \"do\": \"reconnect\" } },\n");
    } else {
        buffer_printf(chaos->out, "  { \"drop\": { \"how\": \"%s\" } },\n",
                      ONE_OF(chaos, "reset", "fin", "mid-frame", "close", "silent"));
    }
    write_outage(chaos);
    bool is_held = chaos->is_numbered && chance(chaos, 15);
    if (is_held)
        buffer_append_text(chaos->out, "  { \"set\": { \"resync\": \"hold\" } },\n");
    buffer_append_text(chaos->out, "  { \"accept\": {} },\n");
    if (!is_held)
        return;
    if (chance(chaos, 60))
        write_publish(chaos);
    if (chance(chaos, 30))
        buffer_append_text(chaos->out, "  { \"wait\": { \"ms\": 1500 } },\n");
    buffer_append_text(chaos->out, "  { \"release\": {} },\n"
                                   "  { \"set\": { \"resync\": \"auto\" } },\n");
}

static void write_step(struct chaos *chaos)
{
    unsigned kind = below(chaos, 100);
    if (kind < 30)
        write_publish(chaos);
    else if (kind < 40)
        write_settle(chaos);
    else if (kind < 48)
        write_advance(chaos);
    else if (kind < 52)
        write_again(chaos);
    else if (kind < 55)
        write_frame(chaos);
    else if (kind < 62)
        write_set(chaos);
    else if (kind < 64)
        buffer_printf(chaos->out, "  { \"client\": { \"do\": \"slow\", \"ms\": %u } },\n",
                      chance(chaos, 40) ? 0 : 1 + below(chaos, 60));
    else
        write_loss(chaos);
}

/* ---- the whole ---- */

static void write_head(struct chaos *chaos, uint64_t seed)
{
    buffer_printf(chaos->out, "{\n \"title\": \"Chaos %llu\", \"rules\": [\"C-7\"],\n",
                  (unsigned long long)seed);
    buffer_printf(chaos->out, " \"timeout_ms\": 3600000,\n \"server\": { \"ring\": %u, "
                              "\"db_limit\": %u, \"clock\": { \"freeze\": %s",
                  1 + below(chaos, 20), 2 + below(chaos, 30),
                  chance(chaos, 70) ? "true" : "false");
    if (chance(chaos, 30))
        buffer_printf(chaos->out, ", \"skew_ms\": %d", (int)below(chaos, 7200000) - 3600000);
    buffer_append_text(chaos->out, " } },\n \"client\": { \"ping_ms\": 300, "
                                   "\"pong_timeout_ms\": 200");
    if (chance(chaos, 20))
        buffer_printf(chaos->out, ", \"clock_skew_ms\": %d", (int)below(chaos, 120000) - 60000);
    buffer_append_text(chaos->out, " },\n \"steps\": [\n  { \"accept\": {} },\n");
}

void chaos_write(uint64_t seed, struct buffer *out)
{
    struct chaos chaos = {.state = seed, .out = out};
    write_head(&chaos, seed);
    if (chance(&chaos, 90)) {
        buffer_printf(out, "  { \"publish\": { \"count\": %u } },\n", 1 + below(&chaos, 5));
        write_settle(&chaos);
        chaos.is_numbered = true;
    }
    for (unsigned left = 2 + below(&chaos, 14); left > 0; left--)
        write_step(&chaos);
    buffer_append_text(out, "  { \"settle\": {} }\n ]\n}\n");
}

const struct scenario *chaos_load(uint64_t seed, struct buffer *text, struct scenario_set *set)
{
    struct error_list errors;
    error_list_init(&errors);
    buffer_clear(text);
    chaos_write(seed, text);
    bool is_loaded =
        scenario_load(buffer_text(text), text->size_bytes, "chaos", "chaos", set, &errors);
    assert(is_loaded && set->count == 1);
    (void)is_loaded;
    error_list_free(&errors);
    return set->items[0];
}
