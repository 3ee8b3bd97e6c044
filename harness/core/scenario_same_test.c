#include "core/scenario_same.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define HEAD  "{ \"title\": \"t\", \"rules\": [\"C-6\"], "
#define STEPS "\"steps\": [ { \"accept\": {} }, "

static void compare(const char *left, const char *right, bool is_same)
{
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    cr_assert(scenario_load(left, strlen(left), "a", "a", &set, &errors), "%s", left);
    cr_assert(scenario_load(right, strlen(right), "b", "b", &set, &errors), "%s", right);
    uint64_t hashes[] = {scenario_same_hash(set.items[0]), scenario_same_hash(set.items[1])};
    cr_expect_eq(scenario_is_same(set.items[0], set.items[1]), is_same, "%s\n%s", left, right);
    cr_expect_eq(hashes[0] == hashes[1], is_same, "%s\n%s", left, right);
    scenario_set_free(&set);
    error_list_free(&errors);
}

Test(scenario_same, what_is_written_out_equals_what_is_left_out)
{
    compare(HEAD STEPS "{ \"drop\": {} } ] }",
            HEAD STEPS "{ \"drop\": { \"how\": \"reset\" } } ] }", true);
    compare(HEAD "\"server\": { \"clock\": { \"skew_ms\": 0 } }, " STEPS "{ \"settle\": {} } ] }",
            "{ \"title\": \"u\", \"tags\": [\"x\"], \"rules\": [\"C-7\"], " STEPS
            "{ \"settle\": { \"timeout_ms\": 9 } } ] }",
            true);
    compare(HEAD STEPS "{ \"repeat\": { \"times\": 2, \"steps\": [ { \"sync\": {} } ] } } ] }",
            HEAD STEPS "{ \"sync\": {} }, { \"sync\": {} } ] }", true);
}

/* One field differs: each kind of field counts. */
Test(scenario_same, every_difference_counts)
{
    static const char *const cases[][2] = {
        {"{ \"drop\": {} }", "{ \"drop\": { \"how\": \"fin\" } }"},
        {"{ \"drop\": {} }", "{ \"close\": {} }"},
        {"{ \"publish\": {} }", "{ \"publish\": { \"count\": 2 } }"},
        {"{ \"publish\": {} }", "{ \"publish\": { \"live\": false } }"},
        {"{ \"publish\": {} }", "{ \"publish\": { \"type\": \"x\" } }"},
        {"{ \"publish\": { \"seq\": 1 } }", "{ \"publish\": { \"seq\": 2 } }"},
        {"{ \"publish\": {} }", "{ \"publish\": { \"as\": \"x\" } }"},
        {"{ \"refuse\": {} }", "{ \"refuse\": { \"headers\": { \"a\": \"b\" } } }"},
        {"{ \"send\": { \"raw\": \"00\" } }", "{ \"send\": { \"raw\": \"01\" } }"},
        {"{ \"send\": { \"raw\": \"00\" } }", "{ \"send\": { \"binary\": \"00\" } }"},
        {"{ \"send\": { \"frame\": 1 } }", "{ \"send\": { \"frame\": 2 } }"},
        {"{ \"send\": { \"text\": \"\" } }", "{ \"send\": { \"frame\": null } }"},
        {"{ \"set\": { \"ack\": { \"a\": 1 } } }", "{ \"set\": { \"ack\": { \"a\": 2 } } }"},
        {"{ \"set\": { \"resync\": \"auto\" } }", "{ \"set\": { \"ack\": \"auto\" } }"},
        {"{ \"set\": { \"token\": \"any\" } }", "{ \"set\": { \"token\": \"x\" } }"},
        {"{ \"expect\": { \"refused\": 1 } }", "{ \"expect\": { \"refused\": { \"min\": 1 } } }"},
        {"{ \"expect\": { \"refused\": 1 } }", "{ \"expect\": { \"connection\": 1 } }"},
        {"{ \"expect\": { \"frame\": \"ping\" } }",
         "{ \"expect\": { \"frame\": \"ping\", \"x\": { \"absent\": true } } }"},
        {"{ \"expect\": { \"dispatched\": 1 } }", "{ \"expect\": { \"dispatched\": 2 } }"},
        {"{ \"expect\": { \"nothing\": \"event\" } }",
         "{ \"expect\": { \"nothing\": \"frame\" } }"},
        {"{ \"accept\": {} }", "{ \"accept\": { \"with\": [ { \"text\": \"x\" } ] } }"},
        {"{ \"client\": { \"do\": \"slow\", \"ms\": 1 } }",
         "{ \"client\": { \"do\": \"slow\", \"ms\": 2 } }"},
        {"{ \"advance\": { \"ms\": 1 } }", "{ \"wait\": { \"ms\": 1 } }"},
        {"{ \"restart\": {} }", "{ \"restart\": { \"counter\": \"keep\" } }"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char texts[2][300];
        for (size_t side = 0; side < 2; side++)
            snprintf(texts[side], sizeof texts[side], HEAD STEPS "%s ] }", cases[i][side]);
        compare(texts[0], texts[1], false);
        compare(texts[0], texts[0], true);
    }
    compare(HEAD STEPS "{ \"sync\": {} } ] }",
            HEAD "\"server\": { \"db_limit\": 3 }, " STEPS "{ \"sync\": {} } ] }", false);
    compare(HEAD STEPS "{ \"sync\": {} } ] }",
            HEAD "\"client\": { \"channels\": [\"a\"] }, " STEPS "{ \"sync\": {} } ] }", false);
    compare(HEAD STEPS "{ \"sync\": {} } ] }",
            HEAD "\"client\": { \"ping_ms\": 3 }, " STEPS "{ \"sync\": {} } ] }", false);
    compare(HEAD STEPS "{ \"sync\": {} } ] }",
            HEAD "\"dialect\": \"node\", " STEPS "{ \"sync\": {} } ] }", false);
}
