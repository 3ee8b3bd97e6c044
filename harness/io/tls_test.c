#define _GNU_SOURCE
#include "io/tls.h"

#include <criterion/criterion.h>
#include <string.h>

static struct tls_identity *identity;
static SSL_CTX *trust;
static struct tls *server, *client;

static void set_up(void)
{
    struct error error = {0};
    identity = tls_identity_new("127.0.0.1", &error);
    cr_assert(identity, "%s", error.message);
    trust = tls_trust_new(tls_identity_ca_file(identity));
    cr_assert(trust);
    server = tls_new_server(identity);
    client = tls_new_client(trust, "127.0.0.1");
}

static void tear_down(void)
{
    tls_free(server);
    tls_free(client);
    SSL_CTX_free(trust);
    tls_identity_free(identity);
}

TestSuite(tls, .init = set_up, .fini = tear_down, .timeout = 60);

static void hear(struct tls *end, struct buffer *heard)
{
    char plain[100];
    for (size_t size_bytes; (size_bytes = tls_read(end, plain, sizeof plain)) > 0;)
        buffer_append(heard, plain, size_bytes);
}

/* Carries what one end has to send to the other, in pieces; false if there was nothing. */
static bool carry(struct tls *from, struct tls *to, size_t piece_bytes, struct buffer *heard)
{
    struct buffer sealed;
    buffer_init(&sealed, BUFFER_NO_LIMIT);
    hear(from, heard);
    tls_flush(from, &sealed);
    for (size_t at = 0; at < sealed.size_bytes; at += piece_bytes) {
        size_t left_bytes = sealed.size_bytes - at;
        tls_take(to, sealed.data + at, left_bytes < piece_bytes ? left_bytes : piece_bytes);
        hear(to, heard);
    }
    bool was_any = sealed.size_bytes > 0;
    buffer_free(&sealed);
    return was_any;
}

static void converse(size_t piece_bytes, struct buffer *heard)
{
    while (carry(client, server, piece_bytes, heard) || carry(server, client, piece_bytes, heard))
        ;
}

Test(tls, what_one_end_says_the_other_hears_in_pieces_of_any_size)
{
    static const size_t pieces[] = {1, 2, 7, 1000, SIZE_MAX};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct buffer heard;
        buffer_init(&heard, 1000);
        tear_down();
        set_up();
        tls_write(client, "before", 6); /* waits for the handshake */
        cr_expect_eq(tls_waiting_bytes(client), 6);
        converse(pieces[i], &heard);
        cr_expect_eq(tls_state(client), TLS_OPEN);
        cr_expect_eq(tls_state(server), TLS_OPEN);
        tls_write(server, "and after", 9);
        converse(pieces[i], &heard);
        cr_expect_str_eq(buffer_text(&heard), "beforeand after");
        tls_close(client);
        converse(pieces[i], &heard);
        cr_expect_eq(tls_state(server), TLS_ENDED);
        buffer_free(&heard);
    }
}

static void expect_distrust(void)
{
    struct buffer heard;
    buffer_init(&heard, 1000);
    tls_write(client, "secret", 6);
    converse(SIZE_MAX, &heard);
    cr_expect_eq(tls_state(client), TLS_BROKEN);
    cr_expect_eq(heard.size_bytes, 0);
    buffer_free(&heard);
}

Test(tls, a_client_trusts_no_other_certificate)
{
    struct error error = {0};
    struct tls_identity *other = tls_identity_new("127.0.0.1", &error);
    tls_free(server);
    server = tls_new_server(other);
    expect_distrust();
    tls_identity_free(other);
}

Test(tls, a_client_trusts_what_the_system_does_where_it_is_given_no_file)
{
    SSL_CTX *of_system = tls_trust_new(NULL);
    cr_assert(of_system);
    tls_free(client);
    client = tls_new_client(of_system, "127.0.0.1");
    expect_distrust();
    SSL_CTX_free(of_system);
}

Test(tls, a_client_trusts_no_other_address)
{
    tls_free(client);
    client = tls_new_client(trust, "127.0.0.2");
    expect_distrust();
}

Test(tls, what_is_no_tls_breaks_either_end)
{
    struct buffer heard, alert;
    buffer_init(&heard, 1000);
    buffer_init(&alert, 1000);
    tls_take(server, "GET / HTTP/1.1\r\n\r\n", 18);
    tls_take(client, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
    hear(server, &heard);
    hear(client, &heard);
    cr_expect_eq(tls_state(server), TLS_BROKEN);
    cr_expect_eq(tls_state(client), TLS_BROKEN);
    tls_take(client, "more", 4);
    tls_write(client, "more", 4);
    hear(client, &heard);
    tls_flush(client, &alert);
    cr_expect_eq(heard.size_bytes, 0);
    buffer_free(&heard);
    buffer_free(&alert);
}

Test(tls, there_is_no_trust_in_a_file_without_certificates)
{
    cr_expect_null(tls_trust_new("/nosuch.pem"));
    cr_expect_null(tls_trust_new("/dev/null"));
}
