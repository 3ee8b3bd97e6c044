/* JSON with comments, read strictly (RFC 8259 beside the comments): what cJSON lets pass (1e999,
 * equal keys, control characters in strings, broken UTF-8) is an error with its exact place. cJSON
 * still makes the tree; since its nodes carry no position, the places stand beside it in the order
 * in which the values begin, and a `struct jsonc_node` walks both at once. */
#ifndef GAPCHECK_CORE_JSONC_H
#define GAPCHECK_CORE_JSONC_H

#include "core/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSONC_INTEGER_MAX 9007199254740991.0 /* 2^53 - 1: the next is rounded by a double */

struct jsonc_limits {
    size_t size_bytes_max;  /* of the text; at most 1 GiB */
    size_t depth_max;       /* of nesting; at most 1,000 (cJSON's own limit) */
    size_t value_count_max; /* values of every kind, at every depth */
};

/* Where a value stands: byte offsets in the text, each end one behind the last byte. */
struct jsonc_place {
    uint32_t key_start, key_end; /* of the quoted key; both 0 where it has none */
    uint32_t start, end;         /* of the value */
    uint32_t node_count;         /* the value and all values below it */
};

struct jsonc_document {
    cJSON *root;                /* owned */
    struct jsonc_place *places; /* owned; in the order of the text, the root first */
    size_t place_count;
};

/* A value and its place. `json` is NULL behind the last child. The tree walked may be a changed
 * copy of `document->root`, as long as no child was added, taken away or moved. */
struct jsonc_node {
    const cJSON *json;
    size_t index; /* of its place */
};

/* False, and nothing to free, if the text is not JSON with comments: one error for broken syntax,
 * all of them for equal keys and numbers that would be rounded. */
bool jsonc_parse(const char *text, size_t size_bytes, const struct jsonc_limits *limits,
                 struct jsonc_document *document, struct error_list *errors);

/* As jsonc_parse, but a file whose only faults are equal keys and bad numbers still gives its
 * document, so that a caller can tell its own errors together with them; `*has_document` tells. */
bool jsonc_parse_partly(const char *text, size_t size_bytes, const struct jsonc_limits *limits,
                        struct jsonc_document *document, bool *has_document,
                        struct error_list *errors);
void jsonc_free(struct jsonc_document *document);

struct jsonc_node jsonc_root(const struct jsonc_document *document);
struct jsonc_node jsonc_child(struct jsonc_node parent); /* the first, of an object or array */
struct jsonc_node jsonc_next(const struct jsonc_document *document, struct jsonc_node node);
struct jsonc_node jsonc_member(const struct jsonc_document *document, struct jsonc_node object,
                               const char *name);

/* "a string", "an object", "the number 3": what stands there, for a message. */
#define JSONC_DESCRIPTION_BYTES 80
void jsonc_describe(const cJSON *json, char description[JSONC_DESCRIPTION_BYTES]);

/* Places an error over the bytes from `start` to `end`; the caret ends with the line. */
void jsonc_place_error(struct error *error, const char *text, size_t size_bytes, size_t start,
                       size_t end);

#endif
