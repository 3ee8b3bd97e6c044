/* Files played to the fuzz target that is linked in. The name of the file in play is told when a
 * property breaks or a sanitizer speaks. */
#ifndef GAPCHECK_FUZZ_REPLAY_H
#define GAPCHECK_FUZZ_REPLAY_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Plays a file, or every file of a folder and the folders in it in the order of their names, and
 * adds to `count`. False if a file cannot be read or is longer than TARGET_INPUT_BYTES_MAX. A
 * README.md is no input. */
bool replay_path(const char *path, size_t *count, struct error *error);

#endif
