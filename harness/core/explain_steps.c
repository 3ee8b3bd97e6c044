#include "core/explain.h"

#include "core/matcher.h"
#include "core/number.h"
#include "core/scenario_fields.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_BYTES_MAX 120 /* of a text of the scenario within a sentence */

/* ---- words ---- */

static void append_count(int64_t count, const char *noun, struct buffer *out)
{
    if (count == 1)
        buffer_printf(out, "one %s", noun);
    else
        buffer_printf(out, "%" PRId64 " %ss", count, noun);
}

static void append_time(int64_t ms, struct buffer *out)
{
    if (ms >= 1000)
        buffer_printf(out, "%.10g s", (double)ms / 1000);
    else
        buffer_printf(out, "%" PRId64 " ms", ms);
}

static void append_shown(const char *text, struct buffer *out)
{
    buffer_append_text(out, "`");
    text_append_escaped(out, text, strlen(text), SHOWN_BYTES_MAX);
    buffer_append_text(out, "`");
}

static void append_json(const cJSON *json, struct buffer *out)
{
    char *text = number_print_tree(json);
    append_shown(text, out);
    free(text);
}

static void append_list(const struct text_list *list, struct buffer *out)
{
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            buffer_append_text(out, i + 1 == list->count ? " and " : ", ");
        append_shown(list->items[i], out);
    }
}

/* ", whose FIELD is …, and whose …" */
static void append_matchers(const struct field_matchers *matchers, struct buffer *out)
{
    for (size_t i = 0; i < matchers->count; i++) {
        buffer_printf(out, "%s ", i == 0 ? " whose" : " and whose");
        append_shown(matchers->items[i].name, out);
        buffer_append_text(out, " is ");
        matcher_describe(&matchers->items[i].matcher, out);
    }
}

static const char *ending_of(enum drop_how how)
{
    switch (how) {
    case DROP_RESET:
        return "breaks with a TCP reset";
    case DROP_FIN:
        return "is ended by a TCP FIN without a close frame";
    case DROP_SILENT:
        return "goes silent: it stays half open, and not a byte comes any more";
    case DROP_MID_FRAME:
        return "breaks in the middle of a frame";
    case DROP_CLOSE:
        return "is closed politely with code 1000";
    case DROP_HOW_COUNT:
        break;
    }
    return "ends";
}

/* ---- connections ---- */

static void append_send(const struct send_fields *send, struct buffer *out)
{
    switch (send->kind) {
    case SEND_FRAME:
        buffer_append_text(out, "the frame ");
        append_json(send->frame, out);
        break;
    case SEND_TEXT:
        buffer_append_text(out, "the text ");
        append_shown(send->text, out);
        break;
    case SEND_BINARY:
        buffer_printf(out, "a binary message of %zu bytes", send->byte_count);
        break;
    case SEND_RAW:
        buffer_printf(out, "%zu raw bytes", send->byte_count);
        break;
    case SEND_AGAIN:
        buffer_append_text(out, "the event ");
        append_shown(send->again, out);
        buffer_append_text(out, send->as_row ? " once more, as a row of the database"
                                             : " once more, as it was");
        break;
    }
    if (send->size_bytes > 0)
        buffer_printf(out, ", padded to %" PRId64 " bytes", send->size_bytes);
    if (send->fragments > 1)
        buffer_printf(out, ", in %" PRId64 " fragments%s", send->fragments,
                      send->ping_between ? " with a ping between them" : "");
    if (send->split_bytes > 0)
        buffer_printf(out, ", %" PRId64 " bytes to a TCP segment", send->split_bytes);
}

static void append_accept(const struct scenario_step *step, size_t connection_count,
                          struct buffer *out)
{
    buffer_append_text(out,
                       connection_count == 0 ? "The client connects" : "The client connects again");
    if (step->accept.path) {
        buffer_append_text(out, " to ");
        append_shown(step->accept.path, out);
    }
    if (step->accept.token) {
        buffer_append_text(out, " with the token ");
        append_shown(step->accept.token, out);
    }
    buffer_append_text(out, ", and the server accepts");
    for (size_t i = 0; i < step->accept.with_count; i++) {
        buffer_append_text(out, i == 0 ? "; in the same write goes " : ", and ");
        append_send(&step->accept.with[i], out);
    }
}

static void append_refuse(const struct scenario_step *step, struct buffer *out)
{
    const char *what =
        step->refuse.at == REFUSE_AT_TOKEN ? "request for a token" : "connection";
    buffer_append_text(out, "From now on ");
    if (step->refuse.times == 1)
        buffer_printf(out, "the next %s ", what);
    else if (step->refuse.at == REFUSE_AT_TOKEN)
        buffer_printf(out, "the next %" PRId64 " requests for a token ", step->refuse.times);
    else
        buffer_printf(out, "the next %" PRId64 " connections ", step->refuse.times);
    const char *verb = step->refuse.times == 1 ? "is" : "are";
    switch (step->refuse.how) {
    case REFUSE_HTTP:
        buffer_printf(out, "%s refused with HTTP %" PRId64, verb, step->refuse.status);
        break;
    case REFUSE_RESET:
        buffer_printf(out, "%s reset", verb);
        break;
    case REFUSE_STALL:
        buffer_printf(out, "%s taken and never answered", verb);
        break;
    case REFUSE_CLOSED:
        buffer_printf(out, "%s refused: for ", verb);
        append_time(step->refuse.for_ms, out);
        buffer_append_text(out, " nothing listens on the server's port");
        break;
    case REFUSE_BAD_ACCEPT:
        buffer_printf(out, "%s answered with a wrong Sec-WebSocket-Accept", verb);
        break;
    case REFUSE_HOW_COUNT:
        break;
    }
}

static void append_restart(const struct scenario_step *step, bool is_node, struct buffer *out)
{
    buffer_append_text(out, "The server restarts");
    if (step->restart.down_ms > 0) {
        buffer_append_text(out, " and is gone for ");
        append_time(step->restart.down_ms, out);
    }
    if (is_node) {
        buffer_append_text(out, ": its numbers go on, and what is not acknowledged stays");
        return;
    }
    if (step->restart.counter < 0)
        buffer_append_text(out, ": its counter goes on");
    else
        buffer_printf(out, ": its counter starts again at %" PRId64, step->restart.counter);
    buffer_printf(out, ", its ring %s, its database %s",
                  step->restart.keep_ring ? "stays" : "is empty",
                  step->restart.keep_db ? "stays" : "is empty");
}

/* ---- events ---- */

static void append_publish(const struct scenario_step *step, const struct explain_place *place,
                           struct buffer *out)
{
    bool is_open = place->is_open;
    bool is_many = step->publish.count > 1;
    const char *them = is_many ? "them" : "it";
    buffer_append_text(out, is_open ? "The server publishes "
                                    : "While no connection is open, the server publishes ");
    append_count(step->publish.count, "event", out);
    buffer_append_text(out, " of the type ");
    append_shown(step->publish.type, out);
    if (step->publish.channel) {
        buffer_append_text(out, " in ");
        append_shown(step->publish.channel, out);
    }
    if (step->publish.every_ms > 0) {
        buffer_append_text(out, ", one every ");
        append_time(step->publish.every_ms, out);
    }
    if (step->publish.size_bytes > 0)
        buffer_printf(out, ", each text padded to %" PRId64 " bytes", step->publish.size_bytes);
    if (step->publish.id == PUBLISH_ID_SAME)
        buffer_append_text(out, ", with the id of the event before");
    if (step->publish.id == PUBLISH_ID_NONE)
        buffer_append_text(out, ", without an id");
    if (step->publish.seq == PUBLISH_SEQ_NONE)
        buffer_append_text(out, place->is_node ? ", ephemeral: never delivered again"
                                               : ", without a number");
    if (step->publish.seq == PUBLISH_SEQ_NUMBER)
        buffer_printf(out, ", numbered from %" PRId64, step->publish.seq_number);
    if (step->publish.as) {
        buffer_append_text(out, is_many ? "; the last is called " : "; it is called ");
        append_shown(step->publish.as, out);
    }
    if (is_open && !step->publish.live)
        buffer_printf(out, ", but does not send %s to the client", them);
    if (!step->publish.store)
        buffer_printf(out, ", and does not keep %s in the database", them);
}

/* ---- what is waited for ---- */

static void append_nothing(const struct scenario_step *step, struct buffer *out)
{
    buffer_append_text(out, "No ");
    for (size_t i = 0; i < step->expect.nothing.count; i++)
        buffer_printf(out, "%s%s", i == 0 ? "" : " and no ", step->expect.nothing.items[i]);
    buffer_append_text(out, " has come");
    if (step->expect.for_ms > 0) {
        buffer_append_text(out, ", nor comes within ");
        append_time(step->expect.for_ms, out);
    }
}

static void append_dispatched(const struct scenario_step *step, struct buffer *out)
{
    const struct field_matchers *names = &step->expect.dispatched_names;
    if (names->count == 0) {
        buffer_printf(out, "The application has at least %" PRId64 " events",
                      step->expect.dispatched_count);
        return;
    }
    buffer_append_text(out, "The application has ");
    for (size_t i = 0; i < names->count; i++) {
        buffer_append_text(out, i == 0 ? "the event " : ", and the event ");
        append_shown(names->items[i].name, out);
        buffer_append_text(out, " so often: ");
        matcher_describe(&names->items[i].matcher, out);
    }
}

static void append_expect(const struct scenario_step *step, struct buffer *out)
{
    switch (step->expect.kind) {
    case EXPECT_FRAME:
        buffer_append_text(out, "The client sends a frame ");
        append_shown(step->expect.frame, out);
        append_matchers(&step->expect.fields, out);
        break;
    case EXPECT_CONNECTION:
        buffer_append_text(out, "The client has opened a connection whose number is ");
        matcher_describe(&step->expect.number, out);
        if (step->expect.after_ms.kind != MATCHER_NONE) {
            buffer_append_text(out, ", so many milliseconds after the last one ended: ");
            matcher_describe(&step->expect.after_ms, out);
        }
        break;
    case EXPECT_REFUSED:
        buffer_append_text(out, "So many connections have been refused: ");
        matcher_describe(&step->expect.number, out);
        break;
    case EXPECT_RECONNECTING:
        buffer_append_text(out, "The client reports that it will reconnect, attempt ");
        matcher_describe(&step->expect.number, out);
        break;
    case EXPECT_RESYNCED:
        buffer_append_text(out, "The client reports a resync to the application");
        append_matchers(&step->expect.fields, out);
        break;
    case EXPECT_DISPATCHED:
        append_dispatched(step, out);
        break;
    case EXPECT_GAVE_UP:
        buffer_append_text(out, "The client reports that it has given up");
        break;
    case EXPECT_NOTHING:
        append_nothing(step, out);
        break;
    }
    buffer_append_text(out, step->expect.is_should ? "; if not, it is warned" : "");
}

/* ---- how the server behaves, and what the application does ---- */

static void append_and(size_t start, struct buffer *out)
{
    if (out->size_bytes > start)
        buffer_append_text(out, ", and ");
}

static void append_token(const struct scenario_step *step, bool is_node, struct buffer *out)
{
    if (!step->set.token) {
        buffer_append_text(out, "accepts any token");
        return;
    }
    buffer_append_text(out, is_node ? "issues and accepts only the token "
                                    : "accepts only the token ");
    append_shown(step->set.token, out);
}

static void append_set(const struct scenario_step *step, bool is_node, struct buffer *out)
{
    static const char *const registrations[] = {
        "answers registrations as usual", "registers the client without a reply",
        "replies to a registration twice", "refuses registrations with an error"};
    const char *replay = is_node ? "redelivery" : "replay";
    static const char *const resyncs[] = {"answers resyncs", "ignores resyncs",
                                          "holds resyncs back until it is told to answer"};
    static const char *const acks[] = {"acknowledges as usual", "leaves the resync_ack out",
                                       "sends the resync_ack twice"};
    static const char *const orders[] = {"replays its ring before the database",
                                         "replays the database before its ring",
                                         "replays ring and database shuffled"};
    buffer_append_text(out, "From now on the server ");
    size_t start = out->size_bytes;
    if (step->set.has_resync)
        buffer_append_text(out, resyncs[step->set.resync]);
    if (step->set.has_ack && step->set.ack == ACK_OVERRIDE) {
        append_and(start, out);
        buffer_append_text(out, "puts these fields into its resync_ack: ");
        append_json(step->set.ack_fields, out);
    } else if (step->set.has_ack) {
        append_and(start, out);
        buffer_append_text(out, acks[step->set.ack]);
    }
    if (step->set.has_order) {
        append_and(start, out);
        buffer_append_text(out, orders[step->set.order]);
    }
    if (step->set.has_live_before) {
        append_and(start, out);
        buffer_append_text(out, "lets ");
        append_count(step->set.live_before_replay, "live event", out);
        buffer_printf(out, " overtake the next %s", replay);
    }
    if (step->set.has_cut) {
        append_and(start, out);
        buffer_printf(out, "cuts the next %s off ", replay);
        buffer_append_text(out, step->set.cut_replay_after ? "after " : "before its first frame");
        if (step->set.cut_replay_after)
            append_count(step->set.cut_replay_after, "frame", out);
        buffer_printf(out, " (the connection %s)", ending_of(step->set.cut_how));
    }
    if (step->set.has_pong) {
        append_and(start, out);
        buffer_append_text(out, step->set.ignore_pings ? "ignores pings" : "answers pings");
    }
    if (step->set.has_write_delay) {
        append_and(start, out);
        buffer_append_text(out, "waits ");
        append_time(step->set.write_delay_ms, out);
        buffer_append_text(out, " before every frame that it sends");
    }
    if (step->set.has_token) {
        append_and(start, out);
        append_token(step, is_node, out);
    }
    if (step->set.has_registering) {
        append_and(start, out);
        buffer_append_text(out, registrations[step->set.registering]);
    }
    if (step->set.has_delivery_ack) {
        append_and(start, out);
        buffer_append_text(out, step->set.ignores_delivery_acks
                                    ? "ignores acknowledgements, as if they had been lost"
                                    : "takes acknowledgements");
    }
}

static void append_client(const struct scenario_step *step, struct buffer *out)
{
    switch (step->client.action) {
    case CLIENT_DO_SUBSCRIBE:
    case CLIENT_DO_UNSUBSCRIBE:
        buffer_printf(out, "The application %s ",
                      step->client.action == CLIENT_DO_SUBSCRIBE ? "subscribes to"
                                                                 : "unsubscribes from");
        append_list(&step->client.channels, out);
        break;
    case CLIENT_DO_RECONNECT:
        buffer_append_text(out, "The application asks the client to connect anew");
        break;
    case CLIENT_DO_STOP:
        buffer_append_text(out, "The application disconnects for good");
        break;
    case CLIENT_DO_THROW:
        buffer_append_text(out, "One of the application's handlers will throw on the next event");
        break;
    case CLIENT_DO_SLOW:
        buffer_append_text(out, "From now on the application's handler takes ");
        append_time(step->client.ms, out);
        buffer_append_text(out, " for each event");
        break;
    case CLIENT_DO_COUNT:
        break;
    }
}

/* ---- any step ---- */

void explain_step(const struct scenario_step *step, const struct explain_place *place,
                  struct buffer *out)
{
    bool is_open = place->is_open;
    switch (step->verb) {
    case VERB_ACCEPT:
        append_accept(step, place->connection_count, out);
        break;
    case VERB_REFUSE:
        append_refuse(step, out);
        break;
    case VERB_PUBLISH:
        append_publish(step, place, out);
        break;
    case VERB_SEND:
        buffer_append_text(out, "The server sends ");
        append_send(&step->send, out);
        break;
    case VERB_SETTLE:
        if (!is_open)
            buffer_printf(out, "The client connects%s, and ",
                          place->connection_count == 0 ? "" : " again");
        buffer_printf(out, "%cverything sent so far reaches the application", is_open ? 'E' : 'e');
        break;
    case VERB_SYNC:
        buffer_append_text(out, "Everything sent so far reaches the client");
        break;
    case VERB_EXPECT:
        append_expect(step, out);
        break;
    case VERB_DROP:
        buffer_printf(out, "The connection %s", ending_of(step->drop.how));
        break;
    case VERB_CLOSE:
        buffer_printf(out, "The server closes the connection with code %" PRId64, step->close.code);
        if (step->close.reason[0]) {
            buffer_append_text(out, " and the reason ");
            append_shown(step->close.reason, out);
        }
        break;
    case VERB_RESTART:
        append_restart(step, place->is_node, out);
        break;
    case VERB_SET:
        append_set(step, place->is_node, out);
        break;
    case VERB_RELEASE:
        buffer_append_text(out, "The server answers the resync that it has held back");
        break;
    case VERB_ADVANCE:
        buffer_append_text(out, "The server's clock moves on by ");
        append_time(step->advance.ms, out);
        buffer_append_text(out, "; nobody waits");
        break;
    case VERB_CLIENT:
        append_client(step, out);
        break;
    case VERB_WAIT:
        append_time(step->wait.ms, out);
        buffer_append_text(out, " of real time pass");
        break;
    case VERB_REPEAT:
    case VERB_COUNT:
        break;
    }
    buffer_append_text(out, ".");
}
