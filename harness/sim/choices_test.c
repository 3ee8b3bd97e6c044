#include "sim/choices.h"

#include <criterion/criterion.h>
#include <string.h>

Test(choices, a_seed_gives_the_same_decisions_on_every_machine)
{
    static const uint32_t expected[] = {883, 431, 26, 970, 106};
    struct choices choices;
    choices_init_seed(&choices, 0);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        uint32_t value = choices_below(&choices, 1000);
        cr_expect_eq(value, expected[i], "decision %zu is %u", i, value);
    }
}

Test(choices, every_decision_stays_below_its_limit_and_every_value_comes)
{
    struct choices choices;
    choices_init_seed(&choices, 7);
    for (uint32_t limit = 1; limit <= 20; limit++) {
        unsigned seen[20] = {0};
        for (int i = 0; i < 1000; i++) {
            uint32_t value = choices_below(&choices, limit);
            cr_assert_lt(value, limit);
            seen[value]++;
        }
        for (uint32_t value = 0; value < limit; value++)
            cr_expect_gt(seen[value], 0, "%u of %u never came", value, limit);
    }
}

Test(choices, percents_are_percents)
{
    struct choices choices;
    unsigned count = 0;
    choices_init_seed(&choices, 3);
    for (int i = 0; i < 10000; i++) {
        count += choices_chance(&choices, 30);
        cr_assert_not(choices_chance(&choices, 0));
        cr_assert(choices_chance(&choices, 100));
    }
    cr_expect(count > 2800 && count < 3200, "%u of 10,000", count);
}

Test(choices, bytes_decide_until_they_end_and_then_it_is_always_the_first)
{
    static const uint8_t bytes[] = {5, 0xff, 0x01, 0x02, 99, 0};
    struct choices choices;
    choices_init_bytes(&choices, bytes, sizeof bytes);
    cr_expect_eq(choices_below(&choices, 10), 5);
    cr_expect_eq(choices_below(&choices, 256), 0xff);
    cr_expect_eq(choices_below(&choices, 1000), 0x0201);
    cr_expect(choices_chance(&choices, 1));
    cr_expect_not(choices_chance(&choices, 99));
    cr_expect_eq(choices_below(&choices, 1000), 0);
    cr_expect_eq(choices_between(&choices, 3, 9), 3);
    cr_expect_not(choices_chance(&choices, 50));
    cr_expect_str_eq(CHOICES_ONE_OF(&choices, "first", "second"), "first");
}

Test(choices, one_possible_value_costs_no_byte)
{
    static const uint8_t bytes[] = {1};
    struct choices choices;
    choices_init_bytes(&choices, bytes, sizeof bytes);
    cr_expect_eq(choices_below(&choices, 1), 0);
    cr_expect_eq(choices_below(&choices, 2), 1);
}

Test(choices, no_bytes_are_not_a_seed)
{
    struct choices choices;
    choices_init_bytes(&choices, NULL, 0);
    for (int i = 0; i < 100; i++)
        cr_expect_eq(choices_below(&choices, 1000), 0);
}
