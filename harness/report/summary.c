#include "report/broken_rules.h"
#include "report/markdown.h"
#include "report/report.h"

#include <string.h>

#define LINES_MAX        60
#define HEADING_LINES    3
#define TABLE_LINES      3 /* that are no rows: a blank one and two of its head */
#define LEFT_OUT_LINES   2
#define FIXED_HEAD_LINES 3
#define RULES_MAX        15
#define FIXED_MAX        8

static void append_plays(const struct run_scenario *scenario, struct buffer *out)
{
    const char *separator = " (played several times: ";
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (scenario->play_counts[i] == 0)
            continue;
        buffer_printf(out, "%s%zu %s", separator, scenario->play_counts[i],
                      verdict_name((enum verdict)i));
        separator = ", ";
    }
    buffer_append_text(out, ")");
}

static void append_row(const struct run_scenario *scenario, struct buffer *out)
{
    const struct judgement *judgement = scenario->judgement;
    const struct finding *finding = judgement->finding_count > 0 ? judgement->findings : NULL;
    buffer_printf(out, "| %s%s | ", verdict_name(judgement->verdict),
                  scenario->is_known ? " (known)" : "");
    markdown_append(scenario->name, out);
    buffer_printf(out, " | %s | ", finding ? rule_info(finding->rule)->id : "");
    markdown_append(finding ? finding->message : judgement->reason, out);
    if (finding && finding->cause) {
        buffer_append_text(out, "; cause: ");
        markdown_append(finding->cause, out);
    }
    if (judgement->finding_count > 1)
        buffer_printf(out, " (and %zu more)", judgement->finding_count - 1);
    if (run_scenario_is_flaky(scenario))
        append_plays(scenario, out);
    buffer_append_text(out, " |\n");
}

static bool has_row(const struct run_scenario *scenario)
{
    enum verdict verdict = scenario->judgement->verdict;
    return verdict != VERDICT_PASS && verdict != VERDICT_SKIP;
}

/* The worst first (enum verdict is in that order), and what is known behind all that is new. */
static void append_table(const struct run *run, size_t rows_max, struct buffer *out)
{
    size_t row_count = 0, left_out_count = 0;
    for (int rank = 0; rank < 2 * VERDICT_COUNT; rank++) {
        enum verdict verdict = (enum verdict)(rank % VERDICT_COUNT);
        bool is_known = rank >= VERDICT_COUNT;
        for (size_t i = 0; i < run->scenario_count; i++) {
            const struct run_scenario *scenario = &run->scenarios[i];
            if (scenario->judgement->verdict != verdict || scenario->is_known != is_known ||
                !has_row(scenario))
                continue;
            if (row_count == 0)
                buffer_append_text(out, "\n| verdict | scenario | rule | what happened |\n"
                                        "| --- | --- | --- | --- |\n");
            if (row_count++ < rows_max)
                append_row(scenario, out);
            else
                left_out_count++;
        }
    }
    if (left_out_count > 0)
        buffer_printf(out, "\n… and %zu more.\n", left_out_count);
}

/* Where not every scenario has a row, each rule has one at least. Says how many rows it took. */
static size_t append_rules(const struct run *run, struct buffer *out)
{
    struct broken_rules broken = broken_rules_find(run);
    if (broken.row_count == 0)
        return 0;
    buffer_append_text(out, "\n| rule broken | level | scenarios | the worst of them |\n"
                            "| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < broken.row_count; i++) {
        const struct broken_rule *row = &broken.rows[i];
        if (i == RULES_MAX) {
            buffer_printf(out, "| … | | | and %zu more |\n", broken.row_count - i);
            return i + 1;
        }
        buffer_printf(out, "| %s | %s | %zu | ", rule_info(row->rule)->id,
                      rule_level_name(row->level), row->scenario_count);
        markdown_append(row->worst->name, out);
        buffer_append_text(out, ": ");
        markdown_append(row->finding->message, out);
        buffer_append_text(out, " |\n");
    }
    return broken.row_count;
}

static size_t count_fixed_lines(const struct run *run)
{
    if (!run->fixed || run->fixed_count == 0)
        return 0;
    return FIXED_HEAD_LINES + (run->fixed_count > FIXED_MAX ? FIXED_MAX + 1 : run->fixed_count);
}

static void append_what_happened(const struct run *run, struct buffer *out)
{
    size_t row_count = 0, rows_max = LINES_MAX - HEADING_LINES - TABLE_LINES - LEFT_OUT_LINES -
                                     count_fixed_lines(run);
    for (size_t i = 0; i < run->scenario_count; i++)
        row_count += has_row(&run->scenarios[i]);
    size_t rule_count = row_count > rows_max ? append_rules(run, out) : 0;
    append_table(run, rule_count > 0 ? rows_max - TABLE_LINES - rule_count : rows_max, out);
}

/* What the baseline lists and is no longer so. */
static void append_fixed(const struct run *run, struct buffer *out)
{
    for (size_t i = 0; run->fixed && i < run->fixed_count; i++) {
        if (i == 0)
            buffer_append_text(out, "\nThe baseline must be looked at:\n\n");
        if (i == FIXED_MAX) {
            buffer_printf(out, "- … and %zu more\n", run->fixed_count - i);
            return;
        }
        buffer_append_text(out, "- ");
        markdown_append(run->fixed[i], out);
        buffer_append_text(out, "\n");
    }
}

void report_summary(const struct run *run, struct buffer *out)
{
    struct run_summary summary = run_summarize(run);
    buffer_append_text(out, "## gapcheck: ");
    markdown_append(run->client_name, out);
    buffer_append_text(out, " ");
    markdown_append(run->client_version, out);
    buffer_printf(out, "\n\n**%zu scenario%s**", summary.scenario_count,
                  summary.scenario_count == 1 ? "" : "s");
    for (int i = VERDICT_COUNT - 1; i >= 0; i--)
        if (summary.verdict_counts[i] > 0)
            buffer_printf(out, ", %zu %s", summary.verdict_counts[i],
                          verdict_name((enum verdict)i));
    if (summary.known_count > 0)
        buffer_printf(out, ", %zu known", summary.known_count);
    if (summary.fixed_count > 0)
        buffer_printf(out, ", %zu fixed", summary.fixed_count);
    if (summary.flaky_count > 0)
        buffer_printf(out, ", %zu with verdicts that differ", summary.flaky_count);
    if (run->unplayed_count > 0)
        buffer_printf(out, ", %zu not played", run->unplayed_count);
    buffer_printf(out, " in %.1f s%s; exit %d.\n", (double)run->duration_ms / 1000,
                  run->is_interrupted ? "; interrupted" : "", run->exit);
    append_what_happened(run, out);
    append_fixed(run, out);
}
