/* Who is tested: turns the value of --client into the shell command that starts its driver. */
#ifndef GAPCHECK_CMD_CLIENT_H
#define GAPCHECK_CMD_CLIENT_H

#include "cmd/places.h"
#include "core/buffer.h"
#include "core/error.h"
#include "io/files.h"
#include "report/run.h"

struct client_choice {
    char *command; /* for the shell; owned */
    const char *program; /* what starts this gapcheck again; static */
    char *label;   /* as it was asked for, for reports and for starting it again; owned */
};

enum client_choice_status {
    CLIENT_CHOICE_DONE,
    CLIENT_CHOICE_WRONG,   /* there is no such client: exit 2 */
    CLIENT_CHOICE_TROUBLE, /* it could not be installed: exit 3 */
};

/* Appends the names that --client takes, each with a newline. */
void client_append_names(const struct places *places, struct buffer *out);

/* `asked` is `reference`, a folder of harness/drivers with an optional @version, or a shell
 * command. Installs a named driver's release if it is not there yet, and says so through `say`
 * (which may be NULL). */
enum client_choice_status client_choose(const struct places *places, const char *asked,
                                        void (*say)(const char *text),
                                        struct client_choice *choice, struct error *error);

/* The same for a command: what is installed and what is wrong is told on standard error, and the
 * exit status comes back, EXPECTED if the client is there. */
enum run_exit client_open(const struct places *places, const char *asked,
                          struct client_choice *choice);

/* Adds what the client is made of, as far as it can be told from what was asked for: the folder of
 * a named driver, or the files that the command names. */
void client_list_sources(const struct places *places, const char *asked, struct files_list *list);

void client_choice_free(struct client_choice *choice);

#endif
