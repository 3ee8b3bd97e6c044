#include "cmd/progress.h"

#include "core/text.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MESSAGE_BYTES_MAX 200
#define LABEL_BYTES_MAX   40

void progress_init(struct progress *progress, FILE *file, bool is_quiet, size_t total_count,
                   int64_t now_ms)
{
    *progress = (struct progress){.file = file,
                                  .is_terminal = isatty(fileno(file)) == 1,
                                  .is_quiet = is_quiet,
                                  .total_count = total_count,
                                  .start_ms = now_ms,
                                  .now_ms = now_ms,
                                  .line_ms = now_ms};
}

void progress_again(struct progress *progress, size_t count)
{
    progress->again_count += count;
    progress->total_count += count;
}

void progress_clear(struct progress *progress)
{
    if (progress->is_shown)
        fputs("\r\033[K", progress->file);
    progress->is_shown = false;
    fflush(progress->file);
}

/* As if the rest took as long as what is done; long waits are played side by side, so it is a
 * guess, and said to be one. */
static void append_left(const struct progress *progress, struct buffer *out)
{
    int64_t elapsed_ms = progress->now_ms - progress->start_ms;
    size_t left_count = progress->total_count - progress->done_count;
    if (elapsed_ms < PROGRESS_LEFT_MS || progress->done_count == 0 || left_count == 0)
        return;
    double left_s = (double)elapsed_ms / 1000 * (double)left_count / (double)progress->done_count;
    if (left_s < 100)
        buffer_printf(out, ", about %.0f s left", left_s < 1 ? 1 : left_s);
    else if (left_s < 100 * 60)
        buffer_printf(out, ", about %.0f min left", left_s / 60);
    else
        buffer_printf(out, ", about %.0f h left", left_s / 3600);
}

void progress_append(const struct progress *progress, struct buffer *out)
{
    if (progress->label) {
        text_append_escaped(out, progress->label, strlen(progress->label), LABEL_BYTES_MAX);
        buffer_append_text(out, ": ");
    }
    buffer_printf(out, "%zu of %zu played, ", progress->done_count, progress->total_count);
    if (progress->again_count > 0)
        buffer_printf(out, "%zu of them again, ", progress->again_count);
    buffer_printf(out, "%zu running", progress->running_count);
    if (progress->failed_count > 0)
        buffer_printf(out, ", %zu failed", progress->failed_count);
    append_left(progress, out);
}

/* A line that is longer than the terminal is wide could not be written over. */
static size_t terminal_columns(FILE *file)
{
    struct winsize size;
    if (ioctl(fileno(file), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return SIZE_MAX;
    return size.ws_col - 1u;
}

static size_t cut_to_columns(const char *text, size_t columns)
{
    size_t at = 0;
    for (; text[at]; at++)
        if (((unsigned char)text[at] & 0xC0) != 0x80 && columns-- == 0)
            break;
    return at;
}

static void show_on_terminal(struct progress *progress)
{
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    progress_append(progress, &line);
    size_t size_bytes = cut_to_columns(buffer_text(&line), terminal_columns(progress->file));
    fprintf(progress->file, "\r\033[K%.*s", (int)size_bytes, buffer_text(&line));
    progress->is_shown = true;
    fflush(progress->file);
    buffer_free(&line);
}

static void show_line(struct progress *progress)
{
    struct buffer line;
    if (progress->now_ms - progress->line_ms < PROGRESS_LINE_MS)
        return;
    progress->line_ms = progress->now_ms;
    buffer_init(&line, BUFFER_NO_LIMIT);
    progress_append(progress, &line);
    fprintf(progress->file, "%s\n", buffer_text(&line));
    fflush(progress->file);
    buffer_free(&line);
}

static void show(struct progress *progress)
{
    if (progress->is_quiet)
        return;
    if (progress->is_terminal)
        show_on_terminal(progress);
    else
        show_line(progress);
}

void progress_running(struct progress *progress, size_t running_count, int64_t now_ms)
{
    /* The time left changes without anything else. */
    bool is_same = progress->running_count == running_count &&
                   progress->now_ms / 1000 == now_ms / 1000 && progress->is_shown;
    progress->running_count = running_count;
    progress->now_ms = now_ms;
    if (!is_same)
        show(progress);
}

static void print_failure(struct progress *progress, const char *name,
                          const struct judgement *judgement)
{
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    buffer_printf(&line, "%s ", verdict_name(judgement->verdict));
    text_append_escaped(&line, name, strlen(name), MESSAGE_BYTES_MAX);
    const char *why = judgement->finding_count ? judgement->findings[0].message
                                               : judgement->reason;
    if (why) {
        const char *rule =
            judgement->finding_count ? rule_info(judgement->findings[0].rule)->id : NULL;
        buffer_printf(&line, ": %s%s", rule ? rule : "", rule ? " " : "");
        text_append_escaped(&line, why, strlen(why), MESSAGE_BYTES_MAX);
    }
    buffer_append_text(&line, "\n");
    fputs(buffer_text(&line), progress->file);
    buffer_free(&line);
}

void progress_done(struct progress *progress, const char *name, const struct judgement *judgement,
                   bool is_known)
{
    enum verdict verdict = judgement->verdict;
    bool is_failure = !judgement->is_late &&
                      ((verdict == VERDICT_FAIL && !is_known) ||
                       verdict == VERDICT_CLIENT_ERROR || verdict == VERDICT_ERROR);
    progress->done_count++;
    progress->failed_count += is_failure;
    if (is_failure && !progress->is_quiet && !progress->is_terminal)
        print_failure(progress, name, judgement);
    show(progress);
}
