#include "core/lint_internal.h"

#include "core/event.h"

#include <string.h>

/* A field that is read only when another has a certain value. */
static void lint_idle(struct lint *lint, size_t index, const char *field, bool is_idle,
                      const char *with, const char *value)
{
    struct jsonc_node node = lint_member(lint, lint->nodes[index], field);
    if (node.json && is_idle)
        lint_add(lint, node, LINT_KEY, true, "take it away, or change the other",
                 "`%s` has no effect with `%s: %s`", field, with, value);
}

static void lint_refuse(struct lint *lint, size_t index)
{
    enum refuse_how how = lint->scenario->steps[index].refuse.how;
    const char *name = refuse_how_name(how);
    lint_idle(lint, index, "status", how != REFUSE_HTTP, "how", name);
    lint_idle(lint, index, "headers", how != REFUSE_HTTP, "how", name);
    lint_idle(lint, index, "for_ms", how != REFUSE_CLOSED, "how", name);
}

static void lint_publish(struct lint *lint, size_t index)
{
    const struct scenario_step *step = &lint->scenario->steps[index];
    const struct event_type *type = event_type_find(span_of(step->publish.type));
    bool has_rows = type && type->row != EVENT_ROW_NONE;
    lint_idle(lint, index, "store", !has_rows, "type", step->publish.type);
    lint_idle(lint, index, "every_ms", step->publish.count == 1, "count", "1");
    lint_idle(lint, index, "id", type && !type->has_id && step->publish.id == PUBLISH_ID_NONE,
              "type", step->publish.type);
}

static void lint_send(struct lint *lint, size_t index)
{
    lint_idle(lint, index, "between", lint->scenario->steps[index].send.fragments == 1, "fragments",
              "1");
}

void lint_fields(struct lint *lint)
{
    for (size_t i = 0; i < lint->scenario->step_count; i++) {
        enum verb verb = lint->scenario->steps[i].verb;
        if (verb == VERB_REFUSE)
            lint_refuse(lint, i);
        else if (verb == VERB_PUBLISH)
            lint_publish(lint, i);
        else if (verb == VERB_SEND)
            lint_send(lint, i);
    }
}
