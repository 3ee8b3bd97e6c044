#include "cmd/command.h"
#include "cmd/library.h"
#include "cmd/mutants_play.h"
#include "cmd/page.h"
#include "cmd/report_folder.h"
#include "cmd/style.h"
#include "core/client_policy.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- which mutants ---- */

static bool is_chosen(const struct option_texts *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return names->count == 0;
}

static bool check_names(const struct option_texts *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (client_policy_find(names->items[i], NULL))
            continue;
        struct error error;
        char hint[sizeof error.hint];
        int nearest = text_nearest(span_of(names->items[i]), client_policy_names(),
                                   client_policy_count());
        snprintf(hint, sizeof hint, "did you mean `%s`?",
                 nearest >= 0 ? client_policy_names()[nearest] : "");
        error_set(&error, nearest >= 0 ? hint : "`gapcheck mutants` without --policy lists them",
                  "there is no policy `%s`", names->items[i]);
        command_print_error(&error);
        return false;
    }
    return true;
}

/* The reference always comes along: a scenario that it does not pass kills nobody. */
static void choose_mutants(const struct options *options, struct kill_matrix *matrix)
{
    const struct client_policy_info *info;
    matrix->mutant_count = 0;
    for (size_t i = 0; (info = client_policy_at(i)) != NULL; i++) {
        struct kill_mutant mutant = {info->name, info->rule, info->sentence, KILL_WORLD_SIMULATED};
        if (kill_mutant_is_reference(&mutant) || is_chosen(&options->policies, info->name))
            matrix->mutants[matrix->mutant_count++] = mutant;
    }
    /* A part of the library need not kill every mutant, and a few mutants need not be killed by
     * every scenario; those that were named are wanted dead. */
    bool is_whole_library = options->path_count == 0 && options->filters.count == 0 &&
                            options->tags.count == 0 && options->shard_count == 1;
    matrix->needs_all_killing = options->policies.count == 0;
    matrix->needs_all_killed = is_whole_library || options->policies.count > 0;
}

/* ---- progress ---- */

static void show_progress(void *user, const char *mutant, size_t done_count, size_t total_count)
{
    const struct options *options = user;
    if (options->is_quiet || isatty(STDERR_FILENO) != 1)
        return;
    if (mutant)
        fprintf(stderr, "\r\033[K%zu of %zu mutants, now %s", done_count, total_count, mutant);
    else
        fprintf(stderr, "\r\033[K%zu of %zu played live", done_count, total_count);
    fflush(stderr);
}

static void clear_progress(const struct options *options)
{
    if (!options->is_quiet && isatty(STDERR_FILENO) == 1)
        fputs("\r\033[K", stderr);
}

/* ---- the command ---- */

static void write_report(struct kill_matrix *matrix, struct report_folder *folder)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    report_kill_matrix_json(matrix, &text);
    report_folder_write(folder, "mutants.json", &text);
    page_write_mutants(folder, &text);
    buffer_free(&text);
    report_folder_publish(folder);
    if (folder->is_broken)
        matrix->exit = RUN_EXIT_INCONCLUSIVE;
}

static bool print_matrix(const struct kill_matrix *matrix, const struct options *options,
                         const char *folder)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    struct report_style style = style_of(options, stdout);
    style.folder = folder;
    if (options->is_json)
        report_kill_matrix_json(matrix, &text);
    else
        report_kill_matrix(matrix, &style, options->is_verbose, &text);
    fwrite(text.data, 1, text.size_bytes, stdout);
    buffer_free(&text);
    return fflush(stdout) == 0;
}

static enum mutants_worlds worlds_of(const struct options *options)
{
    if (options->is_simulated)
        return MUTANTS_WORLDS_SIMULATED;
    return options->is_live ? MUTANTS_WORLDS_LIVE : MUTANTS_WORLDS_BOTH;
}

static int play_and_report(const struct options *options, const struct places *places,
                           const struct scenario_set *set)
{
    struct report_folder folder;
    struct kill_matrix matrix;
    char *parent = places_reports(places);
    report_folder_open(&folder, options->out, parent, "mutants", clock_ms(CLOCK_REALTIME));
    kill_matrix_init(&matrix, client_policy_count(), set->count);
    choose_mutants(options, &matrix);
    struct mutants_play play = {
        .set = set,
        .worlds = worlds_of(options),
        .is_fast = options->is_fast,
        .executable = places->executable,
        .seed = options->seed,
        .job_count = options->job_count,
        .timeout_scale = options->timeout_scale,
        .client_log = folder.client_log,
        .on_progress = show_progress,
        .user = (void *)options,
    };
    int64_t start_ms = clock_ms(CLOCK_MONOTONIC);
    mutants_play(&play, &matrix);
    clear_progress(options);
    matrix.seed = options->seed;
    matrix.duration_ms = clock_ms(CLOCK_MONOTONIC) - start_ms;
    matrix.exit = kill_matrix_exit_code(&matrix);
    write_report(&matrix, &folder);
    int status = matrix.exit;
    if (!print_matrix(&matrix, options, folder.path))
        status = RUN_EXIT_INCONCLUSIVE;
    kill_matrix_free(&matrix);
    report_folder_close(&folder);
    free(parent);
    return status;
}

int command_mutants(const struct options *options)
{
    struct error error;
    if (options->is_live && options->is_simulated) {
        error_set(&error, NULL, "--live and --simulated exclude one another");
        command_print_error(&error);
        return RUN_EXIT_USAGE;
    }
    if (!check_names(&options->policies))
        return RUN_EXIT_USAGE;
    struct places places;
    struct scenario_set set = {0};
    places_find(&places);
    int status = library_select(options, &places, &set);
    if (status == RUN_EXIT_EXPECTED && set.count > 0)
        status = play_and_report(options, &places, &set);
    scenario_set_free(&set);
    places_free(&places);
    return status;
}
