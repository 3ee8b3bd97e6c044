/* Where things lie, for a gapcheck of the source tree and for an installed one: its scenarios, its
 * drivers, and where it writes. Whatever it finds is found from its own executable, so that an
 * installation may be moved as a whole. */
#ifndef GAPCHECK_CMD_PLACES_H
#define GAPCHECK_CMD_PLACES_H

#include <stdbool.h>

struct places {
    char *executable; /* owned; absolute */
    char *root;       /* the source tree: the folder with harness/drivers, found by walking up from
                         the executable, else from the current folder; owned; NULL: there is none */
    char *data;       /* share/gapcheck of an installation, which has no root; owned; NULL: none */
};

void places_find(struct places *places);
void places_free(struct places *places);

/* The library; owned by the caller, NULL if there is none. */
char *places_scenarios(const struct places *places);

/* The folder with NAME/driver.json; likewise. */
char *places_drivers(const struct places *places);

/* Where releases of named drivers are installed: build/drivers of the source tree, else the user's
 * cache ($XDG_CACHE_HOME, else ~/.cache), since an installation belongs to somebody else. Owned by
 * the caller, NULL if there is neither. */
char *places_releases(const struct places *places);

/* Where runs leave their folders: of the source tree, else of the current folder. Owned by the
 * caller. */
char *places_reports(const struct places *places);

/* What a user types to start this gapcheck: the wrapper in the source tree, else its name. */
const char *places_program(const struct places *places);

/* `folder/name`, owned by the caller. */
char *places_join(const char *folder, const char *name);

/* `path` as it is seen from the current folder, where it lies below it; owned by the caller. */
char *places_shorten(const char *path);

bool places_is_folder(const char *path);

#endif
