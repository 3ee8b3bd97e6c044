/* The page of a report: one HTML file that needs nothing else, made from a run and its
 * transcripts, from a kill matrix, or from two runs that are compared. What it shows comes from
 * outside and is escaped: as data in the page, and by the page as text, never as markup. */
#ifndef GAPCHECK_REPORT_HTML_H
#define GAPCHECK_REPORT_HTML_H

#include "core/buffer.h"
#include "core/error.h"
#include "report/matrix.h"
#include "report/run.h"

#include <stdbool.h>

/* A longer transcript, and whatever does not fit, is left out and told; passing scenarios first. */
#define HTML_TRANSCRIPT_BYTES_MAX ((size_t)256 << 20)
#define HTML_PACKED_BYTES_MAX     ((size_t)64 << 20)

struct html_run {
    const struct run *run;
    /* Reads a file of the run's folder into `out`, whose own limit counts. */
    bool (*read)(void *user, const char *path, struct buffer *out, struct error *error);
    void *user;
};

/* All borrowed; what is NULL is not shown. */
struct html_page {
    const struct html_run *run;
    const struct html_run *before;   /* the run that it is compared with */
    const struct matrix *difference; /* of the two */
    const char *mutants;             /* text of mutants.json */
    size_t mutants_bytes;
};

/* False if mutants.json is none. A transcript that cannot be read is told in the page. */
bool report_html(const struct html_page *page, struct buffer *out, struct error *error);

#endif
