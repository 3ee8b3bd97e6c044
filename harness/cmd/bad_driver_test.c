/* Drivers that do not do their part, from end to end: every scenario gets a verdict with the
 * reason, what others serve goes on, and no process is left. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#define HELLO                                                                                      \
    "echo '\\''{\"ev\":\"hello\",\"protocol\":1,\"name\":\"shell\",\"version\":\"1\","             \
    "\"capabilities\":[\"multi\"]}'\\''; "
#define SECONDS_MAX  10
#define PEAK_KIB_MAX (400 << 10) /* with the sanitizers */

static const char *folder;
static char mark[40]; /* in the command line of what a driver leaves behind */

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_scenario_write("good/once", SAMPLE_GOOD, "general");
    sample_scenario_write("good/reconnects", SAMPLE_RECONNECTS, "general");
    snprintf(mark, sizeof mark, "1000.%ld", (long)getpid());
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(bad_driver, .init = set_up, .fini = tear_down, .timeout = 120);

/* `client` may hold one %s, for the mark; `paths` are the scenarios to play, "" for all. */
static struct sample_result run_paths(const char *paths, const char *client, int status,
                                      const char *text)
{
    char command[600], arguments[800];
    snprintf(command, sizeof command, client, mark);
    snprintf(arguments, sizeof arguments, "run %s --out r --timeout-scale 0.1 --client '%s'",
             paths, command);
    struct sample_result result = sample_program_run("", arguments, status, text);
    cr_expect(sample_no_process_is_left(mark), "left by %s", client);
    return result;
}

static struct sample_result run_with(const char *client, int status, const char *text)
{
    return run_paths("", client, status, text);
}

/* ---- it cannot be started, or says nothing of use ---- */

Test(bad_driver, a_single_word_that_is_nothing_is_a_usage_error_with_the_nearest)
{
    run_with("refrence", 2, "did you mean `reference`?");
    run_with("nosuchprogram", 2, "`nosuchprogram` is no driver, no file and no program");
    cr_expect_neq(access("r", F_OK), 0);
}

Test(bad_driver, one_that_never_says_hello_is_a_client_error_of_every_scenario_with_the_reason)
{
    static const struct {
        const char *client, *why;
    } cases[] = {
        {"nosuchprogram --at-all", "status 127 (command not found)"},
        {"./scenarios/good/once.jsonc now", "status 126 (cannot be executed)"},
        {"exit 0", "exited with status 0 before it said hello"},
        {"echo all is lost >&2; exit 7", "its standard error ends with: all is lost"},
        {"kill -9 $$", "was killed by SIGKILL"},
        {"sleep %s", "the driver let 1 s pass before it said hello"},
        {"echo hello; sleep %s", "a line that is no JSON: `hello`"},
        {"head -c 100000 /dev/urandom | tr -d \"\\n\"; echo; sleep %s", "printed a wrong line: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample_result result = run_with(cases[i].client, 3, cases[i].why);
        cr_expect(sample_printed("2 scenarios: 2 client-error"), "%s", cases[i].client);
        cr_expect_lt(result.seconds, SECONDS_MAX, "%.1f s: %s", result.seconds, cases[i].client);
    }
}

/* ---- it goes wrong after its hello ---- */

Test(bad_driver, nonsense_in_mid_run_is_a_failure_with_the_line)
{
    run_with(HELLO "read line; echo \"listening [\"; sleep %s", 1, "`listening [`");
    cr_expect(sample_printed("2 scenarios: 2 fail"));
}

Test(bad_driver, a_line_of_100_mib_is_a_failure_and_not_kept)
{
    sample_scenario_write("long", SAMPLE_ENDLESS, "general");
    struct sample_result result = run_paths(
        "scenarios/long.jsonc",
        HELLO "read line; head -c 104857600 /dev/zero | tr \"\\0\" x; sleep %s", 1,
        "the driver printed a line of more than 64 MiB");
    cr_expect_lt(result.peak_kib, PEAK_KIB_MAX, "%ld KiB", result.peak_kib);
}

/* The pipe takes 64 KiB without anybody reading. */
Test(bad_driver, one_that_stops_reading_is_a_failure)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_append_text(&text, "{ \"title\": \"t\", \"rules\": [\"S-10\"],\n"
                              "  \"client\": { \"channels\": [");
    for (int i = 0; i < 20000; i++)
        buffer_printf(&text, "%s\"channel-%d\"", i ? ", " : "", i);
    buffer_append_text(&text, "] }, \"steps\": [ { \"accept\": { \"timeout_ms\": 60000 } } ],\n"
                              "  \"timeout_ms\": 60000 }");
    sample_folder_write("scenarios/long/channels.jsonc", buffer_text(&text));
    buffer_free(&text);
    run_paths("scenarios/long", HELLO "sleep %s", 1,
              "the driver has not read its standard input for 1 s");
}

Test(bad_driver, one_whose_clients_never_connect_is_a_client_error)
{
    sample_scenario_write("quick", SAMPLE_ONCE, "general");
    run_paths("scenarios/quick.jsonc", HELLO "cat >/dev/null", 3, "the client never connected");
    cr_expect(sample_printed("1 scenario: 1 client-error"));
}

/* ---- it dies ---- */

static cJSON *run_deadly(const char *channel, int status)
{
    sample_scenario_write("deadly", SAMPLE_ONCE, channel);
    run_with("\"" GAPCHECK_HOSTILE_CLIENT "\" %s", status, "SIGKILL");
    cJSON *results = sample_results("r");
    cr_assert_not_null(results);
    return results;
}

Test(bad_driver, a_death_that_comes_again_is_the_fault_of_its_scenario_alone)
{
    cJSON *results = run_deadly("deadly", 1);
    cr_expect(sample_finds(results, "deadly", "step", "died, twice, at the same scenario"));
    cr_expect_str_eq(sample_verdict(results, "good/once"), "pass");
    cr_expect_str_eq(sample_verdict(results, "good/reconnects"), "pass");
    cJSON_Delete(results);
}

Test(bad_driver, a_death_that_does_not_come_again_is_a_client_error)
{
    cJSON *results = run_deadly("deadly-once", 3);
    cr_expect_str_eq(sample_verdict(results, "deadly"), "client-error");
    cr_expect_str_neq(sample_verdict(results, "good/once"), "fail");
    cr_expect_str_neq(sample_verdict(results, "good/reconnects"), "fail");
    cJSON_Delete(results);
}

/* Killed from outside while everything is in play: nobody knows whose doing it was. */
Test(bad_driver, one_that_is_killed_in_mid_run_is_a_client_error_of_what_it_served)
{
    sample_scenario_write("good/waits", "{ \"accept\": {} }, { \"wait\": { \"ms\": 1500 } }", "x");
    run_with("(mkdir once 2>/dev/null && sleep 0.7 && kill -9 $$) & "
             "exec \"" GAPCHECK_HOSTILE_CLIENT "\" %s",
             3, "was killed by SIGKILL");
    cJSON *results = sample_results("r");
    cr_expect_str_eq(sample_verdict(results, "good/waits"), "client-error");
    cr_expect_str_eq(sample_verdict(results, "good/once"), "pass"); /* it was over by then */
    cJSON_Delete(results);
}

/* ---- it does not go ---- */

Test(bad_driver, one_that_ignores_every_polite_word_is_killed)
{
    struct sample_result result =
        run_with("trap \"\" TERM INT HUP; \"" GAPCHECK_HOSTILE_CLIENT "\"; "
                 "while :; do sleep %s; done",
                 0, "2 scenarios: 2 pass");
    cr_expect_lt(result.seconds, SECONDS_MAX);
}

Test(bad_driver, what_it_started_goes_with_it)
{
    static const char *const clients[] = {
        "sleep %s & exec \"" GAPCHECK_HOSTILE_CLIENT "\"",
        "(trap \"\" TERM HUP; sleep %s) & exec \"" GAPCHECK_HOSTILE_CLIENT "\"",
        "(sh -c \"sleep %s & sleep 999\" &); exec \"" GAPCHECK_HOSTILE_CLIENT "\"",
        "sleep %s >/dev/null 2>&1 </dev/null & exec \"" GAPCHECK_HOSTILE_CLIENT "\"",
    };
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
        struct sample_result result = run_with(clients[i], 0, "2 scenarios: 2 pass");
        cr_expect_lt(result.seconds, SECONDS_MAX, "%s", clients[i]);
    }
}

Test(bad_driver, what_left_its_process_group_goes_with_it_as_well)
{
    run_with("setsid sleep %s & exec \"" GAPCHECK_HOSTILE_CLIENT "\"", 0, "2 scenarios: 2 pass");
    run_with("(setsid sh -c \"sleep %s & sleep 999\" &); sleep 0.1; exit 1", 3, "client-error");
}
