#include "cmd/command.h"
#include "report/run.h"
#include "version.h"

#include <stdio.h>
#include <string.h>

static int print_version(void)
{
    version_print(stdout);
    return RUN_EXIT_EXPECTED;
}

static int refuse(const char *name)
{
    struct error error;
    command_set_unknown(name, &error);
    command_print_error(&error);
    return RUN_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        command_print_help(NULL);
        return RUN_EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0)
        return print_version();
    bool is_help = strcmp(name, "help") == 0;
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || (is_help && argc == 2))
        return command_print_help(NULL);
    if (is_help)
        name = argv[2];
    const struct command *command = command_find(name);
    if (!command)
        return refuse(name);
    if (is_help)
        return command_print_help(command);
    return command_start(command, argc - 1, argv + 1);
}
