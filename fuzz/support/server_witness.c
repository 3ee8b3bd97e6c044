#include "server_witness.h"

#include "target.h"

#include "core/event.h"
#include "core/frame.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES_MAX ((size_t)1 << 20)

void witness_init(struct witness *witness, const struct scenario *scenario)
{
    memset(witness, 0, sizeof *witness);
    witness->scenario = scenario;
    witness->answer_at = SIZE_MAX;
    for (size_t i = 0; i < scenario->step_count; i++) {
        const struct scenario_step *step = &scenario->steps[i];
        if (step->verb == VERB_SET &&
            (step->set.write_delay_ms > 0 || step->set.order == RESYNC_ORDER_SHUFFLED))
            witness->ignores_order = true;
    }
    naive_server_init(&witness->naive, (size_t)scenario->server.ring,
                      (size_t)scenario->server.db_limit);
    for (size_t i = 0; i < WITNESS_LINKS_MAX; i++) {
        ws_receiver_init(&witness->links[i].receiver, WS_ROLE_CLIENT, MESSAGE_BYTES_MAX);
        buffer_init(&witness->links[i].head, MESSAGE_BYTES_MAX);
    }
}

void witness_free(struct witness *witness)
{
    for (size_t i = 0; i < WITNESS_LINKS_MAX; i++) {
        ws_receiver_free(&witness->links[i].receiver);
        buffer_free(&witness->links[i].head);
    }
    free(witness->told.items);
    free(witness->wired.items);
}

static void add_event(struct witness_events *events, struct witness_event event)
{
    events->items = memory_grow(events->items, &events->capacity_count, events->count + 1,
                                sizeof *events->items);
    events->items[events->count++] = event;
}

/* ---- the wire ---- */

/* The library's own padding may hold `gc-` only where its marker stands. */
static void read_text(struct witness *witness, uint32_t connection, const struct ws_event *event)
{
    struct frame frame;
    if (!frame_scan(event->data, event->size_bytes, &frame))
        return; /* an author's `send` may be anything */
    struct span text = {event->data, event->size_bytes};
    bool is_row = frame.fields[FRAME_FIELD_REPLAYED].kind == FRAME_VALUE_BOOL;
    TARGET_CHECK(!is_row || frame.fields[FRAME_FIELD_AGENT_SEQ].kind == FRAME_VALUE_ABSENT,
                 "a row with a number (S-5): %.*s", (int)text.size_bytes, text.data);
    if (frame_string_equals(&frame.fields[FRAME_FIELD_TYPE], "resync_ack"))
        witness->links[connection].acked_seq = frame.fields[FRAME_FIELD_LAST_SEEN_SEQ].number;
    uint64_t marker = event_find_marker(text);
    if (marker && !frame_string_equals(&frame.fields[FRAME_FIELD_TYPE], "x"))
        add_event(&witness->wired, (struct witness_event){connection, marker, is_row});
}

static void read_event(struct witness *witness, uint32_t connection, const struct ws_event *event)
{
    struct witness_link *link = &witness->links[connection];
    switch (event->kind) {
    case WS_EVENT_TEXT:
        read_text(witness, connection, event);
        break;
    case WS_EVENT_PING:
        link->has_ping = event->size_bytes < sizeof link->ping;
        link->ping_bytes = link->has_ping ? event->size_bytes : 0;
        memcpy(link->ping, event->data, link->ping_bytes);
        break;
    case WS_EVENT_CLOSE:
        link->has_close = true;
        break;
    case WS_EVENT_VIOLATION:
        TARGET_CHECK(false, "the server broke RFC 6455: %s", event->violation);
        break;
    case WS_EVENT_NONE:
    case WS_EVENT_BINARY:
    case WS_EVENT_PONG:
        break;
    }
}

/* The HTTP answer; what stands behind it are frames, if it upgraded. */
static size_t read_head(struct witness_link *link, const char *data, size_t size_bytes)
{
    for (size_t at = 0; at < size_bytes; at++) {
        buffer_append(&link->head, data + at, 1);
        const char *text = buffer_text(&link->head);
        if (!strstr(text, "\r\n\r\n"))
            continue;
        link->has_upgraded = true;
        link->is_read = strncmp(text, "HTTP/1.1 101 ", 13) == 0;
        TARGET_CHECK(strncmp(text, "HTTP/1.1 ", 9) == 0, "`%s`", text);
        TARGET_CHECK(!link->is_read || strstr(text, "\r\nDate: "), "no Date (S-10): %s", text);
        return at + 1;
    }
    return size_bytes;
}

void witness_read_bytes(struct witness *witness, uint32_t connection, const char *data,
                        size_t size_bytes)
{
    if (connection >= WITNESS_LINKS_MAX)
        return;
    struct witness_link *link = &witness->links[connection];
    size_t offset = link->has_upgraded ? 0 : read_head(link, data, size_bytes);
    while (link->is_read && offset < size_bytes) {
        struct ws_event event;
        offset += ws_receiver_feed(&link->receiver, data + offset, size_bytes - offset, &event);
        if (event.kind == WS_EVENT_NONE)
            break;
        read_event(witness, connection, &event);
    }
}

/* ---- the transcript ---- */

static void read_publish(struct witness *witness, const struct transcript_entry *entry)
{
    for (uint64_t i = 0; i < entry->count; i++) {
        const struct event_type *type = event_type_find(span_of(entry->detail));
        bool is_row = (entry->flags & TRANSCRIPT_FLAG_ROW) != 0;
        struct naive_event event = {
            .marker = entry->marker + i,
            .is_numbered = !isnan(entry->seq),
            .seq = isnan(entry->seq) ? 0 : (int64_t)entry->seq + (int64_t)i,
            .created_s = (int64_t)entry->number,
            .row = is_row && type ? type->row : EVENT_ROW_NONE,
        };
        naive_server_publish(&witness->naive, &event);
    }
}

/* S-2 … S-5: what the server is about to send. */
static void read_replay(struct witness *witness, const struct transcript_entry *entry)
{
    const struct witness_link *link = &witness->links[entry->connection];
    struct naive_answer *answer = &witness->answer;
    if (witness->scenario->dialect == DIALECT_NODE)
        return; /* its queue is not modelled: there, wire and transcript must agree, no more */
    TARGET_CHECK(link->has_request, "an answer to nothing on connection %u", entry->connection);
    TARGET_CHECK(entry->seq == link->request.last_seen_seq, "it answers %g instead of %g",
                 entry->seq, link->request.last_seen_seq);
    naive_server_answer(&witness->naive, &link->request, false, answer);
    TARGET_CHECK(entry->number == (double)answer->current_seq, "current_seq %g instead of %lld",
                 entry->number, (long long)answer->current_seq);
    TARGET_CHECK(entry->count == answer->ring_count, "%llu of the ring instead of %zu",
                 (unsigned long long)entry->count, answer->ring_count);
    TARGET_CHECK(entry->number2 == (double)answer->row_count, "%g rows instead of %zu",
                 entry->number2, answer->row_count);
    bool has_gap = (entry->flags & TRANSCRIPT_FLAG_GAP) != 0;
    TARGET_CHECK(has_gap == answer->gap_detected, "gap_detected is %d", has_gap);
    witness->answer_at = 0;
    witness->has_switched_order = false;
    witness->answer_link = entry->connection;
}

/* The order may have been set to rows first, or shuffled: the first item that is not the ring's
 * decides. */
static void check_item(struct witness *witness, uint64_t marker, bool is_row)
{
    struct naive_answer *answer = &witness->answer;
    TARGET_CHECK(witness->answer_at < answer->count, "more than %zu items", answer->count);
    const struct resync_item *item = &answer->items[witness->answer_at];
    bool is_expected = item->marker == marker && item->is_row == is_row;
    if (!is_expected && !witness->has_switched_order) {
        const struct resync_request *request = &witness->links[witness->answer_link].request;
        naive_server_answer(&witness->naive, request, true, answer);
        item = &answer->items[witness->answer_at];
        is_expected = item->marker == marker && item->is_row == is_row;
        witness->has_switched_order = true;
    }
    TARGET_CHECK(is_expected, "item %zu is gc-%llu instead of gc-%llu", witness->answer_at,
                 (unsigned long long)marker, (unsigned long long)item->marker);
    witness->answer_at++;
}

static void read_sent(struct witness *witness, const struct transcript_entry *entry)
{
    bool is_row = (entry->flags & TRANSCRIPT_FLAG_ROW) != 0;
    bool is_replayed = !strcmp(entry->name, "ring") || !strcmp(entry->name, "row");
    for (uint64_t i = 0; i < entry->count; i++) {
        uint64_t marker = entry->marker + i;
        add_event(&witness->told, (struct witness_event){entry->connection, marker, is_row});
        if (is_replayed && witness->answer_at != SIZE_MAX && !witness->ignores_order)
            check_item(witness, marker, is_row);
    }
}

/* S-6 */
static void read_ack(struct witness *witness, const struct transcript_entry *entry)
{
    const struct naive_answer *answer = &witness->answer;
    if (witness->answer_at == SIZE_MAX || !strcmp(entry->name, "override") ||
        witness->ignores_order)
        return;
    TARGET_CHECK(witness->answer_at == answer->count, "an ack after %zu of %zu items",
                 witness->answer_at, answer->count);
    TARGET_CHECK(entry->seq == witness->links[witness->answer_link].request.last_seen_seq,
                 "the ack echoes %g", entry->seq);
    TARGET_CHECK(witness->links[witness->answer_link].acked_seq == entry->seq,
                 "the ack on the wire echoes %g", witness->links[witness->answer_link].acked_seq);
    TARGET_CHECK(entry->number == (double)answer->current_seq &&
                     entry->number2 == (double)answer->count,
                 "the ack says %g and %g", entry->number, entry->number2);
    witness->answer_at = SIZE_MAX;
}

static void read_frame(struct witness *witness, const struct transcript_entry *entry)
{
    struct witness_link *link = &witness->links[entry->connection];
    if (!entry->detail || strcmp(entry->detail, "resync") != 0 || isnan(entry->seq))
        return;
    if (entry->flags & TRANSCRIPT_FLAG_MALFORMED)
        return;
    link->has_request = true;
    link->request = (struct resync_request){.last_seen_seq = entry->seq};
    link->request.has_since = !isnan(entry->number);
    link->request.since_ms = link->request.has_since ? (int64_t)entry->number : 0;
}

static void read_entry(struct witness *witness, const struct transcript_entry *entry)
{
    switch ((enum transcript_kind)entry->kind) {
    case TRANSCRIPT_PUBLISH:
        read_publish(witness, entry);
        break;
    case TRANSCRIPT_RESTART:
        naive_server_restart(&witness->naive, isnan(entry->number) ? -1 : (int64_t)entry->number,
                             (entry->flags & TRANSCRIPT_FLAG_KEEP_RING) != 0,
                             (entry->flags & TRANSCRIPT_FLAG_KEEP_DB) != 0);
        break;
    case TRANSCRIPT_FRAME_IN:
        read_frame(witness, entry);
        break;
    case TRANSCRIPT_REPLAY:
        read_replay(witness, entry);
        break;
    case TRANSCRIPT_SENT:
        read_sent(witness, entry);
        break;
    case TRANSCRIPT_ACK:
        read_ack(witness, entry);
        break;
    default: /* nothing of the server's memory */
        break;
    }
}

/* What was folded into the last entry since it was read. */
static void read_growth(struct witness *witness, const struct transcript *transcript)
{
    if (witness->entry_count == 0)
        return;
    struct transcript_entry entry = transcript->entries[witness->entry_count - 1];
    uint64_t grown_count = entry.count - witness->last_count;
    if (grown_count == 0 || entry.connection >= WITNESS_LINKS_MAX)
        return;
    entry.marker += witness->last_count;
    entry.seq += (double)witness->last_count;
    entry.count = grown_count;
    read_entry(witness, &entry);
}

void witness_read_transcript(struct witness *witness, const struct transcript *transcript)
{
    read_growth(witness, transcript);
    for (; witness->entry_count < transcript->count; witness->entry_count++) {
        const struct transcript_entry *entry = &transcript->entries[witness->entry_count];
        if (entry->connection < WITNESS_LINKS_MAX)
            read_entry(witness, entry);
    }
    if (transcript->count > 0)
        witness->last_count = transcript->entries[transcript->count - 1].count;
}

void witness_check(const struct witness *witness)
{
    TARGET_CHECK(witness->told.count == witness->wired.count, "%zu events told, %zu on the wire",
                 witness->told.count, witness->wired.count);
    for (size_t i = 0; i < witness->told.count; i++) {
        struct witness_event told = witness->told.items[i], wired = witness->wired.items[i];
        TARGET_CHECK(told.connection == wired.connection && told.marker == wired.marker &&
                         told.is_row == wired.is_row,
                     "event %zu is gc-%llu on %u, but gc-%llu on %u on the wire", i,
                     (unsigned long long)told.marker, told.connection,
                     (unsigned long long)wired.marker, wired.connection);
    }
}
