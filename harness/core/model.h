/* The fake server's memory: counter, ring, rows, and what it answers to a resync (S-1 … S-8). The
 * live session and the judge's ideal client ask the same model. No time of its own: the clock is
 * handed in with every event. */
#ifndef GAPCHECK_CORE_MODEL_H
#define GAPCHECK_CORE_MODEL_H

#include "core/event.h"
#include "core/ring.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model_rows {
    uint64_t *markers; /* owned; in the order of writing, so by created_s */
    size_t count;
    size_t capacity_count;
};

struct model {
    struct event *events; /* owned; event with marker m stands at m - 1, for ever */
    size_t event_count;
    size_t event_capacity_count;
    struct ring ring;
    struct model_rows rows[EVENT_ROW_CLASS_COUNT];
    int64_t current_seq;
    size_t db_limit; /* rows of one class in one answer */
};

void model_init(struct model *model, size_t ring_capacity, size_t db_limit);
void model_free(struct model *model);

/* Takes `event` into events (its marker must be event_count + 1), into the ring if it is numbered
 * (moving the counter up to its number), and into its class of rows. Returns it, borrowed until
 * the next publish. */
const struct event *model_publish(struct model *model, const struct event *event);

const struct event *model_event(const struct model *model, uint64_t marker);

/* S-8. A counter below 0 keeps the counter. */
void model_restart(struct model *model, int64_t counter, bool keep_ring, bool keep_rows);

struct resync_request {
    double last_seen_seq;
    bool has_since;   /* it is there and a valid date */
    int64_t since_ms; /* since 1970 */
};

enum resync_order { RESYNC_ORDER_RING_FIRST, RESYNC_ORDER_DB_FIRST, RESYNC_ORDER_SHUFFLED };

struct resync_item {
    uint64_t marker;
    bool is_row;
};

struct resync_answer {
    struct resync_item *items; /* owned; in the order of sending */
    size_t count;
    size_t capacity_count;
    size_t ring_count;
    size_t row_count;
    bool gap_detected;
    int64_t current_seq;
};

/* S-2 … S-6. Ring events that were published while the answer is being made do not exist here:
 * the answer is one moment. SHUFFLED mixes by `seed`. */
void model_answer_resync(const struct model *model, const struct resync_request *request,
                         enum resync_order order, uint64_t seed, struct resync_answer *answer);
void resync_answer_free(struct resync_answer *answer);

#endif
