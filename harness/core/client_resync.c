/* What was missed: the cursor, `since`, acks, counter resets and holes (C-1 … C-5, C-8 … C-10,
 * C-17 … C-19, C-21). */
#include "core/client_internal.h"

#include "core/timestamp.h"

#include <math.h>
#include <stdlib.h>

/* C-3 allows another try after 1 s without an ack. */
#define RETRY_MS  1100
#define RETRY_LATEST_MS 10000 /* however much arrives meanwhile */
#define TRIES_MAX 3

/* C-5: our clock may be a minute ahead where the server tells none, and rows have whole seconds. */
#define SINCE_MARGIN_MS 61000

/* ---- what a resync says ---- */

static int64_t number_to_send(const struct client *client)
{
    const struct cursor *cursor = &client->numbering.cursor;
    switch (client->policy.cursor) {
    case CLIENT_CURSOR_UNBROKEN_RUN:
        break;
    case CLIENT_CURSOR_ONE_HIGH:
        return cursor->end + 1;
    case CLIENT_CURSOR_ONE_LOW:
        return cursor->end > 0 ? cursor->end - 1 : 0;
    case CLIENT_CURSOR_HIGHEST:
        return client->mutant.highest;
    case CLIENT_CURSOR_LATEST:
        return client->mutant.latest;
    }
    return cursor->end;
}

static void append_date(struct buffer *text, int64_t unix_ms)
{
    char date[TIMESTAMP_TEXT_BYTES];
    timestamp_format(unix_ms, date);
    buffer_printf(text, ",\"since\":\"%s\"", date);
}

static void append_since(const struct client *client, struct buffer *text)
{
    int64_t safe_ms = client->up_to_date_ms - SINCE_MARGIN_MS;
    switch (client->policy.since) {
    case CLIENT_SINCE_SAFE:
        append_date(text, safe_ms);
        break;
    case CLIENT_SINCE_MISSING:
        break;
    case CLIENT_SINCE_UNBIASED:
        append_date(text, client->mutant.frame_server_ms);
        break;
    case CLIENT_SINCE_NOW:
        append_date(text, client_server_ms(client));
        break;
    case CLIENT_SINCE_NUMBER:
        buffer_printf(text, ",\"since\":%lld", (long long)safe_ms);
        break;
    case CLIENT_SINCE_LOCAL_CLOCK:
        append_date(text, client->mutant.frame_local_ms);
        break;
    case CLIENT_SINCE_LAST_FRAME:
        append_date(text, client->mutant.frame_server_ms - SINCE_MARGIN_MS);
        break;
    case CLIENT_SINCE_EPOCH:
        append_date(text, 0);
        break;
    }
}

static void send_resync(struct client *client, int64_t last_seen)
{
    struct buffer *text = client_begin_effect(client);
    if (client->mutant.is_blank)
        buffer_append_text(text, "{\"type\":\"resync\",\"last_seen_seq\":null");
    else
        buffer_printf(text, "{\"type\":\"resync\",\"last_seen_seq\":%lld", (long long)last_seen);
    append_since(client, text);
    buffer_append_text(text, "}");
    client_end_effect(client, CLIENT_EFFECT_SEND);
}

/* Sends a resync and waits for its ack. */
static void ask(struct client *client, int64_t last_seen)
{
    struct client_connection *connection = &client->connection;
    if (client->policy.resync == CLIENT_RESYNC_NEVER)
        return;
    /* All it has seen may be a number that no counter gives: the run begins where it asks from, and
     * not at the first number of an answer that is cut. */
    if (client->has_seen_number && !client->numbering.cursor.is_started)
        cursor_start(&client->numbering.cursor, last_seen);
    send_resync(client, last_seen);
    if (client->policy.resync == CLIENT_RESYNC_TWICE)
        send_resync(client, last_seen);
    if (!connection->has_asked)
        connection->first_asked = last_seen;
    connection->has_asked = true;
    connection->is_awaiting_ack = true;
    connection->asked_us = client->now.monotonic_us;
    connection->is_up_to_date = false;
    connection->retry_us = ++connection->try_count < TRIES_MAX
                               ? client->now.monotonic_us + RETRY_MS * 1000
                               : CLIENT_NEVER;
    client->mutant.has_ever_asked = true;
    if (connection->question_count < CLIENT_QUESTIONS_MAX)
        connection->questions[connection->question_count++] =
            (struct client_question){last_seen, cursor_highest(&client->numbering.cursor),
                                     client->numbering_index};
}

void client_put_off_retry(struct client *client)
{
    struct client_connection *connection = &client->connection;
    if (!connection->is_awaiting_ack || connection->retry_us == CLIENT_NEVER)
        return;
    int64_t latest_us = connection->asked_us + RETRY_LATEST_MS * 1000;
    int64_t retry_us = client->now.monotonic_us + RETRY_MS * 1000;
    connection->retry_us = retry_us < latest_us ? retry_us : latest_us;
}

/* A resync for another reason than the one before: the tries are counted anew. */
static void ask_anew(struct client *client, int64_t last_seen)
{
    client->connection.try_count = 0;
    ask(client, last_seen);
}

/* ---- when one is sent ---- */

static bool resync_is_due(const struct client *client)
{
    bool is_first_connection = client->connection_count == 1;
    switch (client->policy.resync) {
    case CLIENT_RESYNC_EVERY_RECONNECT:
    case CLIENT_RESYNC_NEVER:
    case CLIENT_RESYNC_TWICE:
    case CLIENT_RESYNC_BEFORE_SUBSCRIBE:
        break;
    case CLIENT_RESYNC_FIRST_CONNECTION_TOO:
        return is_first_connection || client->has_seen_number;
    case CLIENT_RESYNC_BLIND:
        return !is_first_connection;
    case CLIENT_RESYNC_ONCE_EVER:
        return !is_first_connection && client->has_seen_number && !client->mutant.has_ever_asked;
    }
    return !is_first_connection && client->has_seen_number;
}

static void set_clock(struct client *client, struct span date)
{
    int64_t server_ms;
    /* Whole seconds, rounded down: our idea of the server's clock is late rather than early. */
    if (date.data && timestamp_parse_http(date, &server_ms))
        client->clock_offset_ms = server_ms - client_local_ms(client);
}

void client_resync_opened(struct client *client, struct span date)
{
    set_clock(client, date);
    if (client->connection_count == 1)
        client->up_to_date_ms = client_server_ms(client);
    client->connection.is_up_to_date = true;
    cursor_start(&client->on_connection.cursor, 0);
    dedupe_clear(client->on_connection.events);
    replay_tally_clear(client->tally);
    if (resync_is_due(client))
        ask_anew(client, number_to_send(client));
}

void client_tick_resync(struct client *client)
{
    if (client->state != CLIENT_STATE_OPEN || !client->connection.is_awaiting_ack ||
        client->now.monotonic_us < client->connection.retry_us)
        return;
    ask(client, number_to_send(client));
    if (client->policy.ack == CLIENT_ACK_GATES_REPLAY)
        client_release_held(client, true);
}

/* A number is missing that no replay is bringing: once for each hole. Not on the first connection,
 * where C-1 forbids it. */
static void ask_about_hole(struct client *client)
{
    struct client_connection *connection = &client->connection;
    int64_t above;
    if (client->state != CLIENT_STATE_OPEN || client->connection_count < 2 ||
        connection->is_awaiting_ack || client->policy.resync == CLIENT_RESYNC_ONCE_EVER)
        return;
    if (!cursor_has_hole(&client->numbering.cursor, &above))
        return;
    if (connection->has_asked_about_hole && connection->hole_above == above)
        return;
    connection->has_asked_about_hole = true;
    connection->hole_above = above;
    ask_anew(client, number_to_send(client));
}

/* ---- counting ---- */

static bool counts(const struct client *client, const struct client_event *event, bool is_known)
{
    switch (client->policy.cursor_counts) {
    case CLIENT_CURSOR_COUNTS_NUMBERED_EVENTS:
    case CLIENT_CURSOR_COUNTS_CONTROL_TOO:
    case CLIENT_CURSOR_COUNTS_ROWS_TOO:
    case CLIENT_CURSOR_COUNTS_ABSENT_NUMBERS:
    case CLIENT_CURSOR_COUNTS_STRINGS_TOO:
    case CLIENT_CURSOR_COUNTS_INFINITY:
        break;
    case CLIENT_CURSOR_COUNTS_NEW_EVENTS:
        return event->is_countable && !is_known;
    case CLIENT_CURSOR_COUNTS_KNOWN_TYPES:
        return event->is_countable && event->is_known_type;
    case CLIENT_CURSOR_COUNTS_NO_REPLAY:
        return event->is_countable && !client->connection.is_awaiting_ack;
    }
    return event->is_countable;
}

static void count(struct client *client, int64_t number)
{
    client->has_seen_number = true;
    cursor_add(&client->numbering.cursor, number);
    cursor_add(&client->on_connection.cursor, number);
    client->mutant.latest = number;
    if (number > client->mutant.highest)
        client->mutant.highest = number;
}

void client_count_number(struct client *client, const struct client_event *event, bool is_known)
{
    enum client_cursor_counts policy = client->policy.cursor_counts;
    if (event->is_numbered)
        client->has_seen_number = true;
    if (counts(client, event, is_known))
        count(client, event->number);
    if (policy == CLIENT_CURSOR_COUNTS_ROWS_TOO && event->is_row)
        count(client, client->numbering.cursor.end + 1);
    if (policy == CLIENT_CURSOR_COUNTS_ABSENT_NUMBERS)
        client->mutant.is_blank = !event->is_numbered;
}

/* A mutant's: the reference leaves the numbers of control frames alone. */
void client_count_control(struct client *client, const struct frame *frame)
{
    if (client->policy.cursor_counts != CLIENT_CURSOR_COUNTS_CONTROL_TOO ||
        !frame_has_sequence(frame))
        return;
    double number = frame->fields[FRAME_FIELD_AGENT_SEQ].number;
    if (fabs(number) > (double)CURSOR_NUMBER_MAX)
        return;
    client->has_seen_number = true;
    cursor_advance(&client->numbering.cursor, (int64_t)number);
}

/* What mutants take for a number: to the reference, one in quotes is none, nor is infinity. */
void client_count_odd_number(struct client *client, const struct frame *frame)
{
    const struct frame_value *value = &frame->fields[FRAME_FIELD_AGENT_SEQ];
    if (client->policy.cursor_counts == CLIENT_CURSOR_COUNTS_INFINITY &&
        value->kind == FRAME_VALUE_NUMBER && isinf(value->number))
        client->mutant.is_blank = true;
    if (client->policy.cursor_counts != CLIENT_CURSOR_COUNTS_STRINGS_TOO ||
        value->kind != FRAME_VALUE_STRING)
        return;
    double number = strtod(value->text.data, NULL);
    if (!(number > 0 && number <= (double)CURSOR_NUMBER_MAX))
        return;
    client->has_seen_number = true;
    cursor_advance(&client->numbering.cursor, (int64_t)number);
}

/* ---- resets ---- */

/* The server counts anew. What this connection has brought belongs to the new numbering. */
static void start_numbering(struct client *client)
{
    client->connection.has_reset = true;
    if (client->policy.reset == CLIENT_RESET_KEEPS_NUMBER)
        return;
    struct client_numbering ended = client->numbering;
    client->numbering = client->on_connection;
    client->on_connection = ended;
    cursor_start(&client->on_connection.cursor, 0);
    dedupe_clear(client->on_connection.events);
    client->numbering_index++;
    client->mutant.highest = client->mutant.latest = client->numbering.cursor.end;
}

/* A number that our resync had excluded, before any ack said that the counter has gone on: it has
 * started again (C-9). With an ack the ack tells (C-21).
 *
 * A server that sends an old event once more, live and unknown to us, looks the same, and no ack
 * tells it from a reset that has outgrown our question. Servers send no such thing (S-3, S-9), and
 * the mistake costs repeats of events without id, the other one would cost events. */
void client_notice_reset(struct client *client, const struct client_event *event, bool is_known)
{
    const struct client_connection *connection = &client->connection;
    if (is_known || !event->is_countable || !connection->has_asked || connection->is_confirmed ||
        connection->has_reset || event->number > connection->first_asked)
        return;
    if (client->policy.reset == CLIENT_RESET_AT_ONE_ONLY && event->number != 1)
        return;
    start_numbering(client);
}

/* ---- acks ---- */

struct ack {
    int64_t last_seen, current;
    struct span replayed; /* the raw number */
    bool gap_detected;
};

static bool read_whole_number(const struct frame_value *value, int64_t *number)
{
    if (value->kind != FRAME_VALUE_NUMBER || !(fabs(value->number) <= (double)CURSOR_NUMBER_MAX) ||
        floor(value->number) != value->number)
        return false;
    *number = (int64_t)value->number;
    return true;
}

static bool read_ack(const struct frame *frame, struct ack *ack)
{
    const struct frame_value *gap = &frame->fields[FRAME_FIELD_GAP_DETECTED];
    const struct frame_value *replayed = &frame->fields[FRAME_FIELD_REPLAYED];
    int64_t replayed_count;
    ack->gap_detected = gap->boolean;
    ack->replayed = replayed->text;
    return gap->kind == FRAME_VALUE_BOOL && read_whole_number(replayed, &replayed_count) &&
           read_whole_number(&frame->fields[FRAME_FIELD_LAST_SEEN_SEQ], &ack->last_seen) &&
           read_whole_number(&frame->fields[FRAME_FIELD_CURRENT_SEQ], &ack->current);
}

static void report_resynced(struct client *client, const struct ack *ack)
{
    struct buffer *text = client_begin_effect(client);
    buffer_append_text(text, "{\"ev\":\"resynced\",\"replayed\":");
    buffer_append(text, ack->replayed.data, ack->replayed.size_bytes);
    buffer_printf(text, ",\"gap_detected\":%s}", ack->gap_detected ? "true" : "false");
    client_end_effect(client, CLIENT_EFFECT_REPORT);
}

static void tell_application(struct client *client, const struct ack *ack, struct span text)
{
    struct client_event as_event = {.text = text, .type = span_of("resync_ack")};
    switch (client->policy.ack) {
    case CLIENT_ACK_REPORTED_ONCE:
    case CLIENT_ACK_GATES_EVENTS:
    case CLIENT_ACK_GATES_REPLAY:
    case CLIENT_ACK_MALFORMED_FATAL:
        break;
    case CLIENT_ACK_UNREPORTED:
        return;
    case CLIENT_ACK_REPORTED_TWICE:
        report_resynced(client, ack);
        break;
    case CLIENT_ACK_IS_EVENT_TOO:
        client_dispatch(client, &as_event);
        break;
    }
    report_resynced(client, ack);
}

/* Takes the question that the ack answers by its echo. */
static bool take_question(struct client_connection *connection, int64_t last_seen,
                          struct client_question *question)
{
    for (size_t i = 0; i < connection->question_count; i++) {
        if (connection->questions[i].last_seen != last_seen)
            continue;
        *question = connection->questions[i];
        connection->has_answer = true;
        connection->last_answered = last_seen;
        connection->question_count--;
        for (; i < connection->question_count; i++)
            connection->questions[i] = connection->questions[i + 1];
        return true;
    }
    return false;
}

/* Whether something was asked in the numbering that counts now, and is not answered. */
static bool has_question(const struct client *client)
{
    const struct client_connection *connection = &client->connection;
    for (size_t i = 0; i < connection->question_count; i++)
        if (connection->questions[i].numbering_index == client->numbering_index)
            return true;
    return false;
}

/* The counter stands below what we asked from: it has started again. */
static void handle_reset_ack(struct client *client)
{
    if (client->policy.reset == CLIENT_RESET_UNNOTICED_IN_ACK ||
        client->policy.reset == CLIENT_RESET_AT_ONE_ONLY)
        return;
    if (!client->connection.has_reset)
        start_numbering(client);
    ask_anew(client, 0);
}

/* A lower number has shown the reset before this ack to what was asked of the old numbering does.
 * That number may be followed by others which nobody will send by himself. */
static void handle_outrun_ack(struct client *client, const struct ack *ack)
{
    bool is_missing =
        ack->current < ack->last_seen && client->numbering.cursor.end < ack->current;
    if (is_missing && client->policy.reset != CLIENT_RESET_UNNOTICED_IN_ACK)
        ask_anew(client, number_to_send(client));
    else /* a hole that remains is asked about next */
        client->connection.is_up_to_date = true;
}

/* Everything that the server can still give has come. */
static void handle_final_ack(struct client *client, const struct ack *ack,
                             const struct client_question *question)
{
    /* A reset that has outgrown what we asked from, but not all that we had seen by then: what came
     * since may be live and above the ack. What the reset brought below that is lost, but its
     * numbers must not be taken for the old ones. */
    if (ack->current < question->highest &&
        client->policy.reset != CLIENT_RESET_UNNOTICED_IN_ACK)
        start_numbering(client);
    client->connection.is_confirmed = true;
    client->connection.is_up_to_date = true;
    if (client->policy.cursor_counts != CLIENT_CURSOR_COUNTS_NO_REPLAY)
        cursor_advance(&client->numbering.cursor, ack->current);
    if (ack->current > client->mutant.highest)
        client->mutant.highest = client->mutant.latest = ack->current;
}

void client_receive_ack(struct client *client, const struct frame *frame, struct span text)
{
    struct client_connection *connection = &client->connection;
    struct client_question question;
    struct ack ack;
    if (!read_ack(frame, &ack)) {
        client->mutant.is_deaf |= client->policy.ack == CLIENT_ACK_MALFORMED_FATAL;
        return;
    }
    if (connection->question_count == 0)
        return;
    bool is_answer = take_question(connection, ack.last_seen, &question);
    if (!is_answer && connection->has_answer && connection->last_answered == ack.last_seen)
        return; /* repeated */
    tell_application(client, &ack, text);
    client_count_control(client, frame);
    bool is_outrun = is_answer && question.numbering_index != client->numbering_index;
    if (is_outrun && has_question(client))
        return; /* it shows a reset that we know of, and have asked about */
    connection->retry_us = CLIENT_NEVER;
    /* A wrong echo answers none of our questions: told, but nothing follows from it. */
    if (!is_answer)
        return;
    client_release_held(client, true);
    replay_tally_clear(client->tally);
    connection->is_awaiting_ack = false;
    if (is_outrun)
        handle_outrun_ack(client, &ack);
    else if (ack.current < ack.last_seen)
        handle_reset_ack(client);
    else
        handle_final_ack(client, &ack, &question);
}

/* ---- after every frame ---- */

void client_settle_frame(struct client *client)
{
    int64_t above;
    ask_about_hole(client);
    client->mutant.frame_server_ms = client_server_ms(client);
    client->mutant.frame_local_ms = client_local_ms(client);
    if (client->connection.is_up_to_date && !cursor_has_hole(&client->numbering.cursor, &above))
        client->up_to_date_ms = client_server_ms(client);
}
