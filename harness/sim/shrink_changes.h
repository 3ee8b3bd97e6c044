/* What can be taken away from a scenario, which here is its JSON: steps, numbers, fields. Private
 * to shrink*.c. */
#ifndef GAPCHECK_SIM_SHRINK_CHANGES_H
#define GAPCHECK_SIM_SHRINK_CHANGES_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum shrink_edit_kind {
    SHRINK_EDIT_REMOVE,
    SHRINK_EDIT_NUMBER, /* another number */
    SHRINK_EDIT_DROP,   /* a step that ends a connection: plainly */
    SHRINK_EDIT_FREEZE, /* of `server`: its clock stands still */
    SHRINK_EDIT_FOLLOW, /* of a step: it stays, and others follow it */
};

/* What becomes of one node of the document. */
struct shrink_edit {
    enum shrink_edit_kind kind;
    const cJSON *node; /* borrowed from the document */
    double number;
    const char *steps;  /* FOLLOW: an array in JSON; static */
};

/* Edits that are made together. */
struct shrink_change {
    struct shrink_edit *edits; /* owned by the list */
    size_t count;
};

struct shrink_changes {
    struct shrink_change *items; /* owned; the ones that take most away come first */
    size_t count, capacity_count;
};

enum shrink_pass {
    SHRINK_PASS_PROCESS,  /* all that may need a process of its own: that makes every play slow */
    SHRINK_PASS_SETTINGS, /* of server and client: some make every play slow */
    SHRINK_PASS_STEPS,   /* runs of steps, half of all at first, single ones at last */
    SHRINK_PASS_NUMBERS, /* towards the least that a field may hold */
    SHRINK_PASS_FIELDS,  /* each to its default; settings of server and client */
    SHRINK_PASS_PAIRS,   /* two steps that stand and fall together, two that can be one */
    SHRINK_PASS_COUNT,
    /* Nothing goes away here. */
    SHRINK_PASS_CLOCKS = SHRINK_PASS_COUNT, /* the server's stands still, and differs by seconds */
    SHRINK_PASS_MOMENTS, /* less hangs on them (shrink_faults.h): all at once, then each alone */
};

/* `document` is what a file holds, its steps unrolled. */
void shrink_changes_list(const cJSON *document, enum shrink_pass pass,
                         struct shrink_changes *changes);
void shrink_changes_free(struct shrink_changes *changes);

/* Whether all that it touches is touched by others already. */
bool shrink_change_is_covered(const struct shrink_change *change,
                              const struct shrink_change *const *others, size_t count);

/* A copy of the document with these changes made, of those that touch one node the first; owned by
 * the caller. */
cJSON *shrink_changes_apply(const cJSON *document, const struct shrink_change *const *changes,
                            size_t count);

#endif
