/* The built program from end to end: real scenarios, real sockets, real processes. */
#define _DEFAULT_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#define SHORT_GAP                                                                                  \
    "{ \"title\": \"A short gap\", \"rules\": [\"C-3\"], \"tags\": [\"gap\"],\n"                   \
    "  \"steps\": [ { \"accept\": {} }, { \"publish\": { \"count\": 5 } }, { \"settle\": {} },\n"  \
    "    { \"drop\": { \"how\": \"reset\" } }, { \"publish\": { \"count\": 7 } },\n"               \
    "    { \"accept\": {} }, { \"settle\": {} } ] }\n"
#define THROWS                                                                                     \
    "{ \"title\": \"A handler throws\", \"rules\": [\"C-25\"],\n"                                  \
    "  \"steps\": [ { \"accept\": {} }, { \"client\": { \"do\": \"throw\" } },\n"                  \
    "    { \"publish\": {} }, { \"settle\": {} } ] }\n"
#define LONG                                                                                       \
    "{ \"title\": \"Takes long\", \"rules\": [\"C-1\"], \"timeout_ms\": 60000,\n"                  \
    "  \"steps\": [ { \"accept\": {} }, { \"wait\": { \"ms\": 50000, \"timeout_ms\": 60000 } } ] " \
    "}\n"

/* Breaks C-3: it never sends a resync. */
#define NEVER_RESYNCS "--client '" GAPCHECK_BINARY " reference-client --policy resync-never'"

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_folder_write("scenarios/gap/short.jsonc", SHORT_GAP);
    sample_folder_write("scenarios/first.jsonc", SAMPLE_SCENARIO);
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(program, .init = set_up, .fini = tear_down, .timeout = 120);

Test(program, exit_0_as_expected)
{
    sample_run("run --out r", 0, "2 scenarios: 2 pass");
    cr_expect(sample_shell("test -s r/results.json -a -s r/junit.xml -a -s r/summary.md"));
    cr_expect(sample_shell("test -e r/client.log -a -s r/transcripts/gap/short.ndjson"));
    cr_expect(sample_shell("grep -q 'report: r$' out"));
}

/* Its name is the last, and it is the only one played. */
Test(program, what_may_wait_longest_for_the_client_begins_first)
{
    sample_folder_write(
        "scenarios/waits.jsonc",
        "{ \"title\": \"Waits long\", \"rules\": [\"C-3\"],\n"
        "  \"steps\": [ { \"accept\": {} }, { \"publish\": {} }, { \"settle\": {} },\n"
        "    { \"drop\": {} }, { \"publish\": {} },\n"
        "    { \"accept\": { \"timeout_ms\": 9000 } }, { \"settle\": {} } ] }\n");
    sample_run("run --out r --jobs 1 --fail-fast " NEVER_RESYNCS, 1,
               "1 scenario: 1 fail, 2 not played");
    cr_expect(sample_printed("fail  waits "));
}

Test(program, exit_1_a_broken_must)
{
    sample_run("run --out r " NEVER_RESYNCS, 1, "1 pass, 1 fail");
    cr_expect(sample_shell("grep -q '\"exit\": 1,' r/results.json"));
    cr_expect(
        sample_shell("grep -q '^fail gap/short: C-3 ' err")); /* no terminal: a line a failure */
    sample_run("run --out r --quiet " NEVER_RESYNCS, 1,
               "again: ./gapcheck run scenarios/gap/short");
    cr_expect(sample_shell("test ! -s err"));
}

Test(program, exit_2_usage)
{
    static const char *const cases[][2] = {
        {"", "Usage: gapcheck COMMAND"},
        {"rnu", "did you mean `run`?"},
        {"run --clinet x", "did you mean `--client`?"},
        {"run nowhere", "nowhere: error: there is no such file or folder"},
        {"run --client refrence", "did you mean `reference`?"},
        {"run --client 'relaycast@;x'", "is no version"},
        {"run --client refrence --filter nothing", "did you mean `reference`?"},
        {"judge", "wants one transcript, not 0"},
        {"judge nowhere", "nowhere"},
        {"judge scenarios/first.jsonc", "scenarios/first.jsonc:1:1: error: "},
        {"reference-client x", "takes no argument"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        sample_run(cases[i][0], 2, cases[i][1]);
    sample_folder_write("scenarios/bad.jsonc", "{ \"titel\": 1 }");
    sample_run("run --out r", 2, "scenarios/bad.jsonc:1:3: error: ");
    cr_expect_neq(access("r", F_OK), 0); /* nothing was run */
}

Test(program, exit_3_nothing_selected_or_all_skipped)
{
    sample_run("run --filter nothing", 3, "none of 2 scenarios is selected");
    mkdir("empty", 0777);
    sample_run("run empty", 3, "there is no scenario");
    sample_folder_write("poor",
                        "#!/bin/sh\necho '{\"ev\":\"hello\",\"protocol\":1,\"name\":\"poor\","
                        "\"version\":\"1\",\"capabilities\":[\"multi\"]}'\ncat >/dev/null\n");
    cr_assert_eq(chmod("poor", 0755), 0);
    sample_folder_write("other/throws.jsonc", THROWS);
    sample_run("run other --out r --client poor", 3, "1 scenario: 1 skip");
    sample_run("run other --out r --client poor --require throw", 3,
               "the driver does not have the capability `throw`");
}

Test(program, exit_3_the_driver_never_got_as_far)
{
    static const char *const clients[] = {"false", "true", "sh -c 'exit 3'", "./nobody at all",
                                          "echo nonsense"};
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
        char arguments[200];
        snprintf(arguments, sizeof arguments, "run --out r --client \"%s\"", clients[i]);
        sample_run(arguments, 3, "2 client-error");
    }
}

Test(program, exit_3_a_report_that_cannot_be_written)
{
    sample_folder_write("file", "");
    sample_run("run --out file/below", 3, "2 scenarios: 2 pass");
    sample_run("run --out file/below " NEVER_RESYNCS, 3, "1 pass, 1 fail");
    cr_expect(sample_shell("grep -q 'cannot make the folder' err"));
    cr_expect_eq(sample_shell("'" GAPCHECK_BINARY "' run --out r >/dev/full 2>err"), false);
}

Test(program, exit_3_interrupted_and_no_child_is_left)
{
    sample_folder_write("scenarios/long.jsonc", LONG);
    int status = system("timeout --preserve-status -s INT 3 '" GAPCHECK_BINARY "' run --out r "
                        "--client 'echo $$ >pid; exec \"" GAPCHECK_BINARY "\" reference-client' "
                        ">out 2>err");
    cr_expect_eq(WEXITSTATUS(status), 3);
    cr_expect(sample_shell("grep -q 'interrupted; exit 3' out"));
    cr_expect(sample_shell("grep -q '\"exit\": 3,' r/results.json"));
    cr_expect(sample_shell("grep -q '\"name\": \"gap/short\"' r/results.json"));
    cr_expect_not(sample_shell("kill -0 $(cat pid) 2>/dev/null"));
}

Test(program, judge_finds_the_same_byte_for_byte)
{
    sample_run("run --out r " NEVER_RESYNCS, 1, "1 fail");
    sample_run("judge --json r/transcripts/gap/short.ndjson", 1, "\"rule\": \"C-3\"");
    /* In results.json the scenario stands four blanks further in. */
    cr_expect(sample_shell("sed '2,$s/^/    /' out >alone && test -s alone &&"
                           "tr -d '\\n' <alone >alone1 && tr -d '\\n' <r/results.json >whole1 &&"
                           "grep -qF -f alone1 whole1"));
    sample_run("judge r/transcripts/gap/short.ndjson", 1, "C-3");
    sample_run("judge r/transcripts/first.ndjson", 0, "1 scenario: 1 pass");
}

Test(program, judge_refuses_what_is_no_transcript)
{
    sample_run("run --out r", 0, "");
    cr_assert(sample_shell("head -c 2000 r/transcripts/gap/short.ndjson >cut.ndjson"));
    sample_run("judge cut.ndjson", 2, "cut.ndjson:");
    cr_assert(sample_shell("head -c 100000 /dev/urandom >noise.ndjson; : >empty.ndjson"));
    sample_run("judge noise.ndjson", 2, "noise.ndjson:");
    sample_run("judge empty.ndjson", 2, "empty.ndjson: error: ");
}

Test(program, repeat_plays_everything_so_often_and_tells_what_differed)
{
    sample_run("run --repeat 3 --out r", 0, "2 scenarios: 2 pass");
    /* One process for each play, the first of which breaks the rule. */
    sample_folder_write(
        "moody",
        "#!/bin/sh\nmkdir once 2>/dev/null && set -- --policy resync-never\n'" GAPCHECK_BINARY
        "' reference-client \"$@\" | sed -u 's/\"multi\",//'\n");
    cr_assert_eq(chmod("moody", 0755), 0);
    sample_run("run --filter gap/short --repeat 3 --jobs 1 --out r --client moody", 3,
               "gap/short: 2 pass, 1 fail");
    sample_run("judge r/transcripts/gap/short.ndjson", 1, "C-3"); /* the worst play is kept */
}

Test(program, progress_is_one_line_on_a_terminal_and_none_in_a_short_run_without)
{
    static const char *const arguments[] = {"run --out r", "run --out r --quiet"};
    for (int is_quiet = 0; is_quiet < 2; is_quiet++) {
        char command[400];
        snprintf(command, sizeof command, "script -qec \"'%s' %s\" seen >out 2>err </dev/null",
                 GAPCHECK_BINARY, arguments[is_quiet]);
        cr_assert(sample_shell(command));
        bool is_shown =
            sample_shell("grep -q \"$(printf '\\r\\033\\[K')[0-9]* of 2 played, \" seen");
        cr_expect_eq(is_shown, !is_quiet, "%s", arguments[is_quiet]);
        cr_expect(sample_shell("grep -q '2 scenarios' seen"));
    }
    sample_run("run --out r", 0, "2 scenarios: 2 pass");
    cr_expect(sample_shell("! grep -q played out && test ! -s err"));
}

/* The line of the step, also inside a repeat and in an instance of `each`. */
Test(program, on_github_a_finding_is_an_annotation_at_its_step)
{
    sample_folder_write("repo/scenarios/each.jsonc",
                        "// a comment\n"
                        "{ \"title\": \"Gaps\", \"rules\": [\"C-3\"],\n"
                        "  \"each\": { \"n\": [3, 4] },\n"
                        "  \"steps\": [\n"
                        "    { \"accept\": {} }, { \"publish\": { \"count\": 5 } },\n"
                        "    { \"settle\": {} },\n"
                        "    { \"repeat\": { \"times\": 2, \"steps\": [\n"
                        "      { \"drop\": {} },\n"
                        "      { \"publish\": { \"count\": \"${n}\" } },\n"
                        "      { \"accept\": {} },\n"
                        "      { \"settle\": {} } ] } } ] }\n");
    cr_assert_eq(chdir("repo"), 0);
    cr_assert_eq(setenv("GITHUB_WORKSPACE", folder, 1), 0);
    cr_assert_eq(setenv("GITHUB_ACTIONS", "true", 1), 0);
    sample_run("run --out r " NEVER_RESYNCS, 1, "::error file=repo/scenarios/each.jsonc,line=");
    cr_expect(
        sample_shell("grep -Eq '^::error file=[^,]*,line=(8|9|1[01]),col=7,title=C-3 each\\[3\\]'"
                     " out"));
    cr_expect(sample_shell("grep -q '%0Aand so in 1 more scenario$' out"));
    cr_expect(sample_shell("grep -Eq '\"line\": (8|9|1[01]), \"column\": 7' r/results.json"));
    cr_assert_eq(unsetenv("GITHUB_ACTIONS"), 0);
    sample_run("run --out r " NEVER_RESYNCS, 1, "2 fail");
    cr_expect_not(sample_shell("grep -q '^::' out"));
    cr_assert_eq(chdir(".."), 0);
}

Test(program, fail_fast_stops_after_the_first_failure)
{
    for (int i = 0; i < 20; i++) {
        char path[40];
        snprintf(path, sizeof path, "scenarios/gap/%02d.jsonc", i);
        sample_folder_write(path, SHORT_GAP);
    }
    sample_run("run --out r --jobs 1 --fail-fast scenarios/gap " NEVER_RESYNCS, 1,
               "1 scenario: 1 fail, 20 not played");
}

Test(program, strict_makes_a_warning_a_failure)
{
    sample_folder_write("odd/unknown.jsonc",
                        "{ \"title\": \"Unknown types\", \"rules\": [\"C-12\"],\n"
                        "  \"steps\": [ { \"accept\": {} }, { \"publish\": { \"type\": "
                        "\"space.launched\" } }, { \"settle\": {} } ] }\n");
    const char *client =
        "--client '" GAPCHECK_BINARY " reference-client --policy unknown-types-dropped'";
    char arguments[400];
    snprintf(arguments, sizeof arguments, "run odd --out r %s", client);
    sample_run(arguments, 0, "1 warn");
    snprintf(arguments, sizeof arguments, "run odd --strict --out r %s", client);
    sample_run(arguments, 1, "1 warn");
}

Test(program, help_and_version)
{
    sample_run("--help", 0, "judge      judges the transcript");
    sample_run("help run", 0, "--timeout-scale X");
    sample_run("run --help", 0, "--client CLIENT");
    sample_run("--version", 0, "libwebsockets 4.");
    cr_expect(sample_shell("! '" GAPCHECK_BINARY "' --help | grep -q reference-client"));
}
