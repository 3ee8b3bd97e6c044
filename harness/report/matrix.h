/* Several clients over the same scenarios: one row a scenario, one column a client, and what each
 * client changed against the one before it. Plain data from runs; the writers turn it into text. */
#ifndef GAPCHECK_REPORT_MATRIX_H
#define GAPCHECK_REPORT_MATRIX_H

#include "core/buffer.h"
#include "report/report.h"
#include "report/run.h"

#include <stdbool.h>
#include <stddef.h>

struct matrix_row {
    const char *name;                  /* borrowed from a run */
    const struct run_scenario **cells; /* one for each run, borrowed; NULL: it was not played */
    bool is_shown;                     /* something is wrong in it, or it differs */
};

/* In the order in which a reader of a release asks. */
enum matrix_change_kind {
    MATRIX_CHANGE_NEWLY_FAILING,
    MATRIX_CHANGE_FIXED,
    MATRIX_CHANGE_OTHER_RULES,   /* it failed and fails, by other rules */
    MATRIX_CHANGE_OTHER_VERDICT, /* neither verdict is a failure: a warning came or went */
    MATRIX_CHANGE_UNKNOWN,       /* one of the two was not played to a verdict */
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
    size_t change_count;
};

void matrix_init(struct matrix *matrix, const struct run *runs, size_t run_count);
void matrix_free(struct matrix *matrix);

const char *matrix_change_title(enum matrix_change_kind kind); /* "newly failing" */

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
