#include "report/report.h"

#include "core/timestamp.h"
#include "report/xml.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* junit.xml, as CI systems read it (reports/junit.xsd): one suite, a test case a scenario. The
 * order of attributes and elements is the strictest that is in use. */

enum outcome { OUTCOME_PASSED, OUTCOME_FAILED, OUTCOME_ERROR, OUTCOME_SKIPPED, OUTCOME_KNOWN };

#define OUTCOME_COUNT (OUTCOME_KNOWN + 1)

static enum outcome outcome_of(const struct run *run, const struct run_scenario *scenario)
{
    switch (scenario->judgement->verdict) {
    case VERDICT_PASS:
        return OUTCOME_PASSED;
    case VERDICT_WARN:
        if (scenario->is_known)
            return OUTCOME_KNOWN;
        return run->is_strict ? OUTCOME_FAILED : OUTCOME_PASSED;
    case VERDICT_FAIL:
        return scenario->is_known ? OUTCOME_KNOWN : OUTCOME_FAILED;
    case VERDICT_SKIP:
        return OUTCOME_SKIPPED;
    case VERDICT_CLIENT_ERROR:
    case VERDICT_ERROR:
    case VERDICT_COUNT:
        break;
    }
    return OUTCOME_ERROR;
}

static void append_finding(const struct finding *finding, struct buffer *out)
{
    buffer_printf(out, "%s (%s", rule_info(finding->rule)->id, rule_level_name(finding->level));
    if (finding->step > 0)
        buffer_printf(out, ", step %" PRIu32, finding->step);
    buffer_printf(out, ", %" PRId64 ".%d ms): ", finding->at_us / 1000,
                  (int)(finding->at_us / 100 % 10));
    xml_append_text(finding->message, out);
    buffer_append_text(out, "\n");
    if (finding->cause) {
        buffer_append_text(out, "cause: ");
        xml_append_text(finding->cause, out);
        buffer_append_text(out, "\n");
    }
}

/* All findings, and how to see them again. */
static void append_details(const struct run_scenario *scenario, struct buffer *out)
{
    for (size_t i = 0; i < scenario->judgement->finding_count; i++)
        append_finding(&scenario->judgement->findings[i], out);
    buffer_append_text(out, "reproduce: ");
    xml_append_text(scenario->reproduce, out);
    buffer_append_text(out, "\n");
}

/* The worst finding, or why there is none. */
static char *message_of(const struct judgement *judgement)
{
    struct buffer message;
    buffer_init(&message, BUFFER_NO_LIMIT);
    if (judgement->finding_count > 0)
        buffer_printf(&message, "%s: %s", rule_info(judgement->findings[0].rule)->id,
                      judgement->findings[0].message);
    else
        buffer_append_text(&message, judgement->reason ? judgement->reason : "no reason is known");
    return buffer_take_text(&message);
}

static void append_outcome(const char *element, const struct run_scenario *scenario,
                           struct buffer *out)
{
    const struct judgement *judgement = scenario->judgement;
    char *message = message_of(judgement);
    buffer_printf(out, "\n      <%s", element);
    xml_append_attribute("message", message, out);
    xml_append_attribute("type",
                         judgement->finding_count > 0 ? rule_info(judgement->findings[0].rule)->id
                                                      : verdict_name(judgement->verdict),
                         out);
    buffer_append_text(out, ">");
    if (judgement->reason && judgement->finding_count > 0) {
        xml_append_text(judgement->reason, out);
        buffer_append_text(out, "\n");
    }
    append_details(scenario, out);
    buffer_printf(out, "</%s>\n    ", element);
    free(message);
}

static void append_skipped(const struct judgement *judgement, struct buffer *out)
{
    buffer_append_text(out, "\n      <skipped");
    xml_append_attribute("message", judgement->reason ? judgement->reason : "", out);
    buffer_append_text(out, "/>\n    ");
}

/* What the baseline lists does not fail, and is not forgotten either. */
static void append_known(const struct run_scenario *scenario, struct buffer *out)
{
    struct buffer message;
    buffer_init(&message, BUFFER_NO_LIMIT);
    for (size_t i = 0; i < scenario->judgement->finding_count; i++) {
        const char *reason = run_known_reason(scenario, i);
        if (reason)
            buffer_printf(&message, "%s%s", message.size_bytes ? "; " : "known: ", reason);
    }
    buffer_append_text(out, "\n      <skipped");
    xml_append_attribute("message", buffer_text(&message), out);
    buffer_append_text(out, "/>\n      <system-out>");
    append_details(scenario, out);
    buffer_append_text(out, "</system-out>\n    ");
    buffer_free(&message);
}

/* The folders of a scenario's name are its class. */
static void append_names(const char *name, struct buffer *out)
{
    struct buffer class_name;
    buffer_init(&class_name, BUFFER_NO_LIMIT);
    const char *slash = strrchr(name, '/');
    buffer_append_text(&class_name, "gapcheck");
    for (const char *at = name; slash && at < slash; at++) {
        if (at == name)
            buffer_append_text(&class_name, ".");
        buffer_append(&class_name, *at == '/' ? "." : at, 1);
    }
    xml_append_attribute("name", slash ? slash + 1 : name, out);
    xml_append_attribute("classname", buffer_text(&class_name), out);
    buffer_free(&class_name);
}

static void append_case(const struct run *run, const struct run_scenario *scenario,
                        struct buffer *out)
{
    const struct judgement *judgement = scenario->judgement;
    buffer_append_text(out, "    <testcase");
    append_names(scenario->name, out);
    buffer_printf(out, " time=\"%.3f\"", (double)judgement->duration_us / 1e6);
    enum outcome outcome = outcome_of(run, scenario);
    if (outcome == OUTCOME_PASSED && judgement->finding_count == 0) {
        buffer_append_text(out, "/>\n");
        return;
    }
    buffer_append_text(out, ">");
    switch (outcome) {
    case OUTCOME_PASSED:
        buffer_append_text(out, "\n      <system-out>");
        append_details(scenario, out);
        buffer_append_text(out, "</system-out>\n    ");
        break;
    case OUTCOME_FAILED:
        append_outcome("failure", scenario, out);
        break;
    case OUTCOME_ERROR:
        append_outcome("error", scenario, out);
        break;
    case OUTCOME_SKIPPED:
        append_skipped(judgement, out);
        break;
    case OUTCOME_KNOWN:
        append_known(scenario, out);
        break;
    }
    buffer_append_text(out, "</testcase>\n");
}

static void append_property(const char *name, const char *value, struct buffer *out)
{
    buffer_append_text(out, "      <property");
    xml_append_attribute("name", name, out);
    xml_append_attribute("value", value ? value : "", out);
    buffer_append_text(out, "/>\n");
}

static void append_properties(const struct run *run, struct buffer *out)
{
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, run->seed);
    buffer_append_text(out, "    <properties>\n");
    append_property("gapcheck", GAPCHECK_VERSION, out);
    append_property("client", run->client_name, out);
    append_property("client.version", run->client_version, out);
    append_property("client.command", run->client_command, out);
    append_property("seed", seed, out);
    buffer_append_text(out, "    </properties>\n");
}

static void append_suite_attributes(const struct run *run, struct buffer *out)
{
    size_t counts[OUTCOME_COUNT] = {0};
    char started[TIMESTAMP_TEXT_BYTES];
    for (size_t i = 0; i < run->scenario_count; i++)
        counts[outcome_of(run, &run->scenarios[i])]++;
    timestamp_format(run->started_ms, started);
    started[strcspn(started, ".")] = '\0'; /* the schemas know neither fractions nor zones */
    xml_append_attribute("name", "gapcheck", out);
    xml_append_attribute("timestamp", started, out);
    xml_append_attribute("hostname", "localhost", out);
    buffer_printf(out,
                  " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\"",
                  run->scenario_count, counts[OUTCOME_FAILED], counts[OUTCOME_ERROR],
                  counts[OUTCOME_SKIPPED] + counts[OUTCOME_KNOWN], (double)run->duration_ms / 1000);
}

void report_junit(const struct run *run, struct buffer *out)
{
    buffer_append_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
                            "  <testsuite id=\"0\" package=\"gapcheck\"");
    append_suite_attributes(run, out);
    buffer_append_text(out, ">\n");
    append_properties(run, out);
    for (size_t i = 0; i < run->scenario_count; i++)
        append_case(run, &run->scenarios[i], out);
    buffer_append_text(out, "    <system-out/>\n    <system-err/>\n  </testsuite>\n"
                            "</testsuites>\n");
}
