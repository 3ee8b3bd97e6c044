#include "core/scenario_schema_values.h"

#include "core/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EACH_KEY "[A-Za-z_][A-Za-z0-9_]*"

/* ---- building ---- */

void schema_add(cJSON *object, const char *name, cJSON *value)
{
    if (!value || !cJSON_AddItemToObject(object, name, value))
        abort();
}

void schema_add_or_drop(cJSON *object, const char *name, cJSON *list)
{
    if (list && list->child)
        schema_add(object, name, list);
    else
        cJSON_Delete(list);
}

void schema_add_text(cJSON *object, const char *name, const char *text)
{
    schema_add(object, name, cJSON_CreateString(text));
}

void schema_add_number(cJSON *object, const char *name, double number)
{
    char text[40]; /* cJSON itself would round 2^53 - 1 */
    snprintf(text, sizeof text, "%.0f", number);
    schema_add(object, name, cJSON_CreateRaw(text));
}

void schema_add_description(cJSON *schema, const char *help)
{
    schema_add_text(schema, "description", help);
}

void schema_append(cJSON *list, cJSON *value)
{
    if (!value || !cJSON_AddItemToArray(list, value))
        abort();
}

void schema_append_text(cJSON *list, const char *text)
{
    schema_append(list, cJSON_CreateString(text));
}

cJSON *schema_new_type(const char *type)
{
    cJSON *schema = cJSON_CreateObject();
    schema_add_text(schema, "type", type);
    return schema;
}

cJSON *schema_new_reference(const char *definition)
{
    struct buffer path;
    buffer_init(&path, BUFFER_NO_LIMIT);
    buffer_printf(&path, "#/definitions/%s", definition);
    cJSON *schema = cJSON_CreateObject();
    schema_add_text(schema, "$ref", buffer_text(&path));
    buffer_free(&path);
    return schema;
}

/* ---- pieces ---- */

static cJSON *new_pattern(const char *pattern)
{
    cJSON *schema = schema_new_type("string");
    schema_add_text(schema, "pattern", pattern);
    return schema;
}

static cJSON *new_names(const struct name_list *names)
{
    cJSON *schema = cJSON_CreateObject(), *list = cJSON_CreateArray();
    for (size_t i = 0; i < names->count; i++)
        schema_append_text(list, names->items[i]);
    schema_add(schema, "enum", list);
    return schema;
}

static cJSON *new_integer(const struct scenario_field *field)
{
    cJSON *schema = schema_new_type("integer");
    schema_add_number(schema, "minimum", (double)field->min);
    schema_add_number(schema, "maximum", (double)field->max);
    return schema;
}

static cJSON *new_list(cJSON *items, int min_count)
{
    cJSON *schema = schema_new_type("array");
    schema_add(schema, "items", items);
    if (min_count > 0)
        schema_add_number(schema, "minItems", min_count);
    return schema;
}

/* `schema`, or each of up to three further ones that are not NULL. */
static cJSON *new_choice(cJSON *schema, cJSON *second, cJSON *third, cJSON *fourth)
{
    cJSON *others[] = {second, third, fourth};
    if (!second && !third && !fourth)
        return schema;
    cJSON *choice = cJSON_CreateObject(), *list = cJSON_CreateArray();
    schema_append(list, schema);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i])
            schema_append(list, others[i]);
    schema_add(choice, "anyOf", list);
    return choice;
}

/* "${n}" alone takes its value's type; within a text it becomes a part of the text. */
static cJSON *new_lone_template(bool is_filled)
{
    return is_filled ? schema_new_reference("template") : NULL;
}

static cJSON *new_template_text(bool is_filled)
{
    return is_filled ? schema_new_reference("templateText") : NULL;
}

/* ---- kinds of fields ---- */

static cJSON *new_text(const struct scenario_field *field, bool is_filled)
{
    cJSON *schema = schema_new_type("string");
    if (field->min > 0)
        schema_add_number(schema, "minLength", (double)field->min);
    if (field->max > 0) {
        /* Bytes in the loader: so many characters are too long in any case. */
        schema_add_number(schema, "maxLength", (double)field->max);
        return new_choice(schema, new_template_text(is_filled), NULL, NULL);
    }
    /* The loader's check_accept. */
    if (strcmp(field->name, "path") == 0) {
        schema_add_text(schema, "pattern", "^/");
        return new_choice(schema, new_template_text(is_filled), NULL, NULL);
    }
    return schema;
}

static cJSON *new_text_list(void)
{
    cJSON *item = schema_new_type("string");
    schema_add_number(item, "minLength", 1);
    return new_list(item, 0);
}

/* Each id with its sentence, which editors show. */
static cJSON *new_rules(void)
{
    cJSON *ids = cJSON_CreateArray(), *item = cJSON_CreateObject();
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        if (rule == RULE_STEP)
            continue;
        cJSON *id = cJSON_CreateObject();
        schema_add_text(id, "const", rule_info((enum rule)rule)->id);
        schema_add_description(id, rule_info((enum rule)rule)->sentence);
        schema_append(ids, id);
    }
    schema_add(item, "anyOf", ids);
    cJSON *schema = new_list(item, 1);
    schema_add(schema, "uniqueItems", cJSON_CreateTrue());
    return schema;
}

static cJSON *new_judge(void)
{
    static const char *const off[] = {"off"};
    cJSON *schema = schema_new_type("object"), *properties = cJSON_CreateObject();
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const struct rule_info *info = rule_info((enum rule)rule);
        if (rule == RULE_STEP || info->level == RULE_LEVEL_SERVER)
            continue;
        cJSON *value = new_names(&(struct name_list){off, 1});
        schema_add_description(value, info->sentence);
        schema_add(properties, info->id, value);
    }
    schema_add(schema, "properties", properties);
    schema_add(schema, "additionalProperties", cJSON_CreateFalse());
    return schema;
}

static cJSON *new_each(void)
{
    cJSON *text = new_pattern("^[A-Za-z0-9._-]+$"), *other = cJSON_CreateObject();
    cJSON *types = cJSON_CreateArray();
    schema_append_text(types, "number");
    schema_append_text(types, "boolean");
    schema_append_text(types, "null");
    schema_add(other, "type", types);
    cJSON *values = new_list(new_choice(text, other, NULL, NULL), 1);
    schema_add(values, "uniqueItems", cJSON_CreateTrue());

    /* What `send` fills in by itself is no key. */
    cJSON *name = new_pattern("^" EACH_KEY "$"), *taken = new_names(scenario_template_names());
    schema_add(name, "not", taken);
    cJSON *schema = schema_new_type("object");
    schema_add_number(schema, "minProperties", 1);
    schema_add(schema, "propertyNames", name);
    schema_add(schema, "additionalProperties", values);
    return schema;
}

static cJSON *new_headers(void)
{
    cJSON *name = cJSON_CreateObject(), *schema = schema_new_type("object");
    schema_add_text(name, "pattern", "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$");
    schema_add(schema, "propertyNames", name);
    schema_add(schema, "additionalProperties",
               new_pattern("^[^\\u0000-\\u0008\\u000A-\\u001F\\u007F]*$"));
    return schema;
}

static cJSON *new_hex(const struct scenario_field *field, bool is_filled)
{
    cJSON *hex =
        new_pattern(field->min > 0 ? "^ *([0-9A-Fa-f]{2} *)+$" : "^ *([0-9A-Fa-f]{2} *)*$");
    return new_choice(hex, new_template_text(is_filled), NULL, NULL);
}

static cJSON *new_matchers(const struct scenario_field *field)
{
    cJSON *schema = schema_new_type("object"), *properties = cJSON_CreateObject();
    for (size_t i = 0; i < field->names->count; i++)
        schema_add(properties, field->names->items[i], schema_new_reference("matcher"));
    schema_add(schema, "properties", properties);
    schema_add(schema, "additionalProperties", cJSON_CreateFalse());
    return schema;
}

/* The frames of both dialects: which one it is stands elsewhere. */
static cJSON *new_client_frames(const struct name_list *further)
{
    cJSON *schema = cJSON_CreateObject(), *list = cJSON_CreateArray();
    for (size_t i = 0; further && i < further->count; i++)
        schema_append_text(list, further->items[i]);
    for (int dialect = DIALECT_AGENT; dialect <= DIALECT_NODE; dialect++) {
        const struct name_list *names = scenario_client_frame_names((enum dialect)dialect);
        for (size_t i = 0; i < names->count; i++)
            schema_append_text(list, names->items[i]);
    }
    schema_add(schema, "enum", list);
    return schema;
}

static cJSON *new_nothing(const struct scenario_field *field, bool is_filled)
{
    cJSON *one =
        new_choice(new_client_frames(field->names), new_template_text(is_filled), NULL, NULL);
    cJSON *many = new_list(cJSON_Duplicate(one, true), 1);
    return new_choice(one, many, NULL, NULL);
}

static cJSON *new_dispatched(const struct scenario_field *field, bool is_filled)
{
    cJSON *names = schema_new_type("object");
    schema_add_number(names, "minProperties", 1);
    schema_add(names, "additionalProperties", schema_new_reference("numberMatcher"));
    return new_choice(new_integer(field), names, new_lone_template(is_filled), NULL);
}

static cJSON *new_true(bool is_filled)
{
    cJSON *schema = cJSON_CreateObject();
    schema_add(schema, "const", cJSON_CreateTrue());
    return new_choice(schema, new_lone_template(is_filled), NULL, NULL);
}

cJSON *schema_new_value(const struct scenario_field *field, bool is_filled)
{
    switch (field->kind) {
    case FIELD_ANY:
    case FIELD_TEMPLATE:
    case FIELD_OBJECT:
        return cJSON_CreateObject();
    case FIELD_BOOL:
        return new_choice(schema_new_type("boolean"), new_lone_template(is_filled), NULL, NULL);
    case FIELD_TRUE:
        return new_true(is_filled);
    case FIELD_INTEGER:
        return new_choice(new_integer(field), new_lone_template(is_filled), NULL, NULL);
    case FIELD_INTEGER_OR_NAME:
    case FIELD_NAME_OR_INTEGER:
        return new_choice(new_integer(field), new_names(field->names), new_template_text(is_filled),
                          NULL);
    case FIELD_NAME:
    case FIELD_FLAG:
        return new_choice(new_names(field->names), new_template_text(is_filled), NULL, NULL);
    case FIELD_NAME_OR_OBJECT:
        return new_choice(new_names(field->names), schema_new_type("object"),
                          new_template_text(is_filled), NULL);
    case FIELD_TEXT:
    case FIELD_TEXT_OR_ANY:
        return new_text(field, is_filled);
    case FIELD_EVENT_NAME:
        return schema_new_type("string");
    case FIELD_TEXT_LIST:
        return new_text_list();
    case FIELD_RULES:
        return new_rules();
    case FIELD_JUDGE:
        return new_judge();
    case FIELD_EACH:
        return new_each();
    case FIELD_STEPS:
        return new_list(schema_new_reference("step"), 1);
    case FIELD_SENDS:
        return new_list(schema_new_reference("send"), 0);
    case FIELD_HEADERS:
        return new_headers();
    case FIELD_HEX:
        return new_hex(field, is_filled);
    case FIELD_NUMBER_MATCHER:
        return schema_new_reference("numberMatcher");
    case FIELD_MATCHERS:
        return new_matchers(field);
    case FIELD_CLIENT_FRAME:
        return new_choice(new_client_frames(NULL), new_template_text(is_filled), NULL, NULL);
    case FIELD_DISPATCHED:
        return new_dispatched(field, is_filled);
    case FIELD_NOTHING:
        return new_nothing(field, is_filled);
    }
    return cJSON_CreateObject();
}

void schema_add_default(cJSON *schema, const struct scenario_field *field)
{
    if (!field->fallback)
        return;
    bool is_number = field->kind == FIELD_INTEGER || field->kind == FIELD_INTEGER_OR_NAME;
    if (field->kind == FIELD_BOOL)
        schema_add(schema, "default", cJSON_CreateBool(strcmp(field->fallback, "true") == 0));
    else if (is_number)
        schema_add_number(schema, "default", strtod(field->fallback, NULL));
    else if (field->kind == FIELD_TEXT_LIST)
        schema_add(schema, "default", cJSON_CreateStringArray(&field->fallback, 1));
    else if (field->kind != FIELD_HEADERS)
        schema_add_text(schema, "default", field->fallback);
}

/* ---- definitions ---- */

/* An object with the one member `name`. */
static cJSON *new_single(const char *name, cJSON *value)
{
    cJSON *schema = schema_new_type("object"), *properties = cJSON_CreateObject();
    schema_add(properties, name, value);
    schema_add(schema, "properties", properties);
    schema_add_number(schema, "minProperties", 1);
    schema_add(schema, "additionalProperties", cJSON_CreateFalse());
    return schema;
}

static cJSON *new_number_or_template(void)
{
    return new_choice(schema_new_type("number"), new_lone_template(true), NULL, NULL);
}

static cJSON *new_range(void)
{
    cJSON *schema = new_single("min", new_number_or_template());
    schema_add(cJSON_GetObjectItemCaseSensitive(schema, "properties"), "max",
               new_number_or_template());
    schema_add_description(schema, "A number from `min` to `max`, both allowed.");
    return schema;
}

static cJSON *new_number_matcher(void)
{
    static const char *const number[] = {"number"};
    cJSON *kind = new_single("kind", new_names(&(struct name_list){number, 1}));
    cJSON *schema =
        new_choice(schema_new_type("number"), new_range(), kind, new_lone_template(true));
    schema_add_description(schema, "A number, or {\"min\":…,\"max\":…}.");
    return schema;
}

static cJSON *new_absent(void)
{
    cJSON *schema = new_single("absent", new_true(true));
    schema_add_description(schema, "The field must not be there.");
    return schema;
}

static cJSON *new_matcher(void)
{
    static const char *const literal_types[] = {"string", "number", "boolean", "null", "array"};
    cJSON *literal = cJSON_CreateObject(), *list = cJSON_CreateArray();
    schema_add(literal, "type", cJSON_CreateStringArray(literal_types, 5));
    schema_append(list, literal);
    schema_append(list, new_range());
    schema_append(list, new_single("iso8601", new_true(true)));
    schema_append(list, new_single("kind", new_choice(new_names(scenario_json_kind_names()),
                                                      new_template_text(true), NULL, NULL)));
    schema_append(list, schema_new_reference("absent"));
    cJSON *schema = cJSON_CreateObject();
    schema_add(schema, "anyOf", list);
    schema_add_description(
        schema, "A value that must be equal, {\"min\":…,\"max\":…}, {\"iso8601\": true}, "
                "{\"kind\":\"number\"} or {\"absent\": true}.");
    return schema;
}

cJSON *schema_new_definitions(void)
{
    cJSON *definitions = cJSON_CreateObject();
    cJSON *lone = new_pattern("^\\$\\{" EACH_KEY "\\}$");
    cJSON *within = new_pattern("\\$\\{" EACH_KEY "\\}");
    schema_add_description(lone, "A value of `each`.");
    schema_add_description(within, "A text with a value of `each` in it.");
    schema_add(definitions, "template", lone);
    schema_add(definitions, "templateText", within);
    schema_add(definitions, "numberMatcher", new_number_matcher());
    schema_add(definitions, "matcher", new_matcher());
    schema_add(definitions, "absent", new_absent());
    return definitions;
}

/* ---- printing ---- */

void schema_print(const cJSON *schema, struct buffer *out)
{
    char *text = cJSON_Print(schema);
    if (!text)
        abort();
    /* cJSON indents by tabs and puts one behind each colon; in strings they are escaped. */
    bool is_indent = true;
    for (const char *at = text; *at; at++) {
        if (*at == '\t')
            buffer_append_text(out, is_indent ? "  " : " ");
        else
            buffer_append(out, at, 1);
        is_indent = *at == '\n' || (is_indent && *at == '\t');
    }
    buffer_append_text(out, "\n");
    cJSON_free(text);
}
