/* Known failures from end to end: the built program, real sockets, real processes. */
#define _DEFAULT_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#define GAP(title)                                                                                 \
    "{ \"title\": \"" title "\", \"rules\": [\"C-3\"],\n"                                          \
    "  \"steps\": [ { \"accept\": {} }, { \"publish\": { \"count\": 5 } }, { \"settle\": {} },\n"  \
    "    { \"drop\": { \"how\": \"reset\" } }, { \"publish\": { \"count\": 7 } },\n"               \
    "    { \"accept\": {} }, { \"settle\": {} } ] }\n"

/* Breaks C-3 in both gaps: it never sends a resync. */
#define BROKEN "--client '" GAPCHECK_BINARY " reference-client --policy resync-never' "
#define ENTRY(scenario, until)                                                                     \
    "{ \"scenario\": \"" scenario "\", \"rule\": \"C-3\", \"reason\": \"It never asks.\", "        \
    "\"issue\": \"\"" until " }"
#define BASELINE(version, entries)                                                                 \
    "{ \"format\": 1, \"client\": \"gapcheck reference client\", \"version\": \"" version          \
    "\",\n  \"entries\": [ " entries " ] }\n"

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_folder_write("scenarios/gap/one.jsonc", GAP("The first gap"));
    sample_folder_write("scenarios/gap/two.jsonc", GAP("The second gap"));
    sample_folder_write("scenarios/first.jsonc", SAMPLE_SCENARIO);
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(known_failures, .init = set_up, .fini = tear_down, .timeout = 120);

Test(known_failures, are_no_exit_1_and_are_told_as_known)
{
    sample_folder_write("known.json", BASELINE(GAPCHECK_VERSION, ENTRY("gap/*", "")));
    sample_run("run --out r --baseline known.json " BROKEN, 0,
               "3 scenarios: 1 pass, 2 fail, 2 known");
    cr_expect(sample_printed("known: It never asks."));
    cr_expect(sample_shell("grep -qF '<skipped message=\"known: It never asks.\"/>' r/junit.xml"));
    cr_expect(sample_shell("grep -qF '\"known\": 2, \"fixed\": 0' r/results.json"));
    cr_expect(sample_shell("grep -qF '| fail (known) | gap/one |' r/summary.md"));
    sample_run("run --out r --quiet --baseline known.json " BROKEN, 0, "2 known");
    cr_expect_not(sample_shell("cat out err | grep -q 'fail .*gap/one '"));
}

Test(known_failures, one_that_is_not_listed_is_exit_1)
{
    sample_folder_write("known.json", BASELINE(GAPCHECK_VERSION, ENTRY("gap/one", "")));
    sample_run("run --out r --baseline known.json " BROKEN, 1, "2 fail, 1 known");
}

Test(known_failures, an_expired_entry_excuses_nothing)
{
    sample_folder_write("known.json", BASELINE(GAPCHECK_VERSION, ENTRY("gap/*", ", \"until\": "
                                                                                "\"2020-01-01\"")));
    sample_run("run --out r --baseline known.json " BROKEN, 1,
               "has expired: it counted until 2020-01");
}

Test(known_failures, what_no_longer_happens_is_exit_4)
{
    sample_folder_write("known.json", BASELINE(GAPCHECK_VERSION, ENTRY("gap/one", "")));
    sample_run("run --out r --baseline known.json", 4, "gap/one no longer breaks C-3");
    cr_expect(sample_shell("grep -qF '\"known\": 0, \"fixed\": 1' r/results.json"));
    cr_expect(sample_shell("grep -qF '\"exit\": 4' r/results.json"));
}

Test(known_failures, what_a_filter_or_a_path_leaves_out_is_not_judged)
{
    sample_folder_write("known.json", BASELINE(GAPCHECK_VERSION, ENTRY("gap/one", "")));
    sample_run("run --out r --baseline known.json --filter 'gap/two'", 0, "1 pass");
    sample_run("run --out r --baseline known.json scenarios/first.jsonc", 0, "1 pass");
    sample_run("run --out r --baseline known.json --shard 1/3", 0, "1 pass");
}

Test(known_failures, an_entry_that_matches_nothing_is_exit_4_whatever_is_played)
{
    sample_folder_write("known.json", BASELINE(GAPCHECK_VERSION, ENTRY("gap/thwo", "")));
    sample_run("run --out r --baseline known.json --filter 'gap/two'", 4,
               "`gap/thwo` (C-3) matches no scenario; did you mean `gap/two`?");
}

Test(known_failures, a_file_that_is_wrong_is_exit_2_with_its_place)
{
    sample_folder_write("known.json", BASELINE(GAPCHECK_VERSION, "{ \"rule\": \"C-3\" }"));
    sample_run("run --out r --baseline known.json", 2,
               "known.json:2:16: error: `scenario` is missing");
    sample_run("run --out r --baseline none.json", 2, "none.json");
    cr_expect_not(sample_shell("test -e r"));
}

Test(known_failures, another_client_or_version_is_exit_2)
{
    sample_folder_write("known.json", BASELINE("0.0.9", ENTRY("gap/one", "")));
    sample_run("run --out r --baseline known.json", 2,
               "the baseline is for gapcheck reference client 0.0.9, but the client is");
    sample_run("baseline check known.json", 2, "the baseline is for");
    cr_expect_not(sample_shell("test -e r/results.json"));
}

Test(known_failures, an_update_writes_what_a_run_then_takes)
{
    sample_run("baseline update new.json " BROKEN, 0, "new.json: 2 added");
    sample_run("run --out r --baseline new.json " BROKEN, 0, "2 known");
    sample_run("baseline check new.json " BROKEN, 0, "0 to add, 0 to drop");
    sample_run("baseline check new.json", 4, "0 to add, 2 to drop");
    sample_run("baseline update new.json", 0, "2 dropped");
    sample_run("baseline check new.json " BROKEN, 1, "+ C-3  gap/one: ");
    cr_expect(sample_shell("grep -qF '\"entries\": []' new.json")); /* check wrote nothing */
}

Test(known_failures, an_update_keeps_reasons_and_what_it_did_not_play)
{
    sample_folder_write("known.json", BASELINE(GAPCHECK_VERSION, ENTRY("gap/one", "")));
    sample_run("baseline update known.json --filter gap/two " BROKEN, 0, "1 added, 0 dropped");
    cr_expect(sample_shell("grep -qF 'It never asks.' known.json"));
    cr_expect(sample_shell("test $(grep -c scenario known.json) = 2"));
}

Test(known_failures, a_client_that_does_not_start_changes_nothing)
{
    sample_folder_write("known.json", BASELINE(GAPCHECK_VERSION, ENTRY("gap/one", "")));
    cr_assert(sample_shell("cp known.json before.json"));
    sample_run("baseline update known.json --client 'exit 1'", 3, "nothing was changed");
    cr_expect(sample_shell("cmp -s known.json before.json"));
}

Test(known_failures, wrong_arguments_say_what_is_wanted)
{
    sample_run("baseline", 2, "wants `check` or `update`, not `nothing`");
    sample_run("baseline chek f.json", 2, "not `chek`");
    sample_run("baseline check", 2, "`gapcheck baseline check` wants a file");
    sample_run("baseline check none.json", 2, "none.json");
}
