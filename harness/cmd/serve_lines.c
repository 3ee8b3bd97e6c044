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
    if (entry->text && entry->kind != TRANSCRIPT_OP) {
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

/* Where replayed events come from; NULL for live ones, which `publishes` has told. */
static const char *replay_verb(const struct transcript_entry *entry)
{
    static const struct {
        const char *name, *verb;
    } verbs[] = {{"ring", "replays from the ring"},
                 {"row", "replays from the database"},
                 {"again", "sends again"}};
    for (size_t i = 0; entry->name && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, entry->name) == 0)
            return verbs[i].verb;
    return NULL;
}

/* What is told of as a name and a text, behind this; NULL if it is not. */
static const char *plain_words(const struct transcript_entry *entry)
{
    switch ((enum transcript_kind)entry->kind) {
    case TRANSCRIPT_STEP_END:
        return is_plain_end(entry) ? NULL : "step";
    case TRANSCRIPT_REFUSED:
        return "refuses a connection:";
    case TRANSCRIPT_VIOLATION:
        return "client breaks RFC 6455";
    case TRANSCRIPT_LIFECYCLE:
        return "application:";
    case TRANSCRIPT_RESYNCED:
        return "application: resynced";
    case TRANSCRIPT_LOG:
        return "log";
    case TRANSCRIPT_FAULT:
        return "fault of the";
    case TRANSCRIPT_DONE:
        return "ends:";
    case TRANSCRIPT_OP:
        return is_barrier(entry) ? NULL : "asks the application to";
    default: /* the others have words of their own, or none */
        return NULL;
    }
}

static void append_entry(const struct transcript_entry *entry, struct buffer *out)
{
    const char *words = plain_words(entry);
    if (words)
        tell_texts(entry, words, out);
    switch ((enum transcript_kind)entry->kind) {
    case TRANSCRIPT_STEP:
        tell(entry, out, "step %" PRIu32 ": %s", entry->step, entry->name ? entry->name : "");
        return;
    case TRANSCRIPT_OPEN:
        tell(entry, out, "connection %" PRIu32 " is open", entry->connection);
        return;
    case TRANSCRIPT_PUBLISH:
        tell_events(entry, "publishes", out);
        return;
    case TRANSCRIPT_SENT:
        if (replay_verb(entry))
            tell_events(entry, replay_verb(entry), out);
        return;
    case TRANSCRIPT_ACK:
        tell(entry, out, "resync_ack: replayed %.0f%s", entry->number2,
             entry->flags & TRANSCRIPT_FLAG_GAP ? ", gap" : "");
        return;
    case TRANSCRIPT_FRAME_IN:
        tell_frame(entry, out);
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
    default: /* what happens below that is for the transcript */
        return;
    }
}

/* What goes on in the same moment as a publication, and between two of them, is not told. */
static bool is_untold(const struct transcript_entry *entry)
{
    bool is_live = entry->kind == TRANSCRIPT_SENT && !replay_verb(entry);
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
