#include "mutator_scenario.h"

#include "mutator.h"

#include "core/scenario_fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTS_MAX       64 /* of steps: that of the file and those of repeats */
#define RANGE_MAX       4  /* steps that are moved, copied or wrapped at once */
#define OPTIONAL_ONE_IN 4  /* so often a field that may be left out is written */
#define RULE_NUMBER_MAX 28 /* of the C rules */

struct scene {
    cJSON *root;
    enum dialect dialect;
    const char *event; /* a name that some `publish` gives; NULL: none does */
    cJSON *lists[LISTS_MAX];
    size_t list_count;
    uint64_t *state;
};

static size_t below(const struct scene *scene, size_t limit)
{
    return mutator_below(scene->state, limit);
}

static cJSON *find(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* ---- what is there ---- */

static enum verb verb_of(const cJSON *fields)
{
    const struct name_list *names = scenario_verb_names();
    size_t verb = fields && fields->string ? 0 : VERB_COUNT;
    while (verb < names->count && strcmp(names->items[verb], fields->string) != 0)
        verb++;
    return (enum verb)verb;
}

static void look_at_steps(struct scene *scene, cJSON *steps)
{
    if (!cJSON_IsArray(steps) || scene->list_count == LISTS_MAX)
        return;
    scene->lists[scene->list_count++] = steps;
    for (const cJSON *step = steps->child; step; step = step->next) {
        const cJSON *as = find(step->child, "as");
        if (cJSON_IsString(as) && !scene->event)
            scene->event = as->valuestring;
        look_at_steps(scene, find(step->child, "steps"));
    }
}

static struct scene look_at(cJSON *root, uint64_t *state)
{
    struct scene scene = {.root = root, .state = state};
    const char *dialect = cJSON_GetStringValue(find(root, "dialect"));
    scene.dialect = dialect && strcmp(dialect, "node") == 0 ? DIALECT_NODE : DIALECT_AGENT;
    look_at_steps(&scene, find(root, "steps"));
    return scene;
}

/* ---- values that the table allows ---- */

static cJSON *make_object(struct scene *scene, const struct scenario_object *object);

static cJSON *make_step(struct scene *scene, bool may_repeat);

static cJSON *make_name(struct scene *scene, const struct name_list *names)
{
    return cJSON_CreateString(names->items[below(scene, names->count)]);
}

/* The ends of the range, the default and its neighbours, and small numbers. */
static cJSON *make_integer(struct scene *scene, const struct scenario_field *field)
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

static cJSON *make_text(struct scene *scene, const struct scenario_field *field)
{
    static const char *const texts[] = {"general",    "message.created", "gc-1", "a b",
                                        "\xC3\xA4\"", "thread.reply",    "x"};
    if (strcmp(field->name, "path") == 0)
        return cJSON_CreateString("/v1/ws");
    return cJSON_CreateString(texts[below(scene, sizeof texts / sizeof *texts)]);
}

static cJSON *make_list(struct scene *scene, const struct scenario_field *field)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t count = 1 + below(scene, 2); count > 0; count--)
        cJSON_AddItemToArray(list, make_text(scene, field));
    return list;
}

static void name_rule(struct scene *scene, char name[8])
{
    snprintf(name, 8, "C-%u", 1 + (unsigned)below(scene, RULE_NUMBER_MAX));
}

static cJSON *make_rules(struct scene *scene)
{
    char name[8];
    name_rule(scene, name);
    cJSON *rules = cJSON_CreateArray();
    cJSON_AddItemToArray(rules, cJSON_CreateString(name));
    return rules;
}

static cJSON *make_judge(struct scene *scene)
{
    char name[8];
    name_rule(scene, name);
    cJSON *judge = cJSON_CreateObject();
    cJSON_AddStringToObject(judge, name, "off");
    return judge;
}

static cJSON *make_number_matcher(struct scene *scene)
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

static cJSON *make_matchers(struct scene *scene, const struct name_list *names)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *matcher =
        below(scene, 4) ? make_number_matcher(scene) : cJSON_CreateBool(below(scene, 2) != 0);
    cJSON_AddItemToObject(object, names->items[below(scene, names->count)], matcher);
    return object;
}

static cJSON *make_template(struct scene *scene)
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

static cJSON *make_hex(struct scene *scene)
{
    char text[9] = "";
    for (size_t i = 0, count = 1 + below(scene, 4); i < count; i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned)below(scene, 256));
    return cJSON_CreateString(text);
}

/* The name of an event; where none has one, the first step makes one. */
static const char *make_event(struct scene *scene)
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

static cJSON *make_dispatched(struct scene *scene, const struct scenario_field *field)
{
    if (below(scene, 2))
        return make_integer(scene, field);
    cJSON *names = cJSON_CreateObject();
    cJSON_AddItemToObject(names, make_event(scene), make_number_matcher(scene));
    return names;
}

static cJSON *make_sends(struct scene *scene)
{
    cJSON *sends = cJSON_CreateArray();
    cJSON_AddItemToArray(sends, make_object(scene, scenario_object_send()));
    return sends;
}

static cJSON *make_steps(struct scene *scene)
{
    cJSON *steps = cJSON_CreateArray();
    for (size_t count = 1 + below(scene, 3); count > 0; count--)
        cJSON_AddItemToArray(steps, make_step(scene, false));
    return steps;
}

/* One key with one text for a value: headers, fields of an ack. */
static cJSON *make_pair(const char *name, cJSON *value)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToObject(object, name, value);
    return object;
}

static cJSON *make_value(struct scene *scene, const struct scenario_field *field)
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
                               : make_pair("current_seq", cJSON_CreateNumber(3));
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
        return make_pair("n", cJSON_CreateIntArray((const int[]){1, 2}, 2));
    case FIELD_OBJECT:
        return make_object(scene, field->object);
    case FIELD_STEPS:
        return make_steps(scene);
    case FIELD_SENDS:
        return make_sends(scene);
    case FIELD_HEADERS:
        return make_pair("Retry-After", cJSON_CreateString("1"));
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

static bool is_of_dialect(const struct scene *scene, const struct scenario_field *field)
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

/* Gives the field, instead of the choice that stood there if it is one. */
static void put_field(struct scene *scene, const struct scenario_object *object,
                      const struct scenario_field *field, cJSON *json)
{
    for (size_t i = 0; field->is_choice && i < object->field_count; i++)
        if (object->fields[i].is_choice)
            cJSON_DeleteItemFromObjectCaseSensitive(json, object->fields[i].name);
    cJSON *value = make_value(scene, field);
    cJSON_DeleteItemFromObjectCaseSensitive(json, field->name);
    cJSON_AddItemToObject(json, field->name, value);
}

static void put_choice(struct scene *scene, const struct scenario_object *object, cJSON *json)
{
    const struct scenario_field *choices[16];
    size_t count = 0;
    for (size_t i = 0; i < object->field_count && count < 16; i++) {
        const struct scenario_field *field = &object->fields[i];
        if (field->is_choice && find(json, field->name))
            return;
        if (field->is_choice && is_of_dialect(scene, field))
            choices[count++] = field;
    }
    if (count > 0)
        put_field(scene, object, choices[below(scene, count)], json);
}

/* What check_client of the loader asks for: `channels` and `ms` go with what is done. */
static void repair_client(struct scene *scene, cJSON *json)
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
            put_field(scene, object, scenario_field_find(object, names[i]), json);
    }
}

/* Adds what is missing and takes away what cannot stand there. */
static void repair(struct scene *scene, const struct scenario_object *object, cJSON *json)
{
    for (size_t i = 0; i < object->field_count; i++) {
        const struct scenario_field *field = &object->fields[i];
        if (!is_of_dialect(scene, field))
            cJSON_DeleteItemFromObjectCaseSensitive(json, field->name);
        else if (field->is_needed && !find(json, field->name))
            put_field(scene, object, field, json);
    }
    put_choice(scene, object, json);
    for (size_t i = 0; i < object->field_count; i++)
        if (!has_company(&object->fields[i], json))
            cJSON_DeleteItemFromObjectCaseSensitive(json, object->fields[i].name);
    if (object == scenario_object_of_verb(VERB_CLIENT))
        repair_client(scene, json);
    if (object == scenario_object_of_verb(VERB_SET) && !json->child)
        put_field(scene, object, scenario_field_find(object, "pong"), json);
}

static cJSON *make_object(struct scene *scene, const struct scenario_object *object)
{
    cJSON *json = cJSON_CreateObject();
    for (size_t i = 0; i < object->field_count; i++) {
        const struct scenario_field *field = &object->fields[i];
        if (!field->is_needed && !field->is_choice && below(scene, OPTIONAL_ONE_IN) == 0)
            put_field(scene, object, field, json);
    }
    repair(scene, object, json);
    return json;
}

static cJSON *make_step(struct scene *scene, bool may_repeat)
{
    enum verb verb;
    do
        verb = (enum verb)below(scene, VERB_COUNT);
    while ((verb == VERB_REPEAT && !may_repeat) ||
           (scene->dialect == DIALECT_NODE && scenario_object_of_verb(verb)->agent_only));
    return make_pair(verb_name(verb), make_object(scene, scenario_object_of_verb(verb)));
}

/* ---- changes ---- */

/* One field, of those that every step takes too; away, if it stood there and need not. */
static void edit_object(struct scene *scene, const struct scenario_object *object, cJSON *json)
{
    const struct scenario_object *common = scenario_object_common();
    size_t chosen = below(scene, object->field_count + common->field_count);
    bool is_own = chosen < object->field_count;
    const struct scenario_field *field =
        is_own ? &object->fields[chosen] : &common->fields[chosen - object->field_count];
    if (field->kind == FIELD_STEPS || !is_of_dialect(scene, field))
        return;
    if (!field->is_needed && find(json, field->name) && below(scene, 3) == 0)
        cJSON_DeleteItemFromObjectCaseSensitive(json, field->name);
    else
        put_field(scene, is_own ? object : common, field, json);
    repair(scene, object, json);
}

static void edit_step(struct scene *scene, const cJSON *steps, size_t index)
{
    cJSON *fields = cJSON_GetArrayItem(steps, (int)index)->child;
    if (verb_of(fields) != VERB_COUNT && cJSON_IsObject(fields))
        edit_object(scene, scenario_object_of_verb(verb_of(fields)), fields);
}

/* A setting of server, client or the whole. With another dialect, each step must suit it. */
static void edit_settings(struct scene *scene)
{
    const struct scenario_object *top = scenario_object_top();
    const struct scenario_field *field = &top->fields[below(scene, top->field_count)];
    if (field->kind == FIELD_STEPS || field->kind == FIELD_EACH)
        return;
    cJSON *part = field->kind == FIELD_OBJECT ? find(scene->root, field->name) : NULL;
    if (cJSON_IsObject(part))
        edit_object(scene, field->object, part);
    else
        put_field(scene, top, field, scene->root);
    *scene = look_at(scene->root, scene->state);
    for (size_t i = 0; strcmp(field->name, "dialect") == 0 && i < scene->list_count; i++) {
        for (cJSON *step = scene->lists[i]->child; step; step = step->next)
            if (cJSON_IsObject(step->child) && verb_of(step->child) != VERB_COUNT)
                repair(scene, scenario_object_of_verb(verb_of(step->child)), step->child);
    }
}

/* A number of some step becomes "${n}", and each value of `n` makes a scenario; where there is an
 * `each`, its first key serves. */
static void use_each(struct scene *scene, const cJSON *steps, size_t index)
{
    cJSON *fields = cJSON_GetArrayItem(steps, (int)index)->child;
    for (cJSON *member = cJSON_IsObject(fields) ? fields->child : NULL; member;
         member = member->next) {
        if (!cJSON_IsNumber(member))
            continue;
        const int values[] = {1, 2 + (int)below(scene, 5)};
        const cJSON *each = find(scene->root, "each");
        if (!each)
            cJSON_AddItemToObject(scene->root, "each",
                                  make_pair("n", cJSON_CreateIntArray(values, 2)));
        char text[64];
        snprintf(text, sizeof text, "${%s}", each && each->child ? each->child->string : "n");
        cJSON_ReplaceItemInObjectCaseSensitive(fields, member->string, cJSON_CreateString(text));
        return;
    }
}

static void insert(cJSON *steps, size_t index, cJSON *step)
{
    if (!cJSON_InsertItemInArray(steps, (int)index, step))
        cJSON_Delete(step);
}

/* Some steps of the list become the body of a repeat; a repeat becomes its body. */
static void wrap(struct scene *scene, cJSON *steps, size_t index, size_t count)
{
    cJSON *old = cJSON_GetArrayItem(steps, (int)index), *body;
    if (below(scene, 4) == 0 && (body = find(old->child, "steps"))) {
        body = cJSON_DetachItemViaPointer(old->child, body);
        while (body->child)
            insert(steps, index + 1, cJSON_DetachItemFromArray(body, 0));
        cJSON_Delete(body);
        cJSON_DeleteItemFromArray(steps, (int)index);
        return;
    }
    body = cJSON_CreateArray();
    for (; count > 0; count--)
        cJSON_AddItemToArray(body, cJSON_DetachItemFromArray(steps, (int)index));
    cJSON *fields = make_pair("times", cJSON_CreateNumber(1 + (double)below(scene, 4)));
    cJSON_AddItemToObject(fields, "steps", body);
    insert(steps, index, make_pair("repeat", fields));
}

static void copy_steps(cJSON *steps, size_t to, const cJSON *from_steps, size_t from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const cJSON *step = cJSON_GetArrayItem(from_steps, (int)(from + i));
        if (step)
            insert(steps, to + i, cJSON_Duplicate(step, true));
    }
}

static void change_list(struct scene *scene, cJSON *steps)
{
    size_t count = (size_t)cJSON_GetArraySize(steps), index = below(scene, count);
    size_t range = 1 + below(scene, count - index < RANGE_MAX ? count - index : RANGE_MAX);
    switch (below(scene, 11)) {
    case 0:
        insert(steps, index + 1, make_step(scene, true));
        break;
    case 1:
        if (count > 1)
            cJSON_DeleteItemFromArray(steps, (int)index);
        break;
    case 2: /* often behind one another: the printer folds them */
        copy_steps(steps, index + range, steps, index, range);
        copy_steps(steps, index + range, steps, index, range);
        break;
    case 3:
        insert(steps, below(scene, count), cJSON_DetachItemFromArray(steps, (int)index));
        break;
    case 4:
    case 5:
        wrap(scene, steps, index, range);
        break;
    case 6:
        edit_settings(scene);
        break;
    case 7:
        use_each(scene, steps, index);
        break;
    default:
        edit_step(scene, steps, index);
    }
}

/* ---- what mutator.c calls ---- */

bool mutator_is_scenario(const cJSON *root)
{
    const cJSON *steps = find(root, "steps");
    return cJSON_IsObject(root) && cJSON_IsArray(steps) && cJSON_IsObject(steps->child);
}

void mutator_change_scenario(cJSON *root, uint64_t *state)
{
    struct scene scene = look_at(root, state);
    cJSON *steps = scene.lists[below(&scene, scene.list_count)];
    if (cJSON_IsObject(steps->child))
        change_list(&scene, steps);
}

void mutator_splice_scenario(cJSON *root, const cJSON *donor, uint64_t *state)
{
    struct scene scene = look_at(root, state);
    cJSON *steps = scene.lists[below(&scene, scene.list_count)];
    const cJSON *given = find(donor, "steps");
    size_t to = below(&scene, (size_t)cJSON_GetArraySize(steps) + 1);
    size_t from = below(&scene, (size_t)cJSON_GetArraySize(given));
    copy_steps(steps, to, given, from, 1 + below(&scene, RANGE_MAX));
}
