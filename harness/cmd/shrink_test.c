/* gapcheck shrink from end to end: a failing file in, a small one out. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#define MUTANT(policy) "--client '" GAPCHECK_BINARY " reference-client --policy " policy "'"

/* Much that has nothing to do with it, and one reconnect too many. */
#define NEEDLESS                                                                                   \
    "// much of this is not needed\n"                                                              \
    "{ \"title\": \"A long story\", \"rules\": [\"C-6\"], \"tags\": [\"x\"],\n"                    \
    "  \"server\": { \"ring\": 50 }, \"client\": { \"reconnect_base_ms\": 10 },\n"                 \
    "  \"steps\": [ { \"accept\": {} }, { \"publish\": { \"count\": 20 } }, { \"settle\": {} },\n" \
    "    { \"repeat\": { \"times\": 3, \"steps\": [ { \"drop\": { \"how\": \"fin\" } },\n"         \
    "      { \"publish\": { \"count\": 4 } }, { \"accept\": {} }, { \"settle\": {} } ] } } ] }\n"
#define SEVERAL                                                                                    \
    "{ \"title\": \"Several at once\", \"rules\": [\"C-1\"], \"each\": { \"n\": [1, 2] },\n"       \
    "  \"steps\": [ { \"accept\": {} }, { \"publish\": { \"count\": \"${n}\" } },\n"               \
    "    { \"settle\": {} }, { \"drop\": {} }, { \"publish\": {} }, { \"accept\": {} },\n"       \
    "    { \"settle\": {} } ] }\n"

/* Breaks the rule in the first play of its process only. */
#define MOODY                                                                                      \
    "#!/bin/sh\nexec sed -u '0,/\"op\":\"start\"/s/\"options\":{/\"options\":{\"policy\":"            \
    "\"subscribe-once\",/' | '" GAPCHECK_BINARY "' reference-client\n"

/* Gone at the thirteenth scenario, and never to be started again. */
#define MORTAL                                                                                     \
    "#!/bin/sh\nmkdir once || exit 1\n"                                                            \
    "while IFS= read -r line; do\n"                                                                \
    "  case $line in *'\"op\":\"start\"'*) n=$((n + 1)) ;; esac\n"                                   \
    "  [ \"$n\" -gt 12 ] && exit\n  printf '%s\\n' \"$line\"\n"                                     \
    "done | '" GAPCHECK_BINARY "' reference-client --policy subscribe-once\n"

/* Breaks the rule whenever its delays are not the usual ones; else not where it is played alone
 * again and again, as nobody does who only looks for something smaller. */
#define SHY                                                                                        \
    "#!/bin/sh\nrunning=0 alone=0\nwhile IFS= read -r line; do\n"                                 \
    "  case $line in\n"                                                                            \
    "  *'\"op\":\"start\"'*)\n"                                                                    \
    "    running=$((running + 1))\n    [ $running = 1 ] && alone=$((alone + 1)) || alone=0\n"      \
    "    case $line in *'\"reconnect_base_ms\":10,'*) breaks=1 ;; *) breaks=$((alone < 3)) ;; "    \
    "esac\n"                                                                                       \
    "    [ $breaks = 1 ] && line=${line%%'\"options\":{'*}'\"options\":{\"policy\":'"                 \
    "'\"subscribe-once\",'${line#*'\"options\":{'} ;;\n"                                           \
    "  *'\"op\":\"stop\"'*) running=$((running - 1)) ;;\n  esac\n"                                \
    "  printf '%s\\n' \"$line\"\ndone | '" GAPCHECK_BINARY "' reference-client\n"

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_folder_write("long.jsonc", NEEDLESS);
    sample_folder_write("several.jsonc", SEVERAL);
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

static void write_script(const char *name, const char *text)
{
    sample_folder_write(name, text);
    cr_assert_eq(chmod(name, 0755), 0);
}

TestSuite(shrink_command, .init = set_up, .fini = tear_down, .timeout = 120);

Test(shrink_command, a_small_file_fails_by_the_same_rule_and_lint_likes_it)
{
    sample_run("shrink long.jsonc " MUTANT("subscribe-once"), 1, "C-6");
    cr_expect(sample_printed("made from 15; failed 10 of 10 times again)"));
    cr_expect(sample_shell("grep -q 'Made smaller from 15 steps to [3-6]' long.small.jsonc"));
    cr_expect(sample_shell("grep -q 'here: C-6' long.small.jsonc"));
    cr_expect(sample_shell("! grep -q 'ring\\|reconnect_base\\|count' long.small.jsonc"));
    sample_run("lint long.small.jsonc --strict", 0, "");
    sample_run("explain long.small.jsonc", 0, "1.");
    sample_run("run long.small.jsonc --out r " MUTANT("subscribe-once"), 1, "C-6");
    sample_run("run long.small.jsonc --out r", 0, "1 pass");
}

Test(shrink_command, what_does_not_fail_cannot_be_made_smaller)
{
    sample_run("shrink long.jsonc", 3, "long.jsonc does not fail with this client: pass");
    sample_run("shrink long.jsonc --rule C-5 " MUTANT("subscribe-once"), 3, "does not break C-5");
    sample_run("shrink long.jsonc --client 'exit 3'", 3, "client-error");
    cr_expect_neq(access("long.small.jsonc", F_OK), 0);
}

Test(shrink_command, usage_is_checked_before_anything_is_played)
{
    sample_run("shrink", 2, "wants one scenario file, not 0");
    sample_run("shrink long.jsonc several.jsonc", 2, "not 2");
    sample_run("shrink nowhere.jsonc", 2, "nowhere.jsonc");
    sample_run("shrink long.jsonc --rule S-3", 2, "no client can break a rule `S-3`");
    sample_run("shrink long.jsonc --client refrence", 2, "did you mean `reference`?");
    sample_run("shrink 'several.jsonc[3]'", 2, "several.jsonc has no scenario `[3]`");
    sample_run("shrink 'long.jsonc[3]'", 2, "it has only one");
    sample_folder_write("long.small.jsonc", "kept");
    sample_run("shrink long.jsonc " MUTANT("subscribe-once"), 2, "it is there already");
    cr_expect(sample_shell("grep -qx kept long.small.jsonc"));
}

Test(shrink_command, one_of_several_is_chosen_by_its_brackets)
{
    sample_run("shrink 'several.jsonc[2]' --out a.jsonc " MUTANT("subscribe-once"), 1, "a.jsonc (");
    cr_expect(sample_shell("grep -qF 'from several[2]' a.jsonc"));
    sample_run("shrink several.jsonc --out b.jsonc " MUTANT("subscribe-once"), 1, "b.jsonc (");
    cr_expect(sample_shell("grep -qF 'from several[1]' b.jsonc"));
}

Test(shrink_command, what_does_not_happen_again_is_unconfirmed)
{
    write_script("moody", MOODY);
    sample_run("shrink long.jsonc --client ./moody", 3, "unconfirmed: it failed once (C-6");
    cr_expect_neq(access("long.small.jsonc", F_OK), 0);
}

/* What was reached up to then is written, and says so. */
Test(shrink_command, a_client_that_dies_while_it_is_asked_leaves_what_was_reached)
{
    write_script("mortal", MORTAL);
    sample_run("shrink long.jsonc --client ./mortal", 3, "The client could not be asked to the end");
    cr_expect(sample_shell("grep -q 'C-6' long.small.jsonc"));
    sample_run("run long.small.jsonc --out r " MUTANT("subscribe-once"), 1, "C-6");
}

Test(shrink_command, what_is_smaller_and_fails_now_and_then_only_is_not_taken)
{
    write_script("shy", SHY);
    sample_run("shrink long.jsonc --client ./shy", 1, "failed 10 of 10 times again)");
    cr_expect(sample_shell("grep -q '\"reconnect_base_ms\": 10' long.small.jsonc"));
    cr_expect(sample_shell("grep -q 'Made smaller from 15 steps to [3-6]' long.small.jsonc"));
}
