/* The live world: plays scenarios concurrently on real sockets against a real driver process. One
 * event loop; every scenario has its own listening port. */
#ifndef GAPCHECK_IO_LIVE_H
#define GAPCHECK_IO_LIVE_H

#include "core/driver_line.h"
#include "core/scenario.h"
#include "core/transcript.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct live_config {
    const char *command; /* shell command that starts a driver */
    const char *listen;  /* address to listen on, "127.0.0.1" */
    uint16_t port;       /* 0: any free one; else the one for every scenario (jobs is 1) */
    size_t jobs;         /* scenarios at once; 0: as many as helps */
    uint64_t seed;
    double timeout_scale;
    bool fail_fast;   /* stop starting scenarios once `on_result` returned false */
    FILE *client_log; /* standard error of the drivers and their `log` lines; borrowed */
};

/* What became of one scenario. */
struct live_result {
    struct transcript *transcript;  /* taken by the receiver; NULL if it was not played */
    const char *missing_capability; /* not played: static name, with `because` */
    const char *because;            /* borrowed from the scenario */
    char *client_error;             /* not played: why the driver never got as far; owned */
    char *error;                    /* not played: what the harness could not do; owned */
};

struct live_callbacks {
    void *user;
    /* The first hello: name, version and capabilities of the client. */
    void (*on_hello)(void *user, const struct driver_hello *hello);
    /* A scenario is done (in any order). Takes what `result` holds. False: it failed. */
    bool (*on_result)(void *user, size_t index, struct live_result *result);
    /* Called now and then with the number of scenarios that are being played; may be NULL. */
    void (*on_progress)(void *user, size_t running_count);
};

enum live_status { LIVE_DONE, LIVE_INTERRUPTED };

/* A driver that dies has the scenarios that it served played again, each alone. Those that it dies
 * of again are a fault of the client; the others of that death keep their second play if any of
 * them was, and are client-errors if none was: a death that nobody can place is never a pass. */

/* Where scenarios are played: the loop, and drivers that stay from one run to the next. */
struct live_world;

/* Never NULL: what goes wrong is told of every scenario. `config` is copied, what it points to is
 * borrowed. SIGINT, SIGTERM and SIGHUP are caught until it is closed. */
struct live_world *live_open(const struct live_config *config);

/* For the scenarios that are played from now on; not for the patience with drivers. */
void live_set_timeout_scale(struct live_world *world, double timeout_scale);

/* Ends its drivers. NULL is allowed. */
void live_close(struct live_world *world);

/* As live_run, in a world that stays open. After an interrupt nothing more is played. */
enum live_status live_play(struct live_world *world, const struct scenario *const *scenarios,
                           size_t count, const struct live_callbacks *callbacks);

/* Plays `count` scenarios. Every one is handed to on_result exactly once, also those that an
 * interrupt (SIGINT, SIGTERM) or fail_fast kept from being played (with no transcript and none of
 * the reasons set: "not played"). No child outlives the call. */
enum live_status live_run(const struct live_config *config, const struct scenario *const *scenarios,
                          size_t count, const struct live_callbacks *callbacks);

#endif
