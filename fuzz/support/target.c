#include "target.h"

#include "core/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void target_fail(const char *property, const char *file, int line, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "%s:%d: broken property `%s`: ", file, line, property);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

void target_check_books(const struct judgement *judgement)
{
    TARGET_CHECK(judgement->published == judgement->owed + judgement->unrecoverable,
                 "%llu published, %llu owed, %llu unrecoverable",
                 (unsigned long long)judgement->published, (unsigned long long)judgement->owed,
                 (unsigned long long)judgement->unrecoverable);
    TARGET_CHECK(judgement->owed == judgement->dispatched + judgement->lost,
                 "%llu owed, %llu dispatched, %llu lost", (unsigned long long)judgement->owed,
                 (unsigned long long)judgement->dispatched, (unsigned long long)judgement->lost);
}

char *target_copy(const void *data, size_t size_bytes)
{
    char *copy = malloc(size_bytes ? size_bytes : 1);
    if (!copy)
        abort();
    if (size_bytes)
        memcpy(copy, data, size_bytes);
    return copy;
}
