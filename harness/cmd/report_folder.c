#include "cmd/report_folder.h"

#include "cmd/command.h"
#include "cmd/places.h"
#include "core/memory.h"
#include "core/timestamp.h"
#include "core/transcript_file.h"
#include "io/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLIENT_BYTES_MAX 40
#define SAME_NAME_MAX    1000 /* runs that begin in the same second */

static void report_trouble(struct report_folder *folder, const struct error *error)
{
    if (!folder->is_broken)
        command_print_error(error);
    folder->is_broken = true;
}

static void report_errno(struct report_folder *folder, const char *path)
{
    struct error error;
    error_set(&error, "the exit status is 3; --out names another folder",
              "%s cannot be written: %s", path, strerror(errno));
    report_trouble(folder, &error);
}

static void append_client(const char *client, struct buffer *out)
{
    client += strspn(client, "./- "); /* no hidden folder, none that looks like an option */
    for (size_t i = 0; client[i] && i < CLIENT_BYTES_MAX; i++) {
        bool is_plain = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@._-",
                               client[i]) != NULL;
        buffer_append(out, is_plain ? &client[i] : "-", 1);
    }
}

/* `2026-06-01T10-00-00Z-relaycast@6.0.2`: no colons, which archives of CI systems refuse. */
static void append_folder_name(const char *client, int64_t now_ms, struct buffer *out)
{
    char moment[TIMESTAMP_TEXT_BYTES];
    timestamp_format(now_ms, moment);
    for (size_t i = 0; moment[i] && moment[i] != '.'; i++)
        buffer_append(out, moment[i] == ':' ? "-" : &moment[i], 1);
    buffer_append_text(out, "Z-");
    append_client(client, out);
}

/* Makes a folder that was not there, so that two runs never share one. */
static char *make_new_folder(struct report_folder *folder, const char *parent, const char *name)
{
    struct error error;
    if (!files_make_folder(parent, &error)) {
        report_trouble(folder, &error);
        return NULL;
    }
    for (int i = 1; i < SAME_NAME_MAX; i++) {
        struct buffer numbered;
        buffer_init(&numbered, BUFFER_NO_LIMIT);
        buffer_append_text(&numbered, name);
        if (i > 1)
            buffer_printf(&numbered, "-%d", i);
        char *path = places_join(parent, buffer_text(&numbered));
        buffer_free(&numbered);
        if (mkdir(path, 0777) == 0)
            return path;
        if (errno != EEXIST)
            i = SAME_NAME_MAX;
        if (i >= SAME_NAME_MAX)
            report_errno(folder, path);
        free(path);
    }
    return NULL;
}

static char *make_folder(struct report_folder *folder, const char *out)
{
    struct error error;
    if (files_make_folder(out, &error))
        return memory_copy_text(out, strlen(out));
    report_trouble(folder, &error);
    return NULL;
}

static void open_client_log(struct report_folder *folder)
{
    if (folder->path) {
        char *path = places_join(folder->path, "client.log");
        folder->client_log = fopen(path, "we");
        if (!folder->client_log)
            report_errno(folder, path);
        free(path);
    }
    if (!folder->client_log)
        folder->client_log = fopen("/dev/null", "we");
    if (!folder->client_log)
        folder->client_log = stderr;
}

void report_folder_open_joint(struct report_folder *folder, const char *out, const char *parent,
                              const char *clients, int64_t now_ms)
{
    struct buffer name;
    buffer_init(&name, BUFFER_NO_LIMIT);
    append_folder_name(clients, now_ms, &name);
    *folder = (struct report_folder){0};
    char *path = out ? make_folder(folder, out)
                     : make_new_folder(folder, parent, buffer_text(&name));
    if (path)
        folder->path = places_shorten(path);
    if (path && !out)
        folder->latest = places_join(parent, "latest");
    free(path);
    buffer_free(&name);
}

void report_folder_open(struct report_folder *folder, const char *out, const char *parent,
                        const char *client, int64_t now_ms)
{
    report_folder_open_joint(folder, out, parent, client, now_ms);
    open_client_log(folder);
}

void report_folder_open_below(struct report_folder *folder, const struct report_folder *joint,
                              const char *client, size_t number)
{
    struct buffer name;
    buffer_init(&name, BUFFER_NO_LIMIT);
    append_client(client, &name);
    if (number > 1)
        buffer_printf(&name, "-%zu", number);
    *folder = (struct report_folder){.is_broken = joint->path == NULL};
    char *path = joint->path ? places_join(joint->path, buffer_text(&name)) : NULL;
    if (path)
        folder->path = make_folder(folder, path);
    open_client_log(folder);
    free(path);
    buffer_free(&name);
}

bool report_folder_is_same_name(const char *left, const char *right)
{
    struct buffer a, b;
    buffer_init(&a, BUFFER_NO_LIMIT);
    buffer_init(&b, BUFFER_NO_LIMIT);
    append_client(left, &a);
    append_client(right, &b);
    bool is_same = strcmp(buffer_text(&a), buffer_text(&b)) == 0;
    buffer_free(&a);
    buffer_free(&b);
    return is_same;
}

void report_folder_write(struct report_folder *folder, const char *name,
                         const struct buffer *content)
{
    struct error error;
    if (!folder->path)
        return;
    char *path = places_join(folder->path, name);
    if (!files_write(path, content->data, content->size_bytes, &error))
        report_trouble(folder, &error);
    free(path);
}

/* Line by line, because a transcript as text may be many times its size in memory. */
static bool write_lines(const struct transcript *transcript, FILE *file)
{
    struct buffer line;
    buffer_init(&line, BUFFER_NO_LIMIT);
    bool is_written = true;
    for (size_t i = 0; is_written && transcript_write_line(transcript, i, &line); i++) {
        is_written = fwrite(line.data, 1, line.size_bytes, file) == line.size_bytes;
        buffer_clear(&line);
    }
    buffer_free(&line);
    return is_written;
}

static bool write_transcript(const char *path, const struct transcript *transcript)
{
    struct buffer temporary;
    buffer_init(&temporary, BUFFER_NO_LIMIT);
    buffer_printf(&temporary, "%s.tmp", path);
    FILE *file = fopen(buffer_text(&temporary), "we");
    bool is_written = file && write_lines(transcript, file);
    if (file && fclose(file) != 0)
        is_written = false;
    if (is_written)
        is_written = rename(buffer_text(&temporary), path) == 0;
    if (file && !is_written) {
        int reason = errno;
        unlink(buffer_text(&temporary));
        errno = reason;
    }
    buffer_free(&temporary);
    return is_written;
}

/* `name` in the folder, owned by the caller; NULL, and told, if what it lies in cannot be made. */
static char *make_place(struct report_folder *folder, const char *name)
{
    struct error error;
    if (!folder->path)
        return NULL;
    char *path = places_join(folder->path, name);
    char *parent = memory_copy_text(path, (size_t)(strrchr(path, '/') - path));
    if (!places_is_folder(parent) && !files_make_folder(parent, &error)) {
        report_trouble(folder, &error);
        free(path);
        path = NULL;
    }
    free(parent);
    return path;
}

void report_folder_write_transcript(struct report_folder *folder, const char *name,
                                    const struct transcript *transcript)
{
    char *path = make_place(folder, name);
    if (path && !write_transcript(path, transcript))
        report_errno(folder, path);
    free(path);
}

bool report_folder_copy(struct report_folder *folder, const char *name, const char *source)
{
    struct error error;
    char *path = make_place(folder, name);
    bool is_there = true;
    if (path && !files_copy(source, path, &is_there, &error) && is_there)
        report_trouble(folder, &error);
    free(path);
    return is_there;
}

void report_folder_publish(struct report_folder *folder)
{
    if (!folder->path || !folder->latest)
        return;
    struct buffer temporary;
    buffer_init(&temporary, BUFFER_NO_LIMIT);
    buffer_printf(&temporary, "%s.%ld", folder->latest, (long)getpid());
    const char *slash = strrchr(folder->path, '/');
    const char *target = slash ? slash + 1 : folder->path; /* its neighbour */
    if (symlink(target, buffer_text(&temporary)) != 0 ||
        rename(buffer_text(&temporary), folder->latest) != 0) {
        report_errno(folder, folder->latest);
        unlink(buffer_text(&temporary));
    }
    buffer_free(&temporary);
}

void report_folder_close(struct report_folder *folder)
{
    if (folder->client_log && folder->client_log != stderr)
        fclose(folder->client_log);
    free(folder->path);
    free(folder->latest);
    *folder = (struct report_folder){0};
}
