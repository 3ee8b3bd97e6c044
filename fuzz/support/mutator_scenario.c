#include "mutator_scenario.h"

#include "mutator.h"
#include "mutator_fields.h"

#include <stdio.h>
#include <string.h>

#define RANGE_MAX 4 /* steps that are moved, copied or wrapped at once */

static size_t below(const struct mutator_scene *scene, size_t limit)
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

static void look_at_steps(struct mutator_scene *scene, cJSON *steps)
{
    if (!cJSON_IsArray(steps) || scene->list_count == MUTATOR_LISTS_MAX)
        return;
    scene->lists[scene->list_count++] = steps;
    for (const cJSON *step = steps->child; step; step = step->next) {
        const cJSON *as = find(step->child, "as");
        if (cJSON_IsString(as) && !scene->event)
            scene->event = as->valuestring;
        look_at_steps(scene, find(step->child, "steps"));
    }
}

static struct mutator_scene look_at(cJSON *root, uint64_t *state)
{
    struct mutator_scene scene = {.root = root, .state = state};
    const char *dialect = cJSON_GetStringValue(find(root, "dialect"));
    scene.dialect = dialect && strcmp(dialect, "node") == 0 ? DIALECT_NODE : DIALECT_AGENT;
    look_at_steps(&scene, find(root, "steps"));
    return scene;
}

/* ---- changes ---- */

/* One field, of those that every step takes too; away, if it stood there and need not. */
static void edit_object(struct mutator_scene *scene, const struct scenario_object *object,
                        cJSON *json)
{
    const struct scenario_object *common = scenario_object_common();
    size_t chosen = below(scene, object->field_count + common->field_count);
    bool is_own = chosen < object->field_count;
    const struct scenario_field *field =
        is_own ? &object->fields[chosen] : &common->fields[chosen - object->field_count];
    if (field->kind == FIELD_STEPS || !mutator_is_of_dialect(scene, field))
        return;
    if (!field->is_needed && find(json, field->name) && below(scene, 3) == 0)
        cJSON_DeleteItemFromObjectCaseSensitive(json, field->name);
    else
        mutator_put_field(scene, is_own ? object : common, field, json);
    mutator_repair(scene, object, json);
}

static void edit_step(struct mutator_scene *scene, const cJSON *steps, size_t index)
{
    cJSON *fields = cJSON_GetArrayItem(steps, (int)index)->child;
    if (verb_of(fields) != VERB_COUNT && cJSON_IsObject(fields))
        edit_object(scene, scenario_object_of_verb(verb_of(fields)), fields);
}

/* A setting of server, client or the whole. With another dialect, each step must suit it. */
static void edit_settings(struct mutator_scene *scene)
{
    const struct scenario_object *top = scenario_object_top();
    const struct scenario_field *field = &top->fields[below(scene, top->field_count)];
    if (field->kind == FIELD_STEPS || field->kind == FIELD_EACH)
        return;
    cJSON *part = field->kind == FIELD_OBJECT ? find(scene->root, field->name) : NULL;
    if (cJSON_IsObject(part))
        edit_object(scene, field->object, part);
    else
        mutator_put_field(scene, top, field, scene->root);
    *scene = look_at(scene->root, scene->state);
    for (size_t i = 0; strcmp(field->name, "dialect") == 0 && i < scene->list_count; i++) {
        for (cJSON *step = scene->lists[i]->child; step; step = step->next)
            if (cJSON_IsObject(step->child) && verb_of(step->child) != VERB_COUNT)
                mutator_repair(scene, scenario_object_of_verb(verb_of(step->child)), step->child);
    }
}

/* A number of some step becomes "${n}", and each value of `n` makes a scenario; where there is an
 * `each`, its first key serves. */
static void use_each(struct mutator_scene *scene, const cJSON *steps, size_t index)
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
                                  mutator_make_pair("n", cJSON_CreateIntArray(values, 2)));
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
static void wrap(struct mutator_scene *scene, cJSON *steps, size_t index, size_t count)
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
    cJSON *fields = mutator_make_pair("times", cJSON_CreateNumber(1 + (double)below(scene, 4)));
    cJSON_AddItemToObject(fields, "steps", body);
    insert(steps, index, mutator_make_pair("repeat", fields));
}

static void copy_steps(cJSON *steps, size_t to, const cJSON *from_steps, size_t from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const cJSON *step = cJSON_GetArrayItem(from_steps, (int)(from + i));
        if (step)
            insert(steps, to + i, cJSON_Duplicate(step, true));
    }
}

static void change_list(struct mutator_scene *scene, cJSON *steps)
{
    size_t count = (size_t)cJSON_GetArraySize(steps), index = below(scene, count);
    size_t range = 1 + below(scene, count - index < RANGE_MAX ? count - index : RANGE_MAX);
    switch (below(scene, 11)) {
    case 0:
        insert(steps, index + 1, mutator_make_step(scene, true));
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
    struct mutator_scene scene = look_at(root, state);
    cJSON *steps = scene.lists[below(&scene, scene.list_count)];
    if (cJSON_IsObject(steps->child))
        change_list(&scene, steps);
}

void mutator_splice_scenario(cJSON *root, const cJSON *donor, uint64_t *state)
{
    struct mutator_scene scene = look_at(root, state);
    cJSON *steps = scene.lists[below(&scene, scene.list_count)];
    const cJSON *given = find(donor, "steps");
    size_t to = below(&scene, (size_t)cJSON_GetArraySize(steps) + 1);
    size_t from = below(&scene, (size_t)cJSON_GetArraySize(given));
    copy_steps(steps, to, given, from, 1 + below(&scene, RANGE_MAX));
}
