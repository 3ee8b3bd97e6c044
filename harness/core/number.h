/* The value of a JSON number, exactly rounded, whatever its length and the locale. */
#ifndef GAPCHECK_CORE_NUMBER_H
#define GAPCHECK_CORE_NUMBER_H

#include "core/text.h"

/* `text` must be a number by the grammar of RFC 8259, section 6. ±HUGE_VAL where it is out of range
 * (1e999); never reads beyond the span. */
double number_convert(struct span text);

#endif
