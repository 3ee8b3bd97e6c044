/* Plays scenarios live and hands back what the judge says: what fuzz and shrink ask of a client,
 * again and again. An interrupt is noticed between plays too. */
#ifndef GAPCHECK_CMD_TRIAL_H
#define GAPCHECK_CMD_TRIAL_H

#include "cmd/client.h"
#include "cmd/options.h"
#include "core/judge.h"
#include "core/scenario.h"
#include "core/transcript.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct trial {
    const struct options *options; /* borrowed, as are the next two */
    const struct client_choice *client;
    FILE *client_log;
    uint64_t seed;        /* of the sessions, not of the generator */
    char *client_name;    /* of the first hello; owned, as is the next; NULL: none came */
    char *client_version;
    struct driver_capabilities capabilities;
    size_t played_count;
    bool is_hurried;      /* time-outs are a third: for plays whose failure is no time-out */
    bool is_interrupted;
    void *user;
    void (*on_progress)(void *user, size_t done_count, size_t running_count); /* may be NULL */
    struct live_world *world; /* private, as is the rest */
    size_t played_before;
    sigset_t earlier_mask;
};

struct trial_play {
    const struct scenario *scenario; /* borrowed */
    struct judgement *judgement;     /* owned by the caller; NULL: not played (interrupted) */
    struct transcript *transcript;   /* owned by the caller; NULL: there is none */
};

/* From here on SIGINT, SIGTERM and SIGHUP wait until a play or the end of one sees them. */
void trial_begin(struct trial *trial, const struct options *options,
                 const struct client_choice *client, FILE *client_log);
void trial_end(struct trial *trial);

/* Plays all of them at once. False if it was interrupted: then some judgements may be NULL. */
bool trial_play(struct trial *trial, struct trial_play *plays, size_t count);
void trial_play_free(struct trial_play *plays, size_t count);

/* Lets the moment pass: rows have whole seconds, and what is played within a few milliseconds sees
 * all of it in the same part of one. */
void trial_pause(void);

/* Plays an accept and a settle, so that the client is known. False, with the reason, if it never
 * gets there, or if it was interrupted. */
bool trial_say_hello(struct trial *trial, struct error *error);

/* The client as people call it: `@relaycast/sdk 6.0.2`. Appended. */
void trial_append_client(const struct trial *trial, struct buffer *out);

#endif
