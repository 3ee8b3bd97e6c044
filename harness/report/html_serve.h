/* The page of `gapcheck serve`: a frame for a transcript that comes by WebSocket. */
#ifndef GAPCHECK_REPORT_HTML_SERVE_H
#define GAPCHECK_REPORT_HTML_SERVE_H

#include "core/buffer.h"

/* @NONCE@ is left in it for whoever sends it: its script needs one (Content-Security-Policy). */
void report_html_serve(struct buffer *out);

#endif
