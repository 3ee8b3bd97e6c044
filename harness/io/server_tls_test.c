#define _GNU_SOURCE
#include "io/server_fixture.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

/* ---- the peer: OpenSSL's client; every byte of it passes through our hands ---- */

static struct {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out; /* owned by `ssl` */
    int socket;
    size_t piece_bytes;      /* of what it sends at once; 0: all */
    ssize_t socket_end;      /* what recv said at the end: 0, -errno, or 1 while it goes on */
} peer;

static struct tls_identity *own_identity;

static void begin_tls(void)
{
    struct error error = {0};
    own_identity = tls_identity_new("127.0.0.1", &error);
    cr_assert(own_identity, "%s", error.message);
    identity = own_identity;
    begin();
    memset(&peer, 0, sizeof peer);
    peer.context = SSL_CTX_new(TLS_client_method());
}

static void end_tls(void)
{
    SSL_free(peer.ssl);
    SSL_CTX_free(peer.context);
    end();
    tls_identity_free(own_identity);
}

TestSuite(server_tls, .init = begin_tls, .fini = end_tls, .timeout = 60);

static void connect_tls_peer(void)
{
    cr_assert_eq(SSL_CTX_load_verify_locations(peer.context,
                                               tls_identity_ca_file(own_identity), NULL), 1);
    SSL_CTX_set_verify(peer.context, SSL_VERIFY_PEER, NULL);
    peer.ssl = SSL_new(peer.context);
    peer.in = BIO_new(BIO_s_mem());
    peer.out = BIO_new(BIO_s_mem());
    SSL_set_bio(peer.ssl, peer.in, peer.out);
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(peer.ssl), "127.0.0.1");
    SSL_set_connect_state(peer.ssl);
    peer.socket = connect_peer();
    peer.socket_end = 1;
}

/* Carries bytes both ways and lets the server work. */
static void pump(void)
{
    char data[65536];
    size_t piece_bytes = peer.piece_bytes ? peer.piece_bytes : sizeof data;
    int sent_bytes;
    while ((sent_bytes = BIO_read(peer.out, data, (int)piece_bytes)) > 0) {
        /* Reset meanwhile, perhaps: the reads tell. */
        if (send(peer.socket, data, (size_t)sent_bytes, MSG_NOSIGNAL) != sent_bytes)
            break;
        loop_turn(record.loop);
    }
    loop_turn(record.loop);
    ssize_t read_bytes;
    while ((read_bytes = recv(peer.socket, data, sizeof data, 0)) > 0)
        BIO_write(peer.in, data, (int)read_bytes);
    if (read_bytes == 0 || errno != EAGAIN)
        peer.socket_end = read_bytes == 0 ? 0 : -errno;
}

static void shake_hands(void)
{
    for (int64_t end_us = clock_monotonic_us() + 5000000; SSL_do_handshake(peer.ssl) != 1; pump())
        cr_assert(clock_monotonic_us() < end_us && peer.socket_end == 1, "no handshake");
    pump();
}

static void say(const char *data, size_t size_bytes)
{
    cr_assert_eq(SSL_write(peer.ssl, data, (int)size_bytes), (int)size_bytes);
    uint32_t ended_count = record.ended_count;
    size_t wanted_bytes = record.received.size_bytes + size_bytes;
    while (record.received.size_bytes < wanted_bytes && record.ended_count == ended_count)
        pump();
}

/* At most `size_bytes` of what the server says; short at the end of the connection. */
static size_t hear(char *data, size_t size_bytes)
{
    size_t heard_bytes = 0;
    int64_t end_us = clock_monotonic_us() + 5000000;
    while (heard_bytes < size_bytes && clock_monotonic_us() < end_us) {
        int got = SSL_read(peer.ssl, data + heard_bytes, (int)(size_bytes - heard_bytes));
        if (got > 0)
            heard_bytes += (size_t)got;
        else if (SSL_get_error(peer.ssl, got) != SSL_ERROR_WANT_READ || peer.socket_end < 1)
            break;
        else
            pump();
    }
    return heard_bytes;
}

static void connect_and_shake_hands(void)
{
    connect_tls_peer();
    shake_hands();
}

/* ---- the handshake ---- */

Test(server_tls, a_client_that_verifies_everything_gets_through_and_bytes_go_both_ways)
{
    char data[16] = "";
    connect_and_shake_hands();
    cr_expect_eq(SSL_get_verify_result(peer.ssl), X509_V_OK);
    say("hello", 5);
    cr_expect_str_eq(buffer_text(&record.received), "hello");
    server_write(record.server, 1, "and back", 8, false);
    cr_expect_eq(hear(data, 8), 8);
    cr_expect_str_eq(data, "and back");
    close(peer.socket);
    turn_until(&record.ended_count, 1);
    cr_expect_str_eq(record.order, "cre");
}

Test(server_tls, a_handshake_of_single_bytes_is_one_all_the_same)
{
    peer.piece_bytes = 1;
    connect_and_shake_hands();
    say("one at a time", 13);
    cr_expect_str_eq(buffer_text(&record.received), "one at a time");
    cr_expect_str_eq(record.order, "cr");
    close(peer.socket);
}

Test(server_tls, plain_bytes_instead_of_a_handshake_end_the_connection)
{
    static const char *const wrong[] = {"GET /v1/ws HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01",
                                        "nothing of the kind\r\n"};
    for (uint32_t i = 0; i < 3; i++) {
        char data[64];
        int socket = connect_peer();
        cr_assert_gt(send(socket, wrong[i], strlen(wrong[i]), 0), 0);
        if (i == 1) /* a record that never becomes whole: only the peer ends that */
            shutdown(socket, SHUT_WR);
        turn_until(&record.ended_count, i + 1);
        cr_expect_not(record.was_reset);
        ssize_t read_bytes = peer_read(socket, data, sizeof data, 1000);
        if (read_bytes > 0) /* an alert */
            read_bytes = peer_read(socket, data, sizeof data, 1000);
        cr_expect_eq(read_bytes, 0, "%zd", read_bytes);
        close(socket);
    }
    cr_expect_str_eq(record.order, "cecece");
}

Test(server_tls, what_is_written_before_the_handshake_waits_for_it_and_so_does_the_drain)
{
    char data[16] = "";
    connect_tls_peer();
    server_write(record.server, 1, "early", 5, false);
    server_drain(record.server, 1);
    turn_for(50);
    cr_expect_eq(record.drained_count, 0);
    shake_hands();
    cr_expect_eq(hear(data, 5), 5);
    cr_expect_str_eq(data, "early");
    turn_until(&record.drained_count, 1);
    close(peer.socket);
}

/* ---- bytes ---- */

Test(server_tls, ten_megabytes_arrive_whole_in_both_directions)
{
    enum { SIZE_BYTES = 10 << 20, PIECE_BYTES = 1000, BACK_BYTES = 1 << 20 };
    char *sent = memory_alloc(SIZE_BYTES, 1), *got = memory_alloc(SIZE_BYTES, 1);
    for (size_t i = 0; i < SIZE_BYTES; i++)
        sent[i] = (char)(i * 31 >> 3);
    connect_and_shake_hands();
    for (size_t at = 0; at < SIZE_BYTES; at += PIECE_BYTES) {
        size_t left_bytes = SIZE_BYTES - at;
        cr_assert(server_write(record.server, 1, sent + at,
                               left_bytes < PIECE_BYTES ? left_bytes : PIECE_BYTES, false));
    }
    server_drain(record.server, 1);
    turn_for(50); /* nobody reads: it chokes */
    cr_expect_eq(record.drained_count, 0);
    cr_expect_eq(hear(got, SIZE_BYTES), SIZE_BYTES);
    cr_expect(memcmp(sent, got, SIZE_BYTES) == 0);
    turn_until(&record.drained_count, 1);
    peer.piece_bytes = 7777; /* no border of a record is one of a read */
    for (size_t at = 0; at < BACK_BYTES; at += BACK_BYTES / 16)
        say(sent + at, BACK_BYTES / 16);
    cr_expect_eq(record.received.size_bytes, BACK_BYTES);
    cr_expect(memcmp(sent, record.received.data, BACK_BYTES) == 0);
    free(sent);
    free(got);
    close(peer.socket);
}

static size_t segments_in(void)
{
    uint32_t info[64] = {0}; /* struct tcp_info of the kernel: data_segs_in is its 38th word */
    socklen_t info_bytes = sizeof info;
    cr_assert(getsockopt(peer.socket, IPPROTO_TCP, 11 /* TCP_INFO */, info, &info_bytes) == 0);
    return info[38];
}

Test(server_tls, records_of_one_turn_are_joined_and_a_segment_of_its_own_is_not)
{
    char data[16];
    connect_and_shake_hands();
    size_t before_count = segments_in();
    for (int i = 0; i < 5; i++)
        server_write(record.server, 1, "ab", 2, false);
    cr_expect_eq(hear(data, 10), 10);
    cr_expect_eq(segments_in(), before_count + 1);
    for (int i = 0; i < 5; i++)
        server_write(record.server, 1, "x", 1, true);
    cr_expect_eq(hear(data, 5), 5);
    cr_expect_eq(segments_in(), before_count + 6);
    close(peer.socket);
}

/* ---- ends ---- */

Test(server_tls, a_fin_follows_a_close_notify_which_follows_what_is_queued)
{
    char data[16];
    connect_and_shake_hands();
    server_write(record.server, 1, "bye", 3, false);
    server_end(record.server, 1, SESSION_END_FIN);
    cr_expect_eq(hear(data, sizeof data), 3);
    cr_expect_eq(SSL_get_shutdown(peer.ssl), SSL_RECEIVED_SHUTDOWN);
    while (peer.socket_end == 1)
        pump();
    cr_expect_eq(peer.socket_end, 0);
    close(peer.socket);
}

Test(server_tls, a_reset_in_the_middle_is_a_reset_without_a_close_notify)
{
    enum { SIZE_BYTES = 8 << 20 };
    static char data[SIZE_BYTES];
    connect_and_shake_hands();
    cr_assert(server_write(record.server, 1, data, sizeof data, false));
    cr_expect_eq(hear(data, 100000), 100000);
    server_end(record.server, 1, SESSION_END_RESET);
    cr_expect_lt(hear(data, SIZE_BYTES), SIZE_BYTES - 100000);
    cr_expect_eq(peer.socket_end, -ECONNRESET);
    cr_expect_eq(SSL_get_shutdown(peer.ssl), 0);
    close(peer.socket);
    turn_for(20);
    cr_expect_str_eq(record.order, "c");
}

Test(server_tls, silence_says_nothing_and_no_close_notify)
{
    connect_and_shake_hands();
    server_end(record.server, 1, SESSION_END_SILENT);
    cr_assert_eq(SSL_write(peer.ssl, "anybody?", 8), 8);
    for (int64_t end_us = clock_monotonic_us() + 200000; clock_monotonic_us() < end_us;)
        pump();
    cr_expect_eq(peer.socket_end, 1);
    cr_expect_eq(BIO_pending(peer.in), 0);
    cr_expect_str_eq(record.order, "c");
    peer_reset(peer.socket);
    turn_until(&record.ended_count, 1);
    cr_expect(record.was_reset);
}

Test(server_tls, the_peers_close_notify_its_reset_and_its_fin_are_told_once_and_after_its_words)
{
    for (uint32_t i = 0; i < 3; i++) {
        connect_and_shake_hands();
        cr_assert_eq(SSL_write(peer.ssl, "last", 4), 4);
        if (i == 0)
            SSL_shutdown(peer.ssl);
        pump();
        while (i == 1 && record.received.size_bytes < 8) /* a reset would outrun it */
            pump();
        if (i == 1)
            peer_reset(peer.socket);
        else
            close(peer.socket);
        turn_until(&record.ended_count, i + 1);
        cr_expect_eq(record.was_reset, i == 1);
        turn_for(20);
        cr_expect_eq(record.ended_count, i + 1);
        cr_expect_eq(record.received.size_bytes, 4 * (i + 1));
        SSL_free(peer.ssl);
        peer.ssl = NULL;
    }
    cr_expect_str_eq(record.order, "crecrecre");
}

static void end_from_within(struct record *self, uint32_t connection)
{
    server_end(self->server, connection, SESSION_END_FIN);
    self->on_next_received = NULL;
}

Test(server_tls, what_comes_behind_the_piece_that_made_the_session_end_it_is_not_told)
{
    connect_and_shake_hands();
    record.on_next_received = end_from_within;
    cr_assert_eq(SSL_write(peer.ssl, "first", 5), 5);
    cr_assert_eq(SSL_write(peer.ssl, "second", 6), 6);
    while (peer.socket_end == 1)
        pump();
    cr_expect_str_eq(buffer_text(&record.received), "first");
    cr_expect_eq(peer.socket_end, 0);
    close(peer.socket);
}

/* ---- the reference client ---- */

/* Whether the reference client says anything to our server if it trusts `ca_file`. */
static bool reference_connects(const char *ca_file)
{
    char command[600];
    snprintf(command, sizeof command,
             "(echo '{\"op\":\"start\",\"client\":\"a\",\"url\":\"wss://127.0.0.1:%u/v1/ws\","
             "\"token\":\"t\",\"channels\":[],\"options\":{\"ca_file\":\"%s\","
             "\"max_reconnect_attempts\":0}}'; sleep 60) | exec %s reference-client >/dev/null",
             server_port(record.server), ca_file, GAPCHECK_BINARY);
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    setpgid(child, child);
    uint32_t ended_count = record.ended_count;
    size_t before_bytes = record.received.size_bytes;
    for (int64_t end_us = clock_monotonic_us() + 8000000; clock_monotonic_us() < end_us;) {
        if (record.ended_count > ended_count || record.received.size_bytes > before_bytes)
            break;
        loop_turn(record.loop);
    }
    kill(-child, SIGKILL);
    waitpid(child, NULL, 0);
    return record.received.size_bytes > before_bytes;
}

Test(server_tls, the_reference_client_connects_only_if_it_trusts_the_certificate)
{
    struct error error = {0};
    struct tls_identity *other = tls_identity_new("127.0.0.1", &error);
    cr_assert(other, "%s", error.message);
    cr_expect_not(reference_connects(tls_identity_ca_file(other)));
    cr_expect(reference_connects(tls_identity_ca_file(own_identity)));
    tls_identity_free(other);
}
