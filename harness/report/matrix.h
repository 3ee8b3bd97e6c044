/* Several runs of the same scenarios side by side: one row a scenario, one column a run, and what
 * each changed against the one before it. Plain data from runs; the writers turn it into text:
 * these here for several clients of one run, those of difference.h for two runs. */
#ifndef GAPCHECK_REPORT_MATRIX_H
#define GAPCHECK_REPORT_MATRIX_H

#include "core/buffer.h"
#include "report/report.h"
#include "report/run.h"

#include <stdbool.h>
#include <stddef.h>

/* A time has changed if it is half as long again or more (or that much shorter), and by so much. */
#define MATRIX_TIME_FACTOR 1.5
#define MATRIX_TIME_MS     50

struct matrix_row {
    const char *name;                  /* borrowed from a run */
    const struct run_scenario **cells; /* one for each run, borrowed; NULL: it is not there */
    bool is_shown;                     /* something is wrong in it, or it differs */
};

/* In the order in which a reader of a release asks. */
#define MATRIX_CHANGES(X)                                                                          \
    X(NEWLY_FAILING, "newly failing")                                                              \
    X(FIXED, "fixed")                                                                              \
    X(OTHER_RULES, "fails by other rules")                                                         \
    X(OTHER_VERDICT, "warns differently") /* a warning came, went, or is another */                \
    X(UNKNOWN, "cannot be compared") /* one was not played to a verdict: that mends nothing */     \
    X(ADDED, "added")                /* only in the later run, and not failing */                  \
    X(REMOVED, "removed")            /* only in the earlier one */                                 \
    X(TIMING, "timing")              /* all as it was, but faster or slower */

enum matrix_change_kind {
#define X(symbol, title) MATRIX_CHANGE_##symbol,
    MATRIX_CHANGES(X)
#undef X
        MATRIX_CHANGE_COUNT
};

struct matrix_change {
    enum matrix_change_kind kind;
    size_t run_index; /* against the one before: never 0 */
    size_t row_index;
};

struct matrix {
    const struct run *runs; /* borrowed */
    size_t run_count;
    struct matrix_row *rows; /* in the order of the first run that has them; owned */
    size_t row_count;
    struct matrix_change *changes; /* by run, then kind, then row; owned */
    size_t change_count, change_capacity_count;
};

void matrix_init(struct matrix *matrix, const struct run *runs, size_t run_count);
void matrix_free(struct matrix *matrix);

const char *matrix_change_title(enum matrix_change_kind kind); /* "newly failing" */

/* The two that the change is between; NULL: it is not there. */
const struct run_scenario *matrix_before(const struct matrix *matrix,
                                         const struct matrix_change *change);
const struct run_scenario *matrix_after(const struct matrix *matrix,
                                        const struct matrix_change *change);

/* Whether the later one fails in another way than before, so that a reader wants its finding. */
bool matrix_change_has_news(enum matrix_change_kind kind);

/* The exit of all of them together. */
enum run_exit matrix_exit(const struct matrix *matrix);

/* "C-5 C-7": the rules that a scenario breaks, each once, its MUSTs only if it has failed. */
void matrix_append_rules(const struct run_scenario *scenario, struct buffer *out);

/* ---- writers ---- */

void report_matrix_terminal(const struct matrix *matrix, const struct report_style *style,
                            struct buffer *out);
void report_matrix_summary(const struct matrix *matrix, struct buffer *out); /* Markdown, at most
                                                                                60 lines */

#endif
