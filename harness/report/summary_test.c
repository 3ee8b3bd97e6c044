#include "report/report.h"

#include "report/sample_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static char *render(const struct run *run)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    report_summary(run, &out);
    return buffer_take_text(&out);
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

Test(summary, lists_what_went_wrong_worst_first)
{
    struct run run = sample_run();
    char *text = render(&run);
    const char *client_error = strstr(text, "| client-error | dead |");
    const char *failure = strstr(text, "| fail | resync/ring-overflow\\[501\\] | C-5 |");
    const char *warning = strstr(text, "| warn | server/reset | C-21 |");
    cr_assert(client_error && failure && warning, "%s", text);
    cr_expect(client_error < failure && failure < warning);
    cr_expect_null(strstr(text, "short-gap"));
    free(text);
    run_free(&run);
}

Test(summary, markup_of_a_client_means_nothing)
{
    struct run run = sample_run();
    char *text = render(&run);
    cr_expect_null(strstr(text, "<b>"));
    cr_expect_null(strstr(text, " `x`"));
    cr_expect_null(strchr(text, '\033'));
    for (const char *line = strstr(text, "| fail"); line && *line == '|';) {
        size_t cell_count = 0;
        const char *end = strchr(line, '\n');
        for (const char *at = line; at < end; at++)
            cell_count += *at == '|' && (at == line || at[-1] != '\\');
        cr_expect_eq(cell_count, 5, "%.*s", (int)(end - line), line);
        line = end + 1;
    }
    free(text);
    run_free(&run);
}

/* Else a baseline that is long would push what is new out of the table. */
Test(summary, what_is_known_stands_behind_all_that_is_new)
{
    struct run run = sample_run_empty();
    for (int i = 0; i < 100; i++) {
        struct run_scenario *scenario = sample_add(&run, "old", VERDICT_FAIL);
        sample_add_finding(scenario, RULE_C7, RULE_LEVEL_MUST, "lost", NULL);
        sample_know(scenario, "waits for 7.0");
    }
    sample_add_finding(sample_add(&run, "new", VERDICT_FAIL), RULE_C5, RULE_LEVEL_MUST, "lost",
                       NULL);
    sample_add_finding(sample_add(&run, "warning", VERDICT_WARN), RULE_C21, RULE_LEVEL_SHOULD,
                       "late", NULL);
    char *text = render(&run);
    const char *first = strstr(text, "| fail | new | C-5 | lost |\n| warn | warning | C-21 |");
    cr_assert_not_null(first, "%s", text);
    cr_expect_gt(strstr(text, "| fail (known) | old |"), first);
    free(text);
    run_free(&run);
}

Test(summary, never_has_more_than_60_lines)
{
    struct run run = sample_run_empty();
    for (int i = 0; i < 500; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        sample_add_finding(sample_add(&run, name, VERDICT_FAIL), RULE_C7, RULE_LEVEL_MUST,
                           "lost\nlost", "why\nwhy");
    }
    char *text = render(&run);
    cr_expect_eq(count_lines(text), 60);
    cr_expect_not_null(strstr(text, "… and 452 more."), "%s", text);
    free(text);
    sample_add_fixed(&run, 20);
    text = render(&run);
    cr_expect_eq(count_lines(text), 60);
    cr_expect_not_null(strstr(text, "- … and 12 more\n"), "%s", text);
    free(text);
    for (int i = 0; i < RULE_COUNT; i++)
        for (int level = RULE_LEVEL_MUST; level <= RULE_LEVEL_SHOULD; level++)
            sample_add_finding(&run.scenarios[i], (enum rule)i, (enum rule_level)level, "lost",
                               NULL);
    text = render(&run);
    cr_expect_leq(count_lines(text), 60);
    cr_expect_not_null(strstr(text, "\n| … | | | and "), "%s", text);
    free(text);
    run_free(&run);
}

/* Else the 53rd scenario could be the only one that breaks its rule, and nobody would see it. */
Test(summary, sums_up_by_rule_where_not_every_scenario_has_a_row)
{
    for (int count = 52; count <= 53; count++) {
        struct run run = sample_run_empty();
        for (int i = 0; i < count; i++) {
            char name[16];
            snprintf(name, sizeof name, "s%d", i);
            sample_add_finding(sample_add(&run, name, VERDICT_FAIL), i == 51 ? RULE_C2 : RULE_C7,
                               RULE_LEVEL_MUST, "lost", NULL);
        }
        char *text = render(&run);
        const char *rules = strstr(text, "| rule broken |");
        cr_expect_eq(rules != NULL, count == 53, "%s", text);
        if (rules) {
            cr_expect_not_null(strstr(rules, "\n| C-7 | must | 52 | s0: lost |\n"
                                             "| C-2 | must | 1 | s51: lost |\n"), "%s", text);
            cr_expect_lt(rules, strstr(text, "| verdict |"));
        }
        free(text);
        run_free(&run);
    }
}
