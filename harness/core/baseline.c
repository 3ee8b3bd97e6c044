#include "core/baseline.h"

#include "core/jsonc.h"
#include "core/memory.h"
#include "core/text.h"
#include "core/timestamp.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8
#define VALUES_MAX (BASELINE_ENTRIES_MAX * 8)

/* ---- reading: errors ---- */

struct reader {
    const char *text;
    size_t size_bytes;
    const struct jsonc_document *document;
    struct error_list *errors;
    bool has_failed;
};

static bool fail(struct reader *reader, struct jsonc_node node, const char *hint,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

static bool fail(struct reader *reader, struct jsonc_node node, const char *hint,
                 const char *format, ...)
{
    char message[sizeof((struct error *)0)->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const struct jsonc_place *place = &reader->document->places[node.index];
    struct error *error = error_list_add(reader->errors);
    error_set(error, hint, "%s", message);
    jsonc_place_error(error, reader->text, reader->size_bytes, place->start, place->end);
    reader->has_failed = true;
    return false;
}

static bool fail_type(struct reader *reader, struct jsonc_node node, const char *name,
                      const char *expected)
{
    char found[JSONC_DESCRIPTION_BYTES];
    jsonc_describe(node.json, found);
    return fail(reader, node, NULL, "`%s` must be %s, found %s", name, expected, found);
}

/* A key that the object does not have. */
static void fail_key(struct reader *reader, struct jsonc_node node, const char *const *names,
                     size_t count)
{
    char hint[80];
    struct buffer allowed;
    buffer_init(&allowed, BUFFER_NO_LIMIT);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&allowed, "%s`%s`", !i ? "" : i + 1 < count ? ", " : " and ", names[i]);
    int nearest = text_nearest(span_of(node.json->string), names, count);
    snprintf(hint, sizeof hint, "did you mean `%s`?", nearest >= 0 ? names[nearest] : "");
    fail(reader, node, nearest >= 0 ? hint : NULL, "unknown key `%.60s`; allowed are %s",
         node.json->string, buffer_text(&allowed));
    const struct jsonc_place *place = &reader->document->places[node.index];
    if (reader->errors->count > 0)
        jsonc_place_error(&reader->errors->items[reader->errors->count - 1], reader->text,
                          reader->size_bytes, place->key_start, place->key_end);
    buffer_free(&allowed);
}

/* Tells every key of the object that is not among `names`. */
static void check_keys(struct reader *reader, struct jsonc_node object, const char *const *names,
                       size_t count)
{
    for (struct jsonc_node member = jsonc_child(object); member.json;
         member = jsonc_next(reader->document, member)) {
        size_t index = 0;
        while (index < count && strcmp(member.json->string, names[index]) != 0)
            index++;
        if (index == count)
            fail_key(reader, member, names, count);
    }
}

/* ---- reading: values ---- */

/* The member, told if it is missing; its `json` is NULL then. */
static struct jsonc_node need(struct reader *reader, struct jsonc_node object, const char *name)
{
    struct jsonc_node node = jsonc_member(reader->document, object, name);
    if (!node.json)
        fail(reader, object, NULL, "`%s` is missing", name);
    return node;
}

/* A text that is not empty, owned by the caller, else NULL. */
static char *read_text(struct reader *reader, struct jsonc_node object, const char *name)
{
    struct jsonc_node node = need(reader, object, name);
    if (!node.json)
        return NULL;
    const char *text = cJSON_GetStringValue(node.json);
    if (!text || !text[strspn(text, " \t\r\n")]) {
        fail_type(reader, node, name, "a text that is not empty");
        return NULL;
    }
    return memory_copy_text(text, strlen(text));
}

static void read_rule(struct reader *reader, struct jsonc_node object, enum rule *rule)
{
    struct jsonc_node node = need(reader, object, "rule");
    *rule = RULE_STEP;
    if (!node.json)
        return;
    const char *id = cJSON_GetStringValue(node.json);
    if (!id) {
        fail_type(reader, node, "rule", "a rule, as in \"C-5\"");
        return;
    }
    *rule = rule_find(span_of(id));
    if (*rule <= RULE_STEP)
        return;
    const char *ids[RULE_STEP + 1];
    for (int i = 0; i <= RULE_STEP; i++)
        ids[i] = rule_info((enum rule)i)->id;
    int nearest = text_nearest(span_of(id), ids, RULE_STEP + 1);
    char hint[60];
    snprintf(hint, sizeof hint, "did you mean `%s`?", nearest >= 0 ? ids[nearest] : "");
    fail(reader, node, nearest >= 0 ? hint : NULL,
         "`%.40s` is no rule that a client can break: C-1 to C-28, or step", id);
    *rule = RULE_STEP;
}

static void read_issue(struct reader *reader, struct jsonc_node object, char **issue)
{
    struct jsonc_node node = need(reader, object, "issue");
    const char *text = node.json ? cJSON_GetStringValue(node.json) : "";
    bool is_url = text && (!text[0] || !strncmp(text, "https://", strlen("https://")) ||
                           !strncmp(text, "http://", strlen("http://")));
    if (!is_url)
        fail_type(reader, node, "issue", "a URL, or empty");
    *issue = memory_copy_text(is_url ? text : "", is_url ? strlen(text) : 0);
}

/* A calendar date: YYYY-MM-DD, and the day exists. */
static bool is_date(const char *text)
{
    char moment[TIMESTAMP_TEXT_BYTES];
    int64_t unix_ms;
    if (strlen(text) != BASELINE_DATE_BYTES - 1)
        return false;
    snprintf(moment, sizeof moment, "%sT00:00:00Z", text);
    return timestamp_parse(span_of(moment), &unix_ms);
}

static void read_until(struct reader *reader, struct jsonc_node object,
                       char until[BASELINE_DATE_BYTES])
{
    struct jsonc_node node = jsonc_member(reader->document, object, "until");
    until[0] = '\0';
    if (!node.json)
        return;
    const char *text = cJSON_GetStringValue(node.json);
    if (text && is_date(text))
        memcpy(until, text, BASELINE_DATE_BYTES);
    else
        fail_type(reader, node, "until", "a date, as in \"2027-01-31\"");
}

/* ---- reading: entries ---- */

struct baseline_entry *baseline_add(struct baseline *baseline)
{
    baseline->entries = memory_grow(baseline->entries, &baseline->capacity_count,
                                    baseline->count + 1, sizeof *baseline->entries);
    return &baseline->entries[baseline->count++];
}

static void check_twice(struct reader *reader, struct jsonc_node node,
                        const struct baseline *baseline)
{
    const struct baseline_entry *entry = &baseline->entries[baseline->count - 1];
    for (const struct baseline_entry *other = baseline->entries; other < entry; other++) {
        if (!entry->scenario || !other->scenario || other->rule != entry->rule ||
            strcmp(other->scenario, entry->scenario) != 0)
            continue;
        fail(reader, node, "keep one of them", "line %zu lists the same scenario and rule",
             other->line);
        return;
    }
}

static void read_entry(struct reader *reader, struct jsonc_node node, struct baseline *baseline)
{
    static const char *const keys[] = {"scenario", "rule", "reason", "issue", "until"};
    struct baseline_entry *entry = baseline_add(baseline);
    size_t start = reader->document->places[node.index].start;
    error_locate(reader->text, reader->size_bytes, start, &entry->line, &entry->column);
    if (!cJSON_IsObject(node.json)) {
        fail_type(reader, node, "entries", "an array of objects");
        return;
    }
    check_keys(reader, node, keys, sizeof keys / sizeof keys[0]);
    entry->scenario = read_text(reader, node, "scenario");
    read_rule(reader, node, &entry->rule);
    entry->reason = read_text(reader, node, "reason");
    read_issue(reader, node, &entry->issue);
    read_until(reader, node, entry->until);
    check_twice(reader, node, baseline);
}

static void read_entries(struct reader *reader, struct jsonc_node root, struct baseline *baseline)
{
    struct jsonc_node entries = need(reader, root, "entries");
    if (!entries.json)
        return;
    if (!cJSON_IsArray(entries.json)) {
        fail_type(reader, entries, "entries", "an array");
        return;
    }
    if (cJSON_GetArraySize(entries.json) > BASELINE_ENTRIES_MAX) {
        fail(reader, entries, NULL, "more than %d entries", BASELINE_ENTRIES_MAX);
        return;
    }
    for (struct jsonc_node node = jsonc_child(entries); node.json;
         node = jsonc_next(reader->document, node))
        read_entry(reader, node, baseline);
}

static void read_root(struct reader *reader, struct jsonc_node root, struct baseline *baseline)
{
    static const char *const keys[] = {"format", "client", "version", "entries"};
    if (!cJSON_IsObject(root.json)) {
        fail(reader, root, NULL, "a baseline must be an object");
        return;
    }
    check_keys(reader, root, keys, sizeof keys / sizeof keys[0]);
    struct jsonc_node format = need(reader, root, "format");
    if (format.json && !(cJSON_IsNumber(format.json) &&
                         format.json->valuedouble == (double)BASELINE_FORMAT))
        fail_type(reader, format, "format", "1, the only one that this gapcheck reads");
    baseline->client = read_text(reader, root, "client");
    baseline->version = read_text(reader, root, "version");
    read_entries(reader, root, baseline);
}

bool baseline_load(const char *text, size_t size_bytes, struct baseline *baseline,
                   struct error_list *errors)
{
    static const struct jsonc_limits limits = {.size_bytes_max = BASELINE_FILE_BYTES_MAX,
                                               .depth_max = DEPTH_MAX,
                                               .value_count_max = VALUES_MAX};
    struct jsonc_document document;
    bool has_document;
    *baseline = (struct baseline){0};
    bool is_good = jsonc_parse_partly(text, size_bytes, &limits, &document, &has_document, errors);
    if (!has_document)
        return false;
    struct reader reader = {text, size_bytes, &document, errors, false};
    read_root(&reader, jsonc_root(&document), baseline);
    jsonc_free(&document);
    if (is_good && !reader.has_failed)
        return true;
    baseline_free(baseline);
    return false;
}

static void free_entry(struct baseline_entry *entry)
{
    free(entry->scenario);
    free(entry->reason);
    free(entry->issue);
    *entry = (struct baseline_entry){0};
}

void baseline_free(struct baseline *baseline)
{
    for (size_t i = 0; i < baseline->count; i++)
        free_entry(&baseline->entries[i]);
    free(baseline->entries);
    free(baseline->client);
    free(baseline->version);
    *baseline = (struct baseline){0};
}

/* ---- held against a run ---- */

bool baseline_match(struct baseline *baseline, const char *const *names, size_t name_count,
                    const char *today, struct error_list *errors)
{
    bool is_good = true;
    for (size_t i = 0; i < baseline->count; i++) {
        struct baseline_entry *entry = &baseline->entries[i];
        entry->is_expired = entry->until[0] && strcmp(entry->until, today) < 0;
        entry->match_count = 0;
        for (size_t j = 0; j < name_count; j++)
            entry->match_count += text_glob_matches(entry->scenario, names[j]);
        if (entry->match_count <= BASELINE_MATCHES_MAX)
            continue;
        struct error *error = error_list_add(errors);
        error_set(error, "an entry must not excuse more than its reason speaks of: split it",
                  "`%.100s` stands for %zu scenarios; at most %d are allowed", entry->scenario,
                  entry->match_count, BASELINE_MATCHES_MAX);
        error->line = entry->line;
        error->column = entry->column;
        is_good = false;
    }
    return is_good;
}

const struct baseline_entry *baseline_find(const struct baseline *baseline, const char *scenario,
                                           enum rule rule)
{
    const struct baseline_entry *found = NULL;
    for (size_t i = 0; i < baseline->count; i++) {
        const struct baseline_entry *entry = &baseline->entries[i];
        if (entry->rule != rule || entry->is_expired ||
            !text_glob_matches(entry->scenario, scenario))
            continue;
        if (strcmp(entry->scenario, scenario) == 0)
            return entry;
        if (!found)
            found = entry;
    }
    return found;
}

bool baseline_is_conclusive(enum verdict verdict)
{
    return verdict == VERDICT_PASS || verdict == VERDICT_WARN || verdict == VERDICT_FAIL;
}

static bool has_finding(const struct judgement *judgement, enum rule rule)
{
    for (size_t i = 0; i < judgement->finding_count; i++)
        if (judgement->findings[i].rule == rule)
            return true;
    return false;
}

/* A step left unmet ends a scenario early: what comes later says nothing then. Nor does a play on a
 * busy machine: many a failure hangs on the moment, and stays away where everything is slow. */
static bool says_what_is_gone(const struct judgement *judgement)
{
    return baseline_is_conclusive(judgement->verdict) && !has_finding(judgement, RULE_STEP) &&
           !judgement->was_busy;
}

void baseline_note(struct baseline *baseline, const char *name, const struct judgement *judgement)
{
    for (size_t i = 0; i < baseline->count; i++) {
        struct baseline_entry *entry = &baseline->entries[i];
        if (!text_glob_matches(entry->scenario, name))
            continue;
        if (has_finding(judgement, entry->rule)) {
            entry->happened_count++;
        } else if (says_what_is_gone(judgement)) {
            if (entry->gone_count++ == 0)
                entry->gone_name = name;
        }
    }
}

bool baseline_entry_is_stale(const struct baseline_entry *entry, const char *const *names,
                             size_t name_count, struct buffer *sentence)
{
    const char *id = rule_info(entry->rule)->id;
    if (entry->match_count == 0) {
        int nearest = text_nearest(span_of(entry->scenario), names, name_count);
        buffer_printf(sentence, "`%s` (%s) matches no scenario", entry->scenario, id);
        if (nearest >= 0)
            buffer_printf(sentence, "; did you mean `%s`?", names[nearest]);
        return true;
    }
    if (entry->is_expired && entry->happened_count + entry->gone_count > 0) {
        buffer_printf(sentence, "`%s` (%s) has expired: it counted until %s", entry->scenario, id,
                      entry->until);
        return true;
    }
    if (entry->gone_count == 0)
        return false;
    buffer_printf(sentence, "%s no longer breaks %s", entry->gone_name, id);
    if (entry->gone_count > 1)
        buffer_printf(sentence, ", and so do %zu others", entry->gone_count - 1);
    if (strcmp(entry->scenario, entry->gone_name) != 0)
        buffer_printf(sentence, " (listed as `%s`)", entry->scenario);
    return true;
}
