/* Connections: how they are made, told and ended. */
#include "cmd/doctor_entries.h"
#include "cmd/doctor_inspect.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#define SLACK_MS       250 /* of a busy machine, for delays that must not be longer */
#define SINCE_SLACK_MS 600000

typedef const struct transcript_entry *entry_ref;

/* ---- lifecycle ---- */

void doctor_inspect_lifecycle_lines(const struct transcript *transcript,
                                    struct doctor_outcome *outcome)
{
    static const char *const names[] = {"open", "close", "error", "reconnecting",
                                        "permanently_disconnected", "resynced", "resync_ack"};
    for (size_t i = 0; i < transcript->count; i++)
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++) {
            entry_ref entry = &transcript->entries[i];
            if (entry->kind != TRANSCRIPT_DISPATCH || !doctor_is_named(entry->detail, names[j]))
                continue;
            doctor_set(outcome, DOCTOR_WRONG, "an `event` line of the type `%s`", names[j]);
            return;
        }
}

void doctor_inspect_open(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    size_t opened_count = doctor_count_of(transcript, TRANSCRIPT_OPEN, NULL);
    size_t told_count = doctor_count_of(transcript, TRANSCRIPT_LIFECYCLE, "open");
    if (told_count != opened_count)
        doctor_set(outcome, DOCTOR_WRONG, "%zu `open` line%s, and %zu connections were opened",
                   told_count, told_count == 1 ? "" : "s", opened_count);
}

void doctor_inspect_close(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    size_t dropped = doctor_find(transcript, TRANSCRIPT_DROP, NULL, 0);
    if (!doctor_has(transcript, TRANSCRIPT_LIFECYCLE, "close", dropped))
        doctor_set(outcome, DOCTOR_WRONG, "no `close` line after the connection was reset");
}

void doctor_inspect_reconnecting(const struct transcript *transcript,
                                 struct doctor_outcome *outcome)
{
    size_t dropped = doctor_find(transcript, TRANSCRIPT_DROP, NULL, 0);
    size_t at = doctor_find(transcript, TRANSCRIPT_LIFECYCLE, "reconnecting", dropped);
    if (at == transcript->count)
        doctor_set(outcome, DOCTOR_WRONG, "no `reconnecting` line after the connection was reset");
    else if (isnan(transcript->entries[at].number))
        doctor_set(outcome, DOCTOR_WRONG, "a `reconnecting` line whose `attempt` is no number");
}

void doctor_inspect_gave_up(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    if (doctor_has(transcript, TRANSCRIPT_LIFECYCLE, "permanently_disconnected", 0))
        return;
    doctor_set(outcome, DOCTOR_WRONG,
               "no `permanently_disconnected` line; %zu connections were refused after "
               "max_reconnect_attempts 3",
               doctor_count_of(transcript, TRANSCRIPT_REFUSED, NULL));
}

void doctor_inspect_resynced(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    size_t ack = doctor_find(transcript, TRANSCRIPT_ACK, NULL, 0);
    size_t told = doctor_find(transcript, TRANSCRIPT_RESYNCED, NULL, 0);
    if (ack == transcript->count) {
        doctor_set(outcome, DOCTOR_WRONG, "the client sent no `resync` that could be answered");
        outcome->advice = "Leave `resynced` out for a release that does not resync.";
        return;
    }
    if (told == transcript->count) {
        doctor_set(outcome, DOCTOR_WRONG, "no `resynced` line after the server's `resync_ack`");
        return;
    }
    entry_ref entry = &transcript->entries[told];
    double replayed = transcript->entries[ack].number2;
    if (entry->flags & TRANSCRIPT_FLAG_MALFORMED)
        doctor_set(outcome, DOCTOR_WRONG, "a `resynced` line without a %s",
                   isnan(entry->number) ? "number `replayed`" : "true or false `gap_detected`");
    else if (entry->number != replayed)
        doctor_set(outcome, DOCTOR_WRONG, "`replayed` is %g, and the server replayed %g",
                   entry->number, replayed);
}

/* ---- connections and channels ---- */

static void append_trouble(const struct transcript *transcript, struct buffer *out)
{
    for (size_t i = 0; i < transcript->count; i++) {
        entry_ref entry = &transcript->entries[i];
        bool is_error =
            entry->kind == TRANSCRIPT_LIFECYCLE && doctor_is_named(entry->name, "error");
        if ((!is_error && entry->kind != TRANSCRIPT_LOG) || !entry->text)
            continue;
        buffer_append_text(out, "; the driver said ");
        doctor_quote(out, entry->text, strlen(entry->text));
        return;
    }
}

void doctor_inspect_connect(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    size_t request = doctor_find(transcript, TRANSCRIPT_REQUEST, NULL, 0);
    size_t refused = doctor_find(transcript, TRANSCRIPT_REFUSED, NULL, 0);
    if (doctor_has(transcript, TRANSCRIPT_OPEN, NULL, 0))
        return;
    if (refused < transcript->count && transcript->entries[refused].number == 401) {
        doctor_set(outcome, DOCTOR_WRONG, "a request without the token of the op `start`");
    } else if (request < transcript->count && transcript->entries[request].text) {
        const char *line = transcript->entries[request].text;
        doctor_set(outcome, DOCTOR_WRONG, "a request that is no upgrade of /v1/ws: ");
        doctor_quote(&outcome->text, line, strlen(line));
    } else if (doctor_has(transcript, TRANSCRIPT_CONNECT, NULL, 0)) {
        doctor_set(outcome, DOCTOR_WRONG, "a connection without an HTTP request");
    } else {
        doctor_set(outcome, DOCTOR_WRONG, "no connection within 3 s");
    }
    append_trouble(transcript, &outcome->text);
}

void doctor_inspect_node_connect(const struct transcript *transcript,
                                 struct doctor_outcome *outcome)
{
    size_t request = doctor_find(transcript, TRANSCRIPT_REQUEST, NULL, 0);
    if (doctor_has(transcript, TRANSCRIPT_OPEN, NULL, 0))
        return;
    if (doctor_has(transcript, TRANSCRIPT_HTTP, "refused", 0)) {
        size_t refused = doctor_find(transcript, TRANSCRIPT_HTTP, "refused", 0);
        doctor_set(outcome, DOCTOR_WRONG, "a request that was answered with %.0f: ",
                   transcript->entries[refused].number);
        if (transcript->entries[refused].text)
            doctor_quote(&outcome->text, transcript->entries[refused].text,
                         strlen(transcript->entries[refused].text));
    } else if (request < transcript->count && transcript->entries[request].text) {
        doctor_set(outcome, DOCTOR_WRONG, "a request that is no upgrade of /v1/node/ws with the "
                                          "token that was issued: ");
        doctor_quote(&outcome->text, transcript->entries[request].text,
                     strlen(transcript->entries[request].text));
    } else {
        doctor_set(outcome, DOCTOR_WRONG, "no connection within 3 s");
    }
    append_trouble(transcript, &outcome->text);
}

void doctor_inspect_node_once(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    if (doctor_find_frame(transcript, "node.register", 0) == transcript->count)
        doctor_set(outcome, DOCTOR_WRONG, "no `node.register` came");
    else
        doctor_inspect_once(transcript, outcome);
}

static bool holds_channel(entry_ref entry, const char *channel)
{
    cJSON *frame = entry->text ? cJSON_Parse(entry->text) : NULL;
    const cJSON *item;
    bool is_there = false;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(frame, "channels"))
        is_there = is_there || (cJSON_IsString(item) && strcmp(item->valuestring, channel) == 0);
    cJSON_Delete(frame);
    return is_there;
}

/* Whether a frame of that type named the channel on that connection (0: on any), from `from` on. */
static bool names_channel(const struct transcript *transcript, const char *type,
                          uint32_t connection, const char *channel, size_t from)
{
    for (size_t i = doctor_find_frame(transcript, type, from); i < transcript->count;
         i = doctor_find_frame(transcript, type, i + 1))
        if ((connection == 0 || transcript->entries[i].connection == connection) &&
            holds_channel(&transcript->entries[i], channel))
            return true;
    return false;
}

/* The number of the n-th upgraded connection, or 0. */
static uint32_t opened_connection(const struct transcript *transcript, size_t n)
{
    size_t at = doctor_find(transcript, TRANSCRIPT_OPEN, NULL, 0);
    for (size_t i = 1; i < n && at < transcript->count; i++)
        at = doctor_find(transcript, TRANSCRIPT_OPEN, NULL, at + 1);
    return at < transcript->count ? transcript->entries[at].connection : 0;
}

static void inspect_channels_on(const struct transcript *transcript, size_t n,
                                struct doctor_outcome *outcome)
{
    static const char *const channels[] = {"general", "random"};
    uint32_t connection = opened_connection(transcript, n);
    if (connection == 0) {
        doctor_set(outcome, DOCTOR_UNSEEN, "the client did not connect again");
        return;
    }
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
        if (names_channel(transcript, "subscribe", connection, channels[i], 0))
            continue;
        doctor_set(outcome, DOCTOR_WRONG, "no `subscribe` for the channel `%s` on connection %zu",
                   channels[i], n);
        return;
    }
}

void doctor_inspect_channels(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    inspect_channels_on(transcript, 1, outcome);
}

void doctor_inspect_channels_again(const struct transcript *transcript,
                                   struct doctor_outcome *outcome)
{
    inspect_channels_on(transcript, 2, outcome);
}

/* Whether the op itself had an effect, and then whether the next open remembers it. */
static void inspect_channel_op(const struct transcript *transcript, const char *op,
                               const char *channel, bool is_wanted, struct doctor_outcome *outcome)
{
    size_t asked = doctor_find(transcript, TRANSCRIPT_OP, op, 0);
    uint32_t second = opened_connection(transcript, 2);
    if (!names_channel(transcript, op, 0, channel, asked))
        doctor_set(outcome, DOCTOR_WRONG, "no `%s` frame for the channel `%s` after the op", op,
                   channel);
    else if (second == 0)
        doctor_set(outcome, DOCTOR_UNSEEN, "the client did not connect again");
    else if (names_channel(transcript, "subscribe", second, channel, 0) != is_wanted)
        doctor_set(outcome, DOCTOR_WRONG, "the next connection %s `%s`",
                   is_wanted ? "was not subscribed to" : "was subscribed again to", channel);
}

void doctor_inspect_subscribe(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    inspect_channel_op(transcript, "subscribe", "support", true, outcome);
}

void doctor_inspect_unsubscribe(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    inspect_channel_op(transcript, "unsubscribe", "general", false, outcome);
}

void doctor_inspect_reconnect(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    size_t asked = doctor_find(transcript, TRANSCRIPT_OP, "reconnect", 0);
    if (asked < transcript->count && !doctor_has(transcript, TRANSCRIPT_OPEN, NULL, asked))
        doctor_set(outcome, DOCTOR_WRONG, "no new connection within 3 s of the op");
}

/* ---- options ---- */

/* How far `since` is from the true time, in ms; NAN if there is none. */
static double since_offset(const struct transcript *transcript)
{
    size_t at = doctor_find_frame(transcript, "resync", 0);
    if (at == transcript->count)
        return NAN;
    entry_ref entry = &transcript->entries[at];
    return entry->number - (double)transcript->header.started_ms - (double)entry->at_us / 1000;
}

void doctor_inspect_clock(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    double offset_ms = since_offset(transcript);
    if (isnan(offset_ms))
        doctor_set(outcome, DOCTOR_UNSEEN, "the client gave no `since` that would show its clock");
    else if (fabs(offset_ms - DOCTOR_CLIENT_SKEW_MS) < SINCE_SLACK_MS)
        return;
    else if (fabs(offset_ms - DOCTOR_SERVER_SKEW_MS) < SINCE_SLACK_MS)
        doctor_set(outcome, DOCTOR_UNSEEN,
                   "the client's `since` follows the server's clock, whatever its own shows");
    else
        doctor_set(outcome, DOCTOR_WRONG, "a `since` %.0f s from the true time, at a skew of %d s",
                   offset_ms / 1000, DOCTOR_CLIENT_SKEW_MS / 1000);
}

/* The time between the loss that came before connection attempt n (from 1) and the attempt, after
 * the drop; NAN if there is none. */
static double delay_ms(const struct transcript *transcript, size_t n)
{
    int64_t lost_us = 0;
    size_t attempt = 0;
    for (size_t i = doctor_find(transcript, TRANSCRIPT_DROP, NULL, 0); i < transcript->count; i++) {
        entry_ref entry = &transcript->entries[i];
        if (entry->kind == TRANSCRIPT_CONNECT && ++attempt == n)
            return (double)(entry->at_us - lost_us) / 1000;
        if (entry->kind == TRANSCRIPT_DROP || entry->kind == TRANSCRIPT_END ||
            entry->kind == TRANSCRIPT_REFUSED)
            lost_us = entry->at_us;
    }
    return NAN;
}

void doctor_inspect_small_delay(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    double first_ms = delay_ms(transcript, 1);
    if (isnan(first_ms))
        doctor_set(outcome, DOCTOR_WRONG, "the client did not connect again within 5 s");
    else if (first_ms > 2 * 20 + SLACK_MS)
        doctor_set(outcome, DOCTOR_WRONG, "it connected again %.0f ms after the loss", first_ms);
}

void doctor_inspect_delays(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    double first_ms = delay_ms(transcript, 1), last_ms = delay_ms(transcript, 4);
    if (isnan(first_ms) || isnan(last_ms)) {
        doctor_set(outcome, DOCTOR_WRONG,
                   "the client did not try four times to connect again within 8 s");
    } else if (first_ms < DOCTOR_BASE_MS / 2.0 || first_ms > 2 * DOCTOR_BASE_MS + SLACK_MS) {
        doctor_set(outcome, DOCTOR_WRONG, "a first delay of %.0f ms", first_ms);
    } else if (last_ms > DOCTOR_MAX_MS * 1.5 + SLACK_MS) {
        doctor_set(outcome, DOCTOR_WRONG, "a fourth delay of %.0f ms", last_ms);
    }
}

void doctor_inspect_ping(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    size_t count = doctor_count_of(transcript, TRANSCRIPT_WS_IN, "ping");
    for (size_t i = doctor_find_frame(transcript, "ping", 0); i < transcript->count;
         i = doctor_find_frame(transcript, "ping", i + 1))
        count++;
    if (count < 2)
        doctor_set(outcome, DOCTOR_WRONG, "%zu ping%s within 600 ms", count, count == 1 ? "" : "s");
}

/* ---- stop ---- */

void doctor_inspect_stop(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    size_t stopped = doctor_find(transcript, TRANSCRIPT_LIFECYCLE, "stopped", 0);
    if (stopped == transcript->count) {
        doctor_set(outcome, DOCTOR_WRONG, "no `stopped` line after the op");
        outcome->advice = "Answer `stopped` after the SDK's disconnect, with the client of the op.";
        return;
    }
    for (size_t i = stopped + 1; i < transcript->count; i++) {
        entry_ref entry = &transcript->entries[i];
        const char *line = entry->kind == TRANSCRIPT_DISPATCH   ? "event"
                           : entry->kind == TRANSCRIPT_RESYNCED ? "resynced"
                           : entry->kind == TRANSCRIPT_LIFECYCLE ? entry->name
                                                                 : NULL;
        if (!line || strcmp(line, "close") == 0) /* the end of the connection may come later */
            continue;
        doctor_set(outcome, DOCTOR_WRONG, "a line `%s` after `stopped`", line);
        return;
    }
}
