/* action.yml: its steps, played in a shell with what GitHub sets. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#define STEPS GAPCHECK_SOURCE_DIR "/harness/cmd/action_steps.py"

static const char *folder;

/* The action as a runner checks it out; the program stands in for the wrapper, which would build
 * it. The workspace is another repository, and its name needs quotes. */
static void set_up(void)
{
    folder = sample_folder_enter();
    cr_assert(sample_shell("mkdir -p action/.ci 'my work/scenarios' temp &&"
                           "cp '" GAPCHECK_SOURCE_DIR "/action.yml' action &&"
                           "cp '" GAPCHECK_SOURCE_DIR "/.ci/action.sh' action/.ci &&"
                           "ln -s '" GAPCHECK_BINARY "' action/gapcheck"));
    cr_assert_eq(chdir("my work"), 0);
    sample_scenario_write("s/gap", SAMPLE_RECONNECTS, "general");
    sample_scenario_write("s/once", SAMPLE_GOOD, "general");
    sample_folder_write("sdk.sh", "exec '" GAPCHECK_BINARY
                                  "' reference-client --policy resync-never\n");
    cr_assert_eq(chdir(folder), 0);
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(action, .init = set_up, .fini = tear_down, .timeout = 120);

/* Debian's, where another is first in the path and has no yaml. */
static const char *find_python(void)
{
    static const char *const interpreters[] = {"python3", "/usr/bin/python3"};
    char command[100];
    for (size_t i = 0; i < sizeof interpreters / sizeof interpreters[0]; i++) {
        snprintf(command, sizeof command, "%s -c 'import yaml' 2>/dev/null", interpreters[i]);
        if (sample_shell(command))
            return interpreters[i];
    }
    cr_skip_test("there is no Python with the package python3-yaml here");
    return NULL;
}

/* Plays the steps with `inputs`, words of the shell; expects the status. What they print goes to
 * `out` and `err`. */
static void play(const char *inputs, int status)
{
    char command[2000];
    snprintf(command, sizeof command,
             "rm -rf temp/* && %s '" STEPS "' '%s/action' '%s/my work' '%s/temp' %s >out 2>err",
             find_python(), folder, folder, folder, inputs);
    int got = system(command);
    cr_expect_eq(WEXITSTATUS(got), status, "%s: exit %d instead of %d", inputs, WEXITSTATUS(got),
                 status);
    if (WEXITSTATUS(got) != status)
        sample_shell("cat out err >&2");
    cr_expect_not(sample_shell("grep -E 'Sanitizer|runtime error|Traceback' err >&2"));
    cr_expect_not(sample_shell("find . -name 'pwned*' | grep ."), "%s", inputs);
}

static void expect_member(const cJSON *object, const char *name, const char *value)
{
    const char *found = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    cr_assert_not_null(found, "%s", name);
    cr_expect_str_eq(found, value, "%s: %s", name, found);
}

Test(action, a_broken_rule_fails_the_job_and_everything_is_there)
{
    play("client='sh sdk.sh'", 1);
    cr_expect(sample_shell("grep -Eq '^::error file=scenarios/s/gap.jsonc,line=3,col=[0-9]+,"
                           "title=C-3 s/gap ' out"));
    cr_expect(sample_shell("grep -q '| fail | s/gap | C-3 |' temp/summary.md"));
    cJSON *outputs = sample_json("temp/outputs.json"), *uploads = sample_json("temp/uploads.json");
    expect_member(outputs, "exit-code", "1");
    expect_member(outputs, "artifact", "gapcheck-sh-sdk.sh");
    const char *report = cJSON_GetObjectItem(outputs, "report")->valuestring;
    cr_assert_eq(cJSON_GetArraySize(uploads), 1);
    expect_member(cJSON_GetArrayItem(uploads, 0), "name", "gapcheck-sh-sdk.sh");
    expect_member(cJSON_GetArrayItem(uploads, 0), "path", report);
    cJSON *results = sample_results(report);
    cr_expect_str_eq(sample_verdict(results, "s/gap"), "fail");
    cJSON_Delete(results);
    cJSON_Delete(outputs);
    cJSON_Delete(uploads);
}

Test(action, a_good_client_passes_and_is_uploaded_too)
{
    play("", 0);
    cr_expect(sample_shell("grep -q '\\*\\*2 scenarios\\*\\*, 2 pass' temp/summary.md"));
    cr_expect(sample_shell("! grep -q '^::' out"));
    cJSON *uploads = sample_json("temp/uploads.json");
    expect_member(cJSON_GetArrayItem(uploads, 0), "name", "gapcheck-reference");
    cJSON_Delete(uploads);
}

Test(action, inputs_reach_the_program)
{
    char command[400];
    snprintf(command, sizeof command, "cd 'my work' && '%s' baseline update 'known $(x).json' "
             "--client 'sh sdk.sh' >/dev/null 2>&1", GAPCHECK_BINARY);
    cr_assert(sample_shell(command));
    play("client='sh sdk.sh' baseline='known $(x).json'", 0);
    cr_expect(sample_shell("grep -q '^::notice ' out && ! grep -q '^::error' out"));
    play("client='sh sdk.sh' baseline=nowhere.json", 2);
    play("shard=1/2", 0);
    play("shard=2/2", 0);
    cJSON *outputs = sample_json("temp/outputs.json");
    expect_member(outputs, "artifact", "gapcheck-reference-2-of-2");
    cJSON_Delete(outputs);
    sample_folder_write("my work/scenarios/s/once.jsonc",
                        "{ \"title\": \"Unknown types\", \"rules\": [\"C-12\"],\n"
                        "  \"steps\": [ { \"accept\": {} }, { \"publish\": { \"type\": "
                        "\"space.launched\" } }, { \"settle\": {} } ] }\n");
    sample_folder_write("my work/sdk.sh", "exec '" GAPCHECK_BINARY
                                          "' reference-client --policy unknown-types-dropped\n");
    play("client='sh sdk.sh' strict=false", 0);
    cr_expect(sample_shell("grep -q '^::warning file=scenarios/s/once.jsonc,line=2,' out"));
    play("client='sh sdk.sh' strict=true", 1);
}

/* A shard that is empty is one, too: the merge counts on its artifact. */
Test(action, an_empty_shard_is_uploaded)
{
    play("shard=7/1000", 0);
    cJSON *uploads = sample_json("temp/uploads.json");
    expect_member(cJSON_GetArrayItem(uploads, 0), "name", "gapcheck-reference-7-of-1000");
    cJSON_Delete(uploads);
}

Test(action, nothing_run_is_nothing_uploaded)
{
    static const char *const cases[][2] = {
        {"client=refrence", "::error title=gapcheck::`refrence` is no driver"},
        {"client=", "takes a name, not nothing"},
        {"client=relaycast version='6;0'", "is no version"},
        {"client='sh sdk.sh' version=6.0.2", "::error title=gapcheck::the input version is for"},
        {"strict=yes", "::error title=gapcheck::the input strict takes true or false"},
        {"shard=0/3", "--shard takes I/N"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        play(cases[i][0], 2);
        cr_expect(sample_printed(cases[i][1]), "%s", cases[i][0]);
        cJSON *outputs = sample_json("temp/outputs.json");
        cJSON *uploads = sample_json("temp/uploads.json");
        expect_member(outputs, "exit-code", "2");
        expect_member(outputs, "report", "");
        cr_expect_eq(cJSON_GetArraySize(uploads), 0);
        cr_expect(sample_shell("grep -q '^::error title=gapcheck::.' out"), "%s", cases[i][0]);
        cr_expect(sample_shell("grep -q 'nothing was run; exit 2' temp/summary.md"));
        cr_expect(sample_shell("! ls temp | grep gapcheck-"));
        cJSON_Delete(outputs);
        cJSON_Delete(uploads);
    }
}

/* Whoever can set an input (a label, a title of a pull request) must not get a shell with it. Only
 * `client` is a command, and that is run as it stands. play() looks for what they would leave. */
Test(action, inputs_are_never_code)
{
    play("client=relaycast version='$(touch pwned)'", 2);
    play("client=relaycast version='6.0.2\" ; touch pwned ; \"'", 2);
    play("shard='1/2; touch pwned'", 2);
    play("shard='`touch pwned`'", 2);
    play("strict='true; touch pwned'", 2);
    play("baseline='x\"; touch pwned; \"'", 2);
    play("baseline='$(touch pwned)'", 2);
    play("client='--help' shard='--help'", 2);
    play("shard='1/2\nartifact=pwned\nreport=/etc'", 2);
    play("client=\"sh ./sdk.sh 'a  b\\\"' '\\$(touch pwned)' '\n::x'\"", 1);
    cJSON *outputs = sample_json("temp/outputs.json");
    expect_member(outputs, "artifact", "gapcheck-sh-.-sdk.sh--a--b------touch-pwned-------x-");
    cJSON_Delete(outputs);
}
