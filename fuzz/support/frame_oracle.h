/* What is known about the frame parser from elsewhere: cJSON's reading of the same bytes, and the
 * named list of differences, in which the parser follows RFC 8259 and RFC 3629 (or its own limit)
 * and cJSON 1.7.15 does not. Nothing here shares code with the parser. */
#ifndef GAPCHECK_FUZZ_FRAME_ORACLE_H
#define GAPCHECK_FUZZ_FRAME_ORACLE_H

#include "core/frame.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Symbol, who accepts the text, and what it is. */
#define FRAME_DIFFERENCES(X)                                                                       \
    X(CONTROL_CHARACTER, CJSON, "a control character stands bare in a string (RFC 8259, 7)")       \
    X(BROKEN_UTF8, CJSON, "a string is no UTF-8 (RFC 3629)")                                       \
    X(NUMBER_GRAMMAR, CJSON, "a number like 01, 1. or 1.e5 (RFC 8259, 6)")                         \
    X(ODD_BLANK, CJSON, "a byte below 0x20 between values that is no blank (RFC 8259, 2)")         \
    X(BYTE_ORDER_MARK, CJSON, "a byte order mark in front (RFC 8259, 8.1)")                        \
    X(HEX_DIGITS, CJSON, "\\u without four hexadecimal digits (RFC 8259, 7)")                      \
    X(DEEP_NESTING, CJSON, "nested more deeply than FRAME_DEPTH_MAX, a limit of the parser's own") \
    X(LONE_SURROGATE, FRAME, "half a surrogate pair as an escape: allowed (RFC 8259, 8.2)")        \
    X(LONG_NUMBER, FRAME, "a number of more than 63 characters: some cJSON has a limit")           \
    X(NUL_ESCAPE, BOTH, "\\u0000: cJSON ends the string there")                                    \
    X(EQUAL_NAMES, BOTH, "of equal names cJSON takes the first, the parser the last, as JavaScript")

enum frame_difference {
#define X(symbol, side, sentence) FRAME_DIFFERENCE_##symbol,
    FRAME_DIFFERENCES(X)
#undef X
        FRAME_DIFFERENCE_COUNT
};

enum frame_difference_side {
    FRAME_DIFFERENCE_SIDE_CJSON, /* cJSON accepts, the parser refuses */
    FRAME_DIFFERENCE_SIDE_FRAME, /* the other way round */
    FRAME_DIFFERENCE_SIDE_BOTH,  /* both accept; fields differ */
};

enum frame_difference_side frame_difference_side(enum frame_difference difference);
const char *frame_difference_sentence(enum frame_difference difference);

/* Which of them the text has: bit n for enum frame_difference n. A text that has one need not be
 * read differently; one that has none must not. */
unsigned frame_differences_of(const char *text, size_t size_bytes);
bool frame_differences_have(unsigned set, enum frame_difference difference);

/* cJSON's reading of the whole text, NULL if it refuses it; owned by the caller. */
cJSON *frame_oracle_parse(const char *text, size_t size_bytes);

/* The last member of that name, or NULL. */
const cJSON *frame_oracle_field(const cJSON *object, const char *name);

#endif
