/* The frame parser against cJSON: the same verdict and the same fields, apart from the named
 * differences (support/frame_oracle.h); what only cJSON lets pass, it never does; printing and
 * parsing again gives the same frame; what is cut short is refused; nothing is read
 * beyond the end. */
#include "support/frame_oracle.h"
#include "support/target.h"

#include "core/frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PREFIXES_MAX 8 /* of one frame: others are cut elsewhere */

static bool is_of_kind(enum frame_value_kind kind, const cJSON *node)
{
    switch (kind) {
    case FRAME_VALUE_ABSENT:
        return !node;
    case FRAME_VALUE_NULL:
        return cJSON_IsNull(node);
    case FRAME_VALUE_BOOL:
        return cJSON_IsBool(node);
    case FRAME_VALUE_NUMBER:
        return cJSON_IsNumber(node);
    case FRAME_VALUE_STRING:
        return cJSON_IsString(node);
    case FRAME_VALUE_OBJECT:
        return cJSON_IsObject(node);
    case FRAME_VALUE_ARRAY:
        return cJSON_IsArray(node);
    }
    return false;
}

static void check_string(const struct frame_value *value, const char *text)
{
    struct buffer decoded;
    buffer_init(&decoded, BUFFER_NO_LIMIT);
    frame_append_string(value, &decoded);
    TARGET_CHECK(strcmp(buffer_text(&decoded), text) == 0, "`%s` instead of `%s`",
                 buffer_text(&decoded), text);
    TARGET_CHECK(frame_string_equals(value, text), "`%s`", text);
    buffer_append_text(&decoded, "x");
    TARGET_CHECK(!frame_string_equals(value, buffer_text(&decoded)), "`%s`", text);
    buffer_free(&decoded);
}

/* An object or array: its raw text must be the very value, no more and no less. */
static void check_raw(const struct frame_value *value, const cJSON *node)
{
    cJSON *again = frame_oracle_parse(value->text.data, value->text.size_bytes);
    TARGET_CHECK(again, "`%.*s`", (int)value->text.size_bytes, value->text.data);
    char *left = cJSON_PrintUnformatted(again), *right = cJSON_PrintUnformatted(node);
    TARGET_CHECK(left && right && strcmp(left, right) == 0, "`%s` instead of `%s`", left, right);
    cJSON_free(left);
    cJSON_free(right);
    cJSON_Delete(again);
}

static void check_fields(const struct frame *frame, const cJSON *object)
{
    for (int i = 0; i < FRAME_FIELD_COUNT; i++) {
        const struct frame_value *value = &frame->fields[i];
        const char *name = frame_field_name((enum frame_field)i);
        const cJSON *node = frame_oracle_field(object, name);
        TARGET_CHECK(is_of_kind(value->kind, node), "`%s` is of kind %d", name, (int)value->kind);
        if (value->kind == FRAME_VALUE_BOOL)
            TARGET_CHECK(value->boolean == (bool)cJSON_IsTrue(node), "`%s`", name);
        else if (value->kind == FRAME_VALUE_NUMBER)
            TARGET_CHECK(value->number == node->valuedouble, "`%s` is %.17g instead of %.17g", name,
                         value->number, node->valuedouble);
        else if (value->kind == FRAME_VALUE_STRING)
            check_string(value, node->valuestring);
        else if (value->kind == FRAME_VALUE_OBJECT || value->kind == FRAME_VALUE_ARRAY)
            check_raw(value, node);
    }
    const cJSON *sequence = frame_oracle_field(object, "agent_seq");
    bool has_sequence = cJSON_IsNumber(sequence) && isfinite(sequence->valuedouble);
    TARGET_CHECK(frame_has_sequence(frame) == has_sequence, "agent_seq");
}

/* Printing turns what is not finite into null. */
static bool has_infinity(const cJSON *node)
{
    if (cJSON_IsNumber(node) && !isfinite(node->valuedouble))
        return true;
    for (const cJSON *child = node->child; child; child = child->next)
        if (has_infinity(child))
            return true;
    return false;
}

/* Every field is there again; a number within what cJSON takes for equal. */
static void check_same_fields(const cJSON *object, const cJSON *again)
{
    for (int i = 0; i < FRAME_FIELD_COUNT; i++) {
        const char *name = frame_field_name((enum frame_field)i);
        const cJSON *left = frame_oracle_field(object, name);
        const cJSON *right = frame_oracle_field(again, name);
        TARGET_CHECK(!left == !right && (!left || (left->type & 0xff) == (right->type & 0xff)),
                     "`%s` is another", name);
        if (cJSON_IsString(left))
            TARGET_CHECK(strcmp(left->valuestring, right->valuestring) == 0, "`%s`", name);
        else if (cJSON_IsNumber(left))
            TARGET_CHECK(fabs(left->valuedouble - right->valuedouble) <=
                             fabs(left->valuedouble) * 1e-14,
                         "`%s` is %.17g", name, right->valuedouble);
    }
}

static void check_print(const cJSON *object)
{
    if (has_infinity(object))
        return;
    for (int formatted = 0; formatted < 2; formatted++) {
        char *text = formatted ? cJSON_Print(object) : cJSON_PrintUnformatted(object);
        struct frame frame;
        TARGET_CHECK(text && frame_scan(text, strlen(text), &frame), "`%s`: %s", text, frame.fault);
        cJSON *again = frame_oracle_parse(text, strlen(text)); /* it prints some numbers short */
        check_fields(&frame, again);
        check_same_fields(object, again);
        cJSON_Delete(again);
        cJSON_free(text);
    }
}

static void check_prefix(const char *text, size_t size_bytes)
{
    struct frame frame;
    char *copy = target_copy(text, size_bytes);
    TARGET_CHECK(!frame_scan(copy, size_bytes, &frame), "the first %zu bytes", size_bytes);
    TARGET_CHECK(frame.status == FRAME_STATUS_NOT_JSON && frame.offset == size_bytes,
                 "of %zu bytes, %zu were found good", size_bytes, frame.offset);
    free(copy);
}

/* Blanks behind the frame are no part of it. */
static void check_prefixes(const char *text, size_t size_bytes)
{
    while (size_bytes && strchr(" \t\r\n", text[size_bytes - 1]))
        size_bytes--;
    size_t step = size_bytes / PREFIXES_MAX + 1;
    for (size_t size = size_bytes % step; size < size_bytes; size += step)
        check_prefix(text, size);
    check_prefix(text, size_bytes - 1);
}

static void check_refusal(const struct frame *frame, size_t size_bytes)
{
    TARGET_CHECK(frame->fault, "a refusal without a reason");
    TARGET_CHECK(frame->offset <= size_bytes, "%zu of %zu", frame->offset, size_bytes);
    for (int i = 0; i < FRAME_FIELD_COUNT && frame->status == FRAME_STATUS_NOT_JSON; i++)
        TARGET_CHECK(frame->fields[i].kind == FRAME_VALUE_ABSENT, "field %d", i);
}

static enum frame_status status_of(const cJSON *node)
{
    if (!node)
        return FRAME_STATUS_NOT_JSON;
    if (!cJSON_IsObject(node))
        return FRAME_STATUS_NOT_OBJECT;
    return cJSON_IsString(frame_oracle_field(node, "type")) ? FRAME_STATUS_OK
                                                            : FRAME_STATUS_NO_TYPE;
}

/* Whether one of the text's differences has cJSON (or the parser) accept what the other refuses. */
static bool is_excused(unsigned found, enum frame_difference_side side)
{
    for (int i = 0; i < FRAME_DIFFERENCE_COUNT; i++)
        if (frame_differences_have(found, (enum frame_difference)i) &&
            frame_difference_side((enum frame_difference)i) == side)
            return true;
    return false;
}

/* Of what cJSON lets pass and the parser must not, the text may have nothing. */
static void check_strictness(unsigned found)
{
    for (int i = 0; i < FRAME_DIFFERENCE_COUNT; i++)
        TARGET_CHECK(!frame_differences_have(found, (enum frame_difference)i) ||
                         frame_difference_side((enum frame_difference)i) !=
                             FRAME_DIFFERENCE_SIDE_CJSON,
                     "it was read, though %s",
                     frame_difference_sentence((enum frame_difference)i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    char *text = target_copy(data, size_bytes);
    struct frame frame;
    frame_scan(text, size_bytes, &frame);
    cJSON *node = frame_oracle_parse(text, size_bytes);
    unsigned found = frame_differences_of(text, size_bytes);
    bool is_json = frame.status != FRAME_STATUS_NOT_JSON;
    if (is_json && !node)
        TARGET_CHECK(is_excused(found, FRAME_DIFFERENCE_SIDE_FRAME), "only cJSON refuses it");
    else if (!is_json && node)
        TARGET_CHECK(is_excused(found, FRAME_DIFFERENCE_SIDE_CJSON),
                     "only the parser refuses it: "
                     "%s at %zu",
                     frame.fault, frame.offset);
    if (is_json)
        check_strictness(found);
    bool is_comparable = !frame_differences_have(found, FRAME_DIFFERENCE_NUL_ESCAPE);
    if (is_json && node && is_comparable) {
        TARGET_CHECK(frame.status == status_of(node), "%d", (int)frame.status);
        if (cJSON_IsObject(node))
            check_fields(&frame, node);
        if (frame.status == FRAME_STATUS_OK)
            check_print(node);
    }
    if (frame.status == FRAME_STATUS_OK)
        check_prefixes(text, size_bytes);
    else
        check_refusal(&frame, size_bytes);
    cJSON_Delete(node);
    free(text);
    return 0;
}
