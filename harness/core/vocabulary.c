#include "core/vocabulary.h"

#include "core/event.h"
#include "core/frame.h"
#include "core/scenario_fields.h"
#include "core/transcript.h"

#include <stdio.h>
#include <string.h>

static void add_word(const char *word, struct buffer *out)
{
    char line[120];
    snprintf(line, sizeof line, "\"%s\"\n", word);
    if (strpbrk(word, "\"\\") || strstr(buffer_text(out), line))
        return;
    buffer_append_text(out, line);
}

static void add_words(const struct name_list *names, struct buffer *out)
{
    for (size_t i = 0; names && i < names->count; i++)
        add_word(names->items[i], out);
}

static void add_object(const struct scenario_object *object, struct buffer *out)
{
    for (size_t i = 0; object && i < object->field_count; i++) {
        add_word(object->fields[i].name, out);
        add_words(object->fields[i].names, out);
        add_object(object->fields[i].object, out);
    }
}

static void add_scenario_words(struct buffer *out)
{
    add_object(scenario_object_top(), out);
    add_object(scenario_object_common(), out);
    add_object(scenario_object_send(), out);
    for (int i = 0; i < VERB_COUNT; i++) {
        add_word(verb_name((enum verb)i), out);
        add_object(scenario_object_of_verb((enum verb)i), out);
    }
}

void vocabulary_print(struct buffer *out)
{
    buffer_append_text(out, "# Made by `./gapcheck schema --write` from the tables of "
                            "harness/core.\n");
    for (int i = 0; i < FRAME_FIELD_COUNT; i++)
        add_word(frame_field_name((enum frame_field)i), out);
    const struct event_type *type;
    for (size_t i = 0; (type = event_type_at(i)) != NULL; i++)
        add_word(type->name, out);
    for (int i = 0; i < DRIVER_EVENT_COUNT; i++)
        add_word(driver_event_name((enum driver_event)i), out);
    for (int i = 0; i < DRIVER_CAPABILITY_COUNT; i++)
        add_word(driver_capability_name((enum driver_capability)i), out);
    for (int i = 0; i < TRANSCRIPT_KIND_COUNT; i++)
        add_word(transcript_kind_name((enum transcript_kind)i), out);
    add_scenario_words(out);
}
