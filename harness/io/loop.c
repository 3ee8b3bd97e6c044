#include "io/loop.h"

#include "core/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

/* What one read of a socket takes at most. */
#define RECEIVE_BYTES_MAX (256u << 10)

struct loop {
    struct lws_context *context;
    struct lws_vhost *vhost;
};

static bool serve(struct loop_watch *watch, enum lws_callback_reasons reason, const char *data,
                  size_t size_bytes)
{
    switch (reason) {
    case LWS_CALLBACK_RAW_RX:
        return !watch->on_received || watch->on_received(watch, data, size_bytes);
    case LWS_CALLBACK_RAW_RX_FILE:
        return !watch->on_readable || watch->on_readable(watch);
    case LWS_CALLBACK_RAW_WRITEABLE:
    case LWS_CALLBACK_RAW_WRITEABLE_FILE:
        return !watch->on_writable || watch->on_writable(watch);
    default: /* libwebsockets has a hundred that do not concern us */
        return true;
    }
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    (void)user;
    /* Only these are about a descriptor of ours: others come with a wsi that is not even whole. */
    bool is_closing = reason == LWS_CALLBACK_RAW_CLOSE || reason == LWS_CALLBACK_RAW_CLOSE_FILE;
    if (!is_closing && reason != LWS_CALLBACK_RAW_RX && reason != LWS_CALLBACK_RAW_RX_FILE &&
        reason != LWS_CALLBACK_RAW_WRITEABLE && reason != LWS_CALLBACK_RAW_WRITEABLE_FILE)
        return 0;
    struct loop_watch *watch = lws_get_opaque_user_data(wsi);
    if (!watch)
        return 0;
    if (is_closing) {
        watch->wsi = NULL;
        if (watch->on_closed)
            watch->on_closed(watch, (int)lws_get_socket_fd(wsi));
        return 0;
    }
    watch->is_inside = true;
    bool goes_on = serve(watch, reason, in, len);
    watch->is_inside = false;
    return goes_on && !watch->is_doomed ? 0 : -1;
}

static const struct lws_protocols protocols[] = {
    {.name = "gapcheck", .callback = on_event, .rx_buffer_size = RECEIVE_BYTES_MAX},
    {0},
};

/* No keep-alive timers: with them every new connection is sorted into a list. */
static const lws_retry_bo_t no_idle_policy;

struct loop *loop_new(struct error *error)
{
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .pt_serv_buf_size = RECEIVE_BYTES_MAX,
        .retry_and_idle_policy = &no_idle_policy,
        .vhost_name = "gapcheck",
    };
    struct lws_context *context = lws_create_context(&info);
    if (!context) {
        error_set(error, "too few open files allowed (ulimit -n)?",
                  "cannot make an event loop of libwebsockets");
        return NULL;
    }
    struct loop *loop = memory_alloc(1, sizeof *loop);
    loop->context = context;
    loop->vhost = lws_get_vhost_by_name(context, info.vhost_name);
    assert(loop->vhost);
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    lws_context_destroy(loop->context);
    free(loop);
}

void loop_turn(struct loop *loop)
{
    /* The 0 waits as long as it takes: only a negative value would not wait. */
    lws_service(loop->context, 0);
}

/* ---- descriptors ---- */

static bool adopt(struct loop *loop, struct loop_watch *watch, lws_adopt_desc_t *description)
{
    watch->is_inside = watch->is_doomed = false;
    description->vh = loop->vhost;
    description->opaque = watch;
    watch->wsi = lws_adopt_descriptor_vhost_via_info(description);
    return watch->wsi != NULL;
}

bool loop_watch_file(struct loop *loop, struct loop_watch *watch, int file)
{
    lws_adopt_desc_t description = {.type = LWS_ADOPT_RAW_FILE_DESC, .fd.filefd = file};
    if (adopt(loop, watch, &description))
        return true;
    close(file); /* libwebsockets closes only sockets then */
    return false;
}

bool loop_watch_socket(struct loop *loop, struct loop_watch *watch, int file)
{
    lws_adopt_desc_t description = {.type = LWS_ADOPT_SOCKET, .fd.sockfd = file};
    return adopt(loop, watch, &description);
}

void loop_watch_close(struct loop_watch *watch)
{
    if (!watch->wsi)
        return;
    if (watch->is_inside)
        watch->is_doomed = true;
    else
        lws_set_timeout(watch->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

void loop_watch_want_write(struct loop_watch *watch)
{
    if (watch->wsi)
        lws_callback_on_writable(watch->wsi);
}

void loop_watch_pause_reading(struct loop_watch *watch)
{
    if (watch->wsi)
        lws_rx_flow_control(watch->wsi, 0);
}

int loop_watch_descriptor(const struct loop_watch *watch)
{
    return watch->wsi ? (int)lws_get_socket_fd(watch->wsi) : -1;
}

/* ---- timers ---- */

static void on_timer(lws_sorted_usec_list_t *sul)
{
    struct loop_timer *timer = (struct loop_timer *)sul;
    timer->on_due(timer->user);
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_us,
                    void (*on_due)(void *user), void *user)
{
    timer->on_due = on_due;
    timer->user = user;
    /* At least one: with zero it could be found due while the ones before it are being served. */
    lws_sul_schedule(loop->context, 0, &timer->sul, on_timer, delay_us > 0 ? delay_us : 1);
}

void loop_timer_cancel(struct loop_timer *timer)
{
    lws_sul_cancel(&timer->sul);
}
