#include "core/client_policy.h"

#include "core/rules.h"

#include <criterion/criterion.h>

/* That each mutant does differ is shown by sim/world_test.c: some scenario catches it. */

Test(client_policy, every_mutant_names_a_rule_that_clients_can_break)
{
    cr_assert_str_eq(client_policy_at(0)->name, "reference");
    cr_assert_str_eq(client_policy_at(0)->rule, "");
    const struct client_policy_info *info;
    for (size_t index = 1; (info = client_policy_at(index)) != NULL; index++) {
        cr_expect_lt(rule_find(span_of(info->rule)), RULE_STEP, "%s", info->name);
        cr_expect_str_not_empty(info->sentence);
    }
    cr_assert_null(client_policy_at(client_policy_count()));
}

Test(client_policy, finds_every_policy_by_its_name)
{
    for (size_t index = 0; index < client_policy_count(); index++) {
        const struct client_policy_info *info = client_policy_at(index);
        struct client_policy found = {.dedupe_count = 7};
        cr_assert_str_eq(client_policy_names()[index], info->name);
        cr_assert(client_policy_find(info->name, &found));
        cr_assert_eq(memcmp(&found, &info->policy, sizeof found), 0, "%s: listed twice?",
                     info->name);
    }
    cr_assert_not(client_policy_find("refrence", NULL));
    cr_assert_not(client_policy_find("", NULL));
}

Test(client_policy, a_mutant_differs_from_the_reference_in_its_policy)
{
    for (size_t a = 0; a < client_policy_count(); a++)
        for (size_t b = 0; b < a; b++)
            cr_expect_neq(memcmp(&client_policy_at(a)->policy, &client_policy_at(b)->policy,
                                 sizeof(struct client_policy)), 0, "%s and %s",
                          client_policy_at(a)->name, client_policy_at(b)->name);
}
