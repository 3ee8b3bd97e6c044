/* One HTTP request of a client, on libwebsockets' own client: a POST of an empty object, and its
 * answer. Knows nothing of what it asks for. */
#ifndef GAPCHECK_IO_HTTP_LINK_H
#define GAPCHECK_IO_HTTP_LINK_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>

#define HTTP_LINK_BODY_BYTES_MAX ((size_t)1 << 20) /* a longer answer is none */

struct http_link;

struct http_link_target {
    struct lws_context *context;
    struct lws_vhost *vhost;
    const char *address; /* numeric */
    int port;
    bool has_tls;
    const char *path;
    const char *bearer;  /* the token of its Authorization header */
};

/* The answer, or a status of 0: the last that is heard of the link, which is gone after it. May be
 * called from within libwebsockets, and must not call http_link_open or http_link_abort. */
typedef void http_link_done(void *owner, unsigned status, const char *body, size_t size_bytes);

/* The libwebsockets protocol that links use: for the table of the vhost. */
extern const struct lws_protocols HTTP_LINK_PROTOCOL;

/* Starts to ask. Sets *slot before anything is told to `owner`, which clears it when it hears the
 * answer. Copies the target. */
void http_link_open(const struct http_link_target *target, http_link_done *done, void *owner,
                    struct http_link **slot);

/* Ends it at once, and tells nobody. */
void http_link_abort(struct http_link *link);

#endif
