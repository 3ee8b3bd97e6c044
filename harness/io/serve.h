/* The served world: plays one scenario for a client that connects by itself, on one port, which
 * also has a page to look on (`GET /`, its WebSocket `/gapcheck/live`) and takes driver lines
 * (`POST /gapcheck/events`). What asks for these is no connection of the client.
 *
 * Without a `hello` before the client connects, what the wire shows is all there is
 * (session_config.is_wire_only). With one, the client is a driver whose lines come by POST and
 * whose ops stand in the answers. */
#ifndef GAPCHECK_IO_SERVE_H
#define GAPCHECK_IO_SERVE_H

#include "core/buffer.h"
#include "core/driver_line.h"
#include "core/scenario.h"
#include "core/transcript.h"

#include <stdbool.h>
#include <stdint.h>

#define SERVE_KEY_BYTES 32 /* of hexadecimal digits */

struct serve_config {
    const struct scenario *scenario;
    const char *listen;  /* IPv4 address to listen on */
    uint16_t port;       /* 0: any free one */
    const char *host;    /* the name that others reach it by; in URLs */
    char key[SERVE_KEY_BYTES + 1]; /* what the page and the driver lines need; not guessable */
    uint64_t seed;
    double timeout_scale;
    const char *page;    /* HTML; @NONCE@ stands where its script needs one */
};

/* What became of it. Owned by the caller; freed with serve_result_free. */
struct serve_result {
    struct transcript *transcript; /* NULL if it was not played */
    char *skipped;                 /* why it was not, or NULL */
    char *error;                   /* likewise: what the harness could not do */
    bool is_interrupted;
};

struct serve_callbacks {
    void *user;
    /* The port is open. `token` is what the client says. */
    void (*on_listening)(void *user, uint16_t port, const char *token, const char *ca_file);
    /* Who the client is: by its hello or, wire only, by its first request (may be empty). */
    void (*on_client)(void *user, const struct driver_hello *hello, bool is_wire_only);
    /* An entry that will not change any more. */
    void (*on_entry)(void *user, const struct transcript_entry *entry);
    /* It is over: appends what the pages are told of it, a JSON object. */
    void (*on_done)(void *user, const struct serve_result *result, struct buffer *summary);
};

void serve_run(const struct serve_config *config, const struct serve_callbacks *callbacks,
               struct serve_result *result);
void serve_result_free(struct serve_result *result);

#endif
