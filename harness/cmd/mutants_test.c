/* The kill matrix from end to end, with a library of one scenario. */
#define _DEFAULT_SOURCE /* wait4 */
#include "cmd/sample_program.h"

#define GAP                                                                                        \
    "{ \"title\": \"A gap\", \"rules\": [\"C-3\"], \"tags\": [\"gap\"],\n"                         \
    "  \"steps\": [ { \"accept\": {} }, { \"publish\": { \"count\": 5 } }, { \"settle\": {} },\n"  \
    "    { \"drop\": { \"how\": \"reset\" } }, { \"publish\": { \"count\": 7 } },\n"               \
    "    { \"accept\": {} }, { \"settle\": {} } ] }\n"

#define SEALED                                                                                     \
    "{ \"title\": \"Over TLS\", \"rules\": [\"C-24\"], \"server\": { \"tls\": true },\n"           \
    "  \"steps\": [ { \"accept\": {} }, { \"publish\": { \"as\": \"one\" } },\n"                   \
    "    { \"send\": { \"again\": \"one\", \"fragments\": 9 } },\n"                                \
    "    { \"publish\": { \"live\": false, \"size\": 300, \"as\": \"two\" } },\n"                  \
    "    { \"send\": { \"again\": \"two\", \"fragments\": 9 } }, { \"settle\": {} } ] }\n"

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
    sample_folder_write("scenarios/gap.jsonc", GAP);
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(mutants, .init = set_up, .fini = tear_down, .timeout = 120);

static void expect(const char *arguments, int status, const char *found)
{
    char line[400];
    snprintf(line, sizeof line, "mutants %s", arguments);
    sample_run(line, status, found);
}

Test(mutants, a_library_of_one_scenario_leaves_survivors_and_says_which)
{
    expect("--out r --simulated", 1, "no scenario kills limit-silent by C-16");
    cr_expect(sample_shell("grep -qF '✓ resync-never' out"));
    cr_expect(sample_shell("grep -qF '✗ limit-silent' out"));
    cr_expect(sample_shell("grep -qF '\"exit\": 1' r/mutants.json"));
}

Test(mutants, a_named_one_must_be_killed)
{
    expect("--out r --simulated --policy resync-never", 0, "1 of 1 mutants killed by the rule");
    expect("--out r --simulated --policy limit-silent", 1, "no scenario kills limit-silent");
    expect("--out r --simulated --policy resync-never --policy cursor-one-high", 0, "2 of 2");
}

Test(mutants, a_part_of_the_library_need_not_kill_all)
{
    expect("--out r --simulated --tag gap", 0, "1 of 1 scenarios kill one");
    expect("--out r --simulated --filter 'ga*'", 0, "1 of 1 scenarios kill one");
    expect("--out r --simulated scenarios", 0, "1 of 1 scenarios kill one");
}

Test(mutants, both_worlds_agree)
{
    expect("--out r --policy resync-never --policy wire-no-pong --policy since-missing", 0,
           "4 pairs played live too");
    cr_expect(sample_shell("grep -qF '\"agreeing\": 4' r/mutants.json"));
    cr_expect(sample_shell("grep -qF 'wire-no-pong   C-24    1  gap  (live too)' out"));
}

Test(mutants, all_may_be_played_live)
{
    expect("--out r --live --policy resync-never --policy wire-unmasked", 0, "(live)");
}

Test(mutants, those_of_the_wire_speak_tls)
{
    sample_folder_write("scenarios/sealed.jsonc", SEALED);
    expect("--out r --live --policy wire-drops-fragments scenarios/sealed.jsonc", 0,
           "1 of 1 mutants killed by the rule");
    cr_expect(sample_shell("grep -qF 'wire-drops-fragments  C-24    1  sealed' out"));
}

Test(mutants, verbose_and_json_tell_every_killer)
{
    expect("--out r --simulated --policy resync-never --verbose", 0, "        gap: C-3");
    expect("--out r --simulated --policy resync-never --json", 0,
           "{ \"scenario\": \"gap\", \"verdict\": \"fail\", \"rules\": [\"C-3\"] }");
    cr_expect(sample_shell("diff out r/mutants.json >&2"));
}

Test(mutants, wrong_arguments_say_what_is_wanted)
{
    expect("--policy resync-nevr", 2, "did you mean `resync-never`?");
    expect("--live --simulated", 2, "exclude one another");
    expect("--filter nothing", 3, "none of 1 scenarios is selected");
}
