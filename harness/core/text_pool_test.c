#include "core/text_pool.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(text_pool, equal_texts_have_one_address)
{
    struct arena arena = {0};
    struct text_pool pool;
    text_pool_init(&pool, &arena);
    char text[] = "message.created";
    const char *first = text_pool_take(&pool, text);
    cr_assert_neq(first, text, "it is a copy");
    text[0] = 'M';
    cr_assert_str_eq(first, "message.created");
    cr_assert_eq(text_pool_take(&pool, "message.created"), first);
    cr_assert_neq(text_pool_take(&pool, text), first);
    cr_assert_eq(text_pool_take(&pool, ""), text_pool_take(&pool, ""));
    cr_assert_eq(pool.count, 3);
    text_pool_free(&pool);
    arena_free(&arena);
}

Test(text_pool, addresses_stay_when_it_grows)
{
    enum { COUNT = 5000 };
    static const char *taken[COUNT];
    struct arena arena = {0};
    struct text_pool pool;
    text_pool_init(&pool, &arena);
    char text[32];
    for (int index = 0; index < COUNT; index++) {
        snprintf(text, sizeof(text), "type.%d", index);
        taken[index] = text_pool_take(&pool, text);
    }
    cr_assert_eq(pool.count, COUNT);
    cr_assert_leq(pool.count * 2, pool.slot_count);
    for (int index = 0; index < COUNT; index++) {
        snprintf(text, sizeof(text), "type.%d", index);
        cr_assert_eq(text_pool_take(&pool, text), taken[index]);
        cr_assert_str_eq(taken[index], text);
    }
    cr_assert_eq(pool.count, COUNT);
    text_pool_free(&pool);
    arena_free(&arena);
}

Test(text_pool, one_that_took_nothing_can_be_freed)
{
    struct arena arena = {0};
    struct text_pool pool;
    text_pool_init(&pool, &arena);
    text_pool_free(&pool);
    arena_free(&arena);
}
