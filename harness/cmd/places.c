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

void places_find(struct places *places)
{
    char path[PATH_MAX];
    ssize_t size_bytes = readlink("/proc/self/exe", path, sizeof path);
    *places = (struct places){0};
    if (size_bytes > 0 && size_bytes < (ssize_t)sizeof path) {
        places->executable = memory_copy_text(path, (size_t)size_bytes);
        places->root = find_root_above(places->executable);
    } else {
        places->executable = memory_copy_text("gapcheck", strlen("gapcheck"));
    }
    if (!places->root && getcwd(path, sizeof path))
        places->root = find_root_above(path);
}

void places_free(struct places *places)
{
    free(places->executable);
    free(places->root);
    *places = (struct places){0};
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
