/* What a run of scenarios against one client came to: the one thing that every report is made
 * from. It is plain data; the writers beside this file turn it into text. */
#ifndef GAPCHECK_REPORT_RUN_H
#define GAPCHECK_REPORT_RUN_H

#include "core/judge.h"
#include "core/scenario.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place in a scenario file, from 1; all 0: none. */
struct run_place {
    size_t line, column;
};

struct run_scenario {
    char *name;           /* of the scenario; owned, as is all below */
    char *path;           /* of its file, as it was given */
    char *title, *why;    /* why: NULL where it says none */
    char **tags;
    size_t tag_count;
    enum dialect dialect; /* the stream that its client speaks */
    char *transcript;     /* relative to the report's folder; NULL: it was not played */
    char *reproduce;      /* one shell command */
    struct judgement *judgement;
    struct run_place *finding_places; /* of the steps, one for each finding; NULL: not known */
    bool is_known;        /* every failure of it is in the baseline */
    bool *finding_is_known; /* one for each finding; NULL: none is */
    char **known_reasons; /* the same: why it is put up with, NULL where it is not known */
    size_t play_counts[VERDICT_COUNT]; /* how often each verdict came out (--repeat) */
};

struct run_summary {
    size_t scenario_count;
    size_t verdict_counts[VERDICT_COUNT];
    size_t known_count; /* findings in the baseline */
    size_t fixed_count; /* baseline entries that no longer happen */
    size_t flaky_count; /* scenarios whose plays had different verdicts */
};

struct run {
    char *client_name, *client_version, *client_command;
    struct driver_capabilities capabilities;
    uint64_t seed;
    int64_t started_ms;  /* since 1970 */
    int64_t duration_ms;
    size_t shard_index;  /* from 1 */
    size_t shard_count;  /* 0 or 1: it is no part of a run on several machines */
    bool is_strict;      /* SHOULD counts for exit 1 */
    bool is_interrupted;
    bool is_campaign;    /* its scenarios are what a search found: none is as expected */
    bool is_inconclusive; /* something beside the verdicts failed; it was told when it happened */
    struct run_scenario *scenarios;
    size_t scenario_count;
    size_t unplayed_count; /* scenarios that an interrupt or --fail-fast left out */
    size_t again_count;    /* scenarios played again since the machine was busy; not in a file */
    size_t fixed_count;    /* baseline entries that no longer happen */
    char **fixed;          /* owned: a sentence for each of them */
    int exit;              /* of run_exit_code */
};

enum run_exit {
    RUN_EXIT_EXPECTED = 0,
    RUN_EXIT_BROKEN = 1,       /* a client broke a rule that the baseline does not list */
    RUN_EXIT_USAGE = 2,
    RUN_EXIT_INCONCLUSIVE = 3,
    RUN_EXIT_FIXED = 4,        /* the baseline lists a failure that no longer happens */
};

struct run_summary run_summarize(const struct run *run);

/* "agent" or "node". */
const char *run_dialect_name(enum dialect dialect);

/* Whether its plays had different verdicts. */
bool run_scenario_is_flaky(const struct run_scenario *scenario);

/* Where its step stands in the scenario file. */
struct run_place run_finding_place(const struct run_scenario *scenario, size_t finding);

/* Why the finding is put up with; NULL if it is not known. */
const char *run_known_reason(const struct run_scenario *scenario, size_t finding);

/* What it takes to play a scenario again. */
struct run_origin {
    const char *name, *path, *client;
    uint64_t seed;
    double timeout_scale;
    const char *program; /* what starts gapcheck; NULL: ./gapcheck */
};

/* One shell command, owned by the caller. */
char *run_reproduce_command(const struct run_origin *origin);

/* Where the transcript of a scenario lies in the report's folder; owned by the caller. */
char *run_transcript_path(const char *scenario_name);

/* The first that applies in the order 2, 3, 1, 4; 2 is never the result here. */
enum run_exit run_exit_code(const struct run *run);

/* The one of two that wins in that order. */
enum run_exit run_exit_worst(enum run_exit left, enum run_exit right);

void run_scenario_free(struct run_scenario *scenario);
void run_free(struct run *run);

#endif
