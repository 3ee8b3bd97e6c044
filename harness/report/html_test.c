/* The page as text. What a browser makes of it is in cmd/page_test.c. */
#include "report/html.h"

#include "report/report.h"
#include "report/sample_run.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <zlib.h>

#define SOURCE                                                                                     \
    "{ \\\"title\\\": \\\"t\\\", \\\"rules\\\": [\\\"C-1\\\"],\\n  \\\"steps\\\": [\\n"            \
    "    { \\\"accept\\\": {} },\\n    { \\\"settle\\\": {} } ] }"
#define TRANSCRIPT                                                                                 \
    "{\"transcript\":1,\"scenario\":\"a\",\"source\":\"" SOURCE "\"}\n"                            \
    "{\"us\":0,\"kind\":\"log\",\"message\":\"</script><script>alert(1)</script><!--\"}\n"

static const char *transcript = TRANSCRIPT;

static bool read_transcript(void *user, const char *path, struct buffer *out, struct error *error)
{
    (void)user;
    (void)path;
    if (!transcript)
        error_set(error, NULL, "there is no <file>");
    return transcript && buffer_append_text(out, transcript);
}

static struct buffer make_page(const struct run *run)
{
    struct error error;
    struct buffer out;
    struct html_run html_run = {run, read_transcript, NULL};
    struct html_page page = {.run = &html_run};
    buffer_init(&out, BUFFER_NO_LIMIT);
    cr_assert(report_html(&page, &out, &error), "%s", error.message);
    return out;
}

/* The data of the page, as a browser reads it: up to the first `</`. */
static cJSON *data_of(struct buffer *page)
{
    const char *start = strstr(buffer_text(page), "id=\"data\">");
    cr_assert_not_null(start);
    start += strlen("id=\"data\">");
    const char *end = strchr(start, '<');
    cr_assert_eq(strncmp(end, "</script>", strlen("</script>")), 0, "%.80s", end);
    cJSON *data = cJSON_ParseWithLength(start, (size_t)(end - start));
    cr_assert_not_null(data);
    return data;
}

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

Test(html, hostile_text_of_a_client_stays_data)
{
    struct run run = sample_run();
    free(run.client_name);
    run.client_name = sample_copy("</script><script>alert(1)</script><!--");
    struct buffer page = make_page(&run);
    cJSON *data = data_of(&page);
    const cJSON *results = get(get(data, "run"), "results");
    cr_expect_str_eq(cJSON_GetStringValue(get(get(results, "client"), "name")), run.client_name);
    cr_expect_null(strstr(buffer_text(&page), "<script>alert"));
    cJSON_Delete(data);
    buffer_free(&page);
    run_free(&run);
}

Test(html, a_transcript_comes_out_of_the_page_as_it_went_in)
{
    struct run run = sample_run_empty();
    sample_add(&run, "a", VERDICT_FAIL);
    struct buffer page = make_page(&run);
    cJSON *data = data_of(&page);
    const cJSON *stored = cJSON_GetArrayItem(get(get(data, "run"), "transcripts"), 0);
    const char *packed = cJSON_GetStringValue(get(stored, "packed"));
    cr_assert_not_null(packed);
    unsigned char raw[4000], text[4000];
    uLongf text_bytes = sizeof text;
    int raw_bytes = EVP_DecodeBlock(raw, (const unsigned char *)packed, (int)strlen(packed));
    cr_assert_gt(raw_bytes, 0);
    cr_assert_eq(uncompress(text, &text_bytes, raw, (uLong)raw_bytes), Z_OK);
    cr_expect_eq(text_bytes, strlen(TRANSCRIPT));
    cr_expect_eq(memcmp(text, TRANSCRIPT, text_bytes), 0);
    char *steps = cJSON_PrintUnformatted(get(stored, "steps"));
    cr_expect_str_eq(steps, "[3,5,4,5]"); /* line and column of both */
    free(steps);
    cJSON_Delete(data);
    buffer_free(&page);
    run_free(&run);
}

Test(html, what_cannot_be_read_is_told_in_the_page)
{
    static const char *const wrong[] = {NULL, "", "{}\n", "x", "{\"transcript\":99}\n", "\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct run run = sample_run_empty();
        sample_add(&run, "a", VERDICT_PASS);
        transcript = wrong[i];
        struct buffer page = make_page(&run);
        cJSON *data = data_of(&page);
        const cJSON *stored = cJSON_GetArrayItem(get(get(data, "run"), "transcripts"), 0);
        cr_expect_not_null(cJSON_GetStringValue(get(stored, "problem")), "%zu", i);
        cJSON_Delete(data);
        buffer_free(&page);
        run_free(&run);
    }
}

Test(html, a_scenario_of_another_version_is_shown_without_places)
{
    struct run run = sample_run_empty();
    sample_add(&run, "a", VERDICT_PASS);
    transcript = "{\"transcript\":1,\"scenario\":\"a\",\"source\":\"{ of tomorrow\"}\n";
    struct buffer page = make_page(&run);
    cJSON *data = data_of(&page);
    const cJSON *stored = cJSON_GetArrayItem(get(get(data, "run"), "transcripts"), 0);
    cr_expect_not_null(get(stored, "packed"));
    cr_expect_eq(cJSON_GetArraySize(get(stored, "steps")), 0);
    cJSON_Delete(data);
    buffer_free(&page);
    run_free(&run);
}

Test(html, the_policy_allows_the_script_of_the_page_and_nothing_else)
{
    struct run run = sample_run();
    struct buffer page = make_page(&run);
    const char *script = strstr(buffer_text(&page), "<script type=\"module\">");
    cr_assert_not_null(script);
    script += strlen("<script type=\"module\">");
    const char *end = strstr(script, "</script>");
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char text[64], policy[128];
    SHA256((const unsigned char *)script, (size_t)(end - script), digest);
    EVP_EncodeBlock((unsigned char *)text, digest, sizeof digest);
    snprintf(policy, sizeof policy, "script-src 'sha256-%s'\"", text);
    cr_expect_not_null(strstr(buffer_text(&page), policy));
    cr_expect_not_null(strstr(buffer_text(&page), "default-src 'none'"));
    /* one script with data, one that runs; and none of the files ends the element early */
    cr_expect_null(strstr(end + 1, "<script"));
    cr_expect_str_eq(end, "</script>\n</body>\n</html>\n");
    buffer_free(&page);
    run_free(&run);
}

Test(html, mutants_json_that_is_none_is_refused)
{
    static const char *const wrong[] = {"", "{", "[]", "{\"mutants\":1,\"scenarios\":[]}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct buffer out;
        struct error error = {0};
        struct html_page page = {.mutants = wrong[i], .mutants_bytes = strlen(wrong[i])};
        buffer_init(&out, BUFFER_NO_LIMIT);
        cr_expect_not(report_html(&page, &out, &error), "%s", wrong[i]);
        cr_expect_not_null(strstr(error.message, "mutants.json"));
        buffer_free(&out);
    }
}
