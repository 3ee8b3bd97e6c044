/* Dates on the wire: RFC 3339 (the profile of ISO 8601 that clients send as `since`) and the HTTP
 * date of the upgrade response (RFC 9110, 5.6.7). Pure arithmetic: no clock and no time zone. */
#ifndef GAPCHECK_CORE_TIMESTAMP_H
#define GAPCHECK_CORE_TIMESTAMP_H

#include "core/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Parses a complete RFC 3339 date-time (offset and any number of fraction digits included) into
 * milliseconds since 1970-01-01T00:00:00Z, rounded down. False on anything else. */
bool timestamp_parse(struct span text, int64_t *unix_ms);

#define TIMESTAMP_TEXT_BYTES 40

/* `2026-06-01T10:00:00.412Z`, and `Mon, 01 Jun 2026 10:00:00 GMT`. */
void timestamp_format(int64_t unix_ms, char text[TIMESTAMP_TEXT_BYTES]);
void timestamp_format_http(int64_t unix_ms, char text[TIMESTAMP_TEXT_BYTES]);

/* The inverse of timestamp_format_http. */
bool timestamp_parse_http(struct span text, int64_t *unix_ms);

#endif
