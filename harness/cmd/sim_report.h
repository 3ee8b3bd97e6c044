/* What `gapcheck sim` prints: text for people, JSON for programs. */
#ifndef GAPCHECK_CMD_SIM_REPORT_H
#define GAPCHECK_CMD_SIM_REPORT_H

#include "cmd/sim_run.h"
#include "core/buffer.h"

#include <cjson/cJSON.h>

/* A campaign against a client that must keep every rule. */
void sim_report_campaign(const struct sim_order *order, const struct sim_result *result,
                         struct buffer *out);

/* One mutant: in which session it was found, and what that session showed (NULL: not found). */
void sim_report_hunt(const struct sim_order *order, const struct sim_result *result,
                     const struct judgement *found, struct buffer *out);

/* One line a mutant. */
void sim_report_table_head(struct buffer *out);
void sim_report_table_line(const struct sim_order *order, const struct sim_result *result,
                           struct buffer *out);

/* Owned by the caller. */
cJSON *sim_report_json(const struct sim_order *order, const struct sim_result *result);

#endif
