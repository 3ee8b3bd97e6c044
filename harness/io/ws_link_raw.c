/* A link whose WebSocket layer is core/ws_client over a raw connection: for the mutants that break
 * what libwebsockets' own client cannot be told to break. Nor has its raw connection TLS, so that
 * comes from io/tls. */
#include "io/ws_link_internal.h"

#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECEIVE_BYTES 16384

void ws_link_raw_init(struct ws_link *link, const struct ws_link_target *target)
{
    char host[128];
    snprintf(host, sizeof host, "%s:%d", target->address, target->port);
    link->raw = memory_alloc(1, sizeof *link->raw);
    ws_client_init(link->raw, target->wire, host, target->path, WS_LINK_MESSAGE_BYTES_MAX);
    buffer_init(&link->sealed, BUFFER_NO_LIMIT);
    if (target->trust)
        link->raw_tls = tls_new_client(target->trust, target->address);
}

void ws_link_raw_free(struct ws_link *link)
{
    if (link->raw)
        ws_client_free(link->raw);
    free(link->raw);
    tls_free(link->raw_tls);
    buffer_free(&link->sealed);
}

static void want_write(struct ws_link *link)
{
    if (link->wsi)
        lws_callback_on_writable(link->wsi);
}

void ws_link_raw_send(struct ws_link *link, const char *text, size_t size_bytes)
{
    ws_client_send(link->raw, text, size_bytes);
    want_write(link);
}

void ws_link_raw_close(struct ws_link *link)
{
    ws_client_close(link->raw);
    want_write(link);
}

/* ---- what comes ---- */

static void tell_owner(struct ws_link *link, const struct ws_client_event *event,
                       unsigned *http_status)
{
    const struct ws_link_events *events = link->events;
    switch (event->kind) {
    case WS_CLIENT_EVENT_NONE:
        break;
    case WS_CLIENT_EVENT_OPENED:
        link->is_open = true;
        if (events->opened)
            events->opened(link->owner, event->text);
        break;
    case WS_CLIENT_EVENT_PIECE:
        if (events->piece)
            events->piece(link->owner);
        break;
    case WS_CLIENT_EVENT_TEXT:
        if (events->message)
            events->message(link->owner, event->text.data, event->text.size_bytes);
        break;
    case WS_CLIENT_EVENT_DEAD:
        link->is_dead = true;
        link->wants_close = true;
        break;
    case WS_CLIENT_EVENT_REFUSED:
    case WS_CLIENT_EVENT_ENDED:
        *http_status = event->status;
        link->close_code = event->close_code;
        link->wants_close = true;
        break;
    }
}

/* -1 after which there may be no link. */
static int receive_plain(struct ws_link *link, const char *data, size_t size_bytes)
{
    unsigned http_status = 0;
    for (size_t offset = 0; offset < size_bytes && !link->wants_close;) {
        struct ws_client_event event;
        offset += ws_client_feed(link->raw, data + offset, size_bytes - offset, &event);
        tell_owner(link, &event, &http_status);
    }
    if (http_status != 0) {
        ws_link_end(link, http_status);
        return -1;
    }
    want_write(link);
    return 0;
}

/* With nothing at all it says the first word of TLS. */
static int receive(struct ws_link *link, const char *data, size_t size_bytes)
{
    char plain[RECEIVE_BYTES];
    size_t plain_bytes;
    if (!link->raw_tls)
        return receive_plain(link, data, size_bytes);
    tls_take(link->raw_tls, data, size_bytes);
    while ((plain_bytes = tls_read(link->raw_tls, plain, sizeof plain)) > 0)
        if (receive_plain(link, plain, plain_bytes) != 0)
            return -1;
    enum tls_state state = tls_state(link->raw_tls);
    if (state == TLS_BROKEN || state == TLS_ENDED)
        link->wants_close = true;
    want_write(link);
    return 0;
}

/* What is to go out on the connection. */
static struct buffer *seal_output(struct ws_link *link)
{
    struct buffer *output = &link->raw->output;
    if (!link->raw_tls)
        return output;
    tls_write(link->raw_tls, output->data, output->size_bytes);
    buffer_clear(output);
    if (link->wants_close)
        tls_close(link->raw_tls);
    tls_flush(link->raw_tls, &link->sealed);
    return &link->sealed;
}

static int write_output(struct ws_link *link)
{
    struct buffer *output = seal_output(link);
    if (output->size_bytes > 0) {
        /* libwebsockets keeps what the kernel does not take. */
        int written =
            lws_write(link->wsi, (unsigned char *)output->data, output->size_bytes, LWS_WRITE_RAW);
        buffer_clear(output);
        if (written < 0)
            return -1;
    }
    return link->wants_close ? -1 : 0;
}

/* ---- what libwebsockets says ---- */

static void end(struct ws_link *link)
{
    if (!link->is_dead) {
        ws_link_end(link, 0);
        return;
    }
    if (link->wsi)
        lws_set_wsi_user(link->wsi, NULL);
    link->wsi = NULL; /* the owner still holds the link, and frees it by an abort */
}

static int on_raw_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                        size_t size_bytes)
{
    struct ws_link *link = user;
    if (!link)
        return 0;
    link->wsi = wsi;
    switch ((int)reason) {
    case LWS_CALLBACK_RAW_CONNECTED:
        return receive(link, NULL, 0);
    case LWS_CALLBACK_RAW_RX:
        return receive(link, in, size_bytes);
    case LWS_CALLBACK_RAW_WRITEABLE:
        return write_output(link);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_RAW_CLOSE:
    case LWS_CALLBACK_WSI_DESTROY:
        end(link);
        return 0;
    }
    return 0;
}

const struct lws_protocols WS_LINK_RAW_PROTOCOL = {
    .name = "ws-link-raw", .callback = on_raw_event, .rx_buffer_size = RECEIVE_BYTES};
