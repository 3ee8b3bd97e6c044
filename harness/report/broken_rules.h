/* A run summed up by rule: which were broken, in how many scenarios, and the worst of these. What
 * the baseline lists is left out. */
#ifndef GAPCHECK_REPORT_BROKEN_RULES_H
#define GAPCHECK_REPORT_BROKEN_RULES_H

#include "report/run.h"

/* Of the scenarios that break the rule before any other, the one in which most was lost or repeated
 * is the worst. Borrows from the run. */
struct broken_rule {
    enum rule rule;
    enum rule_level level;
    size_t scenario_count;
    const struct run_scenario *worst;
    const struct finding *finding; /* of the worst */
};

struct broken_rules {
    struct broken_rule rows[2 * RULE_COUNT]; /* MUST before SHOULD, then by scenario_count */
    size_t row_count;
    size_t scenario_count; /* that break any of them */
};

struct broken_rules broken_rules_find(const struct run *run);

#endif
