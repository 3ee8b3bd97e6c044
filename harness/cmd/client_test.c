#include "cmd/client.h"

#include "cmd/install.h"
#include "cmd/sample_folder.h"
#include "core/memory.h"

/* An install step that needs no network: it counts how often it ran. */
#define SAMPLE_DRIVER                                                                              \
    "{ \"name\": \"sample\", \"description\": \"for tests\",\n"                                    \
    "  \"command\": \"run {driver}/it {install} {version}\", \"default_version\": \"1.0\",\n"     \
    "  \"install\": { \"needs\": [\"sh\"], \"command\":\n"                                        \
    "    \"echo ran >>ran; test {version} != 9.9 || { echo broken; exit 7; }; echo {version} "     \
    ">{install}/made\" } }\n"

static const char *folder;
static struct places places;

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_folder_write("harness/drivers/sample/driver.json", SAMPLE_DRIVER);
    sample_folder_write("harness/drivers/plain/driver.json",
                        "{ \"name\": \"plain\", \"description\": \"d\", \"command\": \"x\" }");
    places.executable = memory_copy_text("/some where/it's", strlen("/some where/it's"));
    places.root = memory_copy_text(folder, strlen(folder));
}

static void tear_down(void)
{
    places_free(&places);
    sample_folder_leave(folder);
}

TestSuite(client, .init = set_up, .fini = tear_down);

static void expect(const char *asked, enum client_choice_status status, const char *command,
                   const char *hint)
{
    struct client_choice choice;
    struct error error = {0};
    enum client_choice_status got = client_choose(&places, asked, NULL, &choice, &error);
    cr_expect_eq(got, status, "%s: %d %s", asked, got, error.message);
    if (got == CLIENT_CHOICE_DONE) {
        cr_expect_str_eq(choice.command, command);
        cr_expect_str_eq(choice.label, asked);
    } else {
        cr_expect_not_null(strstr(error.message, command), "%s", error.message);
        cr_expect_not_null(strstr(error.hint, hint), "%s: %s", asked, error.hint);
    }
    client_choice_free(&choice);
}

static size_t count_installs(void)
{
    char line[16];
    size_t count = 0;
    FILE *file = fopen("ran", "r");
    while (file && fgets(line, sizeof line, file))
        count++;
    if (file)
        fclose(file);
    return count;
}

Test(client, reference_is_the_program_itself)
{
    expect("reference", CLIENT_CHOICE_DONE, "'/some where/it'\\''s' reference-client", "");
    expect("reference@1", CLIENT_CHOICE_WRONG, "built in and has no versions", "");
}

Test(client, a_command_is_handed_on_as_it_is)
{
    static const char *const commands[] = {"node my/driver.mjs --x", "sh", "a; b", "$SHELL",
                                           "/bin/sh"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        expect(commands[i], CLIENT_CHOICE_DONE, commands[i], "");
}

Test(client, a_file_here_is_found_without_its_folder)
{
    sample_folder_write("my-driver", "#!/bin/sh\n");
    expect("my-driver", CLIENT_CHOICE_DONE, "./my-driver", "");
    expect("./my-driver", CLIENT_CHOICE_DONE, "./my-driver", "");
}

Test(client, a_word_that_is_nothing_is_told_with_the_nearest)
{
    expect("refrence", CLIENT_CHOICE_WRONG, "`refrence` is no driver, no file and no program",
           "did you mean `reference`?");
    expect("smaple@1.0", CLIENT_CHOICE_WRONG, "`smaple` is no driver", "did you mean `sample`?");
    expect("./nothing", CLIENT_CHOICE_WRONG, "`./nothing` is no driver", "");
    expect("harness", CLIENT_CHOICE_WRONG, "`harness` is no driver", "");
    expect("..", CLIENT_CHOICE_WRONG, "is no driver", "");
    expect("@1", CLIENT_CHOICE_WRONG, "is no driver", "");
    expect(" ", CLIENT_CHOICE_WRONG, "not nothing", "");
}

Test(client, a_driver_is_installed_once_for_each_version)
{
    char command[256];
    snprintf(command, sizeof command,
             "run '%s/harness/drivers/sample'/it '%s/build/drivers/sample/1.0' '1.0'", folder,
             folder);
    expect("sample@1.0", CLIENT_CHOICE_DONE, command, "");
    expect("sample@1.0", CLIENT_CHOICE_DONE, command, "");
    struct client_choice choice;
    struct error error;
    cr_assert_eq(client_choose(&places, "sample", NULL, &choice, &error), CLIENT_CHOICE_DONE);
    cr_expect_str_eq(choice.command, command);
    client_choice_free(&choice);
    cr_expect_eq(count_installs(), 1);
    cr_expect_eq(access("build/drivers/sample/1.0/made", F_OK), 0);
    snprintf(command, sizeof command,
             "run '%s/harness/drivers/sample'/it '%s/build/drivers/sample/2.0-rc.1' '2.0-rc.1'",
             folder, folder);
    expect("sample@2.0-rc.1", CLIENT_CHOICE_DONE, command, "");
    cr_expect_eq(count_installs(), 2);
}

Test(client, an_install_that_fails_leaves_nothing)
{
    expect("sample@9.9", CLIENT_CHOICE_TROUBLE,
           "sample 9.9 could not be installed: the install step failed with exit status 7", "");
    cr_expect_eq(system("test -z \"$(ls -A build/drivers/sample)\""), 0);
    expect("sample@9.9", CLIENT_CHOICE_TROUBLE, "exit status 7", "");
    cr_expect_eq(count_installs(), 2);
}

Test(client, a_version_is_never_run_by_the_shell)
{
    static const char *const versions[] = {"sample@;touch evil", "sample@$(touch evil)",
                                           "sample@../../evil",  "sample@..",
                                           "sample@-x",          "sample@",
                                           "sample@1 0",         "sample@`touch evil`"};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
        expect(versions[i], CLIENT_CHOICE_WRONG, "is no version", "as in `6.0.2`");
    expect("plain@1", CLIENT_CHOICE_WRONG, "`plain` has no versions", "");
    expect("plain", CLIENT_CHOICE_DONE, "x", "");
    cr_expect_neq(access("evil", F_OK), 0);
    cr_expect_eq(count_installs(), 0);
}

Test(client, a_program_that_the_install_step_needs_is_named)
{
    sample_folder_write("harness/drivers/needy/driver.json",
                        "{ \"name\": \"n\", \"description\": \"d\", \"command\": \"x\",\n"
                        "  \"install\": { \"needs\": [\"sh\", \"node-of-nobody\","
                        " \"npm-of-nobody\"], \"command\": \"true\" } }");
    expect("needy@1", CLIENT_CHOICE_TROUBLE,
           "needs node-of-nobody and npm-of-nobody, which is not installed",
           "apt-get install -y node-of-nobody npm-of-nobody");
    expect("needy", CLIENT_CHOICE_WRONG, "say which version, as in `needy@1.2.3`", "");
}

Test(client, a_broken_driver_json_is_told_with_its_place)
{
    static const char *const cases[][2] = {
        {"{", "it is no JSON"},
        {"[]", "it must be an object"},
        {"{ \"name\": \"b\" }", "`description` must be a string"},
        {"{ \"name\": \"b\", \"description\": \"d\", \"command\": 1 }", "`command` must be"},
        {"{ \"name\": \"b\", \"comand\": \"\" }", "there is no member `comand`"},
        {"{ \"name\": \"b\", \"install\": 1 }", "`install` must be an object"},
        {"{ \"name\": \"b\", \"description\": \"d\", \"command\": \"x\", \"install\": "
         "{ \"needs\": \"sh\", \"command\": \"x\" } }",
         "`needs` must be an array"},
        {"{ \"name\": \"b\", \"description\": \"d\", \"command\": \"x\" } x", "it is no JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sample_folder_write("harness/drivers/broken/driver.json", cases[i][0]);
        expect("broken@1", CLIENT_CHOICE_WRONG, cases[i][1], "");
    }
    mkdir("harness/drivers/void", 0777);
    expect("void", CLIENT_CHOICE_WRONG, "the driver `void` is broken", "");
}

Test(client, the_drivers_of_the_repository_are_sound)
{
    struct driver_json driver;
    struct error error;
    cr_expect(driver_json_read(GAPCHECK_SOURCE_DIR "/harness/drivers/relaycast/driver.json",
                               &driver, &error),
              "%s", error.message);
    cr_expect_not_null(driver.install_command);
    cr_expect(install_version_is_valid(driver.default_version));
    driver_json_free(&driver);
}
