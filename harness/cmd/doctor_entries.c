#include "cmd/doctor_entries.h"

#include <string.h>

bool doctor_is_named(const char *text, const char *name)
{
    return text && strcmp(text, name) == 0;
}

size_t doctor_find(const struct transcript *transcript, enum transcript_kind kind, const char *name,
                   size_t from)
{
    for (size_t i = from; i < transcript->count; i++) {
        const struct transcript_entry *entry = &transcript->entries[i];
        if (entry->kind == kind && (!name || doctor_is_named(entry->name, name)))
            return i;
    }
    return transcript->count;
}

bool doctor_has(const struct transcript *transcript, enum transcript_kind kind, const char *name,
                size_t from)
{
    return doctor_find(transcript, kind, name, from) < transcript->count;
}

size_t doctor_count_of(const struct transcript *transcript, enum transcript_kind kind,
                       const char *name)
{
    size_t count = 0;
    for (size_t i = doctor_find(transcript, kind, name, 0); i < transcript->count;
         i = doctor_find(transcript, kind, name, i + 1))
        count++;
    return count;
}

size_t doctor_find_frame(const struct transcript *transcript, const char *type, size_t from)
{
    for (size_t i = from; i < transcript->count; i++) {
        const struct transcript_entry *entry = &transcript->entries[i];
        if (entry->kind == TRANSCRIPT_FRAME_IN && doctor_is_named(entry->detail, type))
            return i;
    }
    return transcript->count;
}
