/* Looking for entries of a transcript. */
#ifndef GAPCHECK_CMD_DOCTOR_ENTRIES_H
#define GAPCHECK_CMD_DOCTOR_ENTRIES_H

#include "core/transcript.h"

bool doctor_is_named(const char *text, const char *name);

/* The first entry of that kind and name (NULL: any) from `from` on; the count if there is none. */
size_t doctor_find(const struct transcript *transcript, enum transcript_kind kind, const char *name,
                   size_t from);

/* The first frame of that type that the client sent. */
size_t doctor_find_frame(const struct transcript *transcript, const char *type, size_t from);

bool doctor_has(const struct transcript *transcript, enum transcript_kind kind, const char *name,
                size_t from);

size_t doctor_count_of(const struct transcript *transcript, enum transcript_kind kind,
                       const char *name);

#endif
