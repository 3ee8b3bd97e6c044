#include "report/broken_rules.h"

#include "report/sample_run.h"

#include <criterion/criterion.h>

static struct run_scenario *add_losing(struct run *run, const char *name, uint64_t lost)
{
    struct run_scenario *scenario = sample_add(run, name, VERDICT_FAIL);
    scenario->judgement->lost = lost;
    return scenario;
}

Test(broken_rules, the_worst_is_where_most_was_lost_by_that_rule)
{
    struct run run = sample_run_empty();
    sample_add_finding(add_losing(&run, "one", 1), RULE_C5, RULE_LEVEL_MUST, "1 lost", NULL);
    struct run_scenario *other = add_losing(&run, "most, but by another rule", 900);
    sample_add_finding(other, RULE_C4, RULE_LEVEL_MUST, "900 lost", NULL);
    sample_add_finding(other, RULE_C5, RULE_LEVEL_MUST, "behind it", NULL);
    struct run_scenario *nine = add_losing(&run, "nine", 9);
    sample_add_finding(nine, RULE_C5, RULE_LEVEL_MUST, "9 lost", NULL);
    sample_add_finding(nine, RULE_C5, RULE_LEVEL_MUST, "another of the same", NULL);
    struct broken_rules broken = broken_rules_find(&run);
    cr_assert_eq(broken.row_count, 2);
    cr_expect_eq(broken.rows[0].rule, RULE_C5);
    cr_expect_eq(broken.rows[0].scenario_count, 3);
    cr_expect_str_eq(broken.rows[0].worst->name, "nine");
    cr_expect_str_eq(broken.rows[0].finding->message, "9 lost");
    cr_expect_eq(broken.rows[1].rule, RULE_C4);
    cr_expect_eq(broken.scenario_count, 3);
    run_free(&run);
}

Test(broken_rules, a_rule_has_a_row_for_each_level_and_a_scenario_counts_once)
{
    struct run run = sample_run_empty();
    struct run_scenario *both = add_losing(&run, "both", 3);
    sample_add_finding(both, RULE_C5, RULE_LEVEL_MUST, "3 lost", NULL);
    sample_add_finding(both, RULE_C1, RULE_LEVEL_SHOULD, "late", NULL);
    sample_add_finding(both, RULE_C5, RULE_LEVEL_SHOULD, "a day behind", NULL);
    struct broken_rules broken = broken_rules_find(&run);
    cr_assert_eq(broken.row_count, 3);
    cr_expect(broken.rows[0].rule == RULE_C5 && broken.rows[0].level == RULE_LEVEL_MUST);
    cr_expect(broken.rows[1].rule == RULE_C1 && broken.rows[1].level == RULE_LEVEL_SHOULD);
    cr_expect(broken.rows[2].rule == RULE_C5 && broken.rows[2].level == RULE_LEVEL_SHOULD);
    cr_expect_eq(broken.scenario_count, 1);
    run_free(&run);
}

Test(broken_rules, what_the_baseline_lists_is_left_out)
{
    struct run run = sample_run_empty();
    struct run_scenario *known = add_losing(&run, "known", 50);
    sample_add_finding(known, RULE_C5, RULE_LEVEL_MUST, "50 lost", NULL);
    sample_know(known, "waits for 7.0");
    sample_add_finding(add_losing(&run, "new", 1), RULE_C5, RULE_LEVEL_MUST, "1 lost", NULL);
    struct broken_rules broken = broken_rules_find(&run);
    cr_assert_eq(broken.row_count, 1);
    cr_expect_eq(broken.rows[0].scenario_count, 1);
    cr_expect_str_eq(broken.rows[0].worst->name, "new");
    cr_expect_eq(broken.scenario_count, 1);
    run_free(&run);
}
