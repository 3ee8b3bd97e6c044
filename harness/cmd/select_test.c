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

/* The shard that has `name`, of the scenarios of `path`; fails unless it is exactly one. */
static size_t find_shard(const char *path, const char *name, size_t shard_count)
{
    size_t found_count = 0, found = 0;
    for (size_t i = 1; i <= shard_count; i++) {
        struct select_query query = {.paths = &path, .path_count = 1, .default_folder = "scenarios",
                                     .shard_index = i, .shard_count = shard_count};
        struct scenario_set set;
        struct buffer messages;
        buffer_init(&messages, BUFFER_NO_LIMIT);
        cr_expect_neq(select_scenarios(&query, &set, &messages), SELECT_WRONG);
        for (size_t j = 0; j < set.count; j++) {
            if (strcmp(set.items[j]->name, name) == 0) {
                found_count++;
                found = i;
            }
        }
        scenario_set_free(&set);
        buffer_free(&messages);
    }
    cr_expect_eq(found_count, 1, "%s is in %zu of %zu shards", name, found_count, shard_count);
    return found;
}

Test(select, every_scenario_is_in_exactly_one_shard)
{
    for (size_t count = 1; count <= 9; count++) {
        find_shard("scenarios", "connect/first", count);
        find_shard("scenarios", "resync/long", count);
        find_shard("scenarios", "resync/short", count);
    }
}

/* Whatever else there is, and in whatever order it was named. The numbers are pinned: two versions
 * of gapcheck in one run must agree on them. */
Test(select, a_shard_hangs_on_the_name_alone)
{
    cr_expect_eq(find_shard("scenarios", "resync/long", 5), 5);
    cr_expect_eq(find_shard("scenarios/resync/long.jsonc", "resync/long", 5), 5);
    for (int i = 0; i < 20; i++) {
        char path[40];
        snprintf(path, sizeof path, "scenarios/a/%d.jsonc", i);
        sample_folder_write(path, SAMPLE_SCENARIO);
    }
    cr_expect_eq(find_shard("scenarios", "resync/long", 5), 5);
    cr_expect_eq(find_shard("scenarios", "resync/short", 5), 4);
}

Test(select, an_empty_shard_is_no_empty_selection)
{
    const char *filters[] = {"resync/long"};
    size_t other = find_shard("scenarios", "resync/long", 5) % 5 + 1;
    expect((struct select_query){.filters = filters, .filter_count = 1, .shard_index = other,
                                 .shard_count = 5},
           SELECT_ELSEWHERE, "", "is empty: the others have 1 scenario");
    filters[0] = "nothing";
    expect((struct select_query){.filters = filters, .filter_count = 1, .shard_index = other,
                                 .shard_count = 5},
           SELECT_EMPTY, "", "none of");
}

/* Names that differ in one letter or number, as those of `each` do. */
Test(select, shards_of_the_library_are_about_equal)
{
    const char *path = GAPCHECK_SOURCE_DIR "/scenarios";
    for (size_t count = 2; count <= 4; count++) {
        size_t least = SIZE_MAX, most = 0;
        for (size_t i = 1; i <= count; i++) {
            struct select_query query = {.paths = &path, .path_count = 1, .shard_index = i,
                                         .shard_count = count};
            struct scenario_set set;
            struct buffer messages;
            buffer_init(&messages, BUFFER_NO_LIMIT);
            cr_expect_eq(select_scenarios(&query, &set, &messages), SELECT_DONE);
            least = set.count < least ? set.count : least;
            most = set.count > most ? set.count : most;
            scenario_set_free(&set);
            buffer_free(&messages);
        }
        cr_expect_lt(most, least * 3 / 2, "of %zu shards: from %zu to %zu", count, least, most);
    }
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
