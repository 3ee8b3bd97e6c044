#include "cmd/run_reports.h"

#include "cmd/page.h"
#include "cmd/style.h"
#include "report/report.h"

#include <stdio.h>

static void write_file(struct report_folder *folder, const char *name, const struct run *run,
                       void (*report)(const struct run *run, struct buffer *out))
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    report(run, &text);
    report_folder_write(folder, name, &text);
    buffer_free(&text);
}

/* results.json comes last: it holds the exit, which becomes 3 when something before it could not
 * be written. */
void run_reports_write(struct run *run, struct report_folder *folder)
{
    run->is_inconclusive |= folder->is_broken;
    run->exit = run_exit_code(run);
    write_file(folder, "junit.xml", run, report_junit);
    write_file(folder, "summary.md", run, report_summary);
    page_write_run(folder, run);
    report_folder_publish(folder);
    run->is_inconclusive |= folder->is_broken;
    run->exit = run_exit_code(run);
    write_file(folder, "results.json", run, report_json);
    run->is_inconclusive |= folder->is_broken;
    run->exit = run_exit_code(run);
}

bool run_reports_put(const struct buffer *text)
{
    size_t written_bytes = 0;
    if (text->size_bytes > 0) /* else there may be no data */
        written_bytes = fwrite(text->data, 1, text->size_bytes, stdout);
    return fflush(stdout) == 0 && written_bytes == text->size_bytes;
}

int run_reports_print(const struct run *run, const struct options *options,
                      const struct report_folder *folder)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    struct report_style style = style_of(options, stdout);
    style.folder = folder->path;
    report_terminal(run, &style, &text);
    bool is_seen = run_reports_put(&text);
    buffer_free(&text);
    return is_seen ? run->exit : RUN_EXIT_INCONCLUSIVE;
}
