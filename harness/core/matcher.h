/* Whether a value is what a matcher of a scenario asks for. */
#ifndef GAPCHECK_CORE_MATCHER_H
#define GAPCHECK_CORE_MATCHER_H

#include "core/buffer.h"
#include "core/scenario.h"

#include <stdbool.h>

/* `value` is NULL where the field is absent. */
bool matcher_matches(const struct matcher *matcher, const cJSON *value);

bool matcher_matches_number(const struct matcher *matcher, double value);

/* Appends what the matcher asks for in words: `5`, `1 to 3`, `an ISO 8601 date`. */
void matcher_describe(const struct matcher *matcher, struct buffer *out);

#endif
