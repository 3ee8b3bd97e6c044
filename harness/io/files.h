/* Files and folders: reading with a limit, writing so that no half-written file is ever seen. */
#ifndef GAPCHECK_IO_FILES_H
#define GAPCHECK_IO_FILES_H

#include "core/buffer.h"
#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Reads all of a regular file into `out` (whose own limit counts). */
bool files_read(const char *path, struct buffer *out, struct error *error);

/* Writes to a temporary name beside `path` and renames it. */
bool files_write(const char *path, const char *data, size_t size_bytes, struct error *error);

/* Copies a regular file (a link is none) to a temporary name beside `path` and renames it.
 * `*is_there`: `source` could be read. */
bool files_copy(const char *source, const char *path, bool *is_there, struct error *error);

/* Appends what a regular file holds to `out`; nothing if it is not there. */
void files_append_to(const char *source, FILE *out);

/* Makes the folder and its parents. */
bool files_make_folder(const char *path, struct error *error);

struct files_list {
    char **paths; /* owned, sorted */
    size_t count;
    size_t capacity_count;
};

/* Adds every file below `folder` (or `folder` itself, if it is a file) whose name ends with
 * `suffix`; a file named by `folder` that does not is an error. Folders whose name begins with a
 * dot are left out, links below `folder` are not followed, a path already in the list is not added
 * twice. On an error the list keeps what was found. */
bool files_find(const char *folder, const char *suffix, struct files_list *list,
                struct error *error);
void files_list_free(struct files_list *list);

#endif
