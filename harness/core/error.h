/* What was wrong with something that came from outside: one sentence, the place, and what to do
 * next. A mistake of the program itself is an assertion, never a struct error. */
#ifndef GAPCHECK_CORE_ERROR_H
#define GAPCHECK_CORE_ERROR_H

#include "core/buffer.h"

#include <stdbool.h>
#include <stddef.h>

enum error_severity { ERROR_SEVERITY_ERROR, ERROR_SEVERITY_WARNING };

struct error {
    enum error_severity severity;
    size_t line;       /* starts at 1; 0 means that the error has no place */
    size_t column;     /* starts at 1, counted in characters, not bytes */
    size_t width;      /* how many characters the caret line underlines; 0 means 1 */
    char message[400]; /* what was found and what is allowed; cut, never overrun */
    char hint[240];    /* what to do next ("did you mean `publish`?"); may be empty */
};

/* Fills an error without a place. `hint` may be NULL. */
void error_set(struct error *error, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* All errors of one input, told at once. At most ERROR_LIST_MAX are kept, the rest counted. */
#define ERROR_LIST_MAX 100

struct error_list {
    struct error *items; /* owned */
    size_t count;
    size_t capacity_count;
    size_t dropped_count;
};

void error_list_init(struct error_list *list);
void error_list_free(struct error_list *list);

/* The new (zeroed) error to fill, borrowed until the next call; never NULL. */
struct error *error_list_add(struct error_list *list);

/* Whether any item is an error and not only a warning. */
bool error_list_failed(const struct error_list *list);

/* Line and column (both from 1) of byte `offset` in `text`. */
void error_locate(const char *text, size_t size_bytes, size_t offset, size_t *line, size_t *column);

/* Writes `file:line:column: error: message`, the line of `text` with a caret under the place (when
 * `text` is not NULL and the error has a place) and the hint. Control characters of the text are
 * escaped. */
void error_print(const struct error *error, const char *file, const char *text, size_t size_bytes,
                 struct buffer *out);

#endif
