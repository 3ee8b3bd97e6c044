#define _XOPEN_SOURCE 700 /* realpath */

#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/places.h"
#include "core/memory.h"
#include "core/scenario_template.h"
#include "core/text.h"
#include "io/files.h"
#include "report/run.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".jsonc"

/* ---- which rule ---- */

static bool find_rule(const char *id, enum rule *rule, struct error *error)
{
    const char *ids[RULE_COUNT];
    size_t count = 0;
    for (int i = 0; i < RULE_COUNT; i++)
        if (i != RULE_STEP)
            ids[count++] = rule_info((enum rule)i)->id;
    *rule = rule_find(span_of(id));
    if (*rule < RULE_COUNT && *rule != RULE_STEP)
        return true;
    int nearest = text_nearest(span_of(id), ids, count);
    char hint[80];
    snprintf(hint, sizeof hint, "did you mean `%s`?", nearest >= 0 ? ids[nearest] : "");
    error_set(error, nearest >= 0 ? hint : NULL,
              "there is no rule `%s`; there are C-1 to C-28 and S-1 to S-10", id);
    return false;
}

/* ---- which file ---- */

/* `name` with the extension that scenarios have; owned by the caller. */
static char *make_path(const char *name)
{
    size_t name_bytes = strlen(name), suffix_bytes = strlen(SUFFIX);
    bool has_suffix =
        name_bytes > suffix_bytes && strcmp(name + name_bytes - suffix_bytes, SUFFIX) == 0;
    struct buffer path;
    buffer_init(&path, BUFFER_NO_LIMIT);
    buffer_printf(&path, "%s%s", name, has_suffix ? "" : SUFFIX);
    char *text = buffer_take_text(&path);
    buffer_free(&path);
    return text;
}

/* The folder of the file as a real path; false if there is none. */
static bool find_folder(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    char *parent = slash ? memory_copy_text(path, slash == path ? 1 : (size_t)(slash - path))
                         : memory_copy_text(".", 1);
    bool is_there = realpath(parent, folder) && places_is_folder(parent);
    free(parent);
    return is_there;
}

/* The way from `folder` up to the nearest schema.json in a folder called `scenarios` ("../schema
 * .json"); owned by the caller, NULL if there is none. */
static char *find_schema(char folder[PATH_MAX])
{
    struct buffer up;
    buffer_init(&up, BUFFER_NO_LIMIT);
    char *found = NULL;
    for (char *slash = strrchr(folder, '/'); slash && !found; slash = strrchr(folder, '/')) {
        if (strcmp(slash, "/scenarios") == 0) {
            char *schema = places_join(folder, "schema.json");
            buffer_append_text(&up, "schema.json");
            found = access(schema, R_OK) == 0 ? buffer_take_text(&up) : NULL;
            free(schema);
            break;
        }
        *slash = '\0';
        buffer_append_text(&up, "../");
    }
    buffer_free(&up);
    return found;
}

/* ---- writing ---- */

/* "wx": whatever is there by that name stays. */
static bool write_new(const char *path, const struct buffer *text, struct error *error)
{
    FILE *file = fopen(path, "wx");
    if (!file) {
        bool is_there = access(path, F_OK) == 0;
        error_set(error, is_there ? "choose another name, or remove it first" : NULL,
                  is_there ? "%s: it is there already" : "%s: it cannot be written", path);
        return false;
    }
    bool is_written = fwrite(text->data, 1, text->size_bytes, file) == text->size_bytes;
    is_written = fclose(file) == 0 && is_written;
    if (!is_written)
        error_set(error, NULL, "%s: it could not be written completely", path);
    return is_written;
}

static bool write_template(enum rule rule, const char *path, struct error *error)
{
    char folder[PATH_MAX];
    if (!find_folder(path, folder)) {
        error_set(error, "make it first, or give a name without folder",
                  "%s: there is no such folder", path);
        return false;
    }
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    char *schema = find_schema(folder);
    bool is_done = scenario_template_print(rule, schema, &text);
    if (!is_done)
        error_set(error, "name the rule that the client breaks with it: C-4 or C-5",
                  "%s comes up only when a client sends a wrong resync: no scenario can show it",
                  rule_info(rule)->id);
    is_done = is_done && write_new(path, &text, error);
    free(schema);
    buffer_free(&text);
    return is_done;
}

int command_new(const struct options *options)
{
    struct error error;
    enum rule rule;
    if (!options->rule) {
        error_set(&error, "as in `gapcheck new my-gap --rule C-9`",
                  "`gapcheck new` wants the rule that the scenario shall show");
    } else if (find_rule(options->rule, &rule, &error)) {
        char *path = make_path(options->paths[0]);
        bool is_done = write_template(rule, path, &error);
        if (is_done)
            printf("%s is written. Change it, then:\n"
                   "  gapcheck lint %s\n  gapcheck explain %s\n  gapcheck run %s\n",
                   path, path, path, path);
        free(path);
        if (is_done)
            return RUN_EXIT_EXPECTED;
    }
    command_print_error(&error);
    return RUN_EXIT_USAGE;
}
