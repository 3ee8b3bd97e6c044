/* What the values of a scenario's fields look like as JSON Schema, and the few helpers to build
 * one. Private to scenario_schema*.c. Everything added to a schema is owned by it. */
#ifndef GAPCHECK_CORE_SCENARIO_SCHEMA_VALUES_H
#define GAPCHECK_CORE_SCENARIO_SCHEMA_VALUES_H

#include "core/buffer.h"
#include "core/scenario_fields.h"

#include <cjson/cJSON.h>

/* ---- building; running out of memory ends the program ---- */

void schema_add(cJSON *object, const char *name, cJSON *value);
void schema_add_or_drop(cJSON *object, const char *name, cJSON *list); /* drops an empty one */
void schema_add_text(cJSON *object, const char *name, const char *text);
void schema_add_number(cJSON *object, const char *name, double number); /* whole */
void schema_add_description(cJSON *schema, const char *help);
void schema_append(cJSON *list, cJSON *value);
void schema_append_text(cJSON *list, const char *text);
cJSON *schema_new_type(const char *type);
cJSON *schema_new_reference(const char *definition);

/* ---- values ---- */

/* The schema of any field but an OBJECT. `is_filled`: "${name}" of `each` may stand there. */
cJSON *schema_new_value(const struct scenario_field *field, bool is_filled);

/* The field's default, as the value that an author would write. */
void schema_add_default(cJSON *schema, const struct scenario_field *field);

/* Templates and matchers, which values refer to. */
cJSON *schema_new_definitions(void);

/* Appends it indented by two blanks. */
void schema_print(const cJSON *schema, struct buffer *out);

#endif
