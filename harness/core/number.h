/* JSON numbers, exactly: read with one rounding, whatever their length and the locale, and printed
 * so that they are read as the same again. */
#ifndef GAPCHECK_CORE_NUMBER_H
#define GAPCHECK_CORE_NUMBER_H

#include "core/text.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* `text` must be a number by the grammar of RFC 8259, section 6. ±HUGE_VAL where it is out of range
 * (1e999); never reads beyond the span. */
double number_convert(struct span text);

/* The tree as text without blanks, owned by the caller (free). cJSON's own printing takes numbers
 * for equal that differ in the 16th digit: 4564581423457801 would become 4564581423457800. */
char *number_print_tree(const cJSON *tree);

/* Whether the values are equal: numbers to the last digit (cJSON_Compare takes 9007199254740990 and
 * 9007199254740991 for equal), members in any order. */
bool number_trees_equal(const cJSON *left, const cJSON *right);

#endif
