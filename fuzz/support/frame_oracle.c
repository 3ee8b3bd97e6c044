#include "frame_oracle.h"

#include "core/text.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    enum frame_difference_side side;
    const char *sentence;
} differences[] = {
#define X(symbol, side, sentence) {FRAME_DIFFERENCE_SIDE_##side, sentence},
    FRAME_DIFFERENCES(X)
#undef X
};

enum frame_difference_side frame_difference_side(enum frame_difference difference)
{
    return differences[difference].side;
}

const char *frame_difference_sentence(enum frame_difference difference)
{
    return differences[difference].sentence;
}

bool frame_differences_have(unsigned set, enum frame_difference difference)
{
    return (set >> difference & 1) != 0;
}

/* ---- looking for them: strings, numbers and the rest, told apart without a grammar ---- */

struct look {
    const char *at, *end;
    unsigned found;
    unsigned depth;
};

static void note(struct look *look, enum frame_difference difference)
{
    look->found |= 1u << difference;
}

/* The value of four hexadecimal digits, or -1. */
static long unit_at(const char *at, const char *end)
{
    char digits[5] = "";
    if (end - at < 4)
        return -1;
    memcpy(digits, at, 4);
    return strspn(digits, "0123456789abcdefABCDEF") == 4 ? strtol(digits, NULL, 16) : -1;
}

/* Behind `\u`. */
static void look_at_unit(struct look *look)
{
    long unit = unit_at(look->at, look->end);
    if (unit < 0) {
        note(look, FRAME_DIFFERENCE_HEX_DIGITS);
        return;
    }
    look->at += 4;
    if (unit == 0)
        note(look, FRAME_DIFFERENCE_NUL_ESCAPE);
    if (unit < 0xD800 || unit > 0xDFFF)
        return;
    bool is_pair = unit < 0xDC00 && look->end - look->at >= 6 && look->at[0] == '\\' &&
                   look->at[1] == 'u' && unit_at(look->at + 2, look->end) >= 0xDC00 &&
                   unit_at(look->at + 2, look->end) <= 0xDFFF;
    if (is_pair)
        look->at += 6;
    else
        note(look, FRAME_DIFFERENCE_LONE_SURROGATE);
}

/* Behind the opening quotation mark, to behind the closing one. */
static void look_at_string(struct look *look)
{
    while (look->at < look->end) {
        char byte = *look->at++;
        if (byte == '"')
            return;
        if ((unsigned char)byte < 0x20)
            note(look, FRAME_DIFFERENCE_CONTROL_CHARACTER);
        if (byte != '\\' || look->at == look->end)
            continue;
        if (*look->at++ == 'u')
            look_at_unit(look);
    }
}

static size_t skip_digits(const char *text, size_t at, size_t size_bytes)
{
    while (at < size_bytes && text[at] >= '0' && text[at] <= '9')
        at++;
    return at;
}

/* number = [ "-" ] int [ frac ] [ exp ] */
static bool is_number(const char *text, size_t size_bytes)
{
    size_t at = size_bytes && text[0] == '-', start = at;
    at = skip_digits(text, at, size_bytes);
    if (at == start || (text[start] == '0' && at > start + 1))
        return false;
    if (at < size_bytes && text[at] == '.') {
        start = ++at;
        at = skip_digits(text, at, size_bytes);
        if (at == start)
            return false;
    }
    if (at < size_bytes && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < size_bytes && (text[at] == '-' || text[at] == '+');
        start = at;
        at = skip_digits(text, at, size_bytes);
        if (at == start)
            return false;
    }
    return at == size_bytes;
}

static void look_at_number(struct look *look)
{
    const char *start = look->at;
    while (look->at < look->end && *look->at && strchr("0123456789+-.eE", *look->at))
        look->at++;
    size_t size_bytes = (size_t)(look->at - start);
    if (!is_number(start, size_bytes))
        note(look, FRAME_DIFFERENCE_NUMBER_GRAMMAR);
    if (size_bytes > 63)
        note(look, FRAME_DIFFERENCE_LONG_NUMBER);
}

static void look_at_byte(struct look *look)
{
    char byte = *look->at;
    if (byte == '"') {
        look->at++;
        look_at_string(look);
    } else if (byte == '-' || (byte >= '0' && byte <= '9')) {
        look_at_number(look);
    } else {
        look->at++;
        if ((unsigned char)byte < 0x20 && !(byte && strchr("\t\r\n", byte)))
            note(look, FRAME_DIFFERENCE_ODD_BLANK);
        look->depth += byte == '[' || byte == '{';
        look->depth -= (byte == ']' || byte == '}') && look->depth > 0;
        if (look->depth > FRAME_DEPTH_MAX)
            note(look, FRAME_DIFFERENCE_DEEP_NESTING);
    }
}

unsigned frame_differences_of(const char *text, size_t size_bytes)
{
    struct look look = {.at = text, .end = text + size_bytes};
    if (size_bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        note(&look, FRAME_DIFFERENCE_BYTE_ORDER_MARK);
        look.at += 3;
    }
    while (look.at < look.end)
        look_at_byte(&look);
    if (!text_is_utf8(text, size_bytes))
        note(&look, FRAME_DIFFERENCE_BROKEN_UTF8);
    return look.found;
}

/* ---- cJSON ---- */

cJSON *frame_oracle_parse(const char *text, size_t size_bytes)
{
    const char *end = NULL;
    cJSON *node = cJSON_ParseWithLengthOpts(text, size_bytes, &end, false);
    while (node && end < text + size_bytes && (unsigned char)*end <= ' ')
        end++;
    if (node && end == text + size_bytes)
        return node;
    cJSON_Delete(node);
    return NULL;
}

const cJSON *frame_oracle_field(const cJSON *object, const char *name)
{
    const cJSON *found = NULL, *item;
    cJSON_ArrayForEach(item, object)
    {
        if (item->string && strcmp(item->string, name) == 0)
            found = item;
    }
    return found;
}
