/* A baseline for a run: read from its file, held against the library, applied to the verdicts. */
#ifndef GAPCHECK_CMD_BASELINE_FILE_H
#define GAPCHECK_CMD_BASELINE_FILE_H

#include "cmd/options.h"
#include "cmd/places.h"
#include "core/baseline.h"
#include "report/run.h"

struct baseline_file {
    struct baseline baseline;
    const char **names; /* of all scenarios there are, whatever the options leave out; owned */
    size_t name_count;
    bool is_used; /* by a client that was played: it counts for one only */
    struct buffer name_room; /* private: what the names borrow from */
};

/* The names alone: for a baseline that is yet to be written. */
void baseline_file_init(struct baseline_file *file, const struct options *options,
                        const struct places *places);

/* Reads and checks `path`. False if that is wrong: it is told, and nothing is to be closed. */
bool baseline_file_open(struct baseline_file *file, const char *path,
                        const struct options *options, const struct places *places);
void baseline_file_close(struct baseline_file *file);

/* False, with an error that says what to do, if the baseline is for another client or version. */
bool baseline_file_is_for(const struct baseline *baseline, const char *client, const char *version,
                          struct error *error);

/* The first of `count` that is for this client and not used yet; NULL if there is none. */
struct baseline_file *baseline_file_find(struct baseline_file *files, size_t count,
                                         const char *client, const char *version);

/* Marks what is known in the run, and what of the baseline is no longer so. The baseline's entries
 * borrow names from the run. */
void baseline_file_apply(struct baseline_file *file, struct run *run);

#endif
