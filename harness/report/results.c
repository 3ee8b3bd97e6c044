#include "report/results.h"

#include "core/memory.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_member(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(member(object, name));
}

/* ---- the places that others rely on ---- */

static bool fail(struct error *error, const char *where, const char *what)
{
    error_set(error, "the file is damaged, or was written by hand: run the scenarios again",
              "%s %s", where, what);
    return false;
}

static bool read_verdict(const char *name, enum verdict *verdict)
{
    for (int i = 0; name && i < VERDICT_COUNT; i++) {
        *verdict = (enum verdict)i;
        if (strcmp(name, verdict_name(*verdict)) == 0)
            return true;
    }
    return false;
}

/* What is read from it must lie in the folder: a page shows it to whoever opens it. */
static bool is_inside(const char *path)
{
    if (strncmp(path, "transcripts/", strlen("transcripts/")) != 0)
        return false;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        size_t size_bytes = strcspn(part, "/");
        if (size_bytes == 0 || (size_bytes <= 2 && strspn(part, ".") >= size_bytes))
            return false;
    }
    return true;
}

static bool are_findings(const cJSON *findings)
{
    const cJSON *finding;
    cJSON_ArrayForEach(finding, findings)
        if (!text_member(finding, "rule") || !text_member(finding, "message"))
            return false;
    return cJSON_IsArray(findings);
}

static bool read_scenario(const cJSON *json, size_t index, struct results_scenario *scenario,
                          struct error *error)
{
    const cJSON *transcript = member(json, "transcript"), *duration = member(json, "duration_ms");
    struct buffer where;
    buffer_init(&where, BUFFER_NO_LIMIT);
    buffer_printf(&where, "scenarios[%zu]", index);
    *scenario = (struct results_scenario){
        .json = json,
        .name = text_member(json, "name"),
        .duration_ms = cJSON_IsNumber(duration) && isfinite(duration->valuedouble)
                           ? duration->valuedouble : 0,
        .transcript = cJSON_GetStringValue(transcript),
    };
    bool is_good = true;
    if (!scenario->name)
        is_good = fail(error, buffer_text(&where), "has no `name`");
    else if (!read_verdict(text_member(json, "verdict"), &scenario->verdict))
        is_good = fail(error, buffer_text(&where), "has no `verdict` that gapcheck knows");
    else if (!are_findings(member(json, "findings")))
        is_good = fail(error, buffer_text(&where), "has no `findings` with rule and message");
    else if (!cJSON_IsObject(member(json, "rules")))
        is_good = fail(error, buffer_text(&where), "has no `rules`");
    else if (scenario->transcript && !is_inside(scenario->transcript))
        is_good = fail(error, buffer_text(&where),
                       "names a `transcript` that is not below transcripts/");
    buffer_free(&where);
    return is_good;
}

static bool check_head(const cJSON *root, struct results *results, struct error *error)
{
    const cJSON *format = member(root, "format"), *client = member(root, "client");
    results->client_name = text_member(client, "name");
    results->client_version = text_member(client, "version");
    if (!cJSON_IsObject(root) || !text_member(root, "gapcheck") || !cJSON_IsNumber(format)) {
        error_set(error, "give the folder that a run left, as in reports/out/latest",
                  "this is no results.json of gapcheck: it has no `gapcheck` and `format`");
        return false;
    }
    if (format->valuedouble != REPORT_JSON_FORMAT) {
        char hint[sizeof error->hint];
        snprintf(hint, sizeof hint, "use the gapcheck that wrote it, version %.40s",
                 text_member(root, "gapcheck"));
        error_set(error, hint, "results.json has format %g, and this gapcheck knows only %d",
                  format->valuedouble, REPORT_JSON_FORMAT);
        return false;
    }
    if (!results->client_name || !results->client_version)
        return fail(error, "`client`", "has no `name` and `version`");
    if (!cJSON_IsObject(member(root, "summary")))
        return fail(error, "`summary`", "is missing");
    return cJSON_IsArray(member(root, "scenarios")) || fail(error, "`scenarios`", "is missing");
}

/* ---- the whole ---- */

static cJSON *parse(const char *text, size_t size_bytes, struct error *error)
{
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text, size_bytes, &end, false);
    size_t offset = end ? (size_t)(end - text) : 0;
    while (root && offset < size_bytes && strchr(" \t\r\n", text[offset]) && text[offset])
        offset++;
    if (root && offset == size_bytes)
        return root;
    cJSON_Delete(root);
    error_set(error, "the file is damaged or cut off: run the scenarios again",
              "this is no JSON document");
    error_locate(text, size_bytes, offset, &error->line, &error->column);
    return NULL;
}

bool results_read(const char *text, size_t size_bytes, struct results *results,
                  struct error *error)
{
    *results = (struct results){.document = parse(text, size_bytes, error)};
    if (!results->document)
        return false;
    bool is_good = check_head(results->document, results, error);
    const cJSON *list = member(results->document, "scenarios"), *item;
    if (is_good)
        results->scenarios = memory_alloc((size_t)cJSON_GetArraySize(list),
                                          sizeof *results->scenarios);
    cJSON_ArrayForEach(item, list) {
        if (!is_good)
            break;
        size_t index = results->scenario_count++;
        is_good = read_scenario(item, index, &results->scenarios[index], error);
    }
    if (!is_good)
        results_free(results);
    return is_good;
}

void results_free(struct results *results)
{
    cJSON_Delete(results->document);
    free(results->scenarios);
    *results = (struct results){0};
}

const struct results_scenario *results_find(const struct results *results, const char *name)
{
    for (size_t i = 0; i < results->scenario_count; i++)
        if (strcmp(results->scenarios[i].name, name) == 0)
            return &results->scenarios[i];
    return NULL;
}

bool results_is_bad(enum verdict verdict)
{
    return verdict == VERDICT_FAIL || verdict == VERDICT_CLIENT_ERROR || verdict == VERDICT_ERROR;
}
