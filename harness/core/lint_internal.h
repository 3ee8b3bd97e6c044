/* What the files of lint share; nobody else includes it.
 *
 *   lint.c         files: titles, keys of `each`, scenarios that do the same; what is told
 *   lint_steps.c   the steps of one scenario in their order
 *   lint_fields.c  fields that have no effect with the values beside them
 *   lint_reach.c   which rules the steps can reach */
#ifndef GAPCHECK_CORE_LINT_INTERNAL_H
#define GAPCHECK_CORE_LINT_INTERNAL_H

#include "core/jsonc.h"
#include "core/lint.h"

/* Something that was seen in one or more instances of a file. */
struct lint_finding {
    size_t start, end; /* bytes of the text */
    bool needs_all;    /* told only if it holds in every instance */
    size_t instance;   /* the last that has it */
    size_t instance_count;
    const char *instance_name; /* of the first */
    struct error error;
};

/* One file while it is looked at. */
struct lint {
    const struct scenario *const *scenarios; /* its instances */
    size_t scenario_count;
    struct jsonc_document document; /* for the places; scenarios have trees of their own */
    size_t instance;                /* which of them */
    const struct scenario *scenario; /* that one */
    bool is_whole;                  /* what is told now holds for all of them */
    struct jsonc_node *nodes; /* owned; the fields of every step, as `steps` are unrolled */
    size_t node_count;
    size_t node_capacity_count;
    struct lint_finding *findings; /* owned */
    size_t finding_count;
    size_t finding_capacity_count;
};

enum lint_part { LINT_KEY, LINT_VALUE };

/* Tells a warning at a node; the same one of another instance is told only once. */
void lint_add(struct lint *lint, struct jsonc_node node, enum lint_part part, bool needs_all,
              const char *hint, const char *format, ...) __attribute__((format(printf, 6, 7)));

struct jsonc_node lint_member(const struct lint *lint, struct jsonc_node node, const char *name);

/* The checks of one instance. */
void lint_steps(struct lint *lint);
void lint_fields(struct lint *lint);
void lint_reach(struct lint *lint);

/* ---- the course of a scenario, as far as its steps tell it (lint_reach.c) ---- */

/* What steps can bring about, as bits. */
enum lint_event {
    LINT_CONNECTS = 1 << 0,
    LINT_RECONNECTS = 1 << 1,
    LINT_RECONNECTS_FRESH = 1 << 2, /* before any event with a number came */
    LINT_RESYNCS = 1 << 3,          /* reconnects after one came */
    LINT_NOTHING_MISSED = 1 << 4,   /* resyncs and has missed nothing */
    LINT_MISSES = 1 << 5,           /* resyncs and has missed something */
    LINT_OVERFLOWS = 1 << 6,        /* has missed more than the ring holds */
    LINT_ROWS = 1 << 7,             /* and rows are among it */
    LINT_FILLS_RING = 1 << 8,
    LINT_UNNUMBERED = 1 << 9,
    LINT_RESTARTS = 1 << 10,
    LINT_RENUMBERS = 1 << 11,       /* lower numbers, live, and a reconnect behind them */
    LINT_SENDS = 1 << 12,
    LINT_UNKNOWN_TYPE = 1 << 13,
    LINT_REPEATS = 1 << 14,
    LINT_MANY = 1 << 15,            /* more events than the window of C-13 */
    LINT_SAME_ID = 1 << 16,
    LINT_NO_ID = 1 << 17,
    LINT_REFUSES = 1 << 18,
    LINT_ACK = 1 << 19,             /* late, missing, repeated or other acks */
    LINT_CUTS = 1 << 20,
    LINT_OVERTAKES = 1 << 21,
    LINT_THROWS = 1 << 22,
    LINT_SILENT = 1 << 23,
    LINT_EMPTY = 1 << 24,           /* a connection that ends before it carried anything */
    LINT_STOPS = 1 << 25,
    LINT_EVENTS = 1 << 26,
};

#endif
