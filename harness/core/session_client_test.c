/* Lines to and from the driver: the verb `client`, and what the application gets. */
#include "core/session.h"

#include "core/event.h"
#include "core/memory.h"
#include "core/session_fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(session_client, .fini = fixture_stop);

/* ---- the verb ---- */

static const struct {
    const char *fields, *line;
} at_once_cases[] = {
    {"'do':'subscribe','channels':['a','b']",
     "{'op':'subscribe','client':'c1','channels':['a','b']}\n"},
    {"'do':'unsubscribe','channels':['a']",
     "{'op':'unsubscribe','client':'c1','channels':['a']}\n"},
    {"'do':'reconnect'", "{'op':'reconnect','client':'c1'}\n"},
};

Test(session_client, subscribe_unsubscribe_and_reconnect_are_told_at_once)
{
    for (size_t index = 0; index < sizeof(at_once_cases) / sizeof(at_once_cases[0]); index++) {
        char steps[200];
        snprintf(steps, sizeof(steps), "{'accept':{}},{'client':{%s}},{'wait':{'ms':9}}",
                 at_once_cases[index].fields);
        fixture_play(steps);
        fixture_open();
        cr_assert(fixture_ops_have(at_once_cases[index].line), "%s",
                  buffer_text(&fixture.ops));
        cr_assert_eq(session_step(fixture.session), 3);
        fixture_stop();
    }
}

Test(session_client, stop_waits_for_its_answer)
{
    fixture_play("{'accept':{}},{'client':{'do':'stop'}},{'wait':{'ms':9}}");
    fixture_open();
    cr_assert(fixture_ops_have("{'op':'stop','client':'c1'}\n"));
    fixture_wait(1000);
    cr_assert_eq(session_step(fixture.session), 2);
    fixture_line("{'ev':'stopped'}");
    cr_assert_eq(session_step(fixture.session), 3);
    fixture_wait(9);
    cr_assert_str_eq(fixture_how(), "complete", "nothing is owed: no closing settle");
}

Test(session_client, stop_that_is_not_answered_is_unmet)
{
    fixture_play("{'accept':{}},{'client':{'do':'stop','timeout_ms':300}}");
    fixture_open();
    fixture_wait(300);
    fixture_assert_unmet("step", "did not answer `stop` within 300 ms");
}

static const char *const barrier_ops[] = {"{'op':'throw','client':'c1'}\n",
                                          "{'op':'slow','client':'c1','ms':40}\n"};
static const char *const barrier_steps[] = {"'do':'throw'", "'do':'slow','ms':40"};

static void play_barrier(size_t index)
{
    char steps[200];
    snprintf(steps, sizeof(steps),
             "{'accept':{}},{'client':{%s}},{'client':{%s}},{'wait':{'ms':9}}",
             barrier_steps[index], barrier_steps[index]);
    fixture_play(steps);
    fixture_open();
}

Test(session_client, throw_and_slow_wait_until_the_driver_has_read_them)
{
    for (size_t index = 0; index < 2; index++) {
        play_barrier(index);
        cr_assert(fixture_ops_have(barrier_ops[index]), "%s", buffer_text(&fixture.ops));
        cr_assert(fixture_ops_have("{'op':'unsubscribe','client':'c1/1','channels':[]}\n"));
        fixture_line("{'ev':'error','client':'c1','message':'the socket broke'}");
        cr_assert_eq(session_step(fixture.session), 2, "that error is the client's own");
        fixture_line("{'ev':'error','client':'c1/1','message':'unknown client'}");
        cr_assert_eq(session_step(fixture.session), 3);
        fixture_line("{'ev':'error','client':'c1/2'}");
        cr_assert_eq(session_step(fixture.session), 4);
        cr_assert_eq(fixture_entry_count(TRANSCRIPT_LIFECYCLE, "error"), 1);
        fixture_stop();
    }
}

Test(session_client, a_driver_that_answers_no_unknown_client_is_waited_for_a_second)
{
    for (size_t index = 0; index < 2; index++) {
        play_barrier(index);
        fixture_wait(999);
        cr_assert_eq(session_step(fixture.session), 2);
        fixture_wait(1);
        cr_assert_eq(session_step(fixture.session), 3);
        cr_assert_eq(fixture_entry_count(TRANSCRIPT_STEP_END, "done"), 2);
        fixture_stop();
    }
}

/* ---- events ---- */

static const struct transcript_entry *last_dispatch(const char *line)
{
    fixture_line(line);
    return fixture_last_entry(TRANSCRIPT_DISPATCH);
}

Test(session_client, an_event_is_known_by_its_marker_wherever_it_stands)
{
    fixture_play("{'publish':{'count':12}},{'accept':{}},{'wait':{'ms':9}}");
    fixture_open();
    static const struct {
        const char *line;
        uint64_t marker;
    } cases[] = {
        {"{'ev':'event','type':'a','data':{'message':{'text':'gc-12'}}}", 12},
        {"{'ev':'event','type':'a','data':[1,null,['x',{'y':'z gc-3'}]]}", 3},
        {"{'ev':'event','type':'a','data':'gc-1'}", 1},
        {"{'ev':'event','type':'a','data':{'gc-1':'x'}}", 0},
        {"{'ev':'event','type':'a','data':7}", 0},
        {"{'ev':'event','type':'a'}", 0},
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        const struct transcript_entry *entry = last_dispatch(cases[index].line);
        cr_assert_eq(entry->marker, cases[index].marker, "%s", cases[index].line);
        cr_assert_str_eq(entry->detail, "a");
        cr_assert_float_eq(entry->number, 1, 0);
        cr_assert_eq(entry->flags, 0);
        bool has_data = strstr(cases[index].line, "data") != NULL;
        cr_assert_eq(entry->text != NULL, !cases[index].marker && has_data,
                     "only what is not ours is kept: %s", cases[index].line);
    }
    cr_assert_float_eq(
        last_dispatch("{'ev':'event','type':'a','data':'gc-1','handler':2}")->number, 2, 0);
}

Test(session_client, a_marker_that_nobody_published_is_kept_with_its_text)
{
    fixture_play("{'accept':{}},{'wait':{'ms':9}}");
    fixture_open();
    const struct transcript_entry *entry =
        last_dispatch("{'ev':'event','type':'a','data':{'text':'gc-999999999999'}}");
    cr_assert_eq(entry->marker, UINT64_C(999999999999));
    cr_assert_str_eq(entry->text, "{\"text\":\"gc-999999999999\"}");
}

Test(session_client, a_text_that_was_changed_on_the_way_is_mangled)
{
    fixture_play("{'publish':{'size':200}},{'accept':{}},{'wait':{'ms':9}}");
    fixture_open();
    struct buffer text, line;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_init(&line, BUFFER_NO_LIMIT);
    event_append_text(1, 200, &text);
    buffer_printf(&line, "{'ev':'event','type':'a','data':'%s'}", buffer_text(&text));
    cr_assert_eq(last_dispatch(buffer_text(&line))->flags, 0);
    buffer_clear(&line);
    buffer_printf(&line, "{'ev':'event','type':'a','data':'%.100s'}", buffer_text(&text));
    bool is_utf8 = text_is_utf8(line.data, line.size_bytes);
    cr_assert_eq(last_dispatch(buffer_text(&line))->flags, TRANSCRIPT_FLAG_MANGLED, "%d", is_utf8);
    buffer_free(&text);
    buffer_free(&line);
}

Test(session_client, what_is_too_long_or_no_text_is_not_kept)
{
    fixture_play("{'accept':{}},{'wait':{'ms':9}}");
    fixture_open();
    char *type = memory_alloc(5001, 1);
    memset(type, 'a', 5000);
    cJSON *data = cJSON_CreateString(type);
    struct driver_line line = {
        .event = DRIVER_EVENT_EVENT, .type = type, .data = data, .handler = 1};
    session_driver_line(fixture.session, &line, 0);
    cr_assert_null(fixture_last_entry(TRANSCRIPT_DISPATCH)->detail);
    cr_assert_null(fixture_last_entry(TRANSCRIPT_DISPATCH)->text);
    cJSON_Delete(data);
    data = cJSON_CreateString("\xFF");
    line = (struct driver_line){
        .event = DRIVER_EVENT_EVENT, .type = (char *)"\xC3", .data = data, .handler = 1};
    session_driver_line(fixture.session, &line, 0);
    cr_assert_null(fixture_last_entry(TRANSCRIPT_DISPATCH)->detail);
    cr_assert_null(fixture_last_entry(TRANSCRIPT_DISPATCH)->text);
    cJSON_Delete(data);
    free(type);
}

/* ---- the rest of what a driver says ---- */

Test(session_client, lifecycle_lines_are_noted_by_name)
{
    static const struct {
        const char *line, *name;
        double attempt;
        const char *message;
    } cases[] = {
        {"{'ev':'open'}", "open", NAN, NULL},
        {"{'ev':'close','message':'bye'}", "close", NAN, "bye"},
        {"{'ev':'error','message':'no'}", "error", NAN, "no"},
        {"{'ev':'reconnecting','attempt':2}", "reconnecting", 2, NULL},
        {"{'ev':'reconnecting'}", "reconnecting", NAN, NULL},
        {"{'ev':'permanently_disconnected','attempt':9}", "permanently_disconnected", 9, NULL},
        {"{'ev':'stopped'}", "stopped", NAN, NULL},
    };
    fixture_play("{'accept':{}},{'wait':{'ms':9}}");
    fixture_open();
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        fixture_line(cases[index].line);
        const struct transcript_entry *entry = fixture_last_entry(TRANSCRIPT_LIFECYCLE);
        cr_assert_str_eq(entry->name, cases[index].name);
        cr_assert(isnan(cases[index].attempt) ? isnan(entry->number)
                                              : entry->number == cases[index].attempt);
        const char *message = cases[index].message;
        cr_assert(message ? entry->text && !strcmp(entry->text, message) : !entry->text);
    }
}

Test(session_client, resynced_lines_are_noted_and_malformed_ones_marked)
{
    static const struct {
        const char *line;
        unsigned flags;
        double replayed;
    } cases[] = {
        {"{'ev':'resynced','replayed':3,'gap_detected':true}", TRANSCRIPT_FLAG_GAP, 3},
        {"{'ev':'resynced','replayed':0,'gap_detected':false}", 0, 0},
        {"{'ev':'resynced','gap_detected':false}", TRANSCRIPT_FLAG_MALFORMED, NAN},
        {"{'ev':'resynced','replayed':3}", TRANSCRIPT_FLAG_MALFORMED, 3},
    };
    fixture_play("{'accept':{}},{'wait':{'ms':9}}");
    fixture_open();
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        fixture_line(cases[index].line);
        const struct transcript_entry *entry = fixture_last_entry(TRANSCRIPT_RESYNCED);
        cr_assert_eq(entry->flags, cases[index].flags, "%s", cases[index].line);
        cr_assert(isnan(cases[index].replayed) ? isnan(entry->number)
                                               : entry->number == cases[index].replayed);
    }
}

Test(session_client, log_lines_are_noted_and_are_no_progress)
{
    fixture_play("{'accept':{}},{'settle':{'timeout_ms':1500}}");
    fixture_open();
    for (int count = 0; count < 40 && !fixture.is_done; count++) {
        fixture_line("{'ev':'log','message':'still here'}");
        fixture_wait(100);
    }
    fixture_assert_unmet("step", "dispatches nothing more");
    cr_assert_str_eq(fixture_entry(TRANSCRIPT_LOG, NULL, 0)->text, "still here");
}
