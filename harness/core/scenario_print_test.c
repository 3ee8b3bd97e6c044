#include "core/scenario_print.h"

#include "cmd/select.h"
#include "core/scenario_same.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "{ \"title\": \"t\", \"rules\": [\"C-7\"], "

static struct scenario *load(const char *text)
{
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    cr_assert(scenario_load(text, strlen(text), "a.jsonc", "a", &set, &errors), "%s:\n%s",
              errors.count ? errors.items[0].message : "", text);
    cr_assert_eq(set.count, 1);
    struct scenario *scenario = set.items[0];
    free(set.items);
    error_list_free(&errors);
    return scenario;
}

static char *print(const struct scenario *scenario, const struct scenario_print_notes *notes)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    scenario_print(scenario, notes, &text);
    return buffer_take_text(&text);
}

static void expect_same_text(const char *left, const char *right, const char *where)
{
    cr_expect((!left && !right) || (left && right && strcmp(left, right) == 0), "%s", where);
}

/* Also what scenario_is_same leaves out. */
static void expect_same(const struct scenario *left, const struct scenario *right,
                        const char *where)
{
    cr_expect(scenario_is_same(left, right), "%s", where);
    expect_same_text(left->title, right->title, where);
    expect_same_text(left->why, right->why, where);
    cr_expect_arr_eq(left->rules, right->rules, sizeof left->rules);
    cr_expect_arr_eq(left->rules_off, right->rules_off, sizeof left->rules_off);
    cr_expect_eq(left->timeout_ms, right->timeout_ms, "%s", where);
    cr_assert_eq(left->tags.count, right->tags.count, "%s", where);
    for (size_t i = 0; i < left->tags.count; i++)
        expect_same_text(left->tags.items[i], right->tags.items[i], where);
    cr_assert_eq(left->step_count, right->step_count, "%s", where);
    for (size_t i = 0; i < left->step_count; i++)
        cr_expect_eq(left->steps[i].timeout_ms, right->steps[i].timeout_ms, "%s", where);
}

static void expect_round_trip(const struct scenario *scenario,
                              const struct scenario_print_notes *notes)
{
    char *text = print(scenario, notes);
    struct scenario *again = load(text);
    expect_same(scenario, again, text);
    char *second = print(again, notes);
    cr_expect_str_eq(text, second);
    scenario_free(again);
    free(second);
    free(text);
}

Test(scenario_print, every_scenario_of_the_library_comes_back_the_same)
{
    const char *folder = GAPCHECK_SOURCE_DIR "/scenarios";
    const struct select_query query = {.paths = &folder, .path_count = 1};
    struct scenario_set set;
    struct buffer messages;
    buffer_init(&messages, BUFFER_NO_LIMIT);
    cr_assert_eq(select_scenarios(&query, &set, &messages), SELECT_DONE, "%s",
                 buffer_text(&messages));
    cr_assert_gt(set.count, 300);
    for (size_t i = 0; i < set.count; i++)
        expect_round_trip(set.items[i], NULL);
    scenario_set_free(&set);
    buffer_free(&messages);
}

/* Each with what is easily lost: a default that must be written, a place that two fields share. */
Test(scenario_print, every_kind_of_field_comes_back_the_same)
{
    static const char *const steps[] = {
        "{ \"accept\": { \"path\": \"/v1/ws\", \"token\": \"t\", \"with\": [ { \"text\": \"\" },"
        " { \"raw\": \"00ff\", \"split_bytes\": 1 } ], \"timeout_ms\": 7 } }",
        "{ \"refuse\": { \"times\": 3, \"status\": 429, \"headers\": { \"Retry-After\": \"1: 2\","
        " \"X\": \"\" } } }",
        "{ \"refuse\": { \"how\": \"closed\", \"for_ms\": 0 } }",
        "{ \"publish\": { \"count\": 2, \"seq\": 9007199254740990, \"id\": \"same\" } }",
        "{ \"publish\": { \"seq\": 0 } }",
        "{ \"publish\": { \"seq\": \"none\", \"live\": false, \"store\": false, \"size\": 9,"
        " \"every_ms\": 1, \"channel\": \"c\", \"type\": \"\\u00e4 \\\"x\\\" \\n\" } }",
        "{ \"send\": { \"frame\": { \"type\": \"${seq}\", \"a\": [1.5, -2e-7, null, {}, []] } } }",
        "{ \"send\": { \"frame\": null } }",
        "{ \"send\": { \"text\": \"x\", \"fragments\": 1, \"between\": \"ping\", \"size\": 5 } }",
        "{ \"send\": { \"binary\": \"\" } }",
        "{ \"expect\": { \"frame\": \"resync\", \"last_seen_seq\": { \"min\": -1.5, \"max\": 5 },"
        " \"since\": { \"iso8601\": true }, \"level\": \"should\", \"x\": { \"absent\": true } } }",
        "{ \"expect\": { \"frame\": \"subscribe\", \"channels\": [\"a\", \"b\"] } }",
        "{ \"expect\": { \"connection\": 2, \"after_ms\": { \"min\": 3 } } }",
        "{ \"expect\": { \"refused\": 0 } }",
        "{ \"expect\": { \"reconnecting\": { \"kind\": \"number\" } } }",
        "{ \"expect\": { \"resynced\": { \"gap_detected\": false, \"replayed\": 0 } } }",
        "{ \"expect\": { \"dispatched\": 0 } }",
        "{ \"expect\": { \"gave_up\": true } }",
        "{ \"expect\": { \"nothing\": \"resync\" } }",
        "{ \"expect\": { \"nothing\": [\"event\", \"frame\"], \"for_ms\": 5 } }",
        "{ \"drop\": { \"how\": \"mid-frame\" } }",
        "{ \"close\": { \"code\": 0, \"reason\": \"r\" } }",
        "{ \"restart\": { \"down_ms\": 1, \"counter\": \"keep\", \"ring\": \"keep\","
        " \"db\": \"empty\", \"how\": \"fin\" } }",
        "{ \"restart\": { \"counter\": 7 } }",
        "{ \"set\": { \"resync\": \"auto\", \"order\": \"ring-first\", \"pong\": \"auto\" } }",
        "{ \"set\": { \"ack\": { \"current_seq\": \"x\" }, \"token\": \"any\" } }",
        "{ \"set\": { \"ack\": {} } }",
        "{ \"set\": { \"ack\": \"auto\", \"token\": \"secret\", \"write_delay_ms\": 0 } }",
        "{ \"set\": { \"cut_replay_after\": 0, \"cut_how\": \"reset\","
        " \"live_before_replay\": 0 } }",
        "{ \"set\": { \"cut_replay_after\": 2, \"cut_how\": \"silent\", \"pong\": \"ignore\" } }",
        "{ \"advance\": { \"ms\": 0 } }",
        "{ \"wait\": { \"ms\": 0 } }",
        "{ \"client\": { \"do\": \"slow\", \"ms\": 0 } }",
        "{ \"client\": { \"do\": \"subscribe\", \"channels\": [\"a\"] } }",
        "{ \"client\": { \"do\": \"throw\" } }",
        "{ \"publish\": { \"as\": \"e\" } }, { \"send\": { \"again\": \"e\", \"row\": true } },"
        " { \"expect\": { \"dispatched\": { \"e\": { \"max\": 1 } } } }",
        "{ \"repeat\": { \"times\": 2, \"timeout_ms\": 9, \"steps\": [ { \"sync\": {} } ] } }",
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char text[600];
        snprintf(text, sizeof text, HEAD "\"steps\": [ %s ] }", steps[i]);
        struct scenario *scenario = load(text);
        expect_round_trip(scenario, NULL);
        scenario_free(scenario);
    }
}

Test(scenario_print, every_setting_comes_back_the_same)
{
    static const char *const settings[] = {
        "\"server\": { \"ring\": 0, \"db_limit\": 1, \"tls\": true,"
        " \"clock\": { \"skew_ms\": -5, \"freeze\": true } }",
        "\"client\": { \"channels\": [], \"reconnect_base_ms\": 21, \"reconnect_jitter\": true,"
        " \"ping_ms\": 0, \"clock_skew_ms\": 0, \"max_reconnect_attempts\": 0 }",
        "\"client\": { \"channels\": [\"general\", \"x\"] }",
        "\"client\": { \"channels\": [\"general\"] }",
        "\"why\": \"${anything} goes\", \"tags\": [\"a\", \"b\"], \"timeout_ms\": 1",
        "\"judge\": { \"C-20\": \"off\", \"C-5\": \"off\" }",
        "\"dialect\": \"node\"",
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char text[400];
        snprintf(text, sizeof text, HEAD "%s, \"steps\": [ { \"accept\": {} } ] }", settings[i]);
        struct scenario *scenario = load(text);
        expect_round_trip(scenario, NULL);
        scenario_free(scenario);
    }
}

Test(scenario_print, the_text_is_in_the_style_of_the_library)
{
    struct scenario *scenario =
        load("{ \"title\": \"t\", \"why\": \"w\", \"rules\": [\"C-5\", \"C-7\"],"
             "\"server\": { \"clock\": { \"freeze\": true }, \"ring\": 3 },"
             "\"steps\": [ { \"accept\": { \"timeout_ms\": 5000 } },"
             "{ \"publish\": { \"count\": 5, \"live\": true } }, { \"settle\": {} } ] }");
    static const char *const comments[] = {NULL, "seen by\tall", NULL};
    const struct scenario_print_notes notes = {"../schema.json", "Found\nby\x1b hand.", comments};
    char *text = print(scenario, &notes);
    cr_expect_str_eq(text, "// Found\n"
                           "// by\\x1B hand.\n"
                           "{\n"
                           "  \"$schema\": \"../schema.json\",\n"
                           "  \"title\": \"t\",\n"
                           "  \"why\": \"w\",\n"
                           "  \"rules\": [\"C-5\", \"C-7\"],\n"
                           "  \"server\": { \"ring\": 3, \"clock\": { \"freeze\": true } },\n"
                           "  \"steps\": [\n"
                           "    { \"accept\": {} },\n"
                           "    { \"publish\": { \"count\": 5 } },          // seen by\\x09all\n"
                           "    { \"settle\": {} }\n"
                           "  ]\n"
                           "}\n");
    free(text);
    expect_round_trip(scenario, &notes);
    scenario_free(scenario);
}

Test(scenario_print, steps_that_come_again_are_a_repeat)
{
    struct scenario *scenario = load(HEAD "\"steps\": [ { \"accept\": {} },"
                                          "{ \"repeat\": { \"times\": 4, \"steps\": ["
                                          "{ \"drop\": {} }, { \"accept\": {} } ] } },"
                                          "{ \"sync\": {} }, { \"sync\": {} } ] }");
    static const char *const comments[11] = {NULL, "down", "up", "down again"};
    const struct scenario_print_notes notes = {.step_comments = comments};
    char *text = print(scenario, &notes);
    const char *steps = strstr(text, "  \"steps");
    cr_assert_not_null(steps);
    cr_expect_str_eq(steps, "  \"steps\": [\n"
                            "    { \"repeat\": { \"times\": 4, \"steps\": [\n"
                            "      { \"accept\": {} },\n"
                            "      { \"drop\": {} }                        // down\n"
                            "    ] } },\n"
                            "    { \"accept\": {} },\n"
                            "    { \"sync\": {} },\n"
                            "    { \"sync\": {} }\n"
                            "  ]\n"
                            "}\n");
    cr_expect_eq(scenario_print_step_count(scenario), 6);
    free(text);
    expect_round_trip(scenario, &notes);
    scenario_free(scenario);
}

/* Equal by cJSON_Compare, which is loose in the 16th digit and does not see the order of members. */
Test(scenario_print, steps_that_are_only_nearly_the_same_are_no_repeat)
{
    static const char *const alike[][4] = {
        {"{ \"publish\": { \"seq\": 9007199254740989 } }",
         "{ \"publish\": { \"seq\": 9007199254740990 } }",
         "{ \"publish\": { \"seq\": 9007199254740990 } }",
         "{ \"publish\": { \"seq\": 9007199254740989 } }"},
        {"{ \"send\": { \"frame\": { \"a\": 1, \"b\": 2 } } }",
         "{ \"send\": { \"frame\": { \"b\": 2, \"a\": 1 } } }",
         "{ \"send\": { \"frame\": { \"a\": 1, \"b\": 2 } } }",
         "{ \"send\": { \"frame\": { \"b\": 2, \"a\": 1 } } }"},
    };
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++) {
        char text[600];
        snprintf(text, sizeof text, HEAD "\"steps\": [ %s, %s, %s, %s ] }", alike[i][0],
                 alike[i][1], alike[i][2], alike[i][3]);
        struct scenario *scenario = load(text);
        cr_expect_eq(scenario_print_step_count(scenario), 4);
        expect_round_trip(scenario, NULL);
        scenario_free(scenario);
    }
}

/* The longest line, in bytes. */
static size_t longest_line(const char *text)
{
    size_t longest = 0;
    while (*text) {
        size_t size_bytes = strcspn(text, "\n");
        longest = size_bytes > longest ? size_bytes : longest;
        text += size_bytes + (text[size_bytes] == '\n');
    }
    return longest;
}

Test(scenario_print, long_steps_and_comments_are_broken_into_lines)
{
    char name[90];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_printf(&text, HEAD "\"tags\": [\"%s\", \"%s\"],", name, name);
    buffer_printf(&text, "\"steps\": [ { \"accept\": {} },"
                         "{ \"client\": { \"do\": \"subscribe\", \"channels\": [\"%s\"] } },"
                         "{ \"settle\": {} } ] }", name);
    struct scenario *scenario = load(buffer_text(&text));
    char comment[400] = "";
    for (int i = 0; i < 60; i++)
        strcat(comment, i % 7 ? "gap " : "cursor ");
    const char *const comments[] = {comment, "short", comment};
    const struct scenario_print_notes notes = {NULL, comment, comments};
    char *printed = print(scenario, &notes);
    cr_expect_leq(longest_line(printed), SCENARIO_PRINT_COLUMNS_MAX + 4, "%s", printed);
    expect_round_trip(scenario, &notes);
    free(printed);
    scenario_free(scenario);
    buffer_free(&text);
}
