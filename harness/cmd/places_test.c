#include "cmd/places.h"

#include "cmd/sample_folder.h"

static void expect_join(const char *folder, const char *name, const char *path)
{
    char *joined = places_join(folder, name);
    cr_expect_str_eq(joined, path);
    free(joined);
}

Test(places, join_puts_one_slash_between)
{
    expect_join("a", "b", "a/b");
    expect_join("a/", "b", "a/b");
    expect_join("a//", "b/c", "a/b/c");
    expect_join("/", "b", "/b");
}

Test(places, shorten_takes_away_the_current_folder_only)
{
    const char *folder = sample_folder_enter();
    char path[128];
    snprintf(path, sizeof path, "%s/x/y", folder);
    char *shortened = places_shorten(path);
    cr_expect_str_eq(shortened, "x/y");
    free(shortened);
    snprintf(path, sizeof path, "%s-other/x", folder);
    shortened = places_shorten(path);
    cr_expect_str_eq(shortened, path);
    free(shortened);
    shortened = places_shorten("x/y");
    cr_expect_str_eq(shortened, "x/y");
    free(shortened);
    sample_folder_leave(folder);
}

Test(places, root_is_found_above_the_current_folder)
{
    const char *folder = sample_folder_enter();
    struct places places;
    sample_folder_write("harness/drivers/x/driver.json", "{}");
    sample_folder_write("deep/er/file", "");
    cr_assert_eq(chdir("deep/er"), 0);
    places_find(&places);
    /* The test's own program may lie in a source tree, which comes first. */
    cr_assert_not_null(places.root);
    cr_expect_eq(places.executable[0], '/');
    places_free(&places);
    sample_folder_leave(folder);
}

static void expect_place(char *path, const char *expected)
{
    if (expected)
        cr_expect_str_eq(path, expected);
    else
        cr_expect_null(path);
    free(path);
}

Test(places, installation_reads_its_data_and_writes_elsewhere)
{
    struct places places = {.data = "/opt/share/gapcheck"};
    setenv("HOME", "/home/me", 1);
    unsetenv("XDG_CACHE_HOME");
    expect_place(places_scenarios(&places), "/opt/share/gapcheck/scenarios");
    expect_place(places_drivers(&places), "/opt/share/gapcheck/drivers");
    expect_place(places_reports(&places), "reports/out");
    expect_place(places_releases(&places), "/home/me/.cache/gapcheck/drivers");
    setenv("XDG_CACHE_HOME", "/var/cache/me", 1);
    expect_place(places_releases(&places), "/var/cache/me/gapcheck/drivers");
    setenv("XDG_CACHE_HOME", "not/absolute", 1);
    expect_place(places_releases(&places), "/home/me/.cache/gapcheck/drivers");
    unsetenv("HOME");
    expect_place(places_releases(&places), NULL);
    cr_expect_str_eq(places_program(&places), "gapcheck");
}

Test(places, source_tree_holds_all_of_it)
{
    struct places places = {.root = "/src"};
    expect_place(places_scenarios(&places), "/src/scenarios");
    expect_place(places_drivers(&places), "/src/harness/drivers");
    expect_place(places_reports(&places), "/src/reports/out");
    expect_place(places_releases(&places), "/src/build/drivers");
    cr_expect_str_eq(places_program(&places), "./gapcheck");
}

Test(places, without_either_there_is_no_library)
{
    struct places places = {0};
    expect_place(places_scenarios(&places), NULL);
    expect_place(places_drivers(&places), NULL);
    expect_place(places_reports(&places), "reports/out");
}
