#include "core/transcript_file.h"

#include "core/memory.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How the members of an entry are called in the file. A kind that has no name of its own for a
 * member uses the default in the first row of kind_members. */
struct member_names {
    const char *name, *detail, *text, *seq, *number, *number2, *count;
};

static const struct member_names default_members = {
    .name = "name",
    .detail = "type",
    .text = "text",
    .seq = "agent_seq",
    .number = "number",
    .number2 = "number2",
    .count = "count",
};

static const struct member_names kind_members[TRANSCRIPT_KIND_COUNT] = {
    [TRANSCRIPT_STEP] = {.name = "verb"},
    [TRANSCRIPT_STEP_END] = {.name = "result", .detail = "rule", .text = "why"},
    [TRANSCRIPT_REQUEST] = {.text = "request"},
    [TRANSCRIPT_OPEN] = {.number = "server_clock_ms"},
    [TRANSCRIPT_REFUSED] = {.name = "how", .number = "status"},
    [TRANSCRIPT_HTTP] = {.name = "how", .number = "status", .text = "request"},
    [TRANSCRIPT_PUBLISH] = {.name = "as", .number = "created_s", .number2 = "id_marker"},
    [TRANSCRIPT_SENT] = {.name = "from"},
    [TRANSCRIPT_REPLAY] = {.seq = "last_seen_seq",
                           .number = "current_seq",
                           .number2 = "row_count",
                           .count = "ring_count"},
    [TRANSCRIPT_ACK] = {.name = "how",
                        .seq = "last_seen_seq",
                        .number = "current_seq",
                        .number2 = "replayed"},
    [TRANSCRIPT_WS_OUT] = {.name = "opcode", .number = "code"},
    [TRANSCRIPT_FRAME_IN] = {.seq = "last_seen_seq",
                             .number = "since_ms",
                             .number2 = "up_to_seq"},
    [TRANSCRIPT_WS_IN] = {.name = "opcode", .number = "code"},
    [TRANSCRIPT_VIOLATION] = {.text = "message"},
    [TRANSCRIPT_DROP] = {.name = "how", .number = "code"},
    [TRANSCRIPT_END] = {.name = "how", .number = "code"},
    [TRANSCRIPT_RESTART] = {.number = "counter", .number2 = "down_ms"},
    [TRANSCRIPT_CLOCK] = {.number = "server_clock_ms"},
    [TRANSCRIPT_OP] = {.name = "op", .number = "op_number"},
    [TRANSCRIPT_READ] = {.number = "op_number"},
    [TRANSCRIPT_DISPATCH] = {.number = "handler"},
    [TRANSCRIPT_RESYNCED] = {.number = "replayed"},
    [TRANSCRIPT_LIFECYCLE] = {.number = "attempt", .text = "message"},
    [TRANSCRIPT_LOG] = {.text = "message"},
    [TRANSCRIPT_LATE] = {.number = "late_us"},
    [TRANSCRIPT_FAULT] = {.name = "of", .text = "message"},
    [TRANSCRIPT_DONE] = {.name = "how", .text = "why"},
};

static const struct {
    uint16_t flag;
    const char *name;
} flag_names[] = {
    {TRANSCRIPT_FLAG_LIVE, "live"},           {TRANSCRIPT_FLAG_ROW, "row"},
    {TRANSCRIPT_FLAG_FENCE, "fence"},         {TRANSCRIPT_FLAG_GAP, "gap_detected"},
    {TRANSCRIPT_FLAG_MALFORMED, "malformed"}, {TRANSCRIPT_FLAG_MANGLED, "mangled"},
    {TRANSCRIPT_FLAG_KEEP_RING, "keep_ring"}, {TRANSCRIPT_FLAG_KEEP_DB, "keep_db"},
    {TRANSCRIPT_FLAG_DRAINED, "drained"},     {TRANSCRIPT_FLAG_CUT, "cut"},
    {TRANSCRIPT_FLAG_CONTROL, "control"},     {TRANSCRIPT_FLAG_SHOULD, "should"},
    {TRANSCRIPT_FLAG_TRUNCATED, "truncated"}, {TRANSCRIPT_FLAG_NO_ID, "no_id"},
    {TRANSCRIPT_FLAG_FRAGMENTS, "fragments"},
};

#define FLAG_NAME_COUNT (sizeof(flag_names) / sizeof(flag_names[0]))

static const char *const kind_names[TRANSCRIPT_KIND_COUNT] = {
#define X(symbol, name) [TRANSCRIPT_##symbol] = name,
    TRANSCRIPT_KINDS(X)
#undef X
};

const char *transcript_kind_name(enum transcript_kind kind)
{
    return kind_names[kind];
}

static struct member_names names_of(enum transcript_kind kind)
{
    struct member_names names = kind_members[kind];
    const struct member_names *fallback = &default_members;
    names.name = names.name ? names.name : fallback->name;
    names.detail = names.detail ? names.detail : fallback->detail;
    names.text = names.text ? names.text : fallback->text;
    names.seq = names.seq ? names.seq : fallback->seq;
    names.number = names.number ? names.number : fallback->number;
    names.number2 = names.number2 ? names.number2 : fallback->number2;
    names.count = names.count ? names.count : fallback->count;
    return names;
}

/* ---- writing ---- */

static void write_text(struct buffer *out, const char *key, const char *text)
{
    if (!text)
        return;
    buffer_printf(out, ",\"%s\":", key);
    text_append_json(out, text, strlen(text));
}

static void write_number(struct buffer *out, const char *key, double value)
{
    if (!isfinite(value))
        return;
    if (value == floor(value) && fabs(value) < 9007199254740992.0)
        buffer_printf(out, ",\"%s\":%.0f", key, value);
    else
        buffer_printf(out, ",\"%s\":%.17g", key, value);
}

static void write_count(struct buffer *out, const char *key, uint64_t value)
{
    if (value)
        buffer_printf(out, ",\"%s\":%" PRIu64, key, value);
}

static void write_header(const struct transcript *transcript, struct buffer *out)
{
    const struct transcript_header *header = &transcript->header;
    buffer_printf(out, "{\"transcript\":%d", TRANSCRIPT_FORMAT);
    write_text(out, "gapcheck", header->gapcheck_version);
    write_text(out, "scenario", header->scenario_name);
    write_text(out, "file", header->scenario_path);
    write_text(out, "client", header->client_name);
    write_text(out, "version", header->client_version);
    write_text(out, "command", header->client_command);
    if (header->is_wire_only)
        buffer_append_text(out, ",\"wire_only\":true");
    buffer_append_text(out, ",\"capabilities\":[");
    bool is_first = true;
    for (int capability = 0; capability < DRIVER_CAPABILITY_COUNT; capability++) {
        if (!driver_capabilities_have(header->capabilities, (enum driver_capability)capability))
            continue;
        buffer_printf(out, "%s\"%s\"", is_first ? "" : ",",
                      driver_capability_name((enum driver_capability)capability));
        is_first = false;
    }
    buffer_append_text(out, "]");
    buffer_printf(out, ",\"seed\":%" PRIu64, header->seed);
    buffer_printf(out, ",\"started_ms\":%" PRId64, header->started_ms);
    write_number(out, "timeout_scale", header->timeout_scale);
    write_text(out, "source", header->scenario_text);
    buffer_append_text(out, "}\n");
}

static void write_entry(const struct transcript_entry *entry, struct buffer *out)
{
    struct member_names names = names_of(entry->kind);
    buffer_printf(out, "{\"us\":%" PRId64 ",\"kind\":\"%s\"", entry->at_us,
                  kind_names[entry->kind]);
    write_count(out, "step", entry->step);
    write_count(out, "connection", entry->connection);
    write_text(out, names.name, entry->name);
    write_text(out, names.detail, entry->detail);
    write_count(out, "marker", entry->marker);
    write_count(out, names.count, entry->count);
    write_number(out, names.seq, entry->seq);
    write_number(out, names.number, entry->number);
    write_number(out, names.number2, entry->number2);
    write_count(out, "size", entry->size_bytes);
    for (size_t index = 0; index < FLAG_NAME_COUNT; index++)
        if (entry->flags & flag_names[index].flag)
            buffer_printf(out, ",\"%s\":true", flag_names[index].name);
    if (entry->hash || entry->flags & TRANSCRIPT_FLAG_TRUNCATED)
        buffer_printf(out, ",\"hash\":\"%016" PRIx64 "\"", entry->hash);
    write_text(out, names.text, entry->text);
    buffer_append_text(out, "}\n");
}

bool transcript_write_line(const struct transcript *transcript, size_t index, struct buffer *out)
{
    if (index > transcript->count)
        return false;
    if (index == 0)
        write_header(transcript, out);
    else
        write_entry(&transcript->entries[index - 1], out);
    return true;
}

/* ---- reading ---- */

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static double read_number(const cJSON *object, const char *name)
{
    const cJSON *item = member(object, name);
    return cJSON_IsNumber(item) && isfinite(item->valuedouble) ? item->valuedouble : NAN;
}

/* Whole, not negative and below 2^53, else 0: what a hostile file says must not overflow. */
static uint64_t read_count(const cJSON *object, const char *name)
{
    double value = read_number(object, name);
    return value >= 0 && value < 9007199254740992.0 ? (uint64_t)value : 0;
}

static const char *read_text(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(member(object, name));
}

static char *copy_text(const cJSON *object, const char *name)
{
    const char *text = read_text(object, name);
    return text ? memory_copy_text(text, strlen(text)) : NULL;
}

static void read_capabilities(const cJSON *list, struct driver_capabilities *capabilities)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list) {
        for (int index = 0; index < DRIVER_CAPABILITY_COUNT && item->valuestring; index++)
            if (!strcmp(item->valuestring, driver_capability_name((enum driver_capability)index)))
                capabilities->bits |= UINT32_C(1) << index;
    }
}

static bool read_header(const cJSON *line, struct transcript *transcript, struct error *error)
{
    struct transcript_header *header = &transcript->header;
    double format = read_number(line, "transcript");
    if (isnan(format)) {
        error_set(error, "give a file from the `transcripts` folder of a report",
                  "this is no gapcheck transcript: its first line has no `transcript`");
        return false;
    }
    if (format != TRANSCRIPT_FORMAT) {
        error_set(error, "judge it with the gapcheck that wrote it",
                  "transcript format %g is not known, only %d", format, TRANSCRIPT_FORMAT);
        return false;
    }
    header->gapcheck_version = copy_text(line, "gapcheck");
    header->scenario_name = copy_text(line, "scenario");
    header->scenario_path = copy_text(line, "file");
    header->scenario_text = copy_text(line, "source");
    header->client_name = copy_text(line, "client");
    header->client_version = copy_text(line, "version");
    header->client_command = copy_text(line, "command");
    read_capabilities(member(line, "capabilities"), &header->capabilities);
    header->is_wire_only = cJSON_IsTrue(member(line, "wire_only"));
    header->seed = read_count(line, "seed");
    header->started_ms = (int64_t)read_count(line, "started_ms");
    double scale = read_number(line, "timeout_scale");
    header->timeout_scale = scale > 0 && scale < 1e6 ? scale : 1;
    if (!header->scenario_text || !header->scenario_name) {
        error_set(error, NULL, "the header lacks `scenario` or `source`");
        return false;
    }
    return true;
}

static bool find_kind(const char *name, enum transcript_kind *kind)
{
    for (int index = 0; name && index < TRANSCRIPT_KIND_COUNT; index++) {
        if (!strcmp(name, kind_names[index])) {
            *kind = (enum transcript_kind)index;
            return true;
        }
    }
    return false;
}

/* What the harness itself counts is below 2^53; only what stands in a frame may be any number. */
static void drop_impossible_numbers(struct transcript_entry *entry)
{
    bool is_event = entry->kind == TRANSCRIPT_PUBLISH || entry->kind == TRANSCRIPT_SENT;
    double *numbers[] = {&entry->number, &entry->number2, is_event ? &entry->seq : NULL};
    for (size_t index = 0; index < 3 && entry->kind != TRANSCRIPT_ACK; index++)
        if (numbers[index] && fabs(*numbers[index]) >= 9007199254740992.0)
            *numbers[index] = NAN;
    if (entry->kind != TRANSCRIPT_ACK && entry->number2 < 0)
        entry->number2 = NAN; /* a marker, a count or a time */
}

static bool read_entry(const cJSON *line, struct transcript *transcript, struct error *error)
{
    enum transcript_kind kind;
    const char *kind_name = read_text(line, "kind");
    if (!find_kind(kind_name, &kind)) {
        error_set(error, NULL, "unknown kind `%.40s`", kind_name ? kind_name : "(none)");
        return false;
    }
    struct member_names names = names_of(kind);
    struct transcript_entry entry = transcript_entry_of(kind, (int64_t)read_count(line, "us"));
    if (transcript->count && entry.at_us < transcript->entries[transcript->count - 1].at_us) {
        error_set(error, NULL, "time goes back: `us` is below that of the line before");
        return false;
    }
    entry.step = (uint32_t)(read_count(line, "step") & UINT32_MAX);
    entry.connection = (uint32_t)(read_count(line, "connection") & UINT32_MAX);
    entry.name = read_text(line, names.name);
    entry.detail = read_text(line, names.detail);
    entry.text = read_text(line, names.text);
    entry.marker = read_count(line, "marker");
    entry.count = read_count(line, names.count);
    entry.seq = read_number(line, names.seq);
    entry.number = read_number(line, names.number);
    entry.number2 = read_number(line, names.number2);
    drop_impossible_numbers(&entry);
    entry.size_bytes = (uint32_t)(read_count(line, "size") & UINT32_MAX);
    for (size_t index = 0; index < FLAG_NAME_COUNT; index++)
        if (cJSON_IsTrue(member(line, flag_names[index].name)))
            entry.flags |= flag_names[index].flag;
    const char *hash = read_text(line, "hash");
    entry.hash = hash ? strtoull(hash, NULL, 16) : 0;
    bool is_fold = kind == TRANSCRIPT_PUBLISH || kind == TRANSCRIPT_SENT;
    if (is_fold && (entry.count == 0 || entry.count > SCENARIO_COUNT_MAX || entry.marker == 0)) {
        error_set(error, NULL, "`marker` and `count` must be at least 1 (and count at most %d)",
                  SCENARIO_COUNT_MAX);
        return false;
    }
    transcript_add(transcript, &entry);
    return true;
}

/* The object that the line is, with nothing behind it; NULL if it is none. */
static cJSON *parse_line(const char *text, size_t size_bytes)
{
    const char *end = NULL;
    cJSON *line = cJSON_ParseWithLengthOpts(text, size_bytes, &end, false);
    while (line && end < text + size_bytes && memchr(" \t\r", *end, 3))
        end++;
    if (cJSON_IsObject(line) && end == text + size_bytes)
        return line;
    cJSON_Delete(line);
    return NULL;
}

static bool read_line(const char *text, size_t size_bytes, size_t line_number,
                      struct transcript *transcript, struct error *error)
{
    bool is_too_long = size_bytes > TRANSCRIPT_LINE_BYTES_MAX;
    /* cJSON takes any bytes; they would go on into findings and reports. */
    bool is_utf8 = is_too_long || text_is_utf8(text, size_bytes);
    cJSON *line = is_too_long || !is_utf8 ? NULL : parse_line(text, size_bytes);
    bool is_good = false;
    if (is_too_long)
        error_set(error, NULL, "this line has %zu bytes; at most %zu are allowed", size_bytes,
                  TRANSCRIPT_LINE_BYTES_MAX);
    else if (!line)
        error_set(error, "the file is damaged or cut off: run the scenario again", "this line is %s",
                  is_utf8 ? "no JSON object" : "not UTF-8");
    else if (transcript->count >= TRANSCRIPT_ENTRY_COUNT_MAX)
        error_set(error, NULL, "more than %d entries", TRANSCRIPT_ENTRY_COUNT_MAX);
    else if (line_number == 1)
        is_good = read_header(line, transcript, error);
    else
        is_good = read_entry(line, transcript, error);
    cJSON_Delete(line);
    if (!is_good) {
        error->line = line_number;
        error->column = 1;
    }
    return is_good;
}

struct transcript *transcript_read(const char *text, size_t size_bytes, struct error *error)
{
    struct transcript *transcript = transcript_new();
    size_t line_number = 0;
    bool is_good = true;
    for (size_t offset = 0; is_good && offset < size_bytes;) {
        const char *newline = memchr(text + offset, '\n', size_bytes - offset);
        size_t line_bytes = newline ? (size_t)(newline - text) - offset : size_bytes - offset;
        is_good = read_line(text + offset, line_bytes, ++line_number, transcript, error);
        offset += line_bytes + 1;
    }
    if (is_good && line_number == 0) {
        error_set(error, NULL, "the file is empty");
        is_good = false;
    }
    if (is_good)
        return transcript;
    transcript_free(transcript);
    return NULL;
}
