/* The kill matrix for a terminal: a line a mutant, a line a scenario, and what is missing. */
#include "report/kill_matrix.h"

#include <string.h>

#define COLUMNS_MAX 60 /* a longer name pushes its own row only */

enum look { LOOK_GOOD, LOOK_BAD };

static void begin(const struct report_style *style, enum look look, struct buffer *out)
{
    if (style->has_colour)
        buffer_append_text(out, look == LOOK_GOOD ? "\033[32m" : "\033[31m");
}

static void end(const struct report_style *style, struct buffer *out)
{
    if (style->has_colour)
        buffer_append_text(out, "\033[0m");
}

static void append_mark(const struct report_style *style, bool is_good, struct buffer *out)
{
    begin(style, is_good ? LOOK_GOOD : LOOK_BAD, out);
    buffer_append_text(out, is_good ? "  ✓ " : "  ✗ ");
    end(style, out);
}

static int widest(const char *text, int columns)
{
    int width = (int)strlen(text);
    return width > columns && width <= COLUMNS_MAX ? width : columns;
}

/* ---- mutants ---- */

static size_t first_killer(const struct kill_matrix *matrix, size_t mutant)
{
    size_t scenario = 0;
    while (!kill_matrix_kills_by_rule(matrix, mutant, scenario))
        scenario++;
    return scenario;
}

static void append_killers(const struct kill_matrix *matrix, size_t mutant, struct buffer *out)
{
    for (size_t i = 0; i < matrix->scenario_count; i++) {
        if (!kill_matrix_kills(matrix, mutant, i))
            continue;
        buffer_printf(out, "        %s: ", matrix->scenarios[i]);
        kill_cell_append_rules(kill_matrix_cell(matrix, mutant, i), out);
        buffer_append_text(out, "\n");
    }
}

static void append_mutant(const struct kill_matrix *matrix, size_t mutant, int columns,
                          const struct report_style *style, struct buffer *out)
{
    const struct kill_mutant *info = &matrix->mutants[mutant];
    size_t by_rule = kill_matrix_killer_count(matrix, mutant, true);
    size_t by_any = kill_matrix_killer_count(matrix, mutant, false);
    append_mark(style, by_rule > 0, out);
    buffer_printf(out, "%-*s  %-4s  ", columns, info->name, info->rule);
    if (by_rule > 0)
        buffer_printf(out, "%3zu  %s", by_rule, matrix->scenarios[first_killer(matrix, mutant)]);
    else
        buffer_printf(out, "  0  %s", by_any > 0 ? "by another rule only" : "survives");
    if (info->world != KILL_WORLD_SIMULATED)
        buffer_append_text(out, info->world == KILL_WORLD_LIVE ? "  (live)" : "  (live too)");
    buffer_append_text(out, "\n");
}

static void append_mutants(const struct kill_matrix *matrix, const struct report_style *style,
                           bool is_verbose, struct buffer *out)
{
    int columns = 0;
    for (size_t i = 0; i < matrix->mutant_count; i++)
        columns = widest(matrix->mutants[i].name, columns);
    buffer_printf(out, "    %-*s  %-4s  by so many, the first of them\n", columns, "mutant",
                  "rule");
    for (size_t i = 0; i < matrix->mutant_count; i++) {
        if (kill_mutant_is_reference(&matrix->mutants[i]))
            continue;
        bool is_good = kill_matrix_killer_count(matrix, i, true) > 0;
        if (style->is_quiet && is_good)
            continue;
        append_mutant(matrix, i, columns, style, out);
        if (is_verbose)
            append_killers(matrix, i, out);
    }
    buffer_append_text(out, "\n");
}

/* ---- scenarios ---- */

static void append_scenarios(const struct kill_matrix *matrix, const struct report_style *style,
                             struct buffer *out)
{
    int columns = 0;
    for (size_t i = 0; i < matrix->scenario_count; i++)
        columns = widest(matrix->scenarios[i], columns);
    buffer_printf(out, "    %-*s  kills\n", columns, "scenario");
    for (size_t i = 0; i < matrix->scenario_count; i++) {
        size_t count = kill_matrix_kill_count(matrix, i);
        bool is_played = kill_matrix_is_played(matrix, i);
        if (style->is_quiet && (count > 0 || !is_played))
            continue;
        append_mark(style, count > 0 || !is_played, out);
        buffer_printf(out, "%-*s  ", columns, matrix->scenarios[i]);
        if (is_played)
            buffer_printf(out, "%5zu\n", count);
        else
            buffer_append_text(out, " skip\n");
    }
    buffer_append_text(out, "\n");
}

/* ---- what it comes to ---- */

struct missing_list {
    const struct report_style *style;
    struct buffer *out;
};

static void append_missing(void *user, const char *sentence)
{
    struct missing_list *list = user;
    append_mark(list->style, false, list->out);
    buffer_printf(list->out, "%s\n", sentence);
}

static void append_summary(const struct kill_matrix *matrix, size_t missing_count,
                           struct buffer *out)
{
    size_t mutant_count = 0, killed_count = 0, killing_count = 0;
    for (size_t i = 0; i < matrix->mutant_count; i++) {
        mutant_count += !kill_mutant_is_reference(&matrix->mutants[i]);
        killed_count += kill_matrix_killer_count(matrix, i, true) > 0;
    }
    for (size_t i = 0; i < matrix->scenario_count; i++)
        killing_count += kill_matrix_kill_count(matrix, i) > 0;
    buffer_printf(out, "%zu of %zu mutants killed by the rule they break, %zu of %zu scenarios "
                       "kill one",
                  killed_count, mutant_count, killing_count, matrix->scenario_count);
    if (matrix->sample_count > 0)
        buffer_printf(out, ", %zu pairs played live too", matrix->sample_count);
    if (missing_count > 0)
        buffer_printf(out, "; %zu missing", missing_count);
    buffer_printf(out, " in %.1f s", (double)matrix->duration_ms / 1000);
    if (matrix->is_interrupted)
        buffer_append_text(out, "; interrupted");
    if (matrix->exit != 0)
        buffer_printf(out, "; exit %d", matrix->exit);
    buffer_append_text(out, "\n");
}

void report_kill_matrix(const struct kill_matrix *matrix, const struct report_style *style,
                        bool is_verbose, struct buffer *out)
{
    append_mutants(matrix, style, is_verbose, out);
    append_scenarios(matrix, style, out);
    struct missing_list list = {style, out};
    size_t missing_count = kill_matrix_missing(matrix, append_missing, &list);
    if (missing_count > 0)
        buffer_append_text(out, "\n");
    append_summary(matrix, missing_count, out);
    if (style->folder)
        buffer_printf(out, "report: %s\n", style->folder);
}
