/* mutants.json, format 1: the whole matrix, sparsely: a cell is there where a mutant was killed. */
#include "report/kill_matrix.h"

#include <inttypes.h>
#include <string.h>

static const char *bool_name(bool value)
{
    return value ? "true" : "false";
}

static void append_text(const char *text, struct buffer *out)
{
    text_append_json(out, text, strlen(text));
}

static void append_cell(const struct kill_cell *cell, struct buffer *out)
{
    const char *separator = "";
    buffer_printf(out, "\"verdict\": \"%s\", \"rules\": [",
                  cell->is_played ? verdict_name(cell->verdict) : "not played");
    for (int i = 0; i < RULE_COUNT; i++) {
        if ((cell->rules >> i & 1) == 0)
            continue;
        buffer_printf(out, "%s\"%s\"", separator, rule_info((enum rule)i)->id);
        separator = ", ";
    }
    buffer_append_text(out, "]");
}

/* ---- the parts ---- */

static void append_summary(const struct kill_matrix *matrix, struct buffer *out)
{
    size_t mutant_count = 0, killed_count = 0, killing_count = 0, agreeing_count = 0;
    for (size_t i = 0; i < matrix->mutant_count; i++) {
        mutant_count += !kill_mutant_is_reference(&matrix->mutants[i]);
        killed_count += kill_matrix_killer_count(matrix, i, true) > 0;
    }
    for (size_t i = 0; i < matrix->scenario_count; i++)
        killing_count += kill_matrix_kill_count(matrix, i) > 0;
    for (size_t i = 0; i < matrix->sample_count; i++)
        agreeing_count += kill_sample_agrees(&matrix->samples[i]);
    buffer_printf(out,
                  "  \"summary\": { \"mutants\": %zu, \"killed\": %zu, \"scenarios\": %zu, "
                  "\"killing\": %zu, \"sampled\": %zu, \"agreeing\": %zu },\n",
                  mutant_count, killed_count, matrix->scenario_count, killing_count,
                  matrix->sample_count, agreeing_count);
}

/* Of the reference: where it does not pass. */
static bool is_told(const struct kill_matrix *matrix, size_t mutant, size_t scenario)
{
    const struct kill_cell *cell = kill_matrix_cell(matrix, mutant, scenario);
    return cell->is_played && cell->verdict != VERDICT_PASS && cell->verdict != VERDICT_SKIP;
}

static void append_mutant(const struct kill_matrix *matrix, size_t mutant, struct buffer *out)
{
    const struct kill_mutant *info = &matrix->mutants[mutant];
    const char *separator = "";
    buffer_append_text(out, "{ \"name\": ");
    append_text(info->name, out);
    if (kill_mutant_is_reference(info))
        buffer_append_text(out, ", \"rule\": null");
    else
        buffer_printf(out, ", \"rule\": \"%s\"", info->rule);
    buffer_append_text(out, ", \"does\": ");
    append_text(info->sentence, out);
    buffer_printf(out, ",\n      \"world\": \"%s\", \"killed\": %s, \"verdicts\": [",
                  kill_world_name(info->world),
                  bool_name(kill_matrix_killer_count(matrix, mutant, true) > 0));
    for (size_t i = 0; i < matrix->scenario_count; i++) {
        if (!is_told(matrix, mutant, i))
            continue;
        buffer_printf(out, "%s\n        { \"scenario\": ", separator);
        append_text(matrix->scenarios[i], out);
        buffer_append_text(out, ", ");
        append_cell(kill_matrix_cell(matrix, mutant, i), out);
        buffer_append_text(out, " }");
        separator = ",";
    }
    buffer_append_text(out, separator[0] ? "\n      ] }" : "] }");
}

static void append_mutants(const struct kill_matrix *matrix, struct buffer *out)
{
    buffer_append_text(out, "  \"mutants\": [");
    for (size_t i = 0; i < matrix->mutant_count; i++) {
        buffer_append_text(out, i ? ",\n    " : "\n    ");
        append_mutant(matrix, i, out);
    }
    buffer_append_text(out, "\n  ],\n");
}

static void append_scenarios(const struct kill_matrix *matrix, struct buffer *out)
{
    buffer_append_text(out, "  \"scenarios\": [");
    for (size_t i = 0; i < matrix->scenario_count; i++) {
        buffer_append_text(out, i ? ",\n    { \"name\": " : "\n    { \"name\": ");
        append_text(matrix->scenarios[i], out);
        buffer_printf(out, ", \"kills\": %zu }", kill_matrix_kill_count(matrix, i));
    }
    buffer_append_text(out, "\n  ],\n");
}

static void append_samples(const struct kill_matrix *matrix, struct buffer *out)
{
    buffer_append_text(out, "  \"samples\": [");
    for (size_t i = 0; i < matrix->sample_count; i++) {
        const struct kill_sample *sample = &matrix->samples[i];
        buffer_append_text(out, i ? ",\n    { \"mutant\": " : "\n    { \"mutant\": ");
        append_text(matrix->mutants[sample->mutant].name, out);
        buffer_append_text(out, ", \"scenario\": ");
        append_text(matrix->scenarios[sample->scenario], out);
        buffer_printf(out, ", \"agrees\": %s,\n      \"simulated\": { ",
                      bool_name(kill_sample_agrees(sample)));
        append_cell(&sample->simulated, out);
        buffer_append_text(out, " }, \"live\": { ");
        append_cell(&sample->live, out);
        buffer_append_text(out, " } }");
    }
    buffer_append_text(out, matrix->sample_count ? "\n  ],\n" : "],\n");
}

struct missing_list {
    const char *separator;
    struct buffer *out;
};

static void append_missing(void *user, const char *sentence)
{
    struct missing_list *list = user;
    buffer_append_text(list->out, list->separator);
    append_text(sentence, list->out);
    list->separator = ",\n    ";
}

void report_kill_matrix_json(const struct kill_matrix *matrix, struct buffer *out)
{
    buffer_printf(out,
                  "{ \"gapcheck\": \"%s\", \"format\": %d,\n  \"seed\": %" PRIu64
                  ", \"duration_ms\": %" PRId64 ", \"exit\": %d,\n",
                  GAPCHECK_VERSION, KILL_MATRIX_JSON_FORMAT, matrix->seed, matrix->duration_ms,
                  matrix->exit);
    append_summary(matrix, out);
    append_mutants(matrix, out);
    append_scenarios(matrix, out);
    append_samples(matrix, out);
    struct missing_list list = {"\n    ", out};
    buffer_append_text(out, "  \"missing\": [");
    size_t missing_count = kill_matrix_missing(matrix, append_missing, &list);
    buffer_append_text(out, missing_count ? "\n  ] }\n" : "] }\n");
}
