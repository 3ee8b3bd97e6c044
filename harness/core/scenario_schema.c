#include "core/scenario_schema.h"

#include "core/scenario_fields.h"
#include "core/scenario_schema_values.h"

#include <string.h>

/* ---- objects ---- */

static cJSON *new_requirement(const char *name)
{
    cJSON *required = cJSON_CreateArray();
    schema_append_text(required, name);
    cJSON *schema = cJSON_CreateObject();
    schema_add(schema, "required", required);
    return schema;
}

/* One requirement for each of `words`, which have blanks between. */
static cJSON *new_requirements(const char *words)
{
    cJSON *list = cJSON_CreateArray();
    while (*words) {
        char word[40] = "";
        size_t size_bytes = strcspn(words, " ");
        memcpy(word, words, size_bytes < sizeof word ? size_bytes : sizeof word - 1);
        schema_append(list, new_requirement(word));
        words += size_bytes + strspn(words + size_bytes, " ");
    }
    return list;
}

static cJSON *new_object_schema(const struct scenario_object *object, bool is_verb, bool is_filled);

static cJSON *new_field_schema(const struct scenario_field *field, bool is_filled)
{
    /* What stands in `server` and `client` may come from `each`; of the top level's own values
     * only the title. */
    cJSON *schema = field->kind == FIELD_OBJECT ? new_object_schema(field->object, false, true)
                                                : schema_new_value(field, is_filled);
    cJSON_DeleteItemFromObjectCaseSensitive(schema, "description");
    schema_add_description(schema, field->help);
    schema_add_default(schema, field);
    return schema;
}

static void add_fields(cJSON *schema, cJSON *properties, const struct scenario_object *object,
                       bool is_filled)
{
    cJSON *required = cJSON_CreateArray(), *choices = cJSON_CreateArray();
    cJSON *dependencies = cJSON_CreateObject();
    for (size_t i = 0; i < object->field_count; i++) {
        const struct scenario_field *field = &object->fields[i];
        schema_add(properties, field->name, new_field_schema(field, is_filled));
        if (field->is_needed)
            schema_append_text(required, field->name);
        if (field->is_choice)
            schema_append(choices, new_requirement(field->name));
        if (field->only_with) {
            cJSON *others = cJSON_CreateObject();
            schema_add(others, "anyOf", new_requirements(field->only_with));
            schema_add(dependencies, field->name, others);
        }
    }
    schema_add_or_drop(schema, "required", required);
    schema_add_or_drop(schema, "oneOf", choices);
    schema_add_or_drop(schema, "dependencies", dependencies);
}

/* `set` must change something: a field that tells whether it was given changes something. */
static void add_changes(cJSON *schema, const struct scenario_object *object)
{
    cJSON *changes = cJSON_CreateArray();
    for (size_t i = 0; i < object->field_count; i++)
        if (object->fields[i].has_offset)
            schema_append(changes, new_requirement(object->fields[i].name));
    schema_add_or_drop(schema, "anyOf", changes);
}

/* A condition on one key of the same object. */
static cJSON *new_condition(const char *key, const char *const *values, size_t count)
{
    cJSON *names = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++)
        schema_append_text(names, values[i]);
    cJSON *value = cJSON_CreateObject(), *properties = cJSON_CreateObject();
    schema_add(value, "enum", names);
    schema_add(properties, key, value);
    cJSON *condition = new_requirement(key);
    schema_add(condition, "properties", properties);
    return condition;
}

static cJSON *new_rule(cJSON *condition, cJSON *consequence)
{
    cJSON *rule = cJSON_CreateObject();
    schema_add(rule, "if", condition);
    schema_add(rule, "then", consequence);
    return rule;
}

static cJSON *new_negation(cJSON *schema)
{
    cJSON *negation = cJSON_CreateObject();
    schema_add(negation, "not", schema);
    return negation;
}

/* The loader's check_client: which action takes what. */
static void add_client_rules(cJSON *schema)
{
    static const char *const field_of[CLIENT_DO_COUNT] = {
        [CLIENT_DO_SUBSCRIBE] = "channels",
        [CLIENT_DO_UNSUBSCRIBE] = "channels",
        [CLIENT_DO_SLOW] = "ms",
    };
    static const char *const fields[] = {"channels", "ms"};
    cJSON *rules = cJSON_CreateArray();
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *takers[CLIENT_DO_COUNT], *others[CLIENT_DO_COUNT];
        size_t taker_count = 0, other_count = 0;
        for (int action = 0; action < CLIENT_DO_COUNT; action++) {
            const char *name = client_do_name((enum client_do)action);
            if (field_of[action] && strcmp(field_of[action], fields[i]) == 0)
                takers[taker_count++] = name;
            else
                others[other_count++] = name;
        }
        schema_append(
            rules, new_rule(new_condition("do", takers, taker_count), new_requirement(fields[i])));
        schema_append(rules, new_rule(new_condition("do", others, other_count),
                                      new_negation(new_requirement(fields[i]))));
    }
    schema_add(schema, "allOf", rules);
}

/* Further fields of `expect` match those of the frame: only with `frame`, and only fields that it
 * has; what must be absent may have any name. */
static void add_expect_rules(cJSON *schema, const cJSON *properties)
{
    cJSON *rules = cJSON_CreateArray(), *names = cJSON_CreateObject();
    cJSON *known = cJSON_CreateArray();
    for (const cJSON *own = properties->child; own; own = own->next)
        schema_append_text(known, own->string);
    cJSON *own_only = cJSON_CreateObject();
    schema_add(names, "enum", known);
    schema_add(own_only, "propertyNames", names);
    schema_append(rules, new_rule(new_negation(new_requirement("frame")), own_only));
    for (int dialect = DIALECT_AGENT; dialect <= DIALECT_NODE; dialect++) {
        const struct name_list *frames = scenario_client_frame_names((enum dialect)dialect);
        for (size_t i = 0; i < frames->count; i++) {
            const struct name_list *fields = scenario_client_frame_fields(frames->items[i]);
            if (!fields)
                continue;
            cJSON *allowed = cJSON_CreateObject(), *then = cJSON_CreateObject();
            for (const cJSON *own = properties->child; own; own = own->next)
                schema_add(allowed, own->string, cJSON_CreateTrue());
            for (size_t j = 0; j < fields->count; j++)
                schema_add(allowed, fields->items[j], schema_new_reference("matcher"));
            schema_add(then, "properties", allowed);
            schema_add(then, "additionalProperties", schema_new_reference("absent"));
            schema_append(rules, new_rule(new_condition("frame", &frames->items[i], 1), then));
        }
    }
    schema_add(schema, "allOf", rules);
}

static cJSON *new_object_schema(const struct scenario_object *object, bool is_verb, bool is_filled)
{
    cJSON *schema = schema_new_type("object"), *properties = cJSON_CreateObject();
    schema_add_description(schema, object->help);
    schema_add(schema, "properties", properties);
    add_fields(schema, properties, object, is_filled);
    const struct scenario_object *common = scenario_object_common();
    for (size_t i = 0; is_verb && i < common->field_count; i++)
        schema_add(properties, common->fields[i].name,
                   new_field_schema(&common->fields[i], is_filled));
    if (object == scenario_object_of_verb(VERB_SET))
        add_changes(schema, object);
    if (object == scenario_object_of_verb(VERB_CLIENT))
        add_client_rules(schema);
    if (object->takes_more) {
        add_expect_rules(schema, properties);
        schema_add(schema, "additionalProperties", schema_new_reference("matcher"));
    } else {
        schema_add(schema, "additionalProperties", cJSON_CreateFalse());
    }
    return schema;
}

/* ---- the whole ---- */

static cJSON *new_step_schema(void)
{
    cJSON *schema = schema_new_type("object"), *properties = cJSON_CreateObject();
    schema_add_description(schema, "A step: exactly one verb, with its fields.");
    for (int verb = 0; verb < VERB_COUNT; verb++)
        schema_add(properties, verb_name((enum verb)verb),
                   new_object_schema(scenario_object_of_verb((enum verb)verb), true, true));
    schema_add_number(schema, "minProperties", 1);
    schema_add_number(schema, "maxProperties", 1);
    schema_add(schema, "properties", properties);
    schema_add(schema, "additionalProperties", cJSON_CreateFalse());
    return schema;
}

static cJSON *new_schema(void)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON *top = new_object_schema(scenario_object_top(), false, false);
    cJSON *definitions = schema_new_definitions();
    schema_add_text(schema, "$schema", "http://json-schema.org/draft-07/schema#");
    schema_add_text(schema, "title", "A scenario of gapcheck");
    schema_add_text(schema, "$comment",
                    "Made by `gapcheck schema --write` from the table of the loader; do not edit.");
    while (top->child) {
        cJSON *member = cJSON_DetachItemViaPointer(top, top->child);
        char *name = member->string;
        member->string = NULL;
        schema_add(schema, name, member);
        cJSON_free(name);
    }
    cJSON_Delete(top);
    schema_add(definitions, "step", new_step_schema());
    schema_add(definitions, "send", new_object_schema(scenario_object_send(), false, true));
    schema_add(schema, "definitions", definitions);
    return schema;
}

void scenario_schema_print(struct buffer *out)
{
    cJSON *schema = new_schema();
    schema_print(schema, out);
    cJSON_Delete(schema);
}
