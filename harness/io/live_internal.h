/* What the live world's parts share. live.c runs the loop and hands results on, live_schedule.c
 * decides what is played when, live_driver.c holds the driver processes, live_session.c plays one
 * scenario. */
#ifndef GAPCHECK_IO_LIVE_INTERNAL_H
#define GAPCHECK_IO_LIVE_INTERNAL_H

#include "core/session.h"
#include "io/driver.h"
#include "io/live.h"
#include "io/loop.h"
#include "io/server.h"
#include "io/tls_identity.h"

#define LIVE_JOBS_MAX        64 /* where the caller does not say */
#define LIVE_OWN_DRIVERS_MAX 8  /* processes that serve one scenario each */
#define LIVE_LATE_US         20000

/* Scenarios whose driver died under them. Each is played again, alone; only when all were is it
 * known whether the death repeats, and until then their results are held back. */
struct live_death {
    size_t open_count; /* members that have not been played again */
    bool has_repeated;
};

enum job_state {
    JOB_WAITING,
    JOB_PLAYING,
    JOB_WAITING_AGAIN, /* its driver died */
    JOB_PLAYING_AGAIN,
    JOB_HELD, /* played again; the others of the same death were not yet */
    JOB_TOLD,
};

/* A scenario on its way to a result. */
struct job {
    enum job_state state;
    struct live_death *death; /* owned by the last member */
    struct transcript *first; /* owned: the play that ended with the death */
    struct transcript *again; /* owned: the one after it */
};

struct live_driver;

/* A scenario that is being played. */
struct play {
    struct play *next;
    struct live *live;
    size_t job_index;
    const struct scenario *scenario;
    struct live_driver *driver; /* borrowed; NULL once that is gone */
    char client[24];
    struct session *session; /* owned; NULL once the result is told */
    struct server *server;   /* owned */
    int64_t begin_us;        /* by the monotonic clock: the session's time 0 */
    int64_t late_told_us;
    bool is_again;
    struct live_death *death; /* its driver died under it; its share in that */
    bool has_driver_died;
    bool is_client_started, is_client_stopped;
    bool is_ignoring_told;
    char failure[400]; /* what the harness could not do; told once the session listens */
    struct loop_timer tick, watchdog, finish;
};

struct live_driver {
    struct live_driver *next;
    struct live *live;
    struct driver *driver; /* owned */
    bool is_shared;        /* known once it is ready */
    bool is_ready;         /* said hello, and is not ending */
    bool is_over;          /* at fault, or ending */
    size_t job_index;      /* own: the one it is for; LIVE_NO_JOB while there is none */
    struct driver_capabilities capabilities;
};
#define LIVE_NO_JOB SIZE_MAX

struct live {
    const struct live_config *config;
    const struct live_callbacks *callbacks;
    double session_scale; /* of the scenarios' time-outs; drivers have the config's */
    const struct scenario *const *scenarios;
    size_t count;
    struct loop *loop;
    struct tls_identity *identity; /* owned; NULL until a scenario wants TLS */
    struct job *jobs;
    size_t told_count;
    size_t playing_count; /* jobs in play, or waiting for a driver of their own */
    size_t first_waiting; /* no job before this one waits */
    struct play *plays;
    struct live_driver *drivers;
    uint32_t driver_count, client_count; /* numbers given so far */
    bool has_hello;                      /* the first one; what it said: */
    struct driver_capabilities capabilities;
    char *no_driver;     /* why none can be had; owned */
    bool starts_nothing; /* fail_fast or an interrupt */
    bool is_interrupted;
    uint32_t signal_count;
    struct loop_timer schedule;
    int64_t progress_us;
    int64_t heartbeat_due_us; /* by the monotonic clock; passed by far: the loop stood still */
};

/* live.c */
void live_tell(struct live *live, size_t job_index, struct live_result *result);
/* Tells every play if the loop has stood still. Timers are served before descriptors are: who is
 * about to hold a client to its time must know first. */
void live_notice_pause(struct live *live);

/* live_schedule.c */
void live_schedule_soon(struct live *live);
bool live_is_complete(const struct live *live);
/* Takes the transcript of a play that is over. */
void live_play_over(struct live *live, struct play *play, struct transcript *transcript);
/* No driver can be had for the job. */
void live_job_without_driver(struct live *live, size_t job_index, const char *why);
/* What is still held back is told, and what was not played as such. */
void live_tell_rest(struct live *live);

/* live_driver.c */
struct live_driver *live_driver_new(struct live *live, size_t job_index);
void live_driver_write(struct live_driver *driver, const char *line, size_t size_bytes);
void live_driver_end(struct live_driver *driver);
void live_driver_free(struct live_driver *driver);
size_t live_driver_own_count(const struct live *live);

/* live_session.c */
/* Begins to play. False with the error if the port cannot be had. */
bool live_play_start(struct live *live, size_t job_index, struct live_driver *driver,
                     struct error *error);
void live_play_driver_line(struct play *play, const struct driver_line *line);
/* The driver died under it. Takes a share in `death`, which is NULL for one played again. */
void live_play_driver_gone(struct play *play, struct live_death *death, const char *why);
void live_play_interrupt(struct play *play);
void live_play_late(struct play *play, int64_t late_us);
bool live_play_is_over(const struct play *play);
void live_play_free(struct play *play);

#endif
