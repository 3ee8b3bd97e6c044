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

struct play {
    const struct options *options;      /* borrowed, as is all here */
    const struct client_choice *client;
    const struct scenario_set *set;
    struct report_folder *folder;
    struct progress progress;
    const struct baseline *baseline;    /* that the client must fit; NULL: none */
    bool is_other_client;               /* it does not */
    const char *missing_capability;     /* of --require; NULL: none */
    struct run *run;                    /* its scenarios stand as in `set` until the end */
};

/* Fills `run` (freed with run_free either way), all but its exit. False, and told, if `baseline`
 * (which may be NULL) is for another client than this: then what was played counts for nothing. */
bool play_scenarios(const struct options *options, const struct client_choice *client,
                    const struct scenario_set *set, const struct baseline *baseline,
                    struct report_folder *folder, struct run *run);

/* A scenario's part of the run; takes the judgement. `has_transcript`: it was played. */
void play_fill_scenario(const struct run_origin *origin, const struct scenario *scenario,
                        bool has_transcript, struct judgement *judgement,
                        struct run_scenario *result);

#endif
