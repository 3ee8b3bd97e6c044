#include "cmd/sim_report.h"

#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const level_names[CAMPAIGN_LEVEL_COUNT] = {"MUST", "SHOULD"};

/* 1234567 as 1,234,567. */
static void append_count(struct buffer *out, uint64_t number)
{
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%" PRIu64, number);
    for (int i = 0; i < count; i++) {
        buffer_append(out, &digits[i], 1);
        if ((count - i) % 3 == 1 && i + 1 < count)
            buffer_append_text(out, ",");
    }
}

static double per_minute(const struct sim_result *result)
{
    int64_t ms = result->duration_ms > 0 ? result->duration_ms : 1;
    return (double)result->tally.session_count * 60000.0 / (double)ms;
}

static void append_reproduce(const struct sim_order *order, uint64_t seed, struct buffer *out)
{
    buffer_printf(out, "    gapcheck sim --policy %s --seed %" PRIu64 " --runs 1\n",
                  order->client->name, seed);
}

static void append_kind(const struct sim_order *order, const char *what,
                        const struct campaign_kind *kind, struct buffer *out)
{
    buffer_printf(out, "  %s in ", what);
    append_count(out, kind->count);
    buffer_printf(out, " session%s, first: ", kind->count == 1 ? "" : "s");
    text_append_escaped(out, kind->message, strlen(kind->message), 300);
    buffer_append_text(out, "\n");
    append_reproduce(order, kind->seed, out);
}

/* What was wrong with gapcheck itself, if anything. */
static void append_troubles(const struct sim_order *order, const struct sim_result *result,
                            struct buffer *out)
{
    if (result->tally.unbalanced.count)
        append_kind(order, "gapcheck's own books do not balance", &result->tally.unbalanced, out);
    if (result->tally.inconclusive.count)
        append_kind(order, "no verdict", &result->tally.inconclusive, out);
    if (result->is_interrupted)
        buffer_append_text(out, "  interrupted\n");
}

static void append_broken(const struct sim_order *order, const struct sim_result *result, int level,
                          struct buffer *out)
{
    if (campaign_broken_count(&result->tally, level) == 0)
        buffer_printf(out, "  no %s broken\n", level_names[level]);
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const struct campaign_kind *kind = &result->tally.broken[rule][level];
        char what[40];
        snprintf(what, sizeof what, "%s %s broken", level_names[level],
                 rule_info((enum rule)rule)->id);
        if (kind->count)
            append_kind(order, what, kind, out);
    }
}

void sim_report_campaign(const struct sim_order *order, const struct sim_result *result,
                         struct buffer *out)
{
    static const char *const names[] = {
        " events published, ", " owed, ",          " dispatched, ", " lost, ",
        " repeated, ",         " unrecoverable, ", " connections\n"};
    const struct campaign_tally *tally = &result->tally;
    const uint64_t counts[] = {tally->published,  tally->owed,       tally->dispatched,
                               tally->lost,       tally->duplicated, tally->unrecoverable,
                               tally->connections};
    buffer_printf(out, "%s: ", order->client->name);
    append_count(out, tally->session_count);
    buffer_printf(out, " session%s from seed %" PRIu64 " in %.1f s (",
                  tally->session_count == 1 ? "" : "s", order->first_seed,
                  (double)result->duration_ms / 1000);
    append_count(out, (uint64_t)per_minute(result));
    buffer_printf(out, " a minute, %zu job%s)\n  ", order->job_count,
                  order->job_count == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        append_count(out, counts[i]);
        buffer_append_text(out, names[i]);
    }
    for (int level = 0; level < CAMPAIGN_LEVEL_COUNT; level++)
        append_broken(order, result, level, out);
    append_troubles(order, result, out);
}

/* ---- mutants ---- */

static uint64_t needed_count(const struct sim_order *order, const struct sim_result *result)
{
    return result->found_seed - order->first_seed + 1;
}

static void append_findings(const struct judgement *judgement, struct buffer *out)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct finding *finding = &judgement->findings[i];
        buffer_printf(out, "  %s %s: ", rule_info(finding->rule)->id,
                      rule_level_name(finding->level));
        text_append_escaped(out, finding->message, strlen(finding->message), 300);
        if (finding->cause) {
            buffer_append_text(out, "\n    ");
            text_append_escaped(out, finding->cause, strlen(finding->cause), 300);
        }
        buffer_append_text(out, "\n");
    }
}

void sim_report_hunt(const struct sim_order *order, const struct sim_result *result,
                     const struct judgement *found, struct buffer *out)
{
    buffer_printf(out, "%s (%s: %s): ", order->client->name, order->client->rule,
                  order->client->sentence);
    if (found) {
        buffer_append_text(out, "found in session ");
        append_count(out, needed_count(order, result));
        buffer_printf(out, ", seed %" PRIu64 "\n", result->found_seed);
        append_findings(found, out);
        append_reproduce(order, result->found_seed, out);
    } else {
        buffer_append_text(out, "not found in ");
        append_count(out, result->tally.session_count);
        buffer_append_text(out, " sessions\n");
    }
    append_troubles(order, result, out);
}

void sim_report_table_head(struct buffer *out)
{
    buffer_printf(out, "%-30s %-5s %9s %9s\n", "mutant", "rule", "sessions", "seed");
}

void sim_report_table_line(const struct sim_order *order, const struct sim_result *result,
                           struct buffer *out)
{
    buffer_printf(out, "%-30s %-5s ", order->client->name, order->client->rule);
    if (result->is_found)
        buffer_printf(out, "%9" PRIu64 " %9" PRIu64 "\n", needed_count(order, result),
                      result->found_seed);
    else
        buffer_printf(out, "not found in %" PRIu64 " sessions\n", result->tally.session_count);
    append_troubles(order, result, out);
}

/* ---- JSON ---- */

static cJSON *kind_json(const struct campaign_kind *kind)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "sessions", (double)kind->count);
    cJSON_AddNumberToObject(object, "first_seed", (double)kind->seed);
    cJSON_AddStringToObject(object, "message", kind->message);
    return object;
}

static cJSON *broken_json(const struct campaign_tally *tally)
{
    cJSON *list = cJSON_CreateArray();
    for (int level = 0; level < CAMPAIGN_LEVEL_COUNT; level++) {
        for (int rule = 0; rule < RULE_COUNT; rule++) {
            if (!tally->broken[rule][level].count)
                continue;
            cJSON *object = kind_json(&tally->broken[rule][level]);
            cJSON_AddStringToObject(object, "rule", rule_info((enum rule)rule)->id);
            cJSON_AddStringToObject(object, "level", level == CAMPAIGN_MUST ? "must" : "should");
            cJSON_AddItemToArray(list, object);
        }
    }
    return list;
}

cJSON *sim_report_json(const struct sim_order *order, const struct sim_result *result)
{
    const struct campaign_tally *tally = &result->tally;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "policy", order->client->name);
    cJSON_AddStringToObject(object, "rule", order->client->rule);
    cJSON_AddNumberToObject(object, "first_seed", (double)order->first_seed);
    cJSON_AddNumberToObject(object, "sessions", (double)tally->session_count);
    cJSON_AddNumberToObject(object, "jobs", (double)order->job_count);
    cJSON_AddNumberToObject(object, "duration_ms", (double)result->duration_ms);
    cJSON_AddNumberToObject(object, "published", (double)tally->published);
    cJSON_AddNumberToObject(object, "owed", (double)tally->owed);
    cJSON_AddNumberToObject(object, "dispatched", (double)tally->dispatched);
    cJSON_AddNumberToObject(object, "lost", (double)tally->lost);
    cJSON_AddNumberToObject(object, "duplicated", (double)tally->duplicated);
    cJSON_AddNumberToObject(object, "unrecoverable", (double)tally->unrecoverable);
    cJSON_AddNumberToObject(object, "connections", (double)tally->connections);
    if (order->is_hunt) {
        cJSON_AddBoolToObject(object, "found", result->is_found);
        if (result->is_found) {
            cJSON_AddNumberToObject(object, "found_seed", (double)result->found_seed);
            cJSON_AddNumberToObject(object, "needed", (double)needed_count(order, result));
        }
    }
    cJSON_AddItemToObject(object, "broken", broken_json(tally));
    if (tally->unbalanced.count)
        cJSON_AddItemToObject(object, "unbalanced", kind_json(&tally->unbalanced));
    if (tally->inconclusive.count)
        cJSON_AddItemToObject(object, "inconclusive", kind_json(&tally->inconclusive));
    cJSON_AddBoolToObject(object, "interrupted", result->is_interrupted);
    return object;
}
