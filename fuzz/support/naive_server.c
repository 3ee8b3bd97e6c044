#include "naive_server.h"

#include "target.h"

#include <math.h>
#include <string.h>

void naive_server_init(struct naive_server *server, size_t ring_capacity, size_t db_limit)
{
    memset(server, 0, sizeof *server);
    server->ring_capacity = ring_capacity;
    server->db_limit = db_limit;
    server->ring = server->pushed;
}

static void remove_from_ring(struct naive_server *server, size_t index)
{
    server->ring_count--;
    if (index == 0) {
        server->ring++;
        return;
    }
    memmove(&server->ring[index], &server->ring[index + 1],
            (server->ring_count - index) * sizeof *server->ring);
}

/* S-1; a number that is there already leaves first (scenario.md, `restart`). */
static void add_to_ring(struct naive_server *server, const struct naive_event *event)
{
    for (size_t i = 0; i < server->ring_count; i++)
        if (server->ring[i].seq == event->seq) {
            remove_from_ring(server, i);
            break;
        }
    if (server->ring_capacity == 0)
        return;
    if (server->ring_count == server->ring_capacity)
        remove_from_ring(server, 0);
    TARGET_CHECK(server->ring + server->ring_count < server->pushed + NAIVE_EVENTS_MAX,
                 "the naive ring is full");
    server->ring[server->ring_count++] = *event;
}

void naive_server_publish(struct naive_server *server, const struct naive_event *event)
{
    if (event->is_numbered) {
        add_to_ring(server, event);
        if (event->seq > server->current_seq)
            server->current_seq = event->seq;
    }
    if (event->row != EVENT_ROW_NONE) {
        TARGET_CHECK(server->row_count < NAIVE_EVENTS_MAX, "the naive database is full");
        server->rows[server->row_count++] = *event;
    }
}

void naive_server_restart(struct naive_server *server, int64_t counter, bool keep_ring,
                          bool keep_rows)
{
    if (counter >= 0)
        server->current_seq = counter;
    if (!keep_ring)
        server->ring_count = 0;
    if (!keep_rows)
        server->row_count = 0;
}

static void add_item(struct naive_answer *answer, uint64_t marker, bool is_row)
{
    answer->items[answer->count++] = (struct resync_item){marker, is_row};
}

static void add_ring(const struct naive_server *server, double last_seen_seq,
                     struct naive_answer *answer)
{
    for (size_t i = 0; i < server->ring_count; i++)
        if ((double)server->ring[i].seq > last_seen_seq) {
            add_item(answer, server->ring[i].marker, false);
            answer->ring_count++;
        }
}

/* Whether the row `left` comes before `right`, which was written later. */
static bool comes_before(const struct naive_event *left, const struct naive_event *right,
                         bool by_class)
{
    if (left->created_s != right->created_s)
        return left->created_s < right->created_s;
    return !by_class || left->row <= right->row;
}

static void insert_sorted(struct naive_event *list, size_t *count, const struct naive_event *event,
                          bool by_class)
{
    size_t at = *count;
    while (at > 0 && !comes_before(&list[at - 1], event, by_class))
        at--;
    memmove(&list[at + 1], &list[at], (*count - at) * sizeof *list);
    list[at] = *event;
    ++*count;
}

/* S-5 */
static void add_rows(const struct naive_server *server, int64_t since_ms,
                     struct naive_answer *answer)
{
    static struct naive_event chosen[NAIVE_EVENTS_MAX], merged[NAIVE_EVENTS_MAX];
    double since_s = floor((double)since_ms / 1000);
    size_t merged_count = 0;
    for (int class = 0; class < EVENT_ROW_CLASS_COUNT; class ++) {
        size_t count = 0;
        for (size_t i = 0; i < server->row_count; i++)
            if ((int)server->rows[i].row == class && (double)server->rows[i].created_s > since_s)
                insert_sorted(chosen, &count, &server->rows[i], false);
        for (size_t i = 0; i < count && i < server->db_limit; i++)
            insert_sorted(merged, &merged_count, &chosen[i], true);
    }
    for (size_t i = 0; i < merged_count; i++)
        add_item(answer, merged[i].marker, true);
    answer->row_count = merged_count;
}

void naive_server_answer(const struct naive_server *server, const struct resync_request *request,
                         bool rows_first, struct naive_answer *answer)
{
    answer->count = answer->ring_count = answer->row_count = 0;
    answer->current_seq = server->current_seq;
    answer->gap_detected = false;
    if (request->last_seen_seq >= (double)server->current_seq)
        return; /* S-2 */
    int64_t oldest_seq = server->ring_count ? server->ring[0].seq : server->current_seq + 1;
    answer->gap_detected = request->last_seen_seq < (double)oldest_seq - 1; /* S-4 */
    bool has_rows = answer->gap_detected && request->has_since;
    if (has_rows && rows_first)
        add_rows(server, request->since_ms, answer);
    add_ring(server, request->last_seen_seq, answer);
    if (has_rows && !rows_first)
        add_rows(server, request->since_ms, answer);
}
