#include "core/scenario_print.h"

#include "core/memory.h"
#include "core/number.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

#define STEP_INDENT    4
#define BODY_STEPS_MAX 8  /* of a repeat */
#define ROUNDS_MIN     3  /* fewer are written out */
#define REPEAT_LINES   2  /* what a repeat takes beside its body */
#define COMMENT_COLUMN 44 /* where a comment behind a step begins, if the step is short enough */
#define BREAK_DEPTH    3  /* what lies deeper stays on one line, however long */

/* ---- JSON ---- */

static void append_scalar(const cJSON *json, struct buffer *out)
{
    if (cJSON_IsString(json)) {
        text_append_json(out, json->valuestring, strlen(json->valuestring));
        return;
    }
    char *text = number_print_tree(json);
    buffer_append_text(out, text);
    free(text);
}

static void append_key(const cJSON *json, struct buffer *out)
{
    if (!json->string)
        return;
    text_append_json(out, json->string, strlen(json->string));
    buffer_append_text(out, ": ");
}

/* { "a": 1, "b": [2, 3] } */
static void append_inline(const cJSON *json, struct buffer *out)
{
    bool is_object = cJSON_IsObject(json);
    if (!is_object && !cJSON_IsArray(json)) {
        append_scalar(json, out);
        return;
    }
    buffer_append_text(out, !is_object ? "[" : json->child ? "{ " : "{");
    for (const cJSON *child = json->child; child; child = child->next) {
        append_key(child, out);
        append_inline(child, out);
        buffer_append_text(out, child->next ? ", " : "");
    }
    buffer_append_text(out, !is_object ? "]" : json->child ? " }" : "}");
}

/* Characters, not bytes. */
static size_t count_columns(const char *data, size_t size_bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < size_bytes; i++)
        count += ((unsigned char)data[i] & 0xC0) != 0x80;
    return count;
}

/* On one line if it fits behind `column`, else one member a line. */
static void append_value(const cJSON *json, size_t indent, size_t column, int depth,
                         struct buffer *out)
{
    size_t start = out->size_bytes;
    append_inline(json, out);
    size_t columns = column + count_columns(out->data + start, out->size_bytes - start);
    if (!json->child || depth == BREAK_DEPTH || columns <= SCENARIO_PRINT_COLUMNS_MAX)
        return;
    out->size_bytes = start;
    if (cJSON_IsObject(json) && !json->child->next && json->child->child) {
        buffer_append_text(out, "{ ");
        append_key(json->child, out);
        append_value(json->child, indent, column + strlen(json->child->string) + 6, depth, out);
        buffer_append_text(out, " }");
        return;
    }
    buffer_append_text(out, cJSON_IsObject(json) ? "{" : "[");
    for (const cJSON *child = json->child; child; child = child->next) {
        buffer_printf(out, "\n%*s", (int)indent + 2, "");
        size_t line = out->size_bytes;
        append_key(child, out);
        append_value(child, indent + 2, indent + 2 + out->size_bytes - line, depth + 1, out);
        buffer_append_text(out, child->next ? "," : "");
    }
    buffer_printf(out, "\n%*s%s", (int)indent, "", cJSON_IsObject(json) ? "}" : "]");
}

/* ---- comments ---- */

/* One line of `text`, from `start` on: as many words as fit, at least one. */
static size_t measure_line(const char *text, size_t room)
{
    size_t fitting = 0;
    for (size_t end = 0; text[end];) {
        end += strspn(text + end, " ");
        end += strcspn(text + end, " ");
        if (fitting > 0 && count_columns(text, end) > room)
            break;
        fitting = end;
    }
    return fitting;
}

/* The line as `//` comments of its own, broken between words. `line` has no control characters. */
static void append_comment_line(const char *line, size_t indent, struct buffer *out)
{
    size_t room = SCENARIO_PRINT_COLUMNS_MAX - indent - 3;
    do {
        size_t size_bytes = measure_line(line, room);
        buffer_printf(out, "%*s//%s", (int)indent, "", size_bytes ? " " : "");
        buffer_append(out, line, size_bytes);
        buffer_append_text(out, "\n");
        line += size_bytes;
        line += strspn(line, " ");
    } while (*line);
}

static void append_comment(const char *text, size_t indent, struct buffer *out)
{
    while (*text) {
        size_t size_bytes = strcspn(text, "\n");
        struct buffer line;
        buffer_init(&line, BUFFER_NO_LIMIT);
        text_append_escaped(&line, text, size_bytes, size_bytes);
        append_comment_line(buffer_text(&line), indent, out);
        buffer_free(&line);
        text += size_bytes + (text[size_bytes] == '\n');
    }
}

/* ---- the file ---- */

/* The comment stands behind the step where both fit on its line, else before it. */
static void append_step(const cJSON *step, const char *comment, bool is_last, size_t indent,
                        struct buffer *out)
{
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    append_value(step, indent, indent, 0, &line);
    buffer_append_text(&line, is_last ? "" : ",");
    size_t columns = indent + count_columns(line.data, line.size_bytes);
    size_t column = columns < COMMENT_COLUMN ? COMMENT_COLUMN : columns + 1;
    bool is_behind = comment && !strpbrk(buffer_text(&line), "\n") &&
                     column + 3 + strlen(comment) <= SCENARIO_PRINT_COLUMNS_MAX;
    if (comment && !is_behind)
        append_comment(comment, indent, out);
    buffer_printf(out, "%*s%s", (int)indent, "", buffer_text(&line));
    if (is_behind) {
        buffer_printf(out, "%*s// ", (int)(column - columns), "");
        text_append_escaped(out, comment, strlen(comment), strlen(comment));
    }
    buffer_append_text(out, "\n");
    buffer_free(&line);
}

/* A step, and its text: what is folded must be the same to the byte, for `send` writes its frame as
 * it stands. */
struct printed_step {
    cJSON *json;
    char *text;
};

/* Steps from `first` on that are played `rounds` times; one step played once is just that. */
struct run {
    size_t body_count, rounds;
};

static bool is_same_round(const struct printed_step *steps, size_t first, size_t second,
                          size_t body_count)
{
    for (size_t i = 0; i < body_count; i++) {
        if (strcmp(steps[first + i].text, steps[second + i].text) != 0)
            return false;
    }
    return true;
}

/* The repeat that saves the most lines. */
static struct run find_run(const struct printed_step *steps, size_t count, size_t first)
{
    struct run best = {1, 1};
    size_t best_saved = REPEAT_LINES;
    for (size_t body = 1; body <= BODY_STEPS_MAX && first + body * ROUNDS_MIN <= count; body++) {
        size_t rounds = 1;
        while (first + (rounds + 1) * body <= count &&
               is_same_round(steps, first, first + rounds * body, body))
            rounds++;
        size_t saved = body * (rounds - 1);
        if (rounds < ROUNDS_MIN || saved <= best_saved)
            continue;
        best = (struct run){body, rounds};
        best_saved = saved;
    }
    return best;
}

static void append_run(const struct printed_step *steps, const char *const *comments,
                       struct run run, bool is_last, struct buffer *out)
{
    if (run.rounds == 1) {
        append_step(steps[0].json, comments ? comments[0] : NULL, is_last, STEP_INDENT, out);
        return;
    }
    buffer_printf(out, "%*s{ \"%s\": { \"times\": %zu, \"steps\": [\n", STEP_INDENT, "",
                  verb_name(VERB_REPEAT), run.rounds);
    for (size_t i = 0; i < run.body_count; i++)
        append_step(steps[i].json, comments ? comments[i] : NULL, i + 1 == run.body_count,
                    STEP_INDENT + 2, out);
    buffer_printf(out, "%*s] } }%s\n", STEP_INDENT, "", is_last ? "" : ",");
}

static struct printed_step *make_steps(const struct scenario *scenario)
{
    struct printed_step *steps = memory_alloc(scenario->step_count, sizeof *steps);
    for (size_t i = 0; i < scenario->step_count; i++) {
        steps[i].json = scenario_print_step(&scenario->steps[i]);
        steps[i].text = number_print_tree(steps[i].json);
    }
    return steps;
}

static void free_steps(struct printed_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cJSON_Delete(steps[i].json);
        free(steps[i].text);
    }
    free(steps);
}

static void append_steps(const struct scenario *scenario, const char *const *comments,
                         struct buffer *out)
{
    struct printed_step *steps = make_steps(scenario);
    for (size_t i = 0; i < scenario->step_count;) {
        struct run run = find_run(steps, scenario->step_count, i);
        size_t next = i + run.body_count * run.rounds;
        append_run(steps + i, comments ? comments + i : NULL, run, next == scenario->step_count,
                   out);
        i = next;
    }
    free_steps(steps, scenario->step_count);
}

size_t scenario_print_step_count(const struct scenario *scenario)
{
    struct printed_step *steps = make_steps(scenario);
    size_t count = 0;
    for (size_t i = 0; i < scenario->step_count;) {
        struct run run = find_run(steps, scenario->step_count, i);
        count += run.body_count + (run.rounds > 1);
        i += run.body_count * run.rounds;
    }
    free_steps(steps, scenario->step_count);
    return count;
}

static void append_member(const cJSON *member, struct buffer *out)
{
    buffer_append_text(out, "  ");
    size_t start = out->size_bytes;
    append_key(member, out);
    append_value(member, 2, 2 + out->size_bytes - start + 1, 1, out);
    buffer_append_text(out, ",\n");
}

void scenario_print(const struct scenario *scenario, const struct scenario_print_notes *notes,
                    struct buffer *out)
{
    static const struct scenario_print_notes none = {0};
    if (!notes)
        notes = &none;
    if (notes->head)
        append_comment(notes->head, 0, out);
    buffer_append_text(out, "{\n");
    if (notes->schema) {
        buffer_append_text(out, "  \"$schema\": ");
        text_append_json(out, notes->schema, strlen(notes->schema));
        buffer_append_text(out, ",\n");
    }
    cJSON *top = scenario_print_top(scenario);
    for (const cJSON *member = top->child; member; member = member->next)
        append_member(member, out);
    cJSON_Delete(top);
    buffer_append_text(out, "  \"steps\": [\n");
    append_steps(scenario, notes->step_comments, out);
    buffer_append_text(out, "  ]\n}\n");
}
