/* Scenario files that are wrong, from end to end: each is told with its place, at once, and nothing
 * is played, the good ones beside it included. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#include "core/memory.h"

#define SECONDS_MAX  5
#define PEAK_KIB_MAX (200 << 10) /* with the sanitizers */
#define BAD          "scenarios/bad.jsonc"
#define STEPS(steps) "{\n  \"title\": \"t\", \"rules\": [\"C-1\"],\n  \"steps\": [" steps "]\n}\n"

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_folder_write("scenarios/good.jsonc", SAMPLE_SCENARIO);
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(bad_scenario, .init = set_up, .fini = tear_down, .timeout = 60);

/* A driver that would leave a file if it were started. */
#define TELLTALE "--out r --client 'touch started; exit 1'"

static void expect_refused(const char *arguments, const char *text)
{
    struct sample_result result = sample_program_run("", arguments, 2, text);
    cr_expect_lt(result.cpu_seconds, SECONDS_MAX, "%.1f s: %s", result.cpu_seconds, text);
    cr_expect_lt(result.peak_kib, PEAK_KIB_MAX, "%ld KiB: %s", result.peak_kib, text);
    cr_expect_neq(access("started", F_OK), 0, "a driver was started: %s", text);
    cr_expect_neq(access("r", F_OK), 0, "reports were written: %s", text);
}

Test(bad_scenario, every_mistake_has_its_place_and_nothing_is_played)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", BAD ":1:1: error: "},
        {"hello\n", BAD ":1:1: error: "},
        {"{\n  \"title\": \"t\",\n  \"rules\": [\"C-1\"\n}\n", BAD ":4:1: error: "},
        {"{ \"title\": \"t\", \"rules\": [\"C-1\"], \"steps\": [", BAD ":1:"},
        {STEPS("{ \"accept\": {} }") "{}", BAD ":5:1: error: "},
        {"\xff\xfe{}", BAD ":1:1: error: "},
        {STEPS("{ \"acept\": {} }"), BAD ":3:15: error: "},
        {STEPS("{ \"acept\": {} }"), "accept"}, /* the nearest */
        {"{\n  \"title\": \"t\",\n  \"title\": \"u\", \"rules\": [\"C-1\"],\n"
         "  \"steps\": [{ \"accept\": {} }]\n}\n",
         BAD ":3:3: error: "},
        {STEPS("{ \"publish\": { \"count\": 2, \"count\": 3 } }"), BAD ":3:40: error: "},
        {STEPS("{ \"publish\": { \"count\": 1000001 } }"), BAD ":3:37: error: "},
        {STEPS("{ \"publish\": { \"count\": -1 } }"), BAD ":3:37: error: "},
        {STEPS("{ \"publish\": { \"count\": 1e999 } }"), BAD ":3:37: error: "},
        {STEPS("{ \"wait\": { \"ms\": 9007199254740993 } }"), BAD ":3:31: error: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sample_folder_write(BAD, cases[i].text);
        expect_refused("run " TELLTALE, cases[i].error);
        expect_refused("run " TELLTALE " scenarios/good.jsonc " BAD, cases[i].error);
    }
}

Test(bad_scenario, all_mistakes_of_all_files_are_told_in_one_go)
{
    sample_folder_write("scenarios/one.jsonc", STEPS("{ \"acept\": {} }, { \"wiat\": {} }"));
    sample_folder_write("scenarios/two.jsonc", "{ \"titel\": 1 }");
    expect_refused("run " TELLTALE, "scenarios/one.jsonc:3:15: error: ");
    cr_expect(sample_printed("scenarios/one.jsonc:3:32: error: "));
    cr_expect(sample_printed("scenarios/two.jsonc:1:3: error: "));
}

Test(bad_scenario, nesting_of_1000_levels_is_refused_where_it_is_too_deep)
{
    static const char opening[] = "{ \"title\": \"t\", \"rules\": [\"C-1\"], \"steps\": ";
    static const char *const pairs[][2] = {{"[", "]"}, {"{\"a\":", "}"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct buffer text;
        buffer_init(&text, BUFFER_NO_LIMIT);
        buffer_append_text(&text, opening);
        for (int level = 0; level < 1000; level++)
            buffer_append_text(&text, pairs[i][0]);
        buffer_append_text(&text, "1");
        for (int level = 0; level < 1000; level++)
            buffer_append_text(&text, pairs[i][1]);
        buffer_append_text(&text, "}");
        sample_folder_write(BAD, buffer_text(&text));
        buffer_free(&text);
        expect_refused("run " TELLTALE, BAD ":1:");
        cr_expect(sample_printed("64"), "the limit is not told");
    }
}

/* Holes and then text: a file system that knows no sparse files would take long, not fail. */
Test(bad_scenario, a_file_of_100_mb_is_refused_by_its_size)
{
    static const off_t size_bytes = 100000000;
    sample_folder_write(BAD, "{ \"title\": \"t\" }");
    cr_assert_eq(truncate(BAD, size_bytes), 0);
    expect_refused("run " TELLTALE, BAD);
    cr_expect(sample_printed("error: "));
    cr_expect(sample_printed("16"), "the limit is not told");
    expect_refused("run " TELLTALE " " BAD, BAD);
}

/* Comments up to the limit: a large file is no slow file. */
Test(bad_scenario, a_mistake_behind_15_mb_of_comment_is_told_quickly)
{
    size_t size_bytes = 15000000;
    char *text = memory_alloc(size_bytes + 100, 1);
    memset(text, '\n', size_bytes);
    memcpy(text, "/*", 2);
    strcpy(text + size_bytes, "*/ { \"titel\": 1 }");
    sample_folder_write(BAD, text);
    free(text);
    expect_refused("run " TELLTALE, BAD ":14999999:6: error: ");
}

Test(bad_scenario, what_is_no_file_is_no_scenario)
{
    cr_assert_eq(mkfifo("scenarios/pipe.jsonc", 0666), 0);
    expect_refused("run " TELLTALE " scenarios/pipe.jsonc", "scenarios/pipe.jsonc");
    cr_assert_eq(symlink("/dev/zero", "scenarios/zero.jsonc"), 0);
    expect_refused("run " TELLTALE " scenarios/zero.jsonc", "scenarios/zero.jsonc");
    cr_assert_eq(symlink("loop.jsonc", "scenarios/loop.jsonc"), 0);
    expect_refused("run " TELLTALE " scenarios/loop.jsonc", "scenarios/loop.jsonc");
}
