#include "core/scenario_same.h"

#include "core/number.h"
#include "core/scenario_fields.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- values, read back by the table that wrote them ---- */

static const void *at(const void *base, size_t offset)
{
    return (const char *)base + offset;
}

/* `offset` may be FIELD_UNSTORED: then nothing is there to read. */
static void append_stored(const void *base, size_t offset, size_t size_bytes, struct buffer *out)
{
    if (offset != FIELD_UNSTORED)
        buffer_append(out, at(base, offset), size_bytes);
}

static void append_text(const char *text, struct buffer *out)
{
    if (text)
        text_append_json(out, text, strlen(text));
    else
        buffer_append_text(out, "-");
}

static void append_json(const cJSON *json, struct buffer *out)
{
    char *text = json ? number_print_tree(json) : NULL;
    append_text(text, out);
    free(text);
}

static void append_list(const struct text_list *list, struct buffer *out)
{
    for (size_t i = 0; i < list->count; i++)
        append_text(list->items[i], out);
}

static void append_matcher(const struct matcher *matcher, struct buffer *out)
{
    buffer_printf(out, "%d", (int)matcher->kind);
    append_json(matcher->literal, out);
    if (matcher->has_min)
        buffer_printf(out, ">%.17g", matcher->min);
    if (matcher->has_max)
        buffer_printf(out, "<%.17g", matcher->max);
    append_text(matcher->json_kind, out);
}

static void append_matchers(const struct field_matchers *matchers, struct buffer *out)
{
    for (size_t i = 0; i < matchers->count; i++) {
        append_text(matchers->items[i].name, out);
        append_matcher(&matchers->items[i].matcher, out);
    }
}

static void append_object(const struct scenario_object *object, const void *base,
                          struct buffer *out);

static void append_sends(const struct send_fields *sends, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++)
        append_object(scenario_object_send(), &sends[i], out);
}

static const char *text_at(const void *base, size_t offset)
{
    return *(const char *const *)at(base, offset);
}

static void append_field(const struct scenario_field *field, const void *base, struct buffer *out)
{
    if (field->has_offset)
        append_stored(base, field->has_offset, sizeof(bool), out);
    switch (field->kind) {
    case FIELD_ANY:
    case FIELD_TRUE:
    case FIELD_EACH:
    case FIELD_STEPS:
    case FIELD_RULES:
    case FIELD_JUDGE:
        break;
    case FIELD_BOOL:
    case FIELD_FLAG:
        append_stored(base, field->offset, sizeof(bool), out);
        break;
    case FIELD_INTEGER:
    case FIELD_INTEGER_OR_NAME:
        append_stored(base, field->offset, sizeof(int64_t), out);
        break;
    case FIELD_NAME:
        append_stored(base, field->offset, sizeof(int), out);
        break;
    case FIELD_NAME_OR_INTEGER:
        append_stored(base, field->offset, sizeof(int), out);
        /* With a name the number says nothing. */
        if (*(const int *)at(base, field->offset) == (int)field->names->count)
            append_stored(base, field->second_offset, sizeof(int64_t), out);
        break;
    case FIELD_NAME_OR_OBJECT:
        append_stored(base, field->offset, sizeof(int), out);
        append_json(*(const cJSON *const *)at(base, field->second_offset), out);
        break;
    case FIELD_TEXT:
    case FIELD_TEXT_OR_ANY:
    case FIELD_EVENT_NAME:
    case FIELD_CLIENT_FRAME:
    case FIELD_HEADERS:
        append_text(text_at(base, field->offset), out);
        break;
    case FIELD_TEXT_LIST:
    case FIELD_NOTHING:
        append_list(at(base, field->offset), out);
        break;
    case FIELD_OBJECT:
        append_object(field->object, at(base, field->offset), out);
        break;
    case FIELD_SENDS:
        append_sends(*(const struct send_fields *const *)at(base, field->offset),
                     *(const size_t *)at(base, field->second_offset), out);
        break;
    case FIELD_TEMPLATE:
        append_json(*(const cJSON *const *)at(base, field->offset), out);
        break;
    case FIELD_HEX: /* two fields share the bytes: the choice tells which was meant */
        buffer_append(out, text_at(base, field->offset),
                      *(const size_t *)at(base, field->second_offset));
        break;
    case FIELD_NUMBER_MATCHER:
        append_matcher(at(base, field->offset), out);
        break;
    case FIELD_MATCHERS:
        append_matchers(at(base, field->offset), out);
        break;
    case FIELD_DISPATCHED:
        append_stored(base, field->offset, sizeof(int64_t), out);
        append_matchers(at(base, field->second_offset), out);
        break;
    }
    buffer_append_text(out, ",");
}

static void append_object(const struct scenario_object *object, const void *base,
                          struct buffer *out)
{
    append_stored(base, object->choice_offset, sizeof(int), out);
    for (size_t i = 0; i < object->field_count; i++)
        append_field(&object->fields[i], base, out);
}

/* ---- the whole: a text that is equal for scenarios that do the same ---- */

static void append_scenario(const struct scenario *scenario, struct buffer *out)
{
    static const char *const parts[] = {"dialect", "server", "client"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        append_field(scenario_field_find(scenario_object_top(), parts[i]), scenario, out);
    append_json(scenario->client_options, out);
    for (size_t i = 0; i < scenario->step_count; i++) {
        const struct scenario_step *step = &scenario->steps[i];
        const struct scenario_object *object = scenario_object_of_verb(step->verb);
        buffer_printf(out, "\n%s:", object->name);
        append_object(object, at(step, object->base_offset), out);
    }
}

uint64_t scenario_same_hash(const struct scenario *scenario)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    append_scenario(scenario, &text);
    uint64_t hash = text_hash(text.data, text.size_bytes);
    buffer_free(&text);
    return hash;
}

bool scenario_is_same(const struct scenario *left, const struct scenario *right)
{
    struct buffer texts[2];
    buffer_init(&texts[0], BUFFER_NO_LIMIT);
    buffer_init(&texts[1], BUFFER_NO_LIMIT);
    append_scenario(left, &texts[0]);
    append_scenario(right, &texts[1]);
    bool is_same = texts[0].size_bytes == texts[1].size_bytes &&
                   memcmp(texts[0].data, texts[1].data, texts[0].size_bytes) == 0;
    buffer_free(&texts[0]);
    buffer_free(&texts[1]);
    return is_same;
}
