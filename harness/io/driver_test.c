#define _GNU_SOURCE
#include "io/driver.h"

#include "io/clock.h"
#include "io/processes_fixture.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Drivers are small shell commands. Each test asks for one that says hello with HELLO. */
#define HELLO                                                                                      \
    "echo '{\"ev\":\"hello\",\"protocol\":1,\"name\":\"n\",\"version\":\"1\","                     \
    "\"capabilities\":[\"multi\",\"open\"]}'; "

struct record {
    struct loop *loop;
    struct driver *driver;
    struct loop_timer pulse;
    FILE *log;
    char *log_text;
    size_t log_bytes;
    int hello_count, line_count, gone_count, ended_count;
    uint32_t capability_bits;
    size_t text_bytes; /* of the last line's message */
    char client[32];
    char why[8192];
    int64_t begin_us;
};

static struct record record;

static void on_hello(void *user, const struct driver_hello *hello)
{
    (void)user;
    record.hello_count++;
    record.capability_bits = hello->capabilities.bits;
}

static void on_line(void *user, const struct driver_line *line)
{
    (void)user;
    record.line_count++;
    snprintf(record.client, sizeof record.client, "%s", line->client ? line->client : "");
    record.text_bytes = line->message ? strlen(line->message) : 0;
}

static void on_gone(void *user, const char *why)
{
    (void)user;
    record.gone_count++;
    snprintf(record.why, sizeof record.why, "%s", why);
}

static void on_ended(void *user)
{
    (void)user;
    record.ended_count++;
    driver_free(record.driver);
    record.driver = NULL;
}

static void on_pulse(void *user)
{
    loop_timer_set(record.loop, &record.pulse, 5000, on_pulse, user);
}

static void begin(void)
{
    struct error error = {0};
    signal(SIGPIPE, SIG_IGN);
    record = (struct record){0};
    record.loop = loop_new(&error);
    record.log = open_memstream(&record.log_text, &record.log_bytes);
    cr_assert(record.loop && record.log);
    on_pulse(NULL);
}

static void end(void)
{
    driver_free(record.driver);
    loop_timer_cancel(&record.pulse);
    loop_free(record.loop);
    fclose(record.log);
    free(record.log_text);
}

TestSuite(driver, .init = begin, .fini = end, .timeout = 60);

static void start(const char *command, double timeout_scale)
{
    struct driver_config config = {
        .command = command,
        .timeout_scale = timeout_scale,
        .log = record.log,
        .number = 7,
        .on_hello = on_hello,
        .on_line = on_line,
        .on_gone = on_gone,
        .on_ended = on_ended,
    };
    record.begin_us = clock_monotonic_us();
    record.driver = driver_new(record.loop, &config);
}

static void turn_until(const int *count, int wanted)
{
    for (int64_t end_us = clock_monotonic_us() + 30000000; *count < wanted;) {
        cr_assert(clock_monotonic_us() < end_us, "still %d and not %d; %s", *count, wanted,
                  record.why);
        loop_turn(record.loop);
    }
}

static int64_t passed_ms(void)
{
    return (clock_monotonic_us() - record.begin_us) / 1000;
}

static const char *log_text(void)
{
    fflush(record.log);
    return record.log_text;
}

/* ---- what works ---- */

Test(driver, lines_go_both_ways_and_it_ends_when_it_is_asked_to)
{
    start(HELLO "while read line; do case $line in *exit*) exit 0;; esac; "
                "echo '{\"ev\":\"open\",\"client\":\"c1\"}'; done",
          1);
    turn_until(&record.hello_count, 1);
    cr_expect_eq(record.capability_bits,
                 1u << DRIVER_CAPABILITY_MULTI | 1u << DRIVER_CAPABILITY_OPEN);
    for (int i = 0; i < 100; i++)
        driver_write(record.driver, "{\"op\":\"start\"}", 14);
    turn_until(&record.line_count, 100);
    cr_expect_str_eq(record.client, "c1");
    driver_end(record.driver);
    turn_until(&record.ended_count, 1);
    cr_expect_eq(record.gone_count, 0, "%s", record.why);
}

Test(driver, one_that_only_knows_the_end_of_its_input_ends_by_that)
{
    start(HELLO "cat >/dev/null", 1);
    turn_until(&record.hello_count, 1);
    record.begin_us = clock_monotonic_us();
    driver_end(record.driver);
    turn_until(&record.ended_count, 1);
    cr_expect_lt(passed_ms(), 900);
}

Test(driver, lines_are_found_however_they_are_cut)
{
    start("for part in '{\"ev\":\"hel' 'lo\",\"protocol\":1,\"name\":\"n\",' "
          "'\"version\":\"1\",\"capabilities\":[]}\n{\"ev\":\"open\",\"cli' "
          "'ent\":\"a\"}\n{\"ev\":\"close\",\"client\":\"b\"}\n{\"ev\":\"open\",\"client\":\"c\"}' "
          "'\n'; do printf '%s' \"$part\"; sleep 0.02; done; cat >/dev/null",
          1);
    turn_until(&record.line_count, 3);
    cr_expect_str_eq(record.client, "c");
    cr_expect_eq(record.hello_count, 1);
}

Test(driver, a_line_of_many_megabytes_is_taken)
{
    start(HELLO "printf '{\"ev\":\"open\",\"client\":\"c\",\"message\":\"'; "
                "head -c 20000000 /dev/zero | tr '\\0' x; echo '\"}'; cat >/dev/null",
          1);
    turn_until(&record.line_count, 1);
    cr_expect_eq(record.text_bytes, 20000000);
}

Test(driver, megabytes_are_written_to_one_that_reads_slowly)
{
    static char line[1 << 20];
    memset(line, 'x', sizeof line);
    start(HELLO "sleep 0.3; n=$(head -c 20971540 | wc -c); "
                "echo \"{\\\"ev\\\":\\\"open\\\",\\\"client\\\":\\\"$n\\\"}\"; cat >/dev/null",
          1);
    for (int i = 0; i < 20; i++)
        driver_write(record.driver, line, sizeof line);
    turn_until(&record.line_count, 1);
    cr_expect_str_eq(record.client, "20971540"); /* 20 MiB and 20 newlines */
    cr_expect_eq(record.gone_count, 0, "%s", record.why);
}

Test(driver, standard_error_and_log_lines_go_to_the_log_escaped_and_with_a_prefix)
{
    start("echo one >&2; printf '\\033[31mtwo' >&2; "
          "echo '{\"ev\":\"log\",\"message\":\"early\"}'; " HELLO
          "echo '{\"ev\":\"log\",\"client\":\"c4\",\"message\":\"said\"}'; cat >/dev/null",
          1);
    turn_until(&record.line_count, 1);
    driver_end(record.driver);
    turn_until(&record.ended_count, 1);
    cr_expect_eq(record.gone_count, 0, "%s", record.why);
    static const char *const wanted[] = {"[driver 7] one\n", "[driver 7] \\x1B[31mtwo\n",
                                         "[driver 7] log: early\n", "[driver 7] log: c4: said\n"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        cr_expect(strstr(log_text(), wanted[i]), "%s in\n%s", wanted[i], log_text());
}

Test(driver, it_inherits_no_descriptor_and_no_blocked_or_ignored_signal)
{
    int leak = open("/dev/null", O_RDONLY); /* not O_CLOEXEC */
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    start(HELLO "exec 9</proc/self/status; "
                "echo \"{\\\"ev\\\":\\\"open\\\",\\\"client\\\":\\\"$(ls /proc/self/fd | wc -l) "
                "$(grep -E 'SigBlk|SigIgn' /proc/self/status | grep -oE '.{7}$' | "
                "tr -d '0\\n')\\\"}\"; "
                "cat >/dev/null",
          1);
    turn_until(&record.line_count, 1);
    /* 0, 1, 2, the 9 of its own and the one that ls reads with. (The C library ignores two signals
     * of its own, 32 and 33.) */
    cr_expect_str_eq(record.client, "5 ");
    close(leak);
}

/* ---- what does not ---- */

/* Everything that is told within a second or two, with the words for it. */
Test(driver, every_fault_is_told_once_in_words)
{
    static const struct {
        const char *command;
        bool says_hello;
        const char *why;
    } cases[] = {
        {"nosuchcommand --at-all", false,
         "the driver exited with status 127 (command not found) before it said hello; its "
         "standard error ends with: /bin/sh: 1: nosuchcommand: not found"},
        {"/etc/passwd", false, "exited with status 126 (cannot be executed) before it said hello"},
        {"exit 0", false, "the driver exited with status 0 before it said hello"},
        {HELLO "exit 3", true, "the driver exited with status 3"},
        {HELLO "echo a >&2; echo >&2; echo 'b\033' >&2; exit 1", true,
         "the driver exited with status 1; its standard error ends with: a |  | b\\x1B"},
        {HELLO "kill -SEGV $$", true, "the driver was killed by SIGSEGV (Segmentation fault)"},
        {HELLO "kill -KILL $$", true, "the driver was killed by SIGKILL (Killed)"},
        {"echo nonsense; sleep 100", false,
         "the driver printed a wrong line: a line that is no JSON: `nonsense`"},
        {HELLO "echo 'Listening \033[1m…'; sleep 100", true,
         "the driver printed a wrong line: a line that is no JSON: `Listening \\x1B[1m…`"},
        {HELLO "echo; sleep 100", true, "the driver printed a wrong line: "},
        {HELLO "echo '{\"ev\":\"opne\",\"client\":\"c\"}'; sleep 100", true,
         "unknown `ev`: `opne`"},
        {"echo '{\"ev\":\"open\",\"client\":\"c\"}'; sleep 100", false,
         "the driver said `open` before it said hello"},
        {"echo '{\"ev\":\"hello\",\"protocol\":2}'; sleep 100", false, "speaks protocol 2"},
        {HELLO "exec >&-; sleep 100", true,
         "the driver closed its standard output and did not exit"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        record.hello_count = record.gone_count = record.ended_count = 0;
        start(cases[i].command, 1);
        turn_until(&record.ended_count, 1);
        cr_expect_eq(record.hello_count, cases[i].says_hello, "%s", cases[i].command);
        cr_expect_eq(record.gone_count, 1, "%s", cases[i].command);
        cr_expect(strstr(record.why, cases[i].why), "%s\nwanted %s\nfound  %s", cases[i].command,
                  cases[i].why, record.why);
        cr_expect_lt(passed_ms(), 5000, "%s", cases[i].command);
    }
}

Test(driver, one_that_says_nothing_is_given_up)
{
    start("sleep 100", 0.05);
    turn_until(&record.ended_count, 1);
    cr_expect_str_eq(record.why, "the driver let 0.5 s pass before it said hello");
    cr_expect_geq(passed_ms(), 500);
    cr_expect_lt(passed_ms(), 3000);
}

/* Its hello lies in the pipe, but the loop that would read it was busy for too long. */
Test(driver, one_that_has_spoken_is_not_blamed_for_a_loop_that_was_held_up)
{
    start(HELLO "sleep 60", 0.05); /* half a second for the hello */
    usleep(900000);
    turn_until(&record.hello_count, 1);
    cr_expect_eq(record.gone_count, 0, "%s", record.why);
}

Test(driver, a_line_of_a_hundred_mebibytes_is_a_fault_and_not_kept)
{
    start(HELLO "head -c 104857600 /dev/zero | tr '\\0' x; sleep 100", 1);
    turn_until(&record.gone_count, 1);
    cr_expect_str_eq(record.why, "the driver printed a line of more than 64 MiB");
    turn_until(&record.ended_count, 1);
}

Test(driver, one_that_stops_reading_is_a_fault)
{
    char line[200000];
    memset(line, 'x', sizeof line);
    start(HELLO "sleep 100", 0.05);
    turn_until(&record.hello_count, 1);
    driver_write(record.driver, line, sizeof line);
    turn_until(&record.ended_count, 1);
    cr_expect_str_eq(record.why, "the driver has not read its standard input for 0.5 s");
}

Test(driver, one_that_lets_64_mebibytes_wait_is_a_fault)
{
    static char line[1 << 20];
    start(HELLO "sleep 100", 1);
    turn_until(&record.hello_count, 1);
    for (int i = 0; i < 70; i++)
        driver_write(record.driver, line, sizeof line);
    cr_expect_eq(record.gone_count, 0); /* never from within a call */
    turn_until(&record.ended_count, 1);
    cr_expect_str_eq(record.why, "the driver does not read: 64 MiB wait for its standard input");
}

Test(driver, one_that_closes_its_input_and_lives_on_is_a_fault)
{
    start(HELLO "exec </dev/null; sleep 100", 1);
    turn_until(&record.hello_count, 1);
    /* The shell's own copy closes a little after it said hello. */
    for (int64_t end_us = clock_monotonic_us() + 300000; clock_monotonic_us() < end_us;)
        loop_turn(record.loop);
    driver_write(record.driver, "{}", 2);
    turn_until(&record.ended_count, 1);
    cr_expect_str_eq(record.why, "the driver closed its standard input and did not exit");
}

/* ---- no process is left ---- */

Test(driver, one_that_ignores_everything_polite_is_killed_after_two_seconds)
{
    start("trap '' TERM INT HUP; " HELLO "while :; do sleep 77771; done", 1);
    turn_until(&record.hello_count, 1);
    record.begin_us = clock_monotonic_us();
    driver_end(record.driver);
    turn_until(&record.ended_count, 1);
    cr_expect_geq(passed_ms(), 1900);
    cr_expect_lt(passed_ms(), 3000);
    cr_expect_eq(processes_count("77771"), 0);
}

Test(driver, its_children_end_with_it)
{
    static const struct {
        const char *command;
        bool is_ended; /* else it ends by itself */
    } cases[] = {
        {HELLO "sleep 77772 & cat >/dev/null", true},
        {HELLO "(trap '' TERM; sleep 77772) & cat >/dev/null", true},
        {HELLO "sleep 77772 & sleep 0.1; exit 1", false},
        {HELLO "(sh -c 'sleep 77772 & sleep 77772' &) ; sleep 0.1; kill -KILL $$", false},
        {"sleep 77772 & sleep 0.1; echo nonsense; wait", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        record.hello_count = record.ended_count = 0;
        start(cases[i].command, 1);
        if (cases[i].is_ended) {
            turn_until(&record.hello_count, 1);
            driver_end(record.driver);
        }
        turn_until(&record.ended_count, 1);
        usleep(50000); /* dying takes a moment */
        cr_expect_eq(processes_count("77772"), 0, "%s", cases[i].command);
        cr_expect_lt(passed_ms(), 4000, "%s", cases[i].command);
    }
}

Test(driver, freeing_one_kills_it_at_once)
{
    start("trap '' TERM; " HELLO "sleep 77773 & sleep 77773", 1);
    turn_until(&record.hello_count, 1);
    record.begin_us = clock_monotonic_us();
    driver_free(record.driver);
    record.driver = NULL;
    cr_expect_lt(passed_ms(), 500);
    usleep(50000);
    cr_expect_eq(processes_count("77773"), 0);
    cr_expect_eq(record.ended_count + record.gone_count, 0);
}
