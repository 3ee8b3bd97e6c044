#include "core/lint.h"

#include "core/lint_internal.h"
#include "core/memory.h"
#include "core/scenario_same.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TITLE_WORDS_MIN 3

/* ---- telling ---- */

struct jsonc_node lint_member(const struct lint *lint, struct jsonc_node node, const char *name)
{
    if (!node.json)
        return node;
    return jsonc_member(&lint->document, node, name);
}

static struct lint_finding *find_finding(const struct lint *lint, size_t start,
                                         const struct error *error)
{
    for (size_t i = 0; i < lint->finding_count; i++)
        if (lint->findings[i].start == start &&
            strcmp(lint->findings[i].error.message, error->message) == 0)
            return &lint->findings[i];
    return NULL;
}

void lint_add(struct lint *lint, struct jsonc_node node, enum lint_part part, bool needs_all,
              const char *hint, const char *format, ...)
{
    struct error error;
    char message[sizeof error.message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    error_set(&error, hint, "%s", message);
    error.severity = ERROR_SEVERITY_WARNING;
    const struct jsonc_place *place = &lint->document.places[node.index];
    bool is_key = part == LINT_KEY && place->key_end > 0;
    size_t start = is_key ? place->key_start : place->start;
    struct lint_finding *finding = find_finding(lint, start, &error);
    if (!finding) {
        if (lint->finding_count == LINT_WARNINGS_MAX)
            return;
        lint->findings = memory_grow(lint->findings, &lint->finding_capacity_count,
                                     lint->finding_count + 1, sizeof *lint->findings);
        finding = &lint->findings[lint->finding_count++];
        *finding = (struct lint_finding){.start = start,
                                         .end = is_key ? place->key_end : place->end,
                                         .needs_all = needs_all,
                                         .instance_name = lint->scenario->name,
                                         .error = error};
    } else if (finding->instance == lint->instance) {
        return;
    }
    finding->instance = lint->instance;
    finding->instance_count = lint->is_whole ? lint->scenario_count : finding->instance_count + 1;
}

static int compare_findings(const void *left, const void *right)
{
    const struct lint_finding *a = left, *b = right;
    return a->start < b->start ? -1 : a->start > b->start;
}

static void report_findings(struct lint *lint, struct lint_report *report)
{
    const struct scenario *file = lint->scenarios[0];
    if (lint->finding_count)
        qsort(lint->findings, lint->finding_count, sizeof *lint->findings, compare_findings);
    for (size_t i = 0; i < lint->finding_count; i++) {
        struct lint_finding *finding = &lint->findings[i];
        bool is_in_all = finding->instance_count == lint->scenario_count;
        if (finding->needs_all && !is_in_all)
            continue;
        struct error error = finding->error;
        if (!is_in_all)
            error_set(&error, finding->error.hint, "%s (in `%s`)", finding->error.message,
                      finding->instance_name);
        error.severity = ERROR_SEVERITY_WARNING;
        jsonc_place_error(&error, file->text, file->text_bytes, finding->start, finding->end);
        report->items = memory_grow(report->items, &report->capacity_count, report->count + 1,
                                    sizeof *report->items);
        report->items[report->count++] = (struct lint_warning){file, error};
    }
}

void lint_report_free(struct lint_report *report)
{
    free(report->items);
    *report = (struct lint_report){0};
}

/* ---- the title ---- */

/* Lower case, every run of other characters one blank. */
static void simplify(const char *text, struct buffer *out)
{
    bool is_between = false;
    for (; *text; text++) {
        if (!isalnum((unsigned char)*text)) {
            is_between = out->size_bytes > 0;
            continue;
        }
        char letter = (char)tolower((unsigned char)*text);
        if (is_between)
            buffer_append_text(out, " ");
        buffer_append(out, &letter, 1);
        is_between = false;
    }
}

static size_t count_words(const char *text)
{
    size_t count = 0;
    while (*(text += strspn(text, " "))) {
        count++;
        text += strcspn(text, " ");
    }
    return count;
}

/* A word that every title could have. */
static const char *find_idle_word(const char *title)
{
    static const char *const words[] = {"test", "tests",    "testing", "scenario",
                                        "todo", "untitled", "example"};
    for (const char *word = title; *word; word += strcspn(word, " "), word += strspn(word, " "))
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (span_equals((struct span){word, strcspn(word, " ")}, words[i]))
                return words[i];
    return NULL;
}

static void lint_title(struct lint *lint, struct jsonc_node root)
{
    static const char hint[] = "say what happens, as in `The ack comes twice`";
    struct jsonc_node node = lint_member(lint, root, "title");
    const char *slash = strrchr(lint->scenario->name, '/');
    const char *base = slash ? slash + 1 : lint->scenario->name;
    char *file = memory_copy_text(base, strcspn(base, "["));
    struct buffer title, name;
    buffer_init(&title, BUFFER_NO_LIMIT);
    buffer_init(&name, BUFFER_NO_LIMIT);
    simplify(lint->scenario->title, &title);
    simplify(file, &name);
    const char *idle = find_idle_word(buffer_text(&title));
    if (strcmp(buffer_text(&title), buffer_text(&name)) == 0)
        lint_add(lint, node, LINT_VALUE, false, hint, "the title only repeats the file's name");
    else if (count_words(lint->scenario->title) < TITLE_WORDS_MIN)
        lint_add(lint, node, LINT_VALUE, false, hint,
                 "the title says nothing in less than %d words", TITLE_WORDS_MIN);
    else if (idle)
        lint_add(lint, node, LINT_VALUE, false, hint,
                 "the title says `%s`, which every scenario is", idle);
    buffer_free(&title);
    buffer_free(&name);
    free(file);
}

/* ---- keys of `each` ---- */

/* Recursion is bounded by SCENARIO_DEPTH_MAX. */
static bool uses_template(const cJSON *node, const char *template)
{
    if (cJSON_IsString(node) && strstr(node->valuestring, template))
        return true;
    for (const cJSON *child = node ? node->child : NULL; child; child = child->next)
        if (uses_template(child, template))
            return true;
    return false;
}

/* On the tree of the text: in the instances' own trees the templates are filled in. */
static void lint_each(struct lint *lint)
{
    struct jsonc_node root = jsonc_root(&lint->document);
    struct jsonc_node each = lint_member(lint, root, "each");
    if (!each.json)
        return;
    for (struct jsonc_node key = jsonc_child(each); key.json;
         key = jsonc_next(&lint->document, key)) {
        struct buffer template;
        buffer_init(&template, BUFFER_NO_LIMIT);
        buffer_printf(&template, "${%s}", key.json->string);
        bool is_used = false;
        static const char *const parts[] = {"server", "client", "steps"};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            is_used |=
                uses_template(lint_member(lint, root, parts[i]).json, buffer_text(&template));
        if (!is_used)
            lint_add(lint, key, LINT_KEY, false,
                     "write \"${…}\" where its values belong, or take the key away",
                     "`%s` of `each` is not used in `steps`, `server` or `client`: all its "
                     "scenarios do the same",
                     key.json->string);
        buffer_free(&template);
    }
}

/* ---- one file ---- */

/* The fields of each step, in the order in which repeats unroll. Bounded as the loader's steps. */
static void collect_nodes(struct lint *lint, struct jsonc_node steps)
{
    for (struct jsonc_node step = jsonc_child(steps); step.json;
         step = jsonc_next(&lint->document, step)) {
        struct jsonc_node fields = jsonc_child(step);
        size_t first = lint->node_count, copies = 1;
        bool is_repeat = strcmp(fields.json->string, verb_name(VERB_REPEAT)) == 0;
        if (is_repeat) {
            collect_nodes(lint, lint_member(lint, fields, "steps"));
            copies = (size_t)lint_member(lint, fields, "times").json->valuedouble;
        }
        size_t body_count = is_repeat ? lint->node_count - first : 1;
        size_t needed = first + body_count * copies;
        lint->nodes =
            memory_grow(lint->nodes, &lint->node_capacity_count, needed, sizeof *lint->nodes);
        if (!is_repeat)
            lint->nodes[lint->node_count++] = fields;
        for (; lint->node_count < needed; lint->node_count++)
            lint->nodes[lint->node_count] = lint->nodes[lint->node_count - body_count];
    }
}

static void lint_instance(struct lint *lint, size_t instance)
{
    lint->instance = instance;
    lint->scenario = lint->scenarios[instance];
    lint->node_count = 0;
    struct jsonc_node root = {lint->scenario->document, 0};
    collect_nodes(lint, lint_member(lint, root, "steps"));
    lint_title(lint, root);
    lint_steps(lint);
    lint_fields(lint);
    lint_reach(lint);
}

/* `twin` does the same as the instance. */
static void lint_twin(struct lint *lint, size_t instance, const struct scenario *twin)
{
    lint->instance = instance;
    lint->scenario = lint->scenarios[instance];
    struct jsonc_node root = {lint->scenario->document, 0};
    lint_add(lint, lint_member(lint, root, "title"), LINT_KEY, false,
             "change what differs, or keep one of them",
             "it does the same as `%s`: equal steps, server, client and dialect", twin->name);
}

static void lint_file(const struct scenario_set *set, size_t first, size_t count,
                      const struct scenario *const *twins, struct lint_report *report)
{
    static const struct jsonc_limits limits = {.size_bytes_max = SCENARIO_FILE_BYTES_MAX,
                                               .depth_max = SCENARIO_DEPTH_MAX,
                                               .value_count_max = 1000000};
    const struct scenario *file = set->items[first];
    struct error_list errors;
    error_list_init(&errors);
    struct lint lint = {.scenarios = (const struct scenario *const *)&set->items[first],
                        .scenario_count = count};
    /* It was loaded from this very text. */
    if (jsonc_parse(file->text, file->text_bytes, &limits, &lint.document, &errors)) {
        lint.scenario = file;
        for (size_t i = 0; i < count; i++)
            lint_instance(&lint, i);
        lint.instance = 0;
        lint.scenario = file;
        size_t told_count = lint.finding_count;
        lint.is_whole = true;
        lint_each(&lint);
        lint.is_whole = false;
        /* A key that is not used makes twins of all the file's scenarios: that is told then. */
        bool is_told = lint.finding_count > told_count;
        for (size_t i = 0; i < count; i++)
            if (twins[first + i] && !(is_told && twins[first + i]->text == file->text))
                lint_twin(&lint, i, twins[first + i]);
        report_findings(&lint, report);
        jsonc_free(&lint.document);
    }
    error_list_free(&errors);
    free(lint.findings);
    free(lint.nodes);
}

/* ---- scenarios that do the same ---- */

struct fingerprint {
    uint64_t hash;
    size_t index;
};

static int compare_fingerprints(const void *left, const void *right)
{
    const struct fingerprint *a = left, *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* For each scenario the first one that does the same, or NULL; owned by the caller. */
static const struct scenario **find_twins(const struct scenario_set *set)
{
    const struct scenario **twins = memory_alloc(set->count, sizeof *twins);
    struct fingerprint *prints = memory_alloc(set->count, sizeof *prints);
    for (size_t i = 0; i < set->count; i++)
        prints[i] = (struct fingerprint){scenario_same_hash(set->items[i]), i};
    if (set->count > 0)
        qsort(prints, set->count, sizeof *prints, compare_fingerprints);
    for (size_t i = 1, first = 0; i < set->count; i++) {
        if (prints[i].hash != prints[first].hash)
            first = i;
        else if (scenario_is_same(set->items[prints[first].index], set->items[prints[i].index]))
            twins[prints[i].index] = set->items[prints[first].index];
    }
    free(prints);
    return twins;
}

void lint_scenarios(const struct scenario_set *set, struct lint_report *report)
{
    *report = (struct lint_report){0};
    const struct scenario **twins = find_twins(set);
    for (size_t first = 0, next; first < set->count; first = next) {
        /* The instances of a file share its text. */
        for (next = first + 1; next < set->count; next++)
            if (set->items[next]->text != set->items[first]->text)
                break;
        lint_file(set, first, next - first, twins, report);
    }
    free(twins);
}
