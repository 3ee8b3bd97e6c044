#define _XOPEN_SOURCE 700 /* realpath */

#include "cmd/github.h"

#include "cmd/run_reports.h"
#include "report/github.h"

#include <stdlib.h>
#include <string.h>

static bool is_there(void)
{
    const char *actions = getenv("GITHUB_ACTIONS");
    return actions && strcmp(actions, "true") == 0;
}

bool github_annotate(const struct run *run)
{
    if (!is_there())
        return true;
    const char *workspace = getenv("GITHUB_WORKSPACE");
    char *real_workspace = workspace ? realpath(workspace, NULL) : NULL;
    char *real_folder = realpath(".", NULL);
    struct report_github_place place = {real_workspace, real_folder};
    struct buffer text;
    buffer_init(&text, BUFFER_NO_LIMIT);
    report_github(run, &place, &text);
    bool is_seen = run_reports_put(&text);
    buffer_free(&text);
    free(real_workspace);
    free(real_folder);
    return is_seen;
}
