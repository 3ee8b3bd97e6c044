/* What makes no sense in the stream that the scenario speaks (`dialect`): keys and verbs of the
 * other one, and rules that are not judged there. */
#include "core/scenario_parse.h"

#include <string.h>

static bool is_node(const struct scenario_parser *parser)
{
    return parser->scenario->dialect == DIALECT_NODE;
}

static bool fail_key(struct scenario_parser *parser, struct jsonc_node node, const char *hint)
{
    return parse_fail(parser, node, PARSE_KEY, hint, "`%s` is not for the %s stream",
                      node.json->string, is_node(parser) ? "node" : "agent");
}

/* ---- fields ---- */

/* The loader has told what else is wrong: here only what it knows counts. */
static bool check_fields(struct scenario_parser *parser, struct jsonc_node node,
                         const struct scenario_object *object)
{
    bool is_good = true;
    if (!cJSON_IsObject(node.json))
        return true;
    for (struct jsonc_node member = jsonc_child(node); member.json;
         member = jsonc_next(parser->document, member)) {
        const struct scenario_field *field = scenario_field_find(object, member.json->string);
        if (!field)
            continue;
        if (is_node(parser) && field->agent_only)
            is_good = fail_key(parser, member, field->agent_only);
        else if (!is_node(parser) && field->is_node_only)
            is_good = fail_key(parser, member, "it needs `\"dialect\": \"node\"`");
        else if (field->object)
            is_good &= check_fields(parser, member, field->object);
    }
    return is_good;
}

/* ---- values of the node stream ---- */

static bool check_publish(struct scenario_parser *parser, struct jsonc_node node)
{
    struct jsonc_node seq = jsonc_member(parser->document, node, "seq");
    if (!is_node(parser) || !cJSON_IsNumber(seq.json))
        return true;
    return parse_fail(parser, seq, PARSE_VALUE,
                      "for a hole publish with `\"live\": false`: it is filled when the client "
                      "registers again",
                      "the node stream numbers its deliveries itself, without holes");
}

static bool check_client(struct scenario_parser *parser, struct jsonc_node node)
{
    struct jsonc_node action = jsonc_member(parser->document, node, "do");
    const char *name = cJSON_GetStringValue(action.json);
    if (!is_node(parser) || !name ||
        (strcmp(name, client_do_name(CLIENT_DO_SUBSCRIBE)) != 0 &&
         strcmp(name, client_do_name(CLIENT_DO_UNSUBSCRIBE)) != 0))
        return true;
    return parse_fail(parser, action, PARSE_VALUE, "a node gets what is delivered to its agent",
                      "the node stream has no subscriptions");
}

static bool check_sends(struct scenario_parser *parser, struct jsonc_node list)
{
    bool is_good = true;
    if (!cJSON_IsArray(list.json))
        return true;
    for (struct jsonc_node item = jsonc_child(list); item.json;
         item = jsonc_next(parser->document, item))
        is_good &= check_fields(parser, item, scenario_object_send());
    return is_good;
}

/* ---- steps ---- */

static bool check_steps(struct scenario_parser *parser, struct jsonc_node steps);

static bool check_step(struct scenario_parser *parser, struct jsonc_node fields)
{
    int verb = 0;
    while (verb < VERB_COUNT && strcmp(verb_name((enum verb)verb), fields.json->string) != 0)
        verb++;
    if (verb == VERB_COUNT || !cJSON_IsObject(fields.json))
        return true;
    const struct scenario_object *object = scenario_object_of_verb((enum verb)verb);
    if (is_node(parser) && object->agent_only)
        return fail_key(parser, fields, object->agent_only);
    bool is_good = check_fields(parser, fields, object);
    if (verb == VERB_PUBLISH)
        is_good &= check_publish(parser, fields);
    if (verb == VERB_CLIENT)
        is_good &= check_client(parser, fields);
    if (verb == VERB_ACCEPT)
        is_good &= check_sends(parser, jsonc_member(parser->document, fields, "with"));
    if (verb == VERB_REPEAT)
        is_good &= check_steps(parser, jsonc_member(parser->document, fields, "steps"));
    return is_good;
}

/* Recursion is bounded by SCENARIO_DEPTH_MAX. */
static bool check_steps(struct scenario_parser *parser, struct jsonc_node steps)
{
    bool is_good = true;
    if (!cJSON_IsArray(steps.json))
        return true;
    for (struct jsonc_node step = jsonc_child(steps); step.json;
         step = jsonc_next(parser->document, step)) {
        struct jsonc_node fields = {NULL, 0};
        if (cJSON_IsObject(step.json))
            fields = jsonc_child(step);
        if (fields.json)
            is_good &= check_step(parser, fields);
    }
    return is_good;
}

/* ---- rules ---- */

static bool check_rule(struct scenario_parser *parser, struct jsonc_node node, enum parse_part part,
                       const char *id)
{
    enum rule rule = id ? rule_find(span_of(id)) : RULE_COUNT;
    if (rule == RULE_COUNT || rule_info(rule)->node_sentence)
        return true;
    struct buffer hint;
    buffer_init(&hint, BUFFER_NO_LIMIT);
    buffer_append_text(&hint, "there are ");
    for (int other = 0; other < RULE_STEP; other++)
        if (rule_info((enum rule)other)->node_sentence)
            buffer_printf(&hint, "%s%s", other == RULE_C4 ? "" : ", ",
                          rule_info((enum rule)other)->id);
    parse_fail(parser, node, part, buffer_text(&hint),
               "`%s` has no counterpart in the node stream and is not judged there", id);
    buffer_free(&hint);
    return false;
}

static bool check_rules(struct scenario_parser *parser, struct jsonc_node root)
{
    bool is_good = true;
    struct jsonc_node rules = jsonc_member(parser->document, root, "rules");
    struct jsonc_node judge = jsonc_member(parser->document, root, "judge");
    if (cJSON_IsArray(rules.json))
        for (struct jsonc_node item = jsonc_child(rules); item.json;
             item = jsonc_next(parser->document, item))
            is_good &= check_rule(parser, item, PARSE_VALUE, cJSON_GetStringValue(item.json));
    if (cJSON_IsObject(judge.json))
        for (struct jsonc_node item = jsonc_child(judge); item.json;
             item = jsonc_next(parser->document, item))
            is_good &= check_rule(parser, item, PARSE_KEY, item.json->string);
    return is_good;
}

bool parse_check_stream(struct scenario_parser *parser, struct jsonc_node root)
{
    bool is_good = check_fields(parser, root, scenario_object_top());
    is_good &= check_steps(parser, jsonc_member(parser->document, root, "steps"));
    return !is_node(parser) ? is_good : check_rules(parser, root) && is_good;
}
