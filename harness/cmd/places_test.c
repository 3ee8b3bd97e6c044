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
