/* `gapcheck doctor` from end to end, against drivers that are wrong in one thing each: the
 * reference client with something changed on the way. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/doctor.h"
#include "cmd/sample_program.h"

#include "core/driver_line.h"

#include <ctype.h>

#define REFERENCE "\"" GAPCHECK_BINARY "\" reference-client"
#define UNCLAIMING "\\\"version\\\":\\\"1\\\",\\\"capabilities\\\":[]"
#define HELLO(members) "echo \"{\\\"ev\\\":\\\"hello\\\"," members "}\"; exec cat >/dev/null"

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(doctor, .init = set_up, .fini = tear_down, .timeout = 120);

static void expect_printed(const char *text)
{
    cr_expect(sample_printed(text), "no `%s`", text);
}

static void expect(const char *options, int status, const char *text)
{
    char arguments[300];
    snprintf(arguments, sizeof arguments, "doctor %s", options);
    sample_run(arguments, status, text);
}

/* The client is a script of the shell. */
static void expect_of(const char *script, const char *options, int status, const char *text)
{
    char arguments[200];
    sample_folder_write("client.sh", script);
    snprintf(arguments, sizeof arguments, "--client 'exec sh client.sh' %s", options);
    expect(arguments, status, text);
}

/* One thing to mend, and nothing else. */
static void expect_one(const char *script, const char *text)
{
    expect_of(script, "", 1, text);
    expect_printed(", 1 to mend");
}

/* ---- a good driver ---- */

Test(doctor, finds_nothing_to_mend_in_the_reference_client)
{
    expect("", 0, "✓ `throw` has a second handler in place");
    cr_expect_not(sample_shell("grep -q ✗ out"));
    expect("--quiet", 0, " fine");
    cr_expect_not(sample_shell("grep -q ✓ out"));
}

Test(doctor, tells_programs_the_same_as_json)
{
    expect("--json", 0, "\"checks\"");
    cJSON *root = sample_json("out");
    cr_assert_not_null(root);
    const cJSON *checks = cJSON_GetObjectItemCaseSensitive(root, "checks"), *check;
    cr_expect_geq(cJSON_GetArraySize(checks), 30);
    cJSON_ArrayForEach(check, checks)
        cr_expect_str_neq(
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(check, "status")), "wrong");
    cJSON_Delete(root);
}

Test(doctor, asks_nothing_that_is_not_claimed)
{
    expect_of(REFERENCE " | sed -u '1s/\"capabilities\":\\[[^]]*\\]/\"capabilities\":[]/'", "", 0,
              "– `open` is told: not claimed");
}

/* ---- starting ---- */

Test(doctor, tells_that_the_command_does_not_start)
{
    expect("--client 'no-such-program --at-all'", 3, "exited with status 127 (command not found)");
    expect("--client no-such-driver", 2, "no-such-driver");
    expect("scenarios", 2, "takes no argument");
    expect_of("echo oh dear >&2; exit 4", "", 3, "exited with status 4; its log begins with `oh");
}

Test(doctor, tells_what_is_wrong_with_hello)
{
    expect_of("exec sleep 60", "--timeout-scale 0.1", 1, "no such line within 1 s");
    expect_of("echo hello; exec cat >/dev/null", "", 1, "a line that is no JSON: `hello`");
    expect_of("echo '{\"ev\":\"open\",\"client\":\"c\"}'; exec cat >/dev/null", "", 1,
              "another line");
    expect_of(HELLO("\\\"protocol\\\":2,\\\"name\\\":\\\"n\\\"," UNCLAIMING), "", 1,
              "the driver speaks protocol 2");
    expect_of(HELLO("\\\"protocol\\\":1," UNCLAIMING), "", 1, "an `hello` line without `name`");
    /* Held back in a buffer until the input ends. */
    expect_of("cat >/dev/null; " HELLO("\\\"protocol\\\":1,\\\"name\\\":\\\"n\\\"," UNCLAIMING),
              "--timeout-scale 0.3", 1, "flush standard output after each line");
}

Test(doctor, tells_the_nearest_name_of_an_unknown_capability)
{
    expect_one(REFERENCE " | sed -u '1s/\"reconnecting\"/\"reconectng\"/'",
               "`reconectng` (did you mean `reconnecting`?)");
}

Test(doctor, wants_the_certificate_of_the_options_trusted)
{
    expect_of("sed -u 's/\"ca_file\":/\"other_file\":/' | " REFERENCE, "", 1,
              "✗ it connects over TLS");
    expect_printed("Where `options` has a `ca_file`");
}

/* ---- answers and ends ---- */

Test(doctor, wants_an_answer_to_what_the_driver_does_not_know)
{
    expect_of(REFERENCE " | sed -u '/\"ev\":\"error\"/d'", "--timeout-scale 0.5", 1,
              "✗ an unknown op is answered with an error");
    expect_one(REFERENCE " | sed -u '/\"ev\":\"error\"/s/\"client\":\"nobody\",//'",
               "does not say for which client");
}

Test(doctor, wants_the_driver_to_leave)
{
    expect_one(REFERENCE "; exit 3", "✗ `exit` ends it with status 0");
    expect_printed("it exited with status 3");
    expect_of("{ cat; exec sleep 60; } | " REFERENCE, "", 1,
              "✗ it exits at the end of its standard input");
}

Test(doctor, tells_a_line_that_is_none)
{
    expect_of(REFERENCE " | sed -u '/\"ev\":\"stopped\"/i debug: \x1b[1mstopping'", "", 1,
              "✗ it prints nothing but lines of the protocol");
    expect_printed("`debug: \\x1B[1mstopping`");
}

Test(doctor, leaves_no_process_when_it_is_interrupted)
{
    sample_folder_write("client.sh", "echo $$ >pid; exec sleep 60");
    int status = system("timeout --preserve-status -s INT 1 '" GAPCHECK_BINARY
                        "' doctor --client 'exec sh client.sh' >out 2>err");
    cr_expect_eq(WEXITSTATUS(status), 3);
    cr_expect_not(sample_shell("kill -0 $(cat pid) 2>/dev/null"));
}

/* ---- what scenarios show ---- */

Test(doctor, tells_what_is_wrong_with_events)
{
    expect_of(REFERENCE " | sed -u 's/gc-\\([0-9]\\)/xx-\\1/g'", "", 1,
              "whose data holds no marker");
    expect_printed("not looked at: no event reaches the application yet");
    expect_of(REFERENCE " | sed -u '/\"ev\":\"event\"/d'", "--timeout-scale 0.5", 1,
              "no `event` line, though events were sent");
    expect_of(REFERENCE " | sed -u '/\"ev\":\"event\"/p'", "", 1, "the event gc-1 came in 2 lines");
}

Test(doctor, tells_which_request_was_wrong)
{
    expect_of("sed -u 's/gapcheck-token/other/' | " REFERENCE, "", 1,
              "a request without the token of the op `start`");
    expect_of("sed -u 's|/v1/ws|/v2/ws|' | " REFERENCE, "", 1,
              "a request that is no upgrade of /v1/ws: `GET /v2/ws`");
    expect_of("sed -u 's/\"general\",//' | " REFERENCE, "", 1,
              "no `subscribe` for the channel `general` on connection 1");
}

Test(doctor, tells_a_driver_that_does_not_speak_the_node_stream_it_claims)
{
    expect_of("sed -u 's/\"dialect\":\"node\"/\"dialect\":\"agent\"/' | " REFERENCE, "", 1,
              "a request that is no upgrade of /v1/node/ws with the token that was issued: `GET "
              "/v1/node/ws`");
    expect_of("sed -u '/\"dialect\":\"node\"/s/gapcheck-token/other/' | " REFERENCE, "", 1,
              "a request that was answered with 401: `POST /v1/agent/node-token`");
    expect_of(REFERENCE " | sed -u '/\"event\".*\"channel_name\"/p'", "", 1,
              "✗ `node`: each delivery has one line");
}

/* Many faults in one run, each told for itself. */
Test(doctor, tells_what_the_driver_claims_and_does_not_do)
{
    static const char script[] =
        "sed -u 's/\"reconnect_base_ms\":150/\"reconnect_base_ms\":20/; "
        "s/\"ping_ms\":60/\"ping_ms\":0/; /\"op\":\"slow\"/s/\"ms\":[0-9]*/\"ms\":0/; "
        "/\"op\":\"exit\"/q' | " REFERENCE " | sed -u '/\"ev\":\"open\"/d; "
        "/\"handler\":2/d; s/,\"gap_detected\":[a-z]*//'";
    static const char *const faults[] = {
        "a first delay of ",
        "0 pings within 600 ms",
        "4 events came within ",
        "0 `open` lines, and 2 connections were opened",
        "no line with `\"handler\":2` for the events after it",
        "a `resynced` line without a true or false `gap_detected`",
    };
    expect_of(script, "", 1, ", 6 to mend");
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        expect_printed(faults[i]);
}

Test(doctor, tells_a_client_that_dies)
{
    expect_of(REFERENCE " | sed -u '/space.launched/{s/.*/crash/;q}'", "--timeout-scale 0.5", 1,
              "✗ `wildcard`: an unknown type reaches a handler");
}

/* ---- the words ---- */

/* The README breaks its lines where it likes. */
static char *read_with_single_blanks(const char *path)
{
    static char text[100000];
    size_t count = 0;
    int byte, last = ' ';
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    while ((byte = fgetc(file)) != EOF && count < sizeof text - 1) {
        byte = isspace(byte) ? ' ' : byte;
        if (byte != ' ' || last != ' ')
            text[count++] = (char)byte;
        last = byte;
    }
    fclose(file);
    return text;
}

Test(doctor_words, every_check_cites_the_protocol_as_the_README_has_it)
{
    char *readme = read_with_single_blanks(GAPCHECK_SOURCE_DIR "/harness/drivers/README.md");
    const struct doctor_check *check;
    size_t count = 0;
    for (size_t i = 0; (check = doctor_process_check(i)) != NULL; i++, count++)
        cr_expect_not_null(strstr(readme, check->protocol), "%s", check->protocol);
    for (size_t i = 0; (check = doctor_scenario_check(i)) != NULL; i++, count++)
        cr_expect_not_null(strstr(readme, check->protocol), "%s", check->protocol);
    cr_expect_geq(count, 30);
}

Test(doctor_words, the_README_names_every_capability)
{
    char *readme = read_with_single_blanks(GAPCHECK_SOURCE_DIR "/harness/drivers/README.md");
    for (int i = 0; i < DRIVER_CAPABILITY_COUNT; i++) {
        char name[60];
        snprintf(name, sizeof name, "`%s`", driver_capability_name((enum driver_capability)i));
        cr_expect_not_null(strstr(readme, name), "%s", name);
    }
}
