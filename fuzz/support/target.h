/* What every fuzz target has: the one entry point that libFuzzer, AFL++, external engines and the
 * plain replay call, and a way to say that a property does not hold. */
#ifndef GAPCHECK_FUZZ_TARGET_H
#define GAPCHECK_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Longer inputs find nothing that shorter ones do not. The engines are told by -max_len and the
 * like, the replay refuses longer files. */
#define TARGET_INPUT_BYTES_MAX 65536

/* Returns 0. A broken property ends the program as a crash. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

/* Ends the program with a message if the property does not hold. */
#define TARGET_CHECK(property, ...)                                                                \
    do {                                                                                           \
        if (!(property))                                                                           \
            target_fail(#property, __FILE__, __LINE__, __VA_ARGS__);                               \
    } while (0)

_Noreturn void target_fail(const char *property, const char *file, int line, const char *format,
                           ...) __attribute__((format(printf, 4, 5)));

struct judgement;

/* Checks that every published event is owed or unrecoverable, every owed one dispatched or lost. */
void target_check_books(const struct judgement *judgement);

/* A copy of its own block, exactly that long, so that AddressSanitizer sees every read beyond the
 * end. Owned by the caller; never NULL. */
char *target_copy(const void *data, size_t size_bytes);

#endif
