#include "io/ws_link_internal.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

#define RECEIVE_BYTES     16384
#define WRITE_PATIENCE_US 5000

/* A close frame need not carry a code (RFC 6455, 7.1.5). */
#define CLOSE_WITHOUT_CODE 1005

/* A message that waits to be sent; libwebsockets wants room for the header before it. */
struct outgoing {
    struct outgoing *next;
    size_t size_bytes;
    unsigned char room[LWS_PRE];
    unsigned char text[];
};

/* ---- the end ---- */

static void free_link(struct ws_link *link)
{
    for (struct outgoing *message = link->first, *next; message; message = next) {
        next = message->next;
        free(message);
    }
    buffer_free(&link->received);
    ws_link_raw_free(link);
    free(link);
}

static void tell_end(struct ws_link *link, unsigned http_status)
{
    if (link->has_ended)
        return;
    link->has_ended = true;
    if (link->wsi)
        lws_set_wsi_user(link->wsi, NULL); /* what is still said of it is not heard */
    if (link->events->closed)
        link->events->closed(link->owner, http_status, link->close_code);
}

void ws_link_end(struct ws_link *link, unsigned http_status)
{
    tell_end(link, http_status);
    if (!link->is_guarded)
        free_link(link);
}

/* ---- receiving ---- */

static int receive(struct ws_link *link, const char *piece, size_t size_bytes)
{
    bool is_last = lws_is_final_fragment(link->wsi) && lws_remaining_packet_payload(link->wsi) == 0;
    if (lws_frame_is_binary(link->wsi))
        size_bytes = 0;
    struct span text = {piece, size_bytes};
    if (!is_last || link->received.size_bytes > 0) {
        if (!buffer_append(&link->received, piece, size_bytes))
            return -1;
        text = (struct span){link->received.data, link->received.size_bytes};
    }
    if (!is_last) {
        if (link->events->piece)
            link->events->piece(link->owner);
        return 0;
    }
    if (link->events->message)
        link->events->message(link->owner, text.data ? text.data : "", text.size_bytes);
    /* Given back: one long message must not stay for the life of the connection. */
    if (link->received.capacity_bytes > RECEIVE_BYTES)
        buffer_free(&link->received);
    buffer_clear(&link->received);
    return 0;
}

/* libwebsockets sends the payload back as it came, whatever it is: a wrong one is answered here. */
static int receive_close(struct ws_link *link, const unsigned char *payload, size_t size_bytes)
{
    if (ws_close_fault((const char *)payload, size_bytes)) {
        lws_close_reason(link->wsi, LWS_CLOSE_STATUS_PROTOCOL_ERR, NULL, 0);
        return -1;
    }
    link->close_code = CLOSE_WITHOUT_CODE;
    if (size_bytes >= 2)
        link->close_code = (unsigned)payload[0] << 8 | payload[1];
    return 0;
}

/* ---- sending ---- */

/* Where a pong eats our turn, the timer is the next one. */
static void want_write(struct ws_link *link)
{
    lws_callback_on_writable(link->wsi);
    lws_set_timer_usecs(link->wsi, WRITE_PATIENCE_US);
}

static int write_queue(struct ws_link *link)
{
    while (link->first && !lws_send_pipe_choked(link->wsi)) {
        struct outgoing *message = link->first;
        int written = lws_write(link->wsi, message->text, message->size_bytes, LWS_WRITE_TEXT);
        link->first = message->next;
        if (!link->first)
            link->last = &link->first;
        free(message);
        if (written < 0)
            return -1;
    }
    if (link->first) {
        want_write(link);
        return 0;
    }
    if (!link->wants_close)
        return 0;
    lws_close_reason(link->wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
    return -1;
}

/* ---- what libwebsockets says ---- */

/* 0 where nothing was refused: an upgrade that was granted wrongly, or no answer at all. */
static unsigned refusal_status(struct lws *wsi)
{
    unsigned status = lws_http_client_http_response(wsi);
    return status == 101 ? 0 : status;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t size_bytes)
{
    struct ws_link *link = user;
    if (!link)
        return 0;
    link->wsi = wsi;
    switch ((int)reason) {
    case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
        if (lws_hdr_copy(wsi, link->date, sizeof link->date, WSI_TOKEN_HTTP_DATE) < 0)
            link->date[0] = '\0';
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        link->is_open = true;
        if (link->events->opened)
            link->events->opened(link->owner, link->date[0] ? span_of(link->date)
                                                            : (struct span){0});
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return receive(link, in, size_bytes);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
    case LWS_CALLBACK_TIMER:
        return write_queue(link);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return receive_close(link, in, size_bytes);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        ws_link_end(link, refusal_status(wsi));
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP: /* reset before the request was written */
    case LWS_CALLBACK_WSI_DESTROY:
        ws_link_end(link, 0);
        return 0;
    }
    return 0;
}

const struct lws_protocols WS_LINK_PROTOCOL = {
    .name = "ws-link", .callback = on_event, .rx_buffer_size = RECEIVE_BYTES};

/* ---- what the owner asks ---- */

/* All zero: libwebsockets sends no pings and closes nothing for being idle. */
static const lws_retry_bo_t no_idle_policy;

void ws_link_open(const struct ws_link_target *target, const struct ws_link_events *events,
                  void *owner, struct ws_link **slot)
{
    struct ws_link *link = memory_alloc(1, sizeof *link);
    link->events = events;
    link->owner = owner;
    link->last = &link->first;
    link->is_guarded = true;
    buffer_init(&link->received, WS_LINK_MESSAGE_BYTES_MAX);
    if (target->wire != CLIENT_WIRE_RIGHT)
        ws_link_raw_init(link, target);
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
        .ssl_connection =
            LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (target->trust && !link->raw ? LCCSCF_USE_SSL : 0),
        .local_protocol_name = link->raw ? WS_LINK_RAW_PROTOCOL.name : WS_LINK_PROTOCOL.name,
        .method = link->raw ? "RAW" : NULL,
        .retry_and_idle_policy = &no_idle_policy,
        .userdata = link,
        .pwsi = &link->wsi,
    };
    if (!lws_client_connect_via_info(&info)) {
        link->wsi = NULL;
        tell_end(link, 0);
    }
    link->is_guarded = false;
    if (link->has_ended)
        free_link(link);
}

void ws_link_send(struct ws_link *link, const char *text, size_t size_bytes)
{
    if (!link->is_open)
        return;
    if (link->raw) {
        ws_link_raw_send(link, text, size_bytes);
        return;
    }
    struct outgoing *message = memory_alloc(1, sizeof *message + size_bytes);
    message->size_bytes = size_bytes;
    memcpy(message->text, text, size_bytes);
    *link->last = message;
    link->last = &message->next;
    /* At once: libwebsockets writes a pong before anything of ours, and with it eats our turn. What
     * fails here is a connection whose end we are told of. */
    write_queue(link);
}

void ws_link_abort(struct ws_link *link)
{
    link->is_guarded = true;
    link->is_dead = false;
    if (link->wsi)
        lws_set_timeout(link->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
    link->wsi = NULL; /* gone, whether it told us or not */
    tell_end(link, 0);
    free_link(link);
}

void ws_link_close(struct ws_link *link)
{
    if (!link->is_open) {
        ws_link_abort(link);
        return;
    }
    link->wants_close = true;
    if (link->raw)
        ws_link_raw_close(link);
    else
        want_write(link);
}

void ws_link_hand_over(struct ws_link *link, const struct ws_link_events *events)
{
    link->events = events;
}
