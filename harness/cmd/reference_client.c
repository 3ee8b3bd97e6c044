#include "cmd/command.h"
#include "cmd/options.h"
#include "io/refclient.h"
#include "report/run.h"

/* Not for people: what `--client reference` starts as its driver. */
int command_reference_client(const struct command *command, int argc, char **argv)
{
    struct options options;
    struct error error;
    int status = RUN_EXIT_USAGE;
    if (!options_parse(command->name, argc, argv, &options, &error)) {
        command_print_error(&error);
    } else if (options.is_help) {
        status = command_print_help(command);
    } else if (options.path_count > 0) {
        error_set(&error, NULL, "`gapcheck reference-client` takes no argument `%s`",
                  options.paths[0]);
        command_print_error(&error);
    } else {
        size_t count = options.policies.count;
        status = refclient_main(count ? options.policies.items[count - 1] : "reference");
    }
    options_free(&options);
    return status;
}
