/* A campaign of gapcheck fuzz, for its parts: fuzz.c makes scenarios up and plays them, fuzz_keep.c
 * looks at a failure and keeps its file, fuzz_report.c tells what came of it all. */
#ifndef GAPCHECK_CMD_FUZZ_INTERNAL_H
#define GAPCHECK_CMD_FUZZ_INTERNAL_H

#include "cmd/client.h"
#include "cmd/fuzz_failures.h"
#include "cmd/fuzz_progress.h"
#include "cmd/places.h"
#include "cmd/report_folder.h"
#include "cmd/trial.h"
#include "report/run.h"

struct fuzz {
    const struct options *options; /* borrowed */
    struct places places;
    struct client_choice client;
    struct report_folder folder;
    struct trial trial;
    struct fuzz_progress progress;
    struct fuzz_failures failures;
    struct run run;
    size_t scenario_capacity_count;   /* of the run */
    bool is_shrinking;                /* what is played is not counted */
    size_t generated_count, unfair_count;
    size_t played_count, failed_count, death_count, error_count;
    size_t left_count;                /* of causes without a file: not looked at, for want of time */
    size_t dead_batch_count;          /* in a row: the client died of all in them */
};

/* One scenario that was made up and played. */
struct fuzz_play {
    struct scenario *scenario; /* owned */
    uint64_t number;           /* of the campaign, from 1 */
};

/* Whether the time of --time is over. */
bool fuzz_is_late(const struct fuzz *fuzz);

/* Plays a failure again and makes it smaller, if it has something new. When it is late, only what
 * is wholly new is looked at. */
void fuzz_look_at(struct fuzz *fuzz, const struct fuzz_play *play, const struct failure *failure,
                  const char *message);

/* A client that dies of what a server does is worth a file, though no rule has a name for it. */
void fuzz_keep_death(struct fuzz *fuzz, const struct fuzz_play *play, const char *reason);

/* Fills what is open of the run, its exit too, and writes all reports. */
void fuzz_write_reports(struct fuzz *fuzz);

/* Returns the exit status. */
int fuzz_print_summary(const struct fuzz *fuzz);

#endif
