#define _XOPEN_SOURCE 700 /* realpath */

#include "cmd/select.h"

#include "cmd/places.h"
#include "core/memory.h"
#include "io/files.h"

#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX         ".jsonc"
#define CANDIDATES_MAX 10000 /* entries of a folder that a mistyped path is compared with */

/* A file that was named or found. */
struct source {
    char *path; /* as it is shown; owned */
    char *name; /* of its scenarios, without brackets; owned */
    dev_t device;
    ino_t inode;
};

struct sources {
    struct source *items;
    size_t count;
    size_t capacity_count;
};

static void sources_free(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        free(sources->items[i].path);
        free(sources->items[i].name);
    }
    free(sources->items);
}

static void print_message(const char *path, const char *hint, const char *message,
                          struct buffer *messages)
{
    struct error error;
    error_set(&error, hint, "%s", message);
    error_print(&error, path, NULL, 0, messages);
}

static bool ends_with_suffix(const char *name)
{
    size_t size_bytes = strlen(name);
    return size_bytes > strlen(SUFFIX) &&
           strcmp(name + size_bytes - strlen(SUFFIX), SUFFIX) == 0;
}

/* ---- names ---- */

static const char *below_scenarios(const char *path)
{
    static const char folder[] = "/scenarios/";
    const char *last = NULL;
    for (const char *at = strstr(path, folder); at; at = strstr(at + 1, folder))
        last = at + sizeof folder - 1;
    return last;
}

char *select_name_of(const char *real_path, const char *real_folder)
{
    const char *name = below_scenarios(real_path);
    size_t folder_bytes = real_folder ? strlen(real_folder) : 0;
    if (!name && folder_bytes > 0 && strncmp(real_path, real_folder, folder_bytes) == 0)
        name = real_path + folder_bytes + strspn(real_path + folder_bytes, "/");
    if (!name) {
        const char *slash = strrchr(real_path, '/');
        name = slash ? slash + 1 : real_path;
    }
    const char *base = strrchr(name, '/');
    const char *dot = strrchr(base ? base : name, '.');
    return memory_copy_text(name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

/* ---- paths that do not exist ---- */

static bool path_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

/* The entries of a folder, scenario files without their extension. */
static void list_candidates(const char *folder, struct files_list *list)
{
    DIR *directory = opendir(folder);
    if (!directory)
        return;
    const struct dirent *entry;
    while (list->count < CANDIDATES_MAX && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        size_t name_bytes = strlen(entry->d_name);
        if (ends_with_suffix(entry->d_name))
            name_bytes -= strlen(SUFFIX);
        list->paths =
            memory_grow(list->paths, &list->capacity_count, list->count + 1, sizeof *list->paths);
        list->paths[list->count++] = memory_copy_text(entry->d_name, name_bytes);
    }
    closedir(directory);
}

/* `path` with or without the extension, whichever exists; owned by the caller. */
static char *find_with_suffix(const char *path)
{
    size_t size_bytes = strlen(path) + sizeof SUFFIX;
    char *with_suffix = memory_alloc(size_bytes, 1);
    snprintf(with_suffix, size_bytes, "%s%s", path, SUFFIX);
    if (path_exists(with_suffix))
        return with_suffix;
    free(with_suffix);
    return path_exists(path) ? memory_copy_text(path, strlen(path)) : NULL;
}

/* What stands nearest to `path` in the folder where it should have been; owned by the caller. */
static char *find_nearest_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    char *parent = slash ? memory_copy_text(path, slash == path ? 1 : (size_t)(slash - path))
                         : memory_copy_text(".", 1);
    struct span name = span_of(base);
    if (ends_with_suffix(base))
        name.size_bytes -= strlen(SUFFIX);
    struct files_list list = {0};
    list_candidates(parent, &list);
    int nearest = text_nearest(name, (const char *const *)list.paths, list.count);
    char *found = NULL;
    if (nearest >= 0) {
        char *joined = slash ? places_join(parent, list.paths[nearest])
                             : memory_copy_text(list.paths[nearest], strlen(list.paths[nearest]));
        found = find_with_suffix(joined);
        free(joined);
    }
    files_list_free(&list);
    free(parent);
    return found;
}

/* People type the name of a scenario too, as it stands in the report. */
static void print_missing(const char *path, const char *default_folder, struct buffer *messages)
{
    char *meant = find_with_suffix(path);
    if (!meant && default_folder) {
        char *joined = places_join(default_folder, path);
        char *found = find_with_suffix(joined);
        meant = found ? places_shorten(found) : NULL;
        free(found);
        free(joined);
    }
    if (!meant)
        meant = find_nearest_path(path);
    char hint[sizeof((struct error *)0)->hint];
    snprintf(hint, sizeof hint, "did you mean `%s`?", meant ? meant : "");
    print_message(path, meant ? hint : NULL, "there is no such file or folder", messages);
    free(meant);
}

/* ---- from paths to files ---- */

/* A file that is named twice is played once. */
static bool has_source(const struct sources *sources, const struct stat *status)
{
    for (size_t i = 0; i < sources->count; i++)
        if (sources->items[i].inode == status->st_ino &&
            sources->items[i].device == status->st_dev)
            return true;
    return false;
}

static void add_source(const char *path, const char *real_folder, struct sources *sources)
{
    struct stat status;
    char real_path[PATH_MAX];
    bool is_known = stat(path, &status) == 0 && realpath(path, real_path);
    if (is_known && has_source(sources, &status))
        return;
    sources->items = memory_grow(sources->items, &sources->capacity_count, sources->count + 1,
                                 sizeof *sources->items);
    sources->items[sources->count++] = (struct source){
        .path = places_shorten(path),
        .name = select_name_of(is_known ? real_path : path, real_folder),
        .device = is_known ? status.st_dev : 0,
        .inode = is_known ? status.st_ino : 0,
    };
}

static bool add_path(const char *path, const char *default_folder, struct sources *sources,
                     struct buffer *messages)
{
    if (!path_exists(path)) {
        print_missing(path, default_folder, messages);
        return false;
    }
    if (!places_is_folder(path)) {
        add_source(path, NULL, sources);
        return true;
    }
    struct error error;
    struct files_list list = {0};
    char real_folder[PATH_MAX];
    bool is_found = files_find(path, SUFFIX, &list, &error);
    if (!is_found)
        error_print(&error, NULL, NULL, 0, messages);
    if (!realpath(path, real_folder))
        real_folder[0] = '\0';
    for (size_t i = 0; is_found && i < list.count; i++)
        add_source(list.paths[i], real_folder, sources);
    files_list_free(&list);
    return is_found;
}

static int compare_names(const void *left, const void *right)
{
    const struct source *a = *(const struct source *const *)left;
    const struct source *b = *(const struct source *const *)right;
    int order = strcmp(a->name, b->name);
    return order ? order : strcmp(a->path, b->path);
}

/* A name stands for one scenario in reports and baselines: two files must not share it. */
static bool check_names(const struct sources *sources, struct buffer *messages)
{
    bool is_unique = true;
    const struct source **sorted = memory_alloc(sources->count, sizeof *sorted);
    for (size_t i = 0; i < sources->count; i++)
        sorted[i] = &sources->items[i];
    qsort(sorted, sources->count, sizeof *sorted, compare_names);
    for (size_t i = 1; i < sources->count; i++) {
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) != 0)
            continue;
        struct error error;
        error_set(&error, "name the folder above them, or rename one",
                  "its scenario would be called `%s`, as that of %s is", sorted[i]->name,
                  sorted[i - 1]->path);
        error_print(&error, sorted[i]->path, NULL, 0, messages);
        is_unique = false;
    }
    free(sorted);
    return is_unique;
}

/* ---- from files to scenarios ---- */

static bool load_source(const struct source *source, struct scenario_set *set,
                        struct buffer *messages)
{
    struct buffer text;
    struct error error;
    buffer_init(&text, SCENARIO_FILE_BYTES_MAX);
    if (!files_read(source->path, &text, &error)) {
        error_print(&error, NULL, NULL, 0, messages);
        buffer_free(&text);
        return false;
    }
    struct error_list errors;
    error_list_init(&errors);
    size_t size_bytes = text.size_bytes;
    bool is_loaded = scenario_load(buffer_text(&text), size_bytes, source->path, source->name, set,
                                   &errors);
    for (size_t i = 0; !is_loaded && i < errors.count; i++)
        error_print(&errors.items[i], source->path, text.data, size_bytes, messages);
    if (!is_loaded && errors.dropped_count > 0)
        buffer_printf(messages, "%s: and %zu more\n", source->path, errors.dropped_count);
    error_list_free(&errors);
    buffer_free(&text);
    return is_loaded;
}

/* ---- from scenarios to those that are meant ---- */

static bool matches_filters(const struct scenario *scenario, const struct select_query *query)
{
    for (size_t i = 0; i < query->filter_count; i++)
        if (text_glob_matches(query->filters[i], scenario->name))
            return true;
    return query->filter_count == 0;
}

static bool matches_tags(const struct scenario *scenario, const struct select_query *query)
{
    for (size_t i = 0; i < query->tag_count; i++)
        for (size_t j = 0; j < scenario->tags.count; j++)
            if (strcmp(query->tags[i], scenario->tags.items[j]) == 0)
                return true;
    return query->tag_count == 0;
}

/* By the name alone, so that a scenario stays in its shard whatever comes and goes beside it. The
 * low bits of FNV-1a hang on few letters: the high ones are mixed in. */
static bool is_in_shard(const struct scenario *scenario, const struct select_query *query)
{
    uint64_t hash = text_hash(scenario->name, strlen(scenario->name));
    return query->shard_count < 2 ||
           (hash ^ hash >> 32) % query->shard_count == query->shard_index - 1;
}

/* Returns how many are meant, in whatever shard. */
static size_t keep_meant(const struct select_query *query, struct scenario_set *set)
{
    size_t kept_count = 0, meant_count = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct scenario *scenario = set->items[i];
        bool is_meant = matches_filters(scenario, query) && matches_tags(scenario, query);
        meant_count += is_meant;
        if (is_meant && is_in_shard(scenario, query))
            set->items[kept_count++] = scenario;
        else
            scenario_free(scenario);
    }
    set->count = kept_count;
    return meant_count;
}

static void print_empty(const struct select_query *query, size_t loaded_count,
                        struct buffer *messages)
{
    struct error error;
    if (loaded_count == 0)
        error_set(&error, "scenario files end with " SUFFIX, "there is no scenario");
    else
        error_set(&error,
                  query->filter_count ? "names look like `resync/short-gap`; * stands for anything"
                                      : NULL,
                  "none of %zu scenarios is selected", loaded_count);
    error_print(&error, NULL, NULL, 0, messages);
}

static bool collect_sources(const struct select_query *query, struct sources *sources,
                            struct buffer *messages)
{
    bool is_right = true;
    for (size_t i = 0; i < query->path_count; i++)
        is_right &= add_path(query->paths[i], query->default_folder, sources, messages);
    if (query->path_count == 0 && query->default_folder)
        is_right = add_path(query->default_folder, NULL, sources, messages);
    return is_right & check_names(sources, messages);
}

enum select_status select_scenarios(const struct select_query *query, struct scenario_set *set,
                                    struct buffer *messages)
{
    struct sources sources = {0};
    *set = (struct scenario_set){0};
    bool is_right = collect_sources(query, &sources, messages);
    for (size_t i = 0; i < sources.count; i++)
        is_right &= load_source(&sources.items[i], set, messages);
    sources_free(&sources);
    if (!is_right && !query->keeps_right) {
        scenario_set_free(set);
        *set = (struct scenario_set){0};
    }
    size_t loaded_count = set->count;
    size_t meant_count = keep_meant(query, set);
    if (!is_right)
        return SELECT_WRONG;
    if (set->count > 0)
        return SELECT_DONE;
    if (meant_count > 0) {
        buffer_printf(messages, "the shard %zu/%zu is empty: the others have %zu scenario%s\n",
                      query->shard_index, query->shard_count, meant_count,
                      meant_count == 1 ? "" : "s");
        return SELECT_ELSEWHERE;
    }
    print_empty(query, loaded_count, messages);
    return SELECT_EMPTY;
}
