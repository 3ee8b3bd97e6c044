/* `gapcheck serve` from end to end: clients that connect by themselves, with and without driver
 * lines, and strangers. What it serves is played by the reference client, started by hand. */
#define _GNU_SOURCE /* wait4 and setgroups */
#include "cmd/sample_program.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define SCENARIOS GAPCHECK_SOURCE_DIR "/scenarios/"
#define BRIDGE    GAPCHECK_SOURCE_DIR "/harness/drivers/examples/remote/bridge.py"
#define PATIENCE  2000 /* times 10 ms */

static const char *folder;
static pid_t serving;
static double begin_seconds;
static uint16_t port;
static char key[64];
static char trust[300]; /* over TLS, the file of who signed its certificate; else empty */

static void set_up(void)
{
    folder = sample_folder_enter();
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(serve, .init = set_up, .fini = tear_down, .timeout = 120);

/* ---- serving ---- */

static bool has_printed(const char *text)
{
    for (int i = 0; i < PATIENCE; i++) {
        if (access("out", F_OK) == 0 && sample_printed(text))
            return true;
        usleep(10000);
    }
    return false;
}

/* Starts it and reads the address that it prints. */
static void start(const char *scenario, const char *options)
{
    char arguments[1000], line[300];
    snprintf(arguments, sizeof arguments, "serve '%s' --out r %s", scenario, options);
    unlink("out"); /* of the one before */
    begin_seconds = sample_seconds();
    serving = sample_program_start("", arguments);
    cr_assert(has_printed("waiting for a client"));
    FILE *file = fopen("out", "r");
    while (fgets(line, sizeof line, file)) {
        sscanf(line, "  look on  %*[https]://%*[0-9.]:%hu/?key=%63s", &port, key);
        sscanf(line, "  trust    %299[^\n]", trust);
    }
    fclose(file);
    cr_assert_eq(strlen(key), 32, "%s", key);
}

/* One that does not end by itself is ended, so that the test tells instead of hanging. */
static void end_if_it_hangs(void)
{
    siginfo_t info = {0};
    for (int i = 0; i < PATIENCE && info.si_pid == 0; i++) {
        waitid(P_PID, (id_t)serving, &info, WEXITED | WNOHANG | WNOWAIT);
        if (info.si_pid == 0)
            usleep(10000);
    }
    if (info.si_pid == 0)
        kill(serving, SIGKILL);
}

static void finish(int status, const char *text)
{
    end_if_it_hangs();
    struct sample_result result = sample_program_wait(serving, begin_seconds);
    sample_expect(&result, "serve", status, text);
}

/* A client that is started by hand and told only where to connect. It lives until serve has
 * ended. */
static void connect_by_itself(const char *policy)
{
    char command[2000];
    snprintf(command, sizeof command,
             "{ echo '{\"op\":\"start\",\"client\":\"x\",\"url\":\"ws://127.0.0.1:%u/v1/ws\","
             "\"base_url\":\"http://127.0.0.1:%u\",\"token\":\"gapcheck-token\","
             "\"channels\":[\"general\"],\"options\":{\"reconnect_base_ms\":20,"
             "\"reconnect_max_ms\":500,\"reconnect_jitter\":false}}';"
             " while kill -0 %d 2>/dev/null; do sleep 0.05; done; } |"
             " '" GAPCHECK_BINARY "' reference-client --policy %s >client.out 2>&1 &",
             port, port, (int)serving, policy);
    cr_assert(sample_shell(command));
}

/* The same client as a driver whose lines are posted. */
static void connect_through_bridge(const char *policy)
{
    char command[1000];
    snprintf(command, sizeof command,
             "SSL_CERT_FILE='%s' python3 '" BRIDGE "' '%s://127.0.0.1:%u/gapcheck/events?key=%s' "
             "'" GAPCHECK_BINARY "' reference-client --policy %s >client.out 2>&1 &",
             trust, trust[0] ? "https" : "http", port, key, policy);
    cr_assert(sample_shell(command));
}

static bool has_rule(const char *rule, const char *status)
{
    char command[200];
    snprintf(command, sizeof command, "grep -q '\"%s\": \"%s\"' r/results.json", rule, status);
    return sample_shell(command);
}

/* ---- by the wire alone ---- */

Test(serve, a_client_that_only_connects_is_judged_by_the_wire)
{
    start(SCENARIOS "overflow/same-second.jsonc", "");
    connect_by_itself("reference");
    finish(0, "1 scenario: 1 pass");
    cr_expect(sample_printed("gapcheck-reference 0.1.0 is there; it posts no events"));
    cr_expect(sample_printed("client: resync last_seen_seq 5"));
    cr_expect(sample_printed("not judged: C-8, which takes the application"));
    cr_expect(has_rule("C-5", "pass") && has_rule("C-3", "pass"));
    cr_expect(has_rule("C-7", "skip") && has_rule("C-8", "skip"));
    cr_expect(sample_shell("grep -q '\"wire_only\":true' r/transcripts/overflow/*.ndjson"));
    cr_expect(sample_shell("grep -q 'gapcheck serve .*same-second' r/results.json"));
    sample_run("judge r/transcripts/overflow/same-second.ndjson", 0, "1 pass");
}

Test(serve, a_client_that_asks_wrongly_fails_by_the_wire)
{
    start(SCENARIOS "overflow/same-second.jsonc", "--quiet");
    connect_by_itself("since-unbiased");
    finish(1, "C-5  40 of 67 events lost");
    cr_expect_not(sample_printed("step 1"));
    sample_run("judge r/transcripts/overflow/same-second.ndjson", 1, "C-5");
}

Test(serve, what_the_wire_cannot_show_is_skipped_with_the_reason)
{
    start(SCENARIOS "application/throwing-handler.jsonc", "");
    connect_by_itself("reference");
    finish(3, "the capability `throw`, which the client does not have");
    start(SCENARIOS "application/stop-while-connected.jsonc", "");
    connect_by_itself("reference");
    finish(3, "steps need the application");
}

/* ---- with driver lines ---- */

Test(serve, a_client_that_posts_its_lines_is_judged_by_every_rule)
{
    start(SCENARIOS "overflow/same-second.jsonc", "");
    connect_through_bridge("reference");
    finish(0, "1 scenario: 1 pass");
    cr_expect(sample_printed("it tells what its application gets"));
    cr_expect(has_rule("C-7", "pass") && has_rule("C-8", "pass"));
    start(SCENARIOS "overflow/same-second.jsonc", "");
    connect_through_bridge("dedupe-off");
    finish(1, "C-7");
}

Test(serve, ops_reach_a_client_that_posts)
{
    static const char *const scenarios[] = {
        "application/throwing-handler.jsonc", "application/stop-while-connected.jsonc",
        "application/subscribes-more.jsonc",  "application/application-reconnects.jsonc",
    };
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        char path[300];
        snprintf(path, sizeof path, SCENARIOS "%s", scenarios[i]);
        start(path, "");
        connect_through_bridge("reference");
        finish(0, "1 scenario: 1 pass");
    }
}

/* Its lines get through all the same: only the client finds the port closed. */
Test(serve, a_closed_port_is_closed_to_the_client_only)
{
    start(SCENARIOS "backoff/server-restarts.jsonc", "");
    connect_through_bridge("reference");
    finish(0, "1 scenario: 1 pass");
    start(SCENARIOS "backoff/port-closed.jsonc", "");
    connect_through_bridge("reference");
    finish(0, "1 scenario: 1 pass");
}

/* The lines go over https and the stream over wss, and both check the certificate by the file that
 * it names. Who trusts nobody gets nothing. */
Test(serve, a_scenario_with_tls_is_served_over_tls)
{
    start(SCENARIOS "tls/short-gap.jsonc", "--filter 'tls/short-gap[reset]'");
    cr_expect(sample_printed("stream   wss://127.0.0.1:"));
    cr_assert_neq(trust[0], '\0');
    char command[600];
    snprintf(command, sizeof command, "curl -s 'https://127.0.0.1:%u/?key=%s' >page; test $? = 60",
             port, key);
    cr_expect(sample_shell(command), "a stranger's certificate is believed");
    snprintf(command, sizeof command, "curl -s --cacert '%s' 'https://127.0.0.1:%u/?key=%s' >page "
                                      "&& grep -q 'gapcheck serve' page", trust, port, key);
    cr_expect(sample_shell(command));
    connect_through_bridge("reference");
    finish(0, "1 scenario: 1 pass");
    cr_expect_neq(access(trust, F_OK), 0, "%s is left", trust);
}

/* On a machine with several networks: each has its own address for the stream. */
Test(serve, the_stream_is_where_the_client_reached_its_own_lines)
{
    char command[600];
    start(SCENARIOS "connect/first-connection.jsonc", "--listen 0.0.0.0");
    snprintf(command, sizeof command,
             "echo '{\"ev\":\"hello\",\"protocol\":1,\"name\":\"n\",\"version\":\"1\","
             "\"capabilities\":[]}' | curl -s --data-binary @- "
             "'http://127.9.8.7:%u/gapcheck/events?key=%s' | grep -q '\"ws://127.9.8.7:%u/v1/ws\"'",
             port, key, port);
    cr_expect(sample_shell(command));
    kill(serving, SIGINT);
    finish(3, "interrupted");
}

/* ---- pages ---- */

/* What a page is told is what is written, and the verdict. */
Test(serve, pages_get_the_transcript_and_the_verdict)
{
    start(SCENARIOS "overflow/same-second.jsonc", "");
    char command[1000];
    sample_folder_write("look.py",
                        "import asyncio, json, sys, websockets\n"
                        "async def look(address):\n"
                        "    async with websockets.connect(address, max_size=None) as socket:\n"
                        "        print('open', flush=True)\n"
                        "        async for text in socket:\n"
                        "            for line in text.splitlines():\n"
                        "                open('seen', 'a').write(line + '\\n')\n"
                        "asyncio.run(look(sys.argv[1]))\n");
    snprintf(command, sizeof command,
             "/usr/bin/python3 look.py 'ws://127.0.0.1:%u/gapcheck/live?key=%s' >look.out 2>&1 & "
             "for i in $(seq 200); do grep -q open look.out && exit 0; sleep 0.05; done; "
             "cat look.out; exit 1", port, key);
    cr_assert(sample_shell(command));
    connect_by_itself("reference");
    finish(0, "1 scenario: 1 pass");
    cr_expect(sample_shell("grep '\"kind\":' seen >seen.entries; "
                           "tail -n +2 r/transcripts/overflow/same-second.ndjson >entries; "
                           "cmp seen.entries entries && wc -l <entries | grep -vqx 0"));
    cr_expect(sample_shell("tail -n 1 seen | grep -q '\"verdict\":\"pass\"'"));
    /* It was no connection of the client's. */
    cr_expect(sample_shell("grep -q '\"connections\": 2' r/results.json"));
}

/* ---- strangers ---- */

static int connect_socket(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons(port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int file = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval patience = {.tv_sec = 20};
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    cr_assert_eq(connect(file, (struct sockaddr *)&name, sizeof name), 0);
    return file;
}

/* Sends bytes, `piece_bytes` at a time, and reads until the other side ends it. */
static const char *exchange(const char *text, size_t piece_bytes)
{
    static char answer[200000];
    size_t size_bytes = 0;
    int file = connect_socket();
    for (size_t at = 0; at < strlen(text); at += piece_bytes) {
        size_t left_bytes = strlen(text) - at;
        send(file, text + at, left_bytes < piece_bytes ? left_bytes : piece_bytes, MSG_NOSIGNAL);
    }
    ssize_t got_bytes;
    while (size_bytes < sizeof answer - 1 &&
           (got_bytes = recv(file, answer + size_bytes, sizeof answer - 1 - size_bytes, 0)) > 0)
        size_bytes += (size_t)got_bytes;
    answer[size_bytes] = '\0';
    close(file);
    return answer;
}

static void expect_answer(const char *method, const char *path, const char *more, const char *body,
                          const char *status, const char *text)
{
    char request[4000], line[40];
    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n%s", method, path, more,
             strlen(body), body);
    snprintf(line, sizeof line, "HTTP/1.1 %s ", status);
    const char *answer = exchange(request, 7);
    cr_expect_eq(strncmp(answer, line, strlen(line)), 0, "%s %s: %.60s", method, path, answer);
    cr_expect_not_null(strstr(answer, text), "%s %s: no `%s` in %.600s", method, path, text,
                       answer);
}

Test(serve, only_who_has_the_key_is_answered)
{
    char path[200], bearer[200];
    start(SCENARIOS "connect/first-connection.jsonc", "");
    expect_answer("GET", "/", "", "", "403", "the key is missing or wrong");
    expect_answer("GET", "/?key=00000000000000000000000000000000", "", "", "403", "key");
    expect_answer("POST", "/gapcheck/events", "", "{}", "403", "key");
    expect_answer("GET", "/gapcheck/live", "", "", "403", "key");
    expect_answer("GET", "/favicon.ico", "", "", "404", "there are /");
    expect_answer("OPTIONS", "/gapcheck/events", "Origin: null\r\n", "", "204",
                  "Access-Control-Allow-Origin: *");
    expect_answer("GET", "/v1/ws", "", "", "426", "where the client under test connects");
    snprintf(path, sizeof path, "/?key=%s", key);
    expect_answer("GET", path, "", "", "200", "script-src 'nonce-");
    cr_expect_null(strstr(exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1000), key));
    expect_answer("PUT", path, "", "", "405", "to read");
    snprintf(bearer, sizeof bearer, "Authorization: Bearer %s\r\n", key);
    expect_answer("POST", "/gapcheck/events", bearer, "", "200", "application/x-ndjson");
    kill(serving, SIGINT);
    finish(3, "no client");
}

Test(serve, wrong_driver_lines_are_told_with_their_place)
{
    char path[200];
    start(SCENARIOS "connect/first-connection.jsonc", "");
    snprintf(path, sizeof path, "/gapcheck/events?key=%s", key);
    expect_answer("POST", path, "", "\n{\"ev\":\"evnt\"}", "400",
                  "line 2: unknown `ev`: `evnt`; did you mean `event`?");
    expect_answer("POST", path, "", "{", "400", "line 1: ");
    expect_answer("POST", path, "", "{\"ev\":\"open\",\"client\":\"c1\"}", "409",
                  "the first line must be `hello`");
    expect_answer("POST", path, "",
                  "{\"ev\":\"hello\",\"protocol\":2,\"name\":\"n\",\"version\":\"1\","
                  "\"capabilities\":[]}", "400", "line 1: ");
    static const char hello[] = "{\"ev\":\"hello\",\"protocol\":1,\"name\":\"<b>\",\"version\":"
                                "\"\\u001b[31m\",\"capabilities\":[]}";
    expect_answer("POST", path, "", hello, "200", "\"op\":\"start\"");
    expect_answer("POST", path, "", hello, "409", "there was a `hello` already");
    expect_answer("POST", path, "", "", "200", "Content-Length: 0");
    finish(3, "the client never connected"); /* within the five seconds of its `accept` */
    cr_expect_not(sample_shell("grep -q \"$(printf '\\033')\" out"));
}

/* Connections that say nothing, half of something or nonsense are nobody's client, and there are
 * never too many for the client itself. */
Test(serve, strangers_do_not_disturb)
{
    start(SCENARIOS "connect/first-connection.jsonc", "");
    static const char nonsense[] = "\x16\x03\x01\x02 nonsense\r\n\r\n";
    cr_expect_eq(strncmp(exchange(nonsense, 1), "HTTP/1.1 400 ", 13), 0);
    int files[100];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        files[i] = connect_socket();
        send(files[i], "GET / HT", i % 9, MSG_NOSIGNAL);
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i += 2)
        close(files[i]);
    connect_by_itself("reference");
    finish(0, "1 scenario: 1 pass");
    for (size_t i = 1; i < sizeof files / sizeof files[0]; i += 2)
        close(files[i]);
    cr_expect(sample_shell("grep -q '\"connections\": 1' r/results.json"));
    cr_expect_not(sample_shell("grep -q violation r/transcripts/connect/*.ndjson"));
}

/* ---- the command ---- */

Test(serve, wants_exactly_one_scenario)
{
    sample_run("serve", 2, "wants at least one scenario");
    sample_run("serve '" SCENARIOS "ack'", 2, "plays one scenario, not ");
    cr_expect(sample_printed("ack/before-the-replay, ack/late, "));
    cr_expect(sample_printed("say which with --filter"));
    sample_run("serve nowhere.jsonc", 2, "there is no such file or folder");
    sample_run("serve --port 65536 x", 2, "--port takes a number from 0 to 65535");
    sample_run("serve --client x", 2, "has no option `--client`");
}

Test(serve, a_port_that_is_taken_is_told)
{
    char arguments[300];
    start(SCENARIOS "connect/first-connection.jsonc", "");
    rename("out", "first");
    snprintf(arguments, sizeof arguments,
             "serve '" SCENARIOS "connect/first-connection.jsonc' --port %u", port);
    sample_run(arguments, 3, "address already in use");
    kill(serving, SIGTERM);
    sample_program_wait(serving, begin_seconds);
}

Test(serve, interrupted_it_leaves_what_there_is)
{
    start(SCENARIOS "connect/first-connection.jsonc", "");
    kill(serving, SIGINT);
    finish(3, "report: r");
    cr_expect(sample_shell("test -s r/results.json"));
    sample_scenario_write("endless", SAMPLE_ENDLESS, "general");
    start("scenarios/endless.jsonc", "");
    connect_by_itself("reference");
    cr_assert(has_printed("connection 1 is open"));
    kill(serving, SIGINT);
    finish(3, "interrupted");
    cr_expect(sample_shell("test -s r/transcripts/endless.ndjson"));
}
