#include "cmd/select.h"

#include "cmd/sample_folder.h"

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_folder_write("scenarios/connect/first.jsonc", SAMPLE_SCENARIO);
    sample_folder_write("scenarios/resync/long.jsonc", SAMPLE_SCENARIO);
    sample_folder_write("scenarios/resync/short.jsonc",
                        "{ \"title\": \"T\", \"rules\": [\"C-1\"], \"tags\": [\"other\"],\n"
                        "  \"steps\": [ { \"accept\": {} }, { \"settle\": {} } ] }\n");
    sample_folder_write("scenarios/README.md", "no scenario");
    sample_folder_write("elsewhere/deep/mine.jsonc", SAMPLE_SCENARIO);
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(select, .init = set_up, .fini = tear_down);

/* The names of what was selected, with a blank behind each. */
static void expect(struct select_query query, enum select_status status, const char *names,
                   const char *message)
{
    struct scenario_set set;
    struct buffer messages, found;
    buffer_init(&messages, BUFFER_NO_LIMIT);
    buffer_init(&found, BUFFER_NO_LIMIT);
    if (!query.default_folder)
        query.default_folder = "scenarios";
    enum select_status got = select_scenarios(&query, &set, &messages);
    cr_expect_eq(got, status, "%d: %s", got, buffer_text(&messages));
    for (size_t i = 0; i < set.count; i++)
        buffer_printf(&found, "%s ", set.items[i]->name);
    cr_expect_str_eq(buffer_text(&found), names);
    cr_expect_not_null(strstr(buffer_text(&messages), message), "%s", buffer_text(&messages));
    buffer_free(&messages);
    buffer_free(&found);
    scenario_set_free(&set);
}

static struct select_query of_paths(const char *const *paths, size_t count)
{
    return (struct select_query){.paths = paths, .path_count = count};
}

Test(select, all_of_the_default_folder_in_order)
{
    expect((struct select_query){0}, SELECT_DONE, "connect/first resync/long resync/short ", "");
}

Test(select, names_count_from_the_scenarios_folder)
{
    const char *file[] = {"scenarios/resync/short.jsonc"};
    expect(of_paths(file, 1), SELECT_DONE, "resync/short ", "");
    const char *below[] = {"scenarios/resync"};
    expect(of_paths(below, 1), SELECT_DONE, "resync/long resync/short ", "");
    cr_assert_eq(chdir("scenarios/resync"), 0);
    const char *here[] = {"short.jsonc"};
    expect(of_paths(here, 1), SELECT_DONE, "resync/short ", "");
}

Test(select, names_elsewhere_count_from_what_was_given)
{
    const char *file[] = {"elsewhere/deep/mine.jsonc"};
    expect(of_paths(file, 1), SELECT_DONE, "mine ", "");
    const char *above[] = {"elsewhere"};
    expect(of_paths(above, 1), SELECT_DONE, "deep/mine ", "");
}

Test(select, a_file_that_is_named_twice_is_played_once)
{
    const char *paths[] = {"scenarios/resync/short.jsonc", "scenarios/", "scenarios/connect"};
    expect(of_paths(paths, 3), SELECT_DONE, "resync/short connect/first resync/long ", "");
}

Test(select, two_files_of_one_name_are_an_error)
{
    sample_folder_write("a/same.jsonc", SAMPLE_SCENARIO);
    sample_folder_write("b/same.jsonc", SAMPLE_SCENARIO);
    const char *paths[] = {"a/same.jsonc", "b/same.jsonc"};
    expect(of_paths(paths, 2), SELECT_WRONG, "", "called `same`, as that of a/same.jsonc is");
}

Test(select, filter_and_tag)
{
    const char *filters[] = {"resync/*", "nothing*"};
    const char *tags[] = {"other"};
    expect((struct select_query){.filters = filters, .filter_count = 2}, SELECT_DONE,
           "resync/long resync/short ", "");
    expect((struct select_query){.tags = tags, .tag_count = 1}, SELECT_DONE, "resync/short ", "");
    expect((struct select_query){.filters = filters, .filter_count = 1, .tags = tags,
                                 .tag_count = 1},
           SELECT_DONE, "resync/short ", "");
    expect((struct select_query){.filters = filters + 1, .filter_count = 1}, SELECT_EMPTY, "",
           "none of 3 scenarios is selected");
}

Test(select, shards_are_a_partition)
{
    expect((struct select_query){.shard_index = 1, .shard_count = 2}, SELECT_DONE,
           "connect/first resync/short ", "");
    expect((struct select_query){.shard_index = 2, .shard_count = 2}, SELECT_DONE,
           "resync/long ", "");
    expect((struct select_query){.shard_index = 4, .shard_count = 4}, SELECT_EMPTY, "", "none of");
}

Test(select, a_missing_path_is_told_with_the_nearest)
{
    static const char *const cases[][2] = {
        {"scenarios/resnc", "did you mean `scenarios/resync`?"},
        {"scenarios/resync/shrot.jsonc", "did you mean `scenarios/resync/short.jsonc`?"},
        {"scenarios/resync/short", "did you mean `scenarios/resync/short.jsonc`?"},
        {"resync/short", "did you mean `scenarios/resync/short.jsonc`?"},
        {"scenarois", "did you mean `scenarios`?"},
        {"/no/such/folder", "/no/such/folder: error: there is no such file or folder"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *paths[] = {cases[i][0]};
        expect(of_paths(paths, 1), SELECT_WRONG, "", cases[i][1]);
    }
}

Test(select, every_error_of_every_file_is_told_and_nothing_selected)
{
    sample_folder_write("scenarios/bad/one.jsonc", "{ \"titel\": 1 }");
    sample_folder_write("scenarios/bad/two.jsonc", "no json");
    struct select_query query = {0};
    expect(query, SELECT_WRONG, "", "scenarios/bad/one.jsonc:1:3: error: ");
    expect(query, SELECT_WRONG, "", "did you mean `title`?");
    expect(query, SELECT_WRONG, "", "scenarios/bad/two.jsonc:1:1: error: ");
}

Test(select, a_file_that_cannot_be_read_is_an_error)
{
    cr_assert_eq(symlink("nowhere", "dangling.jsonc"), 0);
    const char *dangling[] = {"dangling.jsonc"};
    expect(of_paths(dangling, 1), SELECT_WRONG, "", "dangling.jsonc");
    const char *device[] = {"/dev/null"};
    expect(of_paths(device, 1), SELECT_WRONG, "", "/dev/null");
}

Test(select, a_file_of_100_megabytes_is_refused)
{
    FILE *file = fopen("huge.jsonc", "w");
    cr_assert_not_null(file);
    cr_assert_eq(ftruncate(fileno(file), 100 << 20), 0);
    fclose(file);
    const char *paths[] = {"huge.jsonc"};
    expect(of_paths(paths, 1), SELECT_WRONG, "", "huge.jsonc");
}

Test(select, a_folder_without_scenarios_selects_nothing)
{
    mkdir("empty", 0777);
    const char *paths[] = {"empty"};
    expect(of_paths(paths, 1), SELECT_EMPTY, "", "there is no scenario");
}

Test(select_name, is_the_path_below_scenarios)
{
    static const char *const cases[][3] = {
        {"/x/scenarios/resync/short-gap.jsonc", NULL, "resync/short-gap"},
        {"/scenarios/x/scenarios/y.jsonc", NULL, "y"},
        {"/x/my.first.jsonc", NULL, "my.first"},
        {"/x/y/z.jsonc", "/x", "y/z"},
        {"/x/y.d/z", "/x", "y.d/z"},
        {"/x/.hidden", NULL, ".hidden"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *name = select_name_of(cases[i][0], cases[i][1]);
        cr_expect_str_eq(name, cases[i][2]);
        free(name);
    }
}
