#include "sim/shrink_faults.h"

#include "core/error.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct scenario *load(const char *server, const char *steps)
{
    struct scenario_set set = {0};
    struct error_list errors;
    char text[2000];
    snprintf(text, sizeof text,
             "{ \"title\": \"A title of some words\", \"rules\": [\"C-7\"], %s"
             " \"steps\": [ %s ] }",
             server, steps);
    error_list_init(&errors);
    cr_assert(scenario_load(text, strlen(text), "a.jsonc", "a", &set, &errors), "%s:\n%s",
              errors.count ? errors.items[0].message : "", text);
    struct scenario *scenario = set.items[0];
    free(set.items);
    error_list_free(&errors);
    return scenario;
}

static size_t count_moments(const char *server, const char *steps)
{
    struct scenario *scenario = load(server, steps);
    size_t count = shrink_faults_count_moments(scenario);
    scenario_free(scenario);
    return count;
}

#define ACCEPT  "{ \"accept\": {} }"
#define PUBLISH "{ \"publish\": {} }"
#define DROP    "{ \"drop\": {} }"
#define SETTLE  "{ \"settle\": {} }"
#define SYNC    "{ \"sync\": {} }"
#define ROWS    "\"server\": { \"ring\": 2, \"clock\": { \"freeze\": true } },"

Test(shrink_faults, a_connection_that_ends_before_its_events_have_arrived_hangs_on_the_moment)
{
    cr_expect_eq(count_moments("", ACCEPT "," PUBLISH "," DROP "," ACCEPT), 1);
    cr_expect_eq(count_moments("", ACCEPT "," PUBLISH "," SETTLE "," DROP "," ACCEPT), 0);
    cr_expect_eq(count_moments("", ACCEPT "," SETTLE "," PUBLISH "," DROP "," ACCEPT), 1);
    cr_expect_eq(count_moments("", ACCEPT "," SETTLE "," DROP "," DROP "," ACCEPT), 0);
}

/* The client sends its resync as soon as it is connected; on the first connection it sends none. */
Test(shrink_faults, an_event_at_the_very_begin_of_a_reconnect_races_the_resync)
{
    cr_expect_eq(count_moments("", ACCEPT "," PUBLISH "," SETTLE), 0);
    cr_expect_eq(count_moments("", ACCEPT "," SETTLE "," DROP "," ACCEPT "," PUBLISH), 1);
    cr_expect_eq(count_moments("", ACCEPT "," SETTLE "," DROP "," ACCEPT "," SYNC "," PUBLISH), 0);
    cr_expect_eq(count_moments("", ACCEPT "," SETTLE "," DROP "," PUBLISH "," ACCEPT), 0);
}

/* Parts of a second count only where rows are replayed. */
Test(shrink_faults, unsteady_clocks_and_steps_without_a_connection_are_what_no_author_writes)
{
    static const struct {
        const char *server, *steps;
        size_t more;
    } cases[] = {
#define ADVANCE(ms) ACCEPT ",{ \"advance\": { \"ms\": " #ms " } }," SETTLE "," DROP "," ACCEPT
        {ROWS, ADVANCE(2000), 0},
        {ROWS, ADVANCE(700), 1},
        {ROWS, ADVANCE(1000), 1},
        {ROWS, ADVANCE(2500), 1},
        {"", ADVANCE(700), 0},
        {ROWS, ACCEPT "," SETTLE "," DROP "," ACCEPT, 0},
        {ROWS, ACCEPT "," DROP "," SETTLE, 1},
        {"\"server\": { \"ring\": 2 },", ACCEPT "," SETTLE "," DROP "," ACCEPT, 1},
    };
    struct scenario *plain = load(cases[0].server, cases[0].steps);
    size_t least = shrink_faults_count(plain);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scenario *scenario = load(cases[i].server, cases[i].steps);
        cr_expect_eq(shrink_faults_count(scenario), least + cases[i].more, "case %zu: %zu", i,
                     shrink_faults_count(scenario));
        scenario_free(scenario);
    }
    scenario_free(plain);
    cr_expect(shrink_faults_is_steady(0));
    cr_expect(shrink_faults_is_steady(-3000));
    cr_expect_not(shrink_faults_is_steady(-1000));
}
