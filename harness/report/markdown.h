/* Text inside Markdown, in tables too: markup of Markdown and HTML means nothing in it. */
#ifndef GAPCHECK_REPORT_MARKDOWN_H
#define GAPCHECK_REPORT_MARKDOWN_H

#include "core/buffer.h"

#define MARKDOWN_TEXT_BYTES_MAX 300 /* the rest becomes `…` */

/* `text` may be NULL. Nothing that is appended holds a line break. */
void markdown_append(const char *text, struct buffer *out);

#endif
