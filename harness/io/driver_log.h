/* What a driver says besides the protocol: lines for the client log, each with its prefix, and the
 * end of its standard error for messages. */
#ifndef GAPCHECK_IO_DRIVER_LOG_H
#define GAPCHECK_IO_DRIVER_LOG_H

#include "core/buffer.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DRIVER_LOG_BYTES_MAX      ((size_t)64 << 20) /* of one driver; the rest is left out */
#define DRIVER_LOG_TAIL_BYTES_MAX 4096

struct driver_log {
    FILE *file; /* borrowed; NULL: nowhere */
    uint32_t number;
    size_t written_bytes;
    struct buffer line; /* of standard error, not yet ended */
    struct buffer tail; /* the last bytes of standard error */
};

void driver_log_init(struct driver_log *log, FILE *file, uint32_t number);
void driver_log_free(struct driver_log *log);

/* Bytes of standard error. */
void driver_log_output(struct driver_log *log, const char *data, size_t size_bytes);
/* A `log` line; `client` and `message` may be NULL. */
void driver_log_message(struct driver_log *log, const char *client, const char *message);
/* Something that gapcheck itself has to say of the driver. */
void driver_log_note(struct driver_log *log, const char *text);
/* Writes a last line that has no end. */
void driver_log_flush(struct driver_log *log);

/* Appends `; its standard error ends with: …` on one line, or that there is none. */
void driver_log_append_tail(const struct driver_log *log, struct buffer *out);

#endif
