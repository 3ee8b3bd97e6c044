/* Plays files to a fuzz target without any fuzzer: to see a crash again, with every compiler. */
#include "replay.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    struct error error;
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE_OR_FOLDER…\n", argv[0]);
        return 2;
    }
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        if (!replay_path(argv[i], &count, &error)) {
            fprintf(stderr, "%s\n%s\n", error.message, error.hint);
            return 2;
        }
    }
    if (count == 0) {
        fprintf(stderr, "there is no input in %s\n", argv[1]);
        return 2;
    }
    printf("%zu inputs, no property broken\n", count);
    return 0;
}
