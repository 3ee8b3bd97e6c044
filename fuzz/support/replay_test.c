/* Linked once with every target: the corpus must keep its property with a plain compiler. */
#include "replay.h"

#include <criterion/criterion.h>

Test(corpus, every_input_keeps_the_property)
{
    struct error error;
    size_t count = 0;
    cr_assert(replay_path(GAPCHECK_CORPUS, &count, &error), "%s", error.message);
    cr_assert_gt(count, 0, "%s is empty: nothing would be tested", GAPCHECK_CORPUS);
}
