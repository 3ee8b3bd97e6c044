/* What the harness asks of a reference client (driver.md, "Harness to driver"), applied to its
 * core. The live shell and the simulated world share it. */
#ifndef GAPCHECK_CORE_CLIENT_OPS_H
#define GAPCHECK_CORE_CLIENT_OPS_H

#include "core/client.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* The client that a `start` line describes: its options and channels. Owned by the caller. */
struct client *client_ops_start(const cJSON *line, const struct client_policy *policy,
                                uint64_t seed);

/* Carries out an op for a client that has been started; false if there is no such op. */
bool client_ops_run(struct client *client, const char *op, const cJSON *line,
                    struct client_time now);

#endif
