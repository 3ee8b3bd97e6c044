#include "core/scenario_schema.h"

#include "core/scenario_fields.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define COMMITTED GAPCHECK_SOURCE_DIR "/scenarios/schema.json"

static cJSON *schema;

static void set_up(void)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    scenario_schema_print(&text);
    schema = cJSON_Parse(buffer_text(&text));
    cr_assert_not_null(schema);
    buffer_free(&text);
}

static void tear_down(void)
{
    cJSON_Delete(schema);
}

TestSuite(scenario_schema, .init = set_up, .fini = tear_down);

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(member(object, name));
    return text ? text : "";
}

static const cJSON *verb_schema(enum verb verb)
{
    const cJSON *step = member(member(schema, "definitions"), "step");
    return member(member(step, "properties"), verb_name(verb));
}

Test(scenario_schema, the_committed_file_is_up_to_date)
{
    struct buffer wanted;
    buffer_init(&wanted, BUFFER_NO_LIMIT);
    scenario_schema_print(&wanted);
    static char found[1 << 20];
    FILE *file = fopen(COMMITTED, "r");
    cr_assert_not_null(file, "scenarios/schema.json is missing: ./gapcheck schema --write");
    size_t size_bytes = fread(found, 1, sizeof found, file);
    fclose(file);
    cr_assert(size_bytes == wanted.size_bytes && memcmp(found, wanted.data, size_bytes) == 0,
              "scenarios/schema.json is stale (or was edited by hand): ./gapcheck schema --write");
    buffer_free(&wanted);
}

static void check_object(const struct scenario_object *object, const cJSON *found)
{
    cr_assert_str_eq(text_of(found, "description"), object->help, "%s", object->name);
    for (size_t i = 0; i < object->field_count; i++) {
        const struct scenario_field *field = &object->fields[i];
        const cJSON *value = member(member(found, "properties"), field->name);
        cr_assert_not_null(value, "%s.%s", object->name, field->name);
        cr_assert_str_eq(text_of(value, "description"), field->help, "%s.%s", object->name,
                         field->name);
    }
}

Test(scenario_schema, every_field_is_there_with_its_help_as_hover_text)
{
    check_object(scenario_object_top(), schema);
    check_object(scenario_object_client(), member(member(schema, "properties"), "client"));
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        check_object(scenario_object_of_verb((enum verb)verb), verb_schema((enum verb)verb));
        const cJSON *properties = member(verb_schema((enum verb)verb), "properties");
        cr_assert_not_null(member(properties, "timeout_ms"), "%s", verb_name((enum verb)verb));
    }
}

static bool is_closed(const cJSON *object)
{
    return cJSON_IsFalse(member(object, "additionalProperties"));
}

Test(scenario_schema, unknown_keys_are_refused_wherever_the_loader_refuses_them)
{
    cr_assert(is_closed(schema));
    cr_assert(is_closed(member(member(schema, "definitions"), "step")));
    for (int verb = 0; verb < VERB_COUNT; verb++)
        cr_assert_eq(is_closed(verb_schema((enum verb)verb)), verb != VERB_EXPECT, "%s",
                     verb_name((enum verb)verb));
}

Test(scenario_schema, numbers_are_not_rounded)
{
    const cJSON *seq = member(member(verb_schema(VERB_PUBLISH), "properties"), "seq");
    const cJSON *maximum = member(cJSON_GetArrayItem(member(seq, "anyOf"), 0), "maximum");
    cr_assert_eq(cJSON_GetNumberValue(maximum), 9007199254740991.0);
}
