#include "core/scenario_fields.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

typedef void visit(const struct scenario_object *object);

static void walk(const struct scenario_object *object, visit *visit_object)
{
    visit_object(object);
    for (size_t i = 0; i < object->field_count; i++) {
        if (object->fields[i].object)
            walk(object->fields[i].object, visit_object);
    }
}

static void walk_all(visit *visit_object)
{
    walk(scenario_object_top(), visit_object);
    walk(scenario_object_common(), visit_object);
    for (int verb = 0; verb < VERB_COUNT; verb++)
        walk(scenario_object_of_verb((enum verb)verb), visit_object);
}

static void check_help(const struct scenario_object *object)
{
    cr_assert(object->name && object->help, "%s", object->name);
    for (size_t i = 0; i < object->field_count; i++) {
        const char *help = object->fields[i].help;
        cr_assert(help && help[strlen(help) - 1] == '.', "%s.%s", object->name,
                  object->fields[i].name);
    }
}

Test(scenario_fields, every_object_and_field_has_a_sentence)
{
    walk_all(check_help);
}

static void check_names(const struct scenario_object *object)
{
    cr_assert_leq(object->field_count, 56); /* bits of the loader's set, some for common fields */
    for (size_t i = 0; i < object->field_count; i++) {
        const struct scenario_field *field = &object->fields[i];
        cr_assert_eq(scenario_field_find(object, field->name), field, "%s twice", field->name);
    }
    cr_assert_null(scenario_field_find(object, "x"));
}

Test(scenario_fields, no_object_has_a_name_twice)
{
    walk_all(check_names);
}

static bool has_name(const struct name_list *names, const char *name)
{
    for (size_t i = 0; names && i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0)
            return true;
    }
    return false;
}

/* The default must be a value that an author could have written. */
static void check_fallback(const struct scenario_object *object)
{
    for (size_t i = 0; i < object->field_count; i++) {
        const struct scenario_field *field = &object->fields[i];
        if (!field->fallback)
            continue;
        char *end;
        int64_t number = strtoll(field->fallback, &end, 10);
        bool is_number = *field->fallback && !*end && number >= field->min && number <= field->max;
        bool is_bool = !strcmp(field->fallback, "true") || !strcmp(field->fallback, "false");
        switch (field->kind) {
        case FIELD_BOOL:
            cr_assert(is_bool, "%s", field->name);
            break;
        case FIELD_INTEGER:
        case FIELD_INTEGER_OR_NAME:
            cr_assert(is_number, "%s", field->name);
            break;
        case FIELD_NAME:
        case FIELD_FLAG:
        case FIELD_NAME_OR_INTEGER:
            cr_assert(has_name(field->names, field->fallback), "%s", field->name);
            break;
        default:
            cr_assert(field->kind == FIELD_TEXT || field->kind == FIELD_TEXT_LIST ||
                          field->kind == FIELD_HEADERS,
                      "%s", field->name);
        }
    }
}

Test(scenario_fields, every_default_is_allowed)
{
    walk_all(check_fallback);
}

static void check_only_with(const struct scenario_object *object)
{
    for (size_t i = 0; i < object->field_count; i++) {
        const char *names = object->fields[i].only_with;
        while (names && *names) {
            char name[40] = "";
            size_t size_bytes = strcspn(names, " ");
            memcpy(name, names, size_bytes);
            cr_assert(scenario_field_find(object, name), "%s", name);
            names += size_bytes + strspn(names + size_bytes, " ");
        }
    }
}

Test(scenario_fields, only_with_names_fields_of_the_same_object)
{
    walk_all(check_only_with);
}

static void check_verb_fields(const struct scenario_object *object)
{
    for (size_t i = 0; i < scenario_object_common()->field_count; i++)
        cr_assert_null(scenario_field_find(object, scenario_object_common()->fields[i].name));
}

Test(scenario_fields, verbs_leave_the_common_names_free)
{
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        const struct scenario_object *object = scenario_object_of_verb((enum verb)verb);
        cr_assert_str_eq(object->name, verb_name((enum verb)verb));
        check_verb_fields(object);
    }
}

/* The choices are stored as the enums of scenario.h by their order. */
Test(scenario_fields, choices_stand_in_the_order_of_their_enums)
{
    static const char *const sends[] = {
        [SEND_FRAME] = "frame", [SEND_TEXT] = "text",   [SEND_BINARY] = "binary",
        [SEND_RAW] = "raw",     [SEND_AGAIN] = "again",
    };
    static const char *const expects[] = {
        [EXPECT_FRAME] = "frame",       [EXPECT_CONNECTION] = "connection",
        [EXPECT_REFUSED] = "refused",   [EXPECT_RECONNECTING] = "reconnecting",
        [EXPECT_RESYNCED] = "resynced", [EXPECT_DISPATCHED] = "dispatched",
        [EXPECT_GAVE_UP] = "gave_up",   [EXPECT_NOTHING] = "nothing",
    };
    const struct scenario_object *send = scenario_object_of_verb(VERB_SEND);
    for (size_t i = 0; i < sizeof sends / sizeof *sends; i++) {
        cr_assert(send->fields[i].is_choice);
        cr_assert_str_eq(send->fields[i].name, sends[i]);
    }
    const struct scenario_object *expect = scenario_object_of_verb(VERB_EXPECT);
    for (size_t i = 0; i < sizeof expects / sizeof *expects; i++) {
        cr_assert(expect->fields[i].is_choice);
        cr_assert_str_eq(expect->fields[i].name, expects[i]);
    }
}

Test(scenario_fields, names_stand_in_the_order_of_their_enums)
{
    cr_assert_str_eq(verb_name(VERB_ACCEPT), "accept");
    cr_assert_str_eq(verb_name(VERB_REPEAT), "repeat");
    cr_assert_str_eq(drop_how_name(DROP_RESET), "reset");
    cr_assert_str_eq(drop_how_name(DROP_MID_FRAME), "mid-frame");
    cr_assert_str_eq(drop_how_name(DROP_CLOSE), "close");
    cr_assert_str_eq(refuse_how_name(REFUSE_HTTP), "http");
    cr_assert_str_eq(refuse_how_name(REFUSE_CLOSED), "closed");
    cr_assert_str_eq(refuse_how_name(REFUSE_BAD_ACCEPT), "bad-accept");
    cr_assert_str_eq(client_do_name(CLIENT_DO_SUBSCRIBE), "subscribe");
    cr_assert_str_eq(client_do_name(CLIENT_DO_SLOW), "slow");
    cr_assert_eq(scenario_verb_names()->count, VERB_COUNT);
}
