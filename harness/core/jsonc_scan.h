/* The validating walk under jsonc: says where the first byte stands that cannot be right, and
 * where each value begins and ends. Private to jsonc. */
#ifndef GAPCHECK_CORE_JSONC_SCAN_H
#define GAPCHECK_CORE_JSONC_SCAN_H

#include "core/jsonc.h"

/* Overwrites comments with spaces, so that offsets stay. False with an error if one never ends. */
bool jsonc_blank_comments(char *text, size_t size_bytes, struct error_list *errors);

/* Walks `text` (`source`, valid UTF-8, with its comments blanked) and fills document->places, also
 * where it fails. Broken syntax ends the walk and makes the result false; a number that would be
 * rounded only adds an error and sets *has_bad_numbers. */
bool jsonc_scan(const char *source, const char *text, size_t size_bytes,
                const struct jsonc_limits *limits, struct jsonc_document *document,
                bool *has_bad_numbers, struct error_list *errors);

#endif
