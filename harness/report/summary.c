#include "report/markdown.h"
#include "report/report.h"

#include <string.h>

#define ROWS_MAX       40 /* so that the whole stays below 60 lines */
#define FIXED_MAX      8

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

/* The worst first (enum verdict is in that order), and what is known behind all that is new. */
static void append_table(const struct run *run, struct buffer *out)
{
    size_t row_count = 0, left_out_count = 0;
    for (int rank = 0; rank < 2 * VERDICT_COUNT; rank++) {
        enum verdict verdict = (enum verdict)(rank % VERDICT_COUNT);
        bool is_known = rank >= VERDICT_COUNT;
        for (size_t i = 0; i < run->scenario_count; i++) {
            const struct run_scenario *scenario = &run->scenarios[i];
            if (scenario->judgement->verdict != verdict || scenario->is_known != is_known ||
                verdict == VERDICT_PASS || verdict == VERDICT_SKIP)
                continue;
            if (row_count == 0)
                buffer_append_text(out, "\n| verdict | scenario | rule | what happened |\n"
                                        "| --- | --- | --- | --- |\n");
            if (row_count++ < ROWS_MAX)
                append_row(scenario, out);
            else
                left_out_count++;
        }
    }
    if (left_out_count > 0)
        buffer_printf(out, "\n… and %zu more.\n", left_out_count);
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
    append_table(run, out);
    append_fixed(run, out);
}
