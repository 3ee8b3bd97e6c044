/* The subcommands: one a file, each described by a constant struct. */
#ifndef GAPCHECK_CMD_COMMAND_H
#define GAPCHECK_CMD_COMMAND_H

#include "core/error.h"

#include <stddef.h>

struct options;

/* What may stand behind the name besides options. */
struct command_arguments {
    const char *what; /* one of them; NULL: any number, which the command looks at */
    size_t min_count, max_count;
    const char *hint; /* where the number is another; may be NULL */
};

struct command {
    const char *name;
    const char *usage;   /* what stands behind the name */
    const char *summary; /* one line for --help; NULL: hidden */
    int (*run)(const struct options *options); /* returns the exit status */
    struct command_arguments arguments;
};

extern const struct command COMMANDS[];
extern const size_t COMMAND_COUNT;

/* What an exit status means; a line break is one in --help too. */
struct command_exit {
    int code;
    const char *meaning;
};

extern const struct command_exit COMMAND_EXITS[];
extern const size_t COMMAND_EXIT_COUNT;

/* NULL if there is none. */
const struct command *command_find(const char *name);

/* Tells about a name that no command has, with the nearest. */
void command_set_unknown(const char *name, struct error *error);

/* Help for the whole program (NULL) or one command, from the tables of commands and options. */
void command_append_help(const struct command *command, struct buffer *out);

/* The same to standard output; returns the exit status for that. */
int command_print_help(const struct command *command);

/* Reads the options and runs it, or tells what is wrong with them, or its help; argv[0] is its
 * name. Returns the exit status. */
int command_start(const struct command *command, int argc, char **argv);

/* Prints to standard error. */
void command_print_error(const struct error *error);

int command_run(const struct options *options);
int command_serve(const struct options *options);
int command_judge(const struct options *options);
int command_report(const struct options *options);
int command_baseline(const struct options *options);
int command_sim(const struct options *options);
int command_bench(const struct options *options);
int command_soak(const struct options *options);
int command_mutants(const struct options *options);
int command_fuzz(const struct options *options);
int command_shrink(const struct options *options);
int command_doctor(const struct options *options);
int command_lint(const struct options *options);
int command_explain(const struct options *options);
int command_list(const struct options *options);
int command_new(const struct options *options);
int command_schema(const struct options *options);
int command_completion(const struct options *options);
int command_complete(const struct options *options);
int command_man(const struct options *options);
int command_export_corpus(const struct options *options);
int command_reference_client(const struct options *options);

#endif
