#include "io/watch.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUIET_MS 30

static char folder[64];
static struct watch *watch;

static void shell(const char *command)
{
    cr_assert_eq(system(command), 0, "%s", command);
}

static void set_up(void)
{
    struct error error = {0};
    strcpy(folder, "/tmp/gapcheck-watch-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    shell("mkdir -p s/deep s/.git s/node_modules other && echo 1 >s/a.jsonc && echo 1 >one.js");
    watch = watch_new(&error);
    cr_assert_not_null(watch, "%s", error.message);
    cr_assert(watch_add(watch, "s", ".jsonc", 1, &error), "%s", error.message);
    cr_assert(watch_add(watch, "one.js", NULL, 2, &error), "%s", error.message);
}

static void tear_down(void)
{
    char command[128];
    watch_free(watch);
    cr_assert_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(watch, .init = set_up, .fini = tear_down, .timeout = 20);

static int compare(const void *left, const void *right)
{
    return strcmp(((const struct watch_change *)left)->path,
                  ((const struct watch_change *)right)->path);
}

/* What changes by the command, as "path tag," in the order of the paths. */
static void expect(const char *command, const char *expected)
{
    struct watch_changes changes;
    char found[500] = "";
    shell(command);
    cr_assert_eq(watch_wait(watch, QUIET_MS, &changes), WATCH_CHANGED);
    qsort(changes.items, changes.count, sizeof *changes.items, compare);
    for (size_t i = 0; i < changes.count; i++) {
        char item[100];
        snprintf(item, sizeof item, "%s %d,", changes.items[i].path, changes.items[i].tag);
        strcat(found, item);
    }
    cr_expect_str_eq(found, expected, "%s: %s", command, found);
    watch_changes_free(&changes);
}

Test(watch, a_file_that_is_written_changes)
{
    expect("echo 2 >s/a.jsonc", "s/a.jsonc 1,");
    expect("echo 2 >>one.js", "one.js 2,");
    expect("echo 2 >s/deep/new.jsonc; echo 2 >s/a.jsonc", "s/a.jsonc 1,s/deep/new.jsonc 1,");
}

/* vim, VS Code, sed -i: a new file takes the place of the old one, again and again. */
Test(watch, editors_that_save_by_renaming)
{
    for (int i = 0; i < 3; i++) {
        expect("echo 2 >s/.a.swp; mv s/.a.swp s/a.jsonc", "s/a.jsonc 1,");
        expect("echo 2 >tmp; mv one.js one.js~; mv tmp one.js", "one.js 2,");
    }
}

Test(watch, what_is_made_and_removed_changes)
{
    expect("rm s/a.jsonc", "s/a.jsonc 1,");
    expect("echo 1 >s/a.jsonc", "s/a.jsonc 1,");
    expect("rm one.js", "one.js 2,");
    expect("echo 1 >one.js", "one.js 2,");
    expect("mv s/a.jsonc s/b.jsonc", "s/a.jsonc 1,s/b.jsonc 1,");
}

Test(watch, folders_come_and_go)
{
    expect("mkdir s/fresh && echo 1 >s/fresh/x.jsonc", "s/fresh 1,");
    expect("echo 2 >s/fresh/x.jsonc", "s/fresh/x.jsonc 1,");
    expect("mv s/fresh s/moved", "s/fresh 1,s/moved 1,");
    expect("echo 3 >s/moved/x.jsonc", "s/moved/x.jsonc 1,");
    expect("rm -r s/moved", "s/moved 1,s/moved/x.jsonc 1,");
}

/* Switching branches may take all of it away for a moment. */
Test(watch, a_root_that_is_gone_comes_back)
{
    expect("mv s gone", "s 1,");
    expect("mv gone s", "s 1,");
    expect("echo 3 >s/deep/x.jsonc", "s/deep/x.jsonc 1,");
    expect("rm -r s", "s 1,s/a.jsonc 1,s/deep 1,s/deep/x.jsonc 1,");
    expect("mkdir s && echo 1 >s/a.jsonc", "s 1,");
    expect("echo 2 >s/a.jsonc", "s/a.jsonc 1,");
}

Test(watch, everything_else_is_left_alone)
{
    shell("echo 1 >s/notes.txt; echo 1 >s/.git/x.jsonc; echo 1 >s/node_modules/x.jsonc;"
          "echo 1 >s/.hidden.jsonc; echo 1 >other/x.jsonc; echo 1 >two.js; cat s/a.jsonc one.js");
    expect("echo 2 >s/a.jsonc", "s/a.jsonc 1,");
}

Test(watch, a_signal_that_came_before_ends_the_wait)
{
    struct watch_changes changes;
    cr_assert_eq(raise(SIGINT), 0);
    cr_expect_eq(watch_wait(watch, QUIET_MS, &changes), WATCH_INTERRUPTED);
    cr_expect_eq(changes.count, 0);
}

Test(watch, what_is_not_there_is_told)
{
    struct error error = {0};
    cr_expect_not(watch_add(watch, "nowhere", NULL, 1, &error));
    cr_expect_str_eq(error.message, "cannot watch nowhere: No such file or directory");
}
