/* The one table of the scenario format: every object, every field, with its kind, range, default
 * and a sentence for authors. The loader is driven by it; the JSON Schema, `explain` and the docs
 * are made from it, so that none of them can tell something else.
 *
 * To walk it: start at scenario_object_top(); a FIELD_OBJECT leads on through `object`, the items
 * of FIELD_SENDS are scenario_object_send(), those of FIELD_STEPS are objects with one key, a verb
 * of SCENARIO_VERBS, whose value is scenario_object_of_verb() with the fields of
 * scenario_object_common() beside its own. */
#ifndef GAPCHECK_CORE_SCENARIO_FIELDS_H
#define GAPCHECK_CORE_SCENARIO_FIELDS_H

#include "core/scenario.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a field may hold (in JSON), and where the loader puts it ("->"). */
enum field_kind {
    FIELD_ANY,             /* any value, read elsewhere or ignored (`$schema`) */
    FIELD_BOOL,            /* true or false -> bool */
    FIELD_TRUE,            /* true only */
    FIELD_INTEGER,         /* a whole number from min to max -> int64_t */
    FIELD_INTEGER_OR_NAME, /* also the one name of `names`, which becomes -1 -> int64_t */
    FIELD_NAME,            /* one of `names` -> enum, its index */
    FIELD_FLAG,            /* one of `names` -> bool, whether it is the one at `true_index` */
    FIELD_NAME_OR_INTEGER, /* -> enum, its index (a number: the count of names); number -> second */
    FIELD_NAME_OR_OBJECT,  /* -> enum (an object: the count of names); const cJSON * -> second */
    FIELD_TEXT,            /* min bytes or more, at most max if that is not 0 -> const char * */
    FIELD_TEXT_OR_ANY,     /* also the one name of `names`, which becomes NULL -> const char * */
    FIELD_TEXT_LIST,       /* an array of texts that are not empty -> struct text_list; the
                            * fallback is its one item */
    FIELD_RULES,           /* an array of rule ids -> bool [RULE_COUNT] */
    FIELD_JUDGE,           /* an object, C rule to "off" -> bool [RULE_COUNT] */
    FIELD_EACH,            /* an object, name to an array of scalars (scenario_each.h) */
    FIELD_OBJECT,          /* an object described by `object` */
    FIELD_STEPS,           /* an array of steps, at least one */
    FIELD_SENDS,           /* an array of `send` objects -> struct send_fields *; count -> second */
    FIELD_HEADERS,         /* an object, name to text -> const char *, complete header lines */
    FIELD_TEMPLATE,        /* any JSON with templates in it -> const cJSON * */
    FIELD_HEX,             /* -> const uint8_t *; count of bytes, min at least -> second */
    FIELD_EVENT_NAME,      /* a name given by an earlier `publish.as` -> const char * */
    FIELD_NUMBER_MATCHER,  /* a matcher that a number can meet -> struct matcher */
    FIELD_MATCHERS,        /* an object, a name of `names` to a matcher -> struct field_matchers */
    FIELD_CLIENT_FRAME,    /* the type of a client's frame -> const char * */
    FIELD_DISPATCHED,      /* a count -> int64_t; or {event name: number matcher} -> second */
    FIELD_NOTHING,         /* one of, or an array of, frame types and `names` -> text_list */
};

/* Not kept by the table's reader, but by code of its own. */
#define FIELD_UNSTORED SIZE_MAX

struct name_list {
    const char *const *items;
    size_t count;
};

struct scenario_object;

struct scenario_field {
    const char *name;
    enum field_kind kind;
    bool is_needed;
    bool is_prose;              /* TEXT for people, in which "${…}" means nothing */
    bool is_choice;             /* exactly one of the object's choices must be given */
    int64_t min, max;           /* of numbers, both allowed */
    const char *fallback;       /* the default as an author would write it; NULL: none */
    const struct name_list *names;
    size_t true_index;          /* FLAG */
    const struct scenario_object *object; /* OBJECT */
    const char *only_with;      /* names, with blanks between; one of them must be given too */
    const char *agent_only;     /* why it makes no sense in the node stream; NULL: it does */
    bool is_node_only;
    const char *help;           /* one sentence for authors */
    size_t offset;              /* in the object's struct */
    size_t second_offset;       /* see the kinds */
    size_t has_offset;          /* of a bool that says whether it was given; 0: not wanted */
};

struct scenario_object {
    const char *name; /* "publish"; of the top level: "scenario" */
    const char *help; /* what the object is, or what the verb does */
    const struct scenario_field *fields;
    size_t field_count;
    size_t base_offset;   /* of a verb's struct in struct scenario_step */
    size_t choice_offset; /* of the enum that gets the index of the choice, counted among choices */
    bool takes_more;      /* `expect`: further fields match those of the frame */
    const char *agent_only; /* of a verb: why it makes no sense in the node stream; else NULL */
};

const struct scenario_object *scenario_object_top(void);
const struct scenario_object *scenario_object_send(void);
const struct scenario_object *scenario_object_client(void);
const struct scenario_object *scenario_object_of_verb(enum verb verb);
const struct scenario_object *scenario_object_common(void); /* fields that every verb takes */

/* The field of that name, or NULL. */
const struct scenario_field *scenario_field_find(const struct scenario_object *object,
                                                 const char *name);

/* The names of all verbs, in the order of enum verb. */
const struct name_list *scenario_verb_names(void);

/* The templates that `frame` of `send` knows: "seq", "now", "marker", "id". */
const struct name_list *scenario_template_names(void);

/* The kinds that {"kind": …} of a matcher knows. */
const struct name_list *scenario_json_kind_names(void);

/* The frames that a client of the dialect sends (protocol.md), and the fields of one, NULL where
 * they are not fixed. */
const struct name_list *scenario_client_frame_names(enum dialect dialect);
const struct name_list *scenario_client_frame_fields(const char *type);

#endif
