#include "core/node_queue.h"

#include <criterion/criterion.h>
#include <math.h>

Test(node_queue, numbers_from_one_without_holes)
{
    struct node_queue queue = {0};
    for (uint64_t marker = 100; marker < 2100; marker++)
        cr_assert_eq(node_queue_add(&queue, marker), (int64_t)marker - 99);
    for (int64_t seq = 1; seq <= 2000; seq++)
        cr_assert_eq(node_queue_marker(&queue, seq), (uint64_t)seq + 99);
    node_queue_free(&queue);
}

Test(node_queue, acknowledgements_only_rise_and_never_pass_the_newest)
{
    static const struct {
        double up_to;
        int64_t acked;
    } steps[] = {{0, 0}, {-5, 0},        {NAN, 0}, {2, 2}, {1, 2},     {2.9, 2},     {3.5, 3},
                 {3, 3}, {-INFINITY, 3}, {5, 5},   {6, 5}, {1e300, 5}, {INFINITY, 5}};
    struct node_queue queue = {0};
    node_queue_ack(&queue, 1);
    cr_assert_eq(queue.acked_seq, 0, "nothing is there");
    for (uint64_t marker = 1; marker <= 5; marker++)
        node_queue_add(&queue, marker);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        node_queue_ack(&queue, steps[i].up_to);
        cr_expect_eq(queue.acked_seq, steps[i].acked, "%zu: %g", i, steps[i].up_to);
    }
    node_queue_add(&queue, 6);
    node_queue_ack(&queue, 6);
    cr_assert_eq(queue.acked_seq, 6);
    node_queue_free(&queue);
}
