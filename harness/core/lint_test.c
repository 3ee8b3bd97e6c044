#include "core/lint.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Loads texts as files `a`, `b`, … and returns all warnings, a line each: "a:2:3: message". */
static char *lint(const char *const *texts, size_t count)
{
    struct scenario_set set = {0};
    struct error_list errors;
    struct lint_report report;
    struct buffer out;
    error_list_init(&errors);
    buffer_init(&out, BUFFER_NO_LIMIT);
    for (size_t i = 0; i < count; i++) {
        char path[] = {(char)('a' + i), '\0'};
        bool is_loaded = scenario_load(texts[i], strlen(texts[i]), path, path, &set, &errors);
        cr_assert(is_loaded, "%s", errors.count ? errors.items[0].message : "");
    }
    lint_scenarios(&set, &report);
    for (size_t i = 0; i < report.count; i++) {
        const struct error *error = &report.items[i].error;
        cr_assert_eq(error->severity, ERROR_SEVERITY_WARNING);
        cr_assert(error->hint[0], "no hint: %s", error->message);
        buffer_printf(&out, "%s:%zu:%zu: %s\n", report.items[i].scenario->path, error->line,
                      error->column, error->message);
    }
    lint_report_free(&report);
    scenario_set_free(&set);
    error_list_free(&errors);
    char *text = buffer_take_text(&out);
    buffer_free(&out);
    return text;
}

static char *lint_one(const char *text)
{
    return lint(&text, 1);
}

/* A scenario whose steps stand from line 2 on. */
#define FILE_OF(rules, rest, steps)                                                                \
    "{ \"title\": \"What happens here, in short\", \"rules\": [" rules "]," rest                   \
    " \"steps\": [\n" steps "] }"
#define STEPS(rules, steps) FILE_OF(rules, "", steps)

#define ACCEPT "{ \"accept\": {} },\n"
#define FIVE   "{ \"publish\": { \"count\": 5 } },\n"
#define SETTLE "{ \"settle\": {} },\n"
#define DROP   "{ \"drop\": {} },\n"
#define LAST   "{ \"settle\": {} }\n"
#define OUTAGE ACCEPT FIVE SETTLE DROP

static void expect(const char *text, const char *expected)
{
    char *found = lint_one(text);
    if (!expected[0])
        cr_expect_str_eq(found, "", "%s\n%s", text, found);
    else
        cr_expect(strstr(found, expected), "%s\nno `%s` in:\n%s", text, expected, found);
    free(found);
}

Test(lint, a_good_scenario_gets_no_warning)
{
    expect(STEPS("\"C-1\", \"C-7\"", ACCEPT FIVE LAST), "");
    expect(STEPS("\"C-3\", \"C-4\", \"S-3\"", OUTAGE FIVE ACCEPT LAST), "");
}

Test(lint, wait_is_warned_of_unless_lateness_is_what_is_shown)
{
    expect(STEPS("\"C-1\"", ACCEPT "{ \"wait\": { \"ms\": 30 } },\n" LAST),
           "a:3:3: `wait` costs 30 ms");
    expect(STEPS("\"C-1\"", ACCEPT FIVE "{ \"wait\": { \"ms\": 30 } }\n"), "a:4:3: `wait`");
    expect(STEPS("\"C-17\"", OUTAGE "{ \"set\": { \"resync\": \"hold\" } },\n" ACCEPT
                                    "{ \"wait\": { \"ms\": 30 } },\n{ \"release\": {} },\n" LAST),
           "");
    expect(STEPS("\"C-26\"", ACCEPT FIVE SETTLE "{ \"drop\": { \"how\": \"silent\" } },\n"
                                                "{ \"wait\": { \"ms\": 30 } }\n"),
           "");
}

Test(lint, rules_that_the_steps_cannot_reach)
{
    static const char *const rules[] = {
        "C-2",  "C-3",  "C-4",  "C-5",  "C-8",  "C-9",  "C-10", "C-11", "C-12", "C-13", "C-14",
        "C-15", "C-16", "C-17", "C-18", "C-19", "C-20", "C-21", "C-25", "C-26", "C-27", "C-28",
        "S-1",  "S-2",  "S-3",  "S-4",  "S-5",  "S-6",  "S-7",  "S-8",  "S-9"};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        char text[300], expected[80];
        snprintf(text, sizeof text,
                 "{ \"title\": \"What happens here, in short\", \"rules\": [\"C-1\", \"%s\"],\n"
                 "\"steps\": [ { \"accept\": {} }, { \"publish\": {} }, { \"settle\": {} } ] }",
                 rules[i]);
        snprintf(expected, sizeof expected, "a:1:60: %s cannot come up in these steps", rules[i]);
        expect(text, expected);
    }
}

Test(lint, every_rule_has_steps_that_reach_it)
{
    static const char *const cases[] = {
        STEPS("\"C-2\"", ACCEPT DROP ACCEPT LAST),
        STEPS("\"C-8\"", ACCEPT "{ \"publish\": { \"seq\": \"none\" } },\n" LAST),
        STEPS("\"C-9\"",
              ACCEPT FIVE SETTLE "{ \"restart\": {} },\n" ACCEPT FIVE SETTLE DROP ACCEPT LAST),
        STEPS("\"C-11\"", ACCEPT "{ \"send\": { \"text\": \"x\" } },\n" LAST),
        STEPS("\"C-11\"", "{ \"accept\": { \"with\": [{ \"text\": \"x\" }] } },\n" LAST),
        STEPS("\"C-15\"", ACCEPT FIVE
              "{ \"publish\": { \"type\": \"thread.reply\", \"id\": \"same\" } },\n" LAST),
        STEPS("\"C-16\"", "{ \"refuse\": {} },\n" ACCEPT LAST),
        STEPS("\"C-17\"", OUTAGE "{ \"set\": { \"ack\": \"omit\" } },\n" ACCEPT LAST),
        STEPS("\"C-18\"",
              OUTAGE FIVE "{ \"set\": { \"cut_replay_after\": 1 } },\n" ACCEPT ACCEPT LAST),
        STEPS("\"C-19\", \"S-9\"", OUTAGE FIVE
              "{ \"set\": { \"cut_replay_after\": 1, \"live_before_replay\": 1 } },\n" ACCEPT ACCEPT
                  LAST),
        STEPS("\"C-19\", \"S-9\"",
              OUTAGE FIVE "{ \"set\": { \"cut_replay_after\": 1 } },\n" ACCEPT FIVE ACCEPT LAST),
        STEPS("\"C-20\"", ACCEPT "{ \"publish\": { \"type\": \"message.read\", \"as\": \"x\" } },\n"
                                 "{ \"send\": { \"again\": \"x\" } },\n" LAST),
        STEPS("\"C-21\", \"S-8\", \"S-2\"",
              ACCEPT FIVE SETTLE "{ \"restart\": {} },\n" ACCEPT LAST),
        STEPS("\"C-25\"", ACCEPT "{ \"client\": { \"do\": \"throw\" } },\n" FIVE LAST),
        STEPS("\"C-27\"", "{ \"repeat\": { \"times\": 6, \"steps\": [" ACCEPT
                          "{ \"drop\": {} } ] } },\n" ACCEPT LAST),
        STEPS("\"C-28\"", ACCEPT FIVE "{ \"client\": { \"do\": \"stop\" } }\n"),
        /* `settle` accepts, too */
        STEPS("\"C-3\"", OUTAGE LAST),
        FILE_OF("\"S-1\", \"S-4\", \"S-5\", \"C-8\"",
                "\"server\": { \"ring\": 3, \"clock\": { \"freeze\": true } },",
                OUTAGE FIVE ACCEPT LAST),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i], "");
}

#define SMALL_RING "\"server\": { \"ring\": 3 },"

Test(lint, a_ring_overflow_needs_a_clock)
{
    static const char expected[] = "a:6:3: 5 events are missed and the ring holds 3";
    expect(FILE_OF("\"C-3\"", SMALL_RING, OUTAGE FIVE ACCEPT LAST), expected);
    expect(FILE_OF("\"C-3\"", SMALL_RING,
                   OUTAGE "{ \"advance\": { \"ms\": 1999 } },\n" FIVE ACCEPT LAST),
           "5 events are missed");
    expect(FILE_OF("\"C-3\"", SMALL_RING, /* too late: the rows are written */
                   OUTAGE FIVE "{ \"advance\": { \"ms\": 2000 } },\n" ACCEPT LAST),
           expected);
    expect(FILE_OF("\"C-3\"", SMALL_RING,
                   OUTAGE "{ \"advance\": { \"ms\": 2000 } },\n" FIVE ACCEPT LAST),
           "");
    expect(FILE_OF("\"C-3\"", "\"server\": { \"ring\": 5 },", OUTAGE FIVE ACCEPT LAST), "");
}

Test(lint, two_scenarios_that_do_the_same)
{
    static const char *const same[] = {
        STEPS("\"C-1\"", ACCEPT "{ \"drop\": { \"how\": \"reset\" } },\n" LAST),
        FILE_OF("\"C-1\", \"C-6\"", "\"server\": { \"ring\": 500 },", ACCEPT DROP "\n\n" LAST),
    };
    char *found = lint(same, 2);
    cr_expect(strstr(found, "b:1:3: it does the same as `a`"), "%s", found);
    cr_expect_null(strstr(found, "a:1"));
    free(found);
    static const char *const different[] = {
        STEPS("\"C-1\"", ACCEPT DROP LAST),
        STEPS("\"C-1\"", ACCEPT "{ \"drop\": { \"how\": \"fin\" } },\n" LAST),
        FILE_OF("\"C-1\"", "\"client\": { \"reconnect_base_ms\": 21 },", ACCEPT DROP LAST),
    };
    found = lint(different, 3);
    cr_expect_str_eq(found, "");
    free(found);
}

static void expect_title(const char *title, const char *expected)
{
    char text[300];
    snprintf(text, sizeof text,
             "{ \"title\": \"%s\",\n\"rules\": [\"C-1\"], \"steps\": [ { \"accept\": {} } ] }",
             title);
    expect(text, expected);
}

Test(lint, titles_that_say_nothing)
{
    expect_title("A", "a:1:12: the title only repeats the file's name");
    expect_title("Two words", "a:1:12: the title says nothing in less than 3 words");
    expect_title("Another test of resync", "says `test`");
    expect_title("TODO: find a title", "says `todo`");
    expect_title("The latest event is contested", "");
}

#define EACH(values, steps) FILE_OF("\"C-1\"", "\"each\": " values ",", steps)

Test(lint, keys_of_each_that_nothing_uses)
{
    char *found = lint_one(EACH("{ \"n\": [1, 2], \"m\": [3, 4] }",
                                ACCEPT "{ \"publish\": { \"count\": \"${n}\" } },\n" LAST));
    cr_expect(strstr(found, "`m` of `each` is not used"), "%s", found);
    cr_expect_null(strstr(found, "the same as"), "told once is enough: %s", found);
    free(found);
    expect(EACH("{ \"n\": [1, 2] }", ACCEPT "{ \"publish\": { \"count\": \"${n}\" } },\n" LAST),
           "");
}

Test(lint, values_of_each_that_do_the_same)
{
    expect(EACH("{ \"how\": [\"http\", \"reset\"], \"n\": [1, 2] }",
                "{ \"refuse\": { \"how\": \"${how}\", \"times\": \"${n}\" } },\n" ACCEPT LAST),
           "");
    expect(EACH("{ \"t\": [100, 200] }", "{ \"accept\": { \"timeout_ms\": \"${t}\" } },\n" LAST),
           "it does the same as `a[100]`: equal steps, server, client and dialect (in `a[200]`)");
}

Test(lint, steps_that_do_nothing)
{
    expect(STEPS("\"C-1\"", ACCEPT "{ \"release\": {} },\n" LAST), "a:3:3: `release` answers");
    expect(STEPS("\"C-1\"", ACCEPT FIVE SETTLE LAST), "a:5:3: `settle` stands directly behind");
    expect(STEPS("\"C-1\"", ACCEPT "{ \"publish\": { \"id\": \"same\" } },\n" LAST),
           "a:3:16: `id: same` is given to the first event");
    expect(STEPS("\"C-1\"", ACCEPT "{ \"publish\": { \"as\": \"x\" } },\n"
                                   "{ \"publish\": { \"as\": \"x\" } },\n" LAST),
           "a:4:22: the name `x` is given again: the event of line 3 loses it");
}

Test(lint, fields_without_effect)
{
    static const char *const cases[][2] = {
        {"{ \"refuse\": { \"how\": \"reset\", \"status\": 500 } },\n", "`status` has no effect"},
        {"{ \"refuse\": { \"how\": \"stall\", \"headers\": {} } },\n", "`headers` has no effect"},
        {"{ \"refuse\": { \"for_ms\": 5 } },\n", "`for_ms` has no effect with `how: http`"},
        {"{ \"publish\": { \"type\": \"message.read\", \"store\": false } },\n",
         "`store` has no effect with `type: message.read`"},
        {"{ \"publish\": { \"every_ms\": 5 } },\n", "`every_ms` has no effect"},
        {"{ \"send\": { \"text\": \"x\", \"fragments\": 1, \"between\": \"ping\" } },\n",
         "`between` has no effect with `fragments: 1`"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];
        snprintf(text, sizeof text, STEPS("\"C-1\"", "{ \"accept\": {} },\n%s{ \"settle\": {} }\n"),
                 cases[i][0]);
        expect(text, cases[i][1]);
    }
    /* It has one for one of the values. */
    expect(EACH("{ \"how\": [\"http\", \"reset\"] }",
                "{ \"refuse\": { \"how\": \"${how}\", \"status\": 500 } },\n" ACCEPT LAST),
           "");
}

Test(lint, repeats_are_told_once)
{
    char *found = lint_one(STEPS("\"C-1\"", ACCEPT
                                 "{ \"repeat\": { \"times\": 50, \"steps\": [\n"
                                 "{ \"wait\": { \"ms\": 1 } }, { \"sync\": {} } ] } },\n" LAST));
    char *end = strchr(found, '\n');
    cr_expect(strncmp(found, "a:4:3: `wait`", 13) == 0 && end && end[1] == '\0', "%s", found);
    free(found);
}

Test(lint, nothing_is_warned_of_in_an_empty_set)
{
    char *found = lint(NULL, 0);
    cr_expect_str_eq(found, "");
    free(found);
}

/* ---- the node stream ---- */

#define NODE(rules, steps) FILE_OF(rules, " \"dialect\": \"node\",", steps)
#define LOST_ACKS          "{ \"set\": { \"delivery_ack\": \"ignore\" } },\n"
#define OMITTED            "{ \"set\": { \"register\": \"omit\" } },\n"
#define CUT                "{ \"set\": { \"cut_replay_after\": 1 } },\n"
#define OVERTAKEN          "{ \"set\": { \"cut_replay_after\": 1, \"live_before_replay\": 1 } },\n"

Test(lint, rules_of_the_node_stream_that_the_steps_cannot_reach)
{
    static const char *const needs[][2] = {
        {"\"C-4\"", FIVE}, {"\"C-13\"", LOST_ACKS FIVE SETTLE "{ \"drop\": {} },\n" ACCEPT},
        {"\"C-17\"", OMITTED}, {"\"C-18\"", CUT}, {"\"C-19\"", OVERTAKEN}};
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        char text[600], warning[200];
        snprintf(text, sizeof text, NODE("%s", ACCEPT "%s" SETTLE "{ \"sync\": {} }"), needs[i][0],
                 needs[i][1]);
        expect(text, "");
        snprintf(text, sizeof text, NODE("%s", ACCEPT "{ \"sync\": {} }"), needs[i][0]);
        snprintf(warning, sizeof warning,
                 "a:1:53: %.*s cannot come up in these steps: the scenario would test nothing by "
                 "it\n",
                 (int)strlen(needs[i][0]) - 2, needs[i][0] + 1);
        expect(text, warning);
    }
}

/* Its queue has no limit, and no clock matters. */
Test(lint, a_long_outage_of_the_node_stream_overflows_nothing)
{
    expect(NODE("\"C-7\"", ACCEPT FIVE SETTLE "{ \"drop\": {} },\n"
                "{ \"publish\": { \"count\": 2000 } },\n" ACCEPT SETTLE "{ \"sync\": {} }"), "");
}
