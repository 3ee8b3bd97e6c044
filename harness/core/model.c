#include "core/model.h"

#include "core/memory.h"

#include <assert.h>
#include <stdlib.h>

void model_init(struct model *model, size_t ring_capacity, size_t db_limit)
{
    *model = (struct model){.db_limit = db_limit};
    ring_init(&model->ring, ring_capacity);
}

void model_free(struct model *model)
{
    for (size_t i = 0; i < EVENT_ROW_CLASS_COUNT; i++)
        free(model->rows[i].markers);
    ring_free(&model->ring);
    free(model->events);
    model_init(model, model->ring.capacity_count, model->db_limit);
}

const struct event *model_event(const struct model *model, uint64_t marker)
{
    assert(marker >= 1 && marker <= model->event_count);
    return &model->events[marker - 1];
}

/* Rows are ordered by created_s. They come in that order unless the clock was set back. */
static void insert_row(struct model *model, const struct event *event)
{
    struct model_rows *rows = &model->rows[event->row];
    rows->markers =
        memory_grow(rows->markers, &rows->capacity_count, rows->count + 1, sizeof *rows->markers);
    size_t at = rows->count++;
    for (; at > 0; at--) {
        if (model_event(model, rows->markers[at - 1])->created_s <= event->created_s)
            break;
        rows->markers[at] = rows->markers[at - 1];
    }
    rows->markers[at] = event->marker;
}

const struct event *model_publish(struct model *model, const struct event *event)
{
    assert(event->marker == model->event_count + 1);
    struct event copy = *event; /* `event` may be one of ours, and ours may move */
    model->events = memory_reserve(model->events, &model->event_capacity_count,
                                   model->event_count + 1, sizeof *model->events);
    model->events[model->event_count++] = copy;
    if (copy.is_numbered) {
        ring_push(&model->ring, (struct ring_entry){.marker = copy.marker, .seq = copy.seq});
        if (copy.seq > model->current_seq)
            model->current_seq = copy.seq;
    }
    if (copy.row != EVENT_ROW_NONE)
        insert_row(model, &copy);
    return &model->events[model->event_count - 1];
}

void model_restart(struct model *model, int64_t counter, bool keep_ring, bool keep_rows)
{
    if (counter >= 0)
        model->current_seq = counter;
    if (!keep_ring)
        ring_clear(&model->ring);
    if (!keep_rows)
        for (size_t i = 0; i < EVENT_ROW_CLASS_COUNT; i++)
            model->rows[i].count = 0;
}

static void add_item(struct resync_answer *answer, uint64_t marker, bool is_row)
{
    answer->items = memory_grow(answer->items, &answer->capacity_count, answer->count + 1,
                                sizeof *answer->items);
    answer->items[answer->count++] = (struct resync_item){.marker = marker, .is_row = is_row};
}

/* S-3 */
static void add_ring(const struct model *model, double last_seen_seq, struct resync_answer *answer)
{
    for (size_t i = 0; i < model->ring.count; i++) {
        struct ring_entry entry = ring_at(&model->ring, i);
        if ((double)entry.seq > last_seen_seq) {
            add_item(answer, entry.marker, false);
            answer->ring_count++;
        }
    }
}

static int64_t floor_to_seconds(int64_t ms)
{
    return ms / 1000 - (ms % 1000 < 0);
}

/* The index of the first row younger than `since_s`. */
static size_t first_row_after(const struct model *model, const struct model_rows *rows,
                              int64_t since_s)
{
    size_t low = 0, high = rows->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (model_event(model, rows->markers[middle])->created_s > since_s)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* S-5: the oldest rows of each class up to the limit, then merged. */
static void add_rows(const struct model *model, int64_t since_s, struct resync_answer *answer)
{
    size_t at[EVENT_ROW_CLASS_COUNT], end[EVENT_ROW_CLASS_COUNT];
    for (size_t c = 0; c < EVENT_ROW_CLASS_COUNT; c++) {
        at[c] = first_row_after(model, &model->rows[c], since_s);
        size_t left_count = model->rows[c].count - at[c];
        end[c] = at[c] + (left_count < model->db_limit ? left_count : model->db_limit);
    }
    for (;;) {
        const struct event *oldest = NULL;
        for (size_t c = 0; c < EVENT_ROW_CLASS_COUNT; c++) {
            if (at[c] == end[c])
                continue;
            const struct event *row = model_event(model, model->rows[c].markers[at[c]]);
            if (!oldest || row->created_s < oldest->created_s)
                oldest = row; /* within one second the class that comes first stays */
        }
        if (!oldest)
            return;
        add_item(answer, oldest->marker, true);
        answer->row_count++;
        at[oldest->row]++;
    }
}

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static void shuffle(struct resync_answer *answer, uint64_t seed)
{
    for (size_t left = answer->count; left > 1; left--) {
        size_t chosen = (size_t)(next_random(&seed) % left);
        struct resync_item item = answer->items[chosen];
        answer->items[chosen] = answer->items[left - 1];
        answer->items[left - 1] = item;
    }
}

void model_answer_resync(const struct model *model, const struct resync_request *request,
                         enum resync_order order, uint64_t seed, struct resync_answer *answer)
{
    double last_seen_seq = request->last_seen_seq;
    *answer = (struct resync_answer){.current_seq = model->current_seq};
    if (last_seen_seq >= (double)model->current_seq)
        return; /* S-2 */
    int64_t oldest_seq = ring_oldest_seq(&model->ring, model->current_seq);
    answer->gap_detected = last_seen_seq < (double)oldest_seq - 1;
    bool has_rows = answer->gap_detected && request->has_since;
    int64_t since_s = floor_to_seconds(request->since_ms);
    if (has_rows && order == RESYNC_ORDER_DB_FIRST)
        add_rows(model, since_s, answer);
    add_ring(model, last_seen_seq, answer);
    if (has_rows && order != RESYNC_ORDER_DB_FIRST)
        add_rows(model, since_s, answer);
    if (order == RESYNC_ORDER_SHUFFLED)
        shuffle(answer, seed);
}

void resync_answer_free(struct resync_answer *answer)
{
    free(answer->items);
    *answer = (struct resync_answer){0};
}
