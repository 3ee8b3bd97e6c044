#include "cmd/fuzz_failures.h"

#include "cmd/reproducer.h"
#include "core/buffer.h"

#include <criterion/criterion.h>

#define USUAL   "{ \"accept\": {} }, { \"publish\": {} }, { \"drop\": {} }"
#define HELD    USUAL ", { \"set\": { \"resync\": \"hold\" } }"
#define REFUSED USUAL ", { \"refuse\": { \"times\": 2 } }"
#define BOTH    HELD ", { \"refuse\": { \"times\": 2 } }"

static const struct failure twice = {RULE_C20, RULE_LEVEL_SHOULD, (char *)"it came twice"};
static const struct failure again = {RULE_C20, RULE_LEVEL_SHOULD, (char *)"a row came again"};

static struct scenario *load(const char *steps)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_printf(&text, "{ \"title\": \"t\", \"rules\": [\"C-20\"], \"steps\": [ %s ] }", steps);
    struct scenario *scenario = reproducer_load(&text, "a", "a");
    buffer_free(&text);
    cr_assert_not_null(scenario, "%s", steps);
    return scenario;
}

static void add(struct fuzz_failures *failures, const struct failure *failure, const char *steps)
{
    fuzz_failures_add(failures, failure, steps != NULL, "told")->scenario =
        steps ? load(steps) : NULL;
}

static bool is_new(struct fuzz_failures *failures, const char *steps)
{
    struct scenario *scenario = load(steps);
    bool result = fuzz_failures_is_new(failures, &twice, scenario, false);
    scenario_free(scenario);
    return result;
}

static const char *find(struct fuzz_failures *failures, const struct failure *failure,
                        const char *steps)
{
    struct scenario *scenario = load(steps);
    const struct fuzz_failure *found = fuzz_failures_find(failures, failure, scenario);
    scenario_free(scenario);
    return found ? found->name : "";
}

Test(fuzz_failures, what_a_known_file_explains_is_counted_and_not_looked_at)
{
    struct fuzz_failures failures = {0};
    cr_expect(is_new(&failures, BOTH));
    add(&failures, &twice, HELD);
    cr_expect(is_new(&failures, REFUSED), "it needs something else");
    cr_expect_not(is_new(&failures, BOTH));
    cr_expect_eq(failures.items[0].seen_count, 2);
    fuzz_failures_free(&failures);
}

Test(fuzz_failures, a_file_that_needs_more_is_no_other_failure)
{
    struct fuzz_failures failures = {0};
    add(&failures, &twice, HELD);
    cr_expect_str_eq(find(&failures, &twice, BOTH), "C-20");
    cr_expect_str_eq(find(&failures, &twice, USUAL), "C-20");
    cr_expect_str_eq(find(&failures, &twice, REFUSED), "");
    cr_expect_str_eq(find(&failures, &again, HELD), "C-20", "other words for the very same");
    cr_expect_str_eq(find(&failures, &again, BOTH), "", "in other words it must be the very same");
    fuzz_failures_free(&failures);
}

Test(fuzz_failures, a_second_file_of_one_cause_is_a_variant_and_not_counted)
{
    struct fuzz_failures failures = {0};
    cr_expect_null(fuzz_failures_first(&failures, &twice));
    add(&failures, &twice, NULL);
    cr_expect_null(fuzz_failures_first(&failures, &twice), "it is not confirmed");
    add(&failures, &twice, HELD);
    add(&failures, &twice, REFUSED);
    add(&failures, &again, BOTH);
    cr_expect_str_eq(fuzz_failures_first(&failures, &twice)->name, "C-20");
    cr_expect_str_eq(failures.items[2].name, "C-20-2");
    cr_expect_not(failures.items[1].is_variant);
    cr_expect(failures.items[2].is_variant);
    cr_expect_not(failures.items[3].is_variant);
    cr_expect_eq(fuzz_failures_count(&failures, true, RULE_LEVEL_SHOULD), 2);
    cr_expect_eq(fuzz_failures_count(&failures, false, RULE_LEVEL_SHOULD), 1);
    cr_expect_not(is_new(&failures, USUAL), "looked at twice, that is enough");
    fuzz_failures_free(&failures);
}
