#include "core/matcher.h"

#include "core/number.h"
#include "core/timestamp.h"

#include <stdlib.h>
#include <string.h>

static bool is_of_kind(const cJSON *value, const char *kind)
{
    static const struct {
        const char *name;
        cJSON_bool (*is)(const cJSON *);
    } kinds[] = {
        {"number", cJSON_IsNumber}, {"string", cJSON_IsString}, {"boolean", cJSON_IsBool},
        {"object", cJSON_IsObject}, {"array", cJSON_IsArray},   {"null", cJSON_IsNull},
    };
    for (size_t index = 0; index < sizeof(kinds) / sizeof(kinds[0]); index++)
        if (!strcmp(kinds[index].name, kind))
            return kinds[index].is(value);
    return false;
}

bool matcher_matches(const struct matcher *matcher, const cJSON *value)
{
    int64_t unix_ms;
    switch (matcher->kind) {
    case MATCHER_NONE:
        return true;
    case MATCHER_LITERAL:
        return value && number_trees_equal(matcher->literal, value);
    case MATCHER_RANGE:
        return cJSON_IsNumber(value) &&
               (!matcher->has_min || value->valuedouble >= matcher->min) &&
               (!matcher->has_max || value->valuedouble <= matcher->max);
    case MATCHER_ISO8601:
        return cJSON_IsString(value) && timestamp_parse(span_of(value->valuestring), &unix_ms);
    case MATCHER_KIND:
        return value && is_of_kind(value, matcher->json_kind);
    case MATCHER_ABSENT:
        return !value;
    }
    return false;
}

bool matcher_matches_number(const struct matcher *matcher, double value)
{
    cJSON number = {.type = cJSON_Number, .valuedouble = value};
    return matcher_matches(matcher, &number);
}

static void append_literal(const cJSON *literal, struct buffer *out)
{
    char *text = number_print_tree(literal);
    buffer_append_text(out, text);
    free(text);
}

static void append_number(double number, struct buffer *out)
{
    cJSON literal = {.type = cJSON_Number, .valuedouble = number};
    append_literal(&literal, out);
}

static void describe_range(const struct matcher *matcher, struct buffer *out)
{
    bool has_both = matcher->has_min && matcher->has_max;
    if (!has_both)
        buffer_append_text(out, matcher->has_min ? "at least " : "at most ");
    if (matcher->has_min)
        append_number(matcher->min, out);
    if (has_both)
        buffer_append_text(out, " to ");
    if (matcher->has_max)
        append_number(matcher->max, out);
}

void matcher_describe(const struct matcher *matcher, struct buffer *out)
{
    switch (matcher->kind) {
    case MATCHER_NONE:
        buffer_append_text(out, "anything");
        break;
    case MATCHER_LITERAL:
        append_literal(matcher->literal, out);
        break;
    case MATCHER_RANGE:
        describe_range(matcher, out);
        break;
    case MATCHER_ISO8601:
        buffer_append_text(out, "an ISO 8601 date");
        break;
    case MATCHER_KIND:
        buffer_printf(out, "a value of kind %s", matcher->json_kind);
        break;
    case MATCHER_ABSENT:
        buffer_append_text(out, "absent");
        break;
    }
}
