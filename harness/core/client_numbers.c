#include "core/client_numbers.h"

#include <math.h>

static bool is_number(double number)
{
    return number == floor(number) && fabs(number) <= (double)CURSOR_NUMBER_MAX; /* not for NAN */
}

static void numbering_free(struct numbering *numbering)
{
    cursor_free(&numbering->sure);
    cursor_free(&numbering->possible);
}

void client_numbers_free(struct client_numbers *numbers)
{
    numbering_free(&numbers->now);
    numbering_free(&numbers->fresh);
}

/* The first number that it surely has, above some that it may have: its run began with any of them,
 * and nobody knows with which. */
static void begin_anywhere(struct numbering *numbering, int64_t number)
{
    cursor_start(&numbering->sure, 0);
    cursor_advance(&numbering->possible, number);
}

/* A number that no counter gives: all it tells is that there are numbers. */
static void numbering_begin(struct numbering *numbering, bool is_sure)
{
    if (!numbering->possible.is_started)
        cursor_start(&numbering->possible, 0);
    if (is_sure && !numbering->sure.is_started)
        cursor_start(&numbering->sure, 0);
}

static void numbering_add(struct numbering *numbering, int64_t number, bool is_sure)
{
    if (number < 1) {
        numbering_begin(numbering, is_sure);
        return;
    }
    if (is_sure && !numbering->sure.is_started && numbering->possible.is_started &&
        number > numbering->possible.end)
        begin_anywhere(numbering, number);
    cursor_add(&numbering->possible, number);
    if (is_sure)
        cursor_add(&numbering->sure, number);
}

void client_numbers_add(struct client_numbers *numbers, double number, bool is_sure)
{
    if (!is_number(number))
        return;
    numbering_add(&numbers->now, (int64_t)number, is_sure);
    if (numbers->has_fresh)
        numbering_add(&numbers->fresh, (int64_t)number, is_sure);
}

void client_numbers_may_advance(struct client_numbers *numbers, double current_seq)
{
    if (!is_number(current_seq))
        return;
    if (numbers->now.possible.is_started)
        cursor_advance(&numbers->now.possible, (int64_t)current_seq);
    if (numbers->has_fresh)
        cursor_advance(&numbers->fresh.possible, (int64_t)current_seq);
}

static int64_t highest_number(const struct cursor *cursor)
{
    return cursor->range_count ? cursor->ranges[cursor->range_count - 1].last : cursor->end;
}

void client_numbers_begin_fresh(struct client_numbers *numbers)
{
    if (numbers->has_fresh && highest_number(&numbers->fresh.possible) > numbers->skipped_end)
        numbers->skipped_end = highest_number(&numbers->fresh.possible); /* it may be in that one */
    numbers->has_fresh = true;
    cursor_start(&numbers->fresh.sure, 0);
    cursor_start(&numbers->fresh.possible, 0);
}

void client_numbers_take_fresh(struct client_numbers *numbers)
{
    if (!numbers->has_fresh)
        client_numbers_begin_fresh(numbers);
    numbering_free(&numbers->now);
    numbers->now = numbers->fresh;
    cursor_advance(&numbers->now.possible, numbers->skipped_end);
    numbers->fresh = (struct numbering){0};
    numbers->has_fresh = false;
    numbers->skipped_end = 0;
}

int64_t client_numbers_sure_end(const struct client_numbers *numbers)
{
    return numbers->now.sure.is_started ? numbers->now.sure.end : INT64_MIN;
}

double client_numbers_choose(struct client_numbers *numbers, double own, int64_t open_end)
{
    if (!numbers->now.possible.is_started)
        return NAN;
    bool is_fresh = numbers->has_fresh && own < (double)open_end;
    if (is_fresh)
        client_numbers_take_fresh(numbers);
    struct numbering *now = &numbers->now;
    if (!now->sure.is_started) {
        if (isnan(own))
            return NAN; /* perhaps nothing had come */
        /* Any of those that it may have read can have been its first. */
        if (is_number(own) && cursor_has(&now->possible, (int64_t)own))
            cursor_advance(&now->possible, (int64_t)own);
        double first = fmin(own, (double)now->possible.end);
        cursor_start(&now->sure, is_number(first) ? (int64_t)first : 0);
    }
    double low = (double)now->sure.end, high = (double)now->possible.end;
    /* It may have asked before anything came on this connection. */
    if (!isnan(own) && !is_fresh && open_end != INT64_MIN)
        low = fmin(low, (double)open_end);
    if (isnan(own) || own > high)
        return fmax(low, high);
    return own < low ? low : own;
}
