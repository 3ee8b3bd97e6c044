/* What is seen while scenarios are played, on standard error: one line that is written over on a
 * terminal, else a line for every failure and one each ten seconds. The time comes from outside. */
#ifndef GAPCHECK_CMD_PROGRESS_H
#define GAPCHECK_CMD_PROGRESS_H

#include "core/judge.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PROGRESS_LINE_MS 10000 /* between two lines where there is no terminal */
#define PROGRESS_LEFT_MS 2000  /* before that, nobody can say how long it takes */

struct progress {
    FILE *file;        /* borrowed */
    const char *label; /* who is tested, where there are several; borrowed; NULL: one */
    bool is_terminal;
    bool is_quiet;     /* nothing at all */
    size_t total_count; /* with those that are played again */
    size_t again_count;
    size_t done_count;
    size_t running_count;
    size_t failed_count;
    int64_t start_ms, now_ms; /* of any clock that never goes back */
    int64_t line_ms;          /* when the last line was written */
    bool is_shown;            /* the line stands on the terminal */
};

void progress_init(struct progress *progress, FILE *file, bool is_quiet, size_t total_count,
                   int64_t now_ms);

/* To be called now and then, several times a second. */
void progress_running(struct progress *progress, size_t running_count, int64_t now_ms);
/* `is_known`: the baseline lists all that is wrong; that is no failure. */
void progress_done(struct progress *progress, const char *name, const struct judgement *judgement,
                   bool is_known);

/* So many scenarios are played a second time. */
void progress_again(struct progress *progress, size_t count);

/* Takes the line away, so that something else can be written. */
void progress_clear(struct progress *progress);

/* "120 of 323 played, 64 running, 3 failed, about 12 s left" */
void progress_append(const struct progress *progress, struct buffer *out);

#endif
