#define _XOPEN_SOURCE 700 /* nftw */
#include "io/files.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every test works in a folder of its own, which is its working folder, too. */
static char folder[64];

static void enter_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/gapcheck-files-XXXXXX");
    cr_assert(mkdtemp(folder));
    cr_assert(chdir(folder) == 0);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static void leave_folder(void)
{
    cr_assert(chdir("/") == 0);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(files, .init = enter_folder, .fini = leave_folder);

static void write_text(const char *path, const char *text)
{
    struct error error = {0};
    cr_assert(files_write(path, text, strlen(text), &error), "%s", error.message);
}

/* ---- reading and writing ---- */

Test(files, what_is_written_is_read_again_byte_by_byte)
{
    char bytes[100000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7);
    struct error error = {0};
    struct buffer read;
    buffer_init(&read, sizeof bytes);
    cr_assert(files_write("x", bytes, sizeof bytes, &error), "%s", error.message);
    cr_assert(files_read("x", &read, &error), "%s", error.message);
    cr_assert_eq(read.size_bytes, sizeof bytes);
    cr_assert(memcmp(read.data, bytes, sizeof bytes) == 0);
    buffer_free(&read);
}

Test(files, an_empty_file_is_read_as_nothing)
{
    struct error error = {0};
    struct buffer read;
    buffer_init(&read, 10);
    write_text("empty", "");
    cr_assert(files_read("empty", &read, &error));
    cr_assert_eq(read.size_bytes, 0);
    buffer_free(&read);
}

Test(files, writing_replaces_and_leaves_no_temporary_file)
{
    write_text("x", "old and long");
    write_text("x", "new");
    struct files_list list = {0};
    struct error error = {0};
    struct buffer read;
    buffer_init(&read, 100);
    cr_assert(files_read("x", &read, &error));
    cr_assert_str_eq(buffer_text(&read), "new");
    cr_assert(files_find(".", "", &list, &error));
    cr_assert_eq(list.count, 1);
    files_list_free(&list);
    buffer_free(&read);
}

Test(files, a_failed_write_leaves_the_old_file_and_no_temporary_one)
{
    cr_assert(mkdir("taken", 0777) == 0);
    write_text("taken/inside", "kept");
    struct error error = {0};
    cr_assert_not(files_write("taken", "x", 1, &error));
    cr_assert(strstr(error.message, "taken"));
    struct files_list list = {0};
    cr_assert(files_find(".", "", &list, &error));
    cr_assert_eq(list.count, 1);
    cr_assert_str_eq(list.paths[0], "./taken/inside");
    files_list_free(&list);
}

Test(files, a_file_over_the_limit_is_refused_with_the_number)
{
    struct error error = {0};
    struct buffer read;
    buffer_init(&read, 4);
    write_text("x", "12345");
    cr_assert_not(files_read("x", &read, &error));
    cr_assert_str_eq(error.message, "x is larger than 4 bytes");
    buffer_free(&read);
}

Test(files, what_is_no_regular_file_is_not_read)
{
    static const struct {
        const char *path, *message;
    } cases[] = {
        {"missing", "cannot open missing: No such file or directory"},
        {".", ". is a folder, not a file"},
        {"fifo", "fifo is a device or pipe, not a file"}, /* and nobody waits for a writer */
        {"/dev/zero", "/dev/zero is a device or pipe, not a file"},
    };
    cr_assert(mkfifo("fifo", 0666) == 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {0};
        struct buffer read;
        buffer_init(&read, 100);
        cr_expect_not(files_read(cases[i].path, &read, &error));
        cr_expect_str_eq(error.message, cases[i].message);
        buffer_free(&read);
    }
}

/* ---- folders ---- */

Test(files, a_folder_is_made_with_its_parents_and_making_it_again_is_no_error)
{
    static const char *const paths[] = {"a/b/c", "a/b/c", "a//b/d/", "./e", ".", "/tmp"};
    struct stat status;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct error error = {0};
        cr_expect(files_make_folder(paths[i], &error), "%s: %s", paths[i], error.message);
        cr_expect(stat(paths[i], &status) == 0 && S_ISDIR(status.st_mode));
    }
}

Test(files, a_folder_is_not_made_over_a_file)
{
    write_text("x", "");
    struct error error = {0};
    cr_assert_not(files_make_folder("x/y", &error));
    cr_assert_str_eq(error.message, "cannot make the folder x: a file of that name is there");
}

/* ---- finding ---- */

Test(files, found_files_are_sorted_and_those_of_dot_folders_and_links_left_out)
{
    static const char *const folders[] = {"s", "s/b", "s/.git", "s/b/deep"};
    static const char *const files[] = {"s/z.jsonc",      "s/b/1.jsonc", "s/b/deep/2.jsonc",
                                        "s/.git/3.jsonc", "s/b/x.json",  "s/jsonc"};
    static const char *const found[] = {"s/b/1.jsonc", "s/b/deep/2.jsonc", "s/z.jsonc"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        cr_assert(mkdir(folders[i], 0777) == 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        write_text(files[i], "");
    cr_assert(symlink("..", "s/b/loop") == 0);
    cr_assert(symlink("z.jsonc", "s/link.jsonc") == 0);

    struct files_list list = {0};
    struct error error = {0};
    cr_assert(files_find("s", ".jsonc", &list, &error), "%s", error.message);
    /* Again, in part and by name: nothing comes twice. */
    cr_assert(files_find("s/b", ".jsonc", &list, &error), "%s", error.message);
    cr_assert(files_find("s/z.jsonc", ".jsonc", &list, &error), "%s", error.message);
    cr_assert_eq(list.count, sizeof found / sizeof *found);
    for (size_t i = 0; i < list.count; i++)
        cr_expect_str_eq(list.paths[i], found[i]);
    files_list_free(&list);
}

Test(files, a_closing_slash_is_not_doubled)
{
    cr_assert(mkdir("s", 0777) == 0);
    write_text("s/a", "");
    struct files_list list = {0};
    struct error error = {0};
    cr_assert(files_find("s/", "", &list, &error));
    cr_assert_eq(list.count, 1);
    cr_assert_str_eq(list.paths[0], "s/a");
    files_list_free(&list);
}

Test(files, a_named_file_with_another_suffix_or_none_at_all_is_an_error)
{
    write_text("x.json", "");
    struct files_list list = {0};
    struct error error = {0};
    cr_assert_not(files_find("x.json", ".jsonc", &list, &error));
    cr_assert_str_eq(error.message, "x.json is no .jsonc file");
    cr_assert_not(files_find("missing", ".jsonc", &list, &error));
    cr_assert_str_eq(error.message, "cannot open missing: No such file or directory");
    files_list_free(&list);
}

Test(files, folders_nested_too_deeply_are_an_error_and_no_endless_walk)
{
    char path[400] = "";
    for (int i = 0; i < 70; i++)
        strcat(path, "d/");
    struct files_list list = {0};
    struct error error = {0};
    cr_assert(files_make_folder(path, &error), "%s", error.message);
    cr_assert_not(files_find("d", "", &list, &error));
    cr_assert(strstr(error.message, "more than 64 folders deep"));
    files_list_free(&list);
}
