/* The schemas in reports/ against what is really written, with a validator for just the words that
 * they use. */
#include "core/transcript_file.h"
#include "report/report.h"
#include "report/sample_run.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static cJSON *load(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/reports/%s", GAPCHECK_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    static char text[1 << 16];
    size_t size_bytes = fread(text, 1, sizeof text - 1, file);
    text[size_bytes] = '\0';
    fclose(file);
    cJSON *schema = cJSON_ParseWithOpts(text, NULL, true);
    cr_assert_not_null(schema, "%s", path);
    return schema;
}

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool is_of_type(const cJSON *value, const char *type)
{
    if (strcmp(type, "object") == 0)
        return cJSON_IsObject(value);
    if (strcmp(type, "array") == 0)
        return cJSON_IsArray(value);
    if (strcmp(type, "string") == 0)
        return cJSON_IsString(value);
    if (strcmp(type, "boolean") == 0)
        return cJSON_IsBool(value);
    if (strcmp(type, "null") == 0)
        return cJSON_IsNull(value);
    if (strcmp(type, "number") == 0)
        return cJSON_IsNumber(value);
    cr_assert_str_eq(type, "integer");
    return cJSON_IsNumber(value) && value->valuedouble == floor(value->valuedouble);
}

static bool types_allow(const cJSON *types, const cJSON *value)
{
    if (!types || cJSON_IsString(types))
        return !types || is_of_type(value, types->valuestring);
    const cJSON *type;
    cJSON_ArrayForEach(type, types)
        if (is_of_type(value, type->valuestring))
            return true;
    return false;
}

static bool is_among(const cJSON *allowed, const cJSON *value)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, allowed)
        if (cJSON_Compare(item, value, true))
            return true;
    return false;
}

static bool validate(const cJSON *root, const cJSON *schema, const cJSON *value, char *where);

static bool validate_members(const cJSON *root, const cJSON *schema, const cJSON *value,
                             char *where)
{
    const cJSON *name, *member;
    cJSON_ArrayForEach(name, get(schema, "required"))
    {
        if (!get(value, name->valuestring)) {
            snprintf(where, 200, "lacks %s", name->valuestring);
            return false;
        }
    }
    cJSON_ArrayForEach(member, value)
    {
        const cJSON *known = get(get(schema, "properties"), member->string);
        const cJSON *other = get(schema, "additionalProperties");
        const cJSON *rule = known ? known : other;
        if ((cJSON_IsFalse(rule) || !validate(root, rule, member, where))) {
            if (!where[0])
                snprintf(where, 200, "%s", member->string);
            return false;
        }
    }
    return true;
}

static bool validate(const cJSON *root, const cJSON *schema, const cJSON *value, char *where)
{
    const cJSON *reference = get(schema, "$ref");
    if (reference)
        return validate(root,
                        get(get(root, "definitions"),
                            reference->valuestring + strlen("#/definitions/")),
                        value, where);
    const cJSON *option, *choices = get(schema, "oneOf");
    size_t match_count = 0;
    cJSON_ArrayForEach(option, choices)
    {
        char ignored[200] = "";
        match_count += validate(root, option, value, ignored);
    }
    if (choices && match_count != 1)
        return false;
    const cJSON *constant = get(schema, "const");
    const cJSON *minimum = get(schema, "minimum");
    if (!types_allow(get(schema, "type"), value) ||
        (constant && !cJSON_Compare(constant, value, true)) ||
        (get(schema, "enum") && !is_among(get(schema, "enum"), value)) ||
        (minimum && value->valuedouble < minimum->valuedouble))
        return false;
    const cJSON *item;
    if (cJSON_IsArray(value) && get(schema, "items"))
        cJSON_ArrayForEach(item, value)
            if (!validate(root, get(schema, "items"), item, where))
                return false;
    return !cJSON_IsObject(value) || validate_members(root, schema, value, where);
}

Test(schemas, results_json_is_what_its_schema_says)
{
    struct run run = sample_run();
    cJSON *schema = load("results.schema.json");
    struct buffer out;
    char where[200] = "";
    buffer_init(&out, BUFFER_NO_LIMIT);
    run.capabilities.bits = (UINT32_C(1) << DRIVER_CAPABILITY_COUNT) - 1;
    report_json(&run, &out);
    cJSON *document = cJSON_Parse(buffer_text(&out));
    cr_expect(validate(schema, schema, document, where), "%s", where);
    cJSON_AddNumberToObject(document, "surprise", 1);
    cr_expect_not(validate(schema, schema, document, where), "the validator must see it");
    cJSON_Delete(document);
    cJSON_Delete(schema);
    buffer_free(&out);
    run_free(&run);
}

/* Every kind with every member that it can have. */
static struct transcript *full_transcript(void)
{
    struct transcript *transcript = transcript_new();
    struct transcript_header *header = &transcript->header;
    header->scenario_name = sample_copy("name");
    header->scenario_path = sample_copy("path");
    header->scenario_text = sample_copy("{}");
    header->client_name = sample_copy("client");
    header->client_version = sample_copy("1");
    header->client_command = sample_copy("reference");
    header->gapcheck_version = sample_copy(GAPCHECK_VERSION);
    header->capabilities.bits = 7;
    header->timeout_scale = 1;
    for (int kind = 0; kind < TRANSCRIPT_KIND_COUNT; kind++) {
        struct transcript_entry entry =
            transcript_entry_of((enum transcript_kind)kind, kind * 10000);
        entry.marker = entry.count = 1;
        entry.seq = entry.number = entry.number2 = 1;
        /* The names that the schema lists for a kind are told apart by the test below. */
        entry.name = kind == TRANSCRIPT_STEP_END ? "done"
                     : kind == TRANSCRIPT_SENT   ? "live"
                                                 : "driver";
        entry.detail = "detail";
        entry.text = "text";
        entry.size_bytes = 1;
        entry.step = entry.connection = 1;
        entry.flags = UINT16_MAX;
        transcript_add(transcript, &entry);
    }
    return transcript;
}

Test(schemas, every_line_of_a_transcript_is_what_its_schema_says)
{
    struct transcript *transcript = full_transcript();
    cJSON *schema = load("transcript.schema.json");
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    size_t count = 0;
    for (; transcript_write_line(transcript, count, &line); count++) {
        char where[200] = "";
        cJSON *document = cJSON_Parse(buffer_text(&line));
        const cJSON *definition =
            get(get(schema, "definitions"), count == 0 ? "header" : "entry");
        cr_expect(validate(schema, definition, document, where), "%s in %s", where,
                  buffer_text(&line));
        cr_expect(validate(schema, schema, document, where), "%s", buffer_text(&line));
        cJSON_Delete(document);
        buffer_clear(&line);
    }
    cr_expect_eq(count, TRANSCRIPT_KIND_COUNT + 1);
    buffer_free(&line);
    cJSON_Delete(schema);
    transcript_free(transcript);
}

/* The row of the table of kinds that begins with the kind, up to its end. */
static bool find_row(const char *readme, const char *kind, char row[500])
{
    char word[40];
    snprintf(word, sizeof word, "`%s`", kind);
    for (const char *line = strstr(readme, "| `kind` |"); line; line = strchr(line + 1, '\n')) {
        const char *first = line + strspn(line, "\n");
        const char *cell_end = *first == '|' ? strchr(first + 1, '|') : NULL;
        const char *found = strstr(first, word);
        if (!cell_end || !found || found > cell_end)
            continue;
        snprintf(row, 500, "%.*s", (int)strcspn(first, "\n"), first);
        return true;
    }
    return false;
}

/* Members that every kind may have stand in the text around the table. */
static bool is_of_every_kind(const char *name)
{
    static const char *const common[] = {"us",   "kind", "step", "connection", "marker",
                                         "size", "hash", "text", "type",       "agent_seq",
                                         "name", "number", "number2", "count"};
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (strcmp(common[i], name) == 0)
            return true;
    return false;
}

Test(schemas, the_readme_tells_every_kind_with_the_members_of_its_own)
{
    static char readme[1 << 16];
    FILE *file = fopen(GAPCHECK_SOURCE_DIR "/reports/README.md", "r");
    cr_assert_not_null(file);
    readme[fread(readme, 1, sizeof readme - 1, file)] = '\0';
    fclose(file);
    struct transcript *transcript = full_transcript();
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    for (size_t i = 1; transcript_write_line(transcript, i, &line); i++) {
        char row[500] = "", word[60];
        cJSON *document = cJSON_Parse(buffer_text(&line));
        const char *kind = cJSON_GetStringValue(get(document, "kind"));
        cr_expect(find_row(readme, kind, row), "no row tells of %s", kind);
        const cJSON *member;
        cJSON_ArrayForEach(member, document)
        {
            snprintf(word, sizeof word, "`%s`", member->string);
            if (!cJSON_IsBool(member) && !is_of_every_kind(member->string))
                cr_expect_not_null(strstr(row, word), "%s of %s", word, kind);
        }
        cJSON_Delete(document);
        buffer_clear(&line);
    }
    buffer_free(&line);
    transcript_free(transcript);
}
