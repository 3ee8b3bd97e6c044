#include "report/kill_matrix.h"

#include "core/memory.h"
#include "report/run.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(RULE_COUNT <= 64, "kill_cell.rules has a bit for every rule");

void kill_matrix_init(struct kill_matrix *matrix, size_t mutant_count, size_t scenario_count)
{
    *matrix = (struct kill_matrix){
        .mutants = memory_alloc(mutant_count, sizeof *matrix->mutants),
        .mutant_count = mutant_count,
        .scenarios = memory_alloc(scenario_count, sizeof *matrix->scenarios),
        .scenario_count = scenario_count,
        .cells = memory_alloc(mutant_count * scenario_count, sizeof *matrix->cells),
        .needs_all_killed = true,
        .needs_all_killing = true,
    };
}

void kill_matrix_free(struct kill_matrix *matrix)
{
    free(matrix->mutants);
    free(matrix->scenarios);
    free(matrix->cells);
    free(matrix->samples);
    *matrix = (struct kill_matrix){0};
}

struct kill_cell kill_cell_of(const struct judgement *judgement)
{
    struct kill_cell cell = {.is_played = true, .verdict = judgement->verdict};
    for (size_t i = 0; i < judgement->finding_count; i++)
        cell.rules |= UINT64_C(1) << judgement->findings[i].rule;
    for (int i = 0; i < RULE_COUNT; i++)
        if (judgement->rules[i] == RULE_STATUS_INCONCLUSIVE)
            cell.late |= UINT64_C(1) << i;
    return cell;
}

struct kill_cell *kill_matrix_cell(const struct kill_matrix *matrix, size_t mutant,
                                   size_t scenario)
{
    return &matrix->cells[mutant * matrix->scenario_count + scenario];
}

void kill_matrix_add_sample(struct kill_matrix *matrix, const struct kill_sample *sample)
{
    matrix->samples = memory_grow(matrix->samples, &matrix->sample_capacity_count,
                                  matrix->sample_count + 1, sizeof *matrix->samples);
    matrix->samples[matrix->sample_count++] = *sample;
}

const char *kill_world_name(enum kill_world world)
{
    switch (world) {
    case KILL_WORLD_SIMULATED:
        return "simulated";
    case KILL_WORLD_LIVE:
        return "live";
    case KILL_WORLD_BOTH:
        return "both";
    }
    return "";
}

bool kill_sample_agrees(const struct kill_sample *sample)
{
    uint64_t differing = sample->simulated.rules ^ sample->live.rules;
    bool is_verdict_equal = sample->simulated.verdict == sample->live.verdict;
    return sample->live.is_played && (differing & ~sample->live.late) == 0 &&
           (is_verdict_equal || differing != 0);
}

/* ---- questions ---- */

bool kill_mutant_is_reference(const struct kill_mutant *mutant)
{
    return mutant->rule[0] == '\0';
}

static bool is_killed(const struct kill_cell *cell)
{
    return cell->is_played && (cell->verdict == VERDICT_FAIL || cell->verdict == VERDICT_WARN);
}

bool kill_matrix_kills(const struct kill_matrix *matrix, size_t mutant, size_t scenario)
{
    return !kill_mutant_is_reference(&matrix->mutants[mutant]) &&
           is_killed(kill_matrix_cell(matrix, mutant, scenario));
}

bool kill_matrix_kills_by_rule(const struct kill_matrix *matrix, size_t mutant, size_t scenario)
{
    const struct kill_cell *cell = kill_matrix_cell(matrix, mutant, scenario);
    enum rule rule = rule_find(span_of(matrix->mutants[mutant].rule));
    return rule < RULE_COUNT && is_killed(cell) && (cell->rules >> rule & 1) != 0;
}

size_t kill_matrix_killer_count(const struct kill_matrix *matrix, size_t mutant, bool by_rule)
{
    size_t count = 0;
    for (size_t i = 0; i < matrix->scenario_count; i++)
        count += by_rule ? kill_matrix_kills_by_rule(matrix, mutant, i)
                         : kill_matrix_kills(matrix, mutant, i);
    return count;
}

size_t kill_matrix_kill_count(const struct kill_matrix *matrix, size_t scenario)
{
    size_t count = 0;
    for (size_t i = 0; i < matrix->mutant_count; i++)
        count += kill_matrix_kills(matrix, i, scenario);
    return count;
}

bool kill_matrix_is_played(const struct kill_matrix *matrix, size_t scenario)
{
    for (size_t i = 0; i < matrix->mutant_count; i++) {
        const struct kill_cell *cell = kill_matrix_cell(matrix, i, scenario);
        if (cell->is_played && cell->verdict != VERDICT_SKIP)
            return true;
    }
    return false;
}

void kill_cell_append_rules(const struct kill_cell *cell, struct buffer *out)
{
    const char *separator = "";
    for (int i = 0; i < RULE_COUNT; i++) {
        if ((cell->rules >> i & 1) == 0)
            continue;
        buffer_printf(out, "%s%s", separator, rule_info((enum rule)i)->id);
        separator = " ";
    }
    if (cell->rules == 0)
        buffer_append_text(out, "nothing");
}

/* ---- what is missing ---- */

struct teller {
    void (*tell)(void *user, const char *sentence);
    void *user;
    size_t count;
    struct buffer sentence;
};

static void finish_sentence(struct teller *teller)
{
    teller->count++;
    if (teller->tell)
        teller->tell(teller->user, buffer_text(&teller->sentence));
    buffer_clear(&teller->sentence);
}

static void check_reference(const struct kill_matrix *matrix, size_t mutant, struct teller *teller)
{
    for (size_t i = 0; i < matrix->scenario_count; i++) {
        const struct kill_cell *cell = kill_matrix_cell(matrix, mutant, i);
        if (!cell->is_played || cell->verdict == VERDICT_PASS || cell->verdict == VERDICT_SKIP)
            continue;
        buffer_printf(&teller->sentence, "the reference does not pass %s: %s, by ",
                      matrix->scenarios[i], verdict_name(cell->verdict));
        kill_cell_append_rules(cell, &teller->sentence);
        finish_sentence(teller);
    }
}

/* The first scenario that kills it, if only by another rule. */
static size_t find_killer(const struct kill_matrix *matrix, size_t mutant)
{
    size_t scenario = 0;
    while (scenario < matrix->scenario_count && !kill_matrix_kills(matrix, mutant, scenario))
        scenario++;
    return scenario;
}

static void check_mutant(const struct kill_matrix *matrix, size_t mutant, struct teller *teller)
{
    const struct kill_mutant *info = &matrix->mutants[mutant];
    if (kill_matrix_killer_count(matrix, mutant, true) > 0)
        return;
    size_t killer = find_killer(matrix, mutant);
    buffer_printf(&teller->sentence, "no scenario kills %s by %s (it %s)", info->name, info->rule,
                  info->sentence);
    if (killer < matrix->scenario_count) {
        buffer_printf(&teller->sentence, "; only by another rule, as in %s: ",
                      matrix->scenarios[killer]);
        kill_cell_append_rules(kill_matrix_cell(matrix, mutant, killer), &teller->sentence);
    }
    finish_sentence(teller);
}

/* A mutant that the harness could not judge proves nothing either way. */
static void check_trouble(const struct kill_matrix *matrix, size_t mutant, struct teller *teller)
{
    for (size_t i = 0; i < matrix->scenario_count; i++) {
        const struct kill_cell *cell = kill_matrix_cell(matrix, mutant, i);
        if (!cell->is_played || cell->verdict != VERDICT_CLIENT_ERROR)
            continue;
        buffer_printf(&teller->sentence, "%s could not be played in %s: client-error",
                      matrix->mutants[mutant].name, matrix->scenarios[i]);
        finish_sentence(teller);
    }
}

static void check_sample(const struct kill_matrix *matrix, const struct kill_sample *sample,
                         struct teller *teller)
{
    if (kill_sample_agrees(sample))
        return;
    buffer_printf(&teller->sentence, "%s in %s: the worlds disagree: simulated %s by ",
                  matrix->mutants[sample->mutant].name, matrix->scenarios[sample->scenario],
                  verdict_name(sample->simulated.verdict));
    kill_cell_append_rules(&sample->simulated, &teller->sentence);
    buffer_append_text(&teller->sentence, ", live ");
    if (sample->live.is_played) {
        buffer_printf(&teller->sentence, "%s by ", verdict_name(sample->live.verdict));
        kill_cell_append_rules(&sample->live, &teller->sentence);
    } else {
        buffer_append_text(&teller->sentence, "not played");
    }
    finish_sentence(teller);
}

size_t kill_matrix_missing(const struct kill_matrix *matrix,
                           void (*tell)(void *user, const char *sentence), void *user)
{
    struct teller teller = {.tell = tell, .user = user};
    buffer_init(&teller.sentence, BUFFER_NO_LIMIT);
    for (size_t i = 0; i < matrix->mutant_count; i++) {
        if (kill_mutant_is_reference(&matrix->mutants[i])) {
            check_reference(matrix, i, &teller);
            continue;
        }
        check_trouble(matrix, i, &teller);
        if (matrix->needs_all_killed)
            check_mutant(matrix, i, &teller);
    }
    for (size_t i = 0; i < matrix->scenario_count && matrix->needs_all_killing; i++) {
        if (!kill_matrix_is_played(matrix, i) || kill_matrix_kill_count(matrix, i) > 0)
            continue;
        buffer_printf(&teller.sentence, "%s kills no mutant", matrix->scenarios[i]);
        finish_sentence(&teller);
    }
    for (size_t i = 0; i < matrix->sample_count; i++)
        check_sample(matrix, &matrix->samples[i], &teller);
    buffer_free(&teller.sentence);
    return teller.count;
}

int kill_matrix_exit_code(const struct kill_matrix *matrix)
{
    if (matrix->is_interrupted)
        return RUN_EXIT_INCONCLUSIVE;
    return kill_matrix_missing(matrix, NULL, NULL) > 0 ? RUN_EXIT_BROKEN : RUN_EXIT_EXPECTED;
}
