#include "core/timestamp.h"

#include <string.h>

#define DAY_S 86400

/* Formatting is bounded to the years 0000 to 9999, which are all that both formats can hold. */
#define FIRST_UNIX_MS (-62167219200000)
#define LAST_UNIX_MS  253402300799999

static const char *const weekday_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* A moment of the Gregorian calendar, as it is written. */
struct civil {
    int year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
    int hour;
    int minute;
    int second; /* 60 in a leap second */
};

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap_year = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap_year ? 1 : 0);
}

/* Days since 1970-01-01. Years are counted from March, so that a leap day is the last of its year
 * and months before it need no table; 400 years are always 146,097 days. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t shifted_year = (int64_t)year + 400 - (month <= 2 ? 1 : 0);
    int64_t shifted_month = (month + 9) % 12;
    int64_t era = shifted_year / 400;
    int64_t year_of_era = shifted_year % 400;
    int64_t day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (era - 1) * 146097 + day_of_era - 719468;
}

static int64_t floor_divide(int64_t dividend, int64_t divisor)
{
    return dividend / divisor - (dividend % divisor < 0 ? 1 : 0);
}

static struct civil civil_from_unix(int64_t unix_s)
{
    int64_t days = floor_divide(unix_s, DAY_S);
    int64_t second_of_day = unix_s - days * DAY_S;
    int64_t shifted_days = days + 719468;
    int64_t era = floor_divide(shifted_days, 146097);
    int64_t day_of_era = shifted_days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    int month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    return (struct civil){
        .year = (int)(year_of_era + era * 400 + (month <= 2 ? 1 : 0)),
        .month = month,
        .day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1),
        .hour = (int)(second_of_day / 3600),
        .minute = (int)(second_of_day / 60 % 60),
        .second = (int)(second_of_day % 60),
    };
}

/* False if there is no such moment. A leap second is one only as the last of a month in UTC
 * (RFC 3339, 5.7) and counts as the second after it, as POSIX time does. */
static bool civil_to_unix(const struct civil *civil, int64_t offset_s, int64_t *unix_s)
{
    if (civil->month < 1 || civil->month > 12 || civil->day < 1 ||
        civil->day > days_in_month(civil->year, civil->month) || civil->hour > 23 ||
        civil->minute > 59 || civil->second > 60)
        return false;
    *unix_s = days_from_civil(civil->year, civil->month, civil->day) * DAY_S + civil->hour * 3600 +
              civil->minute * 60 + civil->second - offset_s;
    if (civil->second == 60)
        return *unix_s % DAY_S == 0 && civil_from_unix(*unix_s).day == 1;
    return true;
}

static bool take_digits(struct span *rest, size_t count, int *value)
{
    if (rest->size_bytes < count)
        return false;
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        if (rest->data[i] < '0' || rest->data[i] > '9')
            return false;
        *value = *value * 10 + (rest->data[i] - '0');
    }
    rest->data += count;
    rest->size_bytes -= count;
    return true;
}

/* Takes one character if it is one of `allowed`; returns it, or NUL. */
static char take_one_of(struct span *rest, const char *allowed)
{
    if (rest->size_bytes == 0 || rest->data[0] == '\0' || !strchr(allowed, rest->data[0]))
        return '\0';
    rest->size_bytes--;
    return *rest->data++;
}

static bool take_text(struct span *rest, const char *text)
{
    size_t size_bytes = strlen(text);
    if (rest->size_bytes < size_bytes || memcmp(rest->data, text, size_bytes) != 0)
        return false;
    rest->data += size_bytes;
    rest->size_bytes -= size_bytes;
    return true;
}

static bool take_time_of_day(struct span *rest, struct civil *civil)
{
    return take_digits(rest, 2, &civil->hour) && take_text(rest, ":") &&
           take_digits(rest, 2, &civil->minute) && take_text(rest, ":") &&
           take_digits(rest, 2, &civil->second);
}

/* Digits beyond milliseconds are cut: they count from the second on, so that is rounding down. */
static bool take_fraction(struct span *rest, int *fraction_ms)
{
    *fraction_ms = 0;
    if (!take_one_of(rest, "."))
        return true;
    int digit;
    if (!take_digits(rest, 1, &digit))
        return false;
    int unit_ms = 100;
    do {
        *fraction_ms += digit * unit_ms;
        unit_ms /= 10;
    } while (take_digits(rest, 1, &digit));
    return true;
}

static bool take_offset(struct span *rest, int64_t *offset_s)
{
    *offset_s = 0;
    if (take_one_of(rest, "Zz"))
        return true;
    char sign = take_one_of(rest, "+-");
    int hours, minutes;
    if (!sign || !take_digits(rest, 2, &hours) || !take_text(rest, ":") ||
        !take_digits(rest, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset_s = hours * 3600 + minutes * 60;
    if (sign == '-')
        *offset_s = -*offset_s;
    return true;
}

bool timestamp_parse(struct span text, int64_t *unix_ms)
{
    struct civil civil;
    int fraction_ms;
    int64_t offset_s, unix_s;
    if (!take_digits(&text, 4, &civil.year) || !take_text(&text, "-") ||
        !take_digits(&text, 2, &civil.month) || !take_text(&text, "-") ||
        !take_digits(&text, 2, &civil.day) || !take_one_of(&text, "Tt") ||
        !take_time_of_day(&text, &civil) || !take_fraction(&text, &fraction_ms) ||
        !take_offset(&text, &offset_s) || text.size_bytes > 0)
        return false;
    if (!civil_to_unix(&civil, offset_s, &unix_s))
        return false;
    *unix_ms = unix_s * 1000 + fraction_ms;
    return true;
}

static int64_t clamp_to_years(int64_t unix_ms)
{
    if (unix_ms < FIRST_UNIX_MS)
        return FIRST_UNIX_MS;
    return unix_ms > LAST_UNIX_MS ? LAST_UNIX_MS : unix_ms;
}

/* ---- formatting: by hand, for every published event has a time ---- */

static char *put_digits(char *at, int value, int digit_count)
{
    for (int i = digit_count; i > 0; value /= 10)
        at[--i] = (char)('0' + value % 10);
    return at + digit_count;
}

static char *put_text(char *at, const char *text)
{
    while (*text)
        *at++ = *text++;
    return at;
}

static char *put_time_of_day(char *at, const struct civil *civil)
{
    at = put_digits(at, civil->hour, 2);
    at = put_digits(put_text(at, ":"), civil->minute, 2);
    return put_digits(put_text(at, ":"), civil->second, 2);
}

void timestamp_format(int64_t unix_ms, char text[TIMESTAMP_TEXT_BYTES])
{
    unix_ms = clamp_to_years(unix_ms);
    int64_t unix_s = floor_divide(unix_ms, 1000);
    struct civil civil = civil_from_unix(unix_s);
    char *at = put_digits(text, civil.year, 4);
    at = put_digits(put_text(at, "-"), civil.month, 2);
    at = put_digits(put_text(at, "-"), civil.day, 2);
    at = put_time_of_day(put_text(at, "T"), &civil);
    at = put_digits(put_text(at, "."), (int)(unix_ms - unix_s * 1000), 3);
    *put_text(at, "Z") = '\0';
}

static const char *weekday_name(int64_t unix_s)
{
    int64_t days = floor_divide(unix_s, DAY_S) + 4; /* the first day was a Thursday */
    return weekday_names[days - floor_divide(days, 7) * 7];
}

void timestamp_format_http(int64_t unix_ms, char text[TIMESTAMP_TEXT_BYTES])
{
    int64_t unix_s = floor_divide(clamp_to_years(unix_ms), 1000);
    struct civil civil = civil_from_unix(unix_s);
    char *at = put_text(put_text(text, weekday_name(unix_s)), ", ");
    at = put_text(put_digits(at, civil.day, 2), " ");
    at = put_text(put_text(at, month_names[civil.month - 1]), " ");
    at = put_text(put_digits(at, civil.year, 4), " ");
    *put_text(put_time_of_day(at, &civil), " GMT") = '\0';
}

static bool take_month_name(struct span *rest, int *month)
{
    for (int i = 0; i < 12; i++) {
        if (take_text(rest, month_names[i])) {
            *month = i + 1;
            return true;
        }
    }
    return false;
}

bool timestamp_parse_http(struct span text, int64_t *unix_ms)
{
    struct civil civil;
    int64_t unix_s;
    struct span rest = text;
    if (rest.size_bytes < 3)
        return false;
    rest.data += 3; /* the day's name: compared below, when the day is known */
    rest.size_bytes -= 3;
    if (!take_text(&rest, ", ") || !take_digits(&rest, 2, &civil.day) || !take_text(&rest, " ") ||
        !take_month_name(&rest, &civil.month) || !take_text(&rest, " ") ||
        !take_digits(&rest, 4, &civil.year) || !take_text(&rest, " ") ||
        !take_time_of_day(&rest, &civil) || !take_text(&rest, " GMT") || rest.size_bytes > 0)
        return false;
    if (!civil_to_unix(&civil, 0, &unix_s))
        return false;
    int64_t named_day_s = civil.second == 60 ? unix_s - 1 : unix_s;
    if (!take_text(&text, weekday_name(named_day_s)))
        return false;
    *unix_ms = unix_s * 1000;
    return true;
}
