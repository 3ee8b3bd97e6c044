/* `expect`: what the author expects of the client. */
#include "core/session.h"

#include "core/session_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(session_expect, .fini = fixture_stop);

static uint32_t play_open(const char *expect)
{
    char steps[1000];
    snprintf(steps, sizeof(steps), "{'accept':{}},%s,{'wait':{'ms':1}},{'wait':{'ms':60000}}",
             expect);
    fixture_load("'timeout_ms':100000,", steps);
    fixture_start();
    return fixture_open();
}

/* The step that waits behind `expect` is in play. */
static bool is_met(uint32_t step)
{
    return session_step(fixture.session) > step;
}

/* ---- frame ---- */

static const struct {
    const char *fields, *frame;
    bool is_met;
} frame_cases[] = {
    {"", "{'type':'resync','last_seen_seq':3}", true},
    {"", "{'type':'subscribe'}", false},
    {",'last_seen_seq':3", "{'type':'resync','last_seen_seq':3}", true},
    {",'last_seen_seq':3", "{'type':'resync','last_seen_seq':4}", false},
    {",'last_seen_seq':3", "{'type':'resync'}", false},
    {",'last_seen_seq':{'min':2,'max':4}", "{'type':'resync','last_seen_seq':4}", true},
    {",'last_seen_seq':{'min':2,'max':4}", "{'type':'resync','last_seen_seq':5}", false},
    {",'since':{'iso8601':true}", "{'type':'resync','since':'2026-06-01T10:00:00Z'}", true},
    {",'since':{'iso8601':true}", "{'type':'resync','since':'today'}", false},
    {",'since':{'absent':true}", "{'type':'resync'}", true},
    {",'since':{'absent':true}", "{'type':'resync','since':null}", false},
    {",'last_seen_seq':{'kind':'string'}", "{'type':'resync','last_seen_seq':'a'}", true},
};

Test(session_expect, a_frame_is_met_by_type_and_fields)
{
    for (size_t index = 0; index < sizeof(frame_cases) / sizeof(frame_cases[0]); index++) {
        char step[200];
        snprintf(step, sizeof(step), "{'expect':{'frame':'resync'%s}}", frame_cases[index].fields);
        uint32_t link = play_open(step);
        cr_assert_not(is_met(2));
        fixture_text(link, frame_cases[index].frame);
        cr_assert_eq(is_met(2), frame_cases[index].is_met, "%s and %s", step,
                     frame_cases[index].frame);
        fixture_stop();
    }
}

Test(session_expect, each_thing_meets_one_expect)
{
    uint32_t link = play_open("{'expect':{'frame':'subscribe'}},{'expect':{'frame':'subscribe'}}");
    fixture_text(link, "{'type':'subscribe'}");
    cr_assert(is_met(2));
    cr_assert_not(is_met(3));
    fixture_text(link, "{'type':'subscribe'}");
    cr_assert(is_met(3));
}

Test(session_expect, a_frame_may_have_come_before_in_the_window)
{
    uint32_t link = play_open("{'wait':{'ms':50}},{'publish':{}},{'expect':{'frame':'ping'}}");
    fixture_text(link, "{'type':'ping'}");
    fixture_wait(50);
    cr_assert(is_met(4));
}

Test(session_expect, the_window_begins_at_the_last_accept_drop_close_or_restart)
{
    static const char *const steps[] = {"{'accept':{}}", "{'drop':{'how':'silent'}}",
                                        "{'close':{}}", "{'restart':{}}"};
    for (size_t index = 0; index < sizeof(steps) / sizeof(steps[0]); index++) {
        char text[200];
        snprintf(text, sizeof(text),
                 "{'expect':{'frame':'ping'}},%s,{'expect':{'reconnecting':1}},"
                 "{'expect':{'frame':'unsubscribe'}}",
                 steps[index]);
        uint32_t link = play_open(text);
        fixture_line("{'ev':'reconnecting','attempt':1}");
        fixture_text(link, "{'type':'unsubscribe'}");
        fixture_text(link, "{'type':'ping'}");
        if (index == 0)
            fixture_open();
        else
            fixture_obey(link);
        cr_assert_eq(session_step(fixture.session), 4, "%s: the attempt was before", steps[index]);
        fixture_line("{'ev':'reconnecting','attempt':1}");
        cr_assert_eq(session_step(fixture.session), 5, "%s", steps[index]);
        fixture_stop();
    }
}

Test(session_expect, a_frame_is_looked_for_on_the_newest_connection)
{
    fixture_play("{'accept':{}},{'accept':{}},{'expect':{'frame':'ping'}},{'wait':{'ms':1}}");
    uint32_t older = fixture_open();
    uint32_t newer = fixture_open();
    fixture_text(older, "{'type':'ping'}");
    cr_assert_not(is_met(3));
    fixture_text(newer, "{'type':'ping'}");
    cr_assert(is_met(3));
}

Test(session_expect, an_unmet_frame_tells_what_came_instead)
{
    uint32_t link = play_open("{'expect':{'frame':'resync','last_seen_seq':7,"
                              "'since':{'iso8601':true},'timeout_ms':300}}");
    fixture_text(link, "{'type':'resync','last_seen_seq':5}");
    fixture_wait(300);
    fixture_assert_unmet("step", "expected a frame resync with last_seen_seq 7, since an ISO 8601 "
                                 "date; the last one that came was {\"type\":\"resync\",\"last_");
    fixture_stop();

    play_open("{'expect':{'frame':'resync','timeout_ms':300}}");
    fixture_wait(300);
    fixture_assert_unmet("step", "expected a frame resync; none came");
}

Test(session_expect, a_reason_is_cut_between_characters)
{
    for (int padding = 0; padding < 4; padding++) {
        uint32_t link = play_open("{'expect':{'frame':'subscribe','channels':1,'timeout_ms':300}}");
        char frame[1200] = "{'type':'subscribe','b':'";
        size_t size = strlen(frame);
        for (int count = 0; count < padding; count++)
            frame[size++] = 'x';
        for (int count = 0; count < 200; count++, size += 4)
            memcpy(frame + size, "\xF0\x9F\x98\x80", 4);
        memcpy(frame + size, "'}", 3);
        fixture_text(link, frame);
        fixture_wait(300);
        fixture_assert_unmet("step", "the last one that came was");
        const char *why = fixture_last_entry(TRANSCRIPT_STEP_END)->text;
        cr_assert(text_is_utf8(why, strlen(why)));
        fixture_stop();
    }
}

/* ---- connection, refused, reconnecting, gave_up ---- */

Test(session_expect, a_connection_is_met_by_its_number)
{
    fixture_play("{'accept':{}},{'expect':{'connection':1}},{'drop':{}},{'accept':{}},"
                 "{'expect':{'connection':3,'timeout_ms':200}}");
    fixture_open();
    fixture_connect(); /* never upgraded: not counted */
    fixture_open();
    fixture_wait(200);
    fixture_assert_unmet("step", "connection number 3; so far 2 were upgraded");
}

static bool is_met_after(int64_t pause_ms, const char *after_ms)
{
    char steps[300];
    snprintf(steps, sizeof(steps),
             "{'accept':{}},{'drop':{}},{'accept':{}},"
             "{'expect':{'connection':2,'after_ms':%s}},{'wait':{'ms':9}}",
             after_ms);
    fixture_play(steps);
    fixture_open();
    fixture_wait(pause_ms);
    fixture_open();
    bool result = is_met(4);
    fixture_stop();
    return result;
}

Test(session_expect, after_ms_is_the_time_since_the_last_end)
{
    cr_assert(is_met_after(50, "{'min':40,'max':60}"));
    cr_assert_not(is_met_after(30, "{'min':40,'max':60}"));
    cr_assert_not(is_met_after(70, "{'min':40,'max':60}"));
    fixture_play("{'accept':{}},{'expect':{'connection':1,'after_ms':{'min':0},'timeout_ms':9}}");
    fixture_open();
    fixture_wait(9);
    fixture_assert_unmet("step", "its ms after the end of the last one at least 0");
}

Test(session_expect, refused_counts_every_refusal)
{
    fixture_play("{'refuse':{'times':2}},{'refuse':{'how':'stall'}},{'expect':{'refused':3}},"
                 "{'wait':{'ms':1}},{'expect':{'refused':{'min':4},'timeout_ms':100}}");
    for (int count = 0; count < 3; count++) {
        cr_assert_not(is_met(3));
        fixture_request("/v1/ws?token=a", "");
    }
    cr_assert(is_met(3));
    fixture_wait(101);
    fixture_assert_unmet("step", "refused connections: at least 4; so far 3");
}

Test(session_expect, reconnecting_is_met_by_its_attempt)
{
    play_open("{'expect':{'reconnecting':{'min':2}}}");
    fixture_line("{'ev':'reconnecting','attempt':1}");
    fixture_line("{'ev':'reconnecting'}");
    cr_assert_not(is_met(2));
    fixture_line("{'ev':'reconnecting','attempt':2}");
    cr_assert(is_met(2));
}

Test(session_expect, gave_up_is_met_as_soon_as_the_client_has_given_up)
{
    play_open("{'expect':{'gave_up':true,'timeout_ms':100}}");
    cr_assert_not(is_met(2));
    fixture_line("{'ev':'permanently_disconnected','attempt':4}");
    cr_assert(is_met(2));
    fixture_stop();
    play_open("{'expect':{'gave_up':true,'timeout_ms':100}}");
    fixture_wait(100);
    fixture_assert_unmet("step", "give up visibly");
}

/* ---- resynced ---- */

static const struct {
    const char *fields, *line;
    bool is_met;
} resynced_cases[] = {
    {"{}", "{'ev':'resynced','replayed':3,'gap_detected':false}", true},
    {"{}", "{'ev':'resynced'}", true},
    {"{'replayed':3}", "{'ev':'resynced','replayed':3,'gap_detected':true}", true},
    {"{'replayed':3}", "{'ev':'resynced','replayed':4,'gap_detected':true}", false},
    {"{'replayed':3}", "{'ev':'resynced','gap_detected':true}", false},
    {"{'gap_detected':true}", "{'ev':'resynced','replayed':3,'gap_detected':true}", true},
    {"{'gap_detected':true}", "{'ev':'resynced','replayed':3,'gap_detected':false}", false},
    {"{'replayed':{'min':1}}", "{'ev':'open'}", false},
};

Test(session_expect, resynced_is_met_by_its_fields)
{
    for (size_t index = 0; index < sizeof(resynced_cases) / sizeof(resynced_cases[0]); index++) {
        char step[100];
        snprintf(step, sizeof(step), "{'expect':{'resynced':%s}}", resynced_cases[index].fields);
        play_open(step);
        fixture_line(resynced_cases[index].line);
        cr_assert_eq(is_met(2), resynced_cases[index].is_met, "%s and %s", step,
                     resynced_cases[index].line);
        fixture_stop();
    }
}

/* ---- dispatched ---- */

Test(session_expect, dispatched_counts_events_without_fences_and_second_handlers)
{
    fixture_play("{'accept':{}},{'publish':{'count':2}},{'settle':{}},"
                 "{'expect':{'dispatched':4,'timeout_ms':100}}");
    uint32_t link = fixture_open();
    fixture_obey(link);
    fixture_line("{'ev':'event','type':'x','data':{'text':'gc-1'},'handler':2}");
    cr_assert_eq(session_step(fixture.session), 4);
    fixture_dispatch(1);
    cr_assert_not(fixture.is_done, "again counts as one");
    fixture_line("{'ev':'event','type':'x','data':{}}");
    fixture_obey(link);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_STEP_END, "unmet"), 0);
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_STEP_END, "done"), 4 + 1,
                 "and the closing settle");
}

static const struct {
    const char *matcher;
    int times; /* that gc-1 is dispatched */
    bool is_met;
} dispatched_cases[] = {
    {"1", 0, false},
    {"1", 1, true},
    {"0", 0, true},
    {"2", 2, true},
    {"{'min':2}", 2, true},
    {"{'min':2}", 1, false},
    {"{'min':1,'max':2}", 1, true},
};

Test(session_expect, dispatched_counts_named_events)
{
    for (size_t index = 0; index < sizeof(dispatched_cases) / sizeof(dispatched_cases[0]);
         index++) {
        char step[200];
        snprintf(step, sizeof(step),
                 "{'publish':{'as':'one'}},{'expect':{'dispatched':{'one':%s}}}",
                 dispatched_cases[index].matcher);
        play_open(step);
        for (int count = 0; count < dispatched_cases[index].times; count++)
            fixture_dispatch(1);
        cr_assert_eq(is_met(3), dispatched_cases[index].is_met, "%s", step);
        fixture_stop();
    }
}

Test(session_expect, dispatched_too_often_is_unmet_at_once)
{
    static const char *const matchers[] = {"0", "{'max':0}", "{'min':2,'max':3}"};
    for (size_t index = 0; index < sizeof(matchers) / sizeof(matchers[0]); index++) {
        char step[200];
        snprintf(step, sizeof(step),
                 "{'publish':{'as':'one'}},{'wait':{'ms':5}},"
                 "{'expect':{'dispatched':{'one':%s},'timeout_ms':100}}",
                 matchers[index]);
        play_open(step);
        for (int count = 0; count < 4; count++)
            fixture_dispatch(1);
        fixture_wait(5);
        fixture_assert_unmet("step", "`one`");
        cr_assert_not_null(strstr(fixture_last_entry(TRANSCRIPT_STEP_END)->text, "(so far 4)"));
        fixture_stop();
    }
}

/* ---- nothing ---- */

static const struct {
    const char *names, *frame, *line;
    bool connects, is_met;
} nothing_cases[] = {
    {"'resync'", "{'type':'resync'}", NULL, false, false},
    {"'resync'", "{'type':'ping'}", NULL, false, true},
    {"['ping','resync']", "{'type':'resync'}", NULL, false, false},
    {"'frame'", "{'type':'ping'}", NULL, false, false},
    {"'frame'", "not json", NULL, false, false},
    {"'frame'", NULL, "{'ev':'open'}", true, true},
    {"'connection'", NULL, NULL, true, false},
    {"'connection'", "{'type':'ping'}", NULL, false, true},
    {"'event'", NULL, "{'ev':'event','type':'x','data':{}}", false, false},
    {"'event'", NULL, "{'ev':'resynced'}", false, true},
};

Test(session_expect, nothing_fails_if_it_comes_in_time)
{
    for (size_t index = 0; index < sizeof(nothing_cases) / sizeof(nothing_cases[0]); index++) {
        char step[100];
        snprintf(step, sizeof(step), "{'expect':{'nothing':%s,'for_ms':200}}",
                 nothing_cases[index].names);
        uint32_t link = play_open(step);
        fixture_wait(100);
        if (nothing_cases[index].frame)
            fixture_text(link, nothing_cases[index].frame);
        if (nothing_cases[index].line)
            fixture_line(nothing_cases[index].line);
        if (nothing_cases[index].connects)
            fixture_request("/v1/ws?token=a", "");
        cr_assert_not(is_met(2) && !fixture.is_done);
        fixture_wait(100);
        cr_assert_eq(!fixture.is_done, nothing_cases[index].is_met, "%s", step);
        if (fixture.is_done)
            fixture_assert_unmet("step", "expected no ");
        fixture_stop();
    }
}

Test(session_expect, nothing_looks_back_too_and_forgets_what_met_an_expect)
{
    uint32_t link = play_open("{'wait':{'ms':5}},{'expect':{'frame':'ping'}},"
                              "{'expect':{'nothing':'ping'}}");
    fixture_text(link, "{'type':'ping'}");
    fixture_wait(5);
    cr_assert(is_met(4) && !fixture.is_done);
    fixture_stop();

    link = play_open("{'wait':{'ms':5}},{'expect':{'nothing':'ping'}}");
    fixture_text(link, "{'type':'ping'}");
    fixture_wait(5);
    fixture_assert_unmet("step", "expected no ping, but one came 0 ms into the scenario");
}

Test(session_expect, nothing_does_not_take_a_fence_for_an_event)
{
    fixture_play("{'accept':{}},{'settle':{}},{'expect':{'nothing':'event'}}");
    fixture_finish(fixture_open());
    cr_assert_str_eq(fixture_how(), "complete");
}

/* ---- level and capabilities ---- */

Test(session_expect, a_should_that_is_unmet_is_told_and_the_scenario_goes_on)
{
    play_open("{'expect':{'frame':'ping','level':'should','timeout_ms':100}},{'publish':{}}");
    fixture_wait(100);
    cr_assert_not(fixture.is_done);
    const struct transcript_entry *end = fixture_entry(TRANSCRIPT_STEP_END, "unmet", 0);
    cr_assert_eq(end->flags, TRANSCRIPT_FLAG_SHOULD);
    cr_assert_str_eq(end->detail, "step");
    cr_assert_eq(fixture_entry_count(TRANSCRIPT_PUBLISH, NULL), 1);
    const struct transcript_entry *next = fixture_entry(TRANSCRIPT_STEP_END, "done", 1);
    cr_assert_null(next->text, "the reason does not stick");
}

Test(session_expect, what_the_driver_cannot_show_is_left_out_and_told)
{
    static const struct {
        const char *expect;
        enum driver_capability capability;
    } cases[] = {
        {"'resynced':{}", DRIVER_CAPABILITY_RESYNCED},
        {"'reconnecting':1", DRIVER_CAPABILITY_RECONNECTING},
        {"'gave_up':true", DRIVER_CAPABILITY_PERMANENTLY_DISCONNECTED},
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        char steps[100];
        snprintf(steps, sizeof(steps), "{'accept':{}},{'expect':{%s}},{'wait':{'ms':9}}",
                 cases[index].expect);
        fixture_load("", steps);
        fixture.config.capabilities.bits = ~(UINT32_C(1) << cases[index].capability);
        fixture_start();
        fixture_open();
        const struct transcript_entry *end = fixture_entry(TRANSCRIPT_STEP_END, "skipped", 0);
        cr_assert_not_null(end);
        cr_assert_not_null(strstr(end->text, driver_capability_name(cases[index].capability)));
        cr_assert_null(end->detail);
        fixture_stop();
    }
}
