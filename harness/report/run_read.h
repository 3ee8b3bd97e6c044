/* Reads results.json back: what other machines left becomes a run that every writer beside this
 * file takes. The inverse of report_json, but for what only the transcripts hold. */
#ifndef GAPCHECK_REPORT_RUN_READ_H
#define GAPCHECK_REPORT_RUN_READ_H

#include "core/error.h"
#include "report/run.h"

#include <stdbool.h>
#include <stddef.h>

#define RUN_READ_BYTES_MAX ((size_t)256 << 20)

/* False, with the first thing that is wrong and its place, if the text is no results.json of format
 * 1; then there is nothing to free. Members that are not known are ignored. Every path to a
 * transcript is one of run_transcript_path, so that none leaves the report's folder. The exit is
 * worked out anew; an exit 3 that the verdicts do not explain makes the run inconclusive. */
bool run_read(const char *text, size_t size_bytes, struct run *run, struct error *error);

#endif
