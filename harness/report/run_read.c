#include "report/run_read.h"

#include "core/jsonc.h"
#include "core/memory.h"
#include "core/timestamp.h"
#include "report/report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX    16
#define VALUES_MAX   (16u << 20)
#define SHARDS_MAX   1000000.0
#define TIME_MAX_MS  1e12 /* some 30 years: as microseconds it fits 64 bits */

/* After the first error everything read is nothing, and nothing more is told. */
struct reader {
    const char *text;
    size_t size_bytes;
    const struct jsonc_document *document;
    struct error *error;
    bool is_good;
};

__attribute__((format(printf, 3, 4)))
static void fail(struct reader *reader, struct jsonc_node node, const char *format, ...)
{
    char message[sizeof reader->error->message];
    va_list arguments;
    if (!reader->is_good)
        return;
    reader->is_good = false;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    error_set(reader->error, "it is damaged, or no results.json of this version", "%s", message);
    const struct jsonc_place *place = &reader->document->places[node.index];
    jsonc_place_error(reader->error, reader->text, reader->size_bytes, place->start, place->end);
}

static void fail_type(struct reader *reader, struct jsonc_node node, const char *name,
                      const char *wanted)
{
    char found[JSONC_DESCRIPTION_BYTES];
    jsonc_describe(node.json, found);
    fail(reader, node, "`%s` must be %s, not %s", name, wanted, found);
}

/* ---- values ---- */

static struct jsonc_node may(const struct reader *reader, struct jsonc_node object,
                             const char *name)
{
    return jsonc_member(reader->document, object, name);
}

static struct jsonc_node need(struct reader *reader, struct jsonc_node object, const char *name)
{
    struct jsonc_node node = may(reader, object, name);
    if (!node.json)
        fail(reader, object, "`%s` is missing", name);
    return node;
}

/* The first item of an array (or member, where `is_array` is false); its `json` is NULL if there
 * is none. */
static struct jsonc_node first_of(struct reader *reader, struct jsonc_node node, const char *name,
                                  bool is_array)
{
    bool is_right = is_array ? cJSON_IsArray(node.json) : cJSON_IsObject(node.json);
    if (is_right)
        return jsonc_child(node);
    if (node.json)
        fail_type(reader, node, name, is_array ? "an array" : "an object");
    return (struct jsonc_node){NULL, 0};
}

/* Owned by the caller; NULL where it is null or missing and may be. */
static char *read_text(struct reader *reader, struct jsonc_node node, const char *name,
                       bool is_needed)
{
    const char *text = cJSON_GetStringValue(node.json);
    if (text)
        return memory_copy_text(text, strlen(text));
    if (node.json && (is_needed || !cJSON_IsNull(node.json)))
        fail_type(reader, node, name, is_needed ? "a text" : "a text or null");
    return is_needed ? memory_copy_text("", 0) : NULL;
}

static char *need_text(struct reader *reader, struct jsonc_node object, const char *name)
{
    return read_text(reader, need(reader, object, name), name, true);
}

static bool read_bool(struct reader *reader, struct jsonc_node node, const char *name)
{
    if (node.json && !cJSON_IsBool(node.json))
        fail_type(reader, node, name, "true or false");
    return cJSON_IsTrue(node.json);
}

/* 0 where it is missing. */
static double read_number(struct reader *reader, struct jsonc_node node, const char *name,
                          double max)
{
    if (!node.json)
        return 0;
    double value = cJSON_GetNumberValue(node.json);
    if (cJSON_IsNumber(node.json) && value >= 0 && value <= max)
        return value;
    fail_type(reader, node, name, "a number that is not negative nor beyond reason");
    return 0;
}

static uint64_t read_count(struct reader *reader, struct jsonc_node node, const char *name,
                           double max)
{
    double value = read_number(reader, node, name, max);
    if (value != floor(value))
        fail_type(reader, node, name, "an integer");
    return (uint64_t)value;
}

static uint64_t need_count(struct reader *reader, struct jsonc_node object, const char *name)
{
    return read_count(reader, need(reader, object, name), name, JSONC_INTEGER_MAX);
}

/* The index of a text among `count` names. */
static int need_name(struct reader *reader, struct jsonc_node node, const char *what,
                     const char *(*name_of)(int index), int count)
{
    const char *text = cJSON_GetStringValue(node.json);
    for (int i = 0; text && i < count; i++)
        if (strcmp(name_of(i), text) == 0)
            return i;
    if (node.json && text)
        fail(reader, node, "`%.60s` is no %s", text, what);
    else if (node.json)
        fail_type(reader, node, what, "a text");
    return 0;
}

static const char *name_of_verdict(int index)
{
    return verdict_name((enum verdict)index);
}

static const char *name_of_status(int index)
{
    return rule_status_name((enum rule_status)index);
}

static const char *name_of_level(int index)
{
    return rule_level_name((enum rule_level)index);
}

static const char *name_of_dialect(int index)
{
    return run_dialect_name((enum dialect)index);
}

static enum rule read_rule(struct reader *reader, struct jsonc_node node, const char *id)
{
    enum rule rule = rule_find(span_of(id));
    if (rule != RULE_COUNT)
        return rule;
    fail(reader, node, "`%.60s` is no rule", id);
    return RULE_STEP;
}

/* ---- a scenario ---- */

static void read_finding(struct reader *reader, struct jsonc_node node,
                         struct run_scenario *scenario, size_t index)
{
    struct finding *finding = &scenario->judgement->findings[index];
    struct jsonc_node rule = need(reader, node, "rule");
    char *id = read_text(reader, rule, "rule", true);
    if (rule.json)
        finding->rule = read_rule(reader, rule, id);
    free(id);
    finding->level = (enum rule_level)need_name(reader, need(reader, node, "level"), "level",
                                                name_of_level, RULE_LEVEL_SERVER);
    finding->message = need_text(reader, node, "message");
    finding->cause = read_text(reader, may(reader, node, "cause"), "cause", false);
    finding->step = (uint32_t)read_count(reader, need(reader, node, "step"), "step", UINT32_MAX);
    double at_ms = read_number(reader, need(reader, node, "at_ms"), "at_ms", TIME_MAX_MS);
    finding->at_us = (int64_t)llround(at_ms * 10) * 100;
    finding->entry = SIZE_MAX;
    struct run_place *place = &scenario->finding_places[index];
    place->line = read_count(reader, may(reader, node, "line"), "line", UINT32_MAX);
    place->column = read_count(reader, may(reader, node, "column"), "column", UINT32_MAX);
    scenario->finding_is_known[index] = read_bool(reader, may(reader, node, "known"), "known");
    scenario->known_reasons[index] =
        read_text(reader, may(reader, node, "reason"), "reason", false);
}

static void read_findings(struct reader *reader, struct jsonc_node node,
                          struct run_scenario *scenario)
{
    struct judgement *judgement = scenario->judgement;
    struct jsonc_node item = first_of(reader, node, "findings", true);
    int count = cJSON_GetArraySize(node.json);
    if (!item.json)
        return;
    judgement->findings = memory_alloc((size_t)count, sizeof *judgement->findings);
    judgement->finding_count = judgement->finding_capacity_count = (size_t)count;
    scenario->finding_places = memory_alloc((size_t)count, sizeof *scenario->finding_places);
    scenario->finding_is_known = memory_alloc((size_t)count, sizeof *scenario->finding_is_known);
    scenario->known_reasons = memory_alloc((size_t)count, sizeof *scenario->known_reasons);
    for (size_t i = 0; item.json; item = jsonc_next(reader->document, item))
        read_finding(reader, item, scenario, i++);
}

static void read_rules(struct reader *reader, struct jsonc_node node, struct judgement *judgement)
{
    for (struct jsonc_node item = first_of(reader, node, "rules", false); item.json;
         item = jsonc_next(reader->document, item)) {
        enum rule rule = read_rule(reader, item, item.json->string);
        judgement->rules[rule] = (enum rule_status)need_name(
            reader, item, "status of a rule", name_of_status, RULE_STATUS_INCONCLUSIVE + 1);
    }
}

/* How often it came to each verdict: once to its own, unless it says more. */
static void read_plays(struct reader *reader, struct jsonc_node node,
                       struct run_scenario *scenario)
{
    for (int i = 0; i < VERDICT_COUNT; i++)
        scenario->play_counts[i] = read_count(reader, may(reader, node, name_of_verdict(i)),
                                              "plays", JSONC_INTEGER_MAX);
    if (!node.json)
        scenario->play_counts[scenario->judgement->verdict] = 1;
}

static void read_counts(struct reader *reader, struct jsonc_node node, struct judgement *judgement)
{
    judgement->published = need_count(reader, node, "published");
    judgement->owed = need_count(reader, node, "owed");
    judgement->dispatched = need_count(reader, node, "dispatched");
    judgement->lost = need_count(reader, node, "lost");
    judgement->duplicated = need_count(reader, node, "duplicated");
    judgement->unrecoverable = need_count(reader, node, "unrecoverable");
    judgement->connections =
        (uint32_t)read_count(reader, need(reader, node, "connections"), "connections", UINT32_MAX);
    double duration_ms =
        read_number(reader, need(reader, node, "duration_ms"), "duration_ms", TIME_MAX_MS);
    judgement->duration_us = (int64_t)(duration_ms * 1000);
}

static void read_missed(struct reader *reader, struct jsonc_node node, struct judgement *judgement)
{
    struct jsonc_node item = first_of(reader, node, "missed", true);
    size_t count = (size_t)cJSON_GetArraySize(node.json);
    if (!item.json)
        return;
    judgement->missed = memory_alloc(count, sizeof *judgement->missed);
    judgement->missed_count = judgement->missed_capacity_count = count;
    for (size_t i = 0; item.json; item = jsonc_next(reader->document, item), i++) {
        struct jsonc_node rule = need(reader, item, "rule");
        char *id = read_text(reader, rule, "rule", false);
        judgement->missed[i] = (struct missed_range){
            .marker = need_count(reader, item, "marker"),
            .count = need_count(reader, item, "count"),
            .rule = id ? read_rule(reader, rule, id) : RULE_COUNT,
        };
        free(id);
    }
}

static void read_tags(struct reader *reader, struct jsonc_node node, struct run_scenario *scenario)
{
    struct jsonc_node item = first_of(reader, node, "tags", true);
    scenario->tags =
        memory_alloc((size_t)cJSON_GetArraySize(node.json) + 1, sizeof *scenario->tags);
    for (; item.json; item = jsonc_next(reader->document, item))
        scenario->tags[scenario->tag_count++] = read_text(reader, item, "tags", true);
}

static void check_transcript(struct reader *reader, struct jsonc_node node,
                             const struct run_scenario *scenario)
{
    if (!scenario->transcript)
        return;
    char *expected = run_transcript_path(scenario->name);
    if (strcmp(expected, scenario->transcript) != 0)
        fail(reader, node, "the transcript of this scenario must lie in `%.200s`", expected);
    free(expected);
}

static void read_scenario(struct reader *reader, struct jsonc_node node,
                          struct run_scenario *scenario)
{
    struct judgement *judgement = scenario->judgement = memory_alloc(1, sizeof *judgement);
    struct jsonc_node transcript = need(reader, node, "transcript");
    scenario->name = need_text(reader, node, "name");
    scenario->path = need_text(reader, node, "file");
    scenario->title = read_text(reader, may(reader, node, "title"), "title", false);
    scenario->why = read_text(reader, may(reader, node, "why"), "why", false);
    read_tags(reader, may(reader, node, "tags"), scenario);
    scenario->dialect = (enum dialect)need_name(reader, may(reader, node, "dialect"), "dialect",
                                                name_of_dialect, DIALECT_NODE + 1);
    scenario->reproduce = need_text(reader, node, "reproduce");
    scenario->transcript = read_text(reader, transcript, "transcript", false);
    scenario->is_known = read_bool(reader, need(reader, node, "known"), "known");
    check_transcript(reader, transcript, scenario);
    judgement->verdict = (enum verdict)need_name(reader, need(reader, node, "verdict"), "verdict",
                                                 name_of_verdict, VERDICT_COUNT);
    judgement->reason = read_text(reader, may(reader, node, "reason"), "reason", false);
    read_counts(reader, node, judgement);
    read_findings(reader, need(reader, node, "findings"), scenario);
    read_rules(reader, need(reader, node, "rules"), judgement);
    read_missed(reader, may(reader, node, "missed"), judgement);
    read_plays(reader, may(reader, node, "plays"), scenario);
    if (!scenario->title)
        scenario->title = memory_copy_text(scenario->name, strlen(scenario->name));
}

static void read_scenarios(struct reader *reader, struct jsonc_node node, struct run *run)
{
    struct jsonc_node item = first_of(reader, node, "scenarios", true);
    size_t count = (size_t)cJSON_GetArraySize(node.json);
    run->scenarios = memory_alloc(count + 1, sizeof *run->scenarios);
    for (; item.json && reader->is_good; item = jsonc_next(reader->document, item))
        read_scenario(reader, item, &run->scenarios[run->scenario_count++]);
}

/* ---- the run ---- */

static void read_client(struct reader *reader, struct jsonc_node node, struct run *run)
{
    run->client_name = need_text(reader, node, "name");
    run->client_version = need_text(reader, node, "version");
    run->client_command = need_text(reader, node, "command");
    struct jsonc_node capabilities = need(reader, node, "capabilities");
    for (struct jsonc_node item = first_of(reader, capabilities, "capabilities", true); item.json;
         item = jsonc_next(reader->document, item)) {
        const char *text = cJSON_GetStringValue(item.json);
        for (int i = 0; text && i < DRIVER_CAPABILITY_COUNT; i++)
            if (strcmp(driver_capability_name((enum driver_capability)i), text) == 0)
                run->capabilities.bits |= UINT32_C(1) << i;
    }
}

static void read_shard(struct reader *reader, struct jsonc_node node, struct run *run)
{
    run->shard_index = run->shard_count = 1;
    if (!node.json || cJSON_IsNull(node.json))
        return;
    run->shard_index = read_count(reader, need(reader, node, "index"), "index", SHARDS_MAX);
    run->shard_count = read_count(reader, need(reader, node, "count"), "count", SHARDS_MAX);
    if (run->shard_index < 1 || run->shard_index > run->shard_count)
        fail(reader, node, "there is no shard %zu of %zu", run->shard_index, run->shard_count);
}

static void read_fixed(struct reader *reader, struct jsonc_node node, struct run *run)
{
    struct jsonc_node item = first_of(reader, node, "fixed", true);
    run->fixed = memory_alloc((size_t)cJSON_GetArraySize(node.json) + 1, sizeof *run->fixed);
    for (; item.json; item = jsonc_next(reader->document, item))
        run->fixed[run->fixed_count++] = read_text(reader, item, "fixed", true);
}

static void read_started(struct reader *reader, struct jsonc_node root, struct run *run)
{
    struct jsonc_node node = need(reader, root, "started");
    const char *text = cJSON_GetStringValue(node.json);
    if (node.json && !(text && timestamp_parse(span_of(text), &run->started_ms)))
        fail_type(reader, node, "started", "a time, as in \"2026-06-01T10:00:00.412Z\"");
}

static bool check_format(struct reader *reader, struct jsonc_node root)
{
    struct jsonc_node format = need(reader, root, "format");
    const char *version = cJSON_GetStringValue(may(reader, root, "gapcheck").json);
    if (format.json && cJSON_GetNumberValue(format.json) != REPORT_JSON_FORMAT) {
        fail_type(reader, format, "format", "1, the only one that this gapcheck reads");
        if (version)
            snprintf(reader->error->hint, sizeof reader->error->hint,
                     "use the gapcheck that wrote it, version %.40s", version);
    }
    return reader->is_good;
}

static void read_root(struct reader *reader, struct jsonc_node root, struct run *run)
{
    if (!cJSON_IsObject(root.json)) {
        fail_type(reader, root, "results.json", "an object");
        return;
    }
    if (!check_format(reader, root))
        return;
    read_client(reader, need(reader, root, "client"), run);
    run->seed = need_count(reader, root, "seed");
    read_started(reader, root, run);
    run->duration_ms = (int64_t)read_count(reader, need(reader, root, "duration_ms"),
                                           "duration_ms", TIME_MAX_MS);
    run->is_strict = read_bool(reader, may(reader, root, "strict"), "strict");
    run->is_interrupted = read_bool(reader, may(reader, root, "interrupted"), "interrupted");
    run->unplayed_count =
        read_count(reader, may(reader, root, "not_played"), "not_played", JSONC_INTEGER_MAX);
    read_shard(reader, may(reader, root, "shard"), run);
    read_fixed(reader, may(reader, root, "fixed"), run);
    read_scenarios(reader, need(reader, root, "scenarios"), run);
    uint64_t exit = need_count(reader, root, "exit");
    run->is_campaign = exit == RUN_EXIT_EXPECTED && run->scenario_count == 0;
    run->is_inconclusive =
        exit == RUN_EXIT_INCONCLUSIVE && run_exit_code(run) != RUN_EXIT_INCONCLUSIVE;
    run->exit = run_exit_code(run);
}

bool run_read(const char *text, size_t size_bytes, struct run *run, struct error *error)
{
    static const struct jsonc_limits limits = {.size_bytes_max = RUN_READ_BYTES_MAX,
                                               .depth_max = DEPTH_MAX,
                                               .value_count_max = VALUES_MAX};
    struct jsonc_document document;
    struct error_list errors;
    *run = (struct run){0};
    error_list_init(&errors);
    if (!jsonc_parse(text, size_bytes, &limits, &document, &errors)) {
        *error = errors.items[0];
        error_list_free(&errors);
        return false;
    }
    struct reader reader = {text, size_bytes, &document, error, true};
    read_root(&reader, jsonc_root(&document), run);
    if (!reader.is_good)
        run_free(run);
    jsonc_free(&document);
    error_list_free(&errors);
    return reader.is_good;
}
