#include "io/driver.h"

#include "core/memory.h"
#include "io/clock.h"
#include "io/driver_log.h"
#include "io/driver_process.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELLO_US         10000000 /* patience with one that says nothing … */
#define STUCK_US         10000000 /* … or does not read, both times the scale */
#define CLOSED_US        1000000  /* … or closes a pipe and does not exit */
#define TERM_AFTER_US    1000000  /* of asking it politely */
#define KILL_AFTER_US    2000000
#define TICK_US          200000 /* an exit is noticed sooner, by the end of its output */
#define FAST_TICK_US     5000
#define WRITE_RETRY_US   2000
#define READ_CHUNK_BYTES 65536
#define LINE_KEPT_BYTES  (1u << 20)   /* of the memory that a long line took */
#define TURN_BYTES_MAX   (256u << 10) /* before the others have their turn */

enum driver_state {
    DRIVER_STARTING, /* has not said hello */
    DRIVER_RUNNING,
    DRIVER_ENDING,  /* was asked to */
    DRIVER_KILLING, /* is at fault */
    DRIVER_ENDED,
};

struct driver {
    struct loop *loop; /* borrowed */
    struct driver_config config;
    enum driver_state state;
    struct driver_process process;
    struct driver_log log;
    struct loop_watch output, error_output;
    bool is_output_open, is_error_open;
    struct buffer line;  /* what came of a line */
    struct buffer queue; /* what waits for its input, from `written_bytes` on */
    size_t written_bytes;
    struct error start_error;
    bool is_queue_full;
    bool is_term_sent, is_kill_sent;
    int64_t state_us;        /* when the state began */
    int64_t progress_us;     /* when it last read, or had nothing to read */
    int64_t input_broken_us; /* when it closed its input or output; 0: it did not */
    int64_t output_closed_us;
    struct loop_timer tick, retry;
    int64_t tick_due_us;
};

static void on_tick(void *user);

static void tick_after(struct driver *driver, int64_t delay_us)
{
    driver->tick_due_us = clock_monotonic_us() + delay_us;
    loop_timer_set(driver->loop, &driver->tick, delay_us, on_tick, driver);
}

static bool is_serving(const struct driver *driver)
{
    return driver->state == DRIVER_STARTING || driver->state == DRIVER_RUNNING;
}

static void set_state(struct driver *driver, enum driver_state state)
{
    driver->state = state;
    driver->state_us = clock_monotonic_us();
}

/* ---- its standard input ---- */

static void close_input(struct driver *driver)
{
    loop_timer_cancel(&driver->retry);
    buffer_clear(&driver->queue);
    driver->written_bytes = 0;
    if (driver->process.input >= 0)
        close(driver->process.input);
    driver->process.input = -1;
}

/* Not watched by the loop: poll() keeps reporting a pipe whose reader is gone, asked or not. */
static void flush_input(void *user)
{
    struct driver *driver = user;
    int64_t now_us = clock_monotonic_us();
    while (driver->written_bytes < driver->queue.size_bytes) {
        ssize_t size_bytes =
            write(driver->process.input, driver->queue.data + driver->written_bytes,
                  driver->queue.size_bytes - driver->written_bytes);
        if (size_bytes > 0) {
            driver->written_bytes += (size_t)size_bytes;
            driver->progress_us = now_us;
        } else if (size_bytes < 0 && errno == EAGAIN) {
            loop_timer_set(driver->loop, &driver->retry, WRITE_RETRY_US, flush_input, driver);
            break;
        } else if (size_bytes < 0 && errno != EINTR) {
            driver->input_broken_us = now_us;
            close_input(driver);
            tick_after(driver, 0);
            return;
        }
    }
    /* Only now and then: moving what is left for every write would cost its square. */
    if (driver->written_bytes == driver->queue.size_bytes ||
        driver->written_bytes > driver->queue.size_bytes / 2) {
        buffer_consume(&driver->queue, driver->written_bytes);
        driver->written_bytes = 0;
    }
    if (driver->queue.size_bytes == 0) {
        driver->progress_us = now_us;
        if (driver->state == DRIVER_ENDING)
            close_input(driver);
    }
}

static bool queue_line(struct driver *driver, const char *line, size_t size_bytes)
{
    size_t waiting_bytes = driver->queue.size_bytes - driver->written_bytes;
    if (waiting_bytes == 0)
        driver->progress_us = clock_monotonic_us();
    if (size_bytes >= DRIVER_QUEUE_BYTES_MAX - waiting_bytes)
        return false;
    buffer_append(&driver->queue, line, size_bytes);
    buffer_append_text(&driver->queue, "\n");
    return true;
}

void driver_write(struct driver *driver, const char *line, size_t size_bytes)
{
    if (!is_serving(driver) || driver->process.input < 0)
        return;
    if (queue_line(driver, line, size_bytes)) {
        flush_input(driver);
    } else {
        driver->is_queue_full = true;
        tick_after(driver, 0);
    }
}

/* ---- what it does wrong ---- */

static bool read_pipe(struct driver *driver, int file, bool is_error);

/* Ends it and tells why. Takes what `why` holds and completes it by the end of its standard error,
 * which often says more than we can. */
static void fail(struct driver *driver, struct buffer *why)
{
    if (is_serving(driver)) {
        if (driver->is_error_open)
            read_pipe(driver, loop_watch_descriptor(&driver->error_output), true);
        if (driver->state == DRIVER_STARTING && driver->process.pid > 0)
            buffer_append_text(why, " before it said hello");
        driver_log_append_tail(&driver->log, why);
        set_state(driver, DRIVER_KILLING);
        close_input(driver);
        driver_log_note(&driver->log, buffer_text(why));
        tick_after(driver, 0);
        driver->config.on_gone(driver->config.user, buffer_text(why));
    }
    buffer_free(why);
}

static void fail_text(struct driver *driver, const char *text)
{
    struct buffer why;
    buffer_init(&why, BUFFER_NO_LIMIT);
    buffer_append_text(&why, text);
    fail(driver, &why);
}

static void fail_line(struct driver *driver, const char *text, size_t size_bytes,
                      const struct error *error)
{
    struct buffer why;
    buffer_init(&why, BUFFER_NO_LIMIT);
    buffer_printf(&why, "the driver printed a wrong line: %s: `", error->message);
    text_append_escaped(&why, text, size_bytes, 160);
    buffer_append_text(&why, "`");
    if (error->hint[0])
        buffer_printf(&why, " (%s)", error->hint);
    fail(driver, &why);
}

/* ---- its standard output ---- */

static void on_line(struct driver *driver, const struct driver_line *line)
{
    if (line->event == DRIVER_EVENT_LOG)
        driver_log_message(&driver->log, line->client, line->message);
    if (line->event == DRIVER_EVENT_HELLO) {
        if (driver->state == DRIVER_RUNNING) {
            driver_log_note(&driver->log, "said hello again; ignored");
            return;
        }
        set_state(driver, DRIVER_RUNNING);
        driver->config.on_hello(driver->config.user, &line->hello);
    } else if (driver->state == DRIVER_RUNNING) {
        driver->config.on_line(driver->config.user, line);
    } else if (line->event != DRIVER_EVENT_LOG) {
        struct buffer why;
        buffer_init(&why, BUFFER_NO_LIMIT);
        buffer_printf(&why, "the driver said `%s`", driver_event_name(line->event));
        fail(driver, &why);
    }
}

static void take_line(struct driver *driver, const char *text, size_t size_bytes)
{
    struct driver_line line;
    struct error error = {0};
    if (driver_line_parse(text, size_bytes, &line, &error))
        on_line(driver, &line);
    else
        fail_line(driver, text, size_bytes, &error);
    driver_line_free(&line);
}

/* Takes the lines that end in the last `new_bytes` of what came. */
static void split_lines(struct driver *driver, size_t new_bytes)
{
    size_t begin = 0, searched = driver->line.size_bytes - new_bytes;
    while (is_serving(driver)) {
        const char *data = driver->line.data;
        const char *end = memchr(data + searched, '\n', driver->line.size_bytes - searched);
        if (!end)
            break;
        take_line(driver, data + begin, (size_t)(end - data) - begin);
        begin = searched = (size_t)(end - data) + 1;
    }
    buffer_consume(&driver->line, begin);
    if (driver->line.size_bytes == 0 && driver->line.capacity_bytes > LINE_KEPT_BYTES)
        buffer_free(&driver->line);
    if (is_serving(driver) && driver->line.size_bytes > DRIVER_LINE_BYTES_MAX) {
        struct buffer why;
        buffer_init(&why, BUFFER_NO_LIMIT);
        buffer_printf(&why, "the driver printed a line of more than %zu MiB",
                      DRIVER_LINE_BYTES_MAX >> 20);
        fail(driver, &why);
    }
}

static void take_output(struct driver *driver, const char *data, size_t size_bytes)
{
    /* Read on in vain, so that it is not kept from ending by a full pipe. */
    if (!is_serving(driver)) {
        buffer_free(&driver->line);
        return;
    }
    buffer_append(&driver->line, data, size_bytes);
    split_lines(driver, size_bytes);
}

/* Reads what is there. False at the end of the file. */
static bool read_pipe(struct driver *driver, int file, bool is_error)
{
    char data[READ_CHUNK_BYTES];
    for (size_t total_bytes = 0; total_bytes < TURN_BYTES_MAX;) {
        ssize_t size_bytes = read(file, data, sizeof data);
        if (size_bytes < 0 && errno == EINTR)
            continue;
        if (size_bytes < 0)
            return errno == EAGAIN;
        if (size_bytes == 0)
            return false;
        total_bytes += (size_t)size_bytes;
        if (is_error)
            driver_log_output(&driver->log, data, (size_t)size_bytes);
        else
            take_output(driver, data, (size_t)size_bytes);
    }
    return true;
}

static bool on_output(struct loop_watch *watch)
{
    return read_pipe(watch->user, loop_watch_descriptor(watch), false);
}

static bool on_error_output(struct loop_watch *watch)
{
    return read_pipe(watch->user, loop_watch_descriptor(watch), true);
}

static void on_output_closed(struct loop_watch *watch, int file)
{
    struct driver *driver = watch->user;
    driver->is_output_open = false;
    driver->output_closed_us = clock_monotonic_us();
    if (driver->state == DRIVER_ENDED)
        return;
    read_pipe(driver, file, false);
    tick_after(driver, 0);
}

static void on_error_closed(struct loop_watch *watch, int file)
{
    struct driver *driver = watch->user;
    driver->is_error_open = false;
    if (driver->state != DRIVER_ENDED)
        read_pipe(driver, file, true);
}

/* ---- its end ---- */

static void read_rest(struct driver *driver)
{
    if (driver->is_error_open)
        read_pipe(driver, loop_watch_descriptor(&driver->error_output), true);
    if (driver->is_output_open)
        read_pipe(driver, loop_watch_descriptor(&driver->output), false);
}

/* Everything of it is gone afterwards, save for its memory. */
static void bury(struct driver *driver)
{
    driver_process_reap(&driver->process);
    driver->state = DRIVER_ENDED;
    loop_timer_cancel(&driver->tick);
    close_input(driver);
    loop_watch_close(&driver->output);
    loop_watch_close(&driver->error_output);
    driver_log_flush(&driver->log);
}

static void on_exited(struct driver *driver)
{
    /* What it said before it went still counts. */
    read_rest(driver);
    if (is_serving(driver)) {
        struct buffer why;
        buffer_init(&why, BUFFER_NO_LIMIT);
        buffer_append_text(&why, "the driver ");
        driver_process_append_words(&driver->process, &why);
        fail(driver, &why);
    }
    bury(driver);
    driver->config.on_ended(driver->config.user);
}

/* What our own loop lost is not the driver's: its words may lie unread in the pipe meanwhile. */
static void excuse_lateness(struct driver *driver, int64_t now_us)
{
    int64_t late_us = now_us - driver->tick_due_us;
    if (late_us < TICK_US)
        return;
    driver->progress_us += late_us;
    driver->state_us += late_us;
    if (driver->input_broken_us)
        driver->input_broken_us += late_us;
    if (driver->output_closed_us)
        driver->output_closed_us += late_us;
}

static void check_patience(struct driver *driver, int64_t now_us)
{
    int64_t stuck_us = (int64_t)(STUCK_US * driver->config.timeout_scale);
    int64_t hello_us = (int64_t)(HELLO_US * driver->config.timeout_scale);
    char text[120];
    if (driver->is_queue_full) {
        fail_text(driver, "the driver does not read: 64 MiB wait for its standard input");
    } else if (driver->queue.size_bytes > 0 && now_us - driver->progress_us > stuck_us) {
        snprintf(text, sizeof text, "the driver has not read its standard input for %.3g s",
                 (double)stuck_us / 1e6);
        fail_text(driver, text);
    } else if (driver->state == DRIVER_STARTING && now_us - driver->state_us > hello_us) {
        snprintf(text, sizeof text, "the driver let %.3g s pass", (double)hello_us / 1e6);
        fail_text(driver, text);
    } else if (driver->input_broken_us && now_us - driver->input_broken_us > CLOSED_US) {
        fail_text(driver, "the driver closed its standard input and did not exit");
    } else if (driver->output_closed_us && now_us - driver->output_closed_us > CLOSED_US) {
        fail_text(driver, "the driver closed its standard output and did not exit");
    }
}

/* TERM, at once where it is at fault; then KILL. */
static void urge(struct driver *driver, int64_t now_us)
{
    int64_t waited_us = now_us - driver->state_us;
    if (!driver->is_term_sent && (driver->state == DRIVER_KILLING || waited_us >= TERM_AFTER_US)) {
        driver->is_term_sent = true;
        close_input(driver);
        driver_process_signal(&driver->process, SIGTERM);
    }
    if (!driver->is_kill_sent && waited_us >= KILL_AFTER_US) {
        driver->is_kill_sent = true;
        driver_process_signal(&driver->process, SIGKILL);
    }
}

static void on_tick(void *user)
{
    struct driver *driver = user;
    if (driver->process.pid == 0) {
        /* It could not be started. */
        fail_text(driver, driver->start_error.message);
        bury(driver);
        driver->config.on_ended(driver->config.user);
        return;
    }
    if (driver_process_has_exited(&driver->process)) {
        on_exited(driver);
        return;
    }
    int64_t now_us = clock_monotonic_us();
    excuse_lateness(driver, now_us);
    if (is_serving(driver))
        check_patience(driver, now_us);
    if (!is_serving(driver))
        urge(driver, now_us);
    bool is_soon = !is_serving(driver) || driver->output_closed_us || driver->input_broken_us;
    tick_after(driver, is_soon ? FAST_TICK_US : TICK_US);
}

void driver_end(struct driver *driver)
{
    static const char line[] = "{\"op\":\"exit\"}";
    if (!is_serving(driver))
        return;
    set_state(driver, DRIVER_ENDING);
    if (driver->process.input >= 0 && queue_line(driver, line, sizeof line - 1))
        flush_input(driver);
    tick_after(driver, FAST_TICK_US);
}

void driver_note(struct driver *driver, const char *text)
{
    driver_log_note(&driver->log, text);
}

/* ---- life ---- */

struct driver *driver_new(struct loop *loop, const struct driver_config *config)
{
    struct driver *driver = memory_alloc(1, sizeof *driver);
    driver->loop = loop;
    driver->config = *config;
    driver->config.command = NULL;
    driver_log_init(&driver->log, config->log, config->number);
    buffer_init(&driver->line, DRIVER_LINE_BYTES_MAX + READ_CHUNK_BYTES);
    buffer_init(&driver->queue, 2 * DRIVER_QUEUE_BYTES_MAX);
    set_state(driver, DRIVER_STARTING);
    driver->progress_us = driver->state_us;
    driver->output = (struct loop_watch){
        .on_readable = on_output, .on_closed = on_output_closed, .user = driver};
    driver->error_output = (struct loop_watch){
        .on_readable = on_error_output, .on_closed = on_error_closed, .user = driver};
    struct driver_process *process = &driver->process;
    if (driver_process_start(process, config->command, &driver->start_error)) {
        driver->is_output_open = loop_watch_file(loop, &driver->output, process->output);
        driver->is_error_open = loop_watch_file(loop, &driver->error_output, process->error_output);
        if (!driver->is_output_open)
            driver->output_closed_us = driver->state_us;
    }
    tick_after(driver, process->pid ? TICK_US : 0);
    return driver;
}

void driver_free(struct driver *driver)
{
    if (!driver)
        return;
    assert(!driver->output.is_inside && !driver->error_output.is_inside);
    if (driver->state != DRIVER_ENDED)
        bury(driver);
    driver_log_free(&driver->log);
    buffer_free(&driver->line);
    buffer_free(&driver->queue);
    free(driver);
}
