/* Every name that the formats know, from the tables that know them, as a dictionary for fuzzers
 * (AFL's format, which libFuzzer reads too). */
#ifndef GAPCHECK_CORE_VOCABULARY_H
#define GAPCHECK_CORE_VOCABULARY_H

#include "core/buffer.h"

/* Appends the dictionary, one quoted word a line. */
void vocabulary_print(struct buffer *out);

#endif
