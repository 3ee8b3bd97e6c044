#include "core/matcher.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* A value as JSON, NULL for a field that is absent. */
struct case_of_matcher {
    const char *literal; /* of LITERAL */
    struct matcher matcher;
    const char *value;
    bool matches;
};

#define LITERAL(text)   text, {.kind = MATCHER_LITERAL}
#define RANGE(...)      NULL, {.kind = MATCHER_RANGE, __VA_ARGS__}
#define MIN(number)     .has_min = true, .min = (number)
#define MAX(number)     .has_max = true, .max = (number)
#define ISO8601         NULL, {.kind = MATCHER_ISO8601}
#define KIND(name)      NULL, {.kind = MATCHER_KIND, .json_kind = (name)}
#define ABSENT          NULL, {.kind = MATCHER_ABSENT}
#define NONE            NULL, {.kind = MATCHER_NONE}

static const struct case_of_matcher cases[] = {
    {NONE, NULL, true},
    {NONE, "null", true},
    {LITERAL("5"), "5", true},
    {LITERAL("5"), "5.0", true},
    {LITERAL("5"), "6", false},
    {LITERAL("5"), "\"5\"", false},
    {LITERAL("5"), NULL, false},
    {LITERAL("9007199254740990"), "9007199254740990", true},
    {LITERAL("9007199254740990"), "9007199254740991", false},
    {LITERAL("\"a\""), "\"a\"", true},
    {LITERAL("\"a\""), "\"A\"", false},
    {LITERAL("null"), "null", true},
    {LITERAL("null"), NULL, false},
    {LITERAL("true"), "true", true},
    {LITERAL("true"), "false", false},
    {LITERAL("true"), "1", false},
    {LITERAL("[1,2]"), "[1,2]", true},
    {LITERAL("[1,2]"), "[2,1]", false},
    {LITERAL("{\"a\":{\"b\":1}}"), "{\"a\":{\"b\":1}}", true},
    {LITERAL("{\"a\":{\"b\":1}}"), "{\"a\":{\"B\":1}}", false},
    {LITERAL("{\"a\":1,\"b\":2}"), "{\"b\":2,\"a\":1}", true},
    {RANGE(MIN(2), MAX(4)), "2", true},
    {RANGE(MIN(2), MAX(4)), "4", true},
    {RANGE(MIN(2), MAX(4)), "1.999", false},
    {RANGE(MIN(2), MAX(4)), "4.001", false},
    {RANGE(MIN(2)), "1e300", true},
    {RANGE(MAX(-1)), "-2", true},
    {RANGE(MAX(-1)), "0", false},
    {RANGE(MIN(0)), "\"3\"", false},
    {RANGE(MIN(0)), "null", false},
    {RANGE(MIN(0)), NULL, false},
    {ISO8601, "\"2026-06-01T10:00:00.412Z\"", true},
    {ISO8601, "\"2026-06-01T10:00:00+02:00\"", true},
    {ISO8601, "\"2026-06-01\"", false},
    {ISO8601, "\"\"", false},
    {ISO8601, "1780308000250", false},
    {ISO8601, NULL, false},
    {KIND("number"), "0", true},
    {KIND("number"), "\"0\"", false},
    {KIND("string"), "\"\"", true},
    {KIND("boolean"), "false", true},
    {KIND("boolean"), "true", true},
    {KIND("object"), "{}", true},
    {KIND("object"), "[]", false},
    {KIND("array"), "[]", true},
    {KIND("null"), "null", true},
    {KIND("null"), NULL, false},
    {KIND("nonsense"), "1", false},
    {ABSENT, NULL, true},
    {ABSENT, "null", false},
};

Test(matcher, holds_for_what_it_asks_for_and_nothing_else)
{
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct matcher matcher = cases[index].matcher;
        cJSON *literal = cases[index].literal ? cJSON_Parse(cases[index].literal) : NULL;
        cJSON *value = cases[index].value ? cJSON_Parse(cases[index].value) : NULL;
        matcher.literal = literal;
        cr_expect_eq(matcher_matches(&matcher, value), cases[index].matches, "case %zu: %s",
                     index, cases[index].value ? cases[index].value : "absent");
        cJSON_Delete(literal);
        cJSON_Delete(value);
    }
}

Test(matcher, holds_for_a_number_without_json)
{
    struct matcher range = {.kind = MATCHER_RANGE, MIN(1), MAX(2)};
    cr_expect(matcher_matches_number(&range, 1.5));
    cr_expect_not(matcher_matches_number(&range, 2.5));
    cr_expect_not(matcher_matches_number(&range, NAN));
    cJSON *five = cJSON_CreateNumber(5);
    struct matcher literal = {.kind = MATCHER_LITERAL, .literal = five};
    cr_expect(matcher_matches_number(&literal, 5));
    cr_expect_not(matcher_matches_number(&literal, 4));
    cJSON_Delete(five);
    struct matcher kind = {.kind = MATCHER_KIND, .json_kind = "number"};
    cr_expect(matcher_matches_number(&kind, 0));
    struct matcher absent = {.kind = MATCHER_ABSENT};
    cr_expect_not(matcher_matches_number(&absent, 0));
}

Test(matcher, says_in_words_what_it_asks_for)
{
    static const struct {
        const char *literal;
        struct matcher matcher;
        const char *words;
    } words[] = {
        {NONE, "anything"},
        {LITERAL("5"), "5"},
        {LITERAL("\"a\\nb\""), "\"a\\nb\""},
        {LITERAL("{\"a\": [1]}"), "{\"a\":[1]}"},
        {RANGE(MIN(1), MAX(3)), "1 to 3"},
        {RANGE(MIN(1234567)), "at least 1234567"},
        {RANGE(MAX(1000000)), "at most 1000000"},
        {RANGE(MAX(0.1)), "at most 0.1"},
        {ISO8601, "an ISO 8601 date"},
        {KIND("string"), "a value of kind string"},
        {ABSENT, "absent"},
    };
    for (size_t index = 0; index < sizeof(words) / sizeof(words[0]); index++) {
        struct matcher matcher = words[index].matcher;
        cJSON *literal = words[index].literal ? cJSON_Parse(words[index].literal) : NULL;
        matcher.literal = literal;
        struct buffer out;
        buffer_init(&out, BUFFER_NO_LIMIT);
        matcher_describe(&matcher, &out);
        cr_expect_str_eq(buffer_text(&out), words[index].words);
        buffer_free(&out);
        cJSON_Delete(literal);
    }
}
