#include "cmd/library.h"

#include "cmd/select.h"
#include "core/memory.h"
#include "io/files.h"
#include "report/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool holds_scenarios(const char *folder)
{
    struct files_list list = {0};
    struct error error;
    bool is_found = places_is_folder(folder) && files_find(folder, ".jsonc", &list, &error);
    bool holds_any = is_found && list.count > 0;
    files_list_free(&list);
    return holds_any;
}

char *library_default_folder(const struct places *places)
{
    if (holds_scenarios("scenarios"))
        return memory_copy_text("scenarios", strlen("scenarios"));
    return places_scenarios(places);
}

static int select_into(const struct options *options, const struct places *places, bool keeps_right,
                       struct scenario_set *set, struct buffer *messages)
{
    char *folder = library_default_folder(places);
    struct select_query query = {
        .paths = options->paths,
        .path_count = options->path_count,
        .default_folder = folder,
        .filters = options->filters.items,
        .filter_count = options->filters.count,
        .tags = options->tags.items,
        .tag_count = options->tags.count,
        .shard_index = options->shard_index,
        .shard_count = options->shard_count,
        .keeps_right = keeps_right,
    };
    enum select_status status = select_scenarios(&query, set, messages);
    free(folder);
    switch (status) {
    case SELECT_DONE:
    case SELECT_ELSEWHERE:
        return RUN_EXIT_EXPECTED;
    case SELECT_EMPTY:
        return RUN_EXIT_INCONCLUSIVE;
    case SELECT_WRONG:
        break;
    }
    return RUN_EXIT_USAGE;
}

int library_select(const struct options *options, const struct places *places,
                   struct scenario_set *set)
{
    struct buffer messages;
    buffer_init(&messages, BUFFER_NO_LIMIT);
    int status = select_into(options, places, false, set, &messages);
    fputs(buffer_text(&messages), stderr);
    fflush(stderr);
    buffer_free(&messages);
    return status;
}

int library_select_right(const struct options *options, const struct places *places,
                         struct scenario_set *set, struct buffer *messages)
{
    return select_into(options, places, true, set, messages);
}

int library_print(const struct options *options,
                  void (*append)(const struct scenario_set *set, struct buffer *out))
{
    struct places places;
    struct scenario_set set;
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    places_find(&places);
    int status = library_select(options, &places, &set);
    if (status == RUN_EXIT_EXPECTED)
        append(&set, &text);
    fputs(buffer_text(&text), stdout);
    scenario_set_free(&set);
    buffer_free(&text);
    places_free(&places);
    return status;
}
