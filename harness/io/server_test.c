#define _GNU_SOURCE
#include "io/server_fixture.h"

TestSuite(server, .init = begin, .fini = end, .timeout = 60);

/* ---- reading and writing ---- */

Test(server, what_the_peer_sends_arrives_and_its_fin_is_told_after_it)
{
    int peer = connect_peer();
    cr_assert(send(peer, "hello", 5, 0) == 5);
    close(peer);
    turn_until(&record.ended_count, 1);
    cr_expect_str_eq(buffer_text(&record.received), "hello");
    cr_expect_str_eq(record.order, "cre");
    cr_expect_not(record.was_reset);
}

Test(server, what_the_peer_sent_before_a_reset_arrives_and_the_reset_is_told_as_one)
{
    enum { SIZE_BYTES = 1 << 20 };
    static char data[SIZE_BYTES];
    int peer = connect_peer();
    ssize_t sent_bytes = send(peer, data, sizeof data, 0);
    cr_assert(sent_bytes > 0);
    /* The unsent part dies with the reset; the rest is in our kernel by now. */
    peer_reset(peer);
    turn_until(&record.ended_count, 1);
    cr_expect(record.was_reset);
    cr_expect_gt(record.received.size_bytes, 0);
    cr_expect_str_eq(record.order, "cre");
}

static int dying_peer;

static void send_last_words_and_reset(struct record *self, uint32_t connection)
{
    (void)connection;
    self->on_next_received = NULL;
    cr_assert(send(dying_peer, ", last", 6, 0) == 6);
    peer_reset(dying_peer);
}

Test(server, data_before_a_reset_arrives_though_a_write_of_ours_fails_first)
{
    /* The loop reads `first` and then, without another look, writes to what is reset meanwhile. */
    dying_peer = connect_peer();
    record.on_next_received = send_last_words_and_reset;
    cr_assert(send(dying_peer, "first", 5, 0) == 5);
    cr_assert(server_write(record.server, 1, "x", 1, false));
    turn_until(&record.ended_count, 1);
    cr_expect_str_eq(buffer_text(&record.received), "first, last");
    cr_expect(record.was_reset);
}

Test(server, a_reset_without_any_data_is_told_as_one)
{
    int peer = connect_peer();
    peer_reset(peer);
    turn_until(&record.ended_count, 1);
    cr_expect(record.was_reset);
    cr_expect_str_eq(record.order, "ce");
}

Test(server, a_connection_that_was_reset_before_it_was_accepted_is_told_of)
{
    int peer = try_connect();
    peer_reset(peer);
    turn_until(&record.ended_count, 1);
    cr_expect_str_eq(record.order, "ce");
    cr_expect(record.was_reset);
}

Test(server, ten_megabytes_arrive_whole_while_the_peer_sends_too)
{
    enum { SIZE_BYTES = 10 << 20, PIECE_BYTES = 1000 };
    char *sent = memory_alloc(SIZE_BYTES, 1), *got = memory_alloc(SIZE_BYTES, 1);
    for (size_t i = 0; i < SIZE_BYTES; i++)
        sent[i] = (char)(i * 31 >> 3);
    int peer = connect_peer();
    for (size_t at = 0; at < SIZE_BYTES; at += PIECE_BYTES) {
        size_t left_bytes = SIZE_BYTES - at;
        cr_assert(server_write(record.server, 1, sent + at,
                               left_bytes < PIECE_BYTES ? left_bytes : PIECE_BYTES, false));
    }
    server_drain(record.server, 1);
    turn_for(50); /* nobody reads: it chokes, and hears us all the same */
    cr_assert(send(peer, "still there?", 12, 0) == 12);
    turn_for(50);
    cr_expect_str_eq(buffer_text(&record.received), "still there?");
    cr_expect_eq(record.drained_count, 0);
    size_t size_bytes = 0;
    while (size_bytes < SIZE_BYTES) {
        ssize_t read_bytes = peer_read(peer, got + size_bytes, SIZE_BYTES - size_bytes, 5000);
        cr_assert(read_bytes > 0, "%zd after %zu bytes", read_bytes, size_bytes);
        size_bytes += (size_t)read_bytes;
    }
    cr_expect(memcmp(sent, got, SIZE_BYTES) == 0);
    turn_until(&record.drained_count, 1);
    free(sent);
    free(got);
    close(peer);
}

/* Sizes of the peer's reads, one per segment where it reads before the next one is sent. */
Test(server, neighbours_are_joined_and_a_segment_of_its_own_is_not)
{
    char data[64];
    int peer = connect_peer();
    server_write(record.server, 1, "a", 1, false);
    server_write(record.server, 1, "b", 1, false);
    cr_expect_eq(peer_read(peer, data, sizeof data, 1000), 2);
    /* MSG_PEEK shows no borders, but the kernel counts the segments that came. */
    for (int i = 0; i < 10; i++)
        server_write(record.server, 1, "x", 1, true);
    server_write(record.server, 1, "y", 1, false);
    server_write(record.server, 1, "z", 1, false);
    server_drain(record.server, 1);
    turn_until(&record.drained_count, 1);
    uint32_t info[64] = {0}; /* struct tcp_info of the kernel: data_segs_in is its 38th word */
    socklen_t info_bytes = sizeof info;
    cr_assert(getsockopt(peer, IPPROTO_TCP, 11 /* TCP_INFO */, info, &info_bytes) == 0);
    cr_expect_eq(recv(peer, data, sizeof data, 0), 12);
    cr_expect_eq(info[38], 1 + 10 + 1, "%u segments", info[38]);
    close(peer);
}

Test(server, a_drain_is_told_once_and_soon_even_if_nothing_was_queued)
{
    int peer = connect_peer();
    int64_t begin_us = clock_monotonic_us();
    server_drain(record.server, 1);
    turn_until(&record.drained_count, 1);
    cr_expect_lt(clock_monotonic_us() - begin_us, 100000);
    turn_for(30);
    cr_expect_eq(record.drained_count, 1);
    close(peer);
}

/* ---- ends ---- */

Test(server, a_reset_is_a_reset_and_drops_what_is_queued)
{
    char data[64];
    int peer = connect_peer();
    server_write(record.server, 1, "never", 5, false);
    server_end(record.server, 1, SESSION_END_RESET);
    cr_expect_eq(peer_read(peer, data, sizeof data, 1000), -ECONNRESET);
    turn_for(20);
    cr_expect_str_eq(record.order, "c");
    /* Its number does no harm any more. */
    server_write(record.server, 1, "x", 1, false);
    server_drain(record.server, 1);
    server_end(record.server, 1, SESSION_END_FIN);
    close(peer);
}

static void reset_from_within(struct record *self, uint32_t connection)
{
    server_end(self->server, connection, SESSION_END_RESET);
    server_end(self->server, connection, SESSION_END_FIN);
    server_write(self->server, connection, "x", 1, false);
}

Test(server, a_connection_can_be_reset_from_within_its_own_callbacks)
{
    char data[64];
    int peer = connect_peer();
    record.on_next_received = reset_from_within;
    cr_assert(send(peer, "x", 1, 0) == 1);
    cr_expect_eq(peer_read(peer, data, sizeof data, 1000), -ECONNRESET);
    close(peer);
    record.on_next_connected = reset_from_within;
    peer = connect_peer();
    cr_expect_eq(peer_read(peer, data, sizeof data, 1000), -ECONNRESET);
    close(peer);
    cr_expect_eq(record.ended_count, 0);
}

Test(server, a_fin_comes_after_what_is_queued_and_is_no_reset_though_the_peer_goes_on_sending)
{
    char data[64];
    int peer = connect_peer();
    cr_assert(send(peer, "unread", 6, 0) == 6);
    server_write(record.server, 1, "bye", 3, false);
    server_end(record.server, 1, SESSION_END_FIN);
    cr_expect_eq(peer_read(peer, data, sizeof data, 1000), 3);
    cr_expect_eq(peer_read(peer, data, sizeof data, 1000), 0);
    for (int i = 0; i < 20; i++) {
        cr_expect_eq(send(peer, "more", 4, MSG_NOSIGNAL), 4);
        turn_for(2);
    }
    cr_expect_eq(recv(peer, data, sizeof data, 0), 0);
    int reason = -1;
    socklen_t reason_bytes = sizeof reason;
    getsockopt(peer, SOL_SOCKET, SO_ERROR, &reason, &reason_bytes);
    cr_expect_eq(reason, 0);
    close(peer);
    turn_for(20);
    cr_expect_str_eq(record.order, "c"); /* and nobody hears of it */
}

Test(server, a_fin_waits_for_a_peer_that_reads_slowly)
{
    enum { SIZE_BYTES = 8 << 20 };
    static char data[SIZE_BYTES];
    int peer = connect_peer();
    cr_assert(server_write(record.server, 1, data, sizeof data, false));
    server_end(record.server, 1, SESSION_END_FIN);
    turn_for(50);
    size_t size_bytes = 0;
    ssize_t read_bytes;
    while ((read_bytes = peer_read(peer, data, sizeof data, 2000)) > 0)
        size_bytes += (size_t)read_bytes;
    cr_expect_eq(read_bytes, 0);
    cr_expect_eq(size_bytes, SIZE_BYTES);
    close(peer);
}

Test(server, silence_writes_nothing_reads_nothing_and_lasts_until_the_server_goes)
{
    char data[64];
    int peer = connect_peer();
    server_write(record.server, 1, "never", 5, false);
    server_end(record.server, 1, SESSION_END_SILENT);
    server_write(record.server, 1, "nor this", 8, false);
    cr_assert(send(peer, "anybody?", 8, 0) == 8);
    cr_expect_eq(peer_read(peer, data, sizeof data, 200), -EAGAIN);
    cr_expect_str_eq(record.order, "c");
    server_free(record.server);
    record.server = NULL;
    cr_expect_leq(recv(peer, data, sizeof data, 0), 0);
    cr_expect_neq(errno, EAGAIN);
    close(peer);
}

Test(server, the_end_of_a_silent_connection_by_its_peer_is_told_once)
{
    for (int i = 0; i < 2; i++) {
        uint32_t number = record.connected_count + 1;
        int peer = connect_peer();
        server_end(record.server, number, SESSION_END_SILENT);
        cr_assert(send(peer, "unread", 6, 0) == 6);
        if (i == 0)
            close(peer);
        else
            peer_reset(peer);
        turn_until(&record.ended_count, number);
        cr_expect_eq(record.was_reset, i == 1);
        turn_for(50);
        cr_expect_eq(record.ended_count, number);
    }
    cr_expect_str_eq(record.order, "cece");
}

/* ---- the port ---- */

Test(server, a_closed_port_refuses_at_once_and_opens_again_under_its_number)
{
    uint16_t port = server_port(record.server);
    int kept = connect_peer();
    for (int i = 0; i < 3; i++) {
        cr_assert(server_listen(record.server, false, NULL));
        cr_expect_eq(try_connect(), -1);
        cr_expect_eq(errno, ECONNREFUSED);
        cr_assert(server_listen(record.server, true, NULL));
        cr_expect_eq(server_port(record.server), port);
        close(connect_peer());
    }
    /* Connections outlive it. */
    char data[8];
    server_write(record.server, 1, "x", 1, false);
    cr_expect_eq(peer_read(kept, data, sizeof data, 1000), 1);
    close(kept);
}

Test(server, connections_not_yet_accepted_are_reset_with_the_port)
{
    char data[8];
    int peer = try_connect();
    cr_assert(peer >= 0);
    cr_assert(server_listen(record.server, false, NULL));
    cr_expect_eq(peer_read(peer, data, sizeof data, 1000), -ECONNRESET);
    cr_expect_eq(record.connected_count, 0);
    close(peer);
}

static void close_and_open_port(struct record *self, uint32_t connection)
{
    server_end(self->server, connection, SESSION_END_RESET);
    server_listen(self->server, false, NULL);
    cr_expect_eq(try_connect(), -1);
    cr_expect_eq(errno, ECONNREFUSED);
    struct error error = {0};
    cr_expect(server_listen(self->server, true, &error), "%s", error.message);
    self->on_next_connected = NULL;
}

Test(server, the_port_can_be_closed_and_opened_from_within_a_callback_about_a_new_connection)
{
    char data[8];
    record.on_next_connected = close_and_open_port;
    int peers[] = {try_connect(), try_connect()};
    turn_until(&record.connected_count, 1);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(peer_read(peers[i], data, sizeof data, 1000), -ECONNRESET);
        close(peers[i]);
    }
    close(connect_peer());
    cr_expect_eq(record.connected_count, 2);
}

Test(server, a_port_that_is_taken_is_an_error_that_says_what_to_do)
{
    struct error error = {0};
    char message[80];
    uint16_t port = server_port(record.server);
    cr_assert_null(open_server(port, &error));
    snprintf(message, sizeof message, "cannot listen on 127.0.0.1:%u: address already in use",
             port);
    cr_expect_str_eq(error.message, message);
    cr_expect_str_eq(error.hint, "free it or choose another with --port");
}

Test(server, an_address_that_is_none_is_an_error)
{
    struct error error = {0};
    struct server_callbacks callbacks = {0};
    cr_assert_null(server_new(record.loop, "localhost", 0, NULL, &callbacks, &error));
    cr_expect(strstr(error.message, "localhost"));
}

Test(server, a_port_is_free_again_once_its_server_is_gone)
{
    uint16_t port = server_port(record.server);
    int peer = connect_peer();
    server_free(record.server);
    struct error error = {0};
    record.server = open_server(port, &error);
    cr_assert(record.server, "%s", error.message);
    record.connected_count = 0;
    close(connect_peer());
    close(peer);
}

Test(server, hundreds_of_connections_wait_to_be_accepted)
{
    enum { COUNT = 400 };
    int peers[COUNT];
    for (int i = 0; i < COUNT; i++)
        cr_assert((peers[i] = try_connect()) >= 0);
    turn_until(&record.connected_count, COUNT);
    server_end_all(record.server, SESSION_END_RESET);
    char data[8];
    for (int i = 0; i < COUNT; i++) {
        cr_expect_eq(peer_read(peers[i], data, sizeof data, 1000), -ECONNRESET);
        close(peers[i]);
    }
}
