/* One end of TLS on one connection, as a filter on bytes: what the socket carries on one side, what
 * is said and heard on the other. Does no I/O. */
#ifndef GAPCHECK_IO_TLS_H
#define GAPCHECK_IO_TLS_H

#include "core/buffer.h"
#include "io/tls_identity.h"

#include <stddef.h>

enum tls_state {
    TLS_HANDSHAKE,
    TLS_OPEN,
    TLS_ENDED,  /* the peer will send no more (close_notify) */
    TLS_BROKEN, /* the peer speaks no TLS, or broke it; what tls_flush gives then is an alert */
};

struct tls;

struct tls *tls_new_server(const struct tls_identity *identity);

/* A client's end: the peer must show a certificate for `address` (dotted IPv4) that `trust`, of
 * tls_trust_new, knows. It has the first word: call tls_read and tls_flush before anything came. */
struct tls *tls_new_client(SSL_CTX *trust, const char *address);

void tls_free(struct tls *tls);

/* Whom a client trusts: the certificates in a PEM file, or, without one, those of the system. NULL
 * if they cannot be used. Released with SSL_CTX_free. */
SSL_CTX *tls_trust_new(const char *ca_file);

enum tls_state tls_state(const struct tls *tls);

/* Takes what the socket brought. Then call tls_read until it returns 0, and tls_flush. */
void tls_take(struct tls *tls, const char *data, size_t size_bytes);

/* What the peer says, at most `size_bytes` of it; 0: nothing more for now. */
size_t tls_read(struct tls *tls, char *data, size_t size_bytes);

/* Says something to the peer. Before the handshake is over it waits. */
void tls_write(struct tls *tls, const char *data, size_t size_bytes);
size_t tls_waiting_bytes(const struct tls *tls);

/* Says that nothing more follows (close_notify). */
void tls_close(struct tls *tls);

/* Appends what is to go out on the socket. */
void tls_flush(struct tls *tls, struct buffer *out);

#endif
