/* The server's memory against a naive model of S-1 … S-6 and S-8: what the ring holds after every
 * publish and restart, and what a resync is answered. */
#include "support/naive_server.h"
#include "support/target.h"

#include "core/model.h"
#include "sim/choices.h"

#include <stdbool.h>
#include <string.h>

#define EVENTS_MAX 1300 /* of one input: time is bounded, too */

struct play {
    struct choices choices;
    struct model model;
    struct naive_server naive;
    uint64_t marker, marker_max;
    int64_t clock_s;
};

static void check_ring(const struct play *play)
{
    const struct ring *ring = &play->model.ring;
    const struct naive_server *naive = &play->naive;
    TARGET_CHECK(ring->count == naive->ring_count, "%zu instead of %zu", ring->count,
                 naive->ring_count);
    TARGET_CHECK(ring->count <= ring->capacity_count, "%zu events", ring->count);
    TARGET_CHECK(ring->allocated_count <= ring->capacity_count, "room for %zu of %zu",
                 ring->allocated_count, ring->capacity_count);
    for (size_t i = 0; i < ring->count; i++) {
        struct ring_entry entry = ring_at(ring, i);
        TARGET_CHECK(entry.marker == naive->ring[i].marker && entry.seq == naive->ring[i].seq,
                     "number %lld instead of %lld at %zu", (long long)entry.seq,
                     (long long)naive->ring[i].seq, i);
        TARGET_CHECK(entry.seq <= ring->highest_seq, "%lld is above the highest",
                     (long long)entry.seq);
    }
    TARGET_CHECK(play->model.current_seq == naive->current_seq, "counter %lld instead of %lld",
                 (long long)play->model.current_seq, (long long)naive->current_seq);
}

static void publish(struct play *play, bool is_numbered, int64_t seq, enum event_row_class row)
{
    if (play->marker == play->marker_max)
        return;
    play->marker++;
    struct event event = {
        .marker = play->marker,
        .id_marker = play->marker,
        .type = "message.created",
        .is_numbered = is_numbered,
        .seq = seq,
        .row = row,
        .created_s = play->clock_s,
    };
    struct naive_event naive = {play->marker, is_numbered, seq, play->clock_s, row};
    const struct event *kept = model_publish(&play->model, &event);
    TARGET_CHECK(kept == model_event(&play->model, play->marker), "marker %llu",
                 (unsigned long long)play->marker);
    naive_server_publish(&play->naive, &naive);
}

static enum event_row_class choose_row(struct play *play)
{
    return (enum event_row_class)choices_below(&play->choices, EVENT_ROW_CLASS_COUNT + 1);
}

static void publish_run(struct play *play)
{
    enum event_row_class row = choose_row(play);
    unsigned limit = (unsigned)play->model.ring.capacity_count + 20;
    for (unsigned left = choices_below(&play->choices, limit); left > 0; left--)
        publish(play, true, play->model.current_seq + 1, row);
    check_ring(play);
}

/* A number of the author's: below the counter, just above it, or far away. */
static void publish_numbered(struct play *play)
{
    int64_t seq = choices_below(&play->choices, 600);
    if (choices_chance(&play->choices, 20))
        seq = INT64_C(9007199254740991) - seq;
    publish(play, true, seq, choose_row(play));
    check_ring(play);
}

static void restart(struct play *play)
{
    int64_t counter = (int64_t)choices_below(&play->choices, 40) - 1;
    bool keep_ring = choices_chance(&play->choices, 50);
    bool keep_rows = choices_chance(&play->choices, 50);
    model_restart(&play->model, counter, keep_ring, keep_rows);
    naive_server_restart(&play->naive, counter, keep_ring, keep_rows);
    check_ring(play);
}

static double choose_last_seen(struct play *play)
{
    static const double odd[] = {0, -1, 0.5, 1e300, -1e300, 9007199254740992.0};
    const struct model *model = &play->model;
    unsigned kind = choices_below(&play->choices, 5);
    if (kind == 0)
        return odd[choices_below(&play->choices, sizeof odd / sizeof *odd)];
    if (kind == 1)
        return choices_below(&play->choices, 600);
    if (kind == 2)
        return (double)model->current_seq - choices_below(&play->choices, 600);
    int64_t edge =
        kind == 3 ? model->current_seq : ring_oldest_seq(&model->ring, model->current_seq);
    return (double)edge - 2 + 0.5 * choices_below(&play->choices, 8);
}

static struct resync_request choose_request(struct play *play)
{
    struct resync_request request = {.last_seen_seq = choose_last_seen(play)};
    request.has_since = choices_chance(&play->choices, 70);
    int64_t back_ms = (int64_t)choices_below(&play->choices, 20000) - 4000;
    request.since_ms = request.has_since ? play->clock_s * 1000 - back_ms : 0;
    return request;
}

static void check_items(const struct resync_answer *answer, const struct naive_answer *naive)
{
    for (size_t i = 0; i < answer->count; i++)
        TARGET_CHECK(answer->items[i].marker == naive->items[i].marker &&
                         answer->items[i].is_row == naive->items[i].is_row,
                     "item %zu is gc-%llu instead of gc-%llu", i,
                     (unsigned long long)answer->items[i].marker,
                     (unsigned long long)naive->items[i].marker);
}

/* A shuffled answer has the same items. */
static void check_same_items(const struct resync_answer *answer, const struct naive_answer *naive)
{
    uint64_t sums[2][2] = {{0}};
    for (size_t i = 0; i < answer->count; i++) {
        sums[0][answer->items[i].is_row] += answer->items[i].marker * answer->items[i].marker;
        sums[1][naive->items[i].is_row] += naive->items[i].marker * naive->items[i].marker;
    }
    TARGET_CHECK(memcmp(sums[0], sums[1], sizeof sums[0]) == 0, "of %zu items", answer->count);
}

static void resync(struct play *play)
{
    static struct naive_answer naive;
    struct resync_request request = choose_request(play);
    enum resync_order order = (enum resync_order)choices_below(&play->choices, 3);
    struct resync_answer answer;
    model_answer_resync(&play->model, &request, order, play->marker, &answer);
    naive_server_answer(&play->naive, &request, order == RESYNC_ORDER_DB_FIRST, &naive);
    TARGET_CHECK(answer.gap_detected == naive.gap_detected, "after %g", request.last_seen_seq);
    TARGET_CHECK(answer.ring_count == naive.ring_count && answer.row_count == naive.row_count,
                 "%zu and %zu rows instead of %zu and %zu", answer.ring_count, answer.row_count,
                 naive.ring_count, naive.row_count);
    TARGET_CHECK(answer.count == naive.count && answer.current_seq == naive.current_seq,
                 "%zu items instead of %zu", answer.count, naive.count);
    if (order == RESYNC_ORDER_SHUFFLED)
        check_same_items(&answer, &naive);
    else
        check_items(&answer, &naive);
    resync_answer_free(&answer);
}

static void operate(struct play *play)
{
    switch (choices_below(&play->choices, 8)) {
    case 0:
        publish_run(play);
        break;
    case 1:
    case 2:
        publish(play, true, play->model.current_seq + 1, choose_row(play));
        check_ring(play);
        break;
    case 3:
        publish_numbered(play);
        break;
    case 4:
        publish(play, false, 0, choose_row(play));
        break;
    case 5:
        restart(play);
        break;
    case 6:
        play->clock_s += (int64_t)choices_below(&play->choices, 8) - 2; /* back, too */
        break;
    case 7:
        resync(play);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static const size_t capacities[] = {0, 1, 2, 3, 15, 16, 17, 499, 500, 501};
    static const size_t limits[] = {0, 1, 3, 20, 1000};
    static struct play play;
    memset(&play, 0, sizeof play);
    play.clock_s = INT64_C(1780308000);
    choices_init_bytes(&play.choices, data, size_bytes);
    size_t capacity =
        capacities[choices_below(&play.choices, sizeof capacities / sizeof *capacities)];
    size_t limit = limits[choices_below(&play.choices, sizeof limits / sizeof *limits)];
    play.marker_max = capacity * 2 + 300 < EVENTS_MAX ? capacity * 2 + 300 : EVENTS_MAX;
    model_init(&play.model, capacity, limit);
    naive_server_init(&play.naive, capacity, limit);
    while (play.choices.used_count < size_bytes && play.marker < play.marker_max)
        operate(&play);
    check_ring(&play);
    model_free(&play.model);
    return 0;
}
