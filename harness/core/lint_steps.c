#include "core/lint_internal.h"

#include "core/memory.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

/* What is known of the steps before. */
struct course {
    bool has_hold; /* some `set` holds resyncs */
    bool is_held;  /* the last one does */
    bool has_published;
    bool is_slow;    /* silence, or an application that takes its time: nothing to wait for */
    uint32_t *slots; /* owned; which step named an event: its index + 1, 0 is free */
    size_t slot_count;
};

/* A wait is right only while lateness itself is what is shown. */
static void lint_wait(struct lint *lint, size_t index, const struct course *course)
{
    const struct scenario *scenario = lint->scenario;
    const struct scenario_step *next =
        index + 1 < scenario->step_count ? &scenario->steps[index + 1] : NULL;
    const char *hint = "`expect`, `settle` and `sync` wait just as long as they must";
    if (course->is_held || course->is_slow)
        return;
    if (!next)
        hint =
            "{ \"expect\": { \"nothing\": …, \"for_ms\": … } } says what must not come meanwhile";
    else if (next->verb == VERB_ACCEPT || next->verb == VERB_EXPECT)
        hint = "the next step waits by itself; it takes a `timeout_ms`";
    lint_add(lint, lint->nodes[index], LINT_KEY, false, hint,
             "`wait` costs %lld ms in every run, and is too short on a busy machine",
             (long long)scenario->steps[index].wait.ms);
}

/* The step that gave the name before this one, or NULL; then the name is this one's. A table with
 * open addressing: a scenario may have 10,000 names. */
static const struct scenario_step *take_name(struct course *course, const struct lint *lint,
                                             size_t index)
{
    const struct scenario_step *steps = lint->scenario->steps;
    const char *name = steps[index].publish.as;
    size_t slot = (size_t)text_hash(name, strlen(name)) % course->slot_count;
    while (course->slots[slot] && strcmp(steps[course->slots[slot] - 1].publish.as, name) != 0)
        slot = (slot + 1) % course->slot_count;
    size_t before = course->slots[slot];
    course->slots[slot] = (uint32_t)index + 1;
    return before ? &steps[before - 1] : NULL;
}

static void lint_publish(struct lint *lint, size_t index, struct course *course)
{
    const struct scenario_step *step = &lint->scenario->steps[index];
    struct jsonc_node node = lint->nodes[index];
    if (step->publish.id == PUBLISH_ID_SAME && !course->has_published && step->publish.count == 1)
        lint_add(lint, lint_member(lint, node, "id"), LINT_KEY, false,
                 "publish the event before whose id it shall have",
                 "`id: same` is given to the first event: there is none before it");
    const struct scenario_step *before = step->publish.as ? take_name(course, lint, index) : NULL;
    if (before)
        lint_add(lint, lint_member(lint, node, "as"), LINT_VALUE, false, "choose another name",
                 "the name `%s` is given again: the event of line %zu loses it", step->publish.as,
                 before->line);
}

static void follow(struct course *course, const struct scenario_step *step)
{
    if (step->verb == VERB_PUBLISH)
        course->has_published = true;
    if (step->verb == VERB_DROP)
        course->is_slow = step->drop.how == DROP_SILENT;
    if (step->verb == VERB_ACCEPT)
        course->is_slow = false;
    if (step->verb == VERB_CLIENT && step->client.action == CLIENT_DO_SLOW)
        course->is_slow = true;
    if (step->verb == VERB_SET && step->set.has_resync) {
        course->is_held = step->set.resync == RESYNC_HOLD;
        course->has_hold |= course->is_held;
    }
}

void lint_steps(struct lint *lint)
{
    const struct scenario *scenario = lint->scenario;
    struct course course = {.slot_count = 2 * scenario->step_count + 1};
    course.slots = memory_alloc(course.slot_count, sizeof *course.slots);
    for (size_t i = 0; i < scenario->step_count; i++) {
        const struct scenario_step *step = &scenario->steps[i];
        if (step->verb == VERB_WAIT)
            lint_wait(lint, i, &course);
        if (step->verb == VERB_PUBLISH)
            lint_publish(lint, i, &course);
        if (step->verb == VERB_SETTLE && i > 0 && scenario->steps[i - 1].verb == VERB_SETTLE)
            lint_add(lint, lint->nodes[i], LINT_KEY, false, "take one of the two away",
                     "`settle` stands directly behind `settle`: there is nothing new to wait for");
        if (step->verb == VERB_RELEASE && !course.has_hold)
            lint_add(lint, lint->nodes[i], LINT_KEY, false,
                     "write { \"set\": { \"resync\": \"hold\" } } before the `accept`",
                     "`release` answers a held resync, but none is held");
        follow(&course, step);
    }
    free(course.slots);
}
