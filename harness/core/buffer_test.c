#include "core/buffer.h"
#include "core/memory.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

Test(buffer, append_grows_and_keeps_what_was_there)
{
    struct buffer buffer;
    buffer_init(&buffer, BUFFER_NO_LIMIT);
    for (int i = 0; i < 10000; i++) {
        char byte = (char)i;
        cr_assert(buffer_append(&buffer, &byte, 1));
    }
    cr_assert_eq(buffer.size_bytes, 10000);
    for (int i = 0; i < 10000; i++)
        cr_assert_eq(buffer.data[i], (char)i);
    buffer_free(&buffer);
}

Test(buffer, what_passes_the_limit_is_refused_whole)
{
    struct buffer buffer;
    buffer_init(&buffer, 5);
    cr_assert(buffer_append_text(&buffer, "abc"));
    cr_assert_not(buffer_append_text(&buffer, "def"));
    cr_assert_not(buffer_printf(&buffer, "%d", 123));
    cr_assert_not(buffer_append(&buffer, "x", SIZE_MAX));
    cr_assert_str_eq(buffer_text(&buffer), "abc");
    cr_assert(buffer_printf(&buffer, "%d", 12));
    cr_assert_str_eq(buffer_text(&buffer), "abc12");
    cr_assert_not(buffer_append(&buffer, "x", 1));
    cr_assert(buffer_append(&buffer, "x", 0));
    buffer_free(&buffer);
}

Test(buffer, a_limit_of_zero_takes_nothing)
{
    struct buffer buffer;
    buffer_init(&buffer, 0);
    cr_assert_not(buffer_append(&buffer, "x", 1));
    cr_assert(buffer_append(&buffer, NULL, 0));
    cr_assert_str_empty(buffer_text(&buffer));
    buffer_free(&buffer);
}

Test(buffer, printf_writes_text_of_any_length)
{
    for (int width = 0; width < 300; width += 7) {
        struct buffer buffer;
        buffer_init(&buffer, BUFFER_NO_LIMIT);
        cr_assert(buffer_printf(&buffer, "<%*s>", width, ""));
        cr_assert_eq(buffer.size_bytes, (size_t)width + 2);
        cr_assert_eq(buffer.data[width + 1], '>');
        buffer_free(&buffer);
    }
}

Test(buffer, consume_takes_from_the_front_and_at_most_all)
{
    struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_append_text(&buffer, "abcdef");
    buffer_consume(&buffer, 0);
    cr_assert_str_eq(buffer_text(&buffer), "abcdef");
    buffer_consume(&buffer, 2);
    cr_assert_str_eq(buffer_text(&buffer), "cdef");
    buffer_consume(&buffer, 99);
    cr_assert_str_empty(buffer_text(&buffer));
    buffer_consume(&buffer, 1);
    buffer_free(&buffer);
    buffer_free(&buffer);
}

Test(buffer, clear_empties_and_taken_text_belongs_to_the_caller)
{
    struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_append_text(&buffer, "old");
    buffer_clear(&buffer);
    buffer_append_text(&buffer, "new");
    char *text = buffer_take_text(&buffer);
    cr_assert_str_eq(text, "new");
    cr_assert_eq(buffer.size_bytes, 0);
    free(text);
    buffer_append_text(&buffer, "again");
    cr_assert_str_eq(buffer_text(&buffer), "again");
    buffer_free(&buffer);
}

Test(memory, is_zero_when_new_also_where_it_grew)
{
    size_t capacity = 0;
    int *items = memory_grow(NULL, &capacity, 1, sizeof *items);
    for (size_t needed = 1; needed < 500; needed++) {
        items = memory_grow(items, &capacity, needed, sizeof *items);
        cr_assert_geq(capacity, needed);
        cr_assert_eq(items[needed - 1], 0);
        items[needed - 1] = (int)needed;
        cr_assert_eq(items[0], 1);
    }
    free(items);
    char *block = memory_alloc(16, 4);
    for (size_t i = 0; i < 64; i++)
        cr_assert_eq(block[i], 0);
    free(block);
    free(memory_alloc(0, 0));
}

Test(memory, copies_text_with_a_closing_nul)
{
    char *copy = memory_copy_text("abcdef", 3);
    cr_assert_str_eq(copy, "abc");
    free(copy);
    copy = memory_copy_text(NULL, 0);
    cr_assert_str_empty(copy);
    free(copy);
}
