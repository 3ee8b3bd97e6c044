#include "core/replay_tally.h"

#include <criterion/criterion.h>

Test(replay_tally, knows_a_row_that_the_ring_has_brought)
{
    struct replay_tally *tally = replay_tally_new();
    cr_assert_not(replay_tally_number(tally, 7, 70));
    cr_assert(replay_tally_row(tally, 70));
    cr_assert_not(replay_tally_row(tally, 71));
    replay_tally_free(tally);
}

Test(replay_tally, knows_a_ring_event_that_a_row_has_brought)
{
    struct replay_tally *tally = replay_tally_new();
    cr_assert_not(replay_tally_row(tally, 70));
    cr_assert(replay_tally_number(tally, 7, 70));
    cr_assert_not(replay_tally_number(tally, 8, 70));
    replay_tally_free(tally);
}

Test(replay_tally, counts_equal_contents)
{
    struct replay_tally *tally = replay_tally_new();
    replay_tally_number(tally, 1, 5);
    replay_tally_number(tally, 2, 5);
    cr_assert(replay_tally_row(tally, 5));
    cr_assert(replay_tally_row(tally, 5));
    cr_assert_not(replay_tally_row(tally, 5), "three rows, but the ring brought two");
    replay_tally_free(tally);
}

Test(replay_tally, takes_the_same_number_live_and_from_the_ring_for_one)
{
    struct replay_tally *tally = replay_tally_new();
    replay_tally_number(tally, 1, 5);
    cr_assert_not(replay_tally_number(tally, 1, 5));
    cr_assert(replay_tally_row(tally, 5));
    cr_assert_not(replay_tally_row(tally, 5));
    replay_tally_free(tally);
}

Test(replay_tally, forgets_everything_when_cleared)
{
    struct replay_tally *tally = replay_tally_new();
    replay_tally_clear(tally);
    replay_tally_number(tally, 1, 5);
    replay_tally_clear(tally);
    cr_assert_not(replay_tally_row(tally, 5));
    replay_tally_free(tally);
}

Test(replay_tally, keeps_thousands_and_stays_bounded_beyond)
{
    struct replay_tally *tally = replay_tally_new();
    for (uint64_t i = 1; i <= 2000; i++)
        replay_tally_number(tally, (double)i, i * 977);
    for (uint64_t i = 1; i <= 2000; i++)
        cr_assert(replay_tally_row(tally, i * 977));
    for (uint64_t i = 1; i <= 100000; i++)
        replay_tally_number(tally, (double)i, i);
    replay_tally_free(tally);
}
