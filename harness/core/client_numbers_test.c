#include "core/client_numbers.h"

#include <criterion/criterion.h>
#include <math.h>

static struct client_numbers numbers;

static void end(void)
{
    client_numbers_free(&numbers);
}

static void add(int first, int last, bool is_sure)
{
    for (int number = first; number <= last; number++)
        client_numbers_add(&numbers, number, is_sure);
}

static double choose(double own)
{
    return client_numbers_choose(&numbers, own, client_numbers_sure_end(&numbers));
}

TestSuite(client_numbers, .fini = end);

Test(client_numbers, know_nothing_before_the_first)
{
    cr_assert(isnan(choose(NAN)));
    cr_assert(isnan(choose(7)));
}

Test(client_numbers, a_first_number_that_may_not_have_been_read_counts_if_the_client_asks)
{
    add(1, 3, false);
    cr_assert(isnan(choose(NAN)));
    cr_assert_eq(choose(2), 2);
}

Test(client_numbers, any_of_several_that_may_not_have_been_read_can_be_the_first)
{
    add(1, 1, false);
    add(11, 12, false);
    cr_assert_eq(choose(12), 12);
    cr_assert_eq(choose(14), 12);
}

Test(client_numbers, what_lies_between_those_that_may_be_the_first_is_no_choice)
{
    add(1, 1, false);
    add(11, 12, false);
    cr_assert_eq(choose(5), 1);
}

Test(client_numbers, a_run_that_began_with_what_may_not_have_been_read_is_the_clients_choice)
{
    add(1, 4, false);
    add(9, 14, true);
    cr_assert_eq(choose(2), 2);
    cr_assert_eq(choose(4), 4);
    cr_assert_eq(choose(14), 14);
    cr_assert_eq(choose(15), 14);
}

Test(client_numbers, what_may_count_is_the_clients_choice_and_nothing_beyond)
{
    add(1, 5, true);
    add(6, 7, false);
    cr_assert_eq(choose(4), 5);
    cr_assert_eq(choose(5), 5);
    cr_assert_eq(choose(6), 6);
    cr_assert_eq(choose(7), 7);
    cr_assert_eq(choose(8), 7);
    cr_assert_eq(choose(NAN), 7);
}

Test(client_numbers, a_hole_ends_the_run_and_an_ack_may_pass_over_it)
{
    add(1, 5, true);
    add(9, 12, true);
    cr_assert_eq(choose(12), 5);
    client_numbers_may_advance(&numbers, 12);
    cr_assert_eq(choose(12), 12);
    cr_assert_eq(choose(5), 5);
}

Test(client_numbers, a_reset_is_noticed_by_who_asks_below_what_it_had)
{
    add(1, 20, true);
    client_numbers_begin_fresh(&numbers);
    cr_assert_eq(choose(20), 20);
    add(1, 3, true);
    cr_assert_eq(choose(3), 3);
    cr_assert_not(numbers.has_fresh);
    cr_assert_eq(choose(20), 3);
}

Test(client_numbers, a_client_may_be_in_a_numbering_that_came_and_went)
{
    add(1, 20, true);
    client_numbers_begin_fresh(&numbers);
    add(1, 8, false);
    client_numbers_begin_fresh(&numbers);
    cr_assert_eq(choose(8), 8);
}

Test(client_numbers, what_is_no_number_is_left_alone)
{
    static const double bad[] = {1.5, 1e300, -1e300, INFINITY};
    add(1, 2, true);
    for (size_t index = 0; index < sizeof(bad) / sizeof(bad[0]); index++) {
        client_numbers_add(&numbers, bad[index], true);
        client_numbers_may_advance(&numbers, bad[index]);
    }
    client_numbers_add(&numbers, NAN, true);
    cr_assert_eq(choose(NAN), 2);
}
