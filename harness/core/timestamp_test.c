#include "core/timestamp.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(timestamp, parses_every_form_of_rfc_3339)
{
    static const struct {
        const char *text;
        int64_t unix_ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-06-01T10:00:00.412Z", 1780308000412},
        {"2026-06-01T10:00:00Z", 1780308000000},
        {"2026-06-01t10:00:00z", 1780308000000},
        {"2026-06-01T10:00:00.4Z", 1780308000400},
        {"2026-06-01T10:00:00.41Z", 1780308000410},
        {"2026-06-01T10:00:00.4129999999999999999999999Z", 1780308000412},
        {"2026-06-01T10:00:00.000999Z", 1780308000000},
        {"2026-06-01T12:30:00+02:30", 1780308000000},
        {"2026-06-01T02:00:00-08:00", 1780308000000},
        {"2026-05-31T10:01:00.5-23:59", 1780308000500},
        {"2026-06-01T10:00:00-00:00", 1780308000000},
        {"1985-04-12T23:20:50.52Z", 482196050520}, /* the examples of RFC 3339, 5.8 */
        {"1996-12-19T16:39:57-08:00", 851042397000},
        {"1990-12-31T23:59:60Z", 662688000000},
        {"1990-12-31T15:59:60-08:00", 662688000000},
        {"1937-01-01T12:00:27.87+00:20", -1041337172130},
        {"1969-12-31T23:59:59.9999Z", -1}, /* rounded down, not to zero */
        {"2000-02-29T00:00:00Z", 951782400000},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"0000-01-01T00:00:00Z", -62167219200000},
        {"0000-02-29T00:00:00Z", -62162121600000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t unix_ms = 0;
        cr_assert(timestamp_parse(span_of(cases[i].text), &unix_ms), "%s", cases[i].text);
        cr_assert_eq(unix_ms, cases[i].unix_ms, "%s: %lld", cases[i].text, (long long)unix_ms);
    }
}

Test(timestamp, refuses_what_is_no_rfc_3339)
{
    static const char *const cases[] = {
        "",
        "yesterday",
        "1780308000",
        "2026-06-01",
        "2026-06-01T10:00:00",
        "2026-06-01T10:00Z",
        "2026-06-01 10:00:00Z",
        "2026-06-01T10:00:00.Z",
        "2026-06-01T10:00:00,4Z",
        "2026-06-01T10:00:00+0200",
        "2026-06-01T10:00:00+02",
        "2026-06-01T10:00:00+24:00",
        "2026-06-01T10:00:00+02:60",
        "2026-06-01T10:00:00Z ",
        " 2026-06-01T10:00:00Z",
        "2026-06-01T10:00:00ZZ",
        "2026-06-01T10:00:00Z+00:00",
        "2026-00-01T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "2026-06-00T10:00:00Z",
        "2026-06-31T10:00:00Z",
        "2026-02-29T10:00:00Z",
        "1900-02-29T10:00:00Z",
        "2026-06-01T24:00:00Z",
        "2026-06-01T10:60:00Z",
        "2026-06-01T10:00:61Z",
        "2026-06-01T10:00:60Z", /* no leap second there */
        "2026-06-29T23:59:60Z",
        "1990-12-31T23:59:60-08:00",
        "26-06-01T10:00:00Z",
        "+02026-06-01T10:00:00Z",
        "-2026-06-01T10:00:00Z",
        "2026-6-1T10:00:00Z",
        "2026-06-01T1:00:00Z",
        "20260601T100000Z",
        "2026-W23-1T10:00:00Z",
        "2026-06-01T10:00:00\xE2\x88\x92"
        "02:00",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t unix_ms;
        cr_assert_not(timestamp_parse(span_of(cases[i]), &unix_ms), "%s", cases[i]);
    }
    int64_t unix_ms;
    cr_assert_not(timestamp_parse((struct span){NULL, 0}, &unix_ms));
    cr_assert_not(timestamp_parse((struct span){"2026-06-01T10:00:00Z\0", 21}, &unix_ms));
}

Test(timestamp, no_proper_prefix_parses_and_none_is_read_beyond)
{
    static const char text[] = "2026-06-01T10:00:00.412+02:00";
    static const char http[] = "Mon, 01 Jun 2026 10:00:00 GMT";
    for (size_t size_bytes = 0; size_bytes < sizeof text - 1; size_bytes++) {
        char *copy = malloc(size_bytes ? size_bytes : 1);
        int64_t unix_ms;
        memcpy(copy, text, size_bytes);
        cr_assert_not(timestamp_parse((struct span){copy, size_bytes}, &unix_ms));
        memcpy(copy, http, size_bytes);
        cr_assert_not(timestamp_parse_http((struct span){copy, size_bytes}, &unix_ms));
        free(copy);
    }
}

Test(timestamp, formats_as_the_wire_has_it)
{
    char text[TIMESTAMP_TEXT_BYTES];
    timestamp_format(1780308000412, text);
    cr_assert_str_eq(text, "2026-06-01T10:00:00.412Z");
    timestamp_format(-1, text);
    cr_assert_str_eq(text, "1969-12-31T23:59:59.999Z");
    timestamp_format_http(1780308000412, text);
    cr_assert_str_eq(text, "Mon, 01 Jun 2026 10:00:00 GMT");
    timestamp_format_http(784111777000, text);
    cr_assert_str_eq(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    timestamp_format_http(-1, text);
    cr_assert_str_eq(text, "Wed, 31 Dec 1969 23:59:59 GMT");
}

Test(timestamp, formats_beyond_four_digit_years_as_the_nearest_it_can)
{
    char text[TIMESTAMP_TEXT_BYTES];
    timestamp_format(INT64_MAX, text);
    cr_assert_str_eq(text, "9999-12-31T23:59:59.999Z");
    timestamp_format(INT64_MIN, text);
    cr_assert_str_eq(text, "0000-01-01T00:00:00.000Z");
    timestamp_format_http(INT64_MAX, text);
    cr_assert_str_eq(text, "Fri, 31 Dec 9999 23:59:59 GMT");
    timestamp_format_http(INT64_MIN, text);
    cr_assert_str_eq(text, "Sat, 01 Jan 0000 00:00:00 GMT");
}

Test(timestamp, what_is_formatted_parses_to_the_same)
{
    /* a step that is no multiple of a day meets every month, leap day and time of day */
    const int64_t step_ms = 86400000LL * 13 + 12345677;
    for (int64_t unix_ms = -62167219200000; unix_ms <= 253402300799999; unix_ms += step_ms) {
        char text[TIMESTAMP_TEXT_BYTES];
        int64_t parsed_ms = 0;
        timestamp_format(unix_ms, text);
        cr_assert(timestamp_parse(span_of(text), &parsed_ms) && parsed_ms == unix_ms, "%s", text);
        timestamp_format_http(unix_ms, text);
        cr_assert(timestamp_parse_http(span_of(text), &parsed_ms), "%s", text);
        int64_t late_ms = unix_ms - parsed_ms;
        cr_assert(late_ms >= 0 && late_ms < 1000, "%s", text);
    }
}

Test(timestamp, http_date_is_the_fixed_form_only)
{
    static const char *const cases[] = {
        "",
        "Mon",
        "Tue, 01 Jun 2026 10:00:00 GMT", /* it was a Monday */
        "mon, 01 Jun 2026 10:00:00 GMT",
        "Mon, 1 Jun 2026 10:00:00 GMT",
        "Mon, 01 jun 2026 10:00:00 GMT",
        "Mon, 01 Jux 2026 10:00:00 GMT",
        "Mon, 01 Jun 26 10:00:00 GMT",
        "Mon, 01 Jun 2026 10:00 GMT",
        "Mon, 01 Jun 2026 24:00:00 GMT",
        "Mon, 31 Jun 2026 10:00:00 GMT",
        "Mon, 01 Jun 2026 10:00:00 UTC",
        "Mon, 01 Jun 2026 10:00:00 GMT ",
        "Mon, 01 Jun 2026 10:00:00",
        "Monday, 01-Jun-26 10:00:00 GMT",
        "Mon Jun  1 10:00:00 2026",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t unix_ms;
        cr_assert_not(timestamp_parse_http(span_of(cases[i]), &unix_ms), "%s", cases[i]);
    }
    int64_t unix_ms = 0;
    cr_assert(timestamp_parse_http(span_of("Mon, 31 Dec 1990 23:59:60 GMT"), &unix_ms));
    cr_assert_eq(unix_ms, 662688000000);
}
