/* Transcripts as the page of a report carries them: unchanged, deflated (zlib) and in base64, with
 * the place of every step in the scenario's text. Private to html.c. */
#ifndef GAPCHECK_REPORT_HTML_TRANSCRIPT_H
#define GAPCHECK_REPORT_HTML_TRANSCRIPT_H

#include "report/html.h"

/* Appends a JSON array with an element for each scenario of the run: null where there is no
 * transcript, {"problem": "…"} where it cannot be shown, else {"size": …, "steps": [line, column,
 * …], "packed": "…"}. */
void html_append_transcripts(const struct html_run *run, struct buffer *out);

#endif
