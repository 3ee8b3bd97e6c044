/* Pages as a browser shows them: Chromium opens what the just-built binary wrote. playwright-core
 * comes from npm into the build folder; where it or Chromium is missing, this is skipped. The
 * screenshots lie in build/…/shots. */
#define _GNU_SOURCE /* wait4 and setgroups */
#include "cmd/sample_program.h"

#include <libgen.h>
#include <limits.h>

#define PLAYWRIGHT  "playwright-core@1.65.1"
#define CHECKER     GAPCHECK_SOURCE_DIR "/harness/cmd/page_check.mjs"
#define LIBRARY     GAPCHECK_SOURCE_DIR "/scenarios"
#define EVENT_COUNT 100000

static const char *folder;
static char build_folder[PATH_MAX];

/* Installed beside the binary once, complete or not at all. */
static bool has_browser(void)
{
    char binary[] = GAPCHECK_BINARY, command[6 * PATH_MAX];
    strcpy(build_folder, dirname(binary));
    snprintf(command, sizeof command,
             "test -x /usr/bin/chromium || exit 1; mkdir -p '%s/shots';"
             "test -e '%s/playwright/package.json' && exit; command -v node npm >/dev/null || exit 1;"
             "new='%s/playwright.'$$; mkdir -p \"$new\" && echo '{}' >\"$new/package.json\" &&"
             "npm install --prefix \"$new\" --ignore-scripts --no-audit --no-fund --save-exact "
             PLAYWRIGHT " >npm.log 2>&1 </dev/null &&"
             "{ mv -T \"$new\" '%s/playwright' 2>/dev/null || rm -rf \"$new\"; } || exit 1",
             build_folder, build_folder, build_folder, build_folder);
    return sample_shell(command);
}

static void set_up(void)
{
    folder = sample_folder_enter();
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(page, .init = set_up, .fini = tear_down, .timeout = 240);

static void check(const char *name, const char *page)
{
    char command[4 * PATH_MAX];
    snprintf(command, sizeof command, "node '" CHECKER "' '%s/playwright' '%s/shots' %s '%s' >&2",
             build_folder, build_folder, name, page);
    cr_expect(sample_shell(command), "%s", name);
}

static void skip_without_browser(void)
{
    if (!has_browser())
        cr_skip_test("node, npm, its registry or chromium is missing: no browser to look with");
}

/* A client that takes its `since` from its own clock, without a margin: rows are cut off. */
#define LOSING_CLIENT "--client \"'" GAPCHECK_BINARY "' reference-client --policy since-unbiased\" "
#define OVERFLOW      LIBRARY "/overflow/"
#define SCENARIOS                                                                                  \
    OVERFLOW "same-second.jsonc " OVERFLOW "around-the-second.jsonc " OVERFLOW "db-limit.jsonc "    \
    OVERFLOW "rows-after-ring.jsonc " LIBRARY "/resync/short-gap.jsonc "

static void run_losing(void)
{
    sample_program_run("", "run " LOSING_CLIENT SCENARIOS "--out run", 1, "C-5");
}

Test(page, overview_filters_and_the_address_keeps_them)
{
    skip_without_browser();
    run_losing();
    check("overview", "run/index.html");
}

Test(page, keys_reach_open_and_leave_everything)
{
    skip_without_browser();
    run_losing();
    check("keyboard", "run/index.html");
}

Test(page, scenario_shows_what_happened_on_the_wire)
{
    skip_without_browser();
    run_losing();
    check("scenario", "run/index.html");
}

/* In the name of the client, the title of the scenario and the type of an event. */
Test(page, text_of_a_hostile_client_is_text)
{
    skip_without_browser();
    sample_folder_write(
        "hostile.jsonc",
        "{ \"title\": \"</script><script>globalThis.broken = 2</script>\", \"rules\": [\"C-7\"],"
        "  \"tags\": [\"<img src=x onerror=alert(1)>\"],"
        "  \"steps\": [ { \"accept\": {} },"
        "    { \"publish\": { \"type\": \"<script>globalThis.broken = 3</script>\" } },"
        "    { \"publish\": { \"type\": \"-->'\\\"<img src=x onerror=globalThis.broken=4>\" } },"
        "    { \"send\": { \"text\": \"<script>globalThis.broken = 5</script>\" } },"
        "    { \"settle\": {} } ] }");
    sample_program_run("", "run hostile.jsonc --out run", 0, "1 pass");
    cr_assert(sample_shell(
        "sed -i 's|gapcheck reference client|<script>globalThis.broken = 1</script>|'"
        " run/results.json"));
    sample_program_run("", "report run", 0, "run/index.html");
    check("hostile", "run/index.html");
}

/* As a run of that size would write it: bands of 700, and rows that do not fold between them. */
static void write_large_transcript(void)
{
    FILE *file = fopen("run/transcripts/large.ndjson", "w");
    cr_assert_not_null(file);
    fputs("{\"transcript\":1,\"scenario\":\"large\",\"source\":\"{}\"}\n"
          "{\"us\":0,\"kind\":\"connect\",\"step\":1,\"connection\":1}\n"
          "{\"us\":0,\"kind\":\"open\",\"step\":1,\"connection\":1}\n", file);
    for (int marker = 1; marker <= EVENT_COUNT; marker++) {
        int us = 10 * marker;
        fprintf(file,
                "{\"us\":%d,\"kind\":\"publish\",\"step\":2,\"type\":\"message.created\","
                "\"marker\":%d,\"count\":1,\"agent_seq\":%d,\"id_marker\":%d,\"live\":true}\n"
                "{\"us\":%d,\"kind\":\"sent\",\"step\":2,\"connection\":1,\"from\":\"live\","
                "\"marker\":%d,\"count\":1,\"agent_seq\":%d}\n",
                us, marker, marker, marker, us, marker, marker);
        if (marker >= 700)
            fprintf(file, "{\"us\":%d,\"kind\":\"dispatch\",\"step\":2,\"type\":\"message.created\","
                          "\"marker\":%d,\"handler\":1}\n", us + 5, marker);
    }
    fputs("{\"us\":2000000,\"kind\":\"done\",\"how\":\"complete\"}\n", file);
    cr_assert_eq(fclose(file), 0);
}

Test(page, a_hundred_thousand_events_stay_fluid)
{
    skip_without_browser();
    sample_folder_write(
        "run/results.json",
        "{\"gapcheck\":\"0.1.0\",\"format\":1,\"client\":{\"name\":\"c\",\"version\":\"1\"},"
        "\"exit\":0,\"summary\":{\"scenarios\":1,\"pass\":1},\"scenarios\":[{\"name\":\"large\","
        "\"verdict\":\"pass\",\"duration_ms\":2000,\"findings\":[],\"rules\":{\"C-7\":\"pass\"},"
        "\"transcript\":\"transcripts/large.ndjson\",\"reproduce\":\"gapcheck run\"}]}");
    cr_assert_eq(mkdir("run/transcripts", 0777), 0);
    write_large_transcript();
    sample_program_run("", "report run", 0, "run/index.html");
    check("large", "run/index.html");
}

Test(page, mutants_are_a_matrix)
{
    skip_without_browser();
    sample_program_run("", "mutants " LIBRARY "/overflow --simulated --policy since-unbiased "
                           "--policy since-now --policy cursor-one-high --out run", 0, "killed");
    check("mutants", "run/index.html");
}

Test(page, two_runs_stand_side_by_side)
{
    skip_without_browser();
    sample_program_run("", "run " SCENARIOS "--out before", 0, "pass");
    run_losing();
    sample_program_run("", "report before run", 1, "run/compare.html");
    check("compare", "run/compare.html");
}
