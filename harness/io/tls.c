#include "io/tls.h"

#include "core/memory.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct tls {
    SSL *ssl;
    BIO *in, *out; /* owned by `ssl` */
    enum tls_state state;
    struct buffer waiting; /* said before the handshake was over */
};

static struct tls *tls_new(SSL_CTX *context)
{
    struct tls *tls = memory_alloc(1, sizeof *tls);
    tls->ssl = SSL_new(context);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    assert(tls->ssl && tls->in && tls->out); /* only memory could be lacking */
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    buffer_init(&tls->waiting, BUFFER_NO_LIMIT);
    return tls;
}

struct tls *tls_new_server(const struct tls_identity *identity)
{
    struct tls *tls = tls_new(tls_identity_context(identity));
    SSL_set_accept_state(tls->ssl);
    return tls;
}

struct tls *tls_new_client(SSL_CTX *trust, const char *address)
{
    struct tls *tls = tls_new(trust);
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls->ssl), address);
    SSL_set_connect_state(tls->ssl);
    return tls;
}

SSL_CTX *tls_trust_new(const char *ca_file)
{
    SSL_CTX *trust = SSL_CTX_new(TLS_client_method());
    if (!trust)
        return NULL;
    SSL_CTX_set_verify(trust, SSL_VERIFY_PEER, NULL);
    int is_loaded = ca_file ? SSL_CTX_load_verify_file(trust, ca_file)
                            : SSL_CTX_set_default_verify_paths(trust);
    if (is_loaded == 1 && SSL_CTX_set_min_proto_version(trust, TLS1_2_VERSION) == 1)
        return trust;
    SSL_CTX_free(trust);
    return NULL;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    SSL_free(tls->ssl);
    buffer_free(&tls->waiting);
    free(tls);
}

enum tls_state tls_state(const struct tls *tls)
{
    return tls->state;
}

void tls_take(struct tls *tls, const char *data, size_t size_bytes)
{
    size_t taken_bytes;
    if (size_bytes > 0 && tls->state != TLS_BROKEN)
        BIO_write_ex(tls->in, data, size_bytes, &taken_bytes);
}

/* Why a call did not do all it was asked; `result` is what it returned. */
static void note_failure(struct tls *tls, int result)
{
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return;
    case SSL_ERROR_ZERO_RETURN:
        tls->state = TLS_ENDED;
        return;
    default:
        tls->state = TLS_BROKEN;
    }
}

static void encrypt(struct tls *tls, const char *data, size_t size_bytes)
{
    size_t written_bytes;
    ERR_clear_error();
    /* A memory BIO takes all there is. */
    if (!SSL_write_ex(tls->ssl, data, size_bytes, &written_bytes))
        note_failure(tls, 0);
}

static void shake_hands(struct tls *tls)
{
    ERR_clear_error();
    int result = SSL_do_handshake(tls->ssl);
    if (result != 1) {
        note_failure(tls, result);
        return;
    }
    tls->state = TLS_OPEN;
    if (tls->waiting.size_bytes > 0)
        encrypt(tls, tls->waiting.data, tls->waiting.size_bytes);
    buffer_free(&tls->waiting);
}

size_t tls_read(struct tls *tls, char *data, size_t size_bytes)
{
    size_t read_bytes = 0;
    if (tls->state == TLS_HANDSHAKE)
        shake_hands(tls);
    if (tls->state != TLS_OPEN)
        return 0;
    ERR_clear_error();
    if (!SSL_read_ex(tls->ssl, data, size_bytes, &read_bytes))
        note_failure(tls, 0);
    return read_bytes;
}

void tls_write(struct tls *tls, const char *data, size_t size_bytes)
{
    if (tls->state == TLS_HANDSHAKE)
        buffer_append(&tls->waiting, data, size_bytes);
    else if (tls->state != TLS_BROKEN && size_bytes > 0)
        encrypt(tls, data, size_bytes);
}

size_t tls_waiting_bytes(const struct tls *tls)
{
    return tls->waiting.size_bytes;
}

void tls_close(struct tls *tls)
{
    ERR_clear_error();
    if (tls->state == TLS_OPEN || tls->state == TLS_ENDED)
        SSL_shutdown(tls->ssl);
}

void tls_flush(struct tls *tls, struct buffer *out)
{
    char *data;
    long size_bytes = BIO_get_mem_data(tls->out, &data);
    if (size_bytes > 0)
        buffer_append(out, data, (size_t)size_bytes);
    (void)BIO_reset(tls->out);
}
