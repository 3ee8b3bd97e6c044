/* Makes steps, objects and values of a scenario as the table of its fields allows them, and mends
 * objects that it does not allow. Where they go is for mutator_scenario.c to say. */
#ifndef GAPCHECK_FUZZ_MUTATOR_FIELDS_H
#define GAPCHECK_FUZZ_MUTATOR_FIELDS_H

#include "core/scenario_fields.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUTATOR_LISTS_MAX 64

/* A scenario that is being changed; all is borrowed from its tree. */
struct mutator_scene {
    cJSON *root;
    enum dialect dialect;
    const char *event;               /* a name that some `publish` gives; NULL: none does */
    cJSON *lists[MUTATOR_LISTS_MAX]; /* of steps: that of the file and those of repeats */
    size_t list_count;
    uint64_t *state; /* decides (mutator_below) */
};

/* A step, `repeat` among them only if it may be; owned by the caller. */
cJSON *mutator_make_step(struct mutator_scene *scene, bool may_repeat);

/* One key with that value, which it takes; owned by the caller. */
cJSON *mutator_make_pair(const char *name, cJSON *value);

bool mutator_is_of_dialect(const struct mutator_scene *scene, const struct scenario_field *field);

/* Gives the field, instead of the choice that stood there if it is one. */
void mutator_put_field(struct mutator_scene *scene, const struct scenario_object *object,
                       const struct scenario_field *field, cJSON *json);

/* Adds what is missing and takes away what cannot stand there. */
void mutator_repair(struct mutator_scene *scene, const struct scenario_object *object, cJSON *json);

#endif
