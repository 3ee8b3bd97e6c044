/* A results.json read back: checked once, so that what is made from it need not ask again. It may
 * come from another gapcheck or from anybody: nothing in it is trusted. */
#ifndef GAPCHECK_REPORT_RESULTS_H
#define GAPCHECK_REPORT_RESULTS_H

#include "core/error.h"
#include "core/judge.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESULTS_BYTES_MAX ((size_t)256 << 20)

/* One element of `scenarios`; it borrows from the document. */
struct results_scenario {
    const cJSON *json;
    const char *name;
    enum verdict verdict;
    double duration_ms;
    const char *transcript; /* a path below the folder, never out of it; NULL: none */
};

struct results {
    cJSON *document; /* owned */
    const char *client_name, *client_version;
    struct results_scenario *scenarios; /* owned; in the order of the file */
    size_t scenario_count;
};

/* False, and nothing to free, if the text is no results.json of format 1. */
bool results_read(const char *text, size_t size_bytes, struct results *results,
                  struct error *error);
void results_free(struct results *results);

/* NULL if there is none of that name. */
const struct results_scenario *results_find(const struct results *results, const char *name);

/* `fail`, `client-error` or `error`. */
bool results_is_bad(enum verdict verdict);

#endif
