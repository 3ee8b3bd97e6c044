#include "schema_check.h"

#include "target.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
    const cJSON *root;
    const char *keyword; /* the first one that was broken */
};

static bool holds(struct check *check, const cJSON *schema, const cJSON *value);

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool is_same(const cJSON *left, const cJSON *right)
{
    return cJSON_Compare(left, right, true);
}

/* ---- what each keyword asks; those for another kind of value ask nothing ---- */

static bool is_of_type(const cJSON *value, const char *type)
{
    if (!strcmp(type, "integer"))
        return cJSON_IsNumber(value) && value->valuedouble == floor(value->valuedouble);
    return (!strcmp(type, "string") && cJSON_IsString(value)) ||
           (!strcmp(type, "number") && cJSON_IsNumber(value)) ||
           (!strcmp(type, "boolean") && cJSON_IsBool(value)) ||
           (!strcmp(type, "null") && cJSON_IsNull(value)) ||
           (!strcmp(type, "array") && cJSON_IsArray(value)) ||
           (!strcmp(type, "object") && cJSON_IsObject(value));
}

static bool check_type(struct check *check, const cJSON *asked, const cJSON *schema,
                       const cJSON *value)
{
    (void)check, (void)schema;
    if (cJSON_IsString(asked))
        return is_of_type(value, asked->valuestring);
    const cJSON *type;
    cJSON_ArrayForEach(type, asked)
    {
        if (is_of_type(value, type->valuestring))
            return true;
    }
    return false;
}

static bool check_enum(struct check *check, const cJSON *asked, const cJSON *schema,
                       const cJSON *value)
{
    (void)check, (void)schema;
    const cJSON *item;
    cJSON_ArrayForEach(item, asked)
    {
        if (is_same(item, value))
            return true;
    }
    return false;
}

static bool check_const(struct check *check, const cJSON *asked, const cJSON *schema,
                        const cJSON *value)
{
    (void)check, (void)schema;
    return is_same(asked, value);
}

static bool check_range(struct check *check, const cJSON *asked, const cJSON *schema,
                        const cJSON *value)
{
    (void)check, (void)schema;
    if (!cJSON_IsNumber(value))
        return true;
    return !strcmp(asked->string, "minimum") ? value->valuedouble >= asked->valuedouble
                                             : value->valuedouble <= asked->valuedouble;
}

/* In characters, not bytes. */
static size_t length_of(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static bool check_count(struct check *check, const cJSON *asked, const cJSON *schema,
                        const cJSON *value)
{
    (void)check, (void)schema;
    const char *of = asked->string + 3; /* behind `min` or `max` */
    double count = 0;
    if (!strcmp(of, "Length") && cJSON_IsString(value))
        count = (double)length_of(value->valuestring);
    else if ((!strcmp(of, "Items") && cJSON_IsArray(value)) ||
             (!strcmp(of, "Properties") && cJSON_IsObject(value)))
        count = cJSON_GetArraySize(value);
    else
        return true;
    return asked->string[1] == 'i' ? count >= asked->valuedouble : count <= asked->valuedouble;
}

/* The patterns are ECMAScript's; the little they use beyond POSIX is \u00XX. No text here holds a
 * NUL, so a range may as well begin behind it. */
static void translate_pattern(const char *pattern, char *out, size_t size)
{
    size_t at = 0;
    while (*pattern && at + 1 < size) {
        unsigned byte;
        if (sscanf(pattern, "\\u%4x", &byte) == 1) {
            out[at++] = (char)(byte ? byte : 1);
            pattern += 6;
        } else {
            out[at++] = *pattern++;
        }
    }
    out[at] = '\0';
}

/* Compiled once: there are few. */
static const regex_t *compiled(const char *pattern)
{
    static struct {
        char pattern[100];
        regex_t regex;
    } patterns[32];
    static size_t count;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(patterns[i].pattern, pattern))
            return &patterns[i].regex;
    char posix[100];
    TARGET_CHECK(count < 32 && strlen(pattern) < sizeof posix, "the pattern %s", pattern);
    translate_pattern(pattern, posix, sizeof posix);
    snprintf(patterns[count].pattern, sizeof patterns->pattern, "%s", pattern);
    TARGET_CHECK(regcomp(&patterns[count].regex, posix, REG_EXTENDED | REG_NOSUB) == 0,
                 "the pattern %s", pattern);
    return &patterns[count++].regex;
}

static bool check_pattern(struct check *check, const cJSON *asked, const cJSON *schema,
                          const cJSON *value)
{
    (void)check, (void)schema;
    return !cJSON_IsString(value) ||
           regexec(compiled(asked->valuestring), value->valuestring, 0, NULL, 0) == 0;
}

static bool check_unique(struct check *check, const cJSON *asked, const cJSON *schema,
                         const cJSON *value)
{
    (void)check, (void)schema;
    if (!cJSON_IsArray(value) || !cJSON_IsTrue(asked))
        return true;
    for (const cJSON *left = value->child; left; left = left->next)
        for (const cJSON *right = left->next; right; right = right->next)
            if (is_same(left, right))
                return false;
    return true;
}

static bool check_items(struct check *check, const cJSON *asked, const cJSON *schema,
                        const cJSON *value)
{
    (void)schema;
    const cJSON *item;
    if (!cJSON_IsArray(value))
        return true;
    cJSON_ArrayForEach(item, value)
    {
        if (!holds(check, asked, item))
            return false;
    }
    return true;
}

static bool check_properties(struct check *check, const cJSON *asked, const cJSON *schema,
                             const cJSON *value)
{
    (void)schema;
    const cJSON *item;
    if (!cJSON_IsObject(value))
        return true;
    cJSON_ArrayForEach(item, value)
    {
        const cJSON *wanted = member(asked, item->string);
        if (wanted && !holds(check, wanted, item))
            return false;
    }
    return true;
}

static bool check_additional(struct check *check, const cJSON *asked, const cJSON *schema,
                             const cJSON *value)
{
    const cJSON *known = member(schema, "properties"), *item;
    if (!cJSON_IsObject(value))
        return true;
    cJSON_ArrayForEach(item, value)
    {
        if (!member(known, item->string) && !holds(check, asked, item))
            return false;
    }
    return true;
}

static bool check_names(struct check *check, const cJSON *asked, const cJSON *schema,
                        const cJSON *value)
{
    (void)schema;
    const cJSON *item;
    if (!cJSON_IsObject(value))
        return true;
    cJSON_ArrayForEach(item, value)
    {
        cJSON name = {.type = cJSON_String, .valuestring = item->string};
        if (!holds(check, asked, &name))
            return false;
    }
    return true;
}

static bool check_required(struct check *check, const cJSON *asked, const cJSON *schema,
                           const cJSON *value)
{
    (void)check, (void)schema;
    const cJSON *name;
    if (!cJSON_IsObject(value))
        return true;
    cJSON_ArrayForEach(name, asked)
    {
        if (!member(value, name->valuestring))
            return false;
    }
    return true;
}

static bool check_dependencies(struct check *check, const cJSON *asked, const cJSON *schema,
                               const cJSON *value)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, asked)
    {
        if (!member(value, item->string))
            continue;
        if (cJSON_IsArray(item) ? !check_required(check, item, schema, value)
                                : !holds(check, item, value))
            return false;
    }
    return true;
}

/* How many of the schemas hold; what they break is not the reason. */
static size_t count_holding(struct check *check, const cJSON *schemas, const cJSON *value)
{
    size_t count = 0;
    const cJSON *schema;
    const char *keyword = check->keyword;
    cJSON_ArrayForEach(schema, schemas)
    {
        count += holds(check, schema, value);
    }
    check->keyword = keyword;
    return count;
}

static bool check_some(struct check *check, const cJSON *asked, const cJSON *schema,
                       const cJSON *value)
{
    (void)schema;
    size_t count = count_holding(check, asked, value);
    if (!strcmp(asked->string, "allOf"))
        return count == (size_t)cJSON_GetArraySize(asked);
    return !strcmp(asked->string, "oneOf") ? count == 1 : count > 0;
}

static bool check_not(struct check *check, const cJSON *asked, const cJSON *schema,
                      const cJSON *value)
{
    (void)schema;
    const char *keyword = check->keyword;
    bool is_held = holds(check, asked, value);
    check->keyword = keyword;
    return !is_held;
}

static bool check_if(struct check *check, const cJSON *asked, const cJSON *schema,
                     const cJSON *value)
{
    bool is_held = !check_not(check, asked, schema, value);
    const cJSON *then = member(schema, is_held ? "then" : "else");
    return !then || holds(check, then, value);
}

static bool check_reference(struct check *check, const cJSON *asked, const cJSON *schema,
                            const cJSON *value)
{
    static const char prefix[] = "#/definitions/";
    (void)schema;
    TARGET_CHECK(!strncmp(asked->valuestring, prefix, sizeof prefix - 1), "%s", asked->valuestring);
    const cJSON *target =
        member(member(check->root, "definitions"), asked->valuestring + sizeof prefix - 1);
    TARGET_CHECK(target, "%s", asked->valuestring);
    return holds(check, target, value);
}

/* ---- all keywords ---- */

static const struct {
    const char *name;
    bool (*holds)(struct check *check, const cJSON *asked, const cJSON *schema,
                  const cJSON *value); /* NULL: it asks nothing by itself */
} keywords[] = {
    {"$schema", NULL},
    {"$comment", NULL},
    {"title", NULL},
    {"description", NULL},
    {"default", NULL},
    {"definitions", NULL},
    {"then", NULL},
    {"else", NULL},
    {"type", check_type},
    {"enum", check_enum},
    {"const", check_const},
    {"minimum", check_range},
    {"maximum", check_range},
    {"minLength", check_count},
    {"maxLength", check_count},
    {"minItems", check_count},
    {"maxItems", check_count},
    {"minProperties", check_count},
    {"maxProperties", check_count},
    {"pattern", check_pattern},
    {"uniqueItems", check_unique},
    {"items", check_items},
    {"properties", check_properties},
    {"additionalProperties", check_additional},
    {"propertyNames", check_names},
    {"required", check_required},
    {"dependencies", check_dependencies},
    {"allOf", check_some},
    {"anyOf", check_some},
    {"oneOf", check_some},
    {"not", check_not},
    {"if", check_if},
    {"$ref", check_reference},
};

static bool keyword_holds(struct check *check, const cJSON *asked, const cJSON *schema,
                          const cJSON *value)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (!strcmp(keywords[i].name, asked->string))
            return !keywords[i].holds || keywords[i].holds(check, asked, schema, value);
    TARGET_CHECK(false, "the schema has the keyword `%s`", asked->string);
    return false;
}

static bool holds(struct check *check, const cJSON *schema, const cJSON *value)
{
    if (cJSON_IsBool(schema))
        return cJSON_IsTrue(schema);
    const cJSON *reference = member(schema, "$ref"); /* its neighbours do not count (draft-07) */
    const cJSON *asked;
    if (reference)
        return check_reference(check, reference, schema, value);
    cJSON_ArrayForEach(asked, schema)
    {
        if (keyword_holds(check, asked, schema, value))
            continue;
        if (!check->keyword)
            check->keyword = asked->string;
        return false;
    }
    return true;
}

bool schema_check(const cJSON *schema, const cJSON *value, const char **keyword)
{
    struct check check = {.root = schema};
    bool is_held = holds(&check, schema, value);
    *keyword = check.keyword;
    return is_held;
}
