/* One format a file, all with one signature: a run goes in, text comes out. */
#ifndef GAPCHECK_REPORT_REPORT_H
#define GAPCHECK_REPORT_REPORT_H

#include "core/buffer.h"
#include "report/run.h"

#define REPORT_JSON_FORMAT 1 /* of results.json */

struct report_style {
    bool has_colour;     /* terminal only */
    bool is_quiet;       /* terminal only: just the failures and the summary line */
    const char *folder;  /* where the report lies, for the closing line; may be NULL */
};

void report_terminal(const struct run *run, const struct report_style *style, struct buffer *out);
void report_json(const struct run *run, struct buffer *out);

/* One element of results.json's `scenarios`, without a line break behind it. */
void report_json_scenario(const struct run_scenario *scenario, const char *indent,
                          struct buffer *out);

void report_junit(const struct run *run, struct buffer *out);
void report_summary(const struct run *run, struct buffer *out); /* Markdown, at most 60 lines */

#endif
