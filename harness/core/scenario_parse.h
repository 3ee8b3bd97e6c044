/* The loader's inside: reads one instance of a scenario by the table of scenario_fields.h. Private
 * to scenario*.c. Functions that read a value return false after they have told an error. */
#ifndef GAPCHECK_CORE_SCENARIO_PARSE_H
#define GAPCHECK_CORE_SCENARIO_PARSE_H

#include "core/arena.h"
#include "core/jsonc.h"
#include "core/scenario.h"
#include "core/scenario_fields.h"

/* A growing list of names with a quick search; borrows the names. */
struct name_set {
    const char **items; /* owned */
    size_t count;
    size_t capacity_count;
    uint32_t *slots; /* owned; open addressing: index + 1, 0 is free */
    size_t slot_count;
};

struct scenario_parser {
    const char *text; /* of the file */
    size_t size_bytes;
    const struct jsonc_document *document;
    struct error_list *errors;
    bool has_failed;
    const char *instance;         /* the name of this one of `each`, NULL without `each` */
    struct name_list each_names;  /* for a typo in "${…}" */
    struct scenario *scenario;    /* to be filled */
    struct arena *arena;          /* the scenario's */
    struct name_set events;       /* named by `publish.as` so far */
    struct scenario_step *steps;  /* owned until they are given to the scenario */
    size_t step_count;
    size_t step_capacity_count;
    int64_t timeout_ms;           /* of a step that does not say */
    size_t located_offset;        /* the last place that was looked up: steps come in order, and */
    size_t located_line;          /* counting from there keeps a long file cheap */
    size_t located_column;
};

/* What of a member an error underlines. */
enum parse_part { PARSE_KEY, PARSE_VALUE };

/* ---- errors (scenario_parse.c) ---- */

/* Tells an error; always false. `hint` may be NULL. */
bool parse_fail(struct scenario_parser *parser, struct jsonc_node node, enum parse_part part,
                const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* "`field` must be EXPECTED, found …"; a text with an unknown template is told as that. */
bool parse_fail_type(struct scenario_parser *parser, struct jsonc_node node, const char *field,
                     const char *expected);

/* "unknown WHAT `name`; allowed are …", with the nearest as a hint. */
bool parse_fail_name(struct scenario_parser *parser, struct jsonc_node node, enum parse_part part,
                     const char *what, const char *name, const struct name_list *allowed);

/* Line and column of a byte, quick if it is behind the one asked for before. */
void parse_locate(struct scenario_parser *parser, size_t offset, size_t *line, size_t *column);

/* False with an error if the text has a template that nothing fills in. */
bool parse_check_templates(struct scenario_parser *parser, struct jsonc_node node, bool is_frame);

/* ---- values (scenario_parse_values.c) ---- */

bool parse_matcher(struct scenario_parser *parser, struct jsonc_node node, const char *field,
                   bool is_number, struct matcher *matcher);
bool parse_field(struct scenario_parser *parser, struct jsonc_node node,
                 const struct scenario_field *field, void *base);
void parse_default(struct scenario_parser *parser, const struct scenario_field *field, void *base);

/* ---- special values (scenario_parse_special.c) ---- */

bool parse_rules(struct scenario_parser *parser, struct jsonc_node node, bool rules[RULE_COUNT]);
bool parse_judge(struct scenario_parser *parser, struct jsonc_node node, bool rules[RULE_COUNT]);
bool parse_headers(struct scenario_parser *parser, struct jsonc_node node, const char **headers);
bool parse_hex(struct scenario_parser *parser, struct jsonc_node node,
               const struct scenario_field *field, const uint8_t **bytes, size_t *byte_count);
bool parse_event_name(struct scenario_parser *parser, struct jsonc_node node, enum parse_part part,
                      const char *name);
bool parse_dispatched(struct scenario_parser *parser, struct jsonc_node node,
                      const struct scenario_field *field, int64_t *count,
                      struct field_matchers *names);
bool parse_nothing(struct scenario_parser *parser, struct jsonc_node node,
                   const struct scenario_field *field, struct text_list *list);
bool parse_client_frame(struct scenario_parser *parser, struct jsonc_node node, const char **type);
bool parse_matchers(struct scenario_parser *parser, struct jsonc_node node,
                    const struct scenario_field *field, struct field_matchers *matchers);

/* ---- objects (scenario_parse.c) ---- */

/* Reads a whole object into the struct at `base`; the fields that every verb takes go to `step`
 * where that is not NULL. */
bool parse_object(struct scenario_parser *parser, struct jsonc_node node,
                  const struct scenario_object *object, void *base, struct scenario_step *step);

/* ---- steps (scenario_parse_steps.c) ---- */

bool parse_steps(struct scenario_parser *parser, struct jsonc_node node);
bool parse_sends(struct scenario_parser *parser, struct jsonc_node node, struct send_fields **sends,
                 size_t *count);

/* ---- what the dialect does not know (scenario_parse_stream.c) ---- */

/* Tells what makes no sense in the scenario's stream, once all of it was read. */
bool parse_check_stream(struct scenario_parser *parser, struct jsonc_node root);

void name_set_add(struct name_set *set, const char *name);
bool name_set_has(const struct name_set *set, const char *name);
void name_set_free(struct name_set *set);

#endif
