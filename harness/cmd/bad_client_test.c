/* Clients that attack the server, from end to end: each is found out, and the good scenarios that
 * the same process serves beside them pass. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#define SCALE "--timeout-scale 0.1 "
/* With the sanitizers, which need much for themselves. */
#define PEAK_KIB_MAX (400 << 10)
#define SECONDS_MAX  15 /* of the processor's: the machine may be busy with others */

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_scenario_write("good/once", SAMPLE_GOOD, "general");
    sample_scenario_write("good/reconnects", SAMPLE_RECONNECTS, "general");
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(bad_client, .init = set_up, .fini = tear_down, .timeout = 120);

static void expect_bounded(const struct sample_result *result)
{
    cr_expect_lt(result->peak_kib, PEAK_KIB_MAX, "%ld KiB", result->peak_kib);
    cr_expect_lt(result->cpu_seconds, SECONDS_MAX, "%.1f s", result->cpu_seconds);
    cr_expect(sample_no_process_is_left(folder));
}

/* Plays the bad scenario `bad/MODE` beside the good ones. */
static cJSON *play_beside(const char *before, const char *mode, const char *steps, int status,
                          const char *text)
{
    char name[80], arguments[400];
    snprintf(name, sizeof name, "bad/%s", mode);
    sample_scenario_write(name, steps, mode);
    /* The folder is only there to know the process by. */
    snprintf(arguments, sizeof arguments, "run --out r " SCALE "--client '\"%s\" %s'",
             GAPCHECK_HOSTILE_CLIENT, folder);
    struct sample_result result = sample_program_run(before, arguments, status, text);
    expect_bounded(&result);
    return sample_results("r");
}

/* The same, and the good ones must pass. */
static cJSON *play(const char *before, const char *mode, const char *steps, int status,
                   const char *text)
{
    cJSON *results = play_beside(before, mode, steps, status, text);
    cr_expect_str_eq(sample_verdict(results, "good/once"), "pass", "%s", mode);
    cr_expect_str_eq(sample_verdict(results, "good/reconnects"), "pass", "%s", mode);
    return results;
}

/* … and must be a failure by the rule. */
static void expect_finding(const char *mode, const char *steps, const char *rule, const char *text)
{
    char name[80];
    snprintf(name, sizeof name, "bad/%s", mode);
    cJSON *results = play("", mode, steps, 1, "2 pass, 1 fail");
    cr_expect_str_eq(sample_verdict(results, name), "fail", "%s", mode);
    cr_expect(sample_finds(results, name, rule, text), "%s: no %s `%s`", mode, rule, text);
    cJSON_Delete(results);
}

/* ---- what breaks RFC 6455 or the protocol ---- */

Test(bad_client, binary_frames_are_a_wrong_frame)
{
    expect_finding("binary", SAMPLE_ONCE, "C-23", "it is a binary message");
}

Test(bad_client, a_text_of_10_mb_is_refused_at_1_mib)
{
    expect_finding("big-text", SAMPLE_ONCE, "C-23", "longer than the receiver's limit");
}

Test(bad_client, garbage_instead_of_frames_ends_the_connection)
{
    expect_finding("garbage-frames", SAMPLE_ONCE, "C-23", "a reserved bit is set");
}

Test(bad_client, unmasked_frames_end_the_connection)
{
    expect_finding("unmasked", SAMPLE_ONCE, "C-23", "is not masked (RFC 6455, 5.1)");
}

Test(bad_client, garbage_instead_of_a_handshake_is_a_wrong_frame)
{
    expect_finding("no-request", SAMPLE_ONCE, "C-23", "its handshake is no HTTP request");
}

Test(bad_client, half_a_frame_and_silence_end_in_time)
{
    expect_finding("half-frame", SAMPLE_ONCE, "step", "");
}

Test(bad_client, half_a_handshake_and_silence_is_a_client_that_never_connected)
{
    cJSON *results = play("", "half-request", SAMPLE_ONCE, 3, "2 pass, 1 client-error");
    cr_expect_str_eq(sample_verdict(results, "bad/half-request"), "client-error");
    cr_expect(sample_printed("the client never connected"));
    cJSON_Delete(results);
}

/* ---- too much of it ---- */

Test(bad_client, a_hundred_thousand_resyncs_are_answered_for_a_while_only)
{
    static const char steps[] =
        SAMPLE_ONCE ", " SAMPLE_GAP ", { \"accept\": {} }, { \"settle\": {} }";
    expect_finding("resyncs", steps, "C-3", "without need");
    cJSON *results = sample_results("r");
    cr_expect(sample_finds(results, "bad/resyncs", "C-23", "more than 10,000 frames"));
    cJSON_Delete(results);
}

Test(bad_client, pings_without_end_are_cut_off)
{
    expect_finding("pings", SAMPLE_ONCE, "C-23", "more than 10,000 frames");
}

Test(bad_client, one_that_never_reads_is_waited_for_no_longer_than_the_step_says)
{
    static const char steps[] = "{ \"accept\": {} }, { \"publish\": { \"count\": 2000, "
                                "\"size\": 10000 } }, { \"settle\": {} }";
    expect_finding("deaf", steps, "step", "");
}

Test(bad_client, five_thousand_connections_end_at_the_two_thousand_and_first)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < 6000)
        cr_skip("too few open files allowed");
    expect_finding("connects-and-keeps", SAMPLE_ONCE, "C-16", "opened more than 2000 connections");
}

Test(bad_client, five_thousand_without_a_handshake_are_a_client_that_never_connected)
{
    static const char steps[] = "{ \"accept\": { \"timeout_ms\": 100000 } }";
    cJSON *results = play("", "connects", steps, 3, "2 pass, 1 client-error");
    cr_expect(sample_printed("the client opened more than 2000 connections"));
    cJSON_Delete(results);
}

/* A neighbour that wants a connection in the same moment has none either: that is an error of the
 * harness, too, and no client's failure. */
Test(bad_client, running_out_of_descriptors_is_an_error_and_no_failure)
{
    cJSON *results =
        play_beside("ulimit -n 200; ", "connects-and-keeps", SAMPLE_ONCE, 3, " error in ");
    cr_expect_str_eq(sample_verdict(results, "bad/connects-and-keeps"), "error");
    cr_expect_str_neq(sample_verdict(results, "good/once"), "fail");
    cr_expect_str_neq(sample_verdict(results, "good/reconnects"), "fail");
    cr_expect(sample_printed("cannot accept a connection: Too many open files"));
    cJSON_Delete(results);
}

/* ---- what it says to have got ---- */

Test(bad_client, dispatches_before_anything_was_sent_are_dispatches_too_many)
{
    expect_finding("lies", SAMPLE_ONCE, "C-7", "further dispatches");
}

Test(bad_client, dispatches_of_events_that_never_were_are_a_finding)
{
    expect_finding("fables", SAMPLE_ONCE, "C-7", "never");
}

Test(bad_client, event_lines_without_end_leave_the_others_their_turn)
{
    expect_finding("flood", SAMPLE_ONCE, "step", "");
}

Test(bad_client, long_event_lines_without_end_do_not_fill_the_memory)
{
    expect_finding("fat-flood", SAMPLE_ONCE, "step", "");
}
