#define _GNU_SOURCE
#include "io/live.h"

#include "io/clock.h"
#include "io/processes_fixture.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Drivers are shell loops whose clients never connect, and scenarios wait for none: here only who
 * is played when, by which process, and what becomes of it is of interest. */
#define HELLO(capabilities)                                                                        \
    "echo started >&2; echo '{\"ev\":\"hello\",\"protocol\":1,\"name\":\"shell\","                 \
    "\"version\":\"9\",\"capabilities\":[" capabilities "]}'; "
#define ANSWER_STOPS                                                                               \
    "*'\"op\":\"stop\"'*) c=${line#*'\"client\":\"'}; "                                            \
    "echo \"{\\\"ev\\\":\\\"stopped\\\",\\\"client\\\":\\\"${c%%'\"'*}\\\"}\";; "                  \
    "*'\"op\":\"exit\"'*) exit 0;; "
#define SERVE(cases) "while read -r line; do case $line in " cases ANSWER_STOPS "esac; done"

#define RESULTS_MAX 400

static struct scenario_set scenarios;
static struct live_config config;
static struct {
    int told[RESULTS_MAX];
    char done[RESULTS_MAX][24]; /* the name of the transcript's last entry */
    char reason[RESULTS_MAX][400];
    int told_count, hello_count, progress_count;
    double late_us; /* the most that the harness was late for a play */
    int signal_number; /* sent by the next progress */
    bool passes;
    char *log_text;
    size_t log_bytes;
} record;

static void add_scenario(const char *steps, const char *channel)
{
    char text[600], name[40];
    snprintf(text, sizeof text,
             "{\"title\": \"t\", \"rules\": [\"C-1\"], \"client\": {\"channels\": [\"%s\"]}, "
             "\"steps\": [%s]}",
             channel, steps);
    snprintf(name, sizeof name, "test/%zu", scenarios.count);
    struct error_list errors;
    error_list_init(&errors);
    cr_assert(scenario_load(text, strlen(text), "t.jsonc", name, &scenarios, &errors), "%s",
              errors.count ? errors.items[0].message : "?");
    error_list_free(&errors);
}

static void add_waits(int count, int ms)
{
    char steps[60];
    snprintf(steps, sizeof steps, "{\"wait\": {\"ms\": %d}}", ms);
    for (int i = 0; i < count; i++)
        add_scenario(steps, "general");
}

static void on_hello(void *user, const struct driver_hello *hello)
{
    (void)user;
    record.hello_count++;
    cr_expect_str_eq(hello->name, "shell");
}

static void note_lateness(const struct transcript *transcript)
{
    for (size_t i = 0; i < transcript->count; i++) {
        const struct transcript_entry *entry = &transcript->entries[i];
        if (entry->kind == TRANSCRIPT_LATE && (double)entry->number > record.late_us)
            record.late_us = (double)entry->number;
    }
}

static bool on_result(void *user, size_t index, struct live_result *result)
{
    (void)user;
    record.told[index]++;
    record.told_count++;
    const char *reason = result->client_error         ? result->client_error
                         : result->error              ? result->error
                         : result->missing_capability ? result->because
                                                      : "";
    snprintf(record.reason[index], sizeof record.reason[index], "%s", reason);
    const char *done = result->client_error         ? "-client-error"
                       : result->error              ? "-error"
                       : result->missing_capability ? result->missing_capability
                                                    : "-not-played";
    if (result->transcript) {
        cr_assert_gt(result->transcript->count, 0);
        done = result->transcript->entries[result->transcript->count - 1].name;
        note_lateness(result->transcript);
    }
    snprintf(record.done[index], sizeof record.done[index], "%s", done);
    transcript_free(result->transcript);
    free(result->client_error);
    free(result->error);
    return record.passes;
}

static void on_progress(void *user, size_t running_count)
{
    (void)user, (void)running_count;
    record.progress_count++;
    if (record.signal_number)
        raise(record.signal_number);
}

static enum live_status run(const char *command)
{
    struct live_callbacks callbacks = {NULL, on_hello, on_result, on_progress};
    FILE *log = open_memstream(&record.log_text, &record.log_bytes);
    config.command = command;
    config.client_log = log;
    enum live_status status = live_run(&config, (const struct scenario *const *)scenarios.items,
                                       scenarios.count, &callbacks);
    fclose(log);
    cr_assert_eq(record.told_count, scenarios.count);
    for (size_t i = 0; i < scenarios.count; i++)
        cr_assert_eq(record.told[i], 1, "%zu was told %d times", i, record.told[i]);
    return status;
}

static void begin(void)
{
    memset(&record, 0, sizeof record);
    record.passes = true;
    config = (struct live_config){.listen = "127.0.0.1", .timeout_scale = 1};
}

static void end(void)
{
    scenario_set_free(&scenarios);
    free(record.log_text);
}

TestSuite(live, .init = begin, .fini = end, .timeout = 60);

static int count_in_log(const char *text)
{
    int count = 0;
    for (const char *at = record.log_text; (at = strstr(at, text)); at++)
        count++;
    return count;
}

static int count_done(const char *name)
{
    int count = 0;
    for (size_t i = 0; i < scenarios.count; i++)
        count += strcmp(record.done[i], name) == 0;
    return count;
}

/* ---- who is played by whom ---- */

Test(live, one_process_that_can_serves_all_at_once)
{
    add_waits(200, 100);
    int64_t begin_us = clock_monotonic_us();
    cr_expect_eq(run(HELLO("\"multi\"") SERVE("")), LIVE_DONE);
    cr_expect_eq(count_done("complete"), 200);
    cr_expect_eq(record.hello_count, 1);
    cr_expect_eq(count_in_log("] started"), 1);
    cr_expect_lt(clock_monotonic_us() - begin_us, 10000000); /* one by one it were 20 s */
}

Test(live, without_multi_each_has_a_process_of_its_own)
{
    add_waits(12, 50);
    cr_expect_eq(run(HELLO("") SERVE("")), LIVE_DONE);
    cr_expect_eq(count_done("complete"), 12);
    cr_expect_eq(record.hello_count, 1);
    cr_expect_eq(count_in_log("] started"), 12);
}

Test(live, what_acts_on_the_process_is_played_alone_where_the_driver_says_so)
{
    add_waits(3, 50);
    add_scenario("{\"client\": {\"do\": \"slow\", \"ms\": 1}}", "general");
    add_waits(3, 50);
    run(HELLO("\"multi\", \"slow\", \"alone\"") SERVE(""));
    cr_expect_eq(count_in_log("] started"), 2);
}

Test(live, what_needs_a_capability_that_is_missing_is_not_played)
{
    add_scenario("{\"client\": {\"do\": \"throw\"}}", "general");
    add_waits(1, 10);
    run(HELLO("\"multi\"") SERVE(""));
    cr_expect_str_eq(record.done[0], "throw");
    cr_expect(strstr(record.reason[0], "throw"));
    cr_expect_str_eq(record.done[1], "complete");
}

Test(live, clients_are_stopped_when_their_scenario_is_over)
{
    add_waits(5, 20);
    run(HELLO("\"multi\"") SERVE("*'\"op\":\"stop\"'*) echo stopping >&2;; "));
    cr_expect_eq(count_done("complete"), 5);
    cr_expect_eq(count_in_log("stopping"), 5);
}

Test(live, lines_about_clients_that_are_over_or_never_were_are_logged_and_ignored)
{
    add_waits(2, 100);
    config.jobs = 1;
    run(HELLO("\"multi\"")
            SERVE("*'\"op\":\"start\"'*) echo '{\"ev\":\"open\",\"client\":\"c77\"}';; "
                  "*'\"op\":\"stop\"'*) echo '{\"ev\":\"open\",\"client\":\"c1\"}'; "
                  "echo '{\"ev\":\"close\",\"client\":\"c1\"}';; "));
    cr_expect_eq(count_done("complete"), 2);
    cr_expect_eq(count_in_log("unknown client c77"), 2, "%s", record.log_text);
    cr_expect_eq(count_in_log("c1: its scenario is over"), 1, "%s", record.log_text);
}

/* ---- faults of a driver ---- */

Test(live, without_a_driver_every_scenario_is_a_client_error_with_the_reason)
{
    add_waits(3, 10);
    cr_expect_eq(run("nosuchcommand"), LIVE_DONE);
    cr_expect_eq(count_done("-client-error"), 3);
    cr_expect(strstr(record.reason[2], "status 127 (command not found)"));
    cr_expect(strstr(record.reason[2], "nosuchcommand: not found"));
    cr_expect_eq(record.hello_count, 0);
}

Test(live, a_driver_that_says_nothing_is_a_client_error_for_all)
{
    add_waits(3, 10);
    config.timeout_scale = 0.05;
    run("sleep 66661");
    cr_expect_eq(count_done("-client-error"), 3);
    cr_expect(strstr(record.reason[0], "the driver let 0.5 s pass before it said hello"));
    cr_expect_eq(processes_count("66661"), 0);
}

/* It dies when it is to start the client of the channel `deadly`. */
#define DIES_OF_DEADLY "*deadly*) kill -SEGV $$;; "

Test(live, only_the_scenario_that_its_driver_dies_of_again_and_alone_is_a_fault)
{
    add_waits(5, 300);
    add_scenario("{\"wait\": {\"ms\": 300}}", "deadly");
    add_waits(5, 300);
    run(HELLO("\"multi\"") SERVE(DIES_OF_DEADLY));
    cr_expect_eq(count_done("complete"), 10);
    cr_expect_str_eq(record.done[5], "fault");
}

Test(live, what_comes_after_a_death_is_served_by_a_new_process)
{
    config.jobs = 2;
    add_scenario("{\"wait\": {\"ms\": 50}}", "deadly");
    add_waits(6, 50);
    run(HELLO("\"multi\"") SERVE(DIES_OF_DEADLY));
    cr_expect_str_eq(record.done[0], "fault");
    cr_expect_eq(count_done("complete"), 6);
}

Test(live, without_multi_a_death_concerns_its_own_scenario_only)
{
    add_waits(2, 50);
    add_scenario("{\"wait\": {\"ms\": 50}}", "deadly");
    add_waits(2, 50);
    run(HELLO("") SERVE(DIES_OF_DEADLY));
    cr_expect_eq(count_done("complete"), 4);
    cr_expect_str_eq(record.done[2], "fault");
    cr_expect_eq(count_in_log("] started"), 6);
}

/* Else every short delay would be excused in what is played after a pause. */
Test(live, a_pause_between_two_plays_makes_the_second_no_later)
{
    struct live_callbacks callbacks = {NULL, on_hello, on_result, on_progress};
    add_waits(1, 300);
    config.command = HELLO("\"multi\"") SERVE("");
    config.client_log = stderr;
    struct live_world *world = live_open(&config);
    for (int i = 0; i < 2; i++) {
        live_play(world, (const struct scenario *const *)scenarios.items, scenarios.count,
                  &callbacks);
        usleep(1500000);
    }
    live_close(world);
    cr_expect_eq(record.told_count, 2);
    cr_expect_lt(record.late_us, 1000000, "%.0f us", record.late_us);
}

/* A command that behaves one way the first time and another from then on. */
static char *command_with_flag(const char *first, const char *later)
{
    char folder[] = "/tmp/gapcheck-live-XXXXXX";
    cr_assert(mkdtemp(folder));
    struct buffer command;
    buffer_init(&command, BUFFER_NO_LIMIT);
    buffer_printf(&command, "if mkdir %s/once 2>/dev/null; then %s; else rm -rf %s; %s; fi", folder,
                  first, folder, later);
    return buffer_take_text(&command);
}

Test(live, a_death_that_does_not_come_again_is_a_client_error_of_those_it_hit)
{
    add_waits(3, 200);
    char *command =
        command_with_flag(HELLO("\"multi\"") SERVE("*c3*) echo '\"panic' >&2; exit 9;; "),
                          HELLO("\"multi\"") SERVE(""));
    cr_expect_eq(run(command), LIVE_DONE);
    cr_expect_eq(count_done("client-error"), 3);
    free(command);
}

Test(live, a_new_process_that_does_not_come_up_leaves_the_rest_as_client_errors)
{
    config.jobs = 1;
    add_waits(3, 100);
    char *command =
        command_with_flag(HELLO("\"multi\"") SERVE("*'\"op\":\"start\"'*) exit 9;; "), "exit 8");
    cr_expect_eq(run(command), LIVE_DONE);
    cr_expect_str_eq(record.done[0], "client-error");
    cr_expect_eq(count_done("-client-error"), 2);
    cr_expect(strstr(record.reason[2], "exited with status 8 before it said hello"));
    free(command);
}

Test(live, a_driver_that_goes_after_its_hello_and_before_its_scenario_is_no_endless_wait)
{
    add_waits(3, 50);
    run(HELLO("") "exit 0");
    cr_expect_eq(count_done("complete"), 0);
}

/* ---- the port ---- */

static int listen_somewhere(uint16_t *port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t name_bytes = sizeof name;
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(bind(file, (struct sockaddr *)&name, sizeof name) == 0 && listen(file, 1) == 0);
    getsockname(file, (struct sockaddr *)&name, &name_bytes);
    *port = ntohs(name.sin_port);
    return file;
}

Test(live, a_port_that_is_taken_is_the_scenarios_error_with_what_to_do)
{
    int taken = listen_somewhere(&config.port);
    add_waits(2, 10);
    char wanted[160];
    snprintf(wanted, sizeof wanted,
             "cannot listen on 127.0.0.1:%u: address already in use; free it or choose another "
             "with --port",
             config.port);
    run(HELLO("\"multi\"") SERVE(""));
    cr_expect_str_eq(record.done[0], "-error");
    cr_expect_str_eq(record.reason[0], wanted);
    close(taken);
}

Test(live, with_one_port_for_all_they_are_played_one_after_another)
{
    close(listen_somewhere(&config.port));
    add_waits(4, 100);
    int64_t begin_us = clock_monotonic_us();
    run(HELLO("\"multi\"") SERVE(""));
    cr_expect_eq(count_done("complete"), 4, "%s", record.reason[1]);
    cr_expect_geq(clock_monotonic_us() - begin_us, 400000);
}

/* ---- stopping early ---- */

Test(live, fail_fast_starts_nothing_after_the_first_failure)
{
    record.passes = false;
    config.fail_fast = true;
    config.jobs = 2;
    add_waits(20, 50);
    cr_expect_eq(run(HELLO("\"multi\"") SERVE("")), LIVE_DONE);
    cr_expect_leq(count_done("complete"), 2);
    cr_expect_geq(count_done("-not-played"), 18);
}

Test(live, an_interrupt_ends_what_is_played_and_tells_the_rest_as_not_played)
{
    static const int signals[] = {SIGINT, SIGTERM};
    config.jobs = 3;
    add_waits(10, 20000);
    for (int i = 0; i < 2; i++) {
        begin();
        config.jobs = 3;
        record.signal_number = signals[i];
        int64_t begin_us = clock_monotonic_us();
        cr_expect_eq(run("sleep 66662 & " HELLO("\"multi\"") SERVE("")), LIVE_INTERRUPTED);
        cr_expect_lt(clock_monotonic_us() - begin_us, 4000000);
        cr_expect_eq(count_done("-not-played") + count_done("interrupted"), 10);
        usleep(50000);
        cr_expect_eq(processes_count("66662"), 0);
        free(record.log_text);
        record.log_text = NULL;
    }
}

Test(live, a_second_interrupt_does_not_wait_for_a_driver_that_will_not_go)
{
    config.jobs = 3;
    add_waits(10, 20000);
    record.signal_number = SIGINT; /* again and again */
    int64_t begin_us = clock_monotonic_us();
    cr_expect_eq(run("trap '' TERM; sleep 66663 & " HELLO("\"multi\"") "sleep 66663"),
                 LIVE_INTERRUPTED);
    cr_expect_lt(clock_monotonic_us() - begin_us, 1000000);
    usleep(50000);
    cr_expect_eq(processes_count("66663"), 0);
}

Test(live, signals_are_as_before_afterwards)
{
    sigset_t mask;
    struct sigaction action;
    add_waits(1, 10);
    run(HELLO("\"multi\"") SERVE(""));
    sigprocmask(SIG_BLOCK, NULL, &mask);
    cr_expect_not(sigismember(&mask, SIGINT) || sigismember(&mask, SIGTERM));
    sigaction(SIGPIPE, NULL, &action);
    cr_expect_eq(action.sa_handler, SIG_DFL);
}

Test(live, nothing_to_play_is_done_at_once_and_starts_no_driver)
{
    cr_expect_eq(run("touch /tmp/gapcheck-live-must-not-be"), LIVE_DONE);
    cr_expect_neq(access("/tmp/gapcheck-live-must-not-be", F_OK), 0);
}
