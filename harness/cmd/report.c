/* `gapcheck report DIR` draws the page of a run again; `gapcheck report A B` compares two; with
 * --merge it hands over to report_merge. */
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/page.h"
#include "cmd/places.h"
#include "cmd/report_merge.h"
#include "cmd/style.h"
#include "io/files.h"
#include "report/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESULTS_NAME "results.json"
#define MUTANTS_NAME "mutants.json"

/* What one folder holds. */
struct folder {
    const char *path;
    struct results results; /* its document is NULL: there is none */
    struct buffer mutants;  /* empty: there is none */
    struct html_run run;
};

/* ---- reading ---- */

static void print_file_error(const struct error *error, const char *folder, const char *name)
{
    struct buffer message;
    buffer_init(&message, BUFFER_NO_LIMIT);
    char *path = places_join(folder, name);
    error_print(error, path, NULL, 0, &message);
    fputs(buffer_text(&message), stderr);
    free(path);
    buffer_free(&message);
}

static bool has_file(const char *folder, const char *name)
{
    char *path = places_join(folder, name);
    bool is_there = access(path, F_OK) == 0;
    free(path);
    return is_there;
}

static bool read_results(struct folder *folder)
{
    struct buffer text;
    struct error error;
    buffer_init(&text, RESULTS_BYTES_MAX);
    bool is_read = page_read_file((void *)folder->path, RESULTS_NAME, &text, &error);
    if (!is_read) {
        command_print_error(&error);
    } else if (!results_read(text.data ? text.data : "", text.size_bytes, &folder->results,
                             &error)) {
        print_file_error(&error, folder->path, RESULTS_NAME);
        is_read = false;
    }
    buffer_free(&text);
    folder->run = (struct html_run){&folder->results, page_read_file, (void *)folder->path};
    return is_read;
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
    buffer_init(&folder->mutants, RESULTS_BYTES_MAX);
    if (!places_is_folder(path)) {
        error_set(&error, "give the folder that a run left, as in reports/out/latest",
                  "there is no folder %s", path);
        command_print_error(&error);
        return false;
    }
    if (!has_results && (needs_results || !has_mutants)) {
        error_set(&error, "give the folder that a run left, as in reports/out/latest",
                  "%s holds no " RESULTS_NAME "%s", path,
                  needs_results ? "" : " and no " MUTANTS_NAME);
        command_print_error(&error);
        return false;
    }
    return (!has_results || read_results(folder)) && (!has_mutants || read_mutants(folder));
}

static void close_folder(struct folder *folder)
{
    results_free(&folder->results);
    buffer_free(&folder->mutants);
}

/* ---- writing ---- */

static int write_page(const struct html_page *page, const char *folder, const char *name,
                      const struct options *options)
{
    struct buffer text;
    struct error error;
    char *path = places_join(folder, name);
    buffer_init(&text, BUFFER_NO_LIMIT);
    int status = RUN_EXIT_EXPECTED;
    if (!report_html(page, &text, &error)) {
        command_print_error(&error);
        status = RUN_EXIT_USAGE;
    } else if (!files_make_folder(folder, &error) ||
               !files_write(path, text.data, text.size_bytes, &error)) {
        command_print_error(&error);
        status = RUN_EXIT_INCONCLUSIVE;
    } else if (!options->is_quiet) {
        printf("report: %s\n", path);
    }
    buffer_free(&text);
    free(path);
    return status;
}

static int draw_one(const char *path, const struct options *options)
{
    struct folder folder;
    int status = RUN_EXIT_USAGE;
    if (open_folder(path, false, &folder)) {
        struct html_page page = {
            .run = folder.results.document ? &folder.run : NULL,
            .mutants = folder.mutants.size_bytes ? folder.mutants.data : NULL,
            .mutants_bytes = folder.mutants.size_bytes,
        };
        status = write_page(&page, options->out ? options->out : path, PAGE_NAME, options);
    }
    close_folder(&folder);
    return status;
}

static void print_difference(const struct difference *difference, const struct options *options)
{
    struct buffer text;
    struct report_style style = style_of(options, stdout);
    buffer_init(&text, BUFFER_NO_LIMIT);
    report_difference(difference, &style, &text);
    fwrite(text.data, 1, text.size_bytes, stdout);
    buffer_free(&text);
}

static int compare(const struct folder *before, const struct folder *after,
                   const struct options *options)
{
    struct difference difference;
    difference_find(&before->results, &after->results, &difference);
    print_difference(&difference, options);
    struct html_page page = {
        .run = &after->run, .before = &before->run, .difference = &difference};
    int status = write_page(&page, options->out ? options->out : after->path, PAGE_COMPARE_NAME,
                            options);
    if (fflush(stdout) != 0)
        status = RUN_EXIT_INCONCLUSIVE;
    if (status == RUN_EXIT_EXPECTED && difference.counts[DIFFERENCE_NEW_FAILURE] > 0)
        status = RUN_EXIT_BROKEN;
    difference_free(&difference);
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
