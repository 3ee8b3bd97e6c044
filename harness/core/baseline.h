/* Known failures of one client in one version: which rule it breaks in which scenarios, and why
 * that is put up with. Pure: files, names of scenarios and today's date come from outside. */
#ifndef GAPCHECK_CORE_BASELINE_H
#define GAPCHECK_CORE_BASELINE_H

#include "core/error.h"
#include "core/judge.h"

#include <stdbool.h>
#include <stddef.h>

#define BASELINE_FORMAT         1
#define BASELINE_FILE_BYTES_MAX ((size_t)4 << 20)
#define BASELINE_ENTRIES_MAX    10000
#define BASELINE_MATCHES_MAX    20 /* scenarios that one entry may stand for */
#define BASELINE_DATE_BYTES     11 /* "2027-01-31" and a NUL */

struct baseline_entry {
    char *scenario; /* a name, or a glob with * and ?; owned */
    enum rule rule;
    char *reason;                    /* one sentence; owned */
    char *issue;                     /* a URL, or empty; owned */
    char until[BASELINE_DATE_BYTES]; /* the last day on which it counts; empty: no end */
    size_t line, column;             /* in the file; 0: it was not read */

    /* ---- of the run that it is held against ---- */
    bool is_expired;
    size_t match_count;    /* scenarios of the library */
    size_t happened_count; /* of these, those where it did happen */
    size_t gone_count;     /* and those that were played to a verdict without it */
    const char *gone_name; /* the first of these; borrowed from the run */
};

struct baseline {
    char *client, *version; /* owned */
    struct baseline_entry *entries; /* owned */
    size_t count, capacity_count;
};

/* Strict: everything that is wrong is told at once, each with its place; then there is nothing to
 * free. `baseline` is initialized by this. */
bool baseline_load(const char *text, size_t size_bytes, struct baseline *baseline,
                   struct error_list *errors);
void baseline_free(struct baseline *baseline);

/* Adds an empty entry, borrowed until the next. */
struct baseline_entry *baseline_add(struct baseline *baseline);

/* Holds the entries against the names of all scenarios that there are (`today` is YYYY-MM-DD).
 * False, with errors, if one stands for more than BASELINE_MATCHES_MAX. */
bool baseline_match(struct baseline *baseline, const char *const *names, size_t name_count,
                    const char *today, struct error_list *errors);

/* The unexpired entry that lists this failure, or NULL; the exact name wins over a glob. */
const struct baseline_entry *baseline_find(const struct baseline *baseline, const char *scenario,
                                           enum rule rule);

/* Whether the verdict says something about what no longer happens. */
bool baseline_is_conclusive(enum verdict verdict);

/* Notes what came of a scenario; `name` is borrowed for as long as the entries are asked. */
void baseline_note(struct baseline *baseline, const char *name, const struct judgement *judgement);

/* Why an entry must be looked at after all scenarios were noted: appended as one sentence; false
 * if it need not. `names` are those of baseline_match, for the nearest. */
bool baseline_entry_is_stale(const struct baseline_entry *entry, const char *const *names,
                             size_t name_count, struct buffer *sentence);

/* ---- baseline_update.c ---- */

/* The file as baseline_load reads it. */
void baseline_append_json(const struct baseline *baseline, struct buffer *out);

struct baseline_play {
    const char *scenario;
    const struct judgement *judgement;
};

enum baseline_change_kind {
    BASELINE_CHANGE_ADDED,    /* a failure that no entry listed */
    BASELINE_CHANGE_DROPPED,  /* no longer happens, or matches nothing */
    BASELINE_CHANGE_NARROWED, /* a glob that no longer happens in all that it stands for */
};

struct baseline_change {
    enum baseline_change_kind kind;
    const struct baseline_entry *entry; /* of the new baseline if ADDED, else of the old one */
};

/* The baseline that the plays ask for: `old` (after baseline_match and baseline_note) without what
 * is gone, and with an entry for every failure that none listed. What people wrote stays; what was
 * not played to a verdict stays as it is. `tell` hears every change and may be NULL. The result is
 * initialized by this. */
void baseline_update(const struct baseline *old, const char *const *names, size_t name_count,
                     const struct baseline_play *plays, size_t play_count,
                     struct baseline *updated,
                     void (*tell)(void *user, const struct baseline_change *change), void *user);

#endif
