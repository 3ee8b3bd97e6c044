#include "core/scenario_reference.h"

#include "core/rules.h"
#include "core/scenario_fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char first_line[] = "<!-- reference: made by `gapcheck schema --markdown`; `gapcheck "
                                 "schema --write` renews it -->\n";
static const char last_line[] = "<!-- end of the reference -->\n";

/* ---- values in words ---- */

static void append_names(const struct name_list *names, struct buffer *out)
{
    for (size_t i = 0; i < names->count; i++)
        buffer_printf(out, "%s`%s`", i == 0 ? "" : ", ", names->items[i]);
}

static void append_number(int64_t number, struct buffer *out)
{
    /* Thousands apart, as long numbers are hard to read. */
    char digits[24];
    size_t count = (size_t)snprintf(digits, sizeof digits, "%" PRId64, number);
    size_t start = digits[0] == '-';
    for (size_t i = 0; i < count; i++) {
        bool is_apart = i > start && (count - i) % 3 == 0;
        buffer_printf(out, "%s%c", is_apart ? "," : "", digits[i]);
    }
}

static void append_range(const struct scenario_field *field, struct buffer *out)
{
    append_number(field->min, out);
    buffer_append_text(out, " to ");
    append_number(field->max, out);
}

static const char *words_of(const struct scenario_field *field)
{
    switch (field->kind) {
    case FIELD_ANY:
        return "anything";
    case FIELD_BOOL:
        return "true or false";
    case FIELD_TRUE:
        return "true";
    case FIELD_TEXT:
        return "text";
    case FIELD_TEXT_OR_ANY:
        return "text, or ";
    case FIELD_TEXT_LIST:
        return "array of texts";
    case FIELD_RULES:
        return "array of rules";
    case FIELD_JUDGE:
        return "object: rule to `\"off\"`";
    case FIELD_EACH:
        return "object: name to array of values";
    case FIELD_OBJECT:
        return "object, see below";
    case FIELD_STEPS:
        return "array of steps";
    case FIELD_SENDS:
        return "array of `send` objects";
    case FIELD_HEADERS:
        return "object: name to text";
    case FIELD_TEMPLATE:
        return "any JSON";
    case FIELD_HEX:
        return "hex";
    case FIELD_EVENT_NAME:
        return "name of an event";
    case FIELD_NUMBER_MATCHER:
        return "number, or matcher";
    case FIELD_MATCHERS:
        return "object: matchers for ";
    case FIELD_CLIENT_FRAME:
        return "type of a frame";
    case FIELD_DISPATCHED:
        return "number, or object: event to number";
    case FIELD_NOTHING:
        return "frame type or ";
    case FIELD_INTEGER:
    case FIELD_INTEGER_OR_NAME:
    case FIELD_NAME:
    case FIELD_FLAG:
    case FIELD_NAME_OR_INTEGER:
        return "";
    case FIELD_NAME_OR_OBJECT:
        return "object of fields, or ";
    }
    return "";
}

static void append_value(const struct scenario_field *field, struct buffer *out)
{
    bool has_range = field->kind == FIELD_INTEGER || field->kind == FIELD_INTEGER_OR_NAME ||
                     field->kind == FIELD_NAME_OR_INTEGER;
    buffer_append_text(out, words_of(field));
    if (field->names)
        append_names(field->names, out);
    if (has_range) {
        buffer_append_text(out, field->names ? ", or " : "");
        append_range(field, out);
    }
}

/* ---- tables ---- */

static void append_default(const struct scenario_field *field, struct buffer *out)
{
    if (field->is_needed)
        buffer_append_text(out, "*needed*");
    else if (field->is_choice)
        buffer_append_text(out, "*one of*");
    else if (field->kind == FIELD_TEXT_LIST && field->fallback)
        buffer_printf(out, "`[\"%s\"]`", field->fallback);
    else if (field->fallback && field->fallback[0])
        buffer_printf(out, "`%s`", field->fallback);
}

static void append_row(const struct scenario_field *field, struct buffer *out)
{
    buffer_printf(out, "| `%s` | ", field->name);
    append_value(field, out);
    buffer_append_text(out, " | ");
    append_default(field, out);
    buffer_printf(out, " | %s", field->help);
    if (field->only_with) {
        buffer_append_text(out, " Only with ");
        for (const char *word = field->only_with; *word;) {
            size_t size_bytes = strcspn(word, " ");
            buffer_printf(out, "%s`%.*s`", word == field->only_with ? "" : " or ", (int)size_bytes,
                          word);
            word += size_bytes + strspn(word + size_bytes, " ");
        }
        buffer_append_text(out, ".");
    }
    if (field->agent_only)
        buffer_append_text(out, " Not in the node stream.");
    if (field->is_node_only)
        buffer_append_text(out, " Only in the node stream.");
    buffer_append_text(out, " |\n");
}

static void append_object(const struct scenario_object *object, const char *heading,
                          struct buffer *out)
{
    buffer_printf(out, "\n%s\n\n%s%s\n", heading, object->help,
                  object->agent_only ? " Not in the node stream." : "");
    if (object->field_count > 0)
        buffer_append_text(out, "\n| key | value | default | what it does |\n"
                                "| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < object->field_count; i++)
        append_row(&object->fields[i], out);
    if (object->takes_more)
        buffer_append_text(out, "\nWith `frame`, every further key is a matcher for the field of "
                                "that name.\n");
    for (size_t i = 0; i < object->field_count; i++) {
        const struct scenario_object *inner = object->fields[i].object;
        if (!inner)
            continue;
        struct buffer title;
        buffer_init(&title, BUFFER_NO_LIMIT);
        /* A verb is called `client` too: headings are link targets. */
        if (object == scenario_object_top())
            buffer_printf(&title, "### `%s` at the top level", inner->name);
        else
            buffer_printf(&title, "### `%s` of `%s`", inner->name, object->name);
        append_object(inner, buffer_text(&title), out);
        buffer_free(&title);
    }
}

static void append_verbs(struct buffer *out)
{
    buffer_append_text(out, "\n## Verbs\n\nA step is an object with exactly one of them:");
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        const char *name = verb_name((enum verb)verb);
        buffer_printf(out, "%s[`%s`](#%s)", verb == 0 ? " " : ", ", name, name);
    }
    buffer_append_text(out, ". Each takes these keys beside its own:\n\n"
                            "| key | value | default | what it does |\n"
                            "| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < scenario_object_common()->field_count; i++)
        append_row(&scenario_object_common()->fields[i], out);
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        struct buffer heading;
        buffer_init(&heading, BUFFER_NO_LIMIT);
        buffer_printf(&heading, "### `%s`", verb_name((enum verb)verb));
        append_object(scenario_object_of_verb((enum verb)verb), buffer_text(&heading), out);
        buffer_free(&heading);
    }
}

static void append_frames(struct buffer *out)
{
    static const char *const streams[] = {"agent", "node"};
    buffer_append_text(out, "\n## Frames of a client\n\n");
    for (int dialect = DIALECT_AGENT; dialect <= DIALECT_NODE; dialect++) {
        buffer_printf(out, "- `\"dialect\": \"%s\"`: ", streams[dialect]);
        append_names(scenario_client_frame_names((enum dialect)dialect), out);
        buffer_append_text(out, "\n");
    }
}

static void append_node_rules(struct buffer *out)
{
    buffer_append_text(out, "\n## Rules on the node stream\n\nA rule stands for its counterpart "
                            "there; one that is not in this table is not judged.\n\n"
                            "| rule | level | the client … |\n| --- | --- | --- |\n");
    for (int rule = 0; rule < RULE_STEP; rule++) {
        const struct rule_info *info = rule_info((enum rule)rule);
        if (info->node_sentence)
            buffer_printf(out, "| %s | %s | %s |\n", info->id, rule_level_name(info->level),
                          info->node_sentence);
    }
}

static void append_matchers(struct buffer *out)
{
    buffer_append_text(out,
                       "\n## Matchers\n\n| matcher | holds for |\n| --- | --- |\n"
                       "| a text, a number, true, false, null or an array | just that value |\n"
                       "| `{\"min\": 1, \"max\": 3}` | a number in that range; either may be left "
                       "out |\n"
                       "| `{\"iso8601\": true}` | a text that is an ISO 8601 date |\n"
                       "| `{\"kind\": …}` | any value of that kind: ");
    append_names(scenario_json_kind_names(), out);
    buffer_append_text(out, " |\n| `{\"absent\": true}` | no such field |\n"
                            "\n## Templates\n\nIn a `frame` of `send`: ");
    for (size_t i = 0; i < scenario_template_names()->count; i++)
        buffer_printf(out, "%s`\"${%s}\"`", i == 0 ? "" : ", ",
                      scenario_template_names()->items[i]);
    buffer_append_text(out, ". Names of `each` stand anywhere in a value of `title`, `server`, "
                            "`client` and `steps`;\na lone `\"${n}\"` takes over its value with "
                            "its type.\n`\"each\": { \"how\": [\"reset\", \"fin\"], \"n\": "
                            "[1, 501] }` makes four scenarios, called\n`folder/file[reset,1]` "
                            "and so on. Texts of `each` consist of letters, digits, `.`, `_` and "
                            "`-`.\n");
}

void scenario_reference_print(struct buffer *out)
{
    buffer_append_text(out, first_line);
    append_object(scenario_object_top(), "## Top level", out);
    append_verbs(out);
    append_matchers(out);
    append_frames(out);
    append_node_rules(out);
    buffer_append_text(out, last_line);
}

bool scenario_reference_replace(const char *text, struct buffer *out)
{
    const char *first = strstr(text, first_line);
    const char *last = first ? strstr(first, last_line) : NULL;
    if (!last)
        return false;
    buffer_append(out, text, (size_t)(first - text));
    scenario_reference_print(out);
    buffer_append_text(out, last + strlen(last_line));
    return true;
}
