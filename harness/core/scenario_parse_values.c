#include "core/scenario_parse.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- storing ---- */

static void store(void *base, size_t offset, const void *value, size_t size_bytes)
{
    if (offset != FIELD_UNSTORED)
        memcpy((char *)base + offset, value, size_bytes);
}

static void store_bool(void *base, size_t offset, bool value)
{
    store(base, offset, &value, sizeof value);
}

static void store_enum(void *base, size_t offset, size_t index)
{
    int value = (int)index;
    store(base, offset, &value, sizeof value);
}

static void store_integer(void *base, size_t offset, int64_t value)
{
    store(base, offset, &value, sizeof value);
}

static void store_pointer(void *base, size_t offset, const void *value)
{
    store(base, offset, &value, sizeof value);
}

static void *at(void *base, size_t offset)
{
    assert(offset != FIELD_UNSTORED);
    return (char *)base + offset;
}

/* ---- names ---- */

/* The index of the name, or the count of names. */
static size_t find_name(const struct name_list *names, const char *name)
{
    size_t index = 0;
    while (index < names->count && strcmp(names->items[index], name) != 0)
        index++;
    return index;
}

/* "a whole number from 1 to 5 or `keep`": what is allowed. */
static void describe_field(const struct scenario_field *field, struct buffer *out)
{
    if (field->kind == FIELD_INTEGER || field->kind == FIELD_INTEGER_OR_NAME ||
        field->kind == FIELD_NAME_OR_INTEGER || field->kind == FIELD_DISPATCHED)
        buffer_printf(out, "a whole number from %lld to %lld", (long long)field->min,
                      (long long)field->max);
    for (size_t i = 0; field->names && i < field->names->count; i++)
        buffer_printf(out, "%s`%s`", out->size_bytes ? " or " : "", field->names->items[i]);
    if (field->kind == FIELD_NAME_OR_OBJECT)
        buffer_append_text(out, " or an object of fields");
    if (field->kind == FIELD_DISPATCHED)
        buffer_append_text(out, " or an object of event names");
}

static bool fail_field(struct scenario_parser *parser, struct jsonc_node node,
                       const struct scenario_field *field)
{
    struct buffer expected;
    buffer_init(&expected, BUFFER_NO_LIMIT);
    describe_field(field, &expected);
    parse_fail_type(parser, node, field->name, buffer_text(&expected));
    buffer_free(&expected);
    return false;
}

/* The index of the name that stands there; false with an error if it is none of them. */
static bool parse_name(struct scenario_parser *parser, struct jsonc_node node,
                       const struct scenario_field *field, size_t *index)
{
    if (!cJSON_IsString(node.json))
        return fail_field(parser, node, field);
    *index = find_name(field->names, node.json->valuestring);
    if (*index < field->names->count)
        return true;
    if (!parse_check_templates(parser, node, false))
        return false;
    char what[80];
    snprintf(what, sizeof what, "value of `%s`:", field->name);
    return parse_fail_name(parser, node, PARSE_VALUE, what, node.json->valuestring, field->names);
}

/* ---- scalars ---- */

static bool parse_integer(struct scenario_parser *parser, struct jsonc_node node,
                          const struct scenario_field *field, int64_t *value)
{
    double number = cJSON_IsNumber(node.json) ? node.json->valuedouble : NAN;
    /* NAN fails both comparisons; both limits are exact in a double. */
    if (!(number >= (double)field->min && number <= (double)field->max) || floor(number) != number)
        return fail_field(parser, node, field);
    *value = (int64_t)number;
    return true;
}

static bool parse_integer_field(struct scenario_parser *parser, struct jsonc_node node,
                                const struct scenario_field *field, void *base)
{
    int64_t number = -1;
    size_t index = 0;
    if (field->kind != FIELD_INTEGER && cJSON_IsString(node.json)) {
        if (!parse_name(parser, node, field, &index))
            return false;
    } else {
        index = field->names ? field->names->count : 0;
        if (!parse_integer(parser, node, field, &number))
            return false;
    }
    if (field->kind == FIELD_NAME_OR_INTEGER) {
        store_enum(base, field->offset, index);
        store_integer(base, field->second_offset, number);
    } else {
        store_integer(base, field->offset, number);
    }
    return true;
}

static bool parse_name_or_object(struct scenario_parser *parser, struct jsonc_node node,
                                 const struct scenario_field *field, void *base)
{
    size_t index = field->names->count;
    if (cJSON_IsObject(node.json)) {
        if (!parse_check_templates(parser, node, false))
            return false;
        store_pointer(base, field->second_offset, node.json);
    } else if (!parse_name(parser, node, field, &index)) {
        return false;
    }
    store_enum(base, field->offset, index);
    return true;
}

static bool parse_bool(struct scenario_parser *parser, struct jsonc_node node,
                       const struct scenario_field *field, void *base)
{
    if (!cJSON_IsBool(node.json))
        return parse_fail_type(parser, node, field->name, "true or false");
    if (field->kind == FIELD_TRUE && !cJSON_IsTrue(node.json))
        return parse_fail_type(parser, node, field->name, "true");
    store_bool(base, field->offset, cJSON_IsTrue(node.json));
    return true;
}

static bool parse_text(struct scenario_parser *parser, struct jsonc_node node,
                       const struct scenario_field *field, void *base)
{
    if (!cJSON_IsString(node.json))
        return parse_fail_type(parser, node, field->name, "a text");
    const char *text = node.json->valuestring;
    int64_t size_bytes = (int64_t)strlen(text);
    if (field->min > 0 && size_bytes < field->min)
        return parse_fail(parser, node, PARSE_VALUE, NULL, "`%s` must not be empty", field->name);
    if (field->max > 0 && size_bytes > field->max)
        return parse_fail(parser, node, PARSE_VALUE, NULL, "`%s` has %lld bytes; at most %lld fit",
                          field->name, (long long)size_bytes, (long long)field->max);
    if (!field->is_prose && !parse_check_templates(parser, node, false))
        return false;
    if (field->kind == FIELD_TEXT_OR_ANY && find_name(field->names, text) < field->names->count)
        text = NULL;
    store_pointer(base, field->offset, text);
    return true;
}

static bool parse_text_list(struct scenario_parser *parser, struct jsonc_node node,
                            const struct scenario_field *field, struct text_list *list)
{
    if (!cJSON_IsArray(node.json))
        return parse_fail_type(parser, node, field->name, "an array of texts");
    size_t count = (size_t)cJSON_GetArraySize(node.json);
    *list = (struct text_list){arena_alloc(parser->arena, count, sizeof *list->items), 0};
    bool is_good = true;
    for (struct jsonc_node item = jsonc_child(node); item.json;
         item = jsonc_next(parser->document, item)) {
        if (!cJSON_IsString(item.json) || !item.json->valuestring[0])
            is_good =
                parse_fail_type(parser, item, field->name, "an array of texts that are not empty");
        else if (!parse_check_templates(parser, item, false))
            is_good = false;
        else
            list->items[list->count++] = item.json->valuestring;
    }
    return is_good;
}

/* ---- matchers ---- */

static bool parse_bound(struct scenario_parser *parser, struct jsonc_node node, double *bound)
{
    if (!cJSON_IsNumber(node.json))
        return parse_fail_type(parser, node, node.json->string, "a number");
    *bound = node.json->valuedouble;
    return true;
}

static bool parse_true(struct scenario_parser *parser, struct jsonc_node node)
{
    return cJSON_IsTrue(node.json) || parse_fail_type(parser, node, node.json->string, "true");
}

static bool parse_json_kind(struct scenario_parser *parser, struct jsonc_node node,
                            struct matcher *matcher)
{
    const struct scenario_field field = {
        .name = "kind", .kind = FIELD_NAME, .names = scenario_json_kind_names()};
    size_t index;
    if (!parse_name(parser, node, &field, &index))
        return false;
    matcher->json_kind = field.names->items[index];
    return true;
}

/* One member of a matcher object; sets its kind. */
static bool parse_matcher_member(struct scenario_parser *parser, struct jsonc_node node,
                                 struct matcher *matcher)
{
    static const char *const names[] = {"min", "max", "iso8601", "kind", "absent"};
    static const enum matcher_kind kinds[] = {MATCHER_RANGE, MATCHER_RANGE, MATCHER_ISO8601,
                                              MATCHER_KIND, MATCHER_ABSENT};
    const struct name_list allowed = {names, sizeof names / sizeof *names};
    size_t index = find_name(&allowed, node.json->string);
    if (index == allowed.count)
        return parse_fail_name(parser, node, PARSE_KEY, "key in a matcher:", node.json->string,
                               &allowed);
    if (matcher->kind != MATCHER_NONE && matcher->kind != kinds[index])
        return parse_fail(parser, node, PARSE_KEY, NULL,
                          "a matcher is either a range, `iso8601`, `kind` or `absent`");
    matcher->kind = kinds[index];
    if (index == 0) {
        matcher->has_min = true;
        return parse_bound(parser, node, &matcher->min);
    }
    if (index == 1) {
        matcher->has_max = true;
        return parse_bound(parser, node, &matcher->max);
    }
    return index == 3 ? parse_json_kind(parser, node, matcher) : parse_true(parser, node);
}

bool parse_matcher(struct scenario_parser *parser, struct jsonc_node node, const char *field,
                   bool is_number, struct matcher *matcher)
{
    *matcher = (struct matcher){0};
    if (!cJSON_IsObject(node.json)) {
        *matcher = (struct matcher){.kind = MATCHER_LITERAL, .literal = node.json};
        if (is_number && !cJSON_IsNumber(node.json))
            return parse_fail_type(parser, node, field, "a number or {\"min\":…,\"max\":…}");
        return parse_check_templates(parser, node, false);
    }
    bool is_good = true;
    for (struct jsonc_node member = jsonc_child(node); member.json;
         member = jsonc_next(parser->document, member))
        is_good &= parse_matcher_member(parser, member, matcher);
    if (!is_good)
        return false;
    if (matcher->kind == MATCHER_NONE)
        return parse_fail(parser, node, PARSE_VALUE, NULL,
                          "the matcher of `%s` is empty; it takes `min`, `max`, `iso8601`, `kind` "
                          "or `absent`",
                          field);
    if (matcher->has_min && matcher->has_max && matcher->min > matcher->max)
        return parse_fail(parser, node, PARSE_VALUE, NULL,
                          "no number is at least %.15g and at "
                          "most %.15g",
                          matcher->min, matcher->max);
    if (is_number && matcher->kind != MATCHER_RANGE &&
        !(matcher->kind == MATCHER_KIND && strcmp(matcher->json_kind, "number") == 0))
        return parse_fail(parser, node, PARSE_VALUE, NULL,
                          "`%s` is always a number: this matcher can never hold", field);
    return true;
}

/* ---- any field ---- */

static bool parse_template(struct scenario_parser *parser, struct jsonc_node node,
                           const struct scenario_field *field, void *base)
{
    store_pointer(base, field->offset, node.json);
    return parse_check_templates(parser, node, true);
}

static bool parse_name_field(struct scenario_parser *parser, struct jsonc_node node,
                             const struct scenario_field *field, void *base)
{
    size_t index;
    if (!parse_name(parser, node, field, &index))
        return false;
    if (field->kind == FIELD_FLAG)
        store_bool(base, field->offset, index == field->true_index);
    else
        store_enum(base, field->offset, index);
    return true;
}

static bool parse_event_field(struct scenario_parser *parser, struct jsonc_node node,
                              const struct scenario_field *field, void *base)
{
    return parse_text(parser, node, field, base) &&
           parse_event_name(parser, node, PARSE_VALUE, node.json->valuestring);
}

bool parse_field(struct scenario_parser *parser, struct jsonc_node node,
                 const struct scenario_field *field, void *base)
{
    if (field->has_offset)
        store_bool(base, field->has_offset, true);
    switch (field->kind) {
    case FIELD_ANY:
    case FIELD_EACH:  /* read before, for all instances */
    case FIELD_STEPS: /* read when everything around them is known */
        return true;
    case FIELD_BOOL:
    case FIELD_TRUE:
        return parse_bool(parser, node, field, base);
    case FIELD_INTEGER:
    case FIELD_INTEGER_OR_NAME:
    case FIELD_NAME_OR_INTEGER:
        return parse_integer_field(parser, node, field, base);
    case FIELD_NAME:
    case FIELD_FLAG:
        return parse_name_field(parser, node, field, base);
    case FIELD_NAME_OR_OBJECT:
        return parse_name_or_object(parser, node, field, base);
    case FIELD_TEXT:
    case FIELD_TEXT_OR_ANY:
        return parse_text(parser, node, field, base);
    case FIELD_TEXT_LIST:
        return parse_text_list(parser, node, field, at(base, field->offset));
    case FIELD_RULES:
        return parse_rules(parser, node, at(base, field->offset));
    case FIELD_JUDGE:
        return parse_judge(parser, node, at(base, field->offset));
    case FIELD_OBJECT:
        return parse_object(parser, node, field->object, at(base, field->offset), NULL);
    case FIELD_SENDS:
        return parse_sends(parser, node, at(base, field->offset), at(base, field->second_offset));
    case FIELD_HEADERS:
        return parse_headers(parser, node, at(base, field->offset));
    case FIELD_TEMPLATE:
        return parse_template(parser, node, field, base);
    case FIELD_HEX:
        return parse_hex(parser, node, field, at(base, field->offset),
                         at(base, field->second_offset));
    case FIELD_EVENT_NAME:
        return parse_event_field(parser, node, field, base);
    case FIELD_NUMBER_MATCHER:
        return parse_matcher(parser, node, field->name, true, at(base, field->offset));
    case FIELD_MATCHERS:
        return parse_matchers(parser, node, field, at(base, field->offset));
    case FIELD_CLIENT_FRAME:
        return parse_client_frame(parser, node, at(base, field->offset));
    case FIELD_DISPATCHED:
        return parse_dispatched(parser, node, field, at(base, field->offset),
                                at(base, field->second_offset));
    case FIELD_NOTHING:
        return parse_nothing(parser, node, field, at(base, field->offset));
    }
    return true;
}

void parse_default(struct scenario_parser *parser, const struct scenario_field *field, void *base)
{
    if (field->kind == FIELD_OBJECT) {
        for (size_t i = 0; i < field->object->field_count; i++)
            parse_default(parser, &field->object->fields[i], at(base, field->offset));
        return;
    }
    if (!field->fallback || field->offset == FIELD_UNSTORED)
        return;
    if (field->kind == FIELD_BOOL) {
        store_bool(base, field->offset, strcmp(field->fallback, "true") == 0);
    } else if (field->kind == FIELD_INTEGER || field->kind == FIELD_INTEGER_OR_NAME) {
        store_integer(base, field->offset, strtoll(field->fallback, NULL, 10));
    } else if (field->kind == FIELD_FLAG) {
        store_bool(base, field->offset,
                   find_name(field->names, field->fallback) == field->true_index);
    } else if (field->kind == FIELD_NAME || field->kind == FIELD_NAME_OR_INTEGER) {
        store_enum(base, field->offset, find_name(field->names, field->fallback));
    } else if (field->kind == FIELD_TEXT_LIST) {
        struct text_list *list = at(base, field->offset);
        *list = (struct text_list){arena_alloc(parser->arena, 1, sizeof *list->items), 1};
        list->items[0] = field->fallback;
    } else {
        assert(field->kind == FIELD_TEXT || field->kind == FIELD_HEADERS);
        store_pointer(base, field->offset, field->fallback);
    }
}
