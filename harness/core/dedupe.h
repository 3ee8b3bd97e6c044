/* A bounded memory of ids: what has been seen lately, the oldest forgotten first (C-13, C-14).
 * Open addressing with an intrusive list; keys are compared whole, never by hash alone. */
#ifndef GAPCHECK_CORE_DEDUPE_H
#define GAPCHECK_CORE_DEDUPE_H

#include "core/text.h"

#include <stdbool.h>
#include <stddef.h>

struct dedupe;

/* Owned by the caller. Memory is taken as it fills. A capacity of 0 remembers nothing. */
struct dedupe *dedupe_new(size_t capacity_count);
void dedupe_free(struct dedupe *dedupe);

bool dedupe_contains(const struct dedupe *dedupe, struct span key);

/* Remembers `key` (copied) as the newest. Returns false, changing nothing (its age neither), if it
 * was there already. At capacity the oldest is forgotten first. */
bool dedupe_insert(struct dedupe *dedupe, struct span key);

/* Forgets the newest key, if there is one. */
void dedupe_forget_newest(struct dedupe *dedupe);

void dedupe_clear(struct dedupe *dedupe);
size_t dedupe_count(const struct dedupe *dedupe);
size_t dedupe_capacity(const struct dedupe *dedupe);

/* How many bytes it holds, itself included: bounded by the capacity and the length of the keys. */
size_t dedupe_memory_bytes(const struct dedupe *dedupe);

#endif
