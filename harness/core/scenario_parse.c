#include "core/scenario_parse.h"

#include "core/memory.h"
#include "core/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- errors ---- */

/* Every instance of `each` has the same faults at the same places: they are told once. */
static void drop_repeated(struct error_list *errors)
{
    const struct error *last = &errors->items[errors->count - 1];
    for (size_t i = 0; i + 1 < errors->count; i++) {
        const struct error *error = &errors->items[i];
        if (error->line == last->line && error->column == last->column &&
            strcmp(error->message, last->message) == 0) {
            errors->count--;
            return;
        }
    }
}

bool parse_fail(struct scenario_parser *parser, struct jsonc_node node, enum parse_part part,
                const char *hint, const char *format, ...)
{
    char message[1000]; /* longer than it can be: error_set cuts between characters */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    bool was_full = parser->errors->count == ERROR_LIST_MAX;
    struct error *error = error_list_add(parser->errors);
    parser->has_failed = true;
    char instance[sizeof error->hint];
    if (!hint && parser->instance) {
        snprintf(instance, sizeof instance, "in the instance `%s`", parser->instance);
        hint = instance;
    }
    error_set(error, hint, "%s", message);
    const struct jsonc_place *place = &parser->document->places[node.index];
    size_t start = part == PARSE_KEY && place->key_end ? place->key_start : place->start;
    size_t end = part == PARSE_KEY && place->key_end ? place->key_end : place->end;
    /* Of what spans lines the opening bracket is underlined. */
    if (start == place->start && (cJSON_IsObject(node.json) || cJSON_IsArray(node.json)))
        end = start + 1;
    if (was_full)
        return false;
    jsonc_place_error(error, parser->text, parser->size_bytes, start, end);
    if (parser->instance)
        drop_repeated(parser->errors);
    return false;
}

static void append_names(struct buffer *out, const struct name_list *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const char *before = i == 0 ? "" : i + 1 == names->count ? " and " : ", ";
        buffer_printf(out, "%s`%s`", before, names->items[i]);
    }
}

bool parse_fail_name(struct scenario_parser *parser, struct jsonc_node node, enum parse_part part,
                     const char *what, const char *name, const struct name_list *allowed)
{
    char near[120];
    const char *hint = NULL;
    int nearest = text_nearest(span_of(name), allowed->items, allowed->count);
    if (nearest >= 0) {
        snprintf(near, sizeof near, "did you mean `%s`?", allowed->items[nearest]);
        hint = near;
    }
    struct buffer message;
    buffer_init(&message, BUFFER_NO_LIMIT);
    buffer_printf(&message, "unknown %s `", what);
    text_append_escaped(&message, name, strlen(name), 40);
    if (allowed->count == 0)
        buffer_append_text(&message, "`; none is defined");
    else
        buffer_append_text(&message, allowed->count == 1 ? "`; allowed is " : "`; allowed are ");
    append_names(&message, allowed);
    parse_fail(parser, node, part, hint, "%s", buffer_text(&message));
    buffer_free(&message);
    return false;
}

void parse_locate(struct scenario_parser *parser, size_t offset, size_t *line, size_t *column)
{
    if (offset < parser->located_offset || parser->located_line == 0) {
        parser->located_offset = 0;
        parser->located_line = parser->located_column = 1;
    }
    for (; parser->located_offset < offset; parser->located_offset++) {
        unsigned char byte = (unsigned char)parser->text[parser->located_offset];
        if (byte == '\n') {
            parser->located_line++;
            parser->located_column = 1;
        } else if ((byte & 0xC0) != 0x80) {
            parser->located_column++;
        }
    }
    *line = parser->located_line;
    *column = parser->located_column;
}

/* ---- templates ---- */

/* The name in the first "${name}" of `text`; data is NULL if there is none. */
static struct span find_template(const char *text)
{
    for (const char *start = strstr(text, "${"); start; start = strstr(start + 1, "${")) {
        size_t size_bytes = strspn(start + 2, "abcdefghijklmnopqrstuvwxyz"
                                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        if (size_bytes > 0 && start[2 + size_bytes] == '}')
            return (struct span){start + 2, size_bytes};
    }
    return (struct span){0};
}

static bool is_listed(struct span name, const struct name_list *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (span_equals(name, names->items[i]))
            return true;
    }
    return false;
}

/* The names that are allowed: those of `each`, in a frame its own templates too. */
static bool fail_template(struct scenario_parser *parser, struct jsonc_node node, const char *name,
                          bool is_frame)
{
    const struct name_list *own = scenario_template_names();
    if (!is_frame && is_listed(span_of(name), own))
        return parse_fail(parser, node, PARSE_VALUE, NULL,
                          "`${%s}` is filled in only in the `frame` of `send`", name);
    if (is_listed(span_of(name), &parser->each_names))
        return parse_fail(parser, node, PARSE_VALUE, NULL,
                          "`${%s}` is filled in only in `title`, `server`, `client` and `steps`",
                          name);
    size_t count = parser->each_names.count + (is_frame ? own->count : 0);
    const char **names = memory_alloc(count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = i < parser->each_names.count ? parser->each_names.items[i]
                                                : own->items[i - parser->each_names.count];
    struct name_list allowed = {names, count};
    parse_fail_name(parser, node, PARSE_VALUE, "template", name, &allowed);
    free(names);
    return false;
}

bool parse_check_templates(struct scenario_parser *parser, struct jsonc_node node, bool is_frame)
{
    bool is_good = true;
    if (cJSON_IsString(node.json)) {
        const char *text = node.json->valuestring;
        for (struct span name = find_template(text); name.data && is_good;
             name = find_template(name.data)) {
            if (is_frame && is_listed(name, scenario_template_names()))
                continue;
            char *copy = memory_copy_text(name.data, name.size_bytes);
            is_good = fail_template(parser, node, copy, is_frame);
            free(copy);
        }
    } else if (node.json->child) {
        for (struct jsonc_node child = jsonc_child(node); child.json;
             child = jsonc_next(parser->document, child))
            is_good &= parse_check_templates(parser, child, is_frame);
    }
    return is_good;
}

bool parse_fail_type(struct scenario_parser *parser, struct jsonc_node node, const char *field,
                     const char *expected)
{
    if (cJSON_IsString(node.json) && !parse_check_templates(parser, node, false))
        return false;
    if (cJSON_IsNumber(node.json) && !isfinite(node.json->valuedouble))
        return false; /* 1e999: told already, when the text was read */
    char found[JSONC_DESCRIPTION_BYTES];
    jsonc_describe(node.json, found);
    return parse_fail(parser, node, PARSE_VALUE, NULL, "`%s` must be %s, found %s", field, expected,
                      found);
}

/* ---- objects ---- */

/* Which fields of an object were given: bit n for field n. */
static bool is_given(const struct scenario_object *object, uint64_t given, struct span name)
{
    for (size_t i = 0; i < object->field_count; i++) {
        if (span_equals(name, object->fields[i].name))
            return (given >> i & 1) != 0;
    }
    return false;
}

/* The top level has no key of its own to be called by. */
static void object_words(const struct scenario_object *object, char words[40])
{
    snprintf(words, 40, object == scenario_object_top() ? "the %s" : "`%s`", object->name);
}

static bool fail_unknown_key(struct scenario_parser *parser, struct jsonc_node member,
                             const struct scenario_object *object, bool is_verb)
{
    const struct scenario_object *common = scenario_object_common();
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; i < object->field_count; i++)
        names[count++] = object->fields[i].name;
    for (size_t i = 0; is_verb && i < common->field_count; i++)
        names[count++] = common->fields[i].name;
    struct name_list allowed = {names, count};
    char words[40], what[80];
    object_words(object, words);
    snprintf(what, sizeof what, "key in %s:", words);
    return parse_fail_name(parser, member, PARSE_KEY, what, member.json->string, &allowed);
}

/* `only_with` names, with blanks between, as an author reads them. */
static void append_words(struct buffer *out, const char *words)
{
    for (const char *word = words; *word;) {
        size_t size_bytes = strcspn(word, " ");
        buffer_printf(out, "%s`%.*s`", word == words ? "" : " or ", (int)size_bytes, word);
        word += size_bytes + strspn(word + size_bytes, " ");
    }
}

static bool check_only_with(struct scenario_parser *parser, struct jsonc_node node,
                            const struct scenario_object *object, uint64_t given)
{
    bool is_good = true;
    for (size_t i = 0; i < object->field_count; i++) {
        const struct scenario_field *field = &object->fields[i];
        if (!field->only_with || !(given >> i & 1))
            continue;
        bool has_one = false;
        for (const char *word = field->only_with; *word && !has_one;) {
            size_t size_bytes = strcspn(word, " ");
            has_one = is_given(object, given, (struct span){word, size_bytes});
            word += size_bytes + strspn(word + size_bytes, " ");
        }
        if (has_one)
            continue;
        struct buffer words;
        buffer_init(&words, BUFFER_NO_LIMIT);
        append_words(&words, field->only_with);
        is_good =
            parse_fail(parser, jsonc_member(parser->document, node, field->name), PARSE_KEY, NULL,
                       "`%s` stands only together with %s", field->name, buffer_text(&words));
        buffer_free(&words);
    }
    return is_good;
}

/* Exactly one of the choices, whose index among the choices is the value of an enum. */
static bool check_choice(struct scenario_parser *parser, struct jsonc_node node,
                         const struct scenario_object *object, uint64_t given, void *base)
{
    if (object->choice_offset == FIELD_UNSTORED)
        return true;
    const char *names[64], *first = NULL, *second = NULL;
    int count = 0;
    for (size_t i = 0; i < object->field_count; i++) {
        if (!object->fields[i].is_choice)
            continue;
        if (given >> i & 1) {
            *(first ? &second : &first) = object->fields[i].name;
            if (!second)
                memcpy((char *)base + object->choice_offset, &count, sizeof count);
        }
        names[count++] = object->fields[i].name;
    }
    if (first && !second)
        return true;
    if (first)
        return parse_fail(parser, jsonc_member(parser->document, node, second), PARSE_KEY,
                          "write two steps", "`%s` takes either `%s` or `%s`, not both",
                          object->name, first, second);
    struct buffer message;
    buffer_init(&message, BUFFER_NO_LIMIT);
    append_names(&message, &(struct name_list){names, (size_t)count});
    parse_fail(parser, node, PARSE_VALUE, NULL, "`%s` needs one of %s", object->name,
               buffer_text(&message));
    buffer_free(&message);
    return false;
}

static bool check_needed(struct scenario_parser *parser, struct jsonc_node node,
                         const struct scenario_object *object, uint64_t given)
{
    bool is_good = true;
    for (size_t i = 0; i < object->field_count; i++) {
        if (!object->fields[i].is_needed || (given >> i & 1))
            continue;
        char words[40];
        object_words(object, words);
        is_good = parse_fail(parser, node, PARSE_VALUE, object->fields[i].help, "%s needs `%s`",
                             words, object->fields[i].name);
    }
    return is_good;
}

bool parse_object(struct scenario_parser *parser, struct jsonc_node node,
                  const struct scenario_object *object, void *base, struct scenario_step *step)
{
    for (size_t i = 0; i < object->field_count; i++)
        parse_default(parser, &object->fields[i], base);
    if (!cJSON_IsObject(node.json))
        return parse_fail_type(parser, node, object->name, "an object");
    bool is_good = true;
    uint64_t given = 0;
    bool takes_more = object->takes_more && jsonc_member(parser->document, node, "frame").json;
    for (struct jsonc_node member = jsonc_child(node); member.json;
         member = jsonc_next(parser->document, member)) {
        const struct scenario_field *field = scenario_field_find(object, member.json->string);
        void *field_base = base;
        if (field) {
            given |= (uint64_t)1 << (field - object->fields);
        } else if (step) {
            field = scenario_field_find(scenario_object_common(), member.json->string);
            field_base = step;
        }
        if (field)
            is_good &= parse_field(parser, member, field, field_base);
        else if (!takes_more)
            is_good = fail_unknown_key(parser, member, object, step != NULL);
    }
    is_good &= check_needed(parser, node, object, given);
    is_good &= check_choice(parser, node, object, given, base);
    is_good &= check_only_with(parser, node, object, given);
    return is_good;
}
