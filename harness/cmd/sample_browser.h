/* Chromium for tests: playwright-core comes from npm into the build folder; where it or Chromium is
 * missing, tests are skipped. */
#ifndef GAPCHECK_CMD_SAMPLE_BROWSER_H
#define GAPCHECK_CMD_SAMPLE_BROWSER_H

#include "cmd/sample_program.h"

#include <libgen.h>
#include <limits.h>

#define SAMPLE_PLAYWRIGHT "playwright-core@1.65.1"

/* Holds playwright/ and shots/, for screenshots. */
static char sample_browser_folder[PATH_MAX];

/* Installed beside the binary once, complete or not at all. */
static inline bool sample_browser_is_there(void)
{
    char binary[] = GAPCHECK_BINARY, command[6 * PATH_MAX];
    strcpy(sample_browser_folder, dirname(binary));
    snprintf(command, sizeof command,
             "test -x /usr/bin/chromium || exit 1; mkdir -p '%s/shots';"
             "test -e '%s/playwright/package.json' && exit; command -v node npm >/dev/null || exit 1;"
             "new='%s/playwright.'$$; mkdir -p \"$new\" && echo '{}' >\"$new/package.json\" &&"
             "npm install --prefix \"$new\" --ignore-scripts --no-audit --no-fund --save-exact "
             SAMPLE_PLAYWRIGHT " >npm.log 2>&1 </dev/null &&"
             "{ mv -T \"$new\" '%s/playwright' 2>/dev/null || rm -rf \"$new\"; } || exit 1",
             sample_browser_folder, sample_browser_folder, sample_browser_folder,
             sample_browser_folder);
    return sample_shell(command);
}

static inline void sample_browser_skip_without(void)
{
    if (!sample_browser_is_there())
        cr_skip_test("node, npm, its registry or chromium is missing: no browser to look with");
}

#endif
