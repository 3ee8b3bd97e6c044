#include "io/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

static bool on_readable(struct loop_watch *watch)
{
    struct signals *signals = watch->user;
    struct signalfd_siginfo info;
    while (read(loop_watch_descriptor(watch), &info, sizeof info) == (ssize_t)sizeof info)
        signals->on_signal(signals->user);
    return true;
}

/* What nohup has us ignore stays ignored: blocked, it would be an event. */
bool signals_catch(struct signals *signals, struct loop *loop)
{
    sigset_t mask;
    struct sigaction hang_up;
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    if (sigaction(SIGHUP, NULL, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN)
        sigaddset(&mask, SIGHUP);
    int file = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
    signals->watch = (struct loop_watch){.on_readable = on_readable, .user = signals};
    if (file < 0 || !loop_watch_file(loop, &signals->watch, file))
        return false;
    sigprocmask(SIG_BLOCK, &mask, NULL);
    return true;
}

void signals_save(struct signals *signals)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, &signals->earlier_pipe);
    sigprocmask(SIG_BLOCK, NULL, &signals->earlier_mask);
}

void signals_restore(const struct signals *signals)
{
    sigaction(SIGPIPE, &signals->earlier_pipe, NULL);
    sigprocmask(SIG_SETMASK, &signals->earlier_mask, NULL);
}
