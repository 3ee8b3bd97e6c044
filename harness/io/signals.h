/* SIGINT, SIGTERM and SIGHUP as events of the loop, for as long as a world runs. Writing to who is
 * gone is an error meanwhile, not a signal. */
#ifndef GAPCHECK_IO_SIGNALS_H
#define GAPCHECK_IO_SIGNALS_H

#include "io/loop.h"

#include <signal.h>
#include <stdbool.h>

struct signals {
    void (*on_signal)(void *user); /* once for each */
    void *user;

    struct loop_watch watch; /* private, as is all below */
    sigset_t earlier_mask;
    struct sigaction earlier_pipe;
};

/* Before the loop is made: libwebsockets sets SIGPIPE, too. */
void signals_save(struct signals *signals);

/* False if there is no descriptor left for it. */
bool signals_catch(struct signals *signals, struct loop *loop);

/* After the loop is gone. */
void signals_restore(const struct signals *signals);

#endif
