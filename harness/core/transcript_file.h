/* A transcript as NDJSON: the header in the first line, then one entry a line. */
#ifndef GAPCHECK_CORE_TRANSCRIPT_FILE_H
#define GAPCHECK_CORE_TRANSCRIPT_FILE_H

#include "core/buffer.h"
#include "core/error.h"
#include "core/transcript.h"

#define TRANSCRIPT_FILE_BYTES_MAX ((size_t)2 << 30)
#define TRANSCRIPT_LINE_BYTES_MAX ((size_t)32 << 20)

/* Appends the header line (index 0) or entry `index - 1` with its newline; false behind the last.
 * One line at a time, so that a writer needs little memory. */
bool transcript_write_line(const struct transcript *transcript, size_t index, struct buffer *out);

/* Reads a whole file. NULL, with the error's line set, if it is no transcript of this format. */
struct transcript *transcript_read(const char *text, size_t size_bytes, struct error *error);

#endif
