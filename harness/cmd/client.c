#include "cmd/client.h"

#include "cmd/command.h"
#include "cmd/driver_json.h"
#include "cmd/install.h"
#include "core/memory.h"
#include "core/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DRIVERS_MAX 256
#define BUILT_IN    "reference"
#define WORD_LETTERS                                                                               \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"                               \
    "._@/+-"

static char *copy(const char *text)
{
    return memory_copy_text(text, strlen(text));
}

/* ---- drivers ---- */

struct driver_names {
    char *items[DRIVERS_MAX]; /* owned */
    size_t count;
};

static void list_drivers(const struct places *places, struct driver_names *names)
{
    *names = (struct driver_names){0};
    names->items[names->count++] = copy(BUILT_IN);
    char *folder = places_drivers(places);
    DIR *directory = folder ? opendir(folder) : NULL;
    const struct dirent *entry;
    while (directory && names->count < DRIVERS_MAX && (entry = readdir(directory)) != NULL) {
        char *path = places_join(folder, entry->d_name);
        char *description = places_join(path, "driver.json");
        if (entry->d_name[0] != '.' && access(description, F_OK) == 0)
            names->items[names->count++] = copy(entry->d_name);
        free(description);
        free(path);
    }
    if (directory)
        closedir(directory);
    free(folder);
}

static void free_names(struct driver_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    names->count = 0;
}

void client_append_names(const struct places *places, struct buffer *out)
{
    struct driver_names names;
    list_drivers(places, &names);
    for (size_t i = 0; i < names.count; i++)
        buffer_printf(out, "%s\n", names.items[i]);
    free_names(&names);
}

static void set_unknown(const struct places *places, const char *name, struct error *error)
{
    struct driver_names names;
    char hint[sizeof error->hint];
    list_drivers(places, &names);
    int nearest = text_nearest(span_of(name), (const char *const *)names.items, names.count);
    if (nearest >= 0)
        snprintf(hint, sizeof hint, "did you mean `%s`?", names.items[nearest]);
    else
        snprintf(hint, sizeof hint,
                 "there is `reference`, there are the folders of harness/drivers, and there are "
                 "shell commands");
    error_set(error, hint, "`%s` is no driver, no file and no program", name);
    free_names(&names);
}

/* The driver's folder if there is one of that name, else NULL; owned by the caller. */
static char *find_driver(const struct places *places, const char *name)
{
    if (strchr(name, '/') || name[0] == '.')
        return NULL;
    char *drivers = places_drivers(places);
    if (!drivers)
        return NULL;
    char *folder = places_join(drivers, name);
    free(drivers);
    if (name[0] && places_is_folder(folder))
        return folder;
    free(folder);
    return NULL;
}

static enum client_choice_status choose_version(const char *name, const char *asked_version,
                                                const struct driver_json *driver,
                                                const char **version, struct error *error)
{
    *version = asked_version ? asked_version : driver->default_version;
    if (asked_version && !driver->install_command) {
        error_set(error, NULL, "the driver `%s` has no versions", name);
        return CLIENT_CHOICE_WRONG;
    }
    if (!*version && driver->install_command) {
        error_set(error, NULL, "say which version, as in `%s@1.2.3`", name);
        return CLIENT_CHOICE_WRONG;
    }
    if (*version && !install_version_is_valid(*version)) {
        error_set(error, "as in `6.0.2`: letters, digits, dots, `-` and `_`",
                  "`%s` is no version", *version);
        return CLIENT_CHOICE_WRONG;
    }
    return CLIENT_CHOICE_DONE;
}

static enum client_choice_status choose_driver(const struct places *places, const char *folder,
                                               const char *name, const char *asked_version,
                                               void (*say)(const char *text), char **command,
                                               struct error *error)
{
    struct driver_json driver;
    enum client_choice_status status = CLIENT_CHOICE_WRONG;
    char *path = places_join(folder, "driver.json");
    char *installed = NULL;
    const char *version;
    struct error why;
    if (!driver_json_read(path, &driver, &why)) {
        char *shown = places_shorten(path);
        error_set(error, NULL, "the driver `%s` is broken: %s:%zu: %s", name, shown, why.line,
                  why.message);
        free(shown);
        goto done;
    }
    status = choose_version(name, asked_version, &driver, &version, error);
    if (status != CLIENT_CHOICE_DONE)
        goto done;
    if (driver.install_command) {
        installed = install_release(places, name, version, folder, &driver, say, error);
        if (!installed) {
            status = CLIENT_CHOICE_TROUBLE;
            goto done;
        }
    }
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    struct driver_json_values values = {folder, installed, version};
    driver_json_expand(driver.command, &values, &text);
    *command = buffer_take_text(&text);
done:
    driver_json_free(&driver);
    free(installed);
    free(path);
    return status;
}

static char *reference_command(const struct places *places)
{
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    driver_json_append_quoted(places->executable, &text);
    buffer_append_text(&text, " reference-client");
    return buffer_take_text(&text);
}

/* One word: a driver, a file or a program. */
static enum client_choice_status choose_word(const struct places *places, const char *word,
                                             void (*say)(const char *text), char **command,
                                             struct error *error)
{
    const char *at = strchr(word, '@');
    char *name = memory_copy_text(word, at ? (size_t)(at - word) : strlen(word));
    char *folder = find_driver(places, name);
    enum client_choice_status status = CLIENT_CHOICE_DONE;
    if (strcmp(word, BUILT_IN) == 0) {
        *command = reference_command(places);
    } else if (folder) {
        status = choose_driver(places, folder, name, at ? at + 1 : NULL, say, command, error);
    } else if (strcmp(name, BUILT_IN) == 0) {
        error_set(error, NULL, "the reference client is built in and has no versions");
        status = CLIENT_CHOICE_WRONG;
    } else if (access(word, F_OK) == 0 && !places_is_folder(word)) {
        *command = strchr(word, '/') ? copy(word) : places_join(".", word);
    } else if (!strchr(word, '/') && install_program_is_there(word)) {
        *command = copy(word);
    } else {
        set_unknown(places, name[0] ? name : word, error);
        status = CLIENT_CHOICE_WRONG;
    }
    free(folder);
    free(name);
    return status;
}

/* `relaycast@…` means the driver whatever follows: a bad version is never run as a command. */
static bool names_driver(const struct places *places, const char *asked)
{
    char *name = memory_copy_text(asked, strcspn(asked, "@"));
    char *folder = find_driver(places, name);
    bool is_driver = folder != NULL && asked[strlen(name)] == '@';
    free(folder);
    free(name);
    return is_driver;
}

enum client_choice_status client_choose(const struct places *places, const char *asked,
                                        void (*say)(const char *text),
                                        struct client_choice *choice, struct error *error)
{
    *choice = (struct client_choice){0};
    if (asked[strspn(asked, " \t\n")] == '\0') {
        error_set(error, NULL, "--client takes a driver or a command, not nothing");
        return CLIENT_CHOICE_WRONG;
    }
    enum client_choice_status status = CLIENT_CHOICE_DONE;
    if (asked[strspn(asked, WORD_LETTERS)] == '\0' || names_driver(places, asked))
        status = choose_word(places, asked, say, &choice->command, error);
    else
        choice->command = copy(asked);
    if (status == CLIENT_CHOICE_DONE) {
        choice->label = copy(asked);
        choice->program = places_program(places);
    }
    return status;
}

static void say(const char *text)
{
    fputs(text, stderr);
    fflush(stderr);
}

enum run_exit client_open(const struct places *places, const char *asked,
                          struct client_choice *choice)
{
    struct error error;
    enum run_exit status = RUN_EXIT_EXPECTED;
    switch (client_choose(places, asked, say, choice, &error)) {
    case CLIENT_CHOICE_DONE:
        return RUN_EXIT_EXPECTED;
    case CLIENT_CHOICE_WRONG:
        status = RUN_EXIT_USAGE;
        break;
    case CLIENT_CHOICE_TROUBLE:
        status = RUN_EXIT_INCONCLUSIVE;
        break;
    }
    command_print_error(&error);
    return status;
}

/* Takes the path. */
static void add_source(char *path, struct files_list *list)
{
    list->paths =
        memory_grow(list->paths, &list->capacity_count, list->count + 1, sizeof *list->paths);
    list->paths[list->count++] = path;
}

void client_list_sources(const struct places *places, const char *asked, struct files_list *list)
{
    static const char separators[] = " \t\n'\"=;&|()<>";
    char *name = memory_copy_text(asked, strcspn(asked, "@"));
    char *folder = find_driver(places, name);
    free(name);
    if (folder) {
        add_source(folder, list);
        return;
    }
    if (strcmp(asked, BUILT_IN) == 0) {
        add_source(copy(places->executable), list);
        return;
    }
    while (*(asked += strspn(asked, separators))) {
        size_t word_bytes = strcspn(asked, separators);
        char *word = memory_copy_text(asked, word_bytes);
        if (access(word, F_OK) == 0 && !places_is_folder(word))
            add_source(word, list);
        else
            free(word);
        asked += word_bytes;
    }
}

void client_choice_free(struct client_choice *choice)
{
    free(choice->command);
    free(choice->label);
    *choice = (struct client_choice){0};
}
