/* A JSON text, comments and all, as a tree of which values and names are changed: gently, so that a
 * strict reader takes most of it, or to anything. Knows nothing of what the text is for. */
#ifndef GAPCHECK_FUZZ_MUTATOR_JSON_H
#define GAPCHECK_FUZZ_MUTATOR_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUTATOR_NODES_MAX   4096
#define MUTATOR_CHANGES_MAX 4 /* of one input */

struct mutator_slot {
    cJSON *node, *parent; /* the root has no parent and is not among them */
};

struct mutator_document {
    cJSON *root; /* owned */
    struct mutator_slot slots[MUTATOR_NODES_MAX];
    size_t slot_count;
};

/* False, and no tree, where the text is none or has but a root. */
bool mutator_document_read(const uint8_t *data, size_t size_bytes,
                           struct mutator_document *document);

/* Writes the tree over `data` and frees it; 0 if it does not fit. */
size_t mutator_document_write(struct mutator_document *document, uint8_t *data, size_t max_bytes);

/* Some changes, decided by `state` (mutator_below). */
void mutator_document_change(struct mutator_document *document, uint64_t *state);

/* One change, with values of another tree. */
void mutator_document_mix(struct mutator_document *document, const struct mutator_document *donor,
                          uint64_t *state);

#endif
