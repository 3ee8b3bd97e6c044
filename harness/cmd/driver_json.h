/* harness/drivers/NAME/driver.json: what a driver is called, how it is started and what it needs
 * installed first.
 *
 *   { "name": "…", "description": "…", "command": "node {driver}/driver.mjs {install}",
 *     "default_version": "6.0.2",
 *     "install": { "needs": ["node", "npm"], "command": "npm install --prefix {install} …" } }
 *
 * In commands {driver} stands for the driver's folder, {install} for the folder of the release and
 * {version} for what was asked for, all quoted for the shell. */
#ifndef GAPCHECK_CMD_DRIVER_JSON_H
#define GAPCHECK_CMD_DRIVER_JSON_H

#include "core/buffer.h"
#include "core/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

#define DRIVER_JSON_BYTES_MAX 65536

/* Texts are borrowed from the document. */
struct driver_json {
    const char *command;
    const char *default_version; /* NULL: there are no versions */
    const char *install_command; /* NULL: nothing to install */
    const cJSON *needs;          /* programs that the install step calls; NULL: none */
    cJSON *document;             /* owned */
};

/* Reads and checks the file. Freed with driver_json_free either way. */
bool driver_json_read(const char *path, struct driver_json *driver, struct error *error);
void driver_json_free(struct driver_json *driver);

struct driver_json_values {
    const char *driver, *install, *version; /* NULL: not known here */
};

/* Appends `command` with its placeholders replaced. */
void driver_json_expand(const char *command, const struct driver_json_values *values,
                        struct buffer *out);

/* Appends `text` as one word of the shell. */
void driver_json_append_quoted(const char *text, struct buffer *out);

#endif
