/* The fake server's memory once more, as plainly as protocol.md says it: arrays, linear searches,
 * stable insertion sort. The targets hold the real model against it (S-1 … S-6, S-8). */
#ifndef GAPCHECK_FUZZ_NAIVE_SERVER_H
#define GAPCHECK_FUZZ_NAIVE_SERVER_H

#include "core/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAIVE_EVENTS_MAX 4096

struct naive_event {
    uint64_t marker;
    bool is_numbered;
    int64_t seq;
    int64_t created_s;
    enum event_row_class row;
};

struct naive_server {
    size_t ring_capacity, db_limit;
    int64_t current_seq;
    struct naive_event pushed[NAIVE_EVENTS_MAX];
    struct naive_event *ring; /* the part of `pushed` that is still there, the oldest first */
    size_t ring_count;
    struct naive_event rows[NAIVE_EVENTS_MAX]; /* all classes, as they were written */
    size_t row_count;
};

struct naive_answer {
    struct resync_item items[2 * NAIVE_EVENTS_MAX];
    size_t count, ring_count, row_count;
    bool gap_detected;
    int64_t current_seq;
};

void naive_server_init(struct naive_server *server, size_t ring_capacity, size_t db_limit);

/* At most NAIVE_EVENTS_MAX between two restarts. */
void naive_server_publish(struct naive_server *server, const struct naive_event *event);
void naive_server_restart(struct naive_server *server, int64_t counter, bool keep_ring,
                          bool keep_rows);

/* Ring first, or rows first. */
void naive_server_answer(const struct naive_server *server, const struct resync_request *request,
                         bool rows_first, struct naive_answer *answer);

#endif
