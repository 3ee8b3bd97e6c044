#include "sim/resemblance.h"

#include "core/memory.h"
#include "core/scenario_print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_USUAL_MS 10000.0

/* Fields whose value is a matter of taste. */
static bool is_free_name(const char *key)
{
    static const char *const keys[] = {"as", "again", "channel", "channels", "path", "token"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(keys[i], key) == 0)
            return true;
    }
    return false;
}

/* Everything in `small` is in `large`. Recursion is bounded by SCENARIO_DEPTH_MAX. */
static bool holds(const cJSON *large, const cJSON *small)
{
    if (cJSON_IsNumber(small))
        return cJSON_IsNumber(large);
    if (cJSON_IsString(small))
        return cJSON_IsString(large) && strcmp(large->valuestring, small->valuestring) == 0;
    if (!cJSON_IsObject(small))
        return cJSON_Compare(large, small, true);
    for (const cJSON *member = small->child; member; member = member->next) {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(large, member->string);
        if (!other || (!is_free_name(member->string) && !holds(other, member)))
            return false;
    }
    return true;
}

static bool step_holds(const cJSON *large, const cJSON *small)
{
    return strcmp(large->child->string, small->child->string) == 0 &&
           holds(large->child, small->child);
}

static void free_steps(cJSON **steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cJSON_Delete(steps[i]);
    free(steps);
}

/* How much is published, and how fast, is usual. */
static void remove_usual_fields(cJSON *fields)
{
    static const char *const keys[] = {"count", "size",  "every_ms", "type",
                                       "as",    "ms",    "how",      "reason",
                                       "code",  "level", "timeout_ms"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(fields, keys[i]);
}

static bool is_usual_verb(enum verb verb)
{
    return verb == VERB_ACCEPT || verb == VERB_PUBLISH || verb == VERB_DROP ||
           verb == VERB_CLOSE || verb == VERB_SETTLE || verb == VERB_SYNC ||
           verb == VERB_ADVANCE || verb == VERB_WAIT || verb == VERB_EXPECT;
}

/* A few seconds are usual: they do what `advance` does. */
static bool has_wrong_clock(const struct scenario *scenario)
{
    return fabs((double)scenario->server.clock_skew_ms) > CLOCK_USUAL_MS ||
           fabs(scenario_client_number(scenario, "clock_skew_ms", 0)) > CLOCK_USUAL_MS;
}

/* Of each step what is unusual about it, NULL if nothing is. */
static cJSON **list_unusual(const struct scenario *scenario)
{
    cJSON **steps = memory_alloc(scenario->step_count, sizeof *steps);
    for (size_t i = 0; i < scenario->step_count; i++) {
        steps[i] = scenario_print_step(&scenario->steps[i]);
        if (!is_usual_verb(scenario->steps[i].verb))
            continue;
        remove_usual_fields(steps[i]->child);
        if (steps[i]->child->child)
            continue;
        cJSON_Delete(steps[i]);
        steps[i] = NULL;
    }
    return steps;
}

size_t resemblance_count_unusual(const struct scenario *scenario)
{
    cJSON **steps = list_unusual(scenario);
    size_t count = has_wrong_clock(scenario);
    for (size_t i = 0; i < scenario->step_count; i++)
        count += steps[i] != NULL;
    free_steps(steps, scenario->step_count);
    return count;
}

bool resemblance_has_unusual(const struct scenario *large, const struct scenario *small)
{
    cJSON **large_steps = list_unusual(large), **small_steps = list_unusual(small);
    bool has_all = !has_wrong_clock(small) || has_wrong_clock(large);
    for (size_t i = 0; i < small->step_count && has_all; i++) {
        bool is_found = !small_steps[i];
        for (size_t j = 0; j < large->step_count && !is_found; j++)
            is_found = large_steps[j] && step_holds(large_steps[j], small_steps[i]);
        has_all = is_found;
    }
    free_steps(large_steps, large->step_count);
    free_steps(small_steps, small->step_count);
    return has_all;
}
