/* Who the live server is over TLS: a key that lives in memory only, and a self-signed certificate
 * for it, made anew for every run and left in a file for clients to trust. */
#ifndef GAPCHECK_IO_TLS_IDENTITY_H
#define GAPCHECK_IO_TLS_IDENTITY_H

#include "core/error.h"

#include <openssl/ssl.h>

struct tls_identity;

/* For 127.0.0.1, localhost and `address` (IPv4, dotted), valid for a day. NULL with the error. */
struct tls_identity *tls_identity_new(const char *address, struct error *error);

/* Removes the file. */
void tls_identity_free(struct tls_identity *identity);

/* A PEM file with the certificate; borrowed. */
const char *tls_identity_ca_file(const struct tls_identity *identity);

SSL_CTX *tls_identity_context(const struct tls_identity *identity); /* borrowed */

#endif
