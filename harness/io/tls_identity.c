#include "io/tls_identity.h"

#include "core/buffer.h"
#include "core/memory.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALID_S  (24 * 60 * 60)
#define EARLY_S  300 /* a client in a container may be a little behind */

struct tls_identity {
    EVP_PKEY *key;
    X509 *certificate;
    SSL_CTX *context;
    char *path; /* NULL: not written */
};

/* ---- the certificate ---- */

static bool add_extension(X509 *certificate, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    bool is_added = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool add_extensions(X509 *certificate, const char *address)
{
    struct buffer names;
    buffer_init(&names, BUFFER_NO_LIMIT);
    buffer_append_text(&names, "IP:127.0.0.1,DNS:localhost");
    if (strcmp(address, "127.0.0.1") != 0)
        buffer_printf(&names, ",IP:%s", address);
    /* It signs itself, so it must be allowed to sign; some clients insist. */
    bool is_good = add_extension(certificate, NID_subject_alt_name, buffer_text(&names)) &&
                   add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
                   add_extension(certificate, NID_key_usage,
                                 "critical,digitalSignature,keyCertSign") &&
                   add_extension(certificate, NID_ext_key_usage, "serverAuth");
    buffer_free(&names);
    return is_good;
}

static bool make_certificate(struct tls_identity *identity, const char *address)
{
    uint64_t serial = 0;
    X509 *certificate = identity->certificate = X509_new();
    identity->key = EVP_EC_gen("P-256");
    if (!certificate || !identity->key ||
        RAND_bytes((unsigned char *)&serial, sizeof serial) != 1)
        return false;
    X509_NAME *name = X509_get_subject_name(certificate);
    return X509_set_version(certificate, X509_VERSION_3) &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -EARLY_S) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_S) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      (const unsigned char *)"gapcheck", -1, -1, 0) &&
           X509_set_issuer_name(certificate, name) &&
           X509_set_pubkey(certificate, identity->key) && add_extensions(certificate, address) &&
           X509_sign(certificate, identity->key, EVP_sha256()) > 0;
}

static bool make_context(struct tls_identity *identity)
{
    SSL_CTX *context = identity->context = SSL_CTX_new(TLS_server_method());
    if (!context)
        return false;
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    /* Without tickets nothing is written but what the session says. */
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) &&
           SSL_CTX_set_num_tickets(context, 0) &&
           SSL_CTX_use_certificate(context, identity->certificate) == 1 &&
           SSL_CTX_use_PrivateKey(context, identity->key) == 1;
}

/* ---- its file ---- */

static bool write_file(struct tls_identity *identity, struct error *error)
{
    const char *folder = getenv("TMPDIR");
    struct buffer path;
    buffer_init(&path, BUFFER_NO_LIMIT);
    buffer_printf(&path, "%s/gapcheck-ca-XXXXXX", folder && *folder ? folder : "/tmp");
    char *name = buffer_take_text(&path);
    int file = mkstemp(name); /* for its owner only */
    FILE *stream = file >= 0 ? fdopen(file, "w") : NULL;
    bool is_written = stream && PEM_write_X509(stream, identity->certificate);
    if (stream)
        is_written = fclose(stream) == 0 && is_written;
    else if (file >= 0)
        close(file);
    if (is_written) {
        identity->path = name;
        return true;
    }
    error_set(error, "is TMPDIR a folder that can be written, and not full?",
              "cannot write the certificate for TLS to %s: %s", name, strerror(errno));
    if (file >= 0)
        unlink(name);
    free(name);
    return false;
}

/* ---- life ---- */

struct tls_identity *tls_identity_new(const char *address, struct error *error)
{
    struct tls_identity *identity = memory_alloc(1, sizeof *identity);
    bool is_made = make_certificate(identity, address) && make_context(identity);
    if (!is_made) {
        char reason[200];
        ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
        error_set(error, NULL, "cannot make a certificate for TLS: %s", reason);
    }
    if (is_made && write_file(identity, error))
        return identity;
    tls_identity_free(identity);
    return NULL;
}

void tls_identity_free(struct tls_identity *identity)
{
    if (!identity)
        return;
    if (identity->path)
        unlink(identity->path);
    SSL_CTX_free(identity->context);
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
    free(identity->path);
    free(identity);
}

const char *tls_identity_ca_file(const struct tls_identity *identity)
{
    return identity->path;
}

SSL_CTX *tls_identity_context(const struct tls_identity *identity)
{
    return identity->context;
}
