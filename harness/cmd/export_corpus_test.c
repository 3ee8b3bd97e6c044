/* The seeds of the fuzz targets, made from the tables and the library. */
#include "cmd/sample_folder.h"

#define SHELL(command) system(command)

Test(export_corpus, every_target_gets_seeds_that_it_takes, .timeout = 200)
{
    const char *folder = sample_folder_enter();
    char command[1000];
    snprintf(command, sizeof command, "'%s' export-corpus seeds >/dev/null", GAPCHECK_BINARY);
    cr_assert_eq(SHELL(command), 0);
    cr_expect_eq(SHELL("test -z \"$(find seeds -size +65536c)\""), 0, "a seed is too long");
    cr_expect_eq(SHELL("for target in '" GAPCHECK_SOURCE_DIR "'/fuzz/*.c; do "
                       "test -n \"$(ls seeds/$(basename $target .c))\" || exit 1; done"),
                 0, "a target has no seeds");
    sample_folder_leave(folder);
}

Test(export_corpus, it_wants_one_folder_that_can_be_written)
{
    const char *folder = sample_folder_enter();
    char command[1000];
    snprintf(command, sizeof command, "'%s' export-corpus 2>/dev/null", GAPCHECK_BINARY);
    cr_expect_neq(SHELL(command), 0);
    snprintf(command, sizeof command, "touch seeds && '%s' export-corpus seeds >/dev/null 2>&1",
             GAPCHECK_BINARY);
    cr_expect_neq(SHELL(command), 0);
    sample_folder_leave(folder);
}
