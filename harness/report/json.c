#include "report/report.h"

#include "core/timestamp.h"

#include <inttypes.h>
#include <string.h>

#define MISSED_RANGES_MAX 1000 /* a client that loses every other event need not fill the file */

/* results.json, format 1. Written by hand and not with cJSON, so that numbers and the order of
 * members are the same wherever it is written. */

static void append_text(struct buffer *out, const char *text)
{
    if (text)
        text_append_json(out, text, strlen(text));
    else
        buffer_append_text(out, "null");
}

static const char *bool_name(bool value)
{
    return value ? "true" : "false";
}

static void append_finding(const struct run_scenario *scenario, size_t index, struct buffer *out)
{
    const struct finding *finding = &scenario->judgement->findings[index];
    const char *known_reason = run_known_reason(scenario, index);
    buffer_printf(out, "{ \"rule\": \"%s\", \"level\": \"%s\", \"message\": ",
                  rule_info(finding->rule)->id, rule_level_name(finding->level));
    append_text(out, finding->message);
    buffer_append_text(out, ", \"cause\": ");
    append_text(out, finding->cause);
    /* Tenths of a millisecond, cut and not rounded: integers stay exact. */
    buffer_printf(out, ", \"step\": %" PRIu32, finding->step);
    struct run_place place = run_finding_place(scenario, index);
    if (place.line > 0)
        buffer_printf(out, ", \"line\": %zu, \"column\": %zu", place.line, place.column);
    buffer_printf(out, ", \"at_ms\": %" PRId64 ".%d, \"known\": %s", finding->at_us / 1000,
                  (int)(finding->at_us / 100 % 10), bool_name(known_reason != NULL));
    if (known_reason) {
        buffer_append_text(out, ", \"reason\": ");
        append_text(out, known_reason);
    }
    buffer_append_text(out, " }");
}

static void append_findings(const struct run_scenario *scenario, const char *indent,
                            struct buffer *out)
{
    const struct judgement *judgement = scenario->judgement;
    buffer_printf(out, ",\n%s  \"findings\": [", indent);
    for (size_t i = 0; i < judgement->finding_count; i++) {
        buffer_printf(out, "%s\n%s    ", i ? "," : "", indent);
        append_finding(scenario, i, out);
    }
    if (judgement->finding_count > 0)
        buffer_printf(out, "\n%s  ", indent);
    buffer_append_text(out, "]");
}

/* Only where it was played more than once. */
static void append_plays(const struct run_scenario *scenario, const char *indent,
                         struct buffer *out)
{
    const char *separator = "";
    size_t play_count = 0;
    for (size_t i = 0; i < VERDICT_COUNT; i++)
        play_count += scenario->play_counts[i];
    if (play_count < 2)
        return;
    buffer_printf(out, ",\n%s  \"plays\": {", indent);
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (scenario->play_counts[i] == 0)
            continue;
        buffer_printf(out, "%s \"%s\": %zu", separator, verdict_name((enum verdict)i),
                      scenario->play_counts[i]);
        separator = ",";
    }
    buffer_append_text(out, " }");
}

static void append_rules(const struct judgement *judgement, const char *indent, struct buffer *out)
{
    const char *separator = "";
    buffer_printf(out, ",\n%s  \"rules\": {", indent);
    for (int i = 0; i < RULE_COUNT; i++) {
        if (judgement->rules[i] == RULE_STATUS_NOT_EXERCISED)
            continue;
        buffer_printf(out, "%s \"%s\": \"%s\"", separator, rule_info((enum rule)i)->id,
                      rule_status_name(judgement->rules[i]));
        separator = ",";
    }
    buffer_append_text(out, " }");
}

/* What the page of a report wants beside the verdict. */
static void append_about(const struct run_scenario *scenario, const char *indent,
                         struct buffer *out)
{
    buffer_printf(out, ",\n%s  \"title\": ", indent);
    append_text(out, scenario->title);
    buffer_append_text(out, ", \"why\": ");
    append_text(out, scenario->why);
    buffer_append_text(out, ", \"tags\": [");
    for (size_t i = 0; i < scenario->tag_count; i++) {
        buffer_append_text(out, i ? ", " : "");
        append_text(out, scenario->tags[i]);
    }
    buffer_printf(out, "], \"dialect\": \"%s\"", run_dialect_name(scenario->dialect));
}

static void append_missed(const struct judgement *judgement, const char *indent,
                          struct buffer *out)
{
    buffer_printf(out, ",\n%s  \"missed\": [", indent);
    for (size_t i = 0; i < judgement->missed_count && i < MISSED_RANGES_MAX; i++) {
        const struct missed_range *range = &judgement->missed[i];
        buffer_printf(out, "%s{ \"marker\": %" PRIu64 ", \"count\": %" PRIu64 ", \"rule\": ",
                      i ? ", " : "", range->marker, range->count);
        if (range->rule < RULE_COUNT)
            buffer_printf(out, "\"%s\" }", rule_info(range->rule)->id);
        else
            buffer_append_text(out, "null }");
    }
    buffer_append_text(out, "]");
}

static void append_counts(const struct judgement *judgement, struct buffer *out)
{
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"published", judgement->published},   {"owed", judgement->owed},
        {"dispatched", judgement->dispatched}, {"lost", judgement->lost},
        {"duplicated", judgement->duplicated}, {"unrecoverable", judgement->unrecoverable},
        {"connections", judgement->connections},
    };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        buffer_printf(out, "%s \"%s\": %" PRIu64, i ? "," : "", counts[i].name, counts[i].value);
}

void report_json_scenario(const struct run_scenario *scenario, const char *indent,
                          struct buffer *out)
{
    const struct judgement *judgement = scenario->judgement;
    buffer_append_text(out, "{ \"name\": ");
    append_text(out, scenario->name);
    buffer_append_text(out, ", \"file\": ");
    append_text(out, scenario->path);
    append_about(scenario, indent, out);
    buffer_printf(out, ",\n%s  \"verdict\": \"%s\"", indent, verdict_name(judgement->verdict));
    if (judgement->reason) { /* only of what was not judged to its end */
        buffer_append_text(out, ", \"reason\": ");
        append_text(out, judgement->reason);
    }
    buffer_printf(out, ", \"duration_ms\": %" PRId64 ",\n%s ",
                  (judgement->duration_us + 500) / 1000, indent);
    append_counts(judgement, out);
    buffer_printf(out, ",\n%s  \"known\": %s", indent, bool_name(scenario->is_known));
    append_findings(scenario, indent, out);
    append_rules(judgement, indent, out);
    append_plays(scenario, indent, out);
    append_missed(judgement, indent, out);
    buffer_printf(out, ",\n%s  \"transcript\": ", indent);
    append_text(out, scenario->transcript);
    buffer_printf(out, ",\n%s  \"reproduce\": ", indent);
    append_text(out, scenario->reproduce);
    buffer_append_text(out, " }");
}

static void append_client(const struct run *run, struct buffer *out)
{
    const char *separator = "";
    buffer_append_text(out, "  \"client\": { \"name\": ");
    append_text(out, run->client_name);
    buffer_append_text(out, ", \"version\": ");
    append_text(out, run->client_version);
    buffer_append_text(out, ", \"command\": ");
    append_text(out, run->client_command);
    buffer_append_text(out, ",\n    \"capabilities\": [");
    for (int i = 0; i < DRIVER_CAPABILITY_COUNT; i++) {
        enum driver_capability capability = (enum driver_capability)i;
        if (!driver_capabilities_have(run->capabilities, capability))
            continue;
        buffer_printf(out, "%s\"%s\"", separator, driver_capability_name(capability));
        separator = ", ";
    }
    buffer_append_text(out, "] },\n");
}

static void append_summary(const struct run *run, struct buffer *out)
{
    /* The order in which a reader asks, which is not the one in which verdicts win. */
    static const enum verdict order[] = {VERDICT_PASS,         VERDICT_WARN,  VERDICT_FAIL,
                                         VERDICT_CLIENT_ERROR, VERDICT_ERROR, VERDICT_SKIP};
    struct run_summary summary = run_summarize(run);
    buffer_printf(out, "  \"summary\": { \"scenarios\": %zu", summary.scenario_count);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        buffer_printf(out, ", \"%s\": %zu", verdict_name(order[i]),
                      summary.verdict_counts[order[i]]);
    buffer_printf(out, ", \"known\": %zu, \"fixed\": %zu },\n", summary.known_count,
                  summary.fixed_count);
}

/* What the exit hangs on beside the verdicts, so that parts of a run can be put together. */
static void append_circumstances(const struct run *run, struct buffer *out)
{
    buffer_printf(out, "  \"strict\": %s, \"interrupted\": %s, \"not_played\": %zu, \"shard\": ",
                  bool_name(run->is_strict), bool_name(run->is_interrupted), run->unplayed_count);
    if (run->shard_count > 1)
        buffer_printf(out, "{ \"index\": %zu, \"count\": %zu },\n", run->shard_index,
                      run->shard_count);
    else
        buffer_append_text(out, "null,\n");
}

static void append_fixed(const struct run *run, struct buffer *out)
{
    buffer_append_text(out, "  \"fixed\": [");
    for (size_t i = 0; run->fixed && i < run->fixed_count; i++) {
        buffer_append_text(out, i ? ",\n    " : "\n    ");
        append_text(out, run->fixed[i]);
    }
    buffer_append_text(out, run->fixed && run->fixed_count ? "\n  ],\n" : "],\n");
}

void report_json(const struct run *run, struct buffer *out)
{
    char started[TIMESTAMP_TEXT_BYTES];
    timestamp_format(run->started_ms, started);
    buffer_printf(out, "{ \"gapcheck\": \"%s\", \"format\": %d,\n", GAPCHECK_VERSION,
                  REPORT_JSON_FORMAT);
    append_client(run, out);
    buffer_printf(out,
                  "  \"seed\": %" PRIu64 ", \"started\": \"%s\", \"duration_ms\": %" PRId64
                  ", \"exit\": %d,\n",
                  run->seed, started, run->duration_ms, run->exit);
    append_circumstances(run, out);
    append_summary(run, out);
    append_fixed(run, out);
    buffer_append_text(out, "  \"scenarios\": [");
    for (size_t i = 0; i < run->scenario_count; i++) {
        buffer_append_text(out, i ? ",\n    " : "\n    ");
        report_json_scenario(&run->scenarios[i], "    ", out);
    }
    buffer_append_text(out, run->scenario_count ? "\n  ] }\n" : "] }\n");
}
