/* The modules of the page that need no browser, tested in Node.js: one test here for all of them
 * there. Without Node.js it is skipped. */
#include <criterion/criterion.h>
#include <stdlib.h>

Test(html_modules, keep_what_html_check_says, .timeout = 120)
{
    if (system("node --version >/dev/null 2>&1") != 0)
        cr_skip_test("node is missing: the modules of the page are not tested");
    int status = system("node '" GAPCHECK_SOURCE_DIR "/harness/report/html_check.mjs' >&2");
    cr_expect_eq(status, 0);
}
