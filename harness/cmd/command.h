/* The subcommands: one a file, each described by a constant struct. */
#ifndef GAPCHECK_CMD_COMMAND_H
#define GAPCHECK_CMD_COMMAND_H

#include "core/error.h"

#include <stddef.h>

struct command {
    const char *name;
    const char *usage;   /* what stands behind the name */
    const char *summary; /* one line for --help; NULL: hidden */
    int (*run)(const struct command *command, int argc, char **argv); /* argv[0] is the name */
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

/* Prints to standard error. */
void command_print_error(const struct error *error);

int command_run(const struct command *command, int argc, char **argv);
int command_serve(const struct command *command, int argc, char **argv);
int command_judge(const struct command *command, int argc, char **argv);
int command_report(const struct command *command, int argc, char **argv);
int command_baseline(const struct command *command, int argc, char **argv);
int command_sim(const struct command *command, int argc, char **argv);
int command_bench(const struct command *command, int argc, char **argv);
int command_soak(const struct command *command, int argc, char **argv);
int command_mutants(const struct command *command, int argc, char **argv);
int command_fuzz(const struct command *command, int argc, char **argv);
int command_shrink(const struct command *command, int argc, char **argv);
int command_doctor(const struct command *command, int argc, char **argv);
int command_lint(const struct command *command, int argc, char **argv);
int command_explain(const struct command *command, int argc, char **argv);
int command_list(const struct command *command, int argc, char **argv);
int command_new(const struct command *command, int argc, char **argv);
int command_schema(const struct command *command, int argc, char **argv);
int command_completion(const struct command *command, int argc, char **argv);
int command_complete(const struct command *command, int argc, char **argv);
int command_man(const struct command *command, int argc, char **argv);
int command_export_corpus(const struct command *command, int argc, char **argv);
int command_reference_client(const struct command *command, int argc, char **argv);

#endif
