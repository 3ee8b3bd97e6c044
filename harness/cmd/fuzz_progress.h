/* How far a campaign is, on standard error: one line that is written over on a terminal, elsewhere
 * a line every ten seconds. */
#ifndef GAPCHECK_CMD_FUZZ_PROGRESS_H
#define GAPCHECK_CMD_FUZZ_PROGRESS_H

#include "cmd/options.h"

#include <stdio.h>

struct fuzz_progress {
    FILE *file; /* borrowed */
    bool is_terminal, is_quiet;
    bool is_shown;         /* the line stands on the terminal */
    int64_t total_ms;      /* of --time; 0: only the count counts */
    uint64_t total_count;  /* UINT64_MAX: only the time counts */
    int64_t start_us, shown_us;
    size_t done_count, failed_count; /* scenarios */
    size_t failure_count;            /* different failures */
};

void fuzz_progress_init(struct fuzz_progress *progress, FILE *file, const struct options *options,
                        uint64_t run_max);
void fuzz_progress_playing(struct fuzz_progress *progress, size_t done_more, size_t running_count);
void fuzz_progress_shrinking(struct fuzz_progress *progress, const char *rule, size_t step_count,
                             size_t play_count);

/* Takes the line away, so that something else can be written. */
void fuzz_progress_clear(struct fuzz_progress *progress);

#endif
