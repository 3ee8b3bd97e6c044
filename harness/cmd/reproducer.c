#define _XOPEN_SOURCE 700 /* realpath */

#include "cmd/reproducer.h"

#include "core/lint.h"
#include "core/memory.h"
#include "core/scenario_print.h"
#include "core/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TITLE_BYTES_MAX 90
#define TEXT_BYTES_MAX  600

/* ---- words ---- */

/* What the client said may stand in a message: nothing of it must be taken for a template. */
static void append_plain(const char *text, size_t limit_bytes, struct buffer *out)
{
    struct buffer safe;
    buffer_init(&safe, BUFFER_NO_LIMIT);
    text_append_escaped(&safe, text, strlen(text), limit_bytes);
    for (const char *letter = buffer_text(&safe); *letter; letter++) {
        buffer_append(out, letter, 1);
        if (letter[0] == '$' && letter[1] == '{')
            buffer_append_text(out, " ");
    }
    buffer_free(&safe);
}

/* "C-5: 40 of 67 events lost"; the list of events is for `why`. */
static char *make_title(const struct reproducer *reproducer)
{
    const char *list = strstr(reproducer->message, ": gc-");
    size_t size_bytes = list ? (size_t)(list - reproducer->message) : strlen(reproducer->message);
    char *message = memory_copy_text(reproducer->message, size_bytes);
    struct buffer title;
    buffer_init(&title, BUFFER_NO_LIMIT);
    if (reproducer->rule == RULE_STEP)
        buffer_append_text(&title, "A step is not met: ");
    else
        buffer_printf(&title, "%s broken: ", rule_info(reproducer->rule)->id);
    append_plain(message, TITLE_BYTES_MAX, &title);
    free(message);
    return buffer_take_text(&title);
}

static char *make_why(const struct reproducer *reproducer)
{
    bool is_node = reproducer->scenario->dialect == DIALECT_NODE;
    const char *cause = reproducer->finding ? reproducer->finding->cause : NULL;
    struct buffer why;
    buffer_init(&why, BUFFER_NO_LIMIT);
    if (reproducer->rule != RULE_STEP)
        buffer_printf(&why, "A client %s. ", rule_sentence(reproducer->rule, is_node));
    buffer_append_text(&why, "Here: ");
    append_plain(reproducer->message, TEXT_BYTES_MAX, &why);
    if (cause) {
        buffer_append_text(&why, "; ");
        append_plain(cause, TEXT_BYTES_MAX, &why);
    }
    buffer_append_text(&why, ".");
    return buffer_take_text(&why);
}

static char *make_head(const struct reproducer *reproducer, size_t step_count)
{
    struct buffer head;
    buffer_init(&head, BUFFER_NO_LIMIT);
    const char *id = rule_info(reproducer->rule)->id;
    buffer_printf(&head, "%s breaks %s: found by gapcheck %s, %s.\n", reproducer->client,
                  reproducer->rule == RULE_STEP ? "off" : id, GAPCHECK_VERSION, reproducer->origin);
    buffer_printf(&head, "It failed %zu of %zu times.", reproducer->confirmed_count,
                  reproducer->confirm_count);
    if (step_count < reproducer->original_step_count)
        buffer_printf(&head, " Made smaller from %zu steps to %zu.",
                      reproducer->original_step_count, step_count);
    if (reproducer->remark)
        buffer_printf(&head, " %s", reproducer->remark);
    buffer_printf(&head, "\n%s", reproducer->command);
    return buffer_take_text(&head);
}

/* ---- the schema ---- */

/* From the file's folder to the library's schema, where both lie in one tree; owned by the caller,
 * NULL if they do not. */
static char *find_schema(const char *path, const struct places *places)
{
    char root[PATH_MAX], folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    char *parent =
        slash ? memory_copy_text(path, (size_t)(slash - path)) : memory_copy_text(".", 1);
    bool is_there = places->root && realpath(places->root, root) && realpath(parent, folder);
    size_t root_bytes = is_there ? strlen(root) : 0;
    free(parent);
    if (!is_there || strncmp(folder, root, root_bytes) != 0 ||
        (folder[root_bytes] && folder[root_bytes] != '/'))
        return NULL;
    struct buffer schema;
    buffer_init(&schema, BUFFER_NO_LIMIT);
    const char *rest = folder + root_bytes;
    if (strncmp(rest, "/scenarios", 10) == 0 && (!rest[10] || rest[10] == '/'))
        rest += 10;
    bool is_inside = rest != folder + root_bytes;
    for (; *rest; rest++)
        buffer_append_text(&schema, *rest == '/' ? "../" : "");
    buffer_append_text(&schema, is_inside ? "schema.json" : "scenarios/schema.json");
    return buffer_take_text(&schema);
}

/* ---- the file ---- */

/* What is broken in the play, the rule itself at least. */
static void fill_rules(const struct reproducer *reproducer, bool has_others,
                       struct scenario *scenario)
{
    memset(scenario->rules, 0, sizeof scenario->rules);
    if (reproducer->rule == RULE_STEP) {
        memcpy(scenario->rules, reproducer->scenario->rules, sizeof scenario->rules);
        return;
    }
    scenario->rules[reproducer->rule] = true;
    for (int i = 0; has_others && reproducer->judgement && i < RULE_COUNT; i++) {
        enum rule_status status = reproducer->judgement->rules[i];
        if (i != RULE_STEP && !scenario->rules_off[i] &&
            (status == RULE_STATUS_FAIL || status == RULE_STATUS_WARN))
            scenario->rules[i] = true;
    }
}

static void print_with(const struct reproducer *reproducer, const char *schema, bool has_others,
                       struct buffer *out)
{
    struct scenario scenario = *reproducer->scenario; /* shares all but what is set here */
    static const char *const tags[] = {"found"};
    char *title = make_title(reproducer), *why = make_why(reproducer);
    char *head = make_head(reproducer, scenario_print_step_count(&scenario));
    const char **comments = memory_alloc(scenario.step_count, sizeof *comments);
    char comment[40];
    size_t step = reproducer->finding ? reproducer->finding->step : 0;
    snprintf(comment, sizeof comment, "here: %s", rule_info(reproducer->rule)->id);
    if (step > 0 && step <= scenario.step_count)
        comments[step - 1] = comment;
    scenario.title = title;
    scenario.why = why;
    scenario.tags = (struct text_list){(const char **)tags, 1};
    fill_rules(reproducer, has_others, &scenario);
    const struct scenario_print_notes notes = {schema, head, comments};
    scenario_print(&scenario, &notes, out);
    free(comments);
    free(head);
    free(why);
    free(title);
}

static size_t count_warnings(const struct buffer *text, const char *path)
{
    struct scenario *scenario = reproducer_load(text, path, path);
    struct lint_report report = {0};
    if (!scenario)
        return SIZE_MAX;
    const struct scenario_set set = {.items = &scenario, .count = 1};
    lint_scenarios(&set, &report);
    size_t count = report.count;
    lint_report_free(&report);
    scenario_free(scenario);
    return count;
}

void reproducer_print(const struct reproducer *reproducer, const struct places *places,
                      struct buffer *out)
{
    char *schema = find_schema(reproducer->path, places);
    struct buffer all, one;
    buffer_init(&all, BUFFER_NO_LIMIT);
    buffer_init(&one, BUFFER_NO_LIMIT);
    print_with(reproducer, schema, true, &all);
    print_with(reproducer, schema, false, &one);
    /* A rule that is broken beside the one that counts must not make lint ask for more steps. */
    const struct buffer *chosen =
        count_warnings(&all, reproducer->path) <= count_warnings(&one, reproducer->path) ? &all
                                                                                         : &one;
    buffer_append(out, chosen->data, chosen->size_bytes);
    buffer_free(&all);
    buffer_free(&one);
    free(schema);
}

struct scenario *reproducer_load(const struct buffer *text, const char *path, const char *name)
{
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    scenario_load(text->data, text->size_bytes, path, name, &set, &errors);
    struct scenario *scenario = set.count == 1 ? set.items[0] : NULL;
    if (!scenario)
        scenario_set_free(&set);
    else
        free(set.items);
    error_list_free(&errors);
    return scenario;
}
