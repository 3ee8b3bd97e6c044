#include "mutator_fields.h"

#include "mutator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONAL_ONE_IN 4  /* so often a field that may be left out is written */
#define RULE_NUMBER_MAX 28 /* of the C rules */

static size_t below(const struct mutator_scene *scene, size_t limit)
{
    return mutator_below(scene->state, limit);
}

static cJSON *find(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* ---- values that the table allows ---- */

static cJSON *make_object(struct mutator_scene *scene, const struct scenario_object *object);

static cJSON *make_name(struct mutator_scene *scene, const struct name_list *names)
{
    return cJSON_CreateString(names->items[below(scene, names->count)]);
}

/* The ends of the range, the default and its neighbours, and small numbers. */
static cJSON *make_integer(struct mutator_scene *scene, const struct scenario_field *field)
{
    static const int64_t numbers[] = {0, 1, 2, 3, 7, 20, 64, 499, 500, 999, 1000, 1001, 2500};
    int64_t number = numbers[below(scene, sizeof numbers / sizeof *numbers)];
    int64_t fallback = field->fallback ? strtoll(field->fallback, NULL, 10) : field->min;
    size_t kind = below(scene, 8);
    if (kind == 0)
        number = field->min + (int64_t)below(scene, 2);
    else if (kind == 1)
        number = field->max - (int64_t)below(scene, 4);
    else if (kind == 2)
        number = fallback + (int64_t)below(scene, 3) - 1;
    number = number < field->min ? field->min : number;
    return cJSON_CreateNumber((double)(number > field->max ? field->max : number));
}

static cJSON *make_text(struct mutator_scene *scene, const struct scenario_field *field)
{
    static const char *const texts[] = {"general",    "message.created", "gc-1", "a b",
                                        "\xC3\xA4\"", "thread.reply",    "x"};
    if (strcmp(field->name, "path") == 0)
        return cJSON_CreateString("/v1/ws");
    return cJSON_CreateString(texts[below(scene, sizeof texts / sizeof *texts)]);
}

static cJSON *make_list(struct mutator_scene *scene, const struct scenario_field *field)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t count = 1 + below(scene, 2); count > 0; count--)
        cJSON_AddItemToArray(list, make_text(scene, field));
    return list;
}

static void name_rule(struct mutator_scene *scene, char name[8])
{
    snprintf(name, 8, "C-%u", 1 + (unsigned)below(scene, RULE_NUMBER_MAX));
}

static cJSON *make_rules(struct mutator_scene *scene)
{
    char name[8];
    name_rule(scene, name);
    cJSON *rules = cJSON_CreateArray();
    cJSON_AddItemToArray(rules, cJSON_CreateString(name));
    return rules;
}

static cJSON *make_judge(struct mutator_scene *scene)
{
    char name[8];
    name_rule(scene, name);
    cJSON *judge = cJSON_CreateObject();
    cJSON_AddStringToObject(judge, name, "off");
    return judge;
}

static cJSON *make_number_matcher(struct mutator_scene *scene)
{
    double number = (double)below(scene, 12);
    cJSON *matcher = cJSON_CreateObject();
    switch (below(scene, 5)) {
    case 0:
        cJSON_AddNumberToObject(matcher, "min", number);
        break;
    case 1:
        cJSON_AddNumberToObject(matcher, "max", number + 0.5);
        break;
    case 2:
        cJSON_AddNumberToObject(matcher, "min", number);
        cJSON_AddNumberToObject(matcher, "max", number + 3);
        break;
    case 3:
        cJSON_AddStringToObject(matcher, "kind", "number");
        break;
    default:
        cJSON_Delete(matcher);
        return cJSON_CreateNumber(number);
    }
    return matcher;
}

static cJSON *make_matchers(struct mutator_scene *scene, const struct name_list *names)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *matcher =
        below(scene, 4) ? make_number_matcher(scene) : cJSON_CreateBool(below(scene, 2) != 0);
    cJSON_AddItemToObject(object, names->items[below(scene, names->count)], matcher);
    return object;
}

static cJSON *make_template(struct mutator_scene *scene)
{
    /* One after the next in the 16th digit: what compares loosely takes them for equal. */
    static const double close_numbers[] = {9007199254740989, 9007199254740990, 9007199254740991};
    const struct name_list *names = scenario_template_names();
    char text[32];
    snprintf(text, sizeof text, "${%s}", names->items[below(scene, names->count)]);
    cJSON *frame = cJSON_CreateObject();
    cJSON_AddStringToObject(frame, "type", "message.created");
    if (below(scene, 2))
        cJSON_AddStringToObject(frame, "id", text);
    else
        cJSON_AddNumberToObject(frame, "agent_seq", close_numbers[below(scene, 3)]);
    return frame;
}

static cJSON *make_hex(struct mutator_scene *scene)
{
    char text[9] = "";
    for (size_t i = 0, count = 1 + below(scene, 4); i < count; i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned)below(scene, 256));
    return cJSON_CreateString(text);
}

/* The name of an event; where none has one, the first step makes one. */
static const char *make_event(struct mutator_scene *scene)
{
    if (scene->event)
        return scene->event;
    cJSON *step = cJSON_CreateObject(), *fields = cJSON_CreateObject();
    cJSON_AddItemToObject(step, "publish", fields);
    cJSON_AddStringToObject(fields, "as", "e");
    cJSON_InsertItemInArray(scene->lists[0], 0, step);
    scene->event = "e";
    return scene->event;
}

static cJSON *make_dispatched(struct mutator_scene *scene, const struct scenario_field *field)
{
    if (below(scene, 2))
        return make_integer(scene, field);
    cJSON *names = cJSON_CreateObject();
    cJSON_AddItemToObject(names, make_event(scene), make_number_matcher(scene));
    return names;
}

static cJSON *make_sends(struct mutator_scene *scene)
{
    cJSON *sends = cJSON_CreateArray();
    cJSON_AddItemToArray(sends, make_object(scene, scenario_object_send()));
    return sends;
}

static cJSON *make_steps(struct mutator_scene *scene)
{
    cJSON *steps = cJSON_CreateArray();
    for (size_t count = 1 + below(scene, 3); count > 0; count--)
        cJSON_AddItemToArray(steps, mutator_make_step(scene, false));
    return steps;
}

cJSON *mutator_make_pair(const char *name, cJSON *value)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToObject(object, name, value);
    return object;
}

static cJSON *make_value(struct mutator_scene *scene, const struct scenario_field *field)
{
    switch (field->kind) {
    case FIELD_ANY:
        return cJSON_CreateString("schema.json");
    case FIELD_BOOL:
        return cJSON_CreateBool(below(scene, 2) != 0);
    case FIELD_TRUE:
        return cJSON_CreateTrue();
    case FIELD_INTEGER:
        return make_integer(scene, field);
    case FIELD_INTEGER_OR_NAME:
    case FIELD_NAME_OR_INTEGER:
        return below(scene, 2) ? make_name(scene, field->names) : make_integer(scene, field);
    case FIELD_NAME:
    case FIELD_FLAG:
    case FIELD_NOTHING:
        return make_name(scene, field->names);
    case FIELD_NAME_OR_OBJECT:
        return below(scene, 3) ? make_name(scene, field->names)
                               : mutator_make_pair("current_seq", cJSON_CreateNumber(3));
    case FIELD_TEXT:
    case FIELD_TEXT_OR_ANY:
        return make_text(scene, field);
    case FIELD_TEXT_LIST:
        return make_list(scene, field);
    case FIELD_RULES:
        return make_rules(scene);
    case FIELD_JUDGE:
        return make_judge(scene);
    case FIELD_EACH:
        return mutator_make_pair("n", cJSON_CreateIntArray((const int[]){1, 2}, 2));
    case FIELD_OBJECT:
        return make_object(scene, field->object);
    case FIELD_STEPS:
        return make_steps(scene);
    case FIELD_SENDS:
        return make_sends(scene);
    case FIELD_HEADERS:
        return mutator_make_pair("Retry-After", cJSON_CreateString("1"));
    case FIELD_TEMPLATE:
        return make_template(scene);
    case FIELD_HEX:
        return make_hex(scene);
    case FIELD_EVENT_NAME:
        return cJSON_CreateString(make_event(scene));
    case FIELD_NUMBER_MATCHER:
        return make_number_matcher(scene);
    case FIELD_MATCHERS:
        return make_matchers(scene, field->names);
    case FIELD_CLIENT_FRAME:
        return make_name(scene, scenario_client_frame_names(scene->dialect));
    case FIELD_DISPATCHED:
        return make_dispatched(scene, field);
    }
    return cJSON_CreateNull();
}

/* ---- objects ---- */

bool mutator_is_of_dialect(const struct mutator_scene *scene, const struct scenario_field *field)
{
    return scene->dialect == DIALECT_NODE ? !field->agent_only : !field->is_node_only;
}

/* Whether one of the fields that it goes with is there. */
static bool has_company(const struct scenario_field *field, const cJSON *json)
{
    size_t name_bytes;
    for (const char *name = field->only_with; name && *name; name += name_bytes) {
        name += strspn(name, " ");
        name_bytes = strcspn(name, " ");
        for (const cJSON *member = json->child; member; member = member->next)
            if (strlen(member->string) == name_bytes &&
                strncmp(member->string, name, name_bytes) == 0)
                return true;
    }
    return !field->only_with;
}

void mutator_put_field(struct mutator_scene *scene, const struct scenario_object *object,
                       const struct scenario_field *field, cJSON *json)
{
    for (size_t i = 0; field->is_choice && i < object->field_count; i++)
        if (object->fields[i].is_choice)
            cJSON_DeleteItemFromObjectCaseSensitive(json, object->fields[i].name);
    cJSON *value = make_value(scene, field);
    cJSON_DeleteItemFromObjectCaseSensitive(json, field->name);
    cJSON_AddItemToObject(json, field->name, value);
}

static void put_choice(struct mutator_scene *scene, const struct scenario_object *object,
                       cJSON *json)
{
    const struct scenario_field *choices[16];
    size_t count = 0;
    for (size_t i = 0; i < object->field_count && count < 16; i++) {
        const struct scenario_field *field = &object->fields[i];
        if (field->is_choice && find(json, field->name))
            return;
        if (field->is_choice && mutator_is_of_dialect(scene, field))
            choices[count++] = field;
    }
    if (count > 0)
        mutator_put_field(scene, object, choices[below(scene, count)], json);
}

/* What check_client of the loader asks for: `channels` and `ms` go with what is done. */
static void repair_client(struct mutator_scene *scene, cJSON *json)
{
    const char *action = cJSON_GetStringValue(find(json, "do"));
    bool wants_channels = action && strstr(action, "subscribe");
    bool wants_ms = action && strcmp(action, "slow") == 0;
    const struct scenario_object *object = scenario_object_of_verb(VERB_CLIENT);
    const char *names[] = {"channels", "ms"};
    const bool wanted[] = {wants_channels, wants_ms};
    for (size_t i = 0; i < 2; i++) {
        if (!wanted[i])
            cJSON_DeleteItemFromObjectCaseSensitive(json, names[i]);
        else if (!find(json, names[i]))
            mutator_put_field(scene, object, scenario_field_find(object, names[i]), json);
    }
}

void mutator_repair(struct mutator_scene *scene, const struct scenario_object *object, cJSON *json)
{
    for (size_t i = 0; i < object->field_count; i++) {
        const struct scenario_field *field = &object->fields[i];
        if (!mutator_is_of_dialect(scene, field))
            cJSON_DeleteItemFromObjectCaseSensitive(json, field->name);
        else if (field->is_needed && !find(json, field->name))
            mutator_put_field(scene, object, field, json);
    }
    put_choice(scene, object, json);
    for (size_t i = 0; i < object->field_count; i++)
        if (!has_company(&object->fields[i], json))
            cJSON_DeleteItemFromObjectCaseSensitive(json, object->fields[i].name);
    if (object == scenario_object_of_verb(VERB_CLIENT))
        repair_client(scene, json);
    if (object == scenario_object_of_verb(VERB_SET) && !json->child)
        mutator_put_field(scene, object, scenario_field_find(object, "pong"), json);
}

static cJSON *make_object(struct mutator_scene *scene, const struct scenario_object *object)
{
    cJSON *json = cJSON_CreateObject();
    for (size_t i = 0; i < object->field_count; i++) {
        const struct scenario_field *field = &object->fields[i];
        if (!field->is_needed && !field->is_choice && below(scene, OPTIONAL_ONE_IN) == 0)
            mutator_put_field(scene, object, field, json);
    }
    mutator_repair(scene, object, json);
    return json;
}

cJSON *mutator_make_step(struct mutator_scene *scene, bool may_repeat)
{
    enum verb verb;
    do
        verb = (enum verb)below(scene, VERB_COUNT);
    while ((verb == VERB_REPEAT && !may_repeat) ||
           (scene->dialect == DIALECT_NODE && scenario_object_of_verb(verb)->agent_only));
    return mutator_make_pair(verb_name(verb), make_object(scene, scenario_object_of_verb(verb)));
}
