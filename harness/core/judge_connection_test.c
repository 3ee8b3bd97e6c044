/* How the client connects again, and how it stops (C-16, C-27, C-28). */
#include "core/judge_fixture.h"

#include <criterion/criterion.h>

TestSuite(judge_connection, .fini = story_end);

/* ---- C-16: delays ---- */

static const int64_t growing_ms[] = {20, 40, 80, 160, 320, 500, 500};
static const int64_t jittered_ms[] = {10, 21, 42, 79, 170, 260, 251};
static const int64_t flat_ms[] = {20, 20, 20, 20, 20, 20, 20};

#define DELAY_COUNT 7

/* A connection that carried an event, then refused ones with these delays between them. */
static void refuse_in(const char *members, const int64_t *delays_ms)
{
    story_begin_dropped(members, 1);
    for (size_t index = 0; index < DELAY_COUNT; index++) {
        story_wait(delays_ms[index]);
        story_connect();
        story_refuse(503);
    }
}

static void refuse_with(const int64_t *delays_ms)
{
    refuse_in("", delays_ms);
}

Test(judge_connection, delays_grow_even_with_jitter_or_c16_is_broken)
{
    static const struct {
        const int64_t *delays_ms;
        bool is_good;
    } cases[] = {{growing_ms, true}, {jittered_ms, true}, {flat_ms, false}};
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        refuse_with(cases[index].delays_ms);
        story_done("complete", NULL);
        story_judge();
        story_expect_status(RULE_C16,
                            cases[index].is_good ? RULE_STATUS_PASS : RULE_STATUS_FAIL);
    }
}

/* The bounds are 51 ms and 76 ms, and it waited 20. */
Test(judge_connection, short_delays_are_told_unless_the_harness_was_late_by_what_they_lack)
{
    static const struct {
        double late_us;
        enum verdict verdict;
        enum rule_status status;
    } cases[] = {
        {25000, VERDICT_FAIL, RULE_STATUS_FAIL},
        {80000, VERDICT_ERROR, RULE_STATUS_INCONCLUSIVE},
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        refuse_in("'rules':['C-16'],", flat_ms);
        struct transcript_entry late = story_entry(TRANSCRIPT_LATE);
        late.number = cases[index].late_us;
        story_add(&late);
        story_done("complete", NULL);
        story_judge();
        cr_expect_eq(story.judgement->verdict, cases[index].verdict);
        cr_expect_eq(story.judgement->is_late, cases[index].verdict == VERDICT_ERROR);
        story_expect_status(RULE_C16, cases[index].status);
    }
}

Test(judge_connection, a_step_whose_time_was_up_on_a_busy_machine_may_be_worth_another_play)
{
    static const struct {
        const char *how;
        double late_us;
        bool is_late;
    } cases[] = {{"unmet", 40000, true}, {"unmet", 25000, false}, {"complete", 40000, false}};
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        story_begin("", "");
        story_open();
        story_drop("reset");
        struct transcript_entry late = story_entry(TRANSCRIPT_LATE);
        late.number = cases[index].late_us;
        story_add(&late);
        story_done(cases[index].how, NULL);
        story_judge();
        cr_expect_eq(story.judgement->is_late, cases[index].is_late, "case %zu", index);
    }
}

Test(judge_connection, a_rule_that_the_scenario_does_not_name_may_stay_untold)
{
    refuse_with(flat_ms);
    struct transcript_entry late = story_entry(TRANSCRIPT_LATE);
    late.number = 80000;
    story_add(&late);
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C16, RULE_STATUS_INCONCLUSIVE);
}

Test(judge_connection, flat_delays_of_a_driver_without_backoff_are_not_judged)
{
    refuse_with(flat_ms);
    story_lack(DRIVER_CAPABILITY_BACKOFF);
    story_expect(VERDICT_PASS, "");
}

/* Then a good connection again, and the delay after that. */
static void start_again_after(int64_t delay_ms)
{
    refuse_with(growing_ms);
    story_wait(500);
    story_reconnect(1);
    story_drop("reset");
    story_wait(delay_ms);
    story_reconnect(1);
}

Test(judge_connection, delays_start_small_again_after_an_event_or_c16_is_broken)
{
    start_again_after(20);
    story_expect(VERDICT_PASS, "");
    start_again_after(500);
    story_expect(VERDICT_FAIL, "C-16");
}

/* Of the node stream: attempts that came to no connection lie between. */
Test(judge_connection, a_delay_behind_refused_tokens_need_not_be_small)
{
    refuse_with(growing_ms);
    story_wait(500);
    story_reconnect(1);
    story_drop("reset");
    struct transcript_entry http = story_entry(TRANSCRIPT_HTTP);
    http.name = "stall";
    http.text = "POST /v1/agent/node-token";
    story_add(&http);
    story_wait(500);
    story_reconnect(1);
    story_expect(VERDICT_PASS, "");
}

Test(judge_connection, a_client_that_reconnects_before_the_server_saw_the_end_is_not_too_quick)
{
    story_begin("", "");
    for (unsigned index = 0; index < 8; index++) {
        story_connect();
        story_upgrade();
        struct transcript_entry close = story_entry(TRANSCRIPT_WS_OUT);
        close.connection = story.connection;
        close.name = "close";
        story_add(&close);
        story_wait(growing_ms[index < DELAY_COUNT ? index : DELAY_COUNT - 1]);
        story_end_by_client();
    }
    story_expect(VERDICT_PASS, "");
}

/* ---- C-27 ---- */

static void accept_and_drop_with(const int64_t *delays_ms)
{
    story_begin("", "");
    for (size_t index = 0; index < DELAY_COUNT; index++) {
        story_connect();
        story_upgrade();
        story_drop("fin");
        story_wait(delays_ms[index]);
    }
    story_connect();
    story_upgrade();
}

Test(judge_connection, it_slows_down_for_a_server_that_accepts_and_closes_or_c27_warns)
{
    accept_and_drop_with(growing_ms);
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C27, RULE_STATUS_PASS);
    accept_and_drop_with(flat_ms);
    story_expect(VERDICT_WARN, "C-27");
}

/* ---- C-16: one at a time ---- */

Test(judge_connection, one_connection_at_a_time_or_c16_is_broken)
{
    for (int is_closed = 0; is_closed < 2; is_closed++) {
        story_begin("", "");
        story_open();
        story_fence();
        if (is_closed)
            story_end_by_client();
        story_open();
        story_fence();
        story_wait(2000);
        story_expect(is_closed ? VERDICT_PASS : VERDICT_FAIL, is_closed ? "" : "C-16");
    }
}

Test(judge_connection, an_old_connection_that_lingers_for_a_moment_is_not_blamed)
{
    story_begin("", "");
    story_open();
    story_fence();
    story_connect();
    story.connection = 1;
    story_wait(200);
    story_end_by_client();
    story.connection = 2;
    story_upgrade();
    story_frame("subscribe", "{'type':'subscribe','channels':['general']}");
    story_fence();
    story_expect(VERDICT_PASS, "");
}

/* ---- C-16: giving up ---- */

/* So many refused attempts with a limit of 3, then word that it gave up, or not. */
static void give_up_after(unsigned attempts, unsigned status, bool is_told)
{
    story_begin("'rules':['C-16'],'client':{'max_reconnect_attempts':3},", "");
    for (unsigned index = 0; index < attempts; index++) {
        story_connect();
        story_refuse(status);
        story_wait(20);
    }
    if (is_told)
        story_note(TRANSCRIPT_LIFECYCLE, "permanently_disconnected");
    story_wait(5000);
}

Test(judge_connection, it_gives_up_visibly_at_its_limit_or_c16_is_broken)
{
    static const struct {
        unsigned attempts, status;
        bool is_told, is_good;
    } cases[] = {
        {4, 503, true, true},  {3, 503, true, true},   {2, 503, true, false},
        {4, 503, false, false}, {6, 503, true, false}, {1, 401, true, true},
        {1, 403, true, true},
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        give_up_after(cases[index].attempts, cases[index].status, cases[index].is_told);
        story_done("complete", NULL);
        story_judge();
        cr_assert_eq(story.judgement->verdict == VERDICT_PASS, cases[index].is_good, "case %zu",
                     index);
    }
}

Test(judge_connection, one_that_gives_up_when_its_token_is_refused_is_not_waited_for)
{
    static const unsigned statuses[] = {401, 403, 503};
    for (size_t index = 0; index < 3; index++) {
        bool may_leave = statuses[index] != 503;
        give_up_after(1, statuses[index], true);
        story_unmet("C-16", "the client gave up reconnecting while the server waited for it");
        story_judge();
        cr_assert_eq(story.judgement->verdict, may_leave ? VERDICT_SKIP : VERDICT_FAIL);
        cr_assert_eq(story.judgement->finding_count > 0, !may_leave);
        if (may_leave)
            cr_assert_not_null(strstr(story.judgement->reason, "as it may (C-16)"));
        story_end();
    }
    give_up_after(1, 401, false); /* and told nobody */
    story_unmet("C-16", "the client did not reconnect within 5000 ms");
    story_expect(VERDICT_FAIL, "C-16");
}

/* ---- C-28 ---- */

static void stop(void)
{
    story_begin("", "");
    story_open();
    story_publish(2);
    story_dispatch_sent();
    story_fence();
    story_note(TRANSCRIPT_OP, "stop");
    story_note(TRANSCRIPT_LIFECYCLE, "stopped");
}

Test(judge_connection, nothing_happens_after_the_application_stopped_or_c28_is_broken)
{
    stop();
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C28, RULE_STATUS_PASS);
    stop();
    story_publish(1);
    story_dispatch(4, 4);
    story_expect(VERDICT_FAIL, "C-28");
    stop();
    story_end_by_client();
    story_wait(200);
    story_connect();
    story_expect(VERDICT_FAIL, "C-28");
}

Test(judge_connection, a_connection_begun_before_the_stop_may_still_show_up)
{
    stop();
    story_wait(50);
    story_connect();
    story_expect(VERDICT_PASS, "");
}
