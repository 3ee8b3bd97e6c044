#include "core/baseline.h"

#include "core/memory.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- as a file ---- */

static void append_text(const char *text, struct buffer *out)
{
    text_append_json(out, text, strlen(text));
}

void baseline_append_json(const struct baseline *baseline, struct buffer *out)
{
    buffer_printf(out, "{\n  \"format\": %d,\n  \"client\": ", BASELINE_FORMAT);
    append_text(baseline->client, out);
    buffer_append_text(out, ",\n  \"version\": ");
    append_text(baseline->version, out);
    buffer_append_text(out, ",\n  \"entries\": [");
    for (size_t i = 0; i < baseline->count; i++) {
        const struct baseline_entry *entry = &baseline->entries[i];
        buffer_printf(out, "%s\n    {\n      \"scenario\": ", i ? "," : "");
        append_text(entry->scenario, out);
        buffer_printf(out, ",\n      \"rule\": \"%s\",\n      \"reason\": ",
                      rule_info(entry->rule)->id);
        append_text(entry->reason, out);
        buffer_append_text(out, ",\n      \"issue\": ");
        append_text(entry->issue, out);
        if (entry->until[0])
            buffer_printf(out, ",\n      \"until\": \"%s\"", entry->until);
        buffer_append_text(out, "\n    }");
    }
    buffer_append_text(out, baseline->count ? "\n  ]\n}\n" : "]\n}\n");
}

/* ---- updating ---- */

struct update {
    const struct baseline *old;
    const char *const *names;
    size_t name_count;
    const struct baseline_play *plays;
    size_t play_count;
    struct baseline *updated;
    void (*tell)(void *user, const struct baseline_change *change);
    void *user;
};

static void tell(const struct update *update, enum baseline_change_kind kind,
                 const struct baseline_entry *entry)
{
    struct baseline_change change = {kind, entry};
    if (update->tell)
        update->tell(update->user, &change);
}

static char *copy(const char *text)
{
    return memory_copy_text(text, strlen(text));
}

static struct baseline_entry *add_copy(struct baseline *baseline,
                                       const struct baseline_entry *entry, const char *scenario)
{
    struct baseline_entry *added = baseline_add(baseline);
    *added = (struct baseline_entry){
        .scenario = copy(scenario),
        .rule = entry->rule,
        .reason = copy(entry->reason),
        .issue = copy(entry->issue),
    };
    memcpy(added->until, entry->until, BASELINE_DATE_BYTES);
    return added;
}

static const struct judgement *find_play(const struct update *update, const char *scenario)
{
    for (size_t i = 0; i < update->play_count; i++)
        if (strcmp(update->plays[i].scenario, scenario) == 0)
            return update->plays[i].judgement;
    return NULL;
}

/* Whether the entry is gone in that one scenario. */
static bool is_gone(const struct update *update, const struct baseline_entry *entry,
                    const char *scenario)
{
    const struct judgement *judgement = find_play(update, scenario);
    struct baseline one = {.entries = (struct baseline_entry[]){*entry}, .count = 1};
    one.entries[0].gone_count = 0;
    if (judgement)
        baseline_note(&one, scenario, judgement);
    return one.entries[0].gone_count > 0;
}

static bool has_entry(const struct baseline *baseline, const char *scenario, enum rule rule)
{
    for (size_t i = 0; i < baseline->count; i++)
        if (baseline->entries[i].rule == rule &&
            text_glob_matches(baseline->entries[i].scenario, scenario))
            return true;
    return false;
}

/* A glob that is gone in some of its scenarios becomes the names of the others. */
static size_t narrow(const struct update *update, const struct baseline_entry *entry)
{
    size_t kept_count = 0;
    for (size_t i = 0; i < update->name_count; i++) {
        const char *name = update->names[i];
        if (!text_glob_matches(entry->scenario, name) || is_gone(update, entry, name))
            continue;
        kept_count++;
        if (!has_entry(update->updated, name, entry->rule))
            add_copy(update->updated, entry, name);
    }
    return kept_count;
}

static void keep_entry(const struct update *update, const struct baseline_entry *entry)
{
    if (entry->match_count > 0 && entry->gone_count == 0)
        add_copy(update->updated, entry, entry->scenario);
    else if (entry->match_count > 0 && narrow(update, entry) > 0)
        tell(update, BASELINE_CHANGE_NARROWED, entry);
    else
        tell(update, BASELINE_CHANGE_DROPPED, entry);
}

/* An expired entry is listed too: whether it shall count again is for people to say. */
static void add_findings(const struct update *update, const struct baseline_play *play)
{
    const struct judgement *judgement = play->judgement;
    if (!baseline_is_conclusive(judgement->verdict))
        return;
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct finding *finding = &judgement->findings[i];
        if (has_entry(update->updated, play->scenario, finding->rule))
            continue;
        struct baseline_entry *entry = baseline_add(update->updated);
        *entry = (struct baseline_entry){
            .scenario = copy(play->scenario),
            .rule = finding->rule,
            .reason = copy(finding->message),
            .issue = copy(""),
        };
        tell(update, BASELINE_CHANGE_ADDED, entry);
    }
}

void baseline_update(const struct baseline *old, const char *const *names, size_t name_count,
                     const struct baseline_play *plays, size_t play_count,
                     struct baseline *updated,
                     void (*tell_change)(void *user, const struct baseline_change *change),
                     void *user)
{
    struct update update = {old,     names,       name_count, plays, play_count,
                            updated, tell_change, user};
    *updated = (struct baseline){.client = copy(old->client), .version = copy(old->version)};
    for (size_t i = 0; i < old->count; i++)
        keep_entry(&update, &old->entries[i]);
    for (size_t i = 0; i < play_count; i++)
        add_findings(&update, &plays[i]);
}
