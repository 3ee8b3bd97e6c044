/* The authors' commands from end to end: lint, explain, list, new, schema. */
#define _DEFAULT_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#include <cjson/cJSON.h>

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

/* ---- lint ---- */

#define WARNED                                                                                     \
    "{ \"title\": \"Waits for nothing at all\", \"rules\": [\"C-1\"],\n"                           \
    "  \"steps\": [ { \"accept\": {} }, { \"wait\": { \"ms\": 5 } }, { \"settle\": {} } ] }\n"

Test(authors, lint_has_nothing_to_say_of_a_good_library)
{
    sample_folder_write("scenarios/gap/first.jsonc",
                        "{ \"title\": \"A client gets what happens\", \"rules\": [\"C-1\"],\n"
                        "  \"steps\": [ { \"accept\": {} }, { \"settle\": {} } ] }");
    sample_run("lint", 0, "1 scenario in 1 file: nothing to say");
    sample_run("lint --strict", 0, "nothing to say");
}

Test(authors, lint_warnings_have_a_place_and_fail_only_when_strict)
{
    sample_folder_write("warned.jsonc", WARNED);
    sample_run("lint warned.jsonc", 0, "warned.jsonc:2:34: warning: `wait` costs 5 ms");
    sample_run("lint warned.jsonc", 0, "      |                                  ^~~~~~");
    sample_run("lint warned.jsonc", 0, "  hint: `expect`, `settle` and `sync` wait");
    sample_run("lint warned.jsonc", 0, "1 scenario in 1 file: 1 warning");
    sample_run("lint --strict warned.jsonc", 1, "1 warning");
}

Test(authors, lint_errors_do_not_hide_the_warnings_of_other_files)
{
    sample_folder_write("scenarios/gap/wrong.jsonc",
                        "{ \"title\": \"t\", \"rules\": [\"C-1\"],\n"
                        "  \"steps\": [ { \"publsh\": {} }, { \"drop\": { \"how\": \"x\" } } ] }");
    sample_folder_write("scenarios/gap/warned.jsonc", WARNED);
    sample_run("lint", 2, "wrong.jsonc:2:16: error: unknown verb `publsh`");
    sample_run("lint", 2, "hint: did you mean `publish`?");
    sample_run("lint", 2, "wrong.jsonc:2:51: error: ");
    sample_run("lint", 2, "warned.jsonc:2:34: warning: ");
    sample_run("lint nowhere", 2, "there is no such file or folder");
    sample_run("lint --json", 2, "has no option `--json`");
}

Test(authors, lint_of_nothing_is_inconclusive)
{
    mkdir("empty", 0777);
    sample_run("lint empty", 3, "there is no scenario");
}

/* ---- explain and list ---- */

Test(authors, explain_tells_a_scenario_and_names_the_others_of_each)
{
    sample_folder_write(
        "each.jsonc", "{ \"title\": \"Ends by ${how}\", \"rules\": [\"C-1\"],\n"
                      "  \"each\": { \"how\": [\"reset\", \"fin\"] },\n"
                      "  \"steps\": [ { \"accept\": {} }, { \"drop\": { \"how\": \"${how}\" } },\n"
                      "    { \"settle\": {} } ] }\n");
    sample_run("explain each.jsonc", 0, " 2. The connection breaks with a TCP reset.");
    sample_run("explain each.jsonc", 0, "  each[fin]  Ends by fin");
    sample_run("explain each.jsonc --filter 'each[fin]'", 0, "is ended by a TCP FIN");
    sample_run("explain", 2, "wants at least one scenario");
    sample_run("explain nowhere", 2, "there is no such file or folder");
}

Test(authors, list_aligns_its_columns)
{
    sample_folder_write("scenarios/z.jsonc", WARNED);
    sample_run("list", 0, "gap/first  A title                   C-1  #first");
    sample_run("list", 0, "z          Waits for nothing at all  C-1");
    sample_run("list --tag first", 0, "gap/first");
    cr_expect(sample_shell("test $(wc -l <out) = 1"));
    sample_run("list --filter nothing", 3, "none of 2 scenarios is selected");
    cr_expect(sample_shell("test ! -s out"));
}

Test(authors, list_prints_json)
{
    sample_run("list --json", 0, "\"file\": \"scenarios/gap/first.jsonc\"");
    cJSON *list = sample_json("out");
    cr_assert_eq(cJSON_GetArraySize(list), 1);
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
    sample_run("new mine --rule C-9", 0, "gapcheck run mine.jsonc");
    sample_run("lint --strict mine.jsonc", 0, "nothing to say");
    sample_run("run mine.jsonc --out r", 0, "1 scenario: 1 pass");
    cr_expect(sample_shell("! grep -q schema mine.jsonc"));
}

Test(authors, new_refers_to_the_schema_of_its_library)
{
    sample_folder_write("scenarios/schema.json", "{}");
    sample_run("new scenarios/gap/second.jsonc --rule S-5", 0,
               "scenarios/gap/second.jsonc is written");
    cr_expect(
        sample_shell("grep -qF '\"$schema\": \"../schema.json\"' scenarios/gap/second.jsonc"));
    sample_run("new scenarios/third --rule C-1", 0, "scenarios/third.jsonc is written");
    cr_expect(sample_shell("grep -qF '\"$schema\": \"schema.json\"' scenarios/third.jsonc"));
}

Test(authors, new_never_overwrites)
{
    sample_folder_write("mine.jsonc", "precious");
    sample_run("new mine --rule C-9", 2, "mine.jsonc: it is there already");
    cr_expect(sample_shell("test \"$(cat mine.jsonc)\" = precious"));
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
        sample_run(cases[i][0], 2, cases[i][1]);
    cr_expect_neq(access("a.jsonc", F_OK), 0);
}

/* ---- schema ---- */

Test(authors, schema_prints_schema_and_reference)
{
    sample_run("schema", 0, "http://json-schema.org/draft-07/schema#");
    sample_run("schema --markdown", 0, "### `publish`");
    sample_run("schema x", 2, "takes no argument");
}
