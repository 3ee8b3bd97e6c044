/* The install step of a named driver: runs once for every release, into NAME/VERSION below
 * places_releases. What is there is complete: it is made beside that folder and renamed at the end. */
#ifndef GAPCHECK_CMD_INSTALL_H
#define GAPCHECK_CMD_INSTALL_H

#include "cmd/driver_json.h"
#include "cmd/places.h"

/* Only letters that mean nothing to a shell, a path or a package name. */
bool install_version_is_valid(const char *version);

bool install_program_is_there(const char *name);

/* The folder of the release, owned by the caller; NULL, with the error filled, if it could not be
 * made. `driver_folder` is the one with driver.json. */
char *install_release(const struct places *places, const char *name, const char *version,
                      const char *driver_folder, const struct driver_json *driver,
                      void (*say)(const char *text), struct error *error);

#endif
