#include "sim/shrink_changes.h"

#include "core/memory.h"
#include "core/scenario_fields.h"
#include "sim/shrink_faults.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* With more steps than this, pairs are only those that stand side by side. */
#define PAIRED_STEPS_MAX 24

#define HALVINGS_MAX 12 /* of the distance between a number and its least */

/* ---- lists ---- */

static struct shrink_change *add_change(struct shrink_changes *changes, size_t edit_count)
{
    changes->items = memory_grow(changes->items, &changes->capacity_count, changes->count + 1,
                                 sizeof *changes->items);
    struct shrink_change *change = &changes->items[changes->count++];
    *change = (struct shrink_change){memory_alloc(edit_count, sizeof *change->edits), 0};
    return change;
}

static void add_removal(struct shrink_change *change, const cJSON *node)
{
    change->edits[change->count++] = (struct shrink_edit){.kind = SHRINK_EDIT_REMOVE, .node = node};
}

static void add_number(struct shrink_change *change, const cJSON *node, double number)
{
    change->edits[change->count++] =
        (struct shrink_edit){.kind = SHRINK_EDIT_NUMBER, .node = node, .number = number};
}

void shrink_changes_free(struct shrink_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        free(changes->items[i].edits);
    free(changes->items);
    *changes = (struct shrink_changes){0};
}

/* ---- steps ---- */

static const cJSON *steps_of(const cJSON *document)
{
    return cJSON_GetObjectItemCaseSensitive(document, "steps");
}

/* Owned by the caller; so that each can be reached by its number. */
static const cJSON **index_steps(const cJSON *document, size_t *count)
{
    const cJSON *step;
    *count = (size_t)cJSON_GetArraySize(steps_of(document));
    const cJSON **steps = memory_alloc(*count, sizeof *steps);
    size_t index = 0;
    cJSON_ArrayForEach(step, steps_of(document)) steps[index++] = step;
    return steps;
}

static void list_steps(const cJSON *document, struct shrink_changes *changes)
{
    size_t count;
    const cJSON **steps = index_steps(document, &count);
    for (size_t run = count / 2; run > 0; run /= 2) {
        for (size_t first = 0; first < count; first += run) {
            size_t end = first + run < count ? first + run : count;
            struct shrink_change *change = add_change(changes, run);
            for (size_t i = first; i < end; i++)
                add_removal(change, steps[i]);
        }
    }
    free(steps);
}

/* ---- numbers ---- */

/* From the least on: small ones, parts of the distance, and ever smaller steps down. The smallest
 * that helps is taken, and the next round goes on from there: an edge is found to the last one. */
static void list_towards(const cJSON *node, double least, struct shrink_changes *changes)
{
    double distance = node->valuedouble - least, last = -1;
    double offsets[7 + HALVINGS_MAX] = {0, 1, 2, 3, 5, floor(distance / 8), floor(distance / 4)};
    size_t count = 7;
    for (double step = distance; step > 1 && count < 7 + HALVINGS_MAX; count++) {
        step = ceil(step / 2);
        offsets[count] = distance - step;
    }
    for (size_t i = 0; i < count; i++) {
        if (offsets[i] <= last || offsets[i] >= distance)
            continue;
        last = offsets[i];
        add_number(add_change(changes, 1), node, least + last);
    }
}

/* Numbers in what has no table of its own: the JSON of a frame, a matcher. They may have any value,
 * so 0 is their least. Recursion is bounded by SCENARIO_DEPTH_MAX. */
static void list_inner_numbers(const cJSON *node, struct shrink_changes *changes)
{
    if (cJSON_IsNumber(node) && floor(node->valuedouble) == node->valuedouble)
        list_towards(node, 0, changes);
    for (const cJSON *child = node->child; child; child = child->next)
        list_inner_numbers(child, changes);
}

/* Patience is no count: with less of it a busy machine fails instead of the client. */
static bool is_patience(const struct scenario_field *field)
{
    const struct scenario_object *client = scenario_object_client();
    return strcmp(field->name, "timeout_ms") == 0 ||
           (field >= client->fields && field < client->fields + client->field_count);
}

/* How far clocks are apart. Rows have whole seconds: with a part of one it counts at which part of
 * a second it is played. */
static bool is_clock(const struct scenario_field *field)
{
    return strcmp(field->name, "skew_ms") == 0 ||
           field == scenario_field_find(scenario_object_of_verb(VERB_ADVANCE), "ms");
}

/* Seconds between clocks that are steady, and far from the minute that C-5 speaks of. */
static const double clock_seconds[] = {0, 2, 5, 10, 20, 120, 600, 3600};

#define CLOCK_COUNT (sizeof clock_seconds / sizeof *clock_seconds)

/* From either side towards 0. */
static void list_clock(const cJSON *node, struct shrink_changes *changes)
{
    double sign = node->valuedouble < 0 ? -1 : 1;
    for (size_t i = 0; i < CLOCK_COUNT; i++) {
        if (clock_seconds[i] * 1000 < fabs(node->valuedouble))
            add_number(add_change(changes, 1), node, sign * clock_seconds[i] * 1000);
    }
}

static void list_field_numbers(const struct scenario_field *field, const cJSON *node,
                               struct shrink_changes *changes)
{
    bool has_own_json = field->kind == FIELD_TEMPLATE || field->kind == FIELD_NAME_OR_OBJECT;
    if (is_patience(field))
        return;
    if (cJSON_IsNumber(node) && is_clock(field))
        list_clock(node, changes);
    else if (cJSON_IsNumber(node))
        list_towards(node, field->min > 0 ? (double)field->min : 0, changes);
    else if (has_own_json)
        list_inner_numbers(node, changes);
}

/* Every member of the object that the table knows, those of objects below it included. */
static void for_each_field(const struct scenario_object *object, const cJSON *json,
                           void (*visit)(const struct scenario_field *field, const cJSON *node,
                                         struct shrink_changes *changes),
                           struct shrink_changes *changes)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, json)
    {
        const struct scenario_field *field = scenario_field_find(object, member->string);
        if (!field)
            field = scenario_field_find(scenario_object_common(), member->string);
        if (!field)
            continue;
        visit(field, member, changes);
        const cJSON *item;
        if (field->kind == FIELD_OBJECT)
            for_each_field(field->object, member, visit, changes);
        else if (field->kind == FIELD_SENDS)
            cJSON_ArrayForEach(item, member)
                for_each_field(scenario_object_send(), item, visit, changes);
    }
}

static enum verb verb_of(const cJSON *step)
{
    int verb = 0;
    while (strcmp(verb_name((enum verb)verb), step->child->string) != 0)
        verb++;
    return (enum verb)verb;
}

static void for_all_fields(const cJSON *document,
                           void (*visit)(const struct scenario_field *field, const cJSON *node,
                                         struct shrink_changes *changes),
                           struct shrink_changes *changes)
{
    const cJSON *step;
    for_each_field(scenario_object_top(), document, visit, changes);
    cJSON_ArrayForEach(step, steps_of(document))
        for_each_field(scenario_object_of_verb(verb_of(step)), step->child, visit, changes);
}

/* ---- fields ---- */

static void remove_inner(const cJSON *node, struct shrink_changes *changes)
{
    for (const cJSON *child = node->child; child; child = child->next) {
        add_removal(add_change(changes, 1), child);
        remove_inner(child, changes);
    }
}

/* A field left out holds its default. What a reader is told stays. */
static void remove_field(const struct scenario_field *field, const cJSON *node,
                         struct shrink_changes *changes)
{
    if (field->is_prose || field->kind == FIELD_STEPS || field->kind == FIELD_RULES)
        return;
    if (!field->is_needed && !field->is_choice)
        add_removal(add_change(changes, 1), node);
    if (field->kind == FIELD_TEMPLATE || field->kind == FIELD_NAME_OR_OBJECT ||
        field->kind == FIELD_SENDS || field->kind == FIELD_HEADERS || field->kind == FIELD_JUDGE)
        remove_inner(node, changes);
}

/* A connection that ends is a connection that ends. */
static void list_drops(const cJSON *document, struct shrink_changes *changes)
{
    const cJSON *step;
    cJSON_ArrayForEach(step, steps_of(document))
    {
        enum verb verb = verb_of(step);
        if (verb != VERB_CLOSE && verb != VERB_RESTART)
            continue;
        struct shrink_change *change = add_change(changes, 1);
        change->edits[change->count++] =
            (struct shrink_edit){.kind = SHRINK_EDIT_DROP, .node = step};
    }
}

/* ---- pairs ---- */

static const cJSON *published(const cJSON *step)
{
    return verb_of(step) == VERB_PUBLISH ? step->child : NULL;
}

static double count_of(const cJSON *publish)
{
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(publish, "count");
    return count ? count->valuedouble : 1;
}

/* Of two that publish, one that publishes as much: the first or the second goes. */
static void merge(const cJSON *kept, const cJSON *removed, struct shrink_changes *changes)
{
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(published(kept), "count");
    if (!count) /* a number that is not there cannot be changed */
        return;
    struct shrink_change *change = add_change(changes, 2);
    add_removal(change, removed);
    add_number(change, count, count_of(published(kept)) + count_of(published(removed)));
}

static void list_pairs(const cJSON *document, struct shrink_changes *changes)
{
    size_t count;
    const cJSON **steps = index_steps(document, &count);
    for (size_t i = 0; i < count; i++) {
        size_t end = count <= PAIRED_STEPS_MAX || i + 2 > count ? count : i + 2;
        for (size_t j = i + 1; j < end; j++) {
            struct shrink_change *change = add_change(changes, 2);
            add_removal(change, steps[i]);
            add_removal(change, steps[j]);
            if (!published(steps[i]) || !published(steps[j]))
                continue;
            merge(steps[i], steps[j], changes);
            merge(steps[j], steps[i], changes);
        }
    }
    free(steps);
}

/* What the application does that some drivers can only do in a process of its own. */
static void list_own_process(const cJSON *document, struct shrink_changes *changes)
{
    const cJSON *step;
    const cJSON *client = cJSON_GetObjectItemCaseSensitive(document, "client");
    const cJSON *skew = cJSON_GetObjectItemCaseSensitive(client, "clock_skew_ms");
    size_t count = (size_t)cJSON_GetArraySize(steps_of(document));
    struct shrink_change *change = add_change(changes, count + 1);
    if (skew)
        add_removal(change, skew);
    cJSON_ArrayForEach(step, steps_of(document))
    {
        const cJSON *action = cJSON_GetObjectItemCaseSensitive(step->child, "do");
        if (verb_of(step) == VERB_CLIENT && (strcmp(action->valuestring, "throw") == 0 ||
                                             strcmp(action->valuestring, "slow") == 0))
            add_removal(change, step);
    }
}

/* ---- what hangs on the moment ---- */

#define STEADY_EDITS_MAX 3 /* for one moment */

/* An event that races a resync is made to come after it, or to overtake it. */
enum steady_way { STEADY_WAY_AFTER, STEADY_WAY_BEFORE, STEADY_WAY_COUNT };

static void add_following(struct shrink_change *change, const cJSON *step, const char *steps)
{
    change->edits[change->count++] =
        (struct shrink_edit){.kind = SHRINK_EDIT_FOLLOW, .node = step, .steps = steps};
}

static bool is_sent(const cJSON *step)
{
    return verb_of(step) == VERB_PUBLISH || verb_of(step) == VERB_SEND;
}

/* `event` is the first on the connection that `accept` is; neither is the first step. */
static void part_from_resync(struct shrink_change *change, enum steady_way way,
                             const cJSON *const *steps, size_t count, size_t accept, size_t event)
{
    size_t last = event;
    add_following(change, steps[accept], "[{\"sync\":{}}]");
    if (way == STEADY_WAY_AFTER)
        return;
    while (last + 1 < count && is_sent(steps[last + 1]))
        last++;
    add_following(change, steps[accept - 1], "[{\"set\":{\"resync\":\"hold\"}}]");
    add_following(change, steps[last], "[{\"release\":{}},{\"set\":{\"resync\":\"auto\"}}]");
}

/* Up to what is steady; in the change that was added last. */
static void round_clock(const struct scenario_field *field, const cJSON *node,
                        struct shrink_changes *changes)
{
    size_t i = 0;
    if (!is_clock(field) || !cJSON_IsNumber(node) || shrink_faults_is_steady(node->valuedouble))
        return;
    while (i + 1 < CLOCK_COUNT && clock_seconds[i] * 1000 < fabs(node->valuedouble))
        i++;
    add_number(&changes->items[changes->count - 1], node,
               copysign(clock_seconds[i] * 1000, node->valuedouble));
}

static void round_clock_alone(const struct scenario_field *field, const cJSON *node,
                              struct shrink_changes *changes)
{
    add_change(changes, 1);
    round_clock(field, node, changes);
}

static void list_steady_clocks(const cJSON *document, struct shrink_changes *changes)
{
    const cJSON *server = cJSON_GetObjectItemCaseSensitive(document, "server");
    size_t count = (size_t)cJSON_GetArraySize(steps_of(document)) + 1;
    if (server) {
        struct shrink_change *change = add_change(changes, 1);
        change->edits[change->count++] =
            (struct shrink_edit){.kind = SHRINK_EDIT_FREEZE, .node = server};
    }
    add_change(changes, count);
    for_all_fields(document, round_clock, changes);
    for_all_fields(document, round_clock_alone, changes);
}

/* One change for all moments, or one for each. */
static void list_steady_way(const cJSON *document, enum steady_way way, bool is_together,
                            struct shrink_changes *changes)
{
    size_t count, accept = 0;
    const cJSON **steps = index_steps(document, &count);
    struct shrink_walk walk = {0};
    struct shrink_change *change = add_change(changes, STEADY_EDITS_MAX * count);
    for (size_t i = 0; i < count; i++) {
        enum shrink_moment moment = shrink_walk_to(&walk, verb_of(steps[i]));
        accept = verb_of(steps[i]) == VERB_ACCEPT ? i : accept;
        if (moment == SHRINK_MOMENT_NONE)
            continue;
        if (!is_together)
            change = add_change(changes, STEADY_EDITS_MAX);
        if (moment == SHRINK_MOMENT_UNSETTLED_END)
            add_following(change, steps[i - 1], "[{\"settle\":{}}]");
        else
            part_from_resync(change, way, steps, count, accept, i);
        if (is_together && moment == SHRINK_MOMENT_RACING_EVENT)
            walk.is_racing = false; /* with this change */
    }
    free(steps);
}

static void list_steady_moments(const cJSON *document, struct shrink_changes *changes)
{
    for (int is_together = 1; is_together >= 0; is_together--) {
        for (int way = 0; way < STEADY_WAY_COUNT; way++)
            list_steady_way(document, (enum steady_way)way, is_together, changes);
    }
}

void shrink_changes_list(const cJSON *document, enum shrink_pass pass,
                         struct shrink_changes *changes)
{
    *changes = (struct shrink_changes){0};
    switch (pass) {
    case SHRINK_PASS_PROCESS:
        list_own_process(document, changes);
        break;
    case SHRINK_PASS_SETTINGS:
        for_each_field(scenario_object_top(), document, remove_field, changes);
        break;
    case SHRINK_PASS_STEPS:
        list_steps(document, changes);
        break;
    case SHRINK_PASS_NUMBERS:
        for_all_fields(document, list_field_numbers, changes);
        break;
    case SHRINK_PASS_FIELDS:
        list_drops(document, changes);
        for_all_fields(document, remove_field, changes);
        break;
    case SHRINK_PASS_PAIRS:
        list_pairs(document, changes);
        break;
    case SHRINK_PASS_CLOCKS:
        list_steady_clocks(document, changes);
        break;
    case SHRINK_PASS_MOMENTS:
        list_steady_moments(document, changes);
        break;
    }
}

/* ---- making them ---- */

static const struct shrink_edit *find_edit(const cJSON *node,
                                           const struct shrink_change *const *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < changes[i]->count; j++) {
            if (changes[i]->edits[j].node == node)
                return &changes[i]->edits[j];
        }
    }
    return NULL;
}

bool shrink_change_is_covered(const struct shrink_change *change,
                              const struct shrink_change *const *others, size_t count)
{
    for (size_t i = 0; i < change->count; i++) {
        if (!find_edit(change->edits[i].node, others, count))
            return false;
    }
    return true;
}

static cJSON *make_edited(const struct shrink_edit *edit)
{
    cJSON *json = NULL, *clock;
    switch (edit->kind) {
    case SHRINK_EDIT_REMOVE:
    case SHRINK_EDIT_FOLLOW: /* append_followers has done it */
        break;
    case SHRINK_EDIT_NUMBER:
        json = cJSON_CreateNumber(edit->number);
        break;
    case SHRINK_EDIT_DROP:
        json = cJSON_CreateObject();
        cJSON_AddObjectToObject(json, verb_name(VERB_DROP));
        break;
    case SHRINK_EDIT_FREEZE:
        json = cJSON_Duplicate(edit->node, true);
        clock = cJSON_GetObjectItemCaseSensitive(json, "clock");
        if (!clock)
            clock = cJSON_AddObjectToObject(json, "clock");
        cJSON_DeleteItemFromObjectCaseSensitive(clock, "freeze");
        cJSON_AddTrueToObject(clock, "freeze");
        break;
    }
    return json;
}

static void append_followers(cJSON *array, const char *steps)
{
    cJSON *followers = cJSON_Parse(steps), *step;
    while ((step = cJSON_DetachItemFromArray(followers, 0)))
        cJSON_AddItemToArray(array, step);
    cJSON_Delete(followers);
}

/* NULL if the node goes away. Recursion is bounded by SCENARIO_DEPTH_MAX. */
static cJSON *copy_changed(const cJSON *node, const struct shrink_change *const *changes,
                           size_t count)
{
    const struct shrink_edit *edit = find_edit(node, changes, count);
    if (edit && edit->kind != SHRINK_EDIT_FOLLOW)
        return make_edited(edit);
    if (!cJSON_IsObject(node) && !cJSON_IsArray(node))
        return cJSON_Duplicate(node, true);
    bool is_object = cJSON_IsObject(node);
    cJSON *copy = is_object ? cJSON_CreateObject() : cJSON_CreateArray();
    for (const cJSON *child = node->child; child; child = child->next) {
        cJSON *child_copy = copy_changed(child, changes, count);
        if (child_copy && is_object)
            cJSON_AddItemToObject(copy, child->string, child_copy);
        else if (child_copy)
            cJSON_AddItemToArray(copy, child_copy);
        const struct shrink_edit *followed = is_object ? NULL : find_edit(child, changes, count);
        if (followed && followed->kind == SHRINK_EDIT_FOLLOW)
            append_followers(copy, followed->steps);
    }
    return copy;
}

cJSON *shrink_changes_apply(const cJSON *document, const struct shrink_change *const *changes,
                            size_t count)
{
    return copy_changed(document, changes, count);
}
