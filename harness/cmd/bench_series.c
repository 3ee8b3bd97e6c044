#include "cmd/bench.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t bench_thread_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t bench_wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

void bench_series_add(struct bench_series *series, double value)
{
    assert(series->count < BENCH_ROUNDS_MAX);
    series->values[series->count++] = value;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double bench_median(const struct bench_series *series)
{
    double sorted[BENCH_ROUNDS_MAX];
    if (series->count == 0)
        return 0;
    memcpy(sorted, series->values, series->count * sizeof *sorted);
    qsort(sorted, series->count, sizeof *sorted, compare);
    size_t middle = series->count / 2;
    return series->count % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double bench_lowest(const struct bench_series *series)
{
    double lowest = series->count ? series->values[0] : 0;
    for (size_t i = 1; i < series->count; i++)
        lowest = series->values[i] < lowest ? series->values[i] : lowest;
    return lowest;
}

double bench_highest(const struct bench_series *series)
{
    double highest = 0;
    for (size_t i = 0; i < series->count; i++)
        highest = series->values[i] > highest ? series->values[i] : highest;
    return highest;
}

double bench_ratio(const struct bench_row *row)
{
    struct bench_series ratios = {.count = 0};
    for (size_t i = 0; i < row->own.count && i < row->peer_own.count; i++) {
        double own = row->own.values[i], peer = row->peer_own.values[i];
        double over = row->is_more_better ? own : peer, under = row->is_more_better ? peer : own;
        bench_series_add(&ratios, under > 0 ? over / under : 0);
    }
    return bench_median(&ratios);
}

struct bench_row *bench_add(struct bench *bench, const char *group, const char *name,
                            const char *unit, const char *peer)
{
    assert(bench->row_count < BENCH_ROWS_MAX);
    struct bench_row *row = &bench->rows[bench->row_count++];
    *row = (struct bench_row){.group = group, .name = name, .unit = unit, .peer = peer};
    return row;
}
