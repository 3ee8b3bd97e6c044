/* The scenario format as a JSON Schema (draft-07) for editors: made from the table of
 * scenario_fields.h, so that completion, hover text and red underlines say what the loader says.
 * It allows a little more than the loader where a schema cannot know (names of events, what
 * "${name}" becomes), never less. */
#ifndef GAPCHECK_CORE_SCENARIO_SCHEMA_H
#define GAPCHECK_CORE_SCENARIO_SCHEMA_H

#include "core/buffer.h"

/* Appends the whole schema, indented, with a line break at the end. */
void scenario_schema_print(struct buffer *out);

#endif
