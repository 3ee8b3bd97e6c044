#include "core/failure.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char *kind_of(const char *sentence)
{
    struct buffer kind;
    buffer_init(&kind, BUFFER_NO_LIMIT);
    failure_append_kind(sentence, &kind);
    return buffer_take_text(&kind);
}

static void expect_kind(const char *sentence, const char *expected)
{
    char *kind = kind_of(sentence);
    cr_expect_str_eq(kind, expected);
    free(kind);
}

Test(failure, numbers_dates_markers_and_plurals_are_left_out)
{
    expect_kind("200 of 707 events lost: gc-7 … gc-206, gc-210, gc-212 … gc-300, …",
                "# of # event lost: gc-#");
    expect_kind("1 of 7 event lost: gc-3", "# of # event lost: gc-#");
    expect_kind("12 further dispatches of an event, first gc-1",
                "# further dispatch of an event, first gc-#");
    expect_kind("1 event was dispatched", "# event was dispatched");
    expect_kind("2 events were dispatched", "# event was dispatched");
    expect_kind("cut off by since=2026-06-01T10:00:00.412Z, 12.4 s after (2026-06-01T10:00:00Z)",
                "cut off by since=#, # s after (#)");
    expect_kind("the frame was {\"type\":\"x\"}", "the frame was {}");
    expect_kind("it did not answer `abc` within 5 ms.", "it did not answer `` within # ms.");
    expect_kind("", "");
}

/* Sentences come from transcripts too, which anybody may have written. */
Test(failure, every_beginning_of_a_sentence_has_a_kind)
{
    static const char sentence[] = "`a {b} 0.5 2026-06-01T10:00:00.412Z gc-7 … gc-9, gc-11, … were";
    for (size_t i = 0; i < sizeof sentence; i++) {
        char *part = strndup(sentence, i);
        free(kind_of(part));
        free(kind_of(part + i / 2));
        free(part);
    }
}

static struct judgement judgement_with(enum verdict verdict, struct finding *findings, size_t count)
{
    return (struct judgement){.verdict = verdict, .findings = findings, .finding_count = count};
}

Test(failure, the_grade_says_how_clearly_it_is_seen)
{
    struct finding findings[] = {
        {.rule = RULE_C20, .level = RULE_LEVEL_SHOULD, .message = "1 of 2", .cause = "because 1"},
        {.rule = RULE_C20, .level = RULE_LEVEL_SHOULD, .message = "3 of 4", .cause = "because 2"},
        {.rule = RULE_C12, .level = RULE_LEVEL_SHOULD, .message = "dropped"},
        {.rule = RULE_C4, .level = RULE_LEVEL_MUST, .message = "lost"},
    };
    struct failure failure;
    failure_of(&findings[0], &failure);
    cr_expect_str_eq(failure.kind, "because #");
    struct judgement alone = judgement_with(VERDICT_WARN, findings, 2);
    struct judgement mixed = judgement_with(VERDICT_WARN, findings, 3);
    struct judgement hidden = judgement_with(VERDICT_FAIL, findings, 4);
    struct judgement none = judgement_with(VERDICT_FAIL, findings + 2, 2);
    cr_expect_eq(failure_grade(&failure, &alone), FAILURE_GRADE_ALONE);
    cr_expect_eq(failure_grade(&failure, &mixed), FAILURE_GRADE_MIXED);
    cr_expect_eq(failure_grade(&failure, &hidden), FAILURE_GRADE_HIDDEN);
    cr_expect_eq(failure_grade(&failure, &none), FAILURE_GRADE_NONE);
    findings[0].level = findings[1].level = RULE_LEVEL_MUST;
    cr_expect_eq(failure_grade(&failure, &alone), FAILURE_GRADE_NONE);
    failure_free(&failure);
}
