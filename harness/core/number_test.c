#include "core/number.h"

#include "core/buffer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Converts a copy that ends where its block ends. */
static double convert(const char *text)
{
    size_t size_bytes = strlen(text);
    char *exact = malloc(size_bytes);
    cr_assert(exact);
    memcpy(exact, text, size_bytes);
    double number = number_convert((struct span){exact, size_bytes});
    free(exact);
    return number;
}

Test(number, value_is_that_of_strtod)
{
    static const char *const cases[] = {
        "0",
        "7",
        "-7",
        "123456789012345",
        "1234567890123456",
        "9007199254740991",
        "9007199254740992",
        "9007199254740993",
        "9007199254740995",
        "18446744073709551615",
        "-9223372036854775808",
        "0.1",
        "-0.5",
        "1.5e3",
        "1E3",
        "1e+3",
        "1e-3",
        "123.456e-2",
        "0.000001",
        "0.0e5",
        "100e-2",
        "1e22",
        "1e23",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "2.2250738585072014e-308",
        "5e-324",
        "2e-324",
        "4.9e-324",
        "1e999",
        "-1e999",
        "1e-999",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "0e99999999999999999999",
        "2.2250738585072011e-308",
        "0.1e1",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert(convert(cases[i]) == strtod(cases[i], NULL), "%s", cases[i]);
}

Test(number, zero_keeps_its_sign)
{
    static const char *const cases[] = {"-0", "-0.0", "-0e5", "-0.000000000000000000000",
                                        "-1e-999"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert(convert(cases[i]) == 0 && signbit(convert(cases[i])), "%s", cases[i]);
    cr_assert(!signbit(convert("0")) && !signbit(convert("0.00000000000000000000000")));
}

Test(number, long_numbers_are_rounded_by_all_their_digits)
{
    static const struct {
        const char *before, *repeated;
        size_t times;
        const char *after;
    } cases[] = {
        {"", "1", 400, ""}, /* out of range */
        {"", "9", 300, ""},
        {"-", "12345", 60, ".5"},
        {"0.", "0", 400, "1"}, /* too small */
        {"0.", "0", 400, "1e400"},
        {"1", "0", 400, "e-400"},
        {"1", "0", 2000, "e-2000"},
        {"0.", "0", 2000, "123e2001"},
        {"", "7", 2000, "e-1990"},
        {"9007199254740993.", "0", 900, ""},  /* half way: to even */
        {"9007199254740993.", "0", 900, "1"}, /* just above it: up */
        {"9007199254740992.", "9", 900, ""},
        {"0.", "3", 5000, ""},
    };
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_clear(&text);
        buffer_append_text(&text, cases[i].before);
        for (size_t left = cases[i].times; left > 0; left--)
            buffer_append_text(&text, cases[i].repeated);
        buffer_append_text(&text, cases[i].after);
        double expected = strtod(buffer_text(&text), NULL);
        cr_assert(convert(buffer_text(&text)) == expected, "case %zu", i);
    }
    cr_assert(isinf(convert("1e999")) && convert("-1e999") < 0);
    buffer_free(&text);
}

Test(number, printed_doubles_come_back_the_same)
{
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < 50000; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        double number;
        memcpy(&number, &state, sizeof number);
        if (!isfinite(number))
            continue;
        char text[400];
        snprintf(text, sizeof text, i % 2 ? "%.17g" : "%.17e", number);
        cr_assert(convert(text) == number, "%s", text);
    }
}

Test(number, a_printed_tree_is_read_as_the_same_again)
{
    static const char *const numbers[] = {
        "4564581423457801",
        "9007199254740991",
        "-9007199254740991",
        "9007199254740993",
        "0",
        "1",
        "-12.5",
        "0.1",
        "1e+300",
        "5e-324",
        "123456789012345",
        "1234567890123456",
        "0.30000000000000004",
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        cJSON *tree = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(tree, "a");
        cJSON_AddItemToArray(list, cJSON_CreateString("x"));
        cJSON_AddItemToArray(list, cJSON_CreateNumber(strtod(numbers[i], NULL)));
        char *text = number_print_tree(tree);
        cJSON *again = cJSON_Parse(text);
        const cJSON *number = cJSON_GetArrayItem(again->child, 1);
        cr_expect(number->valuedouble == strtod(numbers[i], NULL), "%s: %s", numbers[i], text);
        free(text);
        cJSON_Delete(again);
        cJSON_Delete(tree);
    }
}

Test(number, whole_numbers_are_printed_whole)
{
    static const char *const numbers[] = {"4564581423457801", "9007199254740970",
                                          "1000000000000000", "-9007199254740991"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        cJSON *number = cJSON_CreateNumber(strtod(numbers[i], NULL));
        char *text = number_print_tree(number);
        cr_expect_str_eq(text, numbers[i]);
        free(text);
        cJSON_Delete(number);
    }
}

Test(number, trees_are_equal_to_the_last_digit_in_any_order)
{
    static const struct {
        const char *left, *right;
        bool is_equal;
    } cases[] = {
        {"9007199254740990", "9007199254740991", false},
        {"9007199254740991", "9007199254740991", true},
        {"0.1", "0.10000000000000002", false},
        {"1", "1.0", true},
        {"1", "\"1\"", false},
        {"true", "false", false},
        {"null", "null", true},
        {"\"a\"", "\"A\"", false},
        {"[1,2]", "[2,1]", false},
        {"[1]", "[1,1]", false},
        {"{\"a\":1,\"b\":[2]}", "{\"b\":[2],\"a\":1}", true},
        {"{\"a\":1}", "{\"A\":1}", false},
        {"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":1}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *left = cJSON_Parse(cases[i].left), *right = cJSON_Parse(cases[i].right);
        cr_expect_eq(number_trees_equal(left, right), cases[i].is_equal, "%s and %s",
                     cases[i].left, cases[i].right);
        cr_expect_eq(number_trees_equal(right, left), cases[i].is_equal, "%s and %s",
                     cases[i].right, cases[i].left);
        cJSON_Delete(left);
        cJSON_Delete(right);
    }
}
