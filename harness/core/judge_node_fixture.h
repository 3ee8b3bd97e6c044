/* What happens on the node stream, for transcripts written by hand (judge_fixture.h). */
#ifndef GAPCHECK_CORE_JUDGE_NODE_FIXTURE_H
#define GAPCHECK_CORE_JUDGE_NODE_FIXTURE_H

#include "core/judge_fixture.h"

#define NODE_REGISTER                                                                              \
    "{'v':1,'id':'r1','type':'node.register','node_id':'node-gapcheck','name':'n',"                \
    "'capabilities':[],'max_agents':1,'tags':[],'version':'x'}"

/* The number up to which the server takes deliveries for acknowledged. */
extern int64_t node_acknowledged;

void node_begin(void);
void node_begin_with(const char *rules, const char *members); /* rules with single quotes */
void node_settle(int64_t waited_ms);

/* Three deliveries on a first connection, dispatched and acknowledged. */
void node_have_three(void);

/* ---- the server ---- */

void node_reply(void); /* to the registration */

/* All that is not acknowledged; the connection is reset after `cut_after` of them, unless that is
 * negative. */
void node_redeliver(int64_t cut_after);

/* ---- the client ---- */

void node_open_unregistered(void);
void node_open(void); /* registers, gets its reply and what it has not acknowledged */
void node_acknowledge(double up_to_seq);         /* the server takes it */
void node_acknowledge_in_vain(double up_to_seq); /* lost on its way */

#endif
