/* A driver: the process of a client under test, as lines of the driver protocol. What it says is
 * parsed and handed on; what it does wrong is told in words, once. */
#ifndef GAPCHECK_IO_DRIVER_H
#define GAPCHECK_IO_DRIVER_H

#include "core/driver_line.h"
#include "io/loop.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DRIVER_QUEUE_BYTES_MAX ((size_t)64 << 20) /* what may wait for it to read */

struct driver_config {
    const char *command;  /* for the shell; borrowed until driver_new returns */
    double timeout_scale; /* stretches the patience with it */
    FILE *log;            /* its standard error and `log` lines; borrowed, may be NULL */
    uint32_t number;      /* which one it is, for the log */
    void *user;
    void (*on_hello)(void *user, const struct driver_hello *hello);
    /* Every other line. Borrowed. */
    void (*on_line)(void *user, const struct driver_line *line);
    /* A fault: it is gone or unusable and is being ended. No line follows. */
    void (*on_gone)(void *user, const char *why);
    /* It is reaped, after on_gone or driver_end. The last call; the driver may be freed in it. */
    void (*on_ended)(void *user);
};

struct driver;

/* Starts it. Whatever goes wrong is told by on_gone, later. */
struct driver *driver_new(struct loop *loop, const struct driver_config *config);

/* Queues a line (without its newline). Ignored once it is gone or ending. */
void driver_write(struct driver *driver, const char *line, size_t size_bytes);

/* Has it end: `exit` and the end of its input, then TERM, then KILL, within two seconds. Only
 * on_ended is called from here on. */
void driver_end(struct driver *driver);

/* Writes a remark of gapcheck's own to the log, among what the driver said. */
void driver_note(struct driver *driver, const char *text);

/* Kills it at once where it has not ended. Not from within its callbacks but on_ended. */
void driver_free(struct driver *driver);

#endif
