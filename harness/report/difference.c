#include "report/difference.h"

#include <string.h>

#define NAME_BYTES_MAX    120
#define MESSAGE_BYTES_MAX 300
#define FINDINGS_SHOWN    3
#define TIMINGS_SHOWN     10 /* a busy machine makes hundreds; the page has all */
#define TITLE_COLUMNS     20 /* of the longest title */

static const struct {
    const char *symbol, *colour;
} looks[MATRIX_CHANGE_COUNT] = {
    [MATRIX_CHANGE_NEWLY_FAILING] = {"✗", "\033[31m"},
    [MATRIX_CHANGE_FIXED] = {"✓", "\033[32m"},
    [MATRIX_CHANGE_OTHER_RULES] = {"✗", "\033[31m"},
    [MATRIX_CHANGE_OTHER_VERDICT] = {"!", "\033[33m"},
    [MATRIX_CHANGE_UNKNOWN] = {"?", "\033[33m"},
    [MATRIX_CHANGE_ADDED] = {"+", ""},
    [MATRIX_CHANGE_REMOVED] = {"-", ""},
    [MATRIX_CHANGE_TIMING] = {"~", "\033[2m"},
};

static void append_cell(const struct run_scenario *scenario, bool is_time, struct buffer *out)
{
    if (!scenario)
        buffer_append_text(out, "not played");
    else if (is_time)
        buffer_printf(out, "%.0f ms", (double)scenario->judgement->duration_us / 1000);
    else
        buffer_append_text(out, verdict_name(scenario->judgement->verdict));
    if (scenario && scenario->is_known && !is_time)
        buffer_append_text(out, " (known)");
}

static void append_findings(const struct run_scenario *scenario, struct buffer *out)
{
    const struct judgement *judgement = scenario->judgement;
    for (size_t i = 0; i < judgement->finding_count && i < FINDINGS_SHOWN; i++) {
        const struct finding *finding = &judgement->findings[i];
        buffer_printf(out, "      %s  ", rule_info(finding->rule)->id);
        text_append_escaped(out, finding->message, strlen(finding->message), MESSAGE_BYTES_MAX);
        buffer_append_text(out, "\n");
    }
}

static void append_change(const struct matrix *matrix, const struct matrix_change *change,
                          const struct report_style *style, struct buffer *out)
{
    const char *name = matrix->rows[change->row_index].name;
    const char *colour = style->has_colour ? looks[change->kind].colour : "";
    bool is_time = change->kind == MATRIX_CHANGE_TIMING;
    buffer_printf(out, "  %s%s %-*s%s  ", colour, looks[change->kind].symbol, TITLE_COLUMNS,
                  matrix_change_title(change->kind), colour[0] ? "\033[0m" : "");
    text_append_escaped(out, name, strlen(name), NAME_BYTES_MAX);
    buffer_append_text(out, "  ");
    append_cell(matrix_before(matrix, change), is_time, out);
    buffer_append_text(out, " → ");
    append_cell(matrix_after(matrix, change), is_time, out);
    buffer_append_text(out, "\n");
    if (matrix_change_has_news(change->kind))
        append_findings(matrix_after(matrix, change), out);
}

/* "1 newly failing, 2 timing", or that there is none. */
static void append_counts(const struct matrix *matrix, struct buffer *out)
{
    size_t counts[MATRIX_CHANGE_COUNT] = {0};
    const char *separator = "";
    for (size_t i = 0; i < matrix->change_count; i++)
        counts[matrix->changes[i].kind]++;
    for (int i = 0; i < MATRIX_CHANGE_COUNT; i++) {
        if (counts[i] == 0)
            continue;
        buffer_printf(out, "%s%zu %s", separator, counts[i],
                      matrix_change_title((enum matrix_change_kind)i));
        separator = "; ";
    }
    buffer_append_text(out, matrix->change_count ? "\n"
                                                 : "nothing has changed between the two runs\n");
}

void report_difference(const struct matrix *matrix, const struct report_style *style,
                       struct buffer *out)
{
    size_t timing_count = 0;
    for (size_t i = 0; i < matrix->change_count; i++) {
        enum matrix_change_kind kind = matrix->changes[i].kind;
        timing_count += kind == MATRIX_CHANGE_TIMING;
        if (kind == MATRIX_CHANGE_NEWLY_FAILING ||
            (!style->is_quiet && timing_count <= TIMINGS_SHOWN))
            append_change(matrix, &matrix->changes[i], style, out);
    }
    if (timing_count > TIMINGS_SHOWN && !style->is_quiet)
        buffer_printf(out, "  … and %zu more with another time\n", timing_count - TIMINGS_SHOWN);
    if (matrix->change_count && !style->is_quiet)
        buffer_append_text(out, "\n");
    append_counts(matrix, out);
}

void report_difference_json(const struct matrix *matrix, struct buffer *out)
{
    buffer_append_text(out, "[");
    for (size_t i = 0; i < matrix->change_count; i++) {
        const char *name = matrix->rows[matrix->changes[i].row_index].name;
        buffer_printf(out, "%s{\"kind\":\"%s\",\"name\":", i ? "," : "",
                      matrix_change_title(matrix->changes[i].kind));
        text_append_json(out, name, strlen(name));
        buffer_append_text(out, "}");
    }
    buffer_append_text(out, "]");
}

enum run_exit difference_exit(const struct matrix *matrix)
{
    enum run_exit exit = RUN_EXIT_EXPECTED;
    for (size_t i = 0; i < matrix->change_count; i++) {
        const struct matrix_change *change = &matrix->changes[i];
        const struct run_scenario *after = matrix_after(matrix, change);
        if (change->kind == MATRIX_CHANGE_NEWLY_FAILING && !after->is_known)
            exit = run_exit_worst(exit, RUN_EXIT_BROKEN);
        if (change->kind == MATRIX_CHANGE_UNKNOWN || change->kind == MATRIX_CHANGE_ADDED)
            if (after->judgement->verdict == VERDICT_CLIENT_ERROR ||
                after->judgement->verdict == VERDICT_ERROR)
                exit = run_exit_worst(exit, RUN_EXIT_INCONCLUSIVE);
    }
    return exit;
}
