#include "core/frame.h"

#include "core/number.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* `at` is the next byte; on a fault it stays at the first byte that cannot be right. */
struct scanner {
    const char *at;
    const char *end;
    const char *fault; /* static text; NULL while all is well */
};

static bool fail(struct scanner *scanner, const char *at, const char *fault)
{
    scanner->at = at;
    scanner->fault = at == scanner->end ? "the text ends too early" : fault;
    return false;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static void skip_blanks(struct scanner *scanner)
{
    const char *at = scanner->at;
    while (at < scanner->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    scanner->at = at;
}

/* Takes `byte` if it is the next one. */
static bool take(struct scanner *scanner, char byte)
{
    if (scanner->at == scanner->end || *scanner->at != byte)
        return false;
    scanner->at++;
    return true;
}

/* ---- strings ---- */

#define EVERY_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

#define BYTE_AT(at, index) ((uint64_t)(unsigned char)(at)[index] << 8 * (index))

/* Marks, with the highest bit of each, those of eight bytes that are a quotation mark, a backslash,
 * a control character or not ASCII. A borrow may mark bytes above the first marked one wrongly:
 * only the lowest mark counts. */
static uint64_t mark_special(const char *at)
{
    /* Compilers know this for one load; it is right on every byte order. */
    uint64_t word = BYTE_AT(at, 0) | BYTE_AT(at, 1) | BYTE_AT(at, 2) | BYTE_AT(at, 3) |
                    BYTE_AT(at, 4) | BYTE_AT(at, 5) | BYTE_AT(at, 6) | BYTE_AT(at, 7);
    uint64_t quotes = (word ^ EVERY_BYTE('"')) - EVERY_BYTE(1);
    uint64_t backslashes = (word ^ EVERY_BYTE('\\')) - EVERY_BYTE(1);
    uint64_t controls = word - EVERY_BYTE(0x20);
    return (quotes | backslashes | controls | word) & EVERY_BYTE(0x80);
}

static const char *skip_plain(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t marks = mark_special(at);
        if (marks)
            return at + __builtin_ctzll(marks) / 8;
    }
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' &&
           *at != '\\')
        at++;
    return at;
}

/* One character of two to four bytes (RFC 3629); the second byte's range depends on the first. */
static bool scan_multibyte(struct scanner *scanner)
{
    const char *at = scanner->at;
    unsigned char first = (unsigned char)*at;
    unsigned char low = 0x80, high = 0xBF;
    int more_count = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4)
        return fail(scanner, at, "no UTF-8");
    if (first == 0xE0)
        low = 0xA0; /* no overlong form */
    else if (first == 0xED)
        high = 0x9F; /* no surrogate */
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F; /* nothing above U+10FFFF */
    while (more_count-- > 0) {
        at++;
        if (at == scanner->end || (unsigned char)*at < low || (unsigned char)*at > high)
            return fail(scanner, at, "no UTF-8");
        low = 0x80;
        high = 0xBF;
    }
    scanner->at = at + 1;
    return true;
}

static int hex_value(char byte)
{
    if (is_digit(byte))
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

static bool scan_escape(struct scanner *scanner)
{
    const char *at = scanner->at + 1;
    if (at == scanner->end || *at == '\0' || !strchr("\"\\/bfnrtu", *at))
        return fail(scanner, at, "no such escape");
    if (*at == 'u')
        for (int i = 0; i < 4; i++) {
            at++;
            if (at == scanner->end || hex_value(*at) < 0)
                return fail(scanner, at, "\\u wants four hexadecimal digits");
        }
    scanner->at = at + 1;
    return true;
}

/* From behind the opening quotation mark to behind the closing one. */
static bool scan_string(struct scanner *scanner, struct span *text, bool *has_escapes)
{
    const char *start = scanner->at;
    *has_escapes = false;
    for (;;) {
        scanner->at = skip_plain(scanner->at, scanner->end);
        if (scanner->at == scanner->end)
            return fail(scanner, scanner->at, NULL);
        if (*scanner->at == '"')
            break;
        if (*scanner->at == '\\') {
            *has_escapes = true;
            if (!scan_escape(scanner))
                return false;
        } else if ((unsigned char)*scanner->at < 0x20) {
            return fail(scanner, scanner->at, "a control character in a string");
        } else {
            do { /* such characters come in rows */
                if (!scan_multibyte(scanner))
                    return false;
            } while (scanner->at < scanner->end && (unsigned char)*scanner->at >= 0x80);
        }
    }
    *text = (struct span){start, (size_t)(scanner->at - start)};
    scanner->at++;
    return true;
}

/* ---- numbers ---- */

static bool scan_digits(struct scanner *scanner)
{
    const char *at = scanner->at;
    while (at < scanner->end && is_digit(*at))
        at++;
    if (at == scanner->at)
        return fail(scanner, at, "a digit is missing");
    scanner->at = at;
    return true;
}

/* The grammar alone (RFC 8259, section 6). */
static bool scan_number(struct scanner *scanner)
{
    take(scanner, '-');
    if (!take(scanner, '0') && !scan_digits(scanner))
        return false;
    if (take(scanner, '.') && !scan_digits(scanner))
        return false;
    if (take(scanner, 'e') || take(scanner, 'E')) {
        if (!take(scanner, '+'))
            take(scanner, '-');
        return scan_digits(scanner);
    }
    return true;
}

/* ---- values ---- */

static bool scan_word(struct scanner *scanner, const char *word)
{
    for (; *word; word++)
        if (!take(scanner, *word))
            return fail(scanner, scanner->at, "no JSON value");
    return true;
}

/* Anything but an object or array; `value` may be NULL. */
static bool scan_scalar(struct scanner *scanner, struct frame_value *value)
{
    const char *start = scanner->at;
    struct frame_value found = {0};
    if (start == scanner->end)
        return fail(scanner, start, NULL);
    switch (*start) {
    case '"':
        scanner->at++;
        found.kind = FRAME_VALUE_STRING;
        if (!scan_string(scanner, &found.text, &found.has_escapes))
            return false;
        break;
    case 't':
    case 'f':
        found.kind = FRAME_VALUE_BOOL;
        found.boolean = *start == 't';
        if (!scan_word(scanner, found.boolean ? "true" : "false"))
            return false;
        break;
    case 'n':
        found.kind = FRAME_VALUE_NULL;
        if (!scan_word(scanner, "null"))
            return false;
        break;
    default:
        if (*start != '-' && !is_digit(*start))
            return fail(scanner, start, "no JSON value");
        found.kind = FRAME_VALUE_NUMBER;
        if (!scan_number(scanner))
            return false;
    }
    if (!value)
        return true;
    if (found.kind != FRAME_VALUE_STRING)
        found.text = (struct span){start, (size_t)(scanner->at - start)};
    if (found.kind == FRAME_VALUE_NUMBER)
        found.number = number_convert(found.text);
    *value = found;
    return true;
}

/* A member's name, the colon and the blanks around them. */
static bool scan_name(struct scanner *scanner, struct span *name, bool *has_escapes)
{
    skip_blanks(scanner);
    if (!take(scanner, '"'))
        return fail(scanner, scanner->at, "a name in quotation marks is missing");
    if (!scan_string(scanner, name, has_escapes))
        return false;
    skip_blanks(scanner);
    if (!take(scanner, ':'))
        return fail(scanner, scanner->at, "`:` is missing");
    skip_blanks(scanner);
    return true;
}

/* The containers that are open, innermost last: a bit each, set for an object. */
struct nesting {
    uint64_t objects[FRAME_DEPTH_MAX / 64];
    size_t depth;
    size_t depth_max;
};

static bool in_object(const struct nesting *nesting)
{
    size_t top = nesting->depth - 1;
    return nesting->objects[top / 64] >> (top % 64) & 1;
}

/* Takes the bracket that opens; what follows is the first value of it, or it is closed already
 * (`is_closed`). */
static bool open_container(struct scanner *scanner, struct nesting *nesting, bool *is_closed)
{
    bool is_object = *scanner->at == '{';
    if (nesting->depth == nesting->depth_max)
        return fail(scanner, scanner->at, "nested too deeply");
    size_t top = nesting->depth++;
    uint64_t bit = UINT64_C(1) << (top % 64);
    if (is_object)
        nesting->objects[top / 64] |= bit;
    else
        nesting->objects[top / 64] &= ~bit;
    scanner->at++;
    skip_blanks(scanner);
    *is_closed = take(scanner, is_object ? '}' : ']');
    if (*is_closed) {
        nesting->depth--;
        return true;
    }
    struct span name;
    bool has_escapes;
    return !is_object || scan_name(scanner, &name, &has_escapes);
}

/* After a value: closes what ends here, up to a comma and what stands between it and the next. */
static bool close_containers(struct scanner *scanner, struct nesting *nesting)
{
    struct span name;
    bool has_escapes;
    while (nesting->depth > 0) {
        bool is_object = in_object(nesting);
        skip_blanks(scanner);
        if (take(scanner, ',')) {
            if (is_object)
                return scan_name(scanner, &name, &has_escapes);
            skip_blanks(scanner);
            return true;
        }
        if (!take(scanner, is_object ? '}' : ']'))
            return fail(scanner, scanner->at,
                        is_object ? "`,` or `}` is missing" : "`,` or `]` is missing");
        nesting->depth--;
    }
    return true;
}

/* An object or array with all it holds; iterative, since its depth is the sender's choice. */
static bool scan_container(struct scanner *scanner, size_t depth_max)
{
    struct nesting nesting = {.depth = 0, .depth_max = depth_max};
    do {
        bool is_container =
            scanner->at < scanner->end && (*scanner->at == '{' || *scanner->at == '[');
        bool is_closed = true;
        if (is_container ? !open_container(scanner, &nesting, &is_closed)
                         : !scan_scalar(scanner, NULL))
            return false;
        if (is_closed && !close_containers(scanner, &nesting))
            return false;
    } while (nesting.depth > 0);
    return true;
}

/* Any value. `value` may be NULL; `depth_max` containers may be nested in it. */
static bool scan_value(struct scanner *scanner, size_t depth_max, struct frame_value *value)
{
    const char *start = scanner->at;
    if (start == scanner->end || (*start != '{' && *start != '['))
        return scan_scalar(scanner, value);
    if (!scan_container(scanner, depth_max))
        return false;
    if (value)
        *value = (struct frame_value){
            .kind = *start == '{' ? FRAME_VALUE_OBJECT : FRAME_VALUE_ARRAY,
            .text = {start, (size_t)(scanner->at - start)},
        };
    return true;
}

/* ---- the frame ---- */

const char *frame_field_name(enum frame_field field)
{
    static const char *const names[] = {
#define X(symbol, name) name,
        FRAME_FIELDS(X)
#undef X
    };
    return names[field];
}

/* Where the value of that name is noted, or NULL. */
static struct frame_value *find_field(struct frame *frame, struct span name, bool has_escapes)
{
    if (has_escapes) {
        struct frame_value escaped = {
            .kind = FRAME_VALUE_STRING, .text = name, .has_escapes = true};
        for (int i = 0; i < FRAME_FIELD_COUNT; i++)
            if (frame_string_equals(&escaped, frame_field_name(i)))
                return &frame->fields[i];
        return NULL;
    }
    /* Comparisons with constants, which the compiler turns into a few loads. */
#define X(symbol, literal)                                                                         \
    if (name.size_bytes == sizeof literal - 1 &&                                                   \
        memcmp(name.data, literal, sizeof literal - 1) == 0)                                       \
        return &frame->fields[FRAME_FIELD_##symbol];
    FRAME_FIELDS(X)
#undef X
    return NULL;
}

static bool scan_top_object(struct scanner *scanner, struct frame *frame)
{
    scanner->at++;
    skip_blanks(scanner);
    if (take(scanner, '}'))
        return true;
    for (;;) {
        struct span name;
        bool has_escapes;
        if (!scan_name(scanner, &name, &has_escapes))
            return false;
        struct frame_value *field = find_field(frame, name, has_escapes);
        if (!scan_value(scanner, FRAME_DEPTH_MAX - 1, field))
            return false;
        skip_blanks(scanner);
        if (take(scanner, '}'))
            return true;
        if (!take(scanner, ','))
            return fail(scanner, scanner->at, "`,` or `}` is missing");
    }
}

static bool scan_text(struct scanner *scanner, struct frame *frame, bool *is_object)
{
    skip_blanks(scanner);
    *is_object = scanner->at < scanner->end && *scanner->at == '{';
    if (*is_object ? !scan_top_object(scanner, frame) : !scan_value(scanner, FRAME_DEPTH_MAX, NULL))
        return false;
    skip_blanks(scanner);
    if (scanner->at < scanner->end)
        return fail(scanner, scanner->at, "more text behind the JSON value");
    return true;
}

bool frame_scan(const char *text, size_t size_bytes, struct frame *frame)
{
    if (!text)
        text = "";
    struct scanner scanner = {.at = text, .end = text + size_bytes};
    bool is_object = false;
    *frame = (struct frame){.status = FRAME_STATUS_OK};
    if (!scan_text(&scanner, frame, &is_object)) {
        *frame = (struct frame){
            .status = FRAME_STATUS_NOT_JSON,
            .offset = (size_t)(scanner.at - text),
            .fault = scanner.fault,
        };
        return false;
    }
    if (!is_object) {
        frame->status = FRAME_STATUS_NOT_OBJECT;
        frame->fault = "no JSON object";
    } else if (frame->fields[FRAME_FIELD_TYPE].kind != FRAME_VALUE_STRING) {
        frame->status = FRAME_STATUS_NO_TYPE;
        frame->fault = "no string `type`";
    }
    return frame->status == FRAME_STATUS_OK;
}

/* The value that a member of that name is noted in, or NULL; `is_again` if it was noted before. */
static struct frame_value *find_member(const struct span *names, size_t name_count,
                                       struct frame_value *values, struct span name,
                                       bool *is_again)
{
    for (size_t i = 0; i < name_count; i++) {
        if (name.size_bytes != names[i].size_bytes ||
            memcmp(name.data, names[i].data, name.size_bytes) != 0)
            continue;
        *is_again = values[i].kind != FRAME_VALUE_ABSENT;
        return &values[i];
    }
    return NULL;
}

static bool scan_members(struct scanner *scanner, const struct span *names, size_t name_count,
                         struct frame_value *values)
{
    skip_blanks(scanner);
    if (!take(scanner, '{'))
        return false;
    skip_blanks(scanner);
    if (take(scanner, '}'))
        return true;
    for (;;) {
        struct span name;
        bool has_escapes, is_again = false;
        if (!scan_name(scanner, &name, &has_escapes) || has_escapes)
            return false;
        struct frame_value *value = find_member(names, name_count, values, name, &is_again);
        if (is_again || !scan_value(scanner, FRAME_DEPTH_MAX - 1, value))
            return false;
        skip_blanks(scanner);
        if (take(scanner, '}'))
            return true;
        if (!take(scanner, ','))
            return false;
    }
}

bool frame_scan_members(const char *text, size_t size_bytes, const struct span *names,
                        size_t name_count, struct frame_value *values)
{
    struct scanner scanner = {.at = text, .end = text + size_bytes};
    for (size_t i = 0; i < name_count; i++)
        values[i] = (struct frame_value){0};
    if (!scan_members(&scanner, names, name_count, values))
        return false;
    skip_blanks(&scanner);
    return scanner.at == scanner.end;
}

bool frame_has_sequence(const struct frame *frame)
{
    const struct frame_value *value = &frame->fields[FRAME_FIELD_AGENT_SEQ];
    return value->kind == FRAME_VALUE_NUMBER && isfinite(value->number);
}
