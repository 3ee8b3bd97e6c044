/* Generated sessions on threads, for a number of seeds or a time. */
#ifndef GAPCHECK_CMD_SIM_RUN_H
#define GAPCHECK_CMD_SIM_RUN_H

#include "sim/campaign.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_order {
    const struct client_policy_info *client;
    enum generator_length length;
    uint64_t first_seed;
    uint64_t run_count; /* UINT64_MAX: until the time is over */
    int64_t time_ms;    /* INT64_MAX: as long as it takes */
    size_t job_count;   /* at least 1 */
    bool is_hunt;       /* ends with the first session that shows the client's own rule broken */
    void (*on_progress)(void *user, uint64_t done_count); /* now and then; may be NULL */
    void *user;
};

struct sim_result {
    struct campaign_tally tally;
    bool is_found;       /* in a hunt */
    uint64_t found_seed; /* the lowest: it does not depend on the number of jobs */
    bool is_interrupted;
    int64_t duration_ms;
};

/* Filled in any case; its tally is freed by the caller. */
void sim_run(const struct sim_order *order, struct sim_result *result);

#endif
