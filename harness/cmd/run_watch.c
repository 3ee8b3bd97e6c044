#define _XOPEN_SOURCE 700 /* realpath */

#include "cmd/run_watch.h"

#include "cmd/command.h"
#include "cmd/library.h"
#include "cmd/places.h"
#include "cmd/report_folder.h"
#include "cmd/run_clients.h"
#include "cmd/run_job.h"
#include "io/clock.h"
#include "io/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUIET_MS    150 /* editors write a file in several steps */
#define SUFFIX      ".jsonc"
#define CHANGES_MAX 5 /* that are named */

enum tag { TAG_SCENARIO, TAG_ALL };

struct watching {
    struct options options; /* those of the command, with one folder for all rounds */
    struct places places;
    struct watch *watch;
    enum run_exit played; /* of what was played last */
    enum run_exit status; /* and of what is wrong with the files beside */
    bool is_interrupted;
};

/* ---- what is watched ---- */

static bool add_path(struct watching *watching, const char *path, enum tag tag)
{
    struct error error;
    bool is_scenario = tag == TAG_SCENARIO && places_is_folder(path);
    if (watch_add(watching->watch, path, is_scenario ? SUFFIX : NULL, (int)tag, &error))
        return true;
    command_print_error(&error);
    return false;
}

static bool add_scenario_path(struct watching *watching, const char *path)
{
    struct scenario_set unused;
    if (access(path, F_OK) == 0)
        return add_path(watching, path, TAG_SCENARIO);
    library_select(&watching->options, &watching->places, &unused); /* tells what is near */
    scenario_set_free(&unused);
    return false;
}

static bool add_scenarios(struct watching *watching)
{
    const struct options *options = &watching->options;
    bool is_added = true;
    for (size_t i = 0; is_added && i < options->path_count; i++)
        is_added = add_scenario_path(watching, options->paths[i]);
    if (options->path_count > 0)
        return is_added;
    char *folder = library_default_folder(&watching->places);
    is_added = !folder || add_path(watching, folder, TAG_SCENARIO);
    free(folder);
    return is_added;
}

static bool add_client(struct watching *watching, const char *asked)
{
    struct files_list list = {0};
    bool is_added = true;
    client_list_sources(&watching->places, asked, &list);
    for (size_t i = 0; is_added && i < list.count; i++)
        is_added = add_path(watching, list.paths[i], TAG_ALL);
    files_list_free(&list);
    return is_added;
}

static bool add_all(struct watching *watching)
{
    const struct options *options = &watching->options;
    bool is_added = add_scenarios(watching);
    for (size_t i = 0; is_added && i < options->clients.count; i++)
        is_added = add_client(watching, options->clients.items[i]);
    if (is_added && options->clients.count == 0)
        is_added = add_client(watching, options->client);
    for (size_t i = 0; is_added && i < options->baselines.count; i++)
        is_added = add_path(watching, options->baselines.items[i], TAG_ALL);
    return is_added;
}

/* ---- a round ---- */

/* Whether `path`, which is real, is the changed one or lies below it. */
static bool is_concerned(const char *path, const struct watch_change *change)
{
    char *real = realpath(change->path, NULL);
    size_t real_bytes = real ? strlen(real) : 0;
    bool is_concerned = real && strncmp(path, real, real_bytes) == 0 &&
                        (path[real_bytes] == '/' || path[real_bytes] == '\0');
    free(real);
    return is_concerned;
}

static void keep_concerned(struct scenario_set *set, const struct watch_changes *changes)
{
    size_t kept_count = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct scenario *scenario = set->items[i];
        char *path = realpath(scenario->path, NULL);
        bool is_kept = false;
        for (size_t j = 0; path && j < changes->count; j++)
            is_kept |= is_concerned(path, &changes->items[j]);
        if (is_kept)
            set->items[kept_count++] = scenario;
        else
            scenario_free(scenario);
        free(path);
    }
    set->count = kept_count;
}

static bool changes_all(const struct watch_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        if (changes->items[i].tag == TAG_ALL)
            return true;
    return false;
}

static enum run_exit play_set(struct watching *watching, const struct scenario_set *set)
{
    struct run_job job;
    enum run_exit status = run_job_open(&job, &watching->options, &watching->places);
    if (status == RUN_EXIT_EXPECTED)
        status = run_clients_play(&job, set);
    watching->is_interrupted |= job.is_interrupted;
    run_job_close(&job);
    return status;
}

/* `changes` is NULL in the first round: all is played. */
static void play_round(struct watching *watching, const struct watch_changes *changes)
{
    struct scenario_set set = {0};
    struct buffer messages;
    buffer_init(&messages, BUFFER_NO_LIMIT);
    enum run_exit status = (enum run_exit)library_select_right(
        &watching->options, &watching->places, &set, &messages);
    fputs(buffer_text(&messages), stderr);
    buffer_free(&messages);
    if (changes && !changes_all(changes))
        keep_concerned(&set, changes);
    if (set.count > 0)
        watching->played = play_set(watching, &set);
    watching->status = run_exit_worst(status, watching->played);
    scenario_set_free(&set);
}

/* ---- between rounds ---- */

static void tell_waiting(const struct watching *watching)
{
    printf("\nexit %d so far; waiting for a change, Ctrl-C ends\n", (int)watching->status);
    fflush(stdout);
}

static void tell_changes(const struct watch_changes *changes)
{
    printf(isatty(STDOUT_FILENO) ? "\033[H\033[2J\033[3J" : "\n");
    for (size_t i = 0; i < changes->count && i < CHANGES_MAX; i++)
        printf("%s %s\n", access(changes->items[i].path, F_OK) == 0 ? "changed:" : "gone:",
               changes->items[i].path);
    if (changes->count > CHANGES_MAX)
        printf("and %zu more\n", changes->count - CHANGES_MAX);
    fflush(stdout);
}

static void watch_rounds(struct watching *watching)
{
    struct watch_changes changes;
    play_round(watching, NULL);
    while (!watching->is_interrupted) {
        tell_waiting(watching);
        if (watch_wait(watching->watch, QUIET_MS, &changes) == WATCH_INTERRUPTED)
            return;
        tell_changes(&changes);
        play_round(watching, &changes);
        watch_changes_free(&changes);
    }
}

/* All rounds share a folder, which holds what each of them left last; owned by the caller. */
static char *make_folder(const struct watching *watching)
{
    struct report_folder folder;
    char *parent = places_reports(&watching->places);
    report_folder_open_joint(&folder, NULL, parent, watching->options.client, clock_wall_ms());
    report_folder_publish(&folder);
    char *path = folder.path;
    folder.path = NULL;
    report_folder_close(&folder);
    free(parent);
    return path;
}

/* What is installed is installed before signals are held back. */
static enum run_exit check_job(const struct watching *watching)
{
    struct run_job job;
    enum run_exit status = run_job_open(&job, &watching->options, &watching->places);
    run_job_close(&job);
    return status;
}

enum run_exit run_watch(const struct options *options)
{
    struct watching watching = {.options = *options};
    struct error error;
    char *folder = NULL;
    places_find(&watching.places);
    watching.status = check_job(&watching);
    if (watching.status == RUN_EXIT_EXPECTED) {
        watching.watch = watch_new(&error);
        watching.status = watching.watch ? RUN_EXIT_EXPECTED : RUN_EXIT_INCONCLUSIVE;
        if (!watching.watch)
            command_print_error(&error);
        else if (!add_all(&watching))
            watching.status = RUN_EXIT_USAGE;
    }
    if (watching.status == RUN_EXIT_EXPECTED) {
        folder = options->out ? NULL : make_folder(&watching);
        watching.options.out = folder ? folder : options->out;
        watch_rounds(&watching);
    }
    watch_free(watching.watch);
    places_free(&watching.places);
    free(folder);
    return watching.status;
}
