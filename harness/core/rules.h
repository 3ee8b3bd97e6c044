/* The vocabulary: every rule of the protocol with its level and its sentence, in one table.
 * C rules bind the client and are judged; S rules say what the server does and are only
 * "exercised" or not. The node stream has no numbers of its own: a rule of the agent stream stands
 * for its counterpart there, or does not apply. */
#ifndef GAPCHECK_CORE_RULES_H
#define GAPCHECK_CORE_RULES_H

#include "core/text.h"

#include <stdbool.h>

enum rule {
    RULE_C1, RULE_C2, RULE_C3, RULE_C4, RULE_C5, RULE_C6, RULE_C7, RULE_C8, RULE_C9, RULE_C10,
    RULE_C11, RULE_C12, RULE_C13, RULE_C14, RULE_C15, RULE_C16, RULE_C17, RULE_C18, RULE_C19,
    RULE_C20, RULE_C21, RULE_C22, RULE_C23, RULE_C24, RULE_C25, RULE_C26, RULE_C27, RULE_C28,
    RULE_STEP, /* not of the protocol: a step of the scenario that the client left unmet */
    RULE_S1, RULE_S2, RULE_S3, RULE_S4, RULE_S5, RULE_S6, RULE_S7, RULE_S8, RULE_S9, RULE_S10,
    RULE_COUNT
};

/* What the wire alone shows of a rule (of the agent stream), where nobody tells what the application
 * got. */
enum rule_wire {
    RULE_WIRE_NOTHING, /* it is not judged */
    RULE_WIRE_PART,    /* that it is broken, but never that it is kept */
    RULE_WIRE_WHOLE,
};

enum rule_level { RULE_LEVEL_MUST, RULE_LEVEL_SHOULD, RULE_LEVEL_SERVER };

struct rule_info {
    const char *id;         /* "C-5"; RULE_STEP is "step" */
    enum rule_level level;
    const char *capability; /* a driver without it cannot be judged by the rule; or NULL */
    const char *sentence;   /* what it asks, for people */
    const char *node_sentence; /* what it asks in the node stream; NULL: nothing, it is not judged */
};

const struct rule_info *rule_info(enum rule rule);
enum rule_wire rule_wire(enum rule rule);

/* What it asks in the stream that is meant; the agent stream's where the other asks nothing. */
const char *rule_sentence(enum rule rule, bool is_node);

/* The rule with that id, or RULE_COUNT. */
enum rule rule_find(struct span id);

const char *rule_level_name(enum rule_level level); /* "must", "should", "server" */

#endif
