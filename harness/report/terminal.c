#include "report/broken_rules.h"
#include "report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NAME_COLUMNS_MAX 56   /* a longer name pushes its own row only */
#define TEXT_BYTES_MAX   2000 /* of one sentence */
#define FINDINGS_MAX     8    /* of one scenario; all are in results.json */
#define RULES_SHOWN_FROM 6    /* so many scenarios show more findings than a reader can sum up */

enum colour { COLOUR_NONE, COLOUR_DIM, COLOUR_BOLD, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW };

static const char *const colour_codes[] = {"", "2", "1", "31", "32", "33"};

static const struct {
    const char *symbol;
    enum colour colour;
} looks[VERDICT_COUNT] = {
    [VERDICT_PASS] = {"✓", COLOUR_GREEN},         [VERDICT_WARN] = {"!", COLOUR_YELLOW},
    [VERDICT_FAIL] = {"✗", COLOUR_RED},           [VERDICT_SKIP] = {"-", COLOUR_DIM},
    [VERDICT_CLIENT_ERROR] = {"?", COLOUR_RED},   [VERDICT_ERROR] = {"?", COLOUR_RED},
};

/* What was worst stands last, next to the summary, where a reader looks first. */
static const enum verdict order[] = {VERDICT_PASS, VERDICT_SKIP,         VERDICT_WARN,
                                     VERDICT_FAIL, VERDICT_CLIENT_ERROR, VERDICT_ERROR};

#define ORDER_COUNT (sizeof order / sizeof order[0])

static void begin(const struct report_style *style, enum colour colour, struct buffer *out)
{
    if (style->has_colour && colour != COLOUR_NONE)
        buffer_printf(out, "\033[%sm", colour_codes[colour]);
}

static void end(const struct report_style *style, enum colour colour, struct buffer *out)
{
    if (style->has_colour && colour != COLOUR_NONE)
        buffer_append_text(out, "\033[0m");
}

static void append_safe(const char *text, struct buffer *out)
{
    if (text)
        text_append_escaped(out, text, strlen(text), TEXT_BYTES_MAX);
}

static size_t count_columns(const char *text, size_t size_bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < size_bytes; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

/* Appends text and then blanks up to `columns`. */
static void append_padded(const char *text, size_t columns, struct buffer *out)
{
    size_t start = out->size_bytes;
    append_safe(text, out);
    size_t used = count_columns(out->data + start, out->size_bytes - start);
    for (; used < columns; used++)
        buffer_append_text(out, " ");
}

/* ---- the table ---- */

struct columns {
    size_t verdict, name;
};

static struct columns measure(const struct run *run)
{
    struct columns columns = {0};
    for (size_t i = 0; i < run->scenario_count; i++) {
        const struct run_scenario *scenario = &run->scenarios[i];
        size_t verdict = strlen(verdict_name(scenario->judgement->verdict));
        size_t name = count_columns(scenario->name, strlen(scenario->name));
        if (verdict > columns.verdict)
            columns.verdict = verdict;
        if (name > columns.name)
            columns.name = name;
    }
    if (columns.name > NAME_COLUMNS_MAX)
        columns.name = NAME_COLUMNS_MAX;
    return columns;
}

static void append_duration(int64_t duration_us, struct buffer *out)
{
    if (duration_us < 9999500)
        buffer_printf(out, "%5" PRId64 " ms", (duration_us + 500) / 1000);
    else
        buffer_printf(out, "%6.1f s", (double)duration_us / 1e6);
}

static void append_counts(const struct judgement *judgement, struct buffer *out)
{
    if (judgement->published > 0)
        buffer_printf(out, "  %6" PRIu64 " published", judgement->published);
    if (judgement->lost > 0)
        buffer_printf(out, ", %" PRIu64 " lost", judgement->lost);
    if (judgement->duplicated > 0)
        buffer_printf(out, ", %" PRIu64 " twice", judgement->duplicated);
    if (judgement->unrecoverable > 0)
        buffer_printf(out, ", %" PRIu64 " unrecoverable", judgement->unrecoverable);
}

static void append_row(const struct run_scenario *scenario, const struct columns *columns,
                       const struct report_style *style, struct buffer *out)
{
    const struct judgement *judgement = scenario->judgement;
    enum verdict verdict = judgement->verdict;
    buffer_append_text(out, "  ");
    begin(style, looks[verdict].colour, out);
    buffer_printf(out, "%s %-*s", looks[verdict].symbol, (int)columns->verdict,
                  verdict_name(verdict));
    end(style, looks[verdict].colour, out);
    buffer_append_text(out, "  ");
    append_padded(scenario->name, columns->name, out);
    buffer_append_text(out, "  ");
    begin(style, COLOUR_DIM, out);
    if (scenario->transcript) {
        append_duration(judgement->duration_us, out);
        append_counts(judgement, out);
    }
    if (judgement->reason) {
        buffer_append_text(out, scenario->transcript ? "  " : "");
        append_safe(judgement->reason, out);
    }
    if (scenario->is_known)
        buffer_append_text(out, "  known");
    end(style, COLOUR_DIM, out);
    buffer_append_text(out, "\n");
}

static void append_place(const struct finding *finding, struct buffer *out)
{
    buffer_append_text(out, finding->level == RULE_LEVEL_SHOULD ? " (should" : " (must");
    if (finding->step > 0)
        buffer_printf(out, ", step %" PRIu32, finding->step);
    buffer_printf(out, ", %" PRId64 ".%d ms)", finding->at_us / 1000,
                  (int)(finding->at_us / 100 % 10));
}

static void append_finding(const struct run_scenario *scenario, size_t index,
                           const struct report_style *style, struct buffer *out)
{
    const struct finding *finding = &scenario->judgement->findings[index];
    const char *known_reason = run_known_reason(scenario, index);
    enum colour colour = finding->level == RULE_LEVEL_SHOULD ? COLOUR_YELLOW : COLOUR_RED;
    buffer_append_text(out, "      ");
    begin(style, colour, out);
    buffer_printf(out, "%-4s", rule_info(finding->rule)->id);
    end(style, colour, out);
    buffer_append_text(out, " ");
    append_safe(finding->message, out);
    begin(style, COLOUR_DIM, out);
    append_place(finding, out);
    end(style, COLOUR_DIM, out);
    buffer_append_text(out, "\n");
    if (finding->cause) {
        buffer_append_text(out, "           cause: ");
        append_safe(finding->cause, out);
        buffer_append_text(out, "\n");
    }
    if (known_reason) {
        buffer_append_text(out, "           known: ");
        append_safe(known_reason, out);
        buffer_append_text(out, "\n");
    }
}

static void append_details(const struct run_scenario *scenario, const struct report_style *style,
                           struct buffer *out)
{
    const struct judgement *judgement = scenario->judgement;
    for (size_t i = 0; i < judgement->finding_count && i < FINDINGS_MAX; i++)
        append_finding(scenario, i, style, out);
    if (judgement->finding_count > FINDINGS_MAX)
        buffer_printf(out, "           and %zu more in results.json\n",
                      judgement->finding_count - FINDINGS_MAX);
    if (judgement->verdict == VERDICT_PASS || judgement->verdict == VERDICT_SKIP)
        return;
    buffer_append_text(out, "           again: ");
    begin(style, COLOUR_BOLD, out);
    append_safe(scenario->reproduce, out);
    end(style, COLOUR_BOLD, out);
    buffer_append_text(out, "\n");
}

static void append_table(const struct run *run, const struct report_style *style,
                         struct buffer *out)
{
    struct columns columns = measure(run);
    for (size_t i = 0; i < ORDER_COUNT; i++) {
        if (style->is_quiet && (order[i] == VERDICT_PASS || order[i] == VERDICT_SKIP))
            continue;
        for (size_t j = 0; j < run->scenario_count; j++) {
            const struct run_scenario *scenario = &run->scenarios[j];
            if (scenario->judgement->verdict != order[i] ||
                (style->is_quiet && scenario->is_known))
                continue;
            append_row(scenario, &columns, style, out);
            append_details(scenario, style, out);
        }
    }
}

/* ---- what stands around it ---- */

static void append_heading(const struct run *run, const struct report_style *style,
                           struct buffer *out)
{
    begin(style, COLOUR_BOLD, out);
    append_safe(run->client_name, out);
    if (run->client_version && run->client_version[0]) {
        buffer_append_text(out, " ");
        append_safe(run->client_version, out);
    }
    end(style, COLOUR_BOLD, out);
    begin(style, COLOUR_DIM, out);
    buffer_append_text(out, "  --client ");
    append_safe(run->client_command, out);
    buffer_printf(out, "  seed %" PRIu64, run->seed);
    end(style, COLOUR_DIM, out);
    buffer_append_text(out, "\n\n");
}

/* ---- the rules that were broken ---- */

static void append_broken(const struct run *run, const struct report_style *style,
                          struct buffer *out)
{
    struct broken_rules broken = broken_rules_find(run);
    if (broken.scenario_count < RULES_SHOWN_FROM)
        return;
    buffer_append_text(out, "\nrules broken, in how many scenarios, and the worst of these:\n");
    for (size_t i = 0; i < broken.row_count; i++) {
        const struct broken_rule *row = &broken.rows[i];
        enum colour colour = row->level == RULE_LEVEL_MUST ? COLOUR_RED : COLOUR_YELLOW;
        buffer_append_text(out, "  ");
        begin(style, colour, out);
        buffer_printf(out, "%-4s", rule_info(row->rule)->id);
        end(style, colour, out);
        buffer_printf(out, " %-6s  %4zu  ", rule_level_name(row->level), row->scenario_count);
        append_safe(row->worst->name, out);
        buffer_append_text(out, ": ");
        append_safe(row->finding->message, out);
        buffer_append_text(out, "\n");
    }
}

/* ---- what else is to be told ---- */

static void append_flaky(const struct run *run, struct buffer *out)
{
    buffer_append_text(out, "\nthe verdict was not the same every time:\n");
    for (size_t i = 0; i < run->scenario_count; i++) {
        const struct run_scenario *scenario = &run->scenarios[i];
        const char *separator = ": ";
        if (!run_scenario_is_flaky(scenario))
            continue;
        buffer_append_text(out, "  ");
        append_safe(scenario->name, out);
        for (size_t j = 0; j < ORDER_COUNT; j++) {
            if (scenario->play_counts[order[j]] == 0)
                continue;
            buffer_printf(out, "%s%zu %s", separator, scenario->play_counts[order[j]],
                          verdict_name(order[j]));
            separator = ", ";
        }
        buffer_append_text(out, "\n");
    }
}

static void append_fixed(const struct run *run, struct buffer *out)
{
    buffer_append_text(out, "\nthe baseline must be looked at (`gapcheck baseline update`):\n");
    for (size_t i = 0; i < run->fixed_count; i++) {
        buffer_append_text(out, "  ");
        append_safe(run->fixed[i], out);
        buffer_append_text(out, "\n");
    }
}

/* "96 scenarios: 80 pass, 6 warn, 8 fail, 2 skip in 4.2 s; exit 1" */
static void append_summary(const struct run *run, const struct run_summary *summary,
                           const struct report_style *style, struct buffer *out)
{
    static const enum verdict words[] = {VERDICT_PASS,         VERDICT_WARN,  VERDICT_FAIL,
                                         VERDICT_CLIENT_ERROR, VERDICT_ERROR, VERDICT_SKIP};
    const char *separator = ": ";
    begin(style, COLOUR_BOLD, out);
    buffer_printf(out, "%zu scenario%s", summary->scenario_count,
                  summary->scenario_count == 1 ? "" : "s");
    end(style, COLOUR_BOLD, out);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t count = summary->verdict_counts[words[i]];
        if (count == 0)
            continue;
        buffer_append_text(out, separator);
        begin(style, looks[words[i]].colour, out);
        buffer_printf(out, "%zu %s", count, verdict_name(words[i]));
        end(style, looks[words[i]].colour, out);
        separator = ", ";
    }
    if (summary->known_count > 0)
        buffer_printf(out, ", %zu known", summary->known_count);
    if (summary->fixed_count > 0)
        buffer_printf(out, ", %zu fixed", summary->fixed_count);
    if (run->unplayed_count > 0)
        buffer_printf(out, ", %zu not played", run->unplayed_count);
    if (run->again_count > 0)
        buffer_printf(out, ", %zu played again (the machine was busy)", run->again_count);
    buffer_printf(out, " in %.1f s", (double)run->duration_ms / 1000);
    if (run->is_interrupted)
        buffer_append_text(out, "; interrupted");
    if (run->exit != RUN_EXIT_EXPECTED)
        buffer_printf(out, "; exit %d", run->exit);
    buffer_append_text(out, "\n");
}

void report_terminal(const struct run *run, const struct report_style *style, struct buffer *out)
{
    struct run_summary summary = run_summarize(run);
    if (!style->is_quiet)
        append_heading(run, style, out);
    size_t start = out->size_bytes;
    append_table(run, style, out);
    append_broken(run, style, out);
    if (summary.flaky_count > 0)
        append_flaky(run, out);
    if (run->fixed && run->fixed_count > 0)
        append_fixed(run, out);
    if (out->size_bytes > start)
        buffer_append_text(out, "\n");
    append_summary(run, &summary, style, out);
    if (style->folder) {
        buffer_append_text(out, "report: ");
        append_safe(style->folder, out);
        buffer_append_text(out, "\n");
    }
}
