#include "cmd/serve_lines.h"

#include "core/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES_MAX 200

static void begin(const struct transcript_entry *entry, struct buffer *out)
{
    buffer_printf(out, "%10.1f ms  ", (double)entry->at_us / 1000);
}

static void append_shown(const char *text, struct buffer *out)
{
    if (text)
        text_append_escaped(out, text, strlen(text), TEXT_BYTES_MAX);
}

static void tell(const struct transcript_entry *entry, struct buffer *out, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A whole line; what the client sent is never in it. */
static void tell(const struct transcript_entry *entry, struct buffer *out, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    begin(entry, out);
    buffer_printf(out, "%s\n", text);
}

static void tell_events(const struct transcript_entry *entry, const char *verb, struct buffer *out)
{
    begin(entry, out);
    buffer_printf(out, "%s ", verb);
    if (entry->count > 1)
        buffer_printf(out, "%" PRIu64 " × ", entry->count);
    append_shown(entry->detail ? entry->detail : "event", out);
    buffer_printf(out, " gc-%" PRIu64, entry->marker);
    if (entry->count > 1)
        buffer_printf(out, " … gc-%" PRIu64, entry->marker + entry->count - 1);
    buffer_append_text(out, "\n");
}

static void tell_frame(const struct transcript_entry *entry, struct buffer *out)
{
    begin(entry, out);
    buffer_append_text(out, "client: ");
    append_shown(entry->detail ? entry->detail : "a frame that is none of the protocol", out);
    if (entry->detail && strcmp(entry->detail, "resync") == 0 && !isnan(entry->seq))
        buffer_printf(out, " last_seen_seq %.0f", entry->seq);
    buffer_append_text(out, "\n");
}

/* `what`, then the texts of the entry: those may be the client's. */
static void tell_texts(const struct transcript_entry *entry, const char *what, struct buffer *out)
{
    begin(entry, out);
    buffer_append_text(out, what);
    if (entry->name) {
        buffer_append_text(out, " ");
        append_shown(entry->name, out);
    }
    if (entry->text) {
        buffer_append_text(out, ": ");
        append_shown(entry->text, out);
    }
    buffer_append_text(out, "\n");
}

static bool is_plain_end(const struct transcript_entry *entry)
{
    return entry->name && strcmp(entry->name, "done") == 0;
}

/* For a client that does not exist: the session wants to know that the op before was read. */
static bool is_barrier(const struct transcript_entry *entry)
{
    return entry->text && strstr(entry->text, "\"client\":\"c1/") != NULL;
}

static void append_entry(const struct transcript_entry *entry, struct buffer *out)
{
    switch ((enum transcript_kind)entry->kind) {
    case TRANSCRIPT_STEP:
        tell(entry, out, "step %" PRIu32 ": %s", entry->step, entry->name ? entry->name : "");
        return;
    case TRANSCRIPT_STEP_END:
        if (!is_plain_end(entry))
            tell_texts(entry, "step", out);
        return;
    case TRANSCRIPT_OPEN:
        tell(entry, out, "connection %" PRIu32 " is open", entry->connection);
        return;
    case TRANSCRIPT_REFUSED:
        tell_texts(entry, "refuses a connection:", out);
        return;
    case TRANSCRIPT_PUBLISH:
        tell_events(entry, "publishes", out);
        return;
    case TRANSCRIPT_SENT:
        if (entry->name)
            tell_events(entry, strcmp(entry->name, "ring") == 0  ? "replays from the ring"
                               : strcmp(entry->name, "row") == 0 ? "replays from the database"
                                                                 : "sends again", out);
        return;
    case TRANSCRIPT_ACK:
        tell(entry, out, "resync_ack: replayed %.0f%s", entry->number2,
             entry->flags & TRANSCRIPT_FLAG_GAP ? ", gap" : "");
        return;
    case TRANSCRIPT_FRAME_IN:
        tell_frame(entry, out);
        return;
    case TRANSCRIPT_VIOLATION:
        tell_texts(entry, "client breaks RFC 6455", out);
        return;
    case TRANSCRIPT_DROP:
        tell(entry, out, "drops connection %" PRIu32 " (%s)", entry->connection,
             entry->name ? entry->name : "");
        return;
    case TRANSCRIPT_END:
        tell(entry, out, "connection %" PRIu32 " is gone", entry->connection);
        return;
    case TRANSCRIPT_RESTART:
        tell(entry, out, "restarts");
        return;
    case TRANSCRIPT_OP:
        if (is_barrier(entry))
            return;
        tell(entry, out, "asks the application to %s", entry->name ? entry->name : "");
        return;
    case TRANSCRIPT_RESYNCED:
        tell(entry, out, "application: resynced");
        return;
    case TRANSCRIPT_LIFECYCLE:
        tell_texts(entry, "application:", out);
        return;
    case TRANSCRIPT_LOG:
        tell_texts(entry, "log", out);
        return;
    case TRANSCRIPT_FAULT:
        tell_texts(entry, "fault of the", out);
        return;
    case TRANSCRIPT_DONE:
        tell_texts(entry, "ends:", out);
        return;
    case TRANSCRIPT_CONNECT:
    case TRANSCRIPT_REQUEST:
    case TRANSCRIPT_FRAME_OUT:
    case TRANSCRIPT_REPLAY:
    case TRANSCRIPT_WS_OUT:
    case TRANSCRIPT_WS_IN:
    case TRANSCRIPT_CLOCK:
    case TRANSCRIPT_DISPATCH:
    case TRANSCRIPT_LATE:
    case TRANSCRIPT_KIND_COUNT:
        return;
    }
}

/* What goes on in the same moment as a publication, and between two of them, is not told. */
static bool is_untold(const struct transcript_entry *entry)
{
    bool is_live = entry->kind == TRANSCRIPT_SENT && entry->name && !strcmp(entry->name, "live");
    bool is_fence =
        entry->kind == TRANSCRIPT_PUBLISH && (entry->flags & TRANSCRIPT_FLAG_FENCE) != 0;
    return is_live || is_fence;
}

static bool continues(const struct transcript_entry *published,
                      const struct transcript_entry *entry)
{
    return entry->kind == TRANSCRIPT_PUBLISH && published->count > 0 &&
           entry->detail == published->detail &&
           entry->marker == published->marker + published->count;
}

static void flush(struct serve_lines *lines, const struct transcript_entry *next,
                  struct buffer *out)
{
    if (lines->published.count > 0)
        append_entry(&lines->published, out);
    lines->published.count = 0;
    if (lines->dispatch_count > 0)
        tell(next, out, "application: got %" PRIu64 " event%s", lines->dispatch_count,
             lines->dispatch_count == 1 ? "" : "s");
    lines->dispatch_count = 0;
}

void serve_lines_append(struct serve_lines *lines, const struct transcript_entry *entry,
                        struct buffer *out)
{
    if (is_untold(entry))
        return;
    if (continues(&lines->published, entry)) {
        lines->published.count += entry->count;
        return;
    }
    if (entry->kind == TRANSCRIPT_DISPATCH) {
        lines->dispatch_count++;
        return;
    }
    flush(lines, entry, out);
    if (entry->kind == TRANSCRIPT_PUBLISH)
        lines->published = *entry; /* its texts are the transcript's, which lives as long */
    else
        append_entry(entry, out);
}
