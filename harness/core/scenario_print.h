/* A scenario as the text of a file, in the style of the library: one step a line, defaults left
 * out, `each` filled in, steps that come again and again as a `repeat`. Loading that text gives the
 * same scenario (scenario_same.h), with its title, rules, tags and time-outs. */
#ifndef GAPCHECK_CORE_SCENARIO_PRINT_H
#define GAPCHECK_CORE_SCENARIO_PRINT_H

#include "core/buffer.h"
#include "core/scenario.h"

#define SCENARIO_PRINT_COLUMNS_MAX 100 /* what can be broken is broken there */

/* What an author would add by hand. Control characters in comments are escaped; a line feed in the
 * head begins a new line. */
struct scenario_print_notes {
    const char *schema;               /* for "$schema"; NULL: none */
    const char *head;                 /* a comment before the object; NULL: none */
    const char *const *step_comments; /* one for each step, each may be NULL; NULL: none at all. Of
                                       * a repeat, those of its first round are printed */
};

/* Appends the file. `notes` may be NULL. */
void scenario_print(const struct scenario *scenario, const struct scenario_print_notes *notes,
                    struct buffer *out);

/* How many steps that file has, a repeat counted by its body. */
size_t scenario_print_step_count(const struct scenario *scenario);

/* ---- its parts, as JSON that the caller owns (scenario_print_json.c) ---- */

/* Everything but `$schema` and `steps`, in the order of the table. */
cJSON *scenario_print_top(const struct scenario *scenario);

/* {"publish":{"count":5}} */
cJSON *scenario_print_step(const struct scenario_step *step);

#endif
