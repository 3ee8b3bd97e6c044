#include "report/report.h"

#include "report/sample_run.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdlib.h>

static cJSON *parse(const struct run *run)
{
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    report_json(run, &out);
    cJSON *document = cJSON_ParseWithOpts(buffer_text(&out), NULL, true);
    cr_assert_not_null(document, "%s", buffer_text(&out));
    buffer_free(&out);
    return document;
}

static const cJSON *get(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    cr_assert_not_null(item, "%s", name);
    return item;
}

Test(json, summary_counts_what_the_scenarios_show)
{
    struct run run = sample_run();
    cJSON *document = parse(&run);
    const cJSON *summary = get(document, "summary");
    cr_expect_eq(get(summary, "scenarios")->valueint, 6);
    for (int i = 0; i < VERDICT_COUNT; i++)
        cr_expect_eq(get(summary, verdict_name((enum verdict)i))->valueint, 1);
    cr_expect_eq(get(summary, "known")->valueint, 0);
    cr_expect_eq(get(summary, "fixed")->valueint, 0);
    cr_expect_eq(get(document, "exit")->valueint, 3);
    cr_expect_str_eq(get(document, "started")->valuestring, "2026-06-01T10:00:00.412Z");
    cJSON_Delete(document);
    run_free(&run);
}

Test(json, finding_has_all_its_fields)
{
    struct run run = sample_run();
    cJSON *document = parse(&run);
    const cJSON *scenario = cJSON_GetArrayItem(get(document, "scenarios"), 1);
    const cJSON *finding = cJSON_GetArrayItem(get(scenario, "findings"), 0);
    cr_expect_eq(get(scenario, "lost")->valueint, 200);
    cr_expect_str_eq(get(finding, "rule")->valuestring, "C-5");
    cr_expect_str_eq(get(finding, "level")->valuestring, "must");
    cr_expect_str_eq(get(finding, "message")->valuestring, "200 of 707 events lost: gc-7 … gc-206");
    cr_expect_eq(get(finding, "step")->valueint, 7);
    cr_expect_float_eq(get(finding, "at_ms")->valuedouble, 44.1, 1e-9);
    cJSON_Delete(document);
    run_free(&run);
}

Test(json, scenario_says_what_it_is_about_and_which_events_were_missed)
{
    struct run run = sample_run();
    cJSON *document = parse(&run);
    const cJSON *scenario = cJSON_GetArrayItem(get(document, "scenarios"), 1);
    cr_expect_str_eq(get(scenario, "title")->valuestring, "A title");
    cr_expect(cJSON_IsNull(get(scenario, "why")));
    cr_expect_str_eq(cJSON_GetArrayItem(get(scenario, "tags"), 0)->valuestring, "overflow");
    char *missed = cJSON_PrintUnformatted(get(scenario, "missed"));
    cr_expect_str_eq(missed, "[{\"marker\":7,\"count\":200,\"rule\":\"C-5\"},"
                             "{\"marker\":300,\"count\":1,\"rule\":null}]");
    free(missed);
    cJSON_Delete(document);
    run_free(&run);
}

Test(json, only_rules_that_came_up_are_listed)
{
    struct run run = sample_run();
    cJSON *document = parse(&run);
    const cJSON *rules = get(cJSON_GetArrayItem(get(document, "scenarios"), 1), "rules");
    cr_expect_eq(cJSON_GetArraySize(rules), 3);
    cr_expect_str_eq(get(rules, "C-1")->valuestring, "pass");
    cr_expect_str_eq(get(rules, "C-5")->valuestring, "fail");
    cr_expect_str_eq(get(rules, "C-20")->valuestring, "skip");
    cJSON_Delete(document);
    run_free(&run);
}

Test(json, is_utf8_whatever_the_client_wrote)
{
    struct run run = sample_run();
    struct buffer out;
    buffer_init(&out, BUFFER_NO_LIMIT);
    report_json(&run, &out);
    cr_expect(text_is_utf8(out.data, out.size_bytes));
    buffer_free(&out);
    run_free(&run);
}

Test(json, a_scenario_alone_is_what_stands_in_the_whole)
{
    struct run run = sample_run();
    struct buffer whole, alone;
    buffer_init(&whole, BUFFER_NO_LIMIT);
    report_json(&run, &whole);
    for (size_t i = 0; i < run.scenario_count; i++) {
        buffer_init(&alone, BUFFER_NO_LIMIT);
        report_json_scenario(&run.scenarios[i], "    ", &alone);
        cr_expect_not_null(strstr(buffer_text(&whole), buffer_text(&alone)));
        buffer_free(&alone);
    }
    buffer_free(&whole);
    run_free(&run);
}

Test(json, a_run_of_nothing_is_valid)
{
    struct run run = sample_run_empty();
    cJSON *document = parse(&run);
    cr_expect_eq(cJSON_GetArraySize(get(document, "scenarios")), 0);
    cJSON_Delete(document);
    run_free(&run);
}

Test(json, says_what_the_exit_hangs_on_beside_the_verdicts)
{
    struct run run = sample_run();
    cJSON *document = parse(&run);
    cr_expect(cJSON_IsNull(get(document, "shard")));
    cr_expect(cJSON_IsFalse(get(document, "strict")));
    cr_expect_eq(cJSON_GetArraySize(get(document, "fixed")), 0);
    cJSON_Delete(document);
    run.is_strict = run.is_interrupted = true;
    run.unplayed_count = 3;
    run.shard_index = 2;
    run.shard_count = 5;
    run.fixed = memory_alloc(1, sizeof *run.fixed);
    run.fixed[run.fixed_count++] = sample_copy("C-5 in a/b no longer happens");
    run.scenarios[0].play_counts[VERDICT_FAIL] = 2;
    document = parse(&run);
    cr_expect(cJSON_IsTrue(get(document, "strict")) && cJSON_IsTrue(get(document, "interrupted")));
    cr_expect_eq(get(document, "not_played")->valueint, 3);
    cr_expect_eq(get(get(document, "shard"), "index")->valueint, 2);
    cr_expect_eq(get(get(document, "shard"), "count")->valueint, 5);
    cr_expect_str_eq(cJSON_GetArrayItem(get(document, "fixed"), 0)->valuestring,
                     "C-5 in a/b no longer happens");
    const cJSON *plays = get(cJSON_GetArrayItem(get(document, "scenarios"), 0), "plays");
    cr_expect_eq(get(plays, "pass")->valueint, 1);
    cr_expect_eq(get(plays, "fail")->valueint, 2);
    cr_expect_not(cJSON_HasObjectItem(cJSON_GetArrayItem(get(document, "scenarios"), 1), "plays"));
    cJSON_Delete(document);
    run_free(&run);
}

Test(json, a_finding_says_where_its_step_stands_and_why_it_is_known)
{
    struct run run = sample_run();
    struct run_scenario *scenario = &run.scenarios[1];
    scenario->finding_places = memory_alloc(2, sizeof *scenario->finding_places);
    scenario->finding_places[0] = (struct run_place){12, 5};
    sample_know(scenario, "waits for 7.0");
    cJSON *document = parse(&run);
    const cJSON *findings =
        get(cJSON_GetArrayItem(get(document, "scenarios"), 1), "findings");
    const cJSON *first = cJSON_GetArrayItem(findings, 0);
    cr_expect_eq(get(first, "line")->valueint, 12);
    cr_expect_eq(get(first, "column")->valueint, 5);
    cr_expect_str_eq(get(first, "reason")->valuestring, "waits for 7.0");
    cr_expect_not(cJSON_HasObjectItem(cJSON_GetArrayItem(findings, 1), "line"));
    cJSON_Delete(document);
    run_free(&run);
}
