#include "core/text.h"

#include <string.h>

/* The longest name that text_nearest compares: longer ones are no misspelling of ours. */
#define NAME_BYTES_MAX 64

struct span span_of(const char *text)
{
    return (struct span){text, text ? strlen(text) : 0};
}

bool span_equals(struct span span, const char *text)
{
    /* Most often the first letter tells them apart already. */
    if (!span.data || (span.size_bytes && span.data[0] != text[0]))
        return false;
    return span.size_bytes == strlen(text) && memcmp(span.data, text, span.size_bytes) == 0;
}

/* How many bytes the character at `data` has, 0 if it is not well-formed (the table of RFC 3629,
 * section 4: the second byte rules out overlong forms, surrogates and what is above U+10FFFF). */
static size_t character_bytes(const unsigned char *data, size_t size_bytes)
{
    unsigned char lead = data[0];
    if (lead < 0x80)
        return 1;
    size_t needed_bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead < 0xC2 || lead > 0xF4 || needed_bytes > size_bytes)
        return 0;
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (data[1] < low || data[1] > high)
        return 0;
    for (size_t i = 2; i < needed_bytes; i++)
        if ((data[i] & 0xC0) != 0x80)
            return 0;
    return needed_bytes;
}

bool text_is_utf8(const char *data, size_t size_bytes)
{
    const unsigned char *bytes = (const unsigned char *)data;
    size_t i = 0;
    while (i < size_bytes) {
        uint64_t eight;
        if (size_bytes - i >= sizeof eight) {
            /* Most text is ASCII: eight bytes at a time where no top bit is set. */
            memcpy(&eight, bytes + i, sizeof eight);
            if ((eight & 0x8080808080808080u) == 0) {
                i += sizeof eight;
                continue;
            }
        }
        size_t taken_bytes = character_bytes(bytes + i, size_bytes - i);
        if (taken_bytes == 0)
            return false;
        i += taken_bytes;
    }
    return true;
}

/* Copies a name without what text_nearest looks past; false if it is too long or empty. */
static bool fold_name(struct span name, char folded[NAME_BYTES_MAX], size_t *folded_bytes)
{
    *folded_bytes = 0;
    if (name.size_bytes > NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < name.size_bytes; i++) {
        char letter = name.data[i];
        if (letter == '-' || letter == '_')
            continue;
        if (letter >= 'A' && letter <= 'Z')
            letter = (char)(letter - 'A' + 'a');
        folded[(*folded_bytes)++] = letter;
    }
    return *folded_bytes > 0;
}

/* How many letters must be put in, left out, changed or swapped with the next. */
static size_t edit_distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    size_t rows[3][NAME_BYTES_MAX + 1];
    for (size_t j = 0; j <= b_bytes; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_bytes; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above_two = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_bytes; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                above_two[j - 2] + 1 < best)
                best = above_two[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_bytes % 3][b_bytes];
}

int text_nearest(struct span name, const char *const *names, size_t count)
{
    char wanted[NAME_BYTES_MAX];
    size_t wanted_bytes;
    if (!fold_name(name, wanted, &wanted_bytes))
        return -1;
    int nearest = -1;
    size_t nearest_distance = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        char candidate[NAME_BYTES_MAX];
        size_t candidate_bytes;
        if (!fold_name(span_of(names[i]), candidate, &candidate_bytes))
            continue;
        size_t distance = edit_distance(wanted, wanted_bytes, candidate, candidate_bytes);
        size_t longer_bytes = wanted_bytes > candidate_bytes ? wanted_bytes : candidate_bytes;
        if (distance * 3 <= longer_bytes && distance < nearest_distance) {
            nearest = (int)i;
            nearest_distance = distance;
        }
    }
    return nearest;
}

/* Behind the character at `text`, so that `?` is one letter and not one byte of it. */
static const char *next_character(const char *text)
{
    text++;
    while (((unsigned char)*text & 0xC0) == 0x80)
        text++;
    return text;
}

bool text_glob_matches(const char *pattern, const char *text)
{
    /* Going back to the last `*` alone is enough: an earlier one could only take what it takes. */
    const char *star = NULL;
    const char *star_text = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            star_text = text;
        } else if (*pattern == '?') {
            pattern++;
            text = next_character(text);
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            star_text = next_character(star_text);
            text = star_text;
            pattern = star;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* C0, DEL, and C1 (U+0080 to U+009F: U+009B starts a terminal sequence as ESC [ does). */
static bool is_control(const unsigned char *character)
{
    return character[0] < 0x20 || character[0] == 0x7F ||
           (character[0] == 0xC2 && character[1] < 0xA0);
}

void text_append_escaped(struct buffer *out, const char *data, size_t size_bytes,
                         size_t limit_bytes)
{
    const unsigned char *bytes = (const unsigned char *)data;
    size_t run_start = 0;
    size_t i = 0;
    while (i < size_bytes) {
        size_t taken_bytes = character_bytes(bytes + i, size_bytes - i);
        bool is_safe = taken_bytes > 0 && !is_control(bytes + i);
        if (taken_bytes == 0)
            taken_bytes = 1;
        if (taken_bytes > limit_bytes - i)
            break;
        if (!is_safe) {
            buffer_append(out, data + run_start, i - run_start);
            for (size_t end = i + taken_bytes; i < end; i++)
                buffer_printf(out, "\\x%02X", bytes[i]);
            run_start = i;
        } else {
            i += taken_bytes;
        }
    }
    if (i > run_start)
        buffer_append(out, data + run_start, i - run_start);
    if (i < size_bytes)
        buffer_append_text(out, "…");
}

static void append_json_escape(struct buffer *out, unsigned char byte)
{
    static const char *const short_escapes[128] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
        ['\n'] = "\\n", ['\r'] = "\\r",  ['\t'] = "\\t",
    };
    if (byte >= 0x80)
        buffer_append_text(out, "\xEF\xBF\xBD"); /* U+FFFD */
    else if (short_escapes[byte])
        buffer_append_text(out, short_escapes[byte]);
    else
        buffer_printf(out, "\\u%04x", byte);
}

void text_append_json(struct buffer *out, const char *data, size_t size_bytes)
{
    const unsigned char *bytes = (const unsigned char *)data;
    size_t run_start = 0;
    size_t i = 0;
    buffer_append_text(out, "\"");
    while (i < size_bytes) {
        size_t taken_bytes = character_bytes(bytes + i, size_bytes - i);
        if (taken_bytes > 0 && bytes[i] >= 0x20 && bytes[i] != '"' && bytes[i] != '\\') {
            i += taken_bytes;
            continue;
        }
        if (i > run_start)
            buffer_append(out, data + run_start, i - run_start);
        append_json_escape(out, bytes[i]);
        run_start = ++i;
    }
    if (i > run_start)
        buffer_append(out, data + run_start, i - run_start);
    buffer_append_text(out, "\"");
}

uint64_t text_hash(const char *data, size_t size_bytes)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < size_bytes; i++)
        hash = (hash ^ (unsigned char)data[i]) * 0x100000001B3u;
    return hash;
}
