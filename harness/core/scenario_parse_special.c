#include "core/scenario_parse.h"

#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rules ---- */

/* All ids but `step`, which is not of the protocol; only the client's if `is_judged`. */
static struct name_list list_rules(bool is_judged, const char *ids[RULE_COUNT])
{
    struct name_list list = {ids, 0};
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const struct rule_info *info = rule_info((enum rule)rule);
        if (rule != RULE_STEP && !(is_judged && info->level == RULE_LEVEL_SERVER))
            ids[list.count++] = info->id;
    }
    return list;
}

/* The nearest id of so short a name is a guess, so what is allowed is said in words. */
static bool parse_rule(struct scenario_parser *parser, struct jsonc_node node, enum parse_part part,
                       const char *id, bool is_judged, enum rule *rule)
{
    const char *ids[RULE_COUNT];
    struct name_list allowed = list_rules(is_judged, ids);
    for (size_t i = 0; i < allowed.count; i++) {
        if (strcmp(allowed.items[i], id) == 0) {
            *rule = rule_find(span_of(id));
            return true;
        }
    }
    char near[80];
    const char *hint = NULL;
    int nearest = text_nearest(span_of(id), allowed.items, allowed.count);
    if (nearest >= 0) {
        snprintf(near, sizeof near, "did you mean `%s`?", allowed.items[nearest]);
        hint = near;
    }
    struct buffer name;
    buffer_init(&name, BUFFER_NO_LIMIT);
    text_append_escaped(&name, id, strlen(id), 40);
    parse_fail(parser, node, part, hint, "unknown rule `%s`; allowed are `C-1` to `C-28`%s",
               buffer_text(&name), is_judged ? "" : " and `S-1` to `S-10`");
    buffer_free(&name);
    return false;
}

bool parse_rules(struct scenario_parser *parser, struct jsonc_node node, bool rules[RULE_COUNT])
{
    if (!cJSON_IsArray(node.json))
        return parse_fail_type(parser, node, "rules", "an array of rules");
    if (!node.json->child)
        return parse_fail(parser, node, PARSE_VALUE, NULL, "`rules` must name at least one rule");
    bool is_good = true;
    for (struct jsonc_node item = jsonc_child(node); item.json;
         item = jsonc_next(parser->document, item)) {
        enum rule rule;
        if (!cJSON_IsString(item.json))
            is_good = parse_fail_type(parser, item, "rules", "an array of texts like \"C-5\"");
        else if (!parse_rule(parser, item, PARSE_VALUE, item.json->valuestring, false, &rule))
            is_good = false;
        else if (rules[rule])
            is_good = parse_fail(parser, item, PARSE_VALUE, NULL, "`%s` is named twice",
                                 item.json->valuestring);
        else
            rules[rule] = true;
    }
    return is_good;
}

bool parse_judge(struct scenario_parser *parser, struct jsonc_node node, bool rules[RULE_COUNT])
{
    if (!cJSON_IsObject(node.json))
        return parse_fail_type(parser, node, "judge", "an object like {\"C-20\": \"off\"}");
    bool is_good = true;
    for (struct jsonc_node item = jsonc_child(node); item.json;
         item = jsonc_next(parser->document, item)) {
        enum rule rule;
        if (!parse_rule(parser, item, PARSE_KEY, item.json->string, true, &rule))
            is_good = false;
        else if (!cJSON_IsString(item.json) || strcmp(item.json->valuestring, "off") != 0)
            is_good = parse_fail_type(parser, item, item.json->string, "\"off\"");
        else
            rules[rule] = true;
    }
    return is_good;
}

/* ---- bytes ---- */

/* RFC 9110, section 5.6.2 */
static bool is_token(const char *text)
{
    return text[0] && text[strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7F)
            return true;
    }
    return false;
}

bool parse_headers(struct scenario_parser *parser, struct jsonc_node node, const char **headers)
{
    if (!cJSON_IsObject(node.json))
        return parse_fail_type(parser, node, "headers", "an object like {\"Retry-After\": \"1\"}");
    bool is_good = true;
    struct buffer lines;
    buffer_init(&lines, BUFFER_NO_LIMIT);
    for (struct jsonc_node item = jsonc_child(node); item.json;
         item = jsonc_next(parser->document, item)) {
        if (!is_token(item.json->string))
            is_good = parse_fail(parser, item, PARSE_KEY, NULL,
                                 "this is no name of a header: letters, digits and `-`");
        else if (!cJSON_IsString(item.json))
            is_good = parse_fail_type(parser, item, item.json->string, "a text");
        else if (has_control(item.json->valuestring))
            is_good = parse_fail(parser, item, PARSE_VALUE, NULL,
                                 "a header must not contain line breaks or control characters");
        else if (!parse_check_templates(parser, item, false))
            is_good = false;
        else
            buffer_printf(&lines, "%s: %s\r\n", item.json->string, item.json->valuestring);
    }
    *headers = arena_copy_text(parser->arena, lines.data, lines.size_bytes);
    buffer_free(&lines);
    return is_good;
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
        return (digit | 0x20) - 'a' + 10;
    return -1;
}

bool parse_hex(struct scenario_parser *parser, struct jsonc_node node,
               const struct scenario_field *field, const uint8_t **bytes, size_t *byte_count)
{
    if (!cJSON_IsString(node.json))
        return parse_fail_type(parser, node, field->name, "a text of hex digits");
    if (!parse_check_templates(parser, node, false))
        return false;
    const char *text = node.json->valuestring;
    uint8_t *decoded = arena_alloc(parser->arena, strlen(text) / 2, 1);
    size_t count = 0;
    bool is_half = false;
    for (; *text; text++) {
        if (*text == ' ' && !is_half)
            continue;
        int digit = hex_digit(*text);
        if (digit < 0)
            return parse_fail(parser, node, PARSE_VALUE,
                              "two hex digits for each byte; blanks may stand between bytes",
                              "character %zu of `%s` is no hex digit",
                              (size_t)(text - node.json->valuestring) + 1, field->name);
        if (is_half)
            decoded[count] = (uint8_t)(decoded[count] << 4 | digit);
        else
            decoded[count] = (uint8_t)digit;
        count += is_half;
        is_half = !is_half;
    }
    if (is_half)
        return parse_fail(parser, node, PARSE_VALUE, "two hex digits make one byte",
                          "`%s` has an odd number of hex digits", field->name);
    if ((int64_t)count < field->min)
        return parse_fail(parser, node, PARSE_VALUE, NULL, "`%s` must not be empty", field->name);
    *bytes = decoded;
    *byte_count = count;
    return true;
}

/* ---- what `expect` looks for ---- */

bool parse_event_name(struct scenario_parser *parser, struct jsonc_node node, enum parse_part part,
                      const char *name)
{
    if (name_set_has(&parser->events, name))
        return true;
    struct name_list known = {parser->events.items, parser->events.count};
    char near[120];
    const char *hint = "name it before with `\"as\"` of `publish`";
    int nearest = text_nearest(span_of(name), known.items, known.count);
    if (nearest >= 0) {
        snprintf(near, sizeof near, "did you mean `%s`?", known.items[nearest]);
        hint = near;
    }
    struct buffer shown;
    buffer_init(&shown, BUFFER_NO_LIMIT);
    text_append_escaped(&shown, name, strlen(name), 40);
    parse_fail(parser, node, part, hint, "no earlier `publish` names an event `%s`",
               buffer_text(&shown));
    buffer_free(&shown);
    return false;
}

static struct field_matchers new_matchers(struct scenario_parser *parser, struct jsonc_node node)
{
    size_t count = (size_t)cJSON_GetArraySize(node.json);
    return (struct field_matchers){arena_alloc(parser->arena, count, sizeof(struct field_matcher)),
                                   0};
}

bool parse_dispatched(struct scenario_parser *parser, struct jsonc_node node,
                      const struct scenario_field *field, int64_t *count,
                      struct field_matchers *names)
{
    if (!cJSON_IsObject(node.json)) {
        struct scenario_field number = *field;
        number.kind = FIELD_INTEGER;
        number.offset = 0;
        /* The description of the whole field is the better one. */
        if (!cJSON_IsNumber(node.json))
            return parse_fail_type(parser, node, field->name,
                                   "a number or an object like {\"NAME\": 1}");
        return parse_field(parser, node, &number, count);
    }
    *names = new_matchers(parser, node);
    if (!node.json->child)
        return parse_fail(parser, node, PARSE_VALUE, NULL, "`dispatched` names no event");
    bool is_good = true;
    for (struct jsonc_node item = jsonc_child(node); item.json;
         item = jsonc_next(parser->document, item)) {
        struct field_matcher *matcher = &names->items[names->count++];
        matcher->name = item.json->string;
        is_good &= parse_event_name(parser, item, PARSE_KEY, matcher->name);
        is_good &= parse_matcher(parser, item, matcher->name, true, &matcher->matcher);
    }
    return is_good;
}

static bool is_one_of(const char *name, const struct name_list *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0)
            return true;
    }
    return false;
}

static bool parse_nothing_item(struct scenario_parser *parser, struct jsonc_node node,
                               const struct scenario_field *field, struct text_list *list)
{
    if (!cJSON_IsString(node.json))
        return parse_fail_type(parser, node, field->name, "a text or an array of texts");
    const struct name_list *frames = scenario_client_frame_names(parser->scenario->dialect);
    const char *names[16];
    struct name_list allowed = {names, 0};
    for (size_t i = 0; i < field->names->count; i++)
        names[allowed.count++] = field->names->items[i];
    for (size_t i = 0; i < frames->count; i++)
        names[allowed.count++] = frames->items[i];
    if (!is_one_of(node.json->valuestring, &allowed))
        return parse_check_templates(parser, node, false) &&
               parse_fail_name(parser, node, PARSE_VALUE,
                               "value of `nothing`:", node.json->valuestring, &allowed);
    list->items[list->count++] = node.json->valuestring;
    return true;
}

bool parse_nothing(struct scenario_parser *parser, struct jsonc_node node,
                   const struct scenario_field *field, struct text_list *list)
{
    bool is_array = cJSON_IsArray(node.json);
    size_t count = is_array ? (size_t)cJSON_GetArraySize(node.json) : 1;
    *list = (struct text_list){arena_alloc(parser->arena, count, sizeof *list->items), 0};
    if (!is_array)
        return parse_nothing_item(parser, node, field, list);
    if (count == 0)
        return parse_fail(parser, node, PARSE_VALUE, NULL, "`nothing` must name something");
    bool is_good = true;
    for (struct jsonc_node item = jsonc_child(node); item.json;
         item = jsonc_next(parser->document, item))
        is_good &= parse_nothing_item(parser, item, field, list);
    return is_good;
}

bool parse_client_frame(struct scenario_parser *parser, struct jsonc_node node, const char **type)
{
    if (!cJSON_IsString(node.json))
        return parse_fail_type(parser, node, "frame", "the type of a frame");
    const struct name_list *allowed = scenario_client_frame_names(parser->scenario->dialect);
    if (!is_one_of(node.json->valuestring, allowed))
        return parse_check_templates(parser, node, false) &&
               parse_fail_name(parser, node, PARSE_VALUE,
                               "frame of a client:", node.json->valuestring, allowed);
    *type = node.json->valuestring;
    return true;
}

bool parse_matchers(struct scenario_parser *parser, struct jsonc_node node,
                    const struct scenario_field *field, struct field_matchers *matchers)
{
    if (!cJSON_IsObject(node.json))
        return parse_fail_type(parser, node, field->name, "an object of fields");
    *matchers = new_matchers(parser, node);
    bool is_good = true;
    for (struct jsonc_node item = jsonc_child(node); item.json;
         item = jsonc_next(parser->document, item)) {
        struct field_matcher *matcher = &matchers->items[matchers->count++];
        matcher->name = item.json->string;
        if (!is_one_of(matcher->name, field->names)) {
            char what[80];
            snprintf(what, sizeof what, "key in `%s`:", field->name);
            is_good = parse_fail_name(parser, item, PARSE_KEY, what, matcher->name, field->names);
        }
        is_good &= parse_matcher(parser, item, matcher->name, false, &matcher->matcher);
    }
    return is_good;
}
