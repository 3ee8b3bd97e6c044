#include "cmd/command.h"
#include "cmd/library.h"
#include "core/text.h"

#include <string.h>

#define TITLE_COLUMNS_MAX 72 /* a longer one is cut, in text only */

/* ---- text ---- */

static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static void append_padded(const char *text, size_t columns, struct buffer *out)
{
    size_t count = count_characters(text);
    buffer_append_text(out, text);
    buffer_printf(out, "%*s", count < columns ? (int)(columns - count) : 0, "");
}

/* Cut between characters, so that columns stay columns. */
static void append_title(const char *title, size_t columns, struct buffer *out)
{
    struct buffer shown;
    buffer_init(&shown, BUFFER_NO_LIMIT);
    size_t count = 0, size_bytes = 0;
    bool is_long = count_characters(title) > TITLE_COLUMNS_MAX;
    size_t limit = is_long ? TITLE_COLUMNS_MAX - 1 : TITLE_COLUMNS_MAX;
    while (title[size_bytes]) {
        bool is_start = ((unsigned char)title[size_bytes] & 0xC0) != 0x80;
        if (is_start && count++ == limit)
            break;
        size_bytes++;
    }
    text_append_escaped(&shown, title, size_bytes, size_bytes);
    buffer_append_text(&shown, is_long ? "…" : "");
    append_padded(buffer_text(&shown), columns, out);
    buffer_free(&shown);
}

static void append_rules(const struct scenario *scenario, const char *before, const char *between,
                         const char *quote, struct buffer *out)
{
    bool is_first = true;
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        if (!scenario->rules[rule])
            continue;
        buffer_printf(out, "%s%s%s%s", is_first ? before : between, quote,
                      rule_info((enum rule)rule)->id, quote);
        is_first = false;
    }
}

static void list_text(const struct scenario_set *set, struct buffer *out)
{
    size_t name_columns = 0, title_columns = 0;
    for (size_t i = 0; i < set->count; i++) {
        size_t name = count_characters(set->items[i]->name);
        size_t title = count_characters(set->items[i]->title);
        name_columns = name > name_columns ? name : name_columns;
        title_columns = title > title_columns ? title : title_columns;
    }
    if (title_columns > TITLE_COLUMNS_MAX)
        title_columns = TITLE_COLUMNS_MAX;
    for (size_t i = 0; i < set->count; i++) {
        const struct scenario *scenario = set->items[i];
        append_padded(scenario->name, name_columns + 2, out);
        append_title(scenario->title, title_columns + 2, out);
        append_rules(scenario, "", " ", "", out);
        for (size_t tag = 0; tag < scenario->tags.count; tag++) {
            const char *text = scenario->tags.items[tag];
            buffer_append_text(out, tag == 0 ? "  #" : " #");
            text_append_escaped(out, text, strlen(text), 40);
        }
        buffer_append_text(out, "\n");
    }
}

/* ---- JSON ---- */

static void append_member(const char *name, const char *text, struct buffer *out)
{
    buffer_printf(out, "\"%s\": ", name);
    text_append_json(out, text, strlen(text));
    buffer_append_text(out, ", ");
}

static void list_json(const struct scenario_set *set, struct buffer *out)
{
    buffer_append_text(out, "[");
    for (size_t i = 0; i < set->count; i++) {
        const struct scenario *scenario = set->items[i];
        buffer_append_text(out, i == 0 ? "\n  { " : ",\n  { ");
        append_member("name", scenario->name, out);
        append_member("file", scenario->path, out);
        append_member("title", scenario->title, out);
        buffer_append_text(out, "\"rules\": [");
        append_rules(scenario, "", ", ", "\"", out);
        buffer_append_text(out, "], \"tags\": [");
        for (size_t tag = 0; tag < scenario->tags.count; tag++) {
            const char *text = scenario->tags.items[tag];
            buffer_append_text(out, tag == 0 ? "" : ", ");
            text_append_json(out, text, strlen(text));
        }
        buffer_append_text(out, "] }");
    }
    buffer_append_text(out, "\n]\n");
}

/* ---- the command ---- */

int command_list(const struct options *options)
{
    return library_print(options, options->is_json ? list_json : list_text);
}
