#define _GNU_SOURCE /* wait4 */
/* The manual page: complete, and clean for those who format it. */
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/sample_program.h"

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(man, .init = set_up, .fini = tear_down, .timeout = 60);

Test(man, mandoc_has_nothing_to_say_of_it)
{
    sample_run("man 2026-06-01", 0, ".TH GAPCHECK 1 \"2026-06-01\"");
    if (sample_shell("command -v mandoc >/dev/null"))
        cr_expect(sample_shell("mandoc -T lint out >&2"));
    else
        cr_log_warn("mandoc is not installed: the page was not checked");
}

Test(man, has_every_command_option_and_exit_status)
{
    char line[100];
    sample_run("man 2026-06-01", 0, ".SH OPTIONS");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        snprintf(line, sizeof line, "grep -q '^.fB%s.fR ' out", COMMANDS[i].name);
        cr_expect_eq(sample_shell(line), COMMANDS[i].summary != NULL, "%s", COMMANDS[i].name);
    }
    for (int i = 0; i < OPTION_COUNT; i++) {
        snprintf(line, sizeof line, "tr -d '\\\\' <out | grep -q 'fB--%s'",
                 option_info((enum option_id)i)->name);
        cr_expect(sample_shell(line), "%s", line);
    }
    for (size_t i = 0; i < COMMAND_EXIT_COUNT; i++) {
        snprintf(line, sizeof line, "grep -qx %d out", COMMAND_EXITS[i].code);
        cr_expect(sample_shell(line), "%s", line);
    }
}

Test(man, wants_a_date)
{
    sample_run("man", 2, "wants one date");
    sample_run("man today", 2, "wants the date");
}
