/* The mutator as the shared library that AFL++ loads by AFL_CUSTOM_MUTATOR_LIBRARY: it takes no
 * notice of one that is linked into the target. */
#include "mutator.h"

#include <stdlib.h>
#include <string.h>

struct afl_mutator {
    unsigned seed;
    uint8_t *out; /* owned; what the last call made */
    size_t out_bytes;
};

/* Names and signatures are AFL++'s. */
void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(struct afl_mutator *mutator, uint8_t *data, size_t size_bytes, uint8_t **out,
                       uint8_t *other, size_t other_bytes, size_t max_bytes);
void afl_custom_deinit(struct afl_mutator *mutator);

void *afl_custom_init(void *afl, unsigned seed)
{
    struct afl_mutator *mutator = calloc(1, sizeof *mutator);
    (void)afl;
    if (!mutator)
        abort();
    mutator->seed = seed;
    return mutator;
}

size_t afl_custom_fuzz(struct afl_mutator *mutator, uint8_t *data, size_t size_bytes, uint8_t **out,
                       uint8_t *other, size_t other_bytes, size_t max_bytes)
{
    if (max_bytes > mutator->out_bytes) {
        free(mutator->out);
        mutator->out = malloc(max_bytes);
        mutator->out_bytes = max_bytes;
        if (!mutator->out)
            abort();
    }
    *out = mutator->out;
    unsigned seed = mutator->seed++;
    if (other && seed % 4 == 0)
        return LLVMFuzzerCustomCrossOver(data, size_bytes, other, other_bytes, mutator->out,
                                         max_bytes, seed);
    size_bytes = size_bytes < max_bytes ? size_bytes : max_bytes;
    memcpy(mutator->out, data, size_bytes);
    return LLVMFuzzerCustomMutator(mutator->out, size_bytes, max_bytes, seed);
}

void afl_custom_deinit(struct afl_mutator *mutator)
{
    free(mutator->out);
    free(mutator);
}
