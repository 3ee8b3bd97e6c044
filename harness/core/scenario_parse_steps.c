#include "core/scenario_parse.h"

#include "core/memory.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- names of events ---- */

static size_t find_slot(const struct name_set *set, const char *name)
{
    size_t slot = (size_t)text_hash(name, strlen(name)) & (set->slot_count - 1);
    while (set->slots[slot] && strcmp(set->items[set->slots[slot] - 1], name) != 0)
        slot = (slot + 1) & (set->slot_count - 1);
    return slot;
}

static void grow_slots(struct name_set *set)
{
    free(set->slots);
    set->slot_count = set->slot_count ? set->slot_count * 2 : 16;
    set->slots = memory_alloc(set->slot_count, sizeof *set->slots);
    for (size_t i = 0; i < set->count; i++)
        set->slots[find_slot(set, set->items[i])] = (uint32_t)i + 1;
}

bool name_set_has(const struct name_set *set, const char *name)
{
    return set->slot_count > 0 && set->slots[find_slot(set, name)] != 0;
}

void name_set_add(struct name_set *set, const char *name)
{
    if (name_set_has(set, name))
        return;
    set->items = memory_grow(set->items, &set->capacity_count, set->count + 1, sizeof *set->items);
    set->items[set->count++] = name;
    if (set->count * 2 > set->slot_count)
        grow_slots(set);
    else
        set->slots[find_slot(set, name)] = (uint32_t)set->count;
}

void name_set_free(struct name_set *set)
{
    free(set->items);
    free(set->slots);
    *set = (struct name_set){0};
}

/* ---- verbs with a check of their own ---- */

static bool check_publish(struct scenario_parser *parser, struct jsonc_node node,
                          const struct scenario_step *step)
{
    int64_t number_max = (int64_t)JSONC_INTEGER_MAX;
    if (step->publish.as)
        name_set_add(&parser->events, step->publish.as);
    if (step->publish.seq == PUBLISH_SEQ_NUMBER &&
        step->publish.seq_number > number_max - (step->publish.count - 1))
        return parse_fail(parser, jsonc_member(parser->document, node, "seq"), PARSE_VALUE, NULL,
                          "counting up from `seq` leads beyond %lld", (long long)number_max);
    return true;
}

/* Fields of a client's frame that the table does not name. */
static bool parse_frame_fields(struct scenario_parser *parser, struct jsonc_node node,
                               struct expect_fields *expect)
{
    const struct name_list *known = scenario_client_frame_fields(expect->frame);
    const struct scenario_object *object = scenario_object_of_verb(VERB_EXPECT);
    size_t count = (size_t)cJSON_GetArraySize(node.json);
    expect->fields.items = arena_alloc(parser->arena, count, sizeof *expect->fields.items);
    bool is_good = true;
    for (struct jsonc_node item = jsonc_child(node); item.json;
         item = jsonc_next(parser->document, item)) {
        const char *name = item.json->string;
        if (scenario_field_find(object, name) ||
            scenario_field_find(scenario_object_common(), name))
            continue;
        struct field_matcher *field = &expect->fields.items[expect->fields.count++];
        field->name = name;
        if (!parse_matcher(parser, item, name, false, &field->matcher)) {
            is_good = false;
            continue;
        }
        bool is_known = !known || field->matcher.kind == MATCHER_ABSENT;
        for (size_t i = 0; !is_known && i < known->count; i++)
            is_known = strcmp(known->items[i], name) == 0;
        if (!is_known) {
            struct buffer what;
            buffer_init(&what, BUFFER_NO_LIMIT);
            buffer_printf(&what, "field of a `%s` frame:", expect->frame);
            is_good = parse_fail_name(parser, item, PARSE_KEY, buffer_text(&what), name, known);
            buffer_free(&what);
        }
    }
    return is_good;
}

/* What a client asks for begins with a slash. */
static bool check_accept(struct scenario_parser *parser, struct jsonc_node node,
                         const struct scenario_step *step)
{
    if (!step->accept.path || step->accept.path[0] == '/')
        return true;
    return parse_fail(parser, jsonc_member(parser->document, node, "path"), PARSE_VALUE, NULL,
                      "`path` must begin with `/`");
}

static bool check_set(struct scenario_parser *parser, struct jsonc_node node,
                      const struct scenario_step *step)
{
    if (step->set.has_resync || step->set.has_ack || step->set.has_order || step->set.has_pong ||
        step->set.has_token || step->set.has_cut || step->set.has_live_before ||
        step->set.has_write_delay || step->set.has_registering || step->set.has_delivery_ack)
        return true;
    return parse_fail(parser, node, PARSE_VALUE, NULL, "`set` changes nothing");
}

/* A token is asked for by HTTP: there is no upgrade to spoil, and the port is everybody's. */
static bool check_refuse(struct scenario_parser *parser, struct jsonc_node node,
                         const struct scenario_step *step)
{
    enum refuse_how how = step->refuse.how;
    if (step->refuse.at == REFUSE_AT_UPGRADE ||
        (how != REFUSE_CLOSED && how != REFUSE_BAD_ACCEPT))
        return true;
    return parse_fail(parser, jsonc_member(parser->document, node, "how"), PARSE_VALUE,
                      "`http`, `reset` and `stall` can be",
                      "`%s` cannot be done to a request for a token", refuse_how_name(how));
}

/* `channels` goes with subscribe and unsubscribe, `ms` with slow, and they need it. */
static bool check_client(struct scenario_parser *parser, struct jsonc_node node,
                         const struct scenario_step *step)
{
    enum client_do action = step->client.action;
    struct jsonc_node channels = jsonc_member(parser->document, node, "channels");
    struct jsonc_node ms = jsonc_member(parser->document, node, "ms");
    bool wants_channels = action == CLIENT_DO_SUBSCRIBE || action == CLIENT_DO_UNSUBSCRIBE;
    bool wants_ms = action == CLIENT_DO_SLOW;
    const char *name = client_do_name(action);
    bool is_good = true;
    if (wants_channels && step->client.channels.count == 0)
        is_good = parse_fail(parser, channels.json ? channels : node, PARSE_VALUE, NULL,
                             "`%s` needs `channels`, at least one", name);
    if (!wants_channels && channels.json)
        is_good = parse_fail(parser, channels, PARSE_KEY, NULL, "`%s` takes no `channels`", name);
    if (wants_ms && !ms.json)
        is_good = parse_fail(parser, node, PARSE_VALUE, NULL, "`%s` needs `ms`", name);
    if (!wants_ms && ms.json)
        is_good = parse_fail(parser, ms, PARSE_KEY, NULL, "`%s` takes no `ms`", name);
    return is_good;
}

static bool check_verb(struct scenario_parser *parser, struct jsonc_node node,
                       struct scenario_step *step)
{
    switch (step->verb) {
    case VERB_ACCEPT:
        return check_accept(parser, node, step);
    case VERB_PUBLISH:
        return check_publish(parser, node, step);
    case VERB_EXPECT:
        return step->expect.kind != EXPECT_FRAME || parse_frame_fields(parser, node, &step->expect);
    case VERB_SET:
        return check_set(parser, node, step);
    case VERB_CLIENT:
        return check_client(parser, node, step);
    case VERB_REFUSE:
        return check_refuse(parser, node, step);
    case VERB_SEND:
    case VERB_SETTLE:
    case VERB_SYNC:
    case VERB_DROP:
    case VERB_CLOSE:
    case VERB_RESTART:
    case VERB_RELEASE:
    case VERB_ADVANCE:
    case VERB_WAIT:
    case VERB_REPEAT:
    case VERB_COUNT:
        return true;
    }
    return true;
}

bool parse_sends(struct scenario_parser *parser, struct jsonc_node node, struct send_fields **sends,
                 size_t *count)
{
    if (!cJSON_IsArray(node.json))
        return parse_fail_type(parser, node, "with", "an array of `send` objects");
    size_t capacity = (size_t)cJSON_GetArraySize(node.json);
    *sends = arena_alloc(parser->arena, capacity, sizeof **sends);
    bool is_good = true;
    for (struct jsonc_node item = jsonc_child(node); item.json;
         item = jsonc_next(parser->document, item))
        is_good &= parse_object(parser, item, scenario_object_send(), &(*sends)[(*count)++], NULL);
    return is_good;
}

/* ---- steps ---- */

static bool fail_too_many(struct scenario_parser *parser, struct jsonc_node node)
{
    return parse_fail(parser, node, PARSE_VALUE, NULL,
                      "a scenario has at most %d steps, repeats unrolled", SCENARIO_STEPS_MAX);
}

static void add_step(struct scenario_parser *parser, const struct scenario_step *step)
{
    parser->steps = memory_reserve(parser->steps, &parser->step_capacity_count,
                                   parser->step_count + 1, sizeof *parser->steps);
    parser->steps[parser->step_count++] = *step;
}

/* Reads the steps once and copies them: the copies share what the first has in the arena. */
static bool parse_repeat(struct scenario_parser *parser, struct jsonc_node node,
                         const struct scenario_step *step, bool is_good)
{
    struct jsonc_node times = jsonc_member(parser->document, node, "times");
    struct jsonc_node body = jsonc_member(parser->document, node, "steps");
    if (!body.json)
        return false; /* told already */
    int64_t outer_timeout_ms = parser->timeout_ms;
    parser->timeout_ms = step->timeout_ms;
    size_t first = parser->step_count;
    is_good &= parse_steps(parser, body);
    parser->timeout_ms = outer_timeout_ms;
    if (!is_good)
        return false;
    size_t body_count = parser->step_count - first;
    double total = (double)first + (double)body_count * times.json->valuedouble;
    if (total > SCENARIO_STEPS_MAX)
        return fail_too_many(parser, times);
    while ((double)parser->step_count < total) {
        struct scenario_step copy = parser->steps[parser->step_count - body_count];
        add_step(parser, &copy);
    }
    return true;
}

static enum verb find_verb(const char *name)
{
    int verb = 0;
    while (verb < VERB_COUNT && strcmp(verb_name((enum verb)verb), name) != 0)
        verb++;
    return (enum verb)verb;
}

static bool parse_step(struct scenario_parser *parser, struct jsonc_node node)
{
    if (!cJSON_IsObject(node.json))
        return parse_fail_type(parser, node, "steps", "an array of objects like {\"settle\": {}}");
    struct jsonc_node fields = jsonc_child(node);
    if (!fields.json)
        return parse_fail(parser, node, PARSE_VALUE, "write {\"settle\": {}}, for example",
                          "the step has no verb");
    struct jsonc_node second = jsonc_next(parser->document, fields);
    if (second.json)
        return parse_fail(parser, second, PARSE_KEY, "write two steps",
                          "a step has exactly one verb; `%.40s` is already there",
                          fields.json->string);
    struct scenario_step step;
    memset(&step, 0, sizeof step); /* an initializer need not clear the whole union */
    step.verb = find_verb(fields.json->string);
    step.timeout_ms = parser->timeout_ms;
    if (step.verb == VERB_COUNT) {
        /* If it was meant to be a `publish`, the name that it gives is not unknown as well. */
        struct jsonc_node as = jsonc_member(parser->document, fields, "as");
        if (cJSON_IsString(as.json))
            name_set_add(&parser->events, as.json->valuestring);
        return parse_fail_name(parser, fields, PARSE_KEY, "verb", fields.json->string,
                               scenario_verb_names());
    }
    parse_locate(parser, parser->document->places[node.index].start, &step.line, &step.column);
    const struct scenario_object *object = scenario_object_of_verb(step.verb);
    bool is_good = parse_object(parser, fields, object, (char *)&step + object->base_offset, &step);
    if (step.verb == VERB_REPEAT)
        return cJSON_IsObject(fields.json) && parse_repeat(parser, fields, &step, is_good);
    is_good = is_good && check_verb(parser, fields, &step);
    /* A name is known from here on, even if something else about the event is wrong. */
    if (!is_good && step.verb == VERB_PUBLISH && step.publish.as)
        name_set_add(&parser->events, step.publish.as);
    add_step(parser, &step);
    return is_good;
}

bool parse_steps(struct scenario_parser *parser, struct jsonc_node node)
{
    if (!cJSON_IsArray(node.json))
        return parse_fail_type(parser, node, "steps", "an array of steps");
    if (!node.json->child)
        return parse_fail(parser, node, PARSE_VALUE, NULL, "`steps` must not be empty");
    bool is_good = true;
    for (struct jsonc_node step = jsonc_child(node); step.json;
         step = jsonc_next(parser->document, step)) {
        if (parser->step_count >= SCENARIO_STEPS_MAX)
            return fail_too_many(parser, step);
        is_good &= parse_step(parser, step);
    }
    return is_good;
}
