#include "cmd/fuzz_failures.h"

#include "core/buffer.h"
#include "core/memory.h"
#include "sim/resemblance.h"

#include <stdlib.h>
#include <string.h>

/* One cause in the judge's words may be two faults of the client; more of them hardly ever. What is
 * seen only now and then is given more chances. */
#define LOOKS_MAX             2
#define UNCONFIRMED_LOOKS_MAX 6

static bool was_looked_at_enough(const struct fuzz_failures *failures,
                                 const struct failure *failure)
{
    size_t counts[2] = {0};
    for (size_t i = 0; i < failures->count; i++) {
        if (failure_is_same(&failures->items[i].failure, failure))
            counts[failures->items[i].is_confirmed] += failures->items[i].look_count;
    }
    return counts[true] >= LOOKS_MAX || counts[false] >= UNCONFIRMED_LOOKS_MAX;
}

bool fuzz_failures_know_rule(const struct fuzz_failures *failures, enum rule rule)
{
    for (size_t i = 0; i < failures->count; i++) {
        if (failures->items[i].failure.rule == rule && failures->items[i].is_confirmed)
            return true;
    }
    return false;
}

bool fuzz_failures_know(const struct fuzz_failures *failures, const struct failure *failure)
{
    for (size_t i = 0; i < failures->count; i++) {
        if (failure_is_same(&failures->items[i].failure, failure))
            return true;
    }
    return false;
}

bool fuzz_failures_is_new(struct fuzz_failures *failures, const struct failure *failure,
                          const struct scenario *scenario, bool is_in_haste)
{
    struct fuzz_failure *first = NULL;
    for (size_t i = 0; i < failures->count; i++) {
        struct fuzz_failure *known = &failures->items[i];
        if (!failure_is_same(&known->failure, failure))
            continue;
        if (!first || (known->is_confirmed && !first->is_confirmed))
            first = known;
        if (known->scenario && resemblance_has_unusual(scenario, known->scenario)) {
            known->seen_count++;
            return false;
        }
    }
    if (!first || (!is_in_haste && !was_looked_at_enough(failures, failure)))
        return true;
    first->seen_count++;
    return false;
}

/* In the judge's same words, one that needs more than the other is no other fault. In other words
 * it must need the very same. */
static bool is_same_fault(const struct fuzz_failure *known, const struct failure *failure,
                          const struct scenario *smallest)
{
    if (!known->scenario || known->failure.rule != failure->rule ||
        known->failure.level != failure->level)
        return false;
    bool needs_less = resemblance_has_unusual(smallest, known->scenario);
    bool needs_more = resemblance_has_unusual(known->scenario, smallest);
    return failure_is_same(&known->failure, failure) ? needs_less || needs_more
                                                     : needs_less && needs_more;
}

struct fuzz_failure *fuzz_failures_find(struct fuzz_failures *failures,
                                        const struct failure *failure,
                                        const struct scenario *smallest)
{
    for (size_t i = 0; i < failures->count; i++) {
        if (is_same_fault(&failures->items[i], failure, smallest))
            return &failures->items[i];
    }
    return NULL;
}

const struct fuzz_failure *fuzz_failures_first(const struct fuzz_failures *failures,
                                               const struct failure *failure)
{
    for (size_t i = 0; i < failures->count; i++) {
        const struct fuzz_failure *known = &failures->items[i];
        if (known->is_confirmed && failure_is_same(&known->failure, failure))
            return known;
    }
    return NULL;
}

static char *make_name(const struct fuzz_failures *failures, const struct failure *failure,
                       bool is_confirmed)
{
    const char *id = rule_info(failure->rule)->id;
    size_t same_count = 0;
    for (size_t i = 0; i < failures->count; i++)
        same_count += failures->items[i].failure.rule == failure->rule &&
                      failures->items[i].is_confirmed == is_confirmed;
    struct buffer name;
    buffer_init(&name, BUFFER_NO_LIMIT);
    buffer_append_text(&name, id);
    if (same_count > 0)
        buffer_printf(&name, "-%zu", same_count + 1);
    return buffer_take_text(&name);
}

struct fuzz_failure *fuzz_failures_add(struct fuzz_failures *failures,
                                       const struct failure *failure, bool is_confirmed,
                                       const char *message)
{
    char *name = make_name(failures, failure, is_confirmed);
    bool is_variant = is_confirmed && fuzz_failures_first(failures, failure);
    failures->items = memory_grow(failures->items, &failures->capacity_count, failures->count + 1,
                                  sizeof *failures->items);
    struct fuzz_failure *added = &failures->items[failures->count++];
    *added = (struct fuzz_failure){
        .failure = {failure->rule, failure->level,
                    memory_copy_text(failure->kind, strlen(failure->kind))},
        .is_confirmed = is_confirmed,
        .is_variant = is_variant,
        .name = name,
        .message = memory_copy_text(message, strlen(message)),
        .seen_count = 1,
        .look_count = 1,
    };
    return added;
}

size_t fuzz_failures_count(const struct fuzz_failures *failures, bool is_confirmed,
                           enum rule_level level)
{
    size_t count = 0;
    for (size_t i = 0; i < failures->count; i++) {
        const struct fuzz_failure *known = &failures->items[i];
        count += known->is_confirmed == is_confirmed && !known->is_variant &&
                 known->failure.level == level;
    }
    return count;
}

void fuzz_failures_free(struct fuzz_failures *failures)
{
    for (size_t i = 0; i < failures->count; i++) {
        failure_free(&failures->items[i].failure);
        scenario_free(failures->items[i].scenario);
        free(failures->items[i].name);
        free(failures->items[i].message);
    }
    free(failures->items);
    *failures = (struct fuzz_failures){0};
}
