/* Plays scenarios live, judges each as soon as it is done, writes its transcript and forgets it:
 * what stays in memory is what the reports need. */
#ifndef GAPCHECK_CMD_PLAY_H
#define GAPCHECK_CMD_PLAY_H

#include "cmd/baseline_file.h"
#include "cmd/client.h"
#include "cmd/options.h"
#include "cmd/progress.h"
#include "cmd/report_folder.h"
#include "core/scenario.h"
#include "report/run.h"

#include <stdbool.h>

/* What is known of the clients; the one that plays takes the first that is for it. */
struct play_baselines {
    struct baseline_file *files; /* borrowed */
    size_t count;
    bool must_fit; /* if there is one, for no other client than this */
};

struct play {
    const struct options *options;      /* borrowed, as is all here */
    const struct client_choice *client;
    const struct scenario_set *set;
    struct report_folder *folder;
    struct progress progress;
    const struct play_baselines *baselines;
    const struct baseline *baseline;    /* the client's own; NULL: it has none */
    bool is_other_client;               /* the one that it must fit is for another */
    const char *missing_capability;     /* of --require; NULL: none */
    size_t *order;                      /* in which those of the set are played; private */
    size_t *late_indexes;               /* in the set, of what is played once more; private */
    struct run *run;                    /* its scenarios stand as in `set` until the end */
};

/* Fills `run` (freed with run_free either way), all but its exit and what the baseline makes of it.
 * False, and told, if the baseline must fit and is for another client than this: then what was
 * played counts for nothing. */
bool play_scenarios(const struct options *options, const struct client_choice *client,
                    const struct scenario_set *set, const struct play_baselines *baselines,
                    struct report_folder *folder, struct run *run);

/* A scenario's part of the run; takes the judgement. `has_transcript`: it was played. */
void play_fill_scenario(const struct run_origin *origin, const struct scenario *scenario,
                        bool has_transcript, struct judgement *judgement,
                        struct run_scenario *result);

#endif
