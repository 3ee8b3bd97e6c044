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

static void check(const char *large, const char *small, bool is_held)
{
    struct scenario *scenarios[] = {load(large), load(small)};
    cr_expect_eq(resemblance_holds(scenarios[0], scenarios[1]), is_held, "%s\n%s", large, small);
    cr_expect(resemblance_holds(scenarios[0], scenarios[0]));
    cr_expect(resemblance_has_unusual(scenarios[0], scenarios[0]));
    scenario_free(scenarios[0]);
    scenario_free(scenarios[1]);
}

#define ACCEPT  "{ \"accept\": {} }"
#define PUBLISH "{ \"publish\": { \"count\": 3 } }"
#define DROP    "{ \"drop\": {} }"
#define PONG    "{ \"send\": { \"frame\": { \"type\": \"pong\", \"agent_seq\": 7 } } }"

Test(resemblance, what_happens_counts_and_how_often_does_not)
{
    check(ACCEPT "," PUBLISH "," DROP "," ACCEPT, ACCEPT "," DROP "," ACCEPT, true);
    check(ACCEPT "," DROP, ACCEPT "," DROP "," ACCEPT, false);
    check(ACCEPT "," DROP "," PUBLISH, ACCEPT "," PUBLISH "," DROP, false);
    check("{ \"publish\": { \"count\": 9, \"size\": 3 } }", PUBLISH, true);
    check("{ \"publish\": {} }", PUBLISH, false);
    check("{ \"publish\": { \"count\": 2, \"type\": \"x\" } }", PUBLISH, true);
    check("{ \"publish\": { \"live\": false } }", "{ \"publish\": {} }", true);
    check("{ \"publish\": {} }", "{ \"publish\": { \"live\": false } }", false);
}

Test(resemblance, frames_differ_by_their_type)
{
    check(PONG, "{ \"send\": { \"frame\": { \"type\": \"pong\", \"agent_seq\": 1 } } }", true);
    check(PONG, "{ \"send\": { \"frame\": { \"type\": \"ack\", \"agent_seq\": 7 } } }", false);
    check(PONG, "{ \"send\": { \"frame\": { \"type\": \"pong\" } } }", true);
    check("{ \"send\": { \"frame\": { \"type\": \"pong\" } } }", PONG, false);
}

Test(resemblance, one_end_of_a_connection_is_like_another)
{
    check("{ \"close\": { \"code\": 1001 } }", DROP, true);
    check("{ \"restart\": {} }", DROP, true);
    check("{ \"drop\": { \"how\": \"fin\" } }", DROP, true);
    check(DROP, "{ \"restart\": {} }", false);
    check(DROP, "{ \"drop\": { \"how\": \"silent\" } }", false);
}

static void check_unusual(const char *large, const char *small, bool is_held)
{
    struct scenario *scenarios[] = {load(large), load(small)};
    cr_expect_eq(resemblance_has_unusual(scenarios[0], scenarios[1]), is_held, "%s\n%s", large,
                 small);
    scenario_free(scenarios[0]);
    scenario_free(scenarios[1]);
}

static void check_count(const char *steps, size_t count)
{
    struct scenario *scenario = load(steps);
    cr_expect_eq(resemblance_count_unusual(scenario), count, "%s", steps);
    scenario_free(scenario);
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
}
