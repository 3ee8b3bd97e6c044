#include "cmd/fuzz_progress.h"

#include "io/clock.h"

#include <inttypes.h>
#include <unistd.h>

#define TERMINAL_STEP_US 100000   /* what is shown more often than this is not read */
#define LINE_STEP_US     10000000 /* where nobody watches */

void fuzz_progress_init(struct fuzz_progress *progress, FILE *file, const struct options *options,
                        uint64_t run_max)
{
    *progress = (struct fuzz_progress){.file = file,
                                       .is_terminal = isatty(fileno(file)) == 1,
                                       .is_quiet = options->is_quiet,
                                       .total_ms = options->time_ms,
                                       .total_count = run_max,
                                       .start_us = clock_monotonic_us()};
    progress->shown_us = progress->start_us;
}

void fuzz_progress_clear(struct fuzz_progress *progress)
{
    if (progress->is_shown)
        fputs("\r\033[K", progress->file);
    progress->is_shown = false;
    fflush(progress->file);
}

/* "512 of 2000 played, 212 failed, 7 different failures"; `more` stands behind it. */
static void show(struct fuzz_progress *progress, size_t done_count, const char *more)
{
    int64_t now_us = clock_monotonic_us();
    int64_t step_us = progress->is_terminal ? TERMINAL_STEP_US : LINE_STEP_US;
    if (progress->is_quiet || now_us - progress->shown_us < step_us)
        return;
    progress->shown_us = now_us;
    fputs(progress->is_terminal ? "\r\033[K" : "", progress->file);
    if (progress->total_ms > 0)
        fprintf(progress->file, "%lld of %lld s: %zu played",
                (long long)((now_us - progress->start_us) / 1000000),
                (long long)(progress->total_ms / 1000), done_count);
    else
        fprintf(progress->file, "%zu of %" PRIu64 " played", done_count, progress->total_count);
    if (progress->failed_count > 0)
        fprintf(progress->file, ", %zu failed, %zu different", progress->failed_count,
                progress->failure_count);
    fprintf(progress->file, "%s%s", more, progress->is_terminal ? "" : "\n");
    progress->is_shown = progress->is_terminal;
    fflush(progress->file);
}

void fuzz_progress_playing(struct fuzz_progress *progress, size_t done_more, size_t running_count)
{
    char more[40];
    snprintf(more, sizeof more, ", %zu running", running_count);
    show(progress, progress->done_count + done_more, more);
}

void fuzz_progress_shrinking(struct fuzz_progress *progress, const char *rule, size_t step_count,
                             size_t play_count)
{
    char more[80];
    snprintf(more, sizeof more, "; %s: down to %zu steps after %zu plays", rule, step_count,
             play_count);
    show(progress, progress->done_count, more);
}
