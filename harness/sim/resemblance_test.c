#include "sim/resemblance.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct scenario *load(const char *steps)
{
    char text[600];
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    snprintf(text, sizeof text, "{ \"title\": \"t\", \"rules\": [\"C-1\"], \"steps\": [ %s ] }",
             steps);
    cr_assert(scenario_load(text, strlen(text), "a", "a", &set, &errors), "%s", text);
    struct scenario *scenario = set.items[0];
    free(set.items);
    error_list_free(&errors);
    return scenario;
}

#define ACCEPT  "{ \"accept\": {} }"
#define PUBLISH "{ \"publish\": { \"count\": 3 } }"
#define DROP    "{ \"drop\": {} }"
#define FRAME(members) "{ \"send\": { \"frame\": { " members " } } }"
#define PONG           FRAME("\"type\": \"pong\", \"agent_seq\": 7")

static void check_unusual(const char *large, const char *small, bool is_held)
{
    struct scenario *scenarios[] = {load(large), load(small)};
    cr_expect_eq(resemblance_has_unusual(scenarios[0], scenarios[1]), is_held, "%s\n%s", large,
                 small);
    cr_expect(resemblance_has_unusual(scenarios[0], scenarios[0]));
    scenario_free(scenarios[0]);
    scenario_free(scenarios[1]);
}

static void check_count(const char *steps, size_t count)
{
    struct scenario *scenario = load(steps);
    cr_expect_eq(resemblance_count_unusual(scenario), count, "%s", steps);
    scenario_free(scenario);
}

Test(resemblance, frames_differ_by_their_type)
{
    check_unusual(PONG, FRAME("\"type\": \"pong\", \"agent_seq\": 1"), true);
    check_unusual(PONG, FRAME("\"type\": \"ack\", \"agent_seq\": 7"), false);
    check_unusual(PONG, FRAME("\"type\": \"pong\""), true);
    check_unusual(FRAME("\"type\": \"pong\""), PONG, false);
}

#define HOLE    "{ \"publish\": { \"live\": false, \"count\": 2 } }"
#define RESTART "{ \"restart\": {} }"
#define KEEP    "{ \"restart\": { \"ring\": \"keep\" } }"

Test(resemblance, losing_connections_is_usual_and_the_order_does_not_count)
{
    check_count(ACCEPT "," PUBLISH "," DROP "," ACCEPT ", { \"close\": { \"code\": 1001 } }", 0);
    check_count(ACCEPT "," HOLE "," PONG "," RESTART, 3);
    check_unusual(PONG "," HOLE, HOLE "," ACCEPT "," PONG, true);
    check_unusual(PONG "," PUBLISH, HOLE, false);
    check_unusual(PUBLISH, ACCEPT "," DROP, true);
    check_unusual(KEEP, RESTART, true);
    check_unusual(RESTART, KEEP, false);
    check_unusual("{ \"publish\": { \"live\": false, \"type\": \"x\" } }", HOLE, true);
}
