/* The mutator gets behind the loader: from a scenario it makes scenarios, and mostly such as load.
 */
#include "mutator.h"

#include "target.h"

#include "core/scenario.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CORPUS         GAPCHECK_SOURCE_DIR "/corpus/scenario"
#define SEEDS_A_FILE   20
#define LOADED_PERCENT 60 /* at least */

static bool loads(const uint8_t *text, size_t size_bytes)
{
    struct scenario_set set = {0};
    struct error_list errors;
    error_list_init(&errors);
    bool is_loaded = scenario_load((const char *)text, size_bytes, "f", "f", &set, &errors);
    scenario_set_free(&set);
    error_list_free(&errors);
    return is_loaded;
}

static size_t read_input(const char *name, uint8_t *data)
{
    char path[600];
    snprintf(path, sizeof path, CORPUS "/%s", name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    size_t size_bytes = fread(data, 1, TARGET_INPUT_BYTES_MAX, file);
    fclose(file);
    return size_bytes;
}

static bool has_nested_repeats(const uint8_t *data, size_t size_bytes)
{
    static const char repeat[] = "\"repeat\"";
    static char text[TARGET_INPUT_BYTES_MAX + 1];
    memcpy(text, data, size_bytes);
    text[size_bytes] = '\0';
    const char *outer = strstr(text, repeat);
    for (size_t depth = 0; outer && *outer; outer++) {
        if (strncmp(outer, repeat, sizeof repeat - 1) == 0 && depth++ > 0)
            return true;
        if (depth > 0 && strncmp(outer, "]}}", 3) == 0)
            depth--;
    }
    return false;
}

Test(mutator, most_of_what_a_scenario_becomes_loads, .timeout = 120)
{
    static uint8_t seed_text[TARGET_INPUT_BYTES_MAX], text[TARGET_INPUT_BYTES_MAX];
    size_t tried = 0, loaded = 0, nested = 0;
    DIR *folder = opendir(CORPUS);
    cr_assert_not_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));) {
        size_t seed_bytes = entry->d_name[0] == '.' ? 0 : read_input(entry->d_name, seed_text);
        if (!seed_bytes || !loads(seed_text, seed_bytes))
            continue;
        for (unsigned seed = 0; seed < SEEDS_A_FILE; seed++, tried++) {
            memcpy(text, seed_text, seed_bytes);
            size_t size_bytes = LLVMFuzzerCustomMutator(text, seed_bytes, sizeof text, seed);
            bool is_loaded = loads(text, size_bytes);
            loaded += is_loaded;
            nested += is_loaded && has_nested_repeats(text, size_bytes);
        }
    }
    closedir(folder);
    cr_assert_gt(tried, 500);
    cr_expect_geq(loaded * 100, tried * LOADED_PERCENT, "%zu of %zu", loaded, tried);
    cr_expect_gt(nested, 0, "a repeat in a repeat is never made");
}
