/* What is allowed in a scenario and still looks like a mistake: a title that says nothing, a rule
 * that the steps cannot reach, a wait where something would wait by itself, two scenarios that do
 * the same. Pure: loaded scenarios in, warnings out. */
#ifndef GAPCHECK_CORE_LINT_H
#define GAPCHECK_CORE_LINT_H

#include "core/scenario.h"

#define LINT_WARNINGS_MAX 100 /* of one file; the rest is not told */

struct lint_warning {
    const struct scenario *scenario; /* borrowed; the first of the file: its path and text */
    struct error error;
};

struct lint_report {
    struct lint_warning *items; /* owned; in the order of the files, and of their lines */
    size_t count;
    size_t capacity_count;
};

/* `set` holds all scenarios of each file, one after the other, as scenario_load adds them. */
void lint_scenarios(const struct scenario_set *set, struct lint_report *report);
void lint_report_free(struct lint_report *report);

#endif
