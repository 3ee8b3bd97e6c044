#include "core/matcher.h"

#include "core/timestamp.h"

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
        return value && cJSON_Compare(matcher->literal, value, true);
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

void matcher_describe(const struct matcher *matcher, struct buffer *out)
{
    char *literal;
    switch (matcher->kind) {
    case MATCHER_NONE:
        buffer_append_text(out, "anything");
        break;
    case MATCHER_LITERAL:
        literal = cJSON_PrintUnformatted(matcher->literal);
        buffer_append_text(out, literal);
        cJSON_free(literal);
        break;
    case MATCHER_RANGE:
        if (matcher->has_min && matcher->has_max)
            buffer_printf(out, "%.15g to %.15g", matcher->min, matcher->max);
        else if (matcher->has_min)
            buffer_printf(out, "at least %.15g", matcher->min);
        else
            buffer_printf(out, "at most %.15g", matcher->max);
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
