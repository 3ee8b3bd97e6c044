#include "version.h"

#include "commit.h" /* written at build time */

#include <cjson/cJSON.h>
#include <libwebsockets.h>
#include <openssl/crypto.h>
#include <string.h>

void version_print(FILE *file)
{
    fprintf(file, "gapcheck %s\n", GAPCHECK_VERSION);
    fprintf(file, "commit %s\n", GAPCHECK_COMMIT);
    const char *lws = lws_get_library_version(); /* with its git commit behind `-`, if it has one */
    fprintf(file, "libwebsockets %.*s\n", (int)strcspn(lws, "-"), lws);
    fprintf(file, "cJSON %s\n", cJSON_Version());
    fprintf(file, "%s\n", OpenSSL_version(OPENSSL_VERSION));
}
