#include "report/results.h"

#include "report/report.h"
#include "report/sample_run.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define HEAD "{\"gapcheck\":\"0.1.0\",\"format\":1,\"client\":{\"name\":\"c\",\"version\":\"\"},\"summary\":{},"
#define SCENARIO(more)                                                                             \
    HEAD "\"scenarios\":[{\"name\":\"a\",\"verdict\":\"pass\",\"findings\":[],\"rules\":{}" more "}]}"

Test(results, what_a_run_writes_is_read_back)
{
    struct run run = sample_run();
    struct results results;
    struct error error;
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    report_json(&run, &text);
    cr_assert(results_read(text.data, text.size_bytes, &results, &error), "%s", error.message);
    cr_expect_str_eq(results.client_name, "@relaycast/sdk");
    cr_assert_eq(results.scenario_count, run.scenario_count);
    for (size_t i = 0; i < run.scenario_count; i++) {
        cr_expect_str_eq(results.scenarios[i].name, run.scenarios[i].name);
        cr_expect_eq(results.scenarios[i].verdict, run.scenarios[i].judgement->verdict);
        cr_expect_eq(results_find(&results, run.scenarios[i].name), &results.scenarios[i]);
    }
    cr_expect_null(results_find(&results, "nothing"));
    results_free(&results);
    buffer_free(&text);
    run_free(&run);
}

Test(results, what_is_none_is_told_with_what_to_do)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "no JSON"},
        {"{", "no JSON"},
        {HEAD "\"scenarios\":[]} x", "no JSON"},
        {"[]", "no results.json of gapcheck"},
        {"null", "no results.json of gapcheck"},
        {"{\"format\":1}", "no results.json of gapcheck"},
        {"{\"gapcheck\":\"9.0\",\"format\":2}", "has format 2"},
        {"{\"gapcheck\":\"0.1.0\",\"format\":1}", "`client`"},
        {HEAD "\"scenarios\":{}}", "`scenarios`"},
        {HEAD "\"scenarios\":[1]}", "scenarios[0] has no `name`"},
        {HEAD "\"scenarios\":[{\"name\":\"a\"}]}", "scenarios[0] has no `verdict`"},
        {HEAD "\"scenarios\":[{\"name\":\"a\",\"verdict\":\"fine\"}]}", "no `verdict`"},
        {HEAD "\"scenarios\":[{\"name\":\"a\",\"verdict\":\"pass\"}]}", "no `findings`"},
        {HEAD "\"scenarios\":[{\"name\":\"a\",\"verdict\":\"pass\",\"findings\":[1]}]}",
         "no `findings`"},
        {HEAD "\"scenarios\":[{\"name\":\"a\",\"verdict\":\"pass\",\"findings\":[]}]}",
         "no `rules`"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct results results;
        struct error error = {0};
        cr_expect_not(results_read(cases[i].text, strlen(cases[i].text), &results, &error), "%s",
                      cases[i].text);
        cr_expect_not_null(strstr(error.message, cases[i].message), "%s: %s", cases[i].text,
                           error.message);
        cr_expect(error.hint[0] != '\0', "%s", cases[i].text);
    }
}

Test(results, every_beginning_of_a_file_is_refused_and_nothing_leaks)
{
    static const char whole[] = SCENARIO(",\"transcript\":\"transcripts/a.ndjson\"");
    for (size_t size_bytes = 0; size_bytes < sizeof whole - 1; size_bytes++) {
        struct results results;
        struct error error;
        char *text = memory_copy_text(whole, size_bytes);
        cr_expect_not(results_read(text, size_bytes, &results, &error), "%zu", size_bytes);
        free(text);
    }
}

/* The page shows what it names to whoever opens it. */
Test(results, a_transcript_outside_of_the_folder_is_refused)
{
    static const struct {
        const char *path;
        bool is_good;
    } cases[] = {
        {"transcripts/a.ndjson", true},         {"transcripts/a/b[1,x].ndjson", true},
        {"transcripts/...ndjson", true},        {"transcripts/a..b", true},
        {"/etc/passwd", false},                 {"etc/passwd", false},
        {"transcripts/../../x", false},         {"transcripts/a/../../../x", false},
        {"transcripts/..", false},              {"transcripts/./x", false},
        {"transcripts//etc/passwd", false},     {"transcripts/", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];
        struct results results;
        struct error error;
        snprintf(text, sizeof text, SCENARIO(",\"transcript\":\"%s\""), cases[i].path);
        bool is_good = results_read(text, strlen(text), &results, &error);
        cr_expect_eq(is_good, cases[i].is_good, "%s", cases[i].path);
        if (is_good)
            results_free(&results);
        else
            cr_expect_not_null(strstr(error.message, "transcripts/"), "%s", error.message);
    }
}
