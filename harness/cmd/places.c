#define _XOPEN_SOURCE 700 /* realpath */

#include "cmd/places.h"

#include "core/memory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool places_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

char *places_join(const char *folder, const char *name)
{
    size_t folder_bytes = strlen(folder);
    while (folder_bytes > 1 && folder[folder_bytes - 1] == '/')
        folder_bytes--;
    size_t size_bytes = folder_bytes + strlen(name) + 2;
    char *path = memory_alloc(size_bytes, 1);
    bool is_top = folder_bytes == 1 && folder[0] == '/';
    snprintf(path, size_bytes, "%.*s%s%s", (int)folder_bytes, folder, is_top ? "" : "/", name);
    return path;
}

char *places_reports(const struct places *places)
{
    static const char folder[] = "reports/out";
    return places->root ? places_join(places->root, folder)
                        : memory_copy_text(folder, strlen(folder));
}

/* The first of `start` and the folders above it that holds harness/drivers. */
static char *find_root_above(const char *start)
{
    char *folder = memory_copy_text(start, strlen(start));
    for (;;) {
        char *drivers = places_join(folder, "harness/drivers");
        bool is_root = places_is_folder(drivers);
        free(drivers);
        if (is_root)
            return folder;
        char *slash = strrchr(folder, '/');
        if (!slash || folder[1] == '\0') {
            free(folder);
            return NULL;
        }
        slash[slash == folder ? 1 : 0] = '\0';
    }
}

/* GAPCHECK_DATA_FROM_PROGRAM leads from the folder of the installed program to its data. */
static char *find_data_beside(const char *executable)
{
    size_t folder_bytes = (size_t)(strrchr(executable, '/') - executable);
    char *folder = memory_copy_text(executable, folder_bytes ? folder_bytes : 1);
    bool is_absolute = GAPCHECK_DATA_FROM_PROGRAM[0] == '/';
    char *data = places_join(is_absolute ? "/" : folder,
                             GAPCHECK_DATA_FROM_PROGRAM + (is_absolute ? 1 : 0));
    char *drivers = places_join(data, "drivers");
    char *real = places_is_folder(drivers) ? realpath(data, NULL) : NULL;
    free(drivers);
    free(data);
    free(folder);
    return real;
}

void places_find(struct places *places)
{
    char path[PATH_MAX];
    ssize_t size_bytes = readlink("/proc/self/exe", path, sizeof path);
    *places = (struct places){0};
    if (size_bytes > 0 && size_bytes < (ssize_t)sizeof path) {
        places->executable = memory_copy_text(path, (size_t)size_bytes);
        places->data = find_data_beside(places->executable);
        if (!places->data)
            places->root = find_root_above(places->executable);
    } else {
        places->executable = memory_copy_text("gapcheck", strlen("gapcheck"));
    }
    if (!places->data && !places->root && getcwd(path, sizeof path))
        places->root = find_root_above(path);
}

void places_free(struct places *places)
{
    free(places->executable);
    free(places->root);
    free(places->data);
    *places = (struct places){0};
}

static char *join_first(const char *root, const char *in_root, const char *data,
                        const char *in_data)
{
    if (root)
        return places_join(root, in_root);
    return data ? places_join(data, in_data) : NULL;
}

char *places_scenarios(const struct places *places)
{
    return join_first(places->root, "scenarios", places->data, "scenarios");
}

char *places_drivers(const struct places *places)
{
    return join_first(places->root, "harness/drivers", places->data, "drivers");
}

/* A relative $XDG_CACHE_HOME is to be ignored (XDG Base Directory Specification). */
char *places_releases(const struct places *places)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (places->root)
        return places_join(places->root, "build/drivers");
    if (cache && cache[0] == '/')
        return places_join(cache, "gapcheck/drivers");
    return home && home[0] == '/' ? places_join(home, ".cache/gapcheck/drivers") : NULL;
}

const char *places_program(const struct places *places)
{
    return places->root ? "./gapcheck" : "gapcheck";
}

char *places_shorten(const char *path)
{
    char current[PATH_MAX];
    if (path[0] == '/' && getcwd(current, sizeof current)) {
        size_t size_bytes = strlen(current);
        if (strncmp(path, current, size_bytes) == 0 && path[size_bytes] == '/' && current[1])
            path += size_bytes + 1;
    }
    return memory_copy_text(path, strlen(path));
}
