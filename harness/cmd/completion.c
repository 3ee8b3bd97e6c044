#include "cmd/completion.h"

#include "report/run.h"

#include <stdio.h>
#include <string.h>

static bool is_shown(const struct command *command)
{
    return command->summary != NULL;
}

/* Help on one line, with `escaped` letters behind a backslash; what stands in quotes is for the
 * shell's own. */
static void append_help(const char *help, const char *escaped, const char *quote,
                        struct buffer *out)
{
    for (; *help; help++) {
        if (*help == '\'')
            buffer_append_text(out, quote);
        else if (*help == '\n')
            buffer_append_text(out, " ");
        else
            buffer_printf(out, "%s%c", strchr(escaped, *help) ? "\\" : "", *help);
    }
}

/* ---- bash ---- */

static void append_bash_commands(struct buffer *out)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (is_shown(&COMMANDS[i]))
            buffer_printf(out, "%s ", COMMANDS[i].name);
}

static void append_bash_options(const struct command *command, struct buffer *out)
{
    const char *before = "";
    buffer_printf(out, "    %s) options='", command->name);
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!option_is_for((enum option_id)i, command->name))
            continue;
        buffer_printf(out, "%s--%s", before, option_info((enum option_id)i)->name);
        before = " ";
    }
    buffer_append_text(out, "' words='");
    completion_append_words(command, out);
    buffer_append_text(out, "' ;;\n");
}

static void append_bash_values(enum option_id option, struct buffer *out)
{
    struct completion completion = completion_of(option);
    const struct option_info *info = option_info(option);
    if (!info->argument)
        return;
    buffer_printf(out, "    --%s) ", info->name);
    switch (completion.source) {
    case COMPLETION_NOTHING:
        break;
    case COMPLETION_FILES:
        buffer_append_text(out, "_gapcheck_files -f ");
        break;
    case COMPLETION_FOLDERS:
        buffer_append_text(out, "_gapcheck_files -d ");
        break;
    case COMPLETION_VALUES:
        buffer_printf(out, "_gapcheck_list %s ", completion.list);
        break;
    }
    buffer_append_text(out, completion.source == COMPLETION_NOTHING ? "return ;;\n"
                                                                    : "&& return ;;\n");
}

/* Values come from names of files and are never expanded: no `compgen -W` for them. */
static const char bash_head[] =
    "# Completion of gapcheck for bash; made by `gapcheck completion bash`.\n"
    "\n"
    "_gapcheck_files() {\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$word\")\n"
    "}\n"
    "\n"
    "_gapcheck_list() {\n"
    "    local value\n"
    "    while IFS= read -r value; do\n"
    "        [[ $value == \"$word\"* ]] && COMPREPLY+=(\"$(printf %q \"$value\")\")\n"
    "    done < <(\"${COMP_WORDS[0]}\" complete \"$1\" 2>/dev/null)\n"
    "    return 0\n"
    "}\n"
    "\n"
    "_gapcheck() {\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local command=${COMP_WORDS[1]} options= words=\n"
    "    COMPREPLY=()\n"
    "    # bash takes --option=value apart at the sign.\n"
    "    if [[ $word == = ]]; then\n"
    "        word=\n"
    "    elif [[ $previous == = ]]; then\n"
    "        previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    if ((COMP_CWORD == 1)) || { ((COMP_CWORD == 2)) && [[ $command == help ]]; }; then\n";

static void print_bash(struct buffer *out)
{
    buffer_append_text(out, bash_head);
    buffer_append_text(out, "        mapfile -t COMPREPLY < <(compgen -W '");
    append_bash_commands(out);
    buffer_append_text(out, "help --help --version' -- \"$word\")\n"
                            "        return\n"
                            "    fi\n"
                            "    case $previous in\n");
    for (int i = 0; i < OPTION_COUNT; i++)
        append_bash_values((enum option_id)i, out);
    buffer_append_text(out, "    esac\n"
                            "    case $command in\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (is_shown(&COMMANDS[i]))
            append_bash_options(&COMMANDS[i], out);
    buffer_append_text(out, "    esac\n"
                            "    if [[ $word == -* ]]; then\n"
                            "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- "
                            "\"$word\")\n"
                            "    elif [[ $words ]] && ((COMP_CWORD == 2)); then\n"
                            "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
                            "\"$word\")\n"
                            "    else\n"
                            "        _gapcheck_files -f\n"
                            "    fi\n"
                            "}\n"
                            "\n"
                            "complete -F _gapcheck gapcheck\n");
}

/* ---- zsh ---- */

#define ZSH_ESCAPED "[]:\\"
#define ZSH_QUOTE   "'\\''"

static void append_zsh_option(enum option_id option, struct buffer *out)
{
    struct completion completion = completion_of(option);
    const struct option_info *info = option_info(option);
    buffer_printf(out, " \\\n            '%s--%s%s[", completion.is_repeatable ? "*" : "",
                  info->name, info->argument ? "=" : "");
    append_help(info->help, ZSH_ESCAPED, ZSH_QUOTE, out);
    buffer_append_text(out, "]");
    if (info->argument)
        buffer_printf(out, ":%s:", info->argument);
    switch (completion.source) {
    case COMPLETION_NOTHING:
        break;
    case COMPLETION_FILES:
        buffer_append_text(out, "_files");
        break;
    case COMPLETION_FOLDERS:
        buffer_append_text(out, "_files -/");
        break;
    case COMPLETION_VALUES:
        buffer_printf(out, "_gapcheck_list %s", completion.list);
        break;
    }
    buffer_append_text(out, "'");
}

static void append_zsh_command(const struct command *command, struct buffer *out)
{
    struct buffer words;
    buffer_init(&words, BUFFER_NO_LIMIT);
    completion_append_words(command, &words);
    buffer_printf(out, "        %s)\n        _arguments -S :", command->name);
    for (int i = 0; i < OPTION_COUNT; i++)
        if (option_is_for((enum option_id)i, command->name))
            append_zsh_option((enum option_id)i, out);
    if (words.size_bytes > 0)
        buffer_printf(out, " \\\n            '1:what:(%s)'", buffer_text(&words));
    buffer_append_text(out, " \\\n            '*:file:_files'\n        ;;\n");
    buffer_free(&words);
}

static void print_zsh(struct buffer *out)
{
    buffer_append_text(
        out, "#compdef gapcheck\n"
             "# Completion of gapcheck for zsh; made by `gapcheck completion zsh`.\n"
             "\n"
             "# _arguments puts what is for compadd before the name of the list.\n"
             "_gapcheck_list() {\n"
             "    local -a values\n"
             "    values=(${(f)\"$($program complete $@[-1] 2>/dev/null)\"})\n"
             "    compadd \"$@[1,-2]\" -a values\n"
             "}\n"
             "\n"
             "_gapcheck() {\n"
             "    local program=$words[1] curcontext=$curcontext state line\n"
             "    local -a commands\n"
             "    typeset -A opt_args\n"
             "    commands=(\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (!is_shown(&COMMANDS[i]))
            continue;
        buffer_printf(out, "        '%s:", COMMANDS[i].name);
        append_help(COMMANDS[i].summary, "\\", ZSH_QUOTE, out);
        buffer_append_text(out, "'\n");
    }
    buffer_append_text(out, "    )\n"
                            "    _arguments -C '--help[lists the commands]' "
                            "'--version[tells the versions]' \\\n"
                            "        '1: :->command' '*:: :->argument'\n"
                            "    case $state in\n"
                            "    command) _describe command commands ;;\n"
                            "    argument)\n"
                            "        case $words[1] in\n"
                            "        help) _describe command commands ;;\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (is_shown(&COMMANDS[i]))
            append_zsh_command(&COMMANDS[i], out);
    buffer_append_text(out, "        esac\n"
                            "        ;;\n"
                            "    esac\n"
                            "}\n"
                            "\n"
                            "# Found by name in a folder of completions, or read by `source`.\n"
                            "if [[ $funcstack[1] == _gapcheck ]]; then\n"
                            "    _gapcheck \"$@\"\n"
                            "else\n"
                            "    compdef _gapcheck gapcheck\n"
                            "fi\n");
}

/* ---- fish ---- */

#define FISH_ESCAPED "\\"
#define FISH_QUOTE   "\\'"

static void append_fish_option(const struct command *command, enum option_id option,
                               struct buffer *out)
{
    struct completion completion = completion_of(option);
    const struct option_info *info = option_info(option);
    buffer_printf(out, "complete -c gapcheck -n '__fish_seen_subcommand_from %s' -l %s",
                  command->name, info->name);
    switch (completion.source) {
    case COMPLETION_NOTHING:
        buffer_append_text(out, info->argument ? " -x" : "");
        break;
    case COMPLETION_FILES:
        buffer_append_text(out, " -r -F");
        break;
    case COMPLETION_FOLDERS:
        buffer_append_text(out, " -x -a '(__fish_complete_directories)'");
        break;
    case COMPLETION_VALUES:
        buffer_printf(out, " -x -a '(gapcheck complete %s 2>/dev/null)'", completion.list);
        break;
    }
    buffer_append_text(out, " -d '");
    append_help(info->help, FISH_ESCAPED, FISH_QUOTE, out);
    buffer_append_text(out, "'\n");
}

static void append_fish_command(const struct command *command, struct buffer *out)
{
    struct buffer words;
    buffer_init(&words, BUFFER_NO_LIMIT);
    completion_append_words(command, &words);
    buffer_printf(out, "complete -c gapcheck -n __fish_use_subcommand -f -a %s -d '",
                  command->name);
    append_help(command->summary, FISH_ESCAPED, FISH_QUOTE, out);
    buffer_append_text(out, "'\n");
    if (words.size_bytes > 0)
        buffer_printf(out, "complete -c gapcheck -n '__fish_seen_subcommand_from %s' -f -a '%s'\n",
                      command->name, buffer_text(&words));
    for (int i = 0; i < OPTION_COUNT; i++)
        if (option_is_for((enum option_id)i, command->name))
            append_fish_option(command, (enum option_id)i, out);
    buffer_free(&words);
}

static void print_fish(struct buffer *out)
{
    buffer_append_text(
        out,
        "# Completion of gapcheck for fish; made by `gapcheck completion fish`.\n"
        "complete -c gapcheck -n __fish_use_subcommand -l help -d 'lists the commands'\n"
        "complete -c gapcheck -n __fish_use_subcommand -l version -d 'tells the versions'\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (is_shown(&COMMANDS[i]))
            append_fish_command(&COMMANDS[i], out);
}

/* ---- the command ---- */

static const struct {
    const char *name;
    void (*print)(struct buffer *out);
} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
#define SHELL_COUNT (sizeof shells / sizeof shells[0])

static bool print_for(const char *asked, struct error *error)
{
    for (size_t i = 0; i < SHELL_COUNT; i++) {
        if (strcmp(shells[i].name, asked) != 0)
            continue;
        struct buffer text;
        buffer_init(&text, BUFFER_NO_LIMIT);
        shells[i].print(&text);
        fputs(buffer_text(&text), stdout);
        buffer_free(&text);
        return true;
    }
    error_set(error, "as in `source <(gapcheck completion bash)`",
              "there is no completion for `%s`; there is one for bash, zsh and fish", asked);
    return false;
}

int command_completion(const struct options *options)
{
    struct error error;
    if (print_for(options->paths[0], &error))
        return RUN_EXIT_EXPECTED;
    command_print_error(&error);
    return RUN_EXIT_USAGE;
}
