#include "core/scenario_reference.h"

#include "core/scenario_fields.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define COMMITTED GAPCHECK_SOURCE_DIR "/scenarios/README.md"

static struct buffer text;

static void set_up(void)
{
    buffer_init(&text, BUFFER_NO_LIMIT);
}

static void tear_down(void)
{
    buffer_free(&text);
}

TestSuite(scenario_reference, .init = set_up, .fini = tear_down);

Test(scenario_reference, the_committed_page_is_up_to_date)
{
    static char found[SCENARIO_REFERENCE_FILE_BYTES_MAX];
    FILE *file = fopen(COMMITTED, "r");
    cr_assert_not_null(file);
    size_t size_bytes = fread(found, 1, sizeof found - 1, file);
    fclose(file);
    cr_assert(scenario_reference_replace(found, &text),
              "the marker lines of scenarios/README.md are gone");
    cr_assert(text.size_bytes == size_bytes && memcmp(text.data, found, size_bytes) == 0,
              "the reference in scenarios/README.md is stale: ./gapcheck schema --write");
}

Test(scenario_reference, every_verb_has_a_section_and_every_field_a_row)
{
    scenario_reference_print(&text);
    const char *page = buffer_text(&text);
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        const struct scenario_object *object = scenario_object_of_verb((enum verb)verb);
        char heading[60];
        snprintf(heading, sizeof heading, "\n### `%s`\n\n", object->name);
        const char *section = strstr(page, heading);
        cr_assert_not_null(section, "%s", object->name);
        for (size_t i = 0; i < object->field_count; i++) {
            char row[60];
            snprintf(row, sizeof row, "\n| `%s` | ", object->fields[i].name);
            cr_assert_not_null(strstr(section, row), "%s.%s", object->name, object->fields[i].name);
        }
    }
    cr_assert_not_null(strstr(page, "| `skew_ms` | -3,600,000"));
    cr_assert_not_null(strstr(page, "| `counter` | `keep`, or 0 to 9,007,199,254,740,991 | `0` |"));
}

Test(scenario_reference, replacing_keeps_what_stands_around_it)
{
    struct buffer page;
    buffer_init(&page, BUFFER_NO_LIMIT);
    buffer_append_text(&page, "before\n");
    scenario_reference_print(&page);
    buffer_append_text(&page, "behind\n");
    cr_assert(scenario_reference_replace(buffer_text(&page), &text));
    cr_assert_str_eq(buffer_text(&text), buffer_text(&page));
    buffer_free(&page);
}

Test(scenario_reference, a_page_without_markers_is_left_alone)
{
    cr_assert_not(scenario_reference_replace("nothing here\n", &text));
    cr_assert_not(scenario_reference_replace("", &text));
    cr_assert_eq(text.size_bytes, 0);
}
