/* A failure as an ordinary scenario file that somebody can read: title, why, rules, and comments
 * that say who found it and how. Text only; what happens to it is for the caller. */
#ifndef GAPCHECK_CMD_REPRODUCER_H
#define GAPCHECK_CMD_REPRODUCER_H

#include "cmd/places.h"
#include "core/buffer.h"
#include "core/judge.h"
#include "core/scenario.h"

struct reproducer {
    const struct scenario *scenario;   /* the smallest; borrowed, as is all here */
    const struct finding *finding;     /* NULL: it did not happen again */
    const struct judgement *judgement; /* of the play that shows it; NULL: likewise */
    enum rule rule;                    /* that was broken */
    const char *message;               /* of the finding when it was seen first */
    const char *client;                /* `@relaycast/sdk 6.0.2` */
    const char *origin;                /* where it comes from: `seed 7`, a file */
    const char *command;               /* that shows it again */
    const char *path;                  /* of the file that is written */
    size_t original_step_count;
    size_t confirmed_count, confirm_count; /* k of n */
    const char *remark;                /* a further sentence for the head; NULL: none */
};

/* Appends the file. It loads, and lint warns of nothing that the scenario itself does not bring
 * along. */
void reproducer_print(const struct reproducer *reproducer, const struct places *places,
                      struct buffer *out);

/* The one scenario of such a text, under that name; owned by the caller, NULL if it does not
 * load. */
struct scenario *reproducer_load(const struct buffer *text, const char *path, const char *name);

#endif
