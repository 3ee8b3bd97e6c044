/* Which scenarios a command works on: those that its options name, else those of the current
 * folder, else the library. */
#ifndef GAPCHECK_CMD_LIBRARY_H
#define GAPCHECK_CMD_LIBRARY_H

#include "cmd/options.h"
#include "cmd/places.h"
#include "core/scenario.h"

/* The scenarios of the current folder, for teams that keep their own, else the library; owned by
 * the caller, NULL if there is neither. */
char *library_default_folder(const struct places *places);

/* Loads what the paths, --filter, --tag and --shard name into `set` (initialized by this) and tells
 * on standard error what is wrong with it. Returns the exit status: EXPECTED if there is something
 * to play, be it in another shard than this (then `set` is empty). */
int library_select(const struct options *options, const struct places *places,
                   struct scenario_set *set);

/* A whole command: selects as its options say and prints what `append` makes of the set (empty if
 * something is wrong). Returns the exit status. */
int library_print(const struct options *options,
                  void (*append)(const struct scenario_set *set, struct buffer *out));

/* As library_select, but what is wrong goes to `messages`, and the files that are right are in `set`
 * although others are wrong. */
int library_select_right(const struct options *options, const struct places *places,
                         struct scenario_set *set, struct buffer *messages);

#endif
