#include "replay.h"

#include "target.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char in_play[4096];

/* ---- which file it was ---- */

static void tell_file(void)
{
    static const char before[] = "while replaying ";
    if (!in_play[0])
        return;
    ssize_t ignored = write(STDERR_FILENO, before, sizeof before - 1);
    ignored = write(STDERR_FILENO, in_play, strlen(in_play));
    ignored = write(STDERR_FILENO, "\n", 1);
    (void)ignored;
    in_play[0] = '\0';
}

static void tell_signal(int signal_number)
{
    tell_file();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* Of AddressSanitizer and UBSan, where they are linked in. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

static void watch(void)
{
    signal(SIGABRT, tell_signal);
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(tell_file);
}

/* ---- files ---- */

static bool replay_file(const char *path, size_t size_bytes, struct error *error)
{
    if (size_bytes > TARGET_INPUT_BYTES_MAX) {
        error_set(error, "take it out of the corpus, or make it smaller with -minimize_crash=1",
                  "%s has %zu bytes; an input has at most %d", path, size_bytes,
                  TARGET_INPUT_BYTES_MAX);
        return false;
    }
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size_bytes + 1);
    size_t read_bytes = file && data ? fread(data, 1, size_bytes + 1, file) : SIZE_MAX;
    if (file)
        fclose(file);
    if (read_bytes != size_bytes) {
        error_set(error, NULL, "%s could not be read: %s", path, strerror(errno));
        free(data);
        return false;
    }
    snprintf(in_play, sizeof in_play, "%s", path);
    LLVMFuzzerTestOneInput(data, size_bytes);
    in_play[0] = '\0';
    free(data);
    return true;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strcmp(entry->d_name, "README.md") != 0;
}

static bool replay_folder(const char *path, size_t *count, struct error *error)
{
    struct dirent **entries;
    int entry_count = scandir(path, &entries, is_input, alphasort);
    if (entry_count < 0) {
        error_set(error, NULL, "%s: %s", path, strerror(errno));
        return false;
    }
    bool is_good = true;
    for (int i = 0; i < entry_count; i++) {
        char child[4096];
        snprintf(child, sizeof child, "%s/%s", path, entries[i]->d_name);
        is_good = is_good && replay_path(child, count, error);
        free(entries[i]);
    }
    free(entries);
    return is_good;
}

bool replay_path(const char *path, size_t *count, struct error *error)
{
    struct stat status;
    watch();
    if (stat(path, &status) != 0) {
        error_set(error, NULL, "%s: %s", path, strerror(errno));
        return false;
    }
    if (S_ISDIR(status.st_mode))
        return replay_folder(path, count, error);
    ++*count;
    return replay_file(path, (size_t)status.st_size, error);
}
