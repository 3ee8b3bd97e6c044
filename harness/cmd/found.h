/* A failure that was played again and made smaller: its file, and what whoever waits for it is
 * told: one sentence, the cause, the file, the command that shows it again. */
#ifndef GAPCHECK_CMD_FOUND_H
#define GAPCHECK_CMD_FOUND_H

#include "cmd/places.h"
#include "cmd/reduction.h"
#include "cmd/trial.h"

struct found {
    const struct trial *trial;         /* borrowed, as is all here */
    const struct places *places;
    const struct reduction *reduction;
    const char *message;               /* of the finding when it was seen first */
    const char *origin;                /* where it comes from, in words */
    const char *path;                  /* of its file */
    const char *same_cause_as;         /* the name of an earlier one; NULL: no other has it */
};

/* Appends the text of the file. */
void found_append_file(const struct found *found, struct buffer *out);

/* Tells it on standard output, at once. False if that cannot be written. */
bool found_print(const struct found *found);

#endif
