/* Runs for the tests of the reports: made by hand, without a client. */
#ifndef GAPCHECK_REPORT_SAMPLE_RUN_H
#define GAPCHECK_REPORT_SAMPLE_RUN_H

#include "core/memory.h"
#include "report/run.h"

#include <string.h>

#define SAMPLE_EVIL "\033[31m<b>&\"' \x07 \xFF \xEF\xBF\xBE ]]> | `x`\nnext"

static inline char *sample_copy(const char *text)
{
    return memory_copy_text(text, strlen(text));
}

/* Adds a scenario with that verdict; the caller fills in what else it wants. */
static inline struct run_scenario *sample_add(struct run *run, const char *name,
                                              enum verdict verdict)
{
    size_t capacity_count = run->scenario_count;
    run->scenarios = memory_grow(run->scenarios, &capacity_count, run->scenario_count + 1,
                                 sizeof *run->scenarios);
    struct run_scenario *scenario = &run->scenarios[run->scenario_count++];
    struct run_origin origin = {name, "scenarios/some file.jsonc", "reference", 1, 1};
    struct judgement *judgement = memory_alloc(1, sizeof *judgement);
    judgement->verdict = verdict;
    judgement->duration_us = 61234;
    *scenario = (struct run_scenario){
        .name = sample_copy(name),
        .path = sample_copy(origin.path),
        .title = sample_copy("A title"),
        .transcript = run_transcript_path(name),
        .reproduce = run_reproduce_command(&origin),
        .judgement = judgement,
    };
    scenario->play_counts[verdict] = 1;
    return scenario;
}

static inline void sample_add_finding(struct run_scenario *scenario, enum rule rule,
                                      enum rule_level level, const char *message,
                                      const char *cause)
{
    struct judgement *judgement = scenario->judgement;
    judgement->findings =
        memory_grow(judgement->findings, &judgement->finding_capacity_count,
                    judgement->finding_count + 1, sizeof *judgement->findings);
    judgement->findings[judgement->finding_count++] = (struct finding){
        .rule = rule,
        .level = level,
        .message = sample_copy(message),
        .cause = cause ? sample_copy(cause) : NULL,
        .step = 7,
        .at_us = 44190,
    };
}

static inline void sample_add_missed(struct run_scenario *scenario, uint64_t marker,
                                     uint64_t count, enum rule rule)
{
    struct judgement *judgement = scenario->judgement;
    judgement->missed =
        memory_grow(judgement->missed, &judgement->missed_capacity_count,
                    judgement->missed_count + 1, sizeof *judgement->missed);
    judgement->missed[judgement->missed_count++] = (struct missed_range){marker, count, rule};
}

static inline void sample_add_tag(struct run_scenario *scenario, const char *tag)
{
    size_t capacity_count = scenario->tag_count;
    scenario->tags = memory_grow(scenario->tags, &capacity_count, scenario->tag_count + 1,
                                 sizeof *scenario->tags);
    scenario->tags[scenario->tag_count++] = sample_copy(tag);
}

/* As if the baseline listed all of its findings. */
static inline void sample_know(struct run_scenario *scenario, const char *reason)
{
    size_t count = scenario->judgement->finding_count;
    scenario->is_known = true;
    scenario->finding_is_known = memory_alloc(count, sizeof *scenario->finding_is_known);
    scenario->known_reasons = memory_alloc(count, sizeof *scenario->known_reasons);
    for (size_t i = 0; i < count; i++) {
        scenario->finding_is_known[i] = true;
        scenario->known_reasons[i] = sample_copy(reason);
    }
}

static inline void sample_add_fixed(struct run *run, size_t count)
{
    size_t capacity_count = run->fixed_count;
    run->fixed = memory_grow(run->fixed, &capacity_count, run->fixed_count + count,
                             sizeof *run->fixed);
    while (count-- > 0)
        run->fixed[run->fixed_count++] = sample_copy("C-5 in a/b no longer happens");
}

static inline struct run sample_run_empty(void)
{
    return (struct run){
        .client_name = sample_copy("@relaycast/sdk"),
        .client_version = sample_copy("6.0.2"),
        .client_command = sample_copy("relaycast@6.0.2"),
        .capabilities = {3},
        .seed = 1,
        .started_ms = INT64_C(1780308000412),
        .duration_ms = 4211,
    };
}

/* One of every verdict, with text of a hostile client. */
static inline struct run sample_run(void)
{
    struct run run = sample_run_empty();
    struct run_scenario *scenario = sample_add(&run, "resync/short-gap", VERDICT_PASS);
    scenario->judgement->published = scenario->judgement->owed = 5;
    scenario->judgement->dispatched = 5;
    scenario->judgement->rules[RULE_C1] = RULE_STATUS_PASS;

    scenario = sample_add(&run, "resync/ring-overflow[501]", VERDICT_FAIL);
    scenario->judgement->published = scenario->judgement->owed = 707;
    scenario->judgement->dispatched = 507;
    scenario->judgement->lost = 200;
    scenario->judgement->connections = 2;
    sample_add_missed(scenario, 7, 200, RULE_C5);
    sample_add_missed(scenario, 300, 1, RULE_COUNT);
    sample_add_tag(scenario, "overflow");
    sample_add_tag(scenario, SAMPLE_EVIL);
    scenario->judgement->rules[RULE_C1] = RULE_STATUS_PASS;
    scenario->judgement->rules[RULE_C5] = RULE_STATUS_FAIL;
    scenario->judgement->rules[RULE_C20] = RULE_STATUS_SKIP;
    sample_add_finding(scenario, RULE_C5, RULE_LEVEL_MUST, "200 of 707 events lost: gc-7 … gc-206",
                       "their rows were cut off");
    sample_add_finding(scenario, RULE_C20, RULE_LEVEL_SHOULD, SAMPLE_EVIL, NULL);

    scenario = sample_add(&run, "server/reset", VERDICT_WARN);
    scenario->dialect = DIALECT_NODE;
    scenario->judgement->rules[RULE_C21] = RULE_STATUS_WARN;
    sample_add_finding(scenario, RULE_C21, RULE_LEVEL_SHOULD, "did not notice the reset",
                       SAMPLE_EVIL);

    scenario = sample_add(&run, "throw", VERDICT_SKIP);
    scenario->judgement->reason = sample_copy("`client: throw` needs the capability throw");
    scenario = sample_add(&run, "dead", VERDICT_CLIENT_ERROR);
    scenario->judgement->reason = sample_copy(SAMPLE_EVIL);
    scenario = sample_add(&run, "port", VERDICT_ERROR);
    scenario->judgement->reason = sample_copy("no port is free");
    run.exit = run_exit_code(&run);
    return run;
}

#endif
