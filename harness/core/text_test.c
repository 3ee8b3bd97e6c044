#include "core/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(text, span_equals_compares_whole)
{
    cr_assert(span_equals(span_of("type"), "type"));
    cr_assert(span_equals(span_of(""), ""));
    cr_assert_not(span_equals(span_of("type"), "typ"));
    cr_assert_not(span_equals(span_of("typ"), "type"));
    cr_assert_not(span_equals((struct span){"a\0b", 3}, "a"));
    cr_assert_not(span_equals((struct span){NULL, 0}, ""), "what is not there equals nothing");
    cr_assert_eq(span_of(NULL).size_bytes, 0);
}

static const struct {
    const char *bytes;
    bool is_valid;
} utf8_cases[] = {
    {"", true},
    {"plain ascii of more than eight bytes", true},
    {"\x7F", true},
    {"\xC2\x80", true},         /* U+0080, the first of two bytes */
    {"\xDF\xBF", true},         /* U+07FF */
    {"\xE0\xA0\x80", true},     /* U+0800 */
    {"\xED\x9F\xBF", true},     /* U+D7FF, before the surrogates */
    {"\xEE\x80\x80", true},     /* U+E000, behind them */
    {"\xEF\xBF\xBF", true},     /* U+FFFF */
    {"\xF0\x90\x80\x80", true}, /* U+10000 */
    {"\xF4\x8F\xBF\xBF", true}, /* U+10FFFF, the last */
    {"\x80", false},            /* continuation without start */
    {"\xBF", false},
    {"\xC0\x80", false},         /* overlong NUL */
    {"\xC1\xBF", false},         /* overlong U+007F */
    {"\xE0\x9F\xBF", false},     /* overlong U+07FF */
    {"\xF0\x8F\xBF\xBF", false}, /* overlong U+FFFF */
    {"\xED\xA0\x80", false},     /* U+D800 */
    {"\xED\xBF\xBF", false},     /* U+DFFF */
    {"\xF4\x90\x80\x80", false}, /* U+110000 */
    {"\xF5\x80\x80\x80", false},
    {"\xFE", false},
    {"\xFF", false},
    {"\xC2", false}, /* cut */
    {"\xE2\x82", false},
    {"\xF0\x9F\x98", false},
    {"\xC2\x41", false}, /* continuation missing */
    {"\xE2\x82\x41", false},
    {"\xF0\x9F\x98\x41", false},
    {"\xF0\x9F\x41\x80", false},
};

Test(text, utf8_is_what_rfc_3629_says_at_every_alignment)
{
    for (size_t i = 0; i < sizeof utf8_cases / sizeof *utf8_cases; i++) {
        for (size_t before = 0; before < 17; before++) {
            for (size_t after = 0; after < 9; after += 4) {
                size_t size_bytes = before + strlen(utf8_cases[i].bytes) + after;
                char *bytes = malloc(size_bytes + 1); /* no spare byte behind the NUL */
                snprintf(bytes, size_bytes + 1, "%.*s%s%.*s", (int)before, "aaaaaaaaaaaaaaaaa",
                         utf8_cases[i].bytes, (int)after, "bbbbbbbbb");
                cr_assert_eq(text_is_utf8(bytes, size_bytes), utf8_cases[i].is_valid,
                             "case %zu behind %zu bytes", i, before);
                free(bytes);
            }
        }
    }
}

Test(text, utf8_of_every_character_holds_and_of_its_prefixes_does_not)
{
    for (uint32_t code = 0x80; code <= 0x10FFFF; code += code < 0x3000 ? 1 : 61) {
        unsigned char bytes[4];
        size_t size_bytes;
        if (code < 0x800) {
            size_bytes = 2;
            bytes[0] = (unsigned char)(0xC0 | code >> 6);
        } else if (code < 0x10000) {
            size_bytes = 3;
            bytes[0] = (unsigned char)(0xE0 | code >> 12);
        } else {
            size_bytes = 4;
            bytes[0] = (unsigned char)(0xF0 | code >> 18);
        }
        for (size_t i = 1; i < size_bytes; i++)
            bytes[i] = (unsigned char)(0x80 | (code >> (6 * (size_bytes - 1 - i)) & 0x3F));
        bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
        cr_assert_eq(text_is_utf8((char *)bytes, size_bytes), !is_surrogate, "U+%04X", code);
        for (size_t prefix = 1; prefix < size_bytes; prefix++)
            cr_assert_not(text_is_utf8((char *)bytes, prefix));
    }
}

Test(text, nearest_finds_misspellings_and_nothing_else)
{
    static const char *const names[] = {"publish", "resync_ack", "drop", "expect", "dropped", "id"};
    static const struct {
        const char *name;
        int nearest;
    } cases[] = {
        {"publish", 0},
        {"pubish", 0},
        {"pulbish", 0},
        {"PUBLISH", 0},
        {"publishh", 0},
        {"drop", 2},
        {"dorp", 2},
        {"resync-ack", 1},
        {"resyncAck", 1},
        {"expct", 3},
        {"droped", 4},
        {"", -1},
        {"-_-", -1},
        {"zzz", -1},
        {"p", -1},
        {"unrelated", -1},
        {"ix", -1},
        {"a name that is much longer than any name of ours could ever be in this program", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(text_nearest(span_of(cases[i].name), names, 6), cases[i].nearest, "%s: %d",
                     cases[i].name, text_nearest(span_of(cases[i].name), names, 6));
    cr_assert_eq(text_nearest(span_of("drop"), names, 0), -1);
    cr_assert_eq(text_nearest((struct span){NULL, 0}, names, 6), -1);
}

Test(text, nearest_does_not_read_beyond_the_span)
{
    char *name = malloc(6);
    memcpy(name, "pubish", 6);
    static const char *const names[] = {"publish"};
    cr_assert_eq(text_nearest((struct span){name, 6}, names, 1), 0);
    free(name);
}

Test(text, glob_knows_star_and_question_mark_only)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "resync/x", true},
        {"**", "a", true},
        {"a", "", false},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"a*", "abc", true},
        {"*c", "abc", true},
        {"*b*", "abc", true},
        {"*d*", "abc", false},
        {"a*c", "abcc", true},
        {"a*c", "abcd", false},
        {"*ab*cd", "ababxcdcd", true},
        {"*aab", "aaaaab", true},
        {"a?c", "abc", true},
        {"?*?", "a", false},
        {"?*?", "ab", true},
        {"A", "a", false},
        {"ring[501]", "ring[501]", true},
        {"ring[501]", "ring5", false},
        {"[a-z]", "b", false},
        {"\\*", "\\x", true},
        {"?", "\xE2\x82\xAC", true},
        {"a?b",
         "a\xC3\xA4"
         "b",
         true},
        {"*?b",
         "\xC3\xA4"
         "b",
         true},
        {"??", "\xC3\xA4", false},
        {"?", "*", true},
        {"*-pubish", "x-publish", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(text_glob_matches(cases[i].pattern, cases[i].text), cases[i].matches,
                     "%s against %s", cases[i].pattern, cases[i].text);
}

Test(text, glob_of_many_stars_is_not_exponential)
{
    char text[2001];
    memset(text, 'a', 2000);
    text[2000] = '\0';
    cr_assert_not(text_glob_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

static void assert_escaped(const char *data, size_t size_bytes, size_t limit_bytes,
                           const char *expected)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    text_append_escaped(&out, data, size_bytes, limit_bytes);
    cr_assert_str_eq(buffer_text(&out), expected);
    buffer_free(&out);
}

Test(text, escaped_text_cannot_steer_a_terminal)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"plain \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80",
         "plain \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"\x1B[2J", "\\x1B[2J"},
        {"a\r\n\tb", "a\\x0D\\x0A\\x09"
                     "b"},
        {"\x7F", "\\x7F"},
        {"\xC2\x9B"
         "2J",
         "\\xC2\\x9B"
         "2J"}, /* CSI as one character */
        {"\xC2\xA0", "\xC2\xA0"},
        {"\xFF\xC3(", "\\xFF\\xC3("},
        {"\xE2\x82", "\\xE2\\x82"},
        {"\xED\xA0\x80", "\\xED\\xA0\\x80"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_escaped(cases[i].text, strlen(cases[i].text), SIZE_MAX, cases[i].expected);
    assert_escaped("a\0b", 3, SIZE_MAX,
                   "a\\x00"
                   "b");
    assert_escaped(NULL, 0, 10, "");
}

Test(text, escaped_text_is_cut_between_characters)
{
    assert_escaped("abcdef", 6, 6, "abcdef");
    assert_escaped("abcdef", 6, 5, "abcde…");
    assert_escaped("abcdef", 6, 0, "…");
    assert_escaped("a\xE2\x82\xAC"
                   "b",
                   5, 2, "a…");
    assert_escaped("a\xE2\x82\xAC"
                   "b",
                   5, 3, "a…");
    assert_escaped("a\xE2\x82\xAC"
                   "b",
                   5, 4, "a\xE2\x82\xAC…");
    assert_escaped("\x1B\x1B", 2, 1, "\\x1B…");
}

Test(text, json_strings_escape_what_must_be)
{
    static const struct {
        const char *text;
        size_t size_bytes;
        const char *expected;
    } cases[] = {
        {"", 0, "\"\""},
        {"a\"b\\c/", 6, "\"a\\\"b\\\\c/\""},
        {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x1F\0", 3, "\"\\u0001\\u001f\\u0000\""},
        {"\xC3\xA4\xF0\x9F\x98\x80\x7F", 7, "\"\xC3\xA4\xF0\x9F\x98\x80\x7F\""},
        {"a\xFF"
         "b",
         3,
         "\"a\xEF\xBF\xBD"
         "b\""},
        {"\xC3", 1, "\"\xEF\xBF\xBD\""},
        {"\xC3\"", 2, "\"\xEF\xBF\xBD\\\"\""}, /* a broken character eats no quote */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        buffer_init(&out, BUFFER_NO_LIMIT);
        text_append_json(&out, cases[i].text, cases[i].size_bytes);
        cr_assert_str_eq(buffer_text(&out), cases[i].expected, "case %zu", i);
        buffer_free(&out);
    }
}

Test(text, escapes_of_any_bytes_are_utf8)
{
    uint32_t state = 1;
    for (int round = 0; round < 2000; round++) {
        char bytes[24];
        for (size_t i = 0; i < sizeof bytes; i++) {
            state = state * 1664525 + 1013904223;
            bytes[i] = (char)(state >> 24);
        }
        struct buffer out;
        buffer_init(&out, BUFFER_NO_LIMIT);
        text_append_escaped(&out, bytes, sizeof bytes, (size_t)round % 30);
        text_append_json(&out, bytes, sizeof bytes);
        cr_assert(text_is_utf8(out.data, out.size_bytes));
        for (size_t i = 0; i < out.size_bytes; i++)
            cr_assert((unsigned char)out.data[i] >= 0x20);
        buffer_free(&out);
    }
}

Test(text, hash_is_fnv_1a)
{
    cr_assert_eq(text_hash("", 0), 0xCBF29CE484222325u);
    cr_assert_eq(text_hash("a", 1), 0xAF63DC4C8601EC8Cu);
    cr_assert_eq(text_hash("foobar", 6), 0x85944171F73967E8u);
}
