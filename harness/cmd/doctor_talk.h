/* A conversation with a driver's process, line by line, in the harness's own time: waits, and shows
 * the bytes as they came. Only for `doctor`: everything else talks through io/driver.h. */
#ifndef GAPCHECK_CMD_DOCTOR_TALK_H
#define GAPCHECK_CMD_DOCTOR_TALK_H

#include "core/buffer.h"
#include "core/error.h"
#include "io/driver_process.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum talk_status { TALK_LINE, TALK_TIMEOUT, TALK_CLOSED, TALK_TOO_LONG, TALK_INTERRUPTED };

struct talk {
    struct driver_process process;
    struct buffer output;       /* read and not yet taken */
    struct buffer error_output; /* its beginning */
    bool is_output_open, is_error_open;
    struct sigaction earlier_interrupt, earlier_terminate, earlier_pipe;
};

/* Ended with talk_end either way. */
bool talk_begin(struct talk *talk, const char *command, struct error *error);

/* Ignored by a process that is gone. */
void talk_write(struct talk *talk, const char *line);
void talk_close_input(struct talk *talk);

/* Takes the next line, without its end, into `line`. */
enum talk_status talk_read(struct talk *talk, int64_t timeout_ms, struct buffer *line);

/* Whether it ended within that time; what it writes meanwhile is kept for talk_read. */
bool talk_wait_exit(struct talk *talk, int64_t timeout_ms);

/* Kills what is left of it. */
void talk_end(struct talk *talk);

/* Whether somebody asked gapcheck itself to end. */
bool talk_is_interrupted(void);

#endif
