/* The transcript in memory: folding, interning, texts that are too long. */
#include "core/transcript.h"

#include "core/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An event that was published with its own id and the next number. */
static struct transcript_entry publish(uint64_t marker)
{
    struct transcript_entry entry = transcript_entry_of(TRANSCRIPT_PUBLISH, 0);
    entry.marker = marker;
    entry.count = 1;
    entry.seq = (double)marker + 100;
    entry.number = 1780308000;
    entry.number2 = (double)marker;
    entry.detail = "message.created";
    entry.step = 2;
    entry.flags = TRANSCRIPT_FLAG_LIVE;
    return entry;
}

static struct transcript_entry sent(uint64_t marker)
{
    struct transcript_entry entry = transcript_entry_of(TRANSCRIPT_SENT, 0);
    entry.marker = marker;
    entry.count = 1;
    entry.seq = (double)marker + 100;
    entry.name = "ring";
    entry.connection = 1;
    return entry;
}

/* Whether the second folds into the first. */
static bool folds(struct transcript_entry first, struct transcript_entry second)
{
    struct transcript *transcript = transcript_new();
    transcript_add(transcript, &first);
    size_t index = transcript_add(transcript, &second);
    bool did_fold = transcript->count == 1;
    cr_assert_eq(index, did_fold ? 0 : 1);
    cr_assert_eq(transcript->entries[0].count, first.count + (did_fold ? second.count : 0));
    transcript_free(transcript);
    return did_fold;
}

Test(transcript, an_event_folds_into_the_one_that_it_continues)
{
    cr_assert(folds(publish(1), publish(2)));
    cr_assert(folds(sent(1), sent(2)));
    struct transcript_entry first = publish(1), second = publish(5);
    first.count = 4;
    second.seq = first.seq + 4;
    cr_assert(folds(first, second), "and into a fold");
    first = publish(1), second = publish(2);
    first.seq = second.seq = NAN;
    cr_assert(folds(first, second), "without numbers too");
    first = publish(1), second = publish(2);
    first.number2 = second.number2 = NAN;
    cr_assert(folds(first, second), "without ids too");
    second = sent(2);
    second.at_us = 1000;
    cr_assert(folds(sent(1), second), "within a millisecond");
}

Test(transcript, an_event_that_differs_in_anything_does_not_fold)
{
    struct transcript_entry other[13];
    for (int index = 0; index < 13; index++)
        other[index] = publish(2);
    other[0].marker = 3;
    other[1].marker = 1;
    other[2].seq++;
    other[3].seq = NAN;
    other[4].number++;
    other[5].number2 = 1; /* another's id */
    other[6].number2 = NAN;
    other[7].detail = "thread.reply";
    other[8].name = "named";
    other[9].step++;
    other[10].flags |= TRANSCRIPT_FLAG_FENCE;
    other[11].size_bytes = 1;
    other[12].at_us = 1001;
    for (int index = 0; index < 13; index++)
        cr_assert_not(folds(publish(1), other[index]), "case %d", index);
    struct transcript_entry first = publish(1);
    first.number2 = 7;
    cr_assert_not(folds(first, publish(2)), "the first has another's id");
    first = publish(1);
    first.seq = NAN;
    cr_assert_not(folds(first, publish(2)), "the first has no number");
}

Test(transcript, what_is_sent_folds_only_on_one_connection_and_from_one_source)
{
    struct transcript_entry other[4] = {sent(2), sent(2), sent(2), sent(2)};
    other[0].connection = 2;
    other[1].name = "live";
    other[2].flags = TRANSCRIPT_FLAG_ROW;
    other[3].marker = 4;
    for (int index = 0; index < 4; index++)
        cr_assert_not(folds(sent(1), other[index]), "case %d", index);
}

Test(transcript, other_kinds_never_fold)
{
    for (int kind = 0; kind < TRANSCRIPT_KIND_COUNT; kind++) {
        if (kind == TRANSCRIPT_PUBLISH || kind == TRANSCRIPT_SENT)
            continue;
        struct transcript_entry first = sent(1), second = sent(2);
        first.kind = second.kind = (uint8_t)kind;
        cr_assert_not(folds(first, second), "%s", transcript_kind_name(kind));
    }
}

Test(transcript, what_stands_between_ends_a_fold)
{
    struct transcript *transcript = transcript_new();
    struct transcript_entry first = sent(1), log = transcript_entry_of(TRANSCRIPT_LOG, 0);
    struct transcript_entry second = sent(2);
    transcript_add(transcript, &first);
    transcript_add(transcript, &log);
    cr_assert_eq(transcript_add(transcript, &second), 2);
    transcript_free(transcript);
}

Test(transcript, a_hundred_thousand_events_are_one_entry)
{
    struct transcript *transcript = transcript_new();
    for (uint64_t marker = 1; marker <= 100000; marker++) {
        struct transcript_entry entry = publish(marker);
        transcript_add(transcript, &entry);
    }
    cr_assert_eq(transcript->count, 1);
    cr_assert_eq(transcript->entries[0].count, 100000);
    cr_assert_lt(transcript_memory_bytes(transcript), 10000);
    transcript_free(transcript);
}

Test(transcript, copies_its_strings_and_keeps_short_ones_once)
{
    struct transcript *transcript = transcript_new();
    char name[] = "subscribe", detail[] = "message.created", text[] = "{}";
    struct transcript_entry entry = transcript_entry_of(TRANSCRIPT_OP, 5);
    entry.name = name;
    entry.detail = detail;
    entry.text = text;
    transcript_add(transcript, &entry);
    transcript_add(transcript, &entry);
    name[0] = detail[0] = text[0] = '!';
    const struct transcript_entry *entries = transcript->entries;
    cr_assert_str_eq(entries[0].name, "subscribe");
    cr_assert_str_eq(entries[0].detail, "message.created");
    cr_assert_str_eq(entries[0].text, "{}");
    cr_assert_eq(entries[0].name, entries[1].name);
    cr_assert_eq(entries[0].detail, entries[1].detail);
    cr_assert_neq(entries[0].text, entries[1].text);
    cr_assert_eq(transcript->text_bytes, 6);
    transcript_free(transcript);
}

Test(transcript, a_new_entry_has_no_numbers)
{
    struct transcript_entry entry = transcript_entry_of(TRANSCRIPT_LATE, 77);
    cr_assert_eq(entry.at_us, 77);
    cr_assert(isnan(entry.seq) && isnan(entry.number) && isnan(entry.number2));
    cr_assert_null(entry.name);
    cr_assert_eq(entry.flags, 0);
}

Test(transcript, a_text_that_is_too_long_or_no_text_stands_as_size_and_hash)
{
    char *long_text = memory_alloc(TRANSCRIPT_TEXT_BYTES_MAX + 2, 1);
    memset(long_text, 'a', TRANSCRIPT_TEXT_BYTES_MAX + 1);
    const struct {
        const char *text;
        size_t size_bytes;
        bool is_kept;
    } cases[] = {
        {long_text, TRANSCRIPT_TEXT_BYTES_MAX, true},
        {long_text, TRANSCRIPT_TEXT_BYTES_MAX + 1, false},
        {"", 0, true},
        {"a\0b", 3, false},
        {"\xC3", 1, false},
        {"\xC3\xA4", 2, true},
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct transcript_entry entry = transcript_entry_of(TRANSCRIPT_FRAME_IN, 0);
        transcript_set_text(&entry, cases[index].text, cases[index].size_bytes);
        cr_assert_eq(entry.size_bytes, cases[index].size_bytes);
        cr_assert_eq(entry.text != NULL, cases[index].is_kept, "case %zu", index);
        cr_assert_eq(entry.flags, cases[index].is_kept ? 0 : TRANSCRIPT_FLAG_TRUNCATED);
        cr_assert_eq(entry.hash, cases[index].is_kept ? 0 : text_hash(cases[index].text,
                                                                      cases[index].size_bytes));
    }
    free(long_text);
}

Test(transcript, kinds_have_names_of_their_own)
{
    for (int kind = 0; kind < TRANSCRIPT_KIND_COUNT; kind++)
        for (int other = 0; other < kind; other++)
            cr_assert_str_neq(transcript_kind_name(kind), transcript_kind_name(other));
}

Test(transcript, none_can_be_freed)
{
    transcript_free(NULL);
}
