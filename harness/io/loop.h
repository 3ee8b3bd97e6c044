/* The event loop of the live world: descriptors and timers, on one libwebsockets context. The rest
 * of io/ sees libwebsockets through this only. */
#ifndef GAPCHECK_IO_LOOP_H
#define GAPCHECK_IO_LOOP_H

#include "core/error.h"

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

struct loop *loop_new(struct error *error);
/* Closes what is still watched (on_closed is called). */
void loop_free(struct loop *loop);

/* Waits for the next event or timer and serves what is due. */
void loop_turn(struct loop *loop);

/* ---- descriptors ---- */

/* A descriptor that is watched; embedded by its owner and alive until on_closed. The callbacks that
 * return bool say whether to go on: false closes it. Those that are NULL are not called. */
struct loop_watch {
    bool (*on_readable)(struct loop_watch *watch); /* files only */
    bool (*on_received)(struct loop_watch *watch, const char *data,
                        size_t size_bytes);        /* sockets */
    bool (*on_writable)(struct loop_watch *watch); /* sockets only */
    /* It is about to be closed, by whomever. `file` can still be read and asked. */
    void (*on_closed)(struct loop_watch *watch, int file);
    void *user;

    struct lws *wsi; /* private, as is all below */
    bool is_inside;
    bool is_doomed;
};

/* Watches a pipe or a listening socket. The loop owns `file` from here on, and closes it if this
 * fails. */
bool loop_watch_file(struct loop *loop, struct loop_watch *watch, int file);

/* Watches a connected socket: the loop reads it. Likewise. */
bool loop_watch_socket(struct loop *loop, struct loop_watch *watch, int file);

/* Closes the descriptor now, or, from within one of its own callbacks, when that returns. */
void loop_watch_close(struct loop_watch *watch);

/* Asks for one on_writable. */
void loop_watch_want_write(struct loop_watch *watch);

/* Leaves what a socket receives in the kernel. */
void loop_watch_pause_reading(struct loop_watch *watch);

/* -1 if it is not watched (any more). */
int loop_watch_descriptor(const struct loop_watch *watch);

/* ---- timers ---- */

/* A zeroed one is not set. Embedded by its owner, who cancels it before it goes. */
struct loop_timer {
    lws_sorted_usec_list_t sul; /* first: its address is the timer's */
    void (*on_due)(void *user);
    void *user;
};

/* Calls on_due(user) once, after `delay_us`, from the loop and never from within this call; setting
 * it again moves it. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_us,
                    void (*on_due)(void *user), void *user);
void loop_timer_cancel(struct loop_timer *timer);

#endif
