#include "report/difference.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* "name verdict ms rule" a scenario, rule `-` for none, ended by `;`. */
static struct results make(const char *line)
{
    struct results results;
    struct error error;
    struct buffer text;
    char name[20], verdict[20], rule[20];
    int ms, used;
    const char *separator = "";
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_append_text(&text, "{\"gapcheck\":\"0\",\"format\":1,\"client\":{\"name\":\"c\","
                              "\"version\":\"1\"},\"summary\":{},\"scenarios\":[");
    while (sscanf(line, " %19[^ ;] %19s %d %19[^ ;];%n", name, verdict, &ms, rule, &used) == 4) {
        buffer_printf(&text, "%s{\"name\":\"%s\",\"verdict\":\"%s\",\"duration_ms\":%d,"
                             "\"rules\":{},\"findings\":[", separator, name, verdict, ms);
        if (rule[0] != '-')
            buffer_printf(&text, "{\"rule\":\"%s\",\"message\":\"3 \\u001b[31mlost\"}", rule);
        buffer_append_text(&text, "]}");
        separator = ",";
        line += used;
    }
    buffer_append_text(&text, "]}");
    cr_assert(results_read(text.data, text.size_bytes, &results, &error), "%s", error.message);
    buffer_free(&text);
    return results;
}

static struct buffer tell(const char *before, const char *after, bool as_json)
{
    struct results then = make(before), now = make(after);
    struct difference difference;
    struct report_style style = {0};
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    difference_find(&then, &now, &difference);
    if (as_json)
        report_difference_json(&difference, &out);
    else
        report_difference(&difference, &style, &out);
    difference_free(&difference);
    results_free(&then);
    results_free(&now);
    return out;
}

Test(difference, of_one_scenario_is_what_it_is_called)
{
    static const struct {
        const char *before, *after, *kind;
    } cases[] = {
        {"a pass 10 -;", "a pass 10 -;", NULL},
        {"a pass 10 -;", "a fail 10 C-5;", "new failure"},
        {"a warn 10 C-12;", "a client-error 10 -;", "new failure"},
        {"a skip 10 -;", "a error 10 -;", "new failure"},
        {"", "a fail 10 C-5;", "new failure"},
        {"", "a pass 10 -;", "added"},
        {"a fail 10 C-5;", "a pass 10 -;", "fixed"},
        {"a error 10 -;", "a warn 10 C-12;", "fixed"},
        {"a fail 10 C-5;", "a skip 10 -;", "changed"}, /* what is not played is not mended */
        {"a fail 10 C-5;", "", "removed"},
        {"a fail 10 C-5;", "a fail 10 C-4;", "changed"},
        {"a fail 10 C-5;", "a client-error 10 C-5;", "changed"},
        {"a pass 10 -;", "a warn 10 C-12;", "changed"},
        {"a fail 10 C-5;", "a fail 300 C-5;", "timing"},
        {"a pass 300 -;", "a pass 100 -;", "timing"},
        {"a pass 1000 -;", "a pass 1400 -;", NULL}, /* less than half as long again */
        {"a pass 1 -;", "a pass 50 -;", NULL},      /* by less than 50 ms */
        {"a pass 10 -;", "a fail 900 C-5;", "new failure"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[80] = "[]";
        if (cases[i].kind)
            snprintf(expected, sizeof expected, "[{\"kind\":\"%s\",\"name\":\"a\"}]",
                     cases[i].kind);
        struct buffer out = tell(cases[i].before, cases[i].after, true);
        cr_expect_str_eq(buffer_text(&out), expected, "%s → %s: %s", cases[i].before,
                         cases[i].after, buffer_text(&out));
        buffer_free(&out);
    }
}

Test(difference, new_failures_stand_first_and_the_rest_as_in_the_file)
{
    struct buffer out = tell("a pass 1 -;b fail 1 C-5;c pass 1 -;d fail 1 C-5;e pass 1 -;",
                             "a fail 1 C-4;b pass 1 -;c fail 1 C-5;d pass 1 -;f pass 1 -;", true);
    cr_expect_str_eq(buffer_text(&out),
                     "[{\"kind\":\"new failure\",\"name\":\"a\"},"
                     "{\"kind\":\"new failure\",\"name\":\"c\"},"
                     "{\"kind\":\"fixed\",\"name\":\"b\"},{\"kind\":\"fixed\",\"name\":\"d\"},"
                     "{\"kind\":\"added\",\"name\":\"f\"},{\"kind\":\"removed\",\"name\":\"e\"}]");
    buffer_free(&out);
}

Test(difference, is_told_with_findings_and_counts_and_without_escapes_of_a_client)
{
    struct buffer out = tell("a pass 10 -;b pass 10 -;", "a fail 12 C-5;b pass 200 -;", false);
    cr_expect_str_eq(buffer_text(&out),
                     "  ✗ new failure  a  pass → fail\n"
                     "      C-5  3 \\x1B[31mlost\n"
                     "  ~ timing       b  10 ms → 200 ms\n\n"
                     "1 new failure, 0 fixed, 0 changed, 0 added, 0 removed, 1 with another timing\n",
                     "%s", buffer_text(&out));
    buffer_free(&out);
}
