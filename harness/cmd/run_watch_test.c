/* gapcheck run --watch, driven as an author would. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#define WAITING "waiting for a change, Ctrl-C ends"

static const char *folder;
static pid_t watcher;
static int round_count;

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_scenario_write("s/gap", SAMPLE_RECONNECTS, "general");
    sample_scenario_write("s/once", SAMPLE_GOOD, "general");
    sample_folder_write("sdk.sh", "exec '" GAPCHECK_BINARY "' reference-client\n");
    watcher = 0;
    round_count = 0;
}

static void tear_down(void)
{
    if (watcher > 0)
        kill(watcher, SIGKILL);
    sample_folder_leave(folder);
}

TestSuite(run_watch, .init = set_up, .fini = tear_down, .timeout = 60);

static int count_in_out(const char *text)
{
    struct buffer out;
    struct error error;
    int count = 0;
    buffer_init(&out, BUFFER_NO_LIMIT);
    if (files_read("out", &out, &error))
        for (const char *at = buffer_text(&out); (at = strstr(at, text)) != NULL; at++)
            count++;
    buffer_free(&out);
    return count;
}

/* Until the next round is over; then only what that printed is in `round`. */
static void await_round(void)
{
    round_count++;
    while (count_in_out(WAITING) < round_count) /* the suite's time-out ends it */
        usleep(5000);
    cr_assert_eq(count_in_out(WAITING), round_count);
    char command[200];
    snprintf(command, sizeof command,
             "awk -v n=%d 'BEGIN { RS = \"" WAITING "\" } NR == n' out >round", round_count);
    cr_assert(sample_shell(command));
}

static void start(const char *arguments)
{
    char all[400];
    snprintf(all, sizeof all, "run --watch --out r %s", arguments);
    watcher = sample_program_start("", all);
    await_round();
}

static void end(int status)
{
    kill(watcher, SIGINT);
    struct sample_result result = sample_program_wait(watcher, sample_seconds());
    watcher = 0;
    cr_expect_eq(result.status, status, "exit %d instead of %d", result.status, status);
    cr_expect_not(sample_shell("grep -E 'Sanitizer|runtime error' err >&2"));
}

static void expect_round(const char *text)
{
    char command[300];
    snprintf(command, sizeof command, "grep -qF -- '%s' round", text);
    bool is_there = sample_shell(command);
    cr_expect(is_there, "no `%s`", text);
    if (!is_there)
        sample_shell("cat round >&2");
}

/* Does that and waits for the round that comes of it. */
static void change(const char *command, const char *expected)
{
    cr_assert(sample_shell(command));
    await_round();
    expect_round(expected);
}

Test(run_watch, only_what_changed_is_played_again)
{
    start("");
    expect_round("2 scenarios: 2 pass");
    change("echo >>scenarios/s/gap.jsonc", "1 scenario: 1 pass");
    expect_round("changed: scenarios/s/gap.jsonc");
    expect_round("s/gap ");
    change("sed 's/s.once/new/' scenarios/s/once.jsonc >x && mkdir scenarios/t && "
           "mv x scenarios/t/new.jsonc", "t/new ");
    expect_round("1 scenario: 1 pass");
    change("rm scenarios/t/new.jsonc", "gone: scenarios/t/new.jsonc");
    cr_expect_not(sample_shell("grep -q 'scenario: ' round"));
    cr_expect_not(sample_shell("grep -q \"$(printf '\\033')\" out")); /* that is no terminal */
    end(0);
}

/* vim and others write a new file and rename it. */
Test(run_watch, editors_that_save_by_renaming)
{
    start("scenarios/s/gap.jsonc");
    expect_round("1 scenario: 1 pass");
    for (int i = 0; i < 3; i++)
        change("cp scenarios/s/gap.jsonc scenarios/s/.gap.swp; echo >>scenarios/s/.gap.swp;"
               "mv scenarios/s/gap.jsonc scenarios/s/gap.jsonc~;"
               "mv scenarios/s/.gap.swp scenarios/s/gap.jsonc", "1 scenario: 1 pass");
    end(0);
}

Test(run_watch, all_are_played_when_the_driver_changes)
{
    start("--client 'sh ./sdk.sh'");
    change("sed -i \"s/client/client --policy resync-never/\" sdk.sh", "1 pass, 1 fail");
    expect_round("changed: ./sdk.sh");
    end(1);
}

Test(run_watch, a_mistake_is_shown_and_the_watch_goes_on)
{
    sample_folder_write("scenarios/s/gap.jsonc", "{ \"titel\": 1 }");
    start("");
    expect_round("1 scenario: 1 pass"); /* the other is played all the same */
    expect_round("exit 2 so far");
    cr_expect(sample_shell("grep -q 'scenarios/s/gap.jsonc:1:3: error: ' err"));
    change("echo '{' >scenarios/s/gap.jsonc", "exit 2 so far");
    change("sed 's/s.once/gap/' scenarios/s/once.jsonc >x && mv x scenarios/s/gap.jsonc",
           "exit 0 so far");
    expect_round("1 scenario: 1 pass");
    change("echo '{' >scenarios/s/bad.jsonc", "exit 2 so far");
    change("rm scenarios/s/bad.jsonc", "exit 0 so far");
    change("echo '{' >scenarios/s/bad.jsonc", "exit 2 so far");
    end(2);
}

Test(run_watch, an_interrupt_in_mid_round_ends_it_with_its_report)
{
    char mark[40], client[100];
    snprintf(mark, sizeof mark, "%ld.mark", (long)getpid());
    snprintf(client, sizeof client, "--client 'sh ./sdk.sh %s'", mark);
    start(client);
    sample_scenario_write("s/long", SAMPLE_ENDLESS, "general");
    snprintf(mark, sizeof mark, "sdk.sh %ld.mark", (long)getpid());
    while (processes_count(mark) < 2) /* the driver beside gapcheck itself */
        usleep(5000);
    end(3);
    cr_expect(sample_shell("grep -q 'interrupted; exit 3' out"));
    cr_expect(sample_no_process_is_left(mark));
}

Test(run_watch, usage_is_exit_2_at_once)
{
    static const char *const cases[][2] = {
        {"run --watch --out r scenarios/s/onec", "did you mean `scenarios/s/once.jsonc`?"},
        {"run --watch --out r --client refrence", "did you mean `reference`?"},
        {"run --watch --out r --baseline nowhere", "cannot open nowhere"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        sample_run(cases[i][0], 2, cases[i][1]);
}

Test(run_watch, several_clients_are_compared_in_each_round)
{
    start("--client reference --client 'sh ./sdk.sh'");
    expect_round("nothing: each scenario has the verdict");
    change("sed -i \"s/client/client --policy resync-never/\" sdk.sh", "newly failing:");
    end(1);
}
