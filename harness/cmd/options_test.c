#include "cmd/options.h"

#include "cmd/command.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define ARGUMENTS_MAX 8

static bool parse(const char *command, const char *const *arguments, struct options *options,
                  struct error *error)
{
    static char storage[ARGUMENTS_MAX + 1][64];
    char *argv[ARGUMENTS_MAX + 2] = {0};
    int argc = 1;
    strcpy(storage[0], command);
    argv[0] = storage[0];
    for (; arguments[argc - 1]; argc++) {
        strcpy(storage[argc], arguments[argc - 1]);
        argv[argc] = storage[argc];
    }
    *error = (struct error){0};
    return options_parse(command, argc, argv, options, error);
}

Test(options, table_is_complete)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_info *info = option_info((enum option_id)i);
        bool has_command = false;
        cr_expect(info->name[0] && info->help[0]);
        for (size_t j = 0; j < COMMAND_COUNT; j++)
            has_command |= option_is_for((enum option_id)i, COMMANDS[j].name);
        cr_expect(has_command, "--%s", info->name);
        for (int j = 0; j < i; j++)
            cr_expect_str_neq(info->name, option_info((enum option_id)j)->name);
    }
}

Test(options, help_names_every_option_of_the_command)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        struct buffer help;
        buffer_init(&help, BUFFER_NO_LIMIT);
        command_append_help(&COMMANDS[i], &help);
        const char *text = buffer_text(&help);
        for (int j = 0; j < OPTION_COUNT; j++) {
            char dashed[40];
            snprintf(dashed, sizeof dashed, "  --%s ", option_info((enum option_id)j)->name);
            cr_expect_eq(strstr(text, dashed) != NULL,
                         option_is_for((enum option_id)j, COMMANDS[i].name), "%s %s",
                         COMMANDS[i].name, dashed);
        }
        for (const char *line = text; *line;) {
            size_t line_bytes = strcspn(line, "\n");
            cr_expect_leq(line_bytes, 100, "%.*s", (int)line_bytes, line);
            line += line_bytes + (line[line_bytes] == '\n');
        }
        buffer_free(&help);
    }
}

Test(options, defaults_are_those_of_the_design)
{
    struct options options;
    struct error error;
    cr_assert(parse("run", (const char *const[]){NULL}, &options, &error));
    cr_expect_str_eq(options.client, "reference");
    cr_expect_eq(options.job_count, 0);
    cr_expect_eq(options.seed, 1);
    cr_expect_eq(options.repeat_count, 1);
    cr_expect_eq(options.shard_count, 1);
    cr_expect_eq(options.timeout_scale, 1);
    cr_expect_eq(options.path_count, 0);
    cr_expect_null(options.out);
    options_free(&options);
}

Test(options, are_taken_with_and_without_equals_and_between_paths)
{
    struct options options;
    struct error error;
    cr_assert(parse("run",
                    (const char *const[]){"a", "--client=relaycast@6.0.2", "b", "--filter", "x*",
                                          "--filter=y*", "--strict", NULL},
                    &options, &error),
              "%s", error.message);
    cr_expect_str_eq(options.client, "relaycast@6.0.2");
    cr_expect_eq(options.filters.count, 2);
    cr_expect_str_eq(options.filters.items[1], "y*");
    cr_expect(options.is_strict);
    cr_assert_eq(options.path_count, 2);
    cr_expect_str_eq(options.paths[1], "b");
    options_free(&options);
}

Test(options, two_dashes_end_them)
{
    struct options options;
    struct error error;
    cr_assert(parse("run", (const char *const[]){"a", "--", "--strict", NULL}, &options, &error));
    cr_expect_not(options.is_strict);
    cr_assert_eq(options.path_count, 2);
    cr_expect_str_eq(options.paths[1], "--strict");
    options_free(&options);
}

Test(options, values_are_read)
{
    struct options options;
    struct error error;
    cr_assert(parse("run",
                    (const char *const[]){"--shard=2/4", "--seed=9007199254740991", "--jobs=16",
                                          "--repeat=50", "--timeout-scale=2.5", "--require=throw",
                                          "--out=dir", NULL},
                    &options, &error),
              "%s", error.message);
    cr_expect_eq(options.shard_index, 2);
    cr_expect_eq(options.shard_count, 4);
    cr_expect_eq(options.seed, UINT64_C(9007199254740991));
    cr_expect_eq(options.job_count, 16);
    cr_expect_eq(options.repeat_count, 50);
    cr_expect_eq(options.timeout_scale, 2.5);
    cr_expect_str_eq(options.required.items[0], "throw");
    cr_expect_str_eq(options.out, "dir");
    options_free(&options);
}

Test(options, what_is_wrong_is_told_with_the_nearest)
{
    static const struct {
        const char *arguments[3];
        const char *message, *hint;
    } cases[] = {
        {{"--clinet=x"}, "`gapcheck run` has no option `--clinet`", "did you mean `--client`?"},
        {{"--tga", "x"}, "has no option `--tga`", "did you mean `--tag`?"},
        {{"--cli=x"}, "has no option `--cli`", ""}, /* no abbreviations */
        {{"--strict=1"}, "--strict takes no value", ""},
        {{"--stric"}, "has no option `--stric`", "did you mean `--strict`?"},
        {{"--json"}, "has no option `--json`", ""}, /* of another command */
        {{"--jobs"}, "--jobs wants a value: N", ""},
        {{"-x"}, "has no option `-x`", ""},
        {{"--jobs=0"}, "--jobs takes a number from 1 to 1000, not `0`", ""},
        {{"--jobs=-1"}, "not `-1`", ""},
        {{"--jobs=1e3"}, "not `1e3`", ""},
        {{"--jobs= 1"}, "not ` 1`", ""},
        {{"--jobs=99999999999999999999"}, "not `99999999999999999999`", ""},
        {{"--seed=9007199254740992"}, "--seed takes a number from 0", ""},
        {{"--repeat="}, "--repeat takes a number", ""},
        {{"--shard=0/2"}, "--shard takes I/N", "--shard 2/4"},
        {{"--shard=3/2"}, "--shard takes I/N", ""},
        {{"--shard=2"}, "--shard takes I/N", ""},
        {{"--shard=1/2/3"}, "--shard takes I/N", ""},
        {{"--shard=11111111111111111111111111111/2"}, "--shard takes I/N", ""},
        {{"--timeout-scale=0"}, "--timeout-scale takes a number", ""},
        {{"--timeout-scale=nan"}, "--timeout-scale takes a number", ""},
        {{"--timeout-scale=0x2"}, "--timeout-scale takes a number", ""},
        {{"--timeout-scale=1e9"}, "--timeout-scale takes a number", ""},
        {{"--require=thrw"}, "no driver has a capability called `thrw`", "did you mean `throw`?"},
        {{"--client="}, "--client takes a name, not nothing", ""},
        {{"--out="}, "--out takes a name, not nothing", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct options options;
        struct error error;
        cr_expect_not(parse("run", cases[i].arguments, &options, &error), "%s",
                      cases[i].arguments[0]);
        cr_expect_not_null(strstr(error.message, cases[i].message), "%s", error.message);
        cr_expect_not_null(strstr(error.hint, cases[i].hint), "%s: %s", cases[i].arguments[0],
                           error.hint);
        options_free(&options);
    }
}

Test(options, a_list_that_is_too_long_is_an_error)
{
    static char name[] = "run", tag[] = "--tag=x";
    char *argv[OPTION_TEXTS_MAX + 3];
    struct options options;
    struct error error;
    argv[0] = name;
    for (int i = 1; i <= OPTION_TEXTS_MAX + 1; i++)
        argv[i] = tag;
    argv[OPTION_TEXTS_MAX + 2] = NULL;
    cr_expect_not(options_parse("run", OPTION_TEXTS_MAX + 2, argv, &options, &error));
    cr_expect_not_null(strstr(error.message, "more than 64 times"));
    options_free(&options);
}

Test(command, unknown_name_is_told_with_the_nearest)
{
    struct error error;
    command_set_unknown("jugde", &error);
    cr_expect_str_eq(error.message, "there is no command `jugde`");
    cr_expect_str_eq(error.hint, "did you mean `judge`?");
    cr_expect_null(command_find("jugde"));
    cr_expect_str_eq(command_find("judge")->name, "judge");
}
