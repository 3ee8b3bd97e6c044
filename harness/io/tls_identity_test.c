#define _GNU_SOURCE
#include "io/tls_identity.h"

#include "core/buffer.h"
#include "io/files.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct tls_identity *make(const char *address)
{
    struct error error = {0};
    struct tls_identity *identity = tls_identity_new(address, &error);
    cr_assert(identity, "%s", error.message);
    return identity;
}

Test(tls_identity, its_file_is_private_holds_the_certificate_and_no_key_and_goes_with_it)
{
    struct tls_identity *identity = make("127.0.0.1");
    char path[200];
    struct stat about;
    struct error error = {0};
    struct buffer text;
    buffer_init(&text, 100000);
    snprintf(path, sizeof path, "%s", tls_identity_ca_file(identity));
    cr_assert_eq(stat(path, &about), 0);
    cr_expect_eq(about.st_mode & 07777, 0600);
    cr_assert(files_read(path, &text, &error), "%s", error.message);
    cr_expect(strstr(buffer_text(&text), "-----BEGIN CERTIFICATE-----"));
    cr_expect_null(strstr(buffer_text(&text), "KEY"));
    tls_identity_free(identity);
    cr_expect_eq(access(path, F_OK), -1);
    buffer_free(&text);
}

Test(tls_identity, is_good_for_the_loopback_the_address_it_is_told_and_a_day)
{
    struct tls_identity *identity = make("127.0.0.9"), *other = make("127.0.0.1");
    X509 *certificate = SSL_CTX_get0_certificate(tls_identity_context(identity));
    cr_expect_eq(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
    cr_expect_eq(X509_check_ip_asc(certificate, "127.0.0.9", 0), 1);
    cr_expect_eq(X509_check_ip_asc(certificate, "127.0.0.2", 0), 0);
    cr_expect_eq(X509_check_host(certificate, "localhost", 0, 0, NULL), 1);
    time_t now = time(NULL), tomorrow = now + 24 * 60 * 60 + 60;
    cr_expect_lt(X509_cmp_time(X509_get0_notBefore(certificate), &now), 0);
    cr_expect_gt(X509_cmp_time(X509_get0_notAfter(certificate), &now), 0);
    cr_expect_lt(X509_cmp_time(X509_get0_notAfter(certificate), &tomorrow), 0);
    X509 *others = SSL_CTX_get0_certificate(tls_identity_context(other));
    cr_expect_neq(ASN1_INTEGER_cmp(X509_get0_serialNumber(certificate),
                                   X509_get0_serialNumber(others)), 0);
    cr_expect_str_neq(tls_identity_ca_file(identity), tls_identity_ca_file(other));
    tls_identity_free(identity);
    tls_identity_free(other);
}

Test(tls_identity, without_a_folder_to_write_to_it_says_what_to_do)
{
    struct error error = {0};
    setenv("TMPDIR", "/nosuch", 1);
    cr_assert_null(tls_identity_new("127.0.0.1", &error));
    cr_expect(strstr(error.message, "/nosuch/gapcheck-ca-"), "%s", error.message);
    cr_expect(strstr(error.message, "No such file"), "%s", error.message);
    cr_expect(strstr(error.hint, "TMPDIR"), "%s", error.hint);
}
