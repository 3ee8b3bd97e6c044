/* Whether a JSON value holds to a JSON Schema (draft-07): the keywords that scenarios/schema.json
 * uses, written without a look at the loader. A keyword it does not know ends the program, so that
 * nothing is passed over in silence. */
#ifndef GAPCHECK_FUZZ_SCHEMA_CHECK_H
#define GAPCHECK_FUZZ_SCHEMA_CHECK_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* `keyword` becomes the one that was broken, somewhere below the root; borrowed from the schema. */
bool schema_check(const cJSON *schema, const cJSON *value, const char **keyword);

#endif
