/* A folder of its own for every test that needs files. */
#ifndef GAPCHECK_CMD_SAMPLE_FOLDER_H
#define GAPCHECK_CMD_SAMPLE_FOLDER_H

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAMPLE_SCENARIO                                                                            \
    "{ \"title\": \"A title\", \"rules\": [\"C-1\"], \"tags\": [\"first\"],\n"                     \
    "  \"steps\": [ { \"accept\": {} }, { \"publish\": { \"count\": 5 } }, { \"settle\": {} } ] }\n"

/* Makes a folder and goes there; the name is borrowed for ever. */
static inline const char *sample_folder_enter(void)
{
    static char folder[64];
    strcpy(folder, "/tmp/gapcheck-cmd-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    return folder;
}

static inline void sample_folder_leave(const char *folder)
{
    char command[128];
    cr_assert_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "chmod -R u+w '%s'; rm -rf '%s'", folder, folder);
    cr_assert_eq(system(command), 0);
}

/* Writes a file and makes its folders; `path` counts from the current folder. */
static inline void sample_folder_write(const char *path, const char *text)
{
    char folder[256];
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        mkdir(folder, 0777);
    }
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    fputs(text, file);
    cr_assert_eq(fclose(file), 0);
}

/* Whether the shell is content with a command. */
static inline bool sample_shell(const char *command)
{
    return system(command) == 0;
}

#endif
