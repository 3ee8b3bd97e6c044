#include "report/kill_matrix.h"

#include "report/run.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { REFERENCE, DEDUPE, CURSOR };
enum { GAP, RESET };

static void set(struct kill_matrix *matrix, size_t mutant, size_t scenario, enum verdict verdict,
                enum rule rule)
{
    *kill_matrix_cell(matrix, mutant, scenario) = (struct kill_cell){
        .is_played = true,
        .verdict = verdict,
        .rules = rule < RULE_COUNT ? UINT64_C(1) << rule : 0,
    };
}

/* The reference and two mutants; each scenario kills one, by the rule that it breaks. */
static void make_whole(struct kill_matrix *matrix)
{
    kill_matrix_init(matrix, 3, 2);
    matrix->mutants[REFERENCE] = (struct kill_mutant){"reference", "", "keeps every rule", 0};
    matrix->mutants[DEDUPE] = (struct kill_mutant){"dedupe-off", "C-7", "repeats events", 0};
    matrix->mutants[CURSOR] = (struct kill_mutant){"cursor-high", "C-4", "asks too high", 0};
    matrix->scenarios[GAP] = "gap/short";
    matrix->scenarios[RESET] = "reset/live";
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 2; j++)
            set(matrix, i, j, VERDICT_PASS, RULE_COUNT);
    set(matrix, DEDUPE, GAP, VERDICT_FAIL, RULE_C7);
    set(matrix, CURSOR, RESET, VERDICT_FAIL, RULE_C4);
}

static void append_line(void *user, const char *sentence)
{
    buffer_printf(user, "%s\n", sentence);
}

static void expect_missing(const struct kill_matrix *matrix, const char *sentences)
{
    struct buffer told;
    buffer_init(&told, BUFFER_NO_LIMIT);
    kill_matrix_missing(matrix, append_line, &told);
    cr_expect_str_eq(buffer_text(&told), sentences);
    cr_expect_eq(kill_matrix_exit_code(matrix),
                 sentences[0] ? RUN_EXIT_BROKEN : RUN_EXIT_EXPECTED);
    buffer_free(&told);
}

Test(kill_matrix, a_whole_proof_misses_nothing)
{
    struct kill_matrix matrix;
    make_whole(&matrix);
    expect_missing(&matrix, "");
    cr_expect_eq(kill_matrix_killer_count(&matrix, DEDUPE, true), 1);
    cr_expect_eq(kill_matrix_killer_count(&matrix, REFERENCE, false), 0);
    cr_expect_eq(kill_matrix_kill_count(&matrix, RESET), 1);
    kill_matrix_free(&matrix);
}

Test(kill_matrix, a_broken_should_kills_too)
{
    struct kill_matrix matrix;
    make_whole(&matrix);
    matrix.mutants[DEDUPE].rule = "C-20";
    set(&matrix, DEDUPE, GAP, VERDICT_WARN, RULE_C20);
    expect_missing(&matrix, "");
    kill_matrix_free(&matrix);
}

Test(kill_matrix, a_survivor_is_told_and_the_scenario_that_kills_nobody)
{
    struct kill_matrix matrix;
    make_whole(&matrix);
    set(&matrix, DEDUPE, GAP, VERDICT_PASS, RULE_COUNT);
    expect_missing(&matrix, "no scenario kills dedupe-off by C-7 (it repeats events)\n"
                            "gap/short kills no mutant\n");
    kill_matrix_free(&matrix);
}

Test(kill_matrix, a_verdict_that_is_none_kills_nobody)
{
    static const enum verdict verdicts[] = {VERDICT_ERROR, VERDICT_SKIP};
    for (size_t i = 0; i < 2; i++) {
        struct kill_matrix matrix;
        make_whole(&matrix);
        set(&matrix, DEDUPE, GAP, verdicts[i], RULE_C7);
        cr_expect_not(kill_matrix_kills(&matrix, DEDUPE, GAP));
        cr_expect_eq(kill_matrix_exit_code(&matrix), RUN_EXIT_BROKEN);
        kill_matrix_free(&matrix);
    }
}

Test(kill_matrix, another_rule_is_no_proof)
{
    struct kill_matrix matrix;
    make_whole(&matrix);
    set(&matrix, DEDUPE, GAP, VERDICT_FAIL, RULE_C13);
    expect_missing(&matrix, "no scenario kills dedupe-off by C-7 (it repeats events); only by "
                            "another rule, as in gap/short: C-13\n");
    kill_matrix_free(&matrix);
}

Test(kill_matrix, a_reference_that_fails_is_told)
{
    struct kill_matrix matrix;
    make_whole(&matrix);
    set(&matrix, REFERENCE, GAP, VERDICT_WARN, RULE_C27);
    expect_missing(&matrix, "the reference does not pass gap/short: warn, by C-27\n");
    kill_matrix_free(&matrix);
}

Test(kill_matrix, a_mutant_that_could_not_be_played_is_told)
{
    struct kill_matrix matrix;
    make_whole(&matrix);
    set(&matrix, CURSOR, GAP, VERDICT_CLIENT_ERROR, RULE_COUNT);
    expect_missing(&matrix, "cursor-high could not be played in gap/short: client-error\n");
    kill_matrix_free(&matrix);
}

Test(kill_matrix, part_of_the_library_or_of_the_mutants_proves_only_its_part)
{
    struct kill_matrix matrix;
    make_whole(&matrix);
    set(&matrix, DEDUPE, GAP, VERDICT_PASS, RULE_COUNT);
    matrix.needs_all_killed = false;
    expect_missing(&matrix, "gap/short kills no mutant\n");
    matrix.needs_all_killed = true;
    matrix.needs_all_killing = false;
    expect_missing(&matrix, "no scenario kills dedupe-off by C-7 (it repeats events)\n");
    kill_matrix_free(&matrix);
}

Test(kill_matrix, a_scenario_that_nobody_can_play_is_not_asked_for)
{
    struct kill_matrix matrix;
    make_whole(&matrix);
    set(&matrix, CURSOR, GAP, VERDICT_FAIL, RULE_C4);
    for (size_t i = 0; i < 3; i++)
        set(&matrix, i, RESET, VERDICT_SKIP, RULE_COUNT);
    expect_missing(&matrix, "");
    kill_matrix_free(&matrix);
}

Test(kill_matrix, worlds_agree_in_verdict_and_rules_but_for_what_came_too_late)
{
    static const uint64_t c7 = UINT64_C(1) << RULE_C7, c16 = UINT64_C(1) << RULE_C16;
    const struct {
        struct kill_cell simulated, live;
        bool agree;
    } rows[] = {
        {{true, VERDICT_FAIL, c7, 0}, {true, VERDICT_FAIL, c7, 0}, true},
        {{true, VERDICT_FAIL, c7, 0}, {true, VERDICT_FAIL, c16, 0}, false},
        {{true, VERDICT_FAIL, c7, 0}, {true, VERDICT_PASS, 0, 0}, false},
        {{true, VERDICT_FAIL, c7, 0}, {true, VERDICT_FAIL, c7 | c16, 0}, false},
        {{true, VERDICT_PASS, 0, 0}, {true, VERDICT_ERROR, 0, 0}, false},
        {{true, VERDICT_PASS, 0, 0}, {false, VERDICT_PASS, 0, 0}, false},
        {{true, VERDICT_FAIL, c16, 0}, {true, VERDICT_PASS, 0, c16}, true},
        {{true, VERDICT_FAIL, c7 | c16, 0}, {true, VERDICT_FAIL, c7, c16}, true},
        {{true, VERDICT_FAIL, c7, 0}, {true, VERDICT_PASS, 0, c16}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct kill_sample sample = {.simulated = rows[i].simulated, .live = rows[i].live};
        cr_expect_eq(kill_sample_agrees(&sample), rows[i].agree, "row %zu", i);
    }
}

Test(kill_matrix, a_disagreement_is_told)
{
    struct kill_matrix matrix;
    make_whole(&matrix);
    struct kill_sample sample = {.mutant = DEDUPE,
                                 .scenario = GAP,
                                 .simulated = *kill_matrix_cell(&matrix, DEDUPE, GAP),
                                 .live = {true, VERDICT_PASS, 0, 0}};
    kill_matrix_add_sample(&matrix, &sample);
    expect_missing(&matrix, "dedupe-off in gap/short: the worlds disagree: simulated fail by C-7, "
                            "live pass by nothing\n");
    kill_matrix_free(&matrix);
}

Test(kill_matrix, a_judgement_becomes_a_cell)
{
    struct judgement judgement = {.verdict = VERDICT_FAIL};
    struct finding findings[] = {{.rule = RULE_C7}, {.rule = RULE_C16}, {.rule = RULE_C7}};
    judgement.findings = findings;
    judgement.finding_count = 3;
    judgement.rules[RULE_C27] = RULE_STATUS_INCONCLUSIVE;
    struct kill_cell cell = kill_cell_of(&judgement);
    cr_expect(cell.is_played && cell.verdict == VERDICT_FAIL);
    cr_expect_eq(cell.rules, UINT64_C(1) << RULE_C7 | UINT64_C(1) << RULE_C16);
    cr_expect_eq(cell.late, UINT64_C(1) << RULE_C27);
}

/* ---- how it is written ---- */

static char *render(const struct kill_matrix *matrix, bool is_quiet, bool is_verbose)
{
    struct buffer out;
    struct report_style style = {.is_quiet = is_quiet, .folder = "reports/out/x"};
    buffer_init(&out, BUFFER_NO_LIMIT);
    report_kill_matrix(matrix, &style, is_verbose, &out);
    return buffer_take_text(&out);
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

Test(kill_matrix, the_terminal_shows_a_line_a_mutant_and_a_line_a_scenario)
{
    struct kill_matrix matrix;
    make_whole(&matrix);
    matrix.mutants[CURSOR].world = KILL_WORLD_BOTH;
    char *text = render(&matrix, false, false);
    cr_expect(has(text, "  ✓ dedupe-off   C-7     1  gap/short\n"), "%s", text);
    cr_expect(has(text, "  ✓ cursor-high  C-4     1  reset/live  (live too)\n"));
    cr_expect(has(text, "  ✓ gap/short       1\n"));
    cr_expect(has(text, "2 of 2 mutants killed by the rule they break, 2 of 2 scenarios kill one"));
    cr_expect(has(text, "report: reports/out/x\n"));
    cr_expect_not(has(text, "reference"));
    free(text);
    text = render(&matrix, false, true);
    cr_expect(has(text, "        gap/short: C-7\n"));
    free(text);
    text = render(&matrix, true, false);
    cr_expect_not(has(text, "✓"));
    free(text);
    kill_matrix_free(&matrix);
}

Test(kill_matrix, json_holds_what_the_terminal_shows)
{
    struct kill_matrix matrix;
    struct buffer out;
    make_whole(&matrix);
    set(&matrix, DEDUPE, GAP, VERDICT_PASS, RULE_COUNT);
    matrix.exit = kill_matrix_exit_code(&matrix);
    struct kill_sample sample = {.mutant = CURSOR, .scenario = RESET};
    kill_matrix_add_sample(&matrix, &sample);
    buffer_init(&out, BUFFER_NO_LIMIT);
    report_kill_matrix_json(&matrix, &out);
    cJSON *root = cJSON_ParseWithLengthOpts(buffer_text(&out), out.size_bytes + 1, NULL, true);
    cr_assert_not_null(root, "%s", buffer_text(&out));
    const cJSON *mutants = cJSON_GetObjectItemCaseSensitive(root, "mutants");
    const cJSON *cursor = cJSON_GetArrayItem(mutants, CURSOR);
    const cJSON *verdicts = cJSON_GetObjectItemCaseSensitive(cursor, "verdicts");
    cr_expect_eq(cJSON_GetArraySize(mutants), 3);
    cr_expect_eq(cJSON_GetArraySize(verdicts), 1);
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(cursor, "killed")));
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(root, "scenarios")), 2);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(root, "samples")), 1);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(root, "missing")), 3);
    cr_expect_eq(cJSON_GetObjectItemCaseSensitive(root, "exit")->valueint, RUN_EXIT_BROKEN);
    cJSON_Delete(root);
    buffer_free(&out);
    kill_matrix_free(&matrix);
}
