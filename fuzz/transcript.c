/* What a transcript file says: read, written and read again it is the same; the judge survives it
 * and its books balance, whatever the file claims. */
#include "support/target.h"

#include "core/judge.h"
#include "core/transcript_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void print(const struct transcript *transcript, struct buffer *out)
{
    for (size_t index = 0; transcript_write_line(transcript, index, out); index++)
        continue;
}

static bool is_same_text(const char *left, const char *right)
{
    return left && right ? strcmp(left, right) == 0 : left == right;
}

static bool is_same_number(double left, double right)
{
    return left == right || (isnan(left) && isnan(right));
}

/* Member by member: what the writer left out would be missing from both texts. */
static void check_entry(const struct transcript_entry *left, const struct transcript_entry *right,
                        size_t index)
{
    TARGET_CHECK(left->kind == right->kind && left->at_us == right->at_us &&
                     left->step == right->step && left->connection == right->connection &&
                     left->flags == right->flags,
                 "entry %zu", index);
    TARGET_CHECK(left->marker == right->marker && left->count == right->count &&
                     left->size_bytes == right->size_bytes && left->hash == right->hash,
                 "marker, count, size or hash of entry %zu", index);
    TARGET_CHECK(is_same_number(left->seq, right->seq) &&
                     is_same_number(left->number, right->number) &&
                     is_same_number(left->number2, right->number2),
                 "a number of entry %zu", index);
    TARGET_CHECK(is_same_text(left->name, right->name) &&
                     is_same_text(left->detail, right->detail) &&
                     is_same_text(left->text, right->text),
                 "a text of entry %zu", index);
}

/* Entries that continue one another are folded while reading, so a first reading may be shorter
 * than the file; from then on nothing changes. */
static void check_round_trip(const struct transcript *transcript)
{
    struct buffer text, again_text;
    struct error error;
    buffer_init(&text, BUFFER_NO_LIMIT);
    buffer_init(&again_text, BUFFER_NO_LIMIT);
    print(transcript, &text);
    struct transcript *again = transcript_read(text.data, text.size_bytes, &error);
    TARGET_CHECK(again, "line %zu: %s", error.line, error.message);
    TARGET_CHECK(again->count == transcript->count, "%zu entries instead of %zu", again->count,
                 transcript->count);
    for (size_t i = 0; i < again->count; i++)
        check_entry(&transcript->entries[i], &again->entries[i], i);
    print(again, &again_text);
    TARGET_CHECK(text.size_bytes == again_text.size_bytes &&
                     memcmp(text.data, again_text.data, text.size_bytes) == 0,
                 "written again it is:\n%s", buffer_text(&again_text));
    transcript_free(again);
    buffer_free(&text);
    buffer_free(&again_text);
}

static void check_judgement(const struct transcript *transcript, const struct scenario *scenario)
{
    struct judgement *judgement = judge_transcript(transcript, scenario);
    TARGET_CHECK(judgement->verdict < VERDICT_COUNT, "%d", (int)judgement->verdict);
    target_check_books(judgement);
    bool has_failed = judgement->verdict == VERDICT_FAIL;
    TARGET_CHECK(!has_failed || judgement->finding_count > 0, "a failure without a finding");
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct finding *finding = &judgement->findings[i];
        TARGET_CHECK(finding->message && text_is_utf8(finding->message, strlen(finding->message)),
                     "finding %zu", i);
        TARGET_CHECK(finding->entry == SIZE_MAX || finding->entry < transcript->count,
                     "finding %zu points to entry %zu", i, finding->entry);
    }
    judgement_free(judgement);
}

/* The last line alone makes the judge reserve memory for every marker below its own: what is large
 * is read and written, and judged only within reason. */
#define MARKER_MAX 20000

static bool is_small(const struct transcript *transcript)
{
    for (size_t i = 0; i < transcript->count; i++) {
        const struct transcript_entry *entry = &transcript->entries[i];
        if (entry->marker > MARKER_MAX || entry->count > MARKER_MAX ||
            entry->connection > MARKER_MAX || entry->size_bytes > (1u << 20))
            return false;
    }
    return true;
}

static void judge(const struct transcript *transcript)
{
    const struct transcript_header *header = &transcript->header;
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    if (scenario_load(header->scenario_text, strlen(header->scenario_text), "f", "f", &set,
                      &errors))
        check_judgement(transcript, set.items[0]);
    scenario_set_free(&set);
    error_list_free(&errors);
}

static void check_error(const struct error *error)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    TARGET_CHECK(error->message[0], "a refusal without a reason");
    error_print(error, "f", NULL, 0, &text);
    TARGET_CHECK(text_is_utf8(text.data, text.size_bytes), "%s", buffer_text(&text));
    buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    char *text = target_copy(data, size_bytes);
    struct error error = {.line = 0};
    struct transcript *transcript = transcript_read(text, size_bytes, &error);
    free(text); /* it must have been copied */
    if (!transcript) {
        check_error(&error);
        return 0;
    }
    for (size_t i = 1; i < transcript->count; i++)
        TARGET_CHECK(transcript->entries[i - 1].at_us <= transcript->entries[i].at_us,
                     "entry %zu goes back in time", i);
    TARGET_CHECK(transcript_memory_bytes(transcript) <= (1u << 20) + size_bytes * 64,
                 "%zu bytes out of %zu", transcript_memory_bytes(transcript), size_bytes);
    check_round_trip(transcript);
    if (is_small(transcript))
        judge(transcript);
    transcript_free(transcript);
    return 0;
}
