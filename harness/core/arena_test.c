#include "core/arena.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

Test(arena, gives_zeroed_aligned_memory_of_any_size)
{
    struct arena arena = {0};
    static const size_t sizes[] = {0, 1, 7, 16, 100, 4095, 4096, 4097, 100000, 3};
    unsigned char *blocks[sizeof sizes / sizeof *sizes];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        blocks[i] = arena_alloc(&arena, sizes[i], 1);
        cr_assert_not_null(blocks[i]);
        cr_assert_eq((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < sizes[i]; j++)
            cr_assert_eq(blocks[i][j], 0);
        memset(blocks[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t j = 0; j < sizes[i]; j++)
            cr_assert_eq(blocks[i][j], i + 1, "block %zu was overwritten", i);
    }
    arena_free(&arena);
    arena_free(&arena);
}

Test(arena, copies_text)
{
    struct arena arena = {0};
    cr_assert_str_eq(arena_copy_text(&arena, "abc", 2), "ab");
    cr_assert_str_eq(arena_copy_text(&arena, NULL, 0), "");
    arena_free(&arena);
}
