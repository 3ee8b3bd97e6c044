#include "core/jsonc.h"

#include "core/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct jsonc_limits limits = {
    .size_bytes_max = 1 << 20, .depth_max = 64, .value_count_max = 100000};

static bool parses(const char *text)
{
    struct jsonc_document document;
    struct error_list errors;
    error_list_init(&errors);
    bool is_good = jsonc_parse(text, strlen(text), &limits, &document, &errors);
    cr_assert_eq(is_good, errors.count == 0, "%s", text);
    if (is_good)
        jsonc_free(&document);
    error_list_free(&errors);
    return is_good;
}

Test(jsonc, takes_json_with_comments)
{
    static const char *const texts[] = {
        "{}",
        " [ ] ",
        "\t\r\n{ \"a\" : [ 1 , -0.5e+3 , true , false , null , \"\" ] }\n",
        "// a\n{} // b",
        "/* a */ { /* b\n * c */ \"a\" /**/ : /***/ 1 } /* d */",
        "[\"// no comment\", \"/* nor this */\", \"\\\"//\"]",
        "[\"\\ud83d\\ude00 \\u00e9 \\\\ \\/ \\b\\f\\n\\r\\t\"]",
        "\"gr\xC3\xB6\xC3\x9F"
        "e\"",
        "{\"a\":{\"x\":1},\"b\":{\"x\":1}}",
        "{\"a\":1,\"A\":2}",
        "9007199254740991",
        "1e300",
        "12345678901234567890.5",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_assert(parses(texts[i]), "%s", texts[i]);
}

struct fault {
    const char *text;
    size_t line, column, width;
    const char *message;
};

static const struct fault faults[] = {
    {"", 1, 1, 1, "the file is empty"},
    {" \n\t", 1, 1, 1, "the file is empty"},
    {"// only\n", 2, 1, 1, "expected a value, found the end of the file"},
    {"\xEF\xBB\xBF{}", 1, 1, 1, "the file starts with a byte order mark"},
    {"[\"\xC3\xA9\", \"\xC3(\"]", 1, 8, 1, "the byte 0xC3 is not UTF-8"},
    {"// \xFF\n{}", 1, 4, 1, "the byte 0xFF is not UTF-8"},
    {"[\"\xED\xA0\x80\"]", 1, 3, 1, "the byte 0xED is not UTF-8"},
    {"[1] x", 1, 5, 1, "expected the end of the file after the value, found `x`"},
    {"{} {}", 1, 4, 1, "expected the end of the file after the value, found `{`"},
    {"[1,]", 1, 3, 1, "nothing follows this `,` before the `]`"},
    {"{\"a\":1,}", 1, 7, 1, "nothing follows this `,` before the `}`"},
    {"[,1]", 1, 2, 1, "expected a value, found `,`"},
    {"[1 2]", 1, 4, 1, "expected `,` or `]` after the value, found `2`"},
    {"{\"a\": [1}", 1, 9, 1, "expected `,` or `]` after the value, found `}`"},
    {"{\"a\": 1]", 1, 8, 1, "expected `,` or `}` after the value, found `]`"},
    {"{\"a\": 1 \"b\": 2}", 1, 9, 1, "expected `,` or `}` after the value, found a string"},
    {"{\"a\" 1}", 1, 6, 1, "expected `:` after the key, found `1`"},
    {"{\"a\": }", 1, 7, 1, "expected a value, found `}`"},
    {"{a: 1}", 1, 2, 1, "expected a key in double quotes, found `a`"},
    {"{\"a\":1,\n  b: 2}", 2, 3, 1, "expected a key in double quotes, found `b`"},
    {"['a']", 1, 2, 1, "expected a value, found `'`"},
    {"[True]", 1, 2, 4, "expected a value, found `True`"},
    {"[nul]", 1, 2, 3, "expected a value, found `nul`"},
    {"[NaN]", 1, 2, 3, "expected a value, found `NaN`"},
    {"[Infinity]", 1, 2, 8, "expected a value, found `Infinity`"},
    {"[-Infinity]", 1, 2, 9, "this is not a number of JSON"},
    {"[01]", 1, 2, 2, "this is not a number of JSON"},
    {"[1.]", 1, 2, 2, "this is not a number of JSON"},
    {"[.5]", 1, 2, 2, "expected a value, found `.5`"},
    {"[+1]", 1, 2, 2, "expected a value, found `+1`"},
    {"[1e]", 1, 2, 2, "this is not a number of JSON"},
    {"[0x10]", 1, 2, 4, "this is not a number of JSON"},
    {"[-]", 1, 2, 1, "this is not a number of JSON"},
    {"[1e999]", 1, 2, 5, "the number 1e999 is too large"},
    {"[-1e999]", 1, 2, 6, "the number -1e999 is too large"},
    {"[9007199254740992]", 1, 2, 16, "the number 9007199254740992 would be rounded"},
    {"[-9007199254740993]", 1, 2, 17, "the number -9007199254740993 would be rounded"},
    {"[0.1111111111111111111111111111111111111111111111111111111111111]", 1, 2, 63,
     "a number has at most 60 characters"},
    {"[\"a\tb\"]", 1, 4, 1, "a string must not contain the control character 0x09"},
    {"[\"a\x1b"
     "b\"]",
     1, 4, 1, "a string must not contain the control character 0x1B"},
    {"[\"a\nb\"]", 1, 2, 2, "the string does not end on its line"},
    {"[\"a", 1, 2, 1, "the string never ends"},
    {"[\"a\\", 1, 4, 1, "unknown escape"},
    {"[\"\\x41\"]", 1, 3, 2, "unknown escape"},
    {"[\"\\u12g4\"]", 1, 3, 2, "`\\u` needs four hex digits behind it"},
    {"[\"\\u12", 1, 3, 2, "`\\u` needs four hex digits behind it"},
    {"[\"a\\u0000\"]", 1, 4, 6, "a string must not contain `\\u0000`"},
    {"[\"\\ud800\"]", 1, 3, 6, "`\\ud800` is half a character"},
    {"[\"\\ude00\"]", 1, 3, 6, "`\\ude00` is half a character"},
    {"[\"\\ud800\\u0041\"]", 1, 3, 6, "`\\ud800` is half a character"},
    {"/* a", 1, 1, 2, "the comment never ends"},
    {"{} /*/", 1, 4, 2, "the comment never ends"},
    {"{} /", 1, 4, 1, "expected the end of the file after the value, found `/`"},
    {"{\"a\":1,\n \"b\":2, \"a\":3}", 2, 9, 3,
     "the key `a` is given twice; first in line 1, column 2"},
    {"{\"a\":1, \"\\u0061\":3}", 1, 9, 8, "the key `a` is given twice"},
    {"[[{\"x\":{\"k\":1,\"k\":1}}]]", 1, 15, 3, "the key `k` is given twice"},
    {"{\"a\": [1, 2", 1, 12, 1, "expected `,` or `]` after the value, found the end of the file"},
    {"/* gr\xC3\xB6\xC3\x9F"
     "e */ [\"\xE2\x82\xAC\", x]",
     1, 19, 1, "expected a value, found `x`"},
};

Test(jsonc, tells_every_fault_at_its_place)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const struct fault *fault = &faults[i];
        struct jsonc_document document;
        struct error_list errors;
        error_list_init(&errors);
        cr_assert_not(jsonc_parse(fault->text, strlen(fault->text), &limits, &document, &errors),
                      "%s", fault->text);
        cr_assert_eq(errors.count, 1, "%s: %zu errors", fault->text, errors.count);
        const struct error *error = &errors.items[0];
        cr_expect(strncmp(error->message, fault->message, strlen(fault->message)) == 0,
                  "%s: %s, not %s", fault->text, error->message, fault->message);
        cr_expect(error->line == fault->line && error->column == fault->column, "%s: at %zu:%zu",
                  fault->text, error->line, error->column);
        cr_expect_eq(error->width, fault->width, "%s: width %zu", fault->text, error->width);
        error_list_free(&errors);
    }
}

Test(jsonc, hints_at_what_was_meant)
{
    static const char *const rows[][2] = {
        {"[True]", "did you mean `true`?"},
        {"['a']", "strings stand in double quotes"},
        {"[abc]", "a text stands in double quotes"},
        {"[1,]", "remove the comma"},
        {"{\"a\":\n [1}", "the `[` of line 2, column 2 is open"},
        {"/* a", "close it with `*/`"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct jsonc_document document;
        struct error_list errors;
        error_list_init(&errors);
        cr_assert_not(jsonc_parse(rows[i][0], strlen(rows[i][0]), &limits, &document, &errors));
        cr_assert_str_eq(errors.items[0].hint, rows[i][1]);
        error_list_free(&errors);
    }
}

Test(jsonc, tells_equal_keys_and_bad_numbers_together)
{
    const char *text = "{\"a\": 1e999, \"a\": 9007199254740993, \"b\": {\"c\": 1, \"c\": 2}}";
    struct jsonc_document document;
    struct error_list errors;
    error_list_init(&errors);
    bool has_document;
    cr_assert_not(
        jsonc_parse_partly(text, strlen(text), &limits, &document, &has_document, &errors));
    cr_assert(has_document);
    cr_assert_eq(errors.count, 4);
    jsonc_free(&document);
    error_list_free(&errors);
}

Test(jsonc, does_not_read_behind_any_prefix)
{
    const char *text =
        "{\"a\": [1, -2.5e3, \"\\u00e9\\ud83d\\ude00\", true], /* c */ \"b\": null} // d";
    for (size_t size_bytes = 0; size_bytes <= strlen(text); size_bytes++) {
        char *piece = malloc(size_bytes ? size_bytes : 1); /* no byte to spare: ASan watches */
        memcpy(piece, text, size_bytes);
        struct jsonc_document document;
        struct error_list errors;
        error_list_init(&errors);
        if (jsonc_parse(piece, size_bytes, &limits, &document, &errors)) {
            cr_assert_eq(errors.count, 0);
            jsonc_free(&document);
        } else {
            cr_assert_eq(errors.count, 1);
        }
        error_list_free(&errors);
        free(piece);
    }
}

Test(jsonc, survives_any_changed_byte)
{
    const char *text = "{\"a\": [1, \"\\ud83d\\ude00\", true], /* c */ \"b\": {\"k\": -1e5}} // d";
    size_t size_bytes = strlen(text);
    for (size_t at = 0; at < size_bytes; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char *changed = memory_copy_text(text, size_bytes);
            changed[at] = (char)byte;
            struct jsonc_document document;
            struct error_list errors;
            error_list_init(&errors);
            if (jsonc_parse(changed, size_bytes, &limits, &document, &errors))
                jsonc_free(&document);
            else
                cr_assert_geq(errors.count, 1);
            error_list_free(&errors);
            free(changed);
        }
    }
}

static char *nested(size_t depth)
{
    char *text = memory_alloc(2 * depth + 1, 1);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return text;
}

Test(jsonc, bounds_the_depth)
{
    static const size_t depths[] = {64, 65, 1000, 400000};
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        char *text = nested(depths[i]);
        struct jsonc_document document;
        struct error_list errors;
        error_list_init(&errors);
        bool is_good = jsonc_parse(text, 2 * depths[i], &limits, &document, &errors);
        cr_assert_eq(is_good, depths[i] <= 64);
        if (is_good) {
            jsonc_free(&document);
        } else {
            cr_assert_str_eq(errors.items[0].message,
                             "nested too deeply: at most 64 levels are allowed");
            cr_assert_eq(errors.items[0].column, 65);
        }
        error_list_free(&errors);
        free(text);
    }
}

Test(jsonc, bounds_the_size_before_it_reads)
{
    struct jsonc_document document;
    struct error_list errors;
    error_list_init(&errors);
    /* The text has one byte only: reading any further would be found. */
    cr_assert_not(jsonc_parse("x", (size_t)100 << 20, &limits, &document, &errors));
    cr_assert_eq(errors.count, 1);
    cr_assert_str_eq(errors.items[0].message,
                     "the file has 104857600 bytes; at most 1048576 are allowed");
    cr_assert_eq(errors.items[0].line, 0);
    error_list_free(&errors);
}

Test(jsonc, bounds_the_count_of_values)
{
    const struct jsonc_limits few = {.size_bytes_max = 1000, .depth_max = 4, .value_count_max = 3};
    struct jsonc_document document;
    struct error_list errors;
    error_list_init(&errors);
    cr_assert(jsonc_parse("[1,2]", 5, &few, &document, &errors));
    jsonc_free(&document);
    cr_assert_not(jsonc_parse("[1,2,3]", 7, &few, &document, &errors));
    cr_assert_str_eq(errors.items[0].message, "too many values: at most 3 are allowed");
    cr_assert_eq(errors.items[0].column, 6);
    error_list_free(&errors);
}

Test(jsonc, finds_equal_keys_among_very_many)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_append_text(&text, "{");
    for (int i = 0; i < 50000; i++)
        buffer_printf(&text, "\"k%d\":%d,\n", i, i);
    buffer_append_text(&text, "\"k25000\":0}");
    struct jsonc_document document;
    struct error_list errors;
    error_list_init(&errors);
    cr_assert_not(jsonc_parse(text.data, text.size_bytes, &limits, &document, &errors));
    cr_assert_eq(errors.count, 1);
    cr_assert_str_eq(errors.items[0].message,
                     "the key `k25000` is given twice; first in line 25001, column 1");
    error_list_free(&errors);
    buffer_free(&text);
}

/* Whether what stands at a node's place is the node. */
static void check_places(const struct jsonc_document *document, struct jsonc_node node,
                         const char *text)
{
    const struct jsonc_place *place = &document->places[node.index];
    cJSON *again = cJSON_ParseWithLength(text + place->start, place->end - place->start);
    cr_assert(cJSON_Compare(again, node.json, true), "%.*s", (int)(place->end - place->start),
              text + place->start);
    cJSON_Delete(again);
    if (node.json->string) {
        cr_assert_eq(text[place->key_start], '"');
        cr_assert_eq(place->key_end - place->key_start, strlen(node.json->string) + 2);
        cr_assert(strncmp(text + place->key_start + 1, node.json->string,
                          strlen(node.json->string)) == 0);
    }
    for (struct jsonc_node child = jsonc_child(node); child.json;
         child = jsonc_next(document, child))
        check_places(document, child, text);
}

Test(jsonc, knows_where_everything_stands)
{
    const char *text = "{ \"a\" : [ 1 , {\"b\": []}, \"x\" ],\n \"c\": {} , \"d\":{\"e\":[[2]]}}";
    struct jsonc_document document;
    struct error_list errors;
    error_list_init(&errors);
    cr_assert(jsonc_parse(text, strlen(text), &limits, &document, &errors));
    check_places(&document, jsonc_root(&document), text);
    cr_assert_eq(document.place_count, document.places[0].node_count);

    struct jsonc_node member = jsonc_member(&document, jsonc_root(&document), "d");
    cr_assert_eq(document.places[member.index].key_start, 43);
    cr_assert_eq(document.places[member.index].start, 47);
    cr_assert_null(jsonc_member(&document, jsonc_root(&document), "x").json);
    cr_assert_null(jsonc_member(&document, jsonc_member(&document, jsonc_root(&document), "a"), "0")
                       .json, "an array has no members");
    jsonc_free(&document);
    error_list_free(&errors);
}

Test(jsonc, describes_what_it_found)
{
    static const char *const rows[][2] = {
        {"1.5", "1.5"},      {"-3", "-3"},       {"\"a\"", "the text \"a\""},
        {"{}", "an object"}, {"[]", "an array"}, {"true", "true"},
        {"false", "false"},  {"null", "null"},   {"\"\\u001b\"", "the text \"\\x1B\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cJSON *json = cJSON_Parse(rows[i][0]);
        char description[JSONC_DESCRIPTION_BYTES];
        jsonc_describe(json, description);
        cr_assert_str_eq(description, rows[i][1]);
        cJSON_Delete(json);
    }
}
