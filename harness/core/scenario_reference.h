/* The reference of the scenario format as Markdown: a section for the top level, for every verb and
 * for matchers, made from the table of scenario_fields.h. It stands in scenarios/README.md between
 * two marker lines. */
#ifndef GAPCHECK_CORE_SCENARIO_REFERENCE_H
#define GAPCHECK_CORE_SCENARIO_REFERENCE_H

#include "core/buffer.h"

#include <stdbool.h>

#define SCENARIO_REFERENCE_FILE_BYTES_MAX (1u << 20)

/* Appends the reference, with both marker lines. */
void scenario_reference_print(struct buffer *out);

/* Appends `text` with the reference in it replaced. False, and nothing appended, if it has no
 * marker lines. */
bool scenario_reference_replace(const char *text, struct buffer *out);

#endif
