/* Where things lie: our own executable and the tree that it was built from, found by walking up
 * from the executable, else from the current folder. No environment variable is asked. */
#ifndef GAPCHECK_CMD_PLACES_H
#define GAPCHECK_CMD_PLACES_H

#include <stdbool.h>

struct places {
    char *executable; /* owned; absolute */
    char *root;       /* the folder with harness/drivers; owned; NULL: there is none */
};

void places_find(struct places *places);
void places_free(struct places *places);

/* `folder/name`, owned by the caller. */
char *places_join(const char *folder, const char *name);

/* The folder in which runs leave theirs; owned by the caller. */
char *places_reports(const struct places *places);

/* `path` as it is seen from the current folder, where it lies below it; owned by the caller. */
char *places_shorten(const char *path);

bool places_is_folder(const char *path);

#endif
