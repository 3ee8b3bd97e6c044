#include "sim/shrink.h"

#include "core/buffer.h"
#include "core/judge.h"
#include "core/memory.h"
#include "core/number.h"
#include "core/scenario_print.h"
#include "core/text.h"
#include "sim/shrink_changes.h"
#include "sim/shrink_faults.h"
#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

#define HARMLESS_RULE RULE_C7 /* comes up with every event */
#define ROUNDS_MAX    24      /* of one pass, before the others have their turn */
#define TOGETHER_MAX  16      /* ways to put the good changes of a round together */
#define LOOKS_MAX     6       /* candidates of one batch that are looked at more closely */

struct candidate {
    const struct shrink_change **changes; /* owned; the changes are the list's */
    size_t change_count;
    cJSON *document;           /* owned, as is the next */
    struct scenario *scenario; /* NULL: it cannot be played, or was asked for before */
    int grade;
};

struct shrink {
    const struct shrink_oracle *oracle;
    const struct shrink_limits *limits;
    struct shrink_result *result;
    bool must_suit_reference;
    bool must_mend;            /* a candidate has fewer faults */
    size_t fault_count;        /* of the smallest so far */
    const char *path;
    cJSON *document;           /* of the smallest so far; owned, as is the next */
    struct scenario *scenario; /* the same, loaded */
    int grade;
    uint64_t *seen;            /* hashes of what was asked for; owned */
    size_t seen_count, seen_capacity_count;
};

/* ---- scenarios ---- */

bool shrink_suits_reference(const struct scenario *scenario)
{
    static const struct client_policy reference;
    struct transcript *transcript = sim_play(scenario, &reference, 1);
    struct judgement *judgement = judge_transcript(transcript, scenario);
    bool is_suitable = judgement->verdict == VERDICT_PASS;
    judgement_free(judgement);
    transcript_free(transcript);
    return is_suitable;
}

static size_t count_faults(const struct shrink *shrink, struct scenario *scenario)
{
    return shrink_faults_count(scenario) +
           (shrink->limits->is_careful ? shrink_faults_count_moments(scenario) : 0);
}

static void set_rule(cJSON *document, enum rule rule)
{
    cJSON *rules = cJSON_CreateArray();
    cJSON_AddItemToArray(rules, cJSON_CreateString(rule_info(rule)->id));
    cJSON_ReplaceItemInObjectCaseSensitive(document, "rules", rules);
}

/* The file of the scenario as JSON. */
static cJSON *make_document(const struct scenario *scenario)
{
    cJSON *document = scenario_print_top(scenario);
    cJSON *steps = cJSON_CreateArray();
    for (size_t i = 0; i < scenario->step_count; i++)
        cJSON_AddItemToArray(steps, scenario_print_step(&scenario->steps[i]));
    cJSON_AddItemToObject(document, "steps", steps);
    return document;
}

/* NULL if the document is no scenario (a name that nothing gives any more, no step at all). */
static struct scenario *load(const struct shrink *shrink, const char *text)
{
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    bool is_loaded =
        scenario_load(text, strlen(text), shrink->path, shrink->path, &set, &errors);
    struct scenario *scenario = is_loaded ? set.items[0] : NULL;
    free(set.items);
    error_list_free(&errors);
    return scenario;
}

static bool is_seen(struct shrink *shrink, const char *text)
{
    uint64_t hash = text_hash(text, strlen(text));
    for (size_t i = 0; i < shrink->seen_count; i++) {
        if (shrink->seen[i] == hash)
            return true;
    }
    shrink->seen = memory_grow(shrink->seen, &shrink->seen_capacity_count, shrink->seen_count + 1,
                               sizeof *shrink->seen);
    shrink->seen[shrink->seen_count++] = hash;
    return false;
}

/* ---- candidates ---- */

static void free_candidates(struct candidate *candidates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(candidates[i].changes);
        cJSON_Delete(candidates[i].document);
        scenario_free(candidates[i].scenario);
    }
}

static bool is_fair(const struct shrink *shrink, struct scenario *scenario)
{
    return count_faults(shrink, scenario) + shrink->must_mend <= shrink->fault_count &&
           (!shrink->must_suit_reference || shrink_suits_reference(scenario));
}

/* Of `count` changes; false if there is nothing new to ask for. */
static bool make_candidate(struct shrink *shrink, const struct shrink_change *const *changes,
                           size_t count, struct candidate *candidate)
{
    *candidate = (struct candidate){.change_count = count};
    candidate->document = shrink_changes_apply(shrink->document, changes, count);
    char *text = number_print_tree(candidate->document); /* every digit: the rest must stay */
    if (!is_seen(shrink, text))
        candidate->scenario = load(shrink, text);
    free(text);
    if (candidate->scenario && !is_fair(shrink, candidate->scenario)) {
        scenario_free(candidate->scenario);
        candidate->scenario = NULL;
    }
    if (!candidate->scenario) {
        cJSON_Delete(candidate->document);
        return false;
    }
    candidate->changes = memory_alloc(count, sizeof *candidate->changes);
    memcpy(candidate->changes, changes, count * sizeof *changes);
    return true;
}

/* Asks for all of them. False if nothing can be asked any more. */
static bool ask(struct shrink *shrink, struct candidate *candidates, size_t count)
{
    const struct scenario **scenarios = memory_alloc(count, sizeof *scenarios);
    int *grades = memory_alloc(count, sizeof *grades);
    for (size_t i = 0; i < count; i++)
        scenarios[i] = candidates[i].scenario;
    bool is_answered = shrink->oracle->ask(shrink->oracle->user, scenarios, count, grades);
    for (size_t i = 0; is_answered && i < count; i++)
        candidates[i].grade = grades[i];
    shrink->result->asked_count += count;
    shrink->result->call_count++;
    if (!is_answered)
        shrink->result->end = SHRINK_END_STOPPED;
    else if (shrink->result->asked_count >= shrink->limits->asked_max)
        shrink->result->end = SHRINK_END_LIMIT;
    free(scenarios);
    free(grades);
    return is_answered;
}

static bool is_over(const struct shrink *shrink)
{
    return shrink->result->end != SHRINK_END_SMALLEST;
}

static bool is_good(const struct shrink *shrink, const struct candidate *candidate)
{
    return candidate->grade > 0 && candidate->grade >= shrink->grade;
}

/* Takes it from the candidate. */
static void adopt(struct shrink *shrink, struct candidate *candidate)
{
    cJSON_Delete(shrink->document);
    scenario_free(shrink->scenario);
    shrink->document = candidate->document;
    shrink->scenario = candidate->scenario;
    shrink->grade = candidate->grade;
    shrink->fault_count = count_faults(shrink, shrink->scenario);
    candidate->document = NULL;
    candidate->scenario = NULL;
    if (shrink->oracle->on_step)
        shrink->oracle->on_step(shrink->oracle->user, shrink->scenario->step_count);
}

/* Adopts the first good one that a closer look confirms; so many looks at most. */
static bool adopt_first(struct shrink *shrink, struct candidate *candidates, size_t count)
{
    size_t look_count = 0;
    for (size_t i = 0; i < count && look_count < LOOKS_MAX; i++) {
        struct candidate *candidate = &candidates[i];
        if (!is_good(shrink, candidate))
            continue;
        look_count++;
        if (shrink->oracle->look &&
            !shrink->oracle->look(shrink->oracle->user, candidate->scenario, &candidate->grade)) {
            shrink->result->end = SHRINK_END_STOPPED;
            return false;
        }
        if (!is_good(shrink, candidate))
            continue;
        adopt(shrink, candidate);
        return true;
    }
    return false;
}

/* ---- one round: each change alone, then as many of the good ones as go together ---- */

/* All good changes at once, the first half of them, a quarter, …; the first alone is known. */
static bool try_together(struct shrink *shrink, const struct shrink_change *const *changes,
                         size_t count)
{
    struct candidate candidates[TOGETHER_MAX];
    size_t candidate_count = 0;
    for (size_t part = count; part > 1 && candidate_count < TOGETHER_MAX; part /= 2) {
        candidate_count +=
            make_candidate(shrink, changes, part, &candidates[candidate_count]);
    }
    bool is_adopted = candidate_count > 0 && ask(shrink, candidates, candidate_count) &&
                      adopt_first(shrink, candidates, candidate_count);
    free_candidates(candidates, candidate_count);
    return is_adopted;
}

/* True if something was taken away. */
static bool take_best(struct shrink *shrink, struct candidate *candidates, size_t count)
{
    const struct shrink_change **good = memory_alloc(count, sizeof *good);
    size_t good_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_good(shrink, &candidates[i]) &&
            !shrink_change_is_covered(candidates[i].changes[0], good, good_count))
            good[good_count++] = candidates[i].changes[0];
    }
    bool is_adopted = (good_count > 1 && !is_over(shrink) &&
                       try_together(shrink, good, good_count)) ||
                      adopt_first(shrink, candidates, count);
    free(good);
    return is_adopted;
}

/* Goes through the changes of one pass, a batch at a time, up to the first batch that helps. */
static bool play_round(struct shrink *shrink, enum shrink_pass pass)
{
    struct shrink_changes changes;
    size_t batch_count = shrink->limits->batch_count;
    struct candidate *candidates = memory_alloc(batch_count, sizeof *candidates);
    shrink_changes_list(shrink->document, pass, &changes);
    bool is_smaller = false;
    for (size_t next = 0; next < changes.count && !is_smaller && !is_over(shrink);) {
        size_t count = 0;
        for (; next < changes.count && count < batch_count; next++) {
            const struct shrink_change *change = &changes.items[next];
            count += make_candidate(shrink, &change, 1, &candidates[count]);
        }
        if (count > 0 && ask(shrink, candidates, count))
            is_smaller = take_best(shrink, candidates, count);
        free_candidates(candidates, count);
    }
    shrink_changes_free(&changes);
    free(candidates);
    return is_smaller;
}

/* Takes away what hangs on the moment; the scenario may get longer. */
static void mend(struct shrink *shrink, enum shrink_pass pass)
{
    shrink->must_mend = true;
    while (shrink->fault_count > 0 && !is_over(shrink) && play_round(shrink, pass))
        continue;
    shrink->must_mend = false;
}

/* Loads the document with `rule` shown: false if not even the reference passes it so. */
static bool begin_with(struct shrink *shrink, enum rule rule)
{
    set_rule(shrink->document, rule);
    char *text = number_print_tree(shrink->document);
    scenario_free(shrink->scenario);
    shrink->scenario = load(shrink, text);
    is_seen(shrink, text);
    free(text);
    shrink->must_suit_reference = shrink->scenario && shrink_suits_reference(shrink->scenario);
    return shrink->must_suit_reference;
}

void shrink(const struct scenario *scenario, enum rule rule, int grade,
            const struct shrink_oracle *oracle, const struct shrink_limits *limits,
            struct shrink_result *result)
{
    *result = (struct shrink_result){.end = SHRINK_END_SMALLEST};
    struct shrink shrink = {.oracle = oracle,
                            .limits = limits,
                            .result = result,
                            .path = scenario->path,
                            .document = make_document(scenario),
                            .grade = grade};
    if (rule == RULE_STEP || !begin_with(&shrink, rule))
        begin_with(&shrink, HARMLESS_RULE);
    bool is_smaller = shrink.scenario != NULL;
    if (is_smaller) {
        shrink.fault_count = count_faults(&shrink, shrink.scenario);
        mend(&shrink, SHRINK_PASS_CLOCKS);
        if (limits->is_careful)
            mend(&shrink, SHRINK_PASS_MOMENTS);
    }
    while (is_smaller && !is_over(&shrink)) {
        is_smaller = false;
        for (int pass = 0; pass < SHRINK_PASS_COUNT; pass++) {
            int rounds = 0;
            while (!is_over(&shrink) && rounds++ < ROUNDS_MAX &&
                   play_round(&shrink, (enum shrink_pass)pass))
                is_smaller = true;
        }
    }
    result->scenario = shrink.scenario;
    cJSON_Delete(shrink.document);
    free(shrink.seen);
}
