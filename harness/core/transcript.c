#include "core/transcript.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOLD_WINDOW_US 1000 /* what happens within a millisecond of the first may fold into it */

struct transcript *transcript_new(void)
{
    struct transcript *transcript = memory_alloc(1, sizeof(*transcript));
    text_pool_init(&transcript->pool, &transcript->arena);
    transcript->header.timeout_scale = 1;
    return transcript;
}

void transcript_free(struct transcript *transcript)
{
    if (!transcript)
        return;
    struct transcript_header *header = &transcript->header;
    free(header->scenario_name);
    free(header->scenario_path);
    free(header->scenario_text);
    free(header->client_name);
    free(header->client_version);
    free(header->client_command);
    free(header->gapcheck_version);
    text_pool_free(&transcript->pool);
    arena_free(&transcript->arena);
    free(transcript->entries);
    free(transcript);
}

struct transcript_entry transcript_entry_of(enum transcript_kind kind, int64_t at_us)
{
    return (struct transcript_entry){
        .kind = (uint8_t)kind,
        .at_us = at_us,
        .seq = NAN,
        .number = NAN,
        .number2 = NAN,
    };
}

void transcript_set_text(struct transcript_entry *entry, const char *text, size_t size_bytes)
{
    entry->size_bytes = (uint32_t)size_bytes;
    if (size_bytes > TRANSCRIPT_TEXT_BYTES_MAX || !text_is_utf8(text, size_bytes) ||
        memchr(text, '\0', size_bytes)) {
        entry->flags |= TRANSCRIPT_FLAG_TRUNCATED;
        entry->hash = text_hash(text, size_bytes);
        entry->text = NULL;
    } else {
        entry->text = text;
    }
}

static bool numbers_equal(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Whether `next` goes on where `last` ends: the next marker, the next number, all else alike. */
static bool entry_continues(const struct transcript_entry *last,
                            const struct transcript_entry *next)
{
    if (last->kind != next->kind || last->step != next->step ||
        last->connection != next->connection || last->flags != next->flags ||
        last->size_bytes != next->size_bytes || next->at_us - last->at_us > FOLD_WINDOW_US ||
        next->text || last->text)
        return false;
    if (last->name != next->name || last->detail != next->detail)
        return false;
    if (next->marker != last->marker + last->count)
        return false;
    if (isnan(last->seq) ? !isnan(next->seq) : next->seq != last->seq + (double)last->count)
        return false;
    if (next->kind == TRANSCRIPT_SENT)
        return true;
    bool ids_are_own = last->number2 == (double)last->marker &&
                       next->number2 == (double)next->marker;
    bool no_ids = isnan(last->number2) && isnan(next->number2);
    return numbers_equal(last->number, next->number) && (ids_are_own || no_ids);
}

size_t transcript_add(struct transcript *transcript, const struct transcript_entry *entry)
{
    struct transcript_entry copy = *entry;
    if (copy.name)
        copy.name = text_pool_take(&transcript->pool, copy.name);
    if (copy.detail)
        copy.detail = text_pool_take(&transcript->pool, copy.detail);
    bool can_fold = copy.kind == TRANSCRIPT_PUBLISH || copy.kind == TRANSCRIPT_SENT;
    if (can_fold && transcript->count) {
        struct transcript_entry *last = &transcript->entries[transcript->count - 1];
        if (entry_continues(last, &copy)) {
            last->count += copy.count;
            return transcript->count - 1;
        }
    }
    if (copy.text) {
        size_t text_bytes = strlen(copy.text);
        copy.text = arena_copy_text(&transcript->arena, copy.text, text_bytes);
        transcript->text_bytes += text_bytes + 1;
    }
    transcript->entries = memory_reserve(transcript->entries, &transcript->capacity_count,
                                         transcript->count + 1, sizeof(*transcript->entries));
    transcript->entries[transcript->count] = copy;
    return transcript->count++;
}

size_t transcript_memory_bytes(const struct transcript *transcript)
{
    return sizeof(*transcript) + transcript->capacity_count * sizeof(*transcript->entries) +
           transcript->text_bytes;
}
