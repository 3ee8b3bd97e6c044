#include "core/scenario_each.h"

#include "core/memory.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* What all instances of a file may add up to: their trees are held at once. */
#define VALUES_MAX ((size_t)4000000)
#define BYTES_MAX  ((size_t)256 << 20)

/* ---- reading ---- */

static const char *label_number(struct arena *arena, double number)
{
    char text[40];
    if (floor(number) == number && fabs(number) <= JSONC_INTEGER_MAX)
        snprintf(text, sizeof text, "%.0f", number);
    else
        snprintf(text, sizeof text, "%.15g", number);
    char *plus = strchr(text, '+'); /* of 1e+30: no letter of a name */
    if (plus)
        memmove(plus, plus + 1, strlen(plus));
    return arena_copy_text(arena, text, strlen(text));
}

/* NULL with an error if the value cannot stand in a name. */
static const char *label_value(struct scenario_parser *parser, struct jsonc_node node,
                               struct arena *arena)
{
    if (cJSON_IsNumber(node.json))
        return label_number(arena, node.json->valuedouble);
    if (cJSON_IsBool(node.json))
        return cJSON_IsTrue(node.json) ? "true" : "false";
    if (cJSON_IsNull(node.json))
        return "null";
    if (!cJSON_IsString(node.json)) {
        parse_fail(parser, node, PARSE_VALUE, NULL,
                   "a value of `each` must be a text, a number, true, false or null");
        return NULL;
    }
    const char *text = node.json->valuestring;
    if (text[0] && !text[strspn(text, LETTERS "0123456789._-")])
        return text;
    parse_fail(parser, node, PARSE_VALUE, NULL,
               "a text of `each` must consist of letters, digits, `.`, `_` and `-`: it becomes "
               "part of a name");
    return NULL;
}

static int compare_labels(const void *left, const void *right)
{
    const struct each_value *a = left, *b = right;
    return strcmp(a->label, b->label);
}

/* Two instances must not have one name. */
static bool check_labels(struct scenario_parser *parser, struct jsonc_node node,
                         const struct each_key *key)
{
    struct each_value *sorted = memory_alloc(key->value_count, sizeof *sorted);
    memcpy(sorted, key->values, key->value_count * sizeof *sorted);
    qsort(sorted, key->value_count, sizeof *sorted, compare_labels);
    bool is_good = true;
    for (size_t i = 1; i < key->value_count && is_good; i++) {
        if (strcmp(sorted[i - 1].label, sorted[i].label) == 0)
            is_good = parse_fail(parser, node, PARSE_KEY, NULL, "`%s` has the value `%s` twice",
                                 key->name, sorted[i].label);
    }
    free(sorted);
    return is_good;
}

static bool check_key_name(struct scenario_parser *parser, struct jsonc_node node)
{
    const char *name = node.json->string;
    if (!name[0] || !strchr(LETTERS "_", name[0]) || name[strspn(name, LETTERS "0123456789_")])
        return parse_fail(parser, node, PARSE_KEY, NULL,
                          "a key of `each` must consist of letters, digits and `_`");
    const struct name_list *taken = scenario_template_names();
    for (size_t i = 0; i < taken->count; i++) {
        if (strcmp(taken->items[i], name) == 0)
            return parse_fail(parser, node, PARSE_KEY, NULL,
                              "`${%s}` has a meaning of its own; choose another key", name);
    }
    return true;
}

static bool parse_key(struct scenario_parser *parser, struct jsonc_node node, struct each *each)
{
    bool is_good = check_key_name(parser, node);
    if (!cJSON_IsArray(node.json))
        return parse_fail_type(parser, node, node.json->string, "an array of values");
    if (!node.json->child)
        return parse_fail(parser, node, PARSE_VALUE, NULL, "`%s` must have at least one value",
                          node.json->string);
    size_t count = (size_t)cJSON_GetArraySize(node.json);
    struct each_key *key = &each->keys[each->key_count];
    key->name = each->names[each->key_count++] = node.json->string;
    key->values = arena_alloc(&each->arena, count, sizeof *key->values);
    for (struct jsonc_node item = jsonc_child(node); item.json;
         item = jsonc_next(parser->document, item)) {
        const char *label = label_value(parser, item, &each->arena);
        if (label)
            key->values[key->value_count++] = (struct each_value){item.json, label};
        else
            is_good = false;
    }
    return check_labels(parser, node, key) && is_good;
}

/* How many instances there are, and whether so many are allowed. */
static bool count_instances(struct scenario_parser *parser, struct jsonc_node node,
                            struct each *each)
{
    for (size_t i = 0; i < each->key_count; i++) {
        each->instance_count *= each->keys[i].value_count;
        if (each->instance_count > SCENARIO_INSTANCES_MAX)
            return parse_fail(parser, node, PARSE_KEY, NULL, "`each` makes more than %d scenarios",
                              SCENARIO_INSTANCES_MAX);
    }
    const struct jsonc_place *place = &parser->document->places[node.index];
    size_t value_count = parser->document->place_count - place->node_count;
    size_t size_bytes = parser->size_bytes - (place->end - place->start);
    if (value_count * each->instance_count > VALUES_MAX ||
        size_bytes * each->instance_count > BYTES_MAX)
        return parse_fail(parser, node, PARSE_KEY, "split the file",
                          "`each` makes %zu scenarios of %zu values: more than %zu in all, or of "
                          "too long a text",
                          each->instance_count, value_count, VALUES_MAX);
    return true;
}

bool each_parse(struct scenario_parser *parser, struct jsonc_node node, struct each *each)
{
    *each = (struct each){.instance_count = 1};
    if (!node.json)
        return true;
    if (!cJSON_IsObject(node.json))
        return parse_fail_type(parser, node, "each", "an object like {\"n\": [1, 2]}");
    if (!node.json->child)
        return parse_fail(parser, node, PARSE_VALUE, NULL, "`each` must have at least one key");
    size_t count = (size_t)cJSON_GetArraySize(node.json);
    each->keys = arena_alloc(&each->arena, count, sizeof *each->keys);
    each->names = arena_alloc(&each->arena, count, sizeof *each->names);
    bool is_good = true;
    for (struct jsonc_node key = jsonc_child(node); key.json;
         key = jsonc_next(parser->document, key))
        is_good &= parse_key(parser, key, each);
    return is_good && count_instances(parser, node, each);
}

void each_free(struct each *each)
{
    arena_free(&each->arena);
    *each = (struct each){0};
}

/* ---- instances ---- */

static const struct each_value *pick(const struct each *each, size_t instance, size_t key)
{
    for (size_t i = each->key_count - 1; i > key; i--)
        instance /= each->keys[i].value_count;
    return &each->keys[key].values[instance % each->keys[key].value_count];
}

char *each_instance_name(const struct each *each, size_t instance, const char *name)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    buffer_append_text(&out, name);
    for (size_t i = 0; i < each->key_count; i++)
        buffer_printf(&out, "%s%s", i == 0 ? "[" : ",", pick(each, instance, i)->label);
    if (each->key_count > 0)
        buffer_append_text(&out, "]");
    return buffer_take_text(&out);
}

/* The key whose template "${key}" stands at `text`, or the count of keys. */
static size_t find_key(const struct each *each, const char *text, size_t *size_bytes)
{
    size_t key = each->key_count;
    if (strncmp(text, "${", 2) != 0)
        return key;
    size_t name_bytes = strcspn(text + 2, "}");
    *size_bytes = name_bytes + 3;
    if (!text[2 + name_bytes])
        return key;
    for (key = 0; key < each->key_count; key++) {
        if (span_equals((struct span){text + 2, name_bytes}, each->keys[key].name))
            break;
    }
    return key;
}

/* A lone template takes over the value with its type. */
static void become_value(cJSON *node, const cJSON *value)
{
    cJSON_free(node->valuestring);
    node->valuestring = NULL;
    node->type = value->type;
    node->valueint = value->valueint;
    node->valuedouble = value->valuedouble;
}

static void become_text(cJSON *node, const char *text)
{
    char *copy = cJSON_malloc(strlen(text) + 1);
    if (!copy)
        abort();
    strcpy(copy, text);
    cJSON_free(node->valuestring);
    node->valuestring = copy;
}

static void fill_text(const struct each *each, size_t instance, cJSON *node)
{
    size_t size_bytes = 0;
    const char *text = node->valuestring;
    size_t key = find_key(each, text, &size_bytes);
    if (key < each->key_count && !text[size_bytes]) {
        const struct each_value *value = pick(each, instance, key);
        if (!cJSON_IsString(value->json)) {
            become_value(node, value->json);
            return;
        }
    }
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    for (; *text; text += size_bytes) {
        key = find_key(each, text, &size_bytes);
        if (key < each->key_count) {
            buffer_append_text(&out, pick(each, instance, key)->label);
        } else {
            size_bytes = 1 + strcspn(text + 1, "$");
            buffer_append(&out, text, size_bytes);
        }
    }
    become_text(node, buffer_text(&out));
    buffer_free(&out);
}

/* Recursion is bounded by SCENARIO_DEPTH_MAX. */
static void fill_tree(const struct each *each, size_t instance, cJSON *node)
{
    if (cJSON_IsString(node) && strstr(node->valuestring, "${"))
        fill_text(each, instance, node);
    for (cJSON *child = node->child; child; child = child->next)
        fill_tree(each, instance, child);
}

cJSON *each_instance_tree(const struct each *each, size_t instance, const cJSON *root)
{
    cJSON *tree = cJSON_CreateObject();
    for (const cJSON *member = root->child; member; member = member->next) {
        const char *name = member->string;
        /* `each` may be the biggest part and is of no use in an instance: only its place stays. */
        cJSON *copy =
            strcmp(name, "each") == 0 ? cJSON_CreateNull() : cJSON_Duplicate(member, true);
        if (!copy || !cJSON_AddItemToObject(tree, name, copy))
            abort();
        if (strcmp(name, "title") == 0 || strcmp(name, "server") == 0 ||
            strcmp(name, "client") == 0 || strcmp(name, "steps") == 0)
            fill_tree(each, instance, copy);
    }
    return tree;
}
