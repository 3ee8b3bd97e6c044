#include "cmd/baseline_file.h"

#include "cmd/library.h"
#include "core/memory.h"
#include "core/timestamp.h"
#include "io/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *copy(const char *text)
{
    return memory_copy_text(text, strlen(text));
}

static void today(char date[BASELINE_DATE_BYTES])
{
    char moment[TIMESTAMP_TEXT_BYTES];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    timestamp_format((int64_t)now.tv_sec * 1000, moment);
    memcpy(date, moment, BASELINE_DATE_BYTES - 1);
    date[BASELINE_DATE_BYTES - 1] = '\0';
}

/* ---- the names ---- */

/* Every name once, as texts with a NUL between. */
static void add_names(const struct options *options, const struct places *places,
                      struct buffer *room, size_t *count)
{
    struct scenario_set set = {0};
    struct buffer messages; /* whoever plays them tells what is wrong */
    buffer_init(&messages, BUFFER_NO_LIMIT);
    library_select_right(options, places, &set, &messages);
    for (size_t i = 0; i < set.count; i++) {
        const char *name = set.items[i]->name;
        size_t at = 0;
        while (at < room->size_bytes && strcmp(room->data + at, name) != 0)
            at += strlen(room->data + at) + 1;
        if (at < room->size_bytes)
            continue;
        buffer_append(room, name, strlen(name) + 1);
        (*count)++;
    }
    scenario_set_free(&set);
    buffer_free(&messages);
}

void baseline_file_init(struct baseline_file *file, const struct options *options,
                        const struct places *places)
{
    struct options all = *options;
    *file = (struct baseline_file){0};
    buffer_init(&file->name_room, BUFFER_NO_LIMIT);
    all.filters.count = all.tags.count = 0;
    all.shard_index = all.shard_count = 1;
    if (all.path_count > 0)
        add_names(&all, places, &file->name_room, &file->name_count);
    all.path_count = 0; /* a path is a filter, too: the others are in the library */
    add_names(&all, places, &file->name_room, &file->name_count);
    file->names = memory_alloc(file->name_count, sizeof *file->names);
    const char *name = file->name_room.data;
    for (size_t i = 0; i < file->name_count; i++, name += strlen(name) + 1)
        file->names[i] = name;
}

void baseline_file_close(struct baseline_file *file)
{
    baseline_free(&file->baseline);
    free(file->names);
    buffer_free(&file->name_room);
    *file = (struct baseline_file){0};
}

/* ---- the file ---- */

static void print_errors(const struct error_list *errors, const char *path, struct buffer *text)
{
    struct buffer message;
    buffer_init(&message, BUFFER_NO_LIMIT);
    for (size_t i = 0; i < errors->count; i++)
        error_print(&errors->items[i], path, buffer_text(text), text->size_bytes, &message);
    if (errors->dropped_count > 0)
        buffer_printf(&message, "%s: and %zu more\n", path, errors->dropped_count);
    fputs(buffer_text(&message), stderr);
    buffer_free(&message);
}

static bool read_file(const char *path, struct buffer *text)
{
    struct error error;
    if (files_read(path, text, &error))
        return true;
    struct error_list errors;
    error_list_init(&errors);
    *error_list_add(&errors) = error;
    print_errors(&errors, NULL, text);
    error_list_free(&errors);
    return false;
}

bool baseline_file_open(struct baseline_file *file, const char *path,
                        const struct options *options, const struct places *places)
{
    struct buffer text;
    struct error_list errors;
    char date[BASELINE_DATE_BYTES];
    buffer_init(&text, BASELINE_FILE_BYTES_MAX);
    error_list_init(&errors);
    baseline_file_init(file, options, places);
    today(date);
    bool is_good = read_file(path, &text) &&
                   baseline_load(buffer_text(&text), text.size_bytes, &file->baseline, &errors) &&
                   baseline_match(&file->baseline, file->names, file->name_count, date, &errors);
    print_errors(&errors, path, &text);
    if (!is_good)
        baseline_file_close(file);
    error_list_free(&errors);
    buffer_free(&text);
    return is_good;
}

bool baseline_file_is_for(const struct baseline *baseline, const char *client, const char *version,
                          struct error *error)
{
    if (strcmp(baseline->client, client) == 0 && strcmp(baseline->version, version) == 0)
        return true;
    error_set(error,
              "`gapcheck baseline update NEW-FILE` writes one for this client; or name the version "
              "that the baseline is for",
              "the baseline is for %.100s %.60s, but the client is %.100s %.60s", baseline->client,
              baseline->version, client, version);
    return false;
}

struct baseline_file *baseline_file_find(struct baseline_file *files, size_t count,
                                         const char *client, const char *version)
{
    struct error unused;
    for (size_t i = 0; i < count; i++)
        if (!files[i].is_used &&
            baseline_file_is_for(&files[i].baseline, client, version, &unused))
            return &files[i];
    return NULL;
}

/* ---- applied ---- */

/* Whether the finding keeps the scenario from being as expected. */
static bool counts(const struct run *run, const struct judgement *judgement,
                   const struct finding *finding)
{
    return finding->level == RULE_LEVEL_MUST || run->is_strict ||
           judgement->verdict == VERDICT_WARN;
}

static void mark_known(const struct baseline *baseline, const struct run *run,
                       struct run_scenario *scenario)
{
    const struct judgement *judgement = scenario->judgement;
    size_t count = judgement->finding_count;
    if (count == 0)
        return;
    scenario->is_known = true;
    scenario->finding_is_known = memory_alloc(count, sizeof *scenario->finding_is_known);
    scenario->known_reasons = memory_alloc(count, sizeof *scenario->known_reasons);
    for (size_t i = 0; i < count; i++) {
        const struct finding *finding = &judgement->findings[i];
        const struct baseline_entry *entry =
            baseline_find(baseline, scenario->name, finding->rule);
        scenario->finding_is_known[i] = entry != NULL;
        if (entry)
            scenario->known_reasons[i] = copy(entry->reason);
        else if (counts(run, judgement, finding))
            scenario->is_known = false;
    }
}

static void add_fixed(struct run *run, const struct baseline_file *file)
{
    run->fixed = memory_alloc(file->baseline.count + 1, sizeof *run->fixed);
    for (size_t i = 0; i < file->baseline.count; i++) {
        struct buffer sentence;
        buffer_init(&sentence, BUFFER_NO_LIMIT);
        if (baseline_entry_is_stale(&file->baseline.entries[i], file->names, file->name_count,
                                    &sentence))
            run->fixed[run->fixed_count++] = buffer_take_text(&sentence);
        buffer_free(&sentence);
    }
}

void baseline_file_apply(struct baseline_file *file, struct run *run)
{
    for (size_t i = 0; i < run->scenario_count; i++) {
        struct run_scenario *scenario = &run->scenarios[i];
        baseline_note(&file->baseline, scenario->name, scenario->judgement);
        mark_known(&file->baseline, run, scenario);
    }
    add_fixed(run, file);
}
