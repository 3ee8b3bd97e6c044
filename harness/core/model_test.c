#include "core/model.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>

/* Publishes the next event with the next number. */
static void publish(struct model *model, const char *type, int64_t created_s)
{
    const struct event_type *known = event_type_find(span_of(type));
    uint64_t marker = model->event_count + 1;
    model_publish(model, &(struct event){
                             .marker = marker,
                             .id_marker = marker,
                             .seq = model->current_seq + 1,
                             .is_numbered = true,
                             .type = type,
                             .created_s = created_s,
                             .row = known ? known->row : EVENT_ROW_NONE,
                         });
}

static void publish_many(struct model *model, size_t count, int64_t created_s)
{
    for (size_t i = 0; i < count; i++)
        publish(model, "message.created", created_s);
}

static struct resync_answer ask(const struct model *model, double last_seen_seq, int64_t since_ms)
{
    struct resync_request request = {
        .last_seen_seq = last_seen_seq, .has_since = since_ms >= 0, .since_ms = since_ms};
    struct resync_answer answer;
    model_answer_resync(model, &request, RESYNC_ORDER_RING_FIRST, 0, &answer);
    return answer;
}

#define NO_SINCE (-1)

struct expected {
    double last_seen_seq;
    int64_t since_ms;
    bool gap_detected;
    size_t ring_count, row_count;
};

static void check(const struct model *model, const struct expected *expected)
{
    struct resync_answer answer = ask(model, expected->last_seen_seq, expected->since_ms);
    cr_assert(answer.gap_detected == expected->gap_detected &&
                  answer.ring_count == expected->ring_count &&
                  answer.row_count == expected->row_count,
              "last_seen_seq %g, since %lld: gap %d, ring %zu, rows %zu", expected->last_seen_seq,
              (long long)expected->since_ms, answer.gap_detected, answer.ring_count,
              answer.row_count);
    cr_assert(answer.count == answer.ring_count + answer.row_count);
    cr_assert(answer.current_seq == model->current_seq);
    for (size_t i = 0; i < answer.count; i++) {
        bool is_row = i >= answer.ring_count;
        cr_assert(answer.items[i].is_row == is_row, "S-5: rows come after the ring");
        if (i > 0 && answer.items[i - 1].is_row == is_row)
            cr_assert(answer.items[i - 1].marker < answer.items[i].marker, "oldest first");
    }
    resync_answer_free(&answer);
}

Test(model, gap_begins_where_the_ring_ends)
{
    static const struct expected cases[] = {
        /* 1,000 events, the ring holds 501 to 1,000 */
        {1000, 0, false, 0, 0},
        {1001, 0, false, 0, 0},
        {1e300, 0, false, 0, 0},
        {999, 0, false, 1, 0},
        {999.5, 0, false, 1, 0},
        {501, 0, false, 499, 0},
        {500.5, 0, false, 500, 0},
        {500, 0, false, 500, 0},
        {499.5, 0, true, 500, 1000},
        {499, 0, true, 500, 1000},
        {499, NO_SINCE, true, 500, 0},
        {0, 0, true, 500, 1000},
        {-1, 0, true, 500, 1000},
        {-0.0, 0, true, 500, 1000},
        {-1e300, 0, true, 500, 1000},
        {-INFINITY, 0, true, 500, 1000},
        {INFINITY, 0, false, 0, 0},
    };
    struct model model;
    model_init(&model, 500, 1000);
    publish_many(&model, 1000, 100);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&model, &cases[i]);
    model_free(&model);
}

Test(model, missing_499_500_and_501_events)
{
    for (size_t missed = 499; missed <= 501; missed++) {
        struct model model;
        model_init(&model, 500, 1000);
        publish_many(&model, 5 + missed, 100);
        bool gap = missed > 500;
        check(&model, &(struct expected){5, 0, gap, gap ? 500 : missed, gap ? 5 + missed : 0});
        model_free(&model);
    }
}

Test(model, without_a_ring_every_missed_event_is_a_gap)
{
    struct model model;
    model_init(&model, 0, 1000);
    check(&model, &(struct expected){0, 0, false, 0, 0}); /* nothing has happened */
    check(&model, &(struct expected){-1, 0, true, 0, 0}); /* S-4: below 0 + 1 - 1 */
    publish_many(&model, 3, 100);
    check(&model, &(struct expected){3, 0, false, 0, 0});
    check(&model, &(struct expected){2, 0, true, 0, 3});
    check(&model, &(struct expected){2, NO_SINCE, true, 0, 0});
    model_free(&model);
}

Test(model, rows_are_those_of_later_seconds_than_since)
{
    static const struct expected cases[] = {
        {0, 99999, true, 1, 3},   /* the second before */
        {0, 100000, true, 1, 2},  /* the second itself: created_at > floor(since) */
        {0, 100999, true, 1, 2},
        {0, 101000, true, 1, 1},
        {0, 102000, true, 1, 0},
        {0, INT64_MAX, true, 1, 0},
    };
    struct model model;
    model_init(&model, 1, 1000);
    for (int64_t second = 100; second <= 102; second++)
        publish_many(&model, 1, second);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&model, &cases[i]);
    model_free(&model);
}

Test(model, since_before_1970_is_rounded_down)
{
    struct model model;
    model_init(&model, 0, 1000);
    publish_many(&model, 1, -1);
    struct resync_request request = {.last_seen_seq = 0, .has_since = true};
    static const struct {
        int64_t since_ms;
        size_t row_count;
    } cases[] = {{-1, 0}, {-1000, 0}, {-1001, 1}, {-2000, 1}, {0, 0}, {INT64_MIN, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct resync_answer answer;
        request.since_ms = cases[i].since_ms;
        model_answer_resync(&model, &request, RESYNC_ORDER_RING_FIRST, 0, &answer);
        cr_assert(answer.row_count == cases[i].row_count, "case %zu", i);
        resync_answer_free(&answer);
    }
    model_free(&model);
}

static void check_markers(const struct resync_answer *answer, const uint64_t *markers, size_t count)
{
    cr_assert(answer->count == count, "%zu items", answer->count);
    for (size_t i = 0; i < count; i++)
        cr_assert(answer->items[i].marker == markers[i], "item %zu is gc-%llu", i,
                  (unsigned long long)answer->items[i].marker);
}

/* gc-1 … gc-8 without a ring; classes mixed over two seconds. */
static void publish_mixed(struct model *model)
{
    publish(model, "message.reacted", 100);
    publish(model, "dm.received", 100);
    publish(model, "message.created", 100);
    publish(model, "agent.status.idle", 100); /* has no row */
    publish(model, "thread.reply", 100);
    publish(model, "message.reacted", 101);
    publish(model, "group_dm.received", 101);
    publish(model, "message.created", 101);
}

Test(model, rows_are_merged_by_second_and_then_by_class)
{
    struct model model;
    model_init(&model, 0, 1000);
    publish_mixed(&model);
    struct resync_answer answer = ask(&model, 0, 0);
    check_markers(&answer, (uint64_t[]){3, 5, 2, 1, 8, 7, 6}, 7);
    resync_answer_free(&answer);
    model_free(&model);
}

Test(model, limit_cuts_each_class_to_its_oldest_rows)
{
    struct model model;
    model_init(&model, 0, 1);
    publish_mixed(&model);
    struct resync_answer answer = ask(&model, 0, 0);
    check_markers(&answer, (uint64_t[]){3, 2, 1}, 3);
    resync_answer_free(&answer);

    answer = ask(&model, 0, 100500);
    check_markers(&answer, (uint64_t[]){8, 7, 6}, 3);
    resync_answer_free(&answer);
    model_free(&model);

    model_init(&model, 0, 0);
    publish_mixed(&model);
    check(&model, &(struct expected){0, 0, true, 0, 0});
    model_free(&model);
}

Test(model, limit_is_a_thousand_oldest_rows)
{
    struct model model;
    model_init(&model, 500, 1000);
    publish_many(&model, 1700, 100);
    check(&model, &(struct expected){5, 0, true, 500, 1000});
    struct resync_answer answer = ask(&model, 5, 0);
    cr_assert(answer.items[500].marker == 1 && answer.items[1499].marker == 1000);
    resync_answer_free(&answer);
    model_free(&model);
}

Test(model, a_clock_set_back_keeps_rows_ordered_by_created_at)
{
    struct model model;
    model_init(&model, 0, 1000);
    static const int64_t seconds[] = {100, 103, 101, 101, 100};
    for (size_t i = 0; i < 5; i++)
        publish(&model, "message.created", seconds[i]);
    struct resync_answer answer = ask(&model, 0, 100000);
    check_markers(&answer, (uint64_t[]){3, 4, 2}, 3);
    resync_answer_free(&answer);
    model_free(&model);
}

Test(model, unnumbered_events_move_nothing_but_rows)
{
    struct model model;
    model_init(&model, 500, 1000);
    publish_many(&model, 2, 100);
    const struct event *kept =
        model_publish(&model, &(struct event){.marker = 3, .seq = 77, .row = EVENT_ROW_DM,
                                              .type = "dm.received", .created_s = 100});
    cr_assert(kept == model_event(&model, 3) && kept->seq == 77);
    cr_assert(model.current_seq == 2 && model.ring.count == 2);
    cr_assert(model.rows[EVENT_ROW_DM].count == 1);
    model_free(&model);
}

Test(model, counter_follows_to_the_highest_number)
{
    struct model model;
    model_init(&model, 500, 1000);
    static const int64_t numbers[] = {10, 3, 12};
    for (size_t i = 0; i < 3; i++)
        model_publish(&model, &(struct event){.marker = i + 1, .seq = numbers[i], .type = "x",
                                              .is_numbered = true, .row = EVENT_ROW_NONE});
    cr_assert(model.current_seq == 12);
    check(&model, &(struct expected){10, 0, false, 1, 0});
    model_free(&model);
}

Test(model, restart_empties_the_ring_and_keeps_the_rows)
{
    struct model model;
    model_init(&model, 500, 1000);
    publish_many(&model, 700, 100);
    model_restart(&model, 0, false, true);
    cr_assert(model.current_seq == 0 && model.ring.count == 0);
    check(&model, &(struct expected){700, 0, false, 0, 0}); /* S-2: the old high number */
    check(&model, &(struct expected){-1, 0, true, 0, 700});
    publish_many(&model, 2, 101);
    check(&model, &(struct expected){700, 0, false, 0, 0});
    check(&model, &(struct expected){0, 0, false, 2, 0});
    check(&model, &(struct expected){1, 0, false, 1, 0});
    model_restart(&model, 0, false, false);
    check(&model, &(struct expected){-1, 0, true, 0, 0});
    cr_assert(model_event(&model, 702)->seq == 2, "events stay known for ever");
    model_free(&model);
}

Test(model, restart_may_keep_the_counter)
{
    struct model model;
    model_init(&model, 500, 1000);
    publish_many(&model, 10, 100);
    model_restart(&model, -1, false, true);
    cr_assert(model.current_seq == 10);
    check(&model, &(struct expected){9, 0, true, 0, 10}); /* S-4: empty counts as 11 */
    publish_many(&model, 1, 100);
    check(&model, &(struct expected){10, 0, false, 1, 0});
    check(&model, &(struct expected){9, 0, true, 1, 11});
    model_restart(&model, 50, true, true);
    check(&model, &(struct expected){49, 0, false, 0, 0});
    model_free(&model);
}

Test(model, a_kept_ring_replaces_the_numbers_it_meets_again)
{
    struct model model;
    model_init(&model, 500, 1000);
    publish_many(&model, 5, 100);
    model_restart(&model, 0, true, true);
    check(&model, &(struct expected){0, 0, false, 0, 0});
    publish_many(&model, 2, 100); /* gc-6 and gc-7 carry the numbers 1 and 2 */
    struct resync_answer answer = ask(&model, 1, NO_SINCE);
    check_markers(&answer, (uint64_t[]){3, 4, 5, 7}, 4);
    cr_assert(answer.gap_detected, "the oldest in the ring is number 3");
    resync_answer_free(&answer);
    model_free(&model);
}

Test(model, order_of_the_answer_is_as_asked)
{
    struct model model;
    model_init(&model, 3, 1000);
    publish_many(&model, 8, 100);
    struct resync_request request = {.last_seen_seq = 0, .has_since = true};
    struct resync_answer answer, again;
    model_answer_resync(&model, &request, RESYNC_ORDER_DB_FIRST, 0, &answer);
    check_markers(&answer, (uint64_t[]){1, 2, 3, 4, 5, 6, 7, 8, 6, 7, 8}, 11);
    cr_assert(answer.items[7].is_row && !answer.items[8].is_row);
    resync_answer_free(&answer);

    model_answer_resync(&model, &request, RESYNC_ORDER_SHUFFLED, 1, &answer);
    model_answer_resync(&model, &request, RESYNC_ORDER_SHUFFLED, 1, &again);
    size_t seen[9][2] = {{0}}, moved_count = 0;
    for (size_t i = 0; i < answer.count; i++) {
        seen[answer.items[i].marker][answer.items[i].is_row]++;
        cr_assert(answer.items[i].marker == again.items[i].marker, "same seed, same order");
        moved_count += i > 0 && answer.items[i].marker < answer.items[i - 1].marker;
    }
    cr_assert(moved_count > 1);
    for (size_t marker = 1; marker <= 8; marker++)
        cr_assert(seen[marker][true] == 1 && seen[marker][false] == (marker > 5));
    resync_answer_free(&answer);
    resync_answer_free(&again);
    model_free(&model);
}

