/* Puts the parts of one run together that several machines played (--shard): plain data in, plain
 * data out. */
#ifndef GAPCHECK_REPORT_RUN_MERGE_H
#define GAPCHECK_REPORT_RUN_MERGE_H

#include "core/error.h"
#include "report/run.h"

#include <stdbool.h>
#include <stddef.h>

struct run_part {
    const char *name; /* what messages call it; borrowed */
    struct run run;
};

struct run_merge {
    struct run run;       /* owned; its scenarios stand in the order of their files and names */
    size_t *part_indexes; /* whose transcript it is, one for each scenario; owned */
    size_t *missing;      /* shards that no part is, from 1; owned */
    size_t missing_count;
    size_t twice_count;   /* scenarios that stood in more than one part */
};

/* Takes the runs of the parts (at least one). False, with the first reason, if they are no parts of
 * one run: another client, version, command, seed, --strict or number of shards.
 *
 * A shard that is missing makes it inconclusive. A scenario that stands in several parts counts as
 * if --repeat had played it: the worst play is kept, and verdicts that differ are inconclusive.
 * The duration is from the first start to the last end. */
bool run_merge(struct run_part *parts, size_t count, struct run_merge *merge, struct error *error);
void run_merge_free(struct run_merge *merge);

#endif
