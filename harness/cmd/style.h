/* How a report is shown on a stream: the only place that asks whether colours are wanted. */
#ifndef GAPCHECK_CMD_STYLE_H
#define GAPCHECK_CMD_STYLE_H

#include "cmd/options.h"
#include "report/report.h"

#include <stdio.h>

struct report_style style_of(const struct options *options, FILE *file);

#endif
