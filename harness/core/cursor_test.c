#include "core/cursor.h"

#include <criterion/criterion.h>

#define NUMBER_COUNT 64

Test(cursor, starts_with_the_first_number_whatever_it_is)
{
    struct cursor cursor;
    cursor_init(&cursor);
    int64_t above;
    cursor_add(&cursor, 1000);
    cr_assert_eq(cursor.end, 1000);
    cursor_add(&cursor, 999);
    cursor_add(&cursor, -CURSOR_NUMBER_MAX);
    cr_assert_eq(cursor.end, 1000);
    cr_assert_not(cursor_has_hole(&cursor, &above));
    cursor_free(&cursor);
}

Test(cursor, does_not_pass_a_hole_until_it_is_filled)
{
    struct cursor cursor;
    cursor_init(&cursor);
    int64_t above = 0;
    cursor_add(&cursor, 5);
    cursor_add(&cursor, 9);
    cursor_add(&cursor, 8);
    cursor_add(&cursor, 11);
    cr_assert_eq(cursor.end, 5);
    cr_assert_eq(cursor_highest(&cursor), 11);
    cr_assert(cursor_has_hole(&cursor, &above));
    cr_assert_eq(above, 8);
    cursor_add(&cursor, 10);
    cr_assert_eq(cursor.range_count, 1);
    cursor_add(&cursor, 6);
    cr_assert_eq(cursor.end, 6);
    cursor_add(&cursor, 7);
    cr_assert_eq(cursor.end, 11);
    cr_assert_not(cursor_has_hole(&cursor, &above));
    cursor_free(&cursor);
}

Test(cursor, advances_over_holes_and_never_back)
{
    struct cursor cursor;
    cursor_init(&cursor);
    cursor_start(&cursor, 0);
    cursor_add(&cursor, 3);
    cursor_add(&cursor, 7);
    cursor_advance(&cursor, 2);
    cr_assert_eq(cursor.end, 3);
    cursor_advance(&cursor, 1);
    cr_assert_eq(cursor.end, 3);
    cursor_advance(&cursor, 100);
    cr_assert_eq(cursor.end, 100);
    cr_assert_eq(cursor.range_count, 0);
    cursor_free(&cursor);
}

/* Compares with a plain array, for many orders of arrival. */
Test(cursor, agrees_with_a_plain_set_in_every_order)
{
    for (uint32_t seed = 1; seed <= 300; seed++) {
        bool seen[NUMBER_COUNT + 2] = {true};
        uint32_t random = seed * 2654435761u;
        struct cursor cursor;
        cursor_init(&cursor);
        cursor_start(&cursor, 0);
        for (int i = 0; i < 3 * NUMBER_COUNT; i++) {
            random = random * 1664525u + 1013904223u;
            int number = 1 + (int)(random >> 16) % NUMBER_COUNT;
            seen[number] = true;
            cursor_add(&cursor, number);
            int end = 0, above;
            while (seen[end + 1])
                end++;
            for (above = end + 1; above <= NUMBER_COUNT && !seen[above];)
                above++;
            int64_t told = 0;
            cr_assert_eq(cursor.end, end, "seed %u", seed);
            cr_assert_eq(cursor_has_hole(&cursor, &told), above <= NUMBER_COUNT);
            cr_assert(told == 0 || told == above);
        }
        cursor_free(&cursor);
    }
}

Test(cursor, bounds_the_holes_it_remembers_and_stays_safe)
{
    struct cursor cursor;
    cursor_init(&cursor);
    cursor_start(&cursor, 0);
    for (int64_t number = 2; number < 4 * CURSOR_RANGES_MAX; number += 2)
        cursor_add(&cursor, number);
    cr_assert_leq(cursor.range_count, CURSOR_RANGES_MAX);
    for (int64_t number = 1; number < 4 * CURSOR_RANGES_MAX; number += 2)
        cursor_add(&cursor, number);
    cr_assert_lt(cursor.end, 10, "the forgotten numbers must be asked for again");
    cursor_add(&cursor, CURSOR_NUMBER_MAX);
    cursor_add(&cursor, CURSOR_NUMBER_MAX - 1);
    cr_assert_leq(cursor.range_count, CURSOR_RANGES_MAX);
    cursor_free(&cursor);
}

Test(cursor, knows_which_numbers_it_has)
{
    struct cursor cursor;
    cursor_init(&cursor);
    cr_assert_not(cursor_has(&cursor, 0));
    cursor_start(&cursor, 3);
    static const int64_t added[] = {7, 5, 9, 8};
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++)
        cursor_add(&cursor, added[i]);
    static const bool has[] = {true, true, true, true, false, true, false, true, true, true, false};
    for (int64_t number = 0; number < (int64_t)(sizeof has / sizeof has[0]); number++)
        cr_expect_eq(cursor_has(&cursor, number), has[number], "%d", (int)number);
    cr_assert(cursor_has(&cursor, -CURSOR_NUMBER_MAX));
    cr_assert_not(cursor_has(&cursor, CURSOR_NUMBER_MAX));
    cursor_free(&cursor);
}
