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

static bool is_other_time(int64_t before_us, int64_t after_us)
{
    int64_t shorter_us = before_us < after_us ? before_us : after_us;
    int64_t longer_us = before_us < after_us ? after_us : before_us;
    return longer_us - shorter_us >= MATRIX_TIME_MS * 1000 &&
           (double)longer_us >= (double)shorter_us * MATRIX_TIME_FACTOR;
}

/* MATRIX_CHANGE_COUNT if all is as it was. */
static enum matrix_change_kind kind_of(const struct run_scenario *before,
                                       const struct run_scenario *after)
{
    if (!after)
        return before ? MATRIX_CHANGE_REMOVED : MATRIX_CHANGE_COUNT;
    enum outcome is = outcome_of(after);
    if (!before)
        return is == OUTCOME_BAD ? MATRIX_CHANGE_NEWLY_FAILING : MATRIX_CHANGE_ADDED;
    enum outcome was = outcome_of(before);
    bool is_same = before->judgement->verdict == after->judgement->verdict &&
                   has_same_rules(before, after);
    if (is_same)
        return is_other_time(before->judgement->duration_us, after->judgement->duration_us)
                   ? MATRIX_CHANGE_TIMING : MATRIX_CHANGE_COUNT;
    if (is == OUTCOME_BAD && was != OUTCOME_BAD)
        return MATRIX_CHANGE_NEWLY_FAILING;
    if (is == OUTCOME_UNKNOWN || was == OUTCOME_UNKNOWN)
        return MATRIX_CHANGE_UNKNOWN;
    if (was != is)
        return MATRIX_CHANGE_FIXED;
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

static bool is_quiet(const struct run_scenario *scenario)
{
    return scenario && (scenario->judgement->verdict == VERDICT_PASS ||
                        scenario->judgement->verdict == VERDICT_SKIP);
}

static void add_change(struct matrix *matrix, enum matrix_change_kind kind, size_t run_index,
                       size_t row_index)
{
    matrix->changes = memory_grow(matrix->changes, &matrix->change_capacity_count,
                                  matrix->change_count + 1, sizeof *matrix->changes);
    matrix->changes[matrix->change_count++] = (struct matrix_change){kind, run_index, row_index};
}

static void find_changes(struct matrix *matrix)
{
    for (size_t i = 0; i < matrix->row_count; i++) {
        struct matrix_row *row = &matrix->rows[i];
        row->is_shown = !is_quiet(row->cells[0]);
        for (size_t j = 1; j < matrix->run_count; j++) {
            enum matrix_change_kind kind = kind_of(row->cells[j - 1], row->cells[j]);
            row->is_shown |= !is_quiet(row->cells[j]) || kind < MATRIX_CHANGE_TIMING;
            if (kind != MATRIX_CHANGE_COUNT)
                add_change(matrix, kind, j, i);
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
#define X(symbol, title) [MATRIX_CHANGE_##symbol] = title,
        MATRIX_CHANGES(X)
#undef X
    };
    return titles[kind];
}

const struct run_scenario *matrix_before(const struct matrix *matrix,
                                         const struct matrix_change *change)
{
    return matrix->rows[change->row_index].cells[change->run_index - 1];
}

const struct run_scenario *matrix_after(const struct matrix *matrix,
                                        const struct matrix_change *change)
{
    return matrix->rows[change->row_index].cells[change->run_index];
}

bool matrix_change_has_news(enum matrix_change_kind kind)
{
    return kind == MATRIX_CHANGE_NEWLY_FAILING || kind == MATRIX_CHANGE_OTHER_RULES;
}

enum run_exit matrix_exit(const struct matrix *matrix)
{
    enum run_exit exit = RUN_EXIT_EXPECTED;
    for (size_t i = 0; i < matrix->run_count; i++)
        exit = run_exit_worst(exit, (enum run_exit)matrix->runs[i].exit);
    return exit;
}
