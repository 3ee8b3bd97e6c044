/* Pages as a browser shows them: Chromium opens what the just-built binary wrote. The
 * screenshots lie in build/…/shots. */
#define _GNU_SOURCE /* wait4 and setgroups */
#include "cmd/sample_browser.h"
#include "cmd/sample_program.h"

#define CHECKER     GAPCHECK_SOURCE_DIR "/harness/cmd/page_check.mjs"
#define LIBRARY     GAPCHECK_SOURCE_DIR "/scenarios"
#define EVENT_COUNT 100000

static const char *folder;

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
             sample_browser_folder, sample_browser_folder, name, page);
    cr_expect(sample_shell(command), "%s", name);
}

/* A client that takes its `since` from its own clock, without a margin: rows are cut off. */
#define LOSING_CLIENT "--client \"'" GAPCHECK_BINARY "' reference-client --policy since-unbiased\" "
#define OVERFLOW      LIBRARY "/overflow/"
#define SCENARIOS                                                                                  \
    OVERFLOW "same-second.jsonc " OVERFLOW "around-the-second.jsonc " OVERFLOW "db-limit.jsonc "    \
    OVERFLOW "rows-after-ring.jsonc " LIBRARY "/resync/short-gap.jsonc "

static void run_losing(void)
{
    sample_run("run " LOSING_CLIENT SCENARIOS "--out run", 1, "C-5");
}

Test(page, overview_filters_and_the_address_keeps_them)
{
    sample_browser_skip_without();
    run_losing();
    check("overview", "run/index.html");
}

Test(page, keys_reach_open_and_leave_everything)
{
    sample_browser_skip_without();
    run_losing();
    check("keyboard", "run/index.html");
}

Test(page, scenario_shows_what_happened_on_the_wire)
{
    sample_browser_skip_without();
    run_losing();
    check("scenario", "run/index.html");
}

/* The same number asks for something else in each stream. */
Test(page, a_rule_is_told_in_the_words_of_its_stream)
{
    sample_browser_skip_without();
    sample_run("run --client \"'" GAPCHECK_BINARY "' reference-client --policy "
               "node-register-late\" " LIBRARY "/node/hole.jsonc --out run", 1, "C-6");
    check("node", "run/index.html");
}

/* Played twice, once well and once badly; what is bad is in the baseline. */
Test(page, known_failures_and_verdicts_that_differ_are_told_apart)
{
    sample_browser_skip_without();
    sample_folder_write("sdk.sh", "exec '" GAPCHECK_BINARY "' reference-client $(cat policy)\n");
    sample_folder_write("policy", "--policy since-unbiased\n");
    sample_run("baseline update known.json --client 'sh sdk.sh' "
               OVERFLOW "same-second.jsonc", 0, "1 added");
    sample_run("run --baseline known.json --client 'sh sdk.sh' --out bad "
               OVERFLOW "same-second.jsonc " OVERFLOW "db-limit.jsonc", 0, "1 fail");
    sample_folder_write("policy", "");
    sample_run("run --client 'sh sdk.sh' --out good "
               OVERFLOW "same-second.jsonc " OVERFLOW "db-limit.jsonc", 0, "2 pass");
    sample_run("report --merge bad good --out run", 3, "not the same every time");
    check("known", "run/index.html");
}

/* In the name of the client, the title of the scenario and the type of an event. */
Test(page, text_of_a_hostile_client_is_text)
{
    sample_browser_skip_without();
    sample_folder_write(
        "hostile.jsonc",
        "{ \"title\": \"</script><script>globalThis.broken = 2</script>\", \"rules\": [\"C-7\"],"
        "  \"tags\": [\"<img src=x onerror=alert(1)>\"],"
        "  \"steps\": [ { \"accept\": {} },"
        "    { \"publish\": { \"type\": \"<script>globalThis.broken = 3</script>\" } },"
        "    { \"publish\": { \"type\": \"-->'\\\"<img src=x onerror=globalThis.broken=4>\" } },"
        "    { \"send\": { \"text\": \"<script>globalThis.broken = 5</script>\" } },"
        "    { \"settle\": {} } ] }");
    sample_run("run hostile.jsonc --out run", 0, "1 pass");
    cr_assert(sample_shell(
        "sed -i 's|gapcheck reference client|<script>globalThis.broken = 1</script>|'"
        " run/results.json"));
    sample_run("report run", 0, "run/index.html");
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
    sample_browser_skip_without();
    sample_folder_write(
        "run/results.json",
        "{\"gapcheck\":\"0.1.0\",\"format\":1,\"client\":{\"name\":\"c\",\"version\":\"1\","
        "\"command\":\"c\",\"capabilities\":[]},\"seed\":1,\"started\":\"2026-06-01T10:00:00Z\","
        "\"duration_ms\":2000,\"exit\":0,\"scenarios\":[{\"name\":\"large\",\"file\":\"l.jsonc\","
        "\"verdict\":\"pass\",\"duration_ms\":2000,\"published\":100000,\"owed\":100000,"
        "\"dispatched\":100000,\"lost\":0,\"duplicated\":0,\"unrecoverable\":0,\"connections\":1,"
        "\"known\":false,\"findings\":[],\"rules\":{\"C-7\":\"pass\"},"
        "\"transcript\":\"transcripts/large.ndjson\",\"reproduce\":\"gapcheck run\"}]}");
    cr_assert_eq(mkdir("run/transcripts", 0777), 0);
    write_large_transcript();
    sample_run("report run", 0, "run/index.html");
    check("large", "run/index.html");
}

Test(page, mutants_are_a_matrix)
{
    sample_browser_skip_without();
    sample_run("mutants " LIBRARY "/overflow --simulated --policy since-unbiased "
               "--policy since-now --policy cursor-one-high --out run", 0, "killed");
    check("mutants", "run/index.html");
}

Test(page, two_runs_stand_side_by_side)
{
    sample_browser_skip_without();
    sample_run("run " SCENARIOS "--out before", 0, "pass");
    run_losing();
    sample_run("report before run", 1, "run/compare.html");
    check("compare", "run/compare.html");
}
