/* What a scenario's faults look like from outside: a plain socket in a process of its own connects
 * to a live run and writes down what it sees. The driver's client never connects. */
#define _GNU_SOURCE
#include "io/live.h"

#include "core/buffer.h"
#include "io/clock.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DRIVER                                                                                     \
    "echo '{\"ev\":\"hello\",\"protocol\":1,\"name\":\"shell\",\"version\":\"9\","                 \
    "\"capabilities\":[]}'; while read -r line; do case $line in *'\"op\":\"exit\"'*) exit 0;; "   \
    "esac; done"

#define LOOK_MS 250 /* how long nothing must come where nothing may */

/* ---- the peer, in its own process ---- */

static uint16_t port;
static FILE *report; /* what it sees; the test reads it afterwards */

/* A connected socket, or -errno. */
static int try_connect(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons(port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(file, (struct sockaddr *)&name, sizeof name) == 0)
        return file;
    int reason = errno;
    close(file);
    return -reason;
}

/* As soon as the run listens. */
static int connect_soon(void)
{
    int file;
    while ((file = try_connect()) < 0)
        usleep(1000);
    return file;
}

static void request(int file)
{
    static const char text[] = "GET /v1/ws?token=t HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                               "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    if (send(file, text, sizeof text - 1, MSG_NOSIGNAL) < 0)
        fprintf(report, "no request; ");
}

/* What comes within `ms`: a size, 0 for FIN, or -errno (-EAGAIN: nothing). */
static ssize_t read_within(int file, char *data, size_t size_bytes, int ms)
{
    struct pollfd wait = {.fd = file, .events = POLLIN};
    if (poll(&wait, 1, ms) == 0)
        return -EAGAIN;
    ssize_t read_bytes = recv(file, data, size_bytes, MSG_DONTWAIT);
    return read_bytes < 0 ? -errno : read_bytes;
}

/* The response, up to its blank line; what came with it is left in the socket. */
static void read_response(int file, char *text, size_t size_bytes)
{
    size_t length = 0;
    while (length + 1 < size_bytes && read_within(file, text + length, 1, 3000) == 1) {
        text[++length] = '\0';
        if (length >= 4 && strcmp(text + length - 4, "\r\n\r\n") == 0)
            return;
    }
}

static int connect_and_upgrade(void)
{
    char text[2000] = "";
    int file = connect_soon();
    request(file);
    read_response(file, text, sizeof text);
    fprintf(report, "%.12s; ", text);
    return file;
}

/* Writes down how the connection ends, and what comes before. */
static void tell_end(int file, int patience_ms)
{
    char data[4096];
    ssize_t read_bytes;
    while ((read_bytes = read_within(file, data, sizeof data, patience_ms)) > 0)
        for (ssize_t i = 0; i < read_bytes; i++)
            fprintf(report, "%02x", (unsigned char)data[i]);
    fprintf(report, " %s;", read_bytes == 0                ? "FIN"
                            : read_bytes == -EAGAIN        ? "open"
                            : strerrorname_np((int)-read_bytes));
}

static void watch_end(void)
{
    int file = connect_and_upgrade();
    tell_end(file, 2000);
    close(file);
}

/* Whatever it says: no byte comes back, and its own writes are taken. */
static void watch_silence(void)
{
    static const char ping[] = {(char)0x89, (char)0x80, 0, 0, 0, 0};
    static const char close_frame[] = {(char)0x88, (char)0x82, 0, 0, 0, 0, 3, (char)0xe8};
    int file = connect_and_upgrade();
    usleep(100000);
    ssize_t sent_bytes = send(file, ping, sizeof ping, MSG_NOSIGNAL);
    tell_end(file, LOOK_MS);
    sent_bytes += send(file, close_frame, sizeof close_frame, MSG_NOSIGNAL);
    tell_end(file, LOOK_MS);
    fprintf(report, " %zd sent", sent_bytes);
    close(file);
}

/* A polite end: the peer answers the close frame, and hears the FIN only then. */
static void watch_close(void)
{
    static const char answer[] = {(char)0x88, (char)0x82, 0, 0, 0, 0, 3, (char)0xe8};
    int file = connect_and_upgrade();
    tell_end(file, LOOK_MS);
    send(file, answer, sizeof answer, MSG_NOSIGNAL);
    tell_end(file, 2000);
    close(file);
}

static void watch_refusal(void)
{
    char text[2000] = "";
    int file = connect_soon();
    request(file);
    read_response(file, text, sizeof text);
    char *status = strtok(text, "\r\n");
    fprintf(report, "%s;", status ? status : "");
    for (char *line; (line = strtok(NULL, "\r\n"));)
        if (strncmp(line, "Retry", 5) == 0 || strncmp(line, "Sec-WebSocket-Accept", 20) == 0)
            fprintf(report, " %s;", line);
    tell_end(file, LOOK_MS);
    close(file);
}

static void watch_without_answer(void)
{
    int file = connect_soon();
    request(file);
    tell_end(file, LOOK_MS);
    close(file);
}

/* Nobody listens for a while: attempts are refused until one is not. */
static void watch_closed_port(void)
{
    int first = connect_and_upgrade();
    tell_end(first, 2000);
    close(first);
    int64_t refused_us = 0, begin_us = clock_monotonic_us();
    int file;
    while ((file = try_connect()) == -ECONNREFUSED) {
        refused_us = clock_monotonic_us() - begin_us;
        usleep(5000);
    }
    fprintf(report, " %s for %s ms;", refused_us ? "ECONNREFUSED" : "accepted",
            refused_us > 200000 && refused_us < 2000000 ? "300" : "other");
    request(file);
    tell_end(file, LOOK_MS / 2);
    close(file);
}

static unsigned segments_in(int file)
{
    uint32_t info[64] = {0}; /* struct tcp_info of the kernel: data_segs_in is its 38th word */
    socklen_t info_bytes = sizeof info;
    getsockopt(file, IPPROTO_TCP, 11 /* TCP_INFO */, info, &info_bytes);
    return info[38];
}

/* How many segments its messages come in, besides the response's own. */
static void count_segments(void)
{
    char data[4096];
    int file = connect_and_upgrade();
    unsigned before_count = segments_in(file);
    size_t size_bytes = 0;
    ssize_t read_bytes;
    while ((read_bytes = read_within(file, data, sizeof data, 1000)) > 0)
        size_bytes += (size_t)read_bytes;
    fprintf(report, "%zu bytes in %u segments", size_bytes, segments_in(file) - before_count);
    close(file);
}

/* ---- the run ---- */

static bool on_result(void *user, size_t index, struct live_result *result)
{
    (void)user, (void)index;
    transcript_free(result->transcript);
    free(result->client_error);
    free(result->error);
    return true;
}

static void on_hello(void *user, const struct driver_hello *hello)
{
    (void)user, (void)hello;
}

/* Its socket keeps the port from the tests beside this one, and the run can listen there. */
static int choose_port(void)
{
    int reuse = 1;
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t name_bytes = sizeof name;
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    cr_assert(bind(file, (struct sockaddr *)&name, sizeof name) == 0);
    getsockname(file, (struct sockaddr *)&name, &name_bytes);
    port = ntohs(name.sin_port);
    return file;
}

static void play(const char *steps)
{
    struct scenario_set scenarios = {0};
    struct error_list errors;
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_printf(&text, "{\"title\": \"t\", \"rules\": [\"C-1\"], \"steps\": [%s]}", steps);
    error_list_init(&errors);
    cr_assert(scenario_load(buffer_text(&text), text.size_bytes, "t.jsonc", "test/t", &scenarios,
                            &errors), "%s", errors.count ? errors.items[0].message : "?");
    struct live_config config = {
        .listen = "127.0.0.1", .port = port, .timeout_scale = 1, .command = DRIVER,
        .client_log = stderr};
    struct live_callbacks callbacks = {.on_hello = on_hello, .on_result = on_result};
    live_run(&config, (const struct scenario *const *)scenarios.items, 1, &callbacks);
    error_list_free(&errors);
    scenario_set_free(&scenarios);
    buffer_free(&text);
}

/* Plays the steps while `watch` looks on from a process of its own, and compares what it saw. */
static void expect_seen(const char *steps, void (*watch)(void), const char *wanted)
{
    char seen[8192] = "";
    int ends[2];
    int reserve = choose_port();
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        report = fdopen(ends[1], "w");
        watch();
        fclose(report);
        _exit(0);
    }
    close(ends[1]);
    play(steps);
    size_t size_bytes = 0;
    for (ssize_t got = 1; got > 0; size_bytes += got > 0 ? (size_t)got : 0)
        got = read(ends[0], seen + size_bytes, sizeof seen - 1 - size_bytes);
    close(ends[0]);
    close(reserve);
    waitpid(child, NULL, 0);
    cr_expect_str_eq(seen, wanted, "%s\n  seen:   %s\n  wanted: %s", steps, seen, wanted);
}

TestSuite(live_wire, .timeout = 120);

#define ACCEPT "{\"accept\": {}}, "
#define WAIT(ms) "{\"wait\": {\"ms\": " #ms "}}"
#define UPGRADED "HTTP/1.1 101; "

Test(live_wire, a_reset_is_a_tcp_reset)
{
    expect_seen(ACCEPT "{\"drop\": {\"how\": \"reset\"}}", watch_end, UPGRADED " ECONNRESET;");
}

Test(live_wire, a_fin_is_a_tcp_fin_without_a_close_frame)
{
    expect_seen(ACCEPT "{\"drop\": {\"how\": \"fin\"}}, " WAIT(100), watch_end, UPGRADED " FIN;");
}

Test(live_wire, a_polite_end_is_a_close_frame_and_a_fin_behind_the_answer)
{
    expect_seen(ACCEPT "{\"drop\": {\"how\": \"close\"}}", watch_close,
                UPGRADED "880203e8 open; FIN;");
    expect_seen(ACCEPT "{\"close\": {\"code\": 4000, \"reason\": \"so\"}}", watch_close,
                UPGRADED "88040fa0736f open; FIN;");
}

Test(live_wire, half_a_frame_is_followed_by_a_reset)
{
    expect_seen(ACCEPT "{\"drop\": {\"how\": \"mid-frame\"}}", watch_end,
                UPGRADED "81647b2274797065223a ECONNRESET;");
}

Test(live_wire, a_half_open_connection_answers_nothing_and_closes_nothing)
{
    expect_seen(ACCEPT "{\"drop\": {\"how\": \"silent\"}}, {\"publish\": {}}, " WAIT(1200),
                watch_silence, UPGRADED " open; open; 14 sent");
}

Test(live_wire, refusals_are_an_answer_a_reset_silence_or_a_wrong_accept)
{
    expect_seen("{\"refuse\": {\"status\": 429, \"headers\": {\"Retry-After\": \"1\"}}}, "
                WAIT(500), watch_refusal, "HTTP/1.1 429 Too Many Requests; Retry-After: 1; FIN;");
    expect_seen("{\"refuse\": {\"how\": \"reset\"}}, " WAIT(500), watch_without_answer,
                " ECONNRESET;");
    expect_seen("{\"refuse\": {\"how\": \"bad-accept\"}}, " WAIT(600), watch_refusal,
                "HTTP/1.1 101 Switching Protocols; "
                "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=; open;");
}

Test(live_wire, a_stalled_request_is_neither_answered_nor_ended)
{
    expect_seen("{\"refuse\": {\"how\": \"stall\"}}, " WAIT(600), watch_without_answer, " open;");
}

Test(live_wire, one_that_nobody_waits_for_yet_stays_in_the_handshake)
{
    expect_seen(WAIT(600), watch_without_answer, " open;");
}

Test(live_wire, a_closed_port_refuses_for_its_time_and_takes_connections_again)
{
    expect_seen(ACCEPT "{\"refuse\": {\"how\": \"closed\", \"for_ms\": 300}}, {\"drop\": {}}, "
                WAIT(600), watch_closed_port,
                UPGRADED " ECONNRESET; ECONNREFUSED for 300 ms; open;");
    expect_seen(ACCEPT "{\"restart\": {\"down_ms\": 300}}, " WAIT(300), watch_closed_port,
                UPGRADED " ECONNRESET; ECONNREFUSED for 300 ms; open;");
}

Test(live_wire, split_bytes_is_one_segment_for_every_so_many_bytes)
{
    char steps[400];
    static const struct {
        const char *text;
        int size_bytes, split_bytes;
        const char *wanted;
    } cases[] = {
        {"hi", 0, 1, UPGRADED "4 bytes in 4 segments"},
        {"x", 100, 10, UPGRADED "102 bytes in 11 segments"},
        {"x", 600, 1, UPGRADED "604 bytes in 604 segments"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(steps, sizeof steps,
                 ACCEPT WAIT(100) ", {\"send\": {\"text\": \"%s\", \"size\": %d, "
                 "\"split_bytes\": %d}}, {\"drop\": {\"how\": \"fin\"}}, " WAIT(100),
                 cases[i].text, cases[i].size_bytes, cases[i].split_bytes);
        expect_seen(steps, count_segments, cases[i].wanted);
    }
}

Test(live_wire, what_goes_with_the_upgrade_is_in_its_segment)
{
    expect_seen("{\"accept\": {\"with\": [{\"text\": \"hello\"}]}}, "
                "{\"drop\": {\"how\": \"fin\"}}", count_segments, UPGRADED "7 bytes in 0 segments");
}
