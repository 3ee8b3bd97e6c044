#include "report/markdown.h"
#include "report/matrix.h"

/* Together with what stands around them they stay below 60 lines. */
#define RUNS_MAX    8
#define CHANGES_MAX 16
#define ROWS_MAX    16
#define COLUMNS_MAX 8

static void append_verdict(const struct run_scenario *scenario, struct buffer *out)
{
    if (!scenario) {
        buffer_append_text(out, "not played");
        return;
    }
    buffer_append_text(out, verdict_name(scenario->judgement->verdict));
    if (scenario->judgement->finding_count > 0)
        buffer_append_text(out, " ");
    matrix_append_rules(scenario, out);
    if (scenario->is_known)
        buffer_append_text(out, " (known)");
}

/* ---- the runs ---- */

static void append_runs(const struct matrix *matrix, struct buffer *out)
{
    buffer_append_text(out, "| client | scenarios | pass | warn | fail | exit |\n"
                            "| --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < matrix->run_count && i < RUNS_MAX; i++) {
        const struct run *run = &matrix->runs[i];
        struct run_summary summary = run_summarize(run);
        buffer_append_text(out, "| ");
        markdown_append(run->client_command, out);
        buffer_printf(out, " | %zu | %zu | %zu | %zu | %d |\n", summary.scenario_count,
                      summary.verdict_counts[VERDICT_PASS], summary.verdict_counts[VERDICT_WARN],
                      summary.verdict_counts[VERDICT_FAIL], run->exit);
    }
    if (matrix->run_count > RUNS_MAX)
        buffer_printf(out, "\n… and %zu more.\n", matrix->run_count - RUNS_MAX);
}

/* ---- what changed ---- */

static void append_change(const struct matrix *matrix, const struct matrix_change *change,
                          struct buffer *out)
{
    const struct run_scenario *after = matrix_after(matrix, change);
    buffer_append_text(out, "| ");
    markdown_append(matrix->runs[change->run_index].client_command, out);
    buffer_printf(out, " | %s | ", matrix_change_title(change->kind));
    markdown_append(matrix->rows[change->row_index].name, out);
    buffer_append_text(out, " | ");
    append_verdict(matrix_before(matrix, change), out);
    buffer_append_text(out, " → ");
    append_verdict(after, out);
    if (matrix_change_has_news(change->kind) && after->judgement->finding_count > 0) {
        buffer_append_text(out, ": ");
        markdown_append(after->judgement->findings[0].message, out);
    }
    buffer_append_text(out, " |\n");
}

static void append_changes(const struct matrix *matrix, struct buffer *out)
{
    buffer_append_text(out, "\n### What did each change against the one before it?\n\n");
    size_t count = 0;
    for (size_t i = 0; i < matrix->change_count; i++) {
        if (matrix->changes[i].kind == MATRIX_CHANGE_TIMING)
            continue;
        if (count == 0)
            buffer_append_text(out, "| client | change | scenario | what happened |\n"
                                    "| --- | --- | --- | --- |\n");
        if (count++ < CHANGES_MAX)
            append_change(matrix, &matrix->changes[i], out);
    }
    if (count == 0)
        buffer_append_text(out, "Nothing: each scenario has the verdict and the rules it had.\n");
    if (count > CHANGES_MAX)
        buffer_printf(out, "\n… and %zu more.\n", count - CHANGES_MAX);
}

/* ---- the matrix ---- */

static size_t column_count(const struct matrix *matrix)
{
    return matrix->run_count < COLUMNS_MAX ? matrix->run_count : COLUMNS_MAX;
}

static void append_head(const struct matrix *matrix, struct buffer *out)
{
    buffer_append_text(out, "\n### What fails or differs\n\n| scenario |");
    for (size_t i = 0; i < column_count(matrix); i++) {
        buffer_append_text(out, " ");
        markdown_append(matrix->runs[i].client_command, out);
        buffer_append_text(out, " |");
    }
    buffer_append_text(out, "\n| --- |");
    for (size_t i = 0; i < column_count(matrix); i++)
        buffer_append_text(out, " --- |");
    buffer_append_text(out, "\n");
}

static void append_rows(const struct matrix *matrix, struct buffer *out)
{
    size_t shown_count = 0;
    for (size_t i = 0; i < matrix->row_count; i++) {
        const struct matrix_row *row = &matrix->rows[i];
        if (!row->is_shown || shown_count++ >= ROWS_MAX)
            continue;
        if (shown_count == 1)
            append_head(matrix, out);
        buffer_append_text(out, "| ");
        markdown_append(row->name, out);
        buffer_append_text(out, " |");
        for (size_t j = 0; j < column_count(matrix); j++) {
            buffer_append_text(out, " ");
            append_verdict(row->cells[j], out);
            buffer_append_text(out, " |");
        }
        buffer_append_text(out, "\n");
    }
    if (shown_count > ROWS_MAX)
        buffer_printf(out, "\n… and %zu more.\n", shown_count - ROWS_MAX);
}

void report_matrix_summary(const struct matrix *matrix, struct buffer *out)
{
    buffer_printf(out, "## gapcheck: %zu clients side by side; exit %d\n\n", matrix->run_count,
                  (int)matrix_exit(matrix));
    append_runs(matrix, out);
    append_changes(matrix, out);
    append_rows(matrix, out);
}
