#include "cmd/driver_json.h"

#include "io/files.h"

#include <string.h>

static const char *find_unknown_key(const cJSON *object, const char *const *known, size_t count)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        bool is_known = false;
        for (size_t i = 0; i < count; i++)
            is_known |= strcmp(item->string, known[i]) == 0;
        if (!is_known)
            return item->string;
    }
    return NULL;
}

/* False, with the error filled, if the member is there (or `is_needed`) and no string. */
static bool take_text(const cJSON *object, const char *key, bool is_needed, const char **text,
                      struct error *error)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    *text = cJSON_GetStringValue(item);
    if (*text || (!item && !is_needed))
        return true;
    error_set(error, NULL, "`%s` must be a string", key);
    return false;
}

static bool check_needs(const cJSON *needs, struct error *error)
{
    const cJSON *item;
    bool is_right = !needs || cJSON_IsArray(needs);
    cJSON_ArrayForEach(item, needs)
        is_right &= cJSON_IsString(item);
    if (!is_right)
        error_set(error, NULL, "`needs` must be an array of names of programs");
    return is_right;
}

static bool check(struct driver_json *driver, struct error *error)
{
    static const char *const keys[] = {"name", "description", "command", "default_version",
                                       "install"};
    static const char *const install_keys[] = {"needs", "command"};
    const char *ignored;
    const cJSON *object = driver->document;
    const cJSON *install = cJSON_GetObjectItemCaseSensitive(object, "install");
    if (!cJSON_IsObject(object) || (install && !cJSON_IsObject(install))) {
        error_set(error, NULL, "%s must be an object", install ? "`install`" : "it");
        return false;
    }
    const char *unknown = find_unknown_key(object, keys, sizeof keys / sizeof keys[0]);
    if (!unknown && install)
        unknown =
            find_unknown_key(install, install_keys, sizeof install_keys / sizeof install_keys[0]);
    if (unknown) {
        error_set(error, NULL, "there is no member `%s`", unknown);
        return false;
    }
    driver->needs = cJSON_GetObjectItemCaseSensitive(install, "needs");
    return take_text(object, "name", true, &ignored, error) &&
           take_text(object, "description", true, &ignored, error) &&
           take_text(object, "command", true, &driver->command, error) &&
           take_text(object, "default_version", false, &driver->default_version, error) &&
           (!install || take_text(install, "command", true, &driver->install_command, error)) &&
           check_needs(driver->needs, error);
}

bool driver_json_read(const char *path, struct driver_json *driver, struct error *error)
{
    struct buffer text;
    *driver = (struct driver_json){0};
    buffer_init(&text, DRIVER_JSON_BYTES_MAX);
    bool is_right = files_read(path, &text, error);
    if (is_right) {
        size_t size_bytes = text.size_bytes;
        const char *data = buffer_text(&text);
        const char *end = NULL;
        driver->document = cJSON_ParseWithLengthOpts(data, size_bytes + 1, &end, true);
        if (!driver->document) {
            error_set(error, NULL, "it is no JSON");
            size_t offset = end && end >= data ? (size_t)(end - data) : 0;
            error_locate(data, size_bytes, offset, &error->line, &error->column);
            is_right = false;
        } else {
            is_right = check(driver, error);
        }
    }
    buffer_free(&text);
    return is_right;
}

void driver_json_free(struct driver_json *driver)
{
    cJSON_Delete(driver->document);
    *driver = (struct driver_json){0};
}

void driver_json_append_quoted(const char *text, struct buffer *out)
{
    buffer_append_text(out, "'");
    for (; *text; text++)
        buffer_append(out, *text == '\'' ? "'\\''" : text, *text == '\'' ? 4 : 1);
    buffer_append_text(out, "'");
}

void driver_json_expand(const char *command, const struct driver_json_values *values,
                        struct buffer *out)
{
    const struct {
        const char *name;
        const char *value;
    } places[] = {{"{driver}", values->driver},
                  {"{install}", values->install},
                  {"{version}", values->version}};
    while (*command) {
        size_t taken_bytes = 0;
        for (size_t i = 0; i < sizeof places / sizeof places[0] && !taken_bytes; i++) {
            size_t name_bytes = strlen(places[i].name);
            if (!places[i].value || strncmp(command, places[i].name, name_bytes) != 0)
                continue;
            driver_json_append_quoted(places[i].value, out);
            taken_bytes = name_bytes;
        }
        if (!taken_bytes)
            buffer_append(out, command, 1);
        command += taken_bytes ? taken_bytes : 1;
    }
}
