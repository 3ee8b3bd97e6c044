#define _GNU_SOURCE /* wait4 */
/* What is installed: a prefix that may be moved, and the package. Built by a fixture of CTest, with
 * optimization and without sanitizers. package_bare_root.sh tries the package in a bare Debian. */
#include "cmd/sample_program.h"

static const char *folder;

static void set_up(void)
{
    char command[500];
    folder = sample_folder_enter();
    /* Installed, moved, and started from a folder of somebody else. */
    snprintf(command, sizeof command,
             "cmake --install '%s' --prefix '%s/first' >log && mv first 'a b'",
             GAPCHECK_RELEASE_FOLDER, folder);
    cr_assert(sample_shell(command));
    mkdir("work", 0777);
    cr_assert_eq(chdir("work"), 0);
    setenv("HOME", folder, 1);
    unsetenv("XDG_CACHE_HOME");
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(package, .init = set_up, .fini = tear_down, .timeout = 120);

#define INSTALLED "'../a b/bin/gapcheck' "

static bool says(const char *arguments, int status, const char *text)
{
    char command[500];
    snprintf(command, sizeof command, INSTALLED "%s >out 2>err", arguments);
    int got = WEXITSTATUS(system(command));
    bool is_right = got == status && sample_printed(text);
    if (!is_right)
        sample_shell("cat out err | head -c 2000 >&2");
    return is_right;
}

Test(package, moved_installation_finds_its_scenarios)
{
    cr_expect(says("list", 0, "overflow/same-second"));
    cr_expect(says("run --tag overflow", 0, "report: reports/out/"));
    cr_expect(sample_shell("test -s reports/out/latest/results.json"));
    cr_expect(sample_shell("grep -q '\"reproduce\": \"gapcheck run ' "
                           "reports/out/latest/results.json"));
    cr_expect(sample_shell("! find '../a b' -newer ../log -type f | grep ."), "it writes there");
}

Test(package, own_scenarios_come_before_the_library)
{
    sample_folder_write("scenarios/mine.jsonc", SAMPLE_SCENARIO);
    cr_expect(says("list", 0, "mine"));
    cr_expect_not(sample_printed("overflow"));
}

/* The installation belongs to somebody else: what a driver needs goes to the user's cache. */
Test(package, releases_of_drivers_go_to_the_cache)
{
    cr_assert(sample_shell("mkdir '../a b/share/gapcheck/drivers/sample' && echo '"
                           "{ \"name\": \"sample\", \"description\": \"for tests\", "
                           "\"default_version\": \"1.0\", \"command\": \"exec {install}/it\", "
                           "\"install\": { \"needs\": [\"sh\"], \"command\": "
                           "\"ln -s $PWD/run-it {install}/it\" } }"
                           "' >'../a b/share/gapcheck/drivers/sample/driver.json'"));
    cr_assert(sample_shell("printf '#!/bin/sh\\nexec \"../a b/bin/gapcheck\" reference-client\\n' "
                           ">run-it; chmod +x run-it"));
    cr_expect(says("complete clients", 0, "sample"));
    cr_expect(says("run --client sample@2.0 --filter overflow/same-second", 0, "1 pass"));
    cr_expect(sample_shell("test -h ../.cache/gapcheck/drivers/sample/2.0/it"));
    setenv("XDG_CACHE_HOME", folder, 1);
    cr_expect(says("run --client sample --filter overflow/same-second", 0, "1 pass"));
    cr_expect(sample_shell("test -h ../gapcheck/drivers/sample/1.0/it"));
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    cr_expect(says("run --client sample@3.0 --filter overflow/same-second", 3, "set HOME"));
}

Test(package, version_tells_commit_and_libraries)
{
    cr_expect(says("--version", 0, "gapcheck 0.1.0"));
    cr_expect(sample_shell("test \"$(cut -d' ' -f1 out | tr '\\n' ' ')\" = "
                           "'gapcheck commit libwebsockets cJSON OpenSSL '"));
    /* The commit of the tree that is tested, where git tells it. */
    char command[300];
    snprintf(command, sizeof command,
             "commit=$(git -C '%s' rev-parse --short=12 HEAD 2>/dev/null) || exit 0; "
             "grep -q \"^commit $commit\" out", GAPCHECK_SOURCE_DIR);
    cr_expect(sample_shell(command));
}

/* An archive knows its commit without git, and anything else says that it does not. */
Test(package, commit_comes_from_the_archive_where_there_is_no_git)
{
    char command[500];
    sample_folder_write("tree/cmake/archive-commit.txt", "0123456789abcdef\n");
    snprintf(command, sizeof command,
             "cmake -DSOURCE=$PWD/tree -DOUTPUT=$PWD/commit.h -P '%s/cmake/commit.cmake'",
             GAPCHECK_SOURCE_DIR);
    cr_expect(sample_shell(command) && sample_shell("grep -q '\"0123456789abcdef\"' commit.h"));
    sample_folder_write("tree/cmake/archive-commit.txt", "$Format:%H$\n");
    cr_expect(sample_shell(command) && sample_shell("grep -q '\"unknown (' commit.h"));
    /* Written only when it changes, or every build would compile. */
    cr_expect(sample_shell("touch -d @1 commit.h") && sample_shell(command));
    cr_expect(sample_shell("test $(stat -c %Y commit.h) = 1"));
}

Test(package, holds_what_a_package_holds)
{
    static const char *const files[] = {
        "./usr/bin/gapcheck",
        "./usr/share/bash-completion/completions/gapcheck",
        "./usr/share/zsh/vendor-completions/_gapcheck",
        "./usr/share/fish/vendor_completions.d/gapcheck.fish",
        "./usr/share/man/man1/gapcheck.1.gz",
        "./usr/share/doc/gapcheck/copyright",
        "./usr/share/gapcheck/scenarios/schema.json",
        "./usr/share/gapcheck/reports/results.schema.json",
        "./usr/share/gapcheck/drivers/relaycast/driver.mjs",
    };
    char command[500];
    snprintf(command, sizeof command, "dpkg-deb -c '%s'/package/*.deb >out",
             GAPCHECK_RELEASE_FOLDER);
    cr_assert(sample_shell(command));
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(command, sizeof command, "grep -q '^-.* root/root .* %s$' out", files[i]);
        cr_expect(sample_shell(command), "%s", files[i]);
    }
    cr_expect_not(sample_shell("grep -E '_test|node_modules|/out/|/local/' out"));
    snprintf(command, sizeof command, "dpkg-deb -I '%s'/package/*.deb >out",
             GAPCHECK_RELEASE_FOLDER);
    cr_assert(sample_shell(command));
    cr_expect(sample_shell("grep -q '^ Depends: .*libcjson1.*libwebsockets17' out"));
    cr_expect(sample_shell("grep -q '^ Suggests: .*nodejs' out"));
    /* Who built it, as git or DEBEMAIL names them. */
    cr_expect(sample_shell("grep -Eq '^ Maintainer: .+ <[^ @]+@[^ @]+>$' out"));
}
