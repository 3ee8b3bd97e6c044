/* A growing run of bytes that demands a limit when it is made, so that nothing from outside can
 * grow without bound. What does not fit is refused whole and leaves the buffer as it was. */
#ifndef GAPCHECK_CORE_BUFFER_H
#define GAPCHECK_CORE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *data;         /* owned; not NUL-terminated except after buffer_text() */
    size_t size_bytes;
    size_t capacity_bytes;
    size_t limit_bytes; /* never exceeded */
};

/* For text whose size the program itself decides. */
#define BUFFER_NO_LIMIT ((size_t)1 << 40)

void buffer_init(struct buffer *buffer, size_t limit_bytes);
void buffer_free(struct buffer *buffer);

/* False, and nothing appended, if the limit would be passed. */
bool buffer_append(struct buffer *buffer, const void *data, size_t size_bytes);
bool buffer_append_text(struct buffer *buffer, const char *text);
bool buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Removes `size_bytes` from the front (at most all). */
void buffer_consume(struct buffer *buffer, size_t size_bytes);

void buffer_clear(struct buffer *buffer);

/* The content as a C string, borrowed until the buffer next changes. */
const char *buffer_text(struct buffer *buffer);

/* The content as a C string that the caller owns; the buffer is empty afterwards. */
char *buffer_take_text(struct buffer *buffer);

#endif
