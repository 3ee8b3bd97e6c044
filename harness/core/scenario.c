#include "core/scenario.h"

#include "core/driver_line.h"
#include "core/memory.h"
#include "core/scenario_each.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX         1000000 /* in a file: a scenario of 10,000 steps has some 60,000 */
#define INSTANCE_STEPS_MAX 500000  /* of all instances of a file */
#define NEEDS_MAX          16

/* The file's text, one for all instances. Counted without locks: scenarios are loaded and freed by
 * one thread. */
struct source {
    char *text; /* owned */
    size_t reference_count;
};

struct need {
    const char *capability;
    const char *because;
};

/* What a scenario's `arena` points to. */
struct scenario_private {
    struct arena arena;
    cJSON *client_options; /* owned */
    struct source *source;
    struct need needs[NEEDS_MAX];
    size_t need_count;
};

/* ---- freeing ---- */

static void source_release(struct source *source)
{
    if (source && --source->reference_count == 0) {
        free(source->text);
        free(source);
    }
}

void scenario_free(struct scenario *scenario)
{
    if (!scenario)
        return;
    struct scenario_private *private = scenario->arena;
    arena_free(&private->arena);
    cJSON_Delete(private->client_options);
    source_release(private->source);
    free(private);
    cJSON_Delete(scenario->document);
    free(scenario->steps);
    free(scenario->name);
    free(scenario->path);
    free(scenario);
}

static void drop_scenarios(struct scenario_set *set, size_t count)
{
    while (set->count > count)
        scenario_free(set->items[--set->count]);
}

void scenario_set_free(struct scenario_set *set)
{
    drop_scenarios(set, 0);
    free(set->items);
    *set = (struct scenario_set){0};
}

/* ---- what a scenario needs ---- */

static void add_need(struct scenario *scenario, enum driver_capability capability,
                     const char *because)
{
    struct scenario_private *private = scenario->arena;
    const char *name = driver_capability_name(capability);
    for (size_t i = 0; i < private->need_count; i++) {
        if (strcmp(private->needs[i].capability, name) == 0)
            return;
    }
    assert(private->need_count < NEEDS_MAX);
    because = arena_copy_text(&private->arena, because, strlen(because));
    private->needs[private->need_count++] = (struct need){name, because};
}

static void collect_step_need(struct scenario *scenario, size_t index)
{
    static const int capabilities[CLIENT_DO_COUNT] = {
        [CLIENT_DO_SUBSCRIBE] = DRIVER_CAPABILITY_SUBSCRIBE,
        [CLIENT_DO_UNSUBSCRIBE] = DRIVER_CAPABILITY_SUBSCRIBE,
        [CLIENT_DO_RECONNECT] = DRIVER_CAPABILITY_RECONNECT,
        [CLIENT_DO_STOP] = -1, /* every driver can */
        [CLIENT_DO_THROW] = DRIVER_CAPABILITY_THROW,
        [CLIENT_DO_SLOW] = DRIVER_CAPABILITY_SLOW,
    };
    const struct scenario_step *step = &scenario->steps[index];
    if (step->verb != VERB_CLIENT || capabilities[step->client.action] < 0)
        return;
    char because[80];
    snprintf(because, sizeof because, "`client: %s` (step %zu)",
             client_do_name(step->client.action), index + 1);
    add_need(scenario, (enum driver_capability)capabilities[step->client.action], because);
}

static void collect_needs(struct scenario *scenario)
{
    static const struct {
        const char *option;
        enum driver_capability capability;
    } options[] = {
        {"clock_skew_ms", DRIVER_CAPABILITY_CLOCK_SKEW},
        {"ping_ms", DRIVER_CAPABILITY_KEEPALIVE},
        {"pong_timeout_ms", DRIVER_CAPABILITY_KEEPALIVE},
    };
    if (scenario->dialect == DIALECT_NODE)
        add_need(scenario, DRIVER_CAPABILITY_NODE, "`dialect: node`");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        char because[80];
        snprintf(because, sizeof because, "`%s` of `client`", options[i].option);
        if (cJSON_GetObjectItemCaseSensitive(scenario->client_options, options[i].option))
            add_need(scenario, options[i].capability, because);
    }
    for (size_t i = 0; i < scenario->step_count; i++)
        collect_step_need(scenario, i);
}

const char *scenario_needed_capability(const struct scenario *scenario, size_t index,
                                       const char **because)
{
    const struct scenario_private *private = scenario->arena;
    if (index >= private->need_count)
        return NULL;
    *because = private->needs[index].because;
    return private->needs[index].capability;
}

/* ---- loading ---- */

/* What a driver gets as options: what the scenario says and the defaults that are always sent. */
static cJSON *make_client_options(const struct scenario_parser *parser, struct jsonc_node root)
{
    const struct scenario_object *object = scenario_object_client();
    struct jsonc_node client = jsonc_member(parser->document, root, object->name);
    cJSON *options = cJSON_CreateObject();
    for (size_t i = 0; i < object->field_count; i++) {
        const struct scenario_field *field = &object->fields[i];
        if (field->offset != FIELD_UNSTORED)
            continue;
        struct jsonc_node given = {NULL, 0};
        if (client.json)
            given = jsonc_member(parser->document, client, field->name);
        if (given.json)
            cJSON_AddItemToObject(options, field->name, cJSON_Duplicate(given.json, true));
        else if (field->fallback && field->kind == FIELD_BOOL)
            cJSON_AddBoolToObject(options, field->name, strcmp(field->fallback, "true") == 0);
        else if (field->fallback)
            cJSON_AddNumberToObject(options, field->name, strtod(field->fallback, NULL));
    }
    return options;
}

/* A rule that is shown is judged: both at once can never work. */
static void check_judge(struct scenario_parser *parser, struct jsonc_node root)
{
    struct jsonc_node judge = jsonc_member(parser->document, root, "judge");
    if (!cJSON_IsObject(judge.json))
        return;
    for (struct jsonc_node item = jsonc_child(judge); item.json;
         item = jsonc_next(parser->document, item)) {
        enum rule rule = rule_find(span_of(item.json->string));
        if (rule < RULE_COUNT && parser->scenario->rules[rule])
            parse_fail(parser, item, PARSE_KEY, NULL,
                       "`%s` stands in `rules` too, but is not judged", item.json->string);
    }
}

static void load_root(struct scenario_parser *parser, struct jsonc_node root)
{
    struct scenario *scenario = parser->scenario;
    const struct scenario_field *timeout = &scenario_object_common()->fields[0];
    parser->timeout_ms = strtoll(timeout->fallback, NULL, 10);
    parse_object(parser, root, scenario_object_top(), scenario, NULL);
    check_judge(parser, root);
    /* After all else, since frames depend on the dialect. */
    struct jsonc_node steps = jsonc_member(parser->document, root, "steps");
    if (steps.json)
        parse_steps(parser, steps);
    parse_check_stream(parser, root);
    scenario->steps = parser->steps;
    scenario->step_count = parser->step_count;
}

/* An empty scenario that owns `tree` and shares `source`. */
static struct scenario *new_scenario(const char *path, char *name, cJSON *tree,
                                     struct source *source, size_t text_bytes)
{
    struct scenario_private *private = memory_alloc(1, sizeof *private);
    struct scenario *scenario = memory_alloc(1, sizeof *scenario);
    source->reference_count++;
    private->source = source;
    scenario->arena = private;
    scenario->name = name;
    scenario->path = memory_copy_text(path, strlen(path));
    scenario->document = tree;
    scenario->text = source->text;
    scenario->text_bytes = text_bytes;
    return scenario;
}

/* Reads what `common` has prepared into `scenario`; false with errors. */
static bool load_instance(const struct scenario_parser *common, struct scenario *scenario)
{
    struct scenario_private *private = scenario->arena;
    struct scenario_parser parser = *common;
    parser.scenario = scenario;
    parser.arena = &private->arena;
    parser.has_failed = false;
    if (parser.each_names.count > 0)
        parser.instance = scenario->name;
    struct jsonc_node root = {scenario->document, 0};
    load_root(&parser, root);
    name_set_free(&parser.events);
    private->client_options = make_client_options(&parser, root);
    scenario->client_options = private->client_options;
    if (!parser.has_failed)
        collect_needs(scenario);
    return !parser.has_failed;
}

static void add_scenario(struct scenario_set *set, struct scenario *scenario)
{
    set->items = memory_grow(set->items, &set->capacity_count, set->count + 1, sizeof *set->items);
    set->items[set->count++] = scenario;
}

static bool load_instances(struct scenario_parser *common, struct jsonc_document *document,
                           const struct each *each, const char *path, const char *name,
                           struct scenario_set *set)
{
    struct source *source = memory_alloc(1, sizeof *source);
    source->reference_count = 1;
    source->text = memory_copy_text(common->text, common->size_bytes);
    common->each_names = (struct name_list){each->names, each->key_count};
    /* Where the counting of lines starts for every instance. */
    size_t line, column;
    struct jsonc_node steps = jsonc_member(document, jsonc_root(document), "steps");
    if (steps.json)
        parse_locate(common, document->places[steps.index].start, &line, &column);
    bool is_good = true;
    size_t step_count = 0;
    for (size_t i = 0; i < each->instance_count; i++) {
        cJSON *tree = document->root;
        if (each->key_count > 0)
            tree = each_instance_tree(each, i, document->root);
        else
            document->root = NULL; /* the one scenario takes it */
        struct scenario *scenario =
            new_scenario(path, each_instance_name(each, i, name), tree, source, common->size_bytes);
        add_scenario(set, scenario);
        is_good &= load_instance(common, scenario);
        step_count += scenario->step_count;
        if (step_count > INSTANCE_STEPS_MAX)
            is_good = parse_fail(
                common, (struct jsonc_node){tree, 0}, PARSE_VALUE, "split the file",
                "the scenarios of `each` have more than %d steps together", INSTANCE_STEPS_MAX);
        if (step_count > INSTANCE_STEPS_MAX || common->errors->count >= ERROR_LIST_MAX)
            break;
    }
    source_release(source);
    return is_good;
}

/* From the error at `first` on, in the order of the file; those of one place stay as they came. */
static void sort_errors(struct error_list *errors, size_t first)
{
    for (size_t i = first + 1; i < errors->count; i++) {
        struct error error = errors->items[i];
        size_t at = i;
        for (; at > first; at--) {
            const struct error *before = &errors->items[at - 1];
            if (before->line < error.line ||
                (before->line == error.line && before->column <= error.column))
                break;
            errors->items[at] = *before;
        }
        errors->items[at] = error;
    }
}

bool scenario_load(const char *text, size_t size_bytes, const char *path, const char *name,
                   struct scenario_set *set, struct error_list *errors)
{
    static const struct jsonc_limits limits = {.size_bytes_max = SCENARIO_FILE_BYTES_MAX,
                                               .depth_max = SCENARIO_DEPTH_MAX,
                                               .value_count_max = VALUES_MAX};
    size_t first_error = errors->count, first_scenario = set->count;
    struct jsonc_document document;
    bool has_document;
    bool is_good = jsonc_parse_partly(text, size_bytes, &limits, &document, &has_document, errors);
    if (!has_document)
        return false;
    struct scenario_parser parser = {
        .text = text, .size_bytes = size_bytes, .document = &document, .errors = errors};
    struct jsonc_node root = jsonc_root(&document);
    struct each each = {.instance_count = 0};
    if (!cJSON_IsObject(root.json))
        is_good = parse_fail(&parser, root, PARSE_VALUE, NULL, "a scenario must be an object");
    else if (!each_parse(&parser, jsonc_member(&document, root, "each"), &each))
        is_good = false; /* without its values nothing else can be checked fairly */
    else if (!load_instances(&parser, &document, &each, path, name, set))
        is_good = false;
    each_free(&each);
    jsonc_free(&document);
    sort_errors(errors, first_error);
    if (!is_good)
        drop_scenarios(set, first_scenario);
    return is_good;
}

/* ---- questions ---- */

double scenario_client_number(const struct scenario *scenario, const char *option, double fallback)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(scenario->client_options, option);
    if (cJSON_IsBool(value))
        return cJSON_IsTrue(value);
    return cJSON_IsNumber(value) ? value->valuedouble : fallback;
}

bool scenario_has_verb(const struct scenario *scenario, enum verb verb)
{
    for (size_t i = 0; i < scenario->step_count; i++) {
        if (scenario->steps[i].verb == verb)
            return true;
    }
    return false;
}
