/* Every difference between the frame parser and cJSON that the target lets pass, shown by an
 * example: one that is no difference any more must leave the list. */
#include "frame_oracle.h"

#include <criterion/criterion.h>
#include <string.h>

struct example {
    enum frame_difference difference;
    const char *text;
};

#define NESTED_8  "[[[[[[[["
#define NESTED_64 NESTED_8 NESTED_8 NESTED_8 NESTED_8 NESTED_8 NESTED_8 NESTED_8 NESTED_8
#define CLOSED_8  "]]]]]]]]"
#define CLOSED_64 CLOSED_8 CLOSED_8 CLOSED_8 CLOSED_8 CLOSED_8 CLOSED_8 CLOSED_8 CLOSED_8

static const struct example examples[] = {
    {FRAME_DIFFERENCE_CONTROL_CHARACTER, "{\"type\":\"a\x01z\"}"},
    {FRAME_DIFFERENCE_BROKEN_UTF8, "{\"type\":\"\xff\"}"},
    {FRAME_DIFFERENCE_BROKEN_UTF8, "{\"type\":\"\xed\xa0\x80\"}"},
    {FRAME_DIFFERENCE_NUMBER_GRAMMAR, "{\"type\":\"a\",\"agent_seq\":01}"},
    {FRAME_DIFFERENCE_NUMBER_GRAMMAR, "{\"type\":\"a\",\"agent_seq\":1.}"},
    {FRAME_DIFFERENCE_ODD_BLANK, "{\"type\":\x0b\"a\"}"},
    {FRAME_DIFFERENCE_BYTE_ORDER_MARK, "\xEF\xBB\xBF{\"type\":\"a\"}"},
    {FRAME_DIFFERENCE_HEX_DIGITS, "{\"type\":\"\\uZZZZ\"}"},
    {FRAME_DIFFERENCE_DEEP_NESTING,
     "{\"type\":\"a\",\"b\":" NESTED_64 NESTED_64 NESTED_64 NESTED_64 NESTED_64 NESTED_64 NESTED_64
         NESTED_64
     "1" CLOSED_64 CLOSED_64 CLOSED_64 CLOSED_64 CLOSED_64 CLOSED_64 CLOSED_64 CLOSED_64 "}"},
    {FRAME_DIFFERENCE_LONE_SURROGATE, "{\"type\":\"\\uD800\"}"},
    {FRAME_DIFFERENCE_LONG_NUMBER,
     "{\"type\":\"a\",\"agent_seq\":0.000000000000000000000000000000000000000000000000000000000001"
     "23}"},
    {FRAME_DIFFERENCE_NUL_ESCAPE, "{\"type\":\"a\\u0000z\"}"},
    {FRAME_DIFFERENCE_EQUAL_NAMES, "{\"type\":\"a\",\"type\":\"b\"}"},
};
#define EXAMPLE_COUNT (sizeof examples / sizeof *examples)

Test(frame_oracle, every_difference_has_an_example)
{
    for (int i = 0; i < FRAME_DIFFERENCE_COUNT; i++) {
        bool is_shown = false;
        for (size_t e = 0; e < EXAMPLE_COUNT; e++)
            is_shown = is_shown || examples[e].difference == (enum frame_difference)i;
        cr_expect(is_shown, "%s", frame_difference_sentence((enum frame_difference)i));
    }
}

Test(frame_oracle, an_example_is_read_as_its_side_says)
{
    for (size_t i = 0; i < EXAMPLE_COUNT; i++) {
        const struct example *example = &examples[i];
        enum frame_difference_side side = frame_difference_side(example->difference);
        struct frame frame;
        bool frame_accepts = frame_scan(example->text, strlen(example->text), &frame);
        cJSON *node = frame_oracle_parse(example->text, strlen(example->text));
        cr_expect_eq(frame_accepts, side != FRAME_DIFFERENCE_SIDE_CJSON, "%s", example->text);
        /* Upstream's cJSON 1.7.15 has a buffer of 64 bytes for a number, Debian's has not. */
        if (example->difference != FRAME_DIFFERENCE_LONG_NUMBER)
            cr_expect_eq(node != NULL, side != FRAME_DIFFERENCE_SIDE_FRAME, "%s", example->text);
        cJSON_Delete(node);
    }
}

Test(frame_oracle, an_example_is_found_to_have_its_difference_and_no_other)
{
    for (size_t i = 0; i < EXAMPLE_COUNT; i++) {
        enum frame_difference difference = examples[i].difference;
        unsigned found = frame_differences_of(examples[i].text, strlen(examples[i].text));
        unsigned wanted = difference == FRAME_DIFFERENCE_EQUAL_NAMES ? 0 : 1u << difference;
        cr_expect_eq(found, wanted, "%s: %x", examples[i].text, found);
    }
}

Test(frame_oracle, a_good_frame_has_no_difference)
{
    static const char text[] = " {\"type\":\"\xC3\xA9\\uD83D\\uDE00\\n\", \"agent_seq\":-12.5e-1,"
                               "\t\"id\":[0, 10, {\"\":null}]}\r\n";
    cr_expect_eq(frame_differences_of(text, strlen(text)), 0);
}

/* cJSON takes the first of equal names, which is why the oracle looks for the last by itself. */
Test(frame_oracle, of_equal_names_the_last_is_the_field)
{
    static const char text[] = "{\"type\":\"a\",\"type\":\"b\"}";
    cJSON *node = frame_oracle_parse(text, strlen(text));
    cr_expect_str_eq(cJSON_GetObjectItemCaseSensitive(node, "type")->valuestring, "a");
    cr_expect_str_eq(frame_oracle_field(node, "type")->valuestring, "b");
    cJSON_Delete(node);
}
