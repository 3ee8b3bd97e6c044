#include "core/error.h"

#include "core/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The printed form of an error; owned by the caller. */
static char *printed(const struct error *error, const char *file, const char *text)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    error_print(error, file, text, text ? strlen(text) : 0, &out);
    return buffer_take_text(&out);
}

Test(error, set_fills_message_and_hint_and_clears_the_place)
{
    struct error error = {.severity = ERROR_SEVERITY_WARNING, .line = 3, .column = 4, .width = 5};
    error_set(&error, "did you mean `publish`?", "unknown step `%s`", "pubish");
    cr_assert_str_eq(error.message, "unknown step `pubish`");
    cr_assert_str_eq(error.hint, "did you mean `publish`?");
    cr_assert_eq(error.line, 0);
    cr_assert_eq(error.column, 0);
    cr_assert_eq(error.severity, ERROR_SEVERITY_ERROR);
    error_set(&error, NULL, "short");
    cr_assert_str_empty(error.hint);
}

Test(error, set_cuts_what_is_too_long_between_characters)
{
    char longer[1001];
    for (size_t i = 0; i < 1000; i++)
        longer[i] = "\xE2\x82\xAC"[i % 3];
    longer[999] = '\0';
    for (size_t skip = 0; skip < 3; skip++) {
        char shifted[1004];
        snprintf(shifted, sizeof shifted, "%.*s%s", (int)skip, "ab", longer);
        struct error error;
        error_set(&error, shifted, "%s", shifted);
        cr_assert_gt(strlen(error.message), sizeof error.message - 4);
        cr_assert(text_is_utf8(error.message, strlen(error.message)));
        cr_assert(text_is_utf8(error.hint, strlen(error.hint)));
    }
}

Test(error, list_keeps_the_first_and_counts_the_rest)
{
    struct error_list list;
    error_list_init(&list);
    for (int i = 0; i < ERROR_LIST_MAX + 25; i++)
        error_set(error_list_add(&list), NULL, "error %d", i);
    cr_assert_eq(list.count, ERROR_LIST_MAX);
    cr_assert_eq(list.dropped_count, 25);
    cr_assert_str_eq(list.items[0].message, "error 0");
    cr_assert_str_eq(list.items[ERROR_LIST_MAX - 1].message, "error 99");
    error_list_free(&list);
}

Test(error, list_failed_only_if_it_holds_an_error)
{
    struct error_list list;
    error_list_init(&list);
    cr_assert_not(error_list_failed(&list));
    error_list_add(&list)->severity = ERROR_SEVERITY_WARNING;
    cr_assert_not(error_list_failed(&list));
    error_list_add(&list)->severity = ERROR_SEVERITY_ERROR;
    cr_assert(error_list_failed(&list));
    error_list_free(&list);
}

Test(error, list_does_not_lose_an_error_behind_warnings)
{
    for (int place = 0; place < ERROR_LIST_MAX + 5; place++) {
        struct error_list list;
        error_list_init(&list);
        for (int i = 0; i < ERROR_LIST_MAX + 5; i++) {
            struct error *error = error_list_add(&list);
            error->severity = i == place ? ERROR_SEVERITY_ERROR : ERROR_SEVERITY_WARNING;
        }
        cr_assert(error_list_failed(&list), "error at %d", place);
        error_list_free(&list);
    }
}

Test(error, locate_counts_lines_and_characters)
{
    static const char text[] = "ab\n\xC3\xA4\xE2\x82\xACz\r\n\nend";
    static const struct {
        size_t offset, line, column;
    } cases[] = {
        {0, 1, 1}, {1, 1, 2},  {2, 1, 3},             /* the newline itself ends the line */
        {3, 2, 1}, {4, 2, 1},                         /* within a character */
        {5, 2, 2}, {6, 2, 2},  {7, 2, 2},  {8, 2, 3}, /* behind it */
        {9, 2, 4}, {11, 3, 1}, {12, 4, 1}, {15, 4, 4}, {1000, 4, 4}, /* beyond the end */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t line, column;
        error_locate(text, sizeof text - 1, cases[i].offset, &line, &column);
        cr_assert_eq(line, cases[i].line, "line of offset %zu: %zu", cases[i].offset, line);
        cr_assert_eq(column, cases[i].column, "column of %zu: %zu", cases[i].offset, column);
    }
}

Test(error, print_shows_line_caret_and_hint)
{
    static const struct {
        const char *text;
        struct error error;
        const char *expected;
    } cases[] = {
        {"{\n  \"pubish\": 1\n}",
         {.line = 2, .column = 4, .width = 6, .message = "unknown step", .hint = "use `publish`"},
         "s.json:2:4: error: unknown step\n"
         "    2 |   \"pubish\": 1\n"
         "      |    ^~~~~~\n"
         "  hint: use `publish`\n"},
        {"x",
         {.severity = ERROR_SEVERITY_WARNING, .line = 1, .column = 1, .message = "odd"},
         "s.json:1:1: warning: odd\n    1 | x\n      | ^\n"},
        {"", {.message = "no place"}, "s.json: error: no place\n"},
        {NULL, {.line = 7, .column = 2, .message = "no text"}, "s.json:7:2: error: no text\n"},
        {"one", {.line = 2, .column = 1, .message = "no line"}, "s.json:2:1: error: no line\n"},
        /* the place may be behind the end of its line, and the width reach beyond it */
        {"{\r\n",
         {.line = 1, .column = 9, .width = 50, .message = "ends"},
         "s.json:1:9: error: ends\n    1 | {\n      |  ^\n"},
        {"abc",
         {.line = 1, .column = 2, .width = 50, .message = "wide"},
         "s.json:1:2: error: wide\n    1 | abc\n      |  ^~\n"},
        /* what is shown differs from what is there: the caret follows what is shown */
        {"\t\x1B[1m\xC3\xA4!",
         {.line = 1, .column = 7, .message = "bang"},
         "s.json:1:7: error: bang\n    1 |  \\x1B[1m\xC3\xA4!\n      |          ^\n"},
        {"\xFF!",
         {.line = 1, .column = 1, .message = "a \x1B in the message"},
         "s.json:1:1: error: a \\x1B in the message\n    1 | \\xFF!\n      | ^~~~\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = printed(&cases[i].error, "s.json", cases[i].text);
        cr_assert_str_eq(text, cases[i].expected, "case %zu:\n%s", i, text);
        free(text);
    }
}

Test(error, print_goes_without_a_file)
{
    struct error error;
    error_set(&error, NULL, "no client named `x`");
    char *text = printed(&error, NULL, NULL);
    cr_assert_str_eq(text, "error: no client named `x`\n");
    free(text);
}

Test(error, print_shows_a_piece_of_a_long_line)
{
    char line[5001];
    memset(line, 'a', 5000);
    line[5000] = '\0';
    line[3000] = 'X';
    struct error error = {.line = 1, .column = 3001, .message = "here"};
    char *text = printed(&error, "f", line);
    cr_assert_lt(strlen(text), 400);
    const char *shown = strstr(text, "…");
    cr_assert(shown);
    const char *caret = strrchr(text, '^');
    const char *caret_line = strstr(text, "\n      | ");
    caret_line = strstr(caret_line + 1, "      | ");
    /* `…` is three bytes and one column */
    const char *place = strchr(text, 'X');
    cr_assert_eq(caret - (caret_line + 8), (place - shown) - 2);
    free(text);
}

Test(error, print_of_any_place_in_any_text_stays_within_it)
{
    static const char text[] = "a\t\xF0\x9F\x98\x80\n\xFF\n\r\n\0b\x7F";
    for (size_t size_bytes = 0; size_bytes < sizeof text; size_bytes++) {
        /* exactly as large as the text, so that the sanitizer sees a byte too far */
        char *copy = malloc(size_bytes ? size_bytes : 1);
        memcpy(copy, text, size_bytes);
        for (size_t place = 0; place < 36; place++) {
            struct error error = {.line = place / 6, .column = place % 6, .width = place % 4};
            struct buffer out;
            buffer_init(&out, BUFFER_NO_LIMIT);
            error_print(&error, "f", copy, size_bytes, &out);
            cr_assert(text_is_utf8(out.data, out.size_bytes));
            buffer_free(&out);
        }
        free(copy);
    }
}
