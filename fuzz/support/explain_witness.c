#include "explain_witness.h"

#include "core/number.h"
#include "core/scenario_fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_BYTES_MAX 120 /* of a text; longer ones are cut */

struct witness {
    const struct scenario *scenario;
    const char *line;  /* the next one */
    size_t told_count; /* steps, repeats unrolled */
    bool is_open;
    size_t connection_count;
    struct buffer *fault;
};

/* Always false, so that a caller can return it. */
static bool __attribute__((format(printf, 2, 3)))
fail(struct witness *witness, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_printf(witness->fault, "step %zu: %s", witness->told_count + 1, text);
    return false;
}

static const cJSON *find(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* ---- what an author wrote must be in the sentence ---- */

static bool has_text(const char *sentence, const char *text)
{
    struct buffer shown;
    buffer_init(&shown, BUFFER_NO_LIMIT);
    buffer_append_text(&shown, "`");
    text_append_escaped(&shown, text, strlen(text), SHOWN_BYTES_MAX);
    buffer_append_text(&shown, "`");
    bool is_there = strstr(sentence, buffer_text(&shown)) != NULL;
    buffer_free(&shown);
    return is_there;
}

/* Whether the number stands there with no digit before or behind it. */
static bool has_token(const char *sentence, const char *token)
{
    size_t size_bytes = strlen(token);
    for (const char *at = sentence; (at = strstr(at, token)); at++) {
        bool is_begun = at > sentence && strchr("0123456789.-", at[-1]);
        const char *end = at + size_bytes;
        bool goes_on =
            (*end >= '0' && *end <= '9') || (*end == '.' && end[1] >= '0' && end[1] <= '9');
        if (!is_begun && !goes_on)
            return true;
    }
    return false;
}

static bool has_number(const char *sentence, const char *name, const cJSON *json)
{
    size_t name_bytes = strlen(name);
    bool is_time = name_bytes >= 2 && strcmp(name + name_bytes - 2, "ms") == 0;
    char seconds[64];
    snprintf(seconds, sizeof seconds, "%.10g s", json->valuedouble / 1000);
    char *text = number_print_tree(json);
    bool is_there = has_token(sentence, text) ||
                    (json->valuedouble == 1 && strstr(sentence, " one ")) ||
                    (is_time && json->valuedouble >= 1000 && strstr(sentence, seconds));
    free(text);
    return is_there;
}

/* Fields that say nothing in the place where they stand. */
static bool is_silent(const struct scenario_field *field, const cJSON *fields)
{
    const char *how = cJSON_GetStringValue(find(fields, "how"));
    if (strcmp(field->name, "status") == 0)
        return how && strcmp(how, "http") != 0;
    if (strcmp(field->name, "for_ms") == 0 && !find(fields, "nothing"))
        return !how || strcmp(how, "closed") != 0;
    const cJSON *value = find(fields, field->name);
    /* "before its first frame" */
    return strcmp(field->name, "cut_replay_after") == 0 && value->valuedouble == 0;
}

static bool is_default(const struct scenario_field *field, const cJSON *value)
{
    if (cJSON_IsNumber(value))
        return value->valuedouble == (field->fallback ? strtod(field->fallback, NULL) : 0) &&
               !field->is_choice && !field->is_needed;
    return cJSON_IsString(value) && field->fallback &&
           strcmp(value->valuestring, field->fallback) == 0;
}

static bool tells_field(struct witness *witness, const char *sentence,
                        const struct scenario_field *field, const cJSON *value);

/* The number, or the ends of the range. */
static bool tells_matcher(const char *sentence, const char *name, const cJSON *matcher)
{
    if (cJSON_IsNumber(matcher))
        return has_number(sentence, "", matcher);
    bool is_told = true;
    for (const cJSON *end = cJSON_IsObject(matcher) ? matcher->child : NULL; end; end = end->next)
        is_told = is_told && (!cJSON_IsNumber(end) || has_number(sentence, "", end));
    return is_told && (!name || has_text(sentence, name));
}

/* Every field of the object that the table knows, and those of a frame that are matched. */
static bool tells_fields(struct witness *witness, const char *sentence,
                         const struct scenario_object *object, const cJSON *fields)
{
    bool is_frame = object->takes_more && find(fields, "frame");
    for (const cJSON *value = fields->child; value; value = value->next) {
        const struct scenario_field *field = scenario_field_find(object, value->string);
        bool is_matched =
            is_frame && !field && !scenario_field_find(scenario_object_common(), value->string);
        bool is_told = !is_matched || tells_matcher(sentence, value->string, value);
        if (field && !is_default(field, value) && !is_silent(field, fields))
            is_told = tells_field(witness, sentence, field, value);
        if (!is_told)
            return fail(witness, "`%s` is not told in: %s", value->string, sentence);
    }
    return true;
}

static bool tells_members(const char *sentence, const cJSON *matchers)
{
    for (const cJSON *matcher = matchers->child; matcher; matcher = matcher->next)
        if (!tells_matcher(sentence, matcher->string, matcher))
            return false;
    return true;
}

static bool tells_texts(const char *sentence, const cJSON *list)
{
    for (const cJSON *item = list->child; item; item = item->next)
        if (!has_text(sentence, item->valuestring))
            return false;
    return true;
}

static bool tells_sends(struct witness *witness, const char *sentence, const cJSON *sends)
{
    for (const cJSON *send = sends->child; send; send = send->next)
        if (!tells_fields(witness, sentence, scenario_object_send(), send))
            return false;
    return true;
}

static bool tells_field(struct witness *witness, const char *sentence,
                        const struct scenario_field *field, const cJSON *value)
{
    switch (field->kind) {
    case FIELD_INTEGER:
    case FIELD_INTEGER_OR_NAME:
    case FIELD_NAME_OR_INTEGER:
        return !cJSON_IsNumber(value) || has_number(sentence, field->name, value);
    case FIELD_TEXT_OR_ANY:
        return strcmp(value->valuestring, field->names->items[0]) == 0 ||
               has_text(sentence, value->valuestring);
    case FIELD_TEXT:
    case FIELD_EVENT_NAME:
    case FIELD_CLIENT_FRAME:
        return has_text(sentence, value->valuestring);
    case FIELD_TEXT_LIST:
        return tells_texts(sentence, value);
    case FIELD_NUMBER_MATCHER:
        return tells_matcher(sentence, NULL, value);
    case FIELD_MATCHERS:
        return tells_members(sentence, value);
    case FIELD_DISPATCHED:
        return cJSON_IsNumber(value) ? has_number(sentence, field->name, value)
                                     : tells_members(sentence, value);
    case FIELD_SENDS:
        return tells_sends(witness, sentence, value);
    case FIELD_ANY: /* what follows is told in words, or too long to be told */
    case FIELD_BOOL:
    case FIELD_TRUE:
    case FIELD_NAME:
    case FIELD_FLAG:
    case FIELD_NAME_OR_OBJECT:
    case FIELD_RULES:
    case FIELD_JUDGE:
    case FIELD_EACH:
    case FIELD_OBJECT:
    case FIELD_STEPS:
    case FIELD_HEADERS:
    case FIELD_TEMPLATE:
    case FIELD_HEX:
    case FIELD_NOTHING:
        return true;
    }
    return true;
}

/* ---- where a step stands ---- */

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_in_place(const struct witness *witness, enum verb verb, const char *sentence)
{
    bool is_first = witness->connection_count == 0;
    const char *connects = is_first ? "The client connects" : "The client connects again";
    bool says_again = begins_with(sentence, "The client connects again");
    if (verb == VERB_ACCEPT)
        return begins_with(sentence, connects) && says_again == !is_first;
    if (verb == VERB_SETTLE && !witness->is_open)
        return begins_with(sentence, connects) && says_again == !is_first;
    if (verb == VERB_SETTLE)
        return begins_with(sentence, "Everything sent so far");
    if (verb == VERB_PUBLISH)
        return begins_with(sentence, "While no connection is open, ") == !witness->is_open;
    return true;
}

static void pass_step(struct witness *witness)
{
    const struct scenario_step *step = &witness->scenario->steps[witness->told_count++];
    bool opens = step->verb == VERB_ACCEPT || (step->verb == VERB_SETTLE && !witness->is_open);
    bool ends = step->verb == VERB_DROP || step->verb == VERB_CLOSE || step->verb == VERB_RESTART ||
                (step->verb == VERB_CLIENT && (step->client.action == CLIENT_DO_RECONNECT ||
                                               step->client.action == CLIENT_DO_STOP));
    witness->connection_count += opens;
    witness->is_open = (witness->is_open || opens) && !ends;
}

/* ---- the lines ---- */

/* The next line, owned by the caller; NULL behind the last of its part. */
static char *take_line(struct witness *witness)
{
    size_t size_bytes = strcspn(witness->line, "\n");
    if (size_bytes == 0)
        return NULL;
    char *line = strndup(witness->line, size_bytes);
    witness->line += size_bytes + (witness->line[size_bytes] == '\n');
    return line;
}

static bool read_steps(struct witness *witness, const cJSON *steps, int indent);

/* "3 times over (steps 4 to 12):", and the body once. */
static bool read_repeat(struct witness *witness, const char *line, const cJSON *fields, int indent)
{
    size_t times = (size_t)find(fields, "times")->valuedouble, before = witness->told_count;
    size_t first, last;
    char expected[128];
    if (sscanf(line, "%*u times over (steps %zu to %zu):", &first, &last) != 2)
        return fail(witness, "no repeat is told in: %s", line);
    snprintf(expected, sizeof expected, "%*s%zu times over (steps %zu to %zu):", indent, "", times,
             before + 1, last);
    if (strcmp(line, expected) != 0)
        return fail(witness, "`%s` and not `%s`", line, expected);
    if (!read_steps(witness, find(fields, "steps"), indent + 2))
        return false;
    size_t after = before + (witness->told_count - before) * times;
    if (last != after || after > witness->scenario->step_count)
        return fail(witness, "a repeat ends with step %zu, not %zu", after, last);
    while (witness->told_count < after)
        pass_step(witness);
    return true;
}

static bool read_step(struct witness *witness, const char *line, const cJSON *fields, int indent)
{
    char number[48];
    int number_bytes =
        snprintf(number, sizeof number, "%*s%2zu. ", indent, "", witness->told_count + 1);
    if (!begins_with(line, number))
        return fail(witness, "it is told under another number: %s", line);
    if (witness->told_count == witness->scenario->step_count)
        return fail(witness, "it was not loaded");
    enum verb verb = witness->scenario->steps[witness->told_count].verb;
    if (strcmp(verb_name(verb), fields->string) != 0)
        return fail(witness, "`%s` was loaded as `%s`", fields->string, verb_name(verb));
    const char *sentence = line + number_bytes;
    if (!is_in_place(witness, verb, sentence))
        return fail(witness, "with %zu connections before it and %s open: %s",
                    witness->connection_count, witness->is_open ? "one" : "none", sentence);
    if (!tells_fields(witness, sentence, scenario_object_of_verb(verb), fields))
        return false;
    pass_step(witness);
    return true;
}

static bool read_steps(struct witness *witness, const cJSON *steps, int indent)
{
    bool is_good = true;
    for (const cJSON *step = steps->child; step && is_good; step = step->next) {
        char *line = take_line(witness);
        if (!line)
            return fail(witness, "it is not told");
        bool is_repeat = strcmp(step->child->string, verb_name(VERB_REPEAT)) == 0;
        is_good = is_repeat ? read_repeat(witness, line, step->child, indent)
                            : read_step(witness, line, step->child, indent);
        free(line);
    }
    return is_good;
}

bool explain_witness_agrees(const struct scenario *scenario, const char *words,
                            struct buffer *fault)
{
    static const char heading[] = "\nWhat happens:\n";
    struct witness witness = {.scenario = scenario, .fault = fault};
    witness.line = strstr(words, heading);
    if (!witness.line)
        return fail(&witness, "it does not say what happens");
    witness.line += sizeof heading - 1;
    if (!read_steps(&witness, find(scenario->document, "steps"), 0))
        return false;
    if (*witness.line && *witness.line != '\n')
        return fail(&witness, "more is told than happens: %s", witness.line);
    return witness.told_count == scenario->step_count ||
           fail(&witness, "%zu steps were loaded", scenario->step_count);
}
