/* gapcheck report: what can be made from the folders that runs left. */
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/report_merge.h"
#include "report/run.h"

int command_report(const struct command *command, int argc, char **argv)
{
    struct options options;
    struct error error;
    int status = RUN_EXIT_USAGE;
    if (!options_parse(command->name, argc, argv, &options, &error)) {
        command_print_error(&error);
    } else if (options.is_help) {
        status = command_print_help(command);
    } else if (options.is_merge) {
        status = report_merge(&options);
    } else {
        error_set(&error, "`gapcheck report --help` tells how", "say what to make: --merge");
        command_print_error(&error);
    }
    options_free(&options);
    return status;
}
