#include "io/http_link.h"

#include "core/buffer.h"
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

#define RECEIVE_BYTES 4096
#define BODY          "{}"

struct http_link {
    struct lws *wsi; /* NULL before it is made */
    http_link_done *done;
    void *owner;
    char *authorization; /* owned */
    struct buffer body;
    unsigned status;
    bool is_guarded; /* http_link_open still works on it: it frees what has ended */
    bool has_ended;
};

static void free_link(struct http_link *link)
{
    buffer_free(&link->body);
    free(link->authorization);
    free(link);
}

static void end(struct http_link *link, unsigned status)
{
    if (link->has_ended)
        return;
    link->has_ended = true;
    if (link->wsi)
        lws_set_wsi_user(link->wsi, NULL); /* what is still said of it is not heard */
    link->done(link->owner, status, buffer_text(&link->body), link->body.size_bytes);
    if (!link->is_guarded)
        free_link(link);
}

/* ---- what libwebsockets says ---- */

static int add_header(struct lws *wsi, const unsigned char *name, const char *value,
                      unsigned char **at, unsigned char *limit)
{
    return lws_add_http_header_by_name(wsi, name, (const unsigned char *)value, (int)strlen(value),
                                       at, limit);
}

static int append_headers(const struct http_link *link, unsigned char **at, size_t size_bytes)
{
    static const unsigned char authorization[] = "authorization:", type[] = "content-type:",
                               length[] = "content-length:";
    char length_text[16];
    lws_snprintf(length_text, sizeof length_text, "%zu", sizeof BODY - 1);
    unsigned char *limit = *at + size_bytes;
    if (add_header(link->wsi, authorization, link->authorization, at, limit) ||
        add_header(link->wsi, type, "application/json", at, limit) ||
        add_header(link->wsi, length, length_text, at, limit))
        return -1;
    lws_client_http_body_pending(link->wsi, 1);
    lws_callback_on_writable(link->wsi);
    return 0;
}

static int write_body(struct http_link *link)
{
    unsigned char room[LWS_PRE + sizeof BODY];
    memcpy(room + LWS_PRE, BODY, sizeof BODY - 1);
    lws_client_http_body_pending(link->wsi, 0);
    return lws_write(link->wsi, room + LWS_PRE, sizeof BODY - 1, LWS_WRITE_HTTP_FINAL) < 0 ? -1 : 0;
}

/* libwebsockets hands the body on by calling us again. */
static int receive(struct http_link *link)
{
    char room[LWS_PRE + RECEIVE_BYTES], *at = room + LWS_PRE;
    int size_bytes = RECEIVE_BYTES;
    return lws_http_client_read(link->wsi, &at, &size_bytes) < 0 ? -1 : 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t size_bytes)
{
    struct http_link *link = user;
    if (!link)
        return 0;
    link->wsi = wsi;
    switch ((int)reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return append_headers(link, in, size_bytes);
    case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
        return write_body(link);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        link->status = lws_http_client_http_response(wsi);
        return 0;
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
        return receive(link);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
        return buffer_append(&link->body, in, size_bytes) ? 0 : -1;
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
        end(link, link->status);
        return -1;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
    case LWS_CALLBACK_WSI_DESTROY:
        end(link, 0);
        return 0;
    }
    return 0;
}

const struct lws_protocols HTTP_LINK_PROTOCOL = {
    .name = "http-link", .callback = on_event, .rx_buffer_size = RECEIVE_BYTES};

/* ---- what the owner asks ---- */

static char *new_authorization(const char *bearer)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_printf(&text, "Bearer %s", bearer);
    return buffer_take_text(&text);
}

/* All zero: nothing is closed for being idle. */
static const lws_retry_bo_t no_idle_policy;

void http_link_open(const struct http_link_target *target, http_link_done *done, void *owner,
                    struct http_link **slot)
{
    struct http_link *link = memory_alloc(1, sizeof *link);
    link->done = done;
    link->owner = owner;
    link->authorization = new_authorization(target->bearer);
    link->is_guarded = true;
    buffer_init(&link->body, HTTP_LINK_BODY_BYTES_MAX);
    *slot = link;

    char host[128];
    lws_snprintf(host, sizeof host, "%s:%d", target->address, target->port);
    struct lws_client_connect_info info = {
        .context = target->context,
        .vhost = target->vhost,
        .address = target->address,
        .port = target->port,
        .path = target->path,
        .host = host,
        .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (target->has_tls ? LCCSCF_USE_SSL : 0),
        .local_protocol_name = HTTP_LINK_PROTOCOL.name,
        .method = "POST",
        .retry_and_idle_policy = &no_idle_policy,
        .userdata = link,
        .pwsi = &link->wsi,
    };
    if (!lws_client_connect_via_info(&info)) {
        link->wsi = NULL;
        end(link, 0);
    }
    link->is_guarded = false;
    if (link->has_ended)
        free_link(link);
}

void http_link_abort(struct http_link *link)
{
    link->is_guarded = link->has_ended = true;
    if (link->wsi) {
        lws_set_wsi_user(link->wsi, NULL);
        lws_set_timeout(link->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    }
    free_link(link);
}
