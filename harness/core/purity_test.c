/* What this folder promises: nothing in it reaches the world, and nothing in it is remembered
 * between two calls. Asked of the sources (what they include) and of the library (what it calls). */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All that core is made of. What reaches the outside (memory that ran out, and its last words) is
 * one helper, memory.c. */
static const char *const allowed_headers[] = {
    "assert.h",  "ctype.h",  "inttypes.h", "math.h",   "stdarg.h",      "stdbool.h",
    "stddef.h",  "stdint.h", "stdio.h",    "stdlib.h", "string.h",      "cjson/cJSON.h",
    "openssl/evp.h",
};

static const char *const forbidden_calls[] = {
    "accept",  "clock",   "clock_gettime", "close",    "connect",   "exit",   "fopen",
    "fork",    "getenv",  "gettimeofday",  "gmtime",   "localtime", "mktime", "open",
    "poll",    "printf",  "putchar",       "puts",     "rand",      "random", "read",
    "recv",    "send",    "setlocale",     "signal",   "sleep",     "socket", "srand",
    "system",  "time",    "usleep",        "write",
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool is_of_the_tests(const char *path)
{
    return strstr(path, "_test.") || strstr(path, "_fixture.") || strstr(path, "_test_world.");
}

static void check_include(const char *path, const char *line)
{
    char header[200];
    if (sscanf(line, "#include <%199[^>]>", header) == 1)
        cr_expect(is_one_of(header, allowed_headers, COUNT(allowed_headers)),
                  "%s includes <%s>, which core does without", path, header);
    else if (sscanf(line, "#include \"%199[^\"]\"", header) == 1)
        cr_expect_eq(strncmp(header, "core/", 5), 0, "%s includes %s: core knows only core", path,
                     header);
}

static size_t check_sources(const char *pattern)
{
    glob_t found;
    size_t checked_count = 0;
    cr_assert_eq(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        if (is_of_the_tests(found.gl_pathv[i]))
            continue;
        char line[500];
        FILE *file = fopen(found.gl_pathv[i], "r");
        cr_assert(file);
        while (fgets(line, sizeof line, file))
            check_include(found.gl_pathv[i], line);
        fclose(file);
        checked_count++;
    }
    globfree(&found);
    return checked_count;
}

Test(purity, core_includes_nothing_that_reaches_the_world)
{
    cr_expect_gt(check_sources(GAPCHECK_SOURCE_DIR "/harness/core/*.c"), 20);
    cr_expect_gt(check_sources(GAPCHECK_SOURCE_DIR "/harness/core/*.h"), 20);
}

/* The lines of a shell command, each given to `check`; how many there were. */
static size_t each_line(const char *command, void (*check)(const char *line))
{
    char line[500];
    size_t count = 0;
    FILE *pipe = popen(command, "r");
    cr_assert(pipe);
    for (; fgets(line, sizeof line, pipe); count++) {
        line[strcspn(line, "\n")] = '\0';
        check(line);
    }
    cr_expect_eq(pclose(pipe), 0);
    return count;
}

static void check_call(const char *name)
{
    cr_expect_not(is_one_of(name, forbidden_calls, COUNT(forbidden_calls)),
                  "core calls %s: time, chance and the world come in as parameters", name);
}

Test(purity, core_calls_nothing_that_reaches_the_world)
{
    size_t count =
        each_line("nm -u '" GAPCHECK_CORE_LIBRARY "' | awk '$1 == \"U\" { print $2 }'", check_call);
    cr_expect_gt(count, 20);
}

/* Sanitizers keep counters of their own beside ours. */
static void check_variable(const char *name)
{
    bool is_ours = strncmp(name, "__", 2) != 0 && strncmp(name, "_sub_", 5) != 0;
    cr_expect_not(is_ours, "core remembers %s between two calls", name);
}

Test(purity, core_has_no_variable_that_outlives_a_call)
{
    each_line("objdump -t '" GAPCHECK_CORE_LIBRARY "' | "
              "awk '$3 == \"O\" && $4 ~ /^\\.(data|bss|tdata|tbss)/ && $4 !~ /^\\.data\\.rel\\.ro/ "
              "{ print $NF }'",
              check_variable);
}
