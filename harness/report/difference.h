/* What the second of two runs did otherwise than the first, as text: which scenario fails newly,
 * which is mended, which takes another time. What counts as what is decided in matrix.h. */
#ifndef GAPCHECK_REPORT_DIFFERENCE_H
#define GAPCHECK_REPORT_DIFFERENCE_H

#include "core/buffer.h"
#include "report/matrix.h"
#include "report/report.h"

/* Both take a matrix of two runs. */

/* For a terminal: a line for each change, findings under what fails, and the counts. */
void report_difference(const struct matrix *matrix, const struct report_style *style,
                       struct buffer *out);

/* [{ "kind": "fixed", "name": "…" }, …] */
void report_difference_json(const struct matrix *matrix, struct buffer *out);

/* 1 if something fails newly that no baseline lists; 3, which comes before it, if something came to
 * no verdict that had one or was not there. */
enum run_exit difference_exit(const struct matrix *matrix);

#endif
