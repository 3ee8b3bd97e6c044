/* The verdict, and what is counted. The rules have tests of their own beside this one. */
#include "core/judge_fixture.h"

#include "core/transcript_file.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(judge, .fini = story_end);

static void assert_counts(uint64_t published, uint64_t owed, uint64_t dispatched,
                          uint64_t duplicated)
{
    const struct judgement *judgement = story.judgement;
    cr_assert_eq(judgement->published, published, "published %lu", judgement->published);
    cr_assert_eq(judgement->owed, owed, "owed %lu", judgement->owed);
    cr_assert_eq(judgement->dispatched, dispatched, "dispatched %lu", judgement->dispatched);
    cr_assert_eq(judgement->duplicated, duplicated, "duplicated %lu", judgement->duplicated);
}

/* Three events, a drop, `missed` more, and a client that does all right. */
static void good_reconnect(unsigned missed)
{
    story_open();
    story_publish(3);
    story_dispatch_sent();
    story_fence();
    story_drop("reset");
    story_publish(missed);
    story_reconnect(3);
}

/* ---- from a file ---- */

static const char by_hand[] =
    "{\"transcript\":1,\"scenario\":\"story\",\"source\":\"{}\",\"capabilities\":[\"resynced\"]}\n"
    "{\"us\":1,\"kind\":\"connect\",\"step\":1,\"connection\":1}\n"
    "{\"us\":2,\"kind\":\"open\",\"step\":1,\"connection\":1,\"server_clock_ms\":1780308000250}\n"
    "{\"us\":3,\"kind\":\"publish\",\"step\":2,\"type\":\"message.created\",\"marker\":1,"
    "\"count\":3,\"agent_seq\":1,\"created_s\":1780308000,\"id_marker\":1,\"live\":true}\n"
    "{\"us\":3,\"kind\":\"sent\",\"step\":2,\"connection\":1,\"from\":\"live\",\"marker\":1,"
    "\"count\":3,\"agent_seq\":1}\n"
    "{\"us\":5,\"kind\":\"dispatch\",\"step\":2,\"type\":\"message.created\",\"marker\":1,"
    "\"handler\":1}\n"
    "{\"us\":6,\"kind\":\"dispatch\",\"step\":2,\"type\":\"message.created\",\"marker\":3,"
    "\"handler\":1}\n"
    "{\"us\":9,\"kind\":\"done\",\"how\":\"complete\"}\n";

Test(judge, judges_a_transcript_that_was_read_from_a_file)
{
    struct error error;
    story_begin("", "");
    transcript_free(story.transcript);
    story.transcript = transcript_read(by_hand, strlen(by_hand), &error);
    cr_assert_not_null(story.transcript, "%s", error.message);
    story_expect(VERDICT_FAIL, "C-7");
    assert_counts(3, 3, 2, 0);
    cr_assert_str_eq(story_finding(RULE_C7)->message, "1 of 3 events lost: gc-2");
    cr_assert_eq(story_finding(RULE_C7)->step, 2);
}

Test(judge, takes_any_cut_off_transcript_without_a_crash)
{
    for (size_t left = 1; left < 8; left++) {
        struct error error;
        story_begin("", "");
        transcript_free(story.transcript);
        const char *end = by_hand;
        for (size_t line = 0; line < left; line++)
            end = strchr(end, '\n') + 1;
        story.transcript = transcript_read(by_hand, (size_t)(end - by_hand), &error);
        story_judge();
        cr_assert_neq(story.judgement->verdict, VERDICT_PASS);
    }
}

Test(judge, takes_a_transcript_whose_entries_speak_of_what_never_was)
{
    story_begin("", "");
    story_open();
    for (int kind = 0; kind < TRANSCRIPT_DONE; kind++) {
        struct transcript_entry entry = story_entry((enum transcript_kind)kind);
        entry.connection = 3000000000u;
        entry.marker = UINT64_C(1) << 52;
        entry.count = 1;
        entry.seq = entry.number = entry.number2 = 1e300;
        story_add(&entry);
        entry.connection = 7;
        entry.marker = 9;
        entry.count = 0;
        entry.name = "throw";
        story_add(&entry);
    }
    story_done("complete", NULL);
    story_judge();
}

/* ---- counts ---- */

Test(judge, passes_a_client_that_does_all_right)
{
    story_begin("", "");
    good_reconnect(4);
    story_expect(VERDICT_PASS, "");
    assert_counts(9, 9, 9, 0); /* with two fences */
    cr_assert_eq(story.judgement->connections, 2);
    story_expect_status(RULE_C3, RULE_STATUS_PASS);
    story_expect_status(RULE_C4, RULE_STATUS_PASS);
    story_expect_status(RULE_C2, RULE_STATUS_NOT_EXERCISED);
}

Test(judge, does_not_count_events_before_the_first_upgrade)
{
    story_begin("", "");
    story_publish(5);
    story_open();
    story_publish(1);
    story_dispatch(6, 6);
    story_fence();
    story_expect(VERDICT_PASS, "");
    assert_counts(2, 2, 2, 0);
}

Test(judge, does_not_count_events_after_the_application_stopped)
{
    story_begin("", "");
    story_open();
    story_publish(2);
    story_dispatch_sent();
    story_fence();
    story_note(TRANSCRIPT_LIFECYCLE, "stopped");
    story_publish(5);
    story_expect(VERDICT_PASS, "");
    assert_counts(3, 3, 3, 0);
}

Test(judge, counts_two_markers_of_one_type_and_id_as_one_event)
{
    story_begin("", "");
    story_open();
    uint64_t first = story_publish(1);
    story_publish_as((struct story_publish){.id_marker = first});
    story_dispatch(first, first);
    story_fence();
    story_expect(VERDICT_PASS, "");
    assert_counts(2, 2, 2, 0);
}

Test(judge, charges_each_lost_event_once)
{
    story_begin_dropped("", 3);
    story_publish(4); /* gc-5 … gc-8: no resync brings them */
    story_open();
    story_publish(2); /* gc-9, gc-10: the second is not dispatched */
    story_dispatch(9, 9);
    story_fence();
    story_expect(VERDICT_FAIL, "C-3 C-7");
    cr_assert_eq(story.judgement->lost, 5);
    cr_assert_str_eq(story_finding(RULE_C3)->message, "4 of 11 events lost: gc-5 … gc-8");
    cr_assert_str_eq(story_finding(RULE_C7)->message, "1 of 11 events lost: gc-10");
}

/* ---- verdicts ---- */

Test(judge, warns_of_a_broken_should_and_fails_by_a_must)
{
    story_begin("", "");
    story_open();
    story_publish_as((struct story_publish){.type = "brand.new"});
    story_fence();
    story_expect(VERDICT_WARN, "C-12");
    story_expect_status(RULE_C12, RULE_STATUS_WARN);
}

Test(judge, says_client_error_before_everything_else)
{
    story_begin("", "");
    story_open();
    story_publish(2);
    story_fence();
    story_done("client-error", "the driver said nothing");
    story_judge();
    cr_assert_eq(story.judgement->verdict, VERDICT_CLIENT_ERROR);
    cr_assert_str_eq(story.judgement->reason, "the driver said nothing");
}

Test(judge, says_fail_before_error)
{
    story_begin("", "");
    story_open();
    story_publish(1);
    story_fence();
    story_done("error", "no port");
    story_judge();
    cr_assert_eq(story.judgement->verdict, VERDICT_FAIL);
}

Test(judge, says_error_where_the_harness_failed_or_was_interrupted)
{
    static const char *const ends[] = {"error", "interrupted"};
    for (size_t index = 0; index < 2; index++) {
        story_begin("", "");
        story_open();
        story_fence();
        story_done(ends[index], "why");
        story_judge();
        cr_assert_eq(story.judgement->verdict, VERDICT_ERROR);
        cr_assert_str_eq(story.judgement->reason, "why");
    }
}

Test(judge, says_error_where_a_named_rule_never_came_up)
{
    story_begin("'rules':['C-7','C-5','C-16'],", "");
    story_open();
    story_publish(1);
    story_dispatch_sent();
    story_fence();
    story_expect(VERDICT_ERROR, "");
    cr_assert(strstr(story.judgement->reason, "C-5, C-16"), "%s", story.judgement->reason);
}

Test(judge, prefers_a_broken_must_to_a_rule_that_never_came_up)
{
    story_begin("'rules':['C-5'],", "");
    story_open();
    story_publish(1);
    story_fence();
    story_expect(VERDICT_FAIL, "C-7");
}

Test(judge, leaves_out_a_rule_that_the_scenario_turned_off)
{
    story_begin("'judge':{'C-7':'off'},", "");
    story_open();
    story_publish(1);
    story_fence();
    story_expect(VERDICT_PASS, "");
    story_expect_status(RULE_C7, RULE_STATUS_SKIP);
    cr_assert_eq(story.judgement->lost, 1); /* the books tell it all the same */
}

Test(judge, leaves_out_a_rule_for_which_the_driver_lacks_the_capability)
{
    static const struct {
        enum driver_capability capability;
        enum rule rule;
    } cases[] = {
        {DRIVER_CAPABILITY_RESYNCED, RULE_C10}, {DRIVER_CAPABILITY_WILDCARD, RULE_C12},
        {DRIVER_CAPABILITY_THROW, RULE_C25},    {DRIVER_CAPABILITY_KEEPALIVE, RULE_C26},
        {DRIVER_CAPABILITY_BACKOFF, RULE_C27},
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        story_begin("", "");
        story_lack(cases[index].capability);
        good_reconnect(2);
        story_expect(VERDICT_PASS, "");
        story_expect_status(cases[index].rule, RULE_STATUS_SKIP);
    }
}

Test(judge, owes_no_unknown_type_to_a_driver_without_wildcard)
{
    story_begin("", "");
    story_lack(DRIVER_CAPABILITY_WILDCARD);
    story_open();
    story_publish_as((struct story_publish){.type = "brand.new", .count = 3});
    story_fence();
    story_expect(VERDICT_PASS, "");
    cr_assert_eq(story.judgement->unrecoverable, 3);
}

Test(judge, sorts_findings_worst_first_and_then_by_time)
{
    story_begin("", "");
    story_open();
    story_publish_as((struct story_publish){.type = "brand.new"});
    story_publish(2);
    story_fence();
    story_expect(VERDICT_FAIL, "C-7 C-12");
}

/* ---- steps ---- */

Test(judge, fails_by_an_unmet_step_with_its_words)
{
    story_begin("", "");
    story_open();
    story_fence();
    story_unmet("step", "it did not say hello");
    story_judge();
    cr_assert_eq(story.judgement->verdict, VERDICT_FAIL);
    cr_assert_str_eq(story_finding(RULE_STEP)->message, "it did not say hello");
}

Test(judge, warns_of_an_unmet_step_of_level_should)
{
    story_begin("", "");
    story_open();
    story_fence();
    struct transcript_entry entry = story_entry(TRANSCRIPT_STEP_END);
    entry.name = "unmet";
    entry.detail = "step";
    entry.flags = TRANSCRIPT_FLAG_SHOULD;
    story_add(&entry);
    story_expect(VERDICT_WARN, "step");
}

Test(judge, charges_a_death_to_malformed_frames_if_there_were_any)
{
    for (int was_malformed = 0; was_malformed < 2; was_malformed++) {
        story_begin("", "");
        story_open();
        if (was_malformed) {
            struct transcript_entry entry = story_entry(TRANSCRIPT_FRAME_OUT);
            entry.connection = 1;
            entry.flags = TRANSCRIPT_FLAG_MALFORMED;
            story_add(&entry);
        }
        story_done("fault", "exit status 139");
        story_judge();
        cr_assert_eq(story.judgement->verdict, VERDICT_FAIL);
        const struct finding *finding = story_finding(was_malformed ? RULE_C11 : RULE_STEP);
        cr_assert(strstr(finding->message, "exit status 139"));
    }
}

/* ---- without a transcript ---- */

Test(judge, tells_why_a_scenario_was_skipped_or_not_played)
{
    struct judgement *skipped = judge_skipped("throw", "`client: throw`");
    cr_assert_eq(skipped->verdict, VERDICT_SKIP);
    cr_assert(strstr(skipped->reason, "throw"));
    struct judgement *unplayed = judge_unplayed(VERDICT_CLIENT_ERROR, "no hello");
    cr_assert_eq(unplayed->verdict, VERDICT_CLIENT_ERROR);
    cr_assert_str_eq(unplayed->reason, "no hello");
    judgement_free(skipped);
    judgement_free(unplayed);
}

/* S-7 tells what becomes of a client's mistake: beside other rules it need not come up. */
Test(judge, a_named_s7_need_not_come_up_beside_other_rules)
{
    static const struct {
        const char *rules;
        enum verdict verdict;
    } cases[] = {
        {"'rules':['C-1','S-7'],", VERDICT_PASS},
        {"'rules':['S-7'],", VERDICT_ERROR},
        {"'rules':['C-2','S-7'],", VERDICT_ERROR},
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        story_begin(cases[index].rules, "");
        story_open();
        story_publish(1);
        story_dispatch_sent();
        story_fence();
        story_expect(cases[index].verdict, "");
        story_end();
    }
}
