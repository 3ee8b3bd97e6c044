/* Waits for files to change (inotify), for commands that run again when their input does. Knows
 * folders with all below, and single files, which may be replaced, removed and made anew: many
 * editors save by renaming. Ctrl-C is an event here, too. */
#ifndef GAPCHECK_IO_WATCH_H
#define GAPCHECK_IO_WATCH_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>

struct watch;

/* From here on SIGINT, SIGTERM and SIGHUP wait for watch_wait; watch_free gives them back. */
struct watch *watch_new(struct error *error);
void watch_free(struct watch *watch);

/* Watches a file, or a folder and all below it: there only files whose name ends with `suffix`
 * (NULL: all). Names that begin with a dot, and node_modules, are left out. `tag` comes back with
 * what changes. */
bool watch_add(struct watch *watch, const char *path, const char *suffix, int tag,
               struct error *error);

struct watch_change {
    char *path; /* begins as that of watch_add did; a folder stands for all below it */
    int tag;
};

struct watch_changes {
    struct watch_change *items; /* owned; each path once */
    size_t count, capacity_count;
};
void watch_changes_free(struct watch_changes *changes);

enum watch_status {
    WATCH_CHANGED,
    WATCH_INTERRUPTED,
};

/* Waits for the next change, and on until nothing has changed for `quiet_ms`, so that what is saved
 * together comes together. What changed before the call counts, too. `changes` is initialized by
 * this. */
enum watch_status watch_wait(struct watch *watch, int quiet_ms, struct watch_changes *changes);

#endif
