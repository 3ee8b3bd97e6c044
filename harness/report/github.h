/* Annotations for GitHub: workflow commands (`::error file=…,line=…::…`) that put each finding on
 * the line of the scenario's step. Text only: whether it runs there is for the caller to know. */
#ifndef GAPCHECK_REPORT_GITHUB_H
#define GAPCHECK_REPORT_GITHUB_H

#include "core/buffer.h"
#include "report/run.h"

#define REPORT_GITHUB_NOTES_MAX 10 /* of each level: more GitHub does not show of a step */

/* Both absolute, without links; NULL: not known. */
struct report_github_place {
    const char *workspace; /* of the checkout, from which GitHub counts paths */
    const char *folder;    /* from which the paths of the scenarios count */
};

/* A broken MUST is an error, a SHOULD a warning (with --strict an error), what the baseline lists a
 * notice. The instances of one file that break a rule at one step share an annotation. */
void report_github(const struct run *run, const struct report_github_place *place,
                   struct buffer *out);

#endif
