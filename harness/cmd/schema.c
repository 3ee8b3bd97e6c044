#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/places.h"
#include "core/scenario_reference.h"
#include "core/scenario_schema.h"
#include "core/vocabulary.h"
#include "io/files.h"
#include "report/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool write_schema(const char *folder, struct error *error)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    scenario_schema_print(&text);
    char *path = places_join(folder, "schema.json");
    bool is_written = files_write(path, text.data, text.size_bytes, error);
    buffer_free(&text);
    free(path);
    return is_written;
}

/* The tutorial above the reference is written by hand and stays. */
static bool write_reference(const char *folder, struct error *error)
{
    struct buffer old, text;
    buffer_init(&old, SCENARIO_REFERENCE_FILE_BYTES_MAX);
    buffer_init(&text, BUFFER_NO_LIMIT);
    char *path = places_join(folder, "README.md");
    bool is_done = files_read(path, &old, error);
    if (is_done) {
        is_done = scenario_reference_replace(buffer_text(&old), &text);
        if (!is_done)
            error_set(error, NULL, "%s: the two marker lines of the reference are not there", path);
    }
    is_done = is_done && files_write(path, text.data, text.size_bytes, error);
    buffer_free(&old);
    buffer_free(&text);
    free(path);
    return is_done;
}

/* The dictionary of the fuzzers. */
static bool write_vocabulary(const char *root, struct error *error)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    vocabulary_print(&text);
    char *path = places_join(root, "fuzz/json.dict");
    bool is_written = files_write(path, text.data, text.size_bytes, error);
    buffer_free(&text);
    free(path);
    return is_written;
}

static int write_all(void)
{
    struct places places;
    struct error error;
    places_find(&places);
    bool is_done = false;
    if (places.root) {
        char *folder = places_join(places.root, "scenarios");
        is_done = write_schema(folder, &error) && write_reference(folder, &error) &&
                  write_vocabulary(places.root, &error);
        free(folder);
    } else {
        error_set(&error, NULL, "there is no source tree whose files could be written");
    }
    if (!is_done)
        command_print_error(&error);
    places_free(&places);
    return is_done ? RUN_EXIT_EXPECTED : RUN_EXIT_INCONCLUSIVE;
}

static int print(bool is_markdown)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    if (is_markdown)
        scenario_reference_print(&text);
    else
        scenario_schema_print(&text);
    fputs(buffer_text(&text), stdout);
    buffer_free(&text);
    return RUN_EXIT_EXPECTED;
}

int command_schema(const struct options *options)
{
    return options->is_write ? write_all() : print(options->is_markdown);
}
