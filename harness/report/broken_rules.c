#include "report/broken_rules.h"

#include <stdlib.h>

static uint64_t weight_of(const struct run_scenario *scenario, const struct finding *finding)
{
    const struct judgement *judgement = scenario->judgement;
    bool is_first = finding == judgement->findings;
    return is_first ? 1 + judgement->lost + judgement->duplicated : 0;
}

static void note_finding(struct broken_rule *row, const struct run_scenario *scenario,
                         const struct finding *finding, const struct run_scenario **newest)
{
    if (*newest == scenario) /* the first of a scenario is its worst */
        return;
    *newest = scenario;
    row->scenario_count++;
    if (row->worst && weight_of(row->worst, row->finding) >= weight_of(scenario, finding))
        return;
    row->worst = scenario;
    row->finding = finding;
}

/* The place of a rule and a level among the rows, before those of no finding are taken out. */
static size_t place_of(const struct finding *finding)
{
    return (size_t)finding->rule + (finding->level == RULE_LEVEL_MUST ? 0 : RULE_COUNT);
}

static void close_gaps(struct broken_rules *broken)
{
    for (size_t place = 0; place < 2 * RULE_COUNT; place++) {
        struct broken_rule row = broken->rows[place];
        if (row.scenario_count == 0)
            continue;
        row.rule = row.finding->rule;
        row.level = row.finding->level;
        broken->rows[broken->row_count++] = row;
    }
}

static int compare_rows(const void *left, const void *right)
{
    const struct broken_rule *a = left, *b = right;
    if (a->level != b->level)
        return a->level < b->level ? -1 : 1;
    if (a->scenario_count != b->scenario_count)
        return a->scenario_count > b->scenario_count ? -1 : 1;
    return (int)a->rule - (int)b->rule;
}

struct broken_rules broken_rules_find(const struct run *run)
{
    struct broken_rules broken = {0};
    const struct run_scenario *newest[2 * RULE_COUNT] = {NULL};
    for (size_t i = 0; i < run->scenario_count; i++) {
        const struct run_scenario *scenario = &run->scenarios[i];
        bool breaks_any = false;
        for (size_t j = 0; j < scenario->judgement->finding_count; j++) {
            const struct finding *finding = &scenario->judgement->findings[j];
            if (run_known_reason(scenario, j))
                continue;
            size_t place = place_of(finding);
            note_finding(&broken.rows[place], scenario, finding, &newest[place]);
            breaks_any = true;
        }
        broken.scenario_count += breaks_any;
    }
    close_gaps(&broken);
    qsort(broken.rows, broken.row_count, sizeof broken.rows[0], compare_rows);
    return broken;
}
