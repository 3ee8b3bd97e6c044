/* Signals in mid-run. Ctrl-C: what was played is reported, and no process is left. Stopped for a
 * while: no client is blamed for it. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

static const char *folder;
static char mark[40]; /* in the command line of the driver and of its children */

/* Soon over. Those that may wait longest begin first: this one may wait as long as the endless ones,
 * and comes before them by its name. */
#define SOON_OVER                                                                                  \
    "{ \"accept\": { \"timeout_ms\": 600000 } }, { \"publish\": { \"count\": 5 } }, "              \
    "{ \"settle\": { " SAMPLE_PATIENT " } }"

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_scenario_write("good/once", SOON_OVER, "general");
    snprintf(mark, sizeof mark, "1000.%ld", (long)getpid());
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(interrupt, .init = set_up, .fini = tear_down, .timeout = 60);

static void wait_for_file(const char *path)
{
    for (int i = 0; i < 1000 && access(path, F_OK) != 0; i++)
        usleep(10000);
    cr_assert_eq(access(path, F_OK), 0, "%s does not come", path);
}

/* Starts a run of a scenario that is soon over and of others that are not; goes on once the first
 * is over. `client` may hold one %s, for the mark. */
static pid_t start_run(const char *client, const char *options)
{
    char command[600], arguments[900];
    for (int i = 0; i < 10; i++) {
        char name[40];
        snprintf(name, sizeof name, "long/%d", i);
        sample_scenario_write(name, SAMPLE_ENDLESS, "general");
    }
    snprintf(command, sizeof command, client, mark);
    snprintf(arguments, sizeof arguments, "run --out r %s --client '%s'", options, command);
    pid_t pid = sample_program_start("", arguments);
    wait_for_file("r/transcripts/good/once.ndjson");
    return pid;
}

static void expect_reports(void)
{
    cJSON *results = sample_results("r");
    cr_assert_not_null(results);
    cr_expect_eq(cJSON_GetObjectItemCaseSensitive(results, "exit")->valueint, 3);
    cr_expect_str_eq(sample_verdict(results, "good/once"), "pass");
    cr_expect_str_neq(sample_verdict(results, "long/0"), "pass");
    cJSON_Delete(results);
    cr_expect(sample_shell("grep -q '</testsuites>' r/junit.xml"));
    cr_expect(sample_shell("test -s r/summary.md -a -e r/client.log"));
    cr_expect(sample_shell("! ls r | grep tmp"), "temporary files are left");
    cr_expect(sample_printed("interrupted"));
}

Test(interrupt, reports_are_written_and_no_child_is_left)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        sample_shell("rm -rf r");
        pid_t pid = start_run("sleep %s & exec \"" GAPCHECK_HOSTILE_CLIENT "\"", "");
        double begin_seconds = sample_seconds();
        kill(pid, signals[i]);
        struct sample_result result = sample_program_wait(pid, begin_seconds);
        cr_expect_eq(result.status, 3, "exit %d after signal %d", result.status, signals[i]);
        cr_expect_lt(result.seconds, 10, "%.1f s", result.seconds);
        cr_expect(sample_no_process_is_left(mark));
        cr_expect_not(sample_shell("grep -E 'Sanitizer|runtime error' err >&2"));
        expect_reports();
    }
}

Test(interrupt, one_at_a_time_the_rest_is_not_begun)
{
    pid_t pid = start_run("exec \"" GAPCHECK_HOSTILE_CLIENT "\" %s", "--jobs 1");
    kill(pid, SIGINT);
    struct sample_result result = sample_program_wait(pid, sample_seconds());
    cr_expect_eq(result.status, 3);
    cr_expect(sample_no_process_is_left(mark));
    expect_reports();
    cr_expect(sample_printed("not played"));
}

Test(interrupt, before_the_driver_said_hello_it_ends_as_well)
{
    char arguments[200];
    snprintf(arguments, sizeof arguments, "run --out r --client 'touch up; sleep %s'", mark);
    pid_t pid = sample_program_start("", arguments);
    wait_for_file("up");
    double begin_seconds = sample_seconds();
    kill(pid, SIGINT);
    struct sample_result result = sample_program_wait(pid, begin_seconds);
    cr_expect_eq(result.status, 3);
    cr_expect_lt(result.seconds, 10);
    cr_expect(sample_no_process_is_left(mark));
    cJSON *results = sample_results("r");
    cr_expect_not_null(results);
    cJSON_Delete(results);
}

/* The driver ignores all but KILL: it has its two seconds after the first, and none after the
 * second. */
Test(interrupt, a_second_one_waits_for_nobody_and_leaves_no_child)
{
    pid_t pid = start_run("trap \"\" INT TERM HUP; \"" GAPCHECK_HOSTILE_CLIENT "\"; sleep %s", "");
    double begin_seconds = sample_seconds();
    kill(pid, SIGINT);
    usleep(200000);
    kill(pid, SIGINT);
    struct sample_result result = sample_program_wait(pid, begin_seconds);
    cr_expect_lt(result.seconds, 1.8, "%.1f s", result.seconds);
    cr_expect_eq(result.status, 3);
    cr_expect(sample_no_process_is_left(mark));
    expect_reports();
}

Test(interrupt, many_in_a_row_leave_no_child)
{
    pid_t pid = start_run("trap \"\" INT TERM HUP; \"" GAPCHECK_HOSTILE_CLIENT "\"; sleep %s", "");
    for (int i = 0; i < 200; i++)
        kill(pid, SIGINT);
    sample_program_wait(pid, sample_seconds());
    cr_expect(sample_no_process_is_left(mark));
}

/* Ctrl-C goes to all of a terminal's foreground processes: a driver is not among them. */
Test(interrupt, the_driver_has_a_process_group_of_its_own)
{
    pid_t pid = start_run("ps -o pgid= -p $$ >group; exec \"" GAPCHECK_HOSTILE_CLIENT "\" %s", "");
    FILE *file = fopen("group", "re");
    long group = 0;
    cr_assert_eq(fscanf(file, "%ld", &group), 1);
    fclose(file);
    cr_expect_neq(group, (long)getpgid(pid));
    kill(pid, SIGTERM);
    sample_program_wait(pid, sample_seconds());
    cr_expect(sample_no_process_is_left(mark));
}

#define BACKOFF GAPCHECK_SOURCE_DIR "/scenarios/backoff/accept-then-close-loop.jsonc"
#define HASTY                                                                                      \
    "--client \"touch begun; exec '" GAPCHECK_BINARY                                               \
    "' reference-client --policy backoff-reset-by-open\" "

/* While the delays of a client were measured the harness slept, so that it could not tell whether
 * they were too short: it plays once more, and can. */
Test(interrupt, what_the_harness_was_late_for_is_played_again)
{
    double begin_seconds = sample_seconds();
    pid_t pid = sample_program_start("", "run " BACKOFF " " HASTY " --out r");
    while (access("begun", F_OK) != 0) /* the client is there */
        usleep(10000);
    usleep(300000);
    kill(pid, SIGSTOP); /* once: the second play must not be late, too */
    usleep(700000);
    kill(pid, SIGCONT);
    cr_expect_eq(sample_program_wait(pid, begin_seconds).status, 0);
    cr_expect(sample_shell("grep -q '1 scenario: 1 warn' out || ! cat out err >&2"));
    cr_expect_not(sample_shell("grep -E 'Sanitizer|runtime error' err >&2"));
}
