#include "cmd/doctor_talk.h"

#include "core/driver_line.h"
#include "io/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_BYTES_MAX (DRIVER_LINE_BYTES_MAX + 65536)
#define ERROR_BYTES_MAX  4096 /* what is kept of its log */
#define POLL_MS          10   /* an exit is no event for poll() */

static volatile sig_atomic_t is_interrupted;

static void on_signal(int number)
{
    (void)number;
    is_interrupted = 1;
}

bool talk_is_interrupted(void)
{
    return is_interrupted != 0;
}

bool talk_begin(struct talk *talk, const char *command, struct error *error)
{
    /* Without our handlers its process group would outlive a gapcheck that is interrupted. */
    struct sigaction handler = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
    *talk = (struct talk){0};
    buffer_init(&talk->output, OUTPUT_BYTES_MAX);
    buffer_init(&talk->error_output, ERROR_BYTES_MAX);
    sigaction(SIGINT, &handler, &talk->earlier_interrupt);
    sigaction(SIGTERM, &handler, &talk->earlier_terminate);
    sigaction(SIGPIPE, &ignore, &talk->earlier_pipe);
    bool is_started = driver_process_start(&talk->process, command, error);
    if (!is_started)
        talk->process = (struct driver_process){.input = -1, .output = -1, .error_output = -1};
    talk->is_output_open = talk->is_error_open = is_started;
    return is_started;
}

void talk_close_input(struct talk *talk)
{
    if (talk->process.input >= 0)
        close(talk->process.input);
    talk->process.input = -1;
}

void talk_write(struct talk *talk, const char *line)
{
    /* The few lines of a check fit into an empty pipe. */
    if (talk->process.input >= 0 && (write(talk->process.input, line, strlen(line)) < 0 ||
                                     write(talk->process.input, "\n", 1) < 0))
        talk_close_input(talk);
}

/* Reads what is there. False at the end. */
static bool drain(int file, struct buffer *buffer)
{
    char data[16384];
    for (;;) {
        ssize_t size_bytes = read(file, data, sizeof data);
        if (size_bytes < 0 && errno == EINTR)
            continue;
        if (size_bytes < 0)
            return errno == EAGAIN;
        if (size_bytes == 0)
            return false;
        size_t room_bytes = buffer->limit_bytes - buffer->size_bytes;
        size_t taken_bytes = (size_t)size_bytes < room_bytes ? (size_t)size_bytes : room_bytes;
        buffer_append(buffer, data, taken_bytes);
        if (taken_bytes < (size_t)size_bytes)
            return true; /* full: the caller says so */
    }
}

static void listen_once(struct talk *talk, int64_t wait_ms)
{
    struct pollfd files[2] = {
        {.fd = talk->is_output_open ? talk->process.output : -1, .events = POLLIN},
        {.fd = talk->is_error_open ? talk->process.error_output : -1, .events = POLLIN},
    };
    poll(files, 2, wait_ms < POLL_MS ? (int)wait_ms : POLL_MS);
    if (talk->is_output_open)
        talk->is_output_open = drain(talk->process.output, &talk->output);
    if (talk->is_error_open)
        talk->is_error_open = drain(talk->process.error_output, &talk->error_output);
}

static bool take_line(struct talk *talk, struct buffer *line)
{
    const char *data = talk->output.data;
    const char *end = talk->output.size_bytes ? memchr(data, '\n', talk->output.size_bytes) : NULL;
    if (!end)
        return false;
    buffer_clear(line);
    buffer_append(line, data, (size_t)(end - data));
    buffer_consume(&talk->output, (size_t)(end - data) + 1);
    return true;
}

enum talk_status talk_read(struct talk *talk, int64_t timeout_ms, struct buffer *line)
{
    int64_t end_us = clock_monotonic_us() + timeout_ms * 1000;
    for (;;) {
        if (take_line(talk, line))
            return TALK_LINE;
        int64_t left_us = end_us - clock_monotonic_us();
        if (talk_is_interrupted())
            return TALK_INTERRUPTED;
        if (talk->output.size_bytes > DRIVER_LINE_BYTES_MAX)
            return TALK_TOO_LONG;
        if (!talk->is_output_open)
            return TALK_CLOSED;
        if (left_us <= 0)
            return TALK_TIMEOUT;
        listen_once(talk, left_us / 1000 + 1);
    }
}

bool talk_wait_exit(struct talk *talk, int64_t timeout_ms)
{
    int64_t end_us = clock_monotonic_us() + timeout_ms * 1000;
    for (;;) {
        if (driver_process_has_exited(&talk->process)) {
            listen_once(talk, 0);
            return true;
        }
        if (talk_is_interrupted() || clock_monotonic_us() >= end_us)
            return false;
        listen_once(talk, POLL_MS);
        if (!talk->is_output_open && !talk->is_error_open)
            poll(NULL, 0, POLL_MS);
    }
}

void talk_end(struct talk *talk)
{
    talk_close_input(talk);
    if (talk->process.pid > 0)
        driver_process_reap(&talk->process);
    if (talk->process.output >= 0)
        close(talk->process.output);
    if (talk->process.error_output >= 0)
        close(talk->process.error_output);
    sigaction(SIGINT, &talk->earlier_interrupt, NULL);
    sigaction(SIGTERM, &talk->earlier_terminate, NULL);
    sigaction(SIGPIPE, &talk->earlier_pipe, NULL);
    buffer_free(&talk->output);
    buffer_free(&talk->error_output);
}
