#include "report/html.h"

#include "report/difference.h"
#include "report/html_assets.h"
#include "report/html_transcript.h"
#include "report/report.h"

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

/* ---- the data ---- */

static void append_json(const cJSON *json, struct buffer *out)
{
    char *text = cJSON_PrintUnformatted(json);
    buffer_append_text(out, text ? text : "null"); /* cJSON knows no other reason than memory */
    cJSON_free(text);
}

static void append_rules(struct buffer *out)
{
    buffer_append_text(out, "[");
    for (int i = 0; i < RULE_COUNT; i++) {
        const struct rule_info *info = rule_info((enum rule)i);
        buffer_printf(out, "%s{\"id\":\"%s\",\"level\":\"%s\",\"sentence\":", i ? "," : "",
                      info->id, rule_level_name(info->level));
        text_append_json(out, info->sentence, strlen(info->sentence));
        if (info->node_sentence) {
            buffer_append_text(out, ",\"node_sentence\":");
            text_append_json(out, info->node_sentence, strlen(info->node_sentence));
        }
        buffer_append_text(out, "}");
    }
    buffer_append_text(out, "]");
}

static void append_run(const char *key, const struct html_run *run, struct buffer *out)
{
    if (!run)
        return;
    buffer_printf(out, ",\n\"%s\":{\"results\":", key);
    report_json(run->run, out);
    buffer_append_text(out, ",\n\"transcripts\":");
    html_append_transcripts(run, out);
    buffer_append_text(out, "}");
}

static bool append_mutants(const struct html_page *page, struct buffer *out, struct error *error)
{
    if (!page->mutants)
        return true;
    const char *end = NULL;
    cJSON *matrix = cJSON_ParseWithLengthOpts(page->mutants, page->mutants_bytes, &end, false);
    bool is_matrix = cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(matrix, "mutants")) &&
                     cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(matrix, "scenarios"));
    if (is_matrix) {
        buffer_append_text(out, ",\n\"mutants\":");
        append_json(matrix, out);
    } else {
        error_set(error, "the file is damaged: run `gapcheck mutants` again",
                  "mutants.json is no kill matrix");
    }
    cJSON_Delete(matrix);
    return is_matrix;
}

static bool append_data(const struct html_page *page, struct buffer *out, struct error *error)
{
    buffer_append_text(out, "{\"gapcheck\":\"" GAPCHECK_VERSION "\",\"rules\":");
    append_rules(out);
    append_run("run", page->run, out);
    append_run("before", page->before, out);
    if (page->difference) {
        buffer_append_text(out, ",\n\"difference\":");
        report_difference_json(page->difference, out);
    }
    if (!append_mutants(page, out, error))
        return false;
    buffer_append_text(out, "}");
    return true;
}

/* No `<` stands in the data: nothing in it can end the element or begin another. JSON has it only
 * in strings, where \u003c means the same. */
static void append_escaped(const struct buffer *data, struct buffer *out)
{
    size_t start = 0;
    for (size_t i = 0; i < data->size_bytes; i++) {
        if (data->data[i] != '<')
            continue;
        buffer_append(out, data->data + start, i - start);
        buffer_append_text(out, "\\u003c");
        start = i + 1;
    }
    if (start < data->size_bytes)
        buffer_append(out, data->data + start, data->size_bytes - start);
}

/* ---- the page ---- */

static void append_asset(const char *name, struct buffer *out)
{
    const struct html_asset *asset = html_asset_find(name);
    buffer_append(out, asset->data, asset->size_bytes);
}

/* Only this one script may run, and nothing may be fetched from anywhere. */
static void append_policy(struct buffer *out)
{
    const struct html_asset *script = html_asset_find("report.js");
    unsigned char digest[SHA256_DIGEST_LENGTH], text[SHA256_DIGEST_LENGTH / 3 * 4 + 8];
    SHA256((const unsigned char *)script->data, script->size_bytes, digest);
    EVP_EncodeBlock(text, digest, sizeof digest);
    buffer_printf(out,
                  "default-src 'none'; base-uri 'none'; form-action 'none'; "
                  "style-src 'unsafe-inline'; script-src 'sha256-%s'",
                  (const char *)text);
}

bool report_html(const struct html_page *page, struct buffer *out, struct error *error)
{
    struct buffer data;
    buffer_init(&data, BUFFER_NO_LIMIT);
    bool is_made = append_data(page, &data, error);
    const struct html_asset *template = html_asset_find("page.html");
    const char *rest = template->data, *end = rest + template->size_bytes;
    while (is_made && rest < end) {
        const char *mark = memchr(rest, '@', (size_t)(end - rest));
        const char *mark_end = mark ? memchr(mark + 1, '@', (size_t)(end - mark - 1)) : NULL;
        buffer_append(out, rest, (size_t)((mark_end ? mark : end) - rest));
        if (!mark_end)
            break;
        struct span name = {mark + 1, (size_t)(mark_end - mark - 1)};
        if (span_equals(name, "POLICY"))
            append_policy(out);
        else if (span_equals(name, "STYLE"))
            append_asset("style.css", out);
        else if (span_equals(name, "DATA"))
            append_escaped(&data, out);
        else if (span_equals(name, "SCRIPT"))
            append_asset("report.js", out);
        rest = mark_end + 1;
    }
    buffer_free(&data);
    return is_made;
}
