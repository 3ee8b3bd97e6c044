/* `each`: one scenario file that stands for every combination of some values. Private to
 * scenario*.c. */
#ifndef GAPCHECK_CORE_SCENARIO_EACH_H
#define GAPCHECK_CORE_SCENARIO_EACH_H

#include "core/scenario_parse.h"

struct each_value {
    const cJSON *json; /* borrowed from the document */
    const char *label; /* in the instance's name and within longer texts */
};

struct each_key {
    const char *name; /* borrowed from the document */
    struct each_value *values;
    size_t value_count;
};

struct each {
    struct arena arena;
    struct each_key *keys;
    size_t key_count;
    size_t instance_count; /* 1 without keys */
    const char **names;    /* of the keys */
};

/* Reads the value of `each`, which may be absent (node.json is NULL). each_free either way. */
bool each_parse(struct scenario_parser *parser, struct jsonc_node node, struct each *each);
void each_free(struct each *each);

/* "file[reset,501]" of the instance; the last key changes fastest. The caller owns it. */
char *each_instance_name(const struct each *each, size_t instance, const char *name);

/* A copy of the document's tree, `each` aside, with the instance's values filled in: texts in
 * `title`, `server`, `client` and `steps`. The caller owns it. */
cJSON *each_instance_tree(const struct each *each, size_t instance, const cJSON *root);

#endif
