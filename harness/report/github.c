#include "report/github.h"

#include "core/memory.h"
#include "core/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX  1000
#define TITLE_BYTES_MAX 200 /* GitHub cuts titles at 255 */

enum level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_NOTICE, LEVEL_COUNT };

static const char *const level_names[LEVEL_COUNT] = {
    [LEVEL_ERROR] = "error", [LEVEL_WARNING] = "warning", [LEVEL_NOTICE] = "notice"};

/* One annotation; texts are borrowed from the run. */
struct note {
    enum level level;
    const char *path; /* NULL: it belongs to no file */
    struct run_place place;
    const char *what;  /* rule or verdict */
    const char *name;  /* of the first scenario; NULL: of none */
    const char *message, *cause, *reproduce, *reason; /* all but the first may be NULL */
    const char *last_name; /* of the last scenario of which it is true, too */
    size_t more_count;     /* how many further ones there are */
};

struct notes {
    struct note *items;
    size_t count, capacity_count;
};

/* ---- what there is to say ---- */

static bool is_same_text(const char *left, const char *right)
{
    return left == right || (left && right && strcmp(left, right) == 0);
}

/* Findings of one step are one, whatever numbers their sentences have; what has no step is told by
 * its sentence. */
static bool is_same_note(const struct note *left, const struct note *right)
{
    if (left->level != right->level || strcmp(left->what, right->what) != 0)
        return false;
    if (left->place.line == 0 && right->place.line == 0)
        return is_same_text(left->message, right->message);
    return left->place.line == right->place.line && is_same_text(left->path, right->path);
}

static void add_note(struct notes *notes, const struct note *note)
{
    for (size_t i = 0; i < notes->count; i++) {
        struct note *other = &notes->items[i];
        if (!is_same_note(other, note))
            continue;
        /* One scenario may break a rule several times, but stands in one place of the run. */
        other->more_count += !is_same_text(other->last_name, note->name);
        other->last_name = note->name;
        if (!is_same_text(other->path, note->path))
            other->path = NULL;
        return;
    }
    notes->items = memory_grow(notes->items, &notes->capacity_count, notes->count + 1,
                               sizeof *notes->items);
    notes->items[notes->count] = *note;
    notes->items[notes->count++].last_name = note->name;
}

static void add_findings(const struct run *run, const struct run_scenario *scenario,
                         struct notes *notes)
{
    for (size_t i = 0; i < scenario->judgement->finding_count; i++) {
        const struct finding *finding = &scenario->judgement->findings[i];
        const char *known_reason = run_known_reason(scenario, i);
        bool is_must = finding->level == RULE_LEVEL_MUST || run->is_strict;
        struct note note = {
            .level = known_reason ? LEVEL_NOTICE : is_must ? LEVEL_ERROR : LEVEL_WARNING,
            .path = scenario->path,
            .place = run_finding_place(scenario, i),
            .what = rule_info(finding->rule)->id,
            .name = scenario->name,
            .message = finding->message,
            .cause = finding->cause,
            .reproduce = scenario->reproduce,
            .reason = known_reason,
        };
        add_note(notes, &note);
    }
}

static void add_scenario(const struct run *run, const struct run_scenario *scenario,
                         struct notes *notes)
{
    const struct judgement *judgement = scenario->judgement;
    struct note note = {
        .level = LEVEL_ERROR,
        .path = scenario->path,
        .name = scenario->name,
        .reproduce = scenario->reproduce,
    };
    add_findings(run, scenario, notes);
    if (judgement->verdict == VERDICT_CLIENT_ERROR || judgement->verdict == VERDICT_ERROR) {
        note.what = verdict_name(judgement->verdict);
        note.message = judgement->reason;
        add_note(notes, &note);
    }
    if (run_scenario_is_flaky(scenario)) {
        note.what = "flaky";
        note.message = "the verdict was not the same every time";
        add_note(notes, &note);
    }
}

/* In the order in which the scenarios stand, errors first. */
static struct notes collect(const struct run *run)
{
    struct notes notes = {0};
    for (size_t i = 0; i < run->scenario_count; i++)
        add_scenario(run, &run->scenarios[i], &notes);
    for (size_t i = 0; run->fixed && i < run->fixed_count; i++) {
        struct note note = {.level = LEVEL_ERROR, .what = "baseline", .message = run->fixed[i]};
        add_note(&notes, &note);
    }
    return notes;
}

/* ---- how it is said ---- */

/* What actions/toolkit escapes; control characters and broken UTF-8 have become \xNN before. In a
 * property, `:` and `,` end it. */
static void append_escaped(const char *text, size_t limit_bytes, bool is_property,
                           struct buffer *out)
{
    struct buffer safe;
    buffer_init(&safe, BUFFER_NO_LIMIT);
    text_append_escaped(&safe, text, strlen(text), limit_bytes);
    for (const char *at = buffer_text(&safe); *at; at++) {
        if (*at == '%' || (is_property && strchr(":,", *at)))
            buffer_printf(out, "%%%02X", (unsigned char)*at);
        else
            buffer_append(out, at, 1);
    }
    buffer_free(&safe);
}

/* As GitHub counts it, where that can be told. */
static void append_path(const char *path, const struct report_github_place *place,
                        struct buffer *out)
{
    struct buffer whole;
    buffer_init(&whole, BUFFER_NO_LIMIT);
    if (path[0] != '/' && place->folder)
        buffer_printf(&whole, "%s/", place->folder);
    buffer_append_text(&whole, strncmp(path, "./", 2) == 0 ? path + 2 : path);
    const char *shown = buffer_text(&whole);
    size_t root_bytes = place->workspace ? strlen(place->workspace) : 0;
    bool is_inside = root_bytes > 0 && strncmp(shown, place->workspace, root_bytes) == 0 &&
                     shown[root_bytes] == '/';
    append_escaped(is_inside ? shown + root_bytes + 1 : path, SIZE_MAX, true, out);
    buffer_free(&whole);
}

static void append_title(const struct run *run, const struct note *note, struct buffer *out)
{
    append_escaped(note->what, TITLE_BYTES_MAX, true, out);
    if (note->name) {
        buffer_append_text(out, " ");
        append_escaped(note->name, TITLE_BYTES_MAX, true, out);
    }
    buffer_append_text(out, " (");
    append_escaped(run->client_command, TITLE_BYTES_MAX, true, out);
    buffer_append_text(out, ")");
}

/* A further line of the message. */
static void append_line(const char *label, const char *text, struct buffer *out)
{
    if (!text || !text[0])
        return;
    buffer_printf(out, "%%0A%s: ", label);
    append_escaped(text, TEXT_BYTES_MAX, false, out);
}

static void append_note(const struct run *run, const struct note *note,
                        const struct report_github_place *place, struct buffer *out)
{
    buffer_printf(out, "::%s ", level_names[note->level]);
    if (note->path) {
        buffer_append_text(out, "file=");
        append_path(note->path, place, out);
        if (note->place.line > 0)
            buffer_printf(out, ",line=%zu,col=%zu", note->place.line, note->place.column);
        buffer_append_text(out, ",");
    }
    buffer_append_text(out, "title=");
    append_title(run, note, out);
    buffer_append_text(out, "::");
    append_escaped(note->message ? note->message : "no reason was given", TEXT_BYTES_MAX, false,
                   out);
    append_line("cause", note->cause, out);
    append_line("known", note->reason, out);
    append_line("again", note->reproduce, out);
    if (note->more_count > 0)
        buffer_printf(out, "%%0Aand so in %zu more scenario%s", note->more_count,
                      note->more_count == 1 ? "" : "s");
    buffer_append_text(out, "\n");
}

static size_t count_level(const struct notes *notes, enum level level)
{
    size_t count = 0;
    for (size_t i = 0; i < notes->count; i++)
        count += notes->items[i].level == level;
    return count;
}

static void append_level(const struct run *run, const struct notes *notes, enum level level,
                         const struct report_github_place *place, struct buffer *out)
{
    size_t total_count = count_level(notes, level), shown_count = 0;
    bool is_too_much = total_count > REPORT_GITHUB_NOTES_MAX;
    size_t limit_count = is_too_much ? REPORT_GITHUB_NOTES_MAX - 1 : total_count;
    for (size_t i = 0; i < notes->count && shown_count < limit_count; i++) {
        if (notes->items[i].level != level)
            continue;
        append_note(run, &notes->items[i], place, out);
        shown_count++;
    }
    if (is_too_much)
        buffer_printf(out,
                      "::%s title=gapcheck::%zu more like these: the summary and the report have "
                      "them\n",
                      level_names[level], total_count - shown_count);
}

void report_github(const struct run *run, const struct report_github_place *place,
                   struct buffer *out)
{
    struct notes notes = collect(run);
    for (int level = 0; level < LEVEL_COUNT; level++)
        append_level(run, &notes, (enum level)level, place, out);
    free(notes.items);
}
