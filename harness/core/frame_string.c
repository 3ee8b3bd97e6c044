/* The decoded value of a string that frame_scan has found valid. */
#include "core/frame.h"

#include <string.h>

/* Four hexadecimal digits, known to be such: a letter's low bits are its value less 9. */
static unsigned decode_unit(const char *digits)
{
    unsigned unit = 0;
    for (int i = 0; i < 4; i++) {
        unsigned byte = (unsigned char)digits[i];
        unit = unit << 4 | ((byte & 0xF) + (byte > '9' ? 9 : 0));
    }
    return unit;
}

static size_t encode_utf8(unsigned point, char bytes[4])
{
    if (point < 0x80) {
        bytes[0] = (char)point;
        return 1;
    }
    size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size - 1; i > 0; i--, point >>= 6)
        bytes[i] = (char)(0x80 | (point & 0x3F));
    bytes[0] = (char)(marks[size] | point);
    return size;
}

/* Takes one escape, or the plain bytes up to the next, from the front of a valid string. What it
 * stands for is `piece`, which lies in the text or in `bytes`. */
static void decode_piece(struct span *rest, char bytes[4], struct span *piece)
{
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *at = rest->data, *end = at + rest->size_bytes;
    const char *escape = memchr(at, '\\', rest->size_bytes);
    *piece = (struct span){bytes, 1};
    if (escape != at) {
        *piece = (struct span){at, (size_t)((escape ? escape : end) - at)};
        at += piece->size_bytes;
    } else if (at[1] != 'u') {
        bytes[0] = values[strchr(letters, at[1]) - letters];
        at += 2;
    } else {
        unsigned unit = decode_unit(at + 2);
        at += 6;
        bool is_pair = unit >= 0xD800 && unit < 0xDC00 && end - at >= 6 && at[0] == '\\' &&
                       at[1] == 'u' && decode_unit(at + 2) >> 10 == 0xDC00 >> 10;
        if (is_pair) {
            unit = 0x10000 + ((unit & 0x3FF) << 10 | (decode_unit(at + 2) & 0x3FF));
            at += 6;
        } else if (unit >> 11 == 0xD800 >> 11) {
            unit = 0xFFFD; /* a lone surrogate has no UTF-8 form */
        }
        piece->size_bytes = encode_utf8(unit, bytes);
    }
    *rest = (struct span){at, (size_t)(end - at)};
}

static bool string_equals(struct span raw, bool has_escapes, const char *text, size_t size_bytes)
{
    if (!has_escapes)
        return raw.size_bytes == size_bytes && memcmp(raw.data, text, size_bytes) == 0;
    while (raw.size_bytes > 0) {
        char bytes[4];
        struct span piece;
        decode_piece(&raw, bytes, &piece);
        if (piece.size_bytes > size_bytes || memcmp(piece.data, text, piece.size_bytes) != 0)
            return false;
        text += piece.size_bytes;
        size_bytes -= piece.size_bytes;
    }
    return size_bytes == 0;
}

bool frame_string_equals(const struct frame_value *value, const char *text)
{
    return value->kind == FRAME_VALUE_STRING &&
           string_equals(value->text, value->has_escapes, text, strlen(text));
}

void frame_append_string(const struct frame_value *value, struct buffer *out)
{
    if (value->kind != FRAME_VALUE_STRING)
        return;
    struct span rest = value->text;
    while (rest.size_bytes > 0) {
        char bytes[4];
        struct span piece;
        decode_piece(&rest, bytes, &piece);
        buffer_append(out, piece.data, piece.size_bytes);
    }
}
