/* gapcheck fuzz from end to end, against mutants of the reference client. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#define MUTANT(policy) "--client '" GAPCHECK_BINARY " reference-client --policy " policy "'"

/* Breaks the rule in the first five plays of its process only (the very first is the hello). */
#define MOODY                                                                                      \
    "#!/bin/sh\nn=0\nwhile IFS= read -r line; do\n"                                                \
    "  case $line in *'\"op\":\"start\"'*) n=$((n + 1)) ;; esac\n"                                   \
    "  if [ $n -le 5 ]; then\n"                                                                    \
    "    printf '%s\\n' \"$line\" |"                                                                \
    "      sed 's/\"options\":{/\"options\":{\"policy\":\"subscribe-once\",/'\n"                      \
    "  else\n    printf '%s\\n' \"$line\"\n  fi\n"                                                  \
    "done | '" GAPCHECK_BINARY "' reference-client\n"

/* Gone whenever it is to play in the node stream. */
#define FRAGILE                                                                                    \
    "#!/bin/sh\nwhile IFS= read -r line; do\n"                                                     \
    "  case $line in *'\"dialect\":\"node\"'*) exit ;; esac\n"                                       \
    "  printf '%s\\n' \"$line\"\n"                                                                 \
    "done | '" GAPCHECK_BINARY "' reference-client\n"

/* Gone at the fortieth scenario, which is one that was to be smaller, and never to be started
 * again. */
#define MORTAL                                                                                     \
    "#!/bin/sh\nmkdir once || exit 1\nwhile IFS= read -r line; do\n"                                \
    "  case $line in *'\"op\":\"start\"'*) n=$((n + 1)) ;; esac\n"                                   \
    "  [ \"$n\" -gt 39 ] && exit\n  printf '%s\\n' \"$line\"\n"                                     \
    "done | '" GAPCHECK_BINARY "' reference-client --policy subscribe-once\n"

static const char *folder;

static void write_script(const char *name, const char *text)
{
    sample_folder_write(name, text);
    cr_assert_eq(chmod(name, 0755), 0);
}

static void set_up(void)
{
    folder = sample_folder_enter();
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(fuzz_command, .init = set_up, .fini = tear_down, .timeout = 240);

Test(fuzz_command, the_reference_breaks_nothing)
{
    sample_run("fuzz --runs 60 --out r", 0, "nothing found");
    cr_expect(sample_shell("test -s r/results.json -a -s r/junit.xml -a -s r/summary.md"));
    cr_expect(sample_shell("grep -q '\"exit\": 0,' r/results.json"));
    cr_expect(sample_shell("! ls r/reproducers r/unconfirmed 2>/dev/null"));
}

Test(fuzz_command, a_mutant_is_found_from_nothing_and_its_file_fails_again)
{
    sample_run("fuzz --runs 24 --out r " MUTANT("subscribe-once"), 1, "C-6");
    cr_expect(sample_printed("file:  r/reproducers/C-6.jsonc"));
    cr_expect(sample_printed("failed 10 of 10 times again"));
    cr_expect(sample_printed("again: ./gapcheck run r/reproducers/C-6.jsonc"));
    cr_expect(sample_printed("1 different failure (1 must, 0 should); exit 1"));
    cr_expect(sample_shell("grep -q 'fuzz --seed 1, scenario' r/reproducers/C-6.jsonc"));
    cr_expect(sample_shell("test -s r/transcripts/reproducers/C-6.ndjson"));
    cr_expect(sample_shell("test $(ls r/reproducers | wc -l) = 1"));
    sample_run("lint r/reproducers --strict", 0, "");
    sample_run("explain r/reproducers/C-6.jsonc", 0, "1.");
    sample_run("run r/reproducers --out s " MUTANT("subscribe-once"), 1, "C-6");
    sample_run("run r/reproducers --out s", 0, "1 pass");
    sample_run("judge r/transcripts/reproducers/C-6.ndjson", 1, "C-6");
}

Test(fuzz_command, what_breaks_the_node_stream_only_is_found_and_told_in_its_words)
{
    sample_run("fuzz --runs 24 --out r " MUTANT("node-register-late"), 1,
               "owed:  the client registers on every connection");
    cr_expect(sample_shell("grep -q '\"dialect\": \"node\"' r/reproducers/C-6.jsonc"));
    cr_expect(sample_shell("grep -q 'A client registers' r/reproducers/C-6.jsonc"));
    sample_run("run r/reproducers --out s " MUTANT("node-register-late"), 1, "C-6");
    sample_run("run r/reproducers --out s", 0, "1 pass");
}

Test(fuzz_command, a_broken_should_is_exit_1_only_if_strict)
{
    sample_run("fuzz --runs 40 --out r " MUTANT("unknown-types-dropped"), 0, "C-12");
    sample_run("fuzz --runs 40 --strict --quiet --out s " MUTANT("unknown-types-dropped"), 1, "C-12");
    cr_expect(sample_shell("test ! -s err"));
}

/* Kept and told, but not counted. */
Test(fuzz_command, what_does_not_happen_again_is_unconfirmed)
{
    write_script("moody", MOODY);
    sample_run("fuzz --runs 8 --jobs 1 --out r --client ./moody", 0, "unconfirmed");
    cr_expect(sample_shell("test -s r/unconfirmed/C-6.jsonc"));
    cr_expect(sample_printed("nothing found"));
    cr_expect(sample_shell("! ls r/reproducers 2>/dev/null"));
    cr_expect(sample_shell("grep -q 'unconfirmed' r/unconfirmed/C-6.jsonc"));
}

Test(fuzz_command, a_client_that_cannot_be_played_with_is_exit_3)
{
    sample_run("fuzz --runs 8 --out r --client 'exit 3'", 3, "does not get as far as one event");
    sample_run("fuzz --client refrence", 2, "did you mean `reference`?");
    sample_run("fuzz file.jsonc", 2, "takes no argument");
    sample_run("fuzz --time 5", 2, "--time takes a number and a unit");
}

Test(fuzz_command, a_client_that_dies_of_a_scenario_again_and_again_fails_by_a_small_file)
{
    write_script("fragile", FRAGILE);
    sample_run("fuzz --runs 24 --out r --client ./fragile", 1,
               "process died, twice, at the same scenario");
    cr_expect(sample_printed("✗ step"));
    cr_expect(sample_shell("grep -q '\"dialect\": \"node\"' r/reproducers/step.jsonc"));
    cr_expect(sample_shell("test $(ls r/reproducers | wc -l) = 1"));
    sample_run("lint r/reproducers", 0, "");
    sample_run("run r/reproducers --out s --client ./fragile", 1, "process died");
    sample_run("run r/reproducers --out t", 0, "1 pass");
}

/* What was reached up to then is written, and no time is spent on the dead. */
Test(fuzz_command, a_client_that_dies_while_a_failure_is_made_smaller_leaves_its_file)
{
    write_script("mortal", MORTAL);
    struct sample_result result =
        sample_program_run("", "fuzz --runs 100000 --out r --client ./mortal", 3,
                           "note:  The client could not be asked to the end");
    cr_expect_lt(result.seconds, 60);
    cr_expect(sample_printed("stopped: the client can be played with no more"));
    cr_expect(sample_shell("grep -q 'could not be asked to the end' r/reproducers/C-6.jsonc"));
    cr_expect(sample_shell("test $(ls r/client-errors | wc -l) = 5"));
    cr_expect(sample_shell("test -s r/results.json -a -s r/transcripts/reproducers/C-6.ndjson"));
    sample_run("run r/reproducers --out s " MUTANT("subscribe-once"), 1, "C-6");
}

Test(fuzz_command, an_interrupt_leaves_what_was_found)
{
    pid_t pid = sample_program_start("", "fuzz --time 1h --out r " MUTANT("subscribe-once"));
    for (int i = 0; i < 6000 && access("r/reproducers/C-6.jsonc", F_OK) != 0; i++)
        usleep(10000);
    kill(pid, SIGINT);
    struct sample_result result = sample_program_wait(pid, sample_seconds());
    cr_expect_eq(result.status, 3);
    cr_expect_lt(result.seconds, 20);
    cr_expect(sample_printed("interrupted; exit 3"));
    cr_expect(sample_shell("grep -q '\"exit\": 3,' r/results.json"));
}
