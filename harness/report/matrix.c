#include "report/matrix.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- rules ---- */

static bool is_counted(const struct judgement *judgement, const struct finding *finding)
{
    return judgement->verdict != VERDICT_FAIL || finding->level == RULE_LEVEL_MUST;
}

static void find_rules(const struct run_scenario *scenario, bool broken[RULE_COUNT])
{
    const struct judgement *judgement = scenario->judgement;
    memset(broken, 0, RULE_COUNT * sizeof broken[0]);
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (is_counted(judgement, &judgement->findings[i]))
            broken[judgement->findings[i].rule] = true;
}

static bool has_same_rules(const struct run_scenario *left, const struct run_scenario *right)
{
    bool a[RULE_COUNT], b[RULE_COUNT];
    find_rules(left, a);
    find_rules(right, b);
    return memcmp(a, b, sizeof a) == 0;
}

void matrix_append_rules(const struct run_scenario *scenario, struct buffer *out)
{
    bool broken[RULE_COUNT];
    const char *separator = "";
    find_rules(scenario, broken);
    for (int i = 0; i < RULE_COUNT; i++) {
        if (!broken[i])
            continue;
        buffer_printf(out, "%s%s", separator, rule_info((enum rule)i)->id);
        separator = " ";
    }
}

/* ---- rows ---- */

struct name_entry {
    const char *name;
    size_t run_index, scenario_index;
};

static int compare_entries(const void *left, const void *right)
{
    const struct name_entry *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    if (order == 0)
        order = (a->run_index > b->run_index) - (a->run_index < b->run_index);
    return order;
}

/* By where the first run that has it has it. */
static int compare_rows(const void *left, const void *right)
{
    const struct name_entry *a = left, *b = right;
    if (a->run_index != b->run_index)
        return a->run_index > b->run_index ? 1 : -1;
    return (a->scenario_index > b->scenario_index) - (a->scenario_index < b->scenario_index);
}

static struct name_entry *list_names(const struct run *runs, size_t run_count, size_t *count)
{
    size_t total_count = 0;
    for (size_t i = 0; i < run_count; i++)
        total_count += runs[i].scenario_count;
    struct name_entry *entries = memory_alloc(total_count + 1, sizeof *entries);
    *count = 0;
    for (size_t i = 0; i < run_count; i++)
        for (size_t j = 0; j < runs[i].scenario_count; j++)
            entries[(*count)++] = (struct name_entry){runs[i].scenarios[j].name, i, j};
    qsort(entries, *count, sizeof *entries, compare_entries);
    return entries;
}

/* The first entry of each name, in the order of the rows. */
static size_t keep_first(struct name_entry *entries, size_t count)
{
    size_t kept_count = 0;
    for (size_t i = 0; i < count; i++)
        if (kept_count == 0 || strcmp(entries[kept_count - 1].name, entries[i].name) != 0)
            entries[kept_count++] = entries[i];
    qsort(entries, kept_count, sizeof *entries, compare_rows);
    return kept_count;
}

static const struct run_scenario *find_cell(const struct name_entry *entries, size_t count,
                                            const struct run *runs, const char *name,
                                            size_t run_index)
{
    struct name_entry wanted = {name, run_index, 0};
    const struct name_entry *found =
        bsearch(&wanted, entries, count, sizeof *entries, compare_entries);
    return found ? &runs[run_index].scenarios[found->scenario_index] : NULL;
}

static void fill_rows(struct matrix *matrix)
{
    size_t entry_count;
    struct name_entry *entries = list_names(matrix->runs, matrix->run_count, &entry_count);
    struct name_entry *rows = memory_alloc(entry_count + 1, sizeof *rows);
    if (entry_count > 0)
        memcpy(rows, entries, entry_count * sizeof *rows);
    matrix->row_count = keep_first(rows, entry_count);
    matrix->rows = memory_alloc(matrix->row_count + 1, sizeof *matrix->rows);
    for (size_t i = 0; i < matrix->row_count; i++) {
        struct matrix_row *row = &matrix->rows[i];
        row->name = rows[i].name;
        row->cells = memory_alloc(matrix->run_count, sizeof *row->cells);
        for (size_t j = 0; j < matrix->run_count; j++)
            row->cells[j] = find_cell(entries, entry_count, matrix->runs, row->name, j);
    }
    free(rows);
    free(entries);
}

/* ---- what changed ---- */

enum outcome { OUTCOME_GOOD, OUTCOME_BAD, OUTCOME_UNKNOWN };

static enum outcome outcome_of(const struct run_scenario *scenario)
{
    if (!scenario)
        return OUTCOME_UNKNOWN;
    switch (scenario->judgement->verdict) {
    case VERDICT_PASS:
    case VERDICT_WARN:
        return OUTCOME_GOOD;
    case VERDICT_FAIL:
        return OUTCOME_BAD;
    case VERDICT_CLIENT_ERROR:
    case VERDICT_ERROR:
    case VERDICT_SKIP:
    case VERDICT_COUNT:
        break;
    }
    return OUTCOME_UNKNOWN;
}

static bool is_same_cell(const struct run_scenario *left, const struct run_scenario *right)
{
    if (!left || !right)
        return left == right;
    return left->judgement->verdict == right->judgement->verdict && has_same_rules(left, right);
}

/* Of cells that are not the same. */
static enum matrix_change_kind kind_of(const struct run_scenario *before,
                                       const struct run_scenario *after)
{
    enum outcome was = outcome_of(before), is = outcome_of(after);
    if (was == OUTCOME_UNKNOWN || is == OUTCOME_UNKNOWN)
        return MATRIX_CHANGE_UNKNOWN;
    if (was != is)
        return is == OUTCOME_BAD ? MATRIX_CHANGE_NEWLY_FAILING : MATRIX_CHANGE_FIXED;
    return is == OUTCOME_BAD ? MATRIX_CHANGE_OTHER_RULES : MATRIX_CHANGE_OTHER_VERDICT;
}

static int compare_changes(const void *left, const void *right)
{
    const struct matrix_change *a = left, *b = right;
    if (a->run_index != b->run_index)
        return a->run_index > b->run_index ? 1 : -1;
    if (a->kind != b->kind)
        return a->kind > b->kind ? 1 : -1;
    return (a->row_index > b->row_index) - (a->row_index < b->row_index);
}

static void find_changes(struct matrix *matrix)
{
    size_t capacity_count = 0;
    for (size_t i = 0; i < matrix->row_count; i++) {
        struct matrix_row *row = &matrix->rows[i];
        for (size_t j = 0; j < matrix->run_count; j++) {
            bool is_quiet = row->cells[j] && (row->cells[j]->judgement->verdict == VERDICT_PASS ||
                                              row->cells[j]->judgement->verdict == VERDICT_SKIP);
            row->is_shown |= !is_quiet;
            if (j == 0 || is_same_cell(row->cells[j - 1], row->cells[j]))
                continue;
            row->is_shown = true;
            matrix->changes = memory_grow(matrix->changes, &capacity_count,
                                          matrix->change_count + 1, sizeof *matrix->changes);
            matrix->changes[matrix->change_count++] = (struct matrix_change){
                kind_of(row->cells[j - 1], row->cells[j]), j, i};
        }
    }
    if (matrix->change_count > 0)
        qsort(matrix->changes, matrix->change_count, sizeof *matrix->changes, compare_changes);
}

void matrix_init(struct matrix *matrix, const struct run *runs, size_t run_count)
{
    *matrix = (struct matrix){.runs = runs, .run_count = run_count};
    fill_rows(matrix);
    find_changes(matrix);
}

void matrix_free(struct matrix *matrix)
{
    for (size_t i = 0; i < matrix->row_count; i++)
        free(matrix->rows[i].cells);
    free(matrix->rows);
    free(matrix->changes);
    *matrix = (struct matrix){0};
}

const char *matrix_change_title(enum matrix_change_kind kind)
{
    static const char *const titles[MATRIX_CHANGE_COUNT] = {
        [MATRIX_CHANGE_NEWLY_FAILING] = "newly failing",
        [MATRIX_CHANGE_FIXED] = "fixed",
        [MATRIX_CHANGE_OTHER_RULES] = "fails by other rules",
        [MATRIX_CHANGE_OTHER_VERDICT] = "another verdict, no failure",
        [MATRIX_CHANGE_UNKNOWN] = "cannot be compared",
    };
    return titles[kind];
}

enum run_exit matrix_exit(const struct matrix *matrix)
{
    enum run_exit exit = RUN_EXIT_EXPECTED;
    for (size_t i = 0; i < matrix->run_count; i++)
        exit = run_exit_worst(exit, (enum run_exit)matrix->runs[i].exit);
    return exit;
}
