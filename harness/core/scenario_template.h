/* Starting files for authors: for every rule of the client a small commented scenario that shows
 * it. */
#ifndef GAPCHECK_CORE_SCENARIO_TEMPLATE_H
#define GAPCHECK_CORE_SCENARIO_TEMPLATE_H

#include "core/buffer.h"
#include "core/rules.h"

#include <stdbool.h>

/* Appends the file for the rule. `schema` is what "$schema" shall say; NULL leaves it out. False,
 * and nothing appended, for a rule that no scenario can be written for (S-7: only a client that
 * breaks other rules brings it up). */
bool scenario_template_print(enum rule rule, const char *schema, struct buffer *out);

#endif
