#include "core/jsonc.h"

#include "core/jsonc_scan.h"
#include "core/memory.h"
#include "core/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void jsonc_place_error(struct error *error, const char *text, size_t size_bytes, size_t start,
                       size_t end)
{
    error_locate(text, size_bytes, start, &error->line, &error->column);
    error->width = 1;
    size_t characters = 0;
    for (size_t i = start; i < end && i < size_bytes && text[i] != '\n'; i++)
        characters += ((unsigned char)text[i] & 0xC0) != 0x80;
    if (characters > 1)
        error->width = characters;
}

static bool fail_at(struct error_list *errors, const char *text, size_t size_bytes, size_t offset,
                    const char *hint, const char *message)
{
    struct error *error = error_list_add(errors);
    error_set(error, hint, "%s", message);
    jsonc_place_error(error, text, size_bytes, offset, offset);
    return false;
}

/* The first byte that is not part of a well-formed character, or size_bytes. */
static size_t utf8_fault(const char *text, size_t size_bytes)
{
    size_t at = 0;
    while (at < size_bytes) {
        unsigned char byte = (unsigned char)text[at];
        size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        if (length > size_bytes - at || (length > 1 && !text_is_utf8(text + at, length)))
            return at;
        at += length;
    }
    return at;
}

static bool check_bytes(const char *text, size_t size_bytes, const struct jsonc_limits *limits,
                        struct error_list *errors)
{
    if (size_bytes > limits->size_bytes_max) {
        error_set(error_list_add(errors), NULL, "the file has %zu bytes; at most %zu are allowed",
                  size_bytes, limits->size_bytes_max);
        return false;
    }
    if (size_bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        return fail_at(errors, text, size_bytes, 0, "save the file as UTF-8 without a BOM",
                       "the file starts with a byte order mark");
    size_t fault = utf8_fault(text, size_bytes);
    if (fault < size_bytes) {
        char message[80];
        snprintf(message, sizeof message, "the byte 0x%02X is not UTF-8",
                 (unsigned char)text[fault]);
        return fail_at(errors, text, size_bytes, fault, "save the file as UTF-8", message);
    }
    if (strspn(text, " \t\r\n") == size_bytes)
        return fail_at(errors, text, size_bytes, 0, NULL, "the file is empty");
    return true;
}

/* ---- equal keys ---- */

struct key {
    const char *name;
    size_t index; /* of its place */
};

static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

static bool fail_equal_keys(const struct jsonc_document *document, const char *text,
                            size_t size_bytes, const struct key *first, const struct key *again,
                            struct error_list *errors)
{
    size_t line, column;
    error_locate(text, size_bytes, document->places[first->index].key_start, &line, &column);
    struct buffer name;
    buffer_init(&name, BUFFER_NO_LIMIT);
    text_append_escaped(&name, again->name, strlen(again->name), 40);
    struct error *error = error_list_add(errors);
    error_set(error, NULL, "the key `%s` is given twice; first in line %zu, column %zu",
              buffer_text(&name), line, column);
    const struct jsonc_place *place = &document->places[again->index];
    jsonc_place_error(error, text, size_bytes, place->key_start, place->key_end);
    buffer_free(&name);
    return false;
}

/* Whether no object below `node` has a key twice. Sorts, since an object may have very many.
 * Recursion is bounded by limits->depth_max. */
static bool check_keys(const struct jsonc_document *document, struct jsonc_node node,
                       const char *text, size_t size_bytes, struct error_list *errors)
{
    struct key *keys = NULL;
    size_t count = 0, capacity_count = 0;
    bool is_good = true;
    for (struct jsonc_node child = jsonc_child(node); child.json;
         child = jsonc_next(document, child)) {
        if (cJSON_IsObject(node.json)) {
            keys = memory_grow(keys, &capacity_count, count + 1, sizeof *keys);
            keys[count++] = (struct key){child.json->string, child.index};
        }
        if (child.json->child && !check_keys(document, child, text, size_bytes, errors))
            is_good = false;
    }
    if (count > 1)
        qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(keys[i - 1].name, keys[i].name) == 0)
            is_good = fail_equal_keys(document, text, size_bytes, &keys[i - 1], &keys[i], errors);
    }
    free(keys);
    return is_good;
}

/* ---- parsing ---- */

static bool parse_tree(const char *text, char *blanked, size_t size_bytes,
                       const struct jsonc_limits *limits, struct jsonc_document *document,
                       bool *has_bad_numbers, struct error_list *errors)
{
    if (!jsonc_blank_comments(blanked, size_bytes, errors) ||
        !jsonc_scan(text, blanked, size_bytes, limits, document, has_bad_numbers, errors))
        return false;
    const char *end = blanked;
    /* The closing NUL is part of the length: cJSON then demands that nothing stands before it. */
    document->root = cJSON_ParseWithLengthOpts(blanked, size_bytes + 1, &end, 1);
    if (!document->root)
        return fail_at(errors, text, size_bytes, (size_t)(end - blanked), NULL,
                       "cJSON cannot read this");
    return true;
}

bool jsonc_parse_partly(const char *text, size_t size_bytes, const struct jsonc_limits *limits,
                        struct jsonc_document *document, bool *has_document,
                        struct error_list *errors)
{
    assert(limits->size_bytes_max <= (size_t)1 << 30 && limits->depth_max <= 1000);
    *document = (struct jsonc_document){0};
    *has_document = false;
    if (size_bytes <= limits->size_bytes_max) {
        char *copy = memory_copy_text(text, size_bytes);
        bool has_bad_numbers = false;
        *has_document =
            check_bytes(copy, size_bytes, limits, errors) &&
            parse_tree(text, copy, size_bytes, limits, document, &has_bad_numbers, errors);
        free(copy);
        if (*has_document)
            return check_keys(document, jsonc_root(document), text, size_bytes, errors) &&
                   !has_bad_numbers;
    } else {
        check_bytes(text, size_bytes, limits, errors);
    }
    jsonc_free(document);
    return false;
}

bool jsonc_parse(const char *text, size_t size_bytes, const struct jsonc_limits *limits,
                 struct jsonc_document *document, struct error_list *errors)
{
    bool has_document;
    bool is_good = jsonc_parse_partly(text, size_bytes, limits, document, &has_document, errors);
    if (!is_good && has_document)
        jsonc_free(document);
    return is_good;
}

void jsonc_free(struct jsonc_document *document)
{
    cJSON_Delete(document->root);
    free(document->places);
    *document = (struct jsonc_document){0};
}

/* ---- walking ---- */

struct jsonc_node jsonc_root(const struct jsonc_document *document)
{
    return (struct jsonc_node){document->root, 0};
}

struct jsonc_node jsonc_child(struct jsonc_node parent)
{
    return (struct jsonc_node){parent.json->child, parent.index + 1};
}

struct jsonc_node jsonc_next(const struct jsonc_document *document, struct jsonc_node node)
{
    size_t index = node.index + document->places[node.index].node_count;
    return (struct jsonc_node){node.json->next, index};
}

struct jsonc_node jsonc_member(const struct jsonc_document *document, struct jsonc_node object,
                               const char *name)
{
    struct jsonc_node member = {NULL, 0};
    if (cJSON_IsObject(object.json)) {
        member = jsonc_child(object);
        while (member.json && strcmp(member.json->string, name) != 0)
            member = jsonc_next(document, member);
    }
    return member;
}

void jsonc_describe(const cJSON *json, char description[JSONC_DESCRIPTION_BYTES])
{
    const char *what = "nothing";
    if (cJSON_IsNumber(json)) {
        snprintf(description, JSONC_DESCRIPTION_BYTES, "%.15g", json->valuedouble);
        return;
    }
    if (cJSON_IsString(json)) {
        struct buffer text;
        buffer_init(&text, BUFFER_NO_LIMIT);
        text_append_escaped(&text, json->valuestring, strlen(json->valuestring), 40);
        snprintf(description, JSONC_DESCRIPTION_BYTES, "the text \"%s\"", buffer_text(&text));
        buffer_free(&text);
        return;
    }
    if (cJSON_IsObject(json))
        what = "an object";
    else if (cJSON_IsArray(json))
        what = "an array";
    else if (cJSON_IsBool(json))
        what = cJSON_IsTrue(json) ? "true" : "false";
    else if (cJSON_IsNull(json))
        what = "null";
    snprintf(description, JSONC_DESCRIPTION_BYTES, "%s", what);
}
