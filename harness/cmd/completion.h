/* What a shell can complete: which values an option takes, by the name of its argument in the
 * option table. completion.c writes the scripts, completion_values.c lists the values. */
#ifndef GAPCHECK_CMD_COMPLETION_H
#define GAPCHECK_CMD_COMPLETION_H

#include "cmd/command.h"
#include "cmd/options.h"
#include "core/buffer.h"

#include <stdbool.h>

enum completion_source {
    COMPLETION_NOTHING, /* a number, say */
    COMPLETION_FILES,
    COMPLETION_FOLDERS,
    COMPLETION_VALUES, /* `gapcheck complete LIST` prints them */
};

struct completion {
    enum completion_source source;
    const char *list;  /* VALUES; else NULL */
    bool is_repeatable; /* the option may be given again */
};

struct completion completion_of(enum option_id option);

/* The words that a command takes first ("check|update FILE"), separated by blanks; "" if it takes
 * none. */
void completion_append_words(const struct command *command, struct buffer *out);

#endif
