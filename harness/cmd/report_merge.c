#include "cmd/report_merge.h"

#include "cmd/command.h"
#include "cmd/places.h"
#include "cmd/report_folder.h"
#include "cmd/report_read.h"
#include "cmd/run_reports.h"
#include "core/memory.h"
#include "io/clock.h"
#include "io/files.h"
#include "report/run_merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NUMBERS_MAX 20 /* of missing shards that are named */
#define PART_HINT   "name the folders that runs left; the others are merged, and the exit is 3"

/* ---- reading ---- */

/* How many of the folders could be read: theirs stand first in `parts`. */
static size_t read_parts(const struct options *options, struct run_part *parts)
{
    size_t count = 0;
    for (size_t i = 0; i < options->path_count; i++) {
        parts[count].name = options->paths[i];
        count += report_read(options->paths[i], PART_HINT, &parts[count].run);
    }
    return count;
}

/* ---- telling ---- */

static void tell_missing(const struct run_merge *merge, size_t shard_count)
{
    struct buffer numbers;
    struct error error;
    if (merge->missing_count == 0)
        return;
    buffer_init(&numbers, BUFFER_NO_LIMIT);
    for (size_t i = 0; i < merge->missing_count && i < NUMBERS_MAX; i++)
        buffer_printf(&numbers, "%s%zu/%zu", i ? ", " : "", merge->missing[i], shard_count);
    if (merge->missing_count > NUMBERS_MAX)
        buffer_printf(&numbers, " and %zu more", merge->missing_count - NUMBERS_MAX);
    error_set(&error, "what they would have found is not known: the exit is 3",
              merge->missing_count == 1 ? "the shard %s is missing" : "the shards %s are missing",
              buffer_text(&numbers));
    command_print_error(&error);
    buffer_free(&numbers);
}

static void tell_twice(const struct run_merge *merge)
{
    if (merge->twice_count > 0)
        fprintf(stderr,
                "gapcheck: %zu scenario%s in more than one folder; the worst of each counts\n",
                merge->twice_count, merge->twice_count == 1 ? " stands" : "s stand");
}

/* ---- what lies beside results.json ---- */

static void copy_transcripts(const struct run_part *parts, struct run_merge *merge,
                             struct report_folder *folder)
{
    size_t missing_count = 0;
    for (size_t i = 0; i < merge->run.scenario_count; i++) {
        struct run_scenario *scenario = &merge->run.scenarios[i];
        if (!scenario->transcript)
            continue;
        char *source = places_join(parts[merge->part_indexes[i]].name, scenario->transcript);
        if (!report_folder_copy(folder, scenario->transcript, source)) {
            missing_count++;
            free(scenario->transcript);
            scenario->transcript = NULL;
        }
        free(source);
    }
    if (missing_count > 0)
        fprintf(stderr, "gapcheck: %zu transcript%s could not be read and %s left out\n",
                missing_count, missing_count == 1 ? "" : "s", missing_count == 1 ? "is" : "are");
}

static void join_logs(const struct run_part *parts, size_t count, struct report_folder *folder)
{
    for (size_t i = 0; i < count; i++) {
        char *path = places_join(parts[i].name, "client.log");
        fprintf(folder->client_log, "==> %s <==\n", path);
        files_append_to(path, folder->client_log);
        free(path);
    }
}

/* ---- the command ---- */

static bool is_same_folder(const char *left, const char *right)
{
    struct stat a, b;
    return stat(left, &a) == 0 && stat(right, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

static bool check_arguments(const struct options *options)
{
    struct error error;
    if (options->path_count == 0) {
        error_set(&error, "as in `gapcheck report --merge parts/*`",
                  "--merge takes the folders that runs left, and there are none");
        command_print_error(&error);
        return false;
    }
    for (size_t i = 0; i < options->path_count; i++) {
        const char *again = NULL;
        for (size_t j = 0; j < i && !again; j++)
            if (is_same_folder(options->paths[i], options->paths[j]))
                again = "is named twice";
        if (options->out && is_same_folder(options->paths[i], options->out))
            again = "is merged and cannot be --out as well";
        if (again) {
            error_set(&error, NULL, "the folder %s %s", options->paths[i], again);
            command_print_error(&error);
            return false;
        }
    }
    return true;
}

static int merge_parts(const struct options *options, struct run_part *parts, size_t count)
{
    struct run_merge merge;
    struct report_folder folder;
    struct places places;
    struct error error;
    size_t shard_count = parts[0].run.shard_count;
    if (!run_merge(parts, count, &merge, &error)) {
        command_print_error(&error);
        return RUN_EXIT_USAGE;
    }
    merge.run.is_inconclusive |= count < options->path_count;
    tell_missing(&merge, shard_count);
    tell_twice(&merge);
    places_find(&places);
    char *parent = places_reports(&places);
    report_folder_open(&folder, options->out, parent, merge.run.client_command, clock_wall_ms());
    copy_transcripts(parts, &merge, &folder);
    join_logs(parts, count, &folder);
    run_reports_write(&merge.run, &folder);
    int status = run_reports_print(&merge.run, options, &folder);
    report_folder_close(&folder);
    places_free(&places);
    run_merge_free(&merge);
    free(parent);
    return status;
}

int report_merge(const struct options *options)
{
    if (!check_arguments(options))
        return RUN_EXIT_USAGE;
    struct run_part *parts = memory_alloc(options->path_count, sizeof *parts);
    size_t count = read_parts(options, parts);
    int status = RUN_EXIT_INCONCLUSIVE;
    if (count > 0)
        status = merge_parts(options, parts, count);
    free(parts);
    return status;
}
