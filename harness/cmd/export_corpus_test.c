/* The seeds of the fuzz targets, made from the tables and the library. */
#define _GNU_SOURCE /* wait4 */
#include "cmd/sample_program.h"

static const char *folder;

static void set_up(void)
{
    folder = sample_folder_enter();
}

static void tear_down(void)
{
    sample_folder_leave(folder);
}

TestSuite(export_corpus, .init = set_up, .fini = tear_down, .timeout = 200);

Test(export_corpus, every_target_gets_seeds_that_it_takes)
{
    sample_run("export-corpus seeds", 0, " seeds in seeds");
    cr_expect(sample_shell("test -z \"$(find seeds -size +65536c)\""), "a seed is too long");
    cr_expect(sample_shell("for target in '" GAPCHECK_SOURCE_DIR "'/fuzz/*.c; do "
                           "test -n \"$(ls seeds/$(basename $target .c))\" || exit 1; done"),
              "a target has no seeds");
}

Test(export_corpus, it_wants_one_folder_that_can_be_written)
{
    sample_run("export-corpus", 2, "wants one folder, not 0");
    sample_folder_write("seeds", "");
    sample_run("export-corpus seeds", 3, "a file of that name is there");
}
