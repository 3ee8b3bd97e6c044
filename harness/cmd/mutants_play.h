/* Plays every mutant through every scenario in the simulated world, and live too: a sample of the
 * mutants of behaviour, and each mutant of the wire in what kills it. */
#ifndef GAPCHECK_CMD_MUTANTS_PLAY_H
#define GAPCHECK_CMD_MUTANTS_PLAY_H

#include "core/scenario.h"
#include "report/kill_matrix.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum mutants_worlds {
    MUTANTS_WORLDS_BOTH,      /* all simulated, and a sample live too */
    MUTANTS_WORLDS_SIMULATED, /* nothing live: no sockets, no processes */
    MUTANTS_WORLDS_LIVE,
};

struct mutants_play {
    const struct scenario_set *set; /* borrowed, as is all here */
    enum mutants_worlds worlds;
    bool is_fast; /* plays heavy scenarios only as often as the proof needs */
    const char *executable; /* gapcheck itself, for the live world */
    uint64_t seed;
    size_t job_count;       /* scenarios at once in the live world; 0: as many as helps */
    double timeout_scale;
    FILE *client_log;
    /* A mutant's turn has come; or, with no name, so many live plays are done. */
    void (*on_progress)(void *user, const char *mutant, size_t done_count, size_t total_count);
    void *user;
};

/* Fills the cells and samples of a matrix that has its mutants. */
void mutants_play(const struct mutants_play *play, struct kill_matrix *matrix);

#endif
