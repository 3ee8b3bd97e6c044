/* The witness believes what `explain` says, and nothing that is a number, a name or a step off. */
#include "explain_witness.h"

#include "core/explain.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct scenario *load(void)
{
    static const char text[] =
        "{ \"title\": \"t\", \"rules\": [\"C-1\"], \"steps\": [\n"
        "  { \"publish\": { \"count\": 3, \"channel\": \"general\", \"as\": \"e\" } },\n"
        "  { \"repeat\": { \"times\": 2, \"steps\": [ { \"accept\": {} },\n"
        "    { \"repeat\": { \"times\": 3, \"steps\": [ { \"advance\": { \"ms\": 2500 } } ] } },\n"
        "    { \"drop\": {} } ] } },\n"
        "  { \"refuse\": { \"times\": 4, \"status\": 401 } }, { \"settle\": {} },\n"
        "  { \"expect\": { \"frame\": \"resync\", \"last_seen_seq\": { \"min\": 7 } } },\n"
        "  { \"expect\": { \"dispatched\": { \"e\": 1 } } } ] }";
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    cr_assert(scenario_load(text, strlen(text), "a.jsonc", "a", &set, &errors), "%s",
              errors.count ? errors.items[0].message : "");
    struct scenario *scenario = set.items[0];
    free(set.items);
    error_list_free(&errors);
    return scenario;
}

/* Whether the witness agrees once `from`, which is there, reads `to`. */
static bool agrees(const struct scenario *scenario, const char *from, const char *to)
{
    struct buffer words, changed, fault;
    buffer_init(&words, BUFFER_NO_LIMIT);
    buffer_init(&changed, BUFFER_NO_LIMIT);
    buffer_init(&fault, BUFFER_NO_LIMIT);
    explain_scenario(scenario, &words);
    const char *text = buffer_text(&words), *at = strstr(text, from);
    cr_assert_not_null(at, "no `%s` in:\n%s", from, text);
    buffer_append(&changed, text, (size_t)(at - text));
    buffer_append_text(&changed, to);
    buffer_append_text(&changed, at + strlen(from));
    bool is_believed = explain_witness_agrees(scenario, buffer_text(&changed), &fault);
    cr_expect_eq(is_believed, fault.size_bytes == 0, "`%s`: %s", to, buffer_text(&fault));
    buffer_free(&words);
    buffer_free(&changed);
    buffer_free(&fault);
    return is_believed;
}

Test(explain_witness, what_is_right_is_believed)
{
    struct scenario *scenario = load();
    cr_expect(agrees(scenario, "", ""));
    scenario_free(scenario);
}

Test(explain_witness, what_is_off_is_not)
{
    static const char *const changes[][2] = {
        {"\nWhat happens:\n", "\n"},
        {"publishes 3 events", "publishes 4 events"},
        {"`general`", "`special`"},
        {"called `e`", "called `f`"},
        {"While no connection is open, the server", "The server"},
        {" 1. While", " 2. While"},
        {"2 times over (steps 2 to 11)", "2 times over (steps 2 to 10)"},
        {"2 times over (steps 2 to 11)", "2 times over (steps 1 to 11)"},
        {"2 times over", "3 times over"},
        {"3 times over (steps 3 to 5)", "3 times over (steps 3 to 6)"},
        {"The client connects, and the", "The client connects again, and the"},
        {"by 2.5 s", "by 2 s"},
        {" 6. The connection breaks", " 7. The connection breaks"},
        {"next 4 connections", "next 3 connections"},
        {"HTTP 401", "HTTP 503"},
        {"at least 7", "at least 8"},
        {"so often: 1", "so often: 2"},
        {"\nWhat it shows", "16. More.\n\nWhat it shows"},
    };
    struct scenario *scenario = load();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        cr_expect_not(agrees(scenario, changes[i][0], changes[i][1]), "%s", changes[i][1]);
    scenario_free(scenario);
}
