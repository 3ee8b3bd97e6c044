#include "cmd/command.h"

#include "cmd/options.h"
#include "core/text.h"
#include "report/run.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ARGUMENTS_NONE(hint)       {"argument", 0, 0, hint}
#define ARGUMENTS_ONE(what, hint)  {what, 1, 1, hint}
#define ARGUMENTS_SOME(what, hint) {what, 1, SIZE_MAX, hint}

const struct command COMMANDS[] = {
    {"run", "[PATH…] [--client CLIENT] [options]", "plays scenarios against a client and judges it",
     command_run},
    {"serve", "PATH [--port N] [options]",
     "plays one scenario for a client that connects by itself", command_serve,
     ARGUMENTS_SOME("scenario", "as in `gapcheck serve scenarios/overflow/same-second.jsonc`")},
    {"judge", "FILE [options]", "judges the transcript of a scenario again", command_judge,
     ARGUMENTS_ONE("transcript", "they lie in reports/out/latest/transcripts")},
    {"report", "DIR [DIR] | --merge DIR… [options]",
     "draws the page of a run again, compares two runs, merges the parts of one", command_report},
    {"baseline", "check|update FILE --client CLIENT [PATH…] [options]",
     "known failures of a client: what a run would change", command_baseline},
    {"mutants", "[PATH…] [options]", "proves that the scenarios find faults: the kill matrix",
     command_mutants},
    {"fuzz", "[--client CLIENT] [--runs N | --time T] [options]",
     "random scenarios against a client; what fails becomes a small file", command_fuzz,
     ARGUMENTS_NONE("it makes its scenarios up; `gapcheck run` and `gapcheck shrink` take files")},
    {"shrink", "FILE [--client CLIENT] [--rule RULE] [options]",
     "makes a failing scenario smaller", command_shrink,
     ARGUMENTS_ONE("scenario file", "gapcheck shrink FILE --client CLIENT")},
    {"sim", "[--policy NAME|all] [--runs N] [--seed N] [--time T] [options]",
     "generated schedules in the simulated world", command_sim,
     ARGUMENTS_NONE("its scenarios are generated; `gapcheck mutants` plays files")},
    {"soak", "[PATH…] [--client CLIENT] [--time T] [options]",
     "plays scenarios for hours and tells what changes", command_soak},
    {"bench", "[--rounds N] [--runs N] [options]",
     "measures: simulation, parser, memory of ids, replay on a socket", command_bench,
     ARGUMENTS_NONE(NULL)},
    {"doctor", "[--client CLIENT] [options]", "checks a driver step by step and says what to mend",
     command_doctor, ARGUMENTS_NONE("`--client` says which driver is examined")},
    {"lint", "[PATH…] [--strict]", "checks scenario files: every error, and what looks like one",
     command_lint},
    {"explain", "PATH… [options]", "tells a scenario in words, step by step", command_explain,
     ARGUMENTS_SOME("scenario", "as in `gapcheck explain scenarios/resync/short-gap.jsonc`")},
    {"list", "[PATH…] [options]", "names, titles, rules and tags of the scenarios", command_list},
    {"new", "NAME --rule RULE", "writes a commented scenario file to start from", command_new,
     ARGUMENTS_ONE("name", "as in `gapcheck new my-gap --rule C-9`")},
    {"schema", "[--markdown | --write]", "prints the JSON Schema of scenario files",
     command_schema, ARGUMENTS_NONE(NULL)},
    {"completion", "bash|zsh|fish", "prints what lets a shell complete commands and options",
     command_completion,
     ARGUMENTS_ONE("shell", "bash, zsh or fish, as in `source <(gapcheck completion bash)`")},
    {"complete", "LIST", NULL, command_complete, ARGUMENTS_ONE("list", NULL)},
    {"man", "DATE", NULL, command_man,
     ARGUMENTS_ONE("date", "as in `gapcheck man 2026-06-01`")},
    {"export-corpus", "FOLDER", NULL, command_export_corpus,
     ARGUMENTS_ONE("folder", "the seeds are written to it")},
    {"reference-client", "[--policy NAME]", NULL, command_reference_client, ARGUMENTS_NONE(NULL)},
};
const size_t COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0];

const struct command_exit COMMAND_EXITS[] = {
    {RUN_EXIT_EXPECTED, "everything as expected"},
    {RUN_EXIT_BROKEN, "the client broke a rule"},
    {RUN_EXIT_USAGE, "usage, or a scenario file is wrong (nothing was run)"},
    {RUN_EXIT_INCONCLUSIVE,
     "inconclusive: trouble with the driver or the harness, nothing selected,\n"
     "all skipped, interrupted, or a report that could not be written"},
    {RUN_EXIT_FIXED, "the baseline lists a failure that no longer happens"},
};
const size_t COMMAND_EXIT_COUNT = sizeof COMMAND_EXITS / sizeof COMMAND_EXITS[0];

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(COMMANDS[i].name, name) == 0)
            return &COMMANDS[i];
    return NULL;
}

void command_set_unknown(const char *name, struct error *error)
{
    const char *names[sizeof COMMANDS / sizeof COMMANDS[0]];
    size_t count = 0;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (COMMANDS[i].summary)
            names[count++] = COMMANDS[i].name;
    int nearest = text_nearest(span_of(name), names, count);
    char hint[80] = "`gapcheck --help` lists the commands";
    if (nearest >= 0)
        snprintf(hint, sizeof hint, "did you mean `%s`?", names[nearest]);
    error_set(error, hint, "there is no command `%s`", name);
}

/* The first line of `text` behind `left`, the others below it. */
static void append_columns(const char *left, int columns, const char *text, struct buffer *out)
{
    while (text) {
        const char *end = strchr(text, '\n');
        int line_bytes = end ? (int)(end - text) : (int)strlen(text);
        buffer_printf(out, "  %-*s %.*s\n", columns, left, line_bytes, text);
        left = "";
        text = end ? end + 1 : NULL;
    }
}

static void append_exit_codes(struct buffer *out)
{
    buffer_append_text(out, "Exit codes:\n");
    for (size_t i = 0; i < COMMAND_EXIT_COUNT; i++) {
        char code[16];
        snprintf(code, sizeof code, "%d ", COMMAND_EXITS[i].code);
        append_columns(code, 2, COMMAND_EXITS[i].meaning, out);
    }
}

static void append_option_help(enum option_id option, struct buffer *out)
{
    const struct option_info *info = option_info(option);
    char left[40];
    snprintf(left, sizeof left, "--%s%s%s", info->name, info->argument ? " " : "",
             info->argument ? info->argument : "");
    append_columns(left, 19, info->help, out);
}

static void append_overview(struct buffer *out)
{
    buffer_append_text(out,
                       "gapcheck tells whether a realtime client loses, repeats or reorders events "
                       "when its\nconnection breaks.\n\n"
                       "Usage: gapcheck COMMAND [options]\n\nCommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (COMMANDS[i].summary)
            buffer_printf(out, "  %-10s %s\n", COMMANDS[i].name, COMMANDS[i].summary);
    buffer_append_text(out,
                       "\nIn the source tree, ./gapcheck also has:\n"
                       "  test                builds with sanitizers and runs all tests\n"
                       "  fuzz-target TARGET  fuzzes a part of the harness itself\n"
                       "  coverage            what the fuzz corpora reach, as HTML\n"
                       "\n`gapcheck COMMAND --help` tells the options; `gapcheck --version` the "
                       "versions.\n\n");
    append_exit_codes(out);
}

void command_append_help(const struct command *command, struct buffer *out)
{
    if (!command) {
        append_overview(out);
        return;
    }
    buffer_printf(out, "Usage: gapcheck %s %s\n", command->name, command->usage);
    if (command->summary)
        buffer_printf(out, "\n%s\n", command->summary);
    buffer_append_text(out, "\nOptions:\n");
    for (int i = 0; i < OPTION_COUNT; i++)
        if (option_is_for((enum option_id)i, command->name))
            append_option_help((enum option_id)i, out);
    if (command->summary) {
        buffer_append_text(out, "\n");
        append_exit_codes(out);
    }
}

int command_print_help(const struct command *command)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    command_append_help(command, &text);
    fputs(buffer_text(&text), stdout);
    buffer_free(&text);
    return RUN_EXIT_EXPECTED;
}

void command_print_error(const struct error *error)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    error_print(error, NULL, NULL, 0, &text);
    fputs(buffer_text(&text), stderr);
    buffer_free(&text);
}

static bool arguments_suit(const struct command *command, const struct options *options,
                           struct error *error)
{
    const struct command_arguments *wanted = &command->arguments;
    size_t count = options->path_count;
    if (!wanted->what || (count >= wanted->min_count && count <= wanted->max_count))
        return true;
    if (wanted->max_count == 0)
        error_set(error, wanted->hint, "`gapcheck %s` takes no %s, but there is `%.80s`",
                  command->name, wanted->what, options->paths[0]);
    else
        error_set(error, wanted->hint, "`gapcheck %s` wants %s %s, not %zu", command->name,
                  wanted->max_count == 1 ? "one" : "at least one", wanted->what, count);
    return false;
}

int command_start(const struct command *command, int argc, char **argv)
{
    struct options options;
    struct error error;
    int status = RUN_EXIT_USAGE;
    if (!options_parse(command->name, argc, argv, &options, &error))
        command_print_error(&error);
    else if (options.is_help)
        status = command_print_help(command);
    else if (!arguments_suit(command, &options, &error))
        command_print_error(&error);
    else
        status = command->run(&options);
    options_free(&options);
    return status;
}
