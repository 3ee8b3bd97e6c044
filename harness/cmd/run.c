#include "cmd/baseline_file.h"
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/library.h"
#include "cmd/options.h"
#include "cmd/page.h"
#include "cmd/places.h"
#include "cmd/play.h"
#include "cmd/report_folder.h"
#include "cmd/run_reports.h"
#include "cmd/style.h"
#include "core/memory.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t wall_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void say(const char *text)
{
    fputs(text, stderr);
    fflush(stderr);
}

/* ---- what comes of it ---- */

/* The page shows what results.json will say. */
static void write_page(struct report_folder *folder, const struct run *run)
{
    struct buffer results;
    buffer_init(&results, BUFFER_NO_LIMIT);
    report_json(run, &results);
    page_write_run(folder, &results);
    buffer_free(&results);
}

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
void run_write_reports(struct run *run, struct report_folder *folder)
{
    run->is_inconclusive |= folder->is_broken;
    run->exit = run_exit_code(run);
    write_file(folder, "junit.xml", run, report_junit);
    write_file(folder, "summary.md", run, report_summary);
    write_page(folder, run);
    report_folder_publish(folder);
    run->is_inconclusive |= folder->is_broken;
    run->exit = run_exit_code(run);
    write_file(folder, "results.json", run, report_json);
    run->is_inconclusive |= folder->is_broken;
    run->exit = run_exit_code(run);
}

int run_print_reports(const struct run *run, const struct options *options,
                      const struct report_folder *folder)
{
    int status = run->exit;
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    struct report_style style = style_of(options, stdout);
    style.folder = folder->path;
    report_terminal(run, &style, &text);
    fwrite(text.data, 1, text.size_bytes, stdout);
    if (fflush(stdout) != 0) /* nobody saw the verdicts */
        status = RUN_EXIT_INCONCLUSIVE;
    buffer_free(&text);
    return status;
}

/* `baseline` may be NULL. */
static int play_and_report(const struct options *options, const struct places *places,
                           const struct client_choice *client, const struct scenario_set *set,
                           struct baseline_file *baseline)
{
    struct run run;
    struct report_folder folder;
    char *parent = places->root ? places_join(places->root, "reports/out")
                                : memory_copy_text("reports/out", strlen("reports/out"));
    report_folder_open(&folder, options->out, parent, client->label, wall_clock_ms());
    int status = RUN_EXIT_USAGE;
    if (play_scenarios(options, client, set, baseline ? &baseline->baseline : NULL, &folder,
                       &run)) {
        if (baseline)
            baseline_file_apply(baseline, &run);
        run_write_reports(&run, &folder);
        status = run_print_reports(&run, options, &folder);
    }
    report_folder_close(&folder);
    run_free(&run);
    free(parent);
    return status;
}

static int run_with(const struct options *options)
{
    struct places places;
    struct scenario_set set = {0};
    struct client_choice client = {0};
    struct baseline_file baseline = {0};
    struct error error;
    places_find(&places);
    int status = library_select(options, &places, &set);
    if (options->baseline &&
        !baseline_file_open(&baseline, options->baseline, options, &places))
        status = RUN_EXIT_USAGE;
    if (status != RUN_EXIT_USAGE) {
        /* A client that does not exist is told even if nothing is selected: 2 comes before 3. */
        switch (client_choose(&places, options->client, say, &client, &error)) {
        case CLIENT_CHOICE_DONE:
            break;
        case CLIENT_CHOICE_WRONG:
            command_print_error(&error);
            status = RUN_EXIT_USAGE;
            break;
        case CLIENT_CHOICE_TROUBLE:
            command_print_error(&error);
            status = RUN_EXIT_INCONCLUSIVE;
            break;
        }
    }
    if (status == RUN_EXIT_EXPECTED)
        status = play_and_report(options, &places, &client, &set,
                                 options->baseline ? &baseline : NULL);
    baseline_file_close(&baseline);
    client_choice_free(&client);
    scenario_set_free(&set);
    places_free(&places);
    return status;
}

int command_run(const struct command *command, int argc, char **argv)
{
    struct options options;
    struct error error;
    int status = RUN_EXIT_USAGE;
    if (!options_parse(command->name, argc, argv, &options, &error)) {
        command_print_error(&error);
    } else if (options.is_help) {
        status = command_print_help(command);
    } else {
        status = run_with(&options);
    }
    options_free(&options);
    return status;
}
