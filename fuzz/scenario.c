/* The scenario loader on any text: it ends within bounded time and memory, tells errors with their
 * places, and what it takes can be printed and loads to the same, does the same with its repeats
 * written out, is told in words step by step, and is right by the schema. */
#include "support/explain_witness.h"
#include "support/schema_check.h"
#include "support/target.h"

#include "core/explain.h"
#include "core/jsonc.h"
#include "core/lint.h"
#include "core/number.h"
#include "core/scenario_print.h"
#include "core/scenario_same.h"
#include "core/scenario_schema.h"

#include <stdlib.h>
#include <string.h>

#define INSTANCES_MAX 3    /* of one file are looked at: the others differ in values only */
#define STEPS_MAX     2000 /* `repeat` makes ten thousand of a few bytes */
#define UNROLLED_MAX  200  /* steps that are written out */

/* ---- what was refused ---- */

static void check_errors(const struct error_list *errors, const char *text, size_t size_bytes)
{
    TARGET_CHECK(error_list_failed(errors), "a refusal without an error");
    struct buffer shown;
    buffer_init(&shown, BUFFER_NO_LIMIT);
    for (size_t i = 0; i < errors->count; i++) {
        const struct error *error = &errors->items[i];
        TARGET_CHECK(error->message[0], "error %zu says nothing", i);
        TARGET_CHECK(error->line > 0 && error->column > 0, "`%s` has no place", error->message);
        TARGET_CHECK(i == 0 || errors->items[i - 1].line <= error->line,
                     "error %zu is out of order", i);
        error_print(error, "f.jsonc", text, size_bytes, &shown);
    }
    TARGET_CHECK(text_is_utf8(shown.data, shown.size_bytes), "%s", buffer_text(&shown));
    buffer_free(&shown);
}

/* ---- what was loaded ---- */

static bool load(const char *text, size_t size_bytes, struct scenario_set *set,
                 struct error_list *errors)
{
    error_list_init(errors);
    return scenario_load(text, size_bytes, "f.jsonc", "f", set, errors);
}

static void check_equal_texts(const char *left, const char *right, const char *what)
{
    bool is_equal = left && right ? strcmp(left, right) == 0 : !left && !right;
    TARGET_CHECK(is_equal, "%s: `%s` and `%s`", what, left ? left : "", right ? right : "");
}

static void check_same(const struct scenario *left, const struct scenario *right)
{
    TARGET_CHECK(scenario_is_same(left, right), "written anew, it does something else");
    TARGET_CHECK(scenario_same_hash(left) == scenario_same_hash(right), "equal, but the hash");
    check_equal_texts(left->title, right->title, "title");
    check_equal_texts(left->why, right->why, "why");
    TARGET_CHECK(left->timeout_ms == right->timeout_ms, "timeout_ms");
    TARGET_CHECK(memcmp(left->rules, right->rules, sizeof left->rules) == 0, "rules");
    TARGET_CHECK(memcmp(left->rules_off, right->rules_off, sizeof left->rules_off) == 0, "judge");
    TARGET_CHECK(left->tags.count == right->tags.count, "tags");
    for (size_t i = 0; i < left->tags.count; i++)
        check_equal_texts(left->tags.items[i], right->tags.items[i], "tag");
    for (size_t i = 0; i < left->step_count; i++)
        TARGET_CHECK(left->steps[i].timeout_ms == right->steps[i].timeout_ms,
                     "timeout_ms of step %zu", i + 1);
}

static void check_print(const struct scenario *scenario)
{
    struct scenario_print_notes notes = {.schema = "schema.json", .head = "*/ printed\n//"};
    struct buffer text;
    struct scenario_set set = {0};
    struct error_list errors;
    buffer_init(&text, BUFFER_NO_LIMIT);
    scenario_print(scenario, scenario->step_count % 2 ? &notes : NULL, &text);
    bool is_loaded = load(buffer_text(&text), text.size_bytes, &set, &errors);
    TARGET_CHECK(is_loaded && set.count == 1, "%s in\n%s",
                 errors.count ? errors.items[0].message : "no error", buffer_text(&text));
    check_same(scenario, set.items[0]);
    scenario_set_free(&set);
    error_list_free(&errors);
    buffer_free(&text);
}

static void check_words(const struct scenario *scenario)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    explain_scenario(scenario, &text);
    TARGET_CHECK(text_is_utf8(text.data, text.size_bytes), "%s", buffer_text(&text));
    struct buffer fault;
    buffer_init(&fault, BUFFER_NO_LIMIT);
    bool is_right = explain_witness_agrees(scenario, buffer_text(&text), &fault);
    TARGET_CHECK(is_right, "%s\n%s", buffer_text(&fault), buffer_text(&text));
    buffer_free(&fault);
    buffer_free(&text);
}

/* ---- repeats, unrolled by hand ---- */

/* Appends the steps as they are played; `timeout` is what a repeat around them says, or NULL. */
static void unroll(const cJSON *steps, const cJSON *timeout, cJSON *out)
{
    for (const cJSON *step = steps->child; step; step = step->next) {
        const cJSON *own = cJSON_GetObjectItemCaseSensitive(step->child, "timeout_ms");
        if (strcmp(step->child->string, verb_name(VERB_REPEAT)) == 0) {
            const cJSON *body = cJSON_GetObjectItemCaseSensitive(step->child, "steps");
            double times = cJSON_GetObjectItemCaseSensitive(step->child, "times")->valuedouble;
            for (double i = 0; i < times; i++)
                unroll(body, own ? own : timeout, out);
            continue;
        }
        cJSON *copy = cJSON_Duplicate(step, true);
        if (timeout && !own)
            cJSON_AddItemToObject(copy->child, "timeout_ms", cJSON_Duplicate(timeout, true));
        cJSON_AddItemToArray(out, copy);
    }
}

/* A repeat is no more than its steps, written so often. */
static void check_unrolled(const struct scenario *scenario)
{
    cJSON *document = cJSON_Duplicate(scenario->document, true), *steps = cJSON_CreateArray();
    unroll(cJSON_GetObjectItemCaseSensitive(document, "steps"), NULL, steps);
    cJSON_DeleteItemFromObjectCaseSensitive(document, "each"); /* its values are filled in */
    cJSON_ReplaceItemInObjectCaseSensitive(document, "steps", steps);
    char *text = number_print_tree(document);
    struct scenario_set set = {0};
    struct error_list errors;
    bool is_loaded = load(text, strlen(text), &set, &errors);
    TARGET_CHECK(is_loaded && set.count == 1, "%s in\n%s",
                 errors.count ? errors.items[0].message : "no error", text);
    check_same(scenario, set.items[0]);
    scenario_set_free(&set);
    error_list_free(&errors);
    cJSON_Delete(document);
    free(text);
}

/* What the loader takes, the schema must take: editors underline nothing that is right. */
static void check_schema(const char *text, size_t size_bytes)
{
    static cJSON *schema;
    static const struct jsonc_limits limits = {.size_bytes_max = TARGET_INPUT_BYTES_MAX,
                                               .depth_max = SCENARIO_DEPTH_MAX,
                                               .value_count_max = TARGET_INPUT_BYTES_MAX};
    if (!schema) {
        struct buffer printed;
        buffer_init(&printed, BUFFER_NO_LIMIT);
        scenario_schema_print(&printed);
        schema = cJSON_Parse(buffer_text(&printed));
        buffer_free(&printed);
    }
    struct jsonc_document document;
    struct error_list errors;
    error_list_init(&errors);
    TARGET_CHECK(jsonc_parse(text, size_bytes, &limits, &document, &errors), "%s",
                 errors.items[0].message);
    const char *keyword;
    TARGET_CHECK(schema_check(schema, document.root, &keyword), "the schema refuses it: `%s`",
                 keyword);
    jsonc_free(&document);
    error_list_free(&errors);
}

static void check_lint(const struct scenario_set *set)
{
    struct lint_report report = {0};
    lint_scenarios(set, &report);
    TARGET_CHECK(report.count <= LINT_WARNINGS_MAX, "%zu warnings", report.count);
    lint_report_free(&report);
}

static void check_loaded(const struct scenario_set *set, const char *text, size_t size_bytes)
{
    TARGET_CHECK(set->count > 0 && set->count <= SCENARIO_INSTANCES_MAX, "%zu", set->count);
    check_schema(text, size_bytes);
    size_t step_count = 0;
    for (size_t i = 0; i < set->count; i++)
        step_count += set->items[i]->step_count;
    if (step_count <= STEPS_MAX)
        check_lint(set);
    for (size_t i = 0; i < set->count && i < INSTANCES_MAX; i++) {
        const struct scenario *scenario = set->items[i];
        TARGET_CHECK(scenario->step_count <= SCENARIO_STEPS_MAX, "%zu steps", scenario->step_count);
        if (scenario->step_count > STEPS_MAX)
            continue;
        check_words(scenario);
        check_print(scenario);
        if (scenario->step_count <= UNROLLED_MAX)
            check_unrolled(scenario);
        TARGET_CHECK(i == 0 || !scenario_is_same(scenario, set->items[i - 1]) ||
                         scenario_same_hash(scenario) == scenario_same_hash(set->items[i - 1]),
                     "equal scenarios, but the hash");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    char *text = target_copy(data, size_bytes);
    struct scenario_set set = {0};
    struct error_list errors;
    if (load(text, size_bytes, &set, &errors))
        check_loaded(&set, text, size_bytes);
    else
        check_errors(&errors, text, size_bytes);
    TARGET_CHECK(error_list_failed(&errors) == (set.count == 0), "%zu scenarios", set.count);
    scenario_set_free(&set);
    error_list_free(&errors);
    free(text);
    return 0;
}
