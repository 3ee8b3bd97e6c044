/* The proof that the library bites. A program of its own: it takes a minute or two. */
#include "cmd/sample_folder.h"

TestSuite(library, .timeout = 1200);

/* What survives, and what kills nobody, stands in the output. */
Test(library, kills_every_mutant_by_its_rule_and_each_scenario_kills_one)
{
    const char *folder = sample_folder_enter();
    char command[1000];
    snprintf(command, sizeof command,
             "cd '%s' && '%s' mutants --fast --simulated --quiet --out '%s/r' >&2 </dev/null",
             GAPCHECK_SOURCE_DIR, GAPCHECK_BINARY, folder);
    cr_expect_eq(system(command), 0);
    sample_folder_leave(folder);
}
