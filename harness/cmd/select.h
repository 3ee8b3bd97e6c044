/* Which scenarios are meant: files and folders in, loaded and filtered scenarios out. */
#ifndef GAPCHECK_CMD_SELECT_H
#define GAPCHECK_CMD_SELECT_H

#include "core/buffer.h"
#include "core/scenario.h"

#include <stddef.h>

struct select_query {
    const char *const *paths;   /* files and folders; none: default_folder */
    size_t path_count;
    const char *default_folder; /* NULL: there is none */
    const char *const *filters; /* globs of names, any of which may match; none: all */
    size_t filter_count;
    const char *const *tags;    /* likewise */
    size_t tag_count;
    size_t shard_index;         /* from 1 */
    size_t shard_count;         /* 0 or 1: all; else each name is in exactly one of them, which
                                   nothing but the name decides */
    bool keeps_right;           /* WRONG: `set` has the files that are right */
};

enum select_status {
    SELECT_DONE,
    SELECT_WRONG, /* a path or a file is wrong: nothing may be run */
    SELECT_EMPTY, /* nothing is left */
    SELECT_ELSEWHERE, /* nothing is left here, but something in other shards */
};

/* Loads what the query names into `set` (initialized by this; empty unless DONE or keeps_right), in
 * the order of the paths. Everything that is wrong with any of the files is appended to
 * `messages`. */
enum select_status select_scenarios(const struct select_query *query, struct scenario_set *set,
                                    struct buffer *messages);

/* The name of a scenario file: its path below the nearest folder called `scenarios`, else below
 * `folder` (NULL: just the file's), without extension. Owned by the caller. */
char *select_name_of(const char *real_path, const char *real_folder);

#endif
