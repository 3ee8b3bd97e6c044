/* A full ring of 500 events replayed on a real socket, from the request to the last byte, against a
 * plain sender of the same bytes. The client is a thread with a blocking socket in both cases. */
#include "cmd/bench.h"

#include "cmd/command.h"
#include "core/scenario.h"
#include "core/ws.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLAYS_PER_ROUND 20
#define WAKE_US           1000 /* how often the loop looks whether the client is done */
#define READ_TIMEOUT_S    10

static const char scenario_text[] =
    "{ \"title\": \"a full ring, again and again\", \"rules\": [\"S-3\"], \"timeout_ms\": 3600000,"
    "  \"steps\": [ { \"accept\": {} }, { \"publish\": { \"count\": 500, \"live\": false } },"
    "             { \"wait\": { \"ms\": 3000000 } } ] }";

static const char upgrade[] = "GET /v1/ws?token=gapcheck-token HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                              "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
static const char resync[] =
    "{\"type\":\"resync\",\"last_seen_seq\":0,\"since\":\"2026-06-01T10:00:00.000Z\"}";
static const char ack[] = "\"resync_ack\""; /* its frame ends an answer, and ends with a brace */

/* ---- the client ---- */

struct peer {
    uint16_t port;
    size_t replay_count;
    size_t expected_bytes; /* of an answer; 0: it is measured by its ack */
    struct buffer request; /* what asks for it */
    bool has_upgrade;
    double *us;           /* [replay_count] */
    struct buffer answer; /* the last one */
    bool is_broken;
    atomic_bool is_done;
};

static int connect_to(uint16_t port)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = READ_TIMEOUT_S};
    int on = 1, file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0)
        return -1;
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(file, (struct sockaddr *)&name, sizeof name) == 0)
        return file;
    close(file);
    return -1;
}

static bool send_all(int file, const char *data, size_t size_bytes)
{
    while (size_bytes > 0) {
        ssize_t sent_bytes = send(file, data, size_bytes, MSG_NOSIGNAL);
        if (sent_bytes <= 0)
            return false;
        data += sent_bytes;
        size_bytes -= (size_t)sent_bytes;
    }
    return true;
}

static bool ends_with_ack(const struct buffer *answer)
{
    size_t tail_bytes = answer->size_bytes < 200 ? answer->size_bytes : 200;
    const char *tail = answer->data + answer->size_bytes - tail_bytes;
    if (tail_bytes < sizeof ack || tail[tail_bytes - 1] != '}')
        return false;
    for (size_t at = 0; at + sizeof ack - 1 <= tail_bytes; at++)
        if (memcmp(tail + at, ack, sizeof ack - 1) == 0)
            return true;
    return false;
}

static bool read_more(int file, struct buffer *answer)
{
    static _Thread_local char piece[64 << 10];
    ssize_t read_bytes = recv(file, piece, sizeof piece, 0);
    return read_bytes > 0 && buffer_append(answer, piece, (size_t)read_bytes);
}

static bool read_answer(int file, struct peer *peer)
{
    buffer_clear(&peer->answer);
    do {
        if (!read_more(file, &peer->answer))
            return false;
    } while (peer->expected_bytes ? peer->answer.size_bytes < peer->expected_bytes
                                  : !ends_with_ack(&peer->answer));
    return true;
}

static bool shake_hands(int file)
{
    struct buffer response;
    buffer_init(&response, 64 << 10);
    bool is_good = send_all(file, upgrade, sizeof upgrade - 1);
    while (is_good && !strstr(buffer_text(&response), "\r\n\r\n"))
        is_good = read_more(file, &response);
    buffer_free(&response);
    return is_good;
}

static void *ask(void *user)
{
    struct peer *peer = user;
    int file = connect_to(peer->port);
    peer->is_broken = file < 0 || (peer->has_upgrade && !shake_hands(file));
    for (size_t i = 0; i < peer->replay_count && !peer->is_broken; i++) {
        int64_t start_ns = bench_wall_ns();
        peer->is_broken = !send_all(file, peer->request.data, peer->request.size_bytes) ||
                          !read_answer(file, peer);
        peer->us[i] = (double)(bench_wall_ns() - start_ns) / 1000;
    }
    if (file >= 0)
        close(file);
    atomic_store(&peer->is_done, true);
    return NULL;
}

/* ---- gapcheck's server ---- */

struct host {
    struct loop *loop;
    struct server *server;
    struct session *session;
    struct loop_timer pulse;
    int64_t start_us;
};

static int64_t now_of(const struct host *host)
{
    return clock_monotonic_us() - host->start_us;
}

static void follow(struct host *host)
{
    struct session_effect effect;
    while (session_next_effect(host->session, &effect)) {
        if (effect.kind == SESSION_EFFECT_WRITE)
            server_write(host->server, effect.connection, effect.data, effect.size_bytes,
                         effect.own_segment);
        else if (effect.kind == SESSION_EFFECT_DRAIN)
            server_drain(host->server, effect.connection);
        else if (effect.kind == SESSION_EFFECT_END)
            server_end(host->server, effect.connection, effect.end);
    }
}

static void on_connected(void *user, uint32_t connection)
{
    struct host *host = user;
    (void)connection;
    session_connected(host->session, now_of(host));
    follow(host);
}

static void on_received(void *user, uint32_t connection, const char *data, size_t size_bytes)
{
    struct host *host = user;
    session_received(host->session, connection, data, size_bytes, now_of(host));
    follow(host);
}

static void on_drained(void *user, uint32_t connection)
{
    struct host *host = user;
    session_drained(host->session, connection, now_of(host));
    follow(host);
}

static void on_ended(void *user, uint32_t connection, bool was_reset)
{
    struct host *host = user;
    session_ended(host->session, connection, was_reset, now_of(host));
    follow(host);
}

static void on_failed(void *user, const char *why)
{
    struct host *host = user;
    session_fail(host->session, why, now_of(host));
}

static void on_pulse(void *user)
{
    struct host *host = user;
    loop_timer_set(host->loop, &host->pulse, WAKE_US, on_pulse, host);
}

static bool host_open(struct host *host, const struct scenario *scenario, struct error *error)
{
    struct session_config config = {
        .scenario = scenario,
        .client = "bench",
        .host = "127.0.0.1",
        .seed = 1,
        .wall_start_ms = clock_wall_ms(),
        .timeout_scale = 1,
    };
    struct server_callbacks callbacks = {host,       on_connected, on_received,
                                         on_drained, on_ended,     on_failed};
    *host = (struct host){.start_us = clock_monotonic_us()};
    host->loop = loop_new(error);
    if (!host->loop)
        return false;
    host->server = server_new(host->loop, "127.0.0.1", 0, NULL, &callbacks, error);
    if (!host->server) {
        loop_free(host->loop);
        return false;
    }
    host->session = session_new(&config);
    session_start(host->session, now_of(host));
    follow(host);
    on_pulse(host);
    return true;
}

static void host_close(struct host *host)
{
    server_free(host->server);
    loop_timer_cancel(&host->pulse);
    loop_free(host->loop);
    session_free(host->session);
}

static bool replay_ours(struct peer *peer, const struct scenario *scenario, struct error *error)
{
    struct host host;
    pthread_t thread;
    if (!host_open(&host, scenario, error))
        return false;
    peer->port = server_port(host.server);
    bool is_started = pthread_create(&thread, NULL, ask, peer) == 0;
    while (is_started && !atomic_load(&peer->is_done)) {
        loop_turn(host.loop);
        if (session_deadline_us(host.session) <= now_of(&host)) {
            session_tick(host.session, now_of(&host));
            follow(&host);
        }
    }
    if (is_started)
        pthread_join(thread, NULL);
    host_close(&host);
    if (is_started && !peer->is_broken)
        return true;
    error_set(error, NULL, "the replay did not come whole");
    return false;
}

/* ---- the plain sender ---- */

static void serve_plainly(int file, const struct peer *peer, const struct buffer *answer)
{
    char request[1024];
    for (size_t i = 0; i < peer->replay_count; i++)
        if (recv(file, request, sizeof request, 0) <= 0 ||
            !send_all(file, answer->data, answer->size_bytes))
            return;
}

static bool replay_plainly(struct peer *peer, const struct buffer *answer, struct error *error)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t name_bytes = sizeof name;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pthread_t thread;
    bool is_good = listener >= 0 && bind(listener, (struct sockaddr *)&name, sizeof name) == 0 &&
                   listen(listener, 1) == 0 &&
                   getsockname(listener, (struct sockaddr *)&name, &name_bytes) == 0;
    peer->port = ntohs(name.sin_port);
    if (is_good && pthread_create(&thread, NULL, ask, peer) == 0) {
        int file = accept(listener, NULL, NULL);
        if (file >= 0) {
            setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            serve_plainly(file, peer, answer);
        }
        pthread_join(thread, NULL);
        if (file >= 0)
            close(file);
        is_good = !peer->is_broken;
    } else {
        is_good = false;
    }
    if (listener >= 0)
        close(listener);
    if (!is_good)
        error_set(error, NULL, "the plain sender could not be set up");
    return is_good;
}

/* ---- both ---- */

static double median_us(const double *us, size_t count)
{
    struct bench_series series = {.count = 0};
    for (size_t i = 0; i < count; i++)
        bench_series_add(&series, us[i]);
    return bench_median(&series);
}

static struct peer make_peer(double *us)
{
    struct peer peer = {.replay_count = REPLAYS_PER_ROUND, .us = us};
    buffer_init(&peer.request, BUFFER_NO_LIMIT);
    buffer_init(&peer.answer, BUFFER_NO_LIMIT);
    return peer;
}

static bool measure(const struct scenario *scenario, double *own_us, double *peer_us,
                    struct error *error)
{
    static const uint8_t mask[4] = {1, 2, 3, 4};
    double us[REPLAYS_PER_ROUND];
    struct peer ours = make_peer(us);
    struct ws_frame frame = {.opcode = WS_OPCODE_TEXT, .is_final = true, .mask_key = mask};
    ws_append_frame(&ours.request, &frame, resync, sizeof resync - 1);
    ours.has_upgrade = true;
    bool is_good = replay_ours(&ours, scenario, error);
    *own_us = median_us(us, REPLAYS_PER_ROUND);
    if (is_good) {
        struct peer plain = make_peer(us);
        buffer_append(&plain.request, ours.request.data, ours.request.size_bytes);
        plain.expected_bytes = ours.answer.size_bytes;
        is_good = replay_plainly(&plain, &ours.answer, error);
        *peer_us = median_us(us, REPLAYS_PER_ROUND);
        buffer_free(&plain.request);
        buffer_free(&plain.answer);
    }
    buffer_free(&ours.request);
    buffer_free(&ours.answer);
    return is_good;
}

bool bench_replay(struct bench *bench)
{
    struct scenario_set set = {0};
    struct error_list errors;
    struct error error;
    error_list_init(&errors);
    bool is_good =
        scenario_load(scenario_text, sizeof scenario_text - 1, "bench", "bench", &set, &errors);
    error_list_free(&errors);
    struct bench_row *row = bench_add(bench, "sockets", "replay of 500 events, to the last byte",
                                      "µs", "plain TCP sender of the same bytes");
    if (!is_good)
        error_set(&error, NULL, "the scenario of the replay is not valid");
    for (size_t round = 0; round <= bench->round_count && is_good; round++) {
        double own_us = 0, peer_us = 0;
        is_good = measure(set.items[0], &own_us, &peer_us, &error);
        if (round == 0 || !is_good)
            continue;
        bench_series_add(&row->own, own_us);
        bench_series_add(&row->peer_own, peer_us);
    }
    if (!is_good)
        command_print_error(&error);
    scenario_set_free(&set);
    return is_good;
}
