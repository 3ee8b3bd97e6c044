#include "core/error.h"

#include "core/memory.h"
#include "core/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line longer than this is shown as a piece around the place: some inputs are one line. */
#define LINE_CHARACTERS_MAX    100
#define LINE_CHARACTERS_BEFORE 40

/* vsnprintf cuts bytes: takes away what it left of a last character. */
static void drop_cut_character(char *text)
{
    size_t size_bytes = strlen(text);
    size_t start = size_bytes;
    while (start > 0 && size_bytes - start < 3 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start > 0 && (unsigned char)text[start - 1] >= 0xC0)
        start--;
    if (!text_is_utf8(text + start, size_bytes - start))
        text[start] = '\0';
}

void error_set(struct error *error, const char *hint, const char *format, ...)
{
    *error = (struct error){.severity = ERROR_SEVERITY_ERROR};
    va_list arguments;
    va_start(arguments, format);
    int size_bytes = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (size_bytes >= (int)sizeof error->message)
        drop_cut_character(error->message);
    if (!hint)
        return;
    size_bytes = snprintf(error->hint, sizeof error->hint, "%s", hint);
    if (size_bytes >= (int)sizeof error->hint)
        drop_cut_character(error->hint);
}

void error_list_init(struct error_list *list)
{
    *list = (struct error_list){0};
}

void error_list_free(struct error_list *list)
{
    free(list->items);
    error_list_init(list);
}

/* The list is full, and what is dropped stands in one spare place behind its end. An error must
 * not vanish behind warnings, or a bad input would pass: it takes the place of the last one. */
static struct error *error_list_spare(struct error_list *list)
{
    struct error *spare = &list->items[ERROR_LIST_MAX];
    struct error *last = &list->items[ERROR_LIST_MAX - 1];
    if (list->dropped_count > 0 && spare->severity == ERROR_SEVERITY_ERROR &&
        last->severity == ERROR_SEVERITY_WARNING)
        *last = *spare;
    list->dropped_count++;
    return spare;
}

struct error *error_list_add(struct error_list *list)
{
    list->items =
        memory_grow(list->items, &list->capacity_count, list->count + 1, sizeof *list->items);
    struct error *error =
        list->count < ERROR_LIST_MAX ? &list->items[list->count++] : error_list_spare(list);
    *error = (struct error){0};
    return error;
}

bool error_list_failed(const struct error_list *list)
{
    /* The last dropped one may have been filled since it was added. */
    size_t filled_count = list->count + (list->dropped_count > 0 ? 1 : 0);
    for (size_t i = 0; i < filled_count; i++)
        if (list->items[i].severity == ERROR_SEVERITY_ERROR)
            return true;
    return false;
}

static bool starts_character(char byte)
{
    return ((unsigned char)byte & 0xC0) != 0x80;
}

static size_t count_characters(const char *data, size_t size_bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < size_bytes; i++)
        count += starts_character(data[i]);
    return count;
}

/* Where the character with `index` (from 0) starts; `size_bytes` if there are fewer. */
static size_t find_character(const char *data, size_t size_bytes, size_t index)
{
    for (size_t i = 0; i < size_bytes; i++)
        if (starts_character(data[i]) && index-- == 0)
            return i;
    return size_bytes;
}

void error_locate(const char *text, size_t size_bytes, size_t offset, size_t *line, size_t *column)
{
    if (offset > size_bytes)
        offset = size_bytes;
    size_t line_start = 0;
    *line = 1;
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            line_start = i + 1;
            ++*line;
        }
    }
    *column = 1;
    /* A byte within a character has the column of the character. */
    while (offset > line_start && offset < size_bytes && !starts_character(text[offset]))
        offset--;
    if (offset > line_start)
        *column += count_characters(text + line_start, offset - line_start);
}

/* The `line`th line (from 1) without its end; data is NULL if there are fewer. */
static struct span find_line(const char *text, size_t size_bytes, size_t line)
{
    const char *start = text;
    const char *end = text + size_bytes;
    for (; line > 1; line--) {
        const char *newline = memchr(start, '\n', (size_t)(end - start));
        if (!newline)
            return (struct span){0};
        start = newline + 1;
    }
    const char *newline = memchr(start, '\n', (size_t)(end - start));
    if (newline)
        end = newline;
    if (end > start && end[-1] == '\r')
        end--;
    return (struct span){start, (size_t)(end - start)};
}

/* Appends text as it is shown and returns how many columns that took. A tab takes one, so that
 * the caret below is right on every terminal. */
static size_t print_characters(const char *data, size_t size_bytes, struct buffer *out)
{
    size_t before_bytes = out->size_bytes;
    while (size_bytes > 0) {
        const char *tab = memchr(data, '\t', size_bytes);
        size_t run_bytes = tab ? (size_t)(tab - data) : size_bytes;
        text_append_escaped(out, data, run_bytes, run_bytes);
        if (tab) {
            buffer_append_text(out, " ");
            run_bytes++;
        }
        data += run_bytes;
        size_bytes -= run_bytes;
    }
    if (out->size_bytes == before_bytes)
        return 0;
    return count_characters(out->data + before_bytes, out->size_bytes - before_bytes);
}

static void print_repeated(const char *text, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++)
        buffer_append_text(out, text);
}

static void print_place(const struct error *error, struct span line, struct buffer *out)
{
    size_t line_characters = count_characters(line.data, line.size_bytes);
    size_t place = error->column > 0 ? error->column - 1 : 0;
    if (place > line_characters)
        place = line_characters;
    size_t first = 0;
    if (line_characters > LINE_CHARACTERS_MAX && place > LINE_CHARACTERS_BEFORE)
        first = place - LINE_CHARACTERS_BEFORE;
    size_t start = find_character(line.data, line.size_bytes, first);
    size_t middle = find_character(line.data, line.size_bytes, place);
    size_t end = find_character(line.data, line.size_bytes, first + LINE_CHARACTERS_MAX);
    size_t width = error->width > 0 ? error->width : 1;
    size_t marked_end = middle + find_character(line.data + middle, end - middle, width);

    buffer_printf(out, "%5zu | %s", error->line, start > 0 ? "…" : "");
    size_t indent = start > 0 ? 1 : 0;
    indent += print_characters(line.data + start, middle - start, out);
    size_t marked = print_characters(line.data + middle, marked_end - middle, out);
    print_characters(line.data + marked_end, end - marked_end, out);
    buffer_append_text(out, end < line.size_bytes ? "…\n      | " : "\n      | ");
    print_repeated(" ", indent, out);
    buffer_append_text(out, "^");
    print_repeated("~", marked > 1 ? marked - 1 : 0, out);
    buffer_append_text(out, "\n");
}

void error_print(const struct error *error, const char *file, const char *text, size_t size_bytes,
                 struct buffer *out)
{
    if (file) {
        text_append_escaped(out, file, strlen(file), SIZE_MAX);
        if (error->line > 0)
            buffer_printf(out, ":%zu:%zu", error->line, error->column > 0 ? error->column : 1);
        buffer_append_text(out, ": ");
    }
    bool is_warning = error->severity == ERROR_SEVERITY_WARNING;
    buffer_append_text(out, is_warning ? "warning: " : "error: ");
    text_append_escaped(out, error->message, strlen(error->message), SIZE_MAX);
    buffer_append_text(out, "\n");
    if (text && error->line > 0) {
        struct span line = find_line(text, size_bytes, error->line);
        if (line.data)
            print_place(error, line, out);
    }
    if (error->hint[0]) {
        buffer_append_text(out, "  hint: ");
        text_append_escaped(out, error->hint, strlen(error->hint), SIZE_MAX);
        buffer_append_text(out, "\n");
    }
}
