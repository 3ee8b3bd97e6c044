/* What the mutants proved: every policy of the reference client × every scenario, and what the
 * judge said of each. It is plain data with questions; the writers beside it turn it into text. */
#ifndef GAPCHECK_REPORT_KILL_MATRIX_H
#define GAPCHECK_REPORT_KILL_MATRIX_H

#include "core/buffer.h"
#include "core/judge.h"
#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KILL_MATRIX_JSON_FORMAT 1

/* What came of one mutant in one scenario. */
struct kill_cell {
    bool is_played;
    enum verdict verdict;
    uint64_t rules; /* bit r: a finding by enum rule r */
    uint64_t late;  /* bit r: the harness was too late to tell about it */
};

/* Where a mutant was played. Of BOTH the cells are those of the simulated world, and the samples
 * say what the live one came to. */
enum kill_world { KILL_WORLD_SIMULATED, KILL_WORLD_LIVE, KILL_WORLD_BOTH };

/* One policy; it borrows from core/client_policy's table. */
struct kill_mutant {
    const char *name, *rule, *sentence;
    enum kill_world world;
};

/* A pair that was played in both worlds, which must agree. */
struct kill_sample {
    size_t mutant, scenario;
    struct kill_cell simulated, live;
};

struct kill_matrix {
    struct kill_mutant *mutants; /* owned; the reference is one without a rule */
    size_t mutant_count;
    const char **scenarios; /* owned, the names are borrowed */
    size_t scenario_count;
    struct kill_cell *cells; /* owned; by mutant, then by scenario */
    struct kill_sample *samples; /* owned */
    size_t sample_count, sample_capacity_count;
    bool needs_all_killed;   /* not when a filter left scenarios out */
    bool needs_all_killing;  /* not when --policy left mutants out */
    bool is_interrupted;
    uint64_t seed;
    int64_t duration_ms;
    int exit; /* of kill_matrix_exit_code */
};

void kill_matrix_init(struct kill_matrix *matrix, size_t mutant_count, size_t scenario_count);
void kill_matrix_free(struct kill_matrix *matrix);

struct kill_cell kill_cell_of(const struct judgement *judgement);
struct kill_cell *kill_matrix_cell(const struct kill_matrix *matrix, size_t mutant,
                                   size_t scenario);
void kill_matrix_add_sample(struct kill_matrix *matrix, const struct kill_sample *sample);
const char *kill_world_name(enum kill_world world); /* "simulated", "live", "both" */
/* In all that the harness was not too late to tell. */
bool kill_sample_agrees(const struct kill_sample *sample);

bool kill_mutant_is_reference(const struct kill_mutant *mutant);

/* Whether the scenario finds the mutant out: by any rule, or by the one that it breaks. */
bool kill_matrix_kills(const struct kill_matrix *matrix, size_t mutant, size_t scenario);
bool kill_matrix_kills_by_rule(const struct kill_matrix *matrix, size_t mutant, size_t scenario);

/* How many scenarios kill the mutant, and how many mutants the scenario kills. */
size_t kill_matrix_killer_count(const struct kill_matrix *matrix, size_t mutant, bool by_rule);
size_t kill_matrix_kill_count(const struct kill_matrix *matrix, size_t scenario);

/* A scenario that no mutant could play (it needs what the reference lacks) proves nothing. */
bool kill_matrix_is_played(const struct kill_matrix *matrix, size_t scenario);

/* "C-3 C-7", appended; "nothing" where there is no rule. */
void kill_cell_append_rules(const struct kill_cell *cell, struct buffer *out);

/* Everything that keeps the proof from being whole, a sentence each; returns how many. `tell` may
 * be NULL. */
size_t kill_matrix_missing(const struct kill_matrix *matrix,
                           void (*tell)(void *user, const char *sentence), void *user);

/* 0: the proof is whole; 1: it is not; 3: interrupted. */
int kill_matrix_exit_code(const struct kill_matrix *matrix);

void report_kill_matrix(const struct kill_matrix *matrix, const struct report_style *style,
                        bool is_verbose, struct buffer *out);
void report_kill_matrix_json(const struct kill_matrix *matrix, struct buffer *out);

#endif
