/* The transcript of a served scenario as it is told on the terminal: a short line for what somebody
 * who tries a client wants to see, and none for the rest. */
#ifndef GAPCHECK_CMD_SERVE_LINES_H
#define GAPCHECK_CMD_SERVE_LINES_H

#include "core/buffer.h"
#include "core/transcript.h"

struct serve_lines {
    uint64_t dispatch_count;           /* that are not told yet: many become one line */
    struct transcript_entry published; /* likewise, if its count is not 0 */
};

/* Appends no or some lines. What is held back comes with the next that is not of its kind, and there
 * is always one: the transcript ends with DONE. */
void serve_lines_append(struct serve_lines *lines, const struct transcript_entry *entry,
                        struct buffer *out);

#endif
