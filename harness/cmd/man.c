#include "cmd/command.h"
#include "cmd/options.h"
#include "report/run.h"

#include <stdio.h>
#include <string.h>

#define LINE_BYTES_MAX 80 /* mandoc frowns on more */

/* Text of a paragraph: a hyphen that is typed must not become another letter, and a line may not
 * begin with what roff takes for a request. */
static void append_text(const char *text, struct buffer *out)
{
    for (const char *at = text; *at; at++) {
        bool is_line_start = at == text || at[-1] == '\n';
        if (is_line_start && (*at == '.' || *at == '\''))
            buffer_append_text(out, "\\&");
        if (*at == '-')
            buffer_append_text(out, "\\-");
        else if (*at == '\\')
            buffer_append_text(out, "\\e");
        else
            buffer_append(out, at, 1);
    }
}

static void append_paragraph(const char *macro, const char *text, struct buffer *out)
{
    buffer_printf(out, "%s\n", macro);
    append_text(text, out);
    buffer_append_text(out, "\n");
}

static void append_commands(struct buffer *out)
{
    buffer_append_text(out, ".SH COMMANDS\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (!COMMANDS[i].summary)
            continue;
        buffer_printf(out, ".TP\n\\fB%s\\fR ", COMMANDS[i].name);
        append_text(COMMANDS[i].usage, out);
        buffer_append_text(out, "\n");
        append_text(COMMANDS[i].summary, out);
        buffer_append_text(out, "\n");
    }
}

/* The commands that take it, those for people only. */
static void append_takers(enum option_id option, struct buffer *out)
{
    const char *before = "(";
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (!COMMANDS[i].summary || !option_is_for(option, COMMANDS[i].name))
            continue;
        buffer_printf(out, "%s\\fB%s\\fR", before, COMMANDS[i].name);
        before = ", ";
    }
    buffer_append_text(out, ")\n");
}

static void append_options(struct buffer *out)
{
    buffer_append_text(out, ".SH OPTIONS\n"
                            "Long options only; \\fB\\-\\-option=value\\fR is taken, too, and "
                            "\\fB\\-\\-\\fR ends them.\n");
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_info *info = option_info((enum option_id)i);
        if (i == OPTION_HELP)
            continue;
        buffer_append_text(out, ".TP\n\\fB");
        append_text("--", out);
        append_text(info->name, out);
        buffer_append_text(out, "\\fR");
        if (info->argument)
            buffer_printf(out, " \\fI%s\\fR", info->argument);
        buffer_append_text(out, "\n");
        append_text(info->help, out);
        buffer_append_text(out, "\n");
        append_takers((enum option_id)i, out);
    }
    buffer_append_text(out, ".TP\n\\fB\\-\\-help\\fR, \\fB\\-\\-version\\fR\n"
                            "The help of the program or of a command; its version, commit and "
                            "libraries.\n");
}

static void append_exit_status(struct buffer *out)
{
    buffer_append_text(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < COMMAND_EXIT_COUNT; i++) {
        buffer_printf(out, ".TP\n%d\n", COMMAND_EXITS[i].code);
        append_text(COMMAND_EXITS[i].meaning, out);
        buffer_append_text(out, "\n");
    }
}

static const struct {
    const char *name, *text;
} environment[] = {
    {"XDG_CACHE_HOME", "Where the releases of named drivers are installed, in gapcheck/drivers "
                       "(default: ~/.cache)."},
    {"NO_COLOR", "No colours if it is set."},
}, files[] = {
    {"scenarios", "Scenarios of the current folder, if it has any, are played instead of the "
                  "library that was installed."},
    {"reports/out", "Where runs leave their reports, below the current folder."},
};

static void append_list(const char *title, const char *name, const char *text, bool is_first,
                        struct buffer *out)
{
    if (is_first)
        buffer_printf(out, ".SH %s\n", title);
    buffer_append_text(out, ".TP\n\\fB");
    append_text(name, out);
    buffer_append_text(out, "\\fR\n");
    append_text(text, out);
    buffer_append_text(out, "\n");
}

static void append_page(const char *date, struct buffer *out)
{
    buffer_append_text(out, ".\\\" Made by `gapcheck man` from the tables of commands and "
                            "options.\n");
    buffer_printf(out, ".TH GAPCHECK 1 \"%s\" \"gapcheck %s\"\n", date, GAPCHECK_VERSION);
    append_paragraph(".SH NAME", "gapcheck - tells whether a realtime client loses, repeats or "
                                 "reorders events when its connection breaks", out);
    buffer_append_text(out, ".SH SYNOPSIS\n\\fBgapcheck\\fR \\fICOMMAND\\fR [options]\n");
    append_paragraph(".SH DESCRIPTION",
                     "A scriptable fake server replays scenario files against any client under "
                     "test,\nand a judge compares what the server owed with what the application "
                     "got.", out);
    append_commands(out);
    append_options(out);
    append_exit_status(out);
    for (size_t i = 0; i < sizeof environment / sizeof environment[0]; i++)
        append_list("ENVIRONMENT", environment[i].name, environment[i].text, i == 0, out);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        append_list("FILES", files[i].name, files[i].text, i == 0, out);
    buffer_append_text(out, ".SH EXAMPLES\n.TP\n\\fBgapcheck run\\fR\n"
                            "plays the whole library against the built\\-in reference client.\n"
                            ".TP\n\\fBgapcheck run \\-\\-client 'node my\\-driver.mjs' "
                            "\\-\\-tag resync\\fR\n"
                            "tests a client through its driver.\n");
}

/* Broken at blanks; never so that a word that looks like a request begins a line. */
static void print_filled(const char *line, size_t size_bytes)
{
    while (size_bytes > LINE_BYTES_MAX) {
        size_t end = LINE_BYTES_MAX;
        while (end > 0 && (line[end] != ' ' || strchr(".'", line[end + 1])))
            end--;
        if (end == 0)
            break;
        printf("%.*s\n", (int)end, line);
        line += end + 1;
        size_bytes -= end + 1;
    }
    printf("%.*s\n", (int)size_bytes, line);
}

/* A request and the tag behind a .TP are each a line, however long. */
static void print_page(const char *page)
{
    bool is_tag = false;
    while (*page) {
        size_t size_bytes = strcspn(page, "\n");
        if (is_tag || page[0] == '.')
            printf("%.*s\n", (int)size_bytes, page);
        else
            print_filled(page, size_bytes);
        is_tag = strncmp(page, ".TP\n", 4) == 0;
        page += size_bytes + 1;
    }
}

/* A date as it stands on the page: digits and dashes. */
static bool is_date(const char *text)
{
    return strlen(text) == strlen("2026-06-01") && text[strspn(text, "0123456789-")] == '\0';
}

/* Not for people: the build makes gapcheck.1 with it. */
int command_man(const struct options *options)
{
    if (!is_date(options->paths[0])) {
        struct error error;
        error_set(&error, NULL,
                  "`gapcheck man` wants the date that shall stand on the page, as in 2026-06-01");
        command_print_error(&error);
        return RUN_EXIT_USAGE;
    }
    struct buffer page;
    buffer_init(&page, BUFFER_NO_LIMIT);
    append_page(options->paths[0], &page);
    print_page(buffer_text(&page));
    buffer_free(&page);
    return RUN_EXIT_EXPECTED;
}
