/* Events and the handlers that they reach. */
#include "cmd/doctor_entries.h"
#include "cmd/doctor_inspect.h"

#include <string.h>

#define MARKERS_MAX 256 /* more than any scenario of ours publishes */
#define TEXT_MARKER 4   /* the event with the long text in the first scenario */
#define LATE_MS     250 /* for an event of somebody who does not wait */

typedef const struct transcript_entry *entry_ref;

static bool is_dispatch(entry_ref entry, int handler)
{
    return entry->kind == TRANSCRIPT_DISPATCH && entry->number == handler;
}

/* ---- events: what was published, what was told ---- */

struct tally {
    size_t count; /* markers 1 … count */
    const char *types[MARKERS_MAX];
    bool is_fence[MARKERS_MAX];
    size_t told[2][MARKERS_MAX]; /* by handler - 1 */
};

static void note_published(struct tally *tally, entry_ref entry)
{
    for (uint64_t i = 0; i < entry->count; i++) {
        uint64_t marker = entry->marker + i;
        if (marker >= MARKERS_MAX)
            return;
        tally->types[marker] = entry->detail;
        tally->is_fence[marker] = (entry->flags & TRANSCRIPT_FLAG_FENCE) != 0;
        tally->count = (size_t)marker;
    }
}

/* Of what stands in the transcript from `from` on. */
static void tally_events(const struct transcript *transcript, size_t from, struct tally *tally)
{
    *tally = (struct tally){0};
    for (size_t i = 0; i < transcript->count; i++) {
        entry_ref entry = &transcript->entries[i];
        if (entry->kind == TRANSCRIPT_PUBLISH)
            note_published(tally, entry);
        if (i >= from && entry->kind == TRANSCRIPT_DISPATCH && entry->marker > 0 &&
            entry->marker < MARKERS_MAX)
            tally->told[entry->number == 2][entry->marker]++;
    }
}

void doctor_inspect_event(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    entry_ref unmarked = NULL;
    for (size_t i = 0; i < transcript->count; i++) {
        entry_ref entry = &transcript->entries[i];
        if (is_dispatch(entry, 1) && entry->marker > 0)
            return;
        if (entry->kind == TRANSCRIPT_DISPATCH && !unmarked)
            unmarked = entry;
    }
    if (!unmarked) {
        doctor_set(outcome, DOCTOR_WRONG, "no `event` line, though events were sent");
        outcome->advice = "Register a handler for every event of the SDK and write a line in it; "
                          "give `client` as in the op `start`.";
        return;
    }
    doctor_set(outcome, DOCTOR_WRONG, "an `event` line of the type ");
    doctor_quote(&outcome->text, unmarked->detail ? unmarked->detail : "",
                 unmarked->detail ? strlen(unmarked->detail) : 0);
    if (unmarked->text) {
        buffer_append_text(&outcome->text, " whose data holds no marker: ");
        doctor_quote(&outcome->text, unmarked->text, strlen(unmarked->text));
    } else {
        buffer_append_text(&outcome->text, " without `data`");
    }
}

void doctor_inspect_once(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    struct tally tally;
    tally_events(transcript, 0, &tally);
    for (size_t marker = 1; marker <= tally.count; marker++) {
        if (tally.is_fence[marker] || tally.told[0][marker] == 1)
            continue;
        if (tally.told[0][marker] > 1)
            doctor_set(outcome, DOCTOR_WRONG, "the event gc-%zu came in %zu lines", marker,
                       tally.told[0][marker]);
        else
            doctor_set(outcome, DOCTOR_WRONG, "the event gc-%zu did not come", marker);
        return;
    }
}

void doctor_inspect_text(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    for (size_t i = 0; i < transcript->count; i++) {
        entry_ref entry = &transcript->entries[i];
        if (!is_dispatch(entry, 1) || entry->marker != TEXT_MARKER)
            continue;
        if (entry->flags & TRANSCRIPT_FLAG_MANGLED)
            doctor_set(outcome, DOCTOR_WRONG,
                       "the text of gc-%d, 3,000 bytes with multi-byte characters, was changed",
                       TEXT_MARKER);
        return;
    }
    doctor_set(outcome, DOCTOR_UNSEEN, "the event with the long text did not come");
}

void doctor_inspect_types(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    struct tally tally;
    struct buffer missing;
    size_t missing_count = 0;
    tally_events(transcript, 0, &tally);
    buffer_init(&missing, BUFFER_NO_LIMIT);
    for (size_t marker = 1; marker <= tally.count; marker++)
        if (!tally.is_fence[marker] && tally.told[0][marker] == 0)
            buffer_printf(&missing, "%s%s", missing_count++ ? ", " : "", tally.types[marker]);
    if (missing_count > 0)
        doctor_set(outcome, DOCTOR_WRONG, "no line for %s", buffer_text(&missing));
    buffer_free(&missing);
}

void doctor_inspect_wildcard(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    struct tally tally;
    tally_events(transcript, 0, &tally);
    for (size_t marker = 1; marker <= tally.count; marker++)
        if (!tally.is_fence[marker] && tally.told[0][marker] > 0)
            return;
    doctor_set(outcome, DOCTOR_WRONG, "no line for an event of the type `space.launched`");
}

/* ---- handlers ---- */

void doctor_inspect_throw(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    struct tally before, after;
    size_t asked = doctor_find(transcript, TRANSCRIPT_OP, "throw", 0);
    size_t published = doctor_find(transcript, TRANSCRIPT_PUBLISH, NULL, asked);
    if (published == transcript->count) {
        doctor_set(outcome, DOCTOR_UNSEEN, "the scenario did not get so far");
        return;
    }
    size_t thrown = (size_t)transcript->entries[published].marker, second = 0, later = 0;
    tally_events(transcript, 0, &before);
    tally_events(transcript, asked, &after);
    for (size_t i = 0; i < asked; i++)
        if (is_dispatch(&transcript->entries[i], 2)) {
            doctor_set(outcome, DOCTOR_WRONG, "a line with `\"handler\":2` before the op");
            return;
        }
    for (size_t marker = thrown + 1; marker <= after.count; marker++) {
        second += after.told[1][marker];
        later += after.told[0][marker];
    }
    if (after.told[0][thrown] == 0)
        doctor_set(outcome, DOCTOR_WRONG, "no line for the event at which the handler throws");
    else if (second > 0)
        return;
    else if (later > 0)
        doctor_set(outcome, DOCTOR_WRONG, "no line with `\"handler\":2` for the events after it");
    else
        doctor_set(outcome, DOCTOR_UNSEEN,
                   "the client handed on nothing after it (`gapcheck run` judges that by C-25)");
}

void doctor_inspect_slow(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    size_t asked = doctor_find(transcript, TRANSCRIPT_OP, "slow", 0);
    size_t count = 0;
    int64_t first_us = 0, last_us = 0;
    for (size_t i = asked; i < transcript->count && count < 4; i++) {
        entry_ref entry = &transcript->entries[i];
        if (!is_dispatch(entry, 1))
            continue;
        first_us = count == 0 ? entry->at_us : first_us;
        last_us = entry->at_us;
        count++;
    }
    /* Three whole turns lie between four lines; timers may be a little early. */
    if (count < 4)
        doctor_set(outcome, DOCTOR_UNSEEN, "only %zu of 4 events came", count);
    else if (last_us - first_us < 3 * DOCTOR_SLOW_MS * 800)
        doctor_set(outcome, DOCTOR_WRONG, "4 events came within %.1f ms",
                   (double)(last_us - first_us) / 1000);
}

void doctor_inspect_neighbour(const struct transcript *transcript, struct doctor_outcome *outcome)
{
    int64_t sent_us[MARKERS_MAX] = {0}, worst_us = 0;
    for (size_t i = 0; i < transcript->count; i++) {
        entry_ref entry = &transcript->entries[i];
        if (entry->kind == TRANSCRIPT_LATE && entry->number > 50000) {
            doctor_set(outcome, DOCTOR_UNSEEN, "gapcheck itself was late; try again");
            return;
        }
        if (entry->marker == 0 || entry->marker >= MARKERS_MAX)
            continue;
        if (entry->kind == TRANSCRIPT_SENT && sent_us[entry->marker] == 0)
            sent_us[entry->marker] = entry->at_us;
        if (is_dispatch(entry, 1) && sent_us[entry->marker] > 0 &&
            entry->at_us - sent_us[entry->marker] > worst_us)
            worst_us = entry->at_us - sent_us[entry->marker];
    }
    if (worst_us > LATE_MS * 1000)
        doctor_set(outcome, DOCTOR_WRONG,
                   "an event of another client came after %.0f ms, while one handler took 400 ms",
                   (double)worst_us / 1000);
}
