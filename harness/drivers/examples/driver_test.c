/* The two drivers of harness/drivers/README.md: they are what it shows, they are right, and they
 * play. What they need is installed below the build folder; what cannot be is told and skipped. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#define EXAMPLES GAPCHECK_SOURCE_DIR "/harness/drivers/examples"
#define README   GAPCHECK_SOURCE_DIR "/harness/drivers/README.md"
#define TEXT_MAX 100000

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(examples, .init = set_up, .fini = tear_down, .timeout = 200);

static void play(const char *command, const char *client, int status, const char *found)
{
    char arguments[2000];
    snprintf(arguments, sizeof arguments, "%s --client '%s'", command, client);
    sample_run(arguments, status, found);
}

/* What the README says of both. */
static void expect_right_driver_of_wrong_client(const char *client)
{
    const char *scenarios = GAPCHECK_SOURCE_DIR "/scenarios";
    char arguments[1000];
    play("doctor", client, 0, " fine, ");
    cr_expect_not(sample_shell("grep -q ✗ out"));
    snprintf(arguments, sizeof arguments, "run --tag smoke --out r '%s'", scenarios);
    play(arguments, client, 0, "scenarios: ");
    cr_expect_not(sample_shell("grep -E 'scenarios: .*(fail|error|skip)' out >&2"));
    snprintf(arguments, sizeof arguments, "run --out r '%s/overflow/same-second.jsonc'", scenarios);
    play(arguments, client, 1, "C-7");
    cr_expect(sample_shell("grep -q 'it came again as a row of the database' out"));
}

Test(examples, in_javascript)
{
    char command[2000], client[1000];
    if (!sample_shell("command -v node >/dev/null && command -v npm >/dev/null"))
        cr_skip_test("there is no Node.js here, or no npm");
    /* Beside the program, where a second run finds it. */
    snprintf(command, sizeof command,
             "into=\"$(dirname '%s')/examples/javascript\" && mkdir -p \"$into\" && "
             "{ test -d \"$into/node_modules/ws\" || npm install --prefix \"$into\" --save-exact "
             "--ignore-scripts --no-audit --no-fund --no-progress --loglevel=error ws@8.18.3 "
             ">&2; } && cp '%s/javascript/driver.mjs' \"$into\" && printf %%s \"$into\" >where",
             GAPCHECK_BINARY, EXAMPLES);
    if (!sample_shell(command))
        cr_skip_test("the package ws 8.18.3 cannot be installed here");
    snprintf(client, sizeof client, "exec node \"$(cat where)/driver.mjs\"");
    expect_right_driver_of_wrong_client(client);
}

Test(examples, in_python)
{
    /* The package is Debian's, so the interpreter is, too, where there are several. */
    static const char *const interpreters[] = {"python3", "/usr/bin/python3"};
    char command[1000];
    for (size_t i = 0; i < sizeof interpreters / sizeof interpreters[0]; i++) {
        snprintf(command, sizeof command, "%s -c 'import websockets' 2>/dev/null",
                 interpreters[i]);
        if (!sample_shell(command))
            continue;
        snprintf(command, sizeof command, "exec %s \"%s/python/driver.py\"", interpreters[i],
                 EXAMPLES);
        expect_right_driver_of_wrong_client(command);
        return;
    }
    cr_skip_test("there is no Python with the package python3-websockets here");
}

/* ---- the README ---- */

static char *read_file(const char *path)
{
    char *text = calloc(1, TEXT_MAX);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    cr_assert_lt(fread(text, 1, TEXT_MAX - 1, file), TEXT_MAX - 1);
    fclose(file);
    return text;
}

/* Whether the file stands in the README as a block of its own. */
static void expect_embedded(const char *path, const char *language)
{
    char *readme = read_file(README), *text = read_file(path);
    static char block[TEXT_MAX + 100];
    snprintf(block, sizeof block, "\n```%s\n%s```\n", language, text);
    cr_expect_not_null(strstr(readme, block), "%s is not what the README shows", path);
    free(readme);
    free(text);
}

Test(examples, stand_in_the_README_as_they_are)
{
    expect_embedded(EXAMPLES "/javascript/driver.mjs", "js");
    expect_embedded(EXAMPLES "/python/driver.py", "python");
    expect_embedded(GAPCHECK_SOURCE_DIR "/harness/drivers/relaycast/driver.json", "json");
}
