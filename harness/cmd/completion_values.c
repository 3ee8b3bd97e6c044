#include "cmd/client.h"
#include "cmd/completion.h"
#include "cmd/library.h"
#include "cmd/places.h"
#include "core/client_policy.h"
#include "core/driver_line.h"
#include "core/memory.h"
#include "core/rules.h"
#include "report/run.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists ---- */

static void list_clients(const struct places *places, struct buffer *out)
{
    client_append_names(places, out);
}

/* Files that are wrong are for `gapcheck lint`. */
static void load_library(const struct places *places, struct scenario_set *set)
{
    struct options options = {.shard_index = 1, .shard_count = 1};
    struct buffer messages;
    buffer_init(&messages, BUFFER_NO_LIMIT);
    library_select_right(&options, places, set, &messages);
    buffer_free(&messages);
}

static void list_scenarios(const struct places *places, struct buffer *out)
{
    struct scenario_set set;
    load_library(places, &set);
    for (size_t i = 0; i < set.count; i++)
        buffer_printf(out, "%s\n", set.items[i]->name);
    scenario_set_free(&set);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void list_tags(const struct places *places, struct buffer *out)
{
    struct scenario_set set;
    const char **tags = NULL;
    size_t count = 0;
    load_library(places, &set);
    for (size_t i = 0; i < set.count; i++)
        count += set.items[i]->tags.count;
    tags = memory_alloc(count, sizeof *tags);
    count = 0;
    for (size_t i = 0; i < set.count; i++)
        for (size_t j = 0; j < set.items[i]->tags.count; j++)
            tags[count++] = set.items[i]->tags.items[j];
    qsort(tags, count, sizeof *tags, compare_texts);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(tags[i - 1], tags[i]) != 0)
            buffer_printf(out, "%s\n", tags[i]);
    free(tags);
    scenario_set_free(&set);
}

static void list_capabilities(const struct places *places, struct buffer *out)
{
    (void)places;
    for (int i = 0; i < DRIVER_CAPABILITY_COUNT; i++)
        buffer_printf(out, "%s\n", driver_capability_name((enum driver_capability)i));
}

static void list_policies(const struct places *places, struct buffer *out)
{
    (void)places;
    for (size_t i = 0; i < client_policy_count(); i++)
        buffer_printf(out, "%s\n", client_policy_at(i)->name);
}

static void list_rules(const struct places *places, struct buffer *out)
{
    (void)places;
    for (int i = 0; i < RULE_COUNT; i++)
        if (i != RULE_STEP)
            buffer_printf(out, "%s\n", rule_info((enum rule)i)->id);
}

/* By the name of the argument in the option table. */
static const struct {
    const char *argument;
    const char *list;
    bool is_repeatable;
    void (*append)(const struct places *places, struct buffer *out);
} lists[] = {
    {"CLIENT", "clients", false, list_clients},
    {"GLOB", "scenarios", true, list_scenarios},
    {"TAG", "tags", true, list_tags},
    {"CAP", "capabilities", true, list_capabilities},
    {"NAME", "policies", true, list_policies},
    {"RULE", "rules", false, list_rules},
};
#define LIST_COUNT (sizeof lists / sizeof lists[0])

struct completion completion_of(enum option_id option)
{
    const char *argument = option_info(option)->argument;
    for (size_t i = 0; argument && i < LIST_COUNT; i++)
        if (strcmp(lists[i].argument, argument) == 0)
            return (struct completion){COMPLETION_VALUES, lists[i].list, lists[i].is_repeatable};
    if (argument && strcmp(argument, "FILE") == 0)
        return (struct completion){COMPLETION_FILES, NULL, false};
    if (argument && strcmp(argument, "DIR") == 0)
        return (struct completion){COMPLETION_FOLDERS, NULL, false};
    return (struct completion){COMPLETION_NOTHING, NULL, false};
}

/* A usage begins with the words to choose from, or with something in capitals or brackets. */
void completion_append_words(const struct command *command, struct buffer *out)
{
    size_t size_bytes = strcspn(command->usage, " ");
    for (size_t i = 0; i < size_bytes; i++)
        if (!islower((unsigned char)command->usage[i]) && command->usage[i] != '|')
            return;
    for (size_t i = 0; i < size_bytes; i++)
        buffer_append(out, command->usage[i] == '|' ? " " : &command->usage[i], 1);
}

/* ---- the command ---- */

/* Not for people: what the scripts of `gapcheck completion` ask. */
int command_complete(const struct options *options)
{
    for (size_t i = 0; i < LIST_COUNT; i++) {
        if (strcmp(lists[i].list, options->paths[0]) != 0)
            continue;
        struct places places;
        struct buffer text;
        places_find(&places);
        buffer_init(&text, BUFFER_NO_LIMIT);
        lists[i].append(&places, &text);
        fputs(buffer_text(&text), stdout);
        buffer_free(&text);
        places_free(&places);
        return RUN_EXIT_EXPECTED;
    }
    struct error error;
    error_set(&error, NULL, "`gapcheck complete` has no list `%s`", options->paths[0]);
    command_print_error(&error);
    return RUN_EXIT_USAGE;
}
