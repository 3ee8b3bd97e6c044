#include "cmd/baseline_file.h"
#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/github.h"
#include "cmd/library.h"
#include "cmd/options.h"
#include "cmd/places.h"
#include "cmd/play.h"
#include "cmd/report_folder.h"
#include "cmd/run_reports.h"
#include "io/clock.h"

#include <stdio.h>
#include <stdlib.h>

static void say(const char *text)
{
    fputs(text, stderr);
    fflush(stderr);
}

/* `baseline` may be NULL. */
static int play_and_report(const struct options *options, const struct places *places,
                           const struct client_choice *client, const struct scenario_set *set,
                           struct baseline_file *baseline)
{
    struct run run;
    struct report_folder folder;
    char *parent = places_reports(places);
    report_folder_open(&folder, options->out, parent, client->label, clock_wall_ms());
    int status = RUN_EXIT_USAGE;
    if (play_scenarios(options, client, set, baseline ? &baseline->baseline : NULL, &folder,
                       &run)) {
        if (baseline)
            baseline_file_apply(baseline, &run);
        run_reports_write(&run, &folder);
        status = run_reports_print(&run, options, &folder);
        if (!github_annotate(&run))
            status = RUN_EXIT_INCONCLUSIVE;
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
