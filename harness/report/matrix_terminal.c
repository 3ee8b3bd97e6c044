#include "report/matrix.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

#define NAME_COLUMNS_MAX 56
#define CELL_COLUMNS_MAX 30
#define TEXT_BYTES_MAX   2000

static const struct {
    const char *symbol, *colour;
} looks[VERDICT_COUNT] = {
    [VERDICT_PASS] = {"✓", "32"}, [VERDICT_WARN] = {"!", "33"},
    [VERDICT_FAIL] = {"✗", "31"}, [VERDICT_SKIP] = {"-", "2"},
    [VERDICT_CLIENT_ERROR] = {"?", "31"}, [VERDICT_ERROR] = {"?", "31"},
};

static size_t count_columns(const char *text, size_t size_bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < size_bytes; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static void append_safe(const char *text, struct buffer *out)
{
    text_append_escaped(out, text ? text : "", text ? strlen(text) : 0, TEXT_BYTES_MAX);
}

/* Blanks up to `columns`, counted from `start`. */
static void pad_from(size_t start, size_t columns, struct buffer *out)
{
    for (size_t used = count_columns(out->data + start, out->size_bytes - start); used < columns;
         used++)
        buffer_append_text(out, " ");
}

/* ---- the matrix ---- */

/* Without colour: widths are measured from it, too. */
static void append_cell(const struct run_scenario *scenario, struct buffer *out)
{
    if (!scenario) {
        buffer_append_text(out, "not played");
        return;
    }
    enum verdict verdict = scenario->judgement->verdict;
    buffer_append_text(out, looks[verdict].symbol);
    if (verdict != VERDICT_PASS)
        buffer_append_text(out, " ");
    if (verdict == VERDICT_FAIL || verdict == VERDICT_WARN)
        matrix_append_rules(scenario, out);
    else if (verdict != VERDICT_PASS)
        buffer_append_text(out, verdict_name(verdict));
    if (scenario->is_known)
        buffer_append_text(out, " known");
}

static size_t cell_columns(const struct run_scenario *scenario)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    append_cell(scenario, &text);
    size_t columns = count_columns(text.data, text.size_bytes);
    buffer_free(&text);
    return columns;
}

static size_t at_most(size_t value, size_t max)
{
    return value < max ? value : max;
}

static size_t column_width(const struct matrix *matrix, size_t run_index)
{
    const char *label = matrix->runs[run_index].client_command;
    size_t width = count_columns(label, strlen(label));
    for (size_t i = 0; i < matrix->row_count; i++) {
        size_t columns =
            matrix->rows[i].is_shown ? cell_columns(matrix->rows[i].cells[run_index]) : 0;
        width = columns > width ? columns : width;
    }
    return at_most(width, CELL_COLUMNS_MAX);
}

static size_t name_width(const struct matrix *matrix)
{
    size_t width = 0;
    for (size_t i = 0; i < matrix->row_count; i++) {
        const struct matrix_row *row = &matrix->rows[i];
        size_t columns = row->is_shown ? count_columns(row->name, strlen(row->name)) : 0;
        width = columns > width ? columns : width;
    }
    return at_most(width, NAME_COLUMNS_MAX);
}

static void append_row(const struct matrix *matrix, const struct matrix_row *row,
                       const size_t *widths, size_t name_columns,
                       const struct report_style *style, struct buffer *out)
{
    size_t start = out->size_bytes;
    buffer_append_text(out, "  ");
    append_safe(row->name, out);
    pad_from(start, name_columns + 2, out);
    for (size_t i = 0; i < matrix->run_count; i++) {
        const struct run_scenario *scenario = row->cells[i];
        bool has_colour = style->has_colour && scenario;
        buffer_append_text(out, "  ");
        if (has_colour)
            buffer_printf(out, "\033[%sm", looks[scenario->judgement->verdict].colour);
        start = out->size_bytes;
        append_cell(scenario, out);
        if (i + 1 < matrix->run_count)
            pad_from(start, widths[i], out);
        if (has_colour)
            buffer_append_text(out, "\033[0m");
    }
    buffer_append_text(out, "\n");
}

static void append_head(const struct matrix *matrix, const size_t *widths, size_t name_columns,
                        struct buffer *out)
{
    size_t start = out->size_bytes;
    pad_from(start, name_columns + 2, out);
    for (size_t i = 0; i < matrix->run_count; i++) {
        buffer_append_text(out, "  ");
        start = out->size_bytes;
        append_safe(matrix->runs[i].client_command, out);
        if (i + 1 < matrix->run_count)
            pad_from(start, widths[i], out);
    }
    buffer_append_text(out, "\n");
}

static void append_rows(const struct matrix *matrix, const struct report_style *style,
                        struct buffer *out)
{
    size_t *widths = memory_alloc(matrix->run_count, sizeof *widths);
    size_t name_columns = name_width(matrix), shown_count = 0;
    for (size_t i = 0; i < matrix->run_count; i++)
        widths[i] = column_width(matrix, i);
    for (size_t i = 0; i < matrix->row_count; i++)
        shown_count += matrix->rows[i].is_shown;
    if (shown_count > 0)
        append_head(matrix, widths, name_columns, out);
    for (size_t i = 0; i < matrix->row_count; i++)
        if (matrix->rows[i].is_shown)
            append_row(matrix, &matrix->rows[i], widths, name_columns, style, out);
    if (shown_count < matrix->row_count)
        buffer_printf(out, "  without a finding in any of them: %zu scenario%s\n",
                      matrix->row_count - shown_count,
                      matrix->row_count - shown_count == 1 ? "" : "s");
    free(widths);
}

/* ---- what changed ---- */

static void append_change(const struct matrix *matrix, const struct matrix_change *change,
                          struct buffer *out)
{
    const struct run_scenario *after = matrix_after(matrix, change);
    buffer_append_text(out, "    ");
    append_safe(matrix->rows[change->row_index].name, out);
    buffer_append_text(out, "  ");
    append_cell(matrix_before(matrix, change), out);
    buffer_append_text(out, " → ");
    append_cell(after, out);
    buffer_append_text(out, "\n");
    if (matrix_change_has_news(change->kind)) {
        buffer_append_text(out, "        ");
        append_safe(after->judgement->findings ? after->judgement->findings[0].message : NULL,
                    out);
        buffer_append_text(out, "\n        again: ");
        append_safe(after->reproduce, out);
        buffer_append_text(out, "\n");
    }
}

static void append_changes(const struct matrix *matrix, size_t run_index, struct buffer *out)
{
    bool is_any = false;
    int last_kind = -1;
    buffer_append_text(out, "\nwhat did ");
    append_safe(matrix->runs[run_index].client_command, out);
    buffer_append_text(out, " change against ");
    append_safe(matrix->runs[run_index - 1].client_command, out);
    buffer_append_text(out, "?\n");
    for (size_t i = 0; i < matrix->change_count; i++) {
        const struct matrix_change *change = &matrix->changes[i];
        /* Side by side on one machine, two clients disturb each other's times. */
        if (change->run_index != run_index || change->kind == MATRIX_CHANGE_TIMING)
            continue;
        if ((int)change->kind != last_kind)
            buffer_printf(out, "  %s:\n", matrix_change_title(change->kind));
        last_kind = (int)change->kind;
        is_any = true;
        append_change(matrix, change, out);
    }
    if (!is_any)
        buffer_append_text(out, "  nothing: each scenario has the verdict and the rules it had\n");
}

/* "relaycast@4.0.0  323 scenarios: 240 pass, 83 fail; exit 1" */
static void append_totals(const struct run *run, struct buffer *out)
{
    struct run_summary summary = run_summarize(run);
    const char *separator = ": ";
    append_safe(run->client_command, out);
    buffer_printf(out, "  %zu scenario%s", summary.scenario_count,
                  summary.scenario_count == 1 ? "" : "s");
    for (int i = VERDICT_COUNT - 1; i >= 0; i--) {
        if (summary.verdict_counts[i] == 0)
            continue;
        buffer_printf(out, "%s%zu %s", separator, summary.verdict_counts[i],
                      verdict_name((enum verdict)i));
        separator = ", ";
    }
    if (summary.known_count > 0)
        buffer_printf(out, ", %zu known", summary.known_count);
    buffer_printf(out, " in %.1f s%s; exit %d\n", (double)run->duration_ms / 1000,
                  run->is_interrupted ? "; interrupted" : "", run->exit);
}

void report_matrix_terminal(const struct matrix *matrix, const struct report_style *style,
                            struct buffer *out)
{
    if (!style->is_quiet)
        append_rows(matrix, style, out);
    for (size_t i = 1; i < matrix->run_count; i++)
        append_changes(matrix, i, out);
    buffer_append_text(out, "\n");
    for (size_t i = 0; i < matrix->run_count; i++)
        append_totals(&matrix->runs[i], out);
    if (style->folder) {
        buffer_append_text(out, "report: ");
        append_safe(style->folder, out);
        buffer_append_text(out, "\n");
    }
}
