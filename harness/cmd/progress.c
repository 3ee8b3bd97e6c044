#include "cmd/progress.h"

#include "core/text.h"

#include <string.h>
#include <unistd.h>

#define MESSAGE_BYTES_MAX 200

void progress_init(struct progress *progress, FILE *file, bool is_quiet, size_t total_count)
{
    *progress = (struct progress){.file = file,
                                  .is_terminal = isatty(fileno(file)) == 1,
                                  .is_quiet = is_quiet,
                                  .total_count = total_count};
}

void progress_clear(struct progress *progress)
{
    if (progress->is_shown)
        fputs("\r\033[K", progress->file);
    progress->is_shown = false;
    fflush(progress->file);
}

static void show(struct progress *progress)
{
    if (progress->is_quiet || !progress->is_terminal)
        return;
    fprintf(progress->file, "\r\033[K%zu of %zu played, %zu running", progress->done_count,
            progress->total_count, progress->running_count);
    if (progress->failed_count > 0)
        fprintf(progress->file, ", %zu failed", progress->failed_count);
    progress->is_shown = true;
    fflush(progress->file);
}

void progress_running(struct progress *progress, size_t running_count)
{
    if (progress->running_count == running_count && progress->is_shown)
        return;
    progress->running_count = running_count;
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

void progress_done(struct progress *progress, const char *name, const struct judgement *judgement)
{
    enum verdict verdict = judgement->verdict;
    bool is_failure = verdict == VERDICT_FAIL || verdict == VERDICT_CLIENT_ERROR ||
                      (verdict == VERDICT_ERROR && !judgement->is_late);
    progress->done_count++;
    progress->failed_count += is_failure;
    if (is_failure && !progress->is_quiet && !progress->is_terminal)
        print_failure(progress, name, judgement);
    show(progress);
}
