#include "report/difference.h"

#include "report/sample_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static enum verdict verdict_of(const char *name)
{
    int verdict = 0;
    while (verdict < VERDICT_COUNT && strcmp(verdict_name((enum verdict)verdict), name) != 0)
        verdict++;
    cr_assert_lt(verdict, VERDICT_COUNT, "%s", name);
    return (enum verdict)verdict;
}

/* "name verdict ms rule" a scenario, rule `-` for none, ended by `;`. A failure breaks a MUST, and
 * what fails as `known` is in the baseline. */
static struct run make(const char *line)
{
    struct run run = sample_run_empty();
    char name[20], verdict[20], rule[20];
    int ms, used;
    while (sscanf(line, " %19[^ ;] %19s %d %19[^ ;];%n", name, verdict, &ms, rule, &used) == 4) {
        bool is_known = strcmp(verdict, "known") == 0;
        struct run_scenario *scenario =
            sample_add(&run, name, is_known ? VERDICT_FAIL : verdict_of(verdict));
        scenario->judgement->duration_us = INT64_C(1000) * ms;
        if (rule[0] != '-')
            sample_add_finding(scenario, rule_find(span_of(rule)),
                               strcmp(verdict, "warn") == 0 ? RULE_LEVEL_SHOULD : RULE_LEVEL_MUST,
                               "3 \033[31mlost", NULL);
        if (is_known)
            sample_know(scenario, "waits for 7.0");
        line += used;
    }
    return run;
}

static struct buffer tell(const char *before, const char *after, bool as_json,
                          enum run_exit *exit)
{
    struct run runs[] = {make(before), make(after)};
    struct matrix matrix;
    struct report_style style = {0};
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    matrix_init(&matrix, runs, 2);
    if (as_json)
        report_difference_json(&matrix, &out);
    else
        report_difference(&matrix, &style, &out);
    *exit = difference_exit(&matrix);
    matrix_free(&matrix);
    run_free(&runs[0]);
    run_free(&runs[1]);
    return out;
}

Test(difference, of_one_scenario_is_what_it_is_called)
{
    static const struct {
        const char *before, *after, *kind;
        enum run_exit exit;
    } cases[] = {
        {"a pass 10 -;", "a pass 10 -;", NULL, 0},
        {"a pass 10 -;", "a fail 10 C-5;", "newly failing", 1},
        {"a pass 10 -;", "a known 10 C-5;", "newly failing", 0}, /* told, and put up with */
        {"a skip 10 -;", "a fail 10 C-5;", "newly failing", 1},
        {"a client-error 10 -;", "a fail 10 C-5;", "newly failing", 1},
        {"", "a fail 10 C-5;", "newly failing", 1},
        {"a warn 10 C-12;", "a client-error 10 -;", "cannot be compared", 3},
        {"a skip 10 -;", "a error 10 -;", "cannot be compared", 3},
        {"a error 10 -;", "a warn 10 C-12;", "cannot be compared", 0},
        {"a fail 10 C-5;", "a skip 10 -;", "cannot be compared", 0}, /* nothing is mended by it */
        {"", "a pass 10 -;", "added", 0},
        {"", "a error 10 -;", "added", 3},
        {"a fail 10 C-5;", "a pass 10 -;", "fixed", 0},
        {"a fail 10 C-5;", "", "removed", 0},
        {"a fail 10 C-5;", "a fail 10 C-4;", "fails by other rules", 0},
        {"a pass 10 -;", "a warn 10 C-12;", "warns differently", 0},
        {"a warn 10 C-21;", "a warn 10 C-12;", "warns differently", 0},
        {"a fail 10 C-5;", "a fail 300 C-5;", "timing", 0},
        {"a pass 300 -;", "a pass 100 -;", "timing", 0},
        {"a pass 1000 -;", "a pass 1400 -;", NULL, 0}, /* less than half as long again */
        {"a pass 1 -;", "a pass 50 -;", NULL, 0},      /* by less than 50 ms */
        {"a pass 10 -;", "a fail 900 C-5;", "newly failing", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[80] = "[]";
        enum run_exit exit;
        if (cases[i].kind)
            snprintf(expected, sizeof expected, "[{\"kind\":\"%s\",\"name\":\"a\"}]",
                     cases[i].kind);
        struct buffer out = tell(cases[i].before, cases[i].after, true, &exit);
        cr_expect_str_eq(buffer_text(&out), expected, "%s → %s: %s", cases[i].before,
                         cases[i].after, buffer_text(&out));
        cr_expect_eq(exit, cases[i].exit, "%s → %s: %d", cases[i].before, cases[i].after, exit);
        buffer_free(&out);
    }
}

Test(difference, new_failures_stand_first_and_the_rest_as_in_the_file)
{
    enum run_exit exit;
    struct buffer out = tell("a pass 1 -;b fail 1 C-5;c pass 1 -;d fail 1 C-5;e pass 1 -;",
                             "a fail 1 C-4;b pass 1 -;c fail 1 C-5;d pass 1 -;f pass 1 -;", true,
                             &exit);
    cr_expect_str_eq(buffer_text(&out),
                     "[{\"kind\":\"newly failing\",\"name\":\"a\"},"
                     "{\"kind\":\"newly failing\",\"name\":\"c\"},"
                     "{\"kind\":\"fixed\",\"name\":\"b\"},{\"kind\":\"fixed\",\"name\":\"d\"},"
                     "{\"kind\":\"added\",\"name\":\"f\"},{\"kind\":\"removed\",\"name\":\"e\"}]");
    buffer_free(&out);
}

Test(difference, is_told_with_findings_and_counts_and_without_escapes_of_a_client)
{
    enum run_exit exit;
    struct buffer out = tell("a pass 10 -;b pass 10 -;", "a fail 12 C-5;b pass 200 -;", false,
                             &exit);
    cr_expect_str_eq(buffer_text(&out),
                     "  ✗ newly failing         a  pass → fail\n"
                     "      C-5  3 \\x1B[31mlost\n"
                     "  ~ timing                b  10 ms → 200 ms\n\n"
                     "1 newly failing; 1 timing\n",
                     "%s", buffer_text(&out));
    buffer_free(&out);
}
