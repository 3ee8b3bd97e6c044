#include "core/explain.h"

#include "core/number.h"
#include "core/scenario_fields.h"

#include <stdlib.h>
#include <string.h>

/* ---- settings: what the file says, in the words of the table ---- */

/* "`ring` is 20: how many of the newest events the server keeps for replay (S-1)." */
static void append_setting(const char *owner, const struct scenario_field *field,
                           const cJSON *value, struct buffer *out)
{
    char *text = number_print_tree(value);
    buffer_printf(out, "  %s: `%s` is ", owner, field->name);
    text_append_escaped(out, text, strlen(text), 200);
    buffer_printf(out, ". %s\n", field->help);
    free(text);
}

static void append_settings(const char *owner, const struct scenario_object *object,
                            const cJSON *values, struct buffer *out)
{
    for (const cJSON *value = values ? values->child : NULL; value; value = value->next) {
        const struct scenario_field *field = scenario_field_find(object, value->string);
        if (field && field->kind == FIELD_OBJECT)
            append_settings(owner, field->object, value, out);
        else if (field)
            append_setting(owner, field, value, out);
    }
}

static void append_part(const char *owner, const char *part, const struct scenario *scenario,
                        struct buffer *out)
{
    const struct scenario_field *field = scenario_field_find(scenario_object_top(), part);
    append_settings(owner, field->object,
                    cJSON_GetObjectItemCaseSensitive(scenario->document, part), out);
}

/* ---- steps ---- */

struct telling {
    const struct scenario *scenario;
    struct buffer *out;
    size_t index; /* of the next step */
    struct explain_place place;
};

static void follow(struct telling *telling, const struct scenario_step *step)
{
    switch (step->verb) {
    case VERB_ACCEPT:
        telling->place.connection_count++;
        telling->place.is_open = true;
        break;
    case VERB_SETTLE:
        telling->place.connection_count += !telling->place.is_open;
        telling->place.is_open = true;
        break;
    case VERB_DROP:
    case VERB_CLOSE:
    case VERB_RESTART:
        telling->place.is_open = false;
        break;
    case VERB_CLIENT:
        if (step->client.action == CLIENT_DO_RECONNECT || step->client.action == CLIENT_DO_STOP)
            telling->place.is_open = false;
        break;
    case VERB_REFUSE:
    case VERB_PUBLISH:
    case VERB_SEND:
    case VERB_SYNC:
    case VERB_EXPECT:
    case VERB_SET:
    case VERB_RELEASE:
    case VERB_ADVANCE:
    case VERB_WAIT:
    case VERB_REPEAT:
    case VERB_COUNT:
        break;
    }
}

static size_t count_steps(const cJSON *steps)
{
    size_t count = 0;
    for (const cJSON *step = steps->child; step; step = step->next) {
        const cJSON *fields = step->child;
        if (strcmp(fields->string, verb_name(VERB_REPEAT)) != 0) {
            count++;
            continue;
        }
        const cJSON *times = cJSON_GetObjectItemCaseSensitive(fields, "times");
        const cJSON *body = cJSON_GetObjectItemCaseSensitive(fields, "steps");
        count += (size_t)times->valuedouble * count_steps(body);
    }
    return count;
}

static void tell_steps(struct telling *telling, const cJSON *steps, int indent);

/* The body once; the numbers go on behind the last time. */
static void tell_repeat(struct telling *telling, const cJSON *fields, int indent)
{
    const cJSON *times = cJSON_GetObjectItemCaseSensitive(fields, "times");
    const cJSON *body = cJSON_GetObjectItemCaseSensitive(fields, "steps");
    size_t first = telling->index, body_count = count_steps(body);
    size_t total = body_count * (size_t)times->valuedouble;
    buffer_printf(telling->out, "%*s%.0f times over (steps %zu to %zu):\n", indent, "",
                  times->valuedouble, first + 1, first + total);
    tell_steps(telling, body, indent + 2);
    for (; telling->index < first + total; telling->index++)
        follow(telling, &telling->scenario->steps[telling->index]);
}

/* The tree of the file beside the steps that the loader unrolled from it. */
static void tell_steps(struct telling *telling, const cJSON *steps, int indent)
{
    for (const cJSON *item = steps->child; item; item = item->next) {
        const cJSON *fields = item->child;
        if (strcmp(fields->string, verb_name(VERB_REPEAT)) == 0) {
            tell_repeat(telling, fields, indent);
            continue;
        }
        const struct scenario_step *step = &telling->scenario->steps[telling->index++];
        buffer_printf(telling->out, "%*s%2zu. ", indent, "", telling->index);
        explain_step(step, &telling->place, telling->out);
        buffer_append_text(telling->out, "\n");
        follow(telling, step);
    }
}

/* ---- rules ---- */

static void append_rules(const char *heading, const bool rules[RULE_COUNT], bool is_node,
                         struct buffer *out)
{
    bool is_first = true;
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const struct rule_info *info = rule_info((enum rule)rule);
        if (!rules[rule])
            continue;
        if (is_first)
            buffer_printf(out, "\n%s\n", heading);
        is_first = false;
        bool is_server = info->level == RULE_LEVEL_SERVER;
        buffer_printf(out, "  %-4s The %s %s.\n", info->id,
                      is_server                          ? "server"
                      : info->level == RULE_LEVEL_SHOULD ? "client, as a recommendation,"
                                                         : "client",
                      rule_sentence((enum rule)rule, is_node));
    }
}

/* ---- the whole ---- */

static void append_escaped_line(const char *before, const char *text, struct buffer *out)
{
    size_t size_bytes = strlen(text);
    buffer_append_text(out, before);
    text_append_escaped(out, text, size_bytes, size_bytes);
    bool is_sentence = size_bytes > 0 && strchr(".!?", text[size_bytes - 1]);
    buffer_append_text(out, is_sentence ? "\n" : ".\n");
}

void explain_scenario(const struct scenario *scenario, struct buffer *out)
{
    buffer_printf(out, "%s\n", scenario->name);
    append_escaped_line("", scenario->title, out);
    if (scenario->why)
        append_escaped_line("Why: ", scenario->why, out);
    struct buffer settings;
    buffer_init(&settings, BUFFER_NO_LIMIT);
    if (scenario->dialect == DIALECT_NODE)
        buffer_append_text(&settings, "  The client speaks the node stream: it registers, and "
                                      "acknowledges what is delivered.\n");
    append_part("server", "server", scenario, &settings);
    append_part("client", "client", scenario, &settings);
    if (settings.size_bytes > 0)
        buffer_printf(out, "\nSettings:\n%s", buffer_text(&settings));
    buffer_free(&settings);
    buffer_append_text(out, "\nWhat happens:\n");
    bool is_node = scenario->dialect == DIALECT_NODE;
    struct telling telling = {.scenario = scenario, .out = out, .place = {.is_node = is_node}};
    tell_steps(&telling, cJSON_GetObjectItemCaseSensitive(scenario->document, "steps"), 0);
    append_rules("What it shows:", scenario->rules, is_node, out);
    append_rules("What it is not judged by:", scenario->rules_off, is_node, out);
}
