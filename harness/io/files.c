#include "io/files.h"

#include "core/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A tree deeper than this is no collection of scenarios but somebody's mistake. */
#define FOLDER_DEPTH_MAX 64
#define READ_CHUNK_BYTES 65536
#define TEMPORARY_TRIES  100

static bool fail_system(struct error *error, const char *what, const char *path)
{
    error_set(error, NULL, "cannot %s %s: %s", what, path, strerror(errno));
    return false;
}

/* ---- reading ---- */

static bool read_all(int file, const char *path, struct buffer *out, struct error *error)
{
    char chunk[READ_CHUNK_BYTES];
    for (;;) {
        ssize_t size_bytes = read(file, chunk, sizeof chunk);
        if (size_bytes == 0)
            return true;
        if (size_bytes < 0 && errno == EINTR)
            continue;
        if (size_bytes < 0)
            return fail_system(error, "read", path);
        if (!buffer_append(out, chunk, (size_t)size_bytes)) {
            error_set(error, NULL, "%s is larger than %zu bytes", path, out->limit_bytes);
            return false;
        }
    }
}

bool files_read(const char *path, struct buffer *out, struct error *error)
{
    /* Non-blocking, so that a FIFO is refused below and not waited for here. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return fail_system(error, "open", path);
    struct stat status;
    bool is_read = false;
    if (fstat(file, &status) != 0)
        fail_system(error, "read", path);
    else if (!S_ISREG(status.st_mode))
        error_set(error, NULL, "%s is %s, not a file", path,
                  S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe");
    else
        is_read = read_all(file, path, out, error);
    close(file);
    return is_read;
}

/* ---- writing ---- */

static bool write_all(int file, const char *data, size_t size_bytes)
{
    while (size_bytes > 0) {
        ssize_t written_bytes = write(file, data, size_bytes);
        if (written_bytes < 0 && errno == EINTR)
            continue;
        if (written_bytes < 0)
            return false;
        data += written_bytes;
        size_bytes -= (size_t)written_bytes;
    }
    return true;
}

/* Makes a file beside `path` that nobody else has; its name goes to `temporary`. */
static int open_temporary(const char *path, struct buffer *temporary)
{
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        buffer_clear(temporary);
        buffer_printf(temporary, "%s.%ld-%d.tmp", path, (long)getpid(), i);
        int file = open(buffer_text(temporary), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0 || errno != EEXIST)
            return file;
    }
    return -1;
}

/* Gives a temporary file its name, or takes it away if it could not be written. */
static bool finish_temporary(int file, struct buffer *temporary, const char *path, bool is_written,
                             struct error *error)
{
    /* A full disk may be told only here. */
    is_written = close(file) == 0 && is_written;
    is_written = is_written && rename(buffer_text(temporary), path) == 0;
    if (!is_written) {
        fail_system(error, "write", path);
        unlink(buffer_text(temporary));
    }
    return is_written;
}

bool files_write(const char *path, const char *data, size_t size_bytes, struct error *error)
{
    struct buffer temporary;
    buffer_init(&temporary, BUFFER_NO_LIMIT);
    int file = open_temporary(path, &temporary);
    bool is_written =
        file < 0 ? fail_system(error, "write", path)
                 : finish_temporary(file, &temporary, path, write_all(file, data, size_bytes),
                                    error);
    buffer_free(&temporary);
    return is_written;
}

/* ---- copying ---- */

/* -1 if there is no regular file: a link may point anywhere, a FIFO may never end. */
static int open_regular(const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (file >= 0 && (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(file);
        return -1;
    }
    return file;
}

/* Chunk by chunk: a transcript may be large. */
static bool pump(int source, int target, bool *is_there)
{
    char chunk[READ_CHUNK_BYTES];
    for (;;) {
        ssize_t size_bytes = read(source, chunk, sizeof chunk);
        if (size_bytes < 0 && errno == EINTR)
            continue;
        *is_there = size_bytes >= 0;
        if (size_bytes <= 0)
            return size_bytes == 0;
        if (!write_all(target, chunk, (size_t)size_bytes))
            return false;
    }
}

bool files_copy(const char *source, const char *path, bool *is_there, struct error *error)
{
    struct buffer temporary;
    int from = open_regular(source);
    *is_there = from >= 0;
    if (from < 0)
        return fail_system(error, "read", source);
    buffer_init(&temporary, BUFFER_NO_LIMIT);
    int file = open_temporary(path, &temporary);
    bool is_copied = file < 0 ? fail_system(error, "write", path)
                              : finish_temporary(file, &temporary, path,
                                                 pump(from, file, is_there), error);
    buffer_free(&temporary);
    close(from);
    return is_copied;
}

void files_append_to(const char *source, FILE *out)
{
    bool is_there;
    int from = open_regular(source);
    fflush(out);
    if (from >= 0) {
        pump(from, fileno(out), &is_there);
        close(from);
    }
}

static bool make_one_folder(const char *path, struct error *error)
{
    struct stat status;
    if (mkdir(path, 0777) == 0)
        return true;
    int reason = errno;
    if (stat(path, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return true;
        error_set(error, "move it away or choose another folder",
                  "cannot make the folder %s: a file of that name is there", path);
        return false;
    }
    errno = reason;
    return fail_system(error, "make the folder", path);
}

bool files_make_folder(const char *path, struct error *error)
{
    char *part = memory_copy_text(path, strlen(path));
    bool is_made = true;
    for (size_t i = 1; is_made && part[0] && part[i]; i++) {
        if (part[i] != '/')
            continue;
        part[i] = '\0';
        is_made = make_one_folder(part, error);
        part[i] = '/';
    }
    is_made = is_made && make_one_folder(path, error);
    free(part);
    return is_made;
}

/* ---- finding ---- */

static bool has_suffix(const char *name, const char *suffix)
{
    size_t name_bytes = strlen(name), suffix_bytes = strlen(suffix);
    return name_bytes >= suffix_bytes && strcmp(name + name_bytes - suffix_bytes, suffix) == 0;
}

static void list_add(struct files_list *list, const char *path)
{
    list->paths =
        memory_grow(list->paths, &list->capacity_count, list->count + 1, sizeof *list->paths);
    list->paths[list->count++] = memory_copy_text(path, strlen(path));
}

static bool find_below(const char *folder, const char *suffix, int depth, struct files_list *list,
                       struct error *error);

static bool find_entry(const char *path, const char *name, const char *suffix, int depth,
                       struct files_list *list, struct error *error)
{
    struct stat status;
    /* One that vanished meanwhile is none of ours. */
    if (lstat(path, &status) != 0)
        return errno == ENOENT || fail_system(error, "read", path);
    if (S_ISDIR(status.st_mode) && name[0] != '.')
        return find_below(path, suffix, depth + 1, list, error);
    if (S_ISREG(status.st_mode) && has_suffix(name, suffix))
        list_add(list, path);
    return true;
}

static bool find_below(const char *folder, const char *suffix, int depth, struct files_list *list,
                       struct error *error)
{
    if (depth > FOLDER_DEPTH_MAX) {
        error_set(error, NULL, "%s: more than %d folders deep", folder, FOLDER_DEPTH_MAX);
        return false;
    }
    DIR *entries = opendir(folder);
    if (!entries)
        return fail_system(error, "open", folder);
    struct buffer path;
    buffer_init(&path, BUFFER_NO_LIMIT);
    const char *slash = has_suffix(folder, "/") ? "" : "/";
    bool is_whole = true;
    struct dirent *entry;
    while (is_whole && (entry = readdir(entries))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        buffer_clear(&path);
        buffer_printf(&path, "%s%s%s", folder, slash, entry->d_name);
        is_whole = find_entry(buffer_text(&path), entry->d_name, suffix, depth, list, error);
    }
    buffer_free(&path);
    closedir(entries);
    return is_whole;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_and_drop_duplicates(struct files_list *list)
{
    if (list->count == 0)
        return;
    qsort(list->paths, list->count, sizeof *list->paths, compare_paths);
    size_t kept_count = 1;
    for (size_t i = 1; i < list->count; i++) {
        if (strcmp(list->paths[i], list->paths[kept_count - 1]) == 0)
            free(list->paths[i]);
        else
            list->paths[kept_count++] = list->paths[i];
    }
    list->count = kept_count;
}

bool files_find(const char *folder, const char *suffix, struct files_list *list,
                struct error *error)
{
    struct stat status;
    if (stat(folder, &status) != 0)
        return fail_system(error, "open", folder);
    bool is_whole = true;
    if (S_ISDIR(status.st_mode)) {
        is_whole = find_below(folder, suffix, 1, list, error);
    } else if (!S_ISREG(status.st_mode) || !has_suffix(folder, suffix)) {
        /* Somebody named it: leaving it out without a word would pass for having looked at it. */
        error_set(error, NULL, "%s is no %s file", folder, suffix);
        is_whole = false;
    } else {
        list_add(list, folder);
    }
    sort_and_drop_duplicates(list);
    return is_whole;
}

void files_list_free(struct files_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (struct files_list){0};
}
