#include "io/driver_log.h"

#include "core/text.h"

#include <string.h>

#define LINE_BYTES_MAX 16384

void driver_log_init(struct driver_log *log, FILE *file, uint32_t number)
{
    *log = (struct driver_log){.file = file, .number = number};
    buffer_init(&log->line, LINE_BYTES_MAX);
    buffer_init(&log->tail, 2 * DRIVER_LOG_TAIL_BYTES_MAX);
}

void driver_log_free(struct driver_log *log)
{
    buffer_free(&log->line);
    buffer_free(&log->tail);
}

static void write_line(struct driver_log *log, const char *label, const char *data,
                       size_t size_bytes)
{
    if (!log->file || log->written_bytes > DRIVER_LOG_BYTES_MAX)
        return;
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    buffer_printf(&out, "[driver %u] %s", log->number, label);
    /* A log is looked at in a terminal. */
    text_append_escaped(&out, data, size_bytes, LINE_BYTES_MAX);
    buffer_append_text(&out, "\n");
    log->written_bytes += out.size_bytes;
    if (log->written_bytes > DRIVER_LOG_BYTES_MAX)
        fprintf(log->file, "[driver %u] … more than %zu MiB: the rest is left out\n", log->number,
                DRIVER_LOG_BYTES_MAX >> 20);
    else
        fwrite(out.data, 1, out.size_bytes, log->file);
    buffer_free(&out);
}

static void keep_tail(struct driver_log *log, const char *data, size_t size_bytes)
{
    if (size_bytes > DRIVER_LOG_TAIL_BYTES_MAX) {
        data += size_bytes - DRIVER_LOG_TAIL_BYTES_MAX;
        size_bytes = DRIVER_LOG_TAIL_BYTES_MAX;
    }
    buffer_append(&log->tail, data, size_bytes);
    if (log->tail.size_bytes > DRIVER_LOG_TAIL_BYTES_MAX)
        buffer_consume(&log->tail, log->tail.size_bytes - DRIVER_LOG_TAIL_BYTES_MAX);
}

void driver_log_output(struct driver_log *log, const char *data, size_t size_bytes)
{
    keep_tail(log, data, size_bytes);
    while (size_bytes > 0) {
        const char *end = memchr(data, '\n', size_bytes);
        size_t part_bytes = end ? (size_t)(end - data) : size_bytes;
        size_t room_bytes = log->line.limit_bytes - log->line.size_bytes;
        bool is_too_long = part_bytes > room_bytes;
        if (is_too_long)
            part_bytes = room_bytes;
        buffer_append(&log->line, data, part_bytes);
        if (end || is_too_long)
            driver_log_flush(log);
        /* Behind the newline, if that is where the part ended. */
        part_bytes += end && !is_too_long;
        data += part_bytes;
        size_bytes -= part_bytes;
    }
}

void driver_log_flush(struct driver_log *log)
{
    if (log->line.size_bytes > 0)
        write_line(log, "", log->line.data, log->line.size_bytes);
    buffer_clear(&log->line);
}

void driver_log_message(struct driver_log *log, const char *client, const char *message)
{
    struct buffer label;
    buffer_init(&label, BUFFER_NO_LIMIT);
    buffer_append_text(&label, "log: ");
    if (client) {
        text_append_escaped(&label, client, strlen(client), 64);
        buffer_append_text(&label, ": ");
    }
    if (message)
        write_line(log, buffer_text(&label), message, strlen(message));
    buffer_free(&label);
}

void driver_log_note(struct driver_log *log, const char *text)
{
    driver_log_flush(log);
    write_line(log, "gapcheck: ", text, strlen(text));
}

void driver_log_append_tail(const struct driver_log *log, struct buffer *out)
{
    const char *data = log->tail.data;
    size_t size_bytes = log->tail.size_bytes;
    while (size_bytes > 0 && strchr("\r\n\t ", data[size_bytes - 1]))
        size_bytes--;
    if (size_bytes == 0)
        return;
    buffer_append_text(out, "; its standard error ends with: ");
    while (size_bytes > 0) {
        const char *end = memchr(data, '\n', size_bytes);
        size_t part_bytes = end ? (size_t)(end - data) : size_bytes;
        text_append_escaped(out, data, part_bytes, DRIVER_LOG_TAIL_BYTES_MAX);
        if (end)
            buffer_append_text(out, " | ");
        part_bytes += end != NULL;
        data += part_bytes;
        size_bytes -= part_bytes;
    }
}
