/* What the parts of `gapcheck doctor` share: a check, what came of it, and the list of them.
 *
 *   doctor.c            the command: the parts in their order, and the exit status
 *   doctor_talk.c       a conversation with a driver's process, line by line
 *   doctor_process.c    what is seen without a server: hello, errors, stop, exit
 *   doctor_scenarios.c  what is seen in small scenarios, played by live_run
 *   doctor_inspect*.c   what to look for in their transcripts
 *   doctor_entries.c    looking for entries of a transcript
 *   doctor_report.c     how it is told */
#ifndef GAPCHECK_CMD_DOCTOR_H
#define GAPCHECK_CMD_DOCTOR_H

#include "core/buffer.h"
#include "core/driver_line.h"

#include <stdbool.h>
#include <stddef.h>

#define DOCTOR_SHOWN_BYTES_MAX 300 /* of what a driver said */

enum doctor_status {
    DOCTOR_FINE,
    DOCTOR_WRONG,
    DOCTOR_UNSEEN, /* not claimed, or not to be seen with this client */
};

/* What is looked at. All texts are static. */
struct doctor_check {
    const char *name;
    const char *expected;
    const char *protocol; /* the words of harness/drivers/README.md that ask for it */
    const char *advice;   /* how to mend it */
};

struct doctor_outcome {
    enum doctor_status status;
    struct buffer text; /* WRONG: what came instead; else a remark, or nothing */
    const char *advice; /* static, in place of the check's; NULL: the check's */
};

struct doctor_line {
    const struct doctor_check *check;
    enum doctor_status status;
    char *text;         /* owned */
    const char *advice;
};

struct doctor_report {
    struct doctor_line *lines; /* owned */
    size_t count, capacity_count;
    char *client_label;        /* owned, as are the next two; NULL: not told */
    char *client_name, *client_version;
    struct driver_capabilities capabilities;
    bool is_started;           /* it said hello */
    bool is_broken;            /* no check of ours can go on: the exit is 3 */
};

void doctor_outcome_init(struct doctor_outcome *outcome);

/* Sets status and text; they return nothing to test, so that an inspection ends with one. */
void doctor_set(struct doctor_outcome *outcome, enum doctor_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends what came from outside, escaped and bounded, between backquotes. */
void doctor_quote(struct buffer *out, const char *data, size_t size_bytes);

/* Takes the outcome's text. */
void doctor_add(struct doctor_report *report, const struct doctor_check *check,
                struct doctor_outcome *outcome);

void doctor_report_free(struct doctor_report *report);

int doctor_exit_code(const struct doctor_report *report);

void doctor_append_terminal(const struct doctor_report *report, bool has_colour, bool is_quiet,
                            struct buffer *out);
void doctor_append_json(const struct doctor_report *report, struct buffer *out);

/* ---- the parts ---- */

/* Starts the command twice and talks to it. Fills who it is. False: there is no use in going on. */
bool doctor_check_process(struct doctor_report *report, const char *command, double timeout_scale);

void doctor_check_scenarios(struct doctor_report *report, const char *command,
                            double timeout_scale);

/* Walks all checks: NULL behind the last. For the test that compares them with the README. */
const struct doctor_check *doctor_process_check(size_t index);
const struct doctor_check *doctor_scenario_check(size_t index);

#endif
