#include "cmd/run_clients.h"

#include "cmd/command.h"
#include "cmd/github.h"
#include "cmd/page.h"
#include "cmd/run_reports.h"
#include "cmd/style.h"
#include "core/memory.h"
#include "io/clock.h"
#include "report/matrix.h"

#include <stdlib.h>
#include <string.h>

/* ---- one ---- */

static enum run_exit play_one(struct run_job *job, const struct scenario_set *set)
{
    struct run run;
    struct report_folder folder;
    char *parent = places_reports(job->places);
    report_folder_open(&folder, job->options->out, parent, job->clients[0].label,
                       clock_wall_ms());
    enum run_exit status = RUN_EXIT_USAGE;
    if (run_job_play(job, 0, set, &folder, &run)) {
        status = (enum run_exit)run_reports_print(&run, job->options, &folder);
        if (!github_annotate(&run))
            status = RUN_EXIT_INCONCLUSIVE;
        if (!run_job_check_baselines(job))
            status = RUN_EXIT_USAGE;
    }
    report_folder_close(&folder);
    run_free(&run);
    free(parent);
    return status;
}

/* ---- several ---- */

/* "a-b": what the joint folder is named after. */
static void append_labels(const struct run_job *job, struct buffer *out)
{
    for (size_t i = 0; i < job->client_count; i++)
        buffer_printf(out, "%s%s", i ? "-" : "", job->clients[i].label);
}

/* What the client changed against the one before it, drawn: beside its own page. */
static void write_comparison(const struct run runs[2], const char *before,
                             struct report_folder *after)
{
    struct matrix matrix;
    struct buffer text;
    struct error error;
    if (!before || !after->path)
        return;
    const char *const folders[] = {before, after->path};
    buffer_init(&text, BUFFER_NO_LIMIT);
    matrix_init(&matrix, runs, 2);
    if (page_compare(&matrix, folders, &text, &error))
        report_folder_write(after, PAGE_COMPARE_NAME, &text);
    else
        command_print_error(&error);
    matrix_free(&matrix);
    buffer_free(&text);
}

/* `before` is the folder of the client before it, NULL for the first; it becomes this one's. False
 * if the others need not be played. */
static bool play_client(struct run_job *job, size_t index, const struct scenario_set *set,
                        struct report_folder *joint, struct run *run, char **before,
                        bool *is_annotated)
{
    struct report_folder folder;
    const char *label = job->clients[index].label;
    size_t number = 1;
    for (size_t i = 0; i < index; i++)
        number += report_folder_is_same_name(job->clients[i].label, label);
    report_folder_open_below(&folder, joint, label, number);
    run_job_play(job, index, set, &folder, run); /* no single baseline: it is never refused */
    *is_annotated &= github_annotate(run);
    if (index > 0)
        write_comparison(run - 1, *before, &folder);
    joint->is_broken |= folder.is_broken;
    free(*before);
    *before = folder.path ? memory_copy_text(folder.path, strlen(folder.path)) : NULL;
    report_folder_close(&folder);
    return !run->is_interrupted;
}

static void write_summary(const struct matrix *matrix, struct report_folder *joint)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    report_matrix_summary(matrix, &text);
    report_folder_write(joint, "summary.md", &text);
    report_folder_publish(joint);
    buffer_free(&text);
}

static bool print_matrix(const struct matrix *matrix, const struct options *options,
                         const struct report_folder *joint)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    struct report_style style = style_of(options, stdout);
    style.folder = joint->path;
    report_matrix_terminal(matrix, &style, &text);
    bool is_seen = run_reports_put(&text);
    buffer_free(&text);
    return is_seen;
}

static enum run_exit play_several(struct run_job *job, const struct scenario_set *set)
{
    struct report_folder joint;
    struct buffer labels;
    struct matrix matrix;
    buffer_init(&labels, BUFFER_NO_LIMIT);
    append_labels(job, &labels);
    char *parent = places_reports(job->places);
    report_folder_open_joint(&joint, job->options->out, parent, buffer_text(&labels),
                             clock_wall_ms());
    struct run *runs = memory_alloc(job->client_count, sizeof *runs);
    size_t run_count = 0;
    char *before = NULL;
    bool is_seen = true, goes_on = true;
    while (goes_on && run_count < job->client_count) {
        goes_on = play_client(job, run_count, set, &joint, &runs[run_count], &before, &is_seen);
        run_count++;
    }
    free(before);
    matrix_init(&matrix, runs, run_count);
    write_summary(&matrix, &joint);
    is_seen &= print_matrix(&matrix, job->options, &joint);
    enum run_exit status = matrix_exit(&matrix);
    if (joint.is_broken || !is_seen)
        status = run_exit_worst(status, RUN_EXIT_INCONCLUSIVE);
    if (goes_on && !run_job_check_baselines(job))
        status = RUN_EXIT_USAGE;
    matrix_free(&matrix);
    for (size_t i = 0; i < run_count; i++)
        run_free(&runs[i]);
    free(runs);
    report_folder_close(&joint);
    buffer_free(&labels);
    free(parent);
    return status;
}

enum run_exit run_clients_play(struct run_job *job, const struct scenario_set *set)
{
    return job->client_count > 1 ? play_several(job, set) : play_one(job, set);
}
