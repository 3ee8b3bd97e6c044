/* The loader backwards: structs to JSON, driven by the same table of fields. */
#include "core/scenario_print.h"

#include "core/buffer.h"
#include "core/memory.h"
#include "core/scenario_fields.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading what the loader stored ---- */

static const void *at(const void *base, size_t offset)
{
    return (const char *)base + offset;
}

static bool bool_at(const void *base, size_t offset)
{
    return *(const bool *)at(base, offset);
}

static int enum_at(const void *base, size_t offset)
{
    return *(const int *)at(base, offset);
}

static int64_t integer_at(const void *base, size_t offset)
{
    return *(const int64_t *)at(base, offset);
}

static const void *pointer_at(const void *base, size_t offset)
{
    return *(const void *const *)at(base, offset);
}

static cJSON *object_to_json(const struct scenario_object *object, const void *base,
                             const cJSON *client_options);

/* ---- values ---- */

static cJSON *name_to_json(const struct scenario_field *field, size_t index)
{
    return cJSON_CreateString(field->names->items[index]);
}

static cJSON *flag_to_json(const struct scenario_field *field, bool is_set)
{
    if (is_set)
        return name_to_json(field, field->true_index);
    size_t other = field->true_index == 0 ? 1 : 0;
    return other < field->names->count ? name_to_json(field, other) : NULL;
}

static cJSON *list_to_json(const struct text_list *list)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < list->count; i++)
        cJSON_AddItemToArray(array, cJSON_CreateString(list->items[i]));
    return array;
}

static cJSON *rules_to_json(const bool rules[RULE_COUNT])
{
    cJSON *array = cJSON_CreateArray();
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        if (rules[rule])
            cJSON_AddItemToArray(array, cJSON_CreateString(rule_info((enum rule)rule)->id));
    }
    return array;
}

static cJSON *judge_to_json(const bool rules_off[RULE_COUNT])
{
    cJSON *object = cJSON_CreateObject();
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        if (rules_off[rule])
            cJSON_AddStringToObject(object, rule_info((enum rule)rule)->id, "off");
    }
    return object;
}

static cJSON *sends_to_json(const struct send_fields *sends, size_t count)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(array, object_to_json(scenario_object_send(), &sends[i], NULL));
    return array;
}

/* `lines` are complete header lines: "Retry-After: 1\r\n". */
static cJSON *headers_to_json(const char *lines)
{
    cJSON *object = cJSON_CreateObject();
    for (const char *line = lines; *line;) {
        size_t name_bytes = strcspn(line, ":");
        const char *value = line + name_bytes + 2;
        size_t value_bytes = strcspn(value, "\r");
        char *name = memory_copy_text(line, name_bytes);
        char *text = memory_copy_text(value, value_bytes);
        cJSON_AddStringToObject(object, name, text);
        free(name);
        free(text);
        line = value + value_bytes + 2;
    }
    return object;
}

static cJSON *hex_to_json(const uint8_t *bytes, size_t count)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&text, "%02x", bytes[i]);
    cJSON *json = cJSON_CreateString(buffer_text(&text));
    buffer_free(&text);
    return json;
}

static cJSON *matcher_to_json(const struct matcher *matcher)
{
    if (matcher->kind == MATCHER_LITERAL)
        return cJSON_Duplicate(matcher->literal, true);
    cJSON *object = cJSON_CreateObject();
    if (matcher->has_min)
        cJSON_AddNumberToObject(object, "min", matcher->min);
    if (matcher->has_max)
        cJSON_AddNumberToObject(object, "max", matcher->max);
    if (matcher->kind == MATCHER_ISO8601)
        cJSON_AddTrueToObject(object, "iso8601");
    if (matcher->kind == MATCHER_KIND)
        cJSON_AddStringToObject(object, "kind", matcher->json_kind);
    if (matcher->kind == MATCHER_ABSENT)
        cJSON_AddTrueToObject(object, "absent");
    return object;
}

static void add_matchers(cJSON *object, const struct field_matchers *matchers)
{
    for (size_t i = 0; i < matchers->count; i++)
        cJSON_AddItemToObject(object, matchers->items[i].name,
                              matcher_to_json(&matchers->items[i].matcher));
}

static cJSON *matchers_to_json(const struct field_matchers *matchers)
{
    cJSON *object = cJSON_CreateObject();
    add_matchers(object, matchers);
    return object;
}

static cJSON *dispatched_to_json(const struct scenario_field *field, const void *base)
{
    const struct field_matchers *names = at(base, field->second_offset);
    return names->count > 0 ? matchers_to_json(names)
                            : cJSON_CreateNumber((double)integer_at(base, field->offset));
}

/* One name stands without brackets. */
static cJSON *nothing_to_json(const struct text_list *list)
{
    return list->count == 1 ? cJSON_CreateString(list->items[0]) : list_to_json(list);
}

static cJSON *integer_to_json(const struct scenario_field *field, int64_t value)
{
    if (field->kind == FIELD_INTEGER_OR_NAME && value == -1)
        return name_to_json(field, 0);
    return cJSON_CreateNumber((double)value);
}

static cJSON *name_or_integer_to_json(const struct scenario_field *field, const void *base)
{
    size_t index = (size_t)enum_at(base, field->offset);
    return index < field->names->count
               ? name_to_json(field, index)
               : cJSON_CreateNumber((double)integer_at(base, field->second_offset));
}

static cJSON *name_or_object_to_json(const struct scenario_field *field, const void *base)
{
    size_t index = (size_t)enum_at(base, field->offset);
    return index < field->names->count
               ? name_to_json(field, index)
               : cJSON_Duplicate(pointer_at(base, field->second_offset), true);
}

/* NULL where nothing was given. */
static cJSON *text_to_json(const struct scenario_field *field, const char *text)
{
    if (!text && field->kind == FIELD_TEXT_OR_ANY)
        return name_to_json(field, 0);
    return text ? cJSON_CreateString(text) : NULL;
}

/* What the field holds as an author would write it; NULL where there is no way to write it. */
static cJSON *value_to_json(const struct scenario_field *field, const void *base,
                            const cJSON *client_options)
{
    switch (field->kind) {
    case FIELD_ANY:
    case FIELD_EACH:
    case FIELD_STEPS:
        return NULL;
    case FIELD_BOOL:
        return cJSON_CreateBool(bool_at(base, field->offset));
    case FIELD_TRUE:
        return cJSON_CreateTrue();
    case FIELD_INTEGER:
    case FIELD_INTEGER_OR_NAME:
        return integer_to_json(field, integer_at(base, field->offset));
    case FIELD_NAME:
        return name_to_json(field, (size_t)enum_at(base, field->offset));
    case FIELD_FLAG:
        return flag_to_json(field, bool_at(base, field->offset));
    case FIELD_NAME_OR_INTEGER:
        return name_or_integer_to_json(field, base);
    case FIELD_NAME_OR_OBJECT:
        return name_or_object_to_json(field, base);
    case FIELD_TEXT:
    case FIELD_TEXT_OR_ANY:
    case FIELD_EVENT_NAME:
    case FIELD_CLIENT_FRAME:
        return text_to_json(field, pointer_at(base, field->offset));
    case FIELD_TEXT_LIST:
        return list_to_json(at(base, field->offset));
    case FIELD_RULES:
        return rules_to_json(at(base, field->offset));
    case FIELD_JUDGE:
        return judge_to_json(at(base, field->offset));
    case FIELD_OBJECT:
        return object_to_json(field->object, at(base, field->offset), client_options);
    case FIELD_SENDS:
        return sends_to_json(pointer_at(base, field->offset),
                             *(const size_t *)at(base, field->second_offset));
    case FIELD_HEADERS:
        return headers_to_json(pointer_at(base, field->offset));
    case FIELD_TEMPLATE:
        return cJSON_Duplicate(pointer_at(base, field->offset), true);
    case FIELD_HEX:
        return hex_to_json(pointer_at(base, field->offset),
                           *(const size_t *)at(base, field->second_offset));
    case FIELD_NUMBER_MATCHER:
        return matcher_to_json(at(base, field->offset));
    case FIELD_MATCHERS:
        return matchers_to_json(at(base, field->offset));
    case FIELD_DISPATCHED:
        return dispatched_to_json(field, base);
    case FIELD_NOTHING:
        return nothing_to_json(at(base, field->offset));
    }
    return NULL;
}

/* ---- what may be left out ---- */

/* Without a fallback it is 0; a name (`next`) is no number. */
static bool is_number(const char *fallback, double number)
{
    char *end = NULL;
    double value = fallback ? strtod(fallback, &end) : 0.0;
    return value == number && (!end || end > fallback);
}

/* Whether the JSON is what the loader puts there by itself: the fallback, or where there is none
 * what says nothing (no item, no member, 0, false). */
static bool is_default(const struct scenario_field *field, const cJSON *json)
{
    const char *fallback = field->fallback;
    if (cJSON_IsArray(json) && fallback)
        return cJSON_GetArraySize(json) == 1 && strcmp(json->child->valuestring, fallback) == 0;
    if (cJSON_IsArray(json) || cJSON_IsObject(json))
        return !json->child;
    if (cJSON_IsString(json))
        return fallback && strcmp(json->valuestring, fallback) == 0;
    if (cJSON_IsNumber(json))
        return is_number(fallback, json->valuedouble);
    return cJSON_IsTrue(json) == (fallback && strcmp(fallback, "true") == 0);
}

/* Of the choices only the one that was made: several may share their place in the struct. */
static bool is_chosen(const struct scenario_object *object, const struct scenario_field *field,
                      const void *base)
{
    int index = 0;
    for (const struct scenario_field *other = object->fields; other < field; other++)
        index += other->is_choice;
    return enum_at(base, object->choice_offset) == index;
}

/* `ms` of a handler made slow has no default, yet 0 is a value of it. */
static bool is_slow_ms(const struct scenario_object *object, const struct scenario_field *field,
                       const void *base)
{
    if (object != scenario_object_of_verb(VERB_CLIENT) || field->kind != FIELD_INTEGER)
        return false;
    const struct scenario_field *action = scenario_field_find(object, "do");
    return enum_at(base, action->offset) == CLIENT_DO_SLOW;
}

/* NULL where the field was not given or holds its default. */
static cJSON *field_to_json(const struct scenario_object *object,
                            const struct scenario_field *field, const void *base,
                            const cJSON *client_options)
{
    if (object == scenario_object_client() && field->offset == FIELD_UNSTORED) {
        const cJSON *option = cJSON_GetObjectItemCaseSensitive(client_options, field->name);
        bool is_said = option && !(field->fallback && is_default(field, option));
        return is_said ? cJSON_Duplicate(option, true) : NULL;
    }
    if (field->is_choice)
        return is_chosen(object, field, base) ? value_to_json(field, base, client_options) : NULL;
    if (field->has_offset)
        return bool_at(base, field->has_offset) ? value_to_json(field, base, client_options) : NULL;
    if (field->kind == FIELD_NUMBER_MATCHER &&
        ((const struct matcher *)at(base, field->offset))->kind == MATCHER_NONE)
        return NULL;
    cJSON *json = value_to_json(field, base, client_options);
    if (json && !field->is_needed && is_default(field, json) && !is_slow_ms(object, field, base)) {
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

/* A field that stands only with another brings it along, even if that one holds its default:
 * `between` needs a written `fragments`. */
static void add_companion(const struct scenario_object *object, const struct scenario_field *field,
                          const void *base, cJSON *json)
{
    const struct scenario_field *other =
        field->only_with ? scenario_field_find(object, field->only_with) : NULL;
    if (!other || cJSON_GetObjectItemCaseSensitive(json, other->name))
        return;
    cJSON_AddItemToObject(json, other->name, value_to_json(other, base, NULL));
}

static cJSON *object_to_json(const struct scenario_object *object, const void *base,
                             const cJSON *client_options)
{
    cJSON *json = cJSON_CreateObject();
    for (size_t i = 0; i < object->field_count; i++) {
        const struct scenario_field *field = &object->fields[i];
        cJSON *value = field_to_json(object, field, base, client_options);
        if (!value)
            continue;
        add_companion(object, field, base, json);
        cJSON_AddItemToObject(json, field->name, value);
    }
    return json;
}

/* ---- the parts ---- */

cJSON *scenario_print_top(const struct scenario *scenario)
{
    return object_to_json(scenario_object_top(), scenario, scenario->client_options);
}

cJSON *scenario_print_step(const struct scenario_step *step)
{
    const struct scenario_object *object = scenario_object_of_verb(step->verb);
    cJSON *fields = object_to_json(object, at(step, object->base_offset), NULL);
    if (object->takes_more && step->expect.kind == EXPECT_FRAME)
        add_matchers(fields, &step->expect.fields);
    const struct scenario_object *common = scenario_object_common();
    for (size_t i = 0; i < common->field_count; i++) {
        cJSON *value = field_to_json(common, &common->fields[i], step, NULL);
        if (value)
            cJSON_AddItemToObject(fields, common->fields[i].name, value);
    }
    cJSON *json = cJSON_CreateObject();
    cJSON_AddItemToObject(json, object->name, fields);
    return json;
}
