/* What two runs have in common and what not: which scenario fails newly, which is mended, which
 * takes another time. */
#ifndef GAPCHECK_REPORT_DIFFERENCE_H
#define GAPCHECK_REPORT_DIFFERENCE_H

#include "core/buffer.h"
#include "report/report.h"
#include "report/results.h"

/* A time has changed if it is half as long again or more (or that much shorter), and by so much. */
#define DIFFERENCE_FACTOR 1.5
#define DIFFERENCE_MS     50

/* In the order in which they are told. */
#define DIFFERENCE_KINDS(X)                                                                        \
    X(NEW_FAILURE, "new failure") /* failed or erred, and did not before */                        \
    X(FIXED, "fixed")             /* passes or warns now */                                        \
    X(CHANGED, "changed")         /* another verdict, or other rules broken */                     \
    X(ADDED, "added")             /* only in the second run, and not failing */                    \
    X(REMOVED, "removed")         /* only in the first: it was not played, which mends nothing */  \
    X(TIMING, "timing")           /* as before, but faster or slower */

enum difference_kind {
#define X(symbol, name) DIFFERENCE_##symbol,
    DIFFERENCE_KINDS(X)
#undef X
        DIFFERENCE_KIND_COUNT
};
const char *difference_kind_name(enum difference_kind kind);

struct change {
    enum difference_kind kind;
    const struct results_scenario *before, *after; /* borrowed; NULL: not in that run */
};

struct difference {
    struct change *changes; /* owned; by kind, then as in the second run */
    size_t change_count, change_capacity_count;
    size_t counts[DIFFERENCE_KIND_COUNT];
};

/* Borrows from both until difference_free. */
void difference_find(const struct results *before, const struct results *after,
                     struct difference *difference);
void difference_free(struct difference *difference);

/* For a terminal: a line for each change, findings under new failures, and the counts. */
void report_difference(const struct difference *difference, const struct report_style *style,
                       struct buffer *out);

/* [{ "kind": "fixed", "name": "…" }, …] */
void report_difference_json(const struct difference *difference, struct buffer *out);

#endif
