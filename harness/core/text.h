/* Small questions about text: spans, UTF-8, nearest names, globs, escaping for a terminal. */
#ifndef GAPCHECK_CORE_TEXT_H
#define GAPCHECK_CORE_TEXT_H

#include "core/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of somebody else's bytes; not NUL-terminated. `data` is NULL where there is none. */
struct span {
    const char *data;
    size_t size_bytes;
};

struct span span_of(const char *text);
bool span_equals(struct span span, const char *text);

/* Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool text_is_utf8(const char *data, size_t size_bytes);

/* The index of the name nearest to `name` (case and `-`/`_` aside, at most a third of it wrong),
 * or -1 if none is near. `names` are `count` C strings. */
int text_nearest(struct span name, const char *const *names, size_t count);

/* Glob with `*` and `?` only; every other character, brackets included, is itself. */
bool text_glob_matches(const char *pattern, const char *text);

/* Appends `data` made safe for a terminal or a log line: control characters, ESC included, and
 * broken UTF-8 become \xNN; at most `limit_bytes` of it, then `…`. */
void text_append_escaped(struct buffer *out, const char *data, size_t size_bytes,
                         size_t limit_bytes);

/* Appends `data` as a JSON string with quotes (RFC 8259); broken UTF-8 becomes U+FFFD. */
void text_append_json(struct buffer *out, const char *data, size_t size_bytes);

/* FNV-1a, 64 bits: the check sum that stands in a transcript for a frame too long to keep. */
uint64_t text_hash(const char *data, size_t size_bytes);

#endif
