#include "core/number.h"

#include "core/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_DIGITS_MAX 15 /* so many decimal digits fit a double without rounding */

/* No double lies closer to the middle of two others than this many digits tell; of those behind
 * only counts whether one is not zero. */
#define SIGNIFICANT_DIGITS_MAX 780
#define EXPONENT_MAX           1000000 /* far beyond 1e308, even with a long fraction */

static int64_t parse_exponent(const char *at, const char *end)
{
    bool is_negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    int64_t exponent = 0;
    for (; at < end; at++)
        if (exponent < INT64_C(1000000000000))
            exponent = exponent * 10 + (*at - '0');
    return is_negative ? -exponent : exponent;
}

/* The value of a number of any length. strtod gets a bounded copy of the form "digits e exponent":
 * it would read beyond the text, and what it takes for a decimal point depends on the locale. */
static double convert_long_number(struct span text)
{
    char copy[SIGNIFICANT_DIGITS_MAX + 32];
    size_t size = 0;
    int64_t exponent = 0;
    bool is_fraction = false, has_rest = false;
    const char *at = text.data, *end = at + text.size_bytes;
    if (*at == '-')
        copy[size++] = *at++;
    size_t sign_size = size;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            is_fraction = true;
            continue;
        }
        exponent -= is_fraction;
        if (*at == '0' && size == sign_size)
            continue;
        if (size - sign_size < SIGNIFICANT_DIGITS_MAX) {
            copy[size++] = *at;
        } else {
            has_rest = has_rest || *at != '0';
            exponent++;
        }
    }
    if (size == sign_size)
        return sign_size ? -0.0 : 0.0;
    if (has_rest) {
        copy[size++] = '1';
        exponent--;
    }
    if (at < end)
        exponent += parse_exponent(at + 1, end);
    if (exponent > EXPONENT_MAX)
        exponent = EXPONENT_MAX;
    if (exponent < -EXPONENT_MAX)
        exponent = -EXPONENT_MAX;
    snprintf(copy + size, sizeof copy - size, "e%d", (int)exponent);
    return strtod(copy, NULL);
}

double number_convert(struct span text)
{
    bool is_negative = text.data[0] == '-';
    if (text.size_bytes - is_negative > EXACT_DIGITS_MAX)
        return convert_long_number(text);
    int64_t number = 0;
    for (size_t i = is_negative; i < text.size_bytes; i++) {
        unsigned digit = (unsigned)text.data[i] - '0';
        if (digit > 9)
            return convert_long_number(text);
        number = number * 10 + digit;
    }
    return is_negative ? -(double)number : (double)number;
}

/* ---- printing ---- */

#define WHOLE_DIGITS_LIMIT 1e17 /* a larger whole number is shorter with an exponent */

/* With as many digits as it takes. */
static void print_double(double number, char *text, size_t text_bytes)
{
    bool is_whole = number == floor(number) && fabs(number) < WHOLE_DIGITS_LIMIT;
    if (is_whole && (number != 0 || !signbit(number))) {
        snprintf(text, text_bytes, "%" PRId64, (int64_t)number);
        return;
    }
    snprintf(text, text_bytes, "%.15g", number);
    if (strtod(text, NULL) != number)
        snprintf(text, text_bytes, "%.17g", number);
}

/* Numbers become raw text. */
static void make_exact(cJSON *node)
{
    char text[40];
    if (cJSON_IsNumber(node) && isfinite(node->valuedouble)) {
        print_double(node->valuedouble, text, sizeof text);
        node->type = (node->type & ~0xff) | cJSON_Raw;
        node->valuestring = memory_copy_text(text, strlen(text));
    }
    for (cJSON *child = node->child; child; child = child->next)
        make_exact(child);
}

char *number_print_tree(const cJSON *tree)
{
    cJSON *copy = cJSON_Duplicate(tree, true);
    char *text = NULL;
    if (copy) {
        make_exact(copy);
        text = cJSON_PrintUnformatted(copy);
    }
    cJSON_Delete(copy);
    if (!text)
        abort();
    return text;
}

/* ---- comparing ---- */

static bool members_equal(const cJSON *left, const cJSON *right)
{
    if (cJSON_GetArraySize(left) != cJSON_GetArraySize(right))
        return false;
    for (const cJSON *member = left->child; member; member = member->next) {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(right, member->string);
        if (!other || !number_trees_equal(member, other))
            return false;
    }
    return true;
}

/* Recursion is bounded by the depth that cJSON parses. */
bool number_trees_equal(const cJSON *left, const cJSON *right)
{
    if ((left->type & 0xff) != (right->type & 0xff))
        return false;
    if (cJSON_IsNumber(left))
        return left->valuedouble == right->valuedouble;
    if (cJSON_IsString(left))
        return strcmp(left->valuestring, right->valuestring) == 0;
    if (cJSON_IsObject(left))
        return members_equal(left, right) && members_equal(right, left);
    const cJSON *item = left->child, *other = right->child;
    for (; item && other; item = item->next, other = other->next)
        if (!number_trees_equal(item, other))
            return false;
    return !item && !other;
}
