#include "report/difference.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX    120
#define MESSAGE_BYTES_MAX 300
#define FINDINGS_SHOWN    3

static const char *const kind_names[DIFFERENCE_KIND_COUNT] = {
#define X(symbol, name) [DIFFERENCE_##symbol] = name,
    DIFFERENCE_KINDS(X)
#undef X
};

const char *difference_kind_name(enum difference_kind kind)
{
    return kind_names[kind];
}

/* ---- comparing ---- */

static const cJSON *findings_of(const struct results_scenario *scenario)
{
    return cJSON_GetObjectItemCaseSensitive(scenario->json, "findings");
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool breaks(const struct results_scenario *scenario, const char *rule)
{
    const cJSON *finding;
    cJSON_ArrayForEach(finding, findings_of(scenario))
        if (strcmp(text_of(finding, "rule"), rule) == 0)
            return true;
    return false;
}

static bool breaks_all_of(const struct results_scenario *scenario,
                          const struct results_scenario *other)
{
    const cJSON *finding;
    cJSON_ArrayForEach(finding, findings_of(other))
        if (!breaks(scenario, text_of(finding, "rule")))
            return false;
    return true;
}

static bool is_other_time(double before_ms, double after_ms)
{
    double shorter_ms = fmin(before_ms, after_ms), longer_ms = fmax(before_ms, after_ms);
    return longer_ms - shorter_ms >= DIFFERENCE_MS && longer_ms >= shorter_ms * DIFFERENCE_FACTOR;
}

/* DIFFERENCE_KIND_COUNT if all is as it was. */
static enum difference_kind compare(const struct results_scenario *before,
                                    const struct results_scenario *after)
{
    if (!after)
        return DIFFERENCE_REMOVED;
    bool is_bad = results_is_bad(after->verdict);
    if (is_bad && (!before || !results_is_bad(before->verdict)))
        return DIFFERENCE_NEW_FAILURE;
    if (!before)
        return DIFFERENCE_ADDED;
    bool is_good = after->verdict == VERDICT_PASS || after->verdict == VERDICT_WARN;
    if (is_good && results_is_bad(before->verdict))
        return DIFFERENCE_FIXED;
    if (before->verdict != after->verdict || !breaks_all_of(before, after) ||
        !breaks_all_of(after, before))
        return DIFFERENCE_CHANGED;
    return is_other_time(before->duration_ms, after->duration_ms) ? DIFFERENCE_TIMING
                                                                  : DIFFERENCE_KIND_COUNT;
}

static void add_change(struct difference *difference, enum difference_kind kind,
                       const struct results_scenario *before, const struct results_scenario *after)
{
    if (kind == DIFFERENCE_KIND_COUNT)
        return;
    difference->changes =
        memory_grow(difference->changes, &difference->change_capacity_count,
                    difference->change_count + 1, sizeof *difference->changes);
    difference->changes[difference->change_count++] = (struct change){kind, before, after};
    difference->counts[kind]++;
}

/* By kind; the elements are pointers into one array, so that equals keep their order. */
static int compare_changes(const void *left, const void *right)
{
    const struct change *a = *(const struct change *const *)left;
    const struct change *b = *(const struct change *const *)right;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void sort_changes(struct difference *difference)
{
    size_t count = difference->change_count;
    const struct change **order = memory_alloc(count, sizeof *order);
    struct change *sorted = memory_alloc(count, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        order[i] = &difference->changes[i];
    if (count)
        qsort(order, count, sizeof *order, compare_changes);
    for (size_t i = 0; i < count; i++)
        sorted[i] = *order[i];
    free(difference->changes);
    free(order);
    difference->changes = sorted;
    difference->change_capacity_count = count;
}

void difference_find(const struct results *before, const struct results *after,
                     struct difference *difference)
{
    *difference = (struct difference){0};
    for (size_t i = 0; i < after->scenario_count; i++) {
        const struct results_scenario *now = &after->scenarios[i];
        const struct results_scenario *then = results_find(before, now->name);
        add_change(difference, compare(then, now), then, now);
    }
    for (size_t i = 0; i < before->scenario_count; i++)
        if (!results_find(after, before->scenarios[i].name))
            add_change(difference, DIFFERENCE_REMOVED, &before->scenarios[i], NULL);
    sort_changes(difference);
}

void difference_free(struct difference *difference)
{
    free(difference->changes);
    *difference = (struct difference){0};
}

/* ---- telling ---- */

static const struct {
    const char *symbol, *colour;
} kind_looks[DIFFERENCE_KIND_COUNT] = {
    [DIFFERENCE_NEW_FAILURE] = {"✗", "\033[31m"}, [DIFFERENCE_FIXED] = {"✓", "\033[32m"},
    [DIFFERENCE_CHANGED] = {"!", "\033[33m"},     [DIFFERENCE_ADDED] = {"+", ""},
    [DIFFERENCE_REMOVED] = {"-", ""},             [DIFFERENCE_TIMING] = {"~", "\033[2m"},
};

static void append_verdicts(const struct change *change, struct buffer *out)
{
    const struct results_scenario *before = change->before, *after = change->after;
    bool is_time = change->kind == DIFFERENCE_TIMING;
    if (before && is_time)
        buffer_printf(out, "%.0f ms", before->duration_ms);
    else
        buffer_append_text(out, before ? verdict_name(before->verdict) : "not played");
    buffer_append_text(out, " → ");
    if (after && is_time)
        buffer_printf(out, "%.0f ms", after->duration_ms);
    else
        buffer_append_text(out, after ? verdict_name(after->verdict) : "not played");
}

static void append_findings(const struct results_scenario *scenario, struct buffer *out)
{
    const cJSON *finding;
    size_t count = 0;
    cJSON_ArrayForEach(finding, findings_of(scenario)) {
        const char *rule = text_of(finding, "rule"), *message = text_of(finding, "message");
        if (count++ == FINDINGS_SHOWN)
            break;
        buffer_append_text(out, "      ");
        text_append_escaped(out, rule, strlen(rule), 8);
        buffer_append_text(out, "  ");
        text_append_escaped(out, message, strlen(message), MESSAGE_BYTES_MAX);
        buffer_append_text(out, "\n");
    }
}

static void append_change(const struct change *change, const struct report_style *style,
                          struct buffer *out)
{
    const char *name = change->after ? change->after->name : change->before->name;
    bool has_colour = style->has_colour && kind_looks[change->kind].colour[0];
    buffer_printf(out, "  %s%s %-11s%s  ", has_colour ? kind_looks[change->kind].colour : "",
                  kind_looks[change->kind].symbol, kind_names[change->kind],
                  has_colour ? "\033[0m" : "");
    text_append_escaped(out, name, strlen(name), NAME_BYTES_MAX);
    buffer_append_text(out, "  ");
    append_verdicts(change, out);
    buffer_append_text(out, "\n");
    if (change->kind == DIFFERENCE_NEW_FAILURE || change->kind == DIFFERENCE_CHANGED)
        append_findings(change->after, out);
}

void report_difference(const struct difference *difference, const struct report_style *style,
                       struct buffer *out)
{
    for (size_t i = 0; i < difference->change_count; i++)
        if (!style->is_quiet || difference->changes[i].kind == DIFFERENCE_NEW_FAILURE)
            append_change(&difference->changes[i], style, out);
    if (difference->change_count && !style->is_quiet)
        buffer_append_text(out, "\n");
    const size_t *counts = difference->counts;
    buffer_printf(out, "%zu new failure%s, %zu fixed, %zu changed, %zu added, %zu removed, "
                       "%zu with another timing\n",
                  counts[DIFFERENCE_NEW_FAILURE], counts[DIFFERENCE_NEW_FAILURE] == 1 ? "" : "s",
                  counts[DIFFERENCE_FIXED], counts[DIFFERENCE_CHANGED], counts[DIFFERENCE_ADDED],
                  counts[DIFFERENCE_REMOVED], counts[DIFFERENCE_TIMING]);
}

void report_difference_json(const struct difference *difference, struct buffer *out)
{
    buffer_append_text(out, "[");
    for (size_t i = 0; i < difference->change_count; i++) {
        const struct change *change = &difference->changes[i];
        const char *name = change->after ? change->after->name : change->before->name;
        buffer_printf(out, "%s{\"kind\":\"%s\",\"name\":", i ? "," : "",
                      kind_names[change->kind]);
        text_append_json(out, name, strlen(name));
        buffer_append_text(out, "}");
    }
    buffer_append_text(out, "]");
}
