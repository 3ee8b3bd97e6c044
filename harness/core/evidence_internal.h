/* What the parts of the evidence share. */
#ifndef GAPCHECK_CORE_EVIDENCE_INTERNAL_H
#define GAPCHECK_CORE_EVIDENCE_INTERNAL_H

#include "core/evidence.h"

#define EVIDENCE_TIME_TO_READ_US 1000000 /* within it, any client that reads at all has read */

/* When all entries are in: links sends with their repetitions and dispatches with their sends. */
void evidence_link(struct evidence *evidence);

#endif
