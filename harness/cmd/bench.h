/* What `gapcheck bench` measures. Each part fills rows: a figure, its peer where it has one, and
 * their ratio, which means more than either on a machine that others use too. */
#ifndef GAPCHECK_CMD_BENCH_H
#define GAPCHECK_CMD_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_ROUNDS_MAX 100
#define BENCH_ROWS_MAX   32

/* The same measured round by round. */
struct bench_series {
    double values[BENCH_ROUNDS_MAX];
    size_t count;
};

double bench_median(const struct bench_series *series);
double bench_lowest(const struct bench_series *series);
double bench_highest(const struct bench_series *series);

struct bench_row {
    const char *group; /* "simulation" */
    const char *name;  /* static text, as all here */
    const char *unit;
    const char *peer; /* what it is compared with; NULL: nothing */
    struct bench_series own, peer_own;
    bool is_more_better; /* then the ratio is own to peer, else peer to own: above 1 is good */
};

struct bench {
    size_t round_count;
    uint64_t session_count; /* of the simulation, in each round */
    struct bench_row rows[BENCH_ROWS_MAX];
    size_t row_count;
};

/* A new row; asserts that there is room. */
struct bench_row *bench_add(struct bench *bench, const char *group, const char *name,
                            const char *unit, const char *peer);
void bench_series_add(struct bench_series *series, double value);

/* Median of the ratios of every round; 0 without peer. */
double bench_ratio(const struct bench_row *row);

/* Nanoseconds of this thread's processor time, and of the clock on the wall. */
int64_t bench_thread_ns(void);
int64_t bench_wall_ns(void);

/* ---- the parts; each does a round that does not count first ---- */

void bench_simulation(struct bench *bench);
void bench_parser(struct bench *bench);
void bench_dedupe(struct bench *bench);

/* False, and told, if no socket can be had. */
bool bench_replay(struct bench *bench);

#endif
