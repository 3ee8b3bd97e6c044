/* The authors' commands from end to end: lint, explain, list, new, schema. */
#include "cmd/sample_folder.h"

#include <cjson/cJSON.h>
#include <sys/wait.h>

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_folder_write("scenarios/gap/first.jsonc", SAMPLE_SCENARIO);
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(authors, .init = set_up, .fini = tear_down, .timeout = 120);

static bool shell(const char *command)
{
    return system(command) == 0;
}

/* Runs gapcheck; its exit must be `status`, and `found` must stand in what it prints. */
static void expect(const char *arguments, int status, const char *found)
{
    char command[2000];
    snprintf(command, sizeof command, "'%s' %s >out 2>err </dev/null", GAPCHECK_BINARY, arguments);
    int got = WEXITSTATUS(system(command));
    cr_expect_eq(got, status, "%s: exit %d instead of %d", arguments, got, status);
    snprintf(command, sizeof command, "cat out err | grep -qF -- '%s'", found);
    bool is_found = shell(command);
    cr_expect(is_found, "%s: no `%s`", arguments, found);
    if (got != status || !is_found)
        shell("cat out err >&2");
    cr_expect_not(shell("grep -q Sanitizer err"));
}

/* ---- lint ---- */

#define WARNED                                                                                     \
    "{ \"title\": \"Waits for nothing at all\", \"rules\": [\"C-1\"],\n"                           \
    "  \"steps\": [ { \"accept\": {} }, { \"wait\": { \"ms\": 5 } }, { \"settle\": {} } ] }\n"

Test(authors, lint_has_nothing_to_say_of_a_good_library)
{
    sample_folder_write("scenarios/gap/first.jsonc",
                        "{ \"title\": \"A client gets what happens\", \"rules\": [\"C-1\"],\n"
                        "  \"steps\": [ { \"accept\": {} }, { \"settle\": {} } ] }");
    expect("lint", 0, "1 scenario in 1 file: nothing to say");
    expect("lint --strict", 0, "nothing to say");
}

Test(authors, lint_warnings_have_a_place_and_fail_only_when_strict)
{
    sample_folder_write("warned.jsonc", WARNED);
    expect("lint warned.jsonc", 0, "warned.jsonc:2:34: warning: `wait` costs 5 ms");
    expect("lint warned.jsonc", 0, "      |                                  ^~~~~~");
    expect("lint warned.jsonc", 0, "  hint: `expect`, `settle` and `sync` wait");
    expect("lint warned.jsonc", 0, "1 scenario in 1 file: 1 warning");
    expect("lint --strict warned.jsonc", 1, "1 warning");
}

Test(authors, lint_errors_do_not_hide_the_warnings_of_other_files)
{
    sample_folder_write("scenarios/gap/wrong.jsonc",
                        "{ \"title\": \"t\", \"rules\": [\"C-1\"],\n"
                        "  \"steps\": [ { \"publsh\": {} }, { \"drop\": { \"how\": \"x\" } } ] }");
    sample_folder_write("scenarios/gap/warned.jsonc", WARNED);
    expect("lint", 2, "wrong.jsonc:2:16: error: unknown verb `publsh`");
    expect("lint", 2, "hint: did you mean `publish`?");
    expect("lint", 2, "wrong.jsonc:2:51: error: ");
    expect("lint", 2, "warned.jsonc:2:34: warning: ");
    expect("lint nowhere", 2, "there is no such file or folder");
    expect("lint --json", 2, "has no option `--json`");
}

Test(authors, lint_of_nothing_is_inconclusive)
{
    mkdir("empty", 0777);
    expect("lint empty", 3, "there is no scenario");
}

/* ---- explain and list ---- */

Test(authors, explain_tells_a_scenario_and_names_the_others_of_each)
{
    sample_folder_write(
        "each.jsonc", "{ \"title\": \"Ends by ${how}\", \"rules\": [\"C-1\"],\n"
                      "  \"each\": { \"how\": [\"reset\", \"fin\"] },\n"
                      "  \"steps\": [ { \"accept\": {} }, { \"drop\": { \"how\": \"${how}\" } },\n"
                      "    { \"settle\": {} } ] }\n");
    expect("explain each.jsonc", 0, " 2. The connection breaks with a TCP reset.");
    expect("explain each.jsonc", 0, "  each[fin]  Ends by fin");
    expect("explain each.jsonc --filter 'each[fin]'", 0, "is ended by a TCP FIN");
    expect("explain", 2, "wants at least one scenario");
    expect("explain nowhere", 2, "there is no such file or folder");
}

Test(authors, list_aligns_its_columns)
{
    sample_folder_write("scenarios/z.jsonc", WARNED);
    expect("list", 0, "gap/first  A title                   C-1  #first");
    expect("list", 0, "z          Waits for nothing at all  C-1");
    expect("list --tag first", 0, "gap/first");
    cr_expect(shell("test $(wc -l <out) = 1"));
    expect("list --filter nothing", 3, "none of 2 scenarios is selected");
    cr_expect(shell("test ! -s out"));
}

Test(authors, list_prints_json)
{
    expect("list --json", 0, "\"file\": \"scenarios/gap/first.jsonc\"");
    char text[2000] = "";
    FILE *file = fopen("out", "r");
    cr_assert_not_null(file);
    cr_assert(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    cJSON *list = cJSON_Parse(text);
    cr_assert_eq(cJSON_GetArraySize(list), 1, "%s", text);
    const cJSON *first = cJSON_GetArrayItem(list, 0);
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(first, "name"));
    const cJSON *tags = cJSON_GetObjectItemCaseSensitive(first, "tags");
    cr_expect_str_eq(name, "gap/first");
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetArrayItem(tags, 0)), "first");
    cJSON_Delete(list);
}

/* ---- new ---- */

Test(authors, new_writes_a_file_that_lints_and_passes)
{
    expect("new mine --rule C-9", 0, "gapcheck run mine.jsonc");
    expect("lint --strict mine.jsonc", 0, "nothing to say");
    expect("run mine.jsonc --out r", 0, "1 scenario: 1 pass");
    cr_expect(shell("! grep -q schema mine.jsonc"));
}

Test(authors, new_refers_to_the_schema_of_its_library)
{
    sample_folder_write("scenarios/schema.json", "{}");
    expect("new scenarios/gap/second.jsonc --rule S-5", 0, "scenarios/gap/second.jsonc is written");
    cr_expect(shell("grep -qF '\"$schema\": \"../schema.json\"' scenarios/gap/second.jsonc"));
    expect("new scenarios/third --rule C-1", 0, "scenarios/third.jsonc is written");
    cr_expect(shell("grep -qF '\"$schema\": \"schema.json\"' scenarios/third.jsonc"));
}

Test(authors, new_never_overwrites)
{
    sample_folder_write("mine.jsonc", "precious");
    expect("new mine --rule C-9", 2, "mine.jsonc: it is there already");
    cr_expect(shell("test \"$(cat mine.jsonc)\" = precious"));
}

Test(authors, new_tells_what_is_wrong)
{
    static const char *const cases[][2] = {
        {"new", "wants one name, not 0"},
        {"new a b --rule C-1", "wants one name, not 2"},
        {"new a", "wants the rule"},
        {"new a --rule c-9", "did you mean `C-9`?"},
        {"new a --rule step", "there is no rule `step`"},
        {"new a --rule S-7", "no scenario can show it"},
        {"new nowhere/a --rule C-1", "there is no such folder"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(cases[i][0], 2, cases[i][1]);
    cr_expect_neq(access("a.jsonc", F_OK), 0);
}

/* ---- schema ---- */

Test(authors, schema_prints_schema_and_reference)
{
    expect("schema", 0, "http://json-schema.org/draft-07/schema#");
    expect("schema --markdown", 0, "### `publish`");
    expect("schema x", 2, "takes no argument");
}
