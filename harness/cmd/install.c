#include "cmd/install.h"

#include "core/memory.h"
#include "core/text.h"
#include "io/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define VERSION_BYTES_MAX 64
#define OUTPUT_BYTES_MAX  ((size_t)1 << 20)
#define OUTPUT_LINES_MAX  12 /* of a failed install step that are shown */

bool install_version_is_valid(const char *version)
{
    size_t size_bytes = strspn(version, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789._-");
    return size_bytes > 0 && size_bytes <= VERSION_BYTES_MAX && version[size_bytes] == '\0' &&
           version[0] != '.' && version[0] != '-';
}

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

bool install_program_is_there(const char *name)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t folder_bytes = strcspn(path, ":");
        char *folder = memory_copy_text(path, folder_bytes);
        char *program = places_join(folder_bytes ? folder : ".", name);
        bool is_there = is_program(program);
        free(program);
        free(folder);
        if (is_there)
            return true;
        path += folder_bytes + (path[folder_bytes] == ':');
    }
    return false;
}

/* What Debian calls the package of a program, where that is another name. */
static const char *package_of(const char *program)
{
    return strcmp(program, "node") == 0 ? "nodejs" : program;
}

static bool check_needs(const char *name, const cJSON *needs, struct error *error)
{
    const cJSON *need;
    struct buffer missing, packages;
    buffer_init(&missing, sizeof error->message / 2);
    buffer_init(&packages, sizeof error->hint / 2);
    cJSON_ArrayForEach(need, needs)
    {
        if (install_program_is_there(need->valuestring))
            continue;
        buffer_printf(&missing, "%s%s", missing.size_bytes ? " and " : "", need->valuestring);
        buffer_printf(&packages, " %s", package_of(need->valuestring));
    }
    bool is_complete = missing.size_bytes == 0;
    if (!is_complete) {
        char hint[sizeof error->hint];
        snprintf(hint, sizeof hint, "apt-get install -y%s", buffer_text(&packages));
        error_set(error, hint, "the driver `%s` needs %s, which is not installed", name,
                  buffer_text(&missing));
    }
    buffer_free(&missing);
    buffer_free(&packages);
    return is_complete;
}

/* Runs a shell command to its end; both its outputs go to `output`. Returns its exit status, or
 * 128 + the signal that ended it. */
static int run_shell(const char *command, struct buffer *output)
{
    struct buffer whole;
    buffer_init(&whole, BUFFER_NO_LIMIT);
    buffer_printf(&whole, "{ %s\n} 2>&1 </dev/null", command);
    FILE *pipe = popen(buffer_text(&whole), "r");
    buffer_free(&whole);
    if (!pipe) {
        buffer_printf(output, "%s\n", strerror(errno));
        return 127;
    }
    char chunk[4096];
    size_t size_bytes;
    while ((size_bytes = fread(chunk, 1, sizeof chunk, pipe)) > 0) {
        if (output->size_bytes + size_bytes > output->limit_bytes)
            buffer_consume(output, output->size_bytes); /* only its end is shown */
        buffer_append(output, chunk, size_bytes);
    }
    int status = pclose(pipe);
    if (WIFSIGNALED(status))
        return 128 + WTERMSIG(status);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

static void remove_folder(const char *folder)
{
    struct buffer command, output;
    buffer_init(&command, BUFFER_NO_LIMIT);
    buffer_init(&output, OUTPUT_BYTES_MAX);
    buffer_append_text(&command, "rm -rf -- ");
    driver_json_append_quoted(folder, &command);
    run_shell(buffer_text(&command), &output);
    buffer_free(&output);
    buffer_free(&command);
}

/* The last lines of what the install step wrote, each indented and safe for a terminal. */
static void say_output(const struct buffer *output, void (*say)(const char *text))
{
    struct buffer text;
    size_t start = output->size_bytes;
    size_t line_count = 0;
    buffer_init(&text, BUFFER_NO_LIMIT);
    while (start > 0 && (output->data[start - 1] != '\n' || line_count++ < OUTPUT_LINES_MAX))
        start--;
    while (start < output->size_bytes) {
        const char *line = output->data + start;
        const char *newline = memchr(line, '\n', output->size_bytes - start);
        size_t line_bytes = newline ? (size_t)(newline - line) : output->size_bytes - start;
        buffer_append_text(&text, "  | ");
        text_append_escaped(&text, line, line_bytes, 400);
        buffer_append_text(&text, "\n");
        start += line_bytes + 1;
    }
    say(buffer_text(&text));
    buffer_free(&text);
}

/* Makes the release in `temporary` and puts it in its place. */
static bool run_step(const struct driver_json *driver, const struct driver_json_values *values,
                     const char *target, void (*say)(const char *text), struct error *error)
{
    struct buffer command, output;
    buffer_init(&command, BUFFER_NO_LIMIT);
    buffer_init(&output, OUTPUT_BYTES_MAX);
    driver_json_expand(driver->install_command, values, &command);
    int status = run_shell(buffer_text(&command), &output);
    bool is_done = status == 0;
    if (!is_done) {
        if (say)
            say_output(&output, say);
        error_set(error, NULL, "the install step failed with exit status %d", status);
    } else if (rename(values->install, target) != 0 && !places_is_folder(target)) {
        /* Where another run was faster, its folder is as good as ours. */
        error_set(error, NULL, "%s cannot be made: %s", target, strerror(errno));
        is_done = false;
    }
    if (places_is_folder(values->install))
        remove_folder(values->install);
    buffer_free(&output);
    buffer_free(&command);
    return is_done;
}

static bool install_into(const char *parent, const char *target, const char *name,
                         const char *version, const char *driver_folder,
                         const struct driver_json *driver, void (*say)(const char *text),
                         struct error *error)
{
    if (!check_needs(name, driver->needs, error) || !files_make_folder(parent, error))
        return false;
    char pattern[VERSION_BYTES_MAX + 16];
    snprintf(pattern, sizeof pattern, ".%s.XXXXXX", version);
    char *temporary = places_join(parent, pattern);
    bool is_done = false;
    if (!mkdtemp(temporary)) {
        error_set(error, NULL, "%s cannot be written: %s", parent, strerror(errno));
    } else {
        chmod(temporary, 0755);
        char line[160];
        snprintf(line, sizeof line, "installing %.40s %s …\n", name, version);
        if (say)
            say(line);
        struct driver_json_values values = {driver_folder, temporary, version};
        is_done = run_step(driver, &values, target, say, error);
    }
    free(temporary);
    return is_done;
}

char *install_release(const struct places *places, const char *name, const char *version,
                      const char *driver_folder, const struct driver_json *driver,
                      void (*say)(const char *text), struct error *error)
{
    char *builds = places_releases(places);
    if (!builds) {
        error_set(error, "set HOME or XDG_CACHE_HOME to a folder that can be written",
                  "%s %s could not be installed: there is no place for it", name, version);
        return NULL;
    }
    char *parent = places_join(builds, name);
    char *target = places_join(parent, version);
    struct error why;
    if (!places_is_folder(target) &&
        !install_into(parent, target, name, version, driver_folder, driver, say, &why)) {
        error_set(error, why.hint[0] ? why.hint : NULL, "%s %s could not be installed: %s", name,
                  version, why.message);
        free(target);
        target = NULL;
    }
    free(parent);
    free(builds);
    return target;
}
