/* What is seen while scenarios are played, on standard error: one line that is written over on a
 * terminal, else a line for every failure. */
#ifndef GAPCHECK_CMD_PROGRESS_H
#define GAPCHECK_CMD_PROGRESS_H

#include "core/judge.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct progress {
    FILE *file;        /* borrowed */
    bool is_terminal;
    bool is_quiet;     /* nothing at all */
    size_t total_count;
    size_t done_count;
    size_t running_count;
    size_t failed_count;
    bool is_shown;     /* the line stands on the terminal */
};

void progress_init(struct progress *progress, FILE *file, bool is_quiet, size_t total_count);
void progress_running(struct progress *progress, size_t running_count);
void progress_done(struct progress *progress, const char *name, const struct judgement *judgement);

/* Takes the line away, so that something else can be written. */
void progress_clear(struct progress *progress);

#endif
