#define _GNU_SOURCE /* wait4 */
/* The completions in the shells that they are for. A shell that is not installed is told. */
#include "cmd/completion.h"

#include "cmd/sample_folder.h"
#include "cmd/sample_program.h"

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_folder_write("scenarios/gap/first.jsonc", SAMPLE_SCENARIO);
    /* What a shell types as gapcheck. */
    mkdir("bin", 0777);
    cr_assert_eq(symlink(GAPCHECK_BINARY, "bin/gapcheck"), 0);
    char path[128];
    snprintf(path, sizeof path, "%s/bin:/usr/bin:/bin", folder);
    setenv("PATH", path, 1);
    cr_assert(sample_shell("for shell in bash zsh fish; do\n"
                           "  gapcheck completion $shell >$shell || exit; done"));
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(completion, .init = set_up, .fini = tear_down, .timeout = 120);

static bool has_shell(const char *name)
{
    char command[100];
    snprintf(command, sizeof command, "command -v %s >/dev/null", name);
    bool is_there = sample_shell(command);
    if (!is_there)
        cr_log_warn("%s is not installed: its completion was not tried", name);
    return is_there;
}

/* What bash offers for the words, of which the last is being typed; a blank between. */
static void expect_bash(const char *words, const char *offers)
{
    char command[2000];
    snprintf(command, sizeof command,
             "cat >complete.sh <<'END'\n"
             "source ./bash\nCOMP_WORDS=(%s)\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
             "_gapcheck\nprintf '%%s\\n' \"${COMPREPLY[@]}\"\nEND\n"
             "bash complete.sh 2>&1 | tr '\\n' ' ' >out", words);
    cr_assert(sample_shell(command));
    struct buffer out;
    struct error error;
    buffer_init(&out, BUFFER_NO_LIMIT);
    cr_assert(files_read("out", &out, &error));
    cr_expect_str_eq(buffer_text(&out), offers, "%s: `%s`", words, buffer_text(&out));
    buffer_free(&out);
}

Test(completion, bash_completes_commands_options_and_values)
{
    static const char *const cases[][2] = {
        {"gapcheck ru", "run "},
        {"gapcheck help ju", "judge "},
        {"gapcheck --v", "--version "},
        {"gapcheck refer", " "},
        {"gapcheck run --fa", "--fail-fast "},
        {"gapcheck run --rule", " "},
        {"gapcheck baseline ''", "check update "},
        {"gapcheck completion z", "zsh "},
        {"gapcheck run --client ref", "reference "},
        {"gapcheck run --client = ref", "reference "},
        {"gapcheck run --tag f", "first "},
        {"gapcheck run --filter gap/", "gap/first "},
        {"gapcheck run --require multi", "multi "},
        {"gapcheck run --jobs ''", " "},
        {"gapcheck new x --rule C-28", "C-28 "},
        {"gapcheck mutants --policy=dedupe-of", " "},
        {"gapcheck run scen", "scenarios "},
        {"gapcheck run --out bi", "bin "},
        {"gapcheck run --baseline zs", "zsh "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_bash(cases[i][0], cases[i][1]);
}

Test(completion, bash_offers_every_option_of_a_command_and_no_other)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char words[80];
        struct buffer offers;
        buffer_init(&offers, BUFFER_NO_LIMIT);
        snprintf(words, sizeof words, "gapcheck %s --", COMMANDS[i].name);
        for (int option = 0; option < OPTION_COUNT; option++)
            if (COMMANDS[i].summary && option_is_for((enum option_id)option, COMMANDS[i].name))
                buffer_printf(&offers, "--%s ", option_info((enum option_id)option)->name);
        expect_bash(words, offers.size_bytes ? buffer_text(&offers) : " ");
        buffer_free(&offers);
    }
}

Test(completion, names_of_files_are_never_run)
{
    sample_folder_write("scenarios/$(touch owned) `touch owned`.jsonc", SAMPLE_SCENARIO);
    expect_bash("gapcheck run --filter '$'",
                "\\$\\(touch\\ owned\\)\\ \\`touch\\ owned\\` ");
    cr_expect_neq(access("owned", F_OK), 0);
}

/* In an interactive bash on a terminal: what stands before the tab, and what is run then. */
Test(completion, bash_completes_at_a_terminal)
{
    sample_folder_write("typed", "source ./bash\n"
                                 "gapcheck lis\t--tag fir\t>listed 2>&1\n"
                                 "exit\n");
    cr_assert(sample_shell("INPUTRC=/dev/null TERM=dumb timeout 60 "
                           "script -qefc 'bash --norc --noprofile -i' /dev/null <typed >out 2>&1"));
    cr_expect(sample_shell("grep -q '^gap/first .*#first' listed"));
}

Test(completion, zsh_takes_it)
{
    if (!has_shell("zsh"))
        return;
    cr_expect(sample_shell("zsh -fn ./zsh 2>&1 | tee out && ! test -s out"));
    /* Loaded for real: a wrong specification is told when _arguments reads it. */
    cr_expect(sample_shell("zsh -fc 'autoload -U compinit && compinit -u -D && source ./zsh && "
                           "test \"$_comps[gapcheck]\" = _gapcheck' 2>&1 | tee out && "
                           "! test -s out"));
}

/* A zsh of its own behind a terminal completes a line; zpty is its module for that. */
Test(completion, zsh_completes_at_a_terminal)
{
    if (!has_shell("zsh"))
        return;
    sample_folder_write("try.zsh",
                        "zmodload zsh/zpty\n"
                        "zpty inner 'PS1=\"ready> \" TERM=dumb zsh -f -i'\n"
                        "zpty -w inner 'autoload -U compinit; compinit -u -D; source ./zsh; "
                        "zstyle \":completion:*\" list-prompt \"\"'\n"
                        "zpty -w -n inner $'gapcheck lis\\t--tag fir\\t>listed; exit\\n'\n"
                        "zpty -r inner all '*exit*' >/dev/null\n"
                        "while zpty -t inner; do zpty -r inner all || break; done\n");
    cr_expect(sample_shell("timeout 60 zsh -f try.zsh >out 2>&1; grep -q '#first' listed"));
}

Test(completion, fish_takes_it)
{
    if (!has_shell("fish"))
        return;
    setenv("HOME", folder, 1);
    cr_expect(sample_shell("fish --no-execute ./fish 2>&1 | tee out && ! test -s out"));
    cr_expect(sample_shell("fish --no-config -c 'source ./fish; complete -C \"gapcheck lis\"' |"
                           "grep -q '^list'"));
    cr_expect(sample_shell("fish --no-config -c 'source ./fish; "
                           "complete -C \"gapcheck run --fa\"' | grep -q '^--fail-fast'"));
    cr_expect(sample_shell("fish --no-config -c 'source ./fish; "
                           "complete -C \"gapcheck run --tag f\"' | grep -q ^first"));
}

Test(completion, wrong_shells_and_lists_are_refused)
{
    sample_run("completion", 2, "bash, zsh or fish");
    sample_run("completion tcsh", 2, "no completion for `tcsh`");
    sample_run("completion bash zsh", 2, "wants one shell");
    sample_run("complete nothing", 2, "has no list `nothing`");
}
