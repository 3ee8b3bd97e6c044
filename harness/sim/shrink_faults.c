#include "sim/shrink_faults.h"

#include "core/lint.h"
#include "core/scenario_fields.h"

#include <math.h>
#include <stdlib.h>

#define STEADY_MS_MIN 2000

/* Steps that read as if nothing were connected there. */
static size_t count_blind_steps(const struct scenario *scenario)
{
    size_t count = 0;
    bool is_open = false;
    for (size_t i = 0; i < scenario->step_count; i++) {
        enum verb verb = scenario->steps[i].verb;
        if (verb == VERB_ACCEPT)
            is_open = true;
        else if (verb == VERB_DROP || verb == VERB_CLOSE || verb == VERB_RESTART)
            is_open = false;
        else if (verb == VERB_SETTLE || verb == VERB_SYNC || verb == VERB_CLIENT)
            count += !is_open;
    }
    return count;
}

bool shrink_faults_may_replay_rows(const struct scenario *scenario)
{
    const struct scenario_field *ring = scenario_field_find(
        scenario_field_find(scenario_object_top(), "server")->object, "ring");
    return scenario->server.ring != strtoll(ring->fallback, NULL, 10);
}

bool shrink_faults_is_steady(double ms)
{
    return ms == 0 || (fabs(ms) >= STEADY_MS_MIN && fmod(ms, 1000) == 0);
}

static size_t count_clocks(const struct scenario *scenario)
{
    size_t count = !scenario->server.clock_freeze;
    count += !shrink_faults_is_steady((double)scenario->server.clock_skew_ms);
    for (size_t i = 0; i < scenario->step_count; i++) {
        const struct scenario_step *step = &scenario->steps[i];
        count += step->verb == VERB_ADVANCE && !shrink_faults_is_steady((double)step->advance.ms);
    }
    return count;
}

size_t shrink_faults_count(struct scenario *scenario)
{
    const struct scenario_set set = {.items = &scenario, .count = 1};
    struct lint_report report;
    lint_scenarios(&set, &report);
    size_t count = report.count + count_blind_steps(scenario);
    if (shrink_faults_may_replay_rows(scenario))
        count += count_clocks(scenario);
    lint_report_free(&report);
    return count;
}

/* ---- the moment ---- */

enum shrink_moment shrink_walk_to(struct shrink_walk *walk, enum verb verb)
{
    bool is_sent = verb == VERB_PUBLISH || verb == VERB_SEND;
    bool is_end = verb == VERB_DROP || verb == VERB_CLOSE || verb == VERB_RESTART;
    enum shrink_moment moment = SHRINK_MOMENT_NONE;
    if (is_end && walk->is_open && !walk->is_settled)
        moment = SHRINK_MOMENT_UNSETTLED_END;
    else if (is_sent && walk->is_open && walk->is_racing)
        moment = SHRINK_MOMENT_RACING_EVENT;
    if (verb == VERB_ACCEPT || (verb == VERB_SETTLE && !walk->is_open)) {
        walk->is_open = true;
        walk->is_racing = walk->connection_count++ > 0 && verb == VERB_ACCEPT;
    }
    if (verb == VERB_SETTLE || verb == VERB_SYNC || verb == VERB_EXPECT)
        walk->is_racing = false;
    if (verb == VERB_SETTLE)
        walk->is_settled = true;
    else if (verb == VERB_ACCEPT || is_sent)
        walk->is_settled = false;
    if (is_end)
        walk->is_open = false;
    return moment;
}

size_t shrink_faults_count_moments(const struct scenario *scenario)
{
    struct shrink_walk walk = {0};
    size_t count = 0;
    for (size_t i = 0; i < scenario->step_count; i++)
        count += shrink_walk_to(&walk, scenario->steps[i].verb) != SHRINK_MOMENT_NONE;
    return count;
}
