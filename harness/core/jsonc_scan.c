#include "core/jsonc_scan.h"

#include "core/memory.h"
#include "core/number.h"
#include "core/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cJSON copies a number into 64 bytes and silently stops there. */
#define NUMBER_BYTES_MAX 60

struct scan_level {
    size_t index; /* of the place of the object or array */
    bool is_object;
};

struct scan {
    const char *source; /* what people see: comments in place, so that columns are right */
    const char *text;   /* the same with comments blanked */
    size_t size_bytes;
    size_t at;
    const struct jsonc_limits *limits;
    struct jsonc_document *document;
    size_t place_capacity_count;
    struct scan_level *levels; /* limits->depth_max of them: no recursion to blow */
    size_t depth;
    bool has_bad_numbers;
    struct error_list *errors;
};

/* Always false, so that a caller can return it. */
static bool __attribute__((format(printf, 5, 6)))
scan_fail(struct scan *scan, size_t start, size_t end, const char *hint, const char *format, ...)
{
    struct error *error = error_list_add(scan->errors);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (hint)
        snprintf(error->hint, sizeof error->hint, "%s", hint);
    jsonc_place_error(error, scan->source, scan->size_bytes, start, end);
    return false;
}

static bool is_word_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '.' || byte == '-' ||
           byte == '+' || byte == '$';
}

/* The end of the word, or of the one character, that stands at `at`. */
static size_t token_end(const struct scan *scan, size_t at)
{
    size_t end = at;
    while (end < scan->size_bytes && end - at < 40 && is_word_byte(scan->text[end]))
        end++;
    if (end > at || at >= scan->size_bytes)
        return end;
    end++;
    while (end < scan->size_bytes && ((unsigned char)scan->text[end] & 0xC0) == 0x80)
        end++;
    return end;
}

static bool scan_fail_expected(struct scan *scan, const char *expected, const char *hint)
{
    if (scan->at >= scan->size_bytes)
        return scan_fail(scan, scan->at, scan->at, hint, "expected %s, found the end of the file",
                         expected);
    size_t end = token_end(scan, scan->at);
    if (scan->text[scan->at] == '"')
        return scan_fail(scan, scan->at, end, hint, "expected %s, found a string", expected);
    struct buffer found;
    buffer_init(&found, BUFFER_NO_LIMIT);
    text_append_escaped(&found, scan->text + scan->at, end - scan->at, 40);
    scan_fail(scan, scan->at, end, hint, "expected %s, found `%s`", expected, buffer_text(&found));
    buffer_free(&found);
    return false;
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->size_bytes && strchr(" \t\r\n", scan->text[scan->at]) &&
           scan->text[scan->at])
        scan->at++;
}

static bool next_is(const struct scan *scan, char byte)
{
    return scan->at < scan->size_bytes && scan->text[scan->at] == byte;
}

/* Four hex digits at `at`, or -1. */
static long scan_hex4(const struct scan *scan, size_t at)
{
    if (scan->size_bytes - at < 4)
        return -1;
    long code = 0;
    for (size_t i = 0; i < 4; i++) {
        char byte = scan->text[at + i];
        if (byte >= '0' && byte <= '9')
            code = code * 16 + (byte - '0');
        else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
            code = code * 16 + ((byte | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return code;
}

static bool scan_unicode_escape(struct scan *scan)
{
    size_t start = scan->at; /* at the backslash */
    long code = scan_hex4(scan, start + 2);
    if (code < 0)
        return scan_fail(scan, start, start + 2, NULL, "`\\u` needs four hex digits behind it");
    if (code == 0)
        return scan_fail(scan, start, start + 6, NULL, "a string must not contain `\\u0000`");
    scan->at = start + 6;
    if (code < 0xD800 || code > 0xDFFF)
        return true;
    long low = -1;
    if (code < 0xDC00 && scan->size_bytes - scan->at >= 6 &&
        memcmp(scan->text + scan->at, "\\u", 2) == 0)
        low = scan_hex4(scan, scan->at + 2);
    if (low < 0xDC00 || low > 0xDFFF)
        return scan_fail(scan, start, start + 6, "a pair of surrogates makes one character",
                         "`%.6s` is half a character", scan->text + start);
    scan->at += 6;
    return true;
}

/* From the opening quote to behind the closing one. */
static bool scan_string(struct scan *scan)
{
    size_t start = scan->at++;
    while (scan->at < scan->size_bytes) {
        unsigned char byte = (unsigned char)scan->text[scan->at];
        if (byte == '"') {
            scan->at++;
            return true;
        }
        if (byte == '\n' || byte == '\r')
            return scan_fail(scan, start, scan->at, "close it with `\"`; a line break is `\\n`",
                             "the string does not end on its line");
        if (byte < 0x20)
            return scan_fail(scan, scan->at, scan->at + 1, "write it as `\\t` or `\\u001b`",
                             "a string must not contain the control character 0x%02X", byte);
        if (byte != '\\') {
            scan->at++;
        } else if (scan->at + 1 < scan->size_bytes && scan->text[scan->at + 1] == 'u') {
            if (!scan_unicode_escape(scan))
                return false;
        } else if (scan->at + 1 < scan->size_bytes && scan->text[scan->at + 1] &&
                   strchr("\"\\/bfnrt", scan->text[scan->at + 1])) {
            scan->at += 2;
        } else {
            return scan_fail(scan, scan->at, scan->at + 2, "a backslash is written `\\\\`",
                             "unknown escape; allowed are `\\\"` `\\\\` `\\/` `\\b` `\\f` `\\n` "
                             "`\\r` `\\t` `\\uXXXX`");
        }
    }
    return scan_fail(scan, start, start + 1, "close it with `\"`", "the string never ends");
}

static size_t skip_digits(const struct scan *scan, size_t at)
{
    while (at < scan->size_bytes && scan->text[at] >= '0' && scan->text[at] <= '9')
        at++;
    return at;
}

/* The end of the number that stands at scan->at by the grammar, or scan->at if there is none. */
static size_t number_end(const struct scan *scan, bool *is_integer)
{
    size_t at = scan->at + (scan->text[scan->at] == '-');
    size_t end = skip_digits(scan, at);
    if (end == at || (scan->text[at] == '0' && end > at + 1))
        return scan->at;
    *is_integer = true;
    if (end < scan->size_bytes && scan->text[end] == '.') {
        *is_integer = false;
        at = end + 1;
        end = skip_digits(scan, at);
        if (end == at)
            return scan->at;
    }
    if (end < scan->size_bytes && (scan->text[end] | 0x20) == 'e') {
        *is_integer = false;
        at = end + 1;
        if (at < scan->size_bytes && (scan->text[at] == '+' || scan->text[at] == '-'))
            at++;
        end = skip_digits(scan, at);
        if (end == at)
            return scan->at;
    }
    return end;
}

static bool scan_number(struct scan *scan)
{
    bool is_integer = false;
    size_t start = scan->at;
    size_t end = number_end(scan, &is_integer);
    if (end == start || (end < scan->size_bytes && is_word_byte(scan->text[end])))
        return scan_fail(scan, start, token_end(scan, start),
                         "no leading zero or `+`, digits on both sides of the point",
                         "this is not a number of JSON");
    scan->at = end;
    if (end - start > NUMBER_BYTES_MAX)
        return scan_fail(scan, start, end, NULL, "a number has at most %d characters",
                         NUMBER_BYTES_MAX);
    struct span digits = {scan->text + start, end - start};
    double number = number_convert(digits);
    bool is_rounded = is_integer && fabs(number) > JSONC_INTEGER_MAX;
    if (!isfinite(number) || is_rounded) {
        scan->has_bad_numbers = true;
        scan_fail(scan, start, end, is_rounded ? "exact up to 9007199254740991" : NULL,
                  "the number %.*s %s", (int)digits.size_bytes, digits.data,
                  is_rounded ? "would be rounded" : "is too large");
    }
    return true;
}

static bool scan_word(struct scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};
    size_t end = token_end(scan, scan->at);
    struct span word = {scan->text + scan->at, end - scan->at};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (span_equals(word, words[i])) {
            scan->at = end;
            return true;
        }
    }
    const char *hint = NULL;
    char near[80];
    int nearest = text_nearest(word, words, sizeof words / sizeof *words);
    if (nearest >= 0) {
        snprintf(near, sizeof near, "did you mean `%s`?", words[nearest]);
        hint = near;
    } else if (next_is(scan, '\'')) {
        hint = "strings stand in double quotes";
    } else if (scan->at < scan->size_bytes && is_word_byte(scan->text[scan->at])) {
        hint = "a text stands in double quotes";
    }
    return scan_fail_expected(scan, "a value", hint);
}

static bool open_level(struct scan *scan, bool is_object)
{
    if (scan->depth >= scan->limits->depth_max)
        return scan_fail(scan, scan->at, scan->at + 1, NULL,
                         "nested too deeply: at most %zu levels are allowed",
                         scan->limits->depth_max);
    scan->levels[scan->depth++] =
        (struct scan_level){.index = scan->document->place_count - 1, .is_object = is_object};
    scan->at++;
    return true;
}

static void close_place(struct scan *scan, size_t index)
{
    struct jsonc_place *place = &scan->document->places[index];
    place->end = (uint32_t)scan->at;
    place->node_count = (uint32_t)(scan->document->place_count - index);
}

/* A whole scalar, or the opening of an object or array. */
static bool scan_value(struct scan *scan, size_t key_start, size_t key_end)
{
    struct jsonc_document *document = scan->document;
    skip_space(scan);
    if (document->place_count >= scan->limits->value_count_max)
        return scan_fail(scan, scan->at, scan->at, NULL, "too many values: at most %zu are allowed",
                         scan->limits->value_count_max);
    size_t index = document->place_count++;
    document->places = memory_grow(document->places, &scan->place_capacity_count,
                                   document->place_count, sizeof *document->places);
    document->places[index] = (struct jsonc_place){.key_start = (uint32_t)key_start,
                                                   .key_end = (uint32_t)key_end,
                                                   .start = (uint32_t)scan->at};
    char first = scan->at < scan->size_bytes ? scan->text[scan->at] : '\0';
    if (first == '{' || first == '[')
        return open_level(scan, first == '{');
    bool is_good;
    if (first == '"')
        is_good = scan_string(scan);
    else if (first == '-' || (first >= '0' && first <= '9'))
        is_good = scan_number(scan);
    else
        is_good = scan_word(scan);
    close_place(scan, index);
    return is_good;
}

static bool scan_key(struct scan *scan, size_t *start, size_t *end)
{
    skip_space(scan);
    if (!next_is(scan, '"'))
        return scan_fail_expected(scan, "a key in double quotes", NULL);
    *start = scan->at;
    if (!scan_string(scan))
        return false;
    *end = scan->at;
    skip_space(scan);
    if (!next_is(scan, ':'))
        return scan_fail_expected(scan, "`:` after the key", NULL);
    scan->at++;
    return true;
}

/* Behind a value: a comma is due. */
static bool scan_comma(struct scan *scan, const struct scan_level *level)
{
    if (!next_is(scan, ',')) {
        size_t line, column;
        size_t start = scan->document->places[level->index].start;
        error_locate(scan->source, scan->size_bytes, start, &line, &column);
        char hint[80];
        snprintf(hint, sizeof hint, "the `%c` of line %zu, column %zu is open",
                 level->is_object ? '{' : '[', line, column);
        return scan_fail_expected(
            scan, level->is_object ? "`,` or `}` after the value" : "`,` or `]` after the value",
            hint);
    }
    size_t comma = scan->at++;
    skip_space(scan);
    if (next_is(scan, level->is_object ? '}' : ']'))
        return scan_fail(scan, comma, comma + 1, "remove the comma",
                         "nothing follows this `,` before the `%c`", level->is_object ? '}' : ']');
    return true;
}

/* The next item of the innermost open object or array, or its end. */
static bool scan_item(struct scan *scan)
{
    struct scan_level level = scan->levels[scan->depth - 1];
    skip_space(scan);
    if (next_is(scan, level.is_object ? '}' : ']')) {
        scan->at++;
        scan->depth--;
        close_place(scan, level.index);
        return true;
    }
    bool is_first = scan->document->place_count == level.index + 1;
    if (!is_first && !scan_comma(scan, &level))
        return false;
    size_t key_start = 0, key_end = 0;
    if (level.is_object && !scan_key(scan, &key_start, &key_end))
        return false;
    return scan_value(scan, key_start, key_end);
}

bool jsonc_scan(const char *source, const char *text, size_t size_bytes,
                const struct jsonc_limits *limits, struct jsonc_document *document,
                bool *has_bad_numbers, struct error_list *errors)
{
    struct scan scan = {.source = source,
                        .text = text,
                        .size_bytes = size_bytes,
                        .limits = limits,
                        .document = document,
                        .errors = errors};
    scan.levels = memory_alloc(limits->depth_max, sizeof *scan.levels);
    bool is_good = scan_value(&scan, 0, 0);
    while (is_good && scan.depth > 0)
        is_good = scan_item(&scan);
    if (is_good) {
        skip_space(&scan);
        if (scan.at < size_bytes)
            is_good = scan_fail_expected(&scan, "the end of the file after the value", NULL);
    }
    free(scan.levels);
    *has_bad_numbers = scan.has_bad_numbers;
    return is_good;
}

/* The end of the comment that begins at `at`, or 0 if it never ends. */
static size_t comment_end(const char *text, size_t size_bytes, size_t at)
{
    if (text[at + 1] == '/') {
        const char *line_end = memchr(text + at, '\n', size_bytes - at);
        return line_end ? (size_t)(line_end - text) : size_bytes;
    }
    for (size_t i = at + 2; i + 1 < size_bytes; i++) {
        if (text[i] == '*' && text[i + 1] == '/')
            return i + 2;
    }
    return 0;
}

/* Behind the string that begins at `at`; one that does not end on its line the scan will tell. */
static size_t string_end(const char *text, size_t size_bytes, size_t at)
{
    for (at++; at < size_bytes && text[at] != '\n'; at++) {
        if (text[at] == '"')
            return at + 1;
        if (text[at] == '\\' && at + 1 < size_bytes && text[at + 1] != '\n')
            at++;
    }
    return at;
}

bool jsonc_blank_comments(char *text, size_t size_bytes, struct error_list *errors)
{
    size_t at = 0;
    while (at < size_bytes) {
        if (text[at] == '"') {
            at = string_end(text, size_bytes, at);
        } else if (text[at] == '/' && at + 1 < size_bytes &&
                   (text[at + 1] == '/' || text[at + 1] == '*')) {
            size_t end = comment_end(text, size_bytes, at);
            if (!end) {
                struct error *error = error_list_add(errors);
                error_set(error, "close it with `*/`", "the comment never ends");
                jsonc_place_error(error, text, size_bytes, at, at + 2);
                return false;
            }
            for (; at < end; at++) {
                if (text[at] != '\n')
                    text[at] = ' ';
            }
        } else {
            at++;
        }
    }
    return true;
}
