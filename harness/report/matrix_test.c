#include "report/matrix.h"

#include "report/sample_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct run run_of(const char *label)
{
    struct run run = sample_run_empty();
    free(run.client_command);
    run.client_command = sample_copy(label);
    return run;
}

static void add(struct run *run, const char *name, enum verdict verdict, enum rule rule)
{
    struct run_scenario *scenario = sample_add(run, name, verdict);
    if (verdict == VERDICT_FAIL)
        sample_add_finding(scenario, rule, RULE_LEVEL_MUST, "2 of 7 events lost", NULL);
    if (verdict == VERDICT_WARN)
        sample_add_finding(scenario, rule, RULE_LEVEL_SHOULD, "noticed too late", NULL);
    run->exit = run_exit_code(run);
}

/* Two versions that differ in every way there is. */
static void fill(struct run runs[2])
{
    runs[0] = run_of("sdk@1");
    runs[1] = run_of("sdk@2");
    add(&runs[0], "a/same", VERDICT_PASS, RULE_C5);
    add(&runs[0], "a/broken", VERDICT_PASS, RULE_C5);
    add(&runs[0], "a/fixed", VERDICT_FAIL, RULE_C7);
    add(&runs[0], "a/rules", VERDICT_FAIL, RULE_C7);
    add(&runs[0], "a/still", VERDICT_FAIL, RULE_C7);
    add(&runs[0], "a/warns", VERDICT_PASS, RULE_C21);
    add(&runs[0], "a/skipped", VERDICT_PASS, RULE_C5);
    add(&runs[0], "a/gone", VERDICT_PASS, RULE_C5);
    add(&runs[1], "a/new", VERDICT_PASS, RULE_C5);
    add(&runs[1], "a/skipped", VERDICT_SKIP, RULE_C5);
    add(&runs[1], "a/warns", VERDICT_WARN, RULE_C21);
    add(&runs[1], "a/still", VERDICT_FAIL, RULE_C7);
    add(&runs[1], "a/rules", VERDICT_FAIL, RULE_C5);
    add(&runs[1], "a/fixed", VERDICT_PASS, RULE_C7);
    add(&runs[1], "a/broken", VERDICT_FAIL, RULE_C5);
    add(&runs[1], "a/same", VERDICT_PASS, RULE_C5);
    runs[1].scenarios[7].judgement->duration_us *= 2;
}

static void free_all(struct matrix *matrix, struct run *runs, size_t count)
{
    matrix_free(matrix);
    for (size_t i = 0; i < count; i++)
        run_free(&runs[i]);
}

Test(matrix, a_row_for_each_name_in_the_order_of_the_first_that_has_it)
{
    static const char *const names[] = {"a/same",  "a/broken",  "a/fixed", "a/rules", "a/still",
                                        "a/warns", "a/skipped", "a/gone",  "a/new"};
    struct run runs[2];
    struct matrix matrix;
    fill(runs);
    matrix_init(&matrix, runs, 2);
    cr_assert_eq(matrix.row_count, 9);
    for (size_t i = 0; i < 9; i++) {
        cr_expect_str_eq(matrix.rows[i].name, names[i]);
        cr_expect_eq(matrix.rows[i].is_shown, i != 0, "%s", names[i]);
    }
    cr_expect_null(matrix.rows[7].cells[1]);
    cr_expect_null(matrix.rows[8].cells[0]);
    cr_expect_eq(matrix.rows[2].cells[1]->judgement->verdict, VERDICT_PASS);
    free_all(&matrix, runs, 2);
}

Test(matrix, every_kind_of_change_is_told_apart)
{
    static const struct {
        enum matrix_change_kind kind;
        const char *name;
    } expected[] = {
        {MATRIX_CHANGE_NEWLY_FAILING, "a/broken"}, {MATRIX_CHANGE_FIXED, "a/fixed"},
        {MATRIX_CHANGE_OTHER_RULES, "a/rules"},    {MATRIX_CHANGE_OTHER_VERDICT, "a/warns"},
        {MATRIX_CHANGE_UNKNOWN, "a/skipped"},      {MATRIX_CHANGE_ADDED, "a/new"},
        {MATRIX_CHANGE_REMOVED, "a/gone"},         {MATRIX_CHANGE_TIMING, "a/same"},
    };
    struct run runs[2];
    struct matrix matrix;
    fill(runs);
    matrix_init(&matrix, runs, 2);
    cr_assert_eq(matrix.change_count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < matrix.change_count; i++) {
        cr_expect_eq(matrix.changes[i].kind, expected[i].kind, "%s", expected[i].name);
        cr_expect_str_eq(matrix.rows[matrix.changes[i].row_index].name, expected[i].name);
        cr_expect_eq(matrix.changes[i].run_index, 1);
    }
    free_all(&matrix, runs, 2);
}

Test(matrix, a_third_is_held_against_the_second)
{
    struct run runs[] = {run_of("sdk@1"), run_of("sdk@2"), run_of("sdk@3")};
    struct matrix matrix;
    add(&runs[0], "a", VERDICT_PASS, RULE_C5);
    add(&runs[1], "a", VERDICT_FAIL, RULE_C5);
    add(&runs[2], "a", VERDICT_PASS, RULE_C5);
    matrix_init(&matrix, runs, 3);
    cr_assert_eq(matrix.change_count, 2);
    cr_expect_eq(matrix.changes[0].kind, MATRIX_CHANGE_NEWLY_FAILING);
    cr_expect_eq(matrix.changes[1].kind, MATRIX_CHANGE_FIXED);
    cr_expect_eq(matrix.changes[1].run_index, 2);
    cr_expect_eq(matrix_exit(&matrix), RUN_EXIT_BROKEN);
    free_all(&matrix, runs, 3);
}

Test(matrix, terminal_shows_columns_of_versions_and_what_changed)
{
    struct run runs[] = {run_of("sdk@1"), run_of("sdk@2")};
    struct matrix matrix;
    struct buffer out;
    add(&runs[0], "a/same", VERDICT_PASS, RULE_C5);
    add(&runs[1], "a/same", VERDICT_PASS, RULE_C5);
    add(&runs[0], "a/broken", VERDICT_PASS, RULE_C5);
    add(&runs[1], "a/broken", VERDICT_FAIL, RULE_C5);
    add(&runs[0], "b/old", VERDICT_FAIL, RULE_C7);
    sample_add_finding(&runs[0].scenarios[2], RULE_C4, RULE_LEVEL_MUST, "more", NULL);
    add(&runs[1], "b/old", VERDICT_PASS, RULE_C7);
    matrix_init(&matrix, runs, 2);
    buffer_init(&out, BUFFER_NO_LIMIT);
    report_matrix_terminal(&matrix, &(struct report_style){.folder = "r"}, &out);
    cr_expect_str_eq(
        buffer_text(&out),
        "            sdk@1      sdk@2\n"
        "  a/broken  ✓          ✗ C-5\n"
        "  b/old     ✗ C-4 C-7  ✓\n"
        "  without a finding in any of them: 1 scenario\n"
        "\n"
        "what did sdk@2 change against sdk@1?\n"
        "  newly failing:\n"
        "    a/broken  ✓ → ✗ C-5\n"
        "        2 of 7 events lost\n"
        "        again: ./gapcheck run 'scenarios/some file.jsonc' --client reference\n"
        "  fixed:\n"
        "    b/old  ✗ C-4 C-7 → ✓\n"
        "\n"
        "sdk@1  3 scenarios: 2 pass, 1 fail in 4.2 s; exit 1\n"
        "sdk@2  3 scenarios: 2 pass, 1 fail in 4.2 s; exit 1\n"
        "report: r\n");
    buffer_free(&out);
    free_all(&matrix, runs, 2);
}

Test(matrix, nothing_changed_is_said)
{
    struct run runs[] = {run_of("sdk@1"), run_of("sdk@2")};
    struct matrix matrix;
    struct buffer out;
    add(&runs[0], "a", VERDICT_FAIL, RULE_C5);
    add(&runs[1], "a", VERDICT_FAIL, RULE_C5);
    matrix_init(&matrix, runs, 2);
    buffer_init(&out, BUFFER_NO_LIMIT);
    report_matrix_terminal(&matrix, &(struct report_style){0}, &out);
    cr_expect_not_null(strstr(buffer_text(&out), "  nothing: each scenario has the verdict"));
    buffer_free(&out);
    free_all(&matrix, runs, 2);
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

Test(matrix, summary_is_markdown_in_which_nothing_of_a_client_counts)
{
    struct run runs[2];
    struct matrix matrix;
    struct buffer out;
    fill(runs);
    free(runs[1].scenarios[6].judgement->findings[0].message);
    runs[1].scenarios[6].judgement->findings[0].message = sample_copy(SAMPLE_EVIL);
    matrix_init(&matrix, runs, 2);
    buffer_init(&out, BUFFER_NO_LIMIT);
    report_matrix_summary(&matrix, &out);
    const char *text = buffer_text(&out);
    cr_expect_not_null(strstr(text, "| sdk@2 | newly failing | a/broken | pass → fail C-5: "));
    cr_expect_not_null(strstr(text, "| a/rules | fail C-7 | fail C-5 |\n"), "%s", text);
    cr_expect_not_null(strstr(text, "| a/new | not played | pass |\n"), "%s", text);
    cr_expect_null(strstr(text, "<b>"));
    cr_expect_null(strchr(text, '\033'));
    buffer_free(&out);
    free_all(&matrix, runs, 2);
}

Test(matrix, summary_never_has_more_than_60_lines)
{
    enum { COUNT = 20 };
    struct run runs[COUNT];
    struct matrix matrix;
    struct buffer out;
    for (int i = 0; i < COUNT; i++) {
        runs[i] = run_of("sdk");
        for (int j = 0; j < 200; j++) {
            char name[16];
            snprintf(name, sizeof name, "s%d", j);
            add(&runs[i], name, (i + j) % 2 ? VERDICT_PASS : VERDICT_FAIL, RULE_C5);
        }
    }
    matrix_init(&matrix, runs, COUNT);
    buffer_init(&out, BUFFER_NO_LIMIT);
    report_matrix_summary(&matrix, &out);
    cr_expect_leq(count_lines(buffer_text(&out)), 60);
    cr_expect_gt(count_lines(buffer_text(&out)), 45);
    cr_expect_not_null(strstr(buffer_text(&out), "… and 3784 more."), "%s", buffer_text(&out));
    buffer_free(&out);
    free_all(&matrix, runs, COUNT);
}
