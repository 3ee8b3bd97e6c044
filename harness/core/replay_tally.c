#include "core/replay_tally.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

/* Half full at most. A replay with more different contents is not tallied to its end: repeats of
 * the rest are dispatched, which C-20 only asks for as far as a client can. */
#define ENTRIES_MAX ((size_t)8192)

struct entry {
    uint64_t fingerprint;
    bool has_sequence; /* this entry stands for one number with that content ... */
    double sequence;
    uint32_t number_count; /* ... or counts the content: how often it came with a number, */
    uint32_t row_count;    /* and how often as a row; both 0: the entry is free */
};

struct replay_tally {
    struct entry *entries; /* open addressing; owned, NULL before the first */
    size_t slot_count;     /* a power of two */
    size_t used_count;
};

struct replay_tally *replay_tally_new(void)
{
    return memory_alloc(1, sizeof(struct replay_tally));
}

void replay_tally_free(struct replay_tally *tally)
{
    if (!tally)
        return;
    free(tally->entries);
    free(tally);
}

void replay_tally_clear(struct replay_tally *tally)
{
    if (tally->used_count == 0)
        return;
    memset(tally->entries, 0, tally->slot_count * sizeof *tally->entries);
    tally->used_count = 0;
}

static bool is_free(const struct entry *entry)
{
    return entry->number_count == 0 && entry->row_count == 0;
}

static uint64_t hash_entry(const struct entry *key)
{
    uint64_t bits = 0;
    if (key->has_sequence)
        memcpy(&bits, &key->sequence, sizeof key->sequence);
    uint64_t hash = (key->fingerprint ^ bits) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

/* The entry of that key, or the free one where it belongs. */
static struct entry *find_entry(const struct replay_tally *tally, const struct entry *key)
{
    size_t slot = (size_t)hash_entry(key) & (tally->slot_count - 1);
    for (;; slot = (slot + 1) & (tally->slot_count - 1)) {
        struct entry *entry = &tally->entries[slot];
        if (is_free(entry))
            return entry;
        if (entry->fingerprint == key->fingerprint && entry->has_sequence == key->has_sequence &&
            entry->sequence == key->sequence)
            return entry;
    }
}

static void grow(struct replay_tally *tally)
{
    struct replay_tally old = *tally;
    tally->slot_count = old.slot_count ? old.slot_count * 2 : 16;
    tally->entries = memory_alloc(tally->slot_count, sizeof *tally->entries);
    for (size_t i = 0; i < old.slot_count; i++)
        if (!is_free(&old.entries[i]))
            *find_entry(tally, &old.entries[i]) = old.entries[i];
    free(old.entries);
}

/* The entry of that key, new if need be; NULL if the tally is full. A new one must be counted. */
static struct entry *take_entry(struct replay_tally *tally, const struct entry *key)
{
    if (2 * (tally->used_count + 1) > tally->slot_count && tally->slot_count < 2 * ENTRIES_MAX)
        grow(tally);
    struct entry *entry = find_entry(tally, key);
    if (!is_free(entry))
        return entry;
    if (tally->used_count >= ENTRIES_MAX)
        return NULL;
    tally->used_count++;
    *entry = *key;
    return entry;
}

bool replay_tally_number(struct replay_tally *tally, double sequence, uint64_t fingerprint)
{
    struct entry once = {.fingerprint = fingerprint, .has_sequence = true, .sequence = sequence};
    struct entry *seen = take_entry(tally, &once);
    if (!seen || seen->number_count++ > 0)
        return false;
    struct entry content = {.fingerprint = fingerprint};
    struct entry *entry = take_entry(tally, &content);
    return entry && ++entry->number_count <= entry->row_count;
}

bool replay_tally_row(struct replay_tally *tally, uint64_t fingerprint)
{
    struct entry content = {.fingerprint = fingerprint};
    struct entry *entry = take_entry(tally, &content);
    return entry && ++entry->row_count <= entry->number_count;
}
