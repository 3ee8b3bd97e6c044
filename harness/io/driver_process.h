/* A shell command in a process group of its own, with three pipes. The only place that starts
 * processes. */
#ifndef GAPCHECK_IO_DRIVER_PROCESS_H
#define GAPCHECK_IO_DRIVER_PROCESS_H

#include "core/buffer.h"
#include "core/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct driver_process {
    pid_t pid;                       /* also the group's; 0: none, or reaped */
    int input, output, error_output; /* our ends, non-blocking; the caller's to close */
    bool was_killed;                 /* once it exited: `number` is a signal and not a status */
    int number;
};

/* Runs `/bin/sh -c command`. On failure nothing is open. */
bool driver_process_start(struct driver_process *process, const char *command, struct error *error);

/* Whether it exited, without reaping it: until driver_process_reap its number stays its own, so
 * that a signal to the group cannot hit a stranger. Fills was_killed and number. */
bool driver_process_has_exited(struct driver_process *process);

/* To everything in the group. */
void driver_process_signal(const struct driver_process *process, int signal_number);

/* Kills what is left of the group and waits for the process itself. */
void driver_process_reap(struct driver_process *process);

/* What a driver starts may leave its group (setsid), and so outlive it. From the first call on such
 * processes become children of ours; the second ends those. Others of our children are not theirs:
 * `server & exec gapcheck …` gives us one. */
void driver_process_adopt_orphans(void);
void driver_process_end_orphans(void);

/* "exited with status 127 (command not found)", "was killed by SIGSEGV (Segmentation fault)" */
void driver_process_append_words(const struct driver_process *process, struct buffer *out);

#endif
