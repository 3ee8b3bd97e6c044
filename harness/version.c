#include "version.h"

#include "commit.h" /* written at build time */

#include <cjson/cJSON.h>
#include <libwebsockets.h>
#include <openssl/crypto.h>

void version_print(FILE *file)
{
    fprintf(file, "gapcheck %s\n", GAPCHECK_VERSION);
    fprintf(file, "commit %s\n", GAPCHECK_COMMIT);
    fprintf(file, "libwebsockets %s\n", lws_get_library_version());
    fprintf(file, "cJSON %s\n", cJSON_Version());
    fprintf(file, "%s\n", OpenSSL_version(OPENSSL_VERSION));
}
