/* `gapcheck report DIR` draws the page of a run again; `gapcheck report A B` compares two; with
 * --merge it hands over to report_merge. */
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/page.h"
#include "cmd/places.h"
#include "cmd/report_merge.h"
#include "cmd/report_read.h"
#include "cmd/style.h"
#include "io/files.h"
#include "report/difference.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MUTANTS_NAME      "mutants.json"
#define MUTANTS_BYTES_MAX ((size_t)256 << 20)
#define FOLDER_HINT       "give the folder that a run left, as in reports/out/latest"

/* What one folder holds. */
struct folder {
    const char *path;
    struct run run; /* owned, if there is one */
    bool has_run;
    struct buffer mutants; /* empty: there is none */
};

/* ---- reading ---- */

static bool has_file(const char *folder, const char *name)
{
    char *path = places_join(folder, name);
    bool is_there = access(path, F_OK) == 0;
    free(path);
    return is_there;
}

static bool read_mutants(struct folder *folder)
{
    struct error error;
    if (page_read_file((void *)folder->path, MUTANTS_NAME, &folder->mutants, &error))
        return true;
    command_print_error(&error);
    return false;
}

/* Tells what is missing or wrong. */
static bool open_folder(const char *path, bool needs_results, struct folder *folder)
{
    struct error error;
    bool has_results = has_file(path, RESULTS_NAME), has_mutants = has_file(path, MUTANTS_NAME);
    *folder = (struct folder){.path = path};
    buffer_init(&folder->mutants, MUTANTS_BYTES_MAX);
    if (!places_is_folder(path)) {
        error_set(&error, FOLDER_HINT,
                  "there is no folder %s", path);
        command_print_error(&error);
        return false;
    }
    if (!has_results && (needs_results || !has_mutants)) {
        error_set(&error, FOLDER_HINT,
                  "%s holds no " RESULTS_NAME "%s", path,
                  needs_results ? "" : " and no " MUTANTS_NAME);
        command_print_error(&error);
        return false;
    }
    folder->has_run = has_results && report_read(path, FOLDER_HINT, &folder->run);
    return folder->has_run == has_results && (!has_mutants || read_mutants(folder));
}

static void close_folder(struct folder *folder)
{
    if (folder->has_run)
        run_free(&folder->run);
    buffer_free(&folder->mutants);
}

/* ---- writing ---- */

static int write_page(const struct buffer *text, const char *folder, const char *name,
                      const struct options *options)
{
    struct error error;
    char *path = places_join(folder, name);
    int status = RUN_EXIT_EXPECTED;
    if (!files_make_folder(folder, &error) ||
        !files_write(path, text->data, text->size_bytes, &error)) {
        command_print_error(&error);
        status = RUN_EXIT_INCONCLUSIVE;
    } else if (!options->is_quiet) {
        printf("report: %s\n", path);
    }
    free(path);
    return status;
}

static int draw_one(const char *path, const struct options *options)
{
    struct folder folder;
    struct buffer text;
    struct error error;
    int status = RUN_EXIT_USAGE;
    buffer_init(&text, BUFFER_NO_LIMIT);
    if (open_folder(path, false, &folder)) {
        struct html_run run = {&folder.run, page_read_file, (void *)folder.path};
        struct html_page page = {
            .run = folder.has_run ? &run : NULL,
            .mutants = folder.mutants.size_bytes ? folder.mutants.data : NULL,
            .mutants_bytes = folder.mutants.size_bytes,
        };
        if (report_html(&page, &text, &error))
            status = write_page(&text, options->out ? options->out : path, PAGE_NAME, options);
        else
            command_print_error(&error);
    }
    close_folder(&folder);
    buffer_free(&text);
    return status;
}

static void print_difference(const struct matrix *matrix, const struct options *options)
{
    struct buffer text;
    struct report_style style = style_of(options, stdout);
    buffer_init(&text, BUFFER_NO_LIMIT);
    report_difference(matrix, &style, &text);
    fwrite(text.data, 1, text.size_bytes, stdout);
    buffer_free(&text);
}

static int compare(const struct folder *before, const struct folder *after,
                   const struct options *options)
{
    const struct run runs[] = {before->run, after->run}; /* whose parts they borrow */
    struct matrix matrix;
    matrix_init(&matrix, runs, 2);
    print_difference(&matrix, options);
    const char *const folders[] = {before->path, after->path};
    struct buffer page;
    struct error error;
    int status = RUN_EXIT_USAGE;
    buffer_init(&page, BUFFER_NO_LIMIT);
    if (page_compare(&matrix, folders, &page, &error))
        status = write_page(&page, options->out ? options->out : after->path, PAGE_COMPARE_NAME,
                            options);
    else
        command_print_error(&error);
    buffer_free(&page);
    if (fflush(stdout) != 0)
        status = RUN_EXIT_INCONCLUSIVE;
    status = (int)run_exit_worst((enum run_exit)status, difference_exit(&matrix));
    matrix_free(&matrix);
    return status;
}

static int compare_two(const char *before_path, const char *after_path,
                       const struct options *options)
{
    struct folder before, after;
    int status = RUN_EXIT_USAGE;
    bool has_before = open_folder(before_path, true, &before);
    bool has_after = open_folder(after_path, true, &after); /* both are told what is wrong with */
    if (has_before && has_after)
        status = compare(&before, &after, options);
    close_folder(&before);
    close_folder(&after);
    return status;
}

int command_report(const struct options *options)
{
    struct error error;
    if (options->is_merge)
        return report_merge(options);
    if (options->path_count == 1)
        return draw_one(options->paths[0], options);
    if (options->path_count == 2)
        return compare_two(options->paths[0], options->paths[1], options);
    error_set(&error, "the newest run lies in reports/out/latest",
              "`gapcheck report` takes one folder to draw, or two to compare, not %zu",
              options->path_count);
    command_print_error(&error);
    return RUN_EXIT_USAGE;
}
