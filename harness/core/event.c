#include "core/event.h"

#include <string.h>

/* A shape is what stands in the frame between `id` and `agent_seq`. `'` stands for a quotation
 * mark, `$m` for the marker, `$t` for the (padded) text, `$c` for the channel as a JSON string, and
 * `$i` for the member `id` with its comma, where the event has one. */
struct type_entry {
    struct event_type type;
    const char *shape;
    const char *node_shape; /* of `data` in the node stream; NULL: `$i` and the other */
};

#define AUTHORED_TEXT  "'id':'$m','agent_id':'agent-gapcheck','agent_name':'gapcheck','text':'$t'"
#define NODE_MESSAGE                                                                               \
    "'channel_name':$c,'agent_id':'agent-gapcheck','from_name':'gapcheck','text':'$t'"
#define NODE_DIRECT                                                                                \
    "'message':{$i'agent_id':'agent-gapcheck','agent_name':'gapcheck','text':'$t'}"
#define CHANNEL_MEMBER "'channel':$c,'agent_name':'$m'"
#define INVOCATION     "'invocation_id':'$m','action_name':'deploy'"
#define DELIVERY       "'delivery_id':'$m','message_id':'$m'"

/* protocol.md, section 2. The marker stands in fields that every SDK shape keeps. */
static const struct type_entry type_entries[] = {
    {{"message.created", true, EVENT_ROW_MESSAGE},
     "'channel':$c,'message':{" AUTHORED_TEXT ",'attachments':[]}",
     "$i" NODE_MESSAGE ",'attachments':[]"},
    {{"thread.reply", true, EVENT_ROW_MESSAGE},
     "'channel':$c,'parent_id':'parent-1','message':{" AUTHORED_TEXT "}",
     "$i'thread_id':'parent-1'," NODE_MESSAGE},
    {{"dm.received", true, EVENT_ROW_DM},
     "'conversation_id':'conversation-1','message':{" AUTHORED_TEXT "}",
     "'conversation_id':'conversation-1'," NODE_DIRECT},
    {{"group_dm.received", true, EVENT_ROW_DM},
     "'conversation_id':'conversation-2','message':{" AUTHORED_TEXT "}",
     "'conversation_id':'conversation-2'," NODE_DIRECT},
    {{"message.reacted", false, EVENT_ROW_REACTION},
     "'message_id':'$m','emoji':'thumbsup','agent_name':'gapcheck','action':'added'"},
    {{"message.updated", false, EVENT_ROW_NONE},
     "'channel':$c,'message':{" AUTHORED_TEXT "}",
     "'id':'$m'," NODE_MESSAGE},
    {{"message.read", false, EVENT_ROW_NONE},
     "'message_id':'$m','agent_name':'gapcheck','read_at':'2026-06-01T10:00:00.000Z'"},
    {{"agent.status.active", false, EVENT_ROW_NONE}, "'agent':{'name':'$m'},'status':'active'"},
    {{"agent.status.idle", false, EVENT_ROW_NONE}, "'agent':{'name':'$m'},'status':'idle'"},
    {{"agent.status.blocked", false, EVENT_ROW_NONE}, "'agent':{'name':'$m'},'status':'blocked'"},
    {{"agent.status.waiting", false, EVENT_ROW_NONE}, "'agent':{'name':'$m'},'status':'waiting'"},
    {{"agent.status.offline", false, EVENT_ROW_NONE}, "'agent':{'name':'$m'},'status':'offline'"},
    {{"agent.status.changed", false, EVENT_ROW_NONE}, "'agent':{'name':'$m'},'status':'idle'"},
    {{"channel.created", false, EVENT_ROW_NONE}, "'channel':{'name':'$m','topic':null}"},
    {{"channel.updated", false, EVENT_ROW_NONE}, "'channel':{'name':'$m','topic':'news'}"},
    {{"channel.archived", false, EVENT_ROW_NONE}, "'channel':{'name':'$m'}"},
    {{"member.joined", false, EVENT_ROW_NONE}, CHANNEL_MEMBER},
    {{"member.left", false, EVENT_ROW_NONE}, CHANNEL_MEMBER},
    {{"member.channel_muted", false, EVENT_ROW_NONE}, CHANNEL_MEMBER},
    {{"member.channel_unmuted", false, EVENT_ROW_NONE}, CHANNEL_MEMBER},
    {{"file.uploaded", false, EVENT_ROW_NONE},
     "'file':{'file_id':'$m','filename':'$m.txt','uploaded_by':'gapcheck'}"},
    {{"webhook.received", false, EVENT_ROW_NONE},
     "'webhook_id':'webhook-1','channel':$c,"
     "'message':{'id':'$m','text':'$t','source':'gapcheck','author':null}"},
    {{"action.invoked", false, EVENT_ROW_NONE},
     INVOCATION ",'caller_name':'gapcheck','handler_agent_id':'agent-gapcheck','input':{}"},
    {{"action.completed", false, EVENT_ROW_NONE},
     INVOCATION ",'status':'completed','output':{},'error':null"},
    {{"action.failed", false, EVENT_ROW_NONE},
     INVOCATION ",'status':'failed','output':null,'error':'failed on purpose'"},
    {{"action.denied", false, EVENT_ROW_NONE},
     "'action_name':'$m','caller_name':'gapcheck','error':'denied on purpose'"},
    {{"delivery.accepted", false, EVENT_ROW_NONE}, DELIVERY},
    {{"delivery.delivered", false, EVENT_ROW_NONE}, DELIVERY},
    {{"delivery.deferred", false, EVENT_ROW_NONE}, DELIVERY ",'available_at':null"},
    {{"delivery.failed", false, EVENT_ROW_NONE},
     DELIVERY ",'error':'failed on purpose','retryable':false"},
};

/* A type that the protocol does not know. */
static const char unknown_shape[] = "'data':{'text':'$t'}";

#define TYPE_COUNT (sizeof type_entries / sizeof type_entries[0])

static const struct type_entry *type_entry_find(struct span name)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (span_equals(name, type_entries[i].type.name))
            return &type_entries[i];
    return NULL;
}

const struct event_type *event_type_find(struct span name)
{
    const struct type_entry *entry = type_entry_find(name);
    return entry ? &entry->type : NULL;
}

const struct event_type *event_type_at(size_t index)
{
    return index < TYPE_COUNT ? &type_entries[index].type : NULL;
}

bool event_type_is_control(struct span name)
{
    return span_equals(name, "pong") || span_equals(name, "resync_ack");
}

/* ---- printing: by hand and in one piece, since a replay prints hundreds of events at once ---- */

#define MARKER_PREFIX       "gc-"
#define MARKER_PREFIX_BYTES (sizeof MARKER_PREFIX - 1)

/* Collects small pieces, so that the buffer sees few and large ones. */
struct writer {
    struct buffer *out;
    size_t size_bytes;
    char bytes[512];
};

static void writer_flush(struct writer *writer)
{
    buffer_append(writer->out, writer->bytes, writer->size_bytes);
    writer->size_bytes = 0;
}

static inline void write_byte(struct writer *writer, char byte)
{
    if (writer->size_bytes == sizeof writer->bytes)
        writer_flush(writer);
    writer->bytes[writer->size_bytes++] = byte;
}

/* At most a few dozen bytes. */
static inline void write_bytes(struct writer *writer, const char *data, size_t size_bytes)
{
    if (size_bytes > sizeof writer->bytes - writer->size_bytes)
        writer_flush(writer);
    memcpy(writer->bytes + writer->size_bytes, data, size_bytes);
    writer->size_bytes += size_bytes;
}

/* Short names of types and channels most often need no escapes. */
#define PLAIN_BYTES_MAX 64

static inline bool is_plain(char byte)
{
    return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

#define WRITE_LITERAL(writer, literal) write_bytes(writer, literal, sizeof literal - 1)

/* Any text, as a JSON string. */
static void write_json(struct writer *writer, const char *text)
{
    size_t size_bytes = 0;
    while (is_plain(text[size_bytes]))
        size_bytes++;
    if (text[size_bytes] == '\0' && size_bytes <= PLAIN_BYTES_MAX) {
        write_byte(writer, '"');
        write_bytes(writer, text, size_bytes);
        write_byte(writer, '"');
        return;
    }
    writer_flush(writer);
    text_append_json(writer->out, text, strlen(text));
}

static void write_decimal(struct writer *writer, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    write_bytes(writer, digits + at, sizeof digits - at);
}

static void write_signed(struct writer *writer, int64_t number)
{
    if (number < 0)
        write_byte(writer, '-');
    write_decimal(writer, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

static void write_marker(struct writer *writer, uint64_t marker)
{
    WRITE_LITERAL(writer, MARKER_PREFIX);
    write_decimal(writer, marker);
}

void event_id(uint64_t marker, char id[EVENT_ID_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    memcpy(id, "00000000-0000-4000-8000-000000000000", EVENT_ID_BYTES);
    for (int i = 35; i >= 24; i--, marker >>= 4)
        id[i] = hex[marker & 15];
    for (int i = 7; marker; i--, marker >>= 4) /* what 48 bits do not hold */
        id[i] = hex[marker & 15];
}

/* What padding is made of, a column for each size. No digit (it would lengthen the marker), no `-`
 * (no second marker), no blank (somebody might trim it), nothing that JSON escapes. */
#define PADDING_BYTES_MAX 4
#define PADDING_BITS      5  /* of a random number, for one character */
#define PADDING_DRAWS     12 /* of one random number */
static const char padding_characters[1 << PADDING_BITS][PADDING_BYTES_MAX] = {
    "a", "é", "€", "😀",
    "e", "ß", "中", "🚀",
    "n", "ñ", "あ", "🎉",
    "r", "ж", "한", "𝄞",
    "t", "Ω", "→", "🐢",
    ".", "ø", "ह", "🌍",
    "_", "ł", "ก", "𝛑",
    "Z", "ý", "∑", "🧪",
};

/* splitmix64 */
static uint64_t padding_random(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static size_t padding_width(uint64_t choice)
{
    return 1 + choice % PADDING_BYTES_MAX;
}

/* As many characters as one random number gives; returns their size. Each is copied at its full
 * width, whatever it takes of it: some padding has megabytes, and a constant size is fast. */
static size_t write_drawn(struct writer *writer, uint64_t random)
{
    if (sizeof writer->bytes - writer->size_bytes < PADDING_DRAWS * PADDING_BYTES_MAX)
        writer_flush(writer);
    size_t at = writer->size_bytes;
    for (int i = 0; i < PADDING_DRAWS; i++, random >>= PADDING_BITS) {
        uint64_t choice = random % (1 << PADDING_BITS);
        memcpy(writer->bytes + at, padding_characters[choice], PADDING_BYTES_MAX);
        at += padding_width(choice);
    }
    size_t size_bytes = at - writer->size_bytes;
    writer->size_bytes = at;
    return size_bytes;
}

static void write_padding(struct writer *writer, uint64_t marker, size_t size_bytes)
{
    uint64_t state = marker, random = 0;
    while (size_bytes >= PADDING_DRAWS * PADDING_BYTES_MAX)
        size_bytes -= write_drawn(writer, padding_random(&state));
    for (unsigned drawn = 0; size_bytes > 0; drawn++, random >>= PADDING_BITS) {
        if (drawn % PADDING_DRAWS == 0)
            random = padding_random(&state);
        uint64_t choice = random % (1 << PADDING_BITS);
        if (padding_width(choice) > size_bytes)
            choice -= choice % PADDING_BYTES_MAX; /* one byte always fits */
        write_bytes(writer, padding_characters[choice], padding_width(choice));
        size_bytes -= padding_width(choice);
    }
}

static size_t decimal_digit_count(uint64_t number)
{
    size_t count = 1;
    while (number /= 10)
        count++;
    return count;
}

static void write_text(struct writer *writer, uint64_t marker, size_t size_bytes)
{
    write_marker(writer, marker);
    size_t marker_bytes = MARKER_PREFIX_BYTES + decimal_digit_count(marker);
    if (size_bytes > marker_bytes)
        write_padding(writer, marker, size_bytes - marker_bytes);
}

struct span event_marker_text(uint64_t marker, char room[EVENT_MARKER_BYTES])
{
    size_t at = EVENT_MARKER_BYTES;
    do {
        room[--at] = (char)('0' + marker % 10);
        marker /= 10;
    } while (marker);
    at -= MARKER_PREFIX_BYTES;
    memcpy(room + at, MARKER_PREFIX, MARKER_PREFIX_BYTES);
    return (struct span){room + at, EVENT_MARKER_BYTES - at};
}

void event_append_text(uint64_t marker, uint32_t size_bytes, struct buffer *out)
{
    struct writer writer;
    writer.out = out;
    writer.size_bytes = 0;
    write_text(&writer, marker, size_bytes);
    writer_flush(&writer);
}

static void write_id(struct writer *writer, const struct event *event)
{
    char id[EVENT_ID_BYTES];
    event_id(event->id_marker, id);
    WRITE_LITERAL(writer, "\"id\":\"");
    write_bytes(writer, id, EVENT_ID_BYTES - 1);
    write_byte(writer, '"');
}

/* The shape up to `end`, eight bytes at a time: `'` stands for the quotation mark. */
static void write_quoted(struct writer *writer, const char *shape, const char *end)
{
    const uint64_t every_byte = UINT64_C(0x0101010101010101);
    for (; end - shape >= 8; shape += 8) {
        uint64_t word;
        memcpy(&word, shape, sizeof word);
        uint64_t others = word ^ every_byte * '\''; /* 0 where it stands; shapes are ASCII */
        uint64_t marks = ~(others + every_byte * 0x7F) & every_byte * 0x80;
        word ^= (marks >> 7) * ('\'' ^ '"');
        write_bytes(writer, (const char *)&word, sizeof word);
    }
    for (; shape < end; shape++)
        write_byte(writer, *shape == '\'' ? '"' : *shape);
}

static void write_shape(struct writer *writer, const char *shape, const struct event *event)
{
    for (; *shape; shape++) {
        const char *variable = shape + strcspn(shape, "$");
        if (variable != shape) {
            write_quoted(writer, shape, variable);
            shape = variable - 1;
        } else if (*++shape == 'm') {
            write_marker(writer, event->marker);
        } else if (*shape == 't') {
            write_text(writer, event->marker, event->size_bytes);
        } else if (*shape == 'i') {
            if (event->id_marker) {
                write_id(writer, event);
                write_byte(writer, ',');
            }
        } else if (event->channel) {
            write_json(writer, event->channel);
        } else {
            WRITE_LITERAL(writer, "\"general\"");
        }
    }
}

void event_print(const struct event *event, bool as_row, struct buffer *out)
{
    const struct type_entry *entry = type_entry_find(span_of(event->type));
    struct writer writer; /* not initialised as a whole: that would cost more than it prints */
    writer.out = out;
    writer.size_bytes = 0;
    WRITE_LITERAL(&writer, "{\"type\":");
    write_json(&writer, event->type);
    write_byte(&writer, ',');
    write_shape(&writer, "$i", event);
    write_shape(&writer, entry ? entry->shape : unknown_shape, event);
    if (as_row) {
        WRITE_LITERAL(&writer, ",\"replayed\":true");
    } else if (event->is_numbered) {
        WRITE_LITERAL(&writer, ",\"agent_seq\":");
        write_signed(&writer, event->seq);
    }
    write_byte(&writer, '}');
    writer_flush(&writer);
}

void event_print_payload(const struct event *event, struct buffer *out)
{
    const struct type_entry *entry = type_entry_find(span_of(event->type));
    struct writer writer;
    writer.out = out;
    writer.size_bytes = 0;
    WRITE_LITERAL(&writer, "{\"type\":");
    write_json(&writer, event->type);
    WRITE_LITERAL(&writer, ",\"data\":{");
    if (entry && entry->node_shape) {
        write_shape(&writer, entry->node_shape, event);
    } else {
        write_shape(&writer, "$i", event);
        write_shape(&writer, entry ? entry->shape : unknown_shape, event);
    }
    WRITE_LITERAL(&writer, "}}");
    writer_flush(&writer);
}

/* ---- knowing an event again ---- */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_alphanumeric(char byte)
{
    return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* The number that the digits from `at` on make; 0 if there are none or too many. */
static uint64_t parse_marker(struct span data, size_t at)
{
    uint64_t number = 0;
    for (; at < data.size_bytes && is_digit(data.data[at]); at++) {
        unsigned digit = (unsigned)(data.data[at] - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return 0;
        number = number * 10 + digit;
    }
    return number;
}

uint64_t event_find_marker(struct span data)
{
    size_t at = 0;
    while (data.size_bytes - at > MARKER_PREFIX_BYTES) {
        const char *start = memchr(data.data + at, MARKER_PREFIX[0], data.size_bytes - at);
        if (!start)
            return 0;
        at = (size_t)(start - data.data);
        if (data.size_bytes - at <= MARKER_PREFIX_BYTES)
            return 0;
        bool starts_word = at == 0 || !is_alphanumeric(data.data[at - 1]);
        if (starts_word && memcmp(start, MARKER_PREFIX, MARKER_PREFIX_BYTES) == 0) {
            uint64_t marker = parse_marker(data, at + MARKER_PREFIX_BYTES);
            if (marker)
                return marker;
        }
        at++;
    }
    return 0;
}
